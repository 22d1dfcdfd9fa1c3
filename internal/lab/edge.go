package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// The edge's own errors (https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/).
var edgeErrors = map[int]string{
	520: "Web server is returning an unknown error",
	521: "Web server is down",
	522: "Connection timed out",
	525: "SSL handshake failed",
	526: "Invalid SSL certificate",
	530: "Origin DNS error",
}

// edgeBodyMax bounds what the edge passes on of an origin's answer.
const edgeBodyMax = 1 << 20

// edgeRoute is what the edge does for one hostname.
type edgeRoute struct {
	pull Pull
	// at are the origins' addresses; the first that accepts a connection is used.
	at []netip.AddrPort
}

// edge plays Cloudflare's reverse proxy.
type edge struct {
	lab    *Lab
	routes map[string]edgeRoute
	rays   atomic.Uint64
}

// startEdge serves the edge on its listener: TLS for any SNI.
func (l *Lab) startEdge(ln net.Listener) error {
	e := &edge{lab: l, routes: map[string]edgeRoute{}}
	var names []string
	for _, z := range l.world.Zones {
		if z.Paused {
			continue // Cloudflare's DNS names the origins; the edge knows nothing
		}
		for _, h := range z.Hosts {
			r := edgeRoute{pull: z.Pull}
			if h.Pull != nil {
				r.pull = *h.Pull
			}
			for _, name := range h.origins() {
				at := l.addresses[name]
				if r.pull.Plain {
					at = l.plain[name]
				}
				r.at = append(r.at, at)
			}
			e.routes[h.fqdn(z.Name)] = r
			names = append(names, h.fqdn(z.Name))
		}
	}
	leaf, err := l.pki.server("edge", names, l.edgeIP, false)
	if err != nil {
		return err
	}
	l.serve(&http.Server{Handler: e, TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{leaf.tls()}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, Time: l.clock,
	}}, ln, true)
	return nil
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "cloudflare")
	w.Header().Set("CF-Ray", fmt.Sprintf("%016x-LAB", e.rays.Add(1)))
	w.Header().Set("CF-Cache-Status", "DYNAMIC")
	host := hostOnly(r.Host)
	route, ok := e.routes[host]
	if !ok {
		writePage(w, http.StatusForbidden, errorPage("Error 1001", "DNS resolution error"))
		return
	}
	if len(route.at) == 0 {
		e.fail(w, host, 530)
		return
	}
	var code int
	for _, at := range route.at {
		res, c := e.pull(r, host, route.pull, at)
		if res != nil {
			defer res.Body.Close()
			w.Header().Set("Content-Type", res.Header.Get("Content-Type"))
			w.WriteHeader(res.StatusCode)
			_, _ = io.Copy(w, io.LimitReader(res.Body, edgeBodyMax))
			return
		}
		if code = c; code != 521 && code != 522 {
			break
		}
	}
	e.fail(w, host, code)
}

func (e *edge) fail(w http.ResponseWriter, host string, code int) {
	w.Header().Del("CF-Cache-Status")
	writePage(w, code, errorPage(fmt.Sprintf("%s | %d: %s", host, code, edgeErrors[code]), fmt.Sprintf("Error code %d", code)))
}

// pull asks the origin as Cloudflare would. Without an answer it says which of
// the edge's errors that is.
func (e *edge) pull(r *http.Request, host string, p Pull, at netip.AddrPort) (*http.Response, int) {
	conf := &tls.Config{
		ServerName: host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: !p.Verify,
		RootCAs: e.lab.pki.serverCA.pool(), Time: e.lab.clock,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if p.Cert == "" {
				return &tls.Certificate{}, nil
			}
			c := e.lab.pki.certs[p.Cert].tls()
			return &c, nil
		},
	}
	tr := &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: conf, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: 5 * time.Second,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			d := net.Dialer{Timeout: 3 * time.Second}
			return d.DialContext(ctx, "tcp", at.String())
		},
	}
	defer tr.CloseIdleConnections()
	var handshake error
	ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{TLSHandshakeDone: func(_ tls.ConnectionState, err error) { handshake = err }})
	scheme := "https"
	if p.Plain {
		scheme = "http"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+host+r.URL.RequestURI(), nil)
	if err != nil {
		return nil, 520
	}
	req.Header.Set("CF-Connecting-IP", strings.TrimSuffix(hostOnly(r.RemoteAddr), "."))
	req.Header.Set("CF-Visitor", `{"scheme":"https"}`)
	res, err := tr.RoundTrip(req)
	if err == nil {
		return res, 0
	}
	var dial *net.OpError
	var invalid *tls.CertificateVerificationError
	switch {
	case errors.As(err, &invalid):
		return nil, 526
	case handshake != nil:
		return nil, 525
	case errors.As(err, &dial) && dial.Op == "dial" && errors.Is(err, syscall.ECONNREFUSED):
		return nil, 521
	case errors.As(err, &dial) && dial.Op == "dial":
		return nil, 522
	}
	return nil, 520 // the origin hung up after the handshake, as TLS 1.3 refusals do
}
