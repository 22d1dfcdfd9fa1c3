package checks

import "github.com/aopscan/aopscan/internal/evidence"

var _ = register(Check{
	ID:       "client-certificate-expired",
	Title:    "The client certificate that Cloudflare presents has expired",
	Severity: Critical,
	Needs:    NeedsConfiguration,
	Rationale: "An origin that checks what it is shown refuses an expired certificate: every visitor gets an error. An " +
		"origin that lets it in does not check. Cloudflare goes on presenting the certificate and calls it active for " +
		"years after its end.",
	Remediation: replaceCertificate("Upload a new certificate, let it become active, then delete the expired one."),
	References:  []Reference{refAOPManage, refRFC5280},
	Controls: []Control{
		pci("4.2.1", "Certificates that protect transmissions must be valid and not expired."),
		nist("SC-17", "A public key certificate is in use past its validity."),
		nist("IA-5", "The authenticator was not replaced at the end of its lifetime."),
		iso("A.8.24", "Keys and certificates are not managed over their lifetime."),
		soc2("CC6.1", "The credential for access to the origin is not managed over its lifetime."),
		cwe("CWE-324", "A key is used past its expiration date."),
	},
	Eval: func(in *Input) []Result {
		return in.eachCertificate(func(z *evidence.Zone, c held) Result {
			switch termOf(in, c.ClientCertificate) {
			case termUnknown:
				return unreadable(in, z, c, "when it ends")
			case termExpired:
				r := certificateResult(in, z, c, Fail, "has expired.")
				r.Reason = "its validity ended before the scan; Cloudflare's status for it is '" + c.Status + "'"
				return r
			}
			return certificateResult(in, z, c, Pass, "has not expired.")
		})
	},
})
