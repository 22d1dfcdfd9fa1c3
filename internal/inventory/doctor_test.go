package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
)

// finding returns the doctor's finding of a name.
func finding(t *testing.T, list []Finding, name string) Finding {
	t.Helper()
	for _, f := range list {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no finding %q in %+v", name, list)
	return Finding{}
}

// addHealthyZone adds a zone on which every section can be tried.
func addHealthyZone(f *fakeAPI) string {
	id := f.addZone(1, "example.com", a("example.com", "203.0.113.1", true))
	f.set("/user/tokens/verify", m{"id": "t", "status": "active"})
	f.set("/accounts/"+accountID+"/cfd_tunnel", []m{})
	return id
}

func TestDoctorWell(t *testing.T) {
	f := newFakeAPI(t)
	addHealthyZone(f)
	list := Doctor(t.Context(), f.options())
	for _, name := range []string{"credentials", "api", "egress", "clock", "token", "zones", "permissions"} {
		if got := finding(t, list, name); got.Status != HealthOK {
			t.Errorf("%+v", got)
		}
	}
	if got := finding(t, list, "dns"); got.Status != HealthSkip {
		t.Errorf("%+v", got)
	}
	if got := finding(t, list, "egress"); !strings.Contains(got.Detail, "127.0.0.1") {
		t.Errorf("%+v", got)
	}
	for _, p := range Permissions() {
		if got := finding(t, list, "permission: "+p.Name); got.Status != HealthOK || !strings.Contains(got.Detail, p.Why) {
			t.Errorf("%+v", got)
		}
	}
	finding(t, list, "ipv6") // whatever this machine has
	if n := f.requests("/"); n > 25 {
		t.Errorf("%d requests", n)
	}
}

func TestDoctorPermissions(t *testing.T) {
	for path, want := range map[string]string{
		"settings": permSettings, "dns_records": permDNS, "pagerules": permPageRules, "origin_tls_client_auth/settings": permSSL, "custom_hostnames": permSSL,
		"rulesets/phases/http_config_settings/entrypoint": permConfigRules, "rulesets/phases/http_request_origin/entrypoint": permOriginRules,
		"load_balancers": permLoadBalancers, "workers/routes": permWorkers,
		"accounts:load_balancers/pools": permPools, "accounts:cfd_tunnel": permTunnels, "accounts:alerting/v3/policies": permNotifications,
	} {
		f := newFakeAPI(t)
		id := addHealthyZone(f)
		if rest, ok := strings.CutPrefix(path, "accounts:"); ok {
			f.fail("/accounts/"+accountID+"/"+rest, 403, 10000, "Authentication error")
		} else {
			f.fail("/zones/"+id+"/"+path, 403, 10000, "Authentication error")
		}
		if path == "settings" {
			for _, s := range []string{"ssl", "tls_client_auth", "always_use_https"} {
				f.fail("/zones/"+id+"/settings/"+s, 403, 10000, "Authentication error")
			}
		}
		list := Doctor(t.Context(), f.options())
		optional := slices.ContainsFunc(Permissions(), func(p Permission) bool { return p.Name == want && p.Optional })
		status := HealthFail
		if optional {
			status = HealthWarn
		}
		for _, p := range Permissions() {
			got := finding(t, list, "permission: "+p.Name)
			if p.Name == want && (got.Status != status || !strings.Contains(got.Detail, "code 10000")) || p.Name != want && got.Status != HealthOK {
				t.Errorf("%s: %+v", path, got)
			}
		}
		if got := finding(t, list, "permissions"); got.Status != HealthWarn || !strings.Contains(got.Detail, want) || !strings.Contains(got.Hint, "https://dash.cloudflare.com/") {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

func TestDoctorToken(t *testing.T) {
	soon := time.Now().Add(5 * 24 * time.Hour).UTC().Format(time.RFC3339)
	for name, c := range map[string]struct {
		result any
		want   Health
		text   string
	}{
		"disabled":    {m{"status": "disabled"}, HealthFail, "the token is disabled"},
		"ends soon":   {m{"status": "active", "expires_on": soon}, HealthWarn, "ends on"},
		"ends later":  {m{"status": "active", "expires_on": "2099-01-01T00:00:00Z"}, HealthOK, "active"},
		"no such API": {nil, HealthWarn, "does not verify"},
	} {
		f := newFakeAPI(t)
		addHealthyZone(f)
		delete(f.results, "/user/tokens/verify")
		if c.result != nil {
			f.set("/user/tokens/verify", c.result)
		}
		if got := finding(t, Doctor(t.Context(), f.options()), "token"); got.Status != c.want || !strings.Contains(got.Detail, c.text) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// A token that belongs to an account.
	f := newFakeAPI(t)
	addHealthyZone(f)
	delete(f.results, "/user/tokens/verify")
	f.set("/accounts/"+accountID+"/tokens/verify", m{"status": "active"})
	o := f.options()
	o.Accounts = []string{accountID}
	if got := finding(t, Doctor(t.Context(), o), "token"); got.Status != HealthOK {
		t.Errorf("%+v", got)
	}
}

func TestDoctorClock(t *testing.T) {
	for shift, want := range map[time.Duration]Health{0: HealthOK, 2 * time.Minute: HealthWarn, -2 * time.Minute: HealthWarn, 2 * time.Hour: HealthFail, -2 * time.Hour: HealthFail} {
		f := newFakeAPI(t)
		addHealthyZone(f)
		f.each = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Date", time.Now().Add(shift).UTC().Format(http.TimeFormat))
			return false
		}
		got := finding(t, Doctor(t.Context(), f.options()), "clock")
		if got.Status != want || shift > 0 && !strings.Contains(got.Detail, "behind the API") || shift < 0 && !strings.Contains(got.Detail, "ahead of the API") {
			t.Errorf("%v: %+v", shift, got)
		}
	}
}

func TestDoctorIll(t *testing.T) {
	if list := Doctor(t.Context(), Options{}); len(list) != 1 || list[0].Status != HealthFail || list[0].Hint == "" {
		t.Errorf("no credentials: %+v", list)
	}
	f := newFakeAPI(t)
	addHealthyZone(f)
	o := f.options()
	o.Credentials.Token = "another-token"
	list := Doctor(t.Context(), o)
	if got := finding(t, list, "zones"); got.Status != HealthFail {
		t.Errorf("%+v", got)
	}
	if got := finding(t, list, "permissions"); got.Status != HealthSkip || !strings.Contains(got.Hint, "dash.cloudflare.com") {
		t.Errorf("%+v", got)
	}
	o = f.options()
	o.Zones = []string{"nope.example"}
	if got := finding(t, Doctor(t.Context(), o), "zones"); got.Status != HealthFail || !strings.Contains(got.Detail, "nope.example") {
		t.Errorf("%+v", got)
	}
	// An API that is not there, under a name that does not resolve.
	o = f.options()
	f.Close()
	o.Sleep = func(context.Context, time.Duration) error { return nil }
	if got := finding(t, Doctor(t.Context(), o), "api"); got.Status != HealthFail || got.Hint == "" {
		t.Errorf("%+v", got)
	}
	o.BaseURL = "https://api.invalid/client/v4"
	o.Transport = roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") })
	if got := finding(t, Doctor(t.Context(), o), "dns"); got.Status != HealthFail || !strings.Contains(got.Detail, "api.invalid") {
		t.Errorf("%+v", got)
	}
	// A key instead of a token.
	f = newFakeAPI(t)
	addHealthyZone(f)
	f.each = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		r.Header.Set("Authorization", "Bearer "+testToken)
		return false
	}
	o = f.options()
	o.Credentials = Credentials{Key: "key", Email: "who@example.com"}
	if got := finding(t, Doctor(t.Context(), o), "credentials"); got.Status != HealthWarn {
		t.Errorf("%+v", got)
	}
}

func TestTokenLink(t *testing.T) {
	link, byHand := TokenLink()
	u, err := url.Parse(link)
	if err != nil || u.Host != "dash.cloudflare.com" || u.Path != "/profile/api-tokens" {
		t.Fatalf("%s: %v", link, err)
	}
	q := u.Query()
	var groups []struct{ Key, Type string }
	if err := json.Unmarshal([]byte(q.Get("permissionGroupKeys")), &groups); err != nil {
		t.Fatal(err)
	}
	if q.Get("accountId") != "*" || q.Get("zoneId") != "all" || q.Get("name") != "aopscan" || len(groups)+len(byHand) != len(Permissions()) {
		t.Errorf("%s", link)
	}
	for _, g := range groups {
		if g.Key == "" || g.Type != "read" {
			t.Errorf("%+v is not read-only", g)
		}
	}
	if strings.Contains(link, "+") {
		t.Errorf("a space would be read as a plus: %s", link)
	}
}

func TestPlanCost(t *testing.T) {
	f := newFakeAPI(t)
	for i := range 30 {
		name := fmt.Sprintf("zone%03d.example", i)
		records := []m{a(name, "203.0.113.1", true), a("www."+name, "203.0.113.2", true), cname("cdn."+name, "o.example.net", true), a("mail."+name, "203.0.113.3", false)}
		if i%3 == 0 {
			records = []m{a("mail."+name, "203.0.113.3", false)}
		}
		if i == 1 {
			records = append(records, a("w."+name, "192.0.2.1", true)) // its Workers routes are read too
		}
		f.addZone(i, name, records...)
	}
	cost, ev, err := PlanCost(t.Context(), f.options())
	if err != nil {
		t.Fatal(err)
	}
	if cost.Zones != 30 || cost.Accounts != 1 || cost.Hostnames != 60 || cost.Origins != 60 || cost.Waiting != 0 {
		t.Errorf("%+v", cost)
	}
	if cost.Spent != 31 || f.requests("/") != 31 {
		t.Errorf("spent %d, sent %d", cost.Spent, f.requests("/"))
	}
	if len(ev.Zones) != 30 || ev.Zones[2].Hostnames[0].Name != "cdn.zone002.example" {
		t.Errorf("%+v", ev.Zones[2].Hostnames)
	}
	f.log = nil
	collect(t, f.options())
	if n := f.requests("/"); n != cost.Requests {
		t.Errorf("said %d requests, took %d", cost.Requests, n)
	}
	// Too many zones to ask before being asked to.
	o := f.options()
	o.Limits.Requests = 100
	if cost, _, err = PlanCost(t.Context(), o); err != nil || cost.Hostnames != -1 || cost.Origins != -1 || cost.Spent != 1 {
		t.Errorf("%+v, %v", cost, err)
	}
	if want := 10 * time.Minute; cost.Waiting != want { // about 275 requests, 99 of them now
		t.Errorf("waiting %v, want %v: %+v", cost.Waiting, want, cost)
	}
	o = f.options()
	o.Zones = []string{"nope.example"}
	var unknown *UnknownZoneError
	if _, _, err = PlanCost(t.Context(), o); !errors.As(err, &unknown) {
		t.Errorf("%v", err)
	}
}

func TestExpectedRequestsOfManyRecords(t *testing.T) {
	ev := &evidence.Evidence{Zones: []evidence.Zone{{DNS: evidence.DNS{Section: readSection, Records: make([]evidence.DNSRecord, 2500)}}}}
	if got := expectedRequests(ev); got != requestsPerScan+requestsPerZone+2 {
		t.Errorf("%d", got)
	}
}
