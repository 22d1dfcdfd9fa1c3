package checks

import (
	"fmt"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

// result is a result about one origin, with the proof of its judgement.
func (o *Origin) result(s Status, format string, args ...any) Result {
	ep := o.Endpoint
	r := Result{
		Status: s, Zone: ep.Zone, Hostname: ep.Hostname, Address: ep.Address, Port: ep.Port,
		Message: fmt.Sprintf(format, args...),
		Reason:  o.Judgement.Why,
	}
	if s != NotApplicable && s != Skipped {
		r.Observations, r.Reproduce = o.Judgement.Proof, o.Judgement.Reproduce
	}
	// Two origins of a hostname on one socket differ in the name they are asked for.
	if ep.Host != ep.Hostname && ep.Host != wireName(o) {
		r.Subject = "host " + ep.Host
	} else if ep.SNI != ep.Host && ep.SNI != "" {
		r.Subject = "sni " + ep.SNI
	}
	return r
}

// wireName is the name that stands for a wildcard hostname on the wire.
func wireName(o *Origin) string {
	if o.Hostname != nil {
		return o.Hostname.WireName
	}
	return ""
}

// name is how messages call the origin.
func (o *Origin) name() string {
	where := hostPort(o.Endpoint.Address, o.Endpoint.Port)
	if o.Endpoint.Address == "" {
		where = "without an address"
		return fmt.Sprintf("The origin of '%s' %s", o.Endpoint.Hostname, where)
	}
	return fmt.Sprintf("The origin '%s' of '%s'", where, o.Endpoint.Hostname)
}

// sure reports whether the verdict may be counted on.
func (o *Origin) sure() bool {
	return o.Judgement.Confidence == verdict.Proven || o.Judgement.Confidence == verdict.Likely
}

// eachOrigin judges the probed origins. What could not be probed, could not be
// reached or answered in a way that proves nothing is inconclusive for every
// question that is asked of it; judge sees only origins with a verdict that counts.
func (in *Input) eachOrigin(judge func(o *Origin) Result) []Result {
	results := in.unprobed()
	for i := range in.Origins {
		o := &in.Origins[i]
		if r, open := unjudged(o); open {
			results = append(results, r)
		} else {
			results = append(results, judge(o))
		}
	}
	return results
}

// unjudged is the result of an origin of which nothing can be said.
func unjudged(o *Origin) (Result, bool) {
	switch j := o.Judgement; {
	case o.Endpoint.NotProbed != "":
		r := o.result(Inconclusive, "%s was not probed.", o.name())
		r.Reason = o.Endpoint.NotProbed
		if o.Endpoint.NotProbedKind == evidence.NotProbedPolicy {
			r.Remediation = "If the address is yours, allow it with --allow-address and scan again."
		}
		return r, true
	case j.Verdict == verdict.Unreachable:
		return o.result(Inconclusive, "%s could not be reached.", o.name()), true
	case j.Verdict == verdict.Inconclusive || j.Verdict == "" || !o.sure():
		return o.result(Inconclusive, "%s answered in a way that proves neither.", o.name()), true
	}
	return Result{}, false
}

// unprobed says what there is besides the probed origins: zones without any
// origin to probe, hostnames whose origins are not known, zones whose hostnames
// are not.
func (in *Input) unprobed() []Result {
	type key struct{ zone, hostname string }
	probed := map[key]bool{}
	zones := map[string]bool{}
	for _, o := range in.Origins {
		probed[key{o.Endpoint.Zone, o.Endpoint.Hostname}] = true
		zones[o.Endpoint.Zone] = true
	}
	var results []Result
	for i := range in.Evidence.Zones {
		z := &in.Evidence.Zones[i]
		said := zones[z.Name]
		if !z.DNS.Known() {
			results = append(results, unread(z, "Which origins the zone has", z.DNS.Section))
			said = true
		}
		for j := range z.Hostnames {
			h := &z.Hostnames[j]
			if h.Proxied == evidence.TriFalse || h.NoOrigin != "" || probed[key{z.Name, h.Name}] {
				continue
			}
			results = append(results, unknown(z, h, h.OriginNotes, "Where the origin of '%s' is, is not known.", h.Name))
			said = true
		}
		if !said {
			results = append(results, zoneResult(z, NotApplicable, "%s", nothingServed(z)))
		}
	}
	if len(in.Evidence.Zones) == 0 && len(in.Origins) == 0 {
		results = append(results, noZones(in))
	}
	return results
}
