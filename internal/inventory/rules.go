package inventory

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/sanitize"
)

// Bounds of what is kept of a rule's texts. Cloudflare's own bound on expressions
// is 4,096 characters.
const (
	maxExpression  = 8192
	maxDescription = 300
)

// apiRuleset is the entry point of a phase.
type apiRuleset struct {
	Rules []apiRule `json:"rules"`
}

// apiRule is a rule; what its action means depends on the phase.
type apiRule struct {
	ID               string          `json:"id"`
	Description      string          `json:"description"`
	Expression       string          `json:"expression"`
	Enabled          tri             `json:"enabled"`
	ActionParameters json.RawMessage `json:"action_parameters"`
}

// entrypoint reads the rules of a phase. A phase without rules has no entry point,
// which the API says with a 404.
func (r *zoneReader) entrypoint(ctx context.Context, z *evidence.Zone, phase, permission string) ([]apiRule, evidence.Section) {
	path := pathf("/zones/%s/rulesets/phases/%s/entrypoint", z.ID, phase)
	set, err := object[apiRuleset](ctx, r.c, path)
	return set.Rules, sectionOf(err, permission, path, true)
}

// configRules reads the Configuration Rules that set the SSL mode
// (https://developers.cloudflare.com/rules/configuration-rules/settings/).
func (r *zoneReader) configRules(ctx context.Context, z *evidence.Zone) {
	rules, section := r.entrypoint(ctx, z, "http_config_settings", permConfigRules)
	z.ConfigRules.Section = section
	for _, a := range rules {
		var p struct {
			SSL json.RawMessage `json:"ssl"`
		}
		if isNull(a.ActionParameters) {
			continue
		}
		if err := json.Unmarshal(a.ActionParameters, &p); err != nil {
			failSection(&z.ConfigRules.Section, "a rule is not understood: "+oddJSON(err))
			continue
		}
		if isNull(p.SSL) {
			continue
		}
		// A mode that is not a word is kept as it stands: it is unknown, not absent.
		mode := string(p.SSL)
		_ = json.Unmarshal(p.SSL, &mode)
		z.ConfigRules.Items = append(z.ConfigRules.Items, evidence.ConfigRule{
			ID:          sanitize.Text(a.ID, 64),
			Description: sanitize.Text(a.Description, maxDescription),
			Expression:  ruleExpression(a.Expression),
			Enabled:     a.Enabled.tri(),
			SSL:         sanitize.Text(mode, 40),
		})
	}
}

// originRules reads the Origin Rules
// (https://developers.cloudflare.com/rules/origin-rules/parameters/).
func (r *zoneReader) originRules(ctx context.Context, z *evidence.Zone) {
	rules, section := r.entrypoint(ctx, z, "http_request_origin", permOriginRules)
	z.OriginRules.Section = section
	for _, a := range rules {
		var p struct {
			HostHeader string `json:"host_header"`
			SNI        struct {
				Value string `json:"value"`
			} `json:"sni"`
			Origin struct {
				Host string  `json:"host"`
				Port float64 `json:"port"`
			} `json:"origin"`
		}
		if isNull(a.ActionParameters) {
			continue
		}
		if err := json.Unmarshal(a.ActionParameters, &p); err != nil {
			// One that cannot be read may send requests anywhere.
			failSection(&z.OriginRules.Section, "a rule is not understood: "+oddJSON(err))
			continue
		}
		rule := evidence.OriginRule{
			ID:          sanitize.Text(a.ID, 64),
			Description: sanitize.Text(a.Description, maxDescription),
			Expression:  ruleExpression(a.Expression),
			Enabled:     a.Enabled.tri(),
			OriginHost:  sanitize.Text(normalName(p.Origin.Host), 253),
			OriginPort:  port(p.Origin.Port),
			HostHeader:  sanitize.Text(normalName(p.HostHeader), 253),
			SNI:         sanitize.Text(normalName(p.SNI.Value), 253),
		}
		if rule.OriginHost != "" || rule.OriginPort != 0 || rule.HostHeader != "" || rule.SNI != "" {
			z.OriginRules.Items = append(z.OriginRules.Items, rule)
		}
	}
}

// ruleExpression keeps an expression printable. What is not printable in it would
// change its meaning, so such an expression no longer parses and is undecided.
func ruleExpression(s string) string { return sanitize.Text(strings.TrimSpace(s), maxExpression) }

// port returns a port number, or 0 for what is none.
func port(f float64) int {
	if f < 1 || f > 65535 || f != float64(int(f)) {
		return 0
	}
	return int(f)
}

// apiPageRule is a Page Rule.
type apiPageRule struct {
	ID       string  `json:"id"`
	Status   string  `json:"status"`
	Priority float64 `json:"priority"`
	Targets  []struct {
		Target     string `json:"target"`
		Constraint struct {
			Value string `json:"value"`
		} `json:"constraint"`
	} `json:"targets"`
	Actions []struct {
		ID    string          `json:"id"`
		Value json.RawMessage `json:"value"`
	} `json:"actions"`
}

// pageRules reads the Page Rules. All of them are kept, also those whose actions do
// not matter here: only the first that matches a request counts, so any rule can
// keep another from applying. They are sorted by priority, the highest first.
func (r *zoneReader) pageRules(ctx context.Context, z *evidence.Zone) {
	path := pathf("/zones/%s/pagerules", z.ID)
	all, err := list[apiPageRule](ctx, r.c, path, nil, 0)
	z.PageRules.Section = sectionOf(err, permPageRules, path, true)
	for _, a := range all {
		rule := evidence.PageRule{ID: sanitize.Text(a.ID, 64), Status: sanitize.Text(a.Status, 20), Priority: int(a.Priority)}
		if rule.Status != "active" && rule.Status != "disabled" {
			failSection(&z.PageRules.Section, "a rule does not say whether it is active")
		}
		if len(a.Targets) > 0 {
			rule.Target = sanitize.Text(a.Targets[0].Constraint.Value, 1000)
		}
		for _, act := range a.Actions {
			var word string
			_ = json.Unmarshal(act.Value, &word)
			switch act.ID {
			case "ssl":
				rule.SSL = sanitize.Text(word, 40)
			case "resolve_override":
				rule.ResolveOverride = sanitize.Text(normalName(word), 253)
			case "host_header_override":
				rule.HostHeaderOverride = sanitize.Text(normalName(word), 253)
			case "always_use_https":
				rule.AlwaysUseHTTPS = true
			}
		}
		z.PageRules.Items = append(z.PageRules.Items, rule)
	}
	slices.SortStableFunc(z.PageRules.Items, func(a, b evidence.PageRule) int { return b.Priority - a.Priority })
}
