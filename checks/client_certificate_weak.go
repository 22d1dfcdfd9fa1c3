package checks

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

var _ = register(Check{
	ID:       "client-certificate-weak",
	Title:    "The client certificate that Cloudflare presents has a weak key or signature",
	Severity: Medium,
	Needs:    NeedsConfiguration,
	Rationale: "The private key is what tells Cloudflare from everybody else. An RSA key of less than 2048 bits can be " +
		"computed by whoever has means, and a signature with MD5 or SHA-1 lets a second certificate be made that the " +
		"origin accepts as well.",
	Remediation: replaceCertificate("Upload a certificate with an ECDSA P-256 or RSA 2048-bit key, signed with SHA-256."),
	References: []Reference{
		{"NIST SP 800-131A r2: transitioning the use of cryptographic algorithms and key lengths", "https://csrc.nist.gov/pubs/sp/800/131/a/r2/final"},
		{"NIST SP 800-57 part 1 r5: recommendation for key management", "https://csrc.nist.gov/pubs/sp/800/57/pt1/r5/final"},
		refAOPManage,
	},
	Controls: []Control{
		pci("4.2.1", "Strong cryptography requires keys of sufficient length."),
		pci("12.3.3", "Cryptographic algorithms in use have to be reviewed and replaced in time."),
		nist("SC-13", "The cryptography is weaker than the approved minimum."),
		iso("A.8.24", "The rules for the use of cryptography have to set a minimum strength."),
		cwe("CWE-326", "The strength of the key is inadequate."),
		cwe("CWE-328", "The signature rests on a weak hash."),
	},
	Eval: func(in *Input) []Result {
		return in.eachCertificate(func(z *evidence.Zone, c held) Result {
			if c.Leaf == nil {
				return unreadable(in, z, c, "how strong it is")
			}
			if why := weakness(c.Leaf); why != "" {
				r := certificateResult(in, z, c, Fail, "is weak.")
				r.Reason = why
				return r
			}
			if why := unknownStrength(c.Leaf); why != "" {
				r := certificateResult(in, z, c, Inconclusive, "has a key or signature of which nobody knows how strong it is.")
				r.Reason = why
				return r
			}
			return certificateResult(in, z, c, Pass, "has a strong key and signature.")
		})
	},
})

// weakness says what is weak about a certificate, or "". The signature of a
// self-signed certificate proves nothing and is not looked at.
func weakness(c *evidence.Certificate) string {
	least := leastBits[c.KeyType]
	switch {
	case c.KeyType == "DSA":
		return "its key is of the kind DSA"
	case c.KeyBits > 0 && c.KeyBits < least:
		return fmt.Sprintf("its key is %s with %d bits, less than %d", c.KeyType, c.KeyBits, least)
	}
	for _, hash := range []string{"MD2", "MD5", "SHA1"} {
		if !selfSigned(c) && strings.Contains(strings.ReplaceAll(strings.ToUpper(c.SignatureAlgorithm), "-", ""), hash) {
			return "its signature algorithm is " + c.SignatureAlgorithm
		}
	}
	return ""
}

// leastBits are the smallest keys that are not weak, by kind.
var leastBits = map[string]int{"RSA": 2048, "ECDSA": 256, "Ed25519": 256}

// unknownStrength says what of a certificate cannot be called strong or weak, or
// "". A number stands for an algorithm that nobody recognised.
func unknownStrength(c *evidence.Certificate) string {
	_, err := strconv.Atoi(c.SignatureAlgorithm)
	switch {
	case leastBits[c.KeyType] == 0:
		return "the key's algorithm could not be recognised"
	case c.KeyBits <= 0:
		return "the key's size is not known"
	case !selfSigned(c) && (c.SignatureAlgorithm == "" || err == nil):
		return "the signature's algorithm could not be recognised"
	}
	return ""
}

func selfSigned(c *evidence.Certificate) bool {
	return c.Subject == c.Issuer && c.SubjectRaw == c.IssuerRaw
}
