package checks

import "github.com/aopscan/aopscan/internal/evidence"

var otherPath = way{
	attempts: []evidence.AttemptName{evidence.AttemptPath},
	open:     "%s serves a path without a certificate, although it refuses others.",
	shut:     "%s serves none of the paths that were tried without a certificate.",
	absent:   "no path was named",
}

var _ = register(Check{
	ID:       "origin-path-bypass",
	Title:    "Some paths are served without a certificate",
	Severity: High,
	Needs:    NeedsProbing,
	Rationale: "The demand for a certificate is made per path. Health checks, callbacks and file uploads are the usual " +
		"exceptions, and every one of them is a part of the application that attackers reach without passing " +
		"Cloudflare. Only paths that are named with --path are tried.",
	Remediation: remedies([]Remedy{
		{Where: "Origin", Text: "Demand the certificate for the whole virtual host; let load balancers and monitors present one of their own."},
		{Where: "Apache", Text: "Move the demand out of Location into the virtual host.", Commands: `<VirtualHost *:443>
    SSLCACertificateFile /etc/ssl/aop-ca.pem
    SSLVerifyClient      require
</VirtualHost>`},
	}, demandCertificate()[:1], demandCertificate()[2:]),
	References: []Reference{refApacheVerify, refNginxVerify, refProtect},
	Controls:   bypassControls("CWE-424", "A path of the application is left out of the protection."),
	Eval: func(in *Input) []Result {
		return in.eachEndpoint(func(o *Origin) Result { return otherPath.judge(in, o) })
	},
})
