package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

// BuildOptions is what a report needs beside evidence and results.
type BuildOptions struct {
	// FailOn is the lowest severity that fails the run; empty means medium.
	FailOn checks.Severity
	// AllowInconclusive leaves what could not be verified out of the exit code.
	AllowInconclusive bool
	// Waivers report the waivers of the configuration.
	Waivers []WaiverReport
	// Loosened names the checks whose thresholds the configuration loosened.
	Loosened []string
	// Control is the framework to group by; empty means none.
	Control string
	// WaiverSnippets prints a paste-ready waiver under every failing result.
	WaiverSnippets bool
	// Only and Skip are the checks that were selected and left out by name.
	Only, Skip []string
	// Catalogue is the whole catalogue; nil means [checks.All].
	Catalogue []checks.Check
}

// Build makes the report: sorted, counted, ready to print. It shares the
// evidence's slices and changes nothing in them.
func Build(ev *evidence.Evidence, out checks.Outcome, o BuildOptions) *Report {
	if o.FailOn == "" {
		o.FailOn = checks.Medium
	}
	catalogue := o.Catalogue
	if catalogue == nil {
		catalogue = checks.All()
	}
	r := &Report{
		Schema:     SchemaID,
		Tool:       ev.Tool,
		StartedAt:  ev.StartedAt.UTC(),
		FinishedAt: ev.CollectedAt.UTC(),
		Scope:      ev.Scope,
		Results:    make([]Result, 0, len(out.Results)),
		Origins:    make([]Origin, 0, len(out.Origins)),
		Problems:   slices.Clone(ev.Problems),
		Waivers:    slices.Clone(o.Waivers),
		Loosened:   sortedUnique(o.Loosened),
		Edges:      slices.Clone(ev.Edges),
		Probing:    ev.ProbeOptions,
		Control:    o.Control,
		Checks:     []CheckInfo{},
	}
	r.Summary.FailOn = string(o.FailOn)
	r.Summary.AllowInconclusive = o.AllowInconclusive

	titles := map[string]string{}
	for _, c := range catalogue {
		titles[c.ID] = c.Title
		info := CheckInfo{
			ID: c.ID, Title: c.Title, Severity: c.Severity, Needs: c.Needs, Rationale: c.Rationale,
			Remediation: c.Remediation, References: c.References, Controls: c.Controls,
		}
		if (len(o.Only) == 0 || slices.Contains(o.Only, c.ID)) && !slices.Contains(o.Skip, c.ID) {
			r.Checks = append(r.Checks, info)
		} else {
			r.LeftOut = append(r.LeftOut, info)
		}
	}
	r.Catalogue = Catalogue{Checks: len(catalogue), Selected: len(r.Checks), Digest: catalogueDigest(catalogue)}

	for _, res := range out.Results {
		if res.Status == "" {
			res.Status = checks.Inconclusive
		}
		rr := Result{Result: res, Title: titles[res.Check]}
		if o.WaiverSnippets && res.Status == checks.Fail {
			rr.WaiverSnippet = WaiverSnippet(res)
		}
		r.Results = append(r.Results, rr)
	}
	for _, og := range out.Origins {
		r.Origins = append(r.Origins, OriginOf(og))
	}
	for _, z := range ev.Zones {
		r.Zones = append(r.Zones, Zone{ID: z.ID, Name: z.Name, AccountID: z.AccountID, AccountName: z.AccountName,
			Status: z.Status, Plan: z.Plan, Paused: z.Paused})
		for _, h := range z.Hostnames {
			r.Hostnames = append(r.Hostnames, hostnameOf(z, h, ev.CollectedAt))
		}
		r.Certificates = append(r.Certificates, certificatesOf(z, ev.CollectedAt)...)
	}
	r.Unread = unreadSections(ev)
	sortReport(r)
	Finish(r)
	return r
}

// Finish counts again and writes the verdict sentence. [Build] calls it; call it
// again after results were changed (a baseline was applied).
func Finish(r *Report) {
	if r.Control != "" {
		r.Controls = GroupByControl(r, r.Control)
	}
	summarise(r)
}

// ExitCode is the exit code that follows from the results alone: 1 when a result
// at or above failOn failed, else 4 when something could not be verified, else 0.
// Failures that the baseline already had do not count. A report without any
// result verified nothing and is 4. failOn "" means medium.
func ExitCode(r *Report, failOn checks.Severity, allowInconclusive bool) int {
	if failOn == "" {
		failOn = checks.Medium
	}
	incomplete := len(r.Problems) > 0 || len(r.Results) == 0
	for _, res := range r.Results {
		switch res.Status {
		case checks.Fail:
			// A severity that nobody knows is not a reason to pass.
			unknown := res.Severity.Rank() > checks.Info.Rank()
			if res.Baseline != BaselineUnchanged && (unknown || res.Severity.Rank() <= failOn.Rank()) {
				return 1
			}
		case checks.Pass, checks.NotApplicable, checks.Skipped, checks.Waived:
		default:
			incomplete = true
		}
	}
	if incomplete && !allowInconclusive {
		return 4
	}
	return 0
}

func catalogueDigest(all []checks.Check) string {
	lines := make([]string, 0, len(all))
	for _, c := range all {
		line := fmt.Sprintf("%q %q %q %q", c.ID, c.Severity, c.Title, c.Needs)
		for _, m := range c.Controls {
			line += fmt.Sprintf(" %q %q", m.Framework, m.ID)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])[:12]
}

// OriginOf is a judged origin as reports have it.
func OriginOf(og checks.Origin) Origin {
	ep := og.Endpoint
	o := Origin{
		Zone: ep.Zone, Hostname: ep.Hostname, Address: ep.Address, Port: ep.Port, SNI: ep.SNI, Host: ep.Host,
		Judgement: og.Judgement, Drift: og.Drift, NotProbed: ep.NotProbed, Observations: ep.Observations,
	}
	if o.Drift == "" {
		o.Drift = verdict.DriftUnknown
	}
	if o.Verdict == "" {
		o.Verdict = verdict.Inconclusive
	}
	if og.Hostname != nil {
		o.CertificateSource = og.Hostname.Certificate.Source
	}
	return o
}

func hostnameOf(z evidence.Zone, h evidence.Hostname, now time.Time) Hostname {
	out := Hostname{
		Zone: z.Name, Hostname: h.Name, Proxied: h.Proxied,
		SSLMode: h.SSLMode.Value, SSLModeSource: h.SSLMode.Source, SSLModeOthers: h.SSLMode.Others,
		CertificateSource: h.Certificate.Source, CertificateID: h.Certificate.ID, CertificateWhy: h.Certificate.Why,
		NoOrigin: h.NoOrigin,
	}
	if c := findCertificate(z, h.Certificate); c != nil {
		if end, ok := c.Expiry(); ok {
			end = end.UTC()
			days := daysUntil(now, end)
			out.ExpiresAt, out.ExpiresInDays = &end, &days
		}
	}
	for _, o := range h.Origins {
		out.Origins = append(out.Origins, originText(o))
	}
	slices.Sort(out.Origins)
	out.Origins = slices.Compact(out.Origins)
	for _, gaps := range [][]evidence.Gap{h.SSLMode.Gaps, h.Certificate.Gaps, h.OriginNotes} {
		out.Gaps = append(out.Gaps, gaps...)
	}
	return out
}

func originText(o evidence.Origin) string {
	where := o.Address
	if where == "" {
		where = o.Name
	}
	text := hostPort(where, o.Port)
	switch {
	case o.Edge:
		text += " (Cloudflare's own)"
	case o.Address == "":
		text += " (did not resolve)"
	}
	return text
}

func findCertificate(z evidence.Zone, c evidence.EffectiveCertificate) *evidence.ClientCertificate {
	lists := map[evidence.CertificateSource][]evidence.ClientCertificate{
		evidence.CertificateHostname: z.HostnameAOP.Certificates,
		evidence.CertificateZone:     z.AOP.Certificates,
	}
	for i, cc := range lists[c.Source] {
		if c.ID != "" && cc.ID == c.ID {
			return &lists[c.Source][i]
		}
	}
	return nil
}

func certificatesOf(z evidence.Zone, now time.Time) []Certificate {
	users := map[string][]string{}
	for _, h := range z.Hostnames {
		if h.Certificate.ID != "" {
			key := string(h.Certificate.Source) + " " + h.Certificate.ID
			users[key] = append(users[key], h.Name)
		}
	}
	var out []Certificate
	add := func(level evidence.CertificateSource, list []evidence.ClientCertificate) {
		for _, cc := range list {
			c := Certificate{Zone: z.Name, Level: level, ID: cc.ID, Status: cc.Status, ParseError: cc.ParseError,
				Hostnames: sortedUnique(users[string(level)+" "+cc.ID])}
			if cc.Leaf != nil {
				c.Subject, c.Issuer, c.SHA256 = cc.Leaf.Subject, cc.Leaf.Issuer, cc.Leaf.SHA256
				begin := cc.Leaf.NotBefore.UTC()
				c.NotBefore = &begin
			}
			if end, ok := cc.Expiry(); ok {
				end = end.UTC()
				days := daysUntil(now, end)
				c.NotAfter, c.ExpiresInDays = &end, &days
			}
			out = append(out, c)
		}
	}
	add(evidence.CertificateZone, z.AOP.Certificates)
	add(evidence.CertificateHostname, z.HostnameAOP.Certificates)
	return out
}

// daysUntil counts whole days; what ended an hour ago is -1.
func daysUntil(now, end time.Time) int {
	return int(math.Floor(end.Sub(now).Hours() / 24))
}

// hostPort joins a host and a port; an IPv6 address gets its brackets.
func hostPort(host string, port int) string {
	if port == 0 {
		return host
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

func sortedUnique(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}

// statusRank orders statuses, what needs attention first.
func statusRank(s checks.Status) int {
	switch s {
	case checks.Fail:
		return 0
	case checks.Inconclusive:
		return 1
	case checks.Waived:
		return 2
	case checks.Pass:
		return 3
	case checks.Skipped:
		return 4
	case checks.NotApplicable:
		return 5
	}
	return 1 // unknown words are as good as not verified
}

// verdictRank orders verdicts, worst first.
func verdictRank(v verdict.Verdict) int {
	for i, w := range []verdict.Verdict{verdict.NotEnforced, verdict.Bypassable, verdict.RefusedOtherwise,
		verdict.Inconclusive, verdict.Unreachable, verdict.Enforced} {
		if v == w {
			return i
		}
	}
	return 3
}

func compareAddress(a, b string) int {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	if errX == nil && errY == nil {
		return x.Compare(y)
	}
	return cmp.Compare(a, b)
}

// compareResults is a total order: what is equal here reads equal everywhere.
func compareResults(a, b Result) int {
	return cmp.Or(
		cmp.Compare(a.Zone, b.Zone),
		cmp.Compare(statusRank(a.Status), statusRank(b.Status)),
		cmp.Compare(a.Severity.Rank(), b.Severity.Rank()),
		cmp.Compare(a.Check, b.Check),
		cmp.Compare(a.Hostname, b.Hostname),
		compareAddress(a.Address, b.Address),
		cmp.Compare(a.Port, b.Port),
		cmp.Compare(a.Subject, b.Subject),
		cmp.Compare(a.Message, b.Message),
		cmp.Compare(a.Reason, b.Reason),
		cmp.Compare(a.Fingerprint, b.Fingerprint),
		slices.Compare(a.Observations, b.Observations),
		cmp.Compare(a.Reproduce, b.Reproduce),
	)
}

func compareOrigins(a, b Origin) int {
	return cmp.Or(
		cmp.Compare(a.Zone, b.Zone),
		cmp.Compare(a.Hostname, b.Hostname),
		compareAddress(a.Address, b.Address),
		cmp.Compare(a.Port, b.Port),
		cmp.Compare(a.SNI, b.SNI),
		cmp.Compare(a.Host, b.Host),
		cmp.Compare(a.Verdict, b.Verdict),
		cmp.Compare(a.Why, b.Why),
	)
}

func compareTimes(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}

func sortReport(r *Report) {
	byID := func(a, b CheckInfo) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortStableFunc(r.Checks, byID)
	slices.SortStableFunc(r.LeftOut, byID)
	slices.SortStableFunc(r.Results, compareResults)
	slices.SortStableFunc(r.Origins, compareOrigins)
	slices.SortStableFunc(r.Zones, func(a, b Zone) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	slices.SortStableFunc(r.Hostnames, func(a, b Hostname) int {
		return cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Hostname, b.Hostname))
	})
	slices.SortStableFunc(r.Certificates, func(a, b Certificate) int {
		return cmp.Or(compareTimes(a.NotAfter, b.NotAfter), cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Level, b.Level), cmp.Compare(a.ID, b.ID))
	})
	slices.SortStableFunc(r.Unread, func(a, b UnreadSection) int {
		return cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Endpoint, b.Endpoint))
	})
	slices.SortStableFunc(r.Problems, func(a, b evidence.Problem) int {
		return cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.What, b.What), cmp.Compare(a.Cause, b.Cause))
	})
	slices.SortStableFunc(r.Waivers, func(a, b WaiverReport) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Check, b.Check), cmp.Compare(a.State, b.State), cmp.Compare(a.Reason, b.Reason))
	})
	slices.SortStableFunc(r.Edges, func(a, b evidence.Edge) int {
		return cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Hostname, b.Hostname))
	})
}

// unreadSections lists what was asked of Cloudflare and not told. A section that
// nobody tried to read counts only where the scan was cut short.
func unreadSections(ev *evidence.Evidence) []UnreadSection {
	interrupted := false
	for _, p := range ev.Problems {
		interrupted = interrupted || p.Interrupted
	}
	var out []UnreadSection
	add := func(zone, account, name string, s evidence.Section) {
		switch s.State {
		case evidence.SectionRead, evidence.SectionAbsent:
			return
		case evidence.SectionUnread:
			if !interrupted {
				return
			}
		}
		out = append(out, UnreadSection{Zone: zone, Account: account, Name: name, Section: s})
	}
	for _, z := range ev.Zones {
		add(z.Name, "", "zone settings", z.Settings.Section)
		names := make([]string, 0, len(z.Settings.Unread))
		for name := range z.Settings.Unread {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			add(z.Name, "", "zone setting "+name, z.Settings.Unread[name])
		}
		add(z.Name, "", "zone-level AOP switch", z.AOP.SettingSection)
		add(z.Name, "", "zone-level AOP certificates", z.AOP.CertificatesSection)
		add(z.Name, "", "hostname-level AOP certificates", z.HostnameAOP.CertificatesSection)
		add(z.Name, "", "hostname-level AOP associations", z.HostnameAOP.AssociationsSection)
		for _, a := range z.HostnameAOP.Associations {
			if a.Section.State != evidence.SectionUnread { // most are read with the list
				add(z.Name, "", "AOP association of "+a.Hostname, a.Section)
			}
		}
		add(z.Name, "", "DNS records", z.DNS.Section)
		add(z.Name, "", "configuration rules", z.ConfigRules.Section)
		add(z.Name, "", "origin rules", z.OriginRules.Section)
		add(z.Name, "", "page rules", z.PageRules.Section)
		add(z.Name, "", "load balancers", z.LoadBalancers.Section)
		add(z.Name, "", "custom hostnames", z.CustomHostnames.Section)
		add(z.Name, "", "fallback origin", z.FallbackOrigin.Section)
		add(z.Name, "", "Workers routes", z.WorkerRoutes.Section)
		add(z.Name, "", "Spectrum applications", z.SpectrumApps.Section)
	}
	for _, a := range ev.Accounts {
		name := a.Name
		if name == "" {
			name = a.ID
		}
		add("", name, "load-balancer pools", a.PoolsSection)
		add("", name, "load-balancer monitors", a.MonitorsSection)
		add("", name, "tunnels", a.TunnelsSection)
		add("", name, "Railguns", a.RailgunsSection)
		add("", name, "notification policies", a.NotificationsSection)
	}
	return out
}
