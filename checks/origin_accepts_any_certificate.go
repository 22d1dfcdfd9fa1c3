package checks

import "github.com/aopscan/aopscan/internal/evidence"

var anyCertificate = way{
	attempts: []evidence.AttemptName{evidence.AttemptRogueCertificate},
	open:     "%s serves requests that carry any self-signed certificate.",
	shut:     "%s refuses a self-signed certificate.",
	absent:   "it asks nobody for a certificate",
}

var _ = register(Check{
	ID:       "origin-accepts-any-certificate",
	Title:    "Any self-signed client certificate opens the origin",
	Severity: Critical,
	Needs:    NeedsProbing,
	Rationale: "The origin insists on a client certificate and does not look at who signed it. A certificate takes a second " +
		"to make, so the demand keeps out nobody who knows of it, and every test that only tries without a certificate " +
		"reports success.",
	Remediation: remedies([]Remedy{{Where: "Origin", Text: "Make the server verify the certificate's chain against the one CA that signs Cloudflare's certificate; settings such as nginx's optional_no_ca, Apache's optional_no_ca, HAProxy's crt-ignore-err all and Caddy's mode require do not."}}, demandCertificate()),
	References:  []Reference{refNginxVerify, refApacheVerify, refRFC5280, refAOP},
	Controls: []Control{
		pci("1.4.2", "Inbound traffic from the Internet reaches the origin without restriction to Cloudflare."),
		pci("6.4.2", "Requests reach the application without passing the web application firewall at Cloudflare."),
		nist("IA-9", "The service's certificate is asked for and not verified."),
		nist("IA-5(2)", "The certification path is not validated to an accepted trust anchor."),
		iso("A.8.5", "The authentication takes any credential."),
		soc2("CC6.1", "The logical access control does not authenticate."),
		cwe("CWE-295", "The client's certificate is not validated."),
		cwe("CWE-296", "The chain of trust is not followed."),
	},
	Eval: func(in *Input) []Result {
		return in.eachEndpoint(func(o *Origin) Result { return anyCertificate.judge(in, o) })
	},
})
