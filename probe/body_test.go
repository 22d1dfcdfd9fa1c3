package probe

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict/origintest"
)

// squeezed returns text in an encoding.
func squeezed(t *testing.T, encoding, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestDecode: servers compress without being asked, and two compressed pages have
// nothing in common.
func TestDecode(t *testing.T) {
	page := "<title>Ledger</title><p>" + strings.Repeat("carriers and their settlements ", 40)
	for _, encoding := range []string{"gzip", "deflate"} {
		a := &answer{status: 200, header: header{"content-encoding": encoding, "content-type": "text/html"}, body: squeezed(t, encoding, page)}
		if r := a.response(); r.Body.Title != "Ledger" || r.Body.Length != len(page) || len(r.Body.Sketch) == 0 || r.Body.Truncated {
			t.Errorf("%s: %+v", encoding, r.Body)
		}
		bomb := squeezed(t, encoding, strings.Repeat("carriers ", 1<<20))
		a = &answer{status: 200, header: header{"content-encoding": encoding}, body: bomb}
		if r := a.response(); r.Body.Length > MaxBody || !r.Body.Truncated {
			t.Errorf("%s: %d bytes were unpacked", encoding, r.Body.Length)
		}
		cut := squeezed(t, encoding, page+strings.Repeat("settled ", 10000))
		a = &answer{status: 200, header: header{"content-encoding": encoding, "content-type": "text/html"}, body: cut[:len(cut)/2]}
		if r := a.response(); r.Body.Title != "Ledger" || !r.Body.Truncated {
			t.Errorf("%s, cut: %+v", encoding, r.Body)
		}
	}
	for _, c := range []struct {
		encoding string
		body     []byte
	}{{"br", []byte("some words that are none")}, {"gzip", []byte("not gzip at all")}, {"gzip, gzip", []byte("twice over")}} {
		a := &answer{status: 200, header: header{"content-encoding": c.encoding, "content-type": "text/html"}, body: c.body}
		if r := a.response(); len(r.Body.Sketch) > 0 || r.Body.Excerpt != "" || r.Body.Length != len(c.body) || r.Body.SHA256 == "" || r.Headers["content-encoding"] != c.encoding {
			t.Errorf("%s: %+v", c.encoding, r)
		}
	}
}

// TestDescribeShells: what a page without words loads tells it from another.
func TestDescribeShells(t *testing.T) {
	shell := func(script, noise string) []uint32 {
		return describe([]byte(`<html><head><title>React App</title><meta name="csrf" content="`+noise+`"><script src="/static/`+script+`.js?v=`+noise+`"></script><link href='/static/`+script+`.css'></head>`+
			`<body><noscript>You need to enable JavaScript to run this app.</noscript><div id="root"></div></body></html>`), "text/html", false).Sketch
	}
	if a, b := shell("main.4f3a", "1"), shell("main.4f3a", "2"); !slices.Equal(a, b) {
		t.Error("one shell, asked for twice, has two sketches")
	}
	if a, b := shell("main.4f3a", "1"), shell("shop.99e0", "1"); slices.Equal(a, b) {
		t.Error("two applications have one sketch")
	}
	if s := describe([]byte(`<div id="app"></div><script>start("ledger")</script>`), "text/html", false).Sketch; len(s) == 0 {
		t.Error("a page without any words has no sketch")
	}
	noise := make([]byte, 4000)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	if s := describe(noise, "text/html", false).Sketch; len(s) > 0 {
		t.Error("random bytes have words")
	}
	if s := describe([]byte("Gr\xfc\xdfe aus M\xfcnchen"), "text/html", false).Sketch; len(s) == 0 {
		t.Error("text in Latin-1 has no words")
	}
}

// TestBusyIsAskedAgain: what a rate limit answers says nothing, and a pause later
// the same question may be answered.
func TestBusyIsAskedAgain(t *testing.T) {
	var n atomic.Int64
	o := origintest.HTTPS(t, origintest.Keys().Config(tls.RequestClientCert), func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) <= 2 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		origintest.App(w, r)
	})
	ep := run(t, Options{AllowAddresses: loopback, Attempts: []string{"no-certificate"}}, o.Target())[0]
	var got []string
	for _, ob := range ep.Observations {
		got = append(got, fmt.Sprint(ob.Variant, " ", ob.HTTP.Status))
	}
	if want := []string{"tls1.3 429", "tls1.2 429", "again 200", "no alpn 200"}; !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}

// TestSlowOriginsAreAskedLess: every kind of question has its turn before the time
// for the origin runs out.
func TestSlowOriginsAreAskedLess(t *testing.T) {
	t.Parallel()
	count := func(d time.Duration) (n int, kinds map[evidence.AttemptName]bool) {
		o := origintest.HTTPS(t, origintest.Keys().Config(tls.RequestClientCert), func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(d)
			http.Error(w, r.Host, http.StatusForbidden)
		})
		ep := run(t, Options{AllowAddresses: loopback, Attempts: []string{"no-certificate", "no-sni", "other-host"}}, o.Target())[0]
		kinds = map[evidence.AttemptName]bool{}
		for _, ob := range ep.Observations {
			kinds[ob.Attempt] = true
			if ob.Error == evidence.OutOfTime {
				t.Errorf("the time ran out at %s", ob.ID)
			}
		}
		return len(ep.Observations), kinds
	}
	fast, all := count(0)
	slow, some := count(slowAnswer + 20*time.Millisecond)
	if slow >= fast {
		t.Errorf("%d questions to a slow origin, %d to a fast one", slow, fast)
	}
	if !maps.Equal(all, some) {
		t.Errorf("a slow origin is asked %v, a fast one %v", some, all)
	}
}
