package checks

import "github.com/aopscan/aopscan/internal/evidence"

var _ = register(Check{
	ID:       "client-certificate-expiring-soon",
	Title:    "The client certificate that Cloudflare presents is about to expire",
	Severity: High,
	Needs:    NeedsConfiguration,
	Rationale: "Little time is left (14 days unless configured otherwise) to let the origin trust a successor, upload it and " +
		"see it deployed. When the certificate ends, an origin that enforces AOP refuses all visitors at once. " +
		"Cloudflare does not renew uploaded certificates.",
	Remediation: replaceCertificate("Upload a successor now; Cloudflare presents the most recently deployed certificate."),
	References:  []Reference{refAOPManage, refRFC5280},
	Controls: []Control{
		pci("4.2.1", "Certificates must not expire while they protect transmissions."),
		nist("SC-17", "The certificate's replacement is overdue."),
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
				r := certificateResult(in, z, c, Fail, "is about to expire.")
				r.Reason = "its end is nearer than the shorter warning period is long"
				return r
			}
			return certificateResult(in, z, c, Pass, "is not about to expire.")
		})
	},
})
