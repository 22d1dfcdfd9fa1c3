package checks

import "github.com/aopscan/aopscan/internal/evidence"

var plaintextHTTP = way{
	attempts: []evidence.AttemptName{evidence.AttemptPlainHTTP},
	open:     "%s serves the protected content over plain HTTP.",
	shut:     "%s does not serve the protected content over plain HTTP.",
	absent:   "the plain HTTP port is the origin's own",
}

var _ = register(Check{
	ID:       "origin-plaintext-http",
	Title:    "The protected content is served over plain HTTP",
	Severity: High,
	Needs:    NeedsProbing,
	Rationale: "Beside the port that demands a certificate another one serves the same content without TLS, so without any " +
		"certificate. A redirect to https:// would be harmless; this is the content itself.",
	Remediation: []Remedy{
		{Where: "nginx", Text: "Redirect on the plain port instead of serving, or close it.", Commands: `server {
    listen 80 default_server;
    return 301 https://$host$request_uri;
}`},
		{Where: "Apache", Text: "Redirect on the plain port instead of serving, or close it.", Commands: `<VirtualHost *:80>
    Redirect permanent / https://app.example.com/
</VirtualHost>`},
		{Where: "HAProxy", Text: "Redirect on the plain port instead of serving, or close it.", Commands: `frontend plain
    bind :80
    http-request redirect scheme https code 301`},
		{Where: "Caddy", Text: "Leave automatic HTTPS on, which redirects, and name no http:// site.", Commands: `app.example.com {
    reverse_proxy 127.0.0.1:8080
}`},
	},
	References: []Reference{
		{"Cloudflare: Always Use HTTPS", cloudflareDocs + "ssl/edge-certificates/additional-options/always-use-https/"},
		{"RFC 9110, section 4.2: http and https URI schemes", rfcEditor + "rfc9110#section-4.2"},
		refProtect,
	},
	Controls: append(bypassControls("CWE-420", "The plain HTTP port is an alternate channel without protection."),
		pci("4.2.1", "Account data can cross the Internet to the origin without encryption."),
		cwe("CWE-319", "Requests and answers are sent in cleartext.")),
	Eval: func(in *Input) []Result {
		return in.eachEndpoint(func(o *Origin) Result { return plaintextHTTP.judge(in, o) })
	},
})
