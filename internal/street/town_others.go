//go:build linux

package street

import (
	"fmt"
	"os"
	"strings"
)

func buildTownApache(b *block) error {
	apps := buildTownApps(b)
	const (
		base     = "ServerName @HOST@\nDocumentRoot @WWW@\nSSLEngine on\nSSLCertificateFile @CERT@\nSSLCertificateKeyFile @KEY@\nSSLCACertificateFile @CA@\n"
		vhost    = "Listen @TLS@\n<VirtualHost @TLS@>\n" + base
		end      = "</VirtualHost>\n"
		sibling  = "<VirtualHost @TLS@>\nServerName @SIBLING@\nSSLEngine on\nSSLCertificateFile @CERT@\nSSLCertificateKeyFile @KEY@\n"
		plain    = "Listen @PLAIN@\n<VirtualHost @PLAIN@>\nServerName @HOST@\n"
		require  = "SSLVerifyClient require\nSSLVerifyDepth 2\n"
		optional = "SSLVerifyClient optional\n"
		unless   = "RewriteEngine on\nRewriteCond %{SSL:SSL_CLIENT_VERIFY} !=SUCCESS\n"
		header   = "RequestHeader set X-SSL-Verify \"%{SSL_CLIENT_VERIFY}s\"\n"
	)
	to := func(app string) string { return "ProxyPreserveHost on\nProxyPass / http://{{" + app + "}}/\n" }
	said := func(marker string) func(*Case) { return answers(marker) }
	sites := []site{
		{"weblog-demanded", demanded(), vhost + require + to("weblog") + end, nil},
		{"weblog-optional", open(), vhost + optional + to("weblog") + end, nil},
		{"weblog-open", open(), vhost + to("weblog") + end, nil},
		{"require-ssl-verify-client", bare(), vhost + optional + "<Location />\nRequire ssl-verify-client\n</Location>\n" + to("weblog") + end, nil},
		{"directory-files", demanded(), vhost + "<Directory @WWW@>\nSSLVerifyClient require\n</Directory>\n" + end, noRenegotiation},
		{"location-weblog", demanded(), vhost + "<Location />\nSSLVerifyClient require\n</Location>\n" + to("weblog") + end, noRenegotiation},
		{"location-but-health", demanded(), vhost + "<LocationMatch \"^/(?!health)\">\nSSLVerifyClient require\n</LocationMatch>\n" + to("weblog") + end, noRenegotiation},
		{"location-admin-only", open(), vhost + "<Location /admin>\nSSLVerifyClient require\n</Location>\n" + to("weblog") + end, nil},
		{"sslrequire-subject", demanded(), vhost + require + "<Location />\nSSLRequire %{SSL_CLIENT_S_DN_CN} eq \"Cloudflare\"\n</Location>\n" + to("weblog") + end, nil},
		{"sslrequire-subject-of-nobody", demanded().or(inconclusive), vhost + require + "<Location />\nSSLRequire %{SSL_CLIENT_S_DN_CN} eq \"Nobody\"\n</Location>\n" + to("weblog") + end, func(c *Case) { c.Legit = nil }},
		{"optional-no-ca-success", bare(), vhost + "SSLVerifyClient optional_no_ca\n<Location />\nRequire expr \"%{SSL_CLIENT_VERIFY} == 'SUCCESS'\"\n</Location>\n" + to("weblog") + end, nil},
		{"optional-no-ca-serial", around("rogue-certificate", Way{Cert: "rogue"}), vhost + "SSLVerifyClient optional_no_ca\n<Location />\nRequire expr \"-n %{SSL_CLIENT_M_SERIAL}\"\n</Location>\n" + to("weblog") + end, nil},
		{"optional-subject-present", bare(), vhost + optional + "<Location />\nRequire expr \"-n %{SSL_CLIENT_S_DN}\"\n</Location>\n" + to("weblog") + end, nil},
		{"depth-zero", foreign(), vhost + "SSLVerifyClient require\nSSLVerifyDepth 0\n" + to("weblog") + end, func(c *Case) { c.Legit = nil }},
		{"error-document-german", bare(), vhost + optional + "ErrorDocument 403 \"<h1>Zugriff verweigert</h1>\"\n<Location />\nRequire ssl-verify-client\n</Location>\n" + to("weblog") + end, nil},
		{"error-document-away", bare(), vhost + optional + "ErrorDocument 403 https://www.example.com/\n<Location />\nRequire ssl-verify-client\n</Location>\n" + to("weblog") + end, nil},
		{"rewrite-self", bare(), vhost + optional + unless + "RewriteRule ^ https://%{HTTP_HOST}/denied [R=302,L]\n" + to("weblog") + end, nil},
		{"rewrite-410", bare(), vhost + optional + unless + "RewriteRule ^ - [G]\n" + to("weblog") + end, nil},
		{"rewrite-503", bare(), vhost + optional + unless + "RewriteRule ^ - [R=503]\n" + to("weblog") + end, nil},
		{"rewrite-401", bare(), vhost + optional + unless + "RewriteRule ^ - [R=401]\n" + to("weblog") + end, nil},
		{"header-json401", bare(), vhost + optional + header + to("json401") + end, nil},
		{"header-german200", page(), vhost + optional + header + to("german200") + end, nil},
		{"header-chinesejson", page(), vhost + optional + header + to("chinesejson") + end, nil},
		{"header-away302", bare(), vhost + optional + header + to("away302") + end, nil},
		{"login-or-403", bareBehind(), vhost + optional + header + to("login-or-403") + end, said("/login?next=")},
		{"strict-sni", elsewhere(), "SSLStrictSNIVHostCheck on\nListen @TLS@\n" + sibling + "DocumentRoot @OTHERWWW@\n" + end + "<VirtualHost @TLS@>\n" + base + require + to("weblog") + end, withSibling},
		{"default-proxies-the-same", aroundElsewhere("no-sni|other-sni|other-host", Way{SNI: "nobody.example.com", Host: "nobody.example.com"}), "Listen @TLS@\n" + sibling + to("weblog") + end + "<VirtualHost @TLS@>\n" + base + require + to("weblog") + end, nil},
		{"default-login", elsewhere(), "Listen @TLS@\n" + sibling + to("login") + end + "<VirtualHost @TLS@>\n" + base + require + to("weblog") + end, nil},
		{"alias-of-the-same-host", demanded(), vhost + "ServerAlias www.@HOST@ *.example.com\n" + require + to("weblog") + end, nil},
		{"http2-weblog-optional", open(), vhost + "Protocols h2 http/1.1\n" + optional + to("weblog") + end, nil},
		{"http2-header-json401", bare(), vhost + "Protocols h2 http/1.1\n" + optional + header + to("json401") + end, nil},
		{"password-demanded", behind(), vhost + require + "<Location />\nAuthType Basic\nAuthName x\nAuthUserFile /dev/null\nRequire valid-user\n</Location>\n" + end, said("401 Unauthorized")},
		{"password-or-certificate", bare(), vhost + optional + "<Location />\nAuthType Basic\nAuthName x\nAuthUserFile /dev/null\n<RequireAny>\nRequire valid-user\nRequire ssl-verify-client\n</RequireAny>\n</Location>\n" + to("weblog") + end, nil},
		{"address-or-certificate", bare(), vhost + optional + "<Location />\n<RequireAny>\nRequire ip 192.0.2.0/24\nRequire ssl-verify-client\n</RequireAny>\n</Location>\n" + to("weblog") + end, nil},
		{"address-and-certificate", demanded().or(inconclusive), vhost + require + "<Location />\nRequire ip 192.0.2.0/24\n</Location>\n" + to("weblog") + end, func(c *Case) { c.Legit = nil }},
		{"plain-weblog", aroundElsewhere("plain-http", Way{Plain: true}), vhost + require + to("weblog") + end + plain + to("weblog") + end, nil},
		{"plain-works", demanded(), vhost + require + to("weblog") + end + plain + "RewriteEngine on\nRewriteRule ^ - [R=200]\nErrorDocument 200 \"<html><body><h1>It works!</h1></body></html>\"\n" + end, nil},
		{"plain-redirects", demanded(), vhost + require + to("weblog") + end + plain + "RewriteEngine on\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]\n" + end, nil},
		{"rsa-tls12-demanded", demanded(), strings.NewReplacer("@CERT@", "@RSACERT@", "@KEY@", "@RSAKEY@").Replace(vhost) + "SSLProtocol -all +TLSv1.2\n" + require + to("weblog") + end, nil},
		{"fallback-spa-optional", open(), vhost + optional + "FallbackResource /index.html\n" + end, nil},
		{"spa-optional", open(), vhost + optional + to("spa") + end, nil},
		{"demanded-404-root", behind(), vhost + require + "RewriteEngine on\nRewriteRule ^/$ - [R=404]\n" + end, said("404 Not Found")},
		{"www-demanded", behind(), vhost + require + to("www") + end, said("https://www.")},
		{"www-open", openTalk(false), vhost + to("www") + end, said("https://www.")},
		{"kong404-optional", openTalk(true), vhost + optional + to("kong404") + end, said("no Route matched")},
		{"zipped-optional", open(), vhost + optional + to("zipped") + end, nil},
		{"zipped-demanded", demanded(), vhost + require + to("zipped") + end, nil},
		{"slow-optional", open(), vhost + optional + to("slow") + end, nil},
		{"maintenance-demanded", brokenBehind(), vhost + require + to("maintenance") + end, said("back soon")},
		{"sibling-ok", elsewhere(), vhost + require + to("weblog") + end + sibling + to("ok") + end, withSibling},
		{"path", around("path", Way{Path: "/open/"}), vhost + optional + "<LocationMatch \"^/(?!open)\">\nRequire ssl-verify-client\n</LocationMatch>\n" + to("weblog") + end, nil},
	}
	var head strings.Builder
	if os.Getuid() == 0 {
		head.WriteString("User www-data\nGroup www-data\n")
	}
	for _, m := range apacheModules {
		if file := program("/usr/lib/apache2/modules/mod_" + m + ".so"); file != "" {
			head.WriteString("LoadModule " + m + "_module " + file + "\n")
		}
	}
	for i := range sites {
		sites[i].conf = apps.fill(sites[i].conf)
	}
	conf, err := b.write("httpd.conf", head.String()+b.expand(apacheHead, &Case{})+b.lay(sites))
	if err != nil {
		return err
	}
	b.spawn(nil, "apache2", "-X", "-f", conf)
	return nil
}

func buildTownHAProxy(b *block) error {
	apps := buildTownApps(b)
	const (
		bind   = "  bind @TLS@ ssl crt @PEM@ "
		trust  = "ca-file @CA@ verify "
		any    = "crt-ignore-err all ca-ignore-err all"
		unused = " if !{ ssl_c_used }\n"
	)
	to := func(app string) string { return "\n  default_backend t-" + app + "\n" }
	list := func(lines string) func(*Case) {
		return func(c *Case) {
			withSibling(c)
			if _, err := b.write("crt-"+c.Posture+".txt", b.expand(lines, c)); err != nil {
				panic(err) // the directory was made a moment ago
			}
		}
	}
	said := func(marker string) func(*Case) { return answers(marker) }
	errorfile, err := b.write("403.http", "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<title>Ledger</title><h1>Nothing here</h1><p>This machine has nothing to show.</p>")
	if err != nil {
		return err
	}
	sites := []site{
		{"weblog-required", demanded(), bind + trust + "required" + to("weblog"), nil},
		{"weblog-optional", open(), bind + trust + "optional" + to("weblog"), nil},
		{"weblog-asks-nobody", open(), bind + "ca-file @CA@ verify none" + to("weblog"), nil},
		{"deny-401", bare(), bind + trust + "optional\n  http-request deny deny_status 401" + unused + to("weblog"), nil},
		{"deny-429", bare().or(inconclusive), bind + trust + "optional\n  http-request deny deny_status 429" + unused + to("weblog"), nil},
		{"deny-503", bare(), bind + trust + "optional\n  http-request deny deny_status 503" + unused + to("weblog"), nil},
		{"tarpit", bare(), bind + trust + "optional\n  timeout tarpit 1s\n  http-request tarpit" + unused + to("weblog"), nil},
		{"return-json-200", page(), bind + trust + "optional\n  http-request return status 200 content-type application/json string '{\"ok\":false}'" + unused + to("weblog"), nil},
		{"return-empty-200", page(), bind + trust + "optional\n  http-request return status 200" + unused + to("weblog"), nil},
		{"errorfile-200", page(), bind + trust + "optional\n  errorfile 403 " + errorfile + "\n  http-request deny" + unused + to("weblog"), nil},
		{"deny-if-verify-fails", open(), bind + trust + "optional\n  http-request deny if { ssl_c_verify gt 0 }" + to("weblog"), nil},
		{"deny-unless-has-crt", bare(), bind + trust + "optional\n  http-request deny unless { ssl_fc_has_crt }" + to("weblog"), nil},
		{"used-and-verified", bare(), bind + trust + "optional " + any + "\n  http-request deny unless { ssl_c_used } { ssl_c_verify 0 }" + to("weblog"), nil},
		{"used-unverified", around("rogue-certificate", Way{Cert: "rogue"}), bind + trust + "optional " + any + "\n  http-request deny deny_status 404" + unused + to("weblog"), nil},
		{"ignore-self-signed", around("rogue-certificate", Way{Cert: "rogue"}), bind + trust + "required crt-ignore-err 18" + to("weblog"), nil},
		{"ignore-expired", demanded(), bind + trust + "required crt-ignore-err 10" + to("weblog"), nil},
		{"ignore-ca-errors", demanded(), bind + trust + "required ca-ignore-err 10" + to("weblog"), nil},
		{"address-or-certificate", bare(), bind + trust + "optional\n  http-request deny unless { ssl_c_used } { ssl_c_verify 0 } or { src 192.0.2.0/24 }" + to("weblog"), nil},
		{"fingerprint", bare(), bind + trust + "optional " + any + "\n  http-request deny unless { ssl_c_sha1,hex,lower " + b.street.PKI.fingerprint() + " }" + to("weblog"), nil},
		{"fingerprint-required", demanded(), bind + trust + "required\n  http-request deny unless { ssl_c_sha1,hex,lower " + b.street.PKI.fingerprint() + " }" + to("weblog"), nil},
		{"subject-of-nobody", demanded().or(inconclusive), bind + trust + "required\n  http-request deny unless { ssl_c_s_dn(CN) -m str Nobody }" + to("weblog"), func(c *Case) { c.Legit = nil }},
		{"health-open", bare(), bind + trust + "optional\n  http-request return status 200 content-type text/plain string ok if { path /healthz }\n  http-request deny" + unused + to("weblog"), nil},
		{"monitor-uri", demanded(), bind + trust + "required\n  monitor-uri /alive" + to("weblog"), nil},
		{"strangers-to-another-backend", page().or(inconclusive, notEnforced), bind + trust + "optional\n  use_backend other" + unused + to("weblog"), func(c *Case) { c.With = []string{enforced, inconclusive}; c.Without = append(c.Without, notEnforced) }},
		{"strangers-to-no-server", bare(), bind + trust + "optional\n  use_backend missing" + unused + to("weblog"), nil},
		{"strangers-to-maintenance", bare(), bind + trust + "optional\n  use_backend t-maintenance" + unused + to("weblog"), nil},
		{"redirect-to-www", bare(), bind + trust + "optional\n  http-request redirect prefix https://www.example.com code 301" + unused + to("weblog"), nil},
		{"redirect-to-self", bare(), bind + trust + "optional\n  http-request redirect prefix https://@HOST@ code 302" + unused + to("weblog"), nil},
		{"header-json401", bare(), bind + trust + "optional\n  http-request set-header X-SSL-Verify SUCCESS if { ssl_c_used } { ssl_c_verify 0 }" + to("json401"), nil},
		{"header-verify-number", open(), bind + trust + "optional\n  http-request set-header X-SSL-Verify SUCCESS if { ssl_c_verify 0 }" + to("json401"), nil},
		{"header-of-the-client", bare(), bind + trust + "optional\n  http-request del-header X-SSL-Verify\n  http-request set-header X-SSL-Verify SUCCESS if { ssl_c_used }" + to("chinesejson"), nil},
		{"rate-limited-required", demanded().or(inconclusive), bind + trust + "required\n  stick-table type ip size 1k expire 10s store http_req_rate(2s)\n  http-request track-sc0 src\n  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 4 }" + to("weblog"), func(c *Case) { c.Legit = nil }},
		{"sni-default-demanded", aroundElsewhere("no-sni|other-sni|resumed-session", Way{SNI: "@SIBLING@"}), "  bind @TLS@ ssl crt-list @DIR@/crt-sni-default-demanded.txt" + to("weblog"), list("@PEM@ [ca-file @CA@ verify required] @HOST@\n@PEM@ @SIBLING@\n")},
		{"sni-optional-and-deny", bare(), "  bind @TLS@ ssl strict-sni crt-list @DIR@/crt-sni-optional-and-deny.txt\n  http-request deny" + unused + to("weblog"), list("@PEM@ [ca-file @CA@ verify optional] @HOST@\n@PEM@ [ca-file @CA@ verify optional] @SIBLING@\n")},
		{"password-required", behind(), bind + trust + "required\n  http-request auth realm x\n", said("Basic realm")},
		{"nothing-required", behind(), bind + trust + "required" + to("nothing"), said("204 No Content")},
		{"token-required", behind(), bind + trust + "required" + to("token"), said("missing or invalid token")},
		{"sso-optional", openTalk(true), bind + trust + "optional" + to("sso"), said("login.sso.example.net")},
		{"express404-optional", openTalk(true), bind + trust + "optional" + to("express404"), said("Cannot GET /")},
		{"spa-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), bind + trust + "required " + any + to("spa"), nil},
		{"zipped-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), bind + trust + "required " + any + to("zipped"), nil},
		{"login-any-certificate", around("rogue-certificate", Way{Cert: "rogue"}).or(inconclusive), bind + trust + "required " + any + to("login"), said("/login?next=")},
		{"http2-tarpit", bare(), bind + trust + "optional alpn h2,http/1.1\n  timeout tarpit 1s\n  http-request tarpit" + unused + to("weblog"), nil},
		{"http2-weblog-required", demanded(), bind + trust + "required alpn h2,http/1.1" + to("weblog"), nil},
		{"http2-spa-optional", open(), bind + trust + "optional alpn h2,http/1.1" + to("spa"), nil},
		{"plain-weblog", aroundElsewhere("plain-http", Way{Plain: true}), bind + trust + "required\n  bind @PLAIN@" + to("weblog"), nil},
		{"plain-denied", demanded(), bind + trust + "required\n  bind @PLAIN@\n  http-request deny unless { ssl_fc }" + to("weblog"), nil},
		{"accept-proxy", silent(inconclusive), "  bind @TLS@ accept-proxy ssl crt @PEM@ " + trust + "required" + to("weblog"), nil},
		{"path", around("path", Way{Path: "/open/"}), bind + trust + "optional\n  http-request deny unless { ssl_c_used } or { path_beg /open }" + to("weblog"), nil},
		{"no-tickets", demanded(), bind + "no-tls-tickets " + trust + "required" + to("weblog"), nil},
		{"tls13-deny", bare(), bind + "ssl-min-ver TLSv1.3 " + trust + "optional\n  http-request deny" + unused + to("weblog"), nil},
	}
	for i := range sites {
		sites[i].conf = fmt.Sprintf("frontend f%d\n", i) + sites[i].conf
	}
	var backends strings.Builder
	backends.WriteString(b.expand(haproxyHead, &Case{}) + "backend missing\n  server gone 127.0.0.1:9\n")
	for name, addr := range apps {
		fmt.Fprintf(&backends, "backend t-%s\n  server s %s\n", name, addr)
	}
	conf, err := b.write("haproxy.cfg", strings.ReplaceAll(backends.String()+b.lay(sites), "\n\n", "\n"))
	if err != nil {
		return err
	}
	b.spawn(nil, "haproxy", "-db", "-f", conf)
	return nil
}

func buildTownCaddy(b *block) error {
	apps := buildTownApps(b)
	at := func(name, auth, body string) string {
		tls := "\ttls @CERT@ @KEY@\n"
		if auth != "" {
			tls = "\ttls @CERT@ @KEY@ {\n" + auth + "\t}\n"
		}
		return "https://" + name + ":@PORT@ {\n\tbind @ADDR@\n" + tls + body + "}\n# @TLS@\n"
	}
	here := func(auth, body string) string { return at("@HOST@", auth, body) }
	mode := func(m string) string {
		return "\t\tclient_auth {\n\t\t\tmode " + m + "\n\t\t\ttrusted_ca_cert_file @CA@\n\t\t}\n"
	}
	const (
		required = "require_and_verify"
		given    = "verify_if_given"
		stranger = "\t@stranger expression `{http.request.tls.client.fingerprint} == null || {http.request.tls.client.fingerprint} == \"\"`\n"
	)
	to := func(app string) string { return "\treverse_proxy {{" + app + "}}\n" }
	first := func(directive, app string) string {
		return stranger + "\troute {\n\t\t" + directive + "\n\t\treverse_proxy {{" + app + "}}\n\t}\n"
	}
	said := func(marker string) func(*Case) { return answers(marker) }
	sites := []site{
		{"weblog-demanded", demanded(), here(mode(required), "\tencode gzip\n"+to("weblog")), nil},
		{"weblog-optional", open(), here(mode(given), "\tencode gzip\n"+to("weblog")), nil},
		{"weblog-open", open(), here("", to("weblog")), nil},
		{"leaf-pinned", demanded(), here("\t\tclient_auth {\n\t\t\tmode require_and_verify\n\t\t\ttrusted_ca_cert_file @CA@\n\t\t\ttrusted_leaf_cert_file "+b.street.PKI.file("client.pem")+"\n\t\t}\n", to("weblog")), nil},
		{"respond-401-json", bare(), here(mode(given), first("respond @stranger `{\"error\":\"unauthenticated\"}` 401", "weblog")), nil},
		{"respond-451", bare(), here(mode(given), first("respond @stranger 451", "weblog")), nil},
		{"respond-500", bare(), here(mode(given), first("respond @stranger 500", "weblog")), nil},
		{"respond-200-german", page(), here(mode(given), first("respond @stranger \"Kein Zutritt\" 200", "weblog")), nil},
		{"error-handled", bare(), here(mode(given), "\thandle_errors {\n\t\trespond \"{http.error.status_code} so nicht\"\n\t}\n"+first("error @stranger \"no\" 403", "weblog")), nil},
		{"redirect-to-self", bare(), here(mode(given), first("redir @stranger https://@HOST@{uri}", "weblog")), nil},
		{"login-or-403", bareBehind(), here(mode(given), first("respond @stranger 403", "login")), said("/login?next=")},
		{"any-certificate-weblog", around("rogue-certificate", Way{Cert: "rogue"}), here("\t\tclient_auth {\n\t\t\tmode require\n\t\t}\n", to("weblog")), nil},
		{"any-certificate-zipped", around("rogue-certificate", Way{Cert: "rogue"}), here("\t\tclient_auth {\n\t\t\tmode require\n\t\t}\n", to("zipped")), nil},
		{"any-certificate-spa", around("rogue-certificate", Way{Cert: "rogue"}), here("\t\tclient_auth {\n\t\t\tmode require\n\t\t}\n", to("spa")), nil},
		{"any-certificate-kong404", around("rogue-certificate", Way{Cert: "rogue"}).or(inconclusive), here("\t\tclient_auth {\n\t\t\tmode require\n\t\t}\n", to("kong404")), said("no Route matched")},
		{"request-spa", open(), here(mode("request"), to("spa")), nil},
		{"request-login", openTalk(true), here(mode("request"), to("login")), said("/login?next=")},
		{"request-token", openTalk(true), here(mode("request"), to("token")), said("missing or invalid token")},
		{"files-with-fallback", open(), here(mode("request"), "\troot * @WWW@\n\ttry_files {path} /index.html\n\tfile_server\n"), nil},
		{"files-with-fallback-demanded", demanded(), here(mode(required), "\troot * @WWW@\n\ttry_files {path} /index.html\n\tfile_server\n"), nil},
		{"password-demanded", behind(), here(mode(required), "\tbasicauth {\n\t\tBob $2a$14$Zkx19XLiW6VYouLHR5NmfOFU0z2GTNmpkT/5qqR7hx4IjWJPDhjvG\n\t}\n"+to("weblog")), said("Basic realm")},
		{"respond-ok-demanded", behind(), here(mode(required), "\trespond \"carriers OK\"\n"), said("carriers OK")},
		{"respond-204-demanded", behind(), here(mode(required), "\trespond 204\n"), said("204")},
		{"sibling-weblog-open", aroundElsewhere("other-sni|other-host", Way{SNI: "@SIBLING@", Host: "@SIBLING@"}), here(mode(required), to("weblog")) + at("@SIBLING@", "", to("weblog")), withSibling},
		{"sibling-ok", elsewhere(), here(mode(required), to("weblog")) + at("@SIBLING@", "", to("ok")), withSibling},
		{"health-open", bare(), here(mode(given), "\thandle /healthz {\n\t\trespond ok\n\t}\n\thandle {\n\t"+strings.ReplaceAll(first("respond @stranger 403", "weblog"), "\n\t", "\n\t\t")+"\t}\n"), nil},
		{"path", around("path", Way{Path: "/open/"}), here(mode(given), "\thandle /open/* {\n\t\treverse_proxy {{weblog}}\n\t}\n\thandle {\n"+first("respond @stranger 403", "weblog")+"\t}\n"), nil},
		{"plain-weblog", aroundElsewhere("plain-http", Way{Plain: true}), here(mode(required), to("weblog")) + "http://@HOST@:@PLAINPORT@ {\n\tbind @ADDR@\n" + to("weblog") + "}\n# @PLAIN@\n", nil},
		{"slow-demanded", demanded(), here(mode(required), to("slow")), nil},
		{"header-to-application", bare(), here(mode(given), "\t@known expression `{http.request.tls.client.fingerprint} != null && {http.request.tls.client.fingerprint} != \"\"`\n\troute {\n\t\trequest_header -X-SSL-Verify\n\t\trequest_header @known X-SSL-Verify SUCCESS\n\t\treverse_proxy {{german403}}\n\t}\n"), nil},
	}
	for i := range sites {
		sites[i].conf = apps.fill(sites[i].conf)
		tune := sites[i].tune
		sites[i].tune = func(c *Case) {
			c.HTTP3 = true
			if tune != nil {
				tune(c)
			}
		}
	}
	conf, err := b.write("Caddyfile", b.expand(caddyHead, &Case{})+b.lay(sites))
	if err != nil {
		return err
	}
	b.spawn([]string{"XDG_DATA_HOME=" + b.dir + "/data", "XDG_CONFIG_HOME=" + b.dir + "/config"}, "caddy", "run", "--config", conf, "--adapter", "caddyfile")
	return nil
}

// buildTownStream is nginx that hands connections on: by name without ending TLS,
// and with the PROXY protocol.
func buildTownStream(b *block) error {
	apps := buildTownApps(b)
	inner := func() string { return fmt.Sprintf("%s:%d", b.addr(), b.port) }
	demanding, opened, proxied, asking := inner(), inner(), inner(), inner()
	b.listens = append(b.listens, demanding, opened, proxied, asking)
	to := "location / { proxy_pass http://{{weblog}}; proxy_set_header Host $host; }"
	hconf, err := b.write("http.conf", b.expand(nginxHead, &Case{})+apps.fill(
		"server { listen "+demanding+" ssl; ssl_verify_client on; "+to+" }\n"+
			"server { listen "+opened+" ssl; "+to+" }\n"+
			"server { listen "+asking+" ssl; ssl_verify_client optional; if ($ssl_client_verify != SUCCESS) { return 403; } "+to+" }\n"+
			"server { listen "+proxied+" ssl proxy_protocol; ssl_verify_client on; "+to+" }\n")+"}\n")
	if err != nil {
		return err
	}
	const ends = "listen @TLS@ ssl; ssl_certificate @CERT@; ssl_certificate_key @KEY@; ssl_client_certificate @CA@; "
	weblog := apps["weblog"]
	sites := []site{
		{"preread-demanded", demanded(), "server { listen @TLS@; proxy_pass " + demanding + "; }", nil},
		{"preread-proxy-protocol", demanded(), "server { listen @TLS@; proxy_pass " + proxied + "; proxy_protocol on; }", nil},
		{"preread-default-open", aroundElsewhere("no-sni|other-sni", Way{SNI: "-"}), "map $ssl_preread_server_name $s1 { @HOST@ " + demanding + "; default " + opened + "; } server { listen @TLS@; ssl_preread on; proxy_pass $s1; }", nil},
		{"preread-default-demanding", demanded(), "map $ssl_preread_server_name $s2 { @SIBLING@ " + demanding + "; default " + demanding + "; } server { listen @TLS@; ssl_preread on; proxy_pass $s2; }", nil},
		{"preread-asking", bare(), "server { listen @TLS@; ssl_preread on; proxy_pass " + asking + "; }", nil},
		{"preread-open", open(), "server { listen @TLS@; ssl_preread on; proxy_pass " + opened + "; }", nil},
		{"ends-demanded", bareClose(), "server { " + ends + "ssl_verify_client on; proxy_pass " + weblog + "; }", nil},
		{"ends-optional", open(), "server { " + ends + "ssl_verify_client optional; proxy_pass " + weblog + "; }", nil},
		{"ends-login-demanded", bareClose(), "server { " + ends + "ssl_verify_client on; proxy_pass " + apps["login"] + "; }", func(c *Case) { c.Marker = "/login?next=" }},
		{"ends-and-reencrypts", bareClose(), "server { " + ends + "ssl_verify_client on; proxy_ssl on; proxy_pass " + opened + "; }", nil},
		{"strangers-to-nothing", bare(), "map $ssl_client_verify $s3 { SUCCESS " + weblog + "; default 127.0.0.1:9; } server { " + ends + "ssl_verify_client optional; proxy_pass $s3; }", nil},
		{"strangers-to-another", page().or(inconclusive, notEnforced), "map $ssl_client_verify $s4 { SUCCESS " + weblog + "; default @OTHERAPP@; } server { " + ends + "ssl_verify_client optional; proxy_pass $s4; }",
			func(c *Case) { c.With = []string{enforced, inconclusive} }},
		{"nothing-behind", silent(inconclusive, unreachable), "server { listen @TLS@; proxy_pass 127.0.0.1:9; }", nil},
		{"old-ciphers-demanded", bareClose(), "server { " + ends + "ssl_protocols TLSv1.2; ssl_certificate @RSACERT@; ssl_certificate_key @RSAKEY@; ssl_ciphers AES128-GCM-SHA256:@SECLEVEL=0; ssl_verify_client on; proxy_pass " + weblog + "; }",
			func(c *Case) {
				c.Legit = &Way{Cert: "client", TLS: "1.2", Legacy: true}
				c.With = append(c.With, inconclusive)
			}},
	}
	for i := range sites {
		// One certificate per server: the later ones win.
		if strings.Contains(sites[i].conf, "@RSACERT@") {
			sites[i].conf = strings.Replace(sites[i].conf, "ssl_certificate @CERT@; ssl_certificate_key @KEY@; ", "", 1)
		}
	}
	module := ""
	if m := program("/usr/lib/nginx/modules/ngx_stream_module.so"); m != "" {
		module = "load_module " + m + ";\n"
	}
	sconf, err := b.write("stream.conf", b.expand(module+"daemon off; master_process off; pid @DIR@/stream.pid; error_log stderr crit;\nevents { }\nstream {\n", &Case{})+b.lay(sites)+"}\n")
	if err != nil {
		return err
	}
	b.spawn(nil, "nginx", "-p", b.dir, "-c", hconf)
	b.spawn(nil, "nginx", "-p", b.dir, "-c", sconf)
	return nil
}
