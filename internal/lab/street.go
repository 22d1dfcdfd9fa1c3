package lab

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// The street's preferred ports are two that Cloudflare's proxy knows, so that
// the zones' Origin Rules look like real ones. No privilege is needed for them.
const (
	streetPort      = 8443
	streetPlainPort = 8080
)

// house is an origin with its listeners.
type house struct {
	Origin
	tls, plain net.Listener
}

// startStreet gives every origin an address, binds all of them, and starts the
// origins and the edge.
func (l *Lab) startStreet(ctx context.Context, oneAddress bool) error {
	if err := l.world.resolve(); err != nil {
		return err
	}
	houses, edge, err := l.bindStreet(ctx, oneAddress)
	if err != nil {
		return fmt.Errorf("binding the street: %w", err)
	}
	for _, h := range houses {
		if h.Posture == Silent {
			l.keepSilent(h.tls)
			continue
		}
		if h.tls != nil {
			srv, err := l.originServer(h)
			if err != nil {
				return err
			}
			l.serve(srv, h.tls, true)
		}
		if h.plain != nil {
			l.serve(&http.Server{Handler: siteHandler(h.Hosts)}, h.plain, false)
		}
	}
	return l.startEdge(edge)
}

// resolve fills in what the world's parts say of each other.
func (w *World) resolve() error {
	pools := map[string][]string{}
	for _, a := range w.Accounts {
		for _, p := range a.Pools {
			pools[p.Name] = p.Origins
		}
	}
	byName := map[string]*Origin{}
	origins := slices.Clone(w.Origins)
	for i := range origins {
		origins[i].Hosts = slices.Clone(origins[i].Hosts)
		byName[origins[i].Name] = &origins[i]
	}
	zones := slices.Clone(w.Zones)
	for zi := range zones {
		z := &zones[zi]
		z.Hosts = slices.Clone(z.Hosts)
		for hi := range z.Hosts {
			h := &z.Hosts[hi]
			h.poolOrigins = pools[h.Pool]
			for _, name := range h.origins() {
				o := byName[name]
				if o == nil {
					return fmt.Errorf("host %s: no origin named %q", h.fqdn(z.Name), name)
				}
				if host := h.fqdn(z.Name); !slices.Contains(o.Hosts, host) {
					o.Hosts = append(o.Hosts, host)
				}
			}
		}
	}
	w.Origins, w.Zones = origins, zones
	return nil
}

// bindStreet binds every origin and the edge. Where loopback is a whole /8
// (Linux), each origin has its own address and all have the same port; a second
// lab beside this one gets a street of its own. Elsewhere only 127.0.0.1 can be
// bound, and each origin has its own port.
func (l *Lab) bindStreet(ctx context.Context, oneAddress bool) ([]house, net.Listener, error) {
	if !oneAddress && canBind(ctx, "127.77.0.1") {
		for second := 77; second < 97; second++ {
			houses, edge, err := l.tryStreet(ctx, fmt.Sprintf("127.%d.", second), streetPort, streetPlainPort)
			if err == nil {
				l.edgeNet = netip.MustParsePrefix(fmt.Sprintf("127.%d.0.0/24", second))
				l.AllowCIDR = "127.0.0.0/8"
				return houses, edge, nil
			}
		}
	}
	houses, edge, err := l.tryStreet(ctx, "", 0, 0)
	l.AllowCIDR = "127.0.0.1/32"
	return houses, edge, err
}

// canBind reports whether a loopback address can be bound on this system.
func canBind(ctx context.Context, ip string) bool {
	ln, err := listen(ctx, netip.AddrPortFrom(netip.MustParseAddr(ip), 0))
	if err == nil {
		ln.Close()
	}
	return err == nil
}

// tryStreet binds everything below the prefix, or nothing. An empty prefix puts
// everything on 127.0.0.1.
func (l *Lab) tryStreet(ctx context.Context, prefix string, port, plainPort uint16) (houses []house, edge net.Listener, err error) {
	var bound []net.Listener
	defer func() {
		if err != nil {
			for _, ln := range bound {
				ln.Close()
			}
		}
	}()
	bind := func(number string, port uint16) (net.Listener, netip.AddrPort) {
		if err != nil {
			return nil, netip.AddrPort{}
		}
		ip := netip.MustParseAddr("127.0.0.1")
		if prefix != "" {
			if ip, err = netip.ParseAddr(prefix + number); err != nil {
				return nil, netip.AddrPort{}
			}
		}
		var ln net.Listener
		if ln, err = listen(ctx, netip.AddrPortFrom(ip, port)); err != nil {
			return nil, netip.AddrPort{}
		}
		bound = append(bound, ln)
		return ln, ln.Addr().(*net.TCPAddr).AddrPort()
	}
	l.Ports = nil
	edge, edgeAddr := bind("0.1", port)
	for _, o := range l.world.Origins {
		h := house{Origin: o}
		h.tls, l.addresses[o.Name] = bind(o.Number, port)
		if o.Plain {
			h.plain, l.plain[o.Name] = bind(o.Number, plainPort)
			if p := int(l.plain[o.Name].Port()); err == nil && !slices.Contains(l.Ports, p) {
				l.Ports = append(l.Ports, p)
			}
		}
		if o.Posture == Dead && h.tls != nil {
			h.tls.Close()
			h.tls = nil
		}
		houses = append(houses, h)
	}
	if err != nil {
		return nil, nil, err
	}
	l.edgeIP, l.EdgeAddress = edgeAddr.Addr(), edgeAddr.String()
	// Until they are served, Close must still close them.
	l.closers = append(l.closers, func() {
		for _, ln := range bound {
			ln.Close()
		}
	})
	return houses, edge, nil
}

func listen(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", at.String())
}

// serve runs a server until Close, which waits for its connections to end.
func (l *Lab) serve(srv *http.Server, ln net.Listener, secure bool) {
	srv.ErrorLog = log.New(io.Discard, "", 0) // a refused handshake is this street's daily life
	srv.ReadHeaderTimeout, srv.WriteTimeout, srv.IdleTimeout = 10*time.Second, 60*time.Second, 30*time.Second
	srv.MaxHeaderBytes = 64 << 10
	var serving, conns sync.WaitGroup
	srv.ConnState = func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			conns.Add(1)
		case http.StateClosed, http.StateHijacked:
			conns.Done()
		}
	}
	serving.Go(func() {
		if secure {
			_ = srv.ServeTLS(ln, "", "")
		} else {
			_ = srv.Serve(ln)
		}
	})
	l.closers = append(l.closers, func() {
		srv.Close()
		serving.Wait()
		conns.Wait()
	})
}

// silentMax bounds the connections that a silent origin holds open.
const silentMax = 256

// keepSilent accepts connections and holds them, unanswered, until Close.
func (l *Lab) keepSilent(ln net.Listener) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		var held []net.Conn
		defer func() {
			for _, c := range held {
				c.Close()
			}
		}()
		for len(held) < silentMax {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			held = append(held, c)
			l.kept.Add(1)
		}
		<-done
	})
	l.closers = append(l.closers, func() {
		close(done)
		ln.Close()
		running.Wait()
	})
}

// siteHandler serves the content of the origin's own hosts and 404 for others.
func siteHandler(hosts []string) http.Handler {
	pages := map[string]string{}
	for _, h := range hosts {
		pages[h] = sitePage(h)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[hostOnly(r.Host)]
		switch {
		case !ok:
			writePage(w, http.StatusNotFound, errorPage("404 No such site", "This server has no site of that name."))
		case r.URL.Path != "/":
			writePage(w, http.StatusNotFound, errorPage("404 Not Found", "There is nothing at this path."))
		default:
			writePage(w, http.StatusOK, page)
		}
	})
}

func hostOnly(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

var (
	errNoClientCertificate = errors.New("no client certificate")
	errWrongIssuer         = errors.New("client certificate of another issuer")
)

// originServer builds the server of one house: TLS settings and handler are
// what its posture says.
func (l *Lab) originServer(h house) (*http.Server, error) {
	leaf, err := l.pki.server(h.Name, h.Hosts, l.addresses[h.Name].Addr(), h.ExpiredServerCertificate)
	if err != nil {
		return nil, err
	}
	ca := l.pki.cas[h.Trusts]
	if ca == nil && !slices.Contains([]Posture{Open, Forbidden, AnyCertificate, Dead}, h.Posture) {
		return nil, fmt.Errorf("origin %s: no CA named %q", h.Name, h.Trusts)
	}
	conf := &tls.Config{
		Certificates: []tls.Certificate{leaf.tls()},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
		Time:         l.clock,
		ClientCAs:    ca.pool(),
	}
	site := siteHandler(h.Hosts)
	handler := site
	// holds reports whether the request came with a certificate of the CA.
	holds := func(r *http.Request) bool {
		return len(r.TLS.PeerCertificates) > 0 && ca.signed(r.TLS.PeerCertificates[0], l.clock())
	}

	switch h.Posture {
	case Demanded:
		conf.ClientAuth = tls.RequireAndVerifyClientCert
	case DemandedHTTP:
		conf.ClientAuth = tls.RequestClientCert
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case holds(r):
				site.ServeHTTP(w, r)
			case len(r.TLS.PeerCertificates) == 0:
				nginxRefusal(w, "No required SSL certificate was sent")
			default:
				nginxRefusal(w, "The SSL certificate error")
			}
		})
	case Open:
	case Optional:
		conf.ClientAuth = tls.VerifyClientCertIfGiven
	case AnyCertificate:
		conf.ClientAuth, conf.ClientCAs = tls.RequireAnyClientCert, nil
	case IssuerName:
		conf.ClientAuth = tls.RequireAnyClientCert
		conf.VerifyConnection = func(cs tls.ConnectionState) error {
			if cs.PeerCertificates[0].Issuer.String() != ca.cert.Subject.String() {
				return errWrongIssuer
			}
			return nil
		}
	case DefaultVirtualHost:
		open := conf.Clone()
		conf.ClientAuth = tls.RequireAndVerifyClientCert
		conf.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if slices.Contains(h.Hosts, hello.ServerName) {
				return nil, nil
			}
			return open, nil
		}
	case ResumedSession:
		handler = l.resumedSession(conf, h, site)
	case Forbidden:
		handler = forbidden("Only our own network may come in.")
	case RefusesEverybody:
		conf.ClientAuth = tls.VerifyClientCertIfGiven
		handler = forbidden("Nobody may come in.")
	case RefusalPage:
		conf.ClientAuth = tls.VerifyClientCertIfGiven
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if holds(r) {
				site.ServeHTTP(w, r)
				return
			}
			writePage(w, http.StatusOK, errorPage("Please use our public address",
				"This server answers requests of its delivery network alone. Nothing of the site is shown on this way."))
		})
	default:
		return nil, fmt.Errorf("origin %s: unknown posture %q", h.Name, h.Posture)
	}
	return &http.Server{Handler: handler, TLSConfig: conf}, nil
}

// resumedSession sets up the flaw of the CVE-2025-23419 class: two virtual hosts
// share their session tickets, and the certificate is demanded only in a full
// handshake. Without resumption nothing of the site can be had: SNI and Host
// must agree.
func (l *Lab) resumedSession(conf *tls.Config, h house, site http.Handler) http.Handler {
	open := conf.Clone()
	conf.ClientAuth = tls.RequestClientCert
	conf.VerifyConnection = func(cs tls.ConnectionState) error {
		if cs.DidResume {
			return nil // the flaw
		}
		if len(cs.PeerCertificates) == 0 || !l.pki.cas[h.Trusts].signed(cs.PeerCertificates[0], l.clock()) {
			return errNoClientCertificate
		}
		return nil
	}
	conf.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.Contains(h.Hosts, hello.ServerName) {
			return nil, nil
		}
		return open, nil // with the same ticket keys, see tls.Config.GetConfigForClient
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protected := slices.Contains(h.Hosts, r.TLS.ServerName)
		switch host := hostOnly(r.Host); {
		case protected && host == r.TLS.ServerName:
			site.ServeHTTP(w, r)
		case protected, slices.Contains(h.Hosts, host):
			writePage(w, http.StatusMisdirectedRequest, errorPage("421 Misdirected Request", "The name asked for is another one than the connection was made for."))
		default:
			writePage(w, http.StatusOK, errorPage("Coming soon", "A new site is being built on this address."))
		}
	})
}

// signed reports whether the CA vouches for a client certificate at a time.
func (k *keyPair) signed(cert *x509.Certificate, now time.Time) bool {
	_, err := cert.Verify(x509.VerifyOptions{Roots: k.pool(), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return err == nil
}

// nginxRefusal answers as nginx does when ssl_verify_client is on.
func nginxRefusal(w http.ResponseWriter, why string) {
	w.Header().Set("Server", "nginx")
	w.Header().Set("Connection", "close")
	writePage(w, http.StatusBadRequest, fmt.Sprintf("<html>\r\n<head><title>400 %s</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n"+
		"<center>%[1]s</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n", why))
}

func forbidden(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writePage(w, http.StatusForbidden, errorPage("403 Forbidden", text))
	})
}
