//go:build linux

package street

import "strings"

// site is one case of a server that is configured by text.
type site struct {
	posture string
	expect  expectation
	conf    string
	tune    func(*Case)
}

// lay makes the houses of a list of sites and returns their configuration.
func (b *block) lay(sites []site) string {
	var out strings.Builder
	for _, s := range sites {
		c := b.house(s.posture, s.expect)
		if s.tune != nil {
			s.tune(c)
		}
		out.WriteString(b.expand(s.conf, c))
		out.WriteString("\n")
	}
	return out.String()
}

// withSibling tells the probe of the sibling's name, as a scan of the zone does.
func withSibling(c *Case) { c.Siblings = append(c.Siblings, c.Sibling) }

// passwordForAll marks a case where everybody is asked for a password.
func passwordForAll(marker string) func(*Case) {
	return func(c *Case) {
		c.Marker, c.Legit, c.Ways = marker, withClient, []Way{{}}
	}
}

// loginForAll marks a case where everybody is sent to the login.
func loginForAll(c *Case) {
	c.Marker, c.Legit, c.Ways = "Sign in", &Way{Cert: "client", Path: "/login"}, []Way{{Path: "/login"}}
}

const nginxHead = `daemon off; master_process off; pid @DIR@/nginx.pid; error_log stderr crit; worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  access_log off; default_type text/html; types { text/html html; } server_tokens off;
  client_body_temp_path @DIR@/t1; proxy_temp_path @DIR@/t2; fastcgi_temp_path @DIR@/t3; uwsgi_temp_path @DIR@/t4; scgi_temp_path @DIR@/t5;
  server_names_hash_bucket_size 128; server_names_hash_max_size 4096;
  ssl_certificate @CERT@; ssl_certificate_key @KEY@; ssl_client_certificate @CA@; ssl_protocols TLSv1.2 TLSv1.3;
  root @WWW@;
`

func buildNginx(b *block) error {
	const (
		listen = "listen @TLS@ ssl; server_name @HOST@; "
		noise  = "location / { proxy_pass http://@APP@; proxy_set_header Host $host; } "
		broken = "location / { proxy_pass http://127.0.0.1:9; } "
		need   = "if ($ssl_client_verify != SUCCESS) "
	)
	verified := func(c *Case) { c.Legit = nil }
	sites := []site{
		{"demanded", demanded(), "server { " + listen + "ssl_verify_client on; }", nil},
		{"demanded-noise", demanded(), "server { " + listen + "ssl_verify_client on; " + noise + "}", nil},
		{"demanded-expired-control", foreign(), "server { " + listen + "ssl_verify_client on; }",
			func(c *Case) { c.Control = "expired"; c.Legit = withClient }},
		{"open", open(), "server { " + listen + "}", nil},
		{"open-noise", open(), "server { " + listen + noise + "}", nil},
		{"optional", open(), "server { " + listen + "ssl_verify_client optional; }", nil},
		{"optional-noise", open(), "server { " + listen + "ssl_verify_client optional; " + noise + "}", nil},
		{"optional-403", bare(), "server { " + listen + "ssl_verify_client optional; " + need + "{ return 403; } }", nil},
		{"optional-403-noise", bare(), "server { " + listen + "ssl_verify_client optional; " + need + "{ return 403; } " + noise + "}", nil},
		{"optional-404", bare(), "server { " + listen + "ssl_verify_client optional; " + need + "{ return 404; } }", nil},
		{"optional-302", bare(), "server { " + listen + "ssl_verify_client optional; " + need + "{ return 302 https://www.example.com/; } }", nil},
		{"optional-200-page", page(), "server { " + listen + "ssl_verify_client optional; " + need + `{ rewrite ^ /refused.html break; } }`, nil},
		{"optional-200-page-noise", page(), "server { " + listen + "ssl_verify_client optional; location / { " + need + `{ rewrite ^ /refused.html last; } proxy_pass http://@APP@; } location = /refused.html { } }`, nil},
		{"optional-444", bare(), "server { " + listen + "ssl_verify_client optional; " + need + "{ return 444; } }", nil},
		{"optional-444-http2", bare(), "server { listen @TLS@ ssl http2; ssl_verify_client optional; " + need + "{ return 444; } }", nil},
		{"any-certificate", around("rogue-certificate", Way{Cert: "rogue"}),
			"server { " + listen + "ssl_verify_client optional_no_ca; if ($ssl_client_verify = NONE) { return 403; } }", nil},
		{"any-certificate-noise", around("rogue-certificate", Way{Cert: "rogue"}),
			"server { " + listen + "ssl_verify_client optional_no_ca; if ($ssl_client_verify = NONE) { return 403; } " + noise + "}", nil},
		{"optional-no-ca", open(), "server { " + listen + "ssl_verify_client optional_no_ca; }", nil},
		{"issuer-name", around("spoofed-issuer", Way{Cert: "spoofed"}),
			"server { " + listen + `ssl_verify_client optional_no_ca; if ($ssl_client_i_dn !~ "CN=@ISSUER@") { return 403; } }`, nil},
		{"issuer-name-whole", around("spoofed-issuer", Way{Cert: "spoofed"}),
			"server { " + listen + `ssl_verify_client optional_no_ca; if ($ssl_client_i_dn != "CN=@ISSUER@,OU=Origin Pull,O=CloudFlare\, Inc.,L=San Francisco,ST=California,C=US") { return 403; } }`, nil},
		{"default-same-content", aroundElsewhere("no-sni|other-sni|other-host", Way{SNI: "-", Host: "-"}, Way{SNI: "nobody.example.com", Host: "nobody.example.com"}),
			"server { listen @TLS@ ssl default_server; server_name _; } server { " + listen + "ssl_verify_client on; }", nil},
		{"default-same-content-noise", aroundElsewhere("no-sni|other-sni|other-host", Way{SNI: "nobody.example.com", Host: "nobody.example.com"}),
			"server { listen @TLS@ ssl default_server; server_name _; " + noise + "} server { " + listen + "ssl_verify_client on; " + noise + "}", nil},
		{"default-other-content", elsewhere(),
			"server { listen @TLS@ ssl default_server; server_name _; root @OTHERWWW@; } server { " + listen + "ssl_verify_client on; }", nil},
		// The default server does not finish a handshake, and still serves every
		// unknown Host of a connection that was made under the protected name.
		{"default-rejects-handshakes-only", aroundElsewhere("other-host", Way{Host: "nobody.example.com"}),
			"server { listen @TLS@ ssl default_server; server_name _; ssl_reject_handshake on; } server { " + listen + "ssl_verify_client on; }", nil},
		{"default-rejects", demanded(),
			"server { listen @TLS@ ssl default_server; server_name _; ssl_reject_handshake on; return 444; } server { " + listen + "ssl_verify_client on; }", nil},
		{"default-404", demanded(),
			"server { listen @TLS@ ssl default_server; server_name _; return 404; } server { " + listen + "ssl_verify_client on; }", nil},
		{"sibling-same-content", aroundElsewhere("other-sni|other-host", Way{SNI: "@SIBLING@", Host: "@SIBLING@"}, Way{Host: "@SIBLING@"}),
			"server { " + listen + "ssl_verify_client on; } server { listen @TLS@ ssl; server_name @SIBLING@; }", withSibling},
		{"sibling-other-content", elsewhere(),
			"server { " + listen + "ssl_verify_client on; } server { listen @TLS@ ssl; server_name @SIBLING@; root @OTHERWWW@; }", withSibling},
		{"sibling-shared-tickets", elsewhere(),
			"ssl_session_ticket_key @DIR@/ticket.key; server { " + listen + "ssl_verify_client on; } server { listen @TLS@ ssl; server_name @SIBLING@; root @OTHERWWW@; }", withSibling},
		{"path", around("path", Way{Path: "/open/"}),
			"server { " + listen + "ssl_verify_client optional; location / { " + need + "{ return 403; } } location /open/ { } }", nil},
		{"path-noise", around("path", Way{Path: "/open/"}),
			"server { " + listen + "ssl_verify_client optional; location / { " + need + "{ return 403; } proxy_pass http://@APP@; } location /open/ { proxy_pass http://@APP@; } }", nil},
		{"path-also-refused", bare(),
			"server { " + listen + "ssl_verify_client optional; location / { " + need + "{ return 403; } } location /open/ { " + need + "{ return 403; } } }",
			func(c *Case) { c.Paths = []string{"/open/"} }},
		{"wrong-ca", foreign(), "server { " + listen + "ssl_client_certificate @OTHERCA@; ssl_verify_client on; }", nil},
		{"two-cas", demanded(), "server { " + listen + "ssl_client_certificate @DIR@/two.pem; ssl_verify_client on; }", nil},
		{"tls12-demanded", demanded(), "server { " + listen + "ssl_protocols TLSv1.2; ssl_verify_client on; }", nil},
		{"tls13-demanded", demanded(), "server { " + listen + "ssl_protocols TLSv1.3; ssl_verify_client on; }", nil},
		{"tls12-open", open(), "server { " + listen + "ssl_protocols TLSv1.2; }", nil},
		{"tls13-open", open(), "server { " + listen + "ssl_protocols TLSv1.3; }", nil},
		{"tls12-optional-403", bare(), "server { " + listen + "ssl_protocols TLSv1.2; ssl_verify_client optional; " + need + "{ return 403; } }", nil},
		{"tls13-optional-200-page", page(), "server { " + listen + "ssl_protocols TLSv1.3; ssl_verify_client optional; " + need + `{ rewrite ^ /refused.html break; } }`, nil},
		{"tls10-open", legacy(Way{TLS: "1.0", Legacy: true}), "server { " + listen + "ssl_certificate @RSACERT@; ssl_certificate_key @RSAKEY@; ssl_protocols TLSv1; ssl_ciphers ALL:@SECLEVEL=0; }", nil},
		{"tls11-open", legacy(Way{TLS: "1.1", Legacy: true}), "server { " + listen + "ssl_certificate @RSACERT@; ssl_certificate_key @RSAKEY@; ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0; }", nil},
		{"tls10-demanded", legacyDemanded("1.0"), "server { " + listen + "ssl_certificate @RSACERT@; ssl_certificate_key @RSAKEY@; ssl_protocols TLSv1; ssl_ciphers ALL:@SECLEVEL=0; ssl_verify_client on; }", nil},
		{"rsa-kx-open", legacy(Way{TLS: "1.2", Legacy: true}), "server { " + listen + "ssl_certificate @RSACERT@; ssl_certificate_key @RSAKEY@; ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256:AES256-SHA:@SECLEVEL=0; }", nil},
		{"rsa-kx-demanded", legacyDemanded("1.2"), "server { " + listen + "ssl_certificate @RSACERT@; ssl_certificate_key @RSAKEY@; ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256:AES256-SHA:@SECLEVEL=0; ssl_verify_client on; }", nil},
		{"http2-demanded", demanded(), "server { listen @TLS@ ssl http2; ssl_verify_client on; }", nil},
		{"http2-open", open(), "server { listen @TLS@ ssl http2; }", nil},
		{"http2-optional-403", bare(), "server { listen @TLS@ ssl http2; ssl_verify_client optional; " + need + "{ return 403; } }", nil},
		{"http2-optional", open(), "server { listen @TLS@ ssl http2; ssl_verify_client optional; " + noise + "}", nil},
		{"plain-content", aroundElsewhere("plain-http", Way{Plain: true}),
			"server { " + listen + "ssl_verify_client on; } server { listen @PLAIN@; server_name @HOST@; }", nil},
		{"plain-redirect", demanded(),
			"server { " + listen + "ssl_verify_client on; } server { listen @PLAIN@; return 301 https://$host$request_uri; }", nil},
		{"plain-403", demanded(),
			"server { " + listen + "ssl_verify_client on; } server { listen @PLAIN@; return 403; }", nil},
		{"plain-other-content", elsewhere(),
			"server { " + listen + "ssl_verify_client on; } server { listen @PLAIN@; root @OTHERWWW@; }", nil},
		{"other-port-open", aroundElsewhere("other-port", Way{Port: -1}),
			"server { " + listen + "ssl_verify_client on; } server { listen @ALT@ ssl; server_name @HOST@; }", nil},
		{"other-port-demanded", demanded(),
			"server { listen @TLS@ ssl; listen @ALT@ ssl; server_name @HOST@; ssl_verify_client on; }", func(c *Case) { c.Ports = append(c.Ports, b.street.AltPort) }},
		{"everybody-403-asked", closedAsked(), "server { " + listen + "ssl_verify_client optional; return 403; }", nil},
		{"everybody-403", closedUnasked(), "server { " + listen + "return 403; }", nil},
		{"allow-list-403", closedUnasked(), "server { " + listen + "location / { allow 192.0.2.0/24; deny all; } }", nil},
		{"everybody-404-asked", closedAsked(), "server { " + listen + "ssl_verify_client optional; return 404; }", nil},
		{"everybody-444-asked", closedAsked(), "server { " + listen + "ssl_verify_client optional; return 444; }", nil},
		{"everybody-502", broken502(), "server { " + listen + broken + "}", nil},
		{"everybody-502-asked", broken502(), "server { " + listen + "ssl_verify_client optional; " + broken + "}", nil},
		{"demanded-then-502", brokenBehind(), "server { " + listen + "ssl_verify_client on; " + broken + "}", verified},
		{"demanded-then-login", demanded(), "server { " + listen + "ssl_verify_client on; location / { return 302 /login; } location = /login { proxy_pass http://@APP@; } }",
			func(c *Case) { c.Marker, c.Legit = "Sign in", &Way{Cert: "client", Path: "/login"} }},
		{"demanded-then-401", demanded(), "server { " + listen + "ssl_verify_client on; location / { auth_basic x; auth_basic_user_file /dev/null; } }",
			func(c *Case) { c.Marker = "401 Authorization Required" }},
		{"login", openAnswer(false), "server { " + listen + "location / { return 302 /login; } location = /login { proxy_pass http://@APP@; } }", loginForAll},
		{"optional-login", openAnswer(true), "server { " + listen + "ssl_verify_client optional; location / { return 302 /login; } location = /login { proxy_pass http://@APP@; } }", loginForAll},
		{"password", openAnswer(false), "server { " + listen + "location / { auth_basic x; auth_basic_user_file /dev/null; } }", passwordForAll("401 Authorization Required")},
		{"optional-password", openAnswer(true), "server { " + listen + "ssl_verify_client optional; location / { auth_basic x; auth_basic_user_file /dev/null; } }", passwordForAll("401 Authorization Required")},
		{"error-page-496-app", open(), "server { " + listen + "ssl_verify_client on; error_page 496 = @app; location @app { proxy_pass http://@APP@; } " + noise + "}", nil},
		{"error-page-496-static", open(), "server { " + listen + "ssl_verify_client on; error_page 496 =200 /index.html; }", nil},
		{"error-page-495-app", around("rogue-certificate", Way{Cert: "rogue"}),
			"server { " + listen + "ssl_verify_client on; error_page 495 = @app; location @app { proxy_pass http://@APP@; } " + noise + "}", nil},
		{"error-page-200-refused", page(), "server { " + listen + "ssl_verify_client on; error_page 495 496 =200 /refused.html; location = /refused.html { } }", nil},
		{"error-page-302", bare(), "server { " + listen + "ssl_verify_client on; error_page 495 496 =302 https://www.example.com/; }", nil},
		{"error-page-403", bare(), "server { " + listen + "ssl_verify_client on; error_page 495 496 =403 /refused.html; location = /refused.html { } }", nil},
	}
	if _, err := b.write("ticket.key", strings.Repeat("street-of-servers", 8)[:80]); err != nil {
		return err
	}
	two, err := concat(b.street.PKI.file("client-ca.pem"), b.street.PKI.file("other-ca.pem"))
	if err != nil {
		return err
	}
	if _, err := b.write("two.pem", two); err != nil {
		return err
	}
	conf, err := b.write("nginx.conf", b.expand(nginxHead, &Case{})+b.lay(sites)+"}\n")
	if err != nil {
		return err
	}
	b.spawn(nil, "nginx", "-p", b.dir, "-c", conf)
	return nil
}

// buildNginxStream is nginx as a TCP proxy that ends TLS.
func buildNginxStream(b *block) error {
	const front = "listen @TLS@ ssl; ssl_certificate @CERT@; ssl_certificate_key @KEY@; proxy_pass @APP@; "
	const trusting = front + "ssl_client_certificate @CA@; "
	sites := []site{
		{"demanded", bareClose(), "server { " + trusting + "ssl_verify_client on; }", nil},
		{"open", open(), "server { " + front + "}", nil},
		{"optional", open(), "server { " + trusting + "ssl_verify_client optional; }", nil},
		{"optional-no-ca", open(), "server { " + trusting + "ssl_verify_client optional_no_ca; }", nil},
		{"wrong-ca", foreignClose(), "server { " + front + "ssl_client_certificate @OTHERCA@; ssl_verify_client on; }", nil},
		{"tls12-demanded", bareClose(), "server { " + trusting + "ssl_protocols TLSv1.2; ssl_verify_client on; }", nil},
		{"tls13-demanded", bareClose(), "server { " + trusting + "ssl_protocols TLSv1.3; ssl_verify_client on; }", nil},
		{"plain-content", aroundElsewhere("plain-http", Way{Plain: true}), "server { " + trusting + "ssl_verify_client on; } server { listen @PLAIN@; proxy_pass @APP@; }", nil},
		{"other-port-open", aroundElsewhere("other-port", Way{Port: -1}),
			"server { " + trusting + "ssl_verify_client on; } server { listen @ALT@ ssl; ssl_certificate @CERT@; ssl_certificate_key @KEY@; proxy_pass @APP@; }", nil},
	}
	module := ""
	if m := program("/usr/lib/nginx/modules/ngx_stream_module.so"); m != "" {
		module = "load_module " + m + ";\n"
	}
	conf, err := b.write("nginx.conf", b.expand(module+"daemon off; master_process off; pid @DIR@/nginx.pid; error_log stderr crit;\nevents { }\nstream {\n", &Case{})+b.lay(sites)+"}\n")
	if err != nil {
		return err
	}
	b.spawn(nil, "nginx", "-p", b.dir, "-c", conf)
	return nil
}
