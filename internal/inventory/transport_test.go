package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fakeClock is a clock that goes on only when somebody sleeps.
type fakeClock struct {
	mu    sync.Mutex
	t     time.Time
	slept []time.Duration
}

func newFakeClock() *fakeClock {
	return &fakeClock{t: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
}

func (c *fakeClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *fakeClock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
	c.slept = append(c.slept, d)
	return ctx.Err()
}

// longest returns the longest sleep, and how many lasted at least d.
func (c *fakeClock) longest(d time.Duration) (longest time.Duration, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.slept {
		longest = max(longest, s)
		if s >= d {
			n++
		}
	}
	return longest, n
}

// testClient returns a client of a server with a fake clock.
func testClient(t *testing.T, h http.HandlerFunc, change func(*Options)) (*client, *fakeClock) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	clock := newFakeClock()
	o := Options{Credentials: Credentials{Token: testToken}, BaseURL: srv.URL, Now: clock.now, Sleep: clock.sleep}
	if change != nil {
		change(&o)
	}
	o, base, err := o.prepared()
	if err != nil {
		t.Fatal(err)
	}
	c, err := newClient(o, base)
	if err != nil {
		t.Fatal(err)
	}
	return c, clock
}

func ok(w http.ResponseWriter) {
	_, _ = io.WriteString(w, `{"success":true,"result":{"enabled":true}}`)
}

func TestRetryAfter(t *testing.T) {
	for name, c := range map[string]struct {
		header string
		want   time.Duration
	}{
		"seconds": {"3", 3 * time.Second},
		"date":    {"Fri, 01 May 2026 12:00:07 GMT", 7 * time.Second},
		"past":    {"Fri, 01 May 2020 12:00:07 GMT", 0},
		"none":    {"", 250 * time.Millisecond},
		"garbage": {"soon", 250 * time.Millisecond},
	} {
		n := 0
		cl, clock := testClient(t, func(w http.ResponseWriter, _ *http.Request) {
			if n++; n == 1 {
				if c.header != "" {
					w.Header().Set("Retry-After", c.header)
				}
				apiFail(w, 429, 10013, "slow down")
				return
			}
			ok(w)
		}, nil)
		if _, err := cl.get(t.Context(), "/x", nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, _ := clock.longest(0); got < c.want || got > c.want+time.Second {
			t.Errorf("%s: waited %v, want %v", name, got, c.want)
		}
	}
}

func TestRetryAfterBeyondTheCap(t *testing.T) {
	n := 0
	cl, clock := testClient(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		w.Header().Set("Retry-After", "86400")
		apiFail(w, 429, 10013, "slow down")
	}, nil)
	_, err := cl.get(t.Context(), "/x", nil)
	var api *APIError
	if !errors.As(err, &api) || api.Status != 429 || api.RetryAfter != 24*time.Hour || n != 1 || len(clock.slept) != 0 {
		t.Errorf("%v after %d requests, slept %v", err, n, clock.slept)
	}
	if !strings.Contains(api.Hint(), "allowance") {
		t.Errorf("hint %q", api.Hint())
	}
}

func TestRetries(t *testing.T) {
	for name, c := range map[string]struct {
		status   int
		requests int
		code     int
	}{
		"400": {400, 1, 6003}, "401": {401, 1, 1000}, "403": {403, 1, 10000}, "404": {404, 1, 7003}, "405": {405, 1, 1},
		"429": {429, 6, 10013}, "500": {500, 6, 1}, "502": {502, 6, 0}, "503": {503, 6, 0}, "524": {524, 6, 0},
	} {
		n := 0
		cl, _ := testClient(t, func(w http.ResponseWriter, _ *http.Request) {
			n++
			w.Header().Set("Cf-Ray", "8abc-FRA")
			if c.code == 0 {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, "<html>bad gateway</html>")
				return
			}
			apiFail(w, c.status, c.code, "no\x1b[31m way")
		}, nil)
		_, err := cl.get(t.Context(), "/zones/x", nil)
		var api *APIError
		if !errors.As(err, &api) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if n != c.requests || api.Status != c.status || api.Code != c.code || api.Attempts != n || api.Path != "/zones/x" || api.RayID != "8abc-FRA" {
			t.Errorf("%s: %d requests, %+v", name, n, api)
		}
		if strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: not sanitised: %q", name, err)
		}
	}
}

func TestNetworkFaults(t *testing.T) {
	// A server that cuts the first answers in the middle.
	var n atomic.Int32
	cl, _ := testClient(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) <= 2 {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"succ`)
			panic(http.ErrAbortHandler)
		}
		ok(w)
	}, nil)
	if _, err := cl.get(t.Context(), "/x", nil); err != nil || n.Load() != 3 {
		t.Errorf("%v after %d requests", err, n.Load())
	}
	// Nobody there.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	cl, _ = testClient(t, nil, func(o *Options) { o.BaseURL = "http://" + addr })
	_, err = cl.get(t.Context(), "/x", nil)
	var gone *UnreachableError
	if !errors.As(err, &gone) || gone.Host != addr || gone.Attempts != 3 || gone.Hint() == "" {
		t.Errorf("nobody there: %v", err)
	}
	// A certificate that nobody signed is not tried again.
	var asked atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked.Add(1) }))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.StartTLS()
	defer srv.Close()
	cl, clock := testClient(t, nil, func(o *Options) { o.BaseURL = srv.URL })
	if _, err = cl.get(t.Context(), "/x", nil); !errors.As(err, &gone) || gone.Attempts != 1 || len(clock.slept) != 0 || asked.Load() != 0 {
		t.Errorf("unknown authority: %v", err)
	}
}

func TestContextEndsAWait(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cl, _ := testClient(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "300")
		apiFail(w, 429, 1, "x")
		cancel()
	}, func(o *Options) { o.Sleep = nil })
	if _, err := cl.get(ctx, "/x", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestOnlyGet(t *testing.T) {
	n := 0
	cl, _ := testClient(t, func(w http.ResponseWriter, _ *http.Request) { n++; ok(w) }, nil)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"} {
		_, err := cl.api.Raw(t.Context(), method, "/zones", map[string]string{"a": "b"}, nil)
		var m *MethodError
		if !errors.As(err, &m) || m.Method != method {
			t.Errorf("%s: %v", method, err)
		}
	}
	if n != 0 {
		t.Errorf("%d requests went out", n)
	}
}

func TestNoRedirects(t *testing.T) {
	other := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { other++ }))
	defer elsewhere.Close()
	cl, _ := testClient(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+"/steal", http.StatusFound)
	}, nil)
	_, err := cl.get(t.Context(), "/x", nil)
	var api *APIError
	if !errors.As(err, &api) || api.Status != 302 || !strings.Contains(err.Error(), "not followed") || other != 0 {
		t.Errorf("%v, %d requests elsewhere", err, other)
	}
	// Not even when something asks for another host outright.
	req, _ := http.NewRequestWithContext(t.Context(), "GET", elsewhere.URL, nil)
	if _, err := cl.t.RoundTrip(req); err == nil || other != 0 {
		t.Errorf("another host: %v, %d requests", err, other)
	}
}

func TestBodyIsBounded(t *testing.T) {
	n := 0
	cl, _ := testClient(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		_, _ = io.WriteString(w, `{"success":true,"result":"`+strings.Repeat("x", 5000)+`"}`)
	}, func(o *Options) { o.Limits.MaxBody = 1000 })
	_, err := cl.get(t.Context(), "/x", nil)
	if err == nil || !strings.Contains(err.Error(), "larger than 1000 bytes") || n != 1 {
		t.Errorf("%v after %d requests", err, n)
	}
}

func TestAttemptTimeout(t *testing.T) {
	release := make(chan struct{})
	n := atomic.Int32{}
	cl, _ := testClient(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			select { // headers, and then nothing
			case <-release:
			case <-r.Context().Done():
			}
			return
		}
		ok(w)
	}, func(o *Options) { o.Limits.AttemptTimeout = 300 * time.Millisecond })
	defer close(release)
	if _, err := cl.get(t.Context(), "/x", nil); err != nil || n.Load() != 2 {
		t.Errorf("%v after %d requests", err, n.Load())
	}
}

func TestWindow(t *testing.T) {
	// 100 requests in any 300 s: at once, and then not one more until the first is
	// 300 s old.
	clock := newFakeClock()
	start := clock.now()
	var at []time.Duration
	cl, _ := testClient(t, func(w http.ResponseWriter, _ *http.Request) {
		at = append(at, clock.now().Sub(start))
		ok(w)
	}, func(o *Options) {
		o.Now, o.Sleep = clock.now, clock.sleep
		o.Limits.Requests, o.Limits.PerSecond = 100, 1000
	})
	for range 250 {
		if _, err := cl.get(t.Context(), "/x", nil); err != nil {
			t.Fatal(err)
		}
	}
	for i, d := range at {
		if want := time.Duration(i/100) * 300 * time.Second; d < want || d > want+time.Second {
			t.Fatalf("request %d at %v, want %v", i, d, want)
		}
	}
	if sent, left := cl.t.usage(); sent != 250 || left != 50 {
		t.Errorf("sent %d, left %d", sent, left)
	}
}

func TestPerSecond(t *testing.T) {
	clock := newFakeClock()
	start := clock.now()
	cl, _ := testClient(t, func(w http.ResponseWriter, _ *http.Request) { ok(w) }, func(o *Options) {
		o.Now, o.Sleep = clock.now, clock.sleep
		o.Limits.PerSecond = 20
	})
	for range 100 {
		if _, err := cl.get(t.Context(), "/x", nil); err != nil {
			t.Fatal(err)
		}
	}
	if d := clock.now().Sub(start); d < 4*time.Second || d > 5*time.Second {
		t.Errorf("100 requests at 20 a second took %v", d)
	}
}

func TestRatelimitHeader(t *testing.T) {
	clock := newFakeClock()
	left := 10
	cl, _ := testClient(t, func(w http.ResponseWriter, _ *http.Request) {
		left--
		w.Header().Set("Ratelimit", fmt.Sprintf(`"default";r=%d;t=40, "burst";r=500;t=1`, max(left, 0)))
		ok(w)
	}, func(o *Options) { o.Now, o.Sleep = clock.now, clock.sleep })
	start := clock.now()
	for range 10 {
		if _, err := cl.get(t.Context(), "/x", nil); err != nil {
			t.Fatal(err)
		}
	}
	if d := clock.now().Sub(start); d != 0 {
		t.Errorf("waited %v with requests left", d)
	}
	if _, n := cl.t.usage(); n != 0 {
		t.Errorf("left %d", n)
	}
	if _, err := cl.get(t.Context(), "/x", nil); err != nil {
		t.Fatal(err)
	}
	if d := clock.now().Sub(start); d < 40*time.Second || d > 41*time.Second {
		t.Errorf("waited %v for the next span", d)
	}
}

func TestParseRatelimit(t *testing.T) {
	for _, c := range []struct {
		v    string
		r    int
		t    time.Duration
		okay bool
	}{
		{`"default";r=50;t=30`, 50, 30 * time.Second, true},
		{`"a";r=50;t=30, "b";r=3;t=300`, 3, 300 * time.Second, true},
		{`"a"; r=0 ;t=5`, 0, 5 * time.Second, true},
		{``, 0, 0, false}, {`garbage`, 0, 0, false}, {`"a";r=-1;t=3`, 0, 0, false}, {`"a";r=5`, 0, 0, false}, {`"a";t=5`, 0, 0, false},
		{`"a";r=1;t=99999999999`, 0, 0, false},
	} {
		r, in, okay := parseRatelimit(c.v)
		if c.v == `"a";r=1;t=99999999999` {
			if okay && in > 24*time.Hour {
				t.Errorf("%s: %v", c.v, in)
			}
			continue
		}
		if r != c.r || in != c.t || okay != c.okay {
			t.Errorf("%q: %d %v %v", c.v, r, in, okay)
		}
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	var now, most atomic.Int32
	gate := make(chan struct{})
	cl, _ := testClient(t, func(w http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		for {
			old := most.Load()
			if n <= old || most.CompareAndSwap(old, n) {
				break
			}
		}
		if n == 5 {
			close(gate) // all five places are taken
		}
		<-gate
		now.Add(-1)
		ok(w)
	}, func(o *Options) { o.Limits.Concurrency = 5 })
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			if _, err := cl.get(t.Context(), "/x", nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() != 5 {
		t.Errorf("%d at once", most.Load())
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 1 {
			apiFail(w, 500, 1, "x")
			return
		}
		// An answer that says the credentials back.
		w.Header().Set("Cf-Ray", r.Header.Get("Authorization"))
		if got := r.Header.Get("Authorization"); got != "Bearer tkn-x0123456789" {
			t.Errorf("on the wire: %q", got)
		}
		apiFail(w, 403, 10000, "no: "+r.Header.Get("Authorization"))
	}))
	defer srv.Close()
	o := Options{Credentials: Credentials{Token: "tkn-x0123456789", Key: "key-0123456789", Email: "who@example.com"}, BaseURL: srv.URL, Logger: logger,
		Sleep: func(context.Context, time.Duration) error { return nil }}
	_, err := Collect(t.Context(), o)
	if err == nil {
		t.Fatal("no error")
	}
	failed := err
	if !strings.Contains(failed.Error(), "no: Bearer [secret]") {
		t.Errorf("error %q", failed)
	}
	logger.Info("options", "options", o, "credentials", o.Credentials, "token", o.Credentials.Token)
	js, _ := json.Marshal(o.Credentials)
	c := &client{}
	prepared, base, _ := o.prepared()
	if c, err = newClient(prepared, base); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%c", "%U"} {
		for _, v := range []any{o.Credentials, &o.Credentials, o.Credentials.Token, o, c.api, *c.api, c.t.creds} {
			fmt.Fprintf(&out, verb, v)
		}
	}
	all := out.String() + string(js) + log.String() + fmt.Sprint(failed) + fmt.Sprintf("%#v", errors.Unwrap(failed))
	for _, secret := range []string{"tkn-x0123456789", "key-0123456789", fmt.Sprintf("%x", "tkn-x0123456789"), fmt.Sprintf("%X", "key-0123456789")} {
		if strings.Contains(all, secret) {
			t.Errorf("%s was printed", secret)
		}
	}
}

func TestCredentials(t *testing.T) {
	for name, c := range map[string]struct {
		in   Credentials
		want string
	}{
		"none":                {Credentials{}, "no credentials"},
		"blank":               {Credentials{Token: "  \n"}, "no credentials"},
		"quoted":              {Credentials{Token: `"abc"`}, "characters that no token has"},
		"two lines":           {Credentials{Token: "abc\ndef"}, "characters that no token has"},
		"with Bearer":         {Credentials{Token: "Bearer abc"}, "characters that no token has"},
		"key without address": {Credentials{Key: "abc"}, "without its e-mail"},
		"bad key":             {Credentials{Key: "a b", Email: "x@example.com"}, "key holds characters"},
		"header injection":    {Credentials{Key: "abc", Email: "x@example.com\r\nX: y"}, "e-mail address"},
	} {
		_, err := Collect(t.Context(), Options{Credentials: c.in})
		var bad *CredentialsError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f := newFakeAPI(t)
	f.addZone(1, "example.com")
	o := f.options()
	o.Credentials.Token = "\n" + testToken + "\r\n "
	if _, err := Collect(t.Context(), o); err != nil {
		t.Errorf("a token with blanks around it: %v", err)
	}
	// Key and address go into the other headers.
	f.each = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("X-Auth-Key") != "key" || r.Header.Get("X-Auth-Email") != "who@example.com" || r.Header.Get("Authorization") != "" {
			t.Errorf("headers %v", r.Header)
		}
		r.Header.Set("Authorization", "Bearer "+testToken)
		return false
	}
	o.Credentials = Credentials{Key: "key", Email: "who@example.com"}
	if _, err := Collect(t.Context(), o); err != nil {
		t.Error(err)
	}
}

func TestBaseURL(t *testing.T) {
	for _, bad := range []string{"api.cloudflare.com", "ftp://api.cloudflare.com", "https://user:pass@api.cloudflare.com", "http://api.cloudflare.com/client/v4",
		"https://api.cloudflare.com/?x=1", "://", "http://192.0.2.1", "https://"} {
		_, err := Collect(t.Context(), Options{Credentials: Credentials{Token: "abc"}, BaseURL: bad})
		var o *OptionError
		if !errors.As(err, &o) || o.Hint() == "" {
			t.Errorf("%q: %v", bad, err)
		}
		if err != nil && strings.Contains(err.Error(), "pass") {
			t.Errorf("%q: the password was printed", bad)
		}
	}
	for _, good := range []string{"https://api.example.com/client/v4/", "http://127.0.0.1:8080", "http://[::1]:8080/client/v4", "http://localhost:1"} {
		if _, err := parseBaseURL(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func TestResolverAddress(t *testing.T) {
	for in, want := range map[string]string{"192.0.2.53": "192.0.2.53:53", "192.0.2.53:5353": "192.0.2.53:5353", "2001:db8::53": "[2001:db8::53]:53",
		"[2001:db8::53]:5353": "[2001:db8::53]:5353", "dns.example.com": "", "192.0.2.53:0": "", ":53": ""} {
		if got, err := resolverAddress(in); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func TestParseExtraOrigin(t *testing.T) {
	for in, want := range map[string]string{
		"app.example.com=203.0.113.1":             "app.example.com 203.0.113.1  443",
		"App.Example.com.=203.0.113.1:8443":       "app.example.com 203.0.113.1  8443",
		"app.example.com=2001:db8::1":             "app.example.com 2001:db8::1  443",
		"app.example.com=[2001:db8::1]:8443":      "app.example.com 2001:db8::1  8443",
		"app.example.com=[2001:db8::1]":           "app.example.com 2001:db8::1  443",
		"app.example.com=origin.example.net":      "app.example.com invalid IP origin.example.net 443",
		"app.example.com=origin.example.net:8443": "app.example.com invalid IP origin.example.net 8443",
		"app.example.com":                         "", "=1.2.3.4": "", "app.example.com=": "", "app.example.com=1.2.3.4:0": "", "app.example.com=1.2.3.4:70000": "",
		"app.example.com=x:y": "", "app.example.com=a b": "", "a b=1.2.3.4": "", "app.example.com=http://x": "",
	} {
		o, err := ParseExtraOrigin(in)
		got := ""
		if err == nil {
			got = fmt.Sprintf("%s %s %s %d", o.Hostname, o.Address, o.Name, o.Port)
		}
		var bad *OptionError
		if got != want || err != nil && !errors.As(err, &bad) {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}
