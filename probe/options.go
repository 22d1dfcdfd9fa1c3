// Package probe asks origins the questions of aopscan: it plans attempts from
// configuration, connects, and records what came back. It judges nothing; that
// is the business of internal/verdict.
//
// Every connection is bounded in time and bytes, follows no redirect, goes only
// to addresses that the policy allows, and is recognisable as a probe.
package probe

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
)

// The defaults of [Options].
const (
	DefaultAttemptTimeout  = 10 * time.Second
	DefaultEndpointTimeout = 60 * time.Second
	DefaultConcurrency     = 64
	DefaultPerAddress      = 2
	defaultUserAgent       = "aopscan/0.0.0-dev (+https://github.com/aopscan/aopscan)"
)

// Options is how probing is done. The zero value asks the standard questions of
// public addresses only.
type Options struct {
	// Attempts is "quick", "standard" or "all", or names of attempts; the sets may
	// be mixed with names. Empty means standard. The no-certificate attempt is
	// always made: nothing can be said without it.
	Attempts []string
	// AllowAddresses are ranges beyond public addresses that may be dialled.
	AllowAddresses []netip.Prefix
	// Ports are further ports of every origin to ask, first over TLS, then, where
	// that is not spoken, over plain HTTP.
	Ports []int
	// Paths are further paths to ask.
	Paths []string
	// SiblingNames are other names that may live on the same sockets.
	SiblingNames []string
	// ClientCert is the user's own certificate: the positive control.
	ClientCert *tls.Certificate
	// ExpectedCAs are the certificates that Cloudflare presents, or their issuers:
	// a spoofed issuer copies the issuer's name of a leaf, the subject of a CA.
	ExpectedCAs []*x509.Certificate
	// AttemptTimeout bounds one attempt, EndpointTimeout all attempts at one origin.
	AttemptTimeout  time.Duration
	EndpointTimeout time.Duration
	// Concurrency is how many origins are probed at once, PerAddress how many of
	// these may share an address; an origin gets one connection at a time.
	Concurrency int
	PerAddress  int
	// EdgeAddress is where the edge control connects, as ADDR or ADDR:PORT, instead
	// of the hostname's own addresses. Setting it asks for the edge control.
	EdgeAddress string
	// EdgeRanges are Cloudflare's addresses; empty means the published list that is
	// built in (https://www.cloudflare.com/ips/).
	EdgeRanges []netip.Prefix
	// Resolver is the DNS server to ask, as ADDR or ADDR:PORT; empty means the system's.
	Resolver  string
	UserAgent string
	Logger    *slog.Logger
	// Progress is called after every endpoint, OnEndpoint with every endpoint and,
	// where the edge control is asked for its hostname, what that said; both from one
	// goroutine at a time. Endpoints come in the order in which they are finished.
	Progress   func(done, total int)
	OnEndpoint func(evidence.Endpoint, *evidence.Edge)
	// Now is the clock of timings; nil means time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if len(o.Attempts) == 0 {
		o.Attempts = []string{"standard"}
	}
	if o.AttemptTimeout <= 0 {
		o.AttemptTimeout = DefaultAttemptTimeout
	}
	if o.EndpointTimeout <= 0 {
		o.EndpointTimeout = DefaultEndpointTimeout
	}
	if o.Concurrency <= 0 {
		o.Concurrency = DefaultConcurrency
	}
	if o.PerAddress <= 0 {
		o.PerAddress = DefaultPerAddress
	}
	if len(o.EdgeRanges) == 0 {
		o.EdgeRanges = publishedEdgeRanges()
	}
	if o.UserAgent == "" {
		o.UserAgent = defaultUserAgent
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Record is what the evidence keeps of the options.
func (o Options) Record() *evidence.ProbeOptions {
	o = o.withDefaults()
	r := &evidence.ProbeOptions{
		Attempts:          slices.Clone(o.Attempts),
		Ports:             slices.Clone(o.Ports),
		Paths:             slices.Clone(o.Paths),
		PositiveControl:   o.ClientCert != nil,
		AttemptTimeoutMS:  o.AttemptTimeout.Milliseconds(),
		EndpointTimeoutMS: o.EndpointTimeout.Milliseconds(),
	}
	for _, p := range o.AllowAddresses {
		r.AllowAddresses = append(r.AllowAddresses, p.String())
	}
	return r
}

// attemptSets are the names that stand for several attempts.
var attemptSets = map[string][]evidence.AttemptName{
	"quick": {evidence.AttemptNoCertificate},
	"standard": {
		evidence.AttemptNoCertificate, evidence.AttemptLegacyTLS, evidence.AttemptHTTP2, evidence.AttemptHTTP3,
		evidence.AttemptRandomPath, evidence.AttemptRogueCertificate, evidence.AttemptSpoofedIssuer,
		evidence.AttemptNoSNI, evidence.AttemptOtherSNI, evidence.AttemptOtherHost,
		evidence.AttemptResumedSession, evidence.AttemptPlainHTTP,
		// What the user hands over a certificate, paths or ports for is wanted.
		evidence.AttemptPositiveControl, evidence.AttemptPath,
	},
	"all": {evidence.AttemptOtherPort, evidence.AttemptEdgeControl}, // and standard
}

// attemptNames are the names that --attempts takes, in the order of docs.
var attemptNames = []evidence.AttemptName{
	evidence.AttemptNoCertificate, evidence.AttemptRogueCertificate, evidence.AttemptSpoofedIssuer,
	evidence.AttemptNoSNI, evidence.AttemptOtherSNI, evidence.AttemptOtherHost, evidence.AttemptResumedSession,
	evidence.AttemptPlainHTTP, evidence.AttemptOtherPort, evidence.AttemptHTTP2, evidence.AttemptHTTP3,
	evidence.AttemptPath, evidence.AttemptLegacyTLS, evidence.AttemptRandomPath,
	evidence.AttemptPositiveControl, evidence.AttemptEdgeControl,
}

// AttemptNames returns every word that --attempts takes, the sets first.
func AttemptNames() []string {
	names := []string{"quick", "standard", "all"}
	for _, a := range attemptNames {
		names = append(names, string(a))
	}
	return names
}

// CheckAttempts returns an error that names the first word which is neither a
// set nor an attempt.
func CheckAttempts(names []string) error {
	for _, n := range names {
		if _, ok := attemptSets[n]; ok || slices.Contains(attemptNames, evidence.AttemptName(n)) {
			continue
		}
		return fmt.Errorf("%q is not an attempt; use %s", n, strings.Join(AttemptNames(), ", "))
	}
	return nil
}

// selection is the set of attempts to make.
type selection map[evidence.AttemptName]bool

// selected resolves the names of the options. An unknown name selects nothing;
// [CheckAttempts] is where it is reported.
func (o Options) selected() selection {
	s := selection{evidence.AttemptNoCertificate: true}
	for _, n := range o.Attempts {
		set, ok := attemptSets[n]
		if !ok {
			s[evidence.AttemptName(n)] = true
			continue
		}
		if n == "all" {
			set = append(slices.Clone(attemptSets["standard"]), set...)
		}
		for _, a := range set {
			s[a] = true
		}
	}
	if o.EdgeAddress != "" && !o.quick() {
		s[evidence.AttemptEdgeControl] = true
	}
	if len(o.Ports) > 0 && !o.quick() {
		s[evidence.AttemptOtherPort] = true
	}
	return s
}

// quick reports whether only the one cheapest connection is wanted.
func (o Options) quick() bool { return len(o.Attempts) == 1 && o.Attempts[0] == "quick" }
