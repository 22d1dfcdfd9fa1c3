package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/report"
)

func saveReport(t *testing.T, path string, results ...checks.Result) {
	t.Helper()
	r := report.Report{Schema: report.SchemaID}
	for _, res := range results {
		res.Fingerprint = strings.Join([]string{res.Check, res.Zone, res.Hostname, res.Address}, "|")
		r.Results = append(r.Results, report.Result{Result: res})
	}
	if len(results) == 0 {
		r.Results = []report.Result{}
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, string(b))
}

func TestDiff(t *testing.T) {
	t.Chdir(t.TempDir())
	res := func(s checks.Status, sev checks.Severity, check, host string) checks.Result {
		return checks.Result{Check: check, Status: s, Severity: sev, Zone: "example.com", Hostname: host, Message: "Message of " + host + "."}
	}
	old := []checks.Result{
		res(checks.Fail, checks.High, "dns-only-exposes-origin", "stays.example.com"),
		res(checks.Fail, checks.High, "dns-only-exposes-origin", "mended.example.com"),
		res(checks.Fail, checks.High, "dns-only-exposes-origin", "silent.example.com"),
		res(checks.Fail, checks.High, "dns-only-exposes-origin", "accepted.example.com"),
		res(checks.Waived, checks.Low, "dns-only-exposes-origin", "late.example.com"),
	}
	accepted := res(checks.Waived, checks.High, "dns-only-exposes-origin", "accepted.example.com")
	accepted.Waiver = &checks.WaiverNote{Reason: "on purpose", Owner: "ops", Expires: "2027-01-31"}
	silent := res(checks.Inconclusive, checks.High, "dns-only-exposes-origin", "silent.example.com")
	silent.Reason = "the DNS records could not be read"
	now := []checks.Result{
		res(checks.Fail, checks.High, "dns-only-exposes-origin", "stays.example.com"),
		res(checks.Pass, checks.High, "dns-only-exposes-origin", "mended.example.com"),
		silent, accepted,
	}
	saveReport(t, "old.json", old...)
	saveReport(t, "same.json", now...)
	hostile := res(checks.Fail, checks.Low, "dns-only-exposes-origin", "new\x1b[31m.example.com")
	saveReport(t, "new.json", append(now, res(checks.Fail, checks.Low, "dns-only-exposes-origin", "late.example.com"), hostile)...)

	want := `old.json -> same.json
0 new, 1 unchanged, 1 fixed, 1 waived, 1 not assessed

Not assessed: failed before, and nobody can say that it is fixed
  high      dns-only-exposes-origin  silent.example.com
            it could not be judged this time: the DNS records could not be read

Waived
  high      dns-only-exposes-origin  accepted.example.com
            on purpose (ops, until 2027-01-31)

Fixed
  high      dns-only-exposes-origin  mended.example.com
            Message of mended.example.com.
`
	code, out, errs := runApp(t, "", nil, "diff", "old.json", "same.json")
	if code != exitOK || errs != "" || out != want {
		t.Errorf("exit %d, stderr %q\n%s", code, errs, out)
	}
	code, out, _ = runApp(t, "", nil, "diff", "-v", "old.json", "new.json")
	for _, part := range []string{
		"2 new, 1 unchanged, 1 fixed, 1 waived, 1 not assessed\n\nNew\n",
		"Message of late.example.com. (before: waived)\n",
		"  low       dns-only-exposes-origin  new\\x1b[31m.example.com\n",
		"\nUnchanged\n  high      dns-only-exposes-origin  stays.example.com\n",
	} {
		if !strings.Contains(out, part) {
			t.Errorf("%q is not in\n%s", part, out)
		}
	}
	if code != exitFailed || strings.Contains(out, "\x1b") {
		t.Errorf("exit %d\n%q", code, out)
	}
	if code, _, _ := runApp(t, "", nil, "diff", "--fail-on", "medium", "old.json", "new.json"); code != exitOK {
		t.Errorf("only low ones are new, and --fail-on medium exits %d", code)
	}

	code, out, _ = runApp(t, "", nil, "diff", "old.json", "new.json", "-o", "json")
	var d diffReport
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != exitFailed {
		t.Fatalf("exit %d, %v", code, err)
	}
	if d.Summary != (report.BaselineSummary{New: 2, Unchanged: 1, Fixed: 1, Waived: 1, NotAssessed: 1}) || d.Old != "old.json" || len(d.Changes.New) != 2 {
		t.Errorf("json: %+v", d)
	}
	saveReport(t, "empty.json")
	code, out, _ = runApp(t, "", nil, "diff", "empty.json", "empty.json", "-o", "json")
	if code != exitOK || !strings.Contains(out, `"new": []`) || strings.Contains(out, "null") {
		t.Errorf("nothing: exit %d\n%s", code, out)
	}
}

func TestDiffBadInput(t *testing.T) {
	t.Chdir(t.TempDir())
	saveReport(t, "good.json")
	writeFile(t, "bad.json", "{")
	for _, tt := range []struct{ args, want string }{
		{"diff", "aopscan: reading arguments: two reports are needed, 0 given\nhint: give the earlier report, then the later one: aopscan diff old.json new.json\n"},
		{"diff good.json good.json good.json", "aopscan: reading arguments: \"good.json\" is not expected\nhint: give the earlier report, then the later one: aopscan diff old.json new.json\n"},
		{"diff none.json good.json", "aopscan: reading report none.json: no such file or directory\nhint: give a report that 'aopscan scan -o json=FILE' wrote\n"},
		{"diff good.json bad.json", "aopscan: reading report bad.json: it is not a JSON report: line 1: unexpected end of JSON input\nhint: give a report that 'aopscan scan -o json=FILE' wrote\n"},
		{"diff -o html good.json good.json", "aopscan: reading --output: \"html\" is not a format of this command\nhint: use table or json\n"},
		{"diff --fail-on bad good.json good.json", "aopscan: reading --fail-on: \"bad\" is not a severity\nhint: use critical, high, medium, low or info\n"},
	} {
		code, out, errs := runApp(t, "", nil, strings.Fields(tt.args)...)
		if code != exitUsage || out != "" || errs != tt.want {
			t.Errorf("%s: exit %d, stdout %q, stderr\n%s", tt.args, code, out, errs)
		}
	}
}

func TestPlace(t *testing.T) {
	for _, tt := range []struct {
		r    checks.Result
		want string
	}{
		{checks.Result{Zone: "example.com"}, "example.com"},
		{checks.Result{Zone: "example.com", Hostname: "a.example.com", Address: "2001:db8::1", Port: 443}, "a.example.com at [2001:db8::1]:443"},
		{checks.Result{Zone: "example.com", Address: "203.0.113.1"}, "example.com at 203.0.113.1"},
		{checks.Result{Zone: "example.com", Subject: "cert"}, "example.com (cert)"},
		{checks.Result{Subject: "account a1"}, "account a1"},
		{checks.Result{}, ""},
	} {
		if got := place(report.Result{Result: tt.r}); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.r, got, tt.want)
		}
	}
}
