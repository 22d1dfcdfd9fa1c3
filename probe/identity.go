package probe

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"
)

// probeName is the subject, or part of the subject, of every certificate that is
// made here: whoever reads an origin's log sees what it was.
var probeName = pkix.Name{CommonName: "aopscan probe, not a real client", Organization: []string{"aopscan"}}

// cloudflareCA is the subject of the CA of Cloudflare's shared origin-pull
// certificate
// (https://developers.cloudflare.com/ssl/origin-configuration/authenticated-origin-pull/set-up/zone-level/).
func cloudflareCA() []byte {
	rdn := pkix.RDNSequence{}
	for _, a := range []struct {
		oid   asn1.ObjectIdentifier
		value string
	}{
		{asn1.ObjectIdentifier{2, 5, 4, 6}, "US"},
		{asn1.ObjectIdentifier{2, 5, 4, 10}, "CloudFlare, Inc."},
		{asn1.ObjectIdentifier{2, 5, 4, 11}, "Origin Pull"},
		{asn1.ObjectIdentifier{2, 5, 4, 7}, "San Francisco"},
		{asn1.ObjectIdentifier{2, 5, 4, 8}, "California"},
		{asn1.ObjectIdentifier{2, 5, 4, 3}, "origin-pull.cloudflare.net"},
	} {
		rdn = append(rdn, pkix.RelativeDistinguishedNameSET{{Type: a.oid, Value: a.value}})
	}
	der, err := asn1.Marshal(rdn)
	if err != nil {
		panic("encoding a constant name: " + err.Error())
	}
	return der
}

// certificates makes the client certificates that attempts offer, each once per
// run. Keys are made when they are first needed.
type certificates struct {
	o Options

	mu    sync.Mutex
	keys  map[bool]crypto.Signer // by: RSA
	made  map[string]*tls.Certificate
	names [][]byte // expected issuers, from the options
	// leaves are the expected certificates by their issuer's name.
	leaves map[string]*x509.Certificate
}

func newCertificates(o Options) *certificates {
	c := &certificates{o: o, keys: map[bool]crypto.Signer{}, made: map[string]*tls.Certificate{}, leaves: map[string]*x509.Certificate{}}
	expect := func(x *x509.Certificate) {
		c.names = append(c.names, x.RawIssuer)
		if c.leaves[string(x.RawIssuer)] == nil {
			c.leaves[string(x.RawIssuer)] = x
		}
	}
	for _, x := range o.ExpectedCAs {
		if x.IsCA {
			c.names = append(c.names, x.RawSubject)
		} else {
			expect(x)
		}
	}
	if o.ClientCert != nil && len(o.ClientCert.Certificate) > 0 {
		if x, err := x509.ParseCertificate(o.ClientCert.Certificate[0]); err == nil {
			expect(x)
		}
	}
	return c
}

// likeness is the subject and the DNS names that a spoofed certificate of an issuer
// bears: those of the expected certificate where one is known, for origins that look
// at these alone, and in any case what tells it for a probe's.
func (c *certificates) likeness(issuer []byte) (subject []byte, names []string) {
	x := c.leaves[string(issuer)]
	if x == nil {
		return nil, nil
	}
	var rdn pkix.RDNSequence
	if rest, err := asn1.Unmarshal(x.RawSubject, &rdn); err != nil || len(rest) > 0 {
		return nil, nil
	}
	mark := pkix.RelativeDistinguishedNameSET{{Type: asn1.ObjectIdentifier{2, 5, 4, 11}, Value: probeName.CommonName}}
	subject, err := asn1.Marshal(append(pkix.RDNSequence{mark}, rdn...))
	if err != nil || len(subject) > 2048 {
		return nil, nil
	}
	for _, n := range x.DNSNames[:min(len(x.DNSNames), 16)] {
		if validName(strings.ToLower(strings.TrimPrefix(n, "*."))) {
			names = append(names, n)
		}
	}
	return subject, names
}

// issuers returns the names that a spoofed issuer may be spelt as, the most
// likely first: those that the server named, those that are expected, and
// Cloudflare's shared CA.
func (c *certificates) issuers(named [][]byte) [][]byte {
	const maxIssuers = 4
	var out [][]byte
	seen := map[string]bool{}
	add := func(names [][]byte, max int) {
		for _, n := range names {
			if max == 0 {
				return
			}
			if len(n) > 2 && len(n) <= 2048 && !seen[string(n)] {
				seen[string(n)] = true
				out = append(out, n)
				max--
			}
		}
	}
	add(named, maxIssuers)
	add(c.names, 2)
	add([][]byte{cloudflareCA()}, 1)
	return out
}

// rogue returns a self-signed certificate.
func (c *certificates) rogue(cri *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return c.get(cri, nil)
}

// spoofed returns a function that gives a certificate of a home-made CA whose
// subject is the given DER, byte by byte.
func (c *certificates) spoofed(issuer []byte) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(cri *tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.get(cri, issuer) }
}

// get makes or finds the certificate with a key that the server can verify.
func (c *certificates) get(cri *tls.CertificateRequestInfo, issuer []byte) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, useRSA := range []bool{false, true} {
		key := fmt.Sprintf("%v%x", useRSA, issuer)
		cert := c.made[key]
		if cert == nil {
			var err error
			if cert, err = c.make(useRSA, issuer); err != nil {
				return nil, err
			}
			if len(c.made) < 256 {
				c.made[key] = cert
			}
		}
		if useRSA || usable(cri, cert) {
			return cert, nil
		}
	}
	return nil, nil // not reached: the RSA certificate is always returned
}

// usable reports whether the server can verify the certificate's key. It leaves
// out the acceptable CAs: offering what does not match them is the point.
func usable(cri *tls.CertificateRequestInfo, cert *tls.Certificate) bool {
	any := *cri
	any.AcceptableCAs = nil
	return any.SupportsCertificate(cert) == nil
}

func (c *certificates) key(useRSA bool) (crypto.Signer, error) {
	if k := c.keys[useRSA]; k != nil {
		return k, nil
	}
	var k crypto.Signer
	var err error
	if useRSA {
		k, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		k, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	c.keys[useRSA] = k
	return k, nil
}

// make makes a client certificate: self-signed without an issuer, else signed by
// a CA of that name.
func (c *certificates) make(useRSA bool, issuer []byte) (*tls.Certificate, error) {
	key, err := c.key(useRSA)
	if err != nil {
		return nil, err
	}
	now := c.o.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               probeName,
		NotBefore:             now.Add(-24 * time.Hour),
		NotAfter:              now.Add(7 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	if issuer == nil {
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			return nil, fmt.Errorf("making a self-signed certificate: %w", err)
		}
		return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
	}
	if subject, names := c.likeness(issuer); subject != nil {
		template.RawSubject, template.DNSNames = subject, names
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	caTemplate := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano() + 1),
		RawSubject:            issuer,
		NotBefore:             template.NotBefore,
		NotAfter:              template.NotAfter,
		IsCA:                  true,
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, caTemplate, caTemplate, caKey.Public(), caKey)
	if err != nil {
		return nil, fmt.Errorf("making a CA with the expected name: %w", err)
	}
	ca, err := x509.ParseCertificate(caDER)
	if err != nil {
		return nil, fmt.Errorf("making a CA with the expected name: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, key.Public(), caKey)
	if err != nil {
		return nil, fmt.Errorf("making a certificate of that CA: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der, caDER}, PrivateKey: key}, nil
}
