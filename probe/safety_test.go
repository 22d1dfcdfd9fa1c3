package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict/origintest"
)

func run(t *testing.T, o Options, targets ...string) []evidence.Endpoint {
	t.Helper()
	var hosts []Host
	for _, s := range targets {
		h, err := ParseTarget(s)
		if err != nil {
			t.Fatal(err)
		}
		hosts = append(hosts, h)
	}
	eps, _, err := Run(context.Background(), PlanHosts(hosts, o), o)
	if err != nil {
		t.Fatal(err)
	}
	return eps
}

// TestQuickIsOneConnection: quick is the one cheapest question.
func TestQuickIsOneConnection(t *testing.T) {
	for _, auth := range []tls.ClientAuthType{tls.NoClientCert, tls.RequireAndVerifyClientCert} {
		o := origintest.HTTPS(t, origintest.Keys().Config(auth), origintest.App)
		eps := run(t, Options{AllowAddresses: loopback, Attempts: []string{"quick"}}, o.Target())
		if n := o.Conns.Load(); n != 1 || len(eps[0].Observations) != 1 || MaxConnections(Options{Attempts: []string{"quick"}}) != 1 {
			t.Errorf("%v: %d connections, %d observations", auth, n, len(eps[0].Observations))
		}
	}
}

// TestOpenOriginIsSettledEarly: an origin that answers everybody is not asked on.
func TestOpenOriginIsSettledEarly(t *testing.T) {
	o := origintest.HTTPS(t, origintest.Keys().Config(tls.NoClientCert), origintest.App)
	run(t, Options{AllowAddresses: loopback}, o.Target())
	if n := o.Conns.Load(); n != 2 {
		t.Errorf("%d connections, want one per TLS version", n)
	}
}

// TestPolicyGuardsEverySocket: without an option nothing on loopback is dialled,
// however the address came about.
func TestPolicyGuardsEverySocket(t *testing.T) {
	o := origintest.HTTPS(t, origintest.Keys().Config(tls.NoClientCert), origintest.App)
	for _, target := range []string{o.Target(), fmt.Sprintf("%s=[::ffff:127.0.0.1]:%d", origintest.Hostname, o.Port()), fmt.Sprintf("localhost:%d", o.Port())} {
		for _, e := range run(t, Options{}, target) {
			if len(e.Observations) != 0 || e.NotProbed == "" || (e.NotProbedKind != evidence.NotProbedPolicy && e.NotProbedKind != evidence.NotProbedUnresolved) {
				t.Errorf("%s: %+v", target, e)
			}
		}
	}
	if n := o.Conns.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
	// The guard of the socket itself, should a caller forget to ask.
	p := &prober{runner: &runner{}, o: Options{}.withDefaults()}
	if _, err := p.dial(context.Background(), o.AddrPort, time.Second); err == nil {
		t.Error("the dialer asks nobody")
	}
	if out := p.quic(context.Background(), spec{addr: o.AddrPort, timeout: time.Second}); !strings.Contains(out.Error, "is not dialled") {
		t.Errorf("QUIC: %q", out.Error)
	}
}

// TestHonestAndBounded: requests say who asks, redirects are not followed, and
// every certificate offered is recognisable.
func TestHonestAndBounded(t *testing.T) {
	var elsewhere atomic.Int64
	other := origintest.HTTP(t, func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	var mu sync.Mutex
	subjects, issuers := map[string]bool{}, map[string]bool{}
	o := origintest.HTTPS(t, origintest.Keys().Config(tls.RequestClientCert), func(w http.ResponseWriter, r *http.Request) {
		if ua := r.UserAgent(); ua != "aopscan/1.2.3 (+https://github.com/aopscan/aopscan)" {
			t.Errorf("the User-Agent is %q", ua)
		}
		if r.Method != http.MethodGet {
			t.Errorf("a %s request", r.Method)
		}
		mu.Lock()
		for _, c := range r.TLS.PeerCertificates[:min(1, len(r.TLS.PeerCertificates))] {
			subjects[c.Subject.String()] = true
			issuers[c.Issuer.String()] = true
		}
		mu.Unlock()
		http.Redirect(w, r, "http://"+other.String()+"/", http.StatusFound)
	})
	eps := run(t, Options{AllowAddresses: loopback, UserAgent: "aopscan/1.2.3 (+https://github.com/aopscan/aopscan)"}, o.Target())
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed")
	}
	if len(subjects) != 1 || !subjects["CN=aopscan probe\\, not a real client,O=aopscan"] {
		t.Errorf("certificates of %v", subjects)
	}
	for _, want := range []string{origintest.Keys().CA.Subject.String(), "CN=origin-pull.cloudflare.net,OU=Origin Pull,O=CloudFlare\\, Inc.,L=San Francisco,ST=California,C=US"} {
		found := false
		for got := range issuers {
			found = found || sameParts(got, want)
		}
		if !found {
			t.Errorf("no issuer spelt %s in %v", want, issuers)
		}
	}
	if n := len(eps[0].Observations); n > maxAttempts || int64(n) < o.Conns.Load() {
		t.Errorf("%d observations of %d connections", n, o.Conns.Load())
	}
}

func sameParts(a, b string) bool {
	count := map[string]int{}
	for _, p := range strings.Split(a, ",") {
		count[p]++
	}
	for _, p := range strings.Split(b, ",") {
		count[p]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// TestSpoofedIssuerIsExact: the issuer's name is copied byte by byte, so that no
// comparison of names can tell.
func TestSpoofedIssuerIsExact(t *testing.T) {
	ca := origintest.Keys().CA
	c := newCertificates(Options{}.withDefaults())
	cert, err := c.make(false, ca.RawSubject)
	if err != nil {
		t.Fatal(err)
	}
	leaf, ca2 := mustParse(t, cert.Certificate[0]), mustParse(t, cert.Certificate[1])
	if string(leaf.RawIssuer) != string(ca.RawSubject) || string(ca2.RawSubject) != string(ca.RawSubject) {
		t.Error("the name is not the same")
	}
	if err := leaf.CheckSignatureFrom(ca2); err != nil {
		t.Error(err)
	}
	if leaf.CheckSignatureFrom(ca) == nil {
		t.Error("the real CA signed it")
	}
}

// TestLimits: at most PerAddress origins of one address and Concurrency in all are
// probed at once.
func TestLimits(t *testing.T) {
	o := origintest.Raw(t, func(c net.Conn) {
		c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		c.Read(make([]byte, 1))
	})
	var targets []string
	for i := range 12 {
		targets = append(targets, fmt.Sprintf("h%d.example.com=%s", i, o))
	}
	run(t, Options{AllowAddresses: loopback, Attempts: []string{"quick"}}, targets...)
	if n := o.Most.Load(); n > DefaultPerAddress {
		t.Errorf("%d connections at once to one address", n)
	}
	if n := o.Conns.Load(); n != 12 {
		t.Errorf("%d connections, want 12", n)
	}
}

// TestInterrupt: a cancelled scan returns what it has, and says what it has not.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	met := make(chan struct{}, 16)
	o := origintest.Raw(t, func(c net.Conn) { met <- struct{}{}; c.Read(make([]byte, 1)); <-ctx.Done() })
	var hosts []Host
	for i := range 5 {
		hosts = append(hosts, Host{Name: fmt.Sprintf("h%d.example.com", i), Address: o.Addr().String(), AddressPort: int(o.Port())})
	}
	opts := Options{AllowAddresses: loopback, PerAddress: 1, AttemptTimeout: time.Minute}
	go func() { <-met; cancel() }()
	eps, _, err := Run(ctx, PlanHosts(hosts, opts), opts)
	if err == nil || len(eps) != 5 {
		t.Fatalf("%v, %d endpoints", err, len(eps))
	}
	waiting := 0
	for _, e := range eps {
		if e.NotProbedKind == evidence.NotProbedInterrupted {
			waiting++
		}
		for _, ob := range e.Observations {
			if ob.Close == evidence.CloseTimeout {
				t.Error("an interrupt is taken for the server's timeout")
			}
		}
	}
	if waiting < 3 {
		t.Errorf("%d of 5 say that they were not reached", waiting)
	}
}

// TestStreaming: every endpoint is handed over once, with the progress.
func TestStreaming(t *testing.T) {
	o := origintest.HTTPS(t, origintest.Keys().Config(tls.NoClientCert), origintest.App)
	var seen, last int
	run(t, Options{AllowAddresses: loopback, OnEndpoint: func(evidence.Endpoint, *evidence.Edge) { seen++ }, Progress: func(done, total int) {
		if done != last+1 || total != 3 {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
	}}, "a.example.com="+o.String(), "b.example.com="+o.String(), "c.example.com=192.0.2.1")
	if seen != 3 || last != 3 {
		t.Errorf("%d endpoints, progress %d", seen, last)
	}
}

// TestStreamingWithEdge: an endpoint is handed over with what its hostname
// answered through the edge, whichever of the two comes first.
func TestStreamingWithEdge(t *testing.T) {
	o := origintest.HTTPS(t, origintest.Keys().Config(tls.NoClientCert), origintest.App)
	slow := origintest.HTTPS(t, origintest.Keys().Config(tls.NoClientCert), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(300 * time.Millisecond)
		origintest.App(w, r)
	}))
	for _, edge := range []string{o.String(), slow.String()} {
		seen := map[string]string{}
		run(t, Options{AllowAddresses: loopback, EdgeAddress: edge, OnEndpoint: func(ep evidence.Endpoint, e *evidence.Edge) {
			seen[ep.Hostname] = "alone"
			if e != nil && len(e.Observations) > 0 {
				seen[ep.Hostname] = e.Hostname
			}
		}}, "a.example.com="+o.String(), "b.example.com="+slow.String(), "c.example.com=192.0.2.1", o.String())
		for name, want := range map[string]string{"a.example.com": "a.example.com", "b.example.com": "b.example.com", "c.example.com": "c.example.com", o.Addr().String(): "alone"} {
			if seen[name] != want {
				t.Errorf("edge %s: %s came with %q, want %q", edge, name, seen[name], want)
			}
		}
	}
}

// TestSameName keeps addresses out of SNI.
func TestSameName(t *testing.T) {
	o := origintest.HTTPS(t, origintest.Keys().Config(tls.NoClientCert), origintest.App)
	eps := run(t, Options{AllowAddresses: loopback}, o.String())
	if ob := eps[0].Observations[0]; ob.SNI != "" || ob.HTTP == nil || ob.HTTP.Status != 200 {
		t.Errorf("%+v", ob)
	}
}
