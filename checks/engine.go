package checks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

// registry holds every check. It is filled while the package is initialised and
// never changed afterwards; a slice, so that a duplicate cannot overwrite.
var registry []Check

// register adds a check: `var _ = register(Check{...})` in the check's own file
// is all that it takes.
func register(c Check) struct{} {
	registry = append(registry, c)
	return struct{}{}
}

// All returns a copy of the catalogue, sorted by ID.
func All() []Check {
	all := slices.Clone(registry)
	slices.SortFunc(all, func(a, b Check) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// EvaluateOptions say how to judge.
type EvaluateOptions struct {
	// Thresholds of the checks; the zero value means [DefaultThresholds].
	Thresholds Thresholds
	// Only are the IDs of the checks to run, empty for all; Skip those to leave out.
	Only, Skip []string
}

// selects reports whether the check is to be run.
func (o EvaluateOptions) selects(id string) bool {
	return (len(o.Only) == 0 || slices.Contains(o.Only, id)) && !slices.Contains(o.Skip, id)
}

// Outcome is what judging gives.
type Outcome struct {
	// Results are sorted by zone, hostname, address, port, check and subject.
	Results []Result
	// Origins are the judged endpoints, in the evidence's order.
	Origins []Origin
}

// Evaluate judges the evidence with every selected check. It is a pure function:
// the same evidence and options give the same outcome.
//
// Evidence of `aopscan probe` has no configuration, so that only the checks that
// need probing say anything of it. Where nothing was probed, these are skipped.
func Evaluate(ev *evidence.Evidence, o EvaluateOptions) Outcome {
	return evaluate(ev, o, All(), verdict.Judge)
}

// judgeFunc is what gives an endpoint its verdict: [verdict.Judge].
type judgeFunc func(evidence.Endpoint, *evidence.Edge) verdict.Judgement

func evaluate(ev *evidence.Evidence, o EvaluateOptions, catalogue []Check, judge judgeFunc) Outcome {
	if o.Thresholds == (Thresholds{}) {
		o.Thresholds = DefaultThresholds
	}
	if !o.selects("client-certificate-expiring-soon") {
		o.Thresholds.ExpiringSoonDays = -1 // what nobody calls "soon" is still expiring
	}
	in := newInput(ev, o.Thresholds, judge)
	var results []Result
	for _, c := range catalogue {
		if !o.selects(c.ID) {
			continue
		}
		if c.Needs != NeedsProbing && len(ev.Scope.Targets) > 0 {
			continue // aopscan probe: there is no configuration to speak of
		}
		for _, r := range run(c, in) {
			results = append(results, finish(c, r))
		}
	}
	slices.SortStableFunc(results, compareResults)
	return Outcome{Results: results, Origins: in.Origins}
}

// run runs one check. A panic, like silence, is an inconclusive result that names
// the check: a scan goes on, and a broken check never passes.
func run(c Check, in *Input) (results []Result) {
	defer func() {
		if p := recover(); p != nil {
			results = []Result{{
				Status:  Inconclusive,
				Message: fmt.Sprintf("The check '%s' failed inside and judged nothing.", c.ID),
				Reason:  fmt.Sprintf("panic: %v", p),
			}}
		}
	}()
	if c.Needs == NeedsProbing && in.Evidence.ProbeOptions == nil {
		return []Result{{
			Status:  Skipped,
			Message: "Origins were not probed.",
			Reason:  "the scan read configuration only",
		}}
	}
	if results = c.Eval(in); len(results) == 0 {
		results = []Result{{
			Status:  Inconclusive,
			Message: fmt.Sprintf("The check '%s' said nothing.", c.ID),
		}}
	}
	return results
}

// finish fills what every result of a check has in common.
func finish(c Check, r Result) Result {
	r.Check, r.Severity = c.ID, c.Severity
	switch r.Status {
	case Pass, Fail, NotApplicable, Skipped:
	default: // the zero value, and words that a check has no right to
		r.Status = Inconclusive
	}
	if r.Remediation == "" {
		switch {
		case r.Status == Fail && len(c.Remediation) > 0:
			r.Remediation = c.Remediation[0].Text
		case r.Status == Inconclusive && r.Permission != "":
			r.Remediation = fmt.Sprintf("Give the API token the permission '%s' and scan again.", r.Permission)
		}
	}
	r.Fingerprint = Fingerprint(r)
	return r
}

// Fingerprint identifies a finding across runs: by check, zone, hostname, address,
// port and subject, never by its wording, severity or status.
func Fingerprint(r Result) string {
	h := sha256.New()
	for _, part := range []string{r.Check, r.Zone, r.Hostname, r.Address, fmt.Sprint(r.Port), r.Subject} {
		fmt.Fprintf(h, "%d:%s,", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

var seeAlso = regexp.MustCompile(`; see ([a-z0-9-]+)(?: and ([a-z0-9-]+))?\.$`)

// SeeAlso returns the checks to which a not-applicable result points: it does not
// apply because of what they found, so that nothing is mended.
func (r Result) SeeAlso() []string {
	if r.Status != NotApplicable {
		return nil
	}
	m := seeAlso.FindStringSubmatch(r.Message)
	if m == nil {
		return nil
	}
	return slices.DeleteFunc(m[1:], func(s string) bool { return s == "" })
}

func compareResults(a, b Result) int {
	return cmp.Or(
		strings.Compare(a.Zone, b.Zone),
		strings.Compare(a.Hostname, b.Hostname),
		compareAddresses(a.Address, b.Address),
		cmp.Compare(a.Port, b.Port),
		strings.Compare(a.Check, b.Check),
		strings.Compare(a.Subject, b.Subject),
		strings.Compare(string(a.Status), string(b.Status)),
		strings.Compare(a.Message, b.Message),
	)
}

// compareAddresses orders addresses as numbers, and what is no address by spelling.
func compareAddresses(a, b string) int {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	if errX == nil && errY == nil {
		return x.Compare(y)
	}
	return strings.Compare(a, b)
}

// hostKey names a hostname of a zone; the zone is empty for `aopscan probe`.
type hostKey struct{ zone, hostname string }

// Bench judges single origins by a configuration that was read before: what
// [Evaluate] does with all of them, for reports that do not wait for the last.
type Bench struct {
	hostnames map[hostKey]*evidence.Hostname
	zones     map[string]*evidence.Zone
	judge     judgeFunc
}

// NewBench looks at the evidence's configuration; its endpoints are of no
// interest. The evidence must not change while the bench is in use.
func NewBench(ev *evidence.Evidence) *Bench {
	b := &Bench{hostnames: map[hostKey]*evidence.Hostname{}, zones: map[string]*evidence.Zone{}, judge: verdict.Judge}
	for i := range ev.Zones {
		z := &ev.Zones[i]
		b.zones[z.Name] = z
		for j := range z.Hostnames {
			b.hostnames[hostKey{z.Name, z.Hostnames[j].Name}] = &z.Hostnames[j]
		}
	}
	return b
}

// Origin judges one endpoint, with what its hostname answered through Cloudflare
// where that was asked (nil elsewhere), and joins the verdict with what Cloudflare
// will send to it.
func (b *Bench) Origin(ep evidence.Endpoint, edge *evidence.Edge) Origin {
	o := Origin{Endpoint: ep, Hostname: b.hostnames[hostKey{ep.Zone, ep.Hostname}]}
	o.Judgement = judged(b.judge, ep, edge)
	o.trust = trustOf(&o, b.zones[ep.Zone])
	if o.trust == untrusted && answered(edge) {
		o.trust = trustDisputed
	}
	o.Drift = driftOf(&o)
	return o
}

// newInput judges the endpoints and joins them with what is known of their
// hostnames.
func newInput(ev *evidence.Evidence, t Thresholds, judge judgeFunc) *Input {
	b := NewBench(ev)
	b.judge = judge
	edges := map[hostKey]*evidence.Edge{}
	for i := range ev.Edges {
		e := &ev.Edges[i]
		edges[hostKey{e.Zone, e.Hostname}] = e
	}
	in := &Input{Evidence: ev, Now: ev.CollectedAt, Thresholds: t, Origins: make([]Origin, 0, len(ev.Endpoints))}
	for _, ep := range ev.Endpoints {
		in.Origins = append(in.Origins, b.Origin(ep, edges[hostKey{ep.Zone, ep.Hostname}]))
	}
	return in
}

// driftOf joins what Cloudflare presents for the origin's hostname with what the
// origin demands.
func driftOf(o *Origin) verdict.Drift {
	source := evidence.CertificateUnknown
	if o.Hostname != nil {
		source = o.Hostname.Certificate.Source
	}
	d := verdict.DriftOf(source, nil, o.Judgement, o.Endpoint)
	demanded := o.Judgement.Demand == verdict.DemandRequired
	if o.trust == trustDisputed && d == verdict.DriftEnforced {
		return verdict.DriftUnknown
	}
	if o.trust == untrusted && (d == verdict.DriftEnforced || d == verdict.DriftUnknown && demanded) {
		return verdict.DriftUntrusted
	}
	return d
}

// trust says whether an origin names the CA of the certificate that Cloudflare
// presents to it.
type trust int

const (
	trustUnknown trust = iota // one of the two was not seen
	trusted
	untrusted
	// trustDisputed: it names others, and yet visitors are served through Cloudflare.
	// A server may trust CAs that it does not name, and where there are several
	// origins another one may have answered.
	trustDisputed
)

// answered reports whether a visitor got an answer of the origin's through
// Cloudflare: a success or a redirect that was not served from cache and is no
// challenge.
func answered(edge *evidence.Edge) bool {
	return edge != nil && slices.ContainsFunc(edge.Observations, func(o evidence.Observation) bool {
		return o.HTTP != nil && o.HTTP.Status >= 200 && o.HTTP.Status < 400 &&
			!strings.EqualFold(o.HTTP.Headers["cf-cache-status"], "HIT") && o.HTTP.Headers["cf-mitigated"] == ""
	})
}

// trustOf compares the CAs that the origin names with the certificate that it will
// see. An origin trusts a certificate when it names the issuer of any certificate
// of the chain.
func trustOf(o *Origin, z *evidence.Zone) trust {
	if o.Hostname == nil {
		return trustUnknown
	}
	switch o.Hostname.Certificate.Source {
	case evidence.CertificateGlobal:
		named, _, _ := acceptableCAs(o)
		switch {
		case slices.ContainsFunc(named, isSharedCA):
			return trusted
		case len(named) > 0 && !namesCut(o):
			return untrusted // it wants a certificate of somebody else's
		}
	case evidence.CertificateHostname, evidence.CertificateZone:
		c := certificateByID(z, o.Hostname.Certificate.ID)
		if c == nil || c.Leaf == nil || c.Leaf.IssuerRaw == "" || len(verdict.AcceptableCAs(o.Endpoint)) == 0 {
			return trustUnknown
		}
		for _, link := range append([]evidence.Certificate{*c.Leaf}, c.Chain...) {
			if !verdict.Untrusted(link, o.Endpoint) {
				return trusted
			}
		}
		return untrusted
	}
	return trustUnknown
}

// judged asks for a verdict. A verdict engine that breaks on an endpoint leaves
// that endpoint unjudged and the others alone.
func judged(judge judgeFunc, ep evidence.Endpoint, edge *evidence.Edge) (j verdict.Judgement) {
	defer func() {
		if p := recover(); p != nil {
			j = verdict.Judgement{
				Verdict:    verdict.Inconclusive,
				Confidence: verdict.Unclear,
				Why:        fmt.Sprintf("judging what was seen failed inside: panic: %v", p),
			}
		}
	}()
	return judge(ep, edge)
}

// days is the length of n days.
func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
