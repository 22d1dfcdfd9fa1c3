package probe

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/aopscan/aopscan/internal/evidence"
)

// quicPatience is how long a UDP port gets to show that it speaks QUIC. Most do
// not, and most firewalls say nothing.
const quicPatience = time.Second

var errNoQUIC = errors.New("no QUIC server answered")

// speaksQUIC asks for a QUIC version that nobody has: every server must answer
// with those it has (RFC 9000, section 6.1), without state or handshake.
func (p *prober) speaksQUIC(ctx context.Context) error {
	d := net.Dialer{}
	c, err := d.DialContext(ctx, "udp", p.addr.String())
	if err != nil {
		return err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	packet := make([]byte, 1200)
	rand.Read(packet)
	packet[0] = 0xc0 | packet[0]&0x0f
	copy(packet[1:], []byte{0x1a, 0x2a, 0x3a, 0x4a}) // reserved (RFC 9000, section 15)
	packet[5], packet[14] = 8, 8                     // lengths of the connection IDs
	reply := make([]byte, 1500)
	for range 2 {
		if _, err := c.Write(packet); err != nil {
			return err
		}
		c.SetReadDeadline(earlier(time.Now().Add(quicPatience/2), time.Now().Add(p.o.AttemptTimeout)))
		n, err := c.Read(reply)
		if err == nil {
			if n >= 7 && reply[0]&0x80 != 0 && bytes.Equal(reply[1:5], []byte{0, 0, 0, 0}) {
				return nil
			}
			return fmt.Errorf("%w: what came is not QUIC", errNotHTTP)
		}
		if closeKind(err) != evidence.CloseTimeout {
			return err
		}
	}
	return fmt.Errorf("%w: %w", errNoQUIC, context.DeadlineExceeded)
}

// quic makes one attempt over HTTP/3 (RFC 9114).
func (p *prober) quic(ctx context.Context, s spec) outcome {
	s.min, s.max, s.alpn = tls.VersionTLS13, tls.VersionTLS13, []string{"h3"}
	ob := s.observe("quic")
	out := outcome{Observation: ob}
	t := p.clock()
	defer func() { ob.Timings.Done = t.us() }()
	ctx, cancel := context.WithTimeout(ctx, min(s.timeout, 5*time.Second))
	defer cancel()
	ob.Stage = evidence.StageDial
	if err := checkAddress(s.addr.Addr(), p.o.AllowAddresses); err != nil {
		fail(ob, err, evidence.DuringHandshake)
		return out
	}
	if err := p.speaksQUIC(ctx); err != nil {
		fail(ob, underlying(ctx, err), evidence.DuringHandshake)
		return out
	}
	ob.Stage, ob.Timings.Connected = evidence.StageHandshake, t.us()
	cfg := &tls.Config{
		ServerName:         s.sni,
		InsecureSkipVerify: true,
		MinVersion:         tls.VersionTLS13,
		NextProtos:         s.alpn,
		Time:               p.o.Now,
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			p.recordServer(ob, raw)
			return nil
		},
		GetClientCertificate: func(cri *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return recordRequest(ob, s, cri, false)
		},
	}
	// quic-go would print advice about kernel buffers into the user's terminal; one
	// request needs none of it.
	os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	udp, err := net.ListenUDP("udp", nil)
	if err != nil {
		fail(ob, err, evidence.DuringHandshake)
		return out
	}
	defer udp.Close()
	tr := &quic.Transport{Conn: udp}
	defer tr.Close()
	conn, err := tr.Dial(ctx, net.UDPAddrFromAddrPort(s.addr), cfg, &quic.Config{
		HandshakeIdleTimeout: 3 * time.Second, MaxIdleTimeout: 5 * time.Second,
		InitialStreamReceiveWindow: 2 * MaxBody, MaxStreamReceiveWindow: 2 * MaxBody,
		InitialConnectionReceiveWindow: 4 * MaxBody, MaxConnectionReceiveWindow: 4 * MaxBody,
	})
	if err != nil {
		failQUIC(ob, err, evidence.DuringHandshake)
		return out
	}
	defer conn.CloseWithError(0, "")
	ob.Stage, ob.Timings.Secured = evidence.StageSecured, t.us()
	cs := conn.ConnectionState().TLS
	ob.Version, ob.Cipher, ob.Protocol = versionText(cs.Version), tls.CipherSuiteName(cs.CipherSuite), cs.NegotiatedProtocol
	p.exchange3(ctx, ob, conn, t)
	return out
}

// exchange3 sends one request and reads its answer.
func (p *prober) exchange3(ctx context.Context, ob *evidence.Observation, conn *quic.Conn, t clock) {
	h3 := &http3.Transport{DisableCompression: true, MaxResponseHeaderBytes: maxHead}
	defer h3.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+urlHost(ob.Host)+ob.Path, nil)
	if err != nil {
		ob.Close, ob.Closed, ob.Error = evidence.CloseLocal, evidence.AfterHandshake, clean(err.Error(), 300)
		return
	}
	req.Host = ob.Host
	req.Header.Set("User-Agent", p.o.UserAgent)
	req.Header.Set("Accept", "*/*")
	resp, err := h3.NewClientConn(conn).RoundTrip(req)
	if err != nil {
		failQUIC(ob, err, evidence.AfterRequest)
		return
	}
	defer resp.Body.Close()
	ob.AppData, ob.Timings.FirstByte = true, t.us()
	a := &answer{protocol: "HTTP/3", status: resp.StatusCode, header: header{}}
	for k := range resp.Header {
		a.header[strings.ToLower(k)] = resp.Header.Get(k)
	}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, MaxBody+1))
	if len(a.body) > MaxBody {
		a.body, a.truncated = a.body[:MaxBody], true
	}
	a.truncated = a.truncated || err != nil
	ob.Stage, ob.HTTP = evidence.StageResponse, a.response()
}

// urlHost drops what a URL cannot carry; the Host goes into req.Host.
func urlHost(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

// failQUIC records how a QUIC attempt ended: a TLS alert is the error code 0x100
// plus its number (RFC 9001, section 4.8).
func failQUIC(ob *evidence.Observation, err error, when evidence.Moment) {
	var te *quic.TransportError
	if errors.As(err, &te) && te.ErrorCode.IsCryptoError() && te.Remote {
		ob.Close, ob.Closed = evidence.CloseAlert, when
		ob.Alert = int(te.ErrorCode - 0x100)
		ob.AlertName = alertNames[ob.Alert]
		ob.Error = clean(err.Error(), 300)
		return
	}
	var idle *quic.IdleTimeoutError
	var hs *quic.HandshakeTimeoutError
	var app *quic.ApplicationError
	var stream *quic.StreamError
	var he *http3.Error
	fail(ob, err, when)
	switch {
	case errors.As(err, &idle), errors.As(err, &hs):
		ob.Close = evidence.CloseTimeout
	case errors.As(err, &he):
		ob.Close, ob.StreamError = evidence.CloseReset, he.ErrorCode.String()
	case errors.As(err, &app), errors.As(err, &stream), errors.As(err, &te) && te.Remote:
		ob.Close = evidence.CloseReset
	case errors.As(err, &te):
		ob.Close = evidence.CloseLocal
	}
}
