package expr

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestDecide(t *testing.T) {
	const app = "app.example.com"
	for _, c := range []struct {
		expr string
		want Match
	}{
		// The host.
		{`true`, Yes},
		{`(true)`, Yes},
		{`false`, No},
		{`http.host eq "app.example.com"`, Yes},
		{`http.host == "app.example.com"`, Yes},
		{`(http.host eq "www.example.com")`, No},
		{`http.host ne "app.example.com"`, No},
		{`http.host != "www.example.com"`, Yes},
		{`http.host in {"www.example.com" "app.example.com"}`, Yes},
		{`http.host in {"www.example.com" "api.example.com"}`, No},
		{`not http.host in {"www.example.com"}`, Yes},
		{`http.host in {"}"}`, No},
		{`http.host in {"app.example.com", "}"}`, Yes},
		{`http.host contains "app."`, Yes},
		{`http.host contains "api"`, No},
		{`http.host matches "^(app|api)\.example\.com$"`, Yes},
		{`http.host ~ "^www"`, No},
		{`http.host matches r"\.example\.com$"`, Yes},
		{`http.host matches r#"^app"#`, Yes},
		{`http.host wildcard "*.example.com"`, Yes},
		{`http.host wildcard "*.EXAMPLE.com"`, Yes},
		{`http.host strict wildcard "*.EXAMPLE.com"`, No},
		{`http.host strict wildcard "app.*.com"`, Yes},
		{`http.host wildcard r"*.example.com"`, Yes},
		{`http.host wildcard "*.example.net"`, No},
		{`starts_with(http.host, "app.")`, Yes},
		{`starts_with(http.host, "www.")`, No},
		{`ends_with(http.host, ".example.com")`, Yes},
		{`lower(http.host) eq "app.example.com"`, Yes},
		{`upper(http.host) eq "APP.EXAMPLE.COM"`, Yes},
		{`cf.zone.name eq "example.com"`, Yes},
		{`cf.zone.name eq "example.net"`, No},
		// Joined.
		{`http.host eq "app.example.com" and true`, Yes},
		{`http.host eq "app.example.com" && http.host eq "www.example.com"`, No},
		{`http.host eq "www.example.com" or http.host eq "app.example.com"`, Yes},
		{`http.host eq "www.example.com" || http.host eq "x.example.com"`, No},
		{`http.host eq "app.example.com" xor true`, No},
		{`http.host eq "app.example.com" ^^ false`, Yes},
		{`not (http.host eq "app.example.com")`, No},
		{`!(http.host eq "www.example.com")`, Yes},
		{`not not http.host eq "app.example.com"`, Yes},
		// Precedence: not, and, xor, or.
		{`http.host eq "app.example.com" or http.host eq "x" and false`, Yes},
		{`(http.host eq "app.example.com" or http.host eq "x") and false`, No},
		{`true or true xor true`, Yes},
		{`not false and false`, No},
		// More than the host.
		{`ssl`, Part},
		{`not ssl`, Part},
		{`http.host eq "app.example.com" and ssl`, Part},
		{`http.host eq "www.example.com" and ssl`, No},
		{`http.request.method eq "POST"`, Part},
		{`http.request.uri.path eq "/admin"`, Part},
		{`http.host eq "app.example.com" and starts_with(http.request.uri.path, "/api")`, Part},
		{`http.host eq "www.example.com" and starts_with(http.request.uri.path, "/api")`, No},
		{`starts_with(http.request.uri.path, "/")`, Yes},
		{`http.request.uri.path wildcard "/*"`, Yes},
		{`http.request.uri.path wildcard "*"`, Yes},
		{`http.request.uri.path wildcard "/a/*"`, Part},
		{`http.request.uri.path wildcard "admin*"`, No},
		{`http.request.uri.path contains "/"`, Yes},
		{`http.request.uri.path matches "^/x"`, Part},
		{`ip.src in {192.0.2.0/24 198.51.100.1..198.51.100.9}`, Part},
		{`ip.src in $office`, Part},
		{`ip.geoip.country in {"DE" "FR"} and http.host eq "app.example.com"`, Part},
		{`cf.threat_score gt 10`, Part},
		{`cf.threat_score > 10 or http.host eq "app.example.com"`, Yes},
		{`any(http.request.headers["x-test"][*] eq "1")`, Part},
		{`len(http.request.headers["x-test"]) > 0`, Part},
		{`tcp.dstport in {8000..8009 8080}`, Part},
		{`http.request.full_uri wildcard "https://app.example.com/*"`, Part},
		{`http.request.full_uri wildcard "http*://app.example.com/*"`, Yes},
		{`http.request.full_uri wildcard "*://app.example.com/*"`, Yes},
		{`http.request.full_uri wildcard "*.example.com/*"`, Yes},
		{`http.request.full_uri wildcard "*.example.net/*"`, No},
		{`http.request.full_uri wildcard "https://www.example.com/*"`, No},
		{`http.request.full_uri wildcard "*app.example.com/admin/*"`, Part},
		{`http.request.full_uri wildcard "*admin*"`, Part},
		{`http.request.full_uri eq "https://app.example.com/x"`, Part},
		{`http.request.full_uri eq "https://www.example.com/x"`, No},
		{`http.request.full_uri contains "app.example.com"`, Yes},
		// Not for us to know.
		{`http.host in $hosts`, Undecided},
		{`http.host eq "APP.example.com"`, Undecided},
		{`http.host eq "\x61pp.example.com"`, Undecided},
		{`http.host in {"www.example.com" "äpp.example.com"}`, Undecided},
		{`http.host eq "äpp.example.com" or true`, Yes},
		{`starts_with(http.host, "\141pp")`, Undecided},
		{`http.host eq "a\\b"`, No},
		{`http.request.uri.path contains "a\"b" and http.host eq "www.example.com"`, No},
		// As in Cloudflare's documentation.
		{`(http.host eq "app.example.com" and http.request.uri.path eq "/api/v2/auth") or (http.host matches "^(www|store|blog)\.example\.com" and http.request.uri.path contains "wp-login.php") or ip.geoip.country in {"CN" "TH"} or ip.geoip.asnum in {12345 54321}`, Part},
		{`(http.host matches "^(www|store|blog)\.example\.com" and http.request.uri.path contains "wp-login.php") and not ip.src in {11.22.33.0/24}`, No},
		{`http.host eq "www.example.com" and not cf.edge.server_port in {80 443}`, No},
		{`http.request.full_uri wildcard "*.example.com/*" or http.request.full_uri wildcard "example.com/*"`, Yes},
		{`not len(http.request.uri.args["order"]) >= 0`, Part},
		{`all(len(http.request.uri.args["filter"][*])[*] in {3 4})`, Part},
		{`any(lower(http.request.headers.names[*])[*] == "content-type")`, Undecided},
		{`(http.host eq "a") or true`, Yes},
		{`substring(http.host, 0, 3) eq "app"`, Undecided},
		{`concat(http.host, http.request.uri.path) eq "app.example.com/"`, Undecided},
		{`http.host matches "[a-z&&[^x]]"`, Undecided},
		{`http.host matches r"\b{start}app"`, Undecided},
		{`http.host matches "(?=app)"`, Undecided},
		{`http.host gt "a"`, Undecided},
		{`http.request.full_uri matches "^https://app"`, Undecided},
		{`any(http.request.headers["host"][*] eq "app.example.com")`, Undecided},
		{`any(http.request.headers["x"][*] eq "1" or http.host eq "app.example.com")`, Undecided},
		{`any(http.request.headers.values[*] eq "app.example.com")`, Undecided},
		{`lookup_json_string(cf.hostname.metadata, "tier") eq "gold"`, Undecided},
		{`cf.zone.plan eq "free"`, Undecided},
		{`some.new.field eq "x"`, Undecided},
		{`ssl and some.new.field`, Undecided},
		{`some.new.field and http.host eq "www.example.com"`, No},
		{`some.new.field or http.host eq "app.example.com"`, Yes},
		{`http.host wildcard "**.example.com"`, Undecided},
		// Not of the language.
		{``, Undecided},
		{`http.host eq`, Undecided},
		{`http.host eq "app`, Undecided},
		{`(http.host eq "app.example.com"`, Undecided},
		{`http.host eq "app.example.com")`, Undecided},
		{`http.host in {"app.example.com"`, Undecided},
		{`and`, Undecided},
		{`http.host eq "app.example.com" http.host`, Undecided},
		{`r#"x`, Undecided},
		{"http.host eq \"app.example.com\" \x00", Undecided},
		{strings.Repeat("(", 5000) + "true" + strings.Repeat(")", 5000), Undecided},
		{strings.Repeat("not ", 5000) + "true", Undecided},
	} {
		if got := Decide(c.expr, Subject{Host: app, Zone: "example.com"}); got != c.want {
			t.Errorf("%.80s: %v, want %v", c.expr, got, c.want)
		}
	}
}

func TestDecideHTTPSOnly(t *testing.T) {
	for expr, want := range map[string]Match{
		`ssl`:                                    Yes,
		`not ssl`:                                No,
		`ssl eq 1`:                               Undecided,
		`ssl eq true`:                            Yes,
		`ssl ne true`:                            No,
		`ssl and http.host eq "app.example.com"`: Yes,
		`http.request.full_uri wildcard "https://app.example.com/*"`: Yes,
		`http.request.full_uri wildcard "http://app.example.com/*"`:  No,
	} {
		if got := Decide(expr, Subject{Host: "app.example.com", HTTPSOnly: true}); got != want {
			t.Errorf("%s: %v, want %v", expr, got, want)
		}
	}
}

func TestLongChain(t *testing.T) {
	var parts []string
	for i := range 1500 {
		parts = append(parts, fmt.Sprintf(`http.host eq "h%d.example.com"`, i))
	}
	s := strings.Join(parts, " or ")
	if got := Decide(s, Subject{Host: "h1499.example.com"}); got != Yes {
		t.Errorf("the last of a long chain: %v", got)
	}
	if got := Decide(s, Subject{Host: "x.example.com"}); got != No {
		t.Errorf("none of a long chain: %v", got)
	}
}

func TestHosts(t *testing.T) {
	e, err := Parse(`http.host eq "A.example.com" or lower(http.host) in {"b.example.com" "c.example.com"} or http.host wildcard "*.x" or http.host wildcard "d.example.com" or http.referer eq "no.example.com"`)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a.example.com", "b.example.com", "c.example.com", "d.example.com"}; !slices.Equal(e.Hosts(), want) {
		t.Errorf("hosts %v", e.Hosts())
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"*", "", true}, {"*", "x", true}, {"a*", "a", true}, {"a*c", "abc", true}, {"a*c", "ab", false}, {"*b*", "abc", true},
		{"a*a", "a", false}, {"a*b*a", "aba", true}, {"*ab*ab*", "ab", false}, {"*ab*ab*", "xabyabz", true}, {"ABC", "abc", true}, {"", "", true}, {"", "x", false},
	} {
		if got := Glob(c.pattern, c.s); got != c.want {
			t.Errorf("%q against %q: %v", c.pattern, c.s, got)
		}
	}
}

// req is a concrete request, against which every definite answer must hold.
type req struct {
	host, path, method string
	tls                bool
}

// gen builds a random expression together with what it means for a request.
func gen(r *rand.Rand, depth int) (string, func(req) bool) {
	hosts := []string{"a.example.com", "b.example.com", "example.com", "a.example.net"}
	h := hosts[r.IntN(len(hosts))]
	if depth > 0 {
		x, fx := gen(r, depth-1)
		y, fy := gen(r, depth-1)
		switch r.IntN(5) {
		case 0:
			return "(" + x + " and " + y + ")", func(q req) bool { return fx(q) && fy(q) }
		case 1:
			return "(" + x + " or " + y + ")", func(q req) bool { return fx(q) || fy(q) }
		case 2:
			return "(" + x + " xor " + y + ")", func(q req) bool { return fx(q) != fy(q) }
		case 3:
			return "not (" + x + ")", func(q req) bool { return !fx(q) }
		}
	}
	switch r.IntN(13) {
	case 0:
		return fmt.Sprintf("http.host eq %q", h), func(q req) bool { return q.host == h }
	case 1:
		return fmt.Sprintf("http.host ne %q", h), func(q req) bool { return q.host != h }
	case 2:
		return fmt.Sprintf("http.host in {%q %q}", h, "x"), func(q req) bool { return q.host == h }
	case 3:
		return fmt.Sprintf("ends_with(http.host, %q)", h), func(q req) bool { return strings.HasSuffix(q.host, h) }
	case 4:
		return `http.host wildcard "*.example.*"`, func(q req) bool { return strings.Contains(q.host, ".example.") }
	case 5:
		return `http.host matches "^[ab]\.example"`, regexpOf(`^[ab]\.example`)
	case 6:
		return "ssl", func(q req) bool { return q.tls }
	case 7:
		return `http.request.uri.path eq "/p"`, func(q req) bool { return q.path == "/p" }
	case 8:
		return `starts_with(http.request.uri.path, "/")`, func(q req) bool { return strings.HasPrefix(q.path, "/") }
	case 9:
		return `http.request.method in {"POST"}`, func(q req) bool { return q.method == "POST" }
	case 10:
		return fmt.Sprintf(`http.request.full_uri wildcard "https://%s/*"`, h), func(q req) bool { return q.tls && q.host == h }
	case 11:
		return fmt.Sprintf(`http.request.full_uri eq "http://%s/p"`, h), func(q req) bool { return !q.tls && q.host == h && q.path == "/p" }
	}
	return `http.request.uri.path contains "/p"`, func(q req) bool { return strings.Contains(q.path, "/p") }
}

func regexpOf(p string) func(req) bool {
	re := regexp.MustCompile(p)
	return func(q req) bool { return re.MatchString(q.host) }
}

func TestDefiniteAnswersHold(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	definite := 0
	for range 20000 {
		s, holds := gen(r, r.IntN(4))
		q := req{host: []string{"a.example.com", "b.example.com", "example.com"}[r.IntN(3)], path: []string{"/", "/p", "/x/p"}[r.IntN(3)],
			method: []string{"GET", "POST"}[r.IntN(2)], tls: r.IntN(2) == 0}
		only := r.IntN(2) == 0
		if only {
			q.tls = true
		}
		m := Decide(s, Subject{Host: q.host, Zone: "example.com", HTTPSOnly: only})
		if m == Yes && !holds(q) || m == No && holds(q) {
			t.Fatalf("%s: %v for %+v", s, m, q)
		}
		if m == Undecided {
			t.Fatalf("%s: undecided", s)
		}
		if m == Yes || m == No {
			definite++
		}
	}
	if definite < 5000 {
		t.Errorf("only %d definite answers", definite)
	}
}

func FuzzDecide(f *testing.F) {
	for _, s := range []string{
		`http.host eq "app.example.com" and not ssl`, `http.host in {"a" "b"} or (ip.src in {10.0.0.0/8})`, `any(lower(http.request.headers["x"][*])[*] == "y")`,
		`http.host matches r#"^a\."#`, `http.request.full_uri wildcard "*://*.x/*"`, `not (true xor false)`, `$list`, `"`, `r"`, `{}`, `((((`, `http.host strict wildcard "a\*b"`,
	} {
		f.Add(s, "app.example.com")
	}
	f.Fuzz(func(t *testing.T, s, host string) {
		sub := Subject{Host: host, Zone: "example.com"}
		e, err := Parse(s)
		if err != nil {
			if Decide(s, sub) != Undecided {
				t.Fatal("what does not parse is decided")
			}
			return
		}
		m := e.Match(sub)
		if m != e.Match(sub) {
			t.Fatal("not the same twice")
		}
		opposite := map[Match]Match{Yes: No, No: Yes, Part: Part, Undecided: Undecided}
		if n, err := Parse("not (" + s + ")"); err == nil && n.Match(sub) != opposite[m] {
			t.Fatalf("%q is %v, its negation %v", s, m, n.Match(sub))
		}
	})
}
