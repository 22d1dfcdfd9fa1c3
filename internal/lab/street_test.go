package lab

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// attempt is what a bare client tries.
type attempt struct {
	at        netip.AddrPort
	sni, host string
	version   uint16
	cert      *tls.Certificate
	cache     tls.ClientSessionCache
	plain     bool
}

// outcome is what came of it.
type outcome struct {
	asked, resumed bool
	status         int
	body           string
	err            error
}

func (o outcome) serves(host string) bool {
	return o.status == 200 && strings.Contains(o.body, "The protected site of "+host)
}

// try makes one request over one connection.
func try(t *testing.T, a attempt) (o outcome) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", a.at.String())
	if err != nil {
		o.err = err
		return o
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	if !a.plain {
		tc := tls.Client(conn, &tls.Config{
			ServerName: a.sni, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12, MaxVersion: a.version, ClientSessionCache: a.cache,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				o.asked = true
				if a.cert == nil {
					return &tls.Certificate{}, nil
				}
				return a.cert, nil
			},
		})
		if o.err = tc.HandshakeContext(ctx); o.err != nil {
			return o
		}
		o.resumed = tc.ConnectionState().DidResume
		conn = tc
	}
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", a.host)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		o.err = err
		return o
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	o.status, o.body, o.err = res.StatusCode, string(body), err
	return o
}

// selfSigned is a certificate that nobody vouches for.
func selfSigned(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestPostures tries every origin of the demo with a bare TLS client: none, a
// stranger's and the right certificate, on both TLS versions.
func TestPostures(t *testing.T) {
	l := start(t, Options{})
	rogue := selfSigned(t)
	for _, z := range l.world.Zones {
		for _, h := range z.Hosts {
			for _, name := range h.origins() {
				org := l.world.origin(name)
				host := h.fqdn(z.Name)
				for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
					t.Run(host+"/"+tls.VersionName(version)+"/"+name, func(t *testing.T) {
						with := func(c *tls.Certificate) outcome {
							return try(t, attempt{at: l.addresses[name], sni: host, host: host, version: version, cert: c})
						}
						none, wrong := with(nil), with(rogue)
						var right outcome
						if org.Trusts != "" {
							right = with(l.leafOf(t, org.Trusts))
						}
						checkPosture(t, org.Posture, host, none, wrong, right)
					})
				}
			}
		}
	}
}

// leafOf returns a valid client certificate of the CA.
func (l *Lab) leafOf(t *testing.T, ca string) *tls.Certificate {
	t.Helper()
	k, err := l.pki.issue(l.pki.cas[ca], "test "+ca, elliptic.P256(), &x509.Certificate{
		NotBefore: l.clock().Add(-time.Hour), NotAfter: l.clock().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		t.Fatal(err)
	}
	c := k.tls()
	return &c
}

func checkPosture(t *testing.T, p Posture, host string, none, wrong, right outcome) {
	t.Helper()
	refused := func(o outcome) bool { return o.err != nil && o.status == 0 }
	is := func(what string, ok bool, o outcome) {
		t.Helper()
		if !ok {
			t.Errorf("%s %s: status %d, asked %t, error %v", p, what, o.status, o.asked, o.err)
		}
	}
	switch p {
	case Demanded, DefaultVirtualHost, ResumedSession:
		is("none", refused(none) && none.asked, none)
		is("wrong", refused(wrong), wrong)
		is("right", right.serves(host), right)
	case DemandedHTTP:
		is("none", none.status == 400 && none.asked && strings.Contains(none.body, "No required SSL certificate was sent"), none)
		is("wrong", wrong.status == 400, wrong)
		is("right", right.serves(host), right)
	case Open:
		is("none", none.serves(host) && !none.asked, none)
	case Optional:
		is("none", none.serves(host) && none.asked, none)
		is("wrong", refused(wrong), wrong)
		is("right", right.serves(host), right)
	case AnyCertificate:
		is("none", refused(none) && none.asked, none)
		is("wrong", wrong.serves(host), wrong)
	case IssuerName:
		is("none", refused(none) && none.asked, none)
		is("wrong", refused(wrong), wrong)
		is("right", right.serves(host), right)
	case Forbidden:
		is("none", none.status == 403 && !none.asked, none)
	case RefusesEverybody:
		is("none", none.status == 403 && none.asked, none)
		is("right", right.status == 403, right)
	case RefusalPage:
		is("none", none.status == 200 && none.asked && !none.serves(host), none)
		is("right", right.serves(host), right)
	case Dead:
		is("none", none.err != nil && !none.asked, none)
	default:
		t.Errorf("posture %s has no test", p)
	}
}

// TestBypasses walks around each front door that can be walked around.
func TestBypasses(t *testing.T) {
	l := start(t, Options{})
	at := func(origin string) netip.AddrPort { a, _ := l.Address(origin); return a }

	t.Run("default virtual host", func(t *testing.T) {
		for _, sni := range []string{"", "other.example"} {
			if o := try(t, attempt{at: at("harbor-shop"), sni: sni, host: "shop.harbor.example"}); !o.serves("shop.harbor.example") {
				t.Errorf("SNI %q: status %d, %v", sni, o.status, o.err)
			}
		}
	})
	t.Run("issuer's name", func(t *testing.T) {
		// A home-made CA with the same subject.
		fake, err := (&pki{seed: []byte("another"), now: l.pki.now}).authority("fake", l.pki.cas["harbor-ca"].cert.Subject)
		if err != nil {
			t.Fatal(err)
		}
		k, err := l.pki.issue(fake, "spoofed", elliptic.P256(), &x509.Certificate{NotBefore: l.clock().Add(-time.Hour), NotAfter: l.clock().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		c := k.tls()
		if o := try(t, attempt{at: at("harbor-billing"), sni: "billing.harbor.example", host: "billing.harbor.example", cert: &c}); !o.serves("billing.harbor.example") {
			t.Errorf("status %d, %v", o.status, o.err)
		}
	})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run("resumed session "+tls.VersionName(version), func(t *testing.T) {
			const host = "tickets.harbor.example"
			resume := func(origin, host string) (first, second outcome) {
				cache := &oneSession{}
				a := attempt{at: at(origin), sni: "other.example", host: "other.example", version: version, cache: cache}
				first = try(t, a)
				a.sni, a.host = host, host
				return first, try(t, a)
			}
			first, second := resume("harbor-tickets", host)
			if first.err != nil || first.serves(host) || first.asked {
				t.Errorf("opening the session: status %d, asked %t, %v", first.status, first.asked, first.err)
			}
			if !second.resumed || !second.serves(host) {
				t.Errorf("resuming: resumed %t, status %d, %v", second.resumed, second.status, second.err)
			}
			// The same against an origin without the flaw.
			if _, second = resume("harbor-shop", "shop.harbor.example"); second.serves("shop.harbor.example") {
				t.Error("Go's own server resumed a stranger's session into a protected name")
			}
		})
	}
	t.Run("resumption is the only way into tickets", func(t *testing.T) {
		for _, a := range []attempt{{sni: "", host: "tickets.harbor.example"}, {sni: "other.example", host: "tickets.harbor.example"}} {
			a.at = at("harbor-tickets")
			if o := try(t, a); o.status != http.StatusMisdirectedRequest {
				t.Errorf("SNI %q: status %d, %v", a.sni, o.status, o.err)
			}
		}
	})
	t.Run("plain HTTP", func(t *testing.T) {
		if len(l.Ports) == 0 {
			t.Fatal("the lab names no port for plain HTTP")
		}
		a := netip.AddrPortFrom(at("harbor-legacy").Addr(), uint16(l.Ports[0]))
		if o := try(t, attempt{at: a, host: "legacy.harbor.example", plain: true}); !o.serves("legacy.harbor.example") {
			t.Errorf("status %d, %v", o.status, o.err)
		}
	})
}

// oneSession is a session cache that ignores its key, which is how a session is
// offered under another name.
type oneSession struct{ s *tls.ClientSessionState }

func (c *oneSession) Get(string) (*tls.ClientSessionState, bool) { return c.s, c.s != nil }
func (c *oneSession) Put(_ string, s *tls.ClientSessionState)    { c.s = s }

// TestEdge asks the edge for every hostname as a visitor would.
func TestEdge(t *testing.T) {
	l := start(t, Options{})
	edge := netip.MustParseAddrPort(l.EdgeAddress)
	want := map[string]int{
		"pay.orchard.example":     520, // demanded and not sent: an alert after the handshake
		"old.orchard.example":     520, // sent, and expired
		"vault.orchard.example":   520, // sent, and not trusted
		"archive.harbor.example":  521, // connection refused
		"cellar.keystone.example": 526, // the origin's own certificate expired
		"office.harbor.example":   403,
		"lobby.keystone.example":  403,
		"www.pier.example":        403, // paused: the edge does not know it
	}
	for _, h := range l.Hosts {
		o := try(t, attempt{at: edge, sni: h.Hostname, host: h.Hostname})
		if status, ok := want[h.Hostname]; ok {
			if o.status != status || o.serves(h.Hostname) {
				t.Errorf("%s: status %d, want %d (%v)", h.Hostname, o.status, status, o.err)
			}
			continue
		}
		if !o.serves(h.Hostname) {
			t.Errorf("%s: status %d, %v", h.Hostname, o.status, o.err)
		}
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool(t, l.OriginCAPEM), ServerName: "www.harbor.example"},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", l.EdgeAddress)
		}}}).Get("https://www.harbor.example/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.Header.Get("Server") != "cloudflare" || !strings.HasSuffix(res.Header.Get("CF-Ray"), "-LAB") {
		t.Errorf("the edge's headers: %v", res.Header)
	}
}

func pool(t *testing.T, pem []byte) *x509.CertPool {
	t.Helper()
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in the PEM")
	}
	return p
}

func TestSilentOrigin(t *testing.T) {
	w := World{Origins: []Origin{{Name: "tarpit", Number: "1.1", Posture: Silent}}}
	l := start(t, Options{World: &w})
	at, _ := l.Address("tarpit")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for deadline := time.Now().Add(10 * time.Second); l.Kept() == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if l.Kept() != 1 {
		t.Errorf("%d connections are kept, want 1", l.Kept())
	}
	l.Close()
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes of an origin that says nothing", n)
	}
}

// TestControlCertificate: the lab's own client certificate opens the origins of
// its CA, and verifies the right way round.
func TestControlCertificate(t *testing.T) {
	l := start(t, Options{})
	pair, err := tls.X509KeyPair(l.ClientCertPEM, l.ClientKeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	at, _ := l.Address("harbor-www")
	if o := try(t, attempt{at: at, sni: "www.harbor.example", host: "www.harbor.example", cert: &pair}); !o.serves("www.harbor.example") {
		t.Errorf("status %d, %v", o.status, o.err)
	}
}

func TestResolver(t *testing.T) {
	l := start(t, Options{})
	edge := netip.MustParseAddrPort(l.EdgeAddress).Addr().String()
	addr := func(origin string) string { a, _ := l.Address(origin); return a.Addr().String() }
	for _, network := range []string{"udp", "tcp"} {
		c := &dns.Client{Net: network, Timeout: 10 * time.Second}
		ask := func(name string, qtype uint16) (*dns.Msg, string) {
			m := new(dns.Msg)
			m.SetQuestion(dns.Fqdn(name), qtype)
			r, _, err := c.ExchangeContext(t.Context(), m, l.ResolverAddress)
			if err != nil {
				t.Fatalf("%s %s: %v", network, name, err)
			}
			last := ""
			if n := len(r.Answer); n > 0 {
				if a, ok := r.Answer[n-1].(*dns.A); ok {
					last = a.A.String()
				}
			}
			return r, last
		}
		for name, want := range map[string]string{
			"www.harbor.example":       edge,
			"WWW.Harbor.example":       edge, // names know no case
			"direct.harbor.example":    addr("harbor-www"),
			"docs.hosting.example.net": addr("summit-docs"),
			"portal.customer.example":  edge,
			"www.pier.example":         addr("pier-www"), // paused
		} {
			if _, got := ask(name, dns.TypeA); got != want {
				t.Errorf("%s %s: %q, want %q", network, name, got, want)
			}
		}
		if r, _ := ask("gone.hosting.example.net", dns.TypeA); r.Rcode != dns.RcodeNameError {
			t.Errorf("%s: a name that does not exist: %s", network, dns.RcodeToString[r.Rcode])
		}
		if r, _ := ask("www.harbor.example", dns.TypeAAAA); r.Rcode != dns.RcodeSuccess || len(r.Answer) != 0 {
			t.Errorf("%s: AAAA: %s with %d answers", network, dns.RcodeToString[r.Rcode], len(r.Answer))
		}
	}
}

// TestOpenSSLSeesTheSame: another implementation's client, where there is one.
func TestOpenSSLSeesTheSame(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("SKIPPED: no openssl on this machine; the Go client's tests above stand alone")
	}
	l := start(t, Options{})
	run := func(origin, host string) string {
		at, _ := l.Address(origin)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, openssl, "s_client", "-connect", at.String(), "-servername", host, "-tls1_2", "-ign_eof")
		cmd.Stdin = strings.NewReader("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		_ = cmd.Run() // a refusal is an exit code too
		return out.String()
	}
	if out := run("harbor-www", "www.harbor.example"); !strings.Contains(out, "alert") || !strings.Contains(out, "Harbor origin pull CA") {
		t.Errorf("demanded: no alert or no acceptable CA names in\n%s", out)
	}
	if out := run("harbor-app", "app.harbor.example"); !strings.Contains(out, "The protected site of app.harbor.example") {
		t.Errorf("open: no content in\n%s", out)
	}
}

// TestOneAddress is the street of systems where only 127.0.0.1 can be bound:
// every origin has a port of its own, and the Origin Rules say which.
func TestOneAddress(t *testing.T) {
	l := start(t, Options{OneAddress: true})
	ports := map[uint16]string{}
	for _, name := range l.Origins() {
		at, _ := l.Address(name)
		if at.Addr() != netip.MustParseAddr("127.0.0.1") {
			t.Errorf("%s is at %s", name, at)
		}
		if other := ports[at.Port()]; other != "" && l.world.origin(name).Posture != Dead && l.world.origin(other).Posture != Dead {
			t.Errorf("%s and %s share port %d", name, other, at.Port())
		}
		ports[at.Port()] = name
	}
	z := &l.world.Zones[0]
	rules := l.api.originRules(z)
	if len(rules) != len(z.Hosts) || !strings.HasPrefix(rules[0].expression, `(http.host in {"`) {
		t.Errorf("%d Origin Rules for %d hosts, first %+v", len(rules), len(z.Hosts), rules[0])
	}
	for _, h := range l.Hosts {
		if h.Posture != Open {
			continue
		}
		if o := try(t, attempt{at: h.Address, sni: h.Hostname, host: h.Hostname}); !o.serves(h.Hostname) {
			t.Errorf("%s: status %d, %v", h.Hostname, o.status, o.err)
		}
	}
}
