package checks

import "github.com/aopscan/aopscan/internal/evidence"

var _ = register(Check{
	ID:       "aop-not-enabled",
	Title:    "Authenticated Origin Pulls is off",
	Severity: High,
	Needs:    NeedsConfiguration,
	Rationale: "No level of AOP gives these hostnames a client certificate, so the origin cannot tell Cloudflare from " +
		"anybody else. Whoever learns the origin's address passes by the firewall, the rate limits, the bot and DDoS " +
		"protection and the access rules that Cloudflare enforces.",
	Remediation: zoneLevelOn(),
	References:  []Reference{refAOP, refAOPHow, refAOPZone, refProtect},
	Controls: []Control{
		pci("6.4.2", "The web application firewall at Cloudflare can be passed by: the origin has no means to refuse direct requests."),
		pci("1.4.2", "Inbound traffic to the origin is not restricted to the source that is authorised."),
		nist("IA-9", "Cloudflare's service is not authenticated to the origin."),
		nist("SC-7", "The boundary at Cloudflare's edge is not enforced at the origin."),
		iso("A.8.21", "The security mechanism of the network service, AOP, is not in use."),
		cis("12.2", "The network architecture leaves a way around the edge."),
		soc2("CC6.6", "Access from outside the boundary is not restricted to Cloudflare."),
		cwe("CWE-306", "The origin cannot authenticate whoever sends it requests."),
	},
	Eval: aopNotEnabled,
})

func aopNotEnabled(in *Input) []Result {
	return in.eachZone("", func(z *evidence.Zone) []Result {
		off := map[string]bool{} // switched off for the hostname alone
		for _, a := range associations(z) {
			off[a.Hostname] = a.Enabled == evidence.TriFalse
		}
		return servedResults(z, func(z *evidence.Zone, h *evidence.Hostname) answer {
			return hostnameEnabled(z, h, off[h.Name])
		})
	})
}

func hostnameEnabled(z *evidence.Zone, h *evidence.Hostname, switchedOff bool) answer {
	c := h.Certificate
	switch {
	case switchedOff:
		r := hostResult(z, h.Name, NotApplicable, "AOP is switched off for '%s' alone; see aop-hostname-disabled.", h.Name)
		return answer{r, "AOP is switched off for each hostname alone; see aop-hostname-disabled."}
	case c.Configured == evidence.CertificateUnknown:
		return unknownCertificate(z, h)
	case c.Configured != evidence.CertificateNone:
		r := hostResult(z, h.Name, Pass, "AOP is on for '%s'.", h.Name)
		return answer{r, "AOP is on for every hostname that Cloudflare serves from an origin."}
	case z.AOP.Enabled == evidence.TriTrue:
		r := hostResult(z, h.Name, NotApplicable, "The zone level of AOP is on without a certificate to present; see aop-zone-without-certificate.")
		return answer{r, r.Message}
	}
	r := hostResult(z, h.Name, Fail, "AOP is off for '%s': its origin cannot tell Cloudflare from anybody else.", h.Name)
	r.Reason = c.Why
	return answer{r, "AOP is off for the zone: its origins cannot tell Cloudflare from anybody else."}
}
