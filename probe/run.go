package probe

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/aopscan/aopscan/internal/evidence"
)

// Run probes the targets and returns what was seen, sorted by hostname, address
// and port, and the answers through Cloudflare, by hostname. A cancelled context
// is not a failure of what was seen by then: everything gathered is returned with
// the context's error, and what was not reached says so.
func Run(ctx context.Context, targets []Target, o Options) ([]evidence.Endpoint, []evidence.Edge, error) {
	o = o.withDefaults()
	sel := o.selected()
	r := &runner{o: o, sel: sel, certs: newCertificates(o), slots: make(chan struct{}, o.Concurrency),
		edgeOfHost: map[hostKey]*evidence.Edge{}, waiting: map[hostKey][]evidence.Endpoint{}}
	targets = r.resolveTargets(ctx, targets)

	// One queue per address: PerAddress workers each, so that a thousand origins on
	// one machine do not keep the others waiting, nor meet a thousand connections.
	queues := map[string][]Target{}
	var order []string
	for _, t := range targets {
		if _, ok := queues[t.Address]; !ok {
			order = append(order, t.Address)
		}
		queues[t.Address] = append(queues[t.Address], t)
	}
	r.total = len(targets)
	var wg sync.WaitGroup
	if sel[evidence.AttemptEdgeControl] {
		names := r.edgeTargets(targets)
		wg.Go(func() { r.edges(ctx, names) })
	}
	for _, address := range order {
		queue := make(chan Target, len(queues[address]))
		for _, t := range queues[address] {
			queue <- t
		}
		close(queue)
		for range min(o.PerAddress, len(queues[address])) {
			wg.Go(func() {
				for t := range queue {
					r.done(r.endpoint(ctx, t))
				}
			})
		}
	}
	wg.Wait()
	slices.SortFunc(r.endpoints, func(a, b evidence.Endpoint) int {
		if c := strings.Compare(a.Hostname, b.Hostname); c != 0 {
			return c
		}
		if c := strings.Compare(a.Zone, b.Zone); c != 0 {
			return c
		}
		if c := strings.Compare(a.Address, b.Address); c != 0 {
			return c
		}
		if a.Port != b.Port {
			return a.Port - b.Port
		}
		return strings.Compare(a.SNI+"\x00"+a.Host, b.SNI+"\x00"+b.Host)
	})
	return r.endpoints, r.edgeAnswers, ctx.Err()
}

// MaxConnections is the most connections that one origin can get with these
// options; most origins get far fewer, since an answer that settles the question
// ends the attempts.
func MaxConnections(o Options) int {
	if o.quick() {
		return 1
	}
	return maxAttempts
}

// runner is one call of Run.
type runner struct {
	o     Options
	sel   selection
	certs *certificates
	slots chan struct{} // the global limit

	mu          sync.Mutex
	endpoints   []evidence.Endpoint
	edgeAnswers []evidence.Edge
	total       int
	// edgeOfHost has a key for every hostname that is asked for through Cloudflare,
	// with nil until the answer is there; waiting are the endpoints that it keeps
	// from OnEndpoint.
	edgeOfHost map[hostKey]*evidence.Edge
	waiting    map[hostKey][]evidence.Endpoint
}

// hostKey names a hostname of a zone.
type hostKey struct{ zone, hostname string }

func (r *runner) done(e evidence.Endpoint) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endpoints = append(r.endpoints, e)
	if r.o.OnEndpoint != nil {
		k := hostKey{e.Zone, e.Hostname}
		switch edge, comes := r.edgeOfHost[k]; {
		case comes && edge == nil:
			r.waiting[k] = append(r.waiting[k], e)
		default:
			r.o.OnEndpoint(e, edge)
		}
	}
	if r.o.Progress != nil {
		r.o.Progress(len(r.endpoints), r.total)
	}
}

// endpoint probes one target within its own time.
func (r *runner) endpoint(ctx context.Context, t Target) evidence.Endpoint {
	e := evidence.Endpoint{
		Zone: t.Zone, Hostname: t.Hostname, Address: t.Address, Port: t.Port, SNI: t.SNI, Host: t.Host,
		NotProbed: t.NotProbed, NotProbedKind: t.NotProbedKind,
	}
	if e.NotProbed != "" {
		return e
	}
	interrupted := func() evidence.Endpoint {
		e.NotProbed, e.NotProbedKind = "the scan was interrupted before this origin's turn", evidence.NotProbedInterrupted
		return e
	}
	addr, err := netip.ParseAddr(t.Address)
	if err != nil {
		e.NotProbed, e.NotProbedKind = "the origin's address is not an IP address", evidence.NotProbedUnresolved
		return e
	}
	if err := checkAddress(addr, r.o.AllowAddresses); err != nil {
		e.NotProbed, e.NotProbedKind = clean(err.Error(), 300), evidence.NotProbedPolicy
		return e
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return interrupted()
	}
	if ctx.Err() != nil {
		return interrupted()
	}
	ctx, cancel := context.WithTimeout(ctx, r.o.EndpointTimeout)
	defer cancel()
	p := &prober{runner: r, t: t, addr: netip.AddrPortFrom(addr.Unmap(), uint16(t.Port)), alpn: []string{"http/1.1"}, names: slices.Clone(t.Siblings)}
	p.o, p.sel, p.certs = r.o, r.sel, r.certs
	p.ask(ctx)
	for _, ob := range p.observations {
		e.Observations = append(e.Observations, *ob)
	}
	e.Siblings = p.names
	if len(e.Observations) == 0 {
		return interrupted()
	}
	r.o.Logger.Debug("probed", "hostname", t.Hostname, "address", t.Address, "port", t.Port, "attempts", len(e.Observations))
	return e
}

// resolver is the DNS resolver of the options.
func (o Options) resolver() *net.Resolver {
	if o.Resolver == "" {
		return net.DefaultResolver
	}
	server := o.Resolver
	if _, _, err := net.SplitHostPort(server); err != nil {
		server = net.JoinHostPort(server, "53")
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, server)
	}}
}

// maxResolved bounds the addresses of one name.
const maxResolved = 16

// resolveTargets turns targets without an address into one per address of their
// name. Addresses of Cloudflare's edge are not origins.
func (r *runner) resolveTargets(ctx context.Context, targets []Target) []Target {
	res := r.o.resolver()
	out := make([][]Target, len(targets))
	var wg sync.WaitGroup
	sem := make(chan struct{}, 16)
	for i, t := range targets {
		if t.Address != "" || t.NotProbed != "" {
			out[i] = []Target{t}
			continue
		}
		wg.Go(func() {
			sem <- struct{}{}
			defer func() { <-sem }()
			ctx, cancel := context.WithTimeout(ctx, r.o.AttemptTimeout)
			defer cancel()
			addrs, err := res.LookupNetIP(ctx, "ip", t.Hostname)
			if err != nil || len(addrs) == 0 {
				t.NotProbedKind = evidence.NotProbedUnresolved
				t.NotProbed = fmt.Sprintf("%s has no address; name its origin as %s=ADDRESS", t.Hostname, t.Hostname)
				if err != nil {
					t.NotProbed += " (" + clean(err.Error(), 200) + ")"
				}
				out[i] = []Target{t}
				return
			}
			for _, a := range addrs[:min(len(addrs), maxResolved)] {
				rt := t
				rt.Address = a.Unmap().String()
				if within(a, r.o.EdgeRanges) {
					rt.NotProbedKind = evidence.NotProbedEdge
					rt.NotProbed = fmt.Sprintf("%s is Cloudflare's edge, not an origin; name the origin as %s=ADDRESS", rt.Address, t.Hostname)
				}
				out[i] = append(out[i], rt)
			}
		})
	}
	wg.Wait()
	return slices.Concat(out...)
}
