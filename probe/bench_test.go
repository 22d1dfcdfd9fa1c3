package probe

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/aopscan/aopscan/internal/verdict/origintest"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// bare is the least that a client can do: dial, handshake, request, read.
func bare(b *testing.B, addr string) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	tc := tls.Client(c, &tls.Config{ServerName: origintest.Hostname, InsecureSkipVerify: true, CurvePreferences: groups, NextProtos: []string{"http/1.1"}})
	if _, err := tc.Write(request1(origintest.Hostname, "/", "bench")); err != nil {
		b.Fatal(err)
	}
	io.Copy(io.Discard, tc)
}

// BenchmarkNoCertificate measures the no-certificate attempt against the bare
// loop of crypto/tls in the same run; "ratio" is how much more it takes.
func BenchmarkNoCertificate(b *testing.B) {
	o := origintest.HTTPS(b, origintest.Keys().Config(tls.NoClientCert), origintest.App)
	opts := Options{Attempts: []string{"quick"}, AllowAddresses: loopback}.withDefaults()
	p := &prober{runner: &runner{o: opts}, o: opts, alpn: []string{"http/1.1"}, addr: o.AddrPort,
		t: Target{Hostname: origintest.Hostname, SNI: origintest.Hostname, Host: origintest.Hostname}}
	var ours, theirs time.Duration
	b.ReportAllocs()
	for b.Loop() {
		begun := time.Now()
		bare(b, o.String())
		between := time.Now()
		if out := p.tls(context.Background(), p.base("no-certificate", "")); out.HTTP == nil {
			b.Fatal(out.Error)
		}
		theirs += between.Sub(begun)
		ours += time.Since(between)
	}
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
	b.ReportMetric(float64(ours.Microseconds())/float64(b.N), "µs/attempt")
}

// BenchmarkMemory measures what is kept of one origin that demands a certificate,
// with all standard attempts made.
func BenchmarkMemory(b *testing.B) {
	o := origintest.HTTPS(b, origintest.Keys().Config(tls.RequireAndVerifyClientCert), origintest.App)
	h, err := ParseTarget(o.Target())
	if err != nil {
		b.Fatal(err)
	}
	opts := Options{AllowAddresses: loopback}
	var kept []any
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		eps, _, err := Run(context.Background(), PlanHosts([]Host{h}, opts), opts)
		if err != nil {
			b.Fatal(err)
		}
		kept = append(kept, eps)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(kept)), "B/origin")
	runtime.KeepAlive(kept)
}
