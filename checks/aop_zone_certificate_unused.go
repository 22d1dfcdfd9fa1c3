package checks

import "github.com/aopscan/aopscan/internal/evidence"

var _ = register(Check{
	ID:       "aop-zone-certificate-unused",
	Title:    "A zone certificate was uploaded and the zone level of AOP is off",
	Severity: Medium,
	Needs:    NeedsConfiguration,
	Rationale: "Somebody uploaded a client certificate for the zone and never switched the zone level on, or switched it " +
		"off again. The rollout looks done in the list of certificates; Cloudflare presents none of them.",
	Remediation: []Remedy{
		api("Switch the zone level on once the origin trusts the certificate's CA.", "PUT", "/zones/$ZONE_ID/origin_tls_client_auth/settings", `{"enabled":true}`),
		terraform("Keep the switch in code.", `
resource "cloudflare_authenticated_origin_pulls_settings" "zone" {
  zone_id = var.zone_id
  enabled = true
}`),
		api("Or delete the certificate, if it is not to be used.", "DELETE", "/zones/$ZONE_ID/origin_tls_client_auth/$CERT_ID", ""),
	},
	References: []Reference{refAOPZone, refAOPManage},
	Controls: []Control{
		nist("IA-9", "The credential for authenticating to the origin exists and is not used."),
		nist("CM-6", "The security setting was prepared and is not in force."),
		iso("A.8.9", "The configuration was left halfway."),
		soc2("CC6.6", "The control at the boundary was prepared and is not in effect."),
	},
	Eval: func(in *Input) []Result {
		return in.eachZone("The zone holds no zone-level certificate that could be presented.", func(z *evidence.Zone) []Result {
			usable, undated := 0, 0
			for _, c := range z.AOP.Certificates {
				switch t := termOf(in, c); {
				case c.Status != "active" || t == termExpired:
				case t == termUnknown:
					undated++
				default:
					usable++
				}
			}
			settingKnown := z.AOP.SettingSection.Known() && (z.AOP.Enabled == evidence.TriTrue || z.AOP.Enabled == evidence.TriFalse)
			switch {
			case settingKnown && z.AOP.Enabled == evidence.TriTrue:
				return []Result{zoneResult(z, Pass, "The zone level of AOP is on.")}
			case usable == 0 && !z.AOP.CertificatesSection.Known():
				return []Result{unread(z, "Whether the zone has a zone-level certificate", z.AOP.CertificatesSection)}
			case usable+undated == 0:
				return nil
			case !settingKnown:
				return []Result{unreadZoneLevel(z)}
			case usable == 0:
				r := zoneResult(z, Inconclusive, "Whether the zone-level certificate that is not used has expired is not known.")
				r.Reason = "it could not be parsed"
				return []Result{r}
			}
			r := zoneResult(z, Fail, "The zone holds an active zone-level certificate and the zone level of AOP is off.")
			r.Reason = "Cloudflare presents a zone-level certificate only while the zone level is on"
			return []Result{r}
		})
	},
})
