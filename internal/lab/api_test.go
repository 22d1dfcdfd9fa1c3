package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// start starts a lab that ends with the test.
func start(t *testing.T, o Options) *Lab {
	t.Helper()
	l, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// reply is an answer of the API, decoded.
type reply struct {
	status  int
	header  http.Header
	Success bool
	Errors  []struct {
		Code    int
		Message string
		Chain   []struct{ Code int } `json:"error_chain"`
	}
	Result json.RawMessage
	Info   *resultInfo `json:"result_info"`
}

// get asks the API with the lab's token.
func get(t *testing.T, l *Lab, path string) reply {
	t.Helper()
	return ask(t, l, http.MethodGet, path, map[string]string{"Authorization": "Bearer " + l.Token})
}

func ask(t *testing.T, l *Lab, method, path string, header map[string]string) reply {
	t.Helper()
	req, err := http.NewRequest(method, l.APIURL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := testClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{status: res.StatusCode, header: res.Header}
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatalf("%s %s: %v in %q", method, path, err, body)
	}
	return r
}

// testClient keeps no connection open, so that no test sees another's.
var testClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}

func (r reply) check(t *testing.T, what string, status, code int) {
	t.Helper()
	if r.status != status {
		t.Errorf("%s: status %d, want %d", what, r.status, status)
	}
	got := 0
	if len(r.Errors) > 0 {
		got = r.Errors[0].Code
	}
	if got != code {
		t.Errorf("%s: error code %d, want %d", what, got, code)
	}
	if r.Success != (code == 0) {
		t.Errorf("%s: success is %t with error code %d", what, r.Success, code)
	}
}

// items decodes a list.
func (r reply) items(t *testing.T) []map[string]any {
	t.Helper()
	var out []map[string]any
	if err := json.Unmarshal(r.Result, &out); err != nil {
		t.Fatalf("%v in %s", err, r.Result)
	}
	return out
}

func (r reply) object(t *testing.T) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(r.Result, &out); err != nil {
		t.Fatalf("%v in %s", err, r.Result)
	}
	return out
}

func TestAuthentication(t *testing.T) {
	l := start(t, Options{})
	wrong := "Bearer " + strings.Repeat("x", 40)
	for _, c := range []struct {
		name, path   string
		header       map[string]string
		status, code int
	}{
		{"token", "/zones", map[string]string{"Authorization": "Bearer " + l.Token}, 200, 0},
		{"key and address", "/zones", map[string]string{"X-Auth-Key": l.Key, "X-Auth-Email": l.Email}, 200, 0},
		{"nothing", "/zones", nil, 400, 9106},
		{"key alone", "/zones", map[string]string{"X-Auth-Key": l.Key}, 400, 9106},
		{"wrong token on the list", "/zones", map[string]string{"Authorization": wrong}, 403, 9109},
		{"wrong token on a zone", "/zones/" + ZoneID("bare.example") + "/dns_records", map[string]string{"Authorization": wrong}, 403, 10000},
		{"wrong token, verified", "/user/tokens/verify", map[string]string{"Authorization": wrong}, 401, 1000},
		{"malformed header", "/zones", map[string]string{"Authorization": "Bearer tooshort"}, 400, 6003},
		{"malformed key", "/zones", map[string]string{"X-Auth-Key": "no", "X-Auth-Email": l.Email}, 400, 6003},
		{"unknown key", "/zones", map[string]string{"X-Auth-Key": strings.Repeat("a", 37), "X-Auth-Email": l.Email}, 403, 9103},
		{"address ranges are public", "/ips", nil, 200, 0},
	} {
		r := ask(t, l, http.MethodGet, c.path, c.header)
		r.check(t, c.name, c.status, c.code)
		if c.code == 6003 && (len(r.Errors[0].Chain) != 1 || r.Errors[0].Chain[0].Code == 0) {
			t.Errorf("%s: no error chain", c.name)
		}
	}
	if got := get(t, l, "/user/tokens/verify").object(t)["status"]; got != "active" {
		t.Errorf("verified token is %v", got)
	}
}

func TestOnlyGET(t *testing.T) {
	l := start(t, Options{})
	for _, m := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		ask(t, l, m, "/zones/"+ZoneID("bare.example")+"/settings/ssl", map[string]string{"Authorization": "Bearer " + l.Token}).check(t, m, 405, 7001)
	}
	if n := l.WritesRefused(); n != 4 {
		t.Errorf("counted %d writes, want 4", n)
	}
	log := l.Requests()
	if len(log) != 4 || log[0] != (Request{Method: "POST", Path: "/zones/" + ZoneID("bare.example") + "/settings/ssl", Status: 405}) {
		t.Errorf("request log: %+v", log)
	}
}

func TestAbsent(t *testing.T) {
	l := start(t, Options{})
	bare := "/zones/" + ZoneID("bare.example")
	for path, want := range map[string][2]int{
		"/zones/bare.example":                      {404, 7003}, // a name is no identifier
		"/zones/" + strings.Repeat("0", 32):        {400, 1001},
		"/nonsense":                                {404, 7003},
		"/railguns":                                {404, 7003},
		bare + "/nonsense":                         {404, 7003},
		bare + "/settings/nonsense":                {400, 1006},
		bare + "/custom_hostnames/fallback_origin": {404, 1551},
		bare + "/rulesets/phases/http_config_settings/entrypoint":        {404, 10003},
		bare + "/origin_tls_client_auth/" + objectUUID("x", "y"):         {404, 1404},
		bare + "/origin_tls_client_auth/hostnames/www.bare.example":      {404, 1405},
		"/accounts/" + strings.Repeat("0", 32) + "/load_balancers/pools": {403, 10000},
		"/accounts/nonsense/load_balancers/pools":                        {404, 7003},
	} {
		get(t, l, path).check(t, path, want[0], want[1])
	}
	// The empty lists of a plain zone are answers, not errors.
	for _, path := range []string{"/origin_tls_client_auth", "/origin_tls_client_auth/hostnames/certificates", "/pagerules", "/load_balancers", "/custom_hostnames", "/workers/routes", "/spectrum/apps"} {
		if r := get(t, l, bare+path); r.status != 200 || string(r.Result) != "[]" {
			t.Errorf("%s: %d %s, want an empty list", path, r.status, r.Result)
		}
	}
}

func TestPaging(t *testing.T) {
	l := start(t, Options{PlainZones: 120, RecordsPerZone: 250})
	total := 120 + len(l.Zones)
	// per_page is cut down to 50, and result_info says so.
	seen := map[string]bool{}
	for page := 1; ; page++ {
		r := get(t, l, fmt.Sprintf("/zones?page=%d&per_page=500", page))
		if r.Info == nil || r.Info.PerPage != 50 || r.Info.TotalCount != total || r.Info.TotalPages != (total+49)/50 || r.Info.Page != page {
			t.Fatalf("result_info on page %d: %+v", page, r.Info)
		}
		items := r.items(t)
		if len(items) != r.Info.Count {
			t.Errorf("page %d: %d entries, count says %d", page, len(items), r.Info.Count)
		}
		for _, z := range items {
			if seen[z["id"].(string)] {
				t.Errorf("zone %v twice", z["name"])
			}
			seen[z["id"].(string)] = true
		}
		if page >= r.Info.TotalPages {
			break
		}
	}
	if len(seen) != total {
		t.Errorf("saw %d zones, want %d", len(seen), total)
	}
	if r := get(t, l, "/zones"); r.Info.PerPage != 20 || len(r.items(t)) != 20 {
		t.Errorf("default page of zones: %+v", r.Info)
	}
	if r := get(t, l, "/zones?page=99"); len(r.items(t)) != 0 || r.Info.TotalCount != total {
		t.Errorf("a page beyond the last: %+v", r.Info)
	}
	// Filters.
	if z := get(t, l, "/zones?name=harbor.example").items(t); len(z) != 1 || z[0]["name"] != "harbor.example" {
		t.Errorf("zones by name: %v", z)
	}
	if z := get(t, l, "/zones?name=nowhere.example").items(t); len(z) != 0 {
		t.Errorf("zones by an unknown name: %v", z)
	}
	if z := get(t, l, "/zones?account.id="+AccountID("Side Street")).items(t); len(z) != 2 {
		t.Errorf("%d zones of an account, want 2", len(z))
	}
	// Records of a generated zone.
	id := ZoneID("plain-00007.example")
	r := get(t, l, "/zones/"+id+"/dns_records?page=3&per_page=100")
	if items := r.items(t); len(items) != 50 || items[49]["name"] != "h249.plain-00007.example" || r.Info.TotalCount != 250 {
		t.Errorf("last page of records: %d, %+v", len(items), r.Info)
	}
}

func TestZoneContent(t *testing.T) {
	l := start(t, Options{})
	zone := func(name, path string) reply { return get(t, l, "/zones/"+ZoneID(name)+path) }

	settings := map[string]any{}
	for _, s := range zone("keystone.example", "/settings").items(t) {
		settings[s["id"].(string)] = s["value"]
	}
	if settings["ssl"] != "origin_pull" || settings["tls_client_auth"] != "off" || settings["always_use_https"] != "on" {
		t.Errorf("settings: %v", settings)
	}
	if s := zone("lagoon.example", "/settings/tls_client_auth").object(t); s["value"] != "on" {
		t.Errorf("tls_client_auth: %v", s)
	}
	if s := zone("harbor.example", "/origin_tls_client_auth/settings").object(t); s["enabled"] != true {
		t.Errorf("zone AOP: %v", s)
	}
	certs := zone("summit.example", "/origin_tls_client_auth").items(t)
	if len(certs) != 2 || certs[0]["status"] != "active" || !strings.HasPrefix(certs[0]["expires_on"].(string), "2024-02-01") {
		t.Errorf("zone certificates: %v", certs)
	}
	if c := zone("summit.example", "/origin_tls_client_auth/"+CertificateID("summit")); c.status != 200 {
		t.Errorf("one zone certificate: %d", c.status)
	}
	if got := len(zone("orchard.example", "/origin_tls_client_auth/hostnames/certificates").items(t)); got != 5 {
		t.Errorf("%d hostname certificates, want 5", got)
	}
	for host, want := range map[string]any{"www": true, "pay": false, "blog": nil} {
		a := zone("orchard.example", "/origin_tls_client_auth/hostnames/"+host+".orchard.example").object(t)
		if got, ok := a["enabled"]; !ok || got != want {
			t.Errorf("association of %s: %v, %t", host, got, ok)
		}
		if _, ok := a["cert_id"]; !ok {
			t.Errorf("association of %s names no certificate", host)
		}
	}
	zone("fog.example", "/origin_tls_client_auth/settings").check(t, "denied section", 403, 10000)
	zone("fog.example", "/dns_records").check(t, "its neighbour", 200, 0)

	// Origin Rules carry the ports that DNS cannot.
	at, _ := l.Address("harbor-www")
	rules := zone("harbor.example", "/rulesets/phases/http_request_origin/entrypoint").object(t)["rules"].([]any)
	var ports []string
	for _, r := range rules {
		ports = append(ports, fmt.Sprint(r.(map[string]any)["action_parameters"].(map[string]any)["origin"].(map[string]any)["port"]))
	}
	if want := strconv.Itoa(int(at.Port())); len(ports) == 0 || ports[0] != want {
		t.Errorf("ports of the Origin Rules: %v, want %s", ports, want)
	}
	pools := get(t, l, "/accounts/"+AccountID("Lantern Works")+"/load_balancers/pools").items(t)
	if n := len(pools[0]["origins"].([]any)); n != 2 {
		t.Errorf("%d origins in the pool, want 2", n)
	}
	lbs := zone("summit.example", "/load_balancers").items(t)
	if len(lbs) != 1 || lbs[0]["name"] != "www.summit.example" || lbs[0]["fallback_pool"] != pools[0]["id"] {
		t.Errorf("load balancers: %v", lbs)
	}
	for _, rec := range zone("harbor.example", "/dns_records?per_page=1000").items(t) {
		if strings.Contains(rec["content"].(string), "{") {
			t.Errorf("an address was not filled in: %v", rec["content"])
		}
	}
}

func TestFaults(t *testing.T) {
	t.Run("429", func(t *testing.T) {
		l := start(t, Options{Faults: Faults{TooManyEvery: 2, RetryAfter: 1500 * time.Millisecond}})
		get(t, l, "/zones").check(t, "first", 200, 0)
		r := get(t, l, "/zones")
		r.check(t, "second", 429, 971)
		if got := r.header.Get("Retry-After"); got != "2" {
			t.Errorf("Retry-After %q, want 2: whole seconds, rounded up", got)
		}
	})
	t.Run("429 with a date", func(t *testing.T) {
		l := start(t, Options{Faults: Faults{TooManyEvery: 1, RetryAfterDate: true}})
		at, err := http.ParseTime(get(t, l, "/zones").header.Get("Retry-After"))
		if err != nil || time.Until(at) <= 0 {
			t.Errorf("Retry-After: %v, %v", at, err)
		}
	})
	t.Run("quota", func(t *testing.T) {
		l := start(t, Options{Faults: Faults{Quota: 2, QuotaWindow: time.Hour}})
		r := get(t, l, "/zones")
		if got := r.header.Get("Ratelimit"); !strings.HasPrefix(got, `"default";r=1;t=`) {
			t.Errorf("Ratelimit %q", got)
		}
		get(t, l, "/zones").check(t, "within", 200, 0)
		get(t, l, "/zones").check(t, "beyond", 429, 971)
	})
	t.Run("500, HTML, intercept, denied", func(t *testing.T) {
		l := start(t, Options{Faults: Faults{ServerErrorEvery: 2, Denied: []Denial{{Scope: "bare.example", Section: SectionDNS}},
			Intercept: func(method, path string) *Answer {
				if path == "/ips" {
					return &Answer{Status: 200, Body: `{"success":false,"errors":[],"result":null}`}
				}
				return nil
			}}})
		if r := get(t, l, "/ips"); r.status != 200 || r.Success {
			t.Errorf("intercepted: %d %t", r.status, r.Success)
		}
		get(t, l, "/zones").check(t, "second", 500, 10013)
		get(t, l, "/zones/"+ZoneID("bare.example")+"/dns_records").check(t, "denied", 403, 10000)
	})
	t.Run("HTML", func(t *testing.T) {
		l := start(t, Options{Faults: Faults{HTMLEvery: 1}})
		res, err := testClient.Get(l.APIURL + "/ips")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != 502 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%d %s", res.StatusCode, res.Header.Get("Content-Type"))
		}
	})
	t.Run("reset", func(t *testing.T) {
		l := start(t, Options{Faults: Faults{ResetEvery: 1}})
		if res, err := testClient.Get(l.APIURL + "/ips"); err == nil {
			res.Body.Close()
			t.Error("answered")
		}
	})
	t.Run("truncated", func(t *testing.T) {
		l := start(t, Options{Faults: Faults{TruncateEvery: 1}})
		res, err := testClient.Get(l.APIURL + "/ips")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if _, err := io.ReadAll(res.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("reading: %v", err)
		}
	})
	t.Run("latency", func(t *testing.T) {
		l := start(t, Options{Faults: Faults{Latency: 30 * time.Millisecond}})
		begin := time.Now()
		get(t, l, "/zones")
		if d := time.Since(begin); d < 30*time.Millisecond {
			t.Errorf("answered after %s", d)
		}
	})
}

func TestSeedRepeats(t *testing.T) {
	clock := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	a := start(t, Options{Seed: []byte("s"), Clock: clock})
	b := start(t, Options{Seed: []byte("s"), Clock: clock.Add(300 * time.Millisecond)}) // within the same second
	c := start(t, Options{Clock: clock})
	if a.Token != b.Token || string(a.ClientCertPEM) != string(b.ClientCertPEM) {
		t.Error("the same seed and clock gave another token or certificate")
	}
	if a.Token == c.Token || string(a.ClientKeyPEM) == string(c.ClientKeyPEM) {
		t.Error("without a seed the token or key is the same")
	}
	cert := get(t, a, "/zones/"+ZoneID("harbor.example")+"/origin_tls_client_auth").items(t)[0]
	if got, want := cert["expires_on"], clock.Add(300*day).Format(time.RFC3339); got != want {
		t.Errorf("expires on %v, want %s: relative to the lab's clock", got, want)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 3 {
		l, err := Start(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		// Connections that are open when the lab ends.
		client := &http.Client{Transport: &http.Transport{}}
		res, err := client.Get(l.APIURL + "/ips")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		l.Close()
		l.Close() // once more is nothing
		client.CloseIdleConnections()
		if _, err := testClient.Get(l.APIURL + "/ips"); err == nil {
			t.Error("the API answers after Close")
		}
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
		}
		runtime.Gosched()
	}
}

func TestWorldErrors(t *testing.T) {
	for name, w := range map[string]World{
		"account": {Zones: []Zone{{Name: "a.example", Account: "nobody"}}},
		"origin":  {Accounts: []Account{{Name: "x"}}, Zones: []Zone{{Name: "a.example", Account: "x", Hosts: []Host{{Name: "www", Origin: "none"}}}}},
		"CA":      {Certs: []Cert{{Name: "c", CA: "none"}}},
		"posture": {Origins: []Origin{{Name: "o", Number: "1.1", Posture: "odd", Trusts: "ca"}}, CAs: []CA{{Name: "ca"}}},
	} {
		if l, err := Start(t.Context(), Options{World: &w}); err == nil {
			l.Close()
			t.Errorf("%s: a world that does not hold together was started", name)
		}
	}
}
