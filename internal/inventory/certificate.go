package inventory

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/sanitize"
)

// maxChain bounds how many certificates of one PEM are kept.
const maxChain = 10

// apiCertificate is a certificate as the zone and the hostname level list it.
// A private key has no field here, so none can be kept.
type apiCertificate struct {
	ID          string  `json:"id"`
	CertID      string  `json:"cert_id"`
	Certificate string  `json:"certificate"`
	Status      string  `json:"status"`
	UploadedOn  apiTime `json:"uploaded_on"`
	UpdatedOn   apiTime `json:"updated_at"`
	ExpiresOn   apiTime `json:"expires_on"`
}

// apiTime is a time of the API. Null, an empty or unreadable text and the year 1
// all mean that nothing is known.
type apiTime struct{ t *time.Time }

// UnmarshalJSON reads the time; it never fails.
func (a *apiTime) UnmarshalJSON(b []byte) error {
	a.t = nil
	s := strings.Trim(string(b), `"`)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05 -0700 MST", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			if t.Year() > 1 {
				t = t.UTC()
				a.t = &t
			}
			return nil
		}
	}
	return nil
}

// clientCertificate turns an API certificate into evidence.
func clientCertificate(a apiCertificate) evidence.ClientCertificate {
	id := a.ID
	if id == "" {
		id = a.CertID
	}
	c := evidence.ClientCertificate{
		ID:         sanitize.Text(id, 64),
		Status:     sanitize.Text(a.Status, 40),
		UploadedOn: a.UploadedOn.t,
		UpdatedOn:  a.UpdatedOn.t,
		ExpiresOn:  a.ExpiresOn.t,
	}
	certs, err := parsePEM(a.Certificate)
	if err != nil {
		c.ParseError = cleanError(err)
	}
	leaf := leafIndex(certs)
	for i, x := range certs {
		plain := PlainCertificate(x)
		if i == leaf {
			c.Leaf = &plain
		} else if len(c.Chain) < maxChain {
			c.Chain = append(c.Chain, plain)
		}
	}
	return c
}

// parsePEM returns the certificates of a PEM text, in order. Other blocks are
// passed over, private keys unread. What can be read is returned with an error
// about what cannot.
func parsePEM(text string) ([]*x509.Certificate, error) {
	if strings.TrimSpace(text) == "" {
		return nil, fmt.Errorf("the API gave no certificate")
	}
	text = strings.ReplaceAll(text, `\n`, "\n")
	text = strings.ReplaceAll(text, "\r", "")
	var (
		certs  []*x509.Certificate
		failed error
		blocks int
		rest   = []byte(text)
	)
	for blocks < 100 {
		var b *pem.Block
		b, rest = pem.Decode(rest)
		if b == nil {
			break
		}
		blocks++
		if b.Type != "CERTIFICATE" && b.Type != "TRUSTED CERTIFICATE" && b.Type != "X509 CERTIFICATE" {
			continue
		}
		x, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			if failed == nil {
				failed = fmt.Errorf("block %d of the PEM: %w", blocks, err)
			}
			continue
		}
		certs = append(certs, x)
	}
	switch {
	case blocks == 0:
		return nil, fmt.Errorf("not PEM")
	case len(certs) == 0 && failed == nil:
		return nil, fmt.Errorf("the PEM holds no certificate")
	}
	return certs, failed
}

// leafIndex finds the leaf: the first certificate that is no CA, else the first.
func leafIndex(certs []*x509.Certificate) int {
	for i, c := range certs {
		if !c.IsCA {
			return i
		}
	}
	return 0
}

// PlainCertificate turns a parsed certificate into evidence, with its texts
// sanitised.
func PlainCertificate(x *x509.Certificate) evidence.Certificate {
	sum := sha256.Sum256(x.Raw)
	c := evidence.Certificate{
		Subject:            sanitize.Text(x.Subject.String(), 300),
		Issuer:             sanitize.Text(x.Issuer.String(), 300),
		NotBefore:          x.NotBefore.UTC(),
		NotAfter:           x.NotAfter.UTC(),
		SignatureAlgorithm: x.SignatureAlgorithm.String(),
		IsCA:               x.IsCA,
		BasicConstraints:   x.BasicConstraintsValid,
		KeyUsage:           keyUsages(x.KeyUsage),
		ExtKeyUsage:        extKeyUsages(x),
		SHA256:             hex.EncodeToString(sum[:]),
		SubjectRaw:         boundedHex(x.RawSubject),
		IssuerRaw:          boundedHex(x.RawIssuer),
	}
	if x.SerialNumber != nil {
		c.Serial = fmt.Sprintf("%x", x.SerialNumber)
	}
	switch k := x.PublicKey.(type) {
	case *rsa.PublicKey:
		c.KeyType, c.KeyBits = "RSA", k.N.BitLen()
	case *ecdsa.PublicKey:
		c.KeyType, c.KeyBits = "ECDSA", k.Curve.Params().BitSize
	case ed25519.PublicKey:
		c.KeyType, c.KeyBits = "Ed25519", 256
	default:
		c.KeyType = x.PublicKeyAlgorithm.String()
	}
	for i, n := range x.DNSNames {
		if i == 50 {
			break
		}
		c.DNSNames = append(c.DNSNames, sanitize.Text(n, 253))
	}
	return c
}

// boundedHex is the DER of a name, unless it is absurdly large.
func boundedHex(der []byte) string {
	if len(der) > 4096 {
		return ""
	}
	return hex.EncodeToString(der)
}

func keyUsages(u x509.KeyUsage) []string {
	names := []string{"digitalSignature", "contentCommitment", "keyEncipherment", "dataEncipherment", "keyAgreement",
		"certSign", "crlSign", "encipherOnly", "decipherOnly"}
	var list []string
	for i, n := range names {
		if u&(1<<i) != 0 {
			list = append(list, n)
		}
	}
	return list
}

func extKeyUsages(x *x509.Certificate) []string {
	names := map[x509.ExtKeyUsage]string{
		x509.ExtKeyUsageAny:             "any",
		x509.ExtKeyUsageServerAuth:      "serverAuth",
		x509.ExtKeyUsageClientAuth:      "clientAuth",
		x509.ExtKeyUsageCodeSigning:     "codeSigning",
		x509.ExtKeyUsageEmailProtection: "emailProtection",
		x509.ExtKeyUsageTimeStamping:    "timeStamping",
		x509.ExtKeyUsageOCSPSigning:     "ocspSigning",
		x509.ExtKeyUsageIPSECEndSystem:  "1.3.6.1.5.5.7.3.5",
		x509.ExtKeyUsageIPSECTunnel:     "1.3.6.1.5.5.7.3.6",
		x509.ExtKeyUsageIPSECUser:       "1.3.6.1.5.5.7.3.7",
	}
	var list []string
	for _, u := range x.ExtKeyUsage {
		if n, ok := names[u]; ok {
			list = append(list, n)
		} else {
			list = append(list, fmt.Sprintf("other(%d)", u))
		}
	}
	for _, oid := range x.UnknownExtKeyUsage {
		list = append(list, oid.String())
	}
	return list
}
