package checks

import "github.com/aopscan/aopscan/internal/evidence"

var _ = register(Check{
	ID:       "aop-shared-certificate",
	Title:    "The origin sees a client certificate that every Cloudflare customer can use",
	Severity: Medium,
	Needs:    NeedsConfiguration,
	Rationale: "With the global level alone Cloudflare presents its own certificate, the same for all its customers. It " +
		"proves that a request came through Cloudflare, not that it came through your zone: an attacker who points a " +
		"zone of their own at your origin's address is let in, with their rules instead of yours.",
	Remediation: zoneLevelOn(),
	References:  []Reference{refAOPGlobal, refAOPZone, refAOPHostname},
	Controls: []Control{
		pci("1.4.2", "Traffic from other customers of Cloudflare is as welcome at the origin as one's own."),
		nist("IA-9", "The certificate identifies Cloudflare, not the service of this organisation."),
		nist("SC-12", "The key that opens the origin is not under the organisation's control."),
		iso("A.8.5", "The credential is shared with parties that should not have access."),
		soc2("CC6.6", "Access from outside the boundary is restricted to all customers of Cloudflare, not to one."),
		cwe("CWE-287", "The identity that is proven is not the one that access is meant for."),
	},
	Eval: aopSharedCertificate,
})

func aopSharedCertificate(in *Input) []Result {
	return in.eachServed(func(z *evidence.Zone, h *evidence.Hostname) answer {
		switch h.Certificate.Source {
		case evidence.CertificateGlobal:
			r := hostResult(z, h.Name, Fail, "The origin of '%s' sees only the certificate that Cloudflare presents for all its customers.", h.Name)
			r.Reason = h.Certificate.Why
			return answer{r, "The zone's origins see only the certificate that Cloudflare presents for all its customers."}
		case evidence.CertificateZone, evidence.CertificateHostname:
			r := hostResult(z, h.Name, Pass, "The origin of '%s' sees a certificate of the zone's own.", h.Name)
			return answer{r, "The zone's origins see a certificate of the zone's own."}
		case evidence.CertificateNone:
			see := "see aop-not-enabled and aop-hostname-disabled"
			if inert(h.SSLMode.Value) {
				see = "see ssl-mode-incompatible and ssl-mode-override"
			}
			r := hostResult(z, h.Name, NotApplicable, "The origin of '%s' sees no client certificate; %s.", h.Name, see)
			r.Reason = h.Certificate.Why
			return answer{r, "The zone's origins see no client certificate; " + see + "."}
		}
		return unknownCertificate(z, h)
	})
}
