package checks

import (
	"fmt"
	"slices"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

var _ = register(Check{
	ID:       "origin-unreachable",
	Title:    "Nothing answers at the origin's address",
	Severity: Medium,
	Needs:    NeedsProbing,
	Rationale: "An origin that does not answer from here cannot be judged: a firewall that admits only Cloudflare looks the " +
		"same, so this is inconclusive. It is a failure only where Cloudflare itself reports that it cannot reach the " +
		"origin: then the address is dead, and if it was given back to a cloud provider, the next tenant receives the " +
		"visitors.",
	Remediation: []Remedy{
		{Where: "Origin", Text: "Bring the origin up, or remove its address from DNS, load balancers and rules."},
		api("Delete the record that points to nothing.", "DELETE", "/zones/$ZONE_ID/dns_records/$RECORD_ID", ""),
		{Where: "aopscan", Text: "Where a firewall admits only Cloudflare, scan from an address that it admits.", Commands: `aopscan probe app.example.com=203.0.113.10`},
	},
	References: []Reference{refCloudflare5xx, refProtect},
	Controls: []Control{
		nist("CM-8", "The configuration names a system at which nothing answers."),
		cwe("CWE-672", "The address may be used after it was given up."),
	},
	Eval: func(in *Input) []Result {
		down := edgesThatSeeNothing(in)
		return in.eachEndpoint(func(o *Origin) Result {
			if o.Judgement.Verdict != verdict.Unreachable || o.Endpoint.NotProbed != "" {
				if r, open := unseen(o); open {
					return r
				}
				if !o.answers() {
					return o.result(Inconclusive, "Whether %s answers is not known.", lower(o.name()))
				}
				r := o.result(Pass, "%s answers.", o.name())
				r.Reason, r.Observations, r.Reproduce = "", nil, ""
				return r
			}
			if e, ok := down[edgeKey{o.Endpoint.Zone, o.Endpoint.Hostname}]; ok && allUnreachable(in, o) {
				r := o.result(Fail, "%s answers neither here nor to Cloudflare.", o.name())
				r.Reason = fmt.Sprintf("%s; through Cloudflare: HTTP status %d", o.Judgement.Why, e.HTTP.Status)
				return r
			}
			return o.result(Inconclusive, "%s does not answer here.", o.name())
		})
	},
})

// answers reports whether a connection to the origin's own port came about.
func (o *Origin) answers() bool {
	return slices.ContainsFunc(o.Endpoint.Observations, func(ob evidence.Observation) bool {
		return ob.Stage != evidence.StageNone && ob.Stage != evidence.StageDial && ob.Port == o.Endpoint.Port
	})
}

var refCloudflare5xx = Reference{"Cloudflare: 5xx errors", cloudflareDocs + "support/troubleshooting/http-status-codes/cloudflare-5xx-errors/"}

type edgeKey struct{ zone, hostname string }

// edgesThatSeeNothing are the answers through Cloudflare that say that nothing
// answers at the origin: 521 (refused), 522 (no connection in time), 523 (no route).
func edgesThatSeeNothing(in *Input) map[edgeKey]evidence.Observation {
	down := map[edgeKey]evidence.Observation{}
	for _, e := range in.Evidence.Edges {
		if o := lastAnswer(e); o != nil && o.HTTP.Status >= 521 && o.HTTP.Status <= 523 {
			down[edgeKey{e.Zone, e.Hostname}] = *o
		}
	}
	return down
}

// allUnreachable reports whether no origin of the same hostname was reached.
func allUnreachable(in *Input, o *Origin) bool {
	for i := range in.Origins {
		p := &in.Origins[i]
		if p.Endpoint.Zone == o.Endpoint.Zone && p.Endpoint.Hostname == o.Endpoint.Hostname && p.Judgement.Verdict != verdict.Unreachable {
			return false
		}
	}
	return true
}
