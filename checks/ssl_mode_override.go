package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

var _ = register(Check{
	ID:       "ssl-mode-override",
	Title:    "A rule gives a hostname an SSL mode that makes AOP inert",
	Severity: High,
	Needs:    NeedsConfiguration,
	Rationale: "A Configuration Rule or Page Rule sets the mode off or flexible for a hostname, or for some of its " +
		"requests. The zone's settings page shows a good mode, and for these requests Cloudflare pulls over plain HTTP " +
		"with no client certificate. An origin that demands one is down for them; one that does not is open.",
	Remediation: []Remedy{
		{Where: "Cloudflare API", Text: "Find the rule and remove its SSL mode, or set it to strict.", Commands: `curl -sS "https://api.cloudflare.com/client/v4/zones/$ZONE_ID/rulesets/phases/http_config_settings/entrypoint" \
  -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" |
  jq '.result.id, (.result.rules[] | select(.action_parameters.ssl) | {id, expression, ssl: .action_parameters.ssl})'
curl -sS -X DELETE "https://api.cloudflare.com/client/v4/zones/$ZONE_ID/rulesets/$RULESET_ID/rules/$RULE_ID" \
  -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN"`},
		api("Page Rules have a list of their own.", "GET", "/zones/$ZONE_ID/pagerules?status=active", ""),
		api("Delete the Page Rule that sets the mode, or change its mode in the dashboard.", "DELETE", "/zones/$ZONE_ID/pagerules/$PAGE_RULE_ID", ""),
		terraform("Keep the rules in code, with a mode that keeps AOP.", `
resource "cloudflare_ruleset" "configuration" {
  zone_id = var.zone_id
  name    = "configuration"
  kind    = "zone"
  phase   = "http_config_settings"
  rules = [{
    expression        = "http.host eq \"app.example.com\""
    action            = "set_config"
    action_parameters = { ssl = "strict" }
  }]
}`),
	},
	References: []Reference{
		{"Cloudflare: Configuration Rules settings", cloudflareDocs + "rules/configuration-rules/settings/"},
		{"Cloudflare: flexible mode", docsSSLModes + "flexible/"},
		refAOP,
	},
	Controls: []Control{
		pci("4.2.1", "Account data, where this hostname has any, crosses the Internet to the origin without encryption."),
		nist("SC-8", "What is transmitted for this hostname has neither confidentiality nor integrity."),
		nist("CM-6", "A rule departs from the zone's security setting."),
		iso("A.8.9", "The configuration in force differs from the one that the settings show."),
		soc2("CC6.7", "Information is not protected while it is transmitted to the origin."),
		cwe("CWE-319", "Requests and answers of this hostname are sent in cleartext."),
	},
	Eval: sslModeOverride,
})

func sslModeOverride(in *Input) []Result {
	return in.eachZone("No rule changes the SSL mode of a hostname.", func(z *evidence.Zone) []Result {
		var results []Result
		for _, section := range []struct {
			what string
			s    evidence.Section
		}{{"Whether a Configuration Rule changes the SSL mode", z.ConfigRules.Section}, {"Whether a Page Rule changes the SSL mode", z.PageRules.Section}} {
			if !section.s.Known() {
				r := unread(z, section.what, section.s)
				r.Subject = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(section.what, "Whether a "), " changes the SSL mode"))
				results = append(results, r)
			}
		}
		rulesRead := len(results) == 0
		for i := range z.Hostnames {
			h := &z.Hostnames[i]
			m := h.SSLMode
			bad := slices.ContainsFunc(m.Others, inert)
			switch {
			case h.Proxied == evidence.TriFalse || h.NoOrigin != "":
			case m.Source == "zone" && !m.PartOfTraffic:
			case h.Proxied != evidence.TriTrue:
				results = append(results, unknownServed(z, h, "Whether Cloudflare serves '%s', of which a rule changes the SSL mode, is not known.", h.Name))
			case m.Value == "" && !rulesRead:
				// Said once for the zone.
			case m.Value == "" && m.Source == "" && !bad:
				results = append(results, unknown(z, h, m.Gaps, "Whether a rule changes the SSL mode of '%s' is not known.", h.Name))
			case m.Source != "zone" && inert(m.Value):
				r := hostResult(z, h.Name, Fail, "A rule gives '%s' the SSL mode '%s', in which Cloudflare presents no client certificate.", h.Name, m.Value)
				r.Reason = modeFrom(h)
				results = append(results, r)
			case bad:
				r := hostResult(z, h.Name, Fail, "A rule gives part of the requests of '%s' an SSL mode in which Cloudflare presents no client certificate.", h.Name)
				r.Reason = fmt.Sprintf("%s: %s", modeFrom(h), strings.Join(m.Others, ", "))
				results = append(results, r)
			case m.Source != "zone" && !keepsAOP(m.Value):
				results = append(results, unknownMode(z, h).Result)
			default:
				r := hostResult(z, h.Name, Pass, "A rule gives '%s' an SSL mode that keeps AOP in effect.", h.Name)
				r.Reason = modeFrom(h)
				results = append(results, r)
			}
		}
		return results
	})
}

// modeFrom says which rule gives a hostname its SSL mode.
func modeFrom(h *evidence.Hostname) string {
	kind := "rule"
	switch h.SSLMode.Source {
	case "configuration-rule":
		kind = "Configuration Rule"
	case "page-rule":
		kind = "Page Rule"
	}
	if h.SSLMode.Rule == "" {
		return "set by a " + kind
	}
	return fmt.Sprintf("set by the %s '%s'", kind, h.SSLMode.Rule)
}
