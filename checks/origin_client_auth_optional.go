package checks

import "github.com/aopscan/aopscan/internal/verdict"

var _ = register(Check{
	ID:       "origin-client-auth-optional",
	Title:    "The origin asks for a client certificate and does not demand it",
	Severity: High,
	Needs:    NeedsProbing,
	Rationale: "The server asks every client for a certificate and serves those that have none. That is the right setting " +
		"for the days of a rollout and an open door afterwards: everything looks configured, and nobody is refused.",
	Remediation: demandCertificate(),
	References:  []Reference{refNginxVerify, refApacheVerify, refAOPZone},
	Controls:    openOriginControls,
	Eval: func(in *Input) []Result {
		return in.eachOrigin(func(o *Origin) Result {
			switch j := o.Judgement; j.Verdict {
			case verdict.NotEnforced:
				if j.Demand == verdict.DemandOptional {
					return o.result(Fail, "%s asks for a client certificate and serves requests without one.", o.name())
				}
				return o.result(NotApplicable, "%s asks nobody for a certificate; see origin-accepts-no-certificate.", o.name())
			case verdict.RefusedOtherwise:
				return o.result(NotApplicable, "%s asks nobody for a certificate; see origin-refuses-otherwise.", o.name())
			}
			if o.frontDoorOpen() {
				return o.frontDoorResult()
			}
			return o.result(Pass, "%s refuses requests that carry no client certificate.", o.name())
		})
	},
})
