package checks

import "github.com/aopscan/aopscan/internal/evidence"

var spoofedIssuer = way{
	attempts: []evidence.AttemptName{evidence.AttemptSpoofedIssuer},
	open:     "%s serves requests that carry a certificate whose issuer only spells the expected CA's name.",
	shut:     "%s refuses a certificate whose issuer only spells the expected CA's name.",
	absent:   "it asks nobody for a certificate, or there was no CA name to imitate",
}

var _ = register(Check{
	ID:       "origin-accepts-spoofed-issuer",
	Title:    "A home-made CA with the right name opens the origin",
	Severity: Critical,
	Needs:    NeedsProbing,
	Rationale: "The origin compares the name of the certificate's issuer with the expected one and does not verify the " +
		"signature. Everybody can make a CA of any name; the name of Cloudflare's is published.",
	Remediation: remedies([]Remedy{{Where: "Origin", Text: "Verify the chain against the CA's own certificate instead of comparing names such as nginx's $ssl_client_i_dn, Apache's SSL_CLIENT_I_DN or HAProxy's ssl_c_i_dn."}}, demandCertificate()),
	References:  []Reference{{"nginx: ssl_verify_client and embedded variables", "https://nginx.org/en/docs/http/ngx_http_ssl_module.html#variables"}, refRFC5280, refAOP},
	Controls: []Control{
		pci("1.4.2", "Inbound traffic from the Internet reaches the origin without restriction to Cloudflare."),
		pci("6.4.2", "Requests reach the application without passing the web application firewall at Cloudflare."),
		nist("IA-9", "The service is identified by a name that everybody can write."),
		nist("IA-5(2)", "The certification path is not validated to an accepted trust anchor."),
		iso("A.8.5", "The authentication rests on what the client claims."),
		soc2("CC6.1", "The logical access control does not authenticate."),
		cwe("CWE-295", "The client's certificate is not validated."),
		cwe("CWE-290", "The authentication can be spoofed."),
	},
	Eval: func(in *Input) []Result {
		return in.eachEndpoint(func(o *Origin) Result {
			r := spoofedIssuer.judge(in, o)
			if any, ok := anyCertificate.found(o); ok && any.Status == Fail && r.Status == Fail {
				r = o.result(NotApplicable, "%s takes any certificate, so the issuer's name does not matter; see origin-accepts-any-certificate.", o.name())
				r.Reason = any.Reason
			}
			return r
		})
	},
})
