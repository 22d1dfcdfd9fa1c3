package checks

import "github.com/aopscan/aopscan/internal/evidence"

var virtualHost = way{
	attempts: []evidence.AttemptName{evidence.AttemptNoSNI, evidence.AttemptOtherSNI, evidence.AttemptOtherHost},
	open:     "%s serves the protected content under another name on the same socket.",
	shut:     "%s serves the protected content under no other name that was tried.",
	absent:   "no other name could be asked for",
}

var _ = register(Check{
	ID:       "origin-virtual-host-bypass",
	Title:    "Another virtual host on the same socket serves the protected content",
	Severity: Critical,
	Needs:    NeedsProbing,
	Rationale: "Servers choose their client-authentication settings by the name in the TLS handshake (SNI) and the content " +
		"by the Host header. Where a default or neighbouring virtual host does not demand a certificate, an attacker " +
		"shakes hands with that one and asks it for the protected name.",
	Remediation: []Remedy{
		{Where: "nginx", Text: "Demand the certificate in every server block of the socket and give strangers a default one that refuses.", Commands: `server {
    listen 443 ssl default_server;
    ssl_reject_handshake on;
}`},
		{Where: "Apache", Text: "Demand the certificate in every virtual host of the socket and refuse unknown names.", Commands: `SSLStrictSNIVHostCheck on
SSLCACertificateFile /etc/ssl/aop-ca.pem
SSLVerifyClient      require`},
		{Where: "HAProxy", Text: "Demand the certificate on the bind line, not per name in a crt-list.", Commands: `bind :443 ssl crt /etc/haproxy/certs/ ca-file /etc/ssl/aop-ca.pem verify required strict-sni`},
		{Where: "Caddy", Text: "Keep the check that SNI and Host agree.", Commands: `{
    servers {
        strict_sni_host on
    }
}`},
	},
	References: []Reference{
		{"nginx: ssl_reject_handshake", "https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_reject_handshake"},
		{"Apache: SSLStrictSNIVHostCheck", "https://httpd.apache.org/docs/2.4/mod/mod_ssl.html#sslstrictsnivhostcheck"},
		{"Caddy: strict_sni_host", "https://caddyserver.com/docs/caddyfile/options"},
		{"RFC 6066, section 3: Server Name Indication", rfcEditor + "rfc6066#section-3"},
	},
	Controls: bypassControls("CWE-288", "Another name on the socket is a channel past the authentication."),
	Eval: func(in *Input) []Result {
		return in.eachEndpoint(func(o *Origin) Result { return virtualHost.judge(in, o) })
	},
})

// bypassControls are what a way around a front door that refuses is evidence
// against, with the weakness that fits it.
func bypassControls(weakness, why string) []Control {
	return []Control{
		pci("1.4.2", "Inbound traffic from the Internet reaches the origin without restriction to Cloudflare."),
		pci("6.4.2", "Requests reach the application without passing the web application firewall at Cloudflare."),
		nist("IA-9", "The origin serves a client that it has not authenticated."),
		nist("AC-4", "The flow of information that was approved, through Cloudflare alone, is not enforced."),
		iso("A.8.20", "The network does not protect the application from direct access."),
		soc2("CC6.6", "Access from outside the boundary is not restricted."),
		cwe(weakness, why),
	}
}
