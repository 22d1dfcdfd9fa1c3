package probe

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
)

// describeCertificate turns a server's certificate into plain fields.
func describeCertificate(c *x509.Certificate) *evidence.Certificate {
	sum := sha256.Sum256(c.Raw)
	e := &evidence.Certificate{
		Subject:            clean(c.Subject.String(), 256),
		Issuer:             clean(c.Issuer.String(), 256),
		NotBefore:          c.NotBefore.UTC(),
		NotAfter:           c.NotAfter.UTC(),
		SignatureAlgorithm: c.SignatureAlgorithm.String(),
		IsCA:               c.IsCA,
		BasicConstraints:   c.BasicConstraintsValid,
		SHA256:             hex.EncodeToString(sum[:]),
		SubjectRaw:         hex.EncodeToString(c.RawSubject),
		IssuerRaw:          hex.EncodeToString(c.RawIssuer),
	}
	if c.SerialNumber != nil {
		e.Serial = c.SerialNumber.Text(16)
	}
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		e.KeyType, e.KeyBits = "RSA", k.N.BitLen()
	case *ecdsa.PublicKey:
		e.KeyType, e.KeyBits = "ECDSA", k.Curve.Params().BitSize
	case ed25519.PublicKey:
		e.KeyType, e.KeyBits = "Ed25519", 256
	}
	for _, n := range c.DNSNames[:min(len(c.DNSNames), 20)] {
		e.DNSNames = append(e.DNSNames, clean(n, 253))
	}
	return e
}

// nameError says why the certificate does not cover name, or nothing.
func nameError(c *x509.Certificate, name string) string {
	if name == "" {
		return ""
	}
	if err := c.VerifyHostname(name); err != nil {
		return clean(err.Error(), 300)
	}
	return ""
}

// chainError says what can be said of a certificate without a root store.
func chainError(c *x509.Certificate, now time.Time) string {
	switch {
	case now.After(c.NotAfter):
		return "the certificate has expired"
	case now.Before(c.NotBefore):
		return "the certificate is not valid yet"
	case string(c.RawIssuer) == string(c.RawSubject):
		return "the certificate is self-signed"
	}
	return ""
}

// distinguishedName prints a DER name as RFC 4514 does.
func distinguishedName(der []byte) string {
	var rdn pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &rdn); err != nil || len(rest) > 0 {
		return "(a name that does not parse)"
	}
	return clean(rdn.String(), 256)
}

// versionText maps TLS versions to the numbers that evidence carries.
func versionText(v uint16) string {
	switch v {
	case tls.VersionTLS10:
		return "1.0"
	case tls.VersionTLS11:
		return "1.1"
	case tls.VersionTLS12:
		return "1.2"
	case tls.VersionTLS13:
		return "1.3"
	}
	return ""
}
