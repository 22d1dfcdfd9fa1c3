package checks

import "github.com/aopscan/aopscan/internal/evidence"

var _ = register(Check{
	ID:       "aop-hostname-not-proxied",
	Title:    "AOP is on for a hostname that Cloudflare does not serve",
	Severity: Medium,
	Needs:    NeedsConfiguration,
	Rationale: "The hostname has a certificate of its own and its DNS record is DNS only, or gone. Cloudflare is not in " +
		"the path, so it presents nothing: visitors reach the origin's address, which is public, and an origin that " +
		"enforces AOP refuses them.",
	Remediation: []Remedy{
		api("Proxy the record.", "PATCH", "/zones/$ZONE_ID/dns_records/$RECORD_ID", `{"proxied":true}`),
		terraform("Keep the record in code.", `
resource "cloudflare_dns_record" "app" {
  zone_id = var.zone_id
  name    = "app.example.com"
  type    = "A"
  content = "203.0.113.10"
  proxied = true
  ttl     = 1
}`),
		associate("Or void the association, if the hostname is not to be served by Cloudflare.", `"enabled":null`),
	},
	References: []Reference{{"Cloudflare: proxy status", cloudflareDocs + "dns/proxy-status/"}, refAOPHostname},
	Controls: []Control{
		pci("6.4.2", "The hostname is not behind the web application firewall that its AOP setting suggests."),
		nist("SC-7", "The hostname's traffic does not pass the managed interface."),
		nist("CM-6", "The security setting has no effect on the hostname that it is for."),
		iso("A.8.9", "The configuration is not consistent."),
		soc2("CC6.6", "The boundary control does not cover this hostname."),
	},
	Eval: func(in *Input) []Result {
		return in.eachZone("AOP is on for no hostname of its own.", func(z *evidence.Zone) []Result {
			if z.Paused == evidence.TriTrue {
				return []Result{zoneResult(z, NotApplicable, "The zone is paused; see zone-paused.")}
			}
			var results []Result
			served := hostnames(z)
			if !z.HostnameAOP.AssociationsSection.Known() {
				results = append(results, unreadAssociations(z))
			}
			for _, a := range associations(z) {
				if a.Enabled == evidence.TriTrue {
					results = append(results, associatedAndProxied(z, served[a.Hostname], a.Hostname))
				}
			}
			return results
		})
	},
})

func associatedAndProxied(z *evidence.Zone, h *evidence.Hostname, name string) Result {
	switch {
	case h != nil && h.Proxied == evidence.TriTrue:
		return hostResult(z, name, Pass, "Cloudflare serves '%s'.", name)
	case h != nil && h.Proxied == evidence.TriFalse:
		r := hostResult(z, name, Fail, "AOP is on for '%s', which is not proxied.", name)
		r.Reason = "its record is DNS only"
		return r
	case h != nil:
		return unknownServed(z, h, "Whether Cloudflare serves '%s' is not known.", name)
	}
	for _, s := range []evidence.Section{z.DNS.Section, z.LoadBalancers.Section, z.CustomHostnames.Section} {
		if !s.Known() {
			r := hostResult(z, name, Inconclusive, "Whether Cloudflare serves '%s' is not known.", name)
			r.Reason = whyUnread(s)
			if s.State == evidence.SectionDenied {
				r.Permission = s.Permission
			}
			return r
		}
	}
	r := hostResult(z, name, Fail, "AOP is on for '%s', which has no record.", name)
	r.Reason = "neither a DNS record nor a load balancer nor a custom hostname has this name"
	return r
}
