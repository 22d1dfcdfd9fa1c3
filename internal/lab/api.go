package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// apiPrefix is the path of the v4 API.
const apiPrefix = "/client/v4"

// requestLogMax bounds the request log; counting goes on beyond it.
const requestLogMax = 100_000

// api is the lab's Cloudflare v4 API. It can only be read.
type api struct {
	lab    *Lab
	faults Faults
	denied []Denial
	plain  plainZones
	mux    *http.ServeMux
	zones  map[string]*Zone
	accts  map[string]*Account

	count, writes atomic.Int64
	mu            sync.Mutex
	log           []Request
	windowStart   time.Time
	windowUsed    int
}

// apiError is one of the API's own errors.
type apiError struct {
	status  int
	code    int
	message string
	chain   []map[string]any
}

// The errors of the real API, with its codes and words. What its documentation
// does not say of an error was taken from answers that its users have published.
var (
	errNoCredentials   = &apiError{status: 400, code: 9106, message: "Missing X-Auth-Key, X-Auth-Email or Authorization headers"}
	errBadAuthHeader   = &apiError{status: 400, code: 6003, message: "Invalid request headers", chain: []map[string]any{{"code": 6111, "message": "Invalid format for Authorization header"}}}
	errBadKeyHeader    = &apiError{status: 400, code: 6003, message: "Invalid request headers", chain: []map[string]any{{"code": 6103, "message": "Invalid format for X-Auth-Key header"}}}
	errUnknownKey      = &apiError{status: 403, code: 9103, message: "Unknown X-Auth-Key or X-Auth-Email"}
	errInvalidToken    = &apiError{status: 403, code: 9109, message: "Invalid access token"}
	errVerifyToken     = &apiError{status: 401, code: 1000, message: "Invalid API Token"}
	errAuthentication  = &apiError{status: 403, code: 10000, message: "Authentication error"}
	errUnauthorized    = &apiError{status: 403, code: 9109, message: "Unauthorized to access requested resource"}
	errInvalidZone     = &apiError{status: 400, code: 1001, message: "Invalid zone identifier"}
	errTooMany         = &apiError{status: 429, code: 971, message: "Please wait and consider throttling your request speed"}
	errInternal        = &apiError{status: 500, code: 10013, message: "Internal server error"}
	errNoFallback      = &apiError{status: 404, code: 1551, message: "Resource not found."}
	errNoAssociation   = &apiError{status: 404, code: 1405, message: "The requested hostname has no client certificate association"}
	errNoCertificate   = &apiError{status: 404, code: 1404, message: "Certificate not found"}
	errUnknownSetting  = &apiError{status: 400, code: 1006, message: "Unrecognized zone setting name"}
	identifier         = regexp.MustCompile(`^[0-9a-f]{32}$`)
	authorizationToken = regexp.MustCompile(`^Bearer [A-Za-z0-9_-]{20,80}$`)
	authKey            = regexp.MustCompile(`^[0-9a-f]{37,45}$`)
)

func errNoRoute(path string) *apiError {
	return &apiError{status: 404, code: 7003, message: fmt.Sprintf("Could not route to %s, perhaps your object identifier is invalid?", path)}
}

// startAPI serves the API on 127.0.0.1.
func (l *Lab) startAPI(ctx context.Context, o Options) error {
	a := &api{lab: l, faults: o.Faults, zones: map[string]*Zone{}, accts: map[string]*Account{}}
	a.denied = append(append(a.denied, l.world.Denied...), o.Faults.Denied...)
	a.plain = newPlainZones(o.PlainZones, o.RecordsPerZone, l.world)
	for i := range l.world.Accounts {
		a.accts[AccountID(l.world.Accounts[i].Name)] = &l.world.Accounts[i]
	}
	if a.plain.count > 0 {
		a.accts[AccountID(plainAccount.Name)] = &plainAccount
	}
	for i := range l.world.Zones {
		z := &l.world.Zones[i]
		if _, ok := a.accts[AccountID(z.Account)]; !ok {
			return fmt.Errorf("zone %s: no account named %q", z.Name, z.Account)
		}
		a.zones[ZoneID(z.Name)] = z
	}
	l.api = a
	a.mux = a.routes()
	ln, err := listen(ctx, netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		return fmt.Errorf("binding the API: %w", err)
	}
	l.APIURL = "http://" + ln.Addr().String() + apiPrefix
	l.serve(&http.Server{Handler: a}, ln, false)
	return nil
}

func (a *api) requests() []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]Request(nil), a.log...)
}

// statusWriter remembers the status for the request log.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (a *api) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	n := int(a.count.Add(1))
	w := &statusWriter{ResponseWriter: rw}
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if len(a.log) < requestLogMax {
			a.log = append(a.log, Request{Method: r.Method, Path: strings.TrimPrefix(r.URL.Path, apiPrefix), Query: r.URL.RawQuery, Status: w.status})
		}
	}()
	if !a.wait(r.Context()) || a.fault(w, r, n) {
		return
	}
	if r.Method != http.MethodGet {
		a.writes.Add(1)
		w.Header().Set("Allow", http.MethodGet)
		writeError(w, &apiError{status: 405, code: 7001, message: fmt.Sprintf("Method %s not available for that URI.", r.Method)})
		return
	}
	if err := a.authenticate(r); err != nil {
		writeError(w, err)
		return
	}
	a.mux.ServeHTTP(w, r)
}

func (a *api) wait(ctx context.Context) bool {
	if a.faults.Latency <= 0 {
		return true
	}
	t := time.NewTimer(a.faults.Latency)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// fault makes the n-th request go wrong where that was asked for, and reports
// whether it has been answered.
func (a *api) fault(w *statusWriter, r *http.Request, n int) bool {
	f := &a.faults
	every := func(k int) bool { return k > 0 && n%k == 0 }
	if f.Intercept != nil {
		if ans := f.Intercept(r.Method, strings.TrimPrefix(r.URL.Path, apiPrefix)); ans != nil {
			w.Header().Set("Content-Type", "application/json")
			for k, v := range ans.Header {
				w.Header().Set(k, v)
			}
			w.WriteHeader(ans.Status)
			_, _ = w.Write([]byte(ans.Body))
			return true
		}
	}
	if a.overQuota(w) {
		return true
	}
	switch {
	case every(f.ResetEvery), every(f.TruncateEvery):
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return false
		}
		defer conn.Close()
		if every(f.ResetEvery) {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // an RST instead of a FIN
			}
			return true
		}
		_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{\"success\":true,\"result\":[{\"id\":\""))
		return true
	case every(f.TooManyEvery):
		a.tooMany(w, max(f.RetryAfter, time.Second))
		return true
	case every(f.ServerErrorEvery):
		writeError(w, errInternal)
		return true
	case every(f.HTMLEvery):
		writePage(w, http.StatusBadGateway, errorPage("502 Bad Gateway", "cloudflare"))
		return true
	}
	return false
}

// overQuota counts the request against the quota, sends the Ratelimit headers
// (https://developers.cloudflare.com/fundamentals/api/reference/limits/), and
// answers 429 where the quota is spent.
func (a *api) overQuota(w *statusWriter) bool {
	if a.faults.Quota <= 0 {
		return false
	}
	window := a.faults.QuotaWindow
	if window <= 0 {
		window = 5 * time.Minute
	}
	a.mu.Lock()
	now := time.Now()
	if a.windowStart.IsZero() || now.Sub(a.windowStart) >= window {
		a.windowStart, a.windowUsed = now, 0
	}
	a.windowUsed++
	left, reset := a.faults.Quota-a.windowUsed, window-now.Sub(a.windowStart)
	a.mu.Unlock()
	w.Header().Set("Ratelimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, a.faults.Quota, seconds(window)))
	w.Header().Set("Ratelimit", fmt.Sprintf(`"default";r=%d;t=%d`, max(left, 0), seconds(reset)))
	if left < 0 {
		a.tooMany(w, reset)
		return true
	}
	return false
}

func (a *api) tooMany(w *statusWriter, after time.Duration) {
	if a.faults.RetryAfterDate {
		w.Header().Set("Retry-After", time.Now().Add(after).Add(time.Second).UTC().Format(http.TimeFormat))
	} else {
		w.Header().Set("Retry-After", strconv.Itoa(seconds(after)))
	}
	writeError(w, errTooMany)
}

// seconds rounds up, as Retry-After has whole seconds.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// authenticate looks at the credentials as the real API does: a bearer token, or
// a key with its e-mail address.
func (a *api) authenticate(r *http.Request) *apiError {
	if r.URL.Path == apiPrefix+"/ips" {
		return nil // public
	}
	auth := r.Header.Get("Authorization")
	key, email := r.Header.Get("X-Auth-Key"), r.Header.Get("X-Auth-Email")
	switch {
	case auth == "" && (key == "" || email == ""):
		return errNoCredentials
	case auth != "" && !authorizationToken.MatchString(auth):
		return errBadAuthHeader
	case auth == "Bearer "+a.lab.Token:
		return nil
	case auth != "" && r.URL.Path == apiPrefix+"/user/tokens/verify":
		return errVerifyToken
	case auth != "" && (r.URL.Path == apiPrefix+"/zones" || r.URL.Path == apiPrefix+"/accounts"):
		return errInvalidToken
	case auth != "":
		return errAuthentication
	case !authKey.MatchString(key):
		return errBadKeyHeader
	case key != a.lab.Key || email != a.lab.Email:
		return errUnknownKey
	case r.URL.Path == apiPrefix+"/user/tokens/verify":
		return errVerifyToken // there is no token to verify
	}
	return nil
}

// denies reports whether the token may not read a section of a zone or account.
func (a *api) denies(scope, section string) bool {
	for _, d := range a.denied {
		if d.Section == section && (d.Scope == "" || d.Scope == scope) {
			return true
		}
	}
	return false
}

// envelope is what every answer of the API is wrapped in.
type envelope struct {
	Result     any              `json:"result"`
	Success    bool             `json:"success"`
	Errors     []map[string]any `json:"errors"`
	Messages   []any            `json:"messages"`
	ResultInfo *resultInfo      `json:"result_info,omitempty"`
}

type resultInfo struct {
	Page       int `json:"page"`
	PerPage    int `json:"per_page"`
	TotalPages int `json:"total_pages"`
	Count      int `json:"count"`
	TotalCount int `json:"total_count"`
}

func writeJSON(w http.ResponseWriter, status int, e envelope) {
	if e.Errors == nil {
		e.Errors = []map[string]any{}
	}
	e.Messages = []any{}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("CF-Ray", "0000000000000000-LAB")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(e)
}

func writeError(w http.ResponseWriter, err *apiError) {
	m := map[string]any{"code": err.code, "message": err.message}
	if err.chain != nil {
		m["error_chain"] = err.chain
	}
	writeJSON(w, err.status, envelope{Errors: []map[string]any{m}})
}

// paging is how a list is cut into pages. A per_page beyond the limit is cut
// down to it, without an error; result_info tells.
type paging struct{ def, limit int }

// writeList writes the page that the request asks for. item is called for the
// entries of that page alone.
func (p paging) writeList(w http.ResponseWriter, r *http.Request, total int, item func(i int) any) {
	number := func(key string, def int) int {
		if n, err := strconv.Atoi(r.URL.Query().Get(key)); err == nil && n > 0 {
			return n
		}
		return def
	}
	page, per := number("page", 1), min(number("per_page", p.def), p.limit)
	from := min((page-1)*per, total)
	to := min(from+per, total)
	result := make([]any, 0, to-from)
	for i := from; i < to; i++ {
		result = append(result, item(i))
	}
	writeJSON(w, http.StatusOK, envelope{Result: result, Success: true, ResultInfo: &resultInfo{
		Page: page, PerPage: per, TotalPages: (total + per - 1) / per, Count: len(result), TotalCount: total}})
}

func writeItems[T any](w http.ResponseWriter, r *http.Request, p paging, items []T) {
	p.writeList(w, r, len(items), func(i int) any { return items[i] })
}

func writeResult(w http.ResponseWriter, v any) {
	writeJSON(w, http.StatusOK, envelope{Result: v, Success: true})
}
