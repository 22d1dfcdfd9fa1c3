//go:build linux

package street

import (
	"fmt"
	"strings"
)

const haproxyHead = `global
  maxconn 2000
  tune.ssl.default-dh-param 2048
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  retries 0
  timeout connect 5s
  timeout client 30s
  timeout server 30s
backend app
  server app @APP@
backend other
  server other @OTHERAPP@
backend tcpapp
  mode tcp
  server app @APP@
`

func buildHAProxy(b *block) error {
	const (
		bind  = "  bind @TLS@ ssl crt @PEM@ "
		trust = "ca-file @CA@ verify "
		app   = "\n  default_backend app\n"
		tcp   = "  mode tcp\n"
		tapp  = "\n  default_backend tcpapp\n"
		// The page without noise, from memory.
		static = "\n  http-request return status 200 content-type text/html file @WWW@/index.html if { path / }\n  http-request return status 404\n"
	)
	list := func(lines string) func(*Case) {
		return func(c *Case) {
			withSibling(c)
			name := fmt.Sprintf("crt-%s.txt", c.Posture)
			if _, err := b.write(name, b.expand(lines, c)); err != nil {
				panic(err) // the directory was made a moment ago
			}
		}
	}
	sites := []site{
		{"demanded", demanded(), bind + trust + "required" + app, nil},
		{"demanded-static", demanded(), bind + trust + "required" + static, nil},
		{"open", open(), bind + app, nil},
		{"open-static", open(), bind + static, nil},
		{"optional", open(), bind + trust + "optional" + app, nil},
		{"optional-static", open(), bind + trust + "optional" + static, nil},
		{"optional-403", bare(), bind + trust + "optional\n  http-request deny if !{ ssl_c_used } || !{ ssl_c_verify 0 }" + app, nil},
		{"optional-404", bare(), bind + trust + "optional\n  http-request deny deny_status 404 if !{ ssl_c_used }" + app, nil},
		{"optional-302", bare(), bind + trust + "optional\n  http-request redirect location https://www.example.com/ code 302 if !{ ssl_c_used }" + app, nil},
		{"optional-200-page", page(), bind + trust + "optional\n  http-request return status 200 content-type text/html file @WWW@/refused.html if !{ ssl_c_used }" + app, nil},
		{"optional-silent-drop", bare(), bind + trust + "optional\n  http-request silent-drop if !{ ssl_c_used }" + app, func(c *Case) { c.Waits = true }},
		{"optional-reject", bare(), bind + trust + "optional\n  http-request reject if !{ ssl_c_used }" + app, nil},
		{"optional-verify-zero-only", open(), bind + trust + "optional\n  http-request deny unless { ssl_c_verify eq 0 }" + app, nil},
		{"any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), bind + trust + "required crt-ignore-err all ca-ignore-err all" + app, nil},
		{"any-certificate-403", around("rogue-certificate", Way{Cert: "rogue"}), bind + trust + "optional crt-ignore-err all ca-ignore-err all\n  http-request deny if !{ ssl_c_used }" + app, nil},
		{"issuer-name", around("spoofed-issuer", Way{Cert: "spoofed"}),
			bind + trust + "optional crt-ignore-err all ca-ignore-err all\n  http-request deny unless { ssl_c_i_dn(CN) -m str @ISSUER@ }" + app, nil},
		{"issuer-name-required", around("spoofed-issuer", Way{Cert: "spoofed"}),
			bind + trust + "required crt-ignore-err all ca-ignore-err all\n  http-request deny unless { ssl_c_i_dn(CN) -m str @ISSUER@ }" + app, nil},
		{"sni-verify-default-open", around("no-sni|other-sni|resumed-session", Way{SNI: "-"}, Way{SNI: "nobody.example.com"}),
			"  bind @TLS@ ssl crt-list @DIR@/crt-sni-verify-default-open.txt" + app,
			list("@PEM@ @SIBLING@\n@PEM@ [ca-file @CA@ verify required] @HOST@\n")},
		{"sni-verify-resumption", around("resumed-session", Way{SessionSNI: "@SIBLING@"}),
			"  bind @TLS@ ssl strict-sni crt-list @DIR@/crt-sni-verify-resumption.txt\n  acl wrong hdr(host) -i @HOST@\n  http-request deny deny_status 421 if wrong !{ ssl_fc_sni -i @HOST@ }\n  use_backend app if { hdr(host) -i @HOST@ }\n  default_backend other\n",
			list("@PEM@ @SIBLING@\n@PEM@ [ca-file @CA@ verify required] @HOST@\n")},
		{"sni-verify-resumption-by-sni", around("resumed-session", Way{SessionSNI: "@SIBLING@"}),
			"  bind @TLS@ ssl strict-sni crt-list @DIR@/crt-sni-verify-resumption-by-sni.txt\n  use_backend app if { ssl_fc_sni -i @HOST@ }\n  default_backend other\n",
			list("@PEM@ @SIBLING@\n@PEM@ [ca-file @CA@ verify required] @HOST@\n")},
		{"sni-verify-no-resumption", elsewhere(),
			"  bind @TLS@ ssl strict-sni no-tls-tickets ssl-max-ver TLSv1.2 crt-list @DIR@/crt-sni-verify-no-resumption.txt\n  http-request deny deny_status 421 if { hdr(host) -i @HOST@ } !{ ssl_fc_sni -i @HOST@ }\n  http-request deny if { hdr(host) -i @HOST@ } !{ ssl_c_used }\n  use_backend app if { hdr(host) -i @HOST@ }\n  default_backend other\n",
			list("@PEM@ @SIBLING@\n@PEM@ [ca-file @CA@ verify required] @HOST@\n")},
		{"sni-verify-both", demanded(),
			"  bind @TLS@ ssl strict-sni crt-list @DIR@/crt-sni-verify-both.txt" + app,
			list("@PEM@ [ca-file @CA@ verify required] @SIBLING@\n@PEM@ [ca-file @CA@ verify required] @HOST@\n")},
		{"path", around("path", Way{Path: "/open/"}), bind + trust + "optional\n  http-request deny if !{ ssl_c_used } !{ path_beg /open }" + app, nil},
		{"wrong-ca", foreign(), bind + "ca-file @OTHERCA@ verify required" + app, nil},
		{"tls12-demanded", demanded(), bind + trust + "required ssl-max-ver TLSv1.2" + app, nil},
		{"tls13-demanded", demanded(), bind + trust + "required ssl-min-ver TLSv1.3" + app, nil},
		{"tls12-open", open(), bind + "ssl-max-ver TLSv1.2" + app, nil},
		{"http2-demanded", demanded(), bind + trust + "required alpn h2,http/1.1" + app, nil},
		{"http2-open", open(), bind + "alpn h2,http/1.1" + app, nil},
		{"http2-optional-403", bare(), bind + trust + "optional alpn h2,http/1.1\n  http-request deny if !{ ssl_c_used }" + app, nil},
		{"http2-optional-reject", bare(), bind + trust + "optional alpn h2,http/1.1\n  http-request reject if !{ ssl_c_used }" + app, nil},
		{"tls10-open", legacy(Way{TLS: "1.0", Legacy: true}), "  bind @TLS@ ssl crt @RSAPEM@ ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.0 ciphers ALL:@SECLEVEL=0" + app, nil},
		{"plain-content", aroundElsewhere("plain-http", Way{Plain: true}), bind + trust + "required\n  bind @PLAIN@" + app, nil},
		{"plain-redirect", demanded(), bind + trust + "required\n  bind @PLAIN@\n  http-request redirect scheme https unless { ssl_fc }" + app, nil},
		{"other-port-open", aroundElsewhere("other-port", Way{Port: -1}), bind + trust + "required\n  bind @ALT@ ssl crt @PEM@" + app, nil},
		{"everybody-403-asked", closedAsked(), bind + trust + "optional\n  http-request deny\n", nil},
		{"everybody-403", closedUnasked(), bind + "\n  http-request deny\n", nil},
		{"everybody-503", broken502(), bind + "\n  default_backend missing\n", nil},
		{"login", openAnswer(false), bind + "\n  http-request redirect location /login if { path / }" + app, loginForAll},
		{"optional-login", openAnswer(true), bind + trust + "optional\n  http-request redirect location /login if { path / }" + app, loginForAll},
		{"password", openAnswer(false), bind + "\n  http-request auth realm x\n", passwordForAll("HTTP/1.1 401")},
		{"tcp-demanded", demanded(), tcp + bind + trust + "required" + tapp, nil},
		{"tcp-open", open(), tcp + bind + tapp, nil},
		{"tcp-optional", open(), tcp + bind + trust + "optional" + tapp, nil},
		{"tcp-optional-reject", bareClose(), tcp + bind + trust + "optional\n  tcp-request inspect-delay 5s\n  tcp-request session reject if !{ ssl_c_used }" + tapp, nil},
		{"tcp-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), tcp + bind + trust + "required crt-ignore-err all ca-ignore-err all" + tapp, nil},
		{"tcp-wrong-ca", foreign(), tcp + bind + "ca-file @OTHERCA@ verify required" + tapp, nil},
	}
	for i := range sites {
		sites[i].conf = "frontend f" + fmt.Sprint(i) + "\n" + sites[i].conf
	}
	text := b.expand(haproxyHead, &Case{}) + "backend missing\n  server gone 127.0.0.1:9\n" + b.lay(sites)
	conf, err := b.write("haproxy.cfg", strings.ReplaceAll(text, "\n\n", "\n"))
	if err != nil {
		return err
	}
	b.spawn(nil, "haproxy", "-db", "-f", conf)
	return nil
}
