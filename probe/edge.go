package probe

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/aopscan/aopscan/internal/evidence"
)

// edgeTargets picks one target of every hostname that can be asked for through
// Cloudflare, and notes that an answer will come.
func (r *runner) edgeTargets(targets []Target) (out []Target) {
	for _, t := range targets {
		key := hostKey{t.Zone, t.Hostname}
		if _, seen := r.edgeOfHost[key]; !t.Proxied || seen || strings.HasPrefix(t.Hostname, "*.") {
			continue
		}
		r.edgeOfHost[key] = nil
		out = append(out, t)
	}
	return out
}

// edges asks every hostname once through Cloudflare: what a legitimate visitor
// gets. Only Cloudflare's own addresses count as its edge, or the one that the
// user named.
func (r *runner) edges(ctx context.Context, targets []Target) {
	sem := make(chan struct{}, 4) // Cloudflare's edge is one place, whatever its addresses
	var wg sync.WaitGroup
	for _, t := range targets {
		wg.Go(func() {
			key := hostKey{t.Zone, t.Hostname}
			select {
			case sem <- struct{}{}:
			case <-ctx.Done():
				r.edgeKnown(key, nil)
				return
			}
			defer func() { <-sem }()
			e := r.edgeOf(ctx, t)
			r.edgeKnown(key, &e)
		})
	}
	wg.Wait()
	slices.SortFunc(r.edgeAnswers, func(a, b evidence.Edge) int {
		return strings.Compare(a.Hostname+"\x00"+a.Zone, b.Hostname+"\x00"+b.Zone)
	})
}

// edgeKnown keeps the answer for a hostname, nil where none will come, and hands
// over the endpoints that waited for it.
func (r *runner) edgeKnown(key hostKey, e *evidence.Edge) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e != nil {
		r.edgeAnswers = append(r.edgeAnswers, *e)
		r.edgeOfHost[key] = e
	} else {
		delete(r.edgeOfHost, key)
	}
	for _, ep := range r.waiting[key] {
		r.o.OnEndpoint(ep, e)
	}
	delete(r.waiting, key)
}

// edgeOf asks for one hostname.
func (r *runner) edgeOf(ctx context.Context, t Target) evidence.Edge {
	e := evidence.Edge{Zone: t.Zone, Hostname: t.Hostname}
	addr, err := r.edgeAddress(ctx, t.Hostname)
	if err != nil {
		e.NotProbed = clean(err.Error(), 300)
		return e
	}
	p := &prober{runner: r, o: r.o, sel: r.sel, certs: r.certs, t: t, addr: addr, alpn: []string{"http/1.1"}}
	for _, variant := range []string{"", "again"} {
		s := spec{name: evidence.AttemptEdgeControl, variant: variant, addr: addr, sni: t.Hostname, host: t.Hostname, path: "/"}
		o := p.do(ctx, s)
		if o == nil || o.HTTP == nil || o.HTTP.Status/100 != 2 {
			break
		}
	}
	for _, ob := range p.observations {
		ob.ID = strings.Replace(ob.ID, "o", "e", 1)
		e.Observations = append(e.Observations, *ob)
	}
	if len(e.Observations) == 0 {
		e.NotProbed = "the scan was interrupted before this hostname's turn"
	}
	return e
}

// edgeAddress is where Cloudflare answers for a hostname.
func (r *runner) edgeAddress(ctx context.Context, hostname string) (netip.AddrPort, error) {
	if r.o.EdgeAddress != "" {
		a, port, err := parseAddress(r.o.EdgeAddress)
		if err != nil {
			return netip.AddrPort{}, fmt.Errorf("the edge address: %w", err)
		}
		if port == 0 {
			port = 443
		}
		if err := checkAddress(a, r.o.AllowAddresses); err != nil {
			return netip.AddrPort{}, err
		}
		return netip.AddrPortFrom(a, uint16(port)), nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.o.AttemptTimeout)
	defer cancel()
	addrs, err := r.o.resolver().LookupNetIP(ctx, "ip", hostname)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("resolving %s: %w", hostname, err)
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return a.Unmap().BitLen() - b.Unmap().BitLen() }) // IPv4 first
	for _, a := range addrs {
		if within(a, r.o.EdgeRanges) {
			return netip.AddrPortFrom(a.Unmap(), 443), nil
		}
	}
	return netip.AddrPort{}, fmt.Errorf("%s does not resolve to Cloudflare's addresses", hostname)
}
