package e2e

import (
	"crypto/x509"

	"github.com/aopscan/aopscan/internal/verdict/origintest"
)

// pool trusts the CA that the control is not of.
func pool(k *origintest.PKI) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(k.OtherCA)
	return p
}
