package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeAPI is a small Cloudflare API: results by path, paged as the real one pages,
// with every request on record.
type fakeAPI struct {
	*httptest.Server
	mu       sync.Mutex
	results  map[string]any              // path to result; slices are paged
	handlers map[string]http.HandlerFunc // path to an answer of its own
	each     func(n int, w http.ResponseWriter, r *http.Request) bool
	log      []string // "METHOD path"
	queries  []string // the same with the query
	latency  time.Duration
	maxPage  int // the largest page served, 0 for what is asked for
}

// raw is a result that is written as it stands.
type raw string

const testToken = "test-token_0123456789abcdefABCDEF0123456"

func newFakeAPI(t *testing.T) *fakeAPI {
	t.Helper()
	f := &fakeAPI{results: map[string]any{}, handlers: map[string]http.HandlerFunc{}}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func (f *fakeAPI) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.log = append(f.log, r.Method+" "+r.URL.Path)
	f.queries = append(f.queries, r.Method+" "+r.URL.RequestURI())
	n := len(f.log)
	each, handler := f.each, f.handlers[r.URL.Path]
	result, known := f.results[r.URL.Path]
	f.mu.Unlock()
	if f.latency > 0 {
		time.Sleep(f.latency)
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case each != nil && each(n, w, r):
	case r.Header.Get("Authorization") != "Bearer "+testToken:
		apiFail(w, http.StatusForbidden, 9109, "Invalid access token")
	case handler != nil:
		handler(w, r)
	case !known && strings.HasSuffix(r.URL.Path, "/entrypoint"):
		apiFail(w, http.StatusNotFound, 10009, "could not find entrypoint ruleset in the phase")
	case !known:
		apiFail(w, http.StatusNotFound, 7003, "Could not route to "+r.URL.Path)
	default:
		f.page(w, r, result)
	}
}

// page writes a result, a slice in pages.
func (f *fakeAPI) page(w http.ResponseWriter, r *http.Request, result any) {
	if s, ok := result.(raw); ok {
		fmt.Fprintf(w, `{"success":true,"errors":[],"messages":[],"result":%s}`, string(s))
		return
	}
	b, err := json.Marshal(result)
	if err != nil {
		panic(err)
	}
	var items []json.RawMessage
	if json.Unmarshal(b, &items) != nil {
		fmt.Fprintf(w, `{"success":true,"errors":[],"messages":[],"result":%s}`, b)
		return
	}
	if name := r.URL.Query().Get("name"); name != "" && r.URL.Path == "/zones" {
		items = filterItems(items, "name", name)
	}
	if id := r.URL.Query().Get("account.id"); id != "" && r.URL.Path == "/zones" {
		items = filterItems(items, "account", id)
	}
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	page = max(page, 1)
	if size == 0 {
		size = 100
	}
	if f.maxPage > 0 {
		size = min(size, f.maxPage)
	}
	from := min((page-1)*size, len(items))
	to := min(from+size, len(items))
	part, _ := json.Marshal(append([]json.RawMessage{}, items[from:to]...))
	fmt.Fprintf(w, `{"success":true,"errors":[],"messages":[],"result":%s,"result_info":{"page":%d,"per_page":%d,"count":%d,"total_count":%d,"total_pages":%d}}`,
		part, page, size, to-from, len(items), (len(items)+size-1)/size)
}

func filterItems(items []json.RawMessage, key, want string) []json.RawMessage {
	var kept []json.RawMessage
	for _, it := range items {
		var m map[string]any
		_ = json.Unmarshal(it, &m)
		got := fmt.Sprint(m[key])
		if a, ok := m[key].(map[string]any); ok {
			got = fmt.Sprint(a["id"])
		}
		if got == want {
			kept = append(kept, it)
		}
	}
	return kept
}

func apiFail(w http.ResponseWriter, status, code int, message string) {
	w.WriteHeader(status)
	text, _ := json.Marshal(message)
	fmt.Fprintf(w, `{"success":false,"errors":[{"code":%d,"message":%s}],"messages":[],"result":null}`, code, text)
}

// set gives a path a result, fail an error.
func (f *fakeAPI) set(path string, result any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.results[path] = result
}

func (f *fakeAPI) fail(path string, status, code int, message string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handlers[path] = func(w http.ResponseWriter, _ *http.Request) { apiFail(w, status, code, message) }
}

// requests returns how many requests had a path with the prefix.
func (f *fakeAPI) requests(prefix string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, l := range f.log {
		if strings.HasPrefix(l, "GET "+prefix) {
			n++
		}
	}
	return n
}

// m is a JSON object.
type m = map[string]any

// zoneID is the identifier of the n-th test zone.
func zoneID(n int) string { return fmt.Sprintf("%032x", 0xa0000+n) }

const accountID = "0123456789abcdef0123456789abcdef"

// addZone adds a plain zone: every section there, nothing special in it.
func (f *fakeAPI) addZone(n int, name string, records ...m) string {
	id := zoneID(n)
	z := m{"id": id, "name": name, "status": "active", "type": "full", "paused": false, "meta": m{},
		"account": m{"id": accountID, "name": "Example Account"}, "plan": m{"legacy_id": "free", "name": "Free Website"}}
	f.mu.Lock()
	defer f.mu.Unlock()
	zones, _ := f.results["/zones"].([]m)
	f.results["/zones"] = append(zones, z)
	f.results["/zones/"+id] = z
	f.results["/ips"] = m{"ipv4_cidrs": []string{"173.245.48.0/20", "104.16.0.0/13"}, "ipv6_cidrs": []string{"2606:4700::/32"}}
	f.results["/accounts/"+accountID+"/load_balancers/pools"] = []m{}
	f.results["/accounts/"+accountID+"/alerting/v3/policies"] = []m{}
	base := "/zones/" + id
	f.results[base+"/settings"] = []m{
		{"id": "ssl", "value": "full", "modified_on": nil, "editable": true},
		{"id": "tls_client_auth", "value": "off", "modified_on": "2014-01-01T05:20:00.12345Z"},
		{"id": "always_use_https", "value": "on"},
		{"id": "minify", "value": m{"css": "off"}},
		{"id": "security_header", "value": m{"strict_transport_security": m{"enabled": false}}},
	}
	f.results[base+"/origin_tls_client_auth"] = []m{}
	f.results[base+"/origin_tls_client_auth/settings"] = m{"enabled": false}
	f.results[base+"/origin_tls_client_auth/hostnames/certificates"] = []m{}
	f.results[base+"/dns_records"] = records
	f.results[base+"/pagerules"] = []m{}
	f.results[base+"/custom_hostnames"] = []m{}
	f.results[base+"/load_balancers"] = []m{}
	f.results[base+"/workers/routes"] = []m{}
	f.results[base+"/spectrum/apps"] = []m{}
	return id
}

// setting changes one zone setting.
func (f *fakeAPI) setting(id, name, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.results["/zones/"+id+"/settings"].([]m) {
		if s["id"] == name {
			s["value"] = value
		}
	}
}

func a(name, content string, proxied bool) m {
	return m{"id": "r-" + name + content, "type": "A", "name": name, "content": content, "proxied": proxied, "meta": m{}, "modified_on": nil}
}

func cname(name, content string, proxied bool) m {
	return m{"id": "r-" + name + content, "type": "CNAME", "name": name, "content": content, "proxied": proxied, "meta": nil}
}

// options are the options that reach the fake, without the API's real limits.
func (f *fakeAPI) options() Options {
	return Options{
		Credentials: Credentials{Token: testToken},
		BaseURL:     f.URL,
		Limits:      Limits{Requests: 20000, PerSecond: 20000},
		LookupIP: func(_ context.Context, name string) ([]netip.Addr, error) {
			return nil, fmt.Errorf("no such name")
		},
	}
}
