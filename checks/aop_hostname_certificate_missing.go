package checks

import "github.com/aopscan/aopscan/internal/evidence"

var _ = register(Check{
	ID:       "aop-hostname-certificate-missing",
	Title:    "A hostname is associated with a certificate that does not exist",
	Severity: High,
	Needs:    NeedsConfiguration,
	Rationale: "The hostname's association is on and names no certificate, or one that was deleted. What Cloudflare " +
		"presents for it, if anything, is not what was configured: an origin that trusts only the hostname's own CA " +
		"refuses all visitors.",
	Remediation: hostnameCertificate(),
	References:  []Reference{refAOPHostname, refAOPManage},
	Controls: []Control{
		nist("IA-9", "The service has no credential for this hostname's origin."),
		nist("CM-6", "The setting refers to something that does not exist."),
		iso("A.8.9", "The configuration is not consistent."),
	},
	Eval: func(in *Input) []Result {
		return in.eachZone("No hostname is associated with a certificate.", func(z *evidence.Zone) []Result {
			var results []Result
			if !z.HostnameAOP.AssociationsSection.Known() {
				results = append(results, unreadAssociations(z))
			}
			for _, a := range associations(z) {
				if a.Enabled != evidence.TriTrue {
					continue
				}
				c := certificateByID(z, a.CertificateID)
				r := hostResult(z, a.Hostname, Fail, "'%s' is associated with a certificate that does not exist.", a.Hostname)
				switch {
				case a.CertificateID == "":
					r.Reason = "the association names no certificate"
				case c != nil && c.Status == "":
					r = hostResult(z, a.Hostname, Inconclusive, "Whether the certificate that '%s' is associated with was deleted is not known.", a.Hostname)
					r.Reason = "the API's answer does not tell its status"
				case c != nil && c.Status != "deleted":
					r = hostResult(z, a.Hostname, Pass, "The certificate that '%s' is associated with exists.", a.Hostname)
				case c == nil && !z.HostnameAOP.CertificatesSection.Known():
					u := unread(z, "Whether the certificate exists", z.HostnameAOP.CertificatesSection)
					r = hostResult(z, a.Hostname, Inconclusive, "Whether the certificate that '%s' is associated with exists is not known.", a.Hostname)
					r.Reason, r.Permission = u.Reason, u.Permission
				case c == nil:
					r.Reason = "the certificate that it names is not in the zone's list"
				default:
					r.Reason = "the certificate that it names was deleted"
				}
				if a.CertificateID != "" {
					r.Facts = map[string]string{"certificate": a.CertificateID}
				}
				results = append(results, r)
			}
			return results
		})
	},
})
