package checks

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/aopscan/aopscan/internal/evidence"
)

// update rewrites what tests compare with: docs/checks.md and the want sections of
// case files. The status that a case is about stands in its name and is not rewritten.
var update = flag.Bool("update", false, "rewrite docs/checks.md and the want sections of testdata/checks")

const caseDir = "../testdata/checks"

// testCase is one case of a check's case file.
type testCase struct {
	name     string
	evidence *evidence.Evidence
	want     string
}

// readCases reads the case file of a check: sections NAME/evidence.json and NAME/want.
func readCases(t *testing.T, id string) []testCase {
	t.Helper()
	file := filepath.Join(caseDir, id+".txtar")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("check %s has no case file: %v", id, err)
	}
	var cases []testCase
	for _, f := range txtar.Parse(data).Files {
		name, part, _ := strings.Cut(f.Name, "/")
		if len(cases) == 0 || cases[len(cases)-1].name != name {
			if slices.ContainsFunc(cases, func(c testCase) bool { return c.name == name }) {
				t.Fatalf("%s: the sections of case %s are not together", file, name)
			}
			cases = append(cases, testCase{name: name})
		}
		c := &cases[len(cases)-1]
		switch part {
		case "evidence.json":
			c.evidence = decodeEvidence(t, file+": "+f.Name, f.Data)
		case "want":
			c.want = string(f.Data)
		default:
			t.Fatalf("%s: section %s is neither evidence.json nor want", file, f.Name)
		}
	}
	for _, c := range cases {
		if c.evidence == nil {
			t.Fatalf("%s: case %s has no evidence.json", file, c.name)
		}
	}
	return cases
}

// decodeEvidence is strict: a misspelt field would judge something else than what
// the case says.
func decodeEvidence(t *testing.T, where string, data []byte) *evidence.Evidence {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	ev := &evidence.Evidence{}
	if err := d.Decode(ev); err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("%s: text after the JSON value", where)
	}
	if ev.CollectedAt.IsZero() {
		t.Fatalf("%s: collected_at is missing: a case has a clock", where)
	}
	return ev
}

// evaluateCase judges a case with the whole catalogue and the real verdict engine,
// and returns what its check says.
func evaluateCase(id string, c testCase) []Result {
	return slices.DeleteFunc(Evaluate(c.evidence, EvaluateOptions{}).Results, func(r Result) bool { return r.Check != id })
}

// render writes results as case files hold them.
func render(results []Result) string {
	var b strings.Builder
	for _, r := range results {
		fmt.Fprintf(&b, "%s %s\n    %s\n", r.Status, place(r), r.Message)
		if r.Reason != "" {
			fmt.Fprintf(&b, "    reason: %s\n", r.Reason)
		}
		if r.Permission != "" {
			fmt.Fprintf(&b, "    permission: %s\n", r.Permission)
		}
		for _, k := range slices.Sorted(maps.Keys(r.Facts)) {
			fmt.Fprintf(&b, "    %s: %s\n", k, r.Facts[k])
		}
		if len(r.Observations) > 0 {
			fmt.Fprintf(&b, "    observations: %s\n", strings.Join(r.Observations, " "))
		}
	}
	return b.String()
}

// place writes where a result belongs.
func place(r Result) string {
	var parts []string
	if r.Zone != "" {
		parts = append(parts, "zone="+r.Zone)
	}
	if r.Hostname != "" {
		parts = append(parts, "hostname="+r.Hostname)
	}
	if r.Address != "" {
		at := r.Address
		if r.Port != 0 {
			at = hostPort(r.Address, r.Port)
		}
		parts = append(parts, "address="+at)
	}
	if r.Subject != "" {
		parts = append(parts, "subject="+r.Subject)
	}
	return strings.Join(parts, " ")
}

// caseStatus is the status that a case's name promises: "fail-expired" is about a
// failure.
func caseStatus(name string) (Status, bool) {
	for _, s := range []Status{NotApplicable, Inconclusive, Pass, Fail, Skipped} {
		if name == string(s) || strings.HasPrefix(name, string(s)+"-") {
			return s, true
		}
	}
	return "", false
}

// TestCases judges every case of every check and compares with what it wants.
func TestCases(t *testing.T) {
	for _, c := range All() {
		t.Run(c.ID, func(t *testing.T) {
			cases := readCases(t, c.ID)
			seen := map[Status]bool{}
			for _, tc := range cases {
				results := evaluateCase(c.ID, tc)
				checkInvariants(t, tc.name, results)
				status, ok := caseStatus(tc.name)
				if !ok {
					t.Errorf("case %s: the name does not begin with the status that it is about", tc.name)
				}
				if !slices.ContainsFunc(results, func(r Result) bool { return r.Status == status }) {
					t.Errorf("case %s: no result is %q:\n%s", tc.name, status, render(results))
				}
				if status != Fail && slices.ContainsFunc(results, func(r Result) bool { return r.Status == Fail }) {
					t.Errorf("case %s: a failure in a case that is not about one:\n%s", tc.name, render(results))
				}
				seen[status] = true
				if diff := cmp.Diff(tc.want, render(results)); diff != "" && !*update {
					t.Errorf("case %s (-want +got):\n%s", tc.name, diff)
				}
			}
			for _, s := range []Status{Pass, Fail, Inconclusive} {
				if !seen[s] {
					t.Errorf("no case is about %q", s)
				}
			}
			if *update {
				updateWants(t, c.ID, cases)
			}
		})
	}
}

func updateWants(t *testing.T, id string, cases []testCase) {
	t.Helper()
	file := filepath.Join(caseDir, id+".txtar")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	old := txtar.Parse(data)
	a := &txtar.Archive{Comment: old.Comment}
	for _, tc := range cases {
		for _, f := range old.Files {
			if f.Name == tc.name+"/evidence.json" {
				a.Files = append(a.Files, f)
			}
		}
		a.Files = append(a.Files, txtar.File{Name: tc.name + "/want", Data: []byte(render(evaluateCase(id, tc)))})
	}
	if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

// checkInvariants holds what every result of every check owes its reader.
func checkInvariants(t *testing.T, name string, results []Result) {
	t.Helper()
	prints := map[string]bool{}
	for _, r := range results {
		if prints[r.Fingerprint] {
			t.Errorf("case %s: two results share a fingerprint: %s", name, place(r))
		}
		prints[r.Fingerprint] = true
		if !strings.HasSuffix(r.Message, ".") || strings.Contains(r.Message, "\n") || strings.Contains(r.Message, "%!") {
			t.Errorf("case %s: the message is not a sentence: %q", name, r.Message)
		}
		if strings.Contains(r.Message, "see ") != (len(r.SeeAlso()) > 0) && r.Status == NotApplicable {
			t.Errorf("case %s: the message points nowhere: %q", name, r.Message)
		}
		for _, id := range r.SeeAlso() {
			if !slices.ContainsFunc(All(), func(c Check) bool { return c.ID == id }) {
				t.Errorf("case %s: %q is no check: %q", name, id, r.Message)
			}
		}
		if strings.Contains(r.Message, "''") {
			t.Errorf("case %s: the message names nothing: %q", name, r.Message)
		}
		if r.Status == Fail && r.Remediation == "" {
			t.Errorf("case %s: a failure without a first thing to do: %q", name, r.Message)
		}
		if r.Status == Inconclusive && r.Reason == "" {
			t.Errorf("case %s: nobody says why nothing could be said: %q", name, r.Message)
		}
	}
}
