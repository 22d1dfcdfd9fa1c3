// Package origintest holds small TLS origins in this process, for tests of what
// is probed and of what is said of it. Everything listens on loopback.
package origintest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Hostname is the protected name of every origin.
const Hostname = "app.example.com"

// Content is what only holders of the right certificate should see.
const Content = `<html><head><title>Ledger</title></head><body><h1>Quarterly settlement</h1>
<p>Every carrier with consignments in the running quarter, the amount due to it, and whether the amount was settled.
Disputes are left out of the transfer until both sides have signed; exports are made every night.</p></body></html>`

// Other is somebody else's content.
const Other = `<html><head><title>Allotments</title></head><body><h1>Spring seed swap</h1>
<p>Members bring labelled envelopes on the first Saturday, tea is served behind plot eleven, bicycles stay at the lower gate.</p></body></html>`

// PKI is a CA for clients, another that nobody trusts, and a server certificate.
type PKI struct {
	CA, OtherCA  *x509.Certificate
	Client       tls.Certificate // of CA
	Stranger     tls.Certificate // of OtherCA
	Server       tls.Certificate // for Hostname and *.other.example
	Roots        *x509.CertPool  // CA alone
	caKey, other *ecdsa.PrivateKey
}

var pki = sync.OnceValue(func() *PKI {
	p := &PKI{Roots: x509.NewCertPool()}
	p.CA, p.caKey = newCA("origintest client CA")
	p.OtherCA, p.other = newCA("origintest other CA")
	p.Roots.AddCert(p.CA)
	p.Client = leaf(p.CA, p.caKey, "edge", nil, x509.ExtKeyUsageClientAuth)
	p.Stranger = leaf(p.OtherCA, p.other, "stranger", nil, x509.ExtKeyUsageClientAuth)
	p.Server = leaf(p.CA, p.caKey, Hostname, []string{Hostname, "open.example.com"}, x509.ExtKeyUsageServerAuth)
	return p
})

// Keys returns the keys of this process.
func Keys() *PKI { return pki() }

func newCA(name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Country: []string{"NL"}, Organization: []string{"Origintest, Inc."}, CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return c, key
}

func leaf(ca *x509.Certificate, caKey *ecdsa.PrivateKey, name string, dns []string, use x509.ExtKeyUsage) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: dns,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, ca, key.Public(), caKey)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// Config is a server configuration with the server certificate and a client
// authentication policy.
func (p *PKI) Config(auth tls.ClientAuthType) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{p.Server}, ClientAuth: auth, ClientCAs: p.Roots, MinVersion: tls.VersionTLS12}
}

// Origin is a listening server.
type Origin struct {
	netip.AddrPort
	// Conns counts the connections that were accepted, Most the most at once.
	Conns, Most atomic.Int64
	now         atomic.Int64
}

// Target is the origin as an argument of `aopscan probe`.
func (o *Origin) Target() string { return Hostname + "=" + o.String() }

// counted is a listener that counts.
type counted struct {
	net.Listener
	o *Origin
}

type countedConn struct {
	net.Conn
	once sync.Once
	o    *Origin
}

func (l counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.o.Conns.Add(1)
	n := l.o.now.Add(1)
	for m := l.o.Most.Load(); n > m && !l.o.Most.CompareAndSwap(m, n); m = l.o.Most.Load() {
	}
	return &countedConn{Conn: c, o: l.o}, nil
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.o.now.Add(-1) })
	return c.Conn.Close()
}

// Reset closes the connection with a reset.
func Reset(c net.Conn) {
	if cc, ok := c.(*countedConn); ok {
		c = cc.Conn
	}
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// Listen makes a listener on loopback that ends with the test.
func Listen(t testing.TB) (net.Listener, *Origin) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	o := &Origin{AddrPort: netip.MustParseAddrPort(l.Addr().String())}
	return counted{l, o}, o
}

// HTTPS serves a handler over TLS (h2 and http/1.1).
func HTTPS(t testing.TB, cfg *tls.Config, h http.HandlerFunc) *Origin {
	t.Helper()
	l, o := Listen(t)
	srv := &http.Server{Handler: h, TLSConfig: cfg, ErrorLog: quiet}
	go srv.ServeTLS(l, "", "")
	t.Cleanup(func() { srv.Close() })
	return o
}

// HTTP serves a handler without TLS.
func HTTP(t testing.TB, h http.HandlerFunc) *Origin {
	t.Helper()
	l, o := Listen(t)
	srv := &http.Server{Handler: h, ErrorLog: quiet}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return o
}

// Raw serves every connection with a function, over plain TCP.
func Raw(t testing.TB, serve func(net.Conn)) *Origin {
	t.Helper()
	l, o := Listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return o
}

// RawTLS serves every connection with a function after its handshake; request is
// nil where no request came.
func RawTLS(t testing.TB, cfg *tls.Config, serve func(c *tls.Conn, request *http.Request)) *Origin {
	t.Helper()
	return Raw(t, func(c net.Conn) {
		c.SetDeadline(time.Now().Add(30 * time.Second))
		tc := tls.Server(c, cfg)
		if tc.Handshake() != nil {
			return
		}
		r, _ := http.ReadRequest(bufio.NewReader(tc))
		serve(tc, r)
		tc.Close()
	})
}

// Page answers with a status and a body.
func Page(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// App is the application: content at "/", 404 elsewhere.
func App(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		Page(404, "<html><head><title>404 Not Found</title></head><body>404 page not found</body></html>")(w, r)
		return
	}
	Page(200, Content)(w, r)
}

// Protected lets holders of a certificate of the CA through to App, and sends
// everybody else to refuse.
func Protected(refuse http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 || !trusted(r.TLS.PeerCertificates[0]) {
			refuse(w, r)
			return
		}
		App(w, r)
	}
}

func trusted(c *x509.Certificate) bool {
	_, err := c.Verify(x509.VerifyOptions{Roots: Keys().Roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err == nil
}

// ByHost sends requests to one handler per Host, without its port and case.
func ByHost(hosts map[string]http.HandlerFunc, otherwise http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := strings.Cut(strings.ToLower(r.Host), ":")
		if h := hosts[strings.TrimSuffix(host, ".")]; h != nil {
			h(w, r)
			return
		}
		otherwise(w, r)
	}
}
