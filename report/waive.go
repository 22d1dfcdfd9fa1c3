package report

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"github.com/aopscan/aopscan/checks"
)

// Waiver accepts a failure for a time: somebody knows of it, says why it is
// accepted and until when. Waived results stay in every report.
type Waiver struct {
	// Check, Zone, Hostname, Address and Subject say which results are meant; see
	// [Waiver.Matches]. An empty one means any; Check is never empty.
	Check, Zone, Hostname, Address, Subject string
	Reason, Owner                           string
	// Expires is the last day on which the waiver holds, in UTC.
	Expires time.Time
	// File and Line are where it stands.
	File string
	Line int
}

// States of a waiver in a [WaiverReport].
const (
	// WaiverApplied: it covers at least one failure.
	WaiverApplied = "applied"
	// WaiverExpired: its last day is over and it covers nothing any more.
	WaiverExpired = "expired"
	// WaiverUnused: it speaks of nothing that failed. What it spoke of was mended,
	// is not in this scan, or is misspelt.
	WaiverUnused = "unused"
	// WaiverUnverified: what it speaks of could not be judged this time.
	WaiverUnverified = "unverified"
)

const dayFormat = "2006-01-02"

// Expired reports whether the waiver's last day is over at now.
func (w Waiver) Expired(now time.Time) bool {
	y, m, d := w.Expires.Date()
	return !now.Before(time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC))
}

// Matches reports whether the waiver speaks of the result, whatever the
// result's status.
//
// Patterns know "*" for any run of characters, "?" for one, and a backslash
// before either for the character itself; letter case does not count. A name's
// trailing dot does not count either, and a name is the same in Unicode and in
// Punycode (RFC 3492). The address is also given as an IP address, as ADDR:PORT or
// as a CIDR.
func (w Waiver) Matches(r checks.Result) bool {
	return matchText(w.Check, r.Check) &&
		matchName(w.Zone, r.Zone) &&
		matchName(w.Hostname, r.Hostname) &&
		matchText(w.Subject, r.Subject) &&
		matchAddress(w.Address, r.Address, r.Port)
}

// ApplyWaivers marks the failures that a waiver covers as waived and says what
// became of every waiver. The clock is the evidence's CollectedAt, so that a
// replay gives the same answer. The given results are left as they are.
//
// Only failures can be waived. A result that is inconclusive stays so: a waiver
// accepts what is known, and --allow-inconclusive is there for what is not.
func ApplyWaivers(results []checks.Result, waivers []Waiver, now time.Time) ([]checks.Result, []WaiverReport) {
	reports := make([]WaiverReport, len(waivers))
	for i, w := range waivers {
		reports[i] = WaiverReport{
			Check: w.Check, Owner: w.Owner, Expires: w.Expires.Format(dayFormat), Reason: w.Reason,
			File: w.File, Line: w.Line,
		}
	}
	out := make([]checks.Result, len(results))
	for i, r := range results {
		out[i] = r
		for j, w := range waivers {
			if !w.Matches(r) {
				continue
			}
			switch r.Status {
			case checks.Fail:
				reports[j].Matched++
				// The first waiver in the file's order speaks for the result; a
				// second one that covers it too is not unused.
				if !w.Expired(now) && out[i].Status == checks.Fail {
					out[i].Status = checks.Waived
					out[i].Reason = w.Reason
					out[i].Waiver = &checks.WaiverNote{
						Owner: w.Owner, Reason: w.Reason, Expires: w.Expires.Format(dayFormat), Proof: r.Reason,
					}
				}
			case checks.Inconclusive, "":
				reports[j].Inconclusive++
			}
		}
	}
	for i, w := range waivers {
		switch rep := &reports[i]; {
		case w.Expired(now):
			rep.State = WaiverExpired
		case rep.Matched > 0:
			rep.State = WaiverApplied
		case rep.Inconclusive > 0:
			rep.State = WaiverUnverified
		default:
			rep.State = WaiverUnused
		}
	}
	if len(waivers) == 0 {
		return out, nil
	}
	return out, reports
}

// WaiverSnippet is a waiver for exactly this result, ready to be pasted under
// "waivers:" in aopscan.yaml. Reason, owner and expires are left empty, and the
// configuration is refused until somebody has filled them in.
func WaiverSnippet(r checks.Result) string {
	var b strings.Builder
	b.WriteString("  # under \"waivers:\" in aopscan.yaml\n")
	fmt.Fprintf(&b, "  - check: %s\n", yamlScalar(globEscape(r.Check)))
	for _, f := range []struct{ key, value string }{
		{"zone", globEscape(r.Zone)},
		{"hostname", globEscape(r.Hostname)},
		{"address", snippetAddress(r)},
		{"subject", globEscape(r.Subject)},
	} {
		if f.value != "" {
			fmt.Fprintf(&b, "    %s: %s\n", f.key, yamlScalar(f.value))
		}
	}
	b.WriteString("    reason: \"\" # why this is accepted\n")
	b.WriteString("    owner: \"\" # who answers for it\n")
	b.WriteString("    expires: \"\" # the last day on which it holds, YYYY-MM-DD\n")
	return b.String()
}

func snippetAddress(r checks.Result) string {
	switch {
	case r.Address == "":
		return ""
	case r.Port == 0:
		return globEscape(r.Address)
	}
	return globEscape(net.JoinHostPort(r.Address, strconv.Itoa(r.Port)))
}

func matchText(pattern, text string) bool {
	return pattern == "" || glob(strings.ToLower(pattern), strings.ToLower(text))
}

func matchName(pattern, name string) bool {
	return pattern == "" || glob(foldName(pattern), foldName(name))
}

func foldName(s string) string {
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	if a, err := idna.Punycode.ToASCII(s); err == nil {
		return a
	}
	return s
}

func matchAddress(pattern, address string, port int) bool {
	if pattern == "" {
		return true
	}
	addr, err := netip.ParseAddr(address)
	if err == nil {
		addr = addr.Unmap()
		if p, err := netip.ParsePrefix(pattern); err == nil {
			return p.Contains(addr)
		}
		if a, err := netip.ParseAddr(pattern); err == nil {
			return a.Unmap() == addr
		}
		if ap, err := netip.ParseAddrPort(pattern); err == nil {
			return ap.Addr().Unmap() == addr && int(ap.Port()) == port
		}
	}
	return matchText(pattern, address) || address != "" && port != 0 && matchText(pattern, net.JoinHostPort(address, strconv.Itoa(port)))
}

// glob matches without backtracking more than one star, so that its cost is
// bounded by len(pattern) * len(s).
func glob(pattern, s string) bool {
	type token struct {
		r   rune
		any bool // "?"
		run bool // "*"
	}
	var tokens []token
	for rs := []rune(pattern); len(rs) > 0; rs = rs[1:] {
		switch {
		case rs[0] == '*':
			tokens = append(tokens, token{run: true})
		case rs[0] == '?':
			tokens = append(tokens, token{any: true})
		case rs[0] == '\\' && len(rs) > 1:
			rs = rs[1:]
			fallthrough
		default:
			tokens = append(tokens, token{r: rs[0]})
		}
	}
	text := []rune(s)
	t, i := 0, 0
	star, from := -1, 0
	for i < len(text) {
		switch {
		case t < len(tokens) && tokens[t].run:
			star, from = t, i
			t++
		case t < len(tokens) && (tokens[t].any || tokens[t].r == text[i]):
			t++
			i++
		case star >= 0:
			from++
			t, i = star+1, from
		default:
			return false
		}
	}
	for t < len(tokens) && tokens[t].run {
		t++
	}
	return t == len(tokens)
}

var globEscaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`)

// globEscape makes a pattern that matches s alone.
func globEscape(s string) string { return globEscaper.Replace(s) }

// plainYAML are texts that no YAML reader takes for anything but text: a letter
// first, and a dot, hyphen or underscore somewhere, which no keyword has.
var plainYAML = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*[._-][A-Za-z0-9._-]*[A-Za-z0-9]$`)

// yamlScalar spells s as a YAML scalar in printable ASCII. The names come from
// strangers, so anything out of the ordinary is quoted and escaped.
func yamlScalar(s string) string {
	if plainYAML.MatchString(s) {
		return s
	}
	return strings.ReplaceAll(strconv.QuoteToASCII(s), "##", `\x23#`)
}
