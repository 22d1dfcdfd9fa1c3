package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aopscan/aopscan/checks"
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
	known := failures(base)
	for i := range r.Results {
		res := &r.Results[i]
		res.Baseline = ""
		if res.Status != checks.Fail {
			continue
		}
		res.Baseline = BaselineNew
		if _, ok := known[res.Fingerprint]; ok {
			res.Baseline = BaselineUnchanged
		}
	}
	d := Diff(base, r)
	r.Baseline = &BaselineSummary{
		New: len(d.New), Unchanged: len(d.Unchanged), Fixed: len(d.Fixed),
		Waived: len(d.Waived), NotAssessed: len(d.NotAssessed),
	}
}

// Difference is what changed between two reports. Every failure of either
// report is in exactly one list, in its report's order.
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
func Diff(before, after *Report) Difference {
	d := Difference{New: []Change{}, Unchanged: []Change{}, Fixed: []Change{}, Waived: []Change{}, NotAssessed: []Change{}}
	earlier, later := worst(before), worst(after)
	known := failures(before)
	seen := map[string]bool{}
	for _, r := range after.Results {
		if r.Status != checks.Fail || seen[r.Fingerprint] {
			continue
		}
		seen[r.Fingerprint] = true
		c := Change{Result: r, Now: checks.Fail}
		if was, ok := earlier[r.Fingerprint]; ok {
			c.Was = was.Status
		}
		if _, ok := known[r.Fingerprint]; ok {
			d.Unchanged = append(d.Unchanged, c)
		} else {
			d.New = append(d.New, c)
		}
	}
	for _, r := range before.Results {
		if r.Status != checks.Fail || seen[r.Fingerprint] {
			continue
		}
		seen[r.Fingerprint] = true
		c := Change{Result: r, Was: checks.Fail}
		now, ok := later[r.Fingerprint]
		if ok {
			c.Result, c.Now = now, now.Status
		}
		switch {
		case ok && now.Status == checks.Waived:
			d.Waived = append(d.Waived, c)
			continue
		case ok:
			c.Why = notJudged(before, after, now)
		default:
			c.Why = notGone(before, after, r)
		}
		if c.Why == "" {
			d.Fixed = append(d.Fixed, c)
		} else {
			d.NotAssessed = append(d.NotAssessed, c)
		}
	}
	return d
}

// failures are a report's failures by fingerprint.
func failures(r *Report) map[string]Result {
	m := map[string]Result{}
	for _, res := range r.Results {
		if res.Status == checks.Fail {
			m[res.Fingerprint] = res
		}
	}
	return m
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
func notJudged(before, after *Report, now Result) string {
	switch now.Status {
	case checks.Pass:
		if names(after.Loosened, now.Check) && !names(before.Loosened, now.Check) {
			return "the configuration loosened the check"
		}
		return ""
	case checks.NotApplicable:
		// A configuration check that has nothing left to judge saw that it is gone.
		// A probing one may only not have been asked to look.
		if needs(after, now.Check) == checks.NeedsConfiguration {
			return ""
		}
		return "the check did not apply this time: " + reason(now)
	case checks.Skipped:
		return "the check was skipped"
	}
	return "it could not be judged this time: " + reason(now)
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
func notGone(before, after *Report, was Result) string {
	if was.Zone == "" {
		return "it was not looked at"
	}
	if names(after.Loosened, was.Check) && !names(before.Loosened, was.Check) {
		return "the configuration loosened or skipped the check"
	}
	judged, sameHost := false, false
	for _, r := range after.Results {
		if r.Check != was.Check || r.Zone != was.Zone {
			continue
		}
		about := r.Hostname == "" || was.Hostname == "" || r.Hostname == was.Hostname
		switch r.Status {
		case checks.Pass, checks.Fail, checks.Waived, checks.NotApplicable:
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

func names(list []string, id string) bool {
	for _, s := range list {
		if s == id {
			return true
		}
	}
	return false
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
	}
	if offset < 0 || offset > int64(len(b)) {
		return err
	}
	return fmt.Errorf("line %d: %w", 1+bytes.Count(b[:offset], []byte("\n")), err)
}
