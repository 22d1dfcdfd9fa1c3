package checks

import "github.com/aopscan/aopscan/internal/evidence"

var _ = register(Check{
	ID:       "aop-hostname-disabled",
	Title:    "AOP is switched off for a hostname",
	Severity: High,
	Needs:    NeedsConfiguration,
	Rationale: "A hostname association that is off comes before the zone level: Cloudflare presents no client certificate " +
		"for this hostname even where AOP is on for the zone. Such switches are left behind after incidents and " +
		"migrations; the zone's settings page does not show them.",
	Remediation: remedies([]Remedy{
		associate("Switch the hostname's association on.", `"enabled":true`),
		associate("Or void it, so that the zone level applies again.", `"enabled":null`),
	}),
	References: []Reference{refAOPHostname, refAOPHow},
	Controls: []Control{
		pci("6.4.2", "Direct requests for this hostname cannot be told from those that passed the web application firewall."),
		nist("IA-9", "Cloudflare is not authenticated to this hostname's origin."),
		nist("CM-6", "The hostname departs from the zone's security setting."),
		iso("A.8.9", "An exception from the configuration is in force without being visible beside it."),
		soc2("CC6.6", "The boundary control does not cover this hostname."),
		cwe("CWE-306", "This hostname's origin cannot authenticate whoever sends it requests."),
	},
	Eval: aopHostnameDisabled,
})

func aopHostnameDisabled(in *Input) []Result {
	return in.eachZone("No hostname has an association of its own.", func(z *evidence.Zone) []Result {
		var results []Result
		served := hostnames(z)
		if !z.HostnameAOP.AssociationsSection.Known() {
			results = append(results, unreadAssociations(z))
		}
		for _, a := range associations(z) {
			switch h := served[a.Hostname]; {
			case a.Enabled == evidence.TriUnknown:
				r := hostResult(z, a.Hostname, Inconclusive, "Whether AOP is switched off for '%s' is not known.", a.Hostname)
				r.Reason = whyUnread(a.Section)
				r.Permission = a.Section.Permission
				results = append(results, r)
			case a.Enabled == evidence.TriTrue:
				results = append(results, hostResult(z, a.Hostname, Pass, "The association of '%s' is on.", a.Hostname))
			case a.Enabled == evidence.TriNull:
				results = append(results, hostResult(z, a.Hostname, Pass, "The association of '%s' is void: the zone level applies.", a.Hostname))
			case h != nil && h.Proxied == evidence.TriFalse:
				results = append(results, hostResult(z, a.Hostname, NotApplicable, "AOP is switched off for '%s', which Cloudflare does not serve.", a.Hostname))
			case h != nil && h.Proxied != evidence.TriTrue:
				results = append(results, unknownServed(z, h, "Whether Cloudflare serves '%s', for which AOP is switched off, is not known.", h.Name))
			default:
				r := hostResult(z, a.Hostname, Fail, "AOP is switched off for '%s', whatever the zone level says.", a.Hostname)
				r.Reason = "the hostname's association is on record as enabled: false"
				results = append(results, r)
			}
		}
		return results
	})
}
