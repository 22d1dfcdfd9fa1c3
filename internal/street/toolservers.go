//go:build linux

package street

import (
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// buildOpenSSL runs `openssl s_server`, one process for every case. Its page
// tells of the connection, and no two of them are equal.
func buildOpenSSL(b *block) error {
	for _, s := range []struct {
		posture string
		expect  expectation
		args    string
	}{
		{"demanded", demanded(), "-Verify 2 -verify_return_error -CAfile @CA@"},
		{"open", open(), ""},
		{"optional", open(), "-verify 2 -verify_return_error -CAfile @CA@"},
		// Without -verify_return_error the verification's result is only printed.
		{"any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), "-Verify 2 -CAfile @CA@"},
		{"wrong-ca", foreign(), "-Verify 2 -verify_return_error -CAfile @OTHERCA@"},
		{"tls12-demanded", demanded(), "-tls1_2 -Verify 2 -verify_return_error -CAfile @CA@"},
		{"tls13-demanded", demanded(), "-tls1_3 -Verify 2 -verify_return_error -CAfile @CA@"},
		{"tls11-open", legacy(Way{TLS: "1.1", Legacy: true}), "-tls1_1 -cipher ALL:@SECLEVEL=0"},
	} {
		c := b.house(s.posture, s.expect)
		c.Marker = "Ciphers supported in s_server"
		args := strings.Fields(b.expand("s_server -quiet -www -no_ticket -accept @TLS@ -cert @RSACERT@ -key @RSAKEY@ "+s.args, c))
		b.spawn([]string{"OPENSSL_CONF=/dev/null"}, append([]string{"openssl"}, args...)...)
	}
	return nil
}

// buildGnuTLS runs gnutls-serv, which listens on every address: each case has a
// port of its own.
func buildGnuTLS(b *block) error {
	for i, s := range []struct {
		posture string
		expect  expectation
		args    string
	}{
		{"demanded", demanded(), "--require-client-cert --verify-client-cert --x509cafile @CA@"},
		{"open", open(), "--disable-client-cert"},
		{"optional", open(), "--x509cafile @CA@"},
		{"any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), "--require-client-cert"},
		{"tls12-demanded", demanded(), "--require-client-cert --verify-client-cert --x509cafile @CA@ --priority NORMAL:-VERS-ALL:+VERS-TLS1.2"},
		{"wrong-ca", foreign(), "--require-client-cert --verify-client-cert --x509cafile @OTHERCA@"},
	} {
		c := b.house(s.posture, s.expect)
		c.Port += 1 + i
		c.Marker = "default message reported by the GnuTLS"
		args := strings.Fields(b.expand("gnutls-serv --quiet --http --x509certfile @RSACERT@ --x509keyfile @RSAKEY@ -p @PORT@ "+s.args, c))
		b.listens = append(b.listens, net.JoinHostPort(c.Address, strconv.Itoa(c.Port)))
		b.spawn(nil, args...)
	}
	return nil
}

// keystores makes the stores that Java servers want, and returns their paths:
// the server's key, and one trust store for each CA.
func (b *block) keystores() (key, trust, other string, err error) {
	p := b.street.PKI
	key, trust, other = filepath.Join(b.dir, "key.p12"), filepath.Join(b.dir, "trust.p12"), filepath.Join(b.dir, "other.p12")
	for _, args := range [][]string{
		{"openssl", "pkcs12", "-export", "-in", p.file("server.pem"), "-inkey", p.file("server.key"), "-out", key, "-passout", "pass:street1"},
		{"keytool", "-importcert", "-noprompt", "-storetype", "PKCS12", "-keystore", trust, "-storepass", "street1", "-alias", "ca", "-file", p.file("client-ca.pem")},
		{"keytool", "-importcert", "-noprompt", "-storetype", "PKCS12", "-keystore", other, "-storepass", "street1", "-alias", "ca", "-file", p.file("other-ca.pem")},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", "", "", &exec.Error{Name: args[0] + ": " + strings.TrimSpace(string(out)), Err: err}
		}
	}
	return key, trust, other, nil
}
