//go:build linux

package street

import (
	"fmt"
	"os"
	"strings"
)

const lighttpdHead = `server.document-root = "@WWW@"
server.errorlog = "/dev/stderr"
server.upload-dirs = ("@DIR@")
server.modules = ("mod_openssl", "mod_access", "mod_redirect", "mod_rewrite", "mod_proxy")
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html")
ssl.pemfile = "@CHAIN@"
ssl.privkey = "@KEY@"
server.max-fds = 2048
`

func buildLighttpd(b *block) error {
	const (
		open1  = `$SERVER["socket"] == "@TLS@" { ssl.engine = "enable" ssl.pemfile = "@CHAIN@" ssl.privkey = "@KEY@" `
		trust  = `ssl.verifyclient.ca-file = "@CA@" ssl.verifyclient.activate = "enable" `
		demand = trust + `ssl.verifyclient.enforce = "enable" `
		ask    = trust + `ssl.verifyclient.enforce = "disable" `
		proxy  = `proxy.server = ("" => (("host" => "@APPHOST@", "port" => @APPPORT@))) `
		end    = "}\n"
		plain  = `$SERVER["socket"] == "@PLAIN@" { ssl.engine = "disable" `
		// The protected name alone is asked for a certificate.
		perName = open1 + `$HTTP["host"] == "@HOST@" { ` + demand + `} `
	)
	sites := []site{
		{"demanded", demanded(), open1 + demand + end, nil},
		{"demanded-noise", demanded(), open1 + demand + proxy + end, nil},
		{"open", open(), open1 + end, nil},
		{"open-noise", open(), open1 + proxy + end, nil},
		{"optional", open(), open1 + ask + end, nil},
		{"optional-noise", open(), open1 + ask + proxy + end, nil},
		{"wrong-ca", foreign(), open1 + strings.Replace(demand, "@CA@", "@OTHERCA@", 1) + end, nil},
		{"tls12-demanded", demanded(), open1 + demand + `ssl.openssl.ssl-conf-cmd = ("MaxProtocol" => "TLSv1.2") ` + end, nil},
		{"tls13-demanded", demanded(), open1 + demand + `ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.3") ` + end, nil},
		{"name-demanded-default-open", around("no-sni|other-sni|resumed-session|other-host", Way{SNI: "-"}, Way{SNI: "nobody.example.com"}), perName + end, nil},
		{"plain-content", aroundElsewhere("plain-http|other-port", Way{Plain: true}), open1 + demand + end + plain + end, nil},
		{"plain-redirect", demanded(), open1 + demand + end + plain + `url.redirect = ("" => "https://@HOST@${url.path}${qsa}") ` + end, nil},
		{"everybody-403-asked", closedAsked(), open1 + ask + `url.access-deny = ("") ` + end, nil},
		{"everybody-403", closedUnasked(), open1 + `url.access-deny = ("") ` + end, nil},
		{"login", openAnswer(false), open1 + `url.redirect = ("^/$" => "/login") url.redirect-code = 302 ` + proxy + end, loginForAll},
		{"optional-login", openAnswer(true), open1 + ask + `url.redirect = ("^/$" => "/login") url.redirect-code = 302 ` + proxy + end, loginForAll},
	}
	text := b.lay(sites)
	host, port, _ := strings.Cut(b.street.app.addr, ":")
	text = strings.NewReplacer("@APPHOST@", host, "@APPPORT@", port).Replace(text)
	// The first socket is the server's own and no case.
	head := b.expand(lighttpdHead, &Case{}) + fmt.Sprintf("server.bind = %q\nserver.port = %d\n", b.addr(), b.port)
	conf, err := b.write("lighttpd.conf", head+text)
	if err != nil {
		return err
	}
	b.spawn(nil, "lighttpd", "-D", "-f", conf)
	return nil
}

func buildStunnel(b *block) error {
	const (
		front = "[@HOST@]\naccept = @TLS@\ncert = @PEM@\nconnect = @APP@\n"
		trust = "CAfile = @CA@\n"
	)
	// The protected name is a service of its own behind an open one.
	behind := "[@SIBLING@]\naccept = @TLS@\ncert = @PEM@\nconnect = @OTHERAPP@\n" +
		"[@HOST@]\nsni = @SIBLING@:@HOST@\ncert = @PEM@\nconnect = @APP@\n" + trust + "verifyChain = yes\nrequireCert = yes\n"
	sites := []site{
		{"demanded", demanded(), front + trust + "verifyChain = yes\nrequireCert = yes\n", nil},
		{"demanded-peer", foreign(), front + "CAfile = @OTHERCA@\nverifyPeer = yes\nrequireCert = yes\n", func(c *Case) { c.Legit = nil }},
		{"open", open(), front, nil},
		{"optional", open(), front + trust + "verify = 1\n", nil},
		{"optional-verify-0", open(), front + trust + "verify = 0\n", nil},
		{"any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), front + "requireCert = yes\n", nil},
		{"wrong-ca", foreign(), front + "CAfile = @OTHERCA@\nverifyChain = yes\nrequireCert = yes\n", nil},
		{"tls12-demanded", demanded(), front + trust + "verifyChain = yes\nrequireCert = yes\nsslVersionMax = TLSv1.2\n", nil},
		{"tls13-demanded", demanded(), front + trust + "verifyChain = yes\nrequireCert = yes\nsslVersionMin = TLSv1.3\n", nil},
		{"name-demanded-default-other", around("resumed-session", Way{SessionSNI: "@SIBLING@"}), behind, withSibling},
		{"name-demanded-default-same", around("no-sni|other-sni|resumed-session", Way{SNI: "-"}), strings.Replace(behind, "@OTHERAPP@", "@APP@", 1), nil},
		{"everybody-403", closedUnasked(), strings.Replace(front, "@APP@", "@DENYAPP@", 1), nil},
		{"everybody-403-asked", closedAsked(), strings.Replace(front, "@APP@", "@DENYAPP@", 1) + trust + "verify = 1\n", nil},
		{"nothing-behind", broken502(), strings.Replace(front, "@APP@", "127.0.0.1:9", 1), nil},
	}
	conf, err := b.write("stunnel.conf", "foreground = yes\nsyslog = no\ndebug = err\npid =\n"+b.lay(sites))
	if err != nil {
		return err
	}
	b.spawn(nil, "stunnel4", conf)
	return nil
}

func buildHitch(b *block) error {
	front := func(own, more string) string {
		return "# @TLS@\nfrontend = {\n  host = \"@ADDR@\"\n  port = \"@PORT@\"\n" + own + more + "}\n"
	}
	const (
		pem    = "  pem-file = \"@PEM@\"\n"
		demand = "  client-verify = required\n  client-verify-ca = \"@CA@\"\n"
	)
	sites := []site{
		{"demanded", demanded(), front(pem, demand), nil},
		{"open", open(), front(pem, ""), nil},
		{"optional", open(), front(pem, strings.Replace(demand, "required", "optional", 1)), nil},
		{"wrong-ca", foreign(), front(pem, strings.Replace(demand, "@CA@", "@OTHERCA@", 1)), nil},
		// Without a pem-file of its own the frontend asks nobody.
		{"demanded-without-own-pem", open(), front("", demand), nil},
		{"tls12-demanded", demanded(), front(pem, demand+"  tls-protos = TLSv1.2\n"), nil},
		{"tls13-demanded", demanded(), front(pem, demand+"  tls-protos = TLSv1.3\n"), nil},
	}
	host, port, _ := strings.Cut(b.street.app.addr, ":")
	head := fmt.Sprintf("backend = \"[%s]:%s\"\ndaemon = off\nworkers = 1\nsyslog = off\nlog-level = 0\npem-file = %q\n", host, port, b.street.PKI.file("server-both.pem"))
	if os.Getuid() == 0 {
		// It refuses to work as root.
		head += "user = \"nobody\"\n"
	}
	conf, err := b.write("hitch.conf", head+b.lay(sites))
	if err != nil {
		return err
	}
	b.spawn(nil, "hitch", "--config="+conf)
	return nil
}

func buildH2O(b *block) error {
	// h2o knows no client authentication.
	c := b.house("open", open())
	text := b.expand("# @TLS@\nlisten:\n  host: @ADDR@\n  port: @PORT@\n  ssl:\n    certificate-file: @CERT@\n    key-file: @KEY@\n"+
		"error-log: /dev/stderr\nhosts:\n  default:\n    paths:\n      /:\n        file.dir: @WWW@\n", c)
	conf, err := b.write("h2o.conf", text)
	if err != nil {
		return err
	}
	b.spawn(nil, "h2o", "-m", "worker", "-c", conf)
	return nil
}

func upper(s string) string { return strings.ToUpper(s) }
