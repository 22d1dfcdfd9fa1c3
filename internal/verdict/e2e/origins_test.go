package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
	"github.com/aopscan/aopscan/internal/verdict/origintest"
	"github.com/aopscan/aopscan/probe"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// look probes one origin and judges it.
func look(t *testing.T, o *origintest.Origin, opts probe.Options) (evidence.Endpoint, verdict.Judgement) {
	t.Helper()
	opts.AllowAddresses = loopback
	if opts.AttemptTimeout == 0 {
		opts.AttemptTimeout = 20 * time.Second
	}
	h, err := probe.ParseTarget(o.Target())
	if err != nil {
		t.Fatal(err)
	}
	eps, edges, err := probe.Run(context.Background(), probe.PlanHosts([]probe.Host{h}, opts), opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(eps) != 1 {
		t.Fatalf("%d endpoints, want 1", len(eps))
	}
	var edge *evidence.Edge
	if len(edges) == 1 {
		edge = &edges[0]
	}
	return eps[0], verdict.Judge(eps[0], edge)
}

func withControl() probe.Options {
	c := origintest.Keys().Client
	return probe.Options{ClientCert: &c}
}

// words for the table below.
const (
	enf   = "enforced/proven"
	enfL  = "enforced/likely"
	byp   = "bypassable"
	open  = "not-enforced/proven"
	openL = "not-enforced/likely"
	other = "refused-otherwise"
	inc   = "inconclusive/unclear"
	unr   = "unreachable"
)

func nginxRefusal(text string) http.HandlerFunc {
	return origintest.Page(400, "<html>\r\n<head><title>400 "+text+"</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n<center>"+text+"</center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n")
}

// hang keeps a request open until the client goes.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// drop closes the connection without an answer.
func drop(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// TestVerdicts holds every posture of one process against its truth, with a
// positive control and without one.
func TestVerdicts(t *testing.T) {
	k := origintest.Keys()
	https := func(auth tls.ClientAuthType, h http.HandlerFunc) func(*testing.T) *origintest.Origin {
		return func(t *testing.T) *origintest.Origin { return origintest.HTTPS(t, k.Config(auth), h) }
	}
	versions := func(auth tls.ClientAuthType, min, max uint16, h http.HandlerFunc) func(*testing.T) *origintest.Origin {
		return func(t *testing.T) *origintest.Origin {
			cfg := k.Config(auth)
			cfg.MinVersion, cfg.MaxVersion = min, max
			return origintest.HTTPS(t, cfg, h)
		}
	}
	const (
		none    = tls.NoClientCert
		request = tls.RequestClientCert
		verify  = tls.VerifyClientCertIfGiven
		anyCert = tls.RequireAnyClientCert
		require = tls.RequireAndVerifyClientCert
	)
	protected := origintest.Protected
	page := origintest.Page
	app := http.HandlerFunc(origintest.App)
	cases := []struct {
		name          string
		start         func(*testing.T) *origintest.Origin
		with, without string
		timeout       time.Duration
	}{
		// What demands a certificate.
		{"demanded", https(require, app), enf, enf, 0},
		{"demanded on TLS 1.2 only", versions(require, tls.VersionTLS12, tls.VersionTLS12, app), enf, enf, 0},
		{"demanded on TLS 1.3 only", versions(require, tls.VersionTLS13, tls.VersionTLS13, app), enf, enf, 0},
		{"demanded on TLS 1.0 and 1.1 only", versions(require, tls.VersionTLS10, tls.VersionTLS11, app), enf, enf, 0},
		{"nginx's words", https(verify, protected(nginxRefusal("No required SSL certificate was sent"))), enf, enf, 0},
		{"demanded, and the application answers 403 to everybody", https(require, page(403, "Forbidden")), enf, enf, 0},
		{"demanded, and the application answers 404 to everybody", https(require, page(404, `{"error":"no such thing"}`)), enf, enf, 0},

		// What is open.
		{"not asked", https(none, app), open, open, 0},
		{"not asked on TLS 1.1 only", versions(none, tls.VersionTLS10, tls.VersionTLS11, app), open, open, 0},
		{"optional and not checked", https(request, app), open, openL, 0},
		{"optional, not checked, one page for every path", https(request, page(200, origintest.Content)), open, "not-enforced/unclear", 0},
		{"error_page 496 serves the application", https(verify, protected(app)), open, openL, 0},
		{"optional, content changes with every request", https(request, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				http.NotFound(w, r)
				return
			}
			page(200, strings.Replace(origintest.Content, "</body>", fmt.Sprintf("<p>nonce %d</p></body>", time.Now().UnixNano()), 1))(w, r)
		}), open, openL, 0},
		{"optional, and the page tells what it saw", https(request, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				http.NotFound(w, r)
				return
			}
			who := "anonymous"
			if len(r.TLS.PeerCertificates) > 0 {
				who = r.TLS.PeerCertificates[0].Subject.String()
			}
			page(200, "hello "+who)(w, r)
		}), byp, openL, 0}, // it says to a home-made certificate what it says to the right one
		{"a login that nobody asked a certificate for", https(none, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", 302) }), openL, openL, 0},
		{"the same login for holders of a certificate", https(request, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login?next=/", 302) }), openL, inc, 0},

		// Refusals that only a control can tell from a broken origin.
		{"optional, 403", https(verify, protected(page(403, "Forbidden"))), enfL, inc, 0},
		{"optional, 404", https(verify, protected(page(404, "404 page not found"))), enfL, inc, 0},
		{"optional, 302", https(verify, protected(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://public.example.net/", 302)
		})), enfL, inc, 0},
		{"optional, 200 with a refusal", https(verify, protected(page(200, "<h1>Access denied</h1><p>A client certificate is required.</p>"))), enfL, inc, 0},
		{"optional, 200 without content", https(verify, protected(page(200, ""))), enfL, inc, 0},
		{"optional, 503", https(verify, protected(page(503, "unavailable"))), enfL, inc, 0},
		{"optional, closed", https(verify, protected(drop)), enfL, inc, 0},
		{"optional, silence", https(verify, protected(hang)), enfL, inc, 400 * time.Millisecond},

		// Refused for everybody.
		{"403 for everybody, asked", https(verify, page(403, "Forbidden")), inc, inc, 0},
		{"404 for everybody, asked", https(verify, page(404, "404 page not found")), inc, inc, 0},
		{"closed for everybody, asked", https(verify, drop), inc, inc, 0},
		{"403 for everybody, nobody asked", https(none, page(403, "Forbidden")), other, other, 0},
		{"401 for everybody, nobody asked", https(none, page(401, "Unauthorized")), other, other, 0},
		{"another CA than the control's", func(t *testing.T) *origintest.Origin {
			cfg := k.Config(require)
			cfg.ClientCAs = cfg.ClientCAs.Clone()
			cfg.ClientCAs = pool(k)
			return origintest.HTTPS(t, cfg, app)
		}, inc, enf, 0},

		// What says nothing.
		{"empty 200 for everybody", https(none, page(200, "")), inc, inc, 0},
		{"421 for everybody", https(none, page(421, "Misdirected Request")), inc, inc, 0},
		{"400 for everybody", https(none, page(400, "Bad Request")), inc, inc, 0},
		{"502 for everybody", https(none, page(502, "Bad Gateway")), inc, inc, 0},
		{"a server's own 404 for everybody", https(none, page(404, "404 page not found")), inc, inc, 0},

		// Ways around.
		{"any certificate", https(anyCert, app), byp, byp, 0},
		{"optional, any certificate", https(request, func(w http.ResponseWriter, r *http.Request) {
			if len(r.TLS.PeerCertificates) == 0 {
				page(403, "Forbidden")(w, r)
				return
			}
			app(w, r)
		}), byp, byp, 0},
		{"the issuer's name is enough", https(anyCert, func(w http.ResponseWriter, r *http.Request) {
			if r.TLS.PeerCertificates[0].Issuer.String() != k.CA.Subject.String() {
				page(403, "Forbidden")(w, r)
				return
			}
			app(w, r)
		}), byp, byp, 0},
		{"demanded on TLS 1.3, not asked on TLS 1.2", func(t *testing.T) *origintest.Origin {
			cfg := k.Config(require)
			cfg.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				c := k.Config(require)
				if h.SupportedVersions[0] == tls.VersionTLS12 {
					c = k.Config(none)
				}
				return c, nil
			}
			return origintest.HTTPS(t, cfg, app)
		}, byp, byp, 0},
		{"demanded over HTTP/1.1, open over HTTP/2", https(verify, func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor == 1 {
				protected(page(403, "Forbidden"))(w, r)
				return
			}
			app(w, r)
		}), byp, byp, 0},
		{"open without SNI", vhosts(k, func(h *tls.ClientHelloInfo) tls.ClientAuthType {
			if h.ServerName == "" {
				return none
			}
			return require
		}, app), byp, inc, 0},
		{"open for unknown names, the Host decides", vhosts(k, func(h *tls.ClientHelloInfo) tls.ClientAuthType {
			if h.ServerName == origintest.Hostname {
				return require
			}
			return none
		}, origintest.ByHost(map[string]http.HandlerFunc{origintest.Hostname: app}, http.NotFound)), byp, byp, 0},
		{"another name with its own content", vhosts(k, func(h *tls.ClientHelloInfo) tls.ClientAuthType {
			if h.ServerName == origintest.Hostname {
				return require
			}
			return none
		}, func(w http.ResponseWriter, r *http.Request) {
			if r.TLS.ServerName == origintest.Hostname {
				app(w, r)
				return
			}
			page(200, origintest.Other)(w, r)
		}), enf, inc, 0},
		{"a server's default page under other names", vhosts(k, func(h *tls.ClientHelloInfo) tls.ClientAuthType {
			if h.ServerName == origintest.Hostname {
				return require
			}
			return none
		}, func(w http.ResponseWriter, r *http.Request) {
			if r.TLS.ServerName == origintest.Hostname {
				app(w, r)
				return
			}
			page(200, "<html><head><title>Welcome to nginx!</title></head><body><h1>Welcome to nginx!</h1></body></html>")(w, r)
		}), enf, enf, 0},
		{"other names are misdirected", vhosts(k, func(h *tls.ClientHelloInfo) tls.ClientAuthType {
			if h.ServerName == origintest.Hostname {
				return require
			}
			return none
		}, func(w http.ResponseWriter, r *http.Request) {
			if r.TLS.ServerName == origintest.Hostname {
				app(w, r)
				return
			}
			page(421, "Misdirected Request")(w, r)
		}), enf, enf, 0},
		{"the Host in capitals is not recognised", https(verify, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.Host, origintest.Hostname) && !strings.Contains(r.Host, ":") && !strings.HasSuffix(r.Host, ".") {
				protected(nginxRefusal("No required SSL certificate was sent"))(w, r)
				return
			}
			if strings.EqualFold(strings.TrimSuffix(r.Host, "."), origintest.Hostname) {
				app(w, r)
				return
			}
			http.NotFound(w, r)
		}), byp, byp, 0},
	}
	for _, c := range cases {
		t.Run(strings.ReplaceAll(c.name, "/", "."), func(t *testing.T) {
			t.Parallel()
			o := c.start(t)
			for _, run := range []struct {
				name string
				opts probe.Options
				want string
			}{{"with a control", withControl(), c.with}, {"without a control", probe.Options{}, c.without}} {
				run.opts.AttemptTimeout = c.timeout
				if c.timeout > 0 {
					run.opts.EndpointTimeout = 40 * c.timeout
				}
				ep, j := look(t, o, run.opts)
				got := string(j.Verdict) + "/" + string(j.Confidence)
				if !strings.HasPrefix(got, run.want) {
					t.Errorf("%s: %s, want %s: %s", run.name, got, run.want, j.Why)
					for _, ob := range ep.Observations {
						status := 0
						if ob.HTTP != nil {
							status = ob.HTTP.Status
						}
						t.Logf("%s %s %s: %s %s alert=%d status=%d requested=%q close=%s %s", ob.ID, ob.Attempt, ob.Variant, ob.Stage, ob.Version, ob.Alert, status, ob.Requested, ob.Close, ob.Error)
					}
				}
				wellFormed(t, ep, j)
			}
		})
	}
}

// wellFormed holds what is true of every judgement.
func wellFormed(t *testing.T, ep evidence.Endpoint, j verdict.Judgement) {
	t.Helper()
	if j.Why == "" || j.Verdict == "" || j.Confidence == "" {
		t.Errorf("an unfinished judgement: %+v", j)
	}
	known := map[string]bool{"e1": true, "e2": true}
	for _, o := range ep.Observations {
		known[o.ID] = true
	}
	for _, id := range j.Proof {
		if !known[id] {
			t.Errorf("the proof names %s, which is no observation", id)
		}
	}
	if j.Verdict == verdict.Inconclusive && j.Confidence != verdict.Unclear {
		t.Errorf("inconclusive with confidence %s", j.Confidence)
	}
	if j.Verdict == verdict.Bypassable && len(j.Bypasses) == 0 {
		t.Error("bypassable by no way")
	}
	if j.Verdict != verdict.Inconclusive && j.Verdict != verdict.Unreachable && (len(j.Proof) == 0 || j.Reproduce == "") {
		t.Errorf("%s without proof (%v) or reproduction (%q)", j.Verdict, j.Proof, j.Reproduce)
	}
}

// vhosts is a server that picks client authentication by SNI.
func vhosts(k *origintest.PKI, auth func(*tls.ClientHelloInfo) tls.ClientAuthType, h http.HandlerFunc) func(*testing.T) *origintest.Origin {
	return func(t *testing.T) *origintest.Origin {
		cfg := k.Config(tls.NoClientCert)
		cfg.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			c := k.Config(auth(hello))
			c.NextProtos = []string{"h2", "http/1.1"}
			return c, nil
		}
		return origintest.HTTPS(t, cfg, h)
	}
}

// TestBypassesAreNamed holds the exact way into the sentence.
func TestBypassesAreNamed(t *testing.T) {
	k := origintest.Keys()
	o := vhosts(k, func(h *tls.ClientHelloInfo) tls.ClientAuthType {
		if h.ServerName == origintest.Hostname {
			return tls.RequireAndVerifyClientCert
		}
		return tls.NoClientCert
	}, origintest.App)(t)
	_, j := look(t, o, withControl())
	if j.Verdict != verdict.Bypassable || !strings.Contains(j.Why, "no SNI") || !strings.Contains(j.Why, `Host "`) {
		t.Errorf("%s: %s: SNI and Host are not named", j.Verdict, j.Why)
	}
	attempts := map[evidence.AttemptName]bool{}
	for _, b := range j.Bypasses {
		attempts[b.Attempt] = true
		if b.Why == "" || b.Reproduce == "" || b.Observation == "" {
			t.Errorf("an unfinished bypass: %+v", b)
		}
	}
	for _, want := range []evidence.AttemptName{evidence.AttemptNoSNI, evidence.AttemptOtherSNI} {
		if !attempts[want] {
			t.Errorf("no bypass by %s in %v", want, attempts)
		}
	}
}

// TestSessionResumption finds an origin that skips client authentication in
// resumed sessions (the class of CVE-2025-23419), and does not accuse one that
// does not.
func TestSessionResumption(t *testing.T) {
	k := origintest.Keys()
	var ticketKey [32]byte
	copy(ticketKey[:], "one key for both names, as it was")
	start := func(t *testing.T, vulnerable bool, max uint16) *origintest.Origin {
		server := func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			c := k.Config(tls.NoClientCert)
			if h.ServerName == origintest.Hostname {
				c = k.Config(tls.VerifyClientCertIfGiven)
			}
			c.MaxVersion = max
			c.SetSessionTicketKeys([][32]byte{ticketKey})
			return c, nil
		}
		cfg := k.Config(tls.NoClientCert)
		cfg.GetConfigForClient = server
		return origintest.HTTPS(t, cfg, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.TLS.ServerName != origintest.Hostname:
				origintest.Page(200, origintest.Other)(w, r)
			case len(r.TLS.PeerCertificates) > 0, vulnerable && r.TLS.DidResume:
				origintest.App(w, r)
			default:
				nginxRefusal("No required SSL certificate was sent")(w, r)
			}
		})
	}
	for _, max := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, opts := range []probe.Options{withControl(), {}} {
			name := fmt.Sprintf("TLS %x, control %v", max, opts.ClientCert != nil)
			_, j := look(t, start(t, true, max), opts)
			if j.Verdict != verdict.Bypassable {
				t.Errorf("%s, vulnerable: %s: %s", name, j.Verdict, j.Why)
			}
			found := false
			for _, b := range j.Bypasses {
				found = found || b.Attempt == evidence.AttemptResumedSession && strings.Contains(b.Why, "session")
			}
			if !found {
				t.Errorf("%s: the session is not named: %+v", name, j.Bypasses)
			}
			_, j = look(t, start(t, false, max), opts)
			if j.Verdict == verdict.Bypassable || j.Verdict == verdict.NotEnforced {
				t.Errorf("%s, patched, accused: %s: %s", name, j.Verdict, j.Why)
			}
			if opts.ClientCert != nil && j.Verdict != verdict.Enforced {
				t.Errorf("%s, patched: %s: %s", name, j.Verdict, j.Why)
			}
		}
	}
}

// TestPlainHTTP: the same content without TLS is a way around, a redirect to
// HTTPS is none. The port is named, since tests cannot have port 80.
func TestPlainHTTP(t *testing.T) {
	k := origintest.Keys()
	o := origintest.HTTPS(t, k.Config(tls.RequireAndVerifyClientCert), origintest.App)
	for _, c := range []struct {
		name string
		h    http.HandlerFunc
		want verdict.Verdict
	}{
		{"content", origintest.App, verdict.Bypassable},
		{"other content", origintest.Page(200, origintest.Other), verdict.Enforced},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusMovedPermanently)
		}, verdict.Enforced},
		{"403", origintest.Page(403, "Forbidden"), verdict.Enforced},
	} {
		opts := withControl()
		opts.Ports = []int{int(origintest.HTTP(t, c.h).Port())}
		_, j := look(t, o, opts)
		if j.Verdict != c.want {
			t.Errorf("%s: %s, want %s: %s", c.name, j.Verdict, c.want, j.Why)
		}
	}
}

// TestOtherPort: another HTTPS port with the same content.
func TestOtherPort(t *testing.T) {
	k := origintest.Keys()
	o := origintest.HTTPS(t, k.Config(tls.RequireAndVerifyClientCert), origintest.App)
	opts := withControl()
	opts.Ports = []int{int(origintest.HTTPS(t, k.Config(tls.NoClientCert), origintest.App).Port())}
	_, j := look(t, o, opts)
	if j.Verdict != verdict.Bypassable || j.Bypasses[0].Attempt != evidence.AttemptOtherPort {
		t.Errorf("%s by %+v: %s", j.Verdict, j.Bypasses, j.Why)
	}
	opts.Ports = []int{int(origintest.HTTPS(t, k.Config(tls.RequireAndVerifyClientCert), origintest.App).Port())}
	if _, j = look(t, o, opts); j.Verdict != verdict.Enforced {
		t.Errorf("demanded on both ports: %s: %s", j.Verdict, j.Why)
	}
}

// TestPath: a path that the user names and that is served to strangers.
func TestPath(t *testing.T) {
	k := origintest.Keys()
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/open" {
			origintest.Page(200, origintest.Content)(w, r)
			return
		}
		origintest.Protected(nginxRefusal("No required SSL certificate was sent"))(w, r)
	}
	o := origintest.HTTPS(t, k.Config(tls.VerifyClientCertIfGiven), h)
	for _, opts := range []probe.Options{withControl(), {}} {
		_, j := look(t, o, opts)
		if j.Verdict != verdict.Enforced {
			t.Errorf("no path named: %s: %s", j.Verdict, j.Why)
		}
		opts.Paths = []string{"/open", "/closed"}
		_, j = look(t, o, opts)
		if j.Verdict != verdict.Bypassable || len(j.Bypasses) != 1 || !strings.Contains(j.Why, "/open") {
			t.Errorf("/open: %s by %+v: %s", j.Verdict, j.Bypasses, j.Why)
		}
	}
}

// TestProtectionOfSomePaths: where only "/" is refused, "enforced" would promise
// too much.
func TestProtectionOfSomePaths(t *testing.T) {
	k := origintest.Keys()
	o := origintest.HTTPS(t, k.Config(tls.VerifyClientCertIfGiven), func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			origintest.Protected(nginxRefusal("No required SSL certificate was sent"))(w, r)
			return
		}
		http.NotFound(w, r)
	})
	if _, j := look(t, o, probe.Options{}); j.Verdict != verdict.Inconclusive || !strings.Contains(j.Why, "path") {
		t.Errorf("%s: %s", j.Verdict, j.Why)
	}
}

// TestEdgeControl: the answer through Cloudflare settles what a stranger's answer
// alone does not.
func TestEdgeControl(t *testing.T) {
	k := origintest.Keys()
	content := origintest.HTTPS(t, k.Config(tls.NoClientCert), origintest.App)
	failing := origintest.HTTPS(t, k.Config(tls.NoClientCert), origintest.Page(526, "error code: 526"))
	for _, c := range []struct {
		name string
		auth tls.ClientAuthType
		h    http.HandlerFunc
		edge *origintest.Origin
		want string
	}{
		{"optional, 403", tls.RequestClientCert, origintest.Page(403, "Forbidden"), content, enfL},
		{"optional, 200 with a refusal", tls.RequestClientCert, origintest.Page(200, "<h1>Access denied</h1>"), content, enfL},
		{"optional, the same page", tls.RequestClientCert, origintest.App, content, open},
		{"nobody asked, 403", tls.NoClientCert, origintest.Page(403, "Forbidden"), content, other},
		{"nobody asked, 404", tls.NoClientCert, origintest.Page(404, "not here"), content, other},
		{"nobody asked, another page", tls.NoClientCert, origintest.Page(200, "<h1>Our office hours</h1><p>Monday to Thursday, nine to five, second floor.</p>"), content, other},
		{"demanded", tls.RequireAndVerifyClientCert, origintest.App, content, enf},
		{"demanded, and Cloudflare is refused as well", tls.RequireAndVerifyClientCert, origintest.App, failing, inc},
	} {
		o := origintest.HTTPS(t, k.Config(c.auth), c.h)
		_, j := look(t, o, probe.Options{EdgeAddress: c.edge.String()})
		if got := string(j.Verdict) + "/" + string(j.Confidence); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s, want %s: %s", c.name, got, c.want, j.Why)
		}
		if j.Control != "edge" {
			t.Errorf("%s: the control is %q", c.name, j.Control)
		}
	}
}

// TestHostile: whatever a peer does, the answer comes in time and accuses nobody.
func TestHostile(t *testing.T) {
	k := origintest.Keys()
	refused, _ := net.Listen("tcp", "127.0.0.1:0")
	gone := &origintest.Origin{AddrPort: netip.MustParseAddrPort(refused.Addr().String())}
	refused.Close()
	raw := func(f func(net.Conn)) func(*testing.T) *origintest.Origin {
		return func(t *testing.T) *origintest.Origin { return origintest.Raw(t, f) }
	}
	answer := func(auth tls.ClientAuthType, f func(*tls.Conn)) func(*testing.T) *origintest.Origin {
		return func(t *testing.T) *origintest.Origin {
			return origintest.RawTLS(t, k.Config(auth), func(c *tls.Conn, _ *http.Request) { f(c) })
		}
	}
	endless := func(c net.Conn, line string) {
		for {
			if _, err := c.Write([]byte(line)); err != nil {
				return
			}
		}
	}
	drip := func(c net.Conn, text string) {
		for {
			for _, b := range []byte(text) {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}
	}
	for _, c := range []struct {
		name  string
		start func(*testing.T) *origintest.Origin
		want  string
	}{
		{"connection refused", func(*testing.T) *origintest.Origin { return gone }, unr},
		{"black hole", func(t *testing.T) *origintest.Origin { return &origintest.Origin{AddrPort: blackHole(t)} }, unr},
		{"closed on accept", raw(func(net.Conn) {}), inc},
		{"reset after the hello", raw(func(c net.Conn) {
			c.Read(make([]byte, 2048))
			origintest.Reset(c)
		}), inc},
		{"tarpit", raw(func(c net.Conn) { c.Read(make([]byte, 1)); time.Sleep(20 * time.Second) }), inc},
		{"plain HTTP", raw(func(c net.Conn) {
			c.Read(make([]byte, 10))
			fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno")
		}), inc},
		{"SSH", raw(func(c net.Conn) { fmt.Fprint(c, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"); c.Read(make([]byte, 4096)) }), inc},
		{"endless nonsense", raw(func(c net.Conn) { endless(c, strings.Repeat("nonsense", 512)) }), inc},
		{"endless headers", answer(tls.NoClientCert, func(c *tls.Conn) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\n")
			endless(c, "X-Filler: "+strings.Repeat("x", 4096)+"\r\n")
		}), inc},
		{"endless status line", answer(tls.NoClientCert, func(c *tls.Conn) { endless(c, "HTTP/1.1 200 "+strings.Repeat("x", 4096)) }), inc},
		{"endless 1xx", answer(tls.NoClientCert, func(c *tls.Conn) { endless(c, "HTTP/1.1 100 Continue\r\n\r\n") }), inc},
		{"endless body", answer(tls.NoClientCert, func(c *tls.Conn) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\n\r\n")
			endless(c, strings.Repeat("word ", 1024))
		}), open},
		{"slow drip of a head", answer(tls.NoClientCert, func(c *tls.Conn) { drip(c, "HTTP/1.1 200 OK with a very long reason to wait for") }), inc},
		{"slow drip of a body, asked", answer(tls.RequestClientCert, func(c *tls.Conn) {
			fmt.Fprint(c, "HTTP/1.1 403 Forbidden\r\n\r\n")
			drip(c, "no ")
		}), inc},
		{"no status line", answer(tls.NoClientCert, func(c *tls.Conn) { fmt.Fprint(c, "<html>hello</html>") }), inc},
		{"half a status line", answer(tls.NoClientCert, func(c *tls.Conn) { fmt.Fprint(c, "HTT") }), inc},
		{"a wild status", answer(tls.NoClientCert, func(c *tls.Conn) { fmt.Fprint(c, "HTTP/1.1 99999 Yes\r\n\r\n") }), inc},
		{"alert before any request", func(t *testing.T) *origintest.Origin {
			cfg := k.Config(tls.RequireAndVerifyClientCert)
			cfg.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, fmt.Errorf("no") }
			return origintest.HTTPS(t, cfg, origintest.App)
		}, inc},
		{"asked, and closed before the request for everybody", answer(tls.RequestClientCert, func(c *tls.Conn) {}), inc},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			opts := probe.Options{AttemptTimeout: 800 * time.Millisecond, EndpointTimeout: 4 * time.Second}
			_, j := look(t, c.start(t), opts)
			if got := string(j.Verdict) + "/" + string(j.Confidence); !strings.HasPrefix(got, c.want) {
				t.Errorf("%s, want %s: %s", got, c.want, j.Why)
			}
			if took := time.Since(begun); took > opts.EndpointTimeout+10*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}
