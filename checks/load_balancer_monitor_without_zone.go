package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

var _ = register(Check{
	ID:       "load-balancer-monitor-without-zone",
	Title:    "A load balancer's health check presents no client certificate",
	Severity: Medium,
	Needs:    NeedsConfiguration,
	Rationale: "An HTTPS monitor that emulates no zone does not use the zone's AOP settings. Where the origin demands a " +
		"certificate the check fails and healthy origins are taken out of the pool; the usual way out is an origin, or " +
		"a path of it, that demands none.",
	Remediation: []Remedy{
		api("Let the monitor emulate the zone.", "PATCH", "/accounts/$ACCOUNT_ID/load_balancers/monitors/$MONITOR_ID", `{"probe_zone":"example.com"}`),
		terraform("Keep the monitor in code.", `
resource "cloudflare_load_balancer_monitor" "https" {
  account_id     = var.account_id
  type           = "https"
  path           = "/healthz"
  expected_codes = "2xx"
  probe_zone     = "example.com"
}`),
	},
	References: []Reference{
		{"Cloudflare: manage monitors", cloudflareDocs + "load-balancing/monitors/create-monitor/"},
		refAOP,
	},
	Controls: []Control{
		nist("CM-6", "The monitor does not use the security settings that the traffic uses."),
		iso("A.8.9", "The configuration is not consistent."),
	},
	Eval: func(in *Input) []Result {
		accounts := map[string]*evidence.Account{}
		for i := range in.Evidence.Accounts {
			accounts[in.Evidence.Accounts[i].ID] = &in.Evidence.Accounts[i]
		}
		return in.eachZone("No load balancer of the zone that uses AOP has an HTTPS monitor.", func(z *evidence.Zone) []Result {
			a := accounts[z.AccountID]
			if a == nil {
				a = &evidence.Account{ID: z.AccountID}
			}
			return in.monitors(z, a)
		})
	},
})

func (in *Input) monitors(z *evidence.Zone, a *evidence.Account) []Result {
	if !z.LoadBalancers.Known() {
		return []Result{unread(z, "Which load balancers the zone has", z.LoadBalancers.Section)}
	}
	var results []Result
	served := hostnames(z)
	for _, lb := range z.LoadBalancers.Items {
		h := served[lb.Name]
		if lb.Enabled == evidence.TriFalse || h == nil || h.Proxied == evidence.TriFalse {
			continue
		}
		switch h.Certificate.Source {
		case evidence.CertificateNone:
			continue // nothing to present
		case evidence.CertificateUnknown:
			results = append(results, unknown(z, h, h.Certificate.Gaps, "Whether the health checks of '%s' have a certificate to present is not known.", lb.Name))
			continue
		}
		results = append(results, in.balancerMonitors(z, a, lb)...)
	}
	return results
}

// presents reports whether the zone level or the global level of AOP is known to be
// on for the zone of that name.
func (in *Input) presents(zone string) bool {
	return slices.ContainsFunc(in.Evidence.Zones, func(z evidence.Zone) bool {
		return sameName(z.Name, zone) && (z.AOP.Enabled == evidence.TriTrue || z.Settings.TLSClientAuth == "on")
	})
}

// sameName reports whether two names are the same in DNS.
func sameName(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}

// balancerMonitors judges the monitors of one load balancer's pools, each once.
func (in *Input) balancerMonitors(z *evidence.Zone, a *evidence.Account, lb evidence.LoadBalancer) []Result {
	pools := map[string]evidence.Pool{}
	for _, p := range a.Pools {
		pools[p.ID] = p
	}
	known := map[string]evidence.Monitor{}
	for _, m := range a.Monitors {
		known[m.ID] = m
	}
	gap := func(what, subject string, s evidence.Section, missing string) Result {
		r := hostResult(z, lb.Name, Inconclusive, "%s for '%s' is not known.", what, lb.Name)
		r.Subject, r.Reason = subject, missing
		if !s.Known() {
			r.Reason = whyUnread(s)
		}
		if s.State == evidence.SectionDenied {
			r.Permission = s.Permission
		}
		return r
	}
	var results []Result
	seen := map[string]bool{}
	for _, id := range lb.PoolIDs {
		p, ok := pools[id]
		switch {
		case !ok:
			results = append(results, gap("What a pool holds", "pool "+id, a.PoolsSection, fmt.Sprintf("the account's list holds no pool '%s'", id)))
			continue
		case p.Enabled == evidence.TriFalse || p.MonitorID == "" || seen[p.MonitorID]:
			continue
		}
		seen[p.MonitorID] = true
		m, ok := known[p.MonitorID]
		if !ok {
			results = append(results, gap("What a health check does", "monitor "+p.MonitorID, a.MonitorsSection, fmt.Sprintf("the account's list holds no monitor '%s'", p.MonitorID)))
			continue
		}
		if m.Type != "https" {
			continue
		}
		r := hostResult(z, lb.Name, Pass, "The health check '%s' of '%s' emulates the zone '%s'.", m.ID, lb.Name, m.ProbeZone)
		switch {
		case m.ProbeZone == "" && (p.Enabled != evidence.TriTrue || lb.Enabled != evidence.TriTrue):
			r = gap("Whether the health check '"+m.ID+"', which emulates no zone, is used", "", evidence.Section{State: evidence.SectionRead}, "the API's answer does not say whether pool and load balancer are enabled")
		case m.ProbeZone != "" && !sameName(m.ProbeZone, z.Name) && !in.presents(m.ProbeZone):
			r.Status, r.Message = Inconclusive, fmt.Sprintf("Whether the health check '%s' of '%s' presents a client certificate is not known: it emulates another zone, '%s'.", m.ID, lb.Name, m.ProbeZone)
			r.Reason = "the scan did not see AOP on in the zone that the monitor's probe_zone names"
		case m.ProbeZone == "":
			r = hostResult(z, lb.Name, Fail, "The health check '%s' of '%s' emulates no zone, so it presents no client certificate.", m.ID, lb.Name)
			r.Reason = "the monitor's probe_zone is empty"
		}
		r.Subject = "monitor " + m.ID
		results = append(results, r)
	}
	return results
}
