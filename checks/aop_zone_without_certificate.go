package checks

import "github.com/aopscan/aopscan/internal/evidence"

var _ = register(Check{
	ID:       "aop-zone-without-certificate",
	Title:    "The zone level of AOP is on and has no certificate",
	Severity: High,
	Needs:    NeedsConfiguration,
	Rationale: "The switch says that the zone's own client certificate is presented, and there is none. Cloudflare falls " +
		"back to its shared certificate or presents nothing: an origin that trusts only the zone's CA turns every " +
		"visitor away, and one that was told to wait for the certificate stays open.",
	Remediation: remedies([]Remedy{uploadZoneCertificate()}, []Remedy{
		api("Or switch the zone level off until there is one.", "PUT", "/zones/$ZONE_ID/origin_tls_client_auth/settings", `{"enabled":false}`),
	}),
	References: []Reference{refAOPZone, refAOPManage},
	Controls: []Control{
		nist("IA-9", "The service has no credential with which it could authenticate itself to the origin."),
		nist("CM-6", "A security setting is on without what it needs to have an effect."),
		iso("A.8.9", "The configuration is not what it says it is."),
		soc2("CC6.1", "The logical access control that is switched on cannot work."),
		cwe("CWE-306", "Requests reach the origin without the authentication that was meant."),
	},
	Eval: aopZoneWithoutCertificate,
})

func aopZoneWithoutCertificate(in *Input) []Result {
	return in.eachZone("", func(z *evidence.Zone) []Result {
		switch {
		case !z.AOP.SettingSection.Known() || (z.AOP.Enabled != evidence.TriTrue && z.AOP.Enabled != evidence.TriFalse):
			return []Result{unreadZoneLevel(z)}
		case z.AOP.Enabled == evidence.TriFalse:
			return []Result{zoneResult(z, NotApplicable, "The zone level of AOP is off.")}
		}
		untold := false
		for _, c := range z.AOP.Certificates {
			switch c.Status {
			case "deleted":
			case "":
				untold = true
			default:
				return []Result{zoneResult(z, Pass, "The zone level of AOP is on and holds a certificate.")}
			}
		}
		if untold {
			r := zoneResult(z, Inconclusive, "Whether the zone level of AOP has a certificate is not known.")
			r.Reason = "the API's answer does not tell the status of those that it lists"
			return []Result{r}
		}
		if !z.AOP.CertificatesSection.Known() {
			return []Result{unread(z, "Whether the zone level of AOP has a certificate", z.AOP.CertificatesSection)}
		}
		r := zoneResult(z, Fail, "The zone level of AOP is on without a certificate to present.")
		r.Reason = "the list of zone-level certificates is empty"
		return []Result{r}
	})
}
