package checks

import "github.com/aopscan/aopscan/internal/verdict"

var _ = register(Check{
	ID:       "origin-refuses-otherwise",
	Title:    "Something else than client authentication refuses direct requests",
	Severity: Medium,
	Needs:    NeedsProbing,
	Rationale: "The origin refused, and never asked for a certificate: an allow-list of addresses, a secret header, a " +
		"firewall rule. These protect until the list is out of date, the header leaks, or an attacker comes from an " +
		"allowed address, which any Cloudflare customer can.",
	Remediation: remedies([]Remedy{{Where: "Origin", Text: "Keep the other measure and demand Cloudflare's client certificate as well."}}, demandCertificate()),
	References:  []Reference{refProtect, refAOP, {"Cloudflare: IP ranges", "https://www.cloudflare.com/ips/"}},
	Controls: []Control{
		nist("IA-9", "Cloudflare's service is not authenticated to the origin; something else stands in for it."),
		iso("A.8.21", "The security mechanism of the network service, AOP, is not in use at the origin."),
		soc2("CC6.6", "Access from outside the boundary rests on addresses or secrets, not on authentication."),
	},
	Eval: func(in *Input) []Result {
		return in.eachOrigin(func(o *Origin) Result {
			switch o.Judgement.Verdict {
			case verdict.RefusedOtherwise:
				return o.result(Fail, "%s refuses direct requests without ever asking for a certificate.", o.name())
			case verdict.NotEnforced:
				return o.result(NotApplicable, "%s serves requests without a certificate; see origin-accepts-no-certificate and origin-client-auth-optional.", o.name())
			}
			if o.frontDoorOpen() {
				return o.frontDoorResult()
			}
			return o.result(Pass, "%s asks for a certificate and refuses for want of it.", o.name())
		})
	},
})
