package checks

import (
	"fmt"
	"slices"

	"github.com/aopscan/aopscan/internal/evidence"
)

var _ = register(Check{
	ID:       "aop-railgun",
	Title:    "Railgun stands between Cloudflare and the origin",
	Severity: High,
	Needs:    NeedsConfiguration,
	Rationale: "With Railgun the edge talks to a listener in the customer's network, and the listener fetches from the " +
		"origin. Cloudflare's client certificate ends at the listener: the origin sees requests without one, so it " +
		"cannot demand it. Railgun is no longer maintained.",
	Remediation: []Remedy{
		{Where: "Dashboard", Text: "Disconnect the zone from the Railgun, stop its listener, and demand Cloudflare's client certificate at the origin."},
		api("See which Railguns the account still has.", "GET", "/railguns", ""),
		{Where: "cloudflared", Text: "Where the point was a connection that begins inside, use a Cloudflare Tunnel.", Commands: `cloudflared tunnel create example
cloudflared tunnel route dns example app.example.com`},
	},
	References: []Reference{
		{"Cloudflare is deprecating Railgun", "https://blog.cloudflare.com/deprecating-railgun/"},
		{"Cloudflare Tunnel", cloudflareDocs + "cloudflare-one/networks/connectors/cloudflare-tunnel/"},
		refAOPHow,
	},
	Controls: []Control{
		pci("6.3.3", "The listener is software that gets no security updates any more."),
		nist("IA-9", "The client certificate does not reach the origin."),
		nist("SA-22", "The component is no longer supported by its developer."),
		iso("A.8.21", "The network service takes a path that its security mechanism does not cover."),
		cis("2.2", "The software is not supported any more."),
		cwe("CWE-1104", "An unmaintained component is relied on."),
	},
	Eval: func(in *Input) []Result {
		accounts := map[string]*evidence.Account{}
		for i := range in.Evidence.Accounts {
			accounts[in.Evidence.Accounts[i].ID] = &in.Evidence.Accounts[i]
		}
		return in.eachZone("", func(z *evidence.Zone) []Result {
			results := railgunAtTheEdge(in, z)
			a := accounts[z.AccountID]
			switch {
			case a == nil:
				return append(results, unread(z, "Whether the zone is connected to a Railgun", evidence.Section{}))
			case a.RailgunsSection.State == evidence.SectionAbsent:
				return append(results, zoneResult(z, NotApplicable, "The account has no Railgun any more."))
			case !a.RailgunsSection.Known():
				return append(results, unread(z, "Whether the zone is connected to a Railgun", a.RailgunsSection))
			}
			for _, g := range a.Railguns {
				if !slices.Contains(g.Zones, z.ID) || g.Enabled == evidence.TriFalse {
					continue
				}
				r := zoneResult(z, Fail, "The zone is connected to the Railgun '%s'.", g.Name)
				r.Subject, r.Reason = g.ID, "the account's list of Railguns names the zone"
				if g.Enabled != evidence.TriTrue {
					r.Status, r.Message = Inconclusive, fmt.Sprintf("Whether the zone's Railgun '%s' is in use is not known.", g.Name)
					r.Reason = "the API's answer does not say whether it is enabled"
				}
				results = append(results, r)
			}
			if len(results) == 0 {
				results = append(results, zoneResult(z, Pass, "No Railgun is connected to the zone."))
			}
			return results
		})
	},
})

// railgunAtTheEdge finds answers through Cloudflare that a Railgun marked.
func railgunAtTheEdge(in *Input, z *evidence.Zone) []Result {
	var results []Result
	for _, e := range in.Evidence.Edges {
		if e.Zone != z.Name {
			continue
		}
		for _, o := range e.Observations {
			if o.HTTP != nil && o.HTTP.Headers["cf-railgun"] != "" {
				r := hostResult(z, e.Hostname, Fail, "'%s' is served through a Railgun.", e.Hostname)
				r.Reason = "the answer through Cloudflare carries the header CF-Railgun"
				r.Observations = []string{o.ID}
				results = append(results, r)
				break
			}
		}
	}
	return results
}
