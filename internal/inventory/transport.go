package inventory

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aopscan/aopscan/internal/sanitize"
)

// transport is the one way to the API. It signs requests, refuses every method
// but GET and every address but the API's, keeps within the allowance, waits
// when the API says so, tries again what may succeed, bounds and closes bodies,
// and turns final failures into [APIError] or [UnreachableError].
type transport struct {
	base   http.RoundTripper
	host   *url.URL
	creds  Credentials
	limits Limits
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	log    *slog.Logger

	slots  chan struct{} // requests under way
	window *window       // the allowance of five minutes
	second *window       // the allowance of one second
	server serverQuota   // what the API says is left

	mu    sync.Mutex
	sent  int           // requests sent, retries among them
	skew  time.Duration // the API's clock less ours, from the last Date header
	dated bool
}

func newTransport(o Options, base *url.URL) *transport {
	t := &transport{
		base:   o.Transport,
		host:   base,
		creds:  o.Credentials,
		limits: o.Limits,
		now:    o.Now,
		sleep:  o.Sleep,
		log:    o.Logger,
		slots:  make(chan struct{}, o.Limits.Concurrency),
		window: newWindow(o.Limits.Requests, o.Limits.Window),
		second: newWindow(o.Limits.PerSecond, time.Second),
	}
	if t.base == nil {
		t.base = &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:     true,
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: o.Limits.AttemptTimeout,
			MaxIdleConnsPerHost:   o.Limits.Concurrency,
			IdleConnTimeout:       30 * time.Second,
			// The limits of http.Transport on header size apply (MaxResponseHeaderBytes).
			MaxResponseHeaderBytes: 1 << 20,
		}
	}
	return t
}

// RoundTrip sends a GET to the API and returns its answer with the whole body
// read, or a typed error.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	if req.Method != http.MethodGet {
		return nil, &MethodError{Method: sanitize.Text(req.Method, 20)}
	}
	if req.URL.Scheme != t.host.Scheme || req.URL.Host != t.host.Host {
		return nil, fmt.Errorf("api: refused to send the credentials to another host: %s", sanitize.Text(req.URL.Host, 100))
	}
	select {
	case t.slots <- struct{}{}:
		defer func() { <-t.slots }()
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	path := strings.TrimPrefix(req.URL.Path, t.host.Path)
	for attempt := 1; ; attempt++ {
		if err := t.admit(req.Context()); err != nil {
			return nil, err
		}
		resp, body, err := t.once(req)
		wait, again := t.again(req.Context(), attempt, resp, err)
		if !again {
			switch {
			case req.Context().Err() != nil && err != nil:
				return nil, req.Context().Err()
			case err != nil:
				return nil, &UnreachableError{Host: t.host.Host, Attempts: attempt, Err: err}
			}
			if e := failure(path, resp, body); e != nil {
				e.Attempts, e.RetryAfter = attempt, wait
				return nil, e
			}
			resp.Body = io.NopCloser(bytes.NewReader(body))
			resp.ContentLength = int64(len(body))
			return resp, nil
		}
		status := 0
		if resp != nil {
			status = resp.StatusCode
		}
		t.log.Debug("api request is tried again", "path", sanitize.Text(path, 200), "attempt", attempt, "status", status, "wait", wait)
		if err := t.sleep(req.Context(), wait); err != nil {
			return nil, err
		}
	}
}

// admit waits until a request may be sent, and counts it.
func (t *transport) admit(ctx context.Context) error {
	for {
		now := t.now()
		wait := max(t.server.wait(now), t.window.wait(now), t.second.wait(now))
		if wait <= 0 && t.take(now) {
			return ctx.Err()
		}
		// A slot that another request took first is waited for anew.
		if err := t.sleep(ctx, max(wait, time.Millisecond)); err != nil {
			return err
		}
	}
}

// take books one request in every allowance, or in none.
func (t *transport) take(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.server.wait(now) > 0 || t.window.wait(now) > 0 || t.second.wait(now) > 0 {
		return false
	}
	t.server.take()
	t.window.take(now)
	t.second.take(now)
	t.sent++
	return true
}

// once sends the request once and reads its body.
func (t *transport) once(req *http.Request) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(req.Context(), t.limits.AttemptTimeout)
	defer cancel()
	r := req.Clone(ctx)
	r.Body = nil
	r.Header.Del("Content-Type") // a GET has none
	r.Header.Set("Accept", "application/json")
	if t.creds.Token != "" {
		r.Header.Set("Authorization", "Bearer "+string(t.creds.Token))
		r.Header.Del("X-Auth-Key")
		r.Header.Del("X-Auth-Email")
	} else {
		r.Header.Del("Authorization")
		r.Header.Set("X-Auth-Key", string(t.creds.Key))
		r.Header.Set("X-Auth-Email", t.creds.Email)
	}
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		t.server.done()
		return nil, nil, err
	}
	defer resp.Body.Close()
	t.server.heard(resp.Header, t.now())
	t.clock(resp.Header)
	body, err := io.ReadAll(io.LimitReader(resp.Body, t.limits.MaxBody+1))
	if err != nil {
		return nil, nil, fmt.Errorf("reading the answer: %w", err)
	}
	if int64(len(body)) > t.limits.MaxBody {
		return nil, nil, &tooLargeError{limit: t.limits.MaxBody}
	}
	// Whatever answers may say the credentials back, and answers are printed.
	for name := range resp.Header {
		for i, v := range resp.Header[name] {
			resp.Header[name][i] = string(t.creds.mask([]byte(v)))
		}
	}
	return resp, t.creds.mask(body), nil
}

// tooLargeError is not worth a second try.
type tooLargeError struct{ limit int64 }

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d bytes", e.limit)
}

// again decides whether to try again and after how long. For a final 429 or 503
// the wait is what the API demanded.
func (t *transport) again(ctx context.Context, attempt int, resp *http.Response, err error) (time.Duration, bool) {
	if ctx.Err() != nil {
		return 0, false
	}
	if err != nil {
		return backoff(attempt, 250*time.Millisecond, 8*time.Second), attempt < t.limits.Attempts && retryable(err) &&
			(attempt < 3 || !neverConnected(err))
	}
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode < 500 {
		return 0, false
	}
	wait, told := retryAfter(resp.Header, t.now())
	if !told {
		wait = backoff(attempt, 500*time.Millisecond, 30*time.Second)
	} else if wait > t.limits.MaxWait {
		return wait, false
	} else {
		// A little more than was asked for, and not all at the same moment.
		wait += time.Duration(rand.Int64N(int64(200 * time.Millisecond)))
	}
	return wait, attempt < t.limits.Attempts
}

// backoff doubles from base to limit, with half of it left to chance.
func backoff(attempt int, base, limit time.Duration) time.Duration {
	d := min(limit, base<<min(attempt-1, 20))
	return d/2 + time.Duration(rand.Int64N(int64(d/2)+1))
}

// retryable reports whether a network fault may pass: not what certificates and
// malformed answers cause.
func retryable(err error) bool {
	var (
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		verify   *tls.CertificateVerificationError
		large    *tooLargeError
	)
	return !errors.As(err, &unknown) && !errors.As(err, &hostname) && !errors.As(err, &invalid) &&
		!errors.As(err, &verify) && !errors.As(err, &large)
}

// neverConnected reports whether the API's address did not resolve or refused
// the connection, which seldom passes within seconds.
func neverConnected(err error) bool {
	var dns *net.DNSError
	return errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &dns) && dns.IsNotFound
}

// retryAfter reads the Retry-After header: seconds or a date (RFC 9110, 10.2.3).
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0, false
	}
	if n, err := strconv.ParseFloat(v, 64); err == nil {
		if n < 0 || n != n {
			return 0, false
		}
		return time.Duration(min(n, 1e6) * float64(time.Second)), true
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}

// clock notes the difference between the API's clock and ours.
func (t *transport) clock(h http.Header) {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.skew, t.dated = at.Sub(t.now()), true
}

// usage returns how many requests were sent and how many more may be sent now.
func (t *transport) usage() (sent, left int) {
	now := t.now()
	t.mu.Lock()
	sent = t.sent
	t.mu.Unlock()
	left = t.window.left(now)
	if n, known := t.server.left(now); known {
		left = min(left, n)
	}
	return sent, left
}

// failure turns an answer that is not a success into an error.
func failure(path string, resp *http.Response, body []byte) *APIError {
	e := &APIError{Path: sanitize.Text(path, 300), Status: resp.StatusCode, RayID: sanitize.Text(resp.Header.Get("Cf-Ray"), 64)}
	if resp.StatusCode < 200 || resp.StatusCode >= 300 {
		var env struct {
			Errors []apiMessage `json:"errors"`
		}
		switch {
		case resp.StatusCode >= 300 && resp.StatusCode < 400:
			e.Message = "redirected to " + sanitize.Text(resp.Header.Get("Location"), 200) + ", which is not followed"
		case json.Unmarshal(body, &env) == nil && len(env.Errors) > 0:
			e.Code, e.Message = firstMessage(env.Errors)
		default:
			e.Message = strings.ToLower(http.StatusText(resp.StatusCode))
			if t := resp.Header.Get("Content-Type"); t != "" && !json.Valid(body) {
				e.Message += ", from something else than Cloudflare's API, for the answer is " + sanitize.Text(t, 60)
			}
		}
		return e
	}
	if !json.Valid(body) {
		e.Message = "the answer is not JSON"
		if t := resp.Header.Get("Content-Type"); t != "" {
			e.Message += " (" + sanitize.Text(t, 60) + ")"
		}
		e.Advice = "something else than Cloudflare's API answers; check --api-url, CLOUDFLARE_BASE_URL and the proxy settings"
		return e
	}
	return nil
}

// apiMessage is an entry of the envelope's errors; the code is a number, and
// sometimes a string.
type apiMessage struct {
	Code       json.RawMessage `json:"code"`
	Message    string          `json:"message"`
	ErrorChain []apiMessage    `json:"error_chain"`
}

// firstMessage returns the first error's code and the text of all.
func firstMessage(list []apiMessage) (int, string) {
	code, _ := strconv.Atoi(strings.Trim(string(list[0].Code), `"`))
	var texts []string
	for _, m := range list {
		texts = append(texts, m.Message)
		for _, c := range m.ErrorChain {
			texts = append(texts, c.Message)
		}
	}
	return code, sanitize.Text(strings.Join(texts, "; "), 300)
}

// cleanError is an error's text, safe to print.
func cleanError(err error) string {
	if err == nil {
		return ""
	}
	return sanitize.Text(err.Error(), 400)
}
