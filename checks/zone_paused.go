package checks

import "github.com/aopscan/aopscan/internal/evidence"

var _ = register(Check{
	ID:       "zone-paused",
	Title:    "The zone is paused: Cloudflare protects nothing",
	Severity: Critical,
	Needs:    NeedsConfiguration,
	Rationale: "While a zone is paused Cloudflare answers DNS only. Visitors and attackers reach the origin's address " +
		"directly, every protection of the zone is off, and an origin that demands Cloudflare's certificate turns " +
		"everybody away. Zones are paused to debug something and forgotten.",
	Remediation: []Remedy{
		api("Resume the zone.", "PATCH", "/zones/$ZONE_ID", `{"paused":false}`),
		terraform("Keep the zone's state in code.", `
resource "cloudflare_zone" "example" {
  account = { id = var.account_id }
  name    = "example.com"
  paused  = false
}`),
	},
	References: []Reference{
		{"Cloudflare: pause Cloudflare", cloudflareDocs + "fundamentals/manage-domains/pause-cloudflare/"},
		refProtect,
	},
	Controls: []Control{
		pci("6.4.2", "No web application firewall is in front of the site while the zone is paused."),
		nist("SC-7", "The managed interface at the boundary is switched off."),
		nist("SC-5", "The protection against denial of service is switched off."),
		iso("A.8.20", "The network protection of the site is switched off."),
		soc2("CC6.6", "The measures against threats from outside the boundary are switched off."),
		cwe("CWE-693", "The protection mechanism is not in effect."),
	},
	Eval: func(in *Input) []Result {
		return in.eachZone("", func(z *evidence.Zone) []Result {
			switch {
			case z.Paused == evidence.TriTrue:
				r := zoneResult(z, Fail, "The zone is paused: visitors reach its origins directly.")
				r.Reason = "the API says so of the zone"
				return []Result{r}
			case z.Paused != evidence.TriFalse:
				r := zoneResult(z, Inconclusive, "Whether the zone is paused is not known.")
				r.Reason = "the API's answer does not say"
				return []Result{r}
			case z.Inactive():
				return []Result{zoneResult(z, NotApplicable, "The zone's status is '%s': Cloudflare does not answer for it.", z.Status)}
			}
			return []Result{zoneResult(z, Pass, "The zone is not paused.")}
		})
	},
})
