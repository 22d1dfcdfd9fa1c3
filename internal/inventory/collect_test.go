package inventory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
)

func collect(t *testing.T, o Options) *evidence.Evidence {
	t.Helper()
	ev, err := Collect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func TestCollectPlainZone(t *testing.T) {
	f := newFakeAPI(t)
	id := f.addZone(1, "example.com", a("example.com", "203.0.113.10", true), a("mail.example.com", "203.0.113.11", false))
	f.setting(id, "tls_client_auth", "on")
	ev := collect(t, f.options())
	if len(ev.Zones) != 1 || len(ev.Zones[0].Hostnames) != 2 {
		t.Fatalf("zones %+v", ev.Zones)
	}
	h := ev.Zones[0].Hostnames[0]
	if h.Name != "example.com" || h.Proxied != evidence.TriTrue || h.SSLMode.Value != "full" || h.Certificate.Source != evidence.CertificateGlobal {
		t.Errorf("apex: %+v", h)
	}
	if len(h.Origins) != 1 || h.Origins[0].Address != "203.0.113.10" || h.Origins[0].Port != 443 || h.Origins[0].SNI != "example.com" {
		t.Errorf("apex origins: %+v", h.Origins)
	}
	if h := ev.Zones[0].Hostnames[1]; h.Proxied != evidence.TriFalse || h.Certificate.Source != evidence.CertificateNone || len(h.Origins) != 0 {
		t.Errorf("mail: %+v", h)
	}
	if ev.EdgeRanges.Source != "api" || len(ev.EdgeRanges.CIDRs) != 3 || len(ev.Accounts) != 1 || ev.Accounts[0].Name != "Example Account" {
		t.Errorf("edge %+v, accounts %+v", ev.EdgeRanges, ev.Accounts)
	}
	if ev.Scope.APIURL != f.URL || ev.SchemaVersion != evidence.SchemaVersion || ev.CollectedAt.Before(ev.StartedAt) {
		t.Errorf("head %+v", ev)
	}
}

// TestEconomy is the promise of docs/inventory.md: a hundred plain zones at 50 ms
// cost at most nine requests each, in one burst, without a write.
func TestEconomy(t *testing.T) {
	f := newFakeAPI(t)
	for i := range 100 {
		f.addZone(i, fmt.Sprintf("zone%03d.example", i), a(fmt.Sprintf("zone%03d.example", i), "203.0.113.10", true))
	}
	f.latency = 50 * time.Millisecond
	o := f.options()
	o.Limits = Limits{} // as they are without options
	start := time.Now()
	ev := collect(t, o)
	took := time.Since(start)
	if len(ev.Zones) != 100 {
		t.Fatalf("%d zones", len(ev.Zones))
	}
	perZone := 0
	for i := range 100 {
		n := f.requests("/zones/" + zoneID(i))
		perZone = max(perZone, n)
	}
	total := f.requests("/")
	t.Logf("%d requests (at most %d a zone) in %v", total, perZone, took)
	if perZone > 9 {
		t.Errorf("%d requests for one zone", perZone)
	}
	if total > 9*100+10 {
		t.Errorf("%d requests in all", total)
	}
	if took > 30*time.Second {
		t.Errorf("took %v", took)
	}
	for _, l := range f.log {
		if !strings.HasPrefix(l, "GET ") {
			t.Errorf("a write: %s", l)
		}
	}
	for _, z := range ev.Zones {
		for name, s := range sections(&z) {
			if s.State != evidence.SectionRead && s.State != evidence.SectionAbsent && s.State != evidence.SectionUnread {
				t.Fatalf("%s of %s: %+v", name, z.Name, s)
			}
		}
	}
}

// TestSettingsFallback: without the deprecated list of all settings, those on which
// something hangs are read alone, and only the first zone pays for finding out.
func TestSettingsFallback(t *testing.T) {
	pem := newCert(t, "zone", false, time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		status     int
		ssl, https string // always_use_https is not asked for where https is ""
		zoneLevel  bool   // on, with an active certificate: tls_client_auth is not asked for
		rule       bool   // a Page Rule, to which the scheme may matter
		paused     bool
		requests   int
	}{
		"400":                    {status: 400, ssl: "strict", https: "off", requests: 11},
		"404":                    {status: 404, ssl: "strict", https: "off", requests: 11},
		"405":                    {status: 405, ssl: "full", https: "on", requests: 11},
		"410":                    {status: 410, ssl: "full", https: "on", requests: 11},
		"zone level":             {status: 410, ssl: "strict", https: "off", zoneLevel: true, requests: 10},
		"all pulled over TLS":    {status: 410, ssl: "origin_pull", zoneLevel: true, requests: 9},
		"nothing pulled over it": {status: 410, ssl: "flexible", requests: 10},
		"a rule":                 {status: 410, ssl: "flexible", https: "on", rule: true, requests: 11},
		"paused":                 {status: 410, ssl: "strict", paused: true, requests: 10},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeAPI(t)
			for i := range 20 {
				id := f.addZone(i, fmt.Sprintf("zone%03d.example", i), a(fmt.Sprintf("zone%03d.example", i), "203.0.113.10", true))
				f.fail("/zones/"+id+"/settings", c.status, 1, "no longer")
				f.set("/zones/"+id+"/settings/ssl", m{"id": "ssl", "value": c.ssl, "modified_on": nil})
				f.results["/zones"].([]m)[i]["paused"] = c.paused
				if c.https != "" {
					f.set("/zones/"+id+"/settings/always_use_https", m{"id": "always_use_https", "value": c.https})
				}
				if c.zoneLevel {
					f.set("/zones/"+id+"/origin_tls_client_auth/settings", m{"enabled": true})
					f.set("/zones/"+id+"/origin_tls_client_auth", []m{{"id": "zc", "certificate": pem, "status": "active", "uploaded_on": "2026-01-01T00:00:00Z"}})
				} else {
					f.set("/zones/"+id+"/settings/tls_client_auth", m{"id": "tls_client_auth", "value": "on"})
				}
				if c.rule {
					f.set("/zones/"+id+"/pagerules", []m{{"id": "p", "status": "active", "targets": []m{{"constraint": m{"value": "http://x.example/*"}}}}})
				}
			}
			ev := collect(t, f.options())
			asked, most := 0, 0
			for _, l := range f.log {
				if strings.HasSuffix(l, "/settings") && !strings.HasSuffix(l, "origin_tls_client_auth/settings") {
					asked++
				}
			}
			for i := range 20 {
				most = max(most, f.requests("/zones/"+zoneID(i)))
			}
			if asked != 1 || most != c.requests+1 { // the first zone pays
				t.Errorf("asked for the list %d times, %d requests for one zone", asked, most)
			}
			if total := f.requests("/zones/"); total != 20*c.requests+1 {
				t.Errorf("%d requests for 20 zones", total)
			}
			global := "on"
			source := evidence.CertificateGlobal
			if c.zoneLevel {
				global, source = "", evidence.CertificateZone
			}
			for _, z := range ev.Zones {
				if s := z.Settings; s.State != evidence.SectionRead || s.SSL != c.ssl || s.TLSClientAuth != global || s.AlwaysUseHTTPS != c.https || len(s.Unread) != 0 {
					t.Fatalf("%+v", s)
				}
				if h := z.Hostnames[0]; h.Certificate.Source != source && h.Certificate.Configured != source || len(h.SSLMode.Gaps)+len(h.Certificate.Gaps) > 0 {
					t.Fatalf("%+v", h)
				}
			}
		})
	}
}

func TestSettingsPartly(t *testing.T) {
	f := newFakeAPI(t)
	id := f.addZone(1, "example.com", a("example.com", "203.0.113.10", true))
	f.set("/zones/"+id+"/settings", []m{{"id": "ssl", "value": "full"}, {"id": "always_use_https", "value": nil}})
	f.fail("/zones/"+id+"/settings/tls_client_auth", 403, 9109, "Unauthorized")
	f.set("/zones/"+id+"/settings/always_use_https", m{"id": "always_use_https", "value": m{"odd": true}})
	s := collect(t, f.options()).Zones[0].Settings
	if s.State != evidence.SectionRead || s.SSL != "full" || s.TLSClientAuth != "" || s.Setting("tls_client_auth").State != evidence.SectionDenied ||
		s.Setting("always_use_https").State != evidence.SectionFailed || s.Setting("ssl").State != evidence.SectionRead {
		t.Errorf("%+v", s)
	}
	// Denied altogether: two requests, one section.
	f = newFakeAPI(t)
	id = f.addZone(1, "example.com", a("example.com", "203.0.113.10", true))
	for _, p := range []string{"", "/ssl", "/tls_client_auth", "/always_use_https"} {
		f.fail("/zones/"+id+"/settings"+p, 403, 9109, "Unauthorized to access requested resource")
	}
	ev := collect(t, f.options())
	if s := ev.Zones[0].Settings; s.State != evidence.SectionDenied || s.Permission != permSettings || s.HTTPStatus != 403 || s.Code != 9109 {
		t.Errorf("%+v", s)
	}
	if n := f.requests("/zones/" + id + "/settings"); n != 2 {
		t.Errorf("%d requests", n)
	}
	if h := ev.Zones[0].Hostnames[0]; h.SSLMode.Value != "" || h.Certificate.Source != evidence.CertificateUnknown || h.Certificate.Gaps[0].Permission != permSettings {
		t.Errorf("%+v", h)
	}
}

func TestRateLimited(t *testing.T) {
	want, _ := json.Marshal(judged(collect(t, rateLimitedAPI(t, false).options())))
	f := rateLimitedAPI(t, true)
	clock := newFakeClock()
	o := f.options()
	o.Now, o.Sleep = clock.now, clock.sleep
	got, _ := json.Marshal(judged(collect(t, o)))
	if !bytes.Equal(got, want) {
		t.Errorf("other results:\n%s\n%s", got, want)
	}
	_, waits := clock.longest(2 * time.Second)
	limited := f.requests("/") / 10
	if waits != limited || limited < 20 {
		t.Errorf("%d waits of at least 2 s for %d answers of 429", waits, limited)
	}
}

// judged is the part of evidence that does not change with time.
func judged(ev *evidence.Evidence) any { return []any{ev.Zones, ev.Accounts, ev.Problems} }

func rateLimitedAPI(t *testing.T, limited bool) *fakeAPI {
	f := newFakeAPI(t)
	for i := range 30 {
		id := f.addZone(i, fmt.Sprintf("zone%03d.example", i), a(fmt.Sprintf("zone%03d.example", i), "203.0.113.10", true))
		f.setting(id, "tls_client_auth", []string{"on", "off"}[i%2])
	}
	if limited {
		f.each = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n%10 == 0 {
				w.Header().Set("Retry-After", "2")
				apiFail(w, 429, 10013, "rate limited")
				return true
			}
			return false
		}
	}
	return f
}

// sections are the sections of a zone by name.
func sections(z *evidence.Zone) map[string]evidence.Section {
	return map[string]evidence.Section{
		"settings": z.Settings.Section, "aop setting": z.AOP.SettingSection, "aop certificates": z.AOP.CertificatesSection,
		"hostname certificates": z.HostnameAOP.CertificatesSection, "associations": z.HostnameAOP.AssociationsSection, "dns": z.DNS.Section,
		"config rules": z.ConfigRules.Section, "origin rules": z.OriginRules.Section, "page rules": z.PageRules.Section,
		"load balancers": z.LoadBalancers.Section, "custom hostnames": z.CustomHostnames.Section, "fallback origin": z.FallbackOrigin.Section,
		"worker routes": z.WorkerRoutes.Section, "spectrum": z.SpectrumApps.Section,
	}
}

// TestSectionDenied: what may not be read names its permission, concerns one zone
// alone, and never reads as off.
func TestSectionDenied(t *testing.T) {
	for path, c := range map[string]struct {
		section    string
		permission string
	}{
		"/origin_tls_client_auth":                          {"aop certificates", permSSL},
		"/origin_tls_client_auth/settings":                 {"aop setting", permSSL},
		"/origin_tls_client_auth/hostnames/certificates":   {"hostname certificates", permSSL},
		"/dns_records":                                     {"dns", permDNS},
		"/rulesets/phases/http_config_settings/entrypoint": {"config rules", permConfigRules},
		"/rulesets/phases/http_request_origin/entrypoint":  {"origin rules", permOriginRules},
		"/pagerules":        {"page rules", permPageRules},
		"/custom_hostnames": {"custom hostnames", permSSL},
	} {
		for _, status := range []int{401, 403} {
			f := newFakeAPI(t)
			f.addZone(1, "a.example", a("a.example", "203.0.113.10", true))
			id := f.addZone(2, "b.example", a("b.example", "203.0.113.10", true))
			f.fail("/zones/"+id+path, status, 10000, "Authentication error")
			ev := collect(t, f.options())
			for _, z := range ev.Zones {
				for name, s := range sections(&z) {
					denied := z.Name == "b.example" && (name == c.section || c.section == "hostname certificates" && name == "associations")
					if denied && (s.State != evidence.SectionDenied || s.Permission != c.permission || s.HTTPStatus != status || s.Code != 10000 || s.Error == "" || s.Endpoint == "") {
						t.Errorf("%s %d: %+v", path, status, s)
					}
					if !denied && (s.State == evidence.SectionDenied || s.State == evidence.SectionFailed) {
						t.Errorf("%s %d: %s of %s is %+v", path, status, name, z.Name, s)
					}
				}
			}
			if len(ev.Problems) != 0 {
				t.Errorf("%s: problems %+v", path, ev.Problems)
			}
		}
	}
}

// TestSectionMissing: what every zone has is never absent, so a 404 there is a
// failure; what a zone may lack is absent.
func TestSectionMissing(t *testing.T) {
	f := newFakeAPI(t)
	id := f.addZone(1, "a.example", a("a.example", "203.0.113.10", true))
	for path := range f.results {
		if strings.HasPrefix(path, "/zones/"+id+"/") {
			delete(f.results, path)
		}
	}
	z := collect(t, f.options()).Zones[0]
	for name, s := range sections(&z) {
		want := evidence.SectionAbsent
		switch name {
		case "settings", "aop setting", "aop certificates", "hostname certificates", "associations", "dns":
			want = evidence.SectionFailed
		case "load balancers":
			want = evidence.SectionRead // the account has no pools
		case "fallback origin", "worker routes", "spectrum":
			want = evidence.SectionUnread
		}
		if s.State != want {
			t.Errorf("%s: %+v, want %s", name, s, want)
		}
	}
	if z.AOP.Enabled != evidence.TriUnknown {
		t.Errorf("zone level %q", z.AOP.Enabled)
	}
}

// TestOddItems: an item of a list that cannot be used makes its section one that was
// not read completely; it does not vanish.
func TestOddItems(t *testing.T) {
	for path, c := range map[string]struct{ section, result string }{
		"dns_records#1":                    {"dns", `[{"id":"r","type":"A","content":"203.0.113.1","proxied":true}]`},
		"dns_records#2":                    {"dns", `[{"id":"r","name":"a.example.com","content":"203.0.113.1","proxied":true}]`},
		"dns_records#3":                    {"dns", `[null]`},
		"load_balancers":                   {"load balancers", `[{"id":"lb","proxied":true,"default_pools":["p"]}]`},
		"custom_hostnames":                 {"custom hostnames", `[{"id":"c","status":"active"}]`},
		"pagerules":                        {"page rules", `[{"id":"p","targets":[{"constraint":{"value":"*"}}],"actions":[{"id":"ssl","value":"off"}]}]`},
		"origin_tls_client_auth/hostnames": {"associations", `[{"enabled":false,"cert_id":"hc"}]`},
		"rulesets/phases/http_config_settings/entrypoint": {"config rules", `{"rules":[{"id":"r","expression":"true","action_parameters":"odd"}]}`},
		"rulesets/phases/http_request_origin/entrypoint":  {"origin rules", `{"rules":[{"id":"r","expression":"true","action_parameters":{"origin":{"port":"odd"}}}]}`},
	} {
		f := newFakeAPI(t)
		id := f.addZone(1, "example.com", a("app.example.com", "203.0.113.10", true))
		f.set("/accounts/"+accountID+"/load_balancers/pools", []m{{"id": "p", "origins": []m{{"address": "203.0.113.9"}}}})
		f.set("/zones/"+id+"/origin_tls_client_auth/hostnames/certificates", []m{{"id": "hc", "status": "active"}})
		f.set("/zones/"+id+"/origin_tls_client_auth/hostnames", []m{})
		name, _, _ := strings.Cut(path, "#")
		f.set("/zones/"+id+"/"+name, raw(c.result))
		z := collect(t, f.options()).Zones[0]
		for name, s := range sections(&z) {
			if (s.State == evidence.SectionFailed) != (name == c.section) {
				t.Errorf("%s: %s: %+v", path, name, s)
			}
		}
	}
}

// TestAnswersThatSayNothing: null, missing and success:false are unknown, never off.
func TestAnswersThatSayNothing(t *testing.T) {
	for _, body := range []string{
		`{"success":true,"result":null}`, `{"success":true}`, `{"success":true,"result":{}}`, `{"success":true,"result":{"enabled":null}}`,
		`{"success":false,"errors":[{"code":1000,"message":"x"}],"result":{"enabled":false}}`, `{"success":true,"result":{"enabled":"maybe"}}`, `{"success":true,"result":[]}`, `{}`, ``,
	} {
		f := newFakeAPI(t)
		id := f.addZone(1, "a.example", a("a.example", "203.0.113.10", true))
		f.handlers["/zones/"+id+"/origin_tls_client_auth/settings"] = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
		z := collect(t, f.options()).Zones[0]
		if z.AOP.Enabled != evidence.TriUnknown || z.AOP.SettingSection.State != evidence.SectionFailed {
			t.Errorf("%s: %q, %+v", body, z.AOP.Enabled, z.AOP.SettingSection)
		}
		if c := z.Hostnames[0].Certificate; c.Source != evidence.CertificateUnknown || len(c.Gaps) == 0 {
			t.Errorf("%s: %+v", body, c)
		}
	}
}

func TestHostnameLevel(t *testing.T) {
	pem := newCert(t, "host", false, time.Now().Add(time.Hour))
	setUp := func() (*fakeAPI, string) {
		f := newFakeAPI(t)
		id := f.addZone(1, "example.com", a("on.example.com", "203.0.113.1", true), a("off.example.com", "203.0.113.2", true), a("void.example.com", "203.0.113.3", true),
			a("none.example.com", "203.0.113.4", true), a("direct.example.com", "203.0.113.5", false), a("*.example.com", "203.0.113.6", true))
		f.set("/zones/"+id+"/origin_tls_client_auth/settings", m{"enabled": true})
		f.set("/zones/"+id+"/origin_tls_client_auth", []m{{"id": "zc", "certificate": pem, "status": "active", "uploaded_on": "2026-01-01T00:00:00Z"}})
		f.set("/zones/"+id+"/origin_tls_client_auth/hostnames/certificates", []m{{"id": "hc", "certificate": pem, "status": "active"}})
		return f, id
	}
	check := func(how string, z evidence.Zone) {
		t.Helper()
		if s := z.HostnameAOP.AssociationsSection; s.State != evidence.SectionRead {
			t.Errorf("%s: %+v", how, s)
		}
		for name, want := range map[string]evidence.CertificateSource{"on.example.com": evidence.CertificateHostname, "off.example.com": evidence.CertificateNone,
			"void.example.com": evidence.CertificateZone, "none.example.com": evidence.CertificateZone, "direct.example.com": evidence.CertificateNone, "*.example.com": evidence.CertificateZone} {
			if got := one(t, z.Hostnames, name).Certificate; got.Source != want {
				t.Errorf("%s: %s: %+v", how, name, got)
			}
		}
	}
	associations := []m{
		{"hostname": "on.example.com", "enabled": true, "cert_id": "hc", "status": "active", "cert_status": "active", "created_at": "2026-01-01T00:00:00Z"},
		{"hostname": "off.example.com", "enabled": false, "cert_id": "hc", "status": "active"},
		{"hostname": "void.example.com", "enabled": nil, "cert_id": "hc", "status": "deleted", "created_at": "0001-01-01T00:00:00Z"},
	}
	// The API has a list.
	f, id := setUp()
	f.set("/zones/"+id+"/origin_tls_client_auth/hostnames", associations)
	check("list", collect(t, f.options()).Zones[0])
	if n := f.requests("/zones/" + id + "/origin_tls_client_auth/hostnames"); n != 2 {
		t.Errorf("%d requests", n)
	}
	// It does not: every proxied hostname is asked for alone.
	f, id = setUp()
	for _, as := range associations {
		f.set("/zones/"+id+"/origin_tls_client_auth/hostnames/"+as["hostname"].(string), as)
	}
	check("one by one", collect(t, f.options()).Zones[0])
	if n := f.requests("/zones/" + id + "/origin_tls_client_auth/hostnames"); n != 2+4 {
		t.Errorf("%d requests", n)
	}
	// One of them is a load balancer's name, without a record.
	f, id = setUp()
	f.set("/zones/"+id+"/load_balancers", []m{{"id": "lb", "name": "lb.example.com", "proxied": true, "default_pools": []string{"p"}}})
	f.set("/accounts/"+accountID+"/load_balancers/pools", []m{{"id": "p", "origins": []m{{"address": "203.0.113.9"}}}})
	f.set("/zones/"+id+"/origin_tls_client_auth/hostnames/lb.example.com", m{"hostname": "lb.example.com", "enabled": false, "cert_id": "hc"})
	if got := one(t, collect(t, f.options()).Zones[0].Hostnames, "lb.example.com").Certificate; got.Source != evidence.CertificateNone {
		t.Errorf("%+v", got)
	}
	// Only the first zone pays for finding out that there is no list.
	f, id = setUp()
	for _, as := range associations {
		f.set("/zones/"+id+"/origin_tls_client_auth/hostnames/"+as["hostname"].(string), as)
	}
	id2 := f.addZone(2, "example.net", a("on.example.net", "203.0.113.1", true))
	f.set("/zones/"+id2+"/origin_tls_client_auth/hostnames/certificates", []m{{"id": "hc", "certificate": pem, "status": "active"}})
	o := f.options()
	f.log = nil
	c, err := newClientOf(t, o)
	if err != nil {
		t.Fatal(err)
	}
	r := &zoneReader{c: c}
	for _, id := range []string{id, id2} {
		r.read(t.Context(), &evidence.Zone{ID: id, Name: "example.com"})
	}
	if n := f.requests("/zones/" + id2 + "/origin_tls_client_auth/hostnames"); n != 2 { // the certificates and one hostname
		t.Errorf("the second zone cost %d requests", n)
	}
	// One of them fails: only that hostname is unknown.
	f.fail("/zones/"+id+"/origin_tls_client_auth/hostnames/none.example.com", 400, 1400, "odd")
	z := collect(t, f.options()).Zones[0]
	if got := one(t, z.Hostnames, "none.example.com").Certificate; got.Source != evidence.CertificateUnknown {
		t.Errorf("%+v", got)
	}
	if got := one(t, z.Hostnames, "on.example.com").Certificate; got.Source != evidence.CertificateHostname {
		t.Errorf("%+v", got)
	}
	// No hostname certificates: no request at all.
	f, id = setUp()
	f.set("/zones/"+id+"/origin_tls_client_auth/hostnames/certificates", []m{})
	z = collect(t, f.options()).Zones[0]
	if n := f.requests("/zones/" + id + "/origin_tls_client_auth/hostnames"); n != 1 || !z.HostnameAOP.AssociationsSection.Known() {
		t.Errorf("%d requests, %+v", n, z.HostnameAOP.AssociationsSection)
	}
}

// newClientOf makes a client of options.
func newClientOf(t *testing.T, o Options) (*client, error) {
	t.Helper()
	o, base, err := o.prepared()
	if err != nil {
		return nil, err
	}
	return newClient(o, base)
}

// TestNamesBetweenZones: a CNAME into another zone of the account leads to that
// zone's origin, one into another account to whatever its name resolves to.
func TestNamesBetweenZones(t *testing.T) {
	f := newFakeAPI(t)
	f.addZone(1, "a.example", cname("in.a.example", "www.b.example", true), cname("out.a.example", "www.c.example", true))
	f.addZone(2, "b.example", a("www.b.example", "203.0.113.2", true))
	f.addZone(3, "c.example", a("www.c.example", "203.0.113.3", true))
	f.results["/zones"].([]m)[2]["account"] = m{"id": "other", "name": "Other"}
	o := f.options()
	o.LookupIP = func(_ context.Context, name string) ([]netip.Addr, error) {
		if name != "www.c.example" {
			t.Errorf("asked for %s", name)
		}
		return []netip.Addr{netip.MustParseAddr("104.16.0.9")}, nil
	}
	ev := collect(t, o)
	if got := places(one(t, ev.Zones[0].Hostnames, "in.a.example")); got != "203.0.113.2 cname" {
		t.Error(got)
	}
	if got := places(one(t, ev.Zones[0].Hostnames, "out.a.example")); got != "104.16.0.9(edge) cname" {
		t.Error(got)
	}
}

// TestBalancerOfAnotherZone: load balancers are shared by a CNAME to their name,
// whose own record is a placeholder as Cloudflare's documentation has it.
func TestBalancerOfAnotherZone(t *testing.T) {
	f := newFakeAPI(t)
	f.addZone(1, "a.example", cname("www.a.example", "lb.b.example", true))
	id := f.addZone(2, "b.example", a("lb.b.example", "192.0.2.1", true))
	f.set("/zones/"+id+"/load_balancers", []m{{"id": "lb1", "name": "lb.b.example", "proxied": true, "enabled": true, "default_pools": []string{"p1"}, "fallback_pool": "p1"}})
	f.set("/accounts/"+accountID+"/load_balancers/pools", []m{{"id": "p1", "name": "pool", "origins": []m{{"name": "o", "address": "203.0.113.7"}}}})
	ev := collect(t, f.options())
	for i, name := range []string{"www.a.example", "lb.b.example"} {
		if h := one(t, ev.Zones[i].Hostnames, name); places(h) != "203.0.113.7 load-balancer" || h.NoOrigin != "" {
			t.Errorf("%s: %s, %q", name, places(h), h.NoOrigin)
		}
	}
}

// TestOddities: recorded answers of real zones, with made-up names.
func TestOddities(t *testing.T) {
	f := newFakeAPI(t)
	id := f.addZone(1, "example.com")
	expired := newCert(t, "expired", false, time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC))
	statuses := []string{"initializing", "pending_deployment", "pending_deletion", "active", "deleted", "deployment_timed_out", "deletion_timed_out"}
	var certs []m
	for i := range 120 {
		certs = append(certs, m{"id": fmt.Sprintf("cert-%03d", i), "certificate": expired, "status": statuses[i%len(statuses)], "uploaded_on": "2018-01-01T00:00:00.123456Z", "expires_on": "2100-01-01T00:00:00Z"})
	}
	certs[0]["uploaded_on"], certs[1]["expires_on"], certs[2]["certificate"] = "0001-01-01T00:00:00Z", nil, "not a certificate"
	f.maxPage = 50
	f.set("/zones/"+id+"/origin_tls_client_auth", certs)
	f.set("/zones/"+id+"/dns_records", raw(`[
		{"id":"1","type":"HTTPS","name":"Example.COM.","content":"1 . alpn=\"h3,h2\" ipv4hint=203.0.113.9","data":{"priority":1,"target":".","value":"alpn=\"h3,h2\""},"proxied":false,"meta":{},"ttl":1},
		{"id":"2","type":"MX","name":"example.com","content":"mail.example.com","priority":10,"proxiable":false,"proxied":false,"meta":{"email_routing":true,"read_only":true}},
		{"id":"3","type":"TXT","name":"example.com","content":"\"v=spf1 ip4:203.0.113.10 ~all\"","proxied":false,"meta":null,"modified_on":null},
		{"id":"4","type":"SRV","name":"_sip._tcp.example.com","data":{"port":5060,"target":"sip.example.com"},"proxied":null},
		{"id":"5","type":"AAAA","name":"v6.example.com","content":"2001:0DB8:0:0::1","proxied":true,"tags":[],"comment":null},
		{"id":"6","type":"AAAA","name":"worker.example.com","content":"100::","proxied":true,"meta":{"origin_worker_id":"w","read_only":true}},
		{"id":"7","type":"CNAME","name":"bucket.example.com","content":"public.r2.dev","proxied":true,"meta":{"r2_bucket":"b"}},
		{"id":"8","type":"A","name":"bad name\u001b[31m.example.com","content":"203.0.113.1","proxied":true},
		{"id":"9","type":"A","name":"*.wild.example.com","content":"203.0.113.2","proxied":true},
		{"id":"10","type":"CNAME","name":"_dmarc.example.com","content":"dmarc.example.net","proxied":false},
		{"id":"11","type":"NEWTYPE","name":"example.com","content":"x","proxied":false}]`))
	ev := collect(t, f.options())
	z := ev.Zones[0]
	if len(z.AOP.Certificates) != 120 || z.AOP.CertificatesSection.State != evidence.SectionRead {
		t.Fatalf("%d certificates, %+v", len(z.AOP.Certificates), z.AOP.CertificatesSection)
	}
	c := z.AOP.Certificates
	if c[0].UploadedOn != nil || c[1].ExpiresOn != nil || c[2].Leaf != nil || c[2].ParseError == "" || c[3].Status != "active" {
		t.Errorf("%+v", c[:4])
	}
	if end, known := c[3].Expiry(); !known || end.Year() != 2019 {
		t.Errorf("the certificate's own end is %v", end)
	}
	if len(z.DNS.Records) != 11 {
		t.Fatalf("%d records", len(z.DNS.Records))
	}
	byID := map[string]evidence.DNSRecord{}
	for _, r := range z.DNS.Records {
		byID[r.ID] = r
	}
	for id, want := range map[string]evidence.DNSRecord{
		"1":  {ID: "1", Type: "HTTPS", Name: "example.com", Content: `1 . alpn="h3,h2" ipv4hint=203.0.113.9`, Proxied: evidence.TriFalse},
		"2":  {ID: "2", Type: "MX", Name: "example.com", Content: "mail.example.com", Proxied: evidence.TriFalse, Managed: "email-routing"},
		"3":  {ID: "3", Type: "TXT", Name: "example.com", Content: `"v=spf1 ip4:203.0.113.10 ~all"`, Proxied: evidence.TriFalse},
		"4":  {ID: "4", Type: "SRV", Name: "_sip._tcp.example.com", Content: `{"port":5060,"target":"sip.example.com"}`, Proxied: evidence.TriNull},
		"5":  {ID: "5", Type: "AAAA", Name: "v6.example.com", Content: "2001:db8::1", Proxied: evidence.TriTrue},
		"6":  {ID: "6", Type: "AAAA", Name: "worker.example.com", Content: "100::", Proxied: evidence.TriTrue, Managed: "workers"},
		"8":  {ID: "8", Type: "A", Name: `bad name\x1b[31m.example.com`, Content: "203.0.113.1", Proxied: evidence.TriTrue},
		"10": {ID: "10", Type: "CNAME", Name: "_dmarc.example.com", Content: "dmarc.example.net", Proxied: evidence.TriFalse},
	} {
		if byID[id] != want {
			t.Errorf("record %s: %+v", id, byID[id])
		}
	}
	var names []string
	for _, h := range z.Hostnames {
		names = append(names, h.Name)
	}
	if want := []string{"*.wild.example.com", "bucket.example.com", "v6.example.com", "worker.example.com"}; !slices.Equal(names, want) {
		t.Errorf("hostnames %v", names)
	}
}

func TestLoadBalancersAndTheirAccount(t *testing.T) {
	account := "/accounts/" + accountID + "/load_balancers"
	setUp := func() *fakeAPI {
		f := newFakeAPI(t)
		id := f.addZone(1, "a.example")
		f.addZone(2, "b.example", a("b.example", "203.0.113.9", true))
		f.set("/zones/"+id+"/load_balancers", []m{{"id": "lb1", "name": "www.a.example", "proxied": true, "enabled": true, "default_pools": []string{"p1"}, "fallback_pool": "p2",
			"region_pools": m{"WEU": []string{"p3"}}, "country_pools": m{"DE": []string{"p4"}, "FR": []string{"p41"}, "GB": []string{"p42"}, "US": []string{"p43"}}, "pop_pools": m{"FRA": []string{"p5"}},
			"rules": []m{{"overrides": m{"default_pools": []string{"p6"}}}, {"disabled": true, "overrides": m{"default_pools": []string{"p7"}}}}}})
		var pools []m
		for i := 1; i <= 60; i++ {
			pools = append(pools, m{"id": fmt.Sprintf("p%d", i), "name": fmt.Sprintf("pool %d", i), "enabled": true, "monitor": "m1",
				"origins": []m{{"name": "o", "address": fmt.Sprintf("203.0.113.%d", 100+i), "enabled": true, "port": 0, "header": m{"Host": []string{"o.a.example"}}}}})
		}
		f.maxPage = 25
		f.set(account+"/pools", pools)
		f.set(account+"/monitors", []m{{"id": "m1", "type": "https", "probe_zone": "", "port": 8443, "path": "/health", "header": m{"Host": []string{"www.a.example"}}}})
		return f
	}
	check := func(how string, f *fakeAPI, wantB int) {
		t.Helper()
		ev := collect(t, f.options())
		if got := len(ev.Accounts[0].Pools); got != 60 {
			t.Errorf("%s: %d pools", how, got)
		}
		if mon := ev.Accounts[0].Monitors; len(mon) != 1 || mon[0].Port != 8443 || mon[0].Host != "www.a.example" || mon[0].ProbeZone != "" {
			t.Errorf("%s: monitors %+v", how, mon)
		}
		lb := ev.Zones[0].LoadBalancers.Items
		if len(lb) != 1 || !slices.Equal(lb[0].PoolIDs, []string{"p1", "p2", "p3", "p4", "p41", "p42", "p43", "p5", "p6"}) {
			t.Fatalf("%s: %+v", how, lb)
		}
		h := one(t, ev.Zones[0].Hostnames, "www.a.example")
		if h.Proxied != evidence.TriTrue || len(h.Origins) != 9 || h.Origins[0].Address != "203.0.113.101" || h.Origins[0].Host != "o.a.example" || h.Origins[0].Port != 443 {
			t.Errorf("%s: %+v", how, h)
		}
		if n := f.requests("/zones/" + zoneID(2) + "/load_balancers"); n != wantB {
			t.Errorf("%s: %d requests for a zone without", how, n)
		}
		if n := f.requests("/zones/" + zoneID(2)); n > 9 && wantB == 0 {
			t.Errorf("%s: %d requests for a plain zone in an account with pools", how, n)
		}
		if !ev.Zones[1].LoadBalancers.Known() {
			t.Errorf("%s: %+v", how, ev.Zones[1].LoadBalancers.Section)
		}
	}
	f := setUp()
	f.set(account+"/search", raw(`{"resources":[{"resource_type":"pool","resource_name":"pool 1","resource_id":"p1"},{"resource_type":"load_balancer","resource_name":"www.a.example","resource_id":"lb1"}]}`))
	check("with a search", f, 0)
	check("without a search", setUp(), 1)
	f = setUp()
	f.set(account+"/search", raw(`{"resources":[]}`))
	check("a search that finds nothing though there are pools", f, 1)
	f = setUp()
	f.handlers[account+"/search"] = func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"success":true,"result":{"resources":[{"resource_type":"pool","resource_name":"pool 1"}]},"result_info":{"page":1,"per_page":1,"count":1,"total_count":61}}`)
	}
	check("a search whose answer is the first page of many", f, 1)
	// An account without pools: nobody is asked.
	f = newFakeAPI(t)
	f.addZone(1, "a.example", a("a.example", "203.0.113.9", true))
	collect(t, f.options())
	if n := f.requests("/zones/"+zoneID(1)+"/load_balancers") + f.requests(account+"/monitors") + f.requests(account+"/search"); n != 0 {
		t.Errorf("%d requests about load balancers in an account without", n)
	}
	// Pools denied: said so, with the permission.
	f = setUp()
	f.fail(account+"/pools", 403, 10000, "Authentication error")
	ev := collect(t, f.options())
	if s := ev.Zones[1].LoadBalancers.Section; s.State != evidence.SectionDenied || s.Permission != permPools {
		t.Errorf("%+v", s)
	}
	if notes := one(t, ev.Zones[1].Hostnames, "b.example").OriginNotes; len(notes) != 1 || notes[0].Permission != permPools {
		t.Errorf("%+v", notes)
	}
}

func TestOptionalSections(t *testing.T) {
	f := newFakeAPI(t)
	id := f.addZone(1, "a.example", a("a.example", "203.0.113.9", true), a("w.a.example", "192.0.2.1", true), cname("t.a.example", "8f7.cfargotunnel.com", true))
	f.results["/zones"].([]m)[0]["plan"] = m{"legacy_id": "enterprise", "name": "Enterprise Website"}
	f.set("/zones/"+id+"/workers/routes", []m{{"id": "r", "pattern": "w.a.example/*", "script": "hello"}})
	f.set("/zones/"+id+"/spectrum/apps", []m{{"id": "s", "dns": m{"type": "CNAME", "name": "ssh.a.example"}, "protocol": "tcp/22", "tls": "off", "origin_direct": []string{"tcp://203.0.113.50:22"}},
		{"id": "s2", "dns": m{"name": "web.a.example"}, "protocol": "https", "origin_dns": m{"name": "a.example"}, "origin_port": "8443-8450"}})
	f.set("/zones/"+id+"/custom_hostnames", []m{{"id": "c1", "hostname": "shop.customer.example", "status": "active"}, {"id": "c2", "hostname": "new.customer.example", "status": "pending"},
		{"id": "c3", "hostname": "own.customer.example", "status": "active", "custom_origin_server": "a.example", "custom_origin_sni": "sni.a.example"}})
	f.set("/zones/"+id+"/custom_hostnames/fallback_origin", m{"origin": "a.example", "status": "active"})
	f.set("/accounts/"+accountID+"/cfd_tunnel", []m{{"id": "8f7", "name": "office", "deleted_at": nil}})
	f.set("/accounts/"+accountID+"/alerting/v3/policies", []m{{"id": "n", "name": "AOP", "alert_type": "zone_aop_custom_certificate_expiration_type", "enabled": true}})
	f.set("/railguns", []m{{"id": "g", "name": "rg", "status": "active", "enabled": true}})
	f.set("/railguns/g/zones", []m{{"id": id}})
	f.set("/zones/"+id+"/rulesets/phases/http_request_origin/entrypoint", m{"rules": []m{
		{"id": "o1", "expression": `http.host eq "a.example"`, "enabled": true, "action": "route", "action_parameters": m{"origin": m{"port": 8443}, "host_header": "h.a.example", "sni": m{"value": "s.a.example"}}}}})
	f.set("/zones/"+id+"/rulesets/phases/http_config_settings/entrypoint", m{"rules": []m{
		{"id": "c1", "expression": "true", "action": "set_config", "action_parameters": m{"email_obfuscation": true}},
		{"id": "c2", "expression": `http.host eq "a.example"`, "action_parameters": m{"ssl": "some_new_mode"}}}})
	f.set("/zones/"+id+"/pagerules", []m{
		{"id": "pr1", "status": "active", "priority": 1, "targets": []m{{"target": "url", "constraint": m{"operator": "matches", "value": "a.example/x*"}}}, "actions": []m{{"id": "resolve_override", "value": "B.example"}, {"id": "host_header_override", "value": "b.example"}}},
		{"id": "pr2", "status": "disabled", "priority": 2, "targets": []m{{"constraint": m{"value": "*"}}}, "actions": []m{{"id": "always_use_https"}, {"id": "ssl", "value": "off"}, {"id": "forwarding_url", "value": m{"url": "x"}}}}})
	ev := collect(t, f.options())
	z, acc := ev.Zones[0], ev.Accounts[0]
	if len(z.WorkerRoutes.Items) != 1 || len(z.SpectrumApps.Items) != 2 || len(z.CustomHostnames.Items) != 3 || z.FallbackOrigin.Origin != "a.example" {
		t.Errorf("%+v %+v %+v", z.WorkerRoutes, z.SpectrumApps, z.CustomHostnames)
	}
	if len(acc.Tunnels) != 1 || len(acc.Notifications) != 1 || len(acc.Railguns) != 1 || !slices.Equal(acc.Railguns[0].Zones, []string{id}) || acc.RailgunsSection.State != evidence.SectionRead {
		t.Errorf("%+v", acc)
	}
	if r := z.OriginRules.Items; len(r) != 1 || r[0].OriginPort != 8443 || r[0].HostHeader != "h.a.example" || r[0].SNI != "s.a.example" {
		t.Errorf("%+v", r)
	}
	if r := z.ConfigRules.Items; len(r) != 1 || r[0].SSL != "some_new_mode" {
		t.Errorf("%+v", r)
	}
	if r := z.PageRules.Items; len(r) != 2 || r[0].ID != "pr2" || !r[0].AlwaysUseHTTPS || r[0].SSL != "off" || r[1].ResolveOverride != "b.example" {
		t.Errorf("%+v", r)
	}
	for name, want := range map[string]string{
		"a.example":             "203.0.113.9:8443[s.a.example|h.a.example] dns; ?b.example:8443[s.a.example|h.a.example] page-rule",
		"shop.customer.example": "203.0.113.9 fallback-origin",
		"own.customer.example":  "203.0.113.9[sni.a.example|own.customer.example] custom-hostname",
		"web.a.example":         "203.0.113.9:8443 spectrum",
		"ssh.a.example":         "", "t.a.example": "", "w.a.example": "",
	} {
		got := strings.Split(places(one(t, z.Hostnames, name)), "; ")
		wanted := strings.Split(want, "; ")
		slices.Sort(got)
		slices.Sort(wanted)
		if !slices.Equal(got, wanted) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if h := one(t, z.Hostnames, "t.a.example"); h.NoOrigin != "a Cloudflare Tunnel (office)" {
		t.Errorf("%+v", h)
	}
	if slices.ContainsFunc(z.Hostnames, func(h evidence.Hostname) bool { return h.Name == "new.customer.example" }) {
		t.Error("a custom hostname that is not in service is in the list")
	}
}

// TestRailgunIsGone: the product ended; an API that answers no is no gap.
func TestRailgunIsGone(t *testing.T) {
	for _, status := range []int{400, 403, 404, 405, 410} {
		f := newFakeAPI(t)
		f.addZone(1, "a.example")
		f.fail("/railguns", status, 10000, "gone")
		if s := collect(t, f.options()).Accounts[0].RailgunsSection; s.State != evidence.SectionAbsent {
			t.Errorf("%d: %+v", status, s)
		}
	}
	f := newFakeAPI(t)
	f.addZone(1, "a.example")
	f.fail("/railguns", 200, 10000, "gone, politely")
	if s := collect(t, f.options()).Accounts[0].RailgunsSection; s.State != evidence.SectionAbsent {
		t.Errorf("%+v", s)
	}
	f = newFakeAPI(t)
	f.addZone(1, "a.example")
	f.fail("/railguns", 500, 1, "x")
	o := f.options()
	o.Sleep = func(context.Context, time.Duration) error { return nil }
	if s := collect(t, o).Accounts[0].RailgunsSection; s.State != evidence.SectionFailed {
		t.Errorf("%+v", s)
	}
}

func TestScope(t *testing.T) {
	f := newFakeAPI(t)
	for i := range 130 {
		f.addZone(i, fmt.Sprintf("zone%03d.example", i))
	}
	f.maxPage = 50
	zones := f.results["/zones"].([]m)
	zones[3]["account"] = m{"id": "other", "name": "Other"}
	names := func(ev *evidence.Evidence) string {
		var list []string
		for _, z := range ev.Zones {
			list = append(list, z.Name)
		}
		return strings.Join(list, " ")
	}
	for name, c := range map[string]struct {
		zones, accounts []string
		want            string
		n               int
		problems        int
		unknown         string
	}{
		"all":                      {nil, nil, "", 130, 0, ""},
		"by name":                  {[]string{"Zone007.Example."}, nil, "zone007.example", 1, 0, ""},
		"by identifier":            {[]string{strings.ToUpper(zoneID(9))}, nil, "zone009.example", 1, 0, ""},
		"two, one unknown":         {[]string{"zone001.example", "nope.example"}, nil, "zone001.example", 1, 1, ""},
		"unknown name":             {[]string{"nope.example"}, nil, "", 0, 0, "nope.example"},
		"unknown identifier":       {[]string{strings.Repeat("f", 32)}, nil, "", 0, 0, strings.Repeat("f", 32)},
		"the same twice":           {[]string{"zone001.example", zoneID(1)}, nil, "zone001.example", 1, 0, ""},
		"account":                  {nil, []string{"other"}, "zone003.example", 1, 0, ""},
		"two accounts":             {nil, []string{"other", accountID}, "", 130, 0, ""},
		"unknown account":          {nil, []string{"nobody"}, "", 0, 0, "account nobody"},
		"zone in another account":  {[]string{"zone003.example"}, []string{accountID}, "", 0, 0, "zone003.example"},
		"many names":               {manyNames(25), nil, "", 25, 0, ""},
		"many names, some unknown": {append(manyNames(25), "nope.example"), nil, "", 25, 1, ""},
	} {
		o := f.options()
		o.Zones, o.Accounts = c.zones, c.accounts
		ev, err := Collect(t.Context(), o)
		var unknown *UnknownZoneError
		if c.unknown != "" {
			if !errors.As(err, &unknown) || !slices.Equal(unknown.Zones, []string{c.unknown}) || unknown.Hint() == "" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(ev.Zones) != c.n || c.want != "" && names(ev) != c.want || len(ev.Problems) != c.problems {
			t.Errorf("%s: %s, problems %+v", name, names(ev), ev.Problems)
		}
		if !slices.IsSortedFunc(ev.Zones, func(a, b evidence.Zone) int { return strings.Compare(a.Name, b.Name) }) {
			t.Errorf("%s: not sorted", name)
		}
	}
	// Nothing at all.
	empty := newFakeAPI(t)
	empty.set("/zones", []m{})
	var unknown *UnknownZoneError
	if _, err := Collect(t.Context(), empty.options()); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "can read none") {
		t.Errorf("no zones: %v", err)
	}
}

func manyNames(n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("zone%03d.example", i))
	}
	return list
}

func TestNothingCanBeRead(t *testing.T) {
	quick := func(o Options) Options {
		o.Sleep = func(context.Context, time.Duration) error { return nil }
		return o
	}
	for name, c := range map[string]struct {
		status, code int
		credentials  bool
	}{
		"bad token": {403, 9109, true}, "unauthorised": {401, 1000, true}, "malformed": {400, 6003, true}, "broken": {500, 1, false}, "limited": {429, 10013, false}, "strange": {418, 1, false},
	} {
		f := newFakeAPI(t)
		f.addZone(1, "a.example")
		f.fail("/zones", c.status, c.code, "no")
		for _, zones := range [][]string{nil, {"a.example"}} {
			o := quick(f.options())
			o.Zones = zones
			ev, err := Collect(t.Context(), o)
			var (
				bad *CredentialsError
				api *APIError
			)
			if ev != nil || errors.As(err, &bad) != c.credentials || !errors.As(err, &api) || api.Status != c.status {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	f := newFakeAPI(t)
	o := quick(f.options())
	f.Close()
	var gone *UnreachableError
	if _, err := Collect(t.Context(), o); !errors.As(err, &gone) {
		t.Errorf("unreachable: %v", err)
	}
}

func TestOneZoneFails(t *testing.T) {
	f := newFakeAPI(t)
	f.addZone(1, "a.example", a("a.example", "203.0.113.1", true))
	f.addZone(2, "b.example", a("b.example", "203.0.113.1", true))
	f.each = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/zones/"+zoneID(1)+"/") {
			apiFail(w, 500, 1, "oops")
			return true
		}
		return false
	}
	o := f.options()
	o.Sleep = func(context.Context, time.Duration) error { return nil }
	ev := collect(t, o)
	for name, s := range sections(&ev.Zones[0]) {
		if s.Known() && name != "load balancers" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if h := ev.Zones[1].Hostnames; len(h) != 1 || h[0].SSLMode.Value != "full" || h[0].Certificate.Source != evidence.CertificateNone {
		t.Errorf("the other zone: %+v", h)
	}
}

func TestInterrupt(t *testing.T) {
	f := newFakeAPI(t)
	for i := range 40 {
		f.addZone(i, fmt.Sprintf("zone%03d.example", i), a(fmt.Sprintf("zone%03d.example", i), "203.0.113.1", true))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := f.options()
	o.Progress = func(p Progress) {
		if p.Phase == "reading" && p.Done == 10 {
			cancel()
		}
	}
	ev, err := Collect(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(ev.Problems); n != 1 || !ev.Problems[0].Interrupted {
		t.Errorf("problems %+v", ev.Problems)
	}
	read, cut := 0, 0
	for i := range ev.Zones {
		s := ev.Zones[i].Settings.Section
		if s.State == evidence.SectionRead {
			read++
		}
		if interrupted(s) {
			cut++
		}
	}
	if len(ev.Zones) != 40 || read < 10 || cut == 0 || read+cut != 40 {
		t.Errorf("%d zones, %d read, %d cut off", len(ev.Zones), read, cut)
	}
	// Before anything was read.
	done, stop := context.WithCancel(t.Context())
	stop()
	ev, err = Collect(done, f.options())
	if err != nil || len(ev.Problems) == 0 || !ev.Problems[len(ev.Problems)-1].Interrupted {
		t.Errorf("%v, %+v", err, ev)
	}
}

func TestProgress(t *testing.T) {
	f := newFakeAPI(t)
	for i := range 20 {
		f.addZone(i, fmt.Sprintf("zone%03d.example", i), cname(fmt.Sprintf("zone%03d.example", i), fmt.Sprintf("o%d.example.net", i), true))
	}
	var all []Progress
	var mu sync.Mutex
	o := f.options()
	o.Limits = Limits{PerSecond: 20000}
	o.Progress = func(p Progress) {
		if !mu.TryLock() {
			t.Error("called concurrently")
			return
		}
		defer mu.Unlock()
		all = append(all, p)
	}
	collect(t, o)
	last := map[string]Progress{}
	for _, p := range all {
		if p.Done < last[p.Phase].Done || p.Requests < last[p.Phase].Requests {
			t.Errorf("went back: %+v", p)
		}
		last[p.Phase] = p
	}
	if p := last["reading"]; p.Done != 20 || p.Total != 20 || p.Requests < 180 || p.Left > 1200-180 {
		t.Errorf("%+v", p)
	}
	if p := last["resolving"]; p.Done != 20 || p.Total != 20 {
		t.Errorf("%+v", p)
	}
}

func TestRemaining(t *testing.T) {
	l := DefaultLimits
	for _, c := range []struct {
		zones int
		per   float64
		time  time.Duration
		left  int
		want  time.Duration
	}{
		{10, 9, time.Second, 1000, 10 * time.Second},
		{1000, 9, 10 * time.Millisecond, 1200, 35 * time.Minute}, // 9,000 requests, 7,800 beyond the allowance: seven more windows
		{1, 9, time.Second, 0, 5 * time.Minute},
	} {
		if got := remaining(c.zones, c.per, c.time, c.left, l); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestExtraOrigins(t *testing.T) {
	f := newFakeAPI(t)
	f.addZone(1, "a.example", a("a.example", "203.0.113.1", true))
	o := f.options()
	o.ExtraOrigins = []ExtraOrigin{{Hostname: "a.example", Address: netip.MustParseAddr("203.0.113.2"), Port: 8443}, {Hostname: "x.elsewhere.example", Address: netip.MustParseAddr("203.0.113.3"), Port: 443}}
	ev := collect(t, o)
	if got := places(ev.Zones[0].Hostnames[0]); got != "203.0.113.1 dns; 203.0.113.2:8443 user" {
		t.Error(got)
	}
	if len(ev.Problems) != 1 || !strings.Contains(ev.Problems[0].What, "x.elsewhere.example") {
		t.Errorf("%+v", ev.Problems)
	}
}

func TestEdgeRangesFallback(t *testing.T) {
	for name, result := range map[string]any{"missing": nil, "empty": m{}, "everything": m{"ipv4_cidrs": []string{"0.0.0.0/0"}}, "garbage": m{"ipv4_cidrs": []string{"x"}}} {
		f := newFakeAPI(t)
		f.addZone(1, "a.example")
		delete(f.results, "/ips")
		if result != nil {
			f.set("/ips", result)
		}
		if e := collect(t, f.options()).EdgeRanges; e.Source != "embedded" || len(e.CIDRs) != len(publishedRanges) {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if n := len(parsePrefixes(publishedRanges)); n != 22 {
		t.Errorf("%d of the published ranges are ranges", n)
	}
}

// closing is a transport that notes that it was asked to close its connections.
type closing struct {
	http.RoundTripper
	closed bool
}

func (c *closing) CloseIdleConnections() { c.closed = true }

// TestConnectionsEnd: nothing stays open after a collection.
func TestConnectionsEnd(t *testing.T) {
	f := newFakeAPI(t)
	f.addZone(1, "example.com", a("example.com", "203.0.113.10", true))
	o := f.options()
	c := &closing{RoundTripper: http.DefaultTransport}
	o.Transport = c
	collect(t, o)
	if !c.closed {
		t.Error("the connections stay open")
	}
}

// TestDeterministic: the same configuration gives the same bytes.
func TestDeterministic(t *testing.T) {
	f := newFakeAPI(t)
	for i := range 12 {
		f.addZone(i, fmt.Sprintf("zone%03d.example", i), a("www."+fmt.Sprintf("zone%03d.example", i), "203.0.113.1", true), cname(fmt.Sprintf("zone%03d.example", i), "o.example.net", true))
	}
	o := f.options()
	o.Now = newFakeClock().now
	o.LookupIP = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("203.0.113.4"), netip.MustParseAddr("203.0.113.9")}, nil
	}
	one, err := evidence.Encode(collect(t, o))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if two, _ := evidence.Encode(collect(t, o)); !bytes.Equal(one, two) {
			t.Fatal("other bytes the second time")
		}
	}
}

func TestResolveOneIsBounded(t *testing.T) {
	var many []netip.Addr
	for i := range 100 {
		many = append(many, netip.AddrFrom4([4]byte{203, 0, 113, byte(i / 2)}), netip.MustParseAddr(fmt.Sprintf("::ffff:203.0.113.%d", i/2)))
	}
	res := resolveOne(t.Context(), "x.example", func(context.Context, string) ([]netip.Addr, error) { return many, nil })
	if !res.more || len(res.addrs) != maxAddresses || res.addrs[maxAddresses-1] != netip.AddrFrom4([4]byte{203, 0, 113, maxAddresses - 1}) {
		t.Errorf("%v", res.addrs)
	}
}
