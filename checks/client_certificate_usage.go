package checks

import (
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

var _ = register(Check{
	ID:       "client-certificate-usage",
	Title:    "The client certificate that Cloudflare presents is not made for client authentication",
	Severity: Medium,
	Needs:    NeedsConfiguration,
	Rationale: "A certificate says what it may be used for. Origins that check refuse one that is for servers only, or whose " +
		"key must not sign; the refusal often begins with an update of the TLS library. A certificate that is a CA can " +
		"sign others, which the origin then accepts as well.",
	Remediation: replaceCertificate("Upload a certificate with the extended key usage clientAuth and the key usage digitalSignature that is not a CA."),
	References: []Reference{
		{"RFC 5280, section 4.2.1.12: extended key usage", rfcEditor + "rfc5280#section-4.2.1.12"},
		{"RFC 8446, section 4.4.2.4: receiving a certificate message", rfcEditor + "rfc8446#section-4.4.2.4"},
		refAOPManage,
	},
	Controls: []Control{
		nist("SC-17", "The certificate was not issued for the purpose that it is used for."),
		nist("IA-5(2)", "A relying party that validates the certification path has to refuse the certificate."),
		iso("A.8.24", "A key is used for something else than its certificate allows."),
	},
	Eval: func(in *Input) []Result {
		return in.eachCertificate(func(z *evidence.Zone, c held) Result {
			if c.Leaf == nil {
				return unreadable(in, z, c, "what it may be used for")
			}
			if why := misuse(c.Leaf); why != "" {
				r := certificateResult(in, z, c, Fail, "is not made for client authentication.")
				r.Reason = why
				return r
			}
			return certificateResult(in, z, c, Pass, "is made for client authentication.")
		})
	},
})

// misuse says why a certificate is not for client authentication, or "". What an
// absent extension does not say is allowed (RFC 5280, 4.2.1.3 and 4.2.1.12).
func misuse(c *evidence.Certificate) string {
	switch {
	case c.IsCA:
		return "it is the certificate of a CA"
	case len(c.ExtKeyUsage) > 0 && !slices.Contains(c.ExtKeyUsage, "clientAuth") && !slices.Contains(c.ExtKeyUsage, "any"):
		return "its extended key usage is " + strings.Join(c.ExtKeyUsage, ", ") + ", without clientAuth"
	case len(c.KeyUsage) > 0 && !slices.Contains(c.KeyUsage, "digitalSignature"):
		return "its key usage is " + strings.Join(c.KeyUsage, ", ") + ", without digitalSignature"
	}
	return ""
}
