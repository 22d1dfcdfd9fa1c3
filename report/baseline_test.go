package report

import (
	gocmp "cmp"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/evidence"
)

// finding is a result whose fingerprint is made of its place, as real ones are.
func finding(status checks.Status, check, zone, host, address string) Result {
	return Result{Result: checks.Result{
		Check: check, Status: status, Severity: checks.High, Zone: zone, Hostname: host, Address: address, Message: "m",
		Fingerprint: strings.Join([]string{check, zone, host, address}, "|"),
	}}
}

func reportOf(results ...Result) *Report {
	return &Report{
		Schema: SchemaID, Results: results,
		Checks: []CheckInfo{{ID: "aop-not-enabled", Needs: checks.NeedsConfiguration}, {ID: "origin-path-bypass", Needs: checks.NeedsProbing}},
	}
}

func TestDiffFixedNeedsProof(t *testing.T) {
	const conf, prob = "aop-not-enabled", "origin-path-bypass"
	old := reportOf(
		finding(checks.Fail, conf, "a.example", "", ""),
		finding(checks.Fail, prob, "a.example", "api.a.example", "203.0.113.1"),
	)
	confNow := func(s checks.Status) Result { return finding(s, conf, "a.example", "", "") }
	probNow := func(s checks.Status) Result { return finding(s, prob, "a.example", "api.a.example", "203.0.113.1") }
	with := func(change func(*Report), results ...Result) *Report {
		r := reportOf(results...)
		change(r)
		return r
	}
	none := func(*Report) {}
	otherAddress := finding(checks.Pass, prob, "a.example", "api.a.example", "203.0.113.2")

	for _, tt := range []struct {
		name         string
		now          *Report
		conf, probed string // where each of the two old failures must land
	}{
		{"both fail", with(none, confNow(checks.Fail), probNow(checks.Fail)), "unchanged", "unchanged"},
		{"both pass", with(none, confNow(checks.Pass), probNow(checks.Pass)), "fixed", "fixed"},
		{"both inconclusive", with(none, confNow(checks.Inconclusive), probNow(checks.Inconclusive)), "not assessed", "not assessed"},
		{"no status is inconclusive", with(none, confNow(""), probNow("")), "not assessed", "not assessed"},
		{"both skipped", with(none, confNow(checks.Skipped), probNow(checks.Skipped)), "not assessed", "not assessed"},
		{"both waived", with(none, confNow(checks.Waived), probNow(checks.Waived)), "waived", "waived"},
		{"not applicable proves nothing of a probe", with(none, confNow(checks.NotApplicable), probNow(checks.NotApplicable)), "fixed", "not assessed"},
		{"pass and inconclusive under one fingerprint", with(none, confNow(checks.Pass), confNow(checks.Inconclusive), probNow(checks.Inconclusive), probNow(checks.Pass)), "not assessed", "not assessed"},
		{"passes because the check was loosened", with(func(r *Report) { r.Loosened = []string{conf} }, confNow(checks.Pass), probNow(checks.Pass)), "not assessed", "fixed"},

		{"nothing at all", with(none), "not assessed", "not assessed"},
		{"zone not scanned", with(none, finding(checks.Pass, conf, "b.example", "", ""), finding(checks.Pass, prob, "b.example", "x.b.example", "203.0.113.9")), "not assessed", "not assessed"},
		{"address gone", with(none, otherAddress), "not assessed", "fixed"},
		{"address gone, the other one silent", with(none, finding(checks.Inconclusive, prob, "a.example", "api.a.example", "203.0.113.2")), "not assessed", "not assessed"},
		{"address gone, scan interrupted", with(func(r *Report) { r.Summary.Interrupted = true }, otherAddress), "not assessed", "not assessed"},
		{"address gone, zone had a problem", with(func(r *Report) { r.Problems = []evidence.Problem{{Zone: "a.example", What: "reading", Cause: "x"}} }, otherAddress), "not assessed", "not assessed"},
		{"address gone, another zone had a problem", with(func(r *Report) { r.Problems = []evidence.Problem{{Zone: "b.example", What: "reading", Cause: "x"}} }, otherAddress), "not assessed", "fixed"},
		{"address gone, the scan had a problem", with(func(r *Report) { r.Problems = []evidence.Problem{{What: "reading", Cause: "x"}} }, otherAddress), "not assessed", "not assessed"},
		{"address gone, DNS no longer readable", with(func(r *Report) { r.Unread = []UnreadSection{{Zone: "a.example", Name: "dns"}} }, otherAddress), "not assessed", "not assessed"},
		{"address gone, hostname has gaps", with(func(r *Report) {
			r.Hostnames = []Hostname{{Zone: "a.example", Hostname: "api.a.example", Gaps: []evidence.Gap{{What: "did not resolve"}}}}
		}, otherAddress), "not assessed", "not assessed"},
		{"hostname gone", with(none, finding(checks.Pass, prob, "a.example", "www.a.example", "203.0.113.3")), "not assessed", "fixed"},
		{"hostname still there, not judged", with(func(r *Report) { r.Hostnames = []Hostname{{Zone: "a.example", Hostname: "api.a.example"}} },
			finding(checks.Pass, prob, "a.example", "www.a.example", "203.0.113.3")), "not assessed", "not assessed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := Diff(old, tt.now)
			if len(d.New) != 0 {
				t.Errorf("new: %v", d.New)
			}
			got := map[string]string{}
			for where, list := range map[string][]Change{"unchanged": d.Unchanged, "fixed": d.Fixed, "waived": d.Waived, "not assessed": d.NotAssessed} {
				for _, c := range list {
					if got[c.Check] != "" {
						t.Errorf("%s is both %s and %s", c.Check, got[c.Check], where)
					}
					got[c.Check] = where
					if c.Was != checks.Fail {
						t.Errorf("%s: was %q", c.Check, c.Was)
					}
					if (c.Why != "") != (where == "not assessed") {
						t.Errorf("%s %s: why %q", c.Check, where, c.Why)
					}
				}
			}
			if diff := cmp.Diff(map[string]string{conf: tt.conf, prob: tt.probed}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A check that does not apply because of another failure has mended nothing.
func TestDiffMasked(t *testing.T) {
	na := func(r Result, message string) Result {
		r.Message = message
		return r
	}
	const check = "aop-not-enabled"
	for _, tt := range []struct {
		name     string
		was, now Result
		fixed    int
	}{
		{"nothing left to judge", finding(checks.Fail, check, "a.example", "", ""),
			na(finding(checks.NotApplicable, check, "a.example", "", ""), "The zone level is off."), 1},
		{"the certificate has expired since", finding(checks.Fail, check, "a.example", "", ""),
			na(finding(checks.NotApplicable, check, "a.example", "", ""), "It has expired already; see client-certificate-expired."), 0},
		{"two pointers", finding(checks.Fail, check, "a.example", "", ""),
			na(finding(checks.NotApplicable, check, "a.example", "", ""), "It is plain; see ssl-mode-incompatible and ssl-mode-override."), 0},
		{"the zone was paused", finding(checks.Fail, check, "a.example", "app.a.example", ""),
			na(finding(checks.NotApplicable, check, "a.example", "", ""), "The zone is paused; see zone-paused."), 0},
		{"the zone has none any more", finding(checks.Fail, check, "a.example", "app.a.example", ""),
			na(finding(checks.NotApplicable, check, "a.example", "", ""), "There is none."), 1},
		{"another hostname is masked", finding(checks.Fail, check, "a.example", "app.a.example", ""),
			na(finding(checks.NotApplicable, check, "a.example", "www.a.example", ""), "It is plain; see ssl-mode-override."), 1},
	} {
		d := Diff(reportOf(tt.was), reportOf(tt.now))
		if len(d.Fixed) != tt.fixed || len(d.Fixed)+len(d.NotAssessed) != 1 {
			t.Errorf("%s: fixed %v, not assessed %v", tt.name, d.Fixed, d.NotAssessed)
		}
		if tt.fixed == 0 && len(d.NotAssessed) == 1 && !strings.Contains(d.NotAssessed[0].Why, "; see ") {
			t.Errorf("%s: why %q", tt.name, d.NotAssessed[0].Why)
		}
	}
}

// A section that was unread last time too does not explain why something is gone.
func TestDiffUnreadBefore(t *testing.T) {
	unread := []UnreadSection{{Zone: "a.example", Name: "custom_hostnames"}}
	old := reportOf(finding(checks.Fail, "origin-path-bypass", "a.example", "api.a.example", "203.0.113.1"))
	old.Unread = unread
	now := reportOf(finding(checks.Pass, "origin-path-bypass", "a.example", "api.a.example", "203.0.113.2"))
	now.Unread = unread
	if d := Diff(old, now); len(d.Fixed) != 1 {
		t.Errorf("not fixed: %+v", d.NotAssessed)
	}
}

// A check that was as loose last time failed in spite of that.
func TestDiffLoosenedBefore(t *testing.T) {
	old := reportOf(finding(checks.Fail, "aop-not-enabled", "a.example", "", ""))
	now := reportOf(finding(checks.Pass, "aop-not-enabled", "a.example", "", ""))
	old.Loosened, now.Loosened = []string{"aop-not-enabled"}, []string{"aop-not-enabled"}
	if d := Diff(old, now); len(d.Fixed) != 1 {
		t.Errorf("not fixed: %+v", d.NotAssessed)
	}
}

// What `aopscan probe` was not asked about is not gone.
func TestDiffProbeTargets(t *testing.T) {
	old := reportOf(finding(checks.Fail, "origin-path-bypass", "", "api.a.example", "203.0.113.1"))
	now := reportOf(finding(checks.Pass, "origin-path-bypass", "", "api.a.example", "203.0.113.2"))
	if d := Diff(old, now); len(d.NotAssessed) != 1 {
		t.Errorf("fixed: %+v", d.Fixed)
	}
}

// A failure that all hostnames share is one result for the zone. When one of them
// is mended it splits up, and nothing of that is new.
func TestDiffSplitAndJoined(t *testing.T) {
	const check = "aop-not-enabled"
	whole := func(s checks.Status, hosts string) Result {
		r := finding(s, check, "a.example", "", "")
		r.Facts = map[string]string{"hostnames": hosts}
		return r
	}
	part := func(s checks.Status, host string) Result {
		return finding(s, check, "a.example", host+".a.example", "")
	}
	with := func(r *Report, hosts string) *Report {
		for h := range strings.FieldsSeq(hosts) {
			r.Hostnames = append(r.Hostnames, Hostname{Zone: "a.example", Hostname: h + ".a.example", Proxied: evidence.TriTrue})
		}
		r.Hostnames = append(r.Hostnames, Hostname{Zone: "a.example", Hostname: "mail.a.example", Proxied: evidence.TriFalse})
		return r
	}
	for _, tt := range []struct {
		name          string
		before, after *Report
		summary       BaselineSummary
		marks         string
		exit          int
	}{
		{"one of three mended",
			with(reportOf(whole(checks.Fail, "x, y, z")), "x y z"),
			with(reportOf(part(checks.Fail, "x"), part(checks.Fail, "y"), part(checks.Pass, "z")), "x y z"),
			BaselineSummary{Unchanged: 2}, "unchanged unchanged -", 0},
		{"one mended, one more open",
			with(reportOf(whole(checks.Fail, "x, z")), "x z"),
			with(reportOf(part(checks.Fail, "x"), part(checks.Fail, "y"), part(checks.Pass, "z")), "x y z"),
			BaselineSummary{New: 1, Unchanged: 1}, "unchanged new -", 1},
		{"all mended, one by one",
			with(reportOf(whole(checks.Fail, "x, y")), "x y"),
			with(reportOf(part(checks.Pass, "x"), part(checks.Pass, "y")), "x y"),
			BaselineSummary{Fixed: 1}, "- -", 0},
		{"one mended, the other silent",
			with(reportOf(whole(checks.Fail, "x, y")), "x y"),
			with(reportOf(part(checks.Pass, "x"), part(checks.Inconclusive, "y")), "x y"),
			BaselineSummary{NotAssessed: 1}, "- -", 4},
		{"one mended, the other waived",
			with(reportOf(whole(checks.Fail, "x, y")), "x y"),
			with(reportOf(part(checks.Pass, "x"), part(checks.Waived, "y")), "x y"),
			BaselineSummary{Waived: 1}, "- -", 0},
		{"one waived, the other still open",
			with(reportOf(whole(checks.Fail, "x, y")), "x y"),
			with(reportOf(part(checks.Waived, "x"), part(checks.Fail, "y")), "x y"),
			BaselineSummary{Unchanged: 1}, "- unchanged", 0},
		{"the one that was in order is gone",
			with(reportOf(part(checks.Fail, "x"), part(checks.Fail, "y"), part(checks.Pass, "z")), "x y z"),
			with(reportOf(whole(checks.Fail, "x, y")), "x y"),
			BaselineSummary{Unchanged: 1}, "unchanged", 0},
		{"the one that was in order fails too",
			with(reportOf(part(checks.Fail, "x"), part(checks.Fail, "y"), part(checks.Pass, "z")), "x y z"),
			with(reportOf(whole(checks.Fail, "x, y, z")), "x y z"),
			BaselineSummary{New: 1}, "new", 1},
		{"joined and waived",
			with(reportOf(part(checks.Fail, "x"), part(checks.Pass, "z")), "x z"),
			with(reportOf(whole(checks.Waived, "x, z")), "x z"),
			BaselineSummary{Waived: 1}, "-", 0},
		{"joined and mended",
			with(reportOf(part(checks.Fail, "x"), part(checks.Pass, "z")), "x z"),
			with(reportOf(whole(checks.Pass, "x, z")), "x z"),
			BaselineSummary{Fixed: 1}, "-", 0},
		{"a zone's own failure covers no hostname",
			with(reportOf(finding(checks.Fail, check, "a.example", "", ""), part(checks.Pass, "x")), "x"),
			with(reportOf(finding(checks.Fail, check, "a.example", "", ""), part(checks.Fail, "x")), "x"),
			BaselineSummary{New: 1, Unchanged: 1}, "unchanged new", 1},
		{"proxied since then",
			with(reportOf(whole(checks.Fail, "x, y")), "x y"),
			with(reportOf(part(checks.Fail, "mail"), part(checks.Fail, "x"), part(checks.Pass, "y")), "x y"),
			BaselineSummary{New: 1, Unchanged: 1}, "new unchanged -", 1},
		{"a certificate is no part of the zone's failure",
			with(reportOf(func() Result { r := whole(checks.Fail, "x"); r.Subject, r.Fingerprint = "cert", "c"; return r }()), "x"),
			with(reportOf(part(checks.Fail, "x")), "x"),
			BaselineSummary{New: 1, Fixed: 1}, "new", 1},
		{"another zone's failure covers nothing here",
			with(reportOf(func() Result { r := whole(checks.Fail, "x"); r.Zone = "b.example"; r.Fingerprint = "b"; return r }()), "x"),
			with(reportOf(part(checks.Fail, "x")), "x"),
			BaselineSummary{New: 1, NotAssessed: 1}, "new", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ApplyBaseline(tt.after, tt.before)
			if diff := cmp.Diff(&tt.summary, tt.after.Baseline); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
			var marks []string
			for _, r := range tt.after.Results {
				marks = append(marks, gocmp.Or(r.Baseline, "-"))
			}
			if got := strings.Join(marks, " "); got != tt.marks {
				t.Errorf("marks %q, want %q", got, tt.marks)
			}
			if got := ExitCode(tt.after, checks.Medium, false); got != tt.exit {
				t.Errorf("exit code %d, want %d", got, tt.exit)
			}
		})
	}
}

// Only new failures make the exit code 1; what is inconclusive stays 4.
func TestBaselineExitCode(t *testing.T) {
	old := finding(checks.Fail, "aop-not-enabled", "a.example", "", "")
	silent := finding(checks.Inconclusive, "aop-not-enabled", "b.example", "", "")
	late := finding(checks.Fail, "aop-not-enabled", "c.example", "", "")
	base := reportOf(old, silent)
	for _, tt := range []struct {
		name    string
		results []Result
		want    int
	}{
		{"known", []Result{old}, 0},
		{"known and silent as before", []Result{old, silent}, 4},
		{"new", []Result{old, silent, late}, 1},
	} {
		r := reportOf(tt.results...)
		if got := ExitCode(r, checks.Medium, false); got != 1 {
			t.Errorf("%s, without a baseline: %d", tt.name, got)
		}
		ApplyBaseline(r, base)
		if got := ExitCode(r, checks.Medium, false); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestApplyBaseline(t *testing.T) {
	base := reportOf(
		finding(checks.Fail, "aop-not-enabled", "a.example", "", ""),
		finding(checks.Fail, "aop-not-enabled", "b.example", "", ""),
		finding(checks.Waived, "aop-not-enabled", "c.example", "", ""),
		finding(checks.Inconclusive, "aop-not-enabled", "d.example", "", ""),
		finding(checks.Fail, "aop-not-enabled", "f.example", "", ""),
	)
	now := reportOf(
		finding(checks.Fail, "aop-not-enabled", "a.example", "", ""),
		finding(checks.Pass, "aop-not-enabled", "b.example", "", ""),
		finding(checks.Fail, "aop-not-enabled", "c.example", "", ""), // its waiver has expired
		finding(checks.Fail, "aop-not-enabled", "d.example", "", ""),
		finding(checks.Fail, "aop-not-enabled", "e.example", "", ""),
		finding(checks.Inconclusive, "aop-not-enabled", "f.example", "", ""),
	)
	// The wording and the severity are no part of the comparison.
	now.Results[0].Message = "another wording"
	now.Results[0].Severity = checks.Critical
	ApplyBaseline(now, base)

	var marks []string
	for _, r := range now.Results {
		marks = append(marks, r.Baseline)
	}
	if diff := cmp.Diff([]string{"unchanged", "", "new", "new", "new", ""}, marks); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
	want := &BaselineSummary{New: 3, Unchanged: 1, Fixed: 1, NotAssessed: 1}
	if diff := cmp.Diff(want, now.Baseline); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	d := Diff(base, now)
	if d.New[0].Was != checks.Waived || d.New[1].Was != checks.Inconclusive || d.New[2].Was != "" {
		t.Errorf("was: %q %q %q", d.New[0].Was, d.New[1].Was, d.New[2].Was)
	}
}

func TestLoadBaseline(t *testing.T) {
	dir := t.TempDir()
	write := func(content string) string {
		p := filepath.Join(dir, "r.json")
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	good := reportOf(finding(checks.Fail, "aop-not-enabled", "a.example", "", ""))
	b, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	got, err := LoadBaseline(write(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(good.Results, got.Results); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}

	head := `{"schema":"` + SchemaID + `",`
	for _, tt := range []struct{ name, content, want, hint string }{
		{"empty", " \n", "it is empty", "-o json=FILE"},
		{"not json", "{\n\n oops}", "it is not a JSON report: line 3: ", ""},
		{"a list", "[]", "it is not a JSON report: line 1: it is a JSON array, not an object", ""},
		{"truncated", string(b[:len(b)/2]), "unexpected end of JSON input", ""},
		{"sarif", `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","runs":[]}`, "it is SARIF", "JSON report of the same scan"},
		{"evidence", `{"schema_version":1,"tool":{}}`, "it is evidence, not a report", "--evidence FILE"},
		{"other json", `{"results":[]}`, "names no schema", ""},
		{"newer", `{"schema":"https://github.com/aopscan/aopscan/docs/schema/report-2.json","results":[]}`, "not one that this version reads", "later one"},
		{"foreign", `{"schema":"https://example.com/x","results":[]}`, "not \"" + SchemaID, ""},
		{"no results", head + `"results":null}`, "no list of results", ""},
		{"wrong type", head + "\n\"results\":[{\"check\":5}]}", "line 2: ", ""},
		{"no check", head + `"results":[{"status":"fail","fingerprint":"x"}]}`, "result 1 names no check", ""},
		{"no fingerprint", head + `"results":[{"check":"c","status":"fail"}]}`, "has no fingerprint", ""},
		{"odd status", head + `"results":[{"check":"c","status":"FAIL","fingerprint":"x"}]}`, `unknown status "FAIL"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := write(tt.content)
			_, err := LoadBaseline(path)
			var be *BaselineError
			if !errors.As(err, &be) {
				t.Fatalf("error %v (%T)", err, err)
			}
			if !strings.HasPrefix(err.Error(), "reading report "+path+": ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q, want %q in it", err, tt.want)
			}
			if be.Hint() == "" || !strings.Contains(be.Hint(), tt.hint) {
				t.Errorf("hint %q, want %q in it", be.Hint(), tt.hint)
			}
		})
	}
	if _, err := LoadBaseline(filepath.Join(dir, "none.json")); !errors.Is(err, os.ErrNotExist) || strings.Count(err.Error(), "none.json") != 1 {
		t.Errorf("missing file: %v", err)
	}
	if _, err := LoadBaseline(dir); err == nil {
		t.Error("a folder was read")
	}
}
