package e2e

import (
	"bufio"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

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
	go (&http.Server{Handler: secure, TLSConfig: origintest.Keys().Config(tls.RequireAndVerifyClientCert)}).ServeTLS(a, "", "")
	go (&http.Server{Handler: plain}).Serve(b)
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
