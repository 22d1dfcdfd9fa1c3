package inventory

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

// newCert makes a certificate and returns its PEM.
func newCert(t testing.TB, cn string, ca bool, notAfter time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(0xbeef), Subject: pkix.Name{CommonName: cn}, NotBefore: notAfter.Add(-1000 * time.Hour), NotAfter: notAfter,
		IsCA: ca, BasicConstraintsValid: ca, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature, DNSNames: []string{"d.example"}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestClientCertificate(t *testing.T) {
	end := time.Date(2021, 6, 1, 0, 0, 0, 0, time.UTC)
	leaf, ca := newCert(t, "leaf\x1b[31m", false, end), newCert(t, "the ca", true, end)
	key := "-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----\n"
	for name, c := range map[string]struct {
		pem     string
		subject string // of the leaf, "" where there is none
		chain   int
		problem string
	}{
		"leaf":              {leaf, `CN=leaf\x1b[31m`, 0, ""},
		"leaf and CA":       {leaf + ca, `CN=leaf\x1b[31m`, 1, ""},
		"CA first":          {ca + leaf, `CN=leaf\x1b[31m`, 1, ""},
		"CA alone":          {ca, "CN=the ca", 0, ""},
		"escaped newlines":  {strings.ReplaceAll(leaf, "\n", `\n`), `CN=leaf\x1b[31m`, 0, ""},
		"carriage returns":  {strings.ReplaceAll(leaf, "\n", "\r\n"), `CN=leaf\x1b[31m`, 0, ""},
		"text around":       {"subject=/CN=leaf\n" + leaf + "\nthe end", `CN=leaf\x1b[31m`, 0, ""},
		"a private key too": {key + leaf, `CN=leaf\x1b[31m`, 0, ""},
		"one block is bad":  {leaf + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", `CN=leaf\x1b[31m`, 0, "block 2"},
		"only a key":        {key, "", 0, "no certificate"},
		"garbage":           {"garbage", "", 0, "not PEM"},
		"empty":             {"", "", 0, "no certificate"},
		"long chain":        {leaf + strings.Repeat(ca, 30), `CN=leaf\x1b[31m`, 10, ""},
	} {
		got := clientCertificate(apiCertificate{ID: "id", Status: "active", Certificate: c.pem})
		subject := ""
		if got.Leaf != nil {
			subject = got.Leaf.Subject
		}
		if subject != c.subject || len(got.Chain) != c.chain || !strings.Contains(got.ParseError, c.problem) || (c.problem == "") != (got.ParseError == "") {
			t.Errorf("%s: leaf %q, chain of %d, problem %q", name, subject, len(got.Chain), got.ParseError)
		}
		if b, _ := json.Marshal(got); strings.Contains(string(b), "PRIVATE") || strings.Contains(string(b), "c2VjcmV0") {
			t.Errorf("%s: a private key was kept", name)
		}
	}
	got := clientCertificate(apiCertificate{Certificate: leaf}).Leaf
	if got.Serial != "beef" || !got.NotAfter.Equal(end) || got.KeyType != "ECDSA" || got.KeyBits != 256 || len(got.ExtKeyUsage) != 1 || got.ExtKeyUsage[0] != "clientAuth" ||
		len(got.SHA256) != 64 || got.SubjectRaw == "" || got.KeyUsage[0] != "digitalSignature" || got.DNSNames[0] != "d.example" || got.BasicConstraints {
		t.Errorf("%+v", got)
	}
}

func TestAPITime(t *testing.T) {
	for in, want := range map[string]string{
		`"2019-10-28T18:11:23.37411Z"`: "2019-10-28T18:11:23.37411Z", `"2026-01-02T03:04:05+02:00"`: "2026-01-02T01:04:05Z", `"2026-01-02"`: "2026-01-02T00:00:00Z",
		`"2026-01-02 03:04:05 +0000 UTC"`: "2026-01-02T03:04:05Z", `null`: "", `""`: "", `"0001-01-01T00:00:00Z"`: "", `"soon"`: "", `17`: "", `{}`: "",
	} {
		var a apiTime
		if err := json.Unmarshal([]byte(in), &a); err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		got := ""
		if a.t != nil {
			got = a.t.Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func FuzzClientCertificate(f *testing.F) {
	f.Add(newCert(f, "x", false, time.Now()))
	f.Add(`-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----`)
	f.Fuzz(func(t *testing.T, s string) {
		c := clientCertificate(apiCertificate{Certificate: s})
		if c.Leaf == nil && c.ParseError == "" {
			t.Error("no leaf and no reason")
		}
		if _, err := json.Marshal(c); err != nil {
			t.Error(err)
		}
	})
}
