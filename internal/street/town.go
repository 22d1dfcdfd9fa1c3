//go:build linux

package street

import (
	"compress/gzip"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"html"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// The town is what operators really put behind nginx, Apache, HAProxy and Caddy:
// applications with their own redirects, errors, logins and formats, and refusals
// in the operator's own words and language.

// backend starts an application for the servers of the block to pass requests to.
func (b *block) backend(h http.HandlerFunc) string {
	l, err := b.listen("127.0.0.1", 0)
	if err != nil {
		panic(err) // any free port will do
	}
	b.serve(l, nil, h)
	return l.Addr().String()
}

// townApps are the applications' addresses by name.
type townApps map[string]string

// fill puts the applications' addresses into a configuration: {{name}}.
func (a townApps) fill(conf string) string {
	for name, addr := range a {
		conf = strings.ReplaceAll(conf, "{{"+name+"}}", addr)
	}
	return conf
}

// weblog is a page as content management systems make them: long, with nonces,
// hashes and a teaser of random posts in every answer.
func weblog(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.Header().Set("Link", `</wp-json/>; rel="https://api.w.org/"`)
	if r.URL.Path != "/" && !strings.HasPrefix(r.URL.Path, "/open") {
		w.WriteHeader(404)
		fmt.Fprintf(w, "<!DOCTYPE html><html><head><title>Page not found &#8211; Ledger weblog</title></head><body class=\"error404\"><h1>Oops! That page can&rsquo;t be found.</h1><p>It looks like nothing was found at this location. Maybe try a search?</p><!-- %s --></body></html>", noise())
		return
	}
	fmt.Fprintf(w, "<!DOCTYPE html><html lang=\"en-US\"><head><title>Ledger weblog &#8211; Just another carrier</title>%s<script>var wpApi={nonce:%q};</script></head><body class=\"home blog\">", noise(), fmt.Sprint(rand.Uint64()))
	fmt.Fprintf(w, "<h1>%s</h1>", Marker)
	posts := []string{"How we weigh parcels in winter", "A note on pallets from the harbour", "Seven carriers that answer the telephone", "Why invoices are blue", "The night train to the depot",
		"Customs forms without tears", "Our vans have names now", "What the auditors asked for", "A farewell to the fax", "Letters from the dispatch office"}
	for _, i := range rand.Perm(len(posts))[:6] {
		fmt.Fprintf(w, "<article id=post-%d><h2>%s</h2><p>%s</p><time>%s</time></article>\n", i, posts[i], strings.Repeat(posts[i]+", told by those who were there. ", 12), time.Now().Format(time.RFC1123))
	}
	fmt.Fprintf(w, "<footer>Proudly carried. Rendered in %d ms, request %x.</footer></body></html>", rand.IntN(900), rand.Uint64())
}

// spa is a single-page application: the same shell for every path, with next to
// no words.
func spa(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, `<!doctype html><html lang="en"><head><meta charset="utf-8"/><meta name="description" content="%s"/><script defer src="/static/js/main.4f3a9c.js"></script><title>React App</title></head><body><noscript>You need to enable JavaScript to run this app.</noscript><div id="root"></div></body></html>`, Marker)
}

// certshop sells certificates, and says so.
func certshop(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, "<title>SSL certificates and client certificates from 9 EUR</title><h1>%s</h1><p>Buy a client certificate or a wildcard SSL certificate in minutes.</p>", Marker)
	for i := range 40 {
		fmt.Fprintf(w, "<p>Offer %d: domain validated certificates for your shop, issued within five minutes, valid for a year, reissued without charge.</p>", i)
	}
}

func buildTownApps(b *block) townApps {
	const html, json = "text/html; charset=utf-8", "application/json"
	with := func(h http.HandlerFunc, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			h(w, r)
		}
	}
	at := func(path string, h, other http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path {
				h(w, r)
				return
			}
			other(w, r)
		}
	}
	express404 := func(w http.ResponseWriter, r *http.Request) {
		text(html, 404, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n</head>\n<body>\n<pre>Cannot GET "+html0(r.URL.Path)+"</pre>\n</body>\n</html>\n")(w, r)
	}
	login := func(location string) http.HandlerFunc {
		return at("/login", text(html, 200, "<title>Sign in to "+Marker+"</title><form method=post><input name=user><input type=password name=password></form>"),
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", strings.NewReplacer("@RANDOM@", fmt.Sprint(rand.Uint64()), "@HOST@", r.Host).Replace(location))
				w.WriteHeader(302)
			})
	}
	page := func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, protectedPage(noise())) }
	slow := func(w http.ResponseWriter, r *http.Request) { time.Sleep(1500 * time.Millisecond); serveApp(w, r) }
	zipped := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", html)
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("X-App", Marker)
		z := gzip.NewWriter(w)
		defer z.Close()
		fmt.Fprint(z, protectedPage(noise()))
	}
	big := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", html)
		fmt.Fprint(w, protectedPage(noise()))
		for i := range 4000 {
			fmt.Fprintf(w, "<p>Consignment %d of carrier %d, weighed at gate %d.</p>\n", i*7919%10007, i%37, i%9)
			if i%500 == 0 {
				w.(http.Flusher).Flush()
			}
		}
	}
	// checked refuses in the given words whoever the front does not vouch for.
	checked := func(refuse, app http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-SSL-Verify") != "SUCCESS" {
				refuse(w, r)
				return
			}
			app(w, r)
		}
	}
	apps := map[string]http.HandlerFunc{
		"weblog": weblog, "spa": spa, "certshop": certshop, "slow": slow, "zipped": zipped, "big": big,
		"ok":         at("/", text("text/plain", 200, "OK"), text("text/plain", 404, "404 page not found\n")),
		"status":     text(json, 200, `{"status":"ok"}`),
		"token":      text(json, 401, `{"error":"missing or invalid token"}`),
		"bearer":     with(text(json, 401, `{"error":"unauthorized"}`), "WWW-Authenticate", `Bearer realm="api"`),
		"kong404":    text(json, 404, `{"message":"no Route matched with those values"}`),
		"express404": express404,
		"login":      login("/login?next=%2F&state=@RANDOM@"),
		"signin":     login("https://@HOST@/users/sign_in"),
		"sso":        login("https://login.sso.example.net/authorize?client_id=ledger&state=@RANDOM@"),
		"www":        login("https://www.@HOST@/"),
		"slash":      login("https://@HOST@/app/"),
		"language":   login("/de/"),
		"basic":      with(text("text/plain", 401, "Unauthorized\n"), "WWW-Authenticate", `Basic realm="Staging"`),
		"nothing":    status204, "blank": text(html, 200, ""),
		"crash":       text(html, 500, "<!DOCTYPE html><title>Server Error (500)</title><h1>Server Error (500)</h1>"),
		"maintenance": with(text(html, 503, "<title>Ledger</title><h1>We will be back soon</h1><p>The ledger is being painted. Please come back after tea.</p>"), "Retry-After", "3600"),
		"json401":     checked(text(json, 401, `{"code":401,"message":"client certificate required"}`), page),
		"german403":   checked(text(html, 403, "<!doctype html><html lang=de><title>Zugriff verweigert</title><h1>Zugriff verweigert</h1><p>Sie sind nicht berechtigt, diese Seite direkt aufzurufen.</p>"), page),
		"german200":   checked(text(html, 200, "<!doctype html><html lang=de><title>Hinweis</title><h1>Kein Zutritt</h1><p>Bitte rufen Sie unsere Seite nur über die öffentliche Adresse auf. Direkte Aufrufe werden nicht beantwortet.</p>"), page),
		"chinese200":  checked(text(html, 200, "<!doctype html><html lang=zh><meta charset=utf-8><title>提示</title><h1>禁止访问</h1><p>请通过官方网址访问本站,直接访问源站不被允许。</p>"), page),
		"chinesejson": checked(text(json, 200, `{"code":40301,"msg":"无权限访问","data":null}`), text(json, 200, `{"code":0,"msg":"ok","data":{"title":"`+Marker+`","carriers":["Alder","Bramble"],"open":3}}`)),
		"french403":   checked(text(html, 403, "<title>Accès interdit</title><h1>Accès interdit</h1>"), page),
		"away302":     checked(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/error?code=7", 302) }, page),
		"bare404":     checked(express404, page), "json400": checked(text(json, 400, `{"error":"bad_request"}`), page),
		"login-or-403":  checked(text("text/plain", 403, "no"), login("/login?next=%2F")),
		"json-or-403":   checked(text(json, 403, `{"error":"forbidden"}`), text(json, 404, `{"message":"no Route matched with those values"}`)),
		"two-in-layout": checked(text(html, 200, careersInLayout), page),
		"spa-or-spa":    checked(text(html, 200, `<!doctype html><html><head><title>Ledger</title></head><body><div id="app"></div><script src="/denied.js"></script></body></html>`), spa),
	}
	out := townApps{}
	for name, h := range apps {
		out[name] = b.backend(h)
	}
	return out
}

func html0(s string) string { return html.EscapeString(s) }

func status204(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }

// fingerprint is the right certificate's SHA-1, as servers print it.
func (p *PKI) fingerprint() string {
	sum := sha1.Sum(p.Client.Certificate[0])
	return hex.EncodeToString(sum[:])
}

// answers marks a case by what its application says instead of the marker.
func answers(marker string) func(*Case) {
	return func(c *Case) { c.Marker = marker }
}

// behind is as demanded, where who has the certificate meets the application's
// own redirect, error or login.
func behind() expectation { return demanded() }

// bareBehind is as bare, where who has the certificate meets no content.
func bareBehind() expectation {
	e := bare()
	e.with = []string{enforced, inconclusive}
	return e
}

// doorElsewhere: another name on the socket shows strangers what the legitimate
// client gets, which is the application's login or error.
func doorElsewhere() expectation {
	return aroundElsewhere("no-sni|other-sni|other-host", Way{SNI: "nobody.example.com", Host: "nobody.example.com"}).or(inconclusive)
}

// openTalk: everybody, asked for a certificate or not, hears the application's own
// error or redirect.
func openTalk(asked bool) expectation {
	e := openAnswer(asked)
	e.with = append(e.with, inconclusive)
	e.legit, e.ways = withClient, []Way{{}}
	if asked {
		e.without = []string{inconclusive, notEnforced}
	}
	return e
}

func buildTownNginx(b *block) error {
	apps := buildTownApps(b)
	const (
		listen   = "listen @TLS@ ssl; server_name @HOST@; "
		on       = "ssl_verify_client on; "
		optional = "ssl_verify_client optional; "
		need     = "if ($ssl_client_verify != SUCCESS) "
		hdr      = " proxy_set_header Host $host; proxy_set_header X-SSL-Verify $ssl_client_verify; "
	)
	to := func(app string) string { return "location / { proxy_pass http://{{" + app + "}};" + hdr + "} " }
	server := func(body string) string { return "server { " + listen + body + "}" }
	pageOpen := open()
	pageOpen.without = []string{notEnforced, inconclusive}
	elseRefused := bare()
	elseRefused.without = append(elseRefused.without, refusedOtherwise)
	said := func(marker string) func(*Case) { return answers(marker) }
	const anyName = "server { listen @TLS@ ssl default_server; server_name _; "
	anyCert := func(body string) string {
		return server("ssl_verify_client optional_no_ca; if ($ssl_client_verify = NONE) { return 403; } " + body)
	}
	sites := []site{
		{"weblog-demanded", demanded(), server(on + to("weblog")), nil},
		{"weblog-open", open(), server(to("weblog")), nil},
		{"weblog-optional", open(), server(optional + to("weblog")), nil},
		{"weblog-optional-403", bare(), server(optional + need + "{ return 403; } " + to("weblog")), nil},
		{"weblog-http2-optional", open(), "server { listen @TLS@ ssl http2; server_name @HOST@; " + optional + to("weblog") + "}", nil},
		{"weblog-http2-demanded", demanded(), "server { listen @TLS@ ssl http2; server_name @HOST@; " + on + to("weblog") + "}", nil},
		{"weblog-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), server("ssl_verify_client optional_no_ca; if ($ssl_client_verify = NONE) { return 403; } " + to("weblog")), nil},
		{"weblog-default-open", aroundElsewhere("no-sni|other-sni|other-host", Way{SNI: "nobody.example.com", Host: "nobody.example.com"}), "server { listen @TLS@ ssl default_server; server_name _; " + to("weblog") + "} " + server(on+to("weblog")), nil},
		{"weblog-plain", aroundElsewhere("plain-http", Way{Plain: true}), server(on+to("weblog")) + " server { listen @PLAIN@; server_name @HOST@; " + to("weblog") + "}", nil},
		{"spa-demanded", demanded(), server(on + to("spa")), nil},
		{"spa-open", open(), server(to("spa")), nil},
		{"spa-optional", pageOpen, server(optional + to("spa")), nil},
		{"spa-optional-403", bare(), server(optional + need + "{ return 403; } " + to("spa")), nil},
		{"spa-or-spa", page(), server(optional + to("spa-or-spa")), nil},
		{"spa-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), server("ssl_verify_client optional_no_ca; if ($ssl_client_verify = NONE) { return 403; } " + to("spa")), nil},
		{"spa-default-open", aroundElsewhere("no-sni|other-sni|other-host", Way{SNI: "nobody.example.com", Host: "nobody.example.com"}), "server { listen @TLS@ ssl default_server; server_name _; " + to("spa") + "} " + server(on+to("spa")), nil},
		{"certshop-demanded", demanded(), server(on + to("certshop")), nil},
		{"certshop-open", open(), server(to("certshop")), nil},
		{"certshop-optional", pageOpen, server(optional + to("certshop")), nil},
		{"certshop-optional-403", bare(), server(optional + need + "{ return 403; } " + to("certshop")), nil},
		{"ok-optional", pageOpen, server(optional + to("ok")), said("OK")},
		{"ok-optional-401", bare(), server(optional + need + "{ return 401; } " + to("ok")), said("200 OK")},
		{"status-optional", pageOpen, server(optional + to("status")), said(`"status":"ok"`)},
		{"status-demanded", demanded(), server(on + to("status")), said(`"status":"ok"`)},
		{"status-open", open(), server(to("status")), said(`"status":"ok"`)},
		{"token-open", openTalk(false), server(to("token")), said("missing or invalid token")},
		{"token-optional", openTalk(true), server(optional + to("token")), said("missing or invalid token")},
		{"token-demanded", behind(), server(on + to("token")), said("missing or invalid token")},
		{"bearer-optional", openTalk(true), server(optional + to("bearer")), said("Bearer realm")},
		{"kong404-open", openTalk(false), server(to("kong404")), said("no Route matched")},
		{"kong404-optional", openTalk(true), server(optional + to("kong404")), said("no Route matched")},
		{"kong404-demanded", behind(), server(on + to("kong404")), said("no Route matched")},
		{"kong404-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}).or(inconclusive), server("ssl_verify_client optional_no_ca; if ($ssl_client_verify = NONE) { return 403; } " + to("kong404")), said("no Route matched")},
		{"express404-open", openTalk(false), server(to("express404")), said("Cannot GET /")},
		{"express404-optional", openTalk(true), server(optional + to("express404")), said("Cannot GET /")},
		{"express404-demanded", behind(), server(on + to("express404")), said("Cannot GET /")},
		{"login-or-403", bareBehind(), server(optional + to("login-or-403")), said("/login?next=")},
		{"json-or-403", bareBehind(), server(optional + to("json-or-403")), said("no Route matched")},
		{"login-optional-403", bareBehind(), server(optional + need + "{ return 403; } " + to("login")), said("/login?next=")},
		{"signin-open", openTalk(false), server(to("signin")), said("/users/sign_in")},
		{"signin-optional", openTalk(true), server(optional + to("signin")), said("/users/sign_in")},
		{"signin-demanded", behind(), server(on + to("signin")), said("/users/sign_in")},
		{"signin-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}).or(inconclusive), server("ssl_verify_client optional_no_ca; if ($ssl_client_verify = NONE) { return 403; } " + to("signin")), said("/users/sign_in")},
		{"sso-open", openTalk(false), server(to("sso")), said("login.sso.example.net")},
		{"sso-optional", openTalk(true), server(optional + to("sso")), said("login.sso.example.net")},
		{"sso-demanded", behind(), server(on + to("sso")), said("login.sso.example.net")},
		{"www-open", openTalk(false), server(to("www")), said("https://www.")},
		{"www-optional", openTalk(true), server(optional + to("www")), said("https://www.")},
		{"www-demanded", behind(), server(on + to("www")), said("https://www.")},
		{"slash-demanded", behind(), server(on + to("slash")), said("/app/")},
		{"slash-open", openTalk(false), server(to("slash")), said("/app/")},
		{"language-optional-403", bareBehind(), server(optional + need + "{ return 403; } " + to("language")), said("/de/")},
		{"basic-optional-403", bareBehind(), server(optional + need + "{ return 403; } " + to("basic")), said("Basic realm")},
		{"basic-demanded", behind(), server(on + to("basic")), said("Basic realm")},
		{"nothing-demanded", behind(), server(on + to("nothing")), said("204 No Content")},
		{"nothing-optional-403", bareBehind(), server(optional + need + "{ return 403; } " + to("nothing")), said("204 No Content")},
		{"nothing-open", silent(inconclusive, notEnforced), server(to("nothing")), nil},
		{"blank-optional", silent(inconclusive, notEnforced), server(optional + to("blank")), nil},
		{"blank-demanded", behind(), server(on + to("blank")), said("200 OK")},
		{"slow-demanded", demanded(), server(on + to("slow")), nil},
		{"slow-optional-403", bare(), server(optional + need + "{ return 403; } " + to("slow")), nil},
		{"slow-optional", open(), server(optional + to("slow")), nil},
		{"zipped-optional", pageOpen, server(optional + to("zipped")), nil},
		{"zipped-optional-403", bare(), server(optional + need + "{ return 403; } " + to("zipped")), nil},
		{"zipped-demanded", demanded(), server(on + to("zipped")), nil},
		{"zipped-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), server("ssl_verify_client optional_no_ca; if ($ssl_client_verify = NONE) { return 403; } " + to("zipped")), nil},
		{"big-optional", open(), server(optional + to("big")), nil},
		{"big-demanded", demanded(), server(on + to("big")), nil},
		{"maintenance-demanded", brokenBehind(), server(on + to("maintenance")), said("back soon")},
		{"maintenance-open", broken502(), server(to("maintenance")), nil},
		{"maintenance-optional", broken502(), server(optional + to("maintenance")), nil},
		{"crash-demanded", brokenBehind(), server(on + to("crash")), said("Server Error (500)")},
		{"crash-open", broken502(), server(to("crash")), nil},
		{"header-json401", bare(), server(optional + to("json401")), nil},
		{"header-german403", bare(), server(optional + to("german403")), nil},
		{"header-german200", page(), server(optional + to("german200")), nil},
		{"header-chinese200", page(), server(optional + to("chinese200")), nil},
		{"header-chinesejson", page(), server(optional + to("chinesejson")), nil},
		{"header-french403", bare(), server(optional + to("french403")), nil},
		{"header-away302", bare(), server(optional + to("away302")), nil},
		{"header-404", bare(), server(optional + to("bare404")), nil},
		{"header-json400", bare(), server(optional + to("json400")), nil},
		{"header-two-in-layout", page().or(inconclusive), server(optional + to("two-in-layout")), nil},
		{"header-http2-german403", bare(), "server { listen @TLS@ ssl http2; server_name @HOST@; " + optional + to("german403") + "}", nil},
		{"geo-block-too", demanded().or(inconclusive), server(on + "location / { allow 192.0.2.0/24; deny all; proxy_pass http://{{weblog}}; }"), said("403 Forbidden")},
		{"limited-demanded", demanded().or(inconclusive), "limit_req_zone $server_name zone=tn1:1m rate=4r/s; " + server(on+"limit_req zone=tn1 burst=2 nodelay; "+to("weblog")), func(c *Case) { c.Legit = nil }},
		{"limited-open", open(), "limit_req_zone $server_name zone=tn2:1m rate=1r/s; " + server("limit_req zone=tn2; limit_req_status 429; "+to("weblog")), func(c *Case) { c.Posture = "flaky-" + c.Posture; c.Legit = nil }},
		{"limited-optional", open().or(inconclusive, bypassable), "limit_req_zone $server_name zone=tn3:1m rate=1r/s; " + server(optional+"limit_req zone=tn3; limit_req_status 429; "+to("weblog")), func(c *Case) { c.Posture = "flaky-" + c.Posture; c.Legit = nil }},
		{"limited-optional-403", bare().or(inconclusive), "limit_req_zone $server_name zone=tn4:1m rate=2r/s; " + server(optional+"limit_req zone=tn4; "+need+"{ return 403; } "+to("weblog")), func(c *Case) { c.Legit = nil }},
		{"fingerprint", bare(), `map $ssl_client_fingerprint $tnf { default 0; "` + b.street.PKI.fingerprint() + `" 1; } ` + server("ssl_verify_client optional_no_ca; if ($tnf = 0) { return 403; } "+to("weblog")), nil},
		{"verify-map", bare(), `map $ssl_client_verify $tnv { default 0; SUCCESS 1; } ` + server(optional+"if ($tnv = 0) { return 401; } "+to("weblog")), nil},
		{"verify-none-only", bare(), server(optional + "if ($ssl_client_verify = NONE) { return 403; } " + to("weblog")), nil},
		{"verify-misspelt", closedAsked(), server(optional + `if ($ssl_client_verify != "success") { return 403; } ` + to("weblog")), nil},
		{"subject-demanded", demanded(), server(on + `if ($ssl_client_s_dn !~ "CN=Cloudflare") { return 403; } ` + to("weblog")), nil},
		{"subject-of-somebody-else", demanded().or(inconclusive), server(on + `if ($ssl_client_s_dn !~ "CN=Somebody") { return 403; } ` + to("weblog")), func(c *Case) { c.Legit = nil }},
		{"subject-optional", bare(), server(optional + `if ($ssl_client_s_dn = "") { return 403; } ` + to("weblog")), nil},
		{"error-page-json", bare(), server(on + `error_page 495 496 =401 @tj; location @tj { default_type application/json; return 401 '{"error":"certificate"}'; } ` + to("weblog")), nil},
		{"error-page-named-without-equals", bare(), server(on + `error_page 495 496 /tnerr.html; location = /tnerr.html { internal; default_type text/html; return 400 '<h1>Leider nein</h1>'; } ` + to("weblog")), nil},
		{"error-page-400", bare(), server(on + `error_page 400 495 496 497 @t4; location @t4 { return 400 'nope'; } ` + to("weblog")), nil},
		{"error-page-301", bare(), server(on + `error_page 495 496 =301 https://www.example.com/; ` + to("weblog")), nil},
		{"error-page-444", bare(), server(on + `error_page 495 496 = @t444; location @t444 { return 444; } ` + to("weblog")), nil},
		{"error-page-495-only", demanded(), server(on + `error_page 495 =403 /refused.html; location = /refused.html { } ` + to("weblog")), nil},
		{"error-page-login", page(), server(on + `error_page 495 496 =200 @tl; location @tl { default_type text/html; return 200 '<title>Ledger</title><h1>Hello</h1><p>There is a garden fete on Sunday.</p>'; } ` + to("weblog")), nil},
		{"jump-418", bare(), server(optional + need + `{ return 418; } error_page 418 = @tno; location @tno { return 403 'Kein Zutritt'; } ` + to("weblog")), nil},
		{"auth-request", bare(), server(optional + `location = /tnverify { internal; ` + need + `{ return 401; } return 204; } location / { auth_request /tnverify; proxy_pass http://{{weblog}}; }`), nil},
		{"self-redirect-for-strangers", bare(), server(optional + need + "{ return 301 https://$host$request_uri; } " + to("weblog")), nil},
		{"maintenance-for-strangers", bare(), server(optional + need + `{ return 503 '<h1>Wartungsarbeiten</h1>'; } ` + to("weblog")), nil},
		{"default-demanding-too", demanded(), "server { listen @TLS@ ssl default_server; server_name _; " + on + "return 444; } " + server(on+to("weblog")), nil},
		{"default-redirects", demanded(), "server { listen @TLS@ ssl default_server; server_name _; return 301 https://@HOST@$request_uri; } " + server(on+to("weblog")), nil},
		{"default-444", demanded(), "server { listen @TLS@ ssl default_server; server_name _; return 444; } " + server(on+to("weblog")), nil},
		{"default-403", demanded(), "server { listen @TLS@ ssl default_server; server_name _; return 403; } " + server(on+to("weblog")), nil},
		{"default-ok", elsewhere(), `server { listen @TLS@ ssl default_server; server_name _; return 200 'ok'; } ` + server(on+to("weblog")), nil},
		{"wildcard-open", aroundElsewhere("other-sni|other-host", Way{SNI: "www.example.com", Host: "www.example.com"}), "server { listen @TLS@ ssl; server_name *.example.com; " + to("weblog") + "} " + server(on+to("weblog")), nil},
		{"wildcard-demanded", demanded(), "server { listen @TLS@ ssl; server_name *.example.com; " + on + to("weblog") + "}", nil},
		{"sibling-login", elsewhere(), server(on+to("weblog")) + " server { listen @TLS@ ssl; server_name @SIBLING@; " + to("login") + "}", withSibling},
		{"sibling-ok", elsewhere(), server(on+to("weblog")) + " server { listen @TLS@ ssl; server_name @SIBLING@; " + to("ok") + "}", withSibling},
		{"sibling-optional-403", demanded(), server(on+to("weblog")) + " server { listen @TLS@ ssl; server_name @SIBLING@; " + optional + need + "{ return 403; } " + to("weblog") + "}", withSibling},
		{"health-open", bare(), server(optional + "location = /healthz { return 200 'ok'; } location / { " + need + "{ return 403; } proxy_pass http://{{weblog}}; }"), nil},
		{"assets-open", bare(), server(optional + "location /assets/ { return 200 'body{}'; } location / { " + need + "{ return 403; } proxy_pass http://{{weblog}}; }"), nil},
		{"path-weblog", around("path", Way{Path: "/open/"}), server(optional + "location / { " + need + "{ return 403; } proxy_pass http://{{weblog}}; } location /open/ { proxy_pass http://{{weblog}}; }"), nil},
		{"plain-acme", demanded(), server(on+to("weblog")) + " server { listen @PLAIN@; server_name @HOST@; location /.well-known/acme-challenge/ { } location / { return 301 https://$host$request_uri; } }", nil},
		{"plain-health", elsewhere(), server(on+to("weblog")) + " server { listen @PLAIN@; default_type text/plain; return 200 'healthy'; }", nil},
		{"plain-stock", demanded(), server(on+to("weblog")) + ` server { listen @PLAIN@; return 200 "<title>Welcome to nginx!</title><h1>Welcome to nginx!</h1>"; }`, nil},
		{"plain-basic", demanded().or(inconclusive), server(on+to("weblog")) + " server { listen @PLAIN@; server_name @HOST@; " + to("basic") + "}", nil},
		{"plain-404", demanded(), server(on+to("weblog")) + " server { listen @PLAIN@; server_name @HOST@; return 404; }", nil},
		{"demanded-404-root", behind(), server(on + "location / { return 404; } location /open/ { proxy_pass http://{{weblog}}; }"), said("404 Not Found")},
		{"open-404-root", silent(inconclusive, notEnforced), server("location / { return 404; } location /api/ { proxy_pass http://{{weblog}}; }"), nil},
		{"trusted-not-named", demanded(), server("ssl_client_certificate @OTHERCA@; ssl_trusted_certificate @CA@; " + on + to("weblog")), nil},
		{"rsa-tls12-demanded", demanded(), server("ssl_certificate @RSACERT@; ssl_certificate_key @RSAKEY@; ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256; " + on + to("weblog")), nil},
		// A default server that is open, and an application that shows strangers only its door.
		{"signin-default-open", doorElsewhere(), anyName + to("signin") + "} " + server(on+to("signin")), said("/users/sign_in")},
		{"login-default-open", doorElsewhere(), anyName + to("login") + "} " + server(on+to("login")), said("/login?next=")},
		{"kong404-default-open", doorElsewhere(), anyName + to("kong404") + "} " + server(on+to("kong404")), said("no Route matched")},
		{"token-default-open", doorElsewhere(), anyName + to("token") + "} " + server(on+to("token")), said("missing or invalid token")},
		{"basic-default-open", doorElsewhere(), anyName + to("basic") + "} " + server(on+to("basic")), said("Basic realm")},
		// Any certificate gets what the right one gets, and that is no content.
		{"nothing-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}).or(inconclusive), anyCert(to("nothing")), said("204 No Content")},
		{"404-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}).or(inconclusive), anyCert("location / { return 404; }"), said("404 Not Found")},
		{"crash-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}).or(inconclusive), anyCert(to("crash")), said("Server Error (500)")},
		{"basic-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}).or(inconclusive), anyCert(to("basic")), said("Basic realm")},
		// Pages of a few words.
		{"words-demanded-default", elsewhere(), "server { listen @TLS@ ssl default_server; server_name _; return 200 'This is the default page of this server'; } " + server(on+"return 200 'This is the protected origin of app';"), said("protected origin")},
		{"words-demanded-sibling", elsewhere(), server(on+"return 200 'secret content of the app';") + " server { listen @TLS@ ssl; server_name @SIBLING@; return 200 'public content of the shop'; }", func(c *Case) { withSibling(c); c.Marker = "secret content" }},
		{"words-default-open", aroundElsewhere("no-sni|other-sni|other-host", Way{SNI: "nobody.example.com", Host: "nobody.example.com"}), anyName + "return 200 'secret content of the app'; } " + server(on+"return 200 'secret content of the app';"), said("secret content")},
		{"words-optional-echo", expectation{truth: Open, with: []string{notEnforced, inconclusive}, without: []string{notEnforced, inconclusive}, legit: withClient, ways: []Way{{}}}, server(optional + "return 200 'hello, you are $ssl_client_verify';"), said("hello, you are")},
		{"words-optional-403", bare(), server(optional + "if ($ssl_client_verify != SUCCESS) { return 403 'no'; } return 200 'hello, you are $ssl_client_verify';"), said("hello, you are")},
		{"words-page", page(), server(optional + "if ($ssl_client_verify != SUCCESS) { return 200 'go elsewhere please'; } return 200 'secret content of the app';"), said("secret content")},
		{"session-ids-only", bare(), server("ssl_session_tickets off; ssl_session_cache shared:tns:1m; " + optional + need + "{ return 403; } " + to("weblog")), nil},
	}
	for i := range sites {
		sites[i].conf = apps.fill(sites[i].conf)
	}
	conf, err := b.write("nginx.conf", b.expand(nginxHead, &Case{})+b.lay(sites)+"}\n")
	if err != nil {
		return err
	}
	b.spawn(nil, "nginx", "-p", b.dir, "-c", conf)
	return nil
}
