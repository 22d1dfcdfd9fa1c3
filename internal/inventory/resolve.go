package inventory

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of name resolution: how many names at once, how long each, and how many
// addresses of one name are kept.
const (
	lookupConcurrency = 32
	lookupTimeout     = 10 * time.Second
	maxAddresses      = 32
)

// newLookup returns the resolution of names to addresses by a DNS server, or by
// the system's where none is named.
func newLookup(server string) (func(context.Context, string) ([]netip.Addr, error), error) {
	r := &net.Resolver{}
	if server != "" {
		addr, err := resolverAddress(server)
		if err != nil {
			return nil, err
		}
		dialer := &net.Dialer{Timeout: 5 * time.Second}
		r = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, addr)
		}}
	}
	return func(ctx context.Context, name string) ([]netip.Addr, error) {
		// The final dot keeps the system's search list out of it.
		return r.LookupNetIP(ctx, "ip", name+".")
	}, nil
}

// resolverAddress reads HOST or HOST:PORT of a DNS server, an IP address.
func resolverAddress(s string) (string, error) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return net.JoinHostPort(a.String(), "53"), nil
	}
	if ap, err := netip.ParseAddrPort(s); err == nil && ap.Port() != 0 {
		return ap.String(), nil
	}
	return "", &OptionError{What: fmt.Sprintf("resolver %q: not an IP address, with or without a port", s), Advice: "for example 192.0.2.53 or [2001:db8::53]:5353"}
}

// resolution is what a name resolved to, or why it did not.
type resolution struct {
	addrs []netip.Addr
	err   string
	more  bool // there are more addresses than are kept
}

// resolveAll resolves every name once, a bounded number at a time. step is called
// after each.
func resolveAll(ctx context.Context, names []string, lookup func(context.Context, string) ([]netip.Addr, error), step func()) map[string]resolution {
	slices.Sort(names)
	names = slices.Compact(names)
	var (
		mu    sync.Mutex
		found = make(map[string]resolution, len(names))
		wg    sync.WaitGroup
		slots = make(chan struct{}, lookupConcurrency)
	)
	for _, name := range names {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			res := resolveOne(ctx, name, lookup)
			mu.Lock()
			found[name] = res
			mu.Unlock()
			step()
		})
	}
	wg.Wait()
	return found
}

func resolveOne(ctx context.Context, name string, lookup func(context.Context, string) ([]netip.Addr, error)) resolution {
	if ctx.Err() != nil {
		return resolution{err: "interrupted"}
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	addrs, err := lookup(ctx, name)
	if err != nil {
		return resolution{err: lookupError(err)}
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap().WithZone("")
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	addrs = slices.Compact(addrs) // before the bound, so that repeats take no places
	more := len(addrs) > maxAddresses
	if more {
		addrs = addrs[:maxAddresses]
	}
	if len(addrs) == 0 {
		return resolution{err: "no address"}
	}
	return resolution{addrs: addrs, more: more}
}

// lookupError says why a name did not resolve, without the resolver's address.
func lookupError(err error) string {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		switch {
		case dns.IsNotFound:
			return "no such name"
		case dns.IsTimeout:
			return "the resolver did not answer in time"
		}
		return cleanError(errors.New(dns.Err))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "the resolver did not answer in time"
	}
	return cleanError(err)
}
