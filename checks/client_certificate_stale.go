package checks

import (
	"fmt"

	"github.com/aopscan/aopscan/internal/evidence"
)

var _ = register(Check{
	ID:       "client-certificate-stale",
	Title:    "A client certificate that is not used any more was never deleted",
	Severity: Low,
	Needs:    NeedsConfiguration,
	Rationale: "Cloudflare keeps expired and superseded certificates, with their private keys, until somebody deletes them. " +
		"One wrong identifier in a script, or the deletion of the newest certificate, puts an old one back into use.",
	Remediation: []Remedy{
		api("Delete the zone-level certificate.", "DELETE", "/zones/$ZONE_ID/origin_tls_client_auth/$CERT_ID", ""),
		api("A hostname-level certificate is deleted in its own list.", "DELETE", "/zones/$ZONE_ID/origin_tls_client_auth/hostnames/certificates/$CERT_ID", ""),
	},
	References: []Reference{refAOPManage},
	Controls: []Control{
		pci("4.2.1.1", "The inventory of trusted keys and certificates holds some that have no use."),
		nist("SC-12", "Keys are not destroyed at the end of their use."),
		iso("A.8.24", "Keys are kept beyond their lifetime."),
	},
	Eval: func(in *Input) []Result {
		return in.eachZone("Cloudflare holds no client certificate of the zone's own.", func(z *evidence.Zone) []Result {
			results := unreadCertificates(z, true)
			newest, sure := presentedByZone(z)
			for _, c := range heldCertificates(z) {
				term := termOf(in, c.ClientCertificate)
				expired := term == termExpired
				// Superseded says nothing of a zone level that is off: none of its
				// certificates is in use then (aop-zone-certificate-unused).
				superseded := c.level == evidence.CertificateZone && c.Status == "active" && sure && newest != c.ID
				switch {
				case c.use == inUse:
					results = append(results, certificateResult(in, z, c, Pass, "is in use."))
				case c.use == useUnknown && expired:
					r := certificateResult(in, z, c, Inconclusive, "has expired, and whether it is in use is not known.")
					r.Reason, r.Permission = "what decides which certificate is presented could not be read", useGap(z, c)
					results = append(results, r)
				case c.Status == "":
					r := certificateResult(in, z, c, Inconclusive, "may be one that was deleted.")
					r.Reason = "the API's answer does not tell its status"
					results = append(results, r)
				case expired:
					results = append(results, staleResult(in, z, c, "it has expired and nothing uses it"))
				case superseded:
					results = append(results, staleResult(in, z, c, fmt.Sprintf("the certificate '%s' was deployed after it", newest)))
				case term == termUnknown:
					results = append(results, unreadable(in, z, c, "whether it has expired"))
				case c.level == evidence.CertificateZone && c.Status == "active" && !sure:
					r := certificateResult(in, z, c, Inconclusive, "may have been superseded.")
					r.Reason = "the API's answer does not tell which of the zone-level certificates was deployed last"
					results = append(results, r)
				default:
					results = append(results, certificateResult(in, z, c, Pass, "has neither expired nor been superseded."))
				}
			}
			return results
		})
	},
})

func staleResult(in *Input, z *evidence.Zone, c held, why string) Result {
	r := certificateResult(in, z, c, Fail, "is not used any more and was never deleted.")
	r.Reason = why
	return r
}
