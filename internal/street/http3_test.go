//go:build linux

package street

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// getHTTP3 makes the request of a way over QUIC; Debian's curl does not speak it.
func getHTTP3(s *Street, c Case, w Way) (string, error) {
	sni, host, path, port := w.names(c)
	addr := net.JoinHostPort(c.Address, strconv.Itoa(port))
	conf := &tls.Config{InsecureSkipVerify: true, ServerName: sni}
	if cert := s.PKI.Certificate(w.Cert); cert != nil {
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil }
	}
	tr := &http3.Transport{TLSClientConfig: conf, Dial: func(ctx context.Context, _ string, tc *tls.Config, qc *quic.Config) (*quic.Conn, error) {
		return quic.DialAddr(ctx, addr, tc, qc)
	}}
	defer tr.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", "https://"+sni+path, nil)
	if err != nil {
		return "", err
	}
	req.Host = host
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.Status + "\n" + string(text), err
}
