package checks

import "github.com/aopscan/aopscan/internal/evidence"

var sessionResumption = way{
	attempts: []evidence.AttemptName{evidence.AttemptResumedSession},
	open:     "%s serves the protected content in a TLS session that was opened without the certificate.",
	shut:     "%s serves nothing in a TLS session that was opened without the certificate.",
	absent:   "no stranger was given a session that could be resumed",
}

var _ = register(Check{
	ID:       "origin-session-resumption-bypass",
	Title:    "A TLS session opened without a certificate resumes into the protected content",
	Severity: Critical,
	Needs:    NeedsProbing,
	Rationale: "A resumed TLS session skips the client's certificate. Where virtual hosts share a session cache or ticket " +
		"key, a session that a stranger opened under an open name is taken under the protected one as if the " +
		"certificate had been checked (the class of CVE-2025-23419).",
	Remediation: []Remedy{
		{Where: "nginx", Text: "Update to 1.26.3, 1.27.4 or later, and demand the certificate in every server block of the socket; until then switch resumption off.", Commands: `ssl_session_cache   off;
ssl_session_tickets off;`},
		{Where: "HAProxy", Text: "Demand the certificate for the whole bind line, or switch resumption off there.", Commands: `global
    tune.ssl.cachesize 0
frontend https
    bind :443 ssl crt-list /etc/haproxy/crt-list.txt no-tls-tickets`},
		{Where: "Apache", Text: "Demand the certificate in every virtual host of the socket; until then switch resumption off, outside of virtual hosts: Apache has one session cache for the whole server.", Commands: `SSLSessionCache   none
SSLSessionTickets off`},
	},
	References: []Reference{
		{"CVE-2025-23419: nginx, client certificate authentication bypass by session reuse", "https://nvd.nist.gov/vuln/detail/CVE-2025-23419"},
		{"nginx security advisories", "https://nginx.org/en/security_advisories.html"},
		{"RFC 8446, section 2.2: resumption and pre-shared key", rfcEditor + "rfc8446#section-2.2"},
	},
	Controls: append(bypassControls("CWE-288", "A resumed session is a channel past the authentication."),
		nist("SC-23", "The authenticity of a session is taken over from another one.")),
	Eval: func(in *Input) []Result {
		return in.eachEndpoint(func(o *Origin) Result { return sessionResumption.judge(in, o) })
	},
})
