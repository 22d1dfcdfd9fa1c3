//go:build linux

package street

import (
	_ "embed"
	"encoding/json"
)

// nodeProgram serves the cases that it is given as JSON.
//
//go:embed node.js
var nodeProgram string

// nodeCase is what node.js reads of a case.
type nodeCase struct {
	Address, Host, Sibling, Mode string
	Port, PlainPort              int
}

func buildNode(b *block) error {
	var list []nodeCase
	for _, s := range []struct {
		mode   string
		expect expectation
		tune   func(*Case)
	}{
		{"demanded", demanded(), nil},
		{"demanded-noise", demanded(), nil},
		{"open", open(), nil},
		{"open-noise", open(), nil},
		{"optional", open(), nil},
		{"optional-403", bare(), nil},
		{"optional-404", bare(), nil},
		{"optional-302", bare(), nil},
		{"optional-200-page", page(), nil},
		{"optional-destroy", bare(), nil},
		{"optional-json-401", bare(), nil},
		{"any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), nil},
		{"issuer-name", around("spoofed-issuer", Way{Cert: "spoofed"}), nil},
		{"own-session", around("resumed-session", Way{SessionSNI: "@HOST@"}), nil},
		{"by-host", aroundElsewhere("other-host|no-sni|other-sni", Way{}), func(c *Case) { c.Ways[0].Host = upper(c.Hostname) }},
		{"name-demanded", around("no-sni|other-sni|resumed-session", Way{SNI: "-"}), nil},
		{"path", around("path", Way{Path: "/open/"}), nil},
		{"wrong-ca", foreign(), nil},
		{"tls12-demanded", demanded(), nil},
		{"tls13-demanded", demanded(), nil},
		{"http2-demanded", demanded(), nil},
		{"http2-optional-403", bare(), nil},
		{"plain-content", aroundElsewhere("plain-http|other-port", Way{Plain: true}), nil},
		{"everybody-403-asked", closedAsked(), nil},
		{"everybody-403", closedUnasked(), nil},
		{"login", openAnswer(false), loginForAll},
		{"optional-login", openAnswer(true), loginForAll},
	} {
		c := b.house(s.mode, s.expect)
		if s.tune != nil {
			s.tune(c)
		}
		n := nodeCase{Address: c.Address, Host: c.Hostname, Sibling: c.Sibling, Mode: s.mode, Port: c.Port}
		b.expand("@TLS@", c)
		if s.mode == "plain-content" {
			n.PlainPort = b.street.PlainPort
			b.expand("@PLAIN@", c)
		}
		list = append(list, n)
	}
	p := b.street.PKI
	data, err := json.Marshal(map[string]any{"cases": list, "cert": p.file("server.pem"), "key": p.file("server.key"), "ca": p.file("client-ca.pem"),
		"otherCA": p.file("other-ca.pem"), "page": protectedPage(""), "refused": refusedPage, "issuer": cloudflareCN})
	if err != nil {
		return err
	}
	conf, err := b.write("cases.json", string(data))
	if err != nil {
		return err
	}
	program, err := b.write("node.js", nodeProgram)
	if err != nil {
		return err
	}
	b.spawn(nil, "node", program, conf)
	return nil
}
