//go:build linux

package street

import (
	"os"
	"strings"
)

// apacheModules are those that the street needs; a module that is compiled in
// has no file.
var apacheModules = []string{"mpm_event", "authn_core", "authn_file", "authz_core", "authz_host", "authz_user", "auth_basic", "alias", "dir", "mime",
	"socache_shmcb", "ssl", "rewrite", "headers", "proxy", "proxy_http", "http2", "setenvif"}

const apacheHead = `ServerRoot @DIR@
PidFile @DIR@/httpd.pid
ErrorLog /dev/stderr
LogLevel crit
ServerName localhost
DefaultRuntimeDir @DIR@
Mutex pthread
ServerLimit 1
ThreadsPerChild 64
MaxRequestWorkers 64
ThreadLimit 64
StartServers 1
TypesConfig /dev/null
AddType text/html .html
SSLSessionCache shmcb:@DIR@/ssl_scache(512000)
SSLCertificateFile @CERT@
SSLCertificateKeyFile @KEY@
DirectoryIndex index.html
<Directory />
  Require all granted
</Directory>
`

func buildApache(b *block) error {
	// A virtual host's first lines; the certificate settings of the server level
	// are not inherited by SSLEngine, so each repeats them.
	const (
		base  = "ServerName @HOST@\nDocumentRoot @WWW@\nSSLEngine on\nSSLCertificateFile @CERT@\nSSLCertificateKeyFile @KEY@\nSSLCACertificateFile @CA@\n"
		vhost = "Listen @TLS@\n<VirtualHost @TLS@>\n" + base
		end   = "</VirtualHost>\n"
		proxy = "ProxyPass / http://@APP@/\n"
		// The sibling on the same address: the first of two is the default.
		sibling = "<VirtualHost @TLS@>\nServerName @SIBLING@\nSSLEngine on\nSSLCertificateFile @CERT@\nSSLCertificateKeyFile @KEY@\n"
		plain   = "Listen @PLAIN@\n<VirtualHost @PLAIN@>\nServerName @HOST@\n"
	)
	verified := "Require expr \"%{SSL_CLIENT_VERIFY} == 'SUCCESS'\"\n"
	sites := []site{
		{"demanded", demanded(), vhost + "SSLVerifyClient require\n" + end, nil},
		{"demanded-noise", demanded(), vhost + "SSLVerifyClient require\n" + proxy + end, nil},
		{"demanded-expired-control", foreign(), vhost + "SSLVerifyClient require\n" + end, func(c *Case) { c.Control = "expired"; c.Legit = withClient }},
		{"open", open(), vhost + end, nil},
		{"open-noise", open(), vhost + proxy + end, nil},
		{"optional", open(), vhost + "SSLVerifyClient optional\n" + end, nil},
		{"optional-noise", open(), vhost + "SSLVerifyClient optional\n" + proxy + end, nil},
		{"optional-no-ca", open(), vhost + "SSLVerifyClient optional_no_ca\n" + end, nil},
		{"optional-403", bare(), vhost + "SSLVerifyClient optional\n<Location />\n" + verified + "</Location>\n" + end, nil},
		{"optional-403-rewrite", bare(), vhost + "SSLVerifyClient optional\nRewriteEngine on\nRewriteCond %{SSL:SSL_CLIENT_VERIFY} !=SUCCESS\nRewriteRule ^ - [F]\n" + end, nil},
		{"optional-404", bare(), vhost + "SSLVerifyClient optional\nRewriteEngine on\nRewriteCond %{SSL:SSL_CLIENT_VERIFY} !=SUCCESS\nRewriteRule ^ - [R=404]\n" + end, nil},
		{"optional-302", bare(), vhost + "SSLVerifyClient optional\nRewriteEngine on\nRewriteCond %{SSL:SSL_CLIENT_VERIFY} !=SUCCESS\nRewriteRule ^ https://www.example.com/ [R=302,L]\n" + end, nil},
		{"optional-200-page", page(), vhost + "SSLVerifyClient optional\nRewriteEngine on\nRewriteCond %{SSL:SSL_CLIENT_VERIFY} !=SUCCESS\nRewriteRule ^ /refused.html [L]\n" + end, nil},
		{"any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), vhost + "SSLVerifyClient optional_no_ca\n<Location />\nRequire expr \"%{SSL_CLIENT_VERIFY} != 'NONE'\"\n</Location>\n" + end, nil},
		{"issuer-name", around("spoofed-issuer", Way{Cert: "spoofed"}), vhost + "SSLVerifyClient optional_no_ca\n<Location />\nRequire expr \"%{SSL_CLIENT_I_DN} =~ /CN=@ISSUER@/\"\n</Location>\n" + end, nil},
		{"issuer-common-name", around("spoofed-issuer", Way{Cert: "spoofed"}), vhost + "SSLVerifyClient optional_no_ca\n<Location />\nRequire expr \"%{SSL_CLIENT_I_DN_CN} == '@ISSUER@'\"\n</Location>\n" + end, nil},
		{"default-same-content", aroundElsewhere("no-sni|other-sni|other-host", Way{SNI: "nobody.example.com", Host: "nobody.example.com"}),
			"Listen @TLS@\n" + sibling + "DocumentRoot @WWW@\n" + end + "<VirtualHost @TLS@>\n" + base + "SSLVerifyClient require\n" + end, nil},
		{"default-other-content", elsewhere(),
			"Listen @TLS@\n" + sibling + "DocumentRoot @OTHERWWW@\n" + end + "<VirtualHost @TLS@>\n" + base + "SSLVerifyClient require\n" + end, nil},
		{"sibling-same-content", aroundElsewhere("other-sni|other-host", Way{SNI: "@SIBLING@", Host: "@SIBLING@"}),
			vhost + "SSLVerifyClient require\n" + end + sibling + "DocumentRoot @WWW@\n" + end, withSibling},
		{"sibling-other-content", elsewhere(),
			vhost + "SSLVerifyClient require\n" + end + sibling + "DocumentRoot @OTHERWWW@\n" + end, withSibling},
		{"directory", demanded(), vhost + "<Location />\nSSLVerifyClient require\n</Location>\n" + end, noRenegotiation},
		{"directory-tls12", demanded(), vhost + "SSLProtocol TLSv1.2\n<Location />\nSSLVerifyClient require\n</Location>\n" + end, noRenegotiation},
		{"directory-tls13", directory13(), vhost + "SSLProtocol TLSv1.3\n<Location />\nSSLVerifyClient require\n</Location>\n" + end, nil},
		{"directory-http2", demanded(), vhost + "Protocols h2 http/1.1\n<Location />\nSSLVerifyClient require\n</Location>\n" + end, noRenegotiation},
		{"directory-optional", open(), vhost + "SSLProtocol TLSv1.2\n<Location />\nSSLVerifyClient optional\n</Location>\n" + end, nil},
		{"directory-path-open", around("path", Way{Path: "/open/"}), vhost + "<Location />\nSSLVerifyClient require\n</Location>\n<Location /open/>\nSSLVerifyClient none\n</Location>\n" + end, nil},
		{"path", around("path", Way{Path: "/open/"}), vhost + "SSLVerifyClient optional\n<LocationMatch \"^/$|^/index\">\n" + verified + "</LocationMatch>\n" + end, nil},
		{"wrong-ca", foreign(), strings.Replace(vhost, "@CA@", "@OTHERCA@", 1) + "SSLVerifyClient require\n" + end, nil},
		{"tls12-demanded", demanded(), vhost + "SSLProtocol TLSv1.2\nSSLVerifyClient require\n" + end, nil},
		{"tls13-demanded", demanded(), vhost + "SSLProtocol TLSv1.3\nSSLVerifyClient require\n" + end, nil},
		{"tls13-optional-403", bare(), vhost + "SSLProtocol TLSv1.3\nSSLVerifyClient optional\n<Location />\n" + verified + "</Location>\n" + end, nil},
		{"http2-demanded", demanded(), vhost + "Protocols h2 http/1.1\nSSLVerifyClient require\n" + end, nil},
		{"http2-open", open(), vhost + "Protocols h2 http/1.1\n" + end, nil},
		{"http2-optional", open(), vhost + "Protocols h2 http/1.1\nSSLVerifyClient optional\n" + end, nil},
		{"http2-optional-403", bare(), vhost + "Protocols h2 http/1.1\nSSLVerifyClient optional\n<Location />\n" + verified + "</Location>\n" + end, nil},
		{"rsa-kx-open", legacy(Way{TLS: "1.2", Legacy: true}), strings.NewReplacer("@CERT@", "@RSACERT@", "@KEY@", "@RSAKEY@").Replace(vhost) + "SSLProtocol TLSv1.2\nSSLCipherSuite AES128-SHA:AES256-GCM-SHA384\n" + end, nil},
		{"plain-content", aroundElsewhere("plain-http", Way{Plain: true}), vhost + "SSLVerifyClient require\n" + end + plain + "DocumentRoot @WWW@\n" + end, nil},
		{"plain-redirect", demanded(), vhost + "SSLVerifyClient require\n" + end + plain + "Redirect permanent / https://@HOST@/\n" + end, nil},
		{"everybody-403-asked", closedAsked(), vhost + "SSLVerifyClient optional\n<Location />\nRequire all denied\n</Location>\n" + end, nil},
		{"everybody-403", closedUnasked(), vhost + "<Location />\nRequire all denied\n</Location>\n" + end, nil},
		{"allow-list-403", closedUnasked(), vhost + "<Location />\nRequire ip 192.0.2.0/24\n</Location>\n" + end, nil},
		{"everybody-503", broken502(), vhost + "ProxyPass / http://127.0.0.1:9/\n" + end, nil},
		{"login", openAnswer(false), vhost + "RewriteEngine on\nRewriteRule ^/$ /login [R=302,L]\nProxyPass /login http://@APP@/login\n" + end, loginForAll},
		{"optional-login", openAnswer(true), vhost + "SSLVerifyClient optional\nRewriteEngine on\nRewriteRule ^/$ /login [R=302,L]\nProxyPass /login http://@APP@/login\n" + end, loginForAll},
		{"password", openAnswer(false), vhost + "<Location />\nAuthType Basic\nAuthName x\nAuthUserFile /dev/null\nRequire valid-user\n</Location>\n" + end, passwordForAll("401 Unauthorized")},
		{"demanded-then-login", demanded(), vhost + "SSLVerifyClient require\nRewriteEngine on\nRewriteRule ^/$ /login [R=302,L]\nProxyPass /login http://@APP@/login\n" + end,
			func(c *Case) { c.Marker, c.Legit = "Sign in", &Way{Cert: "client", Path: "/login"} }},
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
	conf, err := b.write("httpd.conf", head.String()+b.expand(apacheHead, &Case{})+b.lay(sites))
	if err != nil {
		return err
	}
	b.spawn(nil, "apache2", "-X", "-f", conf)
	return nil
}
