//go:build linux

package street

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// cloudflareCN is the common name of the CA that the origins trust: a home-made
// one that spells Cloudflare's, as every origin of the real world names it.
const cloudflareCN = "origin-pull.cloudflare.net"

// PKI holds the street's certificates, and their files for the servers.
type PKI struct {
	dir string
	// ServerCA signs the servers, ClientCA the clients that are let in. OtherCA is
	// nobody's friend; SharedName has ClientCA's subject and a key of its own.
	ServerCA, ClientCA, OtherCA, SharedName *Authority
	// Client is the right certificate; Expired is of ClientCA and past its end;
	// Other and Spoofed are of OtherCA and SharedName; Rogue signed itself.
	Client, Expired, Other, Spoofed, Rogue tls.Certificate
	Server                                 tls.Certificate
}

// Authority is a CA.
type Authority struct {
	Certificate *x509.Certificate
	key         crypto.Signer
}

// Certificate returns the client certificate of the given name (see Way.Cert),
// nil for "".
func (p *PKI) Certificate(name string) *tls.Certificate {
	switch name {
	case "client":
		return &p.Client
	case "expired":
		return &p.Expired
	case "other":
		return &p.Other
	case "spoofed":
		return &p.Spoofed
	case "rogue":
		return &p.Rogue
	}
	return nil
}

// Files returns the certificate and key file of a client certificate.
func (p *PKI) Files(name string) (cert, key string) {
	return p.file(name + ".pem"), p.file(name + ".key")
}

func (p *PKI) file(name string) string { return filepath.Join(p.dir, name) }

func newPKI(dir string) (*PKI, error) {
	p := &PKI{dir: dir}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	// The whole subject of Cloudflare's origin-pull CA, as its documentation
	// publishes it.
	cloudflare := pkix.Name{CommonName: cloudflareCN, OrganizationalUnit: []string{"Origin Pull"},
		Organization: []string{"CloudFlare, Inc."}, Locality: []string{"San Francisco"}, Province: []string{"California"}, Country: []string{"US"}}
	var err error
	for _, ca := range []struct {
		to   **Authority
		file string
		name pkix.Name
	}{
		{&p.ServerCA, "server-ca.pem", pkix.Name{CommonName: "Street Server CA", Organization: []string{"Street"}}},
		{&p.ClientCA, "client-ca.pem", cloudflare},
		{&p.OtherCA, "other-ca.pem", pkix.Name{CommonName: "Somebody Else's CA", Organization: []string{"Else"}}},
		{&p.SharedName, "shared-name-ca.pem", cloudflare},
	} {
		if *ca.to, err = newAuthority(ca.name); err != nil {
			return nil, err
		}
		if err := writePEM(p.file(ca.file), "CERTIFICATE", (*ca.to).Certificate.Raw); err != nil {
			return nil, err
		}
	}

	names := []string{"*.example.com", "example.com"}
	if p.Server, err = p.ServerCA.issue(pkix.Name{CommonName: "*.example.com"}, names, false, time.Now().AddDate(1, 0, 0)); err != nil {
		return nil, err
	}
	rsaServer, err := p.ServerCA.issue(pkix.Name{CommonName: "*.example.com"}, names, true, time.Now().AddDate(1, 0, 0))
	if err != nil {
		return nil, err
	}
	for name, cert := range map[string]tls.Certificate{"server": p.Server, "server-rsa": rsaServer} {
		if err := p.save(name, cert); err != nil {
			return nil, err
		}
	}
	// lighttpd builds the whole chain, and finds no way to an issuer it was not given.
	chain, err := concat(p.file("server.pem"), p.file("server-ca.pem"))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(p.file("server-chain.pem"), []byte(chain), 0o644); err != nil {
		return nil, err
	}
	clientName := pkix.Name{CommonName: "Cloudflare", Organization: []string{"Cloudflare, Inc"}, Country: []string{"US"}}
	for _, c := range []struct {
		to   *tls.Certificate
		file string
		ca   *Authority
		end  time.Time
	}{
		{&p.Client, "client", p.ClientCA, time.Now().AddDate(1, 0, 0)},
		{&p.Expired, "expired", p.ClientCA, time.Now().AddDate(0, 0, -1)},
		{&p.Other, "other", p.OtherCA, time.Now().AddDate(1, 0, 0)},
		{&p.Spoofed, "spoofed", p.SharedName, time.Now().AddDate(1, 0, 0)},
	} {
		// RSA, which every server and every old TLS version takes.
		if *c.to, err = c.ca.issue(clientName, nil, true, c.end); err != nil {
			return nil, err
		}
		if err := p.save(c.file, *c.to); err != nil {
			return nil, err
		}
	}
	rogue, err := newAuthority(pkix.Name{CommonName: "rogue"})
	if err != nil {
		return nil, err
	}
	p.Rogue = tls.Certificate{Certificate: [][]byte{rogue.Certificate.Raw}, PrivateKey: rogue.key, Leaf: rogue.Certificate}
	return p, p.save("rogue", p.Rogue)
}

func newAuthority(name pkix.Name) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{SerialNumber: serial(), Subject: name, NotBefore: time.Now().AddDate(0, -1, 0), NotAfter: time.Now().AddDate(5, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &Authority{cert, key}, err
}

// issue makes a leaf: a server's when it has names, else a client's.
func (a *Authority) issue(subject pkix.Name, names []string, useRSA bool, end time.Time) (tls.Certificate, error) {
	var key crypto.Signer
	var err error
	if useRSA {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return tls.Certificate{}, err
	}
	t := &x509.Certificate{SerialNumber: serial(), Subject: subject, DNSNames: names, NotBefore: time.Now().AddDate(0, -1, 0), NotAfter: end,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if len(names) > 0 {
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		t.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.Certificate, key.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

func serial() *big.Int { return big.NewInt(randomInt(1 << 62)) }

// save writes NAME.pem, NAME.key and NAME-both.pem.
func (p *PKI) save(name string, c tls.Certificate) error {
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return err
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	// The keys are worth nothing outside this street, and some servers drop their
	// rights before they read them.
	for file, content := range map[string][]byte{name + ".pem": cert, name + ".key": key, name + "-both.pem": append(append([]byte{}, cert...), key...)} {
		if err := os.WriteFile(p.file(file), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o644)
}
