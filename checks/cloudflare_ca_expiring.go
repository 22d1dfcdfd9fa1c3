package checks

import (
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
)

// sharedCAEnd is the not-after time of the CA that signs the certificate which
// Cloudflare presents for all its customers
// (https://developers.cloudflare.com/ssl/static/authenticated_origin_pull_ca.pem).
var sharedCAEnd = time.Date(2029, time.November, 1, 17, 0, 0, 0, time.UTC)

var _ = register(Check{
	ID:       "cloudflare-ca-expiring",
	Title:    "The CA of Cloudflare's shared certificate is near its end",
	Severity: Low,
	Needs:    NeedsConfiguration,
	Rationale: "Origins that rely on the global level trust one CA of Cloudflare's, copied into their configuration when AOP " +
		"was set up. When it ends they refuse every visitor, all on the same day, unless the file was replaced before.",
	Remediation: []Remedy{
		{Where: "Origin", Text: "Fetch Cloudflare's current CA, trust it beside the old one, and reload the server.", Commands: `curl -sS https://developers.cloudflare.com/ssl/static/authenticated_origin_pull_ca.pem -o origin-pull-ca.pem
openssl x509 -in origin-pull-ca.pem -noout -subject -enddate -fingerprint -sha256`},
		uploadZoneCertificate(),
	},
	References: []Reference{refAOPGlobal, refAOPZone},
	Controls: []Control{
		pci("4.2.1.1", "The trusted certificate has to be in the inventory, with its end."),
		nist("SC-17", "The trust anchor is due for replacement."),
	},
	Eval: func(in *Input) []Result {
		return in.eachServed(func(z *evidence.Zone, h *evidence.Hostname) answer {
			switch h.Certificate.Source {
			case evidence.CertificateGlobal:
			case evidence.CertificateUnknown:
				return unknownCertificate(z, h)
			default:
				r := hostResult(z, h.Name, NotApplicable, "The origin of '%s' does not rely on Cloudflare's shared CA.", h.Name)
				return answer{r, "The zone's origins do not rely on Cloudflare's shared CA."}
			}
			r := hostResult(z, h.Name, Pass, "Cloudflare's shared CA, on which the origin of '%s' relies, is far from its end.", h.Name)
			whole := "Cloudflare's shared CA, on which the zone's origins rely, is far from its end."
			if sharedCAEnd.Sub(in.Now) <= days(in.Thresholds.CAExpiringDays) {
				r = hostResult(z, h.Name, Fail, "Cloudflare's shared CA, on which the origin of '%s' relies, is near its end.", h.Name)
				whole = "Cloudflare's shared CA, on which the zone's origins rely, is near its end."
			}
			r.Reason = "the CA 'origin-pull.cloudflare.net' ends on " + sharedCAEnd.Format("2006-01-02")
			return answer{r, whole}
		})
	},
})
