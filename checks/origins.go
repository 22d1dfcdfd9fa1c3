package checks

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

// result is a result about one origin, with the proof of its judgement.
func (o *Origin) result(s Status, format string, args ...any) Result {
	ep := o.Endpoint
	r := Result{
		Status: s, Zone: ep.Zone, Hostname: ep.Hostname, Address: ep.Address, Port: ep.Port,
		Subject: o.subject(),
		Message: fmt.Sprintf(format, args...),
		Reason:  o.Judgement.Why,
	}
	if s != NotApplicable && s != Skipped {
		r.Observations, r.Reproduce = o.Judgement.Proof, o.Judgement.Reproduce
	}
	return r
}

// subject tells origins of one hostname on one socket apart: by the name that
// they are asked for, where it is not the hostname's own.
func (o *Origin) subject() string {
	ep, wire := o.Endpoint, o.Endpoint.Hostname
	if o.Hostname != nil && o.Hostname.WireName != "" {
		wire = o.Hostname.WireName
	}
	if _, err := netip.ParseAddr(ep.Hostname); err == nil {
		return "" // aopscan probe ADDRESS: the Host is the address
	}
	switch {
	case ep.Host != wire:
		return "host " + ep.Host
	case ep.SNI != wire:
		return "sni " + ep.SNI
	}
	return ""
}

// name is how messages call the origin.
func (o *Origin) name() string {
	if o.Endpoint.Address == "" {
		return fmt.Sprintf("The origin of '%s'", o.Endpoint.Hostname)
	}
	return fmt.Sprintf("The origin '%s' of '%s'", hostPort(o.Endpoint.Address, o.Endpoint.Port), o.Endpoint.Hostname)
}

// sure reports whether the verdict may be counted on.
func (o *Origin) sure() bool {
	return o.Judgement.Confidence == verdict.Proven || o.Judgement.Confidence == verdict.Likely
}

// eachOrigin judges the probed origins. What could not be probed, could not be
// reached or answered in a way that proves nothing is inconclusive for every
// question that is asked of it; judge sees only origins with a verdict that counts.
func (in *Input) eachOrigin(judge func(o *Origin) Result) []Result {
	return in.eachEndpoint(func(o *Origin) Result {
		if r, open := unjudged(o); open {
			return r
		}
		return judge(o)
	})
}

// eachEndpoint judges all origins that were to be probed, and says what there is
// besides.
func (in *Input) eachEndpoint(judge func(o *Origin) Result) []Result {
	results := in.unprobed()
	for i := range in.Origins {
		results = append(results, judge(&in.Origins[i]))
	}
	return results
}

// unseen is the result of an origin to which nothing was sent or from which
// nothing came.
func unseen(o *Origin) (Result, bool) {
	ep := o.Endpoint
	switch {
	case ep.NotProbedKind == evidence.NotProbedEdge && o.Hostname != nil:
		r := o.result(NotApplicable, "%s is an address of Cloudflare's, not an origin.", o.name())
		r.Reason = ep.NotProbed
		return r, true
	case ep.NotProbed != "" || len(ep.Observations) == 0:
		r := o.result(Inconclusive, "%s was not probed.", o.name())
		if r.Reason = ep.NotProbed; r.Reason == "" {
			r.Reason = "no attempt was made"
		}
		if ep.NotProbedKind == evidence.NotProbedPolicy {
			r.Remediation = "If the address is yours, allow it with --allow-address and scan again."
		}
		return r, true
	case o.Judgement.Verdict == verdict.Unreachable && o.pulledPlain():
		return o.plainResult(), true
	case o.Judgement.Verdict == verdict.Unreachable:
		return o.result(Inconclusive, "%s could not be reached.", o.name()), true
	}
	return Result{}, false
}

// pulledPlain reports whether Cloudflare fetches everything of the hostname over
// plain HTTP: then there may be no TLS server to ask.
func (o *Origin) pulledPlain() bool {
	return o.Hostname != nil && inert(o.Hostname.SSLMode.Value) && !o.Hostname.SSLMode.PartOfTraffic
}

func (o *Origin) plainResult() Result {
	return o.result(NotApplicable, "%s is fetched from over plain HTTP, where no certificate can be demanded; see ssl-mode-incompatible and ssl-mode-override.", o.name())
}

// unjudged is the result of an origin of which nothing can be said.
func unjudged(o *Origin) (Result, bool) {
	if r, open := unseen(o); open {
		return r, true
	}
	if o.Judgement.Verdict == verdict.Inconclusive && o.pulledPlain() {
		return o.plainResult(), true
	}
	if v := o.Judgement.Verdict; v == verdict.Inconclusive || v == "" || !o.sure() {
		return o.result(Inconclusive, "What %s does to a stranger is not clear.", lower(o.name())), true
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
			r := unknown(z, h, h.OriginNotes, "Where the origin of '%s' is, is not known.", h.Name)
			if h.Proxied != evidence.TriTrue {
				r.Message = fmt.Sprintf("Whether Cloudflare serves '%s' is not known, so its origin was not probed.", h.Name)
			}
			if r.Reason == "" {
				r.Reason = "the scan ended before the origin was found"
			}
			results = append(results, r)
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

// way is a way around a front door that refuses, as a check asks for it.
type way struct {
	// attempts are those that would find it.
	attempts []evidence.AttemptName
	// open is what is said of an origin where it is open: "%s ...".
	open string
	// shut is what is said where it is not.
	shut string
	// absent says why a selected attempt was not made, where the origin's answers
	// made it pointless.
	absent string
}

// judge says whether the way is open at an origin.
func (w way) judge(in *Input, o *Origin) Result {
	if r, open := unseen(o); open {
		return r
	}
	if r, found := w.found(o); found {
		return r
	}
	if r, open := unjudged(o); open {
		return r
	}
	j := o.Judgement
	if j.Verdict == verdict.NotEnforced {
		return o.result(NotApplicable, "%s serves requests without a certificate anyway; see origin-accepts-no-certificate and origin-client-auth-optional.", o.name())
	}
	if len(j.Bypasses) > 0 && !slices.ContainsFunc(j.Bypasses, func(b verdict.Bypass) bool { return !frontDoor(b.Attempt) }) && !slices.ContainsFunc(w.attempts, frontDoor) {
		return o.frontDoorResult()
	}
	made, ended := w.observations(o)
	switch {
	case len(ended) > 0:
		r := o.result(Pass, w.shut, o.name())
		r.Reason, r.Observations, r.Reproduce = "", ended, ""
		return r
	case len(made) > 0 && w.nobodyThere(o):
		r := o.result(Pass, w.shut, o.name())
		r.Reason, r.Observations, r.Reproduce = "nothing answers there", made, ""
		if w.filtered(o) {
			r.Reason = "no connection came about from here, where a firewall may admit others"
		}
		return r
	case len(made) > 0:
		r := o.result(Inconclusive, "The attempts at this way around %s did not come to an end.", lower(o.name()))
		r.Reason, r.Observations, r.Reproduce = "none of the attempts got as far as an answer", made, ""
		return r
	case !w.selected(in):
		r := o.result(Skipped, "This way around %s was not tried.", lower(o.name()))
		r.Reason = "the attempts that would find it were not asked for (" + w.asking() + ")"
		return r
	case outOfTime(in, o):
		r := o.result(Inconclusive, "This way around %s was not tried.", lower(o.name()))
		r.Reason, r.Observations, r.Reproduce = "the time for this origin ran out before", nil, ""
		return r
	}
	r := o.result(NotApplicable, "There was nothing to try at %s.", lower(o.name()))
	r.Reason = w.absent
	return r
}

// frontDoor reports whether an attempt is one at the front door itself.
func frontDoor(a evidence.AttemptName) bool {
	switch a {
	case evidence.AttemptNoCertificate, evidence.AttemptLegacyTLS, evidence.AttemptHTTP2, evidence.AttemptHTTP3:
		return true
	}
	return false
}

// frontDoorOpen reports whether another TLS or HTTP version at the front door
// itself lets strangers in, though some version refuses them.
func (o *Origin) frontDoorOpen() bool {
	return slices.ContainsFunc(o.Judgement.Bypasses, func(b verdict.Bypass) bool {
		return frontDoor(b.Attempt) && b.Confidence != verdict.Unclear
	})
}

func (o *Origin) frontDoorResult() Result {
	return o.result(NotApplicable, "%s lets strangers in at the front door itself; see origin-protocol-bypass.", o.name())
}

// found looks for the way among the bypasses that the judgement names. A way of
// which only a control could say whether it is open is inconclusive.
func (w way) found(o *Origin) (Result, bool) {
	var hits []verdict.Bypass
	for _, b := range o.Judgement.Bypasses {
		if slices.Contains(w.attempts, b.Attempt) {
			hits = append(hits, b)
		}
	}
	if len(hits) == 0 {
		return Result{}, false
	}
	best := hits[0]
	for _, b := range hits {
		if best.Confidence == verdict.Unclear && b.Confidence != verdict.Unclear {
			best = b
		}
	}
	r := o.result(Fail, w.open, o.name())
	if best.Confidence == verdict.Unclear {
		r = o.result(Inconclusive, "Whether there is this way around %s is not clear.", lower(o.name()))
	}
	r.Reason, r.Reproduce, r.Observations = best.Why, best.Reproduce, nil
	for _, b := range hits {
		r.Observations = append(r.Observations, b.Observation)
	}
	return r, true
}

// observations returns the attempts that were made, and those of them that came
// as far as an answer to the question.
func (w way) observations(o *Origin) (made, ended []string) {
	for _, ob := range o.Endpoint.Observations {
		if !slices.Contains(w.attempts, ob.Attempt) {
			continue
		}
		made = append(made, ob.ID)
		switch {
		case ob.Stage == evidence.StageNone, ob.Stage == evidence.StageDial, ob.Close == evidence.CloseLocal,
			ob.HTTP == nil && ob.Close == evidence.CloseTimeout:
		default:
			ended = append(ended, ob.ID)
		}
	}
	return made, ended
}

// nobodyThere reports whether the attempts all met a port on which nothing
// listens: the plain HTTP port, other ports, HTTP/3.
func (w way) nobodyThere(o *Origin) bool {
	for _, ob := range o.Endpoint.Observations {
		if slices.Contains(w.attempts, ob.Attempt) && (ob.Stage != evidence.StageDial || ob.Close == evidence.CloseLocal) {
			return false
		}
	}
	return slices.Contains(w.attempts, evidence.AttemptPlainHTTP) || slices.Contains(w.attempts, evidence.AttemptOtherPort)
}

// filtered reports whether an attempt met silence instead of a closed port.
func (w way) filtered(o *Origin) bool {
	return slices.ContainsFunc(o.Endpoint.Observations, func(ob evidence.Observation) bool {
		return slices.Contains(w.attempts, ob.Attempt) && ob.Stage == evidence.StageDial && ob.Close != evidence.CloseRefused
	})
}

// selected reports whether the user asked for any of the attempts. The sets are
// those of --attempts: "quick" makes the no-certificate attempt alone, "standard"
// all that need no permission, "all" the rest.
func (w way) selected(in *Input) bool {
	o := in.Evidence.ProbeOptions
	words := o.Attempts
	if len(words) == 0 {
		words = []string{"standard"}
	}
	quickAlone := len(words) == 1 && words[0] == "quick"
	for _, a := range w.attempts {
		switch {
		case slices.Contains(words, string(a)), a == evidence.AttemptNoCertificate:
			return true
		case a == evidence.AttemptPath:
			if len(o.Paths) > 0 && !quickAlone {
				return true
			}
		case a == evidence.AttemptOtherPort, a == evidence.AttemptEdgeControl:
			if slices.Contains(words, "all") || a == evidence.AttemptOtherPort && len(o.Ports) > 0 && !quickAlone {
				return true
			}
		case slices.Contains(words, "standard"), slices.Contains(words, "all"):
			return true
		}
	}
	return false
}

// asking says how the user asks for the attempts.
func (w way) asking() string {
	switch {
	case slices.Contains(w.attempts, evidence.AttemptPath):
		return "--path"
	case slices.Contains(w.attempts, evidence.AttemptOtherPort):
		return "--port, or --attempts all"
	}
	return "--attempts standard"
}

// outOfTime reports whether the origin's time was used up by the attempts made.
func outOfTime(in *Input, o *Origin) bool {
	var spent int64
	for _, ob := range o.Endpoint.Observations {
		spent += ob.Timings.Done
		if ob.Close == evidence.CloseLocal && strings.Contains(ob.Error, "ran out") {
			return true
		}
	}
	limit := in.Evidence.ProbeOptions.EndpointTimeoutMS
	return limit > 0 && spent >= limit*1000
}

// lower makes a name that stands within a sentence.
func lower(name string) string { return strings.Replace(name, "The ", "the ", 1) }
