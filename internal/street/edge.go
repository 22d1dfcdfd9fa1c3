//go:build linux

package street

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Edge stands where Cloudflare stands: it takes a visitor's request for a name of
// the street, pulls the answer from that case's origin with the right client
// certificate, and says with Cloudflare's own status codes what went wrong.
// https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
type Edge struct {
	// Address is where it listens, with the port.
	Address string
	server  *http.Server
}

// StartEdge starts an edge for the cases of the street. Close ends it.
func (s *Street) StartEdge() (*Edge, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the edge: %w", err)
	}
	origins := map[string]*http.Transport{}
	for _, c := range s.Cases {
		origins[c.Hostname] = s.pull(c)
	}
	e := &Edge{Address: l.Addr().String()}
	e.server = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			host, _, _ := strings.Cut(strings.ToLower(r.Host), ":")
			w.Header().Set("Server", "cloudflare")
			w.Header().Set("CF-RAY", fmt.Sprintf("%016x-FRA", time.Now().UnixNano()))
			tr, ok := origins[host]
			if !ok {
				edgeError(w, 530, "Origin DNS error")
				return
			}
			passOn(w, r, tr, host)
		}),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{s.PKI.Server}},
		ErrorLog:          quiet(),
		ReadHeaderTimeout: time.Minute,
	}
	go e.server.ServeTLS(l, "", "")
	return e, nil
}

// Close ends the edge.
func (e *Edge) Close() { e.server.Close() }

// pull is how the edge connects to a case's origin.
func (s *Street) pull(c Case) *http.Transport {
	addr := net.JoinHostPort(c.Address, strconv.Itoa(c.Port))
	conf := &tls.Config{InsecureSkipVerify: true, ServerName: c.Hostname, MinVersion: tls.VersionTLS10,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return s.PKI.Certificate(c.Control), nil }}
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		conf.CipherSuites = append(conf.CipherSuites, suite.ID)
	}
	return &http.Transport{
		TLSClientConfig: conf, DisableKeepAlives: true, ResponseHeaderTimeout: 5 * time.Second, TLSHandshakeTimeout: 5 * time.Second,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, network, addr)
		},
	}
}

// passOn answers with what the origin says.
func passOn(w http.ResponseWriter, r *http.Request, tr *http.Transport, host string) {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, "https://"+host+r.URL.RequestURI(), nil)
	if err != nil {
		edgeError(w, 520, "Web server is returning an unknown error")
		return
	}
	req.Header.Set("User-Agent", r.UserAgent())
	req.Header.Set("CF-Connecting-IP", "192.0.2.7")
	resp, err := tr.RoundTrip(req)
	if err != nil {
		var op *net.OpError
		switch timeout, ok := err.(net.Error); {
		case errors.As(err, &op) && op.Op == "dial":
			edgeError(w, 521, "Web server is down")
		case strings.Contains(err.Error(), "handshake") || strings.Contains(err.Error(), "tls: "):
			edgeError(w, 525, "SSL handshake failed")
		case ok && timeout.Timeout():
			edgeError(w, 524, "A timeout occurred")
		default:
			edgeError(w, 520, "Web server is returning an unknown error")
		}
		return
	}
	defer resp.Body.Close()
	for name, values := range resp.Header {
		switch name {
		case "Connection", "Transfer-Encoding", "Keep-Alive", "Server", "Alt-Svc":
		default:
			w.Header()[name] = values
		}
	}
	w.WriteHeader(resp.StatusCode)
	io.Copy(w, io.LimitReader(resp.Body, 4<<20))
}

func edgeError(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(code)
	fmt.Fprintf(w, "<!DOCTYPE html><html><head><title>example.com | %d: %s</title></head><body><h1>%s <span>Error code %d</span></h1></body></html>", code, text, text, code)
}
