package inventory

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
)

var readSection = evidence.Section{State: evidence.SectionRead}

func deniedSection(permission string) evidence.Section {
	return evidence.Section{State: evidence.SectionDenied, Permission: permission, HTTPStatus: 403}
}

// plainZone is a zone that was read completely, with one proxied hostname.
func plainZone() *evidence.Zone {
	return &evidence.Zone{
		ID: "z1", Name: "example.com", AccountID: "acc", Status: "active", Type: "full", Paused: evidence.TriFalse,
		Settings:        evidence.ZoneSettings{Section: readSection, SSL: "full", TLSClientAuth: "off", AlwaysUseHTTPS: "on"},
		AOP:             evidence.ZoneAOP{SettingSection: readSection, Enabled: evidence.TriFalse, CertificatesSection: readSection},
		HostnameAOP:     evidence.HostnameAOP{CertificatesSection: readSection, AssociationsSection: evidence.Section{State: evidence.SectionAbsent}},
		DNS:             evidence.DNS{Section: readSection, Records: []evidence.DNSRecord{rec("A", "app.example.com", "203.0.113.10", true)}},
		ConfigRules:     evidence.Rules[evidence.ConfigRule]{Section: readSection},
		OriginRules:     evidence.Rules[evidence.OriginRule]{Section: readSection},
		PageRules:       evidence.Rules[evidence.PageRule]{Section: readSection},
		LoadBalancers:   evidence.Rules[evidence.LoadBalancer]{Section: readSection},
		CustomHostnames: evidence.Rules[evidence.CustomHostname]{Section: readSection},
	}
}

func rec(typ, name, content string, proxied bool) evidence.DNSRecord {
	return evidence.DNSRecord{Type: typ, Name: name, Content: content, Proxied: evidence.TriOf(proxied)}
}

// around surrounds a zone as Collect would, with made-up resolutions.
func around(z *evidence.Zone, resolved map[string]resolution, extra ...ExtraOrigin) surroundings {
	ev := &evidence.Evidence{Zones: []evidence.Zone{*z}, EdgeRanges: evidence.EdgeRanges{CIDRs: []string{"104.16.0.0/13"}},
		Accounts: []evidence.Account{{ID: "acc", PoolsSection: readSection, Pools: testPools(), Tunnels: []evidence.Tunnel{{ID: "t-1", Name: "office"}}}}}
	s := surroundingsOf(ev, extra)(z)
	s.resolved = resolved
	return s
}

func testPools() []evidence.Pool {
	return []evidence.Pool{
		{ID: "p1", Name: "first", Origins: []evidence.PoolOrigin{
			{Name: "a", Address: "203.0.113.21", Port: 8443},
			{Name: "b", Address: "b.example.net", HostHeader: "b.internal.example"},
			{Name: "off", Address: "203.0.113.29", Enabled: evidence.TriFalse}}},
		{ID: "p2", Name: "off", Enabled: evidence.TriFalse, Origins: []evidence.PoolOrigin{{Address: "203.0.113.39"}}},
		{ID: "empty", Name: "empty"},
		{ID: "to-app", Name: "to app", Origins: []evidence.PoolOrigin{{Address: "app.example.com"}}},
		{ID: "to-lb", Name: "to lb", Origins: []evidence.PoolOrigin{{Address: "lb.example.com"}}},
		{ID: "to-lb2", Name: "to lb2", Origins: []evidence.PoolOrigin{{Address: "lb2.example.com"}}},
	}
}

func at(addrs ...string) resolution {
	var r resolution
	for _, a := range addrs {
		r.addrs = append(r.addrs, netip.MustParseAddr(a))
	}
	return r
}

// one returns the answer for a hostname of the zone.
func one(t *testing.T, list []evidence.Hostname, name string) evidence.Hostname {
	t.Helper()
	for _, h := range list {
		if h.Name == name {
			return h
		}
	}
	t.Fatalf("no hostname %s in %+v", name, list)
	return evidence.Hostname{}
}

func cert(id, status string, uploaded int) evidence.ClientCertificate {
	at := time.Date(2026, 1, uploaded, 0, 0, 0, 0, time.UTC)
	return evidence.ClientCertificate{ID: id, Status: status, UploadedOn: &at}
}

func TestEffectiveCertificate(t *testing.T) {
	withAssociation := func(enabled evidence.Tri) func(*evidence.Zone) {
		return func(z *evidence.Zone) {
			z.AOP.Enabled = evidence.TriTrue
			z.AOP.Certificates = []evidence.ClientCertificate{cert("zone-cert", "active", 1)}
			z.HostnameAOP = evidence.HostnameAOP{CertificatesSection: readSection, AssociationsSection: readSection,
				Certificates: []evidence.ClientCertificate{cert("host-cert", "active", 1)},
				Associations: []evidence.Association{{Hostname: "app.example.com", Enabled: enabled, CertificateID: "host-cert", Section: readSection}}}
		}
	}
	for name, c := range map[string]struct {
		change     func(*evidence.Zone)
		source     evidence.CertificateSource
		configured evidence.CertificateSource
		id         string
		permission string // of the first gap
		why        string
	}{
		"off everywhere":     {nil, evidence.CertificateNone, evidence.CertificateNone, "", "", "off on every level"},
		"global":             {func(z *evidence.Zone) { z.Settings.TLSClientAuth = "on" }, evidence.CertificateGlobal, evidence.CertificateGlobal, "", "", "all its customers"},
		"association true":   {withAssociation(evidence.TriTrue), evidence.CertificateHostname, evidence.CertificateHostname, "host-cert", "", ""},
		"association false":  {withAssociation(evidence.TriFalse), evidence.CertificateNone, evidence.CertificateNone, "", "", "switched off for the hostname"},
		"association null":   {withAssociation(evidence.TriNull), evidence.CertificateZone, evidence.CertificateZone, "zone-cert", "", ""},
		"association untold": {withAssociation(evidence.TriUnknown), evidence.CertificateUnknown, evidence.CertificateUnknown, "", "", "does not say"},
		"association of another name": {func(z *evidence.Zone) {
			withAssociation(evidence.TriFalse)(z)
			z.HostnameAOP.Associations[0].Hostname = "other.example.com"
		}, evidence.CertificateZone, evidence.CertificateZone, "zone-cert", "", ""},
		"association of a wildcard": {func(z *evidence.Zone) {
			withAssociation(evidence.TriFalse)(z)
			z.HostnameAOP.Associations[0].Hostname = "*.example.com"
		}, evidence.CertificateUnknown, evidence.CertificateUnknown, "", "", "association of *.example.com"},
		"association's certificate is gone": {func(z *evidence.Zone) {
			withAssociation(evidence.TriTrue)(z)
			z.HostnameAOP.Associations[0].CertificateID = "no-such"
		}, evidence.CertificateUnknown, evidence.CertificateUnknown, "", "", "not in the zone's list"},
		"association's certificate was deleted": {func(z *evidence.Zone) {
			withAssociation(evidence.TriTrue)(z)
			z.HostnameAOP.Certificates[0].Status = "deleted"
		}, evidence.CertificateUnknown, evidence.CertificateUnknown, "", "", "certificate is deleted"},
		"association's certificate did not get deployed": {func(z *evidence.Zone) {
			withAssociation(evidence.TriTrue)(z)
			z.HostnameAOP.Certificates[0].Status = "deployment_timed_out"
		}, evidence.CertificateUnknown, evidence.CertificateUnknown, "", "", "deployment_timed_out"},
		"association's certificate by its own word": {func(z *evidence.Zone) {
			withAssociation(evidence.TriTrue)(z)
			z.HostnameAOP.Certificates, z.HostnameAOP.CertificatesSection = nil, deniedSection(permSSL)
			z.HostnameAOP.Associations[0].CertificateStatus = "pending_deletion"
		}, evidence.CertificateUnknown, evidence.CertificateUnknown, "", "", "pending_deletion"},
		"deleted association does not count": {func(z *evidence.Zone) {
			withAssociation(evidence.TriFalse)(z)
			z.HostnameAOP.Associations[0].Status = "deleted"
		}, evidence.CertificateZone, evidence.CertificateZone, "zone-cert", "", ""},
		"the latest association counts": {func(z *evidence.Zone) {
			withAssociation(evidence.TriFalse)(z)
			older, newer := time.Unix(1, 0), time.Unix(2, 0)
			z.HostnameAOP.Associations[0].UpdatedOn = &older
			z.HostnameAOP.Associations = append(z.HostnameAOP.Associations, evidence.Association{
				Hostname: "app.example.com", Enabled: evidence.TriTrue, CertificateID: "host-cert", Status: "active", UpdatedOn: &newer, Section: readSection})
		}, evidence.CertificateHostname, evidence.CertificateHostname, "host-cert", "", ""},
		"associations denied": {func(z *evidence.Zone) {
			z.Settings.TLSClientAuth = "on"
			z.HostnameAOP.AssociationsSection = deniedSection(permSSL)
		}, evidence.CertificateUnknown, evidence.CertificateUnknown, "", permSSL, ""},
		"one association failed": {func(z *evidence.Zone) {
			withAssociation(evidence.TriTrue)(z)
			z.HostnameAOP.Associations[0].Section = evidence.Section{State: evidence.SectionFailed, Permission: permSSL, Error: "status 500"}
		}, evidence.CertificateUnknown, evidence.CertificateUnknown, "", "", ""},
		"zone": {func(z *evidence.Zone) {
			z.AOP.Enabled = evidence.TriTrue
			z.AOP.Certificates = []evidence.ClientCertificate{cert("old", "active", 1), cert("new", "active", 9), cert("gone", "deleted", 20)}
		}, evidence.CertificateZone, evidence.CertificateZone, "new", "", ""},
		"zone, and nobody knows which of two": {func(z *evidence.Zone) {
			z.AOP.Enabled = evidence.TriTrue
			z.AOP.Certificates = []evidence.ClientCertificate{cert("a", "active", 1), {ID: "b", Status: "active"}}
		}, evidence.CertificateZone, evidence.CertificateZone, "", "", "does not say which"},
		"zone before global": {func(z *evidence.Zone) {
			z.Settings.TLSClientAuth = "on"
			z.AOP.Enabled = evidence.TriTrue
			z.AOP.Certificates = []evidence.ClientCertificate{cert("c", "active", 1)}
		}, evidence.CertificateZone, evidence.CertificateZone, "c", "", ""},
		"zone off, certificate there": {func(z *evidence.Zone) {
			z.AOP.Certificates = []evidence.ClientCertificate{cert("c", "active", 1)}
		}, evidence.CertificateNone, evidence.CertificateNone, "", "", ""},
		"zone on without certificate, global on": {func(z *evidence.Zone) {
			z.Settings.TLSClientAuth = "on"
			z.AOP.Enabled = evidence.TriTrue
		}, evidence.CertificateGlobal, evidence.CertificateGlobal, "", "", ""},
		"zone on, certificate on its way": {func(z *evidence.Zone) {
			z.AOP.Enabled = evidence.TriTrue
			z.AOP.Certificates = []evidence.ClientCertificate{cert("c", "pending_deployment", 1)}
		}, evidence.CertificateUnknown, evidence.CertificateUnknown, "", "", "pending_deployment"},
		"zone on, certificates denied": {func(z *evidence.Zone) {
			z.AOP.Enabled = evidence.TriTrue
			z.AOP.CertificatesSection = deniedSection(permSSL)
		}, evidence.CertificateUnknown, evidence.CertificateUnknown, "", permSSL, ""},
		"zone switch denied": {func(z *evidence.Zone) {
			z.Settings.TLSClientAuth = "on"
			z.AOP.SettingSection, z.AOP.Enabled = deniedSection(permSSL), evidence.TriUnknown
		}, evidence.CertificateUnknown, evidence.CertificateUnknown, "", permSSL, ""},
		"global switch denied": {func(z *evidence.Zone) {
			z.Settings = evidence.ZoneSettings{Section: deniedSection(permSettings)}
		}, evidence.CertificateUnknown, evidence.CertificateUnknown, "", permSettings, ""},
		"paused": {func(z *evidence.Zone) { z.Settings.TLSClientAuth, z.Paused = "on", evidence.TriTrue },
			evidence.CertificateNone, evidence.CertificateGlobal, "", "", "paused"},
		"pending": {func(z *evidence.Zone) { z.Settings.TLSClientAuth, z.Status = "on", "pending" },
			evidence.CertificateNone, evidence.CertificateGlobal, "", "", "pending"},
		"DNS only": {func(z *evidence.Zone) { z.Settings.TLSClientAuth, z.DNS.Records[0].Proxied = "on", evidence.TriFalse },
			evidence.CertificateNone, evidence.CertificateGlobal, "", "", "DNS only"},
		"flexible": {func(z *evidence.Zone) { z.Settings.TLSClientAuth, z.Settings.SSL = "on", "flexible" },
			evidence.CertificateNone, evidence.CertificateGlobal, "", "", "flexible makes AOP inert"},
		"off": {func(z *evidence.Zone) { z.Settings.TLSClientAuth, z.Settings.SSL = "on", "off" },
			evidence.CertificateNone, evidence.CertificateGlobal, "", "", "off makes AOP inert"},
		"origin_pull": {func(z *evidence.Zone) { z.Settings.TLSClientAuth, z.Settings.SSL = "on", "origin_pull" },
			evidence.CertificateGlobal, evidence.CertificateGlobal, "", "", ""},
		"a mode of tomorrow": {func(z *evidence.Zone) { z.Settings.TLSClientAuth, z.Settings.SSL = "on", "quantum" },
			evidence.CertificateUnknown, evidence.CertificateGlobal, "", "", "not known"},
		"part of the traffic is flexible": {func(z *evidence.Zone) {
			z.Settings.TLSClientAuth = "on"
			z.ConfigRules.Items = []evidence.ConfigRule{{ID: "r", Expression: `http.request.uri.path eq "/x"`, SSL: "flexible"}}
		}, evidence.CertificateGlobal, evidence.CertificateGlobal, "", "", ""},
		"mode unknown": {func(z *evidence.Zone) {
			z.Settings.TLSClientAuth = "on"
			z.ConfigRules.Section = deniedSection(permConfigRules)
		}, evidence.CertificateUnknown, evidence.CertificateGlobal, "", permConfigRules, "SSL mode is not known"},
		"mode unknown, no certificate anyway": {func(z *evidence.Zone) {
			z.ConfigRules.Section = deniedSection(permConfigRules)
		}, evidence.CertificateNone, evidence.CertificateNone, "", "", "off on every level"},
		"undecided rule, no mode of which makes AOP inert": {func(z *evidence.Zone) {
			z.Settings.TLSClientAuth = "on"
			z.ConfigRules.Items = []evidence.ConfigRule{{ID: "r", Expression: "http.host in $list", SSL: "strict"}}
		}, evidence.CertificateGlobal, evidence.CertificateGlobal, "", "", ""},
		"undecided rule that could make AOP inert": {func(z *evidence.Zone) {
			z.Settings.TLSClientAuth = "on"
			z.ConfigRules.Items = []evidence.ConfigRule{{ID: "r", Expression: "http.host in $list", SSL: "flexible"}}
		}, evidence.CertificateUnknown, evidence.CertificateGlobal, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			z := plainZone()
			if c.change != nil {
				c.change(z)
			}
			got := one(t, effective(z, around(z, nil)), "app.example.com").Certificate
			if got.Source != c.source || got.Configured != c.configured || got.ID != c.id || !strings.Contains(got.Why, c.why) {
				t.Errorf("got %+v, want %s (configured %s) %s %q", got, c.source, c.configured, c.id, c.why)
			}
			if (got.Source == evidence.CertificateUnknown) != (len(got.Gaps) > 0) {
				t.Errorf("unknown and gaps do not go together: %+v", got)
			}
			if c.permission != "" && (len(got.Gaps) == 0 || got.Gaps[0].Permission != c.permission) {
				t.Errorf("gaps %+v do not name %s", got.Gaps, c.permission)
			}
		})
	}
}

func TestSSLMode(t *testing.T) {
	rule := func(expression, mode string) evidence.ConfigRule {
		return evidence.ConfigRule{ID: "id-" + mode, Description: "to " + mode, Expression: expression, SSL: mode}
	}
	page := func(target, mode string, priority int) evidence.PageRule {
		return evidence.PageRule{ID: target, Target: target, Status: "active", Priority: priority, SSL: mode}
	}
	for name, c := range map[string]struct {
		https  string // always_use_https
		config []evidence.ConfigRule
		page   []evidence.PageRule
		change func(*evidence.Zone)
		value  string
		source string
		others string
		gap    string // expression or permission of the first gap
	}{
		"zone":                                       {value: "full", source: "zone"},
		"rule for the host":                          {config: []evidence.ConfigRule{rule(`http.host eq "app.example.com"`, "flexible")}, value: "flexible", source: "configuration-rule"},
		"rule for another host":                      {config: []evidence.ConfigRule{rule(`http.host eq "www.example.com"`, "flexible")}, value: "full", source: "zone"},
		"the last rule counts":                       {config: []evidence.ConfigRule{rule("true", "flexible"), rule(`http.host contains "app"`, "strict")}, value: "strict", source: "configuration-rule"},
		"disabled rule":                              {config: []evidence.ConfigRule{{Expression: "true", SSL: "flexible", Enabled: evidence.TriFalse}}, value: "full", source: "zone"},
		"rule for a path":                            {config: []evidence.ConfigRule{rule(`http.request.uri.path eq "/x"`, "flexible")}, value: "full", source: "zone", others: "flexible"},
		"rule for a path with the same mode":         {config: []evidence.ConfigRule{rule(`http.request.uri.path eq "/x"`, "full")}, value: "full", source: "zone"},
		"a whole rule after a part":                  {config: []evidence.ConfigRule{rule("ssl", "flexible"), rule("true", "strict")}, value: "strict", source: "configuration-rule"},
		"rule for plain HTTP, all redirected":        {config: []evidence.ConfigRule{rule("not ssl", "flexible")}, value: "full", source: "zone"},
		"rule for plain HTTP":                        {https: "off", config: []evidence.ConfigRule{rule("not ssl", "flexible")}, value: "full", source: "zone", others: "flexible"},
		"undecided":                                  {config: []evidence.ConfigRule{rule("http.host in $l", "flexible")}, gap: "http.host in $l"},
		"undecided, then decided":                    {config: []evidence.ConfigRule{rule("http.host in $l", "flexible"), rule("true", "strict")}, value: "strict", source: "configuration-rule"},
		"undecided with the same mode":               {config: []evidence.ConfigRule{rule("http.host in $l", "full")}, value: "full", source: "zone"},
		"does not parse":                             {config: []evidence.ConfigRule{rule("http.host eq", "flexible")}, gap: "http.host eq"},
		"page rule":                                  {page: []evidence.PageRule{page("app.example.com/*", "strict", 1)}, value: "strict", source: "page-rule"},
		"page rule with a star":                      {page: []evidence.PageRule{page("*.example.com/*", "strict", 1)}, value: "strict", source: "page-rule"},
		"page rule for a path":                       {page: []evidence.PageRule{page("app.example.com/admin/*", "off", 1)}, value: "full", source: "zone", others: "off"},
		"page rule for another host":                 {page: []evidence.PageRule{page("www.example.com/*", "off", 1)}, value: "full", source: "zone"},
		"the first page rule counts":                 {page: []evidence.PageRule{page("app.example.com/*", "strict", 9), page("*.example.com/*", "off", 1)}, value: "strict", source: "page-rule"},
		"a page rule without a mode shadows":         {page: []evidence.PageRule{page("app.example.com/*", "", 9), page("*.example.com/*", "off", 1)}, value: "full", source: "zone"},
		"a page rule without a mode shadows in part": {page: []evidence.PageRule{page("app.example.com/a/*", "", 9), page("*.example.com/*", "strict", 1)}, value: "strict", source: "page-rule", others: "full"},
		"disabled page rule":                         {page: []evidence.PageRule{{Target: "*", Status: "disabled", SSL: "off"}}, value: "full", source: "zone"},
		"configuration rule over page rule":          {config: []evidence.ConfigRule{rule("true", "strict")}, page: []evidence.PageRule{page("*", "off", 1)}, value: "strict", source: "configuration-rule"},
		"page rule for http only":                    {https: "off", page: []evidence.PageRule{page("http://app.example.com/*", "off", 1)}, value: "full", source: "zone", others: "off"},
		"settings denied":                            {change: func(z *evidence.Zone) { z.Settings = evidence.ZoneSettings{Section: deniedSection(permSettings)} }, gap: permSettings},
		"settings denied, rule decides": {config: []evidence.ConfigRule{rule("true", "strict")}, value: "strict", source: "configuration-rule",
			change: func(z *evidence.Zone) { z.Settings = evidence.ZoneSettings{Section: deniedSection(permSettings)} }},
		"page rules denied": {change: func(z *evidence.Zone) { z.PageRules.Section = deniedSection(permPageRules) }, gap: permPageRules},
		"page rules denied, rule decides": {config: []evidence.ConfigRule{rule("true", "strict")}, value: "strict", source: "configuration-rule",
			change: func(z *evidence.Zone) { z.PageRules.Section = deniedSection(permPageRules) }},
		"configuration rules denied":    {change: func(z *evidence.Zone) { z.ConfigRules.Section = deniedSection(permConfigRules) }, gap: permConfigRules},
		"configuration rules not tried": {change: func(z *evidence.Zone) { z.ConfigRules.Section = evidence.Section{} }, gap: ""},
	} {
		t.Run(name, func(t *testing.T) {
			z := plainZone()
			if c.https != "" {
				z.Settings.AlwaysUseHTTPS = c.https
			}
			z.ConfigRules.Items, z.PageRules.Items = c.config, c.page
			if c.change != nil {
				c.change(z)
			}
			m := one(t, effective(z, around(z, nil)), "app.example.com").SSLMode
			if m.Value != c.value || m.Source != c.source || strings.Join(m.Others, ",") != c.others || m.PartOfTraffic != (c.others != "") {
				t.Errorf("got %+v", m)
			}
			if (m.Value == "") != (len(m.Gaps) > 0) {
				t.Errorf("unknown and gaps do not go together: %+v", m)
			}
			if c.gap != "" && (len(m.Gaps) == 0 || m.Gaps[0].Expression != c.gap && m.Gaps[0].Permission != c.gap) {
				t.Errorf("gaps %+v, want %q", m.Gaps, c.gap)
			}
		})
	}
}

func TestAlwaysUseHTTPS(t *testing.T) {
	rule := func(target string, on bool) evidence.PageRule {
		return evidence.PageRule{Target: target, Status: "active", AlwaysUseHTTPS: on}
	}
	for name, c := range map[string]struct {
		zone  string
		rules []evidence.PageRule
		want  evidence.Tri
	}{
		"zone on":                 {"on", nil, evidence.TriTrue},
		"zone off":                {"off", nil, evidence.TriFalse},
		"zone unknown":            {"", nil, evidence.TriUnknown},
		"page rule":               {"off", []evidence.PageRule{rule("http://*example.com/*", true)}, evidence.TriTrue},
		"page rule, unknown zone": {"", []evidence.PageRule{rule("*example.com/*", true)}, evidence.TriTrue},
		"part of the paths":       {"off", []evidence.PageRule{rule("app.example.com/a/*", true)}, evidence.TriFalse},
		"parts, then all":         {"off", []evidence.PageRule{rule("app.example.com/a/*", true), rule("*example.com/*", true)}, evidence.TriTrue},
		"shadowed":                {"off", []evidence.PageRule{rule("app.example.com/a/*", false), rule("*example.com/*", true)}, evidence.TriFalse},
		"https only":              {"off", []evidence.PageRule{rule("https://app.example.com/*", true)}, evidence.TriFalse},
	} {
		z := plainZone()
		z.Settings.AlwaysUseHTTPS, z.PageRules.Items = c.zone, c.rules
		if got := one(t, effective(z, around(z, nil)), "app.example.com").AlwaysUseHTTPS; got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	z := plainZone()
	z.Settings.AlwaysUseHTTPS, z.PageRules.Section = "off", deniedSection(permPageRules)
	if got := one(t, effective(z, around(z, nil)), "app.example.com").AlwaysUseHTTPS; got != evidence.TriUnknown {
		t.Errorf("page rules denied: %q", got)
	}
}

// places writes origins in short, for comparison.
func places(h evidence.Hostname) string {
	var list []string
	for _, o := range h.Origins {
		s := o.Address
		if s == "" {
			s = "?" + o.Name
		}
		if o.Port != 443 {
			s += ":" + map[bool]string{true: "http", false: itoa(o.Port)}[o.Port == 80 && o.Scheme == "http"]
		}
		if o.Host != wireName(h.Name) || o.SNI != wireName(h.Name) {
			s += "[" + o.SNI + "|" + o.Host + "]"
		}
		if o.Edge {
			s += "(edge)"
		}
		list = append(list, s+" "+o.Source)
	}
	return strings.Join(list, "; ")
}

func itoa(n int) string {
	return netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(n)).String()[len("0.0.0.0:"):]
}

func TestOrigins(t *testing.T) {
	resolved := map[string]resolution{
		"b.example.net":    at("203.0.113.22"),
		"web.example.net":  at("203.0.113.31", "2001:db8::31"),
		"cdn.example.net":  at("104.16.1.1"),
		"gone.example.net": {err: "no such name"},
		"many.example.net": {addrs: []netip.Addr{netip.MustParseAddr("203.0.113.32")}, more: true},
	}
	for name, c := range map[string]struct {
		change   func(*evidence.Zone)
		extra    []ExtraOrigin
		hostname string
		want     string
		none     string
		note     string // in the first origin note
	}{
		"address": {want: "203.0.113.10 dns"},
		"IPv6 too": {change: func(z *evidence.Zone) {
			z.DNS.Records = append(z.DNS.Records, rec("AAAA", "app.example.com", "2001:db8::1", true))
		},
			want: "2001:db8::1 dns; 203.0.113.10 dns"},
		"flexible pulls over HTTP": {change: func(z *evidence.Zone) { z.Settings.SSL = "flexible" }, want: "203.0.113.10:http dns"},
		"CNAME outside":            {change: records(rec("CNAME", "app.example.com", "web.example.net", true)), want: "2001:db8::31 cname; 203.0.113.31 cname"},
		"CNAME to Cloudflare":      {change: records(rec("CNAME", "app.example.com", "cdn.example.net", true)), want: "104.16.1.1(edge) cname"},
		"CNAME to many":            {change: records(rec("CNAME", "app.example.com", "many.example.net", true)), want: "203.0.113.32 cname", note: "more than 32"},
		"CNAME to nothing":         {change: records(rec("CNAME", "app.example.com", "gone.example.net", true)), want: "?gone.example.net cname", note: "no such name"},
		"CNAME inside": {change: records(rec("CNAME", "app.example.com", "a.example.com", true), rec("CNAME", "a.example.com", "b.example.com", false), rec("A", "b.example.com", "203.0.113.11", true)),
			want: "203.0.113.11 cname"},
		"CNAME inside, then outside": {change: records(rec("CNAME", "app.example.com", "a.example.com", true), rec("CNAME", "a.example.com", "web.example.net", false)),
			want: "2001:db8::31 cname; 203.0.113.31 cname"},
		"CNAME to a wildcard": {change: records(rec("CNAME", "app.example.com", "x.lb.example.com", true), rec("A", "*.lb.example.com", "203.0.113.12", false)), want: "203.0.113.12 cname"},
		"CNAMEs in a circle":  {change: records(rec("CNAME", "app.example.com", "b.example.com", true), rec("CNAME", "b.example.com", "app.example.com", true)), note: "circle"},
		"tunnel":              {change: records(rec("CNAME", "app.example.com", "t-1.cfargotunnel.com", true)), none: "a Cloudflare Tunnel (office)"},
		"pages":               {change: records(rec("CNAME", "app.example.com", "site.pages.dev", true)), none: "Cloudflare Pages"},
		"bucket":              {change: records(rec("CNAME", "app.example.com", "public.r2.dev", true)), none: "an R2 bucket"},
		"placeholder":         {change: records(rec("AAAA", "app.example.com", "100::", true)), none: "an originless placeholder (100::)"},
		"placeholder with a Worker": {change: func(z *evidence.Zone) {
			records(rec("A", "app.example.com", "192.0.2.1", true))(z)
			z.WorkerRoutes.Items = []evidence.WorkerRoute{{Pattern: "app.example.com/*", Script: "w"}}
		}, none: "a Worker (route app.example.com/*; the address 192.0.2.1 is a placeholder)"},
		"Worker's own domain": {change: func(z *evidence.Zone) { z.DNS.Records[0].Managed = "workers" }, none: "a Worker (custom domain)"},
		"address beside a Worker route": {change: func(z *evidence.Zone) {
			z.WorkerRoutes.Items = []evidence.WorkerRoute{{Pattern: "*example.com/*", Script: "w"}}
		},
			want: "203.0.113.10 dns"},
		"DNS only is not followed": {change: func(z *evidence.Zone) { z.DNS.Records[0].Proxied = evidence.TriFalse }},
		"load balancer": {change: func(z *evidence.Zone) {
			z.LoadBalancers.Items = []evidence.LoadBalancer{{ID: "l", Name: "app.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"p1", "p2"}}}
		}, want: "203.0.113.21:8443 load-balancer; 203.0.113.22[b.internal.example|b.internal.example] load-balancer"},
		"load balancer that is off": {change: func(z *evidence.Zone) {
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "app.example.com", Enabled: evidence.TriFalse, PoolIDs: []string{"p1"}}}
		}, want: "203.0.113.10 dns"},
		"load balancer with a strange pool": {change: func(z *evidence.Zone) {
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "app.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"p9"}}}
		}, note: "pool p9"},
		"load balancer with nothing on": {change: func(z *evidence.Zone) {
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "app.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"p2"}}}
		}, none: "a load balancer of whose origins none is switched on (app.example.com)"},
		"load balancer with a pool of nothing": {change: func(z *evidence.Zone) {
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "app.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"p2", "empty"}}}
		}, note: "the origins of the pool empty"},
		"load balancer's own name": {hostname: "lb.example.com", change: func(z *evidence.Zone) {
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "lb.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"p1"}}}
		}, want: "203.0.113.21:8443 load-balancer; 203.0.113.22[b.internal.example|b.internal.example] load-balancer"},
		"CNAME to a load balancer": {change: func(z *evidence.Zone) {
			records(rec("CNAME", "app.example.com", "lb.example.com", true))(z)
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "lb.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"p1"}}}
		}, want: "203.0.113.21:8443 load-balancer; 203.0.113.22[b.internal.example|b.internal.example] load-balancer"},
		"load balancer, and an origin rule for the Host header": {change: func(z *evidence.Zone) {
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "app.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"p1"}}}
			originRule(evidence.OriginRule{Expression: "true", HostHeader: "rule.example.com"})(z)
		}, want: "203.0.113.21:8443[rule.example.com|rule.example.com] load-balancer; 203.0.113.22[b.internal.example|b.internal.example] load-balancer"},
		"load balancer of a wildcard": {hostname: "x.example.com", change: func(z *evidence.Zone) {
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "*.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"p1"}}}
			z.ConfigRules.Items = []evidence.ConfigRule{{ID: "r", Expression: `http.host eq "x.example.com"`, SSL: "strict"}}
		}, want: "203.0.113.21:8443 load-balancer; 203.0.113.22[b.internal.example|b.internal.example] load-balancer"},
		"load balancer of a wildcard, and a record": {change: func(z *evidence.Zone) {
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "*.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"p1"}}}
		}, want: "203.0.113.10 dns"},
		"load balancer of a wildcard, and a wildcard record": {hostname: "x.example.com", change: func(z *evidence.Zone) {
			z.DNS.Records = append(z.DNS.Records, rec("A", "*.example.com", "203.0.113.70", true))
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "*.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"p1"}}}
			z.ConfigRules.Items = []evidence.ConfigRule{{ID: "r", Expression: `http.host eq "x.example.com"`, SSL: "strict"}}
		}, want: "203.0.113.21:8443 load-balancer; 203.0.113.22[b.internal.example|b.internal.example] load-balancer"},
		"load balancer of a name with a custom hostname": {hostname: "lb.example.com", change: func(z *evidence.Zone) {
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "lb.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"p1"}}}
			z.CustomHostnames.Items = []evidence.CustomHostname{{Hostname: "lb.example.com", Status: "active"}}
			z.FallbackOrigin = evidence.FallbackOrigin{Section: readSection, Origin: "app.example.com"}
		}, want: "203.0.113.10 fallback-origin"},
		"load balancer with itself as origin": {change: func(z *evidence.Zone) {
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "app.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"to-app"}}}
		}, note: "circle"},
		"CNAME to a load balancer with itself as origin": {change: func(z *evidence.Zone) {
			records(rec("CNAME", "app.example.com", "lb.example.com", true))(z)
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "lb.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"to-lb"}}}
		}, note: "circle"},
		"load balancers in a circle": {change: func(z *evidence.Zone) {
			records(rec("CNAME", "app.example.com", "lb.example.com", true))(z)
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "lb.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"to-lb2"}},
				{Name: "lb2.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"to-lb", "p1"}}}
		}, want: "203.0.113.21:8443 load-balancer; 203.0.113.22[b.internal.example|b.internal.example] load-balancer", note: "circle"},
		"load balancers denied": {change: func(z *evidence.Zone) { z.LoadBalancers.Section = deniedSection(permLoadBalancers) },
			want: "203.0.113.10 dns", note: "load balancers"},
		"origin rule: port": {change: originRule(evidence.OriginRule{Expression: "true", OriginPort: 8443}), want: "203.0.113.10:8443 dns"},
		"origin rule: host": {change: originRule(evidence.OriginRule{Expression: "true", OriginHost: "web.example.net"}),
			want: "2001:db8::31 origin-rule; 203.0.113.31 origin-rule"},
		"origin rule: Host header and SNI": {change: originRule(evidence.OriginRule{Expression: "true", HostHeader: "h.example.net"}),
			want: "203.0.113.10[h.example.net|h.example.net] dns"},
		"origin rule: SNI of its own": {change: originRule(evidence.OriginRule{Expression: "true", HostHeader: "h.example.net", SNI: "s.example.net"}),
			want: "203.0.113.10[s.example.net|h.example.net] dns"},
		"origin rules are merged": {change: originRule(evidence.OriginRule{Expression: "true", OriginPort: 8443, SNI: "s"}, evidence.OriginRule{Expression: "true", OriginPort: 9443}),
			want: "203.0.113.10:9443[s|app.example.com] dns"},
		"origin rule for a path": {change: originRule(evidence.OriginRule{Expression: `http.request.uri.path eq "/x"`, OriginPort: 8443}),
			want: "203.0.113.10 dns; 203.0.113.10:8443 dns"},
		"origin rule for another host": {change: originRule(evidence.OriginRule{Expression: `http.host eq "x"`, OriginPort: 8443}), want: "203.0.113.10 dns"},
		"origin rule undecided": {change: originRule(evidence.OriginRule{Expression: `http.host in $l`, OriginPort: 8443}),
			want: "203.0.113.10 dns; 203.0.113.10:8443 dns", note: "Origin Rule"},
		"origin rule to a proxied name inside": {change: func(z *evidence.Zone) {
			z.DNS.Records = append(z.DNS.Records, rec("A", "in.example.com", "203.0.113.40", true))
			originRule(evidence.OriginRule{Expression: `http.host eq "app.example.com"`, OriginHost: "in.example.com"})(z)
		}, want: "203.0.113.40 origin-rule"},
		"origin rules denied": {change: func(z *evidence.Zone) { z.OriginRules.Section = deniedSection(permOriginRules) }, want: "203.0.113.10 dns", note: "Origin Rules"},
		"placeholder with an origin rule": {change: func(z *evidence.Zone) {
			records(rec("A", "app.example.com", "192.0.2.1", true))(z)
			originRule(evidence.OriginRule{Expression: "true", OriginHost: "b.example.net"})(z)
		}, want: "203.0.113.22 origin-rule"},
		"resolve override": {change: pageRule(evidence.PageRule{Target: "app.example.com/*", ResolveOverride: "b.example.net", HostHeaderOverride: "b.example.net"}),
			want: "203.0.113.22[b.example.net|b.example.net] page-rule"},
		"resolve override for HTTPS, where all is HTTPS": {change: pageRule(evidence.PageRule{Target: "https://app.example.com/*", ResolveOverride: "b.example.net"}), want: "203.0.113.22 page-rule"},
		"resolve override for HTTPS": {change: func(z *evidence.Zone) {
			pageRule(evidence.PageRule{Target: "https://app.example.com/*", ResolveOverride: "b.example.net"})(z)
			z.Settings.AlwaysUseHTTPS = "off"
		}, want: "203.0.113.10 dns; 203.0.113.22 page-rule"},
		"resolve override for a path": {change: pageRule(evidence.PageRule{Target: "app.example.com/x*", ResolveOverride: "b.example.net"}),
			want: "203.0.113.10 dns; 203.0.113.22 page-rule"},
		"resolve override, and a page rule before it for a path": {change: func(z *evidence.Zone) {
			z.PageRules.Items = []evidence.PageRule{{Target: "app.example.com/x*", Status: "active"}, {Target: "app.example.com/*", Status: "active", ResolveOverride: "b.example.net"}}
		}, want: "203.0.113.10 dns; 203.0.113.22 page-rule"},
		"origin rule over page rule": {change: func(z *evidence.Zone) {
			pageRule(evidence.PageRule{Target: "*", ResolveOverride: "web.example.net", HostHeaderOverride: "h.example.net"})(z)
			originRule(evidence.OriginRule{Expression: "true", OriginHost: "b.example.net"})(z)
		}, want: "203.0.113.22[h.example.net|h.example.net] origin-rule"},
		"custom hostname, fallback origin": {hostname: "shop.customer.example", change: func(z *evidence.Zone) {
			z.CustomHostnames.Items = []evidence.CustomHostname{{Hostname: "shop.customer.example", Status: "active"}}
			z.FallbackOrigin = evidence.FallbackOrigin{Section: readSection, Origin: "app.example.com"}
		}, want: "203.0.113.10 fallback-origin"},
		"custom hostname, own origin": {hostname: "shop.customer.example", change: func(z *evidence.Zone) {
			z.CustomHostnames.Items = []evidence.CustomHostname{{Hostname: "shop.customer.example", Status: "active", OriginServer: "app.example.com"}}
		}, want: "203.0.113.10[app.example.com|shop.customer.example] custom-hostname"},
		"custom hostname, SNI of the request": {hostname: "shop.customer.example", change: func(z *evidence.Zone) {
			z.CustomHostnames.Items = []evidence.CustomHostname{{Hostname: "shop.customer.example", OriginServer: "app.example.com", OriginSNI: ":request_host_header:"}}
		}, want: "203.0.113.10 custom-hostname"},
		"custom hostname without a fallback": {hostname: "shop.customer.example", change: func(z *evidence.Zone) {
			z.CustomHostnames.Items = []evidence.CustomHostname{{Hostname: "shop.customer.example", Status: "active"}}
		}, note: "fallback origin"},
		"Spectrum, TCP": {hostname: "ssh.example.com", change: func(z *evidence.Zone) {
			z.SpectrumApps.Items = []evidence.SpectrumApp{{Hostname: "ssh.example.com", Protocol: "tcp/22", Origins: []string{"tcp://203.0.113.50:22"}}}
		}, none: "a Spectrum application (tcp/22)"},
		"Spectrum, HTTPS": {hostname: "web.example.com", change: func(z *evidence.Zone) {
			z.SpectrumApps.Items = []evidence.SpectrumApp{{Hostname: "web.example.com", Protocol: "https", Origins: []string{"tcp://203.0.113.50:8443"}}}
		}, want: "203.0.113.50:8443 spectrum"},
		"user's origin": {extra: []ExtraOrigin{{Hostname: "app.example.com", Address: netip.MustParseAddr("203.0.113.60"), Port: 8443}},
			want: "203.0.113.10 dns; 203.0.113.60:8443 user"},
		"user's origin by name": {extra: []ExtraOrigin{{Hostname: "app.example.com", Name: "b.example.net", Port: 443}}, want: "203.0.113.10 dns; 203.0.113.22 user"},
		"user's hostname": {hostname: "new.example.com", extra: []ExtraOrigin{{Hostname: "new.example.com", Address: netip.MustParseAddr("203.0.113.60"), Port: 443}},
			want: "203.0.113.60 user"},
		"wildcard":    {hostname: "*.example.com", change: records(rec("A", "*.example.com", "203.0.113.70", true)), want: "203.0.113.70 dns"},
		"bad address": {change: records(rec("A", "app.example.com", "999.1.2.3", true)), note: "its record holds"},
	} {
		t.Run(name, func(t *testing.T) {
			z := plainZone()
			if c.change != nil {
				c.change(z)
			}
			hostname := c.hostname
			if hostname == "" {
				hostname = "app.example.com"
			}
			h := one(t, effective(z, around(z, resolved, c.extra...)), hostname)
			if got := places(h); got != c.want || h.NoOrigin != c.none {
				t.Errorf("origins %q, none %q; want %q, none %q", got, h.NoOrigin, c.want, c.none)
			}
			if (c.note != "") != (len(h.OriginNotes) > 0) || c.note != "" && !strings.Contains(h.OriginNotes[0].What, c.note) {
				t.Errorf("notes %+v, want %q", h.OriginNotes, c.note)
			}
		})
	}
}

func records(list ...evidence.DNSRecord) func(*evidence.Zone) {
	return func(z *evidence.Zone) { z.DNS.Records = list }
}

func originRule(rules ...evidence.OriginRule) func(*evidence.Zone) {
	return func(z *evidence.Zone) {
		for i := range rules {
			rules[i].ID = "o"
		}
		z.OriginRules.Items = rules
	}
}

func pageRule(r evidence.PageRule) func(*evidence.Zone) {
	return func(z *evidence.Zone) {
		r.Status = "active"
		z.PageRules.Items = []evidence.PageRule{r}
	}
}

func TestHostnamesOfAWildcard(t *testing.T) {
	z := plainZone()
	z.DNS.Records = []evidence.DNSRecord{rec("A", "*.example.com", "203.0.113.70", true), rec("A", "example.com", "203.0.113.71", true),
		rec("CNAME", "_acme-challenge.example.com", "x.example.net", false), rec("TXT", "example.com", "v=spf1", false)}
	z.AOP.Enabled = evidence.TriTrue
	z.AOP.Certificates = []evidence.ClientCertificate{cert("zone-cert", "active", 1)}
	z.HostnameAOP = evidence.HostnameAOP{CertificatesSection: readSection, AssociationsSection: readSection, Certificates: []evidence.ClientCertificate{cert("h", "active", 1)},
		Associations: []evidence.Association{{Hostname: "legacy.example.com", Enabled: evidence.TriFalse, CertificateID: "h", Section: readSection},
			{Hostname: "shop.elsewhere.example", Enabled: evidence.TriTrue, CertificateID: "h", Section: readSection}}}
	z.ConfigRules.Items = []evidence.ConfigRule{{ID: "r", Expression: `http.host eq "old.example.com"`, SSL: "flexible"}}
	z.PageRules.Items = []evidence.PageRule{{Target: "https://pages.example.com/*", Status: "active", SSL: "strict"}}
	list := effective(z, around(z, nil))
	var names []string
	for _, h := range list {
		names = append(names, h.Name)
	}
	if want := []string{"*.example.com", "example.com", "legacy.example.com", "old.example.com", "pages.example.com"}; !slices.Equal(names, want) {
		t.Fatalf("hostnames %v", names)
	}
	star := list[0]
	if star.WireName != "aopscan-probe.example.com" || star.Origins[0].SNI != star.WireName || star.Certificate.Source != evidence.CertificateZone || star.SSLMode.Value != "full" {
		t.Errorf("the wildcard: %+v", star)
	}
	if h := one(t, list, "legacy.example.com"); h.Certificate.Source != evidence.CertificateNone || !slices.Equal(h.Sources, []string{"wildcard"}) || h.Proxied != evidence.TriTrue || places(h) != "203.0.113.70 dns" {
		t.Errorf("a name below the wildcard with its own association: %+v", h)
	}
	if h := one(t, list, "old.example.com"); h.SSLMode.Value != "flexible" || h.Certificate.Source != evidence.CertificateNone {
		t.Errorf("a name below the wildcard with its own rule: %+v", h)
	}
}

func TestProxied(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*evidence.Zone)
		resolved map[string]resolution
		want     evidence.Tri
		notes    int
	}{
		"proxied":               {want: evidence.TriTrue},
		"DNS only":              {change: records(rec("A", "app.example.com", "203.0.113.1", false)), want: evidence.TriFalse},
		"one of two is proxied": {change: records(rec("A", "app.example.com", "203.0.113.1", false), rec("A", "app.example.com", "203.0.113.2", true)), want: evidence.TriTrue},
		"not told":              {change: func(z *evidence.Zone) { z.DNS.Records[0].Proxied = evidence.TriUnknown }, want: evidence.TriUnknown, notes: 1},
		"paused":                {change: func(z *evidence.Zone) { z.Paused = evidence.TriTrue }, want: evidence.TriFalse},
		"moved":                 {change: func(z *evidence.Zone) { z.Status = "moved" }, want: evidence.TriFalse},
		"a status of tomorrow":  {change: func(z *evidence.Zone) { z.Status = "flying" }, want: evidence.TriTrue},
		"load balancer, not told": {change: func(z *evidence.Zone) {
			z.DNS.Records = nil
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "app.example.com", Proxied: evidence.TriNull, PoolIDs: []string{"p1"}}}
		}, resolved: map[string]resolution{"b.example.net": at("203.0.113.22")}, want: evidence.TriUnknown, notes: 1},
		"load balancer, DNS only": {change: func(z *evidence.Zone) {
			z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "app.example.com", Proxied: evidence.TriFalse}}
		}, want: evidence.TriFalse},
		"partial, at Cloudflare":  {change: partial, resolved: map[string]resolution{"app.example.com": at("104.16.2.2")}, want: evidence.TriTrue},
		"partial, elsewhere":      {change: partial, resolved: map[string]resolution{"app.example.com": at("203.0.113.1")}, want: evidence.TriUnknown, notes: 1},
		"partial, both":           {change: partial, resolved: map[string]resolution{"app.example.com": at("104.16.2.2", "203.0.113.1")}, want: evidence.TriUnknown, notes: 1},
		"partial, not resolvable": {change: partial, resolved: map[string]resolution{"app.example.com": {err: "no such name"}}, want: evidence.TriUnknown, notes: 1},
	} {
		z := plainZone()
		if c.change != nil {
			c.change(z)
		}
		h := one(t, effective(z, around(z, c.resolved)), "app.example.com")
		if h.Proxied != c.want || len(h.OriginNotes) != c.notes {
			t.Errorf("%s: %q, notes %+v", name, h.Proxied, h.OriginNotes)
		}
	}
}

func partial(z *evidence.Zone) { z.Type = "partial" }

func TestEffectiveAsksForNames(t *testing.T) {
	z := plainZone()
	z.DNS.Records = []evidence.DNSRecord{rec("CNAME", "a.example.com", "web.example.net", true), rec("CNAME", "b.example.com", "in.example.com", true),
		rec("CNAME", "in.example.com", "deep.example.net", false), rec("CNAME", "t.example.com", "x.cfargotunnel.com", true), rec("CNAME", "off.example.com", "no.example.net", false)}
	z.OriginRules.Items = []evidence.OriginRule{{ID: "o", Expression: `http.host eq "a.example.com"`, OriginHost: "rule.example.net"}}
	z.LoadBalancers.Items = []evidence.LoadBalancer{{Name: "lb.example.com", Proxied: evidence.TriTrue, PoolIDs: []string{"p1"}}}
	s := around(z, nil)
	var asked []string
	s.want = func(n string) { asked = append(asked, n) }
	effective(z, s)
	slices.Sort(asked)
	if want := []string{"b.example.net", "deep.example.net", "rule.example.net"}; !slices.Equal(slices.Compact(asked), want) {
		t.Errorf("asked for %v", asked)
	}
}

func TestMatchURLPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, host, scheme string
		want                  string
	}{
		{"example.com/*", "example.com", "", "yes"},
		{"example.com/*", "app.example.com", "", "no"},
		{"*example.com/*", "app.example.com", "", "yes"},
		{"*.example.com/*", "app.example.com", "", "yes"},
		{"*.example.com/*", "example.com", "", "no"},
		{"*", "example.com", "", "yes"},
		{"*/*", "example.com", "", "yes"},
		{"example.com*", "example.com", "", "yes"},
		{"example.com", "example.com", "", "part"},
		{"example.com/", "example.com", "", "part"},
		{"example.com/admin/*", "example.com", "", "part"},
		{"EXAMPLE.com/*", "example.com", "", "yes"},
		{"http://example.com/*", "example.com", "", "part"},
		{"http://example.com/*", "example.com", "https", "no"},
		{"http://example.com/*", "example.com", "http", "yes"},
		{"https://example.com/*", "example.com", "https", "yes"},
		{"*://example.com/*", "example.com", "", "yes"},
		{"http*://example.com/*", "example.com", "", "yes"},
		{"example.com:8443/*", "example.com", "", "part"},
		{"example.com/*.jpg", "example.com", "", "part"},
		{"", "example.com", "", "no"},
	} {
		if got := matchURLPattern(c.pattern, c.host, c.scheme).String(); got != c.want {
			t.Errorf("%q for %s %q: %s, want %s", c.pattern, c.host, c.scheme, got, c.want)
		}
	}
}
