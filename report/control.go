package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/aopscan/aopscan/checks"
)

// ControlState is what a report says of a control.
type ControlState string

// The states of a control.
const (
	// ControlAssessed: every check that maps to it was judged, and none failed.
	ControlAssessed ControlState = "assessed"
	// ControlFailed: a check that maps to it failed.
	ControlFailed ControlState = "failed"
	// ControlNotAssessed: nothing failed, but not all of it could be judged.
	ControlNotAssessed ControlState = "not-assessed"
)

// ControlGroup is one control of a framework with the results behind it.
type ControlGroup struct {
	Framework string       `json:"framework"`
	ID        string       `json:"id"`
	State     ControlState `json:"state"`
	// Reasons say why a control is not assessed.
	Reasons []string `json:"reasons,omitempty"`
	// Mappings are the checks that map to the control, each with why.
	Mappings []ControlMapping `json:"mappings"`
	// Results are the results behind it, in the report's order; not-applicable
	// and skipped ones are left out.
	Results []ControlResult `json:"results"`
}

// ControlMapping is why a check maps to a control.
type ControlMapping struct {
	Check string `json:"check"`
	Why   string `json:"why"`
}

// ControlResult names a result of the report.
type ControlResult struct {
	Check       string          `json:"check"`
	Status      checks.Status   `json:"status"`
	Severity    checks.Severity `json:"severity"`
	Where       string          `json:"where"`
	Message     string          `json:"message"`
	Fingerprint string          `json:"fingerprint"`
}

// Frameworks names the frameworks that the catalogue maps to, sorted.
func Frameworks() []string {
	var out []string
	for _, c := range checks.All() {
		for _, m := range c.Controls {
			out = append(out, m.Framework)
		}
	}
	return sortedUnique(out)
}

// FindFramework returns the framework that a name stands for: the whole name in
// any case, or a beginning of it that no other framework shares ("pci", "nist"),
// spaces and punctuation left out. It returns "" for a name that stands for none.
func FindFramework(name string) string {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, s)
	}
	want := plain(name)
	if want == "" {
		return ""
	}
	var found []string
	for _, f := range Frameworks() {
		if plain(f) == want {
			return f
		}
		if strings.HasPrefix(plain(f), want) {
			found = append(found, f)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// GroupByControl groups a report by the controls of a framework: failed where a
// mapped check failed; not assessed where a mapped check was left out, skipped (no
// probing, an attempt that nobody asked for), loosened by the configuration, waived
// or could not be verified, or where its checks applied to nothing; assessed
// otherwise. Failed controls come first, then those not assessed.
func GroupByControl(r *Report, framework string) []ControlGroup {
	groups := map[string]*ControlGroup{}
	var order []string
	mapChecks := func(list []CheckInfo, leftOut bool) {
		for _, c := range list {
			for _, m := range c.Controls {
				if m.Framework != framework {
					continue
				}
				g := groups[m.ID]
				if g == nil {
					g = &ControlGroup{Framework: framework, ID: m.ID, Results: []ControlResult{}}
					groups[m.ID] = g
					order = append(order, m.ID)
				}
				g.Mappings = append(g.Mappings, ControlMapping{Check: c.ID, Why: m.Why})
				if leftOut {
					g.Reasons = append(g.Reasons, "check "+c.ID+" was left out")
				} else if slices.Contains(r.Loosened, c.ID) {
					g.Reasons = append(g.Reasons, "the configuration loosens check "+c.ID)
				}
			}
		}
	}
	mapChecks(r.Checks, false)
	mapChecks(r.LeftOut, true)

	out := make([]ControlGroup, 0, len(order))
	for _, id := range order {
		g := groups[id]
		judge(r, g)
		out = append(out, *g)
	}
	slices.SortStableFunc(out, func(a, b ControlGroup) int {
		return cmp.Or(cmp.Compare(a.State.rank(), b.State.rank()), compareNatural(a.ID, b.ID))
	})
	return out
}

// judge fills a group's results and state.
func judge(r *Report, g *ControlGroup) {
	counts := map[checks.Status]int{}
	said, skipped := map[string]bool{}, map[string]string{}
	for _, res := range r.Results {
		if !slices.ContainsFunc(g.Mappings, func(m ControlMapping) bool { return m.Check == res.Check }) {
			continue
		}
		said[res.Check] = true
		status := res.Status
		switch status {
		case checks.NotApplicable:
			continue
		case checks.Skipped:
			skipped[res.Check] = strings.TrimSuffix(reason(res), ".")
			continue
		case checks.Pass, checks.Fail, checks.Waived:
		default:
			status = checks.Inconclusive
		}
		counts[status]++
		g.Results = append(g.Results, ControlResult{Check: res.Check, Status: status, Severity: res.Severity,
			Where: where(res), Message: res.Message, Fingerprint: res.Fingerprint})
	}
	silent := map[string][]string{} // by reason
	var order []string
	for _, m := range g.Mappings {
		why, ok := skipped[m.Check]
		switch {
		case ok:
			why = " skipped: " + why
		case !said[m.Check] && slices.ContainsFunc(r.Checks, func(c CheckInfo) bool { return c.ID == m.Check }):
			why = " without a result"
		default:
			continue
		}
		if silent[why] == nil {
			order = append(order, why)
		}
		silent[why] = append(silent[why], m.Check)
	}
	for _, why := range order {
		if ids := silent[why]; len(ids) > 1 {
			g.Reasons = append(g.Reasons, fmt.Sprintf("%d checks were%s", len(ids), why))
		} else {
			g.Reasons = append(g.Reasons, "check "+ids[0]+" was"+why)
		}
	}
	if n := counts[checks.Inconclusive]; n > 0 {
		g.Reasons = append(g.Reasons, counted(n, "result", "results")+" could not be verified")
	}
	if n := counts[checks.Waived]; n > 0 {
		g.Reasons = append(g.Reasons, counted(n, "failing result is", "failing results are")+" waived")
	}
	if len(g.Results) == 0 && len(order) == 0 {
		g.Reasons = append(g.Reasons, "nothing here to which its checks apply")
	}
	switch {
	case counts[checks.Fail] > 0:
		g.State = ControlFailed
	case len(g.Reasons) > 0:
		g.State = ControlNotAssessed
	default:
		g.State = ControlAssessed
	}
}

func (s ControlState) rank() int {
	switch s {
	case ControlFailed:
		return 0
	case ControlNotAssessed:
		return 1
	}
	return 2
}

// grouped returns the report with the groups of the framework that the options
// ask for.
func grouped(r *Report, o WriteOptions) *Report {
	if o.Control == "" || o.Control == r.Control {
		return r
	}
	c := *r
	c.Control, c.Controls = o.Control, GroupByControl(r, o.Control)
	return &c
}

// where says what a result is about: the closest name there is.
func where(res Result) string {
	var parts []string
	switch {
	case res.Hostname != "":
		parts = append(parts, res.Hostname)
	case res.Zone != "":
		parts = append(parts, res.Zone)
	}
	if res.Address != "" {
		parts = append(parts, hostPort(res.Address, res.Port))
	}
	if len(parts) == 0 {
		return "the whole scan"
	}
	return strings.Join(parts, " ")
}

// place is an origin's address and port.
func (o Origin) place() string {
	if o.Address == "" {
		return "(no address)"
	}
	return hostPort(o.Address, o.Port)
}

// compareNatural compares runs of digits as numbers: 4.2.1 comes before 4.10.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		x, y := leadingDigits(a), leadingDigits(b)
		if x != "" && y != "" {
			p, q := strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			if c := cmp.Or(cmp.Compare(len(p), len(q)), cmp.Compare(p, q)); c != 0 {
				return c
			}
			a, b = a[len(x):], b[len(y):]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func leadingDigits(s string) string {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return s[:i]
		}
	}
	return s
}

// controlsLine counts the groups.
func controlsLine(groups []ControlGroup) string {
	n := map[ControlState]int{}
	for _, g := range groups {
		n[g.State]++
	}
	return fmt.Sprintf("%d failed, %d not assessed, %d assessed without a failure", n[ControlFailed], n[ControlNotAssessed], n[ControlAssessed])
}
