package checks

import "github.com/aopscan/aopscan/internal/evidence"

var _ = register(Check{
	ID:       "client-certificate-expiring",
	Title:    "The client certificate that Cloudflare presents expires soon",
	Severity: Medium,
	Needs:    NeedsConfiguration,
	Rationale: "The certificate is within its renewal period (30 days unless configured otherwise). When it ends, an " +
		"origin that enforces AOP refuses all visitors at once. Cloudflare does not renew uploaded certificates.",
	Remediation: replaceCertificate("Upload a successor whose CA the origin already trusts; Cloudflare presents the most recently deployed certificate."),
	References:  []Reference{refAOPManage, refRFC5280},
	Controls: []Control{
		pci("4.2.1", "Certificates must not expire while they protect transmissions."),
		nist("SC-17", "The certificate is due for replacement."),
		iso("A.8.24", "The lifetime of keys and certificates has to be managed."),
		soc2("CC6.1", "The credential for access to the origin has to be renewed in time."),
	},
	Eval: func(in *Input) []Result {
		return in.eachCertificate(func(z *evidence.Zone, c held) Result {
			switch termOf(in, c.ClientCertificate) {
			case termUnknown:
				return unreadable(in, z, c, "when it ends")
			case termExpired:
				return certificateResult(in, z, c, NotApplicable, "has expired already; see client-certificate-expired.")
			case termExpiringSoon:
				return certificateResult(in, z, c, NotApplicable, "is about to expire; see client-certificate-expiring-soon.")
			case termExpiring:
				r := certificateResult(in, z, c, Fail, "has entered its renewal period.")
				r.Reason = "its end is nearer than the renewal period is long"
				return r
			}
			return certificateResult(in, z, c, Pass, "is not yet in its renewal period.")
		})
	},
})
