package report

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/evidence"
)

func TestJUnitMapping(t *testing.T) {
	r := sample()
	b, err := JUnit(r, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var top junitSuites
	if err := xml.Unmarshal(b, &top); err != nil {
		t.Fatal(err)
	}
	var cases []junitCase
	for _, s := range top.Suites {
		if s.Tests != len(s.Cases) {
			t.Errorf("suite %s says %d tests and has %d", s.Name, s.Tests, len(s.Cases))
		}
		cases = append(cases, s.Cases...)
	}
	if len(cases) != len(r.Results)+len(r.Problems) || top.Tests != len(cases) {
		t.Errorf("%d cases, want one per result (%d) and problem (%d)", len(cases), len(r.Results), len(r.Problems))
	}
	byStatus, names := map[string]int{}, map[string]bool{}
	for _, c := range cases {
		if names[c.Class+c.Name] {
			t.Errorf("%s twice", c.Name)
		}
		names[c.Class+c.Name] = true
		switch {
		case c.Failure != nil && c.Error == nil && c.Skipped == nil:
			byStatus["failure"]++
		case c.Error != nil && c.Failure == nil && c.Skipped == nil:
			byStatus["error "+c.Error.Type]++
		case c.Skipped != nil && c.Failure == nil && c.Error == nil:
			byStatus["skipped "+c.Skipped.Type]++
			if c.Skipped.Message == "" {
				t.Errorf("%s is skipped without a message", c.Name)
			}
		default:
			byStatus["passed"]++
		}
	}
	want := map[string]int{"failure": 10, "error inconclusive": 4, "error incomplete": 1, "skipped waived": 1, "skipped skipped": 1, "skipped not-applicable": 1, "passed": 4}
	if diff := cmp.Diff(want, byStatus); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if top.Failures != 10 || top.Errors != 5 || top.Skipped != 3 {
		t.Errorf("totals %d %d %d", top.Failures, top.Errors, top.Skipped)
	}
}

// Two results that would have one name are two cases, and a status that nobody
// knows is an error.
func TestJUnitOddities(t *testing.T) {
	res := checks.Result{Check: "c", Status: checks.Fail, Severity: checks.High, Zone: "a.example", Message: "m"}
	odd := res
	odd.Status = "ok"
	r := Build(&evidence.Evidence{CollectedAt: sampleNow}, checks.Outcome{Results: []checks.Result{res, res, odd}}, BuildOptions{Catalogue: sampleCatalogue()})
	b, err := JUnit(r, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`name="c: a.example"`, `name="c: a.example #2"`, `name="c: a.example #3"`, `failures="2" errors="1"`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
}

func TestCSV(t *testing.T) {
	r := sample()
	b, err := CSV(r, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(r.Results)+1 {
		t.Errorf("%d rows, want %d", len(rows), len(r.Results)+1)
	}
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", " =1": "' =1", `"=1`: `'"=1`, "'=1": "''=1", "\uff1d1": "'\uff1d1", "%x": "'%x",
		"a=1": "a=1", "": "", "203.0.113.1": "203.0.113.1", "it's": "it's",
	} {
		if got := spreadsheetSafe(cell); got != want {
			t.Errorf("spreadsheetSafe(%q) = %q, want %q", cell, got, want)
		}
	}
}

func TestMarkdownCap(t *testing.T) {
	var out checks.Outcome
	long := strings.Repeat("word ", 300)
	for z := range 300 {
		for i := range 10 {
			out.Results = append(out.Results, checks.Result{Check: "ssl-mode-not-strict", Status: checks.Fail, Severity: checks.Medium,
				Zone: fmt.Sprintf("z%d.example", z), Hostname: fmt.Sprintf("h%d.z%d.example", i, z), Message: long})
		}
	}
	ev, _, o := sampleInput()
	b, err := Markdown(Build(ev, out, o), WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > maxMarkdown || len(b) < maxMarkdown*9/10 {
		t.Errorf("%d bytes, at most %d allowed", len(b), maxMarkdown)
	}
	text := string(b)
	if !strings.Contains(text, "rows are left out") || !strings.Contains(text, "### Not seen") {
		t.Error("what was left out, or what was not seen, is not said")
	}
	rows := strings.Count(text, "| **FAIL**")
	var left int
	if _, err := fmt.Sscanf(text[strings.LastIndex(strings.TrimRight(text, "\n"), "\n")+1:], "%d rows are left out", &left); err != nil {
		t.Fatal(err)
	}
	if rows+left != 3000 {
		t.Errorf("%d rows shown and %d left out, want 3000 together", rows, left)
	}
	if strings.Count(text, "<details>") != strings.Count(text, "</details>") {
		t.Error("a details block is not closed")
	}
}

func TestAnnotations(t *testing.T) {
	var out checks.Outcome
	for i := range 30 {
		sev := []checks.Severity{checks.Critical, checks.High, checks.Medium, checks.Low}[i%4]
		out.Results = append(out.Results, checks.Result{Check: "ssl-mode-not-strict", Status: checks.Fail, Severity: sev, Zone: "a.example", Hostname: fmt.Sprintf("h%02d.a.example", i), Message: "It is so."})
	}
	out.Results = append(out.Results, checks.Result{Check: "x", Status: checks.Inconclusive, Zone: "a.example"})
	r := Build(&evidence.Evidence{CollectedAt: sampleNow}, out, BuildOptions{Catalogue: sampleCatalogue()})
	r.Results[0].Baseline = BaselineUnchanged
	lines := strings.Split(strings.TrimSpace(string(Annotations(r))), "\n")
	count := map[string]int{}
	for _, line := range lines {
		count[strings.SplitN(line, " ", 2)[0]]++
	}
	if diff := cmp.Diff(map[string]int{"::error": 8, "::warning": 9, "::notice": 1}, count); diff != "" {
		t.Errorf("GitHub shows ten of a kind (-want +got):\n%s", diff)
	}
	if strings.Contains(strings.Join(lines, "\n"), r.Results[0].Hostname+":") {
		t.Error("a failure that the baseline has is annotated")
	}
	if !strings.Contains(lines[0], "(critical)") {
		t.Errorf("the first is %q", lines[0])
	}
}
