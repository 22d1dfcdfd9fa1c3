package checks

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

// Builders of results for the subjects that checks speak of: a zone, a hostname.
// Origins have theirs in origins.go.

// zoneResult is a result about a whole zone.
func zoneResult(z *evidence.Zone, s Status, format string, args ...any) Result {
	return Result{Status: s, Zone: z.Name, Message: fmt.Sprintf(format, args...)}
}

// hostResult is a result about one hostname.
func hostResult(z *evidence.Zone, hostname string, s Status, format string, args ...any) Result {
	r := zoneResult(z, s, format, args...)
	r.Hostname = hostname
	return r
}

// unread is the inconclusive result of a zone for want of a section. What is the
// part of the message that says what was to be read: "The zone's SSL mode".
func unread(z *evidence.Zone, what string, s evidence.Section) Result {
	r := zoneResult(z, Inconclusive, "%s is not known, because it could not be read.", what)
	r.Reason, r.Permission = whyUnread(s), s.Permission
	if s.State == evidence.SectionFailed {
		r.Permission = "" // the API failed; a permission would not help
	}
	return r
}

// whyUnread says why a section was not read.
func whyUnread(s evidence.Section) string {
	where := ""
	if s.Endpoint != "" {
		where = " " + s.Endpoint
	}
	switch s.State {
	case evidence.SectionDenied:
		return withError("the token may not read it", s)
	case evidence.SectionFailed:
		return withError("reading"+where+" failed", s)
	case evidence.SectionRead, evidence.SectionAbsent:
		return "the answer" + strings.Replace(where, " ", " of ", 1) + " does not say"
	}
	return "the scan did not read it"
}

func withError(text string, s evidence.Section) string {
	if s.HTTPStatus != 0 {
		text += fmt.Sprintf(" (HTTP status %d)", s.HTTPStatus)
	}
	if s.Error != "" {
		text += ": " + s.Error
	}
	return text
}

// unknown is the inconclusive result of a hostname for want of what the gaps name.
func unknown(z *evidence.Zone, h *evidence.Hostname, gaps []evidence.Gap, format string, args ...any) Result {
	r := hostResult(z, h.Name, Inconclusive, format, args...)
	r.Reason, r.Permission = gapText(gaps)
	return r
}

// unknownServed is the inconclusive result of a hostname of which nobody knows
// whether Cloudflare serves it.
func unknownServed(z *evidence.Zone, h *evidence.Hostname, format string, args ...any) Result {
	r := unknown(z, h, h.OriginNotes, format, args...)
	if r.Reason == "" {
		r.Reason = "the API's answer does not say whether it is proxied"
	}
	return r
}

// gapText joins gaps to one reason, and returns the first permission that would
// close one.
func gapText(gaps []evidence.Gap) (reason, permission string) {
	var parts []string
	for _, g := range gaps {
		text := g.What
		if g.Expression != "" {
			text += fmt.Sprintf(" (expression: %s)", g.Expression)
		}
		parts = append(parts, text)
		if permission == "" {
			permission = g.Permission
		}
	}
	return strings.Join(parts, "; "), permission
}

// eachZone judges zone by zone. A zone about which judge says nothing has nothing
// to look at: it gets one not-applicable result with the message nothing.
func (in *Input) eachZone(nothing string, judge func(z *evidence.Zone) []Result) []Result {
	var results []Result
	for i := range in.Evidence.Zones {
		z := &in.Evidence.Zones[i]
		rs := judge(z)
		if len(rs) == 0 {
			rs = []Result{zoneResult(z, NotApplicable, "%s", nothing)}
		}
		results = append(results, rs...)
	}
	if len(in.Evidence.Zones) == 0 {
		results = append(results, noZones(in))
	}
	return results
}

// noZones is what checks of configuration say where no zone was read.
func noZones(in *Input) Result {
	if len(in.Evidence.Problems) > 0 {
		return Result{Status: Inconclusive, Message: "No zone was read.", Reason: in.Evidence.Problems[0].What + ": " + in.Evidence.Problems[0].Cause}
	}
	return Result{Status: NotApplicable, Message: "There is no zone to judge."}
}

// answer is what a check says of one hostname.
type answer struct {
	Result
	// whole is the message for the zone where every hostname gives the same
	// answer: one cause is then one finding. Empty keeps the answer the hostname's.
	whole string
}

// eachServed judges the hostnames of every zone that Cloudflare serves from an
// origin: proxied, in a zone that is not paused, with an origin of the customer's.
// Where all hostnames of a zone give the same answer, it is one result for the
// zone; where they differ, it is one result each.
func (in *Input) eachServed(judge func(z *evidence.Zone, h *evidence.Hostname) answer) []Result {
	return in.eachZone("", func(z *evidence.Zone) []Result { return servedResults(z, judge) })
}

// servedResults is [Input.eachServed] for one zone.
func servedResults(z *evidence.Zone, judge func(z *evidence.Zone, h *evidence.Hostname) answer) []Result {
	var answers []answer
	for i := range z.Hostnames {
		h := &z.Hostnames[i]
		switch {
		case h.Proxied == evidence.TriFalse, h.NoOrigin != "":
			continue
		case h.Proxied != evidence.TriTrue:
			answers = append(answers, answer{Result: unknownServed(z, h, "Whether Cloudflare serves '%s' is not known.", h.Name)})
		default:
			answers = append(answers, judge(z, h))
		}
	}
	if !z.DNS.Known() {
		// There may be hostnames that nobody saw, so nothing is said of all of them.
		results := []Result{unread(z, "Which hostnames the zone has", z.DNS.Section)}
		for _, a := range answers {
			results = append(results, a.Result)
		}
		return results
	}
	if len(answers) == 0 {
		return []Result{zoneResult(z, NotApplicable, "%s", nothingServed(z))}
	}
	return together(z, answers)
}

// nothingServed says why a zone has no hostname that Cloudflare serves from an origin.
func nothingServed(z *evidence.Zone) string {
	switch {
	case z.Paused == evidence.TriTrue:
		return "The zone is paused: Cloudflare serves none of its hostnames; see zone-paused."
	case z.Inactive():
		return "The zone's status is '" + z.Status + "': Cloudflare does not answer for it."
	case len(z.Hostnames) == 0:
		return "The zone has no hostname."
	}
	return "No hostname of the zone is proxied to an origin."
}

// hostnames indexes a zone's hostnames by name.
func hostnames(z *evidence.Zone) map[string]*evidence.Hostname {
	index := make(map[string]*evidence.Hostname, len(z.Hostnames))
	for i := range z.Hostnames {
		index[z.Hostnames[i].Name] = &z.Hostnames[i]
	}
	return index
}

// together makes one result for the zone out of equal answers.
func together(z *evidence.Zone, answers []answer) []Result {
	first := answers[0]
	same := first.whole != ""
	names := make([]string, 0, len(answers))
	results := make([]Result, 0, len(answers))
	for _, a := range answers {
		same = same && a.whole == first.whole && a.Status == first.Status && a.Reason == first.Reason && a.Permission == first.Permission
		names = append(names, a.Hostname)
		results = append(results, a.Result)
	}
	if !same {
		return results
	}
	r := first.Result
	r.Zone, r.Hostname, r.Message = z.Name, "", first.whole
	r.Facts = map[string]string{"hostnames": listed(names, 20)}
	return []Result{r}
}

// listed joins at most n names and counts the rest.
func listed(names []string, n int) string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
}

// hostPort writes an address with its port, IPv6 in brackets.
func hostPort(address string, port int) string {
	if a, err := netip.ParseAddr(address); err == nil && a.Is6() {
		return "[" + address + "]:" + strconv.Itoa(port)
	}
	return address + ":" + strconv.Itoa(port)
}
