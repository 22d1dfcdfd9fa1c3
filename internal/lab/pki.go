package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"time"
)

// pki holds the lab's keys and certificates. All keys come from one seed.
type pki struct {
	seed     []byte
	now      time.Time
	serverCA *keyPair
	cas      map[string]*keyPair
	certs    map[string]*keyPair
}

// keyPair is a certificate with its key and chain.
type keyPair struct {
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	chain [][]byte // DER, leaf first
}

func (k *keyPair) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.cert.Raw})
}

func (k *keyPair) keyPEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func (k *keyPair) tls() tls.Certificate {
	return tls.Certificate{Certificate: k.chain, PrivateKey: k.key, Leaf: k.cert}
}

// seedCAName is the subject of the CA that stands for Cloudflare's shared one.
// Only the spelling is Cloudflare's; the key is the lab's.
var seedCAName = pkix.Name{
	Country: []string{"US"}, Organization: []string{"CloudFlare, Inc."}, OrganizationalUnit: []string{"Origin Pull"},
	Locality: []string{"San Francisco"}, Province: []string{"California"}, CommonName: "origin-pull.cloudflare.net",
}

func newPKI(w *World, seed []byte, now time.Time) (*pki, error) {
	p := &pki{seed: seed, now: now.UTC().Truncate(time.Second), cas: map[string]*keyPair{}, certs: map[string]*keyPair{}}
	var err error
	if p.serverCA, err = p.authority("server", pkix.Name{CommonName: "Lab origin CA", Organization: []string{"aopscan lab"}}); err != nil {
		return nil, err
	}
	for _, ca := range w.CAs {
		name := pkix.Name{CommonName: ca.CommonName, Organization: []string{ca.Organization}}
		if ca.CommonName == seedCAName.CommonName {
			name = seedCAName
		}
		if p.cas[ca.Name], err = p.authority(ca.Name, name); err != nil {
			return nil, err
		}
	}
	for _, c := range w.Certs {
		ca, ok := p.cas[c.CA]
		if !ok {
			return nil, fmt.Errorf("certificate %s: no CA named %q", c.Name, c.CA)
		}
		until := p.now.Add(c.Expires)
		if !c.ExpiresOn.IsZero() {
			until = c.ExpiresOn
		}
		from := until.Add(-365 * day)
		if from.After(p.now) {
			from = p.now.Add(-30 * day)
		}
		curve := elliptic.P256()
		if c.Weak {
			curve = elliptic.P224()
		}
		p.certs[c.Name], err = p.issue(ca, "client "+c.Name, curve, &x509.Certificate{
			Subject:   pkix.Name{CommonName: c.CommonName, Organization: []string{"aopscan lab"}},
			NotBefore: from, NotAfter: until,
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
			BasicConstraintsValid: true,
		})
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// derive returns n bytes (at most 32) that depend on the seed and the label.
func (p *pki) derive(label string, n int) []byte {
	m := hmac.New(sha256.New, p.seed)
	m.Write([]byte(label))
	return m.Sum(nil)[:n]
}

// key derives a key. A derived number is out of a curve's range once in 2^32 or
// less often (P-256), hence the attempts.
func (p *pki) key(label string, curve elliptic.Curve) (*ecdsa.PrivateKey, error) {
	var err error
	for i := range 64 {
		var k *ecdsa.PrivateKey
		if k, err = ecdsa.ParseRawPrivateKey(curve, p.derive(fmt.Sprint("key ", label, i), (curve.Params().BitSize+7)/8)); err == nil {
			return k, nil
		}
	}
	return nil, fmt.Errorf("deriving the key of %s: %w", label, err)
}

func (p *pki) authority(label string, name pkix.Name) (*keyPair, error) {
	return p.issue(nil, "ca "+label, elliptic.P256(), &x509.Certificate{
		Subject: name, NotBefore: p.now.Add(-3 * 365 * day), NotAfter: p.now.Add(7 * 365 * day),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, IsCA: true, BasicConstraintsValid: true,
	})
}

// server issues a server certificate for names and an address.
func (p *pki) server(label string, names []string, ip netip.Addr, expired bool) (*keyPair, error) {
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: label, Organization: []string{"aopscan lab"}}, DNSNames: names,
		NotBefore: p.now.Add(-30 * day), NotAfter: p.now.Add(335 * day),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	if ip.IsValid() {
		t.IPAddresses = []net.IP{ip.AsSlice()}
	}
	if expired {
		t.NotBefore, t.NotAfter = p.now.Add(-400*day), p.now.Add(-35*day)
	}
	return p.issue(p.serverCA, "server "+label, elliptic.P256(), t)
}

// issue signs the template with the CA's key, or its own where ca is nil.
func (p *pki) issue(ca *keyPair, label string, curve elliptic.Curve, t *x509.Certificate) (*keyPair, error) {
	key, err := p.key(label, curve)
	if err != nil {
		return nil, err
	}
	t.SerialNumber = new(big.Int).SetBytes(p.derive("serial "+label, 16))
	t.SerialNumber.SetBit(t.SerialNumber, 127, 0) // at most 20 octets and positive (RFC 5280, 4.1.2.2)
	t.NotBefore, t.NotAfter = t.NotBefore.UTC().Truncate(time.Second), t.NotAfter.UTC().Truncate(time.Second)
	parent, signer := t, key
	if ca != nil {
		parent, signer = ca.cert, ca.key
	}
	// No randomness: ECDSA is then deterministic (RFC 6979), and a seed gives
	// the same certificates every time.
	der, err := x509.CreateCertificate(nil, t, parent, key.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("issuing %s: %w", label, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("issuing %s: %w", label, err)
	}
	return &keyPair{cert: cert, key: key, chain: [][]byte{der}}, nil
}

// pool returns a pool with the one CA.
func (k *keyPair) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	if k != nil {
		pool.AddCert(k.cert)
	}
	return pool
}
