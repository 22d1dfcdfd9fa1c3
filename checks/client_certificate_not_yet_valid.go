package checks

import "github.com/aopscan/aopscan/internal/evidence"

var _ = register(Check{
	ID:       "client-certificate-not-yet-valid",
	Title:    "The client certificate that Cloudflare presents is not valid yet",
	Severity: High,
	Needs:    NeedsConfiguration,
	Rationale: "The certificate's validity begins in the future. Until then an origin that checks it refuses every visitor; " +
		"an origin that lets it in does not check. The usual causes are a CA with a wrong clock and a successor that " +
		"was uploaded too early.",
	Remediation: replaceCertificate("Upload a certificate that is valid now, and delete the early one."),
	References:  []Reference{refAOPManage, refRFC5280},
	Controls: []Control{
		pci("4.2.1", "Certificates that protect transmissions must be valid."),
		nist("SC-17", "A public key certificate is in use before its validity."),
		iso("A.8.24", "Keys and certificates are not managed over their lifetime."),
		soc2("CC6.1", "The credential for access to the origin is not managed over its lifetime."),
	},
	Eval: func(in *Input) []Result {
		return in.eachCertificate(func(z *evidence.Zone, c held) Result {
			if c.Leaf == nil {
				return unreadable(in, z, c, "when it begins")
			}
			if c.Leaf.NotBefore.After(in.Now) {
				r := certificateResult(in, z, c, Fail, "is not valid yet.")
				r.Reason = "its validity begins after the scan"
				r.Facts["not_before"] = c.Leaf.NotBefore.UTC().Format("2006-01-02T15:04:05Z07:00")
				return r
			}
			return certificateResult(in, z, c, Pass, "is already valid.")
		})
	},
})
