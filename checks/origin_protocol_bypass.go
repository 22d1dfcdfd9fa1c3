package checks

import "github.com/aopscan/aopscan/internal/evidence"

var otherProtocol = way{
	attempts: []evidence.AttemptName{evidence.AttemptNoCertificate, evidence.AttemptHTTP2, evidence.AttemptHTTP3, evidence.AttemptLegacyTLS},
	open:     "%s refuses over one protocol and serves requests without a certificate over another.",
	shut:     "%s refuses requests without a certificate over every protocol that was tried.",
}

var _ = register(Check{
	ID:       "origin-protocol-bypass",
	Title:    "Another TLS or HTTP version is served without a certificate",
	Severity: High,
	Needs:    NeedsProbing,
	Rationale: "The demand for a certificate holds for some versions of TLS or HTTP and not for others. HTTP/3 is a listener " +
		"of its own with its own settings, and old TLS versions often end at another proxy. An attacker chooses the " +
		"version.",
	Remediation: remedies([]Remedy{
		{Where: "Origin", Text: "Demand the certificate on every listener, the QUIC one included, or switch the version off."},
		{Where: "nginx", Text: "The demand has to stand in the server block of both listeners (QUIC takes nginx 1.25 or later).", Commands: `server {
    listen 443 ssl;
    listen 443 quic;
    ssl_protocols          TLSv1.2 TLSv1.3;
    ssl_client_certificate /etc/ssl/aop-ca.pem;
    ssl_verify_client      on;
}`},
	}, demandCertificate()[1:]),
	References: []Reference{refRFC8446, {"RFC 9114: HTTP/3", rfcEditor + "rfc9114"}, {"RFC 9113: HTTP/2", rfcEditor + "rfc9113"}, refNginxVerify},
	Controls:   bypassControls("CWE-288", "Another protocol version is a channel past the authentication."),
	Eval: func(in *Input) []Result {
		return in.eachEndpoint(func(o *Origin) Result { return otherProtocol.judge(in, o) })
	},
})
