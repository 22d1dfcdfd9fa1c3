package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict/origintest"
	"github.com/aopscan/aopscan/probe"
)

// byHello is a server that picks its client authentication by the client's hello.
func byHello(t *testing.T, auth func(*tls.ClientHelloInfo) tls.ClientAuthType, h http.HandlerFunc) *origintest.Origin {
	k := origintest.Keys()
	config := func(a tls.ClientAuthType) *tls.Config {
		c := k.Config(a)
		c.MinVersion, c.NextProtos = tls.VersionTLS10, []string{"h2", "http/1.1"}
		return c
	}
	cfg := config(tls.NoClientCert)
	cfg.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) { return config(auth(h)), nil }
	return origintest.HTTPS(t, cfg, h)
}

// demandedIf demands a certificate of the clients that it says.
func demandedIf(is func(*tls.ClientHelloInfo) bool) func(*tls.ClientHelloInfo) tls.ClientAuthType {
	return func(h *tls.ClientHelloInfo) tls.ClientAuthType {
		if is(h) {
			return tls.RequireAndVerifyClientCert
		}
		return tls.NoClientCert
	}
}

// TestFrontDoorIsTriedWhole finds the clients that a server lets in although it
// refuses others in the handshake.
func TestFrontDoorIsTriedWhole(t *testing.T) {
	for _, c := range []struct {
		name     string
		demanded func(*tls.ClientHelloInfo) bool
		by       evidence.AttemptName
		variant  string
	}{
		{"open over HTTP/2", func(h *tls.ClientHelloInfo) bool { return !slices.Contains(h.SupportedProtos, "h2") }, evidence.AttemptHTTP2, ""},
		{"open without ALPN", func(h *tls.ClientHelloInfo) bool { return len(h.SupportedProtos) > 0 }, evidence.AttemptNoCertificate, evidence.VariantNoALPN},
		{"open on TLS 1.1", func(h *tls.ClientHelloInfo) bool { return h.SupportedVersions[0] >= tls.VersionTLS12 }, evidence.AttemptLegacyTLS, "tls1.1"},
	} {
		t.Run(strings.ReplaceAll(c.name, "/", "."), func(t *testing.T) {
			t.Parallel()
			o := byHello(t, demandedIf(c.demanded), origintest.App)
			for _, opts := range []probe.Options{withControl(), {}} {
				ep, j := look(t, o, opts)
				if j.Verdict != "bypassable" || len(j.Bypasses) == 0 || j.Bypasses[0].Attempt != c.by {
					t.Errorf("%s by %v, want bypassable by %s: %s", j.Verdict, j.Bypasses, c.by, j.Why)
					continue
				}
				if ob := find(ep, j.Bypasses[0].Observation); ob.Variant != c.variant {
					t.Errorf("the way in is %q, want %q", ob.Variant, c.variant)
				}
				wellFormed(t, ep, j)
			}
		})
	}
}

func find(ep evidence.Endpoint, id string) evidence.Observation {
	for _, o := range ep.Observations {
		if o.ID == id {
			return o
		}
	}
	return evidence.Observation{}
}

// TestSNIInCapitals: names are compared without regard to case by whoever routes,
// and exactly by whoever guards.
func TestSNIInCapitals(t *testing.T) {
	guarded := demandedIf(func(h *tls.ClientHelloInfo) bool { return h.ServerName == origintest.Hostname })
	foldSNI := func(w http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(r.TLS.ServerName, origintest.Hostname) {
			origintest.App(w, r)
			return
		}
		origintest.Page(200, origintest.Other)(w, r)
	}
	exactSNI := func(w http.ResponseWriter, r *http.Request) {
		if r.TLS.ServerName == origintest.Hostname {
			origintest.App(w, r)
			return
		}
		origintest.Page(200, origintest.Other)(w, r)
	}
	for _, c := range []struct {
		name          string
		h             http.HandlerFunc
		with, without string
	}{
		{"served", foldSNI, byp, byp},
		{"another name's page", exactSNI, enf, inc},
	} {
		o := byHello(t, guarded, c.h)
		for _, run := range []struct {
			opts probe.Options
			want string
		}{{withControl(), c.with}, {probe.Options{}, c.without}} {
			ep, j := look(t, o, run.opts)
			if got := string(j.Verdict) + "/" + string(j.Confidence); !strings.HasPrefix(got, run.want) {
				t.Errorf("%s: %s, want %s: %s", c.name, got, run.want, j.Why)
			}
			wellFormed(t, ep, j)
		}
	}
}

// peeked gives back the byte that was looked at.
type peeked struct {
	net.Conn
	r *bufio.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.r.Read(b) }

// split hands connections that begin with a TLS record to one server and all
// others to another.
func split(t *testing.T, secure, plain http.HandlerFunc) *origintest.Origin {
	l, o := origintest.Listen(t)
	a, b := &queue{Listener: l, conns: make(chan net.Conn)}, &queue{Listener: l, conns: make(chan net.Conn)}
	go func() {
		defer close(a.conns)
		defer close(b.conns)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(c)
			first, err := r.Peek(1)
			switch {
			case err != nil:
				c.Close()
			case first[0] == 22:
				a.conns <- peeked{c, r}
			default:
				b.conns <- peeked{c, r}
			}
		}
	}()
	quiet := log.New(io.Discard, "", 0)
	go (&http.Server{Handler: secure, ErrorLog: quiet, TLSConfig: origintest.Keys().Config(tls.RequireAndVerifyClientCert)}).ServeTLS(a, "", "")
	go (&http.Server{Handler: plain, ErrorLog: quiet}).Serve(b)
	return o
}

type queue struct {
	net.Listener
	conns chan net.Conn
}

func (q *queue) Accept() (net.Conn, error) {
	c, ok := <-q.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

// TestPlainHTTPOnTheSamePort: a port may take both, and guard one of them.
func TestPlainHTTPOnTheSamePort(t *testing.T) {
	both := split(t, origintest.App, origintest.App)
	refusing := split(t, origintest.App, origintest.Page(400, "Client sent an HTTP request to an HTTPS server.\n"))
	for _, c := range []struct {
		o             *origintest.Origin
		with, without string
	}{{both, byp, inc}, {refusing, enf, enf}} {
		for _, run := range []struct {
			opts probe.Options
			want string
		}{{withControl(), c.with}, {probe.Options{}, c.without}} {
			ep, j := look(t, c.o, run.opts)
			if got := string(j.Verdict) + "/" + string(j.Confidence); !strings.HasPrefix(got, run.want) {
				t.Errorf("%s, want %s: %s", got, run.want, j.Why)
			}
			if run.want == byp && j.Bypasses[0].Attempt != evidence.AttemptPlainHTTP {
				t.Errorf("the way in is %s", j.Bypasses[0].Attempt)
			}
			wellFormed(t, ep, j)
		}
	}
}

// TestContentUnderOtherStatuses: a program that goes on after its redirect, or
// renders the page with the error, has refused nobody.
func TestContentUnderOtherStatuses(t *testing.T) {
	k := origintest.Keys()
	with := func(status int, body string) http.HandlerFunc {
		return origintest.Protected(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/login")
			origintest.Page(status, body)(w, r)
		})
	}
	layout := strings.Replace(origintest.Content, "Every carrier with consignments in the running quarter, the amount due to it, and whether the amount was settled.", "You may not see this.", 1)
	for _, c := range []struct {
		name string
		h    http.HandlerFunc
		want string
	}{
		{"302", with(302, origintest.Content), openL},
		{"403", with(403, origintest.Content), openL},
		{"500", with(500, origintest.Content), openL},
		{"403 in the same layout", with(403, layout), enfL},
	} {
		o := origintest.HTTPS(t, k.Config(tls.VerifyClientCertIfGiven), c.h)
		ep, j := look(t, o, withControl())
		if got := string(j.Verdict) + "/" + string(j.Confidence); got != c.want {
			t.Errorf("%s: %s, want %s: %s", c.name, got, c.want, j.Why)
		}
		wellFormed(t, ep, j)
	}
}

// TestOtherContentWhereNobodyAsks: another page on a part of the front door where
// no certificate is asked for is neither the protected content nor a refusal.
func TestOtherContentWhereNobodyAsks(t *testing.T) {
	is12 := func(h *tls.ClientHelloInfo) bool { return h.SupportedVersions[0] == tls.VersionTLS12 }
	o := byHello(t, demandedIf(func(h *tls.ClientHelloInfo) bool { return !is12(h) }), func(w http.ResponseWriter, r *http.Request) {
		if r.TLS.Version == tls.VersionTLS12 && len(r.TLS.PeerCertificates) == 0 {
			origintest.Page(200, origintest.Other)(w, r)
			return
		}
		origintest.App(w, r)
	})
	if _, j := look(t, o, withControl()); j.Verdict != "inconclusive" {
		t.Errorf("%s: %s", j.Verdict, j.Why)
	}
}

// limited lets through the first n of what happens within a while.
type limited struct {
	mu   sync.Mutex
	n    int
	span time.Duration
	seen []time.Time
}

func (l *limited) ok() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.seen = slices.DeleteFunc(l.seen, func(t time.Time) bool { return now.Sub(t) > l.span })
	if len(l.seen) >= l.n {
		return false
	}
	l.seen = append(l.seen, now)
	return true
}

// TestLimits: what a limit of requests or connections keeps from being asked is
// not known, and an origin that takes any certificate is not enforced for it.
func TestLimits(t *testing.T) {
	k := origintest.Keys()
	anyCertificate := func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) == 0 {
			origintest.Page(403, "Forbidden")(w, r)
			return
		}
		origintest.App(w, r)
	}
	requests := func(status int, l *limited, h http.HandlerFunc) *origintest.Origin {
		return origintest.HTTPS(t, k.Config(tls.RequestClientCert), func(w http.ResponseWriter, r *http.Request) {
			if !l.ok() {
				origintest.Page(status, "slow down")(w, r)
				return
			}
			h(w, r)
		})
	}
	connections := func(l *limited) *origintest.Origin {
		cfg := k.Config(tls.RequireAnyClientCert)
		return origintest.Raw(t, func(c net.Conn) {
			if !l.ok() {
				origintest.Reset(c)
				return
			}
			tc := tls.Server(c, cfg)
			if tc.Handshake() == nil {
				http.ReadRequest(bufio.NewReader(tc))
				tc.Write([]byte("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + origintest.Content))
			}
			tc.Close()
		})
	}
	forever := time.Hour
	for _, c := range []struct {
		name string
		o    *origintest.Origin
		want string
	}{
		{"429, for a while", requests(429, &limited{n: 6, span: 2 * time.Second}, anyCertificate), byp},
		{"503, for a while", requests(503, &limited{n: 6, span: 2 * time.Second}, anyCertificate), byp},
		{"429, for good", requests(429, &limited{n: 6, span: forever}, anyCertificate), inc},
		{"connections, for a while", connections(&limited{n: 6, span: 2 * time.Second}), byp},
		{"connections, for good", connections(&limited{n: 6, span: forever}), inc},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ep, j := look(t, c.o, withControl())
			if got := string(j.Verdict) + "/" + string(j.Confidence); !strings.HasPrefix(got, c.want) {
				t.Errorf("%s, want %s: %s", got, c.want, j.Why)
			}
			wellFormed(t, ep, j)
		})
	}
}

// TestResumedIntoTheSessionsOwnName: with TLS 1.2 a server may go by the name that
// a session was opened with, and then answers for that name.
func TestResumedIntoTheSessionsOwnName(t *testing.T) {
	k := origintest.Keys()
	config := func(a tls.ClientAuthType) *tls.Config {
		c := k.Config(a)
		c.MaxVersion = tls.VersionTLS12
		c.SetSessionTicketKeys([][32]byte{{1}})
		return c
	}
	own := config(tls.VerifyClientCertIfGiven)
	own.VerifyConnection = func(cs tls.ConnectionState) error {
		if len(cs.PeerCertificates) == 0 && !cs.DidResume {
			return errors.New("no certificate")
		}
		return nil
	}
	cfg := config(tls.NoClientCert)
	cfg.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		if h.ServerName == origintest.Hostname {
			return own, nil
		}
		return nil, nil
	}
	o := origintest.HTTPS(t, cfg, origintest.Protected(origintest.Page(200, origintest.Other)))
	for _, run := range []struct {
		opts probe.Options
		want string
	}{{withControl(), enf}, {probe.Options{}, inc}} {
		ep, j := look(t, o, run.opts)
		if got := string(j.Verdict) + "/" + string(j.Confidence); got != run.want {
			t.Errorf("%s, want %s: %s", got, run.want, j.Why)
		}
		wellFormed(t, ep, j)
	}
}

// TestCheckedBehindTLS: an origin that lets any certificate through TLS and looks
// at it in the application may look at a name, which anybody can write into his own.
func TestCheckedBehindTLS(t *testing.T) {
	k := origintest.Keys()
	only := func(is func(*x509.Certificate) bool) *origintest.Origin {
		return origintest.HTTPS(t, k.Config(tls.RequireAnyClientCert), func(w http.ResponseWriter, r *http.Request) {
			if !is(r.TLS.PeerCertificates[0]) {
				origintest.Page(403, "Forbidden")(w, r)
				return
			}
			origintest.App(w, r)
		})
	}
	name := only(func(c *x509.Certificate) bool { return c.Subject.CommonName == "edge" })
	pinned := only(func(c *x509.Certificate) bool { return bytes.Equal(c.Raw, k.Client.Certificate[0]) })
	for _, c := range []struct {
		name          string
		o             *origintest.Origin
		with, without string
	}{{"a name", name, byp, inc}, {"the certificate itself", pinned, enfL, inc}} {
		for _, run := range []struct {
			opts probe.Options
			want string
		}{{withControl(), c.with}, {probe.Options{}, c.without}} {
			ep, j := look(t, c.o, run.opts)
			if got := string(j.Verdict) + "/" + string(j.Confidence); !strings.HasPrefix(got, run.want) {
				t.Errorf("%s: %s, want %s: %s", c.name, got, run.want, j.Why)
			}
			wellFormed(t, ep, j)
		}
	}
}
