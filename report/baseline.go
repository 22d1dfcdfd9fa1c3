package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/evidence"
)

// What Result.Baseline says of a failure.
const (
	BaselineNew       = "new"
	BaselineUnchanged = "unchanged"
)

// ApplyBaseline marks every failure of r as new or as known from the earlier
// report base, by fingerprint and never by wording, and counts what changed.
//
// [ExitCode] counts only new failures where Report.Baseline is set. Inconclusive
// results count as always: what could not be seen is no more acceptable because
// it could not be seen last time either. A failure that base had waived is new:
// its waiver is gone or has expired.
func ApplyBaseline(r *Report, base *Report) {
	known := newComparison(base, r)
	for i := range r.Results {
		res := &r.Results[i]
		res.Baseline = ""
		switch {
		case res.Status != checks.Fail:
		case known.failedBefore(*res):
			res.Baseline = BaselineUnchanged
		default:
			res.Baseline = BaselineNew
		}
	}
	d := Diff(base, r)
	r.Baseline = &BaselineSummary{
		New: len(d.New), Unchanged: len(d.Unchanged), Fixed: len(d.Fixed),
		Waived: len(d.Waived), NotAssessed: len(d.NotAssessed),
	}
}

// Difference is what changed between two reports. Every failure is in one list,
// in its report's order.
type Difference struct {
	New       []Change `json:"new"`
	Unchanged []Change `json:"unchanged"`
	Fixed     []Change `json:"fixed"`
	// Waived are failures of the earlier report that a waiver covers now.
	Waived []Change `json:"waived"`
	// NotAssessed are failures of the earlier report that could not be judged, or
	// were not looked at, in the later one. They are not fixed.
	NotAssessed []Change `json:"not_assessed"`
}

// Change is one finding of a [Difference]: the later report's result, or the
// earlier one's where the later has none.
type Change struct {
	Result
	// Was and Now are its statuses; empty where a report has no such result.
	Was checks.Status `json:"was,omitempty"`
	Now checks.Status `json:"now,omitempty"`
	// Why says what stands against calling it fixed.
	Why string `json:"why,omitempty"`
}

// Diff compares an earlier report with a later one by fingerprint.
//
// A failure that is gone is fixed only where it was judged again: its check
// passed there, or the thing itself is gone from a zone that was read as far as
// last time. Otherwise it is not assessed.
//
// A failure that all hostnames of a zone share is one result for the zone. Where
// it has split up since, or several have joined, the later results stand for it:
// they are new only where they speak of a hostname that did not fail before.
func Diff(before, after *Report) Difference {
	d := Difference{New: []Change{}, Unchanged: []Change{}, Fixed: []Change{}, Waived: []Change{}, NotAssessed: []Change{}}
	c := newComparison(before, after)
	seen := map[string]bool{}
	for _, r := range after.Results {
		if r.Status != checks.Fail || seen[r.Fingerprint] {
			continue
		}
		seen[r.Fingerprint] = true
		change := Change{Result: r, Was: c.earlier[r.Fingerprint].Status, Now: checks.Fail}
		if c.failedBefore(r) {
			d.Unchanged = append(d.Unchanged, change)
		} else {
			d.New = append(d.New, change)
		}
	}
	for _, r := range before.Results {
		if r.Status != checks.Fail || seen[r.Fingerprint] {
			continue
		}
		seen[r.Fingerprint] = true
		change := Change{Result: r, Was: checks.Fail}
		now, ok := c.later[r.Fingerprint]
		if !ok {
			now, ok = c.standsFor(r)
		}
		if ok {
			if now.Status == checks.Fail {
				continue // listed above
			}
			change.Result, change.Now = now, now.Status
		}
		switch {
		case ok && now.Status == checks.Waived:
			d.Waived = append(d.Waived, change)
			continue
		case ok:
			change.Why = c.notJudged(now)
		default:
			change.Why = c.notGone(r)
		}
		if change.Why == "" {
			d.Fixed = append(d.Fixed, change)
		} else {
			d.NotAssessed = append(d.NotAssessed, change)
		}
	}
	return d
}

// comparison indexes two reports.
type comparison struct {
	before, after *Report
	// earlier and later are the results by fingerprint.
	earlier, later map[string]Result
	// failed are the failures of the earlier report, by fingerprint.
	failed map[string]bool
	// wholes are the earlier failures of whole zones, parts those of hostnames, by
	// check, zone and hostname.
	wholes, parts map[[3]string]bool
	// hostnames are those that Cloudflare served from an origin earlier, by zone and
	// hostname: a failure of the whole zone spoke for these and no others.
	hostnames map[[2]string]bool
	// judged are the later results, by check and zone.
	judged map[[2]string][]Result
}

func newComparison(before, after *Report) *comparison {
	c := &comparison{
		before: before, after: after, earlier: worst(before), later: worst(after),
		failed: map[string]bool{}, wholes: map[[3]string]bool{}, parts: map[[3]string]bool{}, hostnames: map[[2]string]bool{}, judged: map[[2]string][]Result{},
	}
	for _, r := range after.Results {
		c.judged[[2]string{r.Check, r.Zone}] = append(c.judged[[2]string{r.Check, r.Zone}], r)
	}
	for _, r := range before.Results {
		if r.Status != checks.Fail {
			continue
		}
		c.failed[r.Fingerprint] = true
		switch key := [3]string{r.Check, r.Zone, r.Hostname}; {
		case isWhole(r):
			c.wholes[key] = true
		case isPart(r):
			c.parts[key] = true
		}
	}
	for _, h := range before.Hostnames {
		if isServed(h) {
			c.hostnames[[2]string{h.Zone, h.Hostname}] = true
		}
	}
	return c
}

// isWhole reports whether a result speaks for all hostnames of its zone at once:
// then it lists them.
func isWhole(r Result) bool {
	return r.Zone != "" && r.Hostname == "" && r.Address == "" && r.Subject == "" && r.Facts["hostnames"] != ""
}

// isServed reports whether Cloudflare serves a hostname from an origin.
func isServed(h Hostname) bool { return h.Proxied == evidence.TriTrue && h.NoOrigin == "" }

// isPart reports whether a result speaks of one hostname, as those do that can
// join into one of the whole zone.
func isPart(r Result) bool { return r.Zone != "" && r.Hostname != "" && r.Address == "" }

// failedBefore reports whether a failure of the later report is in the earlier
// one: under its fingerprint, as a part of a failure of the whole zone, or as the
// failures of all its hostnames.
func (c *comparison) failedBefore(r Result) bool {
	switch {
	case c.failed[r.Fingerprint]:
		return true
	case isPart(r):
		return c.wholes[[3]string{r.Check, r.Zone, ""}] && c.hostnames[[2]string{r.Zone, r.Hostname}]
	case isWhole(r):
		served := 0
		for _, h := range c.after.Hostnames {
			if h.Zone != r.Zone || !isServed(h) {
				continue
			}
			if !c.parts[[3]string{r.Check, r.Zone, h.Hostname}] {
				return false
			}
			served++
		}
		return served > 0
	}
	return false
}

// standsFor returns the later result that speaks for a former failure which has
// split up or joined; the worst, where there are several.
func (c *comparison) standsFor(was Result) (Result, bool) {
	var found Result
	ok := false
	for _, r := range c.judged[[2]string{was.Check, was.Zone}] {
		if r.Status != checks.Fail && r.Status != checks.Waived {
			continue
		}
		split := isWhole(was) && isPart(r) && c.hostnames[[2]string{r.Zone, r.Hostname}]
		joined := isPart(was) && isWhole(r)
		if (split || joined) && (!ok || r.Status == checks.Fail) {
			found, ok = r, true
		}
	}
	return found, ok
}

// worst indexes results by fingerprint; of several with one fingerprint, the
// one that says the least in our favour.
func worst(r *Report) map[string]Result {
	rank := func(s checks.Status) int {
		for i, v := range []checks.Status{checks.Fail, checks.Inconclusive, checks.Skipped, checks.Waived, checks.NotApplicable, checks.Pass} {
			if s == v {
				return i
			}
		}
		return 1 // an empty or unknown status is inconclusive
	}
	m := map[string]Result{}
	for _, res := range r.Results {
		if old, ok := m[res.Fingerprint]; !ok || rank(res.Status) < rank(old.Status) {
			m[res.Fingerprint] = res
		}
	}
	return m
}

// notJudged says why the later result of a former failure does not prove that it
// is fixed; empty where it does.
func (c *comparison) notJudged(now Result) string {
	switch now.Status {
	case checks.Pass:
		if c.loosened(now.Check) {
			return "the configuration loosened the check"
		}
		return ""
	case checks.NotApplicable:
		// A configuration check that has nothing left to judge saw that it is gone,
		// unless another failure stands in its way. A probing one may only not have been
		// asked to look.
		if needs(c.after, now.Check) == checks.NeedsConfiguration && len(now.SeeAlso()) == 0 {
			return ""
		}
		return "the check did not apply this time: " + notApplied(now)
	case checks.Skipped:
		return "the check was skipped"
	}
	return "it could not be judged this time: " + reason(now)
}

// notApplied is why a check did not apply: its message, which points to what stands
// in its way.
func notApplied(r Result) string {
	if len(r.SeeAlso()) > 0 || r.Reason == "" {
		return strings.TrimSuffix(r.Message, ".")
	}
	return r.Reason
}

func reason(r Result) string {
	switch {
	case r.Reason != "":
		return r.Reason
	case r.Message != "":
		return r.Message
	}
	return "no reason was given"
}

// notGone says why it cannot be told that the subject of a former failure is
// gone, where the later report has no result for it; empty where it is gone.
func (c *comparison) notGone(was Result) string {
	before, after := c.before, c.after
	if was.Zone == "" {
		return "it was not looked at"
	}
	if c.loosened(was.Check) {
		return "the configuration loosened or skipped the check"
	}
	judged, sameHost := false, false
	for _, r := range c.judged[[2]string{was.Check, was.Zone}] {
		about := r.Hostname == "" || was.Hostname == "" || r.Hostname == was.Hostname
		switch {
		case about && len(r.SeeAlso()) > 0:
			return "the check did not apply this time: " + notApplied(r)
		case r.Status == checks.Pass, r.Status == checks.Fail, r.Status == checks.Waived, r.Status == checks.NotApplicable:
			judged = true
			sameHost = sameHost || about
		default:
			if about {
				return "the check could not be judged there this time: " + reason(r)
			}
		}
	}
	if !judged {
		return "the check did not judge this zone this time"
	}
	if after.Summary.Interrupted {
		return "the later scan was interrupted"
	}
	for _, p := range after.Problems {
		if p.Interrupted || p.Zone == "" || p.Zone == was.Zone {
			return "the later scan had a problem: " + strings.TrimPrefix(p.What+": "+p.Cause, ": ")
		}
	}
	unreadBefore := map[string]bool{}
	for _, u := range before.Unread {
		unreadBefore[u.Account+"\x00"+u.Zone+"\x00"+u.Name] = true
	}
	for _, u := range after.Unread {
		if (u.Zone == "" || u.Zone == was.Zone) && !unreadBefore[u.Account+"\x00"+u.Zone+"\x00"+u.Name] {
			return "the later scan could not read " + u.Name
		}
	}
	for _, h := range after.Hostnames {
		if was.Hostname == "" || h.Zone != was.Zone || h.Hostname != was.Hostname {
			continue
		}
		if len(h.Gaps) > 0 {
			return "not everything is known of the hostname this time: " + h.Gaps[0].What
		}
		if !sameHost {
			return "the check did not judge this hostname this time"
		}
	}
	return ""
}

func needs(r *Report, check string) checks.Needs {
	for _, c := range r.Checks {
		if c.ID == check {
			return c.Needs
		}
	}
	return ""
}

// loosened reports whether the configuration judges less strictly by the check
// than it did before.
func (c *comparison) loosened(check string) bool {
	return slices.Contains(c.after.Loosened, check) && !slices.Contains(c.before.Loosened, check)
}

// maxReportSize bounds a report that is read back. The largest that scans have
// made is far smaller.
const maxReportSize = 512 << 20

// BaselineError is a report that cannot be read back.
type BaselineError struct {
	Path string
	Err  error
	hint string
}

func (e *BaselineError) Error() string {
	return fmt.Sprintf("reading report %s: %v", e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *BaselineError) Unwrap() error { return e.Err }

// Hint says what to do about it; it may be empty.
func (e *BaselineError) Hint() string { return e.hint }

// LoadBaseline reads a JSON report that an earlier scan wrote. Errors are of
// type [*BaselineError].
func LoadBaseline(path string) (*Report, error) {
	const want = "give a report that 'aopscan scan -o json=FILE' wrote"
	fail := func(hint string, err error) (*Report, error) {
		return nil, &BaselineError{Path: path, Err: err, hint: hint}
	}
	f, err := os.Open(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err // the path stands in front already
		}
		return fail(want, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxReportSize+1))
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return fail(want, err)
	}
	if len(b) > maxReportSize {
		return fail(want, fmt.Errorf("it is larger than %d MiB", maxReportSize>>20))
	}
	r, hint, err := parseReport(b)
	if err != nil {
		if hint == "" {
			hint = want
		}
		return fail(hint, err)
	}
	return r, nil
}

func parseReport(b []byte) (r *Report, hint string, err error) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, "", errors.New("it is empty")
	}
	var head struct {
		Schema        string          `json:"schema"`
		SARIF         string          `json:"$schema"`
		SchemaVersion int             `json:"schema_version"`
		Results       json.RawMessage `json:"results"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, "", fmt.Errorf("it is not a JSON report: %w", jsonCause(b, err))
	}
	switch {
	case head.Schema == SchemaID:
	case strings.Contains(head.SARIF, "sarif"):
		return nil, "give the JSON report of the same scan: 'aopscan scan -o json=FILE'", errors.New("it is SARIF, not a JSON report")
	case head.Schema == "" && head.SchemaVersion > 0:
		return nil, "judge the evidence first: 'aopscan scan --evidence FILE -o json=REPORT'", errors.New("it is evidence, not a report")
	case head.Schema == "":
		return nil, "", errors.New("it names no schema, so it is not a report of aopscan")
	case strings.HasPrefix(head.Schema, strings.TrimSuffix(SchemaID, "1.json")):
		return nil, "use the version of aopscan that wrote it, or a later one", fmt.Errorf("its schema %q is not one that this version reads", head.Schema)
	default:
		return nil, "", fmt.Errorf("its schema is %q, not %q", head.Schema, SchemaID)
	}
	if len(head.Results) == 0 || head.Results[0] != '[' {
		return nil, "", errors.New("it has no list of results")
	}
	r = new(Report)
	if err := json.Unmarshal(b, r); err != nil {
		return nil, "", fmt.Errorf("it is not a JSON report: %w", jsonCause(b, err))
	}
	for i, res := range r.Results {
		switch {
		case res.Check == "":
			return nil, "", fmt.Errorf("result %d names no check", i+1)
		case res.Fingerprint == "":
			return nil, "", fmt.Errorf("result %d (%q) has no fingerprint", i+1, res.Check)
		}
		switch res.Status {
		case checks.Inconclusive, checks.Pass, checks.Fail, checks.NotApplicable, checks.Skipped, checks.Waived:
		default:
			return nil, "", fmt.Errorf("result %d (%q) has the unknown status %q", i+1, res.Check, string(res.Status))
		}
	}
	return r, "", nil
}

// jsonCause adds the line to a JSON error.
func jsonCause(b []byte, err error) error {
	offset := int64(-1)
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &typ):
		offset = typ.Offset
		err = fmt.Errorf("%q holds a JSON %s where it cannot", typ.Field, typ.Value)
		if typ.Field == "" {
			err = fmt.Errorf("it is a JSON %s, not an object", typ.Value)
		}
	}
	if offset < 0 || offset > int64(len(b)) {
		return err
	}
	return fmt.Errorf("line %d: %w", 1+bytes.Count(b[:offset], []byte("\n")), err)
}
