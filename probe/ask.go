package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
)

// maxAttempts bounds the connections to one endpoint.
const maxAttempts = 120

// prober asks one endpoint its questions, one connection at a time.
type prober struct {
	*runner
	o     Options
	sel   selection
	certs *certificates
	t     Target
	addr  netip.AddrPort
	// names are the siblings, grown by the names on the certificates that the
	// server shows.
	names []string
	// alpn, min, max and legacy are what the server was found to speak.
	alpn   []string
	min    uint16
	max    uint16
	legacy bool
	// silent, where not 0, bounds the attempts at a server that lets requests time
	// out instead of refusing them.
	silent time.Duration
	// pauses counts the times that a busy server was given to breathe.
	pauses int
	// slow is true where every answer takes long: fewer questions are asked, so that
	// each kind of them is asked before the origin's time runs out.
	slow bool

	observations []*evidence.Observation
}

// base is an attempt at the front door: own SNI, own Host, no certificate.
func (p *prober) base(name evidence.AttemptName, variant string) spec {
	return spec{name: name, variant: variant, addr: p.addr, sni: p.t.SNI, host: p.t.Host, path: "/", min: p.min, max: p.max, legacy: p.legacy}
}

// do makes an attempt over TLS, unless the endpoint's time or its number of
// attempts is used up; then it returns nil.
func (p *prober) do(ctx context.Context, s spec) *outcome {
	return p.attempt(ctx, s, p.tls)
}

// attempt makes an attempt by the given means and keeps its observation.
func (p *prober) attempt(ctx context.Context, s spec, how func(context.Context, spec) outcome) *outcome {
	if ctx.Err() != nil || len(p.observations) >= maxAttempts {
		return nil
	}
	if s.timeout == 0 {
		s.timeout = p.o.AttemptTimeout
		if p.silent > 0 && s.offer != evidence.OfferUser {
			s.timeout = min(s.timeout, p.silent)
		}
	}
	out := how(ctx, s)
	if ctx.Err() != nil && out.Close == evidence.CloseTimeout {
		// The server did not time out: the endpoint's time did.
		out.Close, out.Error = evidence.CloseLocal, evidence.OutOfTime
	}
	out.ID = fmt.Sprintf("o%d", len(p.observations)+1)
	p.observations = append(p.observations, out.Observation)
	if again, ok := p.again(ctx, s, &out); ok {
		if o := p.attempt(ctx, again, how); o != nil {
			return o
		}
	}
	return &out
}

// maxPauses bounds how often an endpoint is given time to breathe.
const maxPauses = 8

// again gives a busy server time and the attempt once more, where the front door
// was not as busy, or came as far as TLS: a limit of requests or connections that
// is met on the way says nothing about what the attempt would have got.
func (p *prober) again(ctx context.Context, s spec, o *outcome) (spec, bool) {
	switch s.name {
	case evidence.AttemptRogueCertificate, evidence.AttemptSpoofedIssuer, evidence.AttemptPositiveControl, evidence.AttemptRandomPath,
		evidence.AttemptResumedSession, evidence.AttemptOtherHost, evidence.AttemptNoSNI, evidence.AttemptOtherSNI, evidence.AttemptPath:
	default:
		return s, false
	}
	hung := s.sni == p.t.SNI && o.HTTP == nil && o.Requested == evidence.NotRequested && o.Version == "" && o.Close != evidence.CloseAlert &&
		slices.ContainsFunc(p.observations, func(f *evidence.Observation) bool {
			return f.Attempt == evidence.AttemptNoCertificate && f.Requested == evidence.RequestedInHandshake
		})
	if !busy(o) && !hung {
		return s, false
	}
	if s.repeated {
		p.pauses += 2 // waiting does not help much
		return s, false
	}
	if p.pauses >= maxPauses {
		return s, false
	}
	if busy(o) && o.HTTP.Status == 503 && (s.sni != p.t.SNI || s.host != p.t.Host) {
		return s, false // what many a server answers for names that it does not have
	}
	if busy(o) && slices.ContainsFunc(p.observations, func(f *evidence.Observation) bool {
		return f.Attempt == evidence.AttemptNoCertificate && f.HTTP != nil && f.HTTP.Status == o.HTTP.Status
	}) {
		return s, false
	}
	p.pauses++
	if !p.pause(ctx, []*outcome{o}) {
		return s, false
	}
	s.repeated = true
	s.variant = strings.TrimPrefix(s.variant+" again", " ")
	return s, true
}

// ask asks the questions in the order of their cost and stops where an answer
// settles them.
func (p *prober) ask(ctx context.Context) {
	if p.o.quick() {
		p.do(ctx, p.base(evidence.AttemptNoCertificate, ""))
		return
	}
	front := p.frontDoor(ctx)
	if !spoke(front) || openToStrangers(front) {
		return
	}
	if everyOne(front, func(o *outcome) bool { return o.HTTP == nil && o.Close == evidence.CloseTimeout }) {
		p.silent = max(time.Second, 5*time.Duration(front[0].Timings.Secured)*time.Microsecond)
	}
	p.slow = everyOne(front, func(o *outcome) bool { return o.Timings.Done-o.Timings.Secured > slowAnswer.Microseconds() })
	front = append(front, p.otherProtocols(ctx, front)...)
	asked := slices.ContainsFunc(front, func(o *outcome) bool { return o.Requested != evidence.NotRequested })
	if p.sel[evidence.AttemptPositiveControl] && p.o.ClientCert != nil && asked {
		if p.sameAsControl(front, p.positiveControl(ctx, front)) {
			return
		}
	}
	if p.sel[evidence.AttemptRandomPath] && reachedHTTP(front) {
		s := p.base(evidence.AttemptRandomPath, "")
		s.path = randomPath
		p.do(ctx, s)
	}
	if asked {
		p.wrongCertificates(ctx, front)
	}
	hosts := p.virtualHosts(ctx, front)
	p.otherHosts(ctx, front)
	p.resumptions(ctx, front, hosts)
	p.plainHTTP(ctx)
	p.paths(ctx, asked)
	p.otherPorts(ctx)
	if p.sel[evidence.AttemptHTTP3] {
		p.attempt(ctx, p.base(evidence.AttemptHTTP3, ""), p.quic)
	}
}

// slowAnswer is how long an answer may take before fewer questions are asked.
const slowAnswer = time.Second

// brief reports whether each question costs so much that only the first of a kind
// is asked.
func (p *prober) brief() bool { return p.silent > 0 || p.slow }

// randomPath does not exist anywhere but here.
const randomPath = "/aopscan-probe-does-not-exist"

// frontDoor makes the no-certificate attempts, modern versions first, and learns
// what the server speaks.
func (p *prober) frontDoor(ctx context.Context) (outs []*outcome) {
	outs = p.versions(ctx)
	if slices.ContainsFunc(outs, func(o *outcome) bool { return o.Alert == 120 || strings.Contains(o.Error, "application protocol") }) &&
		!reachedHTTP(outs) && len(p.alpn) == 1 {
		// A server that speaks HTTP/2 only.
		p.alpn = []string{"h2", "http/1.1"}
		outs = append(outs, p.versions(ctx)...)
	}
	if everyOne(outs, busy) && p.pause(ctx, outs) {
		s := p.base(evidence.AttemptNoCertificate, "again")
		if o := p.do(ctx, s); o != nil {
			outs = append(outs, o)
		}
	}
	handshakes := func(o *outcome) bool {
		return o.Stage == evidence.StageSecured || o.Stage == evidence.StageResponse || o.Requested != evidence.NotRequested
	}
	refusedTLS := slices.ContainsFunc(outs, func(o *outcome) bool {
		return o.Stage == evidence.StageHandshake || (o.Stage == evidence.StageConnected && (o.Close == evidence.CloseEOF || o.Close == evidence.CloseReset))
	})
	if p.sel[evidence.AttemptLegacyTLS] && refusedTLS && !slices.ContainsFunc(outs, handshakes) {
		s := p.base(evidence.AttemptLegacyTLS, "")
		s.min, s.max, s.legacy = tls.VersionTLS10, tls.VersionTLS12, true
		if o := p.do(ctx, s); o != nil {
			outs = append(outs, o)
			if handshakes(o) {
				p.min, p.max, p.legacy = s.min, s.max, true
			}
		}
	}
	return outs
}

// busy reports whether an attempt met what rate limits and overload answer: it
// says nothing about who asks (RFC 6585, 4; RFC 9110, 15.6.4).
func busy(o *outcome) bool { return o.HTTP != nil && (o.HTTP.Status == 429 || o.HTTP.Status == 503) }

// pause waits as long as a busy server wants, within bounds.
func (p *prober) pause(ctx context.Context, outs []*outcome) bool {
	const least, most = 1200 * time.Millisecond, 5 * time.Second
	wait := least
	for _, o := range outs {
		if o.HTTP == nil {
			continue
		}
		if n, err := strconv.Atoi(o.HTTP.Headers["retry-after"]); err == nil && n > 0 && time.Duration(n)*time.Second <= most {
			wait = max(wait, time.Duration(n)*time.Second)
		}
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(min(wait, p.o.AttemptTimeout)):
		return true
	}
}

// versions makes the no-certificate attempt on TLS 1.3 and on TLS 1.2.
func (p *prober) versions(ctx context.Context) (outs []*outcome) {
	for _, v := range []struct {
		text string
		v    uint16
	}{{"tls1.3", tls.VersionTLS13}, {"tls1.2", tls.VersionTLS12}} {
		s := p.base(evidence.AttemptNoCertificate, v.text)
		s.min, s.max = v.v, v.v
		if len(p.alpn) > 1 {
			s.variant += ",h2"
		}
		if len(outs) > 0 && outs[0].Stage == evidence.StageSecured && outs[0].Close == evidence.CloseTimeout {
			// Most likely it is silent to strangers: the time is better spent on the ways
			// around.
			s.timeout = p.o.AttemptTimeout / 2
		}
		o := p.do(ctx, s)
		if o == nil {
			return outs
		}
		outs = append(outs, o)
		if o.Stage == evidence.StageDial {
			return outs // a port that takes no connection takes none with other options
		}
	}
	return outs
}

// otherProtocols asks the front door in the other ways that a client may speak to
// it: a server may choose its client authentication by ALPN or TLS version, and
// what refuses one in the handshake may let the other in.
func (p *prober) otherProtocols(ctx context.Context, front []*outcome) (outs []*outcome) {
	add := func(s spec) {
		if o := p.do(ctx, s); o != nil {
			outs = append(outs, o)
		}
	}
	if p.sel[evidence.AttemptHTTP2] && !slices.Contains(p.alpn, "h2") {
		s := p.base(evidence.AttemptHTTP2, "")
		s.alpn = []string{"h2", "http/1.1"}
		add(s)
	}
	if !slices.Contains(p.alpn, "h2") {
		s := p.base(evidence.AttemptNoCertificate, evidence.VariantNoALPN)
		s.alpn = []string{}
		add(s)
	}
	if p.sel[evidence.AttemptLegacyTLS] && !slices.ContainsFunc(front, func(o *outcome) bool { return o.Attempt == evidence.AttemptLegacyTLS }) {
		s := p.base(evidence.AttemptLegacyTLS, "tls1.1")
		s.min, s.max, s.legacy = tls.VersionTLS10, tls.VersionTLS11, true
		add(s)
	}
	return outs
}

// spoke reports whether any attempt met a TLS server.
func spoke(outs []*outcome) bool {
	return slices.ContainsFunc(outs, func(o *outcome) bool {
		return o.Stage == evidence.StageSecured || o.Stage == evidence.StageResponse || o.Requested != evidence.NotRequested ||
			o.Stage == evidence.StageHandshake && o.Close == evidence.CloseAlert
	})
}

// reachedHTTP reports whether TLS let any attempt send its request.
func reachedHTTP(outs []*outcome) bool {
	return slices.ContainsFunc(outs, func(o *outcome) bool {
		return o.Stage == evidence.StageResponse || o.Stage == evidence.StageSecured && o.Closed != evidence.AfterHandshake && o.Close != evidence.CloseAlert
	})
}

func everyOne(outs []*outcome, is func(*outcome) bool) bool {
	return len(outs) > 0 && !slices.ContainsFunc(outs, func(o *outcome) bool { return !is(o) })
}

// success reports whether an attempt was answered with content.
func success(o *outcome) bool {
	return o != nil && o.HTTP != nil && o.HTTP.Status/100 == 2 && o.HTTP.Body.Length > 0
}

// openToStrangers reports whether the front door answered everybody with content
// and asked nobody for a certificate: no other answer could change that.
func openToStrangers(outs []*outcome) bool {
	return slices.ContainsFunc(outs, success) && everyOne(outs, func(o *outcome) bool {
		return o.Requested == evidence.NotRequested && (success(o) || o.Stage == evidence.StageHandshake)
	})
}

// positiveControl asks with the user's certificate, on the versions that the
// server speaks; two answers also tell how much an answer differs from itself.
func (p *prober) positiveControl(ctx context.Context, front []*outcome) (outs []*outcome) {
	for _, v := range []struct {
		text string
		v    uint16
	}{{"tls1.3", tls.VersionTLS13}, {"tls1.2", tls.VersionTLS12}} {
		if p.legacy && v.v == tls.VersionTLS13 || !p.legacy && !speaks(front, versionText(v.v)) {
			continue
		}
		s := p.userSpec("/", v.text)
		if !p.legacy {
			s.min, s.max = v.v, v.v
		}
		if o := p.do(ctx, s); o != nil {
			outs = append(outs, o)
		}
	}
	if len(outs) == 1 && success(outs[0]) {
		s := p.userSpec("/", "again")
		if o := p.do(ctx, s); o != nil {
			outs = append(outs, o)
		}
	}
	return outs
}

// speaks reports whether an attempt limited to a version met a handshake in it.
func speaks(outs []*outcome, version string) bool {
	return slices.ContainsFunc(outs, func(o *outcome) bool {
		return o.MinVersion == version && o.MaxVersion == version && (o.Version != "" || o.Requested != evidence.NotRequested)
	})
}

func (p *prober) userSpec(path, variant string) spec {
	s := p.base(evidence.AttemptPositiveControl, variant)
	s.path, s.offer = path, evidence.OfferUser
	s.certificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return p.o.ClientCert, nil }
	return s
}

// sameAsControl reports whether strangers got, byte by byte or nearly, what the
// user's certificate got: then there is no door to go around.
func (p *prober) sameAsControl(front, controls []*outcome) bool {
	// What did not come as far as a request for a certificate or an answer, refused nobody.
	answered := slices.DeleteFunc(slices.Clone(front), func(o *outcome) bool {
		return o.HTTP == nil && o.Requested == evidence.NotRequested && (o.Stage == evidence.StageDial || o.Stage == evidence.StageConnected || o.Stage == evidence.StageHandshake)
	})
	for _, k := range controls {
		if success(k) && everyOne(answered, func(o *outcome) bool {
			return success(o) && (o.HTTP.Body.SHA256 == k.HTTP.Body.SHA256 || nearly(o.HTTP.Body.Sketch, k.HTTP.Body.Sketch))
		}) {
			return true
		}
	}
	return false
}

// nearly reports whether two sketches have nine tenths in common.
func nearly(a, b []uint32) bool {
	both := 0
	for _, h := range a {
		if _, ok := slices.BinarySearch(b, h); ok {
			both++
		}
	}
	return len(a) > 0 && 10*both >= 9*max(len(a), len(b))
}

// wrongCertificates offers certificates that no one should take.
func (p *prober) wrongCertificates(ctx context.Context, front []*outcome) {
	if p.sel[evidence.AttemptRogueCertificate] {
		s := p.base(evidence.AttemptRogueCertificate, "")
		s.offer, s.certificate, s.offerIssuer = evidence.OfferRogue, p.certs.rogue, probeName.String()
		p.do(ctx, s)
	}
	if !p.sel[evidence.AttemptSpoofedIssuer] {
		return
	}
	var named [][]byte
	for _, o := range front {
		if o.request != nil {
			named = append(named, o.request.AcceptableCAs...)
		}
	}
	issuers := p.certs.issuers(named)
	if p.brief() {
		issuers = issuers[:min(len(issuers), 2)]
	}
	for i, issuer := range issuers {
		s := p.base(evidence.AttemptSpoofedIssuer, fmt.Sprintf("issuer %d", i+1))
		s.offer, s.certificate, s.offerIssuer = evidence.OfferSpoofed, p.certs.spoofed(issuer), distinguishedName(issuer)
		if subject, names := p.certs.likeness(issuer); subject != nil {
			s.offerSubject, s.offerNames = distinguishedName(subject), names
		}
		p.do(ctx, s)
	}
}

// virtualHost is another name on the socket and the sessions it gave.
type virtualHost struct {
	sni     string
	host    string
	name    evidence.AttemptName
	opened  []*outcome
	request bool // it asks for a certificate, too
	own     *outcome
	guessed bool // nobody says that it lives here
}

// nobody is a name that does not exist (RFC 2606).
const nobody = "aopscan-probe.invalid"

// virtualHosts asks the other names on the socket: first for themselves, then for
// the protected name in the ways that servers take it.
func (p *prober) virtualHosts(ctx context.Context, front []*outcome) (hosts []*virtualHost) {
	known := slices.Clone(p.names)
	try := func(name evidence.AttemptName, sni, host string) *outcome {
		h := &virtualHost{sni: sni, host: host, name: name, guessed: !slices.Contains(known, sni)}
		own := p.base(name, variantOf(sni, host))
		own.sni, own.host = sni, host
		o := p.do(ctx, own)
		if o == nil {
			return nil
		}
		h.own, h.request = o, o.Requested != evidence.NotRequested
		if len(o.sessions) > 0 {
			h.opened = append(h.opened, o)
		}
		hosts = append(hosts, h)
		if o.Stage != evidence.StageResponse && !(o.Stage == evidence.StageSecured && o.Closed == evidence.AfterRequest && o.Close != evidence.CloseAlert) {
			return o // TLS lets nobody in here, whatever the Host
		}
		variants := p.hostVariants()
		if p.brief() {
			variants = variants[:1]
		}
		for i, host := range variants {
			s := p.base(name, variantOf(sni, host))
			s.sni, s.host = sni, host
			r := p.do(ctx, s)
			if r == nil || i == 0 && refusedLike(front, o) && refusedLike(front, r) {
				break // the front door's own refusal, which the Host does not change
			}
			if success(r) && !refusedLike(front, r) && !refusedLike([]*outcome{o}, r) {
				break // content that only the protected name gets
			}
		}
		return o
	}
	var shown []string
	note := func(o *outcome) {
		if o != nil && o.ServerCertificate != nil {
			shown = append(shown, o.ServerCertificate.DNSNames...)
		}
	}
	if p.sel[evidence.AttemptNoSNI] && p.t.SNI != "" {
		note(try(evidence.AttemptNoSNI, "", nobody))
	}
	if !p.sel[evidence.AttemptOtherSNI] {
		return hosts
	}
	note(try(evidence.AttemptOtherSNI, nobody, nobody))
	for _, o := range front {
		note(o)
	}
	known = append(known, shown...)
	var parents []string
	if _, parent, ok := strings.Cut(p.t.Hostname, "."); ok && strings.Contains(parent, ".") {
		parents = []string{"aopscan-probe." + parent, parent, "www." + parent}
	} else if ok {
		parents = []string{"aopscan-probe." + p.t.Hostname, "www." + p.t.Hostname}
	}
	// The names that are known to live here come before those that may.
	p.names = siblings(p.t.Hostname, slices.Concat(p.names, shown, parents))
	names := p.names
	switch {
	case p.silent > 0:
		names = names[:min(len(names), 2)] // every question to a silent server takes its full time
	case p.slow:
		names = names[:min(len(names), 4)]
	}
	for _, n := range names {
		try(evidence.AttemptOtherSNI, n, n)
	}
	if upper := strings.ToUpper(p.t.SNI); upper != p.t.SNI {
		// Names are the same in capitals; a server that picks its client authentication
		// by exact comparison may not think so.
		s := p.base(evidence.AttemptOtherSNI, variantOf(upper, p.t.Host))
		s.sni = upper
		p.do(ctx, s)
	}
	return hosts
}

func variantOf(sni, host string) string {
	if sni == "" {
		return "host=" + host
	}
	return "sni=" + sni + " host=" + host
}

// hostVariants are the protected name as servers may take it, the exact one first.
func (p *prober) hostVariants() []string {
	out := []string{p.t.Host}
	for _, v := range []string{strings.ToUpper(p.t.Host), p.t.Host + ".", fmt.Sprintf("%s:%d", p.t.Host, p.t.Port), p.hostAddress()} {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// hostAddress is the address as a Host header.
func (p *prober) hostAddress() string {
	if p.addr.Addr().Is6() {
		return "[" + p.addr.Addr().String() + "]"
	}
	return p.addr.Addr().String()
}

// refusedLike reports whether an attempt met what the front door answers.
func refusedLike(front []*outcome, o *outcome) bool {
	return o.HTTP != nil && slices.ContainsFunc(front, func(f *outcome) bool {
		return f.HTTP != nil && f.HTTP.Status == o.HTTP.Status &&
			(f.HTTP.Body.SHA256 == o.HTTP.Body.SHA256 || o.HTTP.Status/100 != 2 && nearly(f.HTTP.Body.Sketch, o.HTTP.Body.Sketch))
	})
}

// otherHosts asks the front door for other Hosts, the protected name spelt
// differently among them.
func (p *prober) otherHosts(ctx context.Context, front []*outcome) {
	if !p.sel[evidence.AttemptOtherHost] || !reachedHTTP(front) || p.silent > 0 {
		return
	}
	hosts := append([]string{nobody}, p.hostVariants()[1:]...)
	maxNames := 4
	if p.brief() {
		hosts, maxNames = hosts[:1], 1
	}
	hosts = append(hosts, p.names[:min(len(p.names), maxNames)]...)
	for _, h := range hosts {
		s := p.base(evidence.AttemptOtherHost, "host="+h)
		s.host = h
		p.do(ctx, s)
	}
}

// resumptions opens sessions as a stranger and offers them at the front door. The
// sessions of finished attempts are used where there are any.
func (p *prober) resumptions(ctx context.Context, front []*outcome, hosts []*virtualHost) {
	if !p.sel[evidence.AttemptResumedSession] {
		return
	}
	// On the protected name itself: an origin that refuses in HTTP may have given a
	// session before. One of each TLS version will do.
	resumed := map[string]bool{}
	for _, o := range front {
		if o.Attempt == evidence.AttemptNoCertificate && len(o.sessions) > 0 && o.Requested != evidence.NotRequested && !resumed[o.Version] {
			resumed[o.Version] = true
			p.resume(ctx, o)
		}
	}
	maxNames := 6
	if p.brief() {
		maxNames = 2
	}
	var seen []*outcome
	repeats := 0
	for _, h := range hosts[:min(len(hosts), maxNames)] {
		// Guessed names that answer what the front door or another name does are one
		// virtual host, most likely, and its sessions are tried already.
		if h.guessed && (refusedLike(front, h.own) || refusedLike(seen, h.own)) {
			if repeats++; repeats > 2 {
				continue
			}
		}
		seen = append(seen, h.own)
		var opened []*outcome
		opened = append(opened, h.opened...)
		if len(h.opened) > 0 && h.opened[0].Version == "1.3" && speaks(front, "1.2") {
			s := p.base(h.name, variantOf(h.sni, h.host)+" tls1.2")
			s.sni, s.host, s.max = h.sni, h.host, tls.VersionTLS12
			if o := p.do(ctx, s); o != nil && len(o.sessions) > 0 {
				opened = append(opened, o)
			}
		}
		if h.request {
			// A name that takes any certificate gives sessions that carry one.
			s := p.base(h.name, variantOf(h.sni, h.host)+" rogue")
			s.sni, s.host = h.sni, h.host
			s.offer, s.certificate, s.offerIssuer = evidence.OfferRogue, p.certs.rogue, probeName.String()
			if o := p.do(ctx, s); o != nil && len(o.sessions) > 0 {
				opened = append(opened, o)
			}
		}
		for _, o := range opened {
			p.resume(ctx, o)
		}
	}
}

// resume offers the last session of an attempt at the front door.
func (p *prober) resume(ctx context.Context, o *outcome) {
	s := p.base(evidence.AttemptResumedSession, fmt.Sprintf("from %s, tls%s", o.ID, o.Version))
	s.session = o.sessions[len(o.sessions)-1]
	s.from, s.fromSNI = o.ID, o.SNI
	if o.Version == "1.2" {
		s.max = tls.VersionTLS12
	}
	p.do(ctx, s)
}

// plainHTTP asks for the content without TLS.
func (p *prober) plainHTTP(ctx context.Context) {
	if !p.sel[evidence.AttemptPlainHTTP] {
		return
	}
	// The port itself may take both.
	p.plainPort(ctx, uint16(p.t.Port))
	if p.t.Port != 80 {
		p.plainPort(ctx, 80)
	}
}

// extraDial bounds the dial to a port that nobody said is open.
const extraDial = 3 * time.Second

func (p *prober) plainPort(ctx context.Context, port uint16) *outcome {
	s := spec{name: evidence.AttemptPlainHTTP, variant: fmt.Sprintf("port=%d", port), addr: netip.AddrPortFrom(p.addr.Addr(), port), host: p.t.Host, path: "/", dialTimeout: min(extraDial, p.o.AttemptTimeout)}
	if int(port) == p.t.Port {
		s.timeout = s.dialTimeout // a TLS server may wait for the rest of what is no TLS
	}
	o := p.attempt(ctx, s, p.plain)
	if success(o) {
		s.host = nobody
		s.variant += " host=" + nobody
		p.attempt(ctx, s, p.plain)
	}
	return o
}

// paths asks for the paths that the user named, with their controls.
func (p *prober) paths(ctx context.Context, asked bool) {
	if !p.sel[evidence.AttemptPath] {
		return
	}
	for _, path := range p.o.Paths {
		s := p.base(evidence.AttemptPath, "path="+clean(path, 100))
		s.path = path
		o := p.do(ctx, s)
		if p.o.ClientCert != nil && success(o) && (asked || o.Requested != evidence.NotRequested) {
			p.do(ctx, p.userSpec(path, "path="+clean(path, 100)))
		}
	}
}

// cloudflareHTTPS and cloudflareHTTP are the ports that Cloudflare proxies
// (https://developers.cloudflare.com/fundamentals/reference/network-ports/).
var (
	cloudflareHTTPS = []int{443, 2053, 2083, 2087, 2096, 8443}
	cloudflareHTTP  = []int{8080, 8880, 2052, 2082, 2086, 2095}
)

// otherPorts asks the ports that the user named or, where the user asked for all
// attempts, those that Cloudflare proxies.
func (p *prober) otherPorts(ctx context.Context) {
	if !p.sel[evidence.AttemptOtherPort] {
		return
	}
	ports := slices.Clone(p.o.Ports)
	if len(ports) == 0 || slices.Contains(p.o.Attempts, "all") {
		ports = append(ports, cloudflareHTTPS...)
		ports = append(ports, cloudflareHTTP...)
	}
	tried := []int{p.t.Port}
	if p.sel[evidence.AttemptPlainHTTP] {
		tried = append(tried, 80)
	}
	for _, port := range ports {
		if slices.Contains(tried, port) {
			continue
		}
		tried = append(tried, port)
		if slices.Contains(cloudflareHTTP, port) && !slices.Contains(p.o.Ports, port) {
			p.plainPort(ctx, uint16(port))
			continue
		}
		s := p.base(evidence.AttemptOtherPort, fmt.Sprintf("port=%d", port))
		s.addr = netip.AddrPortFrom(p.addr.Addr(), uint16(port))
		s.dialTimeout = min(extraDial, p.o.AttemptTimeout)
		s.timeout = 2 * s.dialTimeout
		o := p.do(ctx, s)
		if o == nil {
			return
		}
		if success(o) {
			s.host = nobody
			s.variant += " host=" + nobody
			p.do(ctx, s)
		}
		if o.Close == evidence.CloseProtocol || o.Stage == evidence.StageConnected {
			p.plainPort(ctx, uint16(port)) // no TLS there
		}
	}
}
