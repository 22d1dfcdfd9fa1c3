package checks

import (
	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

var _ = register(Check{
	ID:       "origin-ca-mismatch",
	Title:    "Cloudflare does not present what the origin demands",
	Severity: High,
	Needs:    NeedsProbing,
	Rationale: "The origin refuses clients without a certificate, and Cloudflare is told to present none, or one whose " +
		"issuer is not among those that the origin names. Visitors get errors now, or as soon as Cloudflare opens new " +
		"connections: an outage in waiting.",
	Remediation: remedies([]Remedy{{Where: "Origin", Text: "Let the origin trust the CA of the certificate that Cloudflare presents for the hostname, or switch AOP on for it."}}, demandCertificate(), zoneLevelOn()),
	References:  []Reference{refAOPZone, refAOPManage, {"RFC 8446, section 4.2.4: Certificate Authorities", rfcEditor + "rfc8446#section-4.2.4"}},
	Controls: []Control{
		nist("CM-6", "The settings at the edge and at the origin contradict each other."),
		nist("SC-17", "The certificate is not of a CA that the relying party accepts."),
		iso("A.8.9", "The configurations at both ends do not fit together."),
	},
	Eval: func(in *Input) []Result {
		return in.eachEndpoint(func(o *Origin) Result {
			if r, open := unseen(o); open {
				return r
			}
			named, _, seen := acceptableCAs(o)
			demanded := o.Judgement.Demand == verdict.DemandRequired
			switch {
			case o.Hostname == nil:
				r := o.result(Skipped, "What Cloudflare presents to %s is not known without its configuration.", lower(o.name()))
				r.Reason = "no configuration was read"
				return r
			case o.Drift == verdict.DriftUntrusted || demanded && o.trust == untrusted:
				r := o.result(Fail, "%s demands a certificate of another CA than the one that Cloudflare presents.", o.name())
				r.Reason, r.Observations, r.Reproduce = "it names "+listed(named, 5), seen, ""
				return r
			case o.Drift == verdict.DriftOutage || demanded && o.Hostname.Certificate.Source == evidence.CertificateNone:
				r := o.result(Fail, "%s demands a client certificate and Cloudflare presents none.", o.name())
				r.Reason = o.Judgement.Why
				if w := o.Hostname.Certificate.Why; w != "" {
					r.Reason += "; " + w
				}
				return r
			case o.Hostname.Certificate.Source == evidence.CertificateUnknown:
				reason, permission := gapText(o.Hostname.Certificate.Gaps)
				r := o.result(Inconclusive, "Which certificate Cloudflare presents to %s is not known.", lower(o.name()))
				r.Reason, r.Permission, r.Observations, r.Reproduce = reason, permission, nil, ""
				return r
			}
			if r, open := unjudged(o); open {
				return r
			}
			switch {
			case !demanded:
				return o.result(NotApplicable, "%s demands no certificate.", o.name())
			case len(named) == 0:
				return o.result(NotApplicable, "%s demands a certificate without naming a CA, so it does not tell whom it trusts.", o.name())
			case o.trust != trusted:
				r := o.result(Inconclusive, "Whether %s trusts the certificate that Cloudflare presents is not known.", lower(o.name()))
				r.Reason, r.Observations, r.Reproduce = "the certificate's issuer could not be compared with the CAs that the origin names", seen, ""
				if o.trust == trustDisputed {
					r.Reason = "it names " + listed(named, 5) + ", and yet there is an answer through Cloudflare: it may trust more CAs than it names, or another origin answered"
				}
				return r
			}
			r := o.result(Pass, "%s names the CA of the certificate that Cloudflare presents.", o.name())
			r.Reason, r.Observations, r.Reproduce = "", seen, ""
			return r
		})
	},
})
