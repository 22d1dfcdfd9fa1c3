package checks

import "github.com/aopscan/aopscan/internal/verdict"

var _ = register(Check{
	ID:       "origin-accepts-no-certificate",
	Title:    "The origin serves whoever comes without a client certificate",
	Severity: Critical,
	Needs:    NeedsProbing,
	Rationale: "The origin answered a direct request that carried no client certificate, and never asked for one. Whoever " +
		"finds its address, in certificate transparency logs, old DNS records, mail headers or an Internet-wide scan, " +
		"reaches the application without passing Cloudflare.",
	Remediation: demandCertificate(),
	References:  []Reference{refAOP, refProtect, refNginxVerify, refApacheVerify},
	Controls:    openOriginControls,
	Eval: func(in *Input) []Result {
		return in.eachOrigin(func(o *Origin) Result {
			switch j := o.Judgement; j.Verdict {
			case verdict.NotEnforced:
				if j.Demand == verdict.DemandOptional {
					return o.result(NotApplicable, "%s asks for a certificate without demanding one; see origin-client-auth-optional.", o.name())
				}
				return o.result(Fail, "%s serves requests that carry no client certificate.", o.name())
			case verdict.RefusedOtherwise:
				return o.result(NotApplicable, "%s refused without asking for a certificate; see origin-refuses-otherwise.", o.name())
			}
			if o.frontDoorOpen() {
				return o.frontDoorResult()
			}
			return o.result(Pass, "%s refuses requests that carry no client certificate.", o.name())
		})
	},
})

// openOriginControls are what an origin that serves strangers is evidence against.
var openOriginControls = []Control{
	pci("1.4.2", "Inbound traffic from the Internet reaches the origin without restriction to Cloudflare."),
	pci("6.4.2", "Requests reach the application without passing the web application firewall at Cloudflare."),
	nist("SC-7", "The managed interface at the boundary can be passed by."),
	nist("IA-9", "The origin does not authenticate the service that it talks to."),
	nist("AC-4", "The flow of information that was approved, through Cloudflare alone, is not enforced."),
	iso("A.8.20", "The network does not protect the application from direct access."),
	cis("13.10", "The application-layer filtering at Cloudflare can be passed by."),
	soc2("CC6.6", "Access from outside the boundary is not restricted."),
	cwe("CWE-306", "The origin serves requests without authenticating who sends them."),
}
