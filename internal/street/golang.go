//go:build linux

package street

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/quic-go/quic-go/http3"
)

// goSite is one origin written in Go.
type goSite struct {
	posture string
	expect  expectation
	// auth and tune make the TLS configuration; handler answers.
	auth    tls.ClientAuthType
	tune    func(*tls.Config, *Case)
	handler func(*Case) http.Handler
	after   func(*Case)
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// listen opens a listener for the block, and closes it with the street.
func (b *block) listen(addr string, port int) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(addr, strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errConflict, err)
	}
	b.closers = append(b.closers, func() { l.Close() })
	return l, nil
}

// serve runs an HTTP server for the block.
func (b *block) serve(l net.Listener, conf *tls.Config, h http.Handler) {
	srv := &http.Server{Handler: h, ErrorLog: quiet(), ReadHeaderTimeout: time.Minute}
	b.closers = append(b.closers, func() { srv.Close() })
	if conf == nil {
		go srv.Serve(l)
		return
	}
	srv.TLSConfig = conf.Clone() // the server writes to it
	if len(conf.NextProtos) == 0 {
		srv.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	}
	go srv.ServeTLS(l, "", "")
}

func pool(a *Authority) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.Certificate)
	return p
}

// strangersGet answers strangers itself and lets the others through.
func strangersGet(refuse, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) == 0 {
			refuse(w, r)
			return
		}
		next(w, r)
	})
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Error(w, http.StatusText(code), code) }
}

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }

func refusedWith200(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprint(w, refusedPage)
}

func redirectTo(where string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, where, http.StatusFound) }
}

func always(h http.HandlerFunc) func(*Case) http.Handler {
	return func(*Case) http.Handler { return h }
}

func ifStranger(refuse, next http.HandlerFunc) func(*Case) http.Handler {
	return func(*Case) http.Handler { return strangersGet(refuse, next) }
}

func buildGo(b *block) error {
	p := b.street.PKI
	// perSNI gives the protected name one way of asking and all else another.
	perSNI := func(protected, other tls.ClientAuthType) func(*tls.Config, *Case) {
		return func(conf *tls.Config, c *Case) {
			own, rest := conf.Clone(), conf.Clone()
			own.ClientAuth, rest.ClientAuth = protected, other
			conf.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				if h.ServerName == c.Hostname {
					return own, nil
				}
				return rest, nil
			}
		}
	}
	// resumable emulates virtual hosts that share their session tickets, where the
	// protected one looks for a certificate in full handshakes only
	// (CVE-2025-23419); patched looks at resumed ones, too.
	resumable := func(patched bool) func(*tls.Config, *Case) {
		return func(conf *tls.Config, c *Case) {
			var key [32]byte
			copy(key[:], c.Hostname)
			conf.SetSessionTicketKeys([][32]byte{key})
			own, rest := conf.Clone(), conf.Clone()
			own.ClientAuth, rest.ClientAuth = tls.VerifyClientCertIfGiven, tls.NoClientCert
			own.SetSessionTicketKeys([][32]byte{key})
			rest.SetSessionTicketKeys([][32]byte{key})
			own.VerifyConnection = func(cs tls.ConnectionState) error {
				if len(cs.PeerCertificates) == 0 && (patched || !cs.DidResume) {
					return errors.New("no certificate")
				}
				return nil
			}
			conf.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				if h.ServerName == c.Hostname {
					return own, nil
				}
				return rest, nil
			}
		}
	}
	// bySNI serves the protected content under the protected SNI alone.
	bySNI := func(c *Case) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.TLS.ServerName == c.Hostname {
				serveApp(w, r)
				return
			}
			serveOther(w, r)
		})
	}
	trailing := func(c *Case) http.Handler {
		// A check that compares the Host exactly and a router that does not.
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Host == c.Hostname && len(r.TLS.PeerCertificates) == 0 {
				status(403)(w, r)
				return
			}
			if strings.EqualFold(strings.TrimSuffix(r.Host, "."), c.Hostname) {
				serveApp(w, r)
				return
			}
			status(421)(w, r)
		})
	}
	versions := func(min, max uint16) func(*tls.Config, *Case) {
		return func(conf *tls.Config, _ *Case) {
			conf.MinVersion, conf.MaxVersion = min, max
			if max < tls.VersionTLS12 {
				conf.NextProtos = nil // HTTP/2 refuses old versions
			}
		}
	}
	issuer := func(*Case) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if pc := r.TLS.PeerCertificates; len(pc) == 0 || pc[0].Issuer.CommonName != cloudflareCN {
				status(403)(w, r)
				return
			}
			serveApp(w, r)
		})
	}
	onlyOpenPath := func(*Case) http.Handler {
		refuse := strangersGet(status(403), serveApp)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/open/") {
				serveApp(w, r)
				return
			}
			refuse.ServeHTTP(w, r)
		})
	}
	sites := []goSite{
		{"demanded", demanded(), tls.RequireAndVerifyClientCert, nil, always(serveApp), nil},
		{"demanded-no-http2", demanded(), tls.RequireAndVerifyClientCert, func(c *tls.Config, _ *Case) { c.NextProtos = nil }, always(serveApp), nil},
		{"open", open(), tls.NoClientCert, nil, always(serveApp), nil},
		{"optional", open(), tls.RequestClientCert, nil, always(serveApp), nil},
		{"optional-verify-if-given", open(), tls.VerifyClientCertIfGiven, nil, always(serveApp), nil},
		{"optional-403", bare(), tls.VerifyClientCertIfGiven, nil, ifStranger(status(403), serveApp), nil},
		{"optional-404", bare(), tls.VerifyClientCertIfGiven, nil, ifStranger(status(404), serveApp), nil},
		{"optional-401", bare(), tls.VerifyClientCertIfGiven, nil, ifStranger(status(401), serveApp), nil},
		{"optional-302", bare(), tls.VerifyClientCertIfGiven, nil, ifStranger(redirectTo("https://www.example.com/"), serveApp), nil},
		{"optional-200-page", page(), tls.VerifyClientCertIfGiven, nil, ifStranger(refusedWith200, serveApp), nil},
		{"optional-abort", bare(), tls.VerifyClientCertIfGiven, nil, ifStranger(hangUp, serveApp), nil},
		{"any-certificate", around("rogue-certificate", Way{Cert: "rogue"}), tls.RequireAnyClientCert, nil, always(serveApp), nil},
		{"any-certificate-403", around("rogue-certificate", Way{Cert: "rogue"}), tls.RequestClientCert, nil, ifStranger(status(403), serveApp), nil},
		{"issuer-name", around("spoofed-issuer", Way{Cert: "spoofed"}), tls.RequestClientCert, nil, issuer, nil},
		{"issuer-name-required", around("spoofed-issuer", Way{Cert: "spoofed"}), tls.RequireAnyClientCert, nil, issuer, nil},
		{"default-serves-protected", aroundElsewhere("no-sni|other-sni", Way{SNI: "-"}, Way{SNI: "nobody.example.com"}), 0, perSNI(tls.RequireAndVerifyClientCert, tls.NoClientCert), always(serveApp), nil},
		{"default-asks-only", aroundElsewhere("no-sni|other-sni", Way{SNI: "-"}), 0, perSNI(tls.RequireAndVerifyClientCert, tls.RequestClientCert), always(serveApp), nil},
		{"default-other-content", elsewhere(), 0, perSNI(tls.RequireAndVerifyClientCert, tls.NoClientCert), bySNI, nil},
		{"sibling-other-content", elsewhere(), 0, perSNI(tls.RequireAndVerifyClientCert, tls.NoClientCert), bySNI, withSibling},
		{"resumption", around("resumed-session", Way{SessionSNI: "@SIBLING@"}, Way{SessionSNI: "-", SessionHost: "@SIBLING@"}), 0, resumable(false), bySNI, withSibling},
		{"resumption-patched", elsewhere(), 0, resumable(true), bySNI, withSibling},
		{"host-compared-loosely", around("other-sni|other-host|no-sni", Way{Host: "APP"}), tls.VerifyClientCertIfGiven, nil, trailing, func(c *Case) { c.Ways[0].Host = strings.ToUpper(c.Hostname) }},
		{"path", around("path", Way{Path: "/open/"}), tls.VerifyClientCertIfGiven, nil, onlyOpenPath, nil},
		{"wrong-ca", foreign(), tls.RequireAndVerifyClientCert, func(c *tls.Config, _ *Case) { c.ClientCAs = pool(p.OtherCA) }, always(serveApp), nil},
		{"tls12-demanded", demanded(), tls.RequireAndVerifyClientCert, versions(tls.VersionTLS12, tls.VersionTLS12), always(serveApp), nil},
		{"tls13-demanded", demanded(), tls.RequireAndVerifyClientCert, versions(tls.VersionTLS13, tls.VersionTLS13), always(serveApp), nil},
		{"tls12-open", open(), tls.NoClientCert, versions(tls.VersionTLS12, tls.VersionTLS12), always(serveApp), nil},
		{"tls13-optional-302", bare(), tls.VerifyClientCertIfGiven, versions(tls.VersionTLS13, tls.VersionTLS13), ifStranger(redirectTo("https://www.example.com/"), serveApp), nil},
		{"tls10-open", legacy(Way{TLS: "1.0", Legacy: true}), tls.NoClientCert, versions(tls.VersionTLS10, tls.VersionTLS10), always(serveApp), nil},
		{"tls11-open", legacy(Way{TLS: "1.1", Legacy: true}), tls.NoClientCert, versions(tls.VersionTLS11, tls.VersionTLS11), always(serveApp), nil},
		{"tls12-open-tls13-demanded", around("no-certificate", Way{TLS: "1.2"}), 0, func(conf *tls.Config, _ *Case) {
			strict := conf.Clone()
			strict.ClientAuth = tls.RequireAndVerifyClientCert
			conf.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				for _, v := range h.SupportedVersions {
					if v == tls.VersionTLS13 {
						return strict, nil
					}
				}
				return nil, nil
			}
		}, always(serveApp), func(c *Case) { c.Refused = []Way{{TLS: "1.3"}} }},
		{"http2-open-http1-demanded", around("http2|no-certificate", Way{}), tls.VerifyClientCertIfGiven, nil, func(*Case) http.Handler {
			return strangersGet(func(w http.ResponseWriter, r *http.Request) {
				if r.ProtoMajor == 2 {
					serveApp(w, r)
					return
				}
				status(403)(w, r)
			}, serveApp)
		}, func(c *Case) { c.Refused = []Way{{HTTP1: true}} }},
		{"everybody-403-asked", closedAsked(), tls.RequestClientCert, nil, always(status(403)), nil},
		{"everybody-403", closedUnasked(), tls.NoClientCert, nil, always(status(403)), nil},
		{"everybody-200-refused", refusalForAll(), tls.RequestClientCert, nil, always(refusedWith200), nil},
		{"everybody-hung-up-asked", closedAsked(), tls.RequestClientCert, nil, always(hangUp), nil},
		{"everybody-500", broken502(), tls.NoClientCert, nil, always(status(500)), nil},
		{"everybody-alert", closedAlert(), tls.NoClientCert, func(c *tls.Config, _ *Case) {
			c.VerifyConnection = func(tls.ConnectionState) error { return errors.New("nobody") }
		}, always(serveApp), nil},
		{"everybody-alert-asked", expectation{truth: Closed, with: []string{inconclusive}, without: []string{inconclusive, enforced}, ambiguous: true}, tls.RequestClientCert, func(c *tls.Config, _ *Case) {
			c.VerifyConnection = func(tls.ConnectionState) error { return errors.New("nobody") }
		}, always(serveApp), nil},
		{"login", openAnswer(false), tls.NoClientCert, nil, func(*Case) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/" {
					http.Redirect(w, r, "/login?next=%2F", http.StatusFound)
					return
				}
				serveApp(w, r)
			})
		}, loginForAll},
		{"http3-open", around("http3", Way{HTTP3: true}), tls.RequireAndVerifyClientCert, nil, always(serveApp), func(c *Case) { c.HTTP3 = true }},
		{"http3-demanded", demanded(), tls.RequireAndVerifyClientCert, nil, always(serveApp), func(c *Case) { c.HTTP3 = true }},
		{"http3-optional-403", bare(), tls.VerifyClientCertIfGiven, nil, ifStranger(status(403), serveApp), func(c *Case) { c.HTTP3 = true }},
	}
	return b.goSites(sites)
}

// goSites starts the origins of a list.
func (b *block) goSites(sites []goSite) error {
	p := b.street.PKI
	for _, s := range sites {
		c := b.house(s.posture, s.expect)
		if s.after != nil {
			s.after(c)
		}
		conf := &tls.Config{Certificates: []tls.Certificate{p.Server}, ClientAuth: s.auth, ClientCAs: pool(p.ClientCA), NextProtos: []string{"h2", "http/1.1"}}
		if s.tune != nil {
			s.tune(conf, c)
		}
		l, err := b.listen(c.Address, c.Port)
		if err != nil {
			return err
		}
		b.serve(l, conf, s.handler(c))
		if c.HTTP3 {
			auth := conf.Clone()
			if s.posture == "http3-open" {
				auth.ClientAuth = tls.NoClientCert
			}
			if err := b.serveHTTP3(c, auth, s.handler(c)); err != nil {
				return err
			}
		}
	}
	return nil
}

// serveHTTP3 listens for QUIC on the case's port.
func (b *block) serveHTTP3(c *Case, conf *tls.Config, h http.Handler) error {
	udp, err := net.ListenPacket("udp", net.JoinHostPort(c.Address, strconv.Itoa(c.Port)))
	if err != nil {
		return fmt.Errorf("%w: %w", errConflict, err)
	}
	srv := &http3.Server{Handler: h, TLSConfig: http3.ConfigureTLSConfig(conf)}
	var wg sync.WaitGroup
	wg.Go(func() { srv.Serve(udp) })
	b.closers = append(b.closers, func() { srv.Close(); udp.Close(); wg.Wait() })
	return nil
}
