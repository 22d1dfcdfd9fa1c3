package checks

import (
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

var _ = register(Check{
	ID:       "origin-trusts-shared-ca",
	Title:    "The origin trusts the CA that all Cloudflare customers share",
	Severity: Medium,
	Needs:    NeedsProbing,
	Rationale: "Among the CAs that the origin names when it asks for a certificate is the one of Cloudflare's shared " +
		"certificate. Whatever certificate of your own Cloudflare presents for you, a request from somebody else's zone " +
		"is let in as well.",
	Remediation: remedies([]Remedy{{Where: "Origin", Text: "Trust only the CA of your own client certificate and remove Cloudflare's shared CA from the file, once AOP is on at the zone or hostname level."}}, demandCertificate()),
	References:  []Reference{refAOPGlobal, refAOPZone, refRFC8446},
	Controls: []Control{
		pci("1.4.2", "Traffic from other customers of Cloudflare is as welcome at the origin as one's own."),
		nist("IA-9", "The origin takes the identity of Cloudflare for that of this organisation's service."),
		nist("SC-12", "A key that is not under the organisation's control opens the origin."),
		iso("A.8.5", "The credential is shared with parties that should not have access."),
		soc2("CC6.6", "Access from outside the boundary is restricted to all customers of Cloudflare, not to one."),
		cwe("CWE-287", "The identity that is proven is not the one that access is meant for."),
	},
	Eval: func(in *Input) []Result {
		return in.eachEndpoint(func(o *Origin) Result {
			if r, open := unseen(o); open {
				return r
			}
			named, asked, seen := acceptableCAs(o)
			switch {
			case slices.ContainsFunc(named, isSharedCA):
				if o.Hostname != nil && o.Hostname.Certificate.Source == evidence.CertificateGlobal {
					return o.result(NotApplicable, "%s has to trust Cloudflare's shared CA while the global level is in use; see aop-shared-certificate.", o.name())
				}
				if o.Hostname != nil && o.Hostname.Certificate.Source == evidence.CertificateUnknown {
					r := o.result(Inconclusive, "%s trusts Cloudflare's shared CA, and whether it has to is not known.", o.name())
					r.Reason, r.Permission = gapText(o.Hostname.Certificate.Gaps)
					r.Observations, r.Reproduce = seen, ""
					return r
				}
				r := o.result(Fail, "%s names Cloudflare's shared CA among those that it trusts.", o.name())
				r.Reason, r.Observations, r.Reproduce = "the request for a certificate names "+sharedCAName, seen, ""
				return r
			case namesCut(o):
				r := o.result(Inconclusive, "%s names more CAs than were kept, so whether Cloudflare's shared one is among them is not known.", o.name())
				r.Reason, r.Observations, r.Reproduce = "the request for a certificate names very many CAs", seen, ""
				return r
			case len(named) > 0:
				r := o.result(Pass, "%s does not name Cloudflare's shared CA among those that it trusts.", o.name())
				r.Reason, r.Observations, r.Reproduce = "", seen, ""
				return r
			case asked:
				r := o.result(NotApplicable, "%s asks for a certificate without naming a CA, so it does not tell whom it trusts.", o.name())
				r.Reason = ""
				return r
			}
			if r, open := unjudged(o); open {
				return r
			}
			r := o.result(NotApplicable, "%s asks nobody for a certificate.", o.name())
			r.Reason = ""
			return r
		})
	},
})

// sharedCAName is the common name of the CA of Cloudflare's shared certificate.
const sharedCAName = "CN=origin-pull.cloudflare.net"

// isSharedCA reports whether a distinguished name is that of Cloudflare's shared CA.
func isSharedCA(name string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(name, func(r rune) bool { return r == ',' || r == '+' }), func(part string) bool {
		return strings.EqualFold(strings.TrimSpace(part), sharedCAName)
	})
}

// namesCut reports whether an origin named more CAs than an observation keeps.
func namesCut(o *Origin) bool {
	return slices.ContainsFunc(o.Endpoint.Observations, func(ob evidence.Observation) bool {
		return frontDoor(ob.Attempt) && len(ob.AcceptableCAs) >= 32
	})
}

// acceptableCAs returns the CA names of the origin's requests for a certificate at
// its front door, whether it asked at all, and the observations that show it.
func acceptableCAs(o *Origin) (names []string, asked bool, seen []string) {
	for _, ob := range o.Endpoint.Observations {
		if !frontDoor(ob.Attempt) || ob.Requested == evidence.NotRequested {
			continue
		}
		asked = true
		if len(ob.AcceptableCAs) > 0 {
			names = append(names, ob.AcceptableCAs...)
			seen = append(seen, ob.ID)
		}
	}
	return names, asked, seen
}
