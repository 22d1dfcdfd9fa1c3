package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/verdict"
)

var _ = register(Check{
	ID:       "origin-addresses-disagree",
	Title:    "The addresses of one hostname do not demand the same",
	Severity: High,
	Needs:    NeedsProbing,
	Rationale: "Some of the hostname's origins refuse clients without a certificate and others do not: a forgotten IPv6 " +
		"listener, a new pool member, a failover site. An attacker needs only the open one, and tests by hand tend to " +
		"meet the closed one.",
	Remediation: remedies([]Remedy{{Where: "Origin", Text: "Give all origins of the hostname the same client-authentication settings, from one template, on IPv4 and IPv6."}}, demandCertificate()),
	References:  []Reference{refAOP, refProtect, refNginxVerify},
	Controls: []Control{
		pci("2.2.1", "The configuration standard is not the same on all servers of the same function."),
		nist("CM-6", "The security setting is not the same on all servers of the same function."),
		nist("SC-7", "The boundary holds at some addresses only."),
		iso("A.8.9", "The configuration of servers of the same function differs."),
		cis("4.1", "A secure configuration is not kept on all servers."),
		soc2("CC6.6", "Access from outside the boundary is restricted at some addresses only."),
	},
	Eval: originAddressesDisagree,
})

// originAddressesDisagree judges by hostname: its origins are compared.
func originAddressesDisagree(in *Input) []Result {
	type key struct{ zone, hostname string }
	var order []key
	groups := map[key][]*Origin{}
	for i := range in.Origins {
		o := &in.Origins[i]
		k := key{o.Endpoint.Zone, o.Endpoint.Hostname}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], o)
	}
	results := in.unprobed()
	for _, k := range order {
		results = append(results, disagreement(groups[k]))
	}
	return results
}

func disagreement(origins []*Origin) Result {
	ep := origins[0].Endpoint
	r := Result{Zone: ep.Zone, Hostname: ep.Hostname}
	var refuse, serve, otherwise, unclear []string
	for _, o := range origins {
		where := hostPort(o.Endpoint.Address, o.Endpoint.Port)
		if o.Endpoint.Address == "" {
			where = "one without an address"
		}
		if u, open := unjudged(o); open {
			if u.Status == NotApplicable {
				continue // Cloudflare's own, or fetched from over plain HTTP
			}
			unclear = append(unclear, where)
			continue
		}
		switch o.Judgement.Verdict {
		case verdict.Enforced, verdict.Bypassable:
			refuse = append(refuse, where)
		case verdict.NotEnforced:
			serve = append(serve, where)
		default:
			otherwise = append(otherwise, where)
		}
	}
	var parts []string
	for _, p := range []struct {
		what  string
		where []string
	}{{"refuse for want of a certificate", refuse}, {"serve without one", serve}, {"refuse otherwise", otherwise}, {"could not be judged", unclear}} {
		if len(p.where) > 0 {
			slices.Sort(p.where)
			parts = append(parts, fmt.Sprintf("%s: %s", p.what, listed(p.where, 10)))
		}
	}
	gap, permission := "", ""
	if h := origins[0].Hostname; h != nil {
		gap, permission = gapText(h.OriginNotes)
	}
	judged := len(refuse) + len(serve) + len(otherwise) + len(unclear)
	switch {
	case gap != "" && !(len(refuse) > 0 && len(serve)+len(otherwise) > 0):
		r.Status, r.Message = Inconclusive, fmt.Sprintf("Whether the origins of '%s' agree is not known, because not all of them are.", ep.Hostname)
		r.Reason, r.Permission = gap, permission
		return r
	case judged == 0:
		r.Status, r.Message = NotApplicable, fmt.Sprintf("'%s' has no origin that could demand a certificate.", ep.Hostname)
		return r
	case judged < 2:
		r.Status, r.Message = NotApplicable, fmt.Sprintf("'%s' has one origin, with nothing to compare.", ep.Hostname)
		return r
	case len(refuse) > 0 && len(serve)+len(otherwise) > 0:
		r.Status, r.Message = Fail, fmt.Sprintf("The origins of '%s' do not all demand a client certificate.", ep.Hostname)
	case len(unclear) > 0:
		r.Status, r.Message = Inconclusive, fmt.Sprintf("Whether the origins of '%s' agree is not known.", ep.Hostname)
	default:
		r.Status, r.Message = Pass, fmt.Sprintf("The origins of '%s' agree on demanding a client certificate or not.", ep.Hostname)
	}
	r.Reason = strings.Join(parts, "; ")
	return r
}
