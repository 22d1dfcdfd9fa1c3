package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
)

// spec is what one attempt tries. The zero values of the TLS fields mean: TLS
// 1.2 to 1.3, http/1.1, no certificate, no session.
type spec struct {
	name    evidence.AttemptName
	variant string
	addr    netip.AddrPort
	sni     string
	host    string
	path    string
	min     uint16
	max     uint16
	alpn    []string
	// legacy offers every cipher suite that crypto/tls knows.
	legacy bool
	offer  evidence.CertificateKind
	// certificate gives the certificate to offer when the server asks.
	certificate func(*tls.CertificateRequestInfo) (*tls.Certificate, error)
	offerIssuer string
	// offerSubject and offerNames are set where they are not a probe's usual ones.
	offerSubject string
	offerNames   []string
	// session is offered for resumption; from and fromSNI say where it is from.
	session *tls.ClientSessionState
	from    string
	fromSNI string
	// timeout bounds the attempt; 0 means the option's.
	timeout time.Duration
	// dialTimeout bounds the dial alone; 0 means timeout.
	dialTimeout time.Duration
	// repeated is true for an attempt that is made again after a busy answer.
	repeated bool
}

// outcome is an observation and what of an attempt does not belong into evidence.
type outcome struct {
	*evidence.Observation
	// sessions are the sessions that the server gave, in order.
	sessions []*tls.ClientSessionState
	// request is the last request for a certificate.
	request *tls.CertificateRequestInfo
}

// jar is a session cache for one connection: it offers what it was given,
// whatever the name, and keeps what it gets. Attempts never share one.
type jar struct {
	mu    sync.Mutex
	offer *tls.ClientSessionState
	got   []*tls.ClientSessionState
}

func (j *jar) Get(string) (*tls.ClientSessionState, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.offer
	j.offer = nil // once: a ticket must not be sent twice (RFC 8446, C.4)
	return s, s != nil
}

func (j *jar) Put(_ string, s *tls.ClientSessionState) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if s != nil && len(j.got) < 8 {
		j.got = append(j.got, s)
	}
}

func (j *jar) sessions() []*tls.ClientSessionState {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.got
}

// groups leaves out the hybrid post-quantum group: its key share doubles the
// first flight, which old middleboxes and servers do not take.
var groups = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}

// everySuite is what a legacy attempt offers: all that crypto/tls can do.
func everySuite() []uint16 {
	var ids []uint16
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids = append(ids, s.ID)
	}
	return ids
}

// observe starts the observation of an attempt.
func (s spec) observe(transport string) *evidence.Observation {
	if s.path == "" {
		s.path = "/"
	}
	ob := &evidence.Observation{
		Attempt: s.name, Variant: s.variant,
		Address: s.addr.Addr().String(), Port: int(s.addr.Port()), Transport: transport,
		SNI: s.sni, Host: s.host, Method: "GET", Path: s.path,
		Offer: s.offer, OfferIssuer: s.offerIssuer, OfferSubject: s.offerSubject, OfferNames: s.offerNames,
		SessionFrom: s.from, SessionSNI: s.fromSNI,
	}
	if ob.Offer == "" {
		ob.Offer = evidence.OfferNone
	}
	if transport != "tcp" {
		ob.MinVersion, ob.MaxVersion, ob.ALPN = versionText(s.min), versionText(s.max), s.alpn
	}
	return ob
}

// clock measures an attempt in microseconds.
type clock struct {
	now   func() time.Time
	start time.Time
}

func (p *prober) clock() clock { return clock{p.o.Now, p.o.Now()} }

func (c clock) us() int64 { return max(1, c.now().Sub(c.start).Microseconds()) }

// tls makes one attempt over TLS and returns what came back.
func (p *prober) tls(ctx context.Context, s spec) outcome {
	if s.min == 0 {
		s.min = tls.VersionTLS12
	}
	if s.max == 0 {
		s.max = tls.VersionTLS13
	}
	if s.alpn == nil {
		s.alpn = p.alpn
	}
	if s.timeout == 0 {
		s.timeout = p.o.AttemptTimeout
	}
	if s.dialTimeout == 0 {
		s.dialTimeout = s.timeout
	}
	ob := s.observe("tls")
	out := outcome{Observation: ob}
	t := p.clock()
	defer func() { ob.Timings.Done = t.us() }()

	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	conn, err := p.dial(ctx, s.addr, s.dialTimeout)
	if err != nil {
		ob.Stage = evidence.StageDial
		fail(ob, err, evidence.DuringHandshake)
		return out
	}
	defer conn.Close()
	ob.Timings.Connected = t.us()
	// One deadline ends the attempt whatever the peer does; a cancelled context
	// moves it into the past.
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	cache := &jar{offer: s.session}
	var secured bool
	cfg := &tls.Config{
		ServerName:         s.sni,
		InsecureSkipVerify: true, // what the origin shows is evidence, not a condition
		MinVersion:         s.min,
		MaxVersion:         s.max,
		NextProtos:         s.alpn,
		CurvePreferences:   groups,
		ClientSessionCache: cache,
		Renegotiation:      tls.RenegotiateFreelyAsClient,
		Time:               p.o.Now,
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			p.recordServer(ob, raw)
			return nil
		},
		GetClientCertificate: func(cri *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			out.request = cri
			return recordRequest(ob, s, cri, secured)
		},
	}
	if s.legacy {
		cfg.CipherSuites = everySuite()
	}
	tc := tls.Client(conn, cfg)
	defer func() {
		out.sessions = cache.sessions()
		ob.Ticket = len(out.sessions) > 0
	}()
	err = tc.HandshakeContext(ctx)
	if err != nil {
		ob.Stage = evidence.StageHandshake
		if conn.read == 0 {
			ob.Stage = evidence.StageConnected
		}
		fail(ob, underlying(ctx, err), evidence.DuringHandshake)
		p.recordSample(ob, conn)
		out.sessions = cache.sessions()
		return out
	}
	secured = true
	ob.Stage, ob.Timings.Secured = evidence.StageSecured, t.us()
	cs := tc.ConnectionState()
	ob.Version, ob.Cipher, ob.Protocol, ob.Resumed = versionText(cs.Version), tls.CipherSuiteName(cs.CipherSuite), cs.NegotiatedProtocol, cs.DidResume

	r := bufio.NewReaderSize(tc, 4096)
	if ob.Requested != evidence.NotRequested {
		// A server that refuses says so now, before it has seen a request: in TLS 1.3
		// the client's handshake ends before the server judges the certificate.
		conn.SetReadDeadline(earlier(deadline, time.Now().Add(patience(ob.Timings.Connected))))
		_, err := r.Peek(1)
		conn.SetReadDeadline(deadline)
		if ctx.Err() != nil {
			conn.SetDeadline(time.Unix(1, 0))
		}
		if err != nil && closeKind(err) != evidence.CloseTimeout {
			fail(ob, err, evidence.AfterHandshake)
			out.sessions = cache.sessions()
			return out
		}
	}
	if cs.NegotiatedProtocol == "h2" {
		p.exchange2(ob, s, tc, r, t)
	} else {
		p.exchange1(ob, s, tc, r, t)
	}
	if ob.Error != "" {
		if cause := context.Cause(ctx); errors.Is(cause, context.Canceled) {
			ob.Close, ob.Error = evidence.CloseLocal, "interrupted"
		}
	}
	out.sessions = cache.sessions()
	ob.Ticket = len(out.sessions) > 0
	return out
}

// patience is how long a server gets to refuse before the request is written:
// two round trips, within bounds.
func patience(connectedUS int64) time.Duration {
	return min(max(2*time.Duration(connectedUS)*time.Microsecond, 15*time.Millisecond), 400*time.Millisecond)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// underlying prefers the interrupt over the timeout that it was made to look like.
func underlying(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Canceled
	}
	return err
}

// exchange1 writes an HTTP/1.1 request and reads its answer. After a write that
// failed there may still be an alert to read, and that is the better evidence.
func (p *prober) exchange1(ob *evidence.Observation, s spec, w interface{ Write([]byte) (int, error) }, r *bufio.Reader, t clock) {
	_, werr := w.Write(request1(ob.Host, ob.Path, p.o.UserAgent))
	_, rerr := r.Peek(1)
	if rerr == nil {
		ob.Timings.FirstByte = t.us()
		ob.AppData = true
		var a *answer
		if a, rerr = readAnswer1(r); rerr == nil {
			ob.Stage, ob.HTTP = evidence.StageResponse, a.response()
			return
		}
	}
	when := evidence.AfterRequest
	if ob.AppData {
		when = evidence.DuringResponse
	}
	kind := closeKind(rerr)
	if werr != nil && kind != evidence.CloseAlert {
		rerr = fmt.Errorf("writing the request: %w", werr)
	}
	fail(ob, rerr, when)
}

// plain makes one attempt over HTTP without TLS.
func (p *prober) plain(ctx context.Context, s spec) outcome {
	if s.timeout == 0 {
		s.timeout = p.o.AttemptTimeout
	}
	if s.dialTimeout == 0 {
		s.dialTimeout = s.timeout
	}
	ob := s.observe("tcp")
	out := outcome{Observation: ob}
	t := p.clock()
	defer func() { ob.Timings.Done = t.us() }()
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	conn, err := p.dial(ctx, s.addr, s.dialTimeout)
	if err != nil {
		ob.Stage = evidence.StageDial
		fail(ob, err, evidence.DuringHandshake)
		return out
	}
	defer conn.Close()
	ob.Stage, ob.Timings.Connected = evidence.StageConnected, t.us()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	p.exchange1(ob, s, conn, bufio.NewReaderSize(conn, 4096), t)
	if ob.HTTP == nil {
		p.recordSample(ob, conn)
	}
	return out
}

// recordServer keeps the certificate that the server showed.
func (p *prober) recordServer(ob *evidence.Observation, raw [][]byte) {
	if len(raw) == 0 || ob.ServerCertificate != nil {
		return
	}
	c, err := x509.ParseCertificate(raw[0])
	if err != nil {
		ob.ServerChainError = clean(err.Error(), 200)
		return
	}
	ob.ServerCertificate = describeCertificate(c)
	ob.ServerNameError = nameError(c, ob.SNI)
	ob.ServerChainError = chainError(c, p.o.Now())
}

// maxCANames bounds the acceptable CA names that are kept.
const maxCANames = 32

// recordRequest notes that the server asked for a certificate and returns the one
// to send: an empty one sends none (nil would make crypto/tls panic).
func recordRequest(ob *evidence.Observation, s spec, cri *tls.CertificateRequestInfo, secured bool) (*tls.Certificate, error) {
	if ob.Requested == evidence.NotRequested {
		ob.Requested = evidence.RequestedInHandshake
		if secured {
			ob.Requested = evidence.RequestedRenegotiate
		}
	}
	ob.AcceptableCAs, ob.AcceptableCAsRaw = nil, nil
	for _, der := range cri.AcceptableCAs[:min(len(cri.AcceptableCAs), maxCANames)] {
		if len(der) > 2048 {
			continue
		}
		ob.AcceptableCAs = append(ob.AcceptableCAs, distinguishedName(der))
		ob.AcceptableCAsRaw = append(ob.AcceptableCAsRaw, hex.EncodeToString(der))
	}
	if s.certificate == nil {
		return &tls.Certificate{}, nil
	}
	c, err := s.certificate(cri)
	if err != nil {
		return nil, err
	}
	ob.Offered = len(c.Certificate) > 0
	return c, nil
}

// recordSample keeps the first bytes of what was neither TLS nor HTTP.
func (p *prober) recordSample(ob *evidence.Observation, w *wire) {
	if ob.Close == evidence.CloseAlert || len(w.head) == 0 {
		return
	}
	if ob.Transport == "tls" && w.head[0] >= 20 && w.head[0] <= 23 && ob.Close != evidence.CloseProtocol {
		return // TLS records
	}
	ob.Sample = clean(string(w.head), 200)
}
