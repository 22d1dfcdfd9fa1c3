// Package lab is a small world on loopback: a Cloudflare v4 API that can only be
// read, a street of TLS origins each with its own posture, an edge that plays
// Cloudflare's reverse proxy, and a DNS server. The demo and the tests scan it
// with the same client and the same sockets as they would the real world.
//
// The world is data; see [World] and [Demo]. Keys and certificates are made at
// start, relative to the lab's clock: "expires in 9 days" is true on any day.
// Nothing leaves loopback.
package lab

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options is how a lab is started. The zero value is the demo's world.
type Options struct {
	// World is what the lab holds; nil means [Demo].
	World *World
	// PlainZones adds this many generated zones, each with RecordsPerZone DNS
	// records (at least one), none of which has an origin on the street. They
	// are made when they are asked for, so that their number costs no memory.
	PlainZones, RecordsPerZone int
	// Clock is the lab's time at start; zero means now.
	Clock time.Time
	// Seed makes keys, certificates and the token repeatable; empty means random.
	Seed []byte
	// OneAddress puts everything on 127.0.0.1, each origin on a port of its own,
	// as it is where no other loopback address can be bound.
	OneAddress bool
	// Faults are what goes wrong in the API.
	Faults Faults
}

// Faults are what goes wrong in the lab's API. "Every N" counts requests over
// the lab's life; 0 means never.
type Faults struct {
	// Latency is added to every answer.
	Latency time.Duration
	// TooManyEvery answers 429 with a Retry-After of RetryAfter (rounded up to
	// whole seconds, at least 1), as an HTTP date if RetryAfterDate is set.
	TooManyEvery   int
	RetryAfter     time.Duration
	RetryAfterDate bool
	// ServerErrorEvery answers 500 with Cloudflare's envelope, HTMLEvery 502
	// with a page of HTML, ResetEvery resets the connection, TruncateEvery ends
	// the connection in the middle of the body.
	ServerErrorEvery, HTMLEvery, ResetEvery, TruncateEvery int
	// Quota is how many requests may be made per QuotaWindow (default five
	// minutes); beyond it 429 is answered. With it, the Ratelimit headers are
	// sent. 0 means no quota and no headers.
	Quota       int
	QuotaWindow time.Duration
	// Denied are the sections that the token may not read, beyond the world's.
	Denied []Denial
	// Intercept may answer a request itself, before authentication is looked
	// at; nil passes. It must be safe for concurrent use.
	Intercept func(method, path string) *Answer
}

// Answer is a ready HTTP answer.
type Answer struct {
	Status int
	Header map[string]string
	Body   string
}

// Denial is a section that the token may not read.
type Denial struct {
	// Scope is the name of a zone or an account; empty means all of them.
	Scope   string
	Section string // one of the Section constants
}

// Sections of the API, as [Denial] names them.
const (
	SectionZone            = "zone"
	SectionSettings        = "settings"
	SectionZoneAOP         = "zone-aop"
	SectionHostnameAOP     = "hostname-aop"
	SectionDNS             = "dns"
	SectionRulesets        = "rulesets"
	SectionPageRules       = "page-rules"
	SectionLoadBalancers   = "load-balancers"
	SectionCustomHostnames = "custom-hostnames"
	SectionWorkers         = "workers"
	SectionSpectrum        = "spectrum"
	SectionAccounts        = "accounts"
	SectionPools           = "pools" // pools and monitors
	SectionTunnels         = "tunnels"
	SectionNotifications   = "notifications"
)

// Lab is a running lab. Its fields are set by [Start] and must not be changed.
type Lab struct {
	// APIURL is the address of the API, as CLOUDFLARE_BASE_URL takes it.
	APIURL string
	// Token is the API token; Key with Email are the other way in.
	Token, Key, Email string
	// AllowCIDR is the range of all addresses of the street.
	AllowCIDR string
	// EdgeAddress and ResolverAddress are host:port of the edge (TLS) and of the
	// DNS server (UDP and TCP).
	EdgeAddress, ResolverAddress string
	// Ports are the ports beside the origins' own at which something can be
	// found: the demo tries them on every origin.
	Ports []int
	// ClientCertPEM and ClientKeyPEM are a client certificate that the origins
	// which trust [World.ControlCert]'s CA accept: the positive control.
	ClientCertPEM, ClientKeyPEM []byte
	// OriginCAPEM is the CA of the origins' and the edge's server certificates.
	OriginCAPEM []byte
	// Zones are the names of the zones, sorted, without generated ones.
	Zones []string
	// Hosts are the hostnames that lead to the street, in the world's order.
	Hosts []HostInfo

	world *World
	clock func() time.Time
	pki   *pki
	api   *api

	addresses map[string]netip.AddrPort // origin name to TLS address
	plain     map[string]netip.AddrPort // origin name to plain-HTTP address
	kept      atomic.Int64
	edgeIP    netip.Addr
	edgeNet   netip.Prefix // zero where the edge has no range of its own

	stop sync.Once
	// closers are run by Close in reverse order.
	closers []func()
}

// HostInfo is a hostname that leads to the street and what a scan should say.
type HostInfo struct {
	Zone, Hostname string
	// Origin is the origin's name on the street, Address where it listens.
	Origin  string
	Address netip.AddrPort
	// PlainAddress is where Cloudflare's requests go instead, over plain HTTP;
	// zero unless the zone's rules say so.
	PlainAddress netip.AddrPort
	Posture      Posture
	// Verdict is what a scan with the edge control must say of the origin (empty
	// where it has no reason to probe), and Teaches why it is in the world.
	Verdict, Teaches string
}

// Start starts a lab. The context bounds starting only; Close ends the lab.
func Start(ctx context.Context, o Options) (*Lab, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := Demo()
	if o.World != nil {
		w = *o.World
	}
	l := &Lab{world: &w, addresses: map[string]netip.AddrPort{}, plain: map[string]netip.AddrPort{}}
	seed := o.Seed
	if len(seed) == 0 {
		seed = make([]byte, 32)
		rand.Read(seed) // never fails, see crypto/rand
	}
	l.clock = time.Now
	if !o.Clock.IsZero() {
		offset := time.Until(o.Clock)
		l.clock = func() time.Time { return time.Now().Add(offset) }
	}
	var err error
	if l.pki, err = newPKI(l.world, seed, l.clock()); err != nil {
		return nil, fmt.Errorf("making the lab's certificates: %w", err)
	}
	l.OriginCAPEM = l.pki.serverCA.pem()
	l.Token = "lab_" + hex.EncodeToString(l.pki.derive("token", 18))
	l.Key = hex.EncodeToString(l.pki.derive("key", 19))[:37]
	l.Email = "lab@example.com"
	if c := l.world.ControlCert; c != "" {
		leaf := l.pki.certs[c]
		l.ClientCertPEM = leaf.pem()
		if l.ClientKeyPEM, err = leaf.keyPEM(); err != nil {
			return nil, err
		}
	}

	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	if err = l.startStreet(ctx, o.OneAddress); err != nil {
		return nil, err
	}
	if err = l.startResolver(ctx); err != nil {
		return nil, err
	}
	if err = l.startAPI(ctx, o); err != nil {
		return nil, err
	}
	for _, z := range l.world.Zones {
		l.Zones = append(l.Zones, z.Name)
		for _, h := range z.Hosts {
			for _, name := range h.origins() {
				info := HostInfo{Zone: z.Name, Hostname: h.fqdn(z.Name), Origin: name, Address: l.addresses[name],
					Posture: l.world.origin(name).Posture, Verdict: h.verdictOf(name), Teaches: h.Teaches}
				if h.PlainPort {
					info.PlainAddress = l.plain[name]
				}
				l.Hosts = append(l.Hosts, info)
			}
		}
	}
	slices.Sort(l.Zones)
	return l, nil
}

// Close ends the lab: every listener and connection is closed, and every
// goroutine has ended when it returns.
func (l *Lab) Close() {
	l.stop.Do(func() {
		for _, f := range slices.Backward(l.closers) {
			f()
		}
	})
}

// Request is one request that the API saw.
type Request struct {
	Method string
	// Path is without the /client/v4 prefix, Query as it came.
	Path, Query string
	Status      int // 0 where the connection was reset instead
}

// Requests returns the first 100,000 requests that the API saw, in the order in
// which they were answered.
func (l *Lab) Requests() []Request { return l.api.requests() }

// RequestCount returns how many requests the API saw.
func (l *Lab) RequestCount() int { return int(l.api.count.Load()) }

// WritesRefused returns how many requests with a method other than GET came;
// all were refused with 405.
func (l *Lab) WritesRefused() int { return int(l.api.writes.Load()) }

// Kept returns how many connections the silent origins have accepted so far.
func (l *Lab) Kept() int { return int(l.kept.Load()) }

// Address returns where an origin of the street listens for TLS.
func (l *Lab) Address(origin string) (netip.AddrPort, bool) {
	a, ok := l.addresses[origin]
	return a, ok
}

// Origins returns the names of the street's origins, sorted.
func (l *Lab) Origins() []string { return slices.Sorted(maps.Keys(l.addresses)) }

// ZoneID returns the identifier of the zone with this name.
func ZoneID(name string) string { return objectID("zone", name) }

// AccountID returns the identifier of the account with this name.
func AccountID(name string) string { return objectID("account", name) }
