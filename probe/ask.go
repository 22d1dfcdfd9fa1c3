package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
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
	// silent shortens the attempts at a server that lets requests time out.
	silent bool

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
		if p.silent && s.offer != evidence.OfferUser {
			s.timeout = min(s.timeout, 3*time.Second)
		}
	}
	out := how(ctx, s)
	if ctx.Err() != nil && out.Close == evidence.CloseTimeout {
		// The server did not time out: the endpoint's time did.
		out.Close, out.Error = evidence.CloseLocal, "the time for this origin ran out"
	}
	out.ID = fmt.Sprintf("o%d", len(p.observations)+1)
	p.observations = append(p.observations, out.Observation)
	return &out
}

// ask asks the questions in the order of their cost and stops where an answer
// settles them.
func (p *prober) ask(ctx context.Context) {
	if p.o.quick() {
		p.do(ctx, p.base(evidence.AttemptNoCertificate, ""))
		return
	}
	p.frontDoor(ctx)
}

// frontDoor makes the no-certificate attempts and returns what they gave.
func (p *prober) frontDoor(ctx context.Context) (outs []*outcome) {
	for _, v := range []struct {
		text string
		v    uint16
	}{{"tls1.3", tls.VersionTLS13}, {"tls1.2", tls.VersionTLS12}} {
		s := p.base(evidence.AttemptNoCertificate, v.text)
		s.min, s.max = v.v, v.v
		o := p.do(ctx, s)
		if o == nil {
			return outs
		}
		outs = append(outs, o)
		if o.Stage == evidence.StageDial {
			return outs
		}
	}
	return outs
}
