package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

// sampleNow is the clock of the sample.
var sampleNow = time.Date(2026, 11, 3, 10, 4, 30, 0, time.UTC)

// sample is a report with everything in it: zones of several postures, every
// status, verdict and drift, waivers, a baseline, unread sections, a problem.
func sample() *Report {
	ev, out, o := sampleInput()
	r := Build(ev, out, o)
	for i := range r.Results {
		if r.Results[i].Status == checks.Fail {
			r.Results[i].Baseline = BaselineNew
			if r.Results[i].Check == "ssl-mode-not-strict" {
				r.Results[i].Baseline = BaselineUnchanged
			}
		}
	}
	r.Baseline = &BaselineSummary{File: "last-week.json", New: 8, Unchanged: 1, Fixed: 2, Waived: 1, NotAssessed: 1}
	Finish(r)
	return r
}

// sampleCatalogue is a small catalogue: tests of the report do not change with
// the real one.
func sampleCatalogue() []checks.Check {
	fix := []checks.Remedy{
		{Where: "nginx", Text: "Demand Cloudflare's certificate and reload.", Commands: "ssl_client_certificate /etc/nginx/cloudflare.pem;\nssl_verify_client on;\n"},
		{Where: "Apache", Text: "Demand Cloudflare's certificate and reload.", Commands: "SSLCACertificateFile /etc/apache2/cloudflare.pem\nSSLVerifyClient require\n"},
	}
	api := []checks.Remedy{{Where: "Cloudflare API", Text: "Set the SSL mode to Full (strict).", Commands: "curl -X PATCH \"https://api.cloudflare.com/client/v4/zones/$ZONE_ID/settings/ssl\" \\\n  -H \"Authorization: Bearer $CLOUDFLARE_API_TOKEN\" \\\n  --json '{\"value\":\"strict\"}'\n"}}
	docs := []checks.Reference{{Title: "Authenticated Origin Pulls", URL: "https://developers.cloudflare.com/ssl/origin-configuration/authenticated-origin-pull/"}}
	controls := func(nist, pci, cwe string) []checks.Control {
		return []checks.Control{
			{Framework: "NIST SP 800-53 r5", ID: nist, Why: "Only the edge may talk to the origin."},
			{Framework: "PCI DSS 4.0.1", ID: pci, Why: "Connections to the origin are authenticated."},
			{Framework: "CWE", ID: cwe, Why: "The origin does not authenticate its client."},
		}
	}
	check := func(id, title string, s checks.Severity, n checks.Needs, fixes []checks.Remedy, c []checks.Control) checks.Check {
		return checks.Check{ID: id, Title: title, Severity: s, Needs: n, Remediation: fixes, References: docs, Controls: c,
			Rationale: title + ". Whoever knows the origin's address walks around Cloudflare, its firewall and its logs.",
			Eval:      func(*checks.Input) []checks.Result { return nil }}
	}
	return []checks.Check{
		check("aop-hostname-disabled", "AOP is switched off for a hostname", checks.High, checks.NeedsConfiguration, api, controls("SC-7", "1.2.1", "CWE-306")),
		check("aop-not-enabled", "No level of AOP is on", checks.High, checks.NeedsConfiguration, api, controls("SC-8", "1.2.1", "CWE-306")),
		check("aop-shared-certificate", "Origins see the certificate that all Cloudflare customers share", checks.Medium, checks.NeedsConfiguration, api, controls("IA-5(2)", "8.3.2", "CWE-295")),
		check("client-certificate-expired", "The client certificate has expired", checks.Critical, checks.NeedsConfiguration, api, controls("SC-17", "4.2.1", "CWE-298")),
		check("client-certificate-expiring", "The client certificate ends soon", checks.Medium, checks.NeedsConfiguration, api, controls("SC-17", "4.2.1", "CWE-298")),
		check("origin-accepts-any-certificate", "The origin accepts any client certificate", checks.Critical, checks.NeedsProbing, fix, controls("IA-3", "8.3.2", "CWE-295")),
		check("origin-accepts-no-certificate", "The origin answers without a client certificate", checks.Critical, checks.NeedsProbing, fix, controls("IA-3", "8.3.2", "CWE-306")),
		check("origin-ca-mismatch", "The origin does not trust what Cloudflare sends", checks.High, checks.NeedsProbing, fix, controls("SC-17", "4.2.1", "CWE-295")),
		check("origin-client-auth-optional", "The origin asks for a certificate and does not demand it", checks.High, checks.NeedsProbing, fix, controls("IA-3", "8.3.2", "CWE-287")),
		check("origin-refuses-otherwise", "The origin refuses for another reason", checks.Medium, checks.NeedsProbing, fix, controls("SC-7", "1.2.1", "CWE-306")),
		check("origin-server-certificate", "The origin's own certificate is not valid", checks.Low, checks.NeedsProbing, fix, nil),
		check("origin-unreachable", "The origin could not be reached", checks.Info, checks.NeedsProbing, fix, nil),
		check("origin-virtual-host-bypass", "Another virtual host serves the protected content", checks.Critical, checks.NeedsProbing, fix, controls("SC-7", "1.2.1", "CWE-288")),
		check("ssl-mode-not-strict", "The SSL mode does not verify the origin", checks.Medium, checks.NeedsConfiguration, api, controls("SC-8", "4.2.1", "CWE-295")),
	}
}

func sampleInput() (*evidence.Evidence, checks.Outcome, BuildOptions) {
	read := evidence.Section{State: evidence.SectionRead}
	denied := evidence.Section{State: evidence.SectionDenied, Permission: "Zone · Page Rules · Read", Endpoint: "/zones/z3/pagerules", HTTPStatus: 403, Code: 10000, Error: "Authentication error"}
	failed := evidence.Section{State: evidence.SectionFailed, Permission: "Account · Notifications · Read", Endpoint: "/accounts/a1/alerting/v3/policies", HTTPStatus: 502, Error: "bad gateway"}
	at := func(days int) *time.Time { t := sampleNow.AddDate(0, 0, days); return &t }
	leaf := func(cn string, from, to int) *evidence.Certificate {
		return &evidence.Certificate{Subject: "CN=" + cn + ",O=Example", Issuer: "CN=Example Origin Pull CA,O=Example", NotBefore: *at(from), NotAfter: *at(to),
			KeyType: "ECDSA", KeyBits: 256, SHA256: strings.Repeat("ab", 32)}
	}
	zone := func(id, name string) evidence.Zone {
		return evidence.Zone{ID: id, Name: name, AccountID: "a1", AccountName: "Example Holding", Status: "active", Type: "full", Plan: "Pro", Paused: evidence.TriFalse,
			Settings: evidence.ZoneSettings{Section: read, SSL: "strict"}, AOP: evidence.ZoneAOP{SettingSection: read, CertificatesSection: read},
			HostnameAOP: evidence.HostnameAOP{CertificatesSection: read, AssociationsSection: read}, DNS: evidence.DNS{Section: read},
			ConfigRules: evidence.Rules[evidence.ConfigRule]{Section: read}, OriginRules: evidence.Rules[evidence.OriginRule]{Section: read},
			PageRules: evidence.Rules[evidence.PageRule]{Section: read}, LoadBalancers: evidence.Rules[evidence.LoadBalancer]{Section: read},
			CustomHostnames: evidence.Rules[evidence.CustomHostname]{Section: read}, FallbackOrigin: evidence.FallbackOrigin{Section: read},
			WorkerRoutes: evidence.Rules[evidence.WorkerRoute]{Section: read}, SpectrumApps: evidence.Rules[evidence.SpectrumApp]{Section: read}}
	}
	z1, z2, z3 := zone("z1", "example.com"), zone("z2", "example.net"), zone("z3", "example.org")
	z1.AOP.Certificates = []evidence.ClientCertificate{
		{ID: "zone-cert", Status: "active", UploadedOn: at(-200), Leaf: leaf("example.com origin pull", -200, 165)},
		{ID: "old-cert", Status: "active", UploadedOn: at(-900), Leaf: leaf("example.com origin pull (old)", -900, -170)},
	}
	z2.HostnameAOP.Certificates = []evidence.ClientCertificate{
		{ID: "host-cert", Status: "active", UploadedOn: at(-80), Leaf: leaf("shop.example.net", -80, 11)},
		{ID: "broken-cert", Status: "active", ParseError: "no PEM block"},
	}
	z3.PageRules.Section = denied

	hostname := func(z *evidence.Zone, name string, source evidence.CertificateSource, id string, addresses ...string) *evidence.Hostname {
		h := evidence.Hostname{Name: name, Sources: []string{"dns"}, Proxied: evidence.TriTrue, SSLMode: evidence.SSLMode{Value: "strict", Source: "zone"},
			AlwaysUseHTTPS: evidence.TriTrue, Certificate: evidence.EffectiveCertificate{Source: source, Configured: source, ID: id}}
		for _, a := range addresses {
			h.Origins = append(h.Origins, evidence.Origin{Address: a, Port: 443, SNI: name, Host: name, Source: "dns", Scheme: "https"})
		}
		z.Hostnames = append(z.Hostnames, h)
		return &z.Hostnames[len(z.Hostnames)-1]
	}
	hostname(&z1, "api.example.com", evidence.CertificateZone, "zone-cert", "203.0.113.10", "2001:db8::10")
	hostname(&z1, "app.example.com", evidence.CertificateZone, "zone-cert", "203.0.113.11")
	hostname(&z1, "a-very-long-hostname-for-a-quarterly-campaign.marketing.example.com", evidence.CertificateZone, "zone-cert", "203.0.113.12")
	hostname(&z1, "legacy.example.com", evidence.CertificateNone, "", "203.0.113.13")
	hostname(&z1, "status.example.com", evidence.CertificateZone, "zone-cert").NoOrigin = "a Cloudflare Tunnel"
	hostname(&z2, "shop.example.net", evidence.CertificateHostname, "host-cert", "198.51.100.7")
	old := hostname(&z2, "old.example.net", evidence.CertificateNone, "", "198.51.100.8")
	old.SSLMode = evidence.SSLMode{Value: "flexible", Source: "configuration-rule", Rule: "Old shop"}
	hostname(&z3, "www.example.org", evidence.CertificateGlobal, "", "192.0.2.44")
	unknown := hostname(&z3, "blog.example.org", evidence.CertificateUnknown, "", "192.0.2.45")
	unknown.SSLMode = evidence.SSLMode{Gaps: []evidence.Gap{{What: "the page rules could not be read", Permission: "Zone · Page Rules · Read"}}}
	hostname(&z3, "intern.example.org", evidence.CertificateGlobal, "", "10.0.0.5")

	edge := evidence.Observation{ID: "e1", Attempt: evidence.AttemptEdgeControl, Address: "104.16.1.1", Port: 443, Transport: "tls", SNI: "shop.example.net", Host: "shop.example.net",
		Path: "/", Offer: evidence.OfferNone, Stage: evidence.StageResponse, Version: "1.3", HTTP: &evidence.Response{Protocol: "HTTP/2", Status: 200, Server: "cloudflare"}}
	ev := &evidence.Evidence{
		SchemaVersion: 1, Tool: evidence.Tool{Name: "aopscan", Version: "0.4.0", Commit: "0123456789abcdef"},
		StartedAt: sampleNow.Add(-90 * time.Second), CollectedAt: sampleNow,
		Scope:        evidence.Scope{Zones: []string{"example.com", "example.net", "example.org"}, APIURL: "https://api.cloudflare.com/client/v4", ConfigFile: "aopscan.yaml"},
		Accounts:     []evidence.Account{{ID: "a1", Name: "Example Holding", PoolsSection: read, MonitorsSection: read, TunnelsSection: read, RailgunsSection: evidence.Section{State: evidence.SectionAbsent}, NotificationsSection: failed}},
		Zones:        []evidence.Zone{z1, z2, z3},
		ProbeOptions: &evidence.ProbeOptions{Attempts: []string{"standard"}, AttemptTimeoutMS: 10000, EndpointTimeoutMS: 60000},
		Edges:        []evidence.Edge{{Zone: "example.net", Hostname: "shop.example.net", Observations: []evidence.Observation{edge}}},
		Problems:     []evidence.Problem{{Zone: "example.info", What: "finding the zone", Cause: "the token cannot see it", Hint: "add the zone to the token"}},
	}

	var out checks.Outcome
	origin := func(z *evidence.Zone, host, address string, v verdict.Verdict, c verdict.Confidence, d verdict.Demand, drift verdict.Drift, why string, obs ...evidence.Observation) {
		var h *evidence.Hostname
		for i := range z.Hostnames {
			if z.Hostnames[i].Name == host {
				copied := z.Hostnames[i]
				h = &copied
			}
		}
		var proof []string
		for i := range obs {
			o := &obs[i]
			o.ID = fmt.Sprintf("o%d", i+1)
			o.Address, o.Port, o.Transport, o.Method, o.Path = address, 443, "tls", "GET", "/"
			if o.Host == "" {
				o.SNI, o.Host = host, host
			}
			if o.Offer == "" {
				o.Offer = evidence.OfferNone
			}
			o.Timings = evidence.Timings{Connected: 900, Secured: 4100, Done: 7800}
			proof = append(proof, o.ID)
		}
		ep := evidence.Endpoint{Zone: z.Name, Hostname: host, Address: address, Port: 443, SNI: host, Host: host, Observations: obs}
		j := verdict.Judgement{Verdict: v, Confidence: c, Demand: d, Why: why, Proof: proof}
		if len(obs) > 0 {
			j.Reproduce = fmt.Sprintf("curl -sk --resolve %s:443:%s https://%s/", host, address, host)
		}
		if v == verdict.Bypassable {
			j.Bypasses = []verdict.Bypass{{Attempt: evidence.AttemptNoSNI, Observation: "o2", Confidence: verdict.Proven,
				Why:       "Without SNI the default virtual host serves the protected content.",
				Reproduce: fmt.Sprintf("curl -sk -H 'Host: %s' https://%s/", host, address)}}
		}
		ep.NotProbed = ""
		if len(obs) == 0 {
			ep.NotProbed, ep.NotProbedKind = "private addresses need --allow-address", evidence.NotProbedPolicy
		}
		out.Origins = append(out.Origins, checks.Origin{Endpoint: ep, Judgement: j, Hostname: h, Drift: drift})
	}
	answer := func(status int, requested evidence.RequestKind, version, title string) evidence.Observation {
		return evidence.Observation{Attempt: evidence.AttemptNoCertificate, Variant: "tls" + version, MinVersion: version, MaxVersion: version, Stage: evidence.StageResponse, Requested: requested,
			Version: version, Cipher: "TLS_AES_128_GCM_SHA256", Protocol: "http/1.1", AppData: true,
			HTTP: &evidence.Response{Protocol: "HTTP/1.1", Status: status, Server: "nginx", ContentType: "text/html", Body: evidence.Body{Length: 5120, SHA256: strings.Repeat("cd", 32), Title: title, Excerpt: "<!doctype html> " + title, Sketch: []uint32{1, 2, 3}}}}
	}
	alert := evidence.Observation{Attempt: evidence.AttemptNoCertificate, Variant: "tls1.3", Stage: evidence.StageSecured, Requested: evidence.RequestedInHandshake,
		AcceptableCAs: []string{"CN=origin-pull.cloudflare.net,O=CloudFlare\\, Inc."}, Version: "1.3", Close: evidence.CloseAlert, Closed: evidence.AfterHandshake, Alert: 116, AlertName: "certificate_required"}
	noSNI := answer(200, evidence.NotRequested, "1.3", "Sign in")
	noSNI.Attempt, noSNI.Variant, noSNI.SNI, noSNI.Host = evidence.AttemptNoSNI, "", "", "app.example.com"
	refused := evidence.Observation{Attempt: evidence.AttemptNoCertificate, Variant: "tls1.3", Stage: evidence.StageDial, Close: evidence.CloseTimeout, Error: "dial tcp: i/o timeout"}
	required := answer(400, evidence.RequestedInHandshake, "1.3", "400 No required SSL certificate was sent")

	origin(&z1, "api.example.com", "203.0.113.10", verdict.Enforced, verdict.Proven, verdict.DemandRequired, verdict.DriftEnforced, "It asked for a certificate and ended with alert 116 (certificate_required) on TLS 1.3 and alert 40 on TLS 1.2.", alert)
	origin(&z1, "api.example.com", "2001:db8::10", verdict.NotEnforced, verdict.Proven, verdict.DemandNone, verdict.DriftOpen, "It answered 200 'Sign in' without asking for a certificate.", answer(200, evidence.NotRequested, "1.3", "Sign in"), answer(200, evidence.NotRequested, "1.2", "Sign in"))
	origin(&z1, "app.example.com", "203.0.113.11", verdict.Bypassable, verdict.Proven, verdict.DemandRequired, verdict.DriftEnforced, "The front door refuses (400 'No required SSL certificate was sent'); without SNI the same content is served.", required, noSNI)
	origin(&z1, "a-very-long-hostname-for-a-quarterly-campaign.marketing.example.com", "203.0.113.12", verdict.RefusedOtherwise, verdict.Likely, verdict.DemandNone, verdict.DriftOpen, "It answered 403 without asking for a certificate: an address filter, not AOP.", answer(403, evidence.NotRequested, "1.3", "Forbidden"))
	origin(&z1, "legacy.example.com", "203.0.113.13", verdict.Enforced, verdict.Likely, verdict.DemandRequired, verdict.DriftOutage, "It asked for a certificate and refused (alert 40).", alert)
	origin(&z2, "shop.example.net", "198.51.100.7", verdict.Enforced, verdict.Proven, verdict.DemandRequired, verdict.DriftUntrusted, "It asked for a certificate of CN=Other CA and refused (alert 116).", alert)
	origin(&z2, "old.example.net", "198.51.100.8", verdict.NotEnforced, verdict.Proven, verdict.DemandNone, verdict.DriftNeither, "It answered 200 'Old shop' without asking for a certificate.", answer(200, evidence.NotRequested, "1.2", "Old shop"))
	origin(&z3, "www.example.org", "192.0.2.44", verdict.Unreachable, verdict.Unclear, verdict.DemandUnknown, verdict.DriftUnknown, "The connection timed out.", refused)
	origin(&z3, "blog.example.org", "192.0.2.45", verdict.Inconclusive, verdict.Unclear, verdict.DemandOptional, verdict.DriftUnknown, "It asked for a certificate and answered 403; only a control can tell whether the right certificate would help.", answer(403, evidence.RequestedInHandshake, "1.3", "Forbidden"))
	origin(&z3, "intern.example.org", "10.0.0.5", verdict.Inconclusive, verdict.Unclear, verdict.DemandUnknown, verdict.DriftUnknown, "It was not probed.")

	result := func(check string, status checks.Status, s checks.Severity, zone, host, address, subject, message, reason string) *checks.Result {
		res := checks.Result{Check: check, Status: status, Severity: s, Zone: zone, Hostname: host, Address: address, Subject: subject, Message: message, Reason: reason,
			Fingerprint: fmt.Sprintf("%016x", len(out.Results)*7919+17)}
		if address != "" {
			res.Port = 443
			res.Observations = []string{"o1"}
		}
		if status == checks.Fail {
			res.Remediation = "Demand the certificate at the origin and reload."
			if address != "" {
				res.Reproduce = fmt.Sprintf("curl -sk --resolve %s:443:%s https://%s/", host, address, host)
			}
		}
		out.Results = append(out.Results, res)
		return &out.Results[len(out.Results)-1]
	}
	const c, n, o = "example.com", "example.net", "example.org"
	result("origin-accepts-no-certificate", checks.Fail, checks.Critical, c, "api.example.com", "2001:db8::10", "", "The origin answers requests that carry no client certificate.", "It answered 200 'Sign in' without asking for a certificate.")
	result("origin-accepts-no-certificate", checks.Pass, checks.Critical, c, "api.example.com", "203.0.113.10", "", "The origin refuses requests that carry no client certificate.", "Alert 116 after a certificate request.")
	result("origin-accepts-no-certificate", checks.Pass, checks.Critical, c, "app.example.com", "203.0.113.11", "", "The origin refuses requests that carry no client certificate.", "400 'No required SSL certificate was sent'.")
	bypass := result("origin-virtual-host-bypass", checks.Fail, checks.Critical, c, "app.example.com", "203.0.113.11", "no-sni", "Without SNI, another virtual host serves the protected content.", "No SNI, Host app.example.com: the same page as with a certificate.")
	bypass.Observations = []string{"o1", "o2"}
	result("origin-refuses-otherwise", checks.Fail, checks.Medium, c, "a-very-long-hostname-for-a-quarterly-campaign.marketing.example.com", "203.0.113.12", "", "The origin refuses, but not for want of a certificate.", "403 without a certificate request.")
	result("origin-client-auth-optional", checks.NotApplicable, checks.High, c, "app.example.com", "203.0.113.11", "", "The origin demands a certificate.", "")
	expired := result("client-certificate-expired", checks.Waived, checks.Critical, c, "", "", "old-cert", "A client certificate that Cloudflare calls active has expired.", "replaced, waiting for deletion")
	expired.Waiver = &checks.WaiverNote{Owner: "platform team", Reason: "replaced, waiting for deletion", Expires: "2026-12-31", Proof: "The certificate's own end is over."}
	expired.Facts = map[string]string{"not_after": at(-170).Format(time.DateOnly), "days": "-170"}
	result("aop-not-enabled", checks.Pass, checks.High, c, "", "", "", "AOP is on at zone level.", "")
	result("aop-hostname-disabled", checks.Fail, checks.High, c, "legacy.example.com", "", "", "AOP is switched off for the hostname while the zone level is on.", "The association says enabled: false.")
	result("ssl-mode-not-strict", checks.Pass, checks.Medium, c, "", "", "", "The SSL mode is strict.", "")
	result("origin-accepts-no-certificate", checks.Fail, checks.Critical, n, "old.example.net", "198.51.100.8", "", "The origin answers requests that carry no client certificate.", "It answered 200 'Old shop' without asking for a certificate.")
	result("origin-ca-mismatch", checks.Fail, checks.High, n, "shop.example.net", "198.51.100.7", "", "The origin does not trust the certificate that Cloudflare will present.", "It names CN=Other CA alone; the certificate is issued by CN=Example Origin Pull CA.")
	exp := result("client-certificate-expiring", checks.Fail, checks.Medium, n, "shop.example.net", "", "host-cert", "A client certificate in use ends soon.", "It is in use for shop.example.net.")
	exp.Facts = map[string]string{"not_after": at(11).Format(time.DateOnly), "days": "11"}
	result("ssl-mode-not-strict", checks.Fail, checks.Medium, n, "old.example.net", "", "", "The SSL mode does not verify the origin's certificate.", "A Configuration Rule sets flexible.")
	result("aop-shared-certificate", checks.Fail, checks.Medium, o, "www.example.org", "", "", "Origins see the certificate that all Cloudflare customers share.", "Only the global level is on.")
	result("origin-server-certificate", checks.Fail, checks.Low, o, "blog.example.org", "192.0.2.45", "", "The origin's own certificate does not cover its name.", "It is issued for intern.example.org.")
	result("origin-accepts-no-certificate", checks.Inconclusive, checks.Critical, o, "blog.example.org", "192.0.2.45", "", "It could not be told whether the origin demands a certificate.", "It asked for one and answered 403.")
	result("origin-unreachable", checks.Inconclusive, checks.Info, o, "www.example.org", "192.0.2.44", "", "The origin could not be reached.", "The connection timed out.")
	result("origin-unreachable", checks.Inconclusive, checks.Info, o, "intern.example.org", "10.0.0.5", "", "The origin was not probed.", "Private addresses need --allow-address.")
	pr := result("ssl-mode-not-strict", checks.Inconclusive, checks.Medium, o, "blog.example.org", "", "", "The SSL mode of the hostname is not known.", "The page rules could not be read.")
	pr.Permission = "Zone · Page Rules · Read"
	result("origin-accepts-any-certificate", checks.Skipped, checks.Critical, o, "www.example.org", "192.0.2.44", "", "The attempt was not made.", "The origin could not be reached.")

	waivers := []WaiverReport{
		{Check: "client-certificate-expired", State: WaiverApplied, Owner: "platform team", Expires: "2026-12-31", Reason: "replaced, waiting for deletion", Matched: 1, File: "aopscan.yaml", Line: 22},
		{Check: "aop-hostname-disabled", State: WaiverExpired, Owner: "web team", Expires: "2026-10-31", Reason: "migration", Matched: 1, File: "aopscan.yaml", Line: 28},
		{Check: "origin-path-bypass", State: WaiverUnused, Owner: "web team", Expires: "2027-01-31", Reason: "health check", File: "aopscan.yaml", Line: 34},
	}
	return ev, out, BuildOptions{FailOn: checks.Medium, Waivers: waivers, Loosened: []string{"client-certificate-expiring"}, Catalogue: sampleCatalogue()}
}
