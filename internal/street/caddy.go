//go:build linux

package street

import "strings"

const caddyHead = `{
	admin off
	auto_https off
	storage file_system @DIR@/storage
	log {
		level ERROR
	}
}
`

func buildCaddy(b *block) error {
	// tls with the given client authentication, and the site's body.
	site1 := func(auth, body string) string {
		tls := "\ttls @CERT@ @KEY@\n"
		if auth != "" {
			tls = "\ttls @CERT@ @KEY@ {\n" + auth + "\t}\n"
		}
		return "https://@HOST@:@PORT@ {\n\tbind @ADDR@\n" + tls + body + "}\n# @TLS@\n"
	}
	mode := func(m string) string {
		return "\t\tclient_auth {\n\t\t\tmode " + m + "\n\t\t\ttrusted_ca_cert_file @CA@\n\t\t}\n"
	}
	untrusted := func(m string) string { return "\t\tclient_auth {\n\t\t\tmode " + m + "\n\t\t}\n" }
	versions := func(v string) string { return "\t\tprotocols " + v + "\n" }
	const (
		files  = "\troot * @WWW@\n\tfile_server\n"
		proxy  = "\treverse_proxy @APP@\n"
		noCert = "\t@stranger expression `{http.request.tls.client.fingerprint} == null || {http.request.tls.client.fingerprint} == \"\"`\n"
	)
	sites := []site{
		{"demanded", demanded(), site1(mode("require_and_verify"), files), nil},
		{"demanded-noise", demanded(), site1(mode("require_and_verify"), proxy), nil},
		{"demanded-expired-control", foreign(), site1(mode("require_and_verify"), files), func(c *Case) { c.Control = "expired"; c.Legit = withClient }},
		{"open", open(), site1("", files), func(c *Case) { c.Ways = append(c.Ways, Way{HTTP3: true}) }},
		{"open-noise", open(), site1("", proxy), nil},
		{"optional", open(), site1(untrusted("request"), files), nil},
		{"optional-noise", open(), site1(untrusted("request"), proxy), nil},
		{"optional-verify-if-given", open(), site1(mode("verify_if_given"), files), nil},
		{"optional-403", bare(), site1(mode("verify_if_given"), noCert+"\trespond @stranger 403\n"+files), nil},
		{"optional-403-text", bare(), site1(mode("verify_if_given"), noCert+"\trespond @stranger \"Nothing to see\" 403\n"+proxy), nil},
		{"optional-404", bare(), site1(mode("verify_if_given"), noCert+"\trespond @stranger 404\n"+files), nil},
		{"optional-302", bare(), site1(mode("verify_if_given"), noCert+"\tredir @stranger https://www.example.com/\n"+files), nil},
		{"optional-200-page", page(), site1(mode("verify_if_given"), noCert+"\trewrite @stranger /refused.html\n"+files), nil},
		{"optional-200-empty", page(), site1(mode("verify_if_given"), noCert+"\trespond @stranger 200\n"+files), nil},
		{"optional-abort", bare(), site1(mode("verify_if_given"), noCert+"\tabort @stranger\n"+files), nil},
		{"any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), site1(untrusted("require"), files), nil},
		{"any-certificate-noise", around("rogue-certificate", Way{Cert: "rogue"}), site1(untrusted("require"), proxy), nil},
		{"issuer-name", around("spoofed-issuer", Way{Cert: "spoofed"}),
			site1(untrusted("require"), "\t@wrong not vars_regexp {http.request.tls.client.issuer} CN=@ISSUER@\n\trespond @wrong 403\n"+files), nil},
		{"sibling-other-content", elsewhere(), site1(mode("require_and_verify"), files) + "https://@SIBLING@:@PORT@ {\n\tbind @ADDR@\n\ttls @CERT@ @KEY@\n\troot * @OTHERWWW@\n\tfile_server\n}\n",
			withSibling},
		{"sibling-same-content", aroundElsewhere("other-sni|other-host", Way{SNI: "@SIBLING@", Host: "@SIBLING@"}),
			site1(mode("require_and_verify"), files) + "https://@SIBLING@:@PORT@ {\n\tbind @ADDR@\n\ttls @CERT@ @KEY@\n" + files + "}\n", withSibling},
		{"path", around("path", Way{Path: "/open/"}), site1(mode("verify_if_given"), "\t@stranger {\n\t\texpression `{http.request.tls.client.fingerprint} == null || {http.request.tls.client.fingerprint} == \"\"`\n\t\tnot path /open/*\n\t}\n\trespond @stranger 403\n"+files), nil},
		{"wrong-ca", foreign(), site1(strings.Replace(mode("require_and_verify"), "@CA@", "@OTHERCA@", 1), files), nil},
		{"tls12-demanded", demanded(), site1(versions("tls1.2 tls1.2")+mode("require_and_verify"), files), nil},
		{"tls13-demanded", demanded(), site1(versions("tls1.3")+mode("require_and_verify"), files), nil},
		{"tls13-open", open(), site1(versions("tls1.3"), files), nil},
		{"plain-content", aroundElsewhere("plain-http", Way{Plain: true}), site1(mode("require_and_verify"), files) + "http://@HOST@:@PLAINPORT@ {\n\tbind @ADDR@\n" + files + "}\n# @PLAIN@\n", nil},
		{"plain-redirect", demanded(), site1(mode("require_and_verify"), files) + "http://@HOST@:@PLAINPORT@ {\n\tbind @ADDR@\n\tredir https://{host}{uri} 308\n}\n# @PLAIN@\n", nil},
		{"everybody-403-asked", closedAsked(), site1(untrusted("request"), "\trespond 403\n"), nil},
		{"everybody-403", closedUnasked(), site1("", "\trespond 403\n"), nil},
		{"everybody-aborted-asked", closedAsked(), site1(untrusted("request"), "\tabort\n"), nil},
		{"everybody-502", broken502(), site1("", "\treverse_proxy 127.0.0.1:9\n"), nil},
		{"unknown-host-empty-200", silent(inconclusive, refusedOtherwise), strings.Replace(site1("", files), "@HOST@", "@SIBLING@", 1), func(c *Case) { c.Ways = nil }},
		{"login", openAnswer(false), site1("", "\tredir / /login 302\n"+proxy), loginForAll},
		{"optional-login", openAnswer(true), site1(untrusted("request"), "\tredir / /login 302\n"+proxy), loginForAll},
	}
	for i := range sites {
		// Caddy speaks HTTP/3 unless it is told not to.
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
