//go:build linux

package street

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// The cases of this file were thought up after the scanner judged all others
// rightly, to see how it does on what it was not made with.

// or adds acceptable verdicts to those expected with a control.
func (e expectation) or(verdicts ...string) expectation {
	e.with = append(append([]string{}, e.with...), verdicts...)
	e.without = append(append([]string{}, e.without...), verdicts...)
	return e
}

// skeleton is a page in the protected page's layout with other words in it.
func skeleton(title, main string) string {
	head, rest, _ := strings.Cut(protectedPage(""), "<main>")
	_, tail, _ := strings.Cut(rest, "</main>")
	return strings.Replace(head, "Carrier settlements", title, 1) + "<main><h1>" + title + "</h1>" + main + "</main>" + tail
}

var (
	deniedInLayout  = skeleton("Access denied", "<p>You came here directly. Only our delivery network may ask this server.</p>")
	careersInLayout = skeleton("Careers", "<p>We look for two bookkeepers and a driver. Write to the accounts desk, with a photograph of your bicycle and three references. "+
		"Interviews are held on Thursdays in the canteen, and travel is paid within the county. Applications without a bicycle are read last.</p><ul><li>Bookkeeper, full time</li><li>Bookkeeper, evenings</li><li>Driver of the small van</li></ul>")
)

func text(kind string, code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

func buildHeldGo(b *block) error {
	ask := tls.VerifyClientCertIfGiven
	slowly := func(d time.Duration, h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { time.Sleep(d); h(w, r) }
	}
	words := strings.Fields("alder bramble cedar dogwood elm fir gorse hazel ivy juniper larch maple oak pine rowan sallow thorn willow yew aspen")
	random := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<title>%s</title><h1>%s</h1>", Marker, Marker)
		for range 600 {
			fmt.Fprintf(w, "%s ", words[rand.IntN(len(words))])
		}
	}
	api := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			text("application/json", 404, `{"error":"no such resource"}`)(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"service":"ledger","about":%q,"time":%q,"carriers":["Alder Freight","Bramble Shipping","Cedar Lines"],"open":3,"disputed":1}`, Marker, time.Now().Format(time.RFC3339Nano))
	}
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "%s<pre>%s %s from %s with %v</pre>", protectedPage(""), r.Host, r.URL, r.RemoteAddr, r.Header)
	}
	flaky := func(every int64) func(*tls.Config, *Case) {
		return func(conf *tls.Config, _ *Case) {
			var n atomic.Int64
			conf.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
				if n.Add(1)%every == 0 {
					return nil, errors.New("overloaded")
				}
				return nil, nil
			}
		}
	}
	rogueResumable := func(conf *tls.Config, c *Case) {
		var key [32]byte
		copy(key[:], "shared by all virtual hosts")
		own, rest := conf.Clone(), conf.Clone()
		own.ClientAuth, rest.ClientAuth = tls.RequestClientCert, tls.RequireAnyClientCert
		own.SetSessionTicketKeys([][32]byte{key})
		rest.SetSessionTicketKeys([][32]byte{key})
		trusted := pool(b.street.PKI.ClientCA)
		// The certificate is looked at in full handshakes only.
		own.VerifyConnection = func(cs tls.ConnectionState) error {
			if cs.DidResume {
				return nil
			}
			if len(cs.PeerCertificates) == 0 {
				return errors.New("no certificate")
			}
			_, err := cs.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: trusted, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
			return err
		}
		conf.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			if h.ServerName == c.Hostname {
				return own, nil
			}
			return rest, nil
		}
	}
	bySNI := func(c *Case) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.TLS.ServerName == c.Hostname {
				serveApp(w, r)
				return
			}
			serveOther(w, r)
		})
	}
	perVersion := func(old, modern tls.ClientAuthType) func(*tls.Config, *Case) {
		return func(conf *tls.Config, _ *Case) {
			a, z := conf.Clone(), conf.Clone()
			a.ClientAuth, z.ClientAuth = old, modern
			conf.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				for _, v := range h.SupportedVersions {
					if v == tls.VersionTLS13 {
						return z, nil
					}
				}
				return a, nil
			}
		}
	}
	// unless demands a certificate of all clients but some.
	unless := func(spared func(*tls.ClientHelloInfo, *Case) bool) func(*tls.Config, *Case) {
		return func(conf *tls.Config, c *Case) {
			conf.MinVersion = tls.VersionTLS10
			strict, lax := conf.Clone(), conf.Clone()
			strict.ClientAuth, lax.ClientAuth = tls.RequireAndVerifyClientCert, tls.NoClientCert
			conf.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				if spared(h, c) {
					return lax, nil
				}
				return strict, nil
			}
		}
	}
	redirectAndGoOn := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/login")
		text("text/html", 302, protectedPage(noise()))(w, r)
	}
	onlyHTTP2 := func(c *tls.Config, _ *Case) { c.NextProtos = []string{"h2"} }
	probeShut := func(*Case) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.UserAgent(), "aopscan") {
				status(403)(w, r)
				return
			}
			serveApp(w, r)
		})
	}
	waits := func(c *Case) { c.Waits = true }
	hidden := open()
	hidden.with, hidden.without = []string{refusedOtherwise, inconclusive, notEnforced}, []string{refusedOtherwise, inconclusive, notEnforced}
	hiddenAsked := open()
	hiddenAsked.with, hiddenAsked.without = []string{inconclusive, notEnforced}, []string{inconclusive, notEnforced}
	loose := open()
	loose.without = append(loose.without, inconclusive)
	waiting := bare()
	waiting.with = append(waiting.with, inconclusive)
	return b.goSites([]goSite{
		{"slow-open", open(), tls.NoClientCert, nil, always(slowly(700*time.Millisecond, serveApp)), nil},
		{"slow-demanded", demanded(), tls.RequireAndVerifyClientCert, nil, always(slowly(700*time.Millisecond, serveApp)), nil},
		{"flaky-open", open().or(inconclusive, bypassable), tls.NoClientCert, flaky(4), always(serveApp), nil},
		{"flaky-optional-403", bare().or(inconclusive), ask, flaky(5), ifStranger(status(403), serveApp), nil},
		{"flaky-any-certificate", around("", Way{Cert: "rogue"}).or(inconclusive), tls.RequireAnyClientCert, flaky(5), always(serveApp), nil},
		{"json-refusal-200", page(), ask, nil, ifStranger(text("application/json", 200, `{"error":"client certificate required"}`), serveApp), nil},
		{"meta-refresh-refusal-200", page(), ask, nil, ifStranger(text("text/html", 200, `<meta http-equiv="refresh" content="0;url=https://www.example.com/">`), serveApp), nil},
		{"refusal-in-same-layout", page(), ask, nil, ifStranger(text("text/html", 200, deniedInLayout), func(w http.ResponseWriter, r *http.Request) {
			text("text/html", 200, protectedPage(""))(w, r)
		}), nil},
		{"login-page-200", page(), ask, nil, ifStranger(text("text/html", 200, `<title>Sign in</title><form method="post"><input name="user"><input type="password"></form>`), serveApp), nil},
		{"nginx-words-with-200", page(), ask, nil, ifStranger(text("text/html", 200, "<title>400 No required SSL certificate was sent</title><h1>400 Bad Request</h1><p>No required SSL certificate was sent</p>"), serveApp), nil},
		{"optional-503", bare(), ask, nil, ifStranger(status(503), serveApp), nil},
		{"optional-500", bare(), ask, nil, ifStranger(status(500), serveApp), nil},
		{"optional-418", bare(), ask, nil, ifStranger(status(418), serveApp), nil},
		{"optional-451", bare(), ask, nil, ifStranger(status(451), serveApp), nil},
		{"optional-400", bare(), ask, nil, ifStranger(status(400), serveApp), nil},
		{"optional-421", bare().or(inconclusive), ask, nil, ifStranger(status(421), serveApp), nil},
		{"optional-204", page(), ask, nil, ifStranger(status(204), serveApp), nil},
		{"optional-hangs", waiting, ask, nil, ifStranger(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, serveApp), waits},
		{"optional-endless-refusal", waiting, ask, nil, ifStranger(func(w http.ResponseWriter, r *http.Request) {
			for end := time.Now().Add(time.Minute); time.Now().Before(end); {
				if _, err := fmt.Fprint(w, strings.Repeat("go away ", 500)); err != nil {
					return
				}
			}
		}, serveApp), func(c *Case) { waits(c); c.Without = []string{inconclusive, notEnforced + unclear, enforced + unclear} }},
		{"optional-words-at-random", loose.or(inconclusive), ask, nil, always(random), nil},
		{"optional-tiny", loose, ask, nil, always(text("text/plain", 200, Marker+"\n")), nil},
		{"optional-api", loose, ask, nil, always(api), nil},
		{"api-403-json", bare(), ask, nil, ifStranger(text("application/json", 403, `{"error":"forbidden"}`), api), nil},
		{"optional-echo", loose, ask, nil, always(echo), nil},
		{"optional-binary", loose, ask, nil, always(text("image/png", 200, "\x89PNG\r\n\x1a\n"+strings.Repeat("\x00\x01\x02\x03", 300)+Marker)), nil},
		{"content-with-404", expectation{truth: Open, with: []string{notEnforced, inconclusive, refusedOtherwise}, without: []string{notEnforced, inconclusive, refusedOtherwise}, legit: withClient, ways: []Way{{}}},
			tls.NoClientCert, nil, always(text("text/html", 404, protectedPage(""))), nil},
		{"optional-content-with-404", expectation{truth: Open, with: []string{notEnforced, inconclusive}, without: []string{notEnforced, inconclusive}, legit: withClient, ways: []Way{{}}},
			ask, nil, always(text("text/html", 404, protectedPage(""))), nil},
		{"resumption-of-a-rogue", around("resumed-session|other-sni", Way{SessionSNI: "@SIBLING@", Cert: "rogue"}), 0, rogueResumable, bySNI, withSibling},
		{"tls13-open-tls12-demanded", around("no-certificate", Way{}), 0, perVersion(tls.RequireAndVerifyClientCert, tls.NoClientCert), always(serveApp), func(c *Case) { c.Refused = []Way{{TLS: "1.2"}} }},
		{"tls13-asks-tls12-demanded", around("no-certificate", Way{}), 0, perVersion(tls.RequireAndVerifyClientCert, tls.RequestClientCert), always(serveApp), func(c *Case) { c.Refused = []Way{{TLS: "1.2"}} }},
		{"http2-only-open", open(), tls.NoClientCert, onlyHTTP2, always(serveApp), nil},
		{"http2-only-demanded", demanded(), tls.RequireAndVerifyClientCert, onlyHTTP2, always(serveApp), nil},
		{"http2-only-optional-403", bare(), ask, onlyHTTP2, ifStranger(status(403), serveApp), nil},
		{"http2-only-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), tls.RequireAnyClientCert, onlyHTTP2, always(serveApp), nil},
		{"http2-not-asked", around("http2", Way{}), 0, unless(func(h *tls.ClientHelloInfo, _ *Case) bool { return slices.Contains(h.SupportedProtos, "h2") }), always(serveApp),
			func(c *Case) { c.Refused = []Way{{HTTP1: true}} }},
		{"tls11-not-asked", around("legacy-tls", Way{TLS: "1.1", Legacy: true, HTTP1: true}), 0, unless(func(h *tls.ClientHelloInfo, _ *Case) bool { return h.SupportedVersions[0] < tls.VersionTLS12 }), always(serveApp), nil},
		{"redirects-and-goes-on", open().or(inconclusive), ask, nil, ifStranger(redirectAndGoOn, serveApp), nil},
		{"probe-shut-out", hidden, tls.NoClientCert, nil, probeShut, nil},
		{"probe-shut-out-asked", hiddenAsked, ask, nil, probeShut, nil},
		{"sibling-in-same-layout", elsewhere().or(inconclusive), 0, func(conf *tls.Config, c *Case) {
			own, rest := conf.Clone(), conf.Clone()
			own.ClientAuth, rest.ClientAuth = tls.RequireAndVerifyClientCert, tls.NoClientCert
			conf.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				if h.ServerName == c.Hostname {
					return own, nil
				}
				return rest, nil
			}
		}, func(c *Case) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.TLS.ServerName == c.Hostname {
					serveApp(w, r)
					return
				}
				text("text/html", 200, careersInLayout)(w, r)
			})
		}, withSibling},
		{"redirect-for-all", openAnswer(false).or(inconclusive), tls.NoClientCert, nil, always(redirectTo("https://www.example.com/")), func(c *Case) { c.Marker, c.Legit, c.Ways = "www.example.com", withClient, []Way{{}} }},
		{"login-page-for-all", loose, ask, nil, always(text("text/html", 200, "<title>"+Marker+"</title><h1>Sign in</h1><form method=\"post\"><input name=\"user\"><input type=\"password\"></form>")), nil},
	})
}

// buildHeldNginx lays configurations of one nginx.
func buildHeldNginx(b *block) error {
	const (
		listen = "listen @TLS@ ssl; server_name @HOST@; "
		need   = "if ($ssl_client_verify != SUCCESS) "
		noise  = "proxy_pass http://@APP@; "
	)
	pathOnly := around("path|random-path", Way{Path: "/open/"})
	pathOnly.with, pathOnly.without = []string{inconclusive, bypassable}, []string{inconclusive, bypassable}
	http2Open := around("http2|no-certificate", Way{})
	sites := []site{
		{"only-root-guarded", pathOnly, "server { " + listen + "ssl_verify_client optional; location = / { " + need + "{ return 403; } try_files /index.html =404; } }",
			func(c *Case) { c.Paths = nil }},
		{"only-root-guarded-told", around("path", Way{Path: "/open/"}), "server { " + listen + "ssl_verify_client optional; location = / { " + need + "{ return 403; } try_files /index.html =404; } }", nil},
		{"http2-open-http1-403", http2Open, "server { listen @TLS@ ssl http2; server_name @HOST@; ssl_verify_client optional; set $no $ssl_client_verify$server_protocol; if ($no = NONEHTTP/1.1) { return 403; } }",
			func(c *Case) { c.Refused = []Way{{HTTP1: true}} }},
		{"http2-error-page-496-app", open(), "server { listen @TLS@ ssl http2; server_name @HOST@; ssl_verify_client on; error_page 496 = @app; location @app { " + noise + "} location / { " + noise + "} }", nil},
		{"rate-limited-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), "limit_req_zone $server_name zone=a:1m rate=20r/s; server { " + listen + "ssl_verify_client optional_no_ca; limit_req zone=a burst=20 nodelay; limit_req_status 429; if ($ssl_client_verify = NONE) { return 403; } }", nil},
		{"optional-verify-failed-only", open(), "server { " + listen + "ssl_verify_client optional; if ($ssl_client_verify ~ FAILED) { return 403; } }", nil},
		{"subject-present-only", around("rogue-certificate", Way{Cert: "rogue"}), `server { ` + listen + `ssl_verify_client optional_no_ca; if ($ssl_client_s_dn = "") { return 403; } }`, nil},
		{"sibling-optional-same-content", aroundElsewhere("other-sni|other-host", Way{SNI: "@SIBLING@", Host: "@SIBLING@"}),
			"server { " + listen + "ssl_verify_client on; } server { listen @TLS@ ssl; server_name @SIBLING@; ssl_verify_client optional; }", withSibling},
		{"sibling-demanded-too", demanded(), "server { " + listen + "ssl_verify_client on; } server { listen @TLS@ ssl; server_name @SIBLING@; ssl_verify_client on; }", withSibling},
		{"sibling-redirects-here", demanded(), "server { " + listen + "ssl_verify_client on; } server { listen @TLS@ ssl; server_name @SIBLING@; return 301 https://@HOST@/; }", withSibling},
		{"sibling-passes-on", aroundElsewhere("other-sni|other-host", Way{SNI: "@SIBLING@", Host: "@SIBLING@"}),
			"server { " + listen + "ssl_verify_client on; location / { " + noise + "} } server { listen @TLS@ ssl; server_name @SIBLING@; location / { " + noise + "} }", withSibling},
		{"empty-page-for-all-asked", silent(inconclusive), "server { " + listen + "ssl_verify_client optional; return 200 ''; }", nil},
		{"stock-page", expectation{truth: Silent, with: []string{notEnforced, inconclusive, refusedOtherwise}, without: []string{notEnforced, inconclusive, refusedOtherwise}},
			"server { " + listen + `return 200 "<title>Welcome to nginx!</title><h1>Welcome to nginx!</h1>"; }`, nil},
		{"plain-demanded-elsewhere", aroundElsewhere("plain-http|other-port", Way{Plain: true}), "server { " + listen + "ssl_verify_client on; } server { listen @PLAIN@; server_name _; }", nil},
		// Chains: what ends TLS here hands on to what ends it there.
		{"passes-on-to-demanding-inside", closedAsked().or(), "server { " + listen + "ssl_verify_client optional; location / { proxy_pass https://@ALT@; proxy_ssl_name @HOST@; proxy_ssl_server_name on; } } server { listen @ALT@ ssl; server_name @HOST@; ssl_verify_client on; }",
			func(c *Case) { c.With = []string{inconclusive, enforced}; c.Without = c.With }},
		{"header-from-front", bare(), "server { " + listen + "ssl_verify_client optional; location / { proxy_pass http://@PLAIN@; proxy_set_header X-Verify $ssl_client_verify; proxy_set_header Host $host; } } server { listen @PLAIN@; if ($http_x_verify != SUCCESS) { return 403; } }", nil},
	}
	conf, err := b.write("nginx.conf", b.expand(nginxHead, &Case{})+b.lay(sites)+"}\n")
	if err != nil {
		return err
	}
	b.spawn(nil, "nginx", "-p", b.dir, "-c", conf)
	return nil
}

// buildHeldChain is HAProxy that routes by SNI without ending TLS, before nginx,
// and stunnel before HAProxy.
func buildHeldChain(b *block) error {
	inner := func() string { return fmt.Sprintf("%s:%d", b.addr(), b.port) }
	demanding, opened, asking, merged := inner(), inner(), inner(), inner()
	nginx := b.expand(nginxHead, &Case{}) +
		"server { listen " + demanding + " ssl; ssl_verify_client on; }\n" +
		"server { listen " + opened + " ssl; }\n" +
		"server { listen " + asking + " ssl; ssl_verify_client optional; if ($ssl_client_verify != SUCCESS) { return 404; } }\n}\n"
	conf, err := b.write("nginx.conf", nginx)
	if err != nil {
		return err
	}
	const route = "  mode tcp\n  bind @TLS@\n  tcp-request inspect-delay 5s\n  tcp-request content accept if { req.ssl_hello_type 1 }\n"
	use := func(name, address string) string {
		return "backend " + name + "\n  mode tcp\n  server s " + address + "\n"
	}
	sites := []site{
		{"sni-routed-demanded", demanded(), route + "  default_backend demanding\n", nil},
		{"sni-routed-default-open", aroundElsewhere("no-sni|other-sni", Way{SNI: "-"}), route + "  use_backend demanding if { req.ssl_sni -i @HOST@ }\n  default_backend opened\n", nil},
		{"sni-routed-default-refused", demanded(), route + "  use_backend demanding if { req.ssl_sni -i @HOST@ }\n  tcp-request content reject\n", nil},
		{"sni-routed-optional-404", bare(), route + "  default_backend asking\n", nil},
		{"sni-routed-open", open(), route + "  default_backend opened\n", nil},
		{"nothing-behind", silent(inconclusive, unreachable, refusedOtherwise), route + "  default_backend gone\n", nil},
		{"reencrypted-demanded", demanded(), "  mode http\n  bind @TLS@ ssl crt @PEM@ ca-file @CA@ verify required\n  default_backend reenc\n", nil},
		{"reencrypted-open-to-demanding", closedUnasked(), "  mode http\n  bind @TLS@ ssl crt @PEM@\n  default_backend reencbad\n", func(c *Case) {
			// Everybody reads nginx's words, which are meant for the proxy.
			c.With = []string{refusedOtherwise, inconclusive}
			c.Without = c.With
		}},
	}
	for i := range sites {
		sites[i].conf = fmt.Sprintf("frontend f%d\n", i) + sites[i].conf
	}
	text := b.expand(haproxyHead, &Case{}) + use("demanding", demanding) + use("opened", opened) + use("asking", asking) + use("gone", "127.0.0.1:9") +
		"backend reenc\n  server s " + opened + " ssl verify none\nbackend reencbad\n  server s " + demanding + " ssl verify none\n" +
		"frontend merged\n  mode http\n  bind " + merged + "\n  default_backend app\n" + b.lay(sites)
	hconf, err := b.write("haproxy.cfg", strings.ReplaceAll(text, "\n\n", "\n"))
	if err != nil {
		return err
	}
	const front = "[@HOST@]\naccept = @TLS@\ncert = @PEM@\nconnect = MERGED\n"
	stunnel := b.lay([]site{
		{"stunnel-haproxy-demanded", demanded(), front + "CAfile = @CA@\nverifyChain = yes\nrequireCert = yes\n", nil},
		{"stunnel-haproxy-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), front + "requireCert = yes\n", nil},
		{"stunnel-haproxy-optional", open(), front + "CAfile = @CA@\nverify = 1\n", nil},
	})
	sconf, err := b.write("stunnel.conf", "foreground = yes\nsyslog = no\ndebug = err\npid =\n"+strings.ReplaceAll(stunnel, "MERGED", merged))
	if err != nil {
		return err
	}
	b.spawn(nil, "nginx", "-p", b.dir, "-c", conf)
	b.spawn(nil, "haproxy", "-db", "-f", hconf)
	b.spawn(nil, "stunnel4", sconf)
	b.listens = append(b.listens, demanding, opened, asking, merged)
	return nil
}
