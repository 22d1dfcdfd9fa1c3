//go:build linux

package street

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// buildTrafficServer runs three: one that demands a certificate of everybody, one
// that demands it by SNI, and one with a rule for every Host.
func buildTrafficServer(b *block) error {
	strict := []trafficSite{
		{"demanded", demanded(), "", "", nil},
		{"sni-optional", open(), "- fqdn: @HOST@\n  verify_client: MODERATE\n", "", nil},
		{"sni-none", open(), "- fqdn: @HOST@\n  verify_client: NONE\n", "", nil},
		{"sni-wrong-ca", foreign(), "- fqdn: @HOST@\n  verify_client: STRICT\n  verify_client_ca_certs: @OTHERCA@\n", "", nil},
		{"tls12-demanded", demanded(), "- fqdn: @HOST@\n  verify_client: STRICT\n  verify_client_ca_certs: @CA@\n  valid_tls_versions_in: [ TLSv1_2 ]\n", "", nil},
		{"everybody-403-asked", closedAsked(), "- fqdn: @HOST@\n  verify_client: MODERATE\n", "map https://@HOST@/ http://@DENYAPP@/\n", nil},
	}
	lax := []trafficSite{
		{"open", open(), "", "", nil},
		{"everybody-404", silent(refusedOtherwise, inconclusive, notEnforced), "", "map https://@SIBLING@/ http://@APP@/\n", nil},
		{"everybody-502", broken502(), "", "map https://@HOST@/ http://127.0.0.1:9/\n", nil},
		{"name-demanded-resumption", around("resumed-session|other-sni|no-sni|other-host", Way{SessionSNI: "@SIBLING@"}),
			"- fqdn: @HOST@\n  verify_client: STRICT\n  verify_client_ca_certs: @CA@\n", "map https://@HOST@/ http://@APP@/\nmap https://@SIBLING@/ http://@OTHERAPP@/\n", withSibling},
	}
	catchAll := []trafficSite{
		// Asked by name: without SNI nobody is asked, and a Host with a dot at its
		// end is not recognised as the protected one, and served by the rule for all.
		{"name-demanded", around("no-sni|other-sni|other-host|resumed-session", Way{SNI: "-", Host: "@HOST@."}),
			"- fqdn: @HOST@\n  verify_client: STRICT\n  verify_client_ca_certs: @CA@\n", "map / http://@APP@/\n", nil},
	}
	if err := b.trafficServer("strict", 2, strict); err != nil {
		return err
	}
	if err := b.trafficServer("lax", 0, lax); err != nil {
		return err
	}
	return b.trafficServer("catch-all", 0, catchAll)
}

type trafficSite struct {
	posture    string
	expect     expectation
	sni, remap string
	tune       func(*Case)
}

func (b *block) trafficServer(name string, level int, sites []trafficSite) error {
	var ports []string
	var sni, remap strings.Builder
	sni.WriteString("sni:\n- fqdn: nothing.invalid\n  verify_client: NONE\n")
	for _, s := range sites {
		c := b.house(s.posture, s.expect)
		if s.tune != nil {
			s.tune(c)
		}
		b.expand("@TLS@", c)
		ports = append(ports, fmt.Sprintf("%d:ssl:ip-in=%s", c.Port, c.Address))
		sni.WriteString(b.expand(s.sni, c))
		if s.remap == "" {
			s.remap = "map https://@HOST@/ http://@APP@/\n"
		}
		remap.WriteString(b.expand(s.remap, c))
	}
	dir := filepath.Join(b.dir, name)
	for _, d := range []string{"etc", "run", "log", "cache", "var"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	for file, text := range map[string]string{
		"runroot.yaml": strings.ReplaceAll("prefix: @\nexec_prefix: /usr\nbindir: /usr/bin\nsbindir: /usr/sbin\nsysconfdir: @/etc\ndatadir: /usr/share/trafficserver\n"+
			"libexecdir: /usr/lib/trafficserver/modules\nlocalstatedir: @/var\nruntimedir: @/run\nlogdir: @/log\ncachedir: @/cache\n", "@", dir),
		"etc/records.config": "CONFIG proxy.config.http.server_ports STRING " + strings.Join(ports, " ") + "\n" +
			"CONFIG proxy.config.admin.user_id STRING #-1\nCONFIG proxy.config.crash_log_helper STRING NULL\n" +
			"CONFIG proxy.config.ssl.CA.cert.filename STRING " + b.street.PKI.file("client-ca.pem") + "\n" +
			fmt.Sprintf("CONFIG proxy.config.ssl.client.certification_level INT %d\n", level) +
			"CONFIG proxy.config.exec_thread.autoconfig INT 0\nCONFIG proxy.config.exec_thread.limit INT 1\nCONFIG proxy.config.task_threads INT 1\n" +
			"CONFIG proxy.config.http.cache.http INT 0\nCONFIG proxy.config.log.logging_enabled INT 0\n" +
			"CONFIG proxy.config.diags.output.error STRING E\nCONFIG proxy.config.diags.output.fatal STRING E\nCONFIG proxy.config.diags.output.emergency STRING E\n",
		"etc/ssl_multicert.config": b.expand("dest_ip=* ssl_cert_name=@CERT@ ssl_key_name=@KEY@\n", &Case{}),
		"etc/sni.yaml":             sni.String(),
		"etc/remap.config":         remap.String(),
		"etc/storage.config":       "cache 16M\n",
		"etc/plugin.config":        "",
		"etc/ip_allow.yaml":        "ip_allow:\n  - apply: in\n    ip_addrs: 0/0\n    action: allow\n    methods: ALL\n",
	} {
		rel, _ := filepath.Rel(b.dir, filepath.Join(dir, file))
		if _, err := b.write(rel, text); err != nil {
			return err
		}
	}
	b.spawn(nil, "traffic_server", "--run-root="+filepath.Join(dir, "runroot.yaml"))
	return nil
}
