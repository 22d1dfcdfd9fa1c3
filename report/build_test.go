package report

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

func TestExitCode(t *testing.T) {
	res := func(s checks.Status, sev checks.Severity, baseline string) Result {
		return Result{Result: checks.Result{Check: "c", Status: s, Severity: sev, Baseline: baseline}}
	}
	const pass, fail, unknown = checks.Pass, checks.Fail, checks.Inconclusive
	problem := []evidence.Problem{{What: "w", Cause: "c"}}
	for _, tc := range []struct {
		name     string
		results  []Result
		problems []evidence.Problem
		failOn   checks.Severity
		allow    bool
		want     int
	}{
		{"all pass", []Result{res(pass, checks.High, "")}, nil, checks.Medium, false, 0},
		{"nothing judged is not a pass", nil, nil, checks.Medium, false, 4},
		{"nothing judged, allowed", nil, nil, checks.Medium, true, 0},
		{"not applicable, skipped, waived", []Result{res(checks.NotApplicable, checks.High, ""), res(checks.Skipped, checks.High, ""), res(checks.Waived, checks.Critical, "")}, nil, checks.Info, false, 0},
		{"fail at the threshold", []Result{res(fail, checks.Medium, "")}, nil, checks.Medium, false, 1},
		{"fail above it", []Result{res(fail, checks.Critical, "")}, nil, checks.High, false, 1},
		{"fail below it", []Result{res(fail, checks.Low, "")}, nil, checks.Medium, false, 0},
		{"info counts with --fail-on info", []Result{res(fail, checks.Info, "")}, nil, checks.Info, false, 1},
		{"no threshold means medium", []Result{res(fail, checks.Medium, "")}, nil, "", false, 1},
		{"no threshold, low", []Result{res(fail, checks.Low, "")}, nil, "", false, 0},
		{"inconclusive", []Result{res(pass, checks.Low, ""), res(unknown, checks.Info, "")}, nil, checks.Medium, false, 4},
		{"inconclusive, allowed", []Result{res(unknown, checks.Critical, "")}, nil, checks.Medium, true, 0},
		{"fail wins over inconclusive", []Result{res(unknown, checks.Critical, ""), res(fail, checks.High, "")}, nil, checks.Medium, false, 1},
		{"fail below the threshold and inconclusive", []Result{res(unknown, checks.Critical, ""), res(fail, checks.Low, "")}, nil, checks.Medium, false, 4},
		{"allowing does not forgive a failure", []Result{res(fail, checks.High, "")}, nil, checks.Medium, true, 1},
		{"a status that nobody filled in", []Result{res("", checks.High, "")}, nil, checks.Medium, false, 4},
		{"a status that nobody knows", []Result{res("ok", checks.High, "")}, nil, checks.Medium, false, 4},
		{"a severity that nobody knows", []Result{res(fail, "huge", "")}, nil, checks.Critical, false, 1},
		{"unchanged against the baseline", []Result{res(fail, checks.Critical, BaselineUnchanged)}, nil, checks.Medium, false, 0},
		{"new against the baseline", []Result{res(fail, checks.Critical, BaselineNew)}, nil, checks.Medium, false, 1},
		{"a problem", []Result{res(pass, checks.High, "")}, problem, checks.Medium, false, 4},
		{"a problem, allowed", []Result{res(pass, checks.High, "")}, problem, checks.Medium, true, 0},
		{"a problem and a failure", []Result{res(fail, checks.High, "")}, problem, checks.Medium, false, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := ExitCode(&Report{Results: tc.results, Problems: tc.problems}, tc.failOn, tc.allow); got != tc.want {
				t.Errorf("exit code %d, want %d", got, tc.want)
			}
		})
	}
}

// The sentence never says more than was proven.
func TestVerdictSentence(t *testing.T) {
	origin := func(v verdict.Verdict, c verdict.Confidence) checks.Origin {
		return checks.Origin{Endpoint: evidence.Endpoint{Hostname: "a.example", Address: "203.0.113.1", Port: 443}, Judgement: verdict.Judgement{Verdict: v, Confidence: c}}
	}
	res := func(s checks.Status, sev checks.Severity) checks.Result {
		return checks.Result{Check: "origin-accepts-no-certificate", Status: s, Severity: sev, Hostname: "a.example"}
	}
	pass := []checks.Result{res(checks.Pass, checks.Critical)}
	for _, tc := range []struct {
		name    string
		origins []checks.Origin
		results []checks.Result
		noProbe bool
		want    string
	}{
		{"all enforced", []checks.Origin{origin(verdict.Enforced, verdict.Proven), origin(verdict.Enforced, verdict.Proven)}, pass, false,
			"All 2 origins refuse whoever comes without Cloudflare's client certificate; no check failed."},
		{"one", []checks.Origin{origin(verdict.Enforced, verdict.Proven)}, pass, false,
			"The only origin refuses whoever comes without Cloudflare's client certificate; no check failed."},
		{"not all proven", []checks.Origin{origin(verdict.Enforced, verdict.Proven), origin(verdict.Enforced, verdict.Unclear)}, pass, false,
			"All 2 origins refuse whoever comes without Cloudflare's client certificate (1 of these proven); no check failed."},
		{"one of two", []checks.Origin{origin(verdict.Enforced, verdict.Proven), origin(verdict.Unreachable, verdict.Unclear)}, []checks.Result{res(checks.Inconclusive, checks.Critical)}, false,
			"1 of 2 origins refuses whoever comes without Cloudflare's client certificate; no check failed; 1 target could not be verified in full."},
		{"open", []checks.Origin{origin(verdict.NotEnforced, verdict.Proven), origin(verdict.Bypassable, verdict.Proven), origin(verdict.Enforced, verdict.Proven)}, []checks.Result{res(checks.Fail, checks.Critical)}, false,
			"2 of 3 origins can be reached without Cloudflare's client certificate; 1 check result failed, 1 critical."},
		{"nothing proven", []checks.Origin{origin(verdict.RefusedOtherwise, verdict.Proven), origin("", "")}, []checks.Result{res(checks.Inconclusive, checks.Critical)}, false,
			"No origin is proven to refuse whoever comes without Cloudflare's client certificate; no check failed; 1 target could not be verified in full."},
		{"no origin", nil, pass, false, "There was no origin to probe; no check failed."},
		{"not probed", nil, pass, true, "Configuration only: no origin was contacted, so nothing is proven about any origin; no check failed."},
		{"nothing at all", nil, nil, true, "Configuration only: no origin was contacted, so nothing is proven about any origin; no check was judged."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ev := &evidence.Evidence{CollectedAt: sampleNow, ProbeOptions: &evidence.ProbeOptions{}}
			if tc.noProbe {
				ev.ProbeOptions = nil
			}
			r := Build(ev, checks.Outcome{Results: tc.results, Origins: tc.origins}, BuildOptions{Catalogue: sampleCatalogue()})
			if r.Summary.Verdict != tc.want {
				t.Errorf("%q, want %q", r.Summary.Verdict, tc.want)
			}
		})
	}
}

func TestBuild(t *testing.T) {
	ev, out, o := sampleInput()
	before := len(ev.Zones[0].Hostnames[0].Origins)
	r := Build(ev, out, o)
	if len(ev.Zones[0].Hostnames[0].Origins) != before {
		t.Error("the evidence was changed")
	}
	want := Summary{
		Verdict:  "3 of 10 origins can be reached without Cloudflare's client certificate; 10 check results failed, 3 critical; 4 targets could not be verified in full.",
		ExitCode: 1, FailOn: "medium", Zones: 3, Hostnames: 10, Origins: 10,
		ByStatus:   map[string]int{"fail": 10, "inconclusive": 4, "pass": 4, "waived": 1, "skipped": 1, "not-applicable": 1},
		BySeverity: map[string]int{"critical": 3, "high": 2, "medium": 4, "low": 1},
		ByVerdict:  map[string]int{"bypassable": 1, "enforced": 3, "inconclusive": 2, "not-enforced": 2, "refused-otherwise": 1, "unreachable": 1},
		ByDrift:    map[string]int{"enforced": 2, "sent-not-demanded": 2, "demanded-not-sent": 1, "demanded-not-trusted": 1, "neither": 1, "unknown": 3},
		NotSeen: []string{
			"Zone example.info: finding the zone: the token cannot see it.",
			"Not read: notification policies of account Example Holding (the API answered 502); needs the token permission Account · Notifications · Read.",
			"Not read: page rules of example.org (the token may not); needs the token permission Zone · Page Rules · Read.",
			"1 origin was not probed: private addresses need --allow-address.",
			"1 origin could not be reached from here: a firewall is not proof of AOP.",
			"1 origin answered in a way that proves neither.",
			"Which certificate Cloudflare sends is not known for 1 hostname.",
		},
	}
	if diff := cmp.Diff(want, r.Summary); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if h := r.Hostnames[3]; h.Hostname != "legacy.example.com" || h.CertificateSource != evidence.CertificateNone || h.ExpiresAt != nil {
		t.Errorf("hostname %+v", h)
	}
	shop := r.Hostnames[slices.IndexFunc(r.Hostnames, func(h Hostname) bool { return h.Hostname == "shop.example.net" })]
	if shop.ExpiresInDays == nil || *shop.ExpiresInDays != 11 || !slices.Equal(shop.Origins, []string{"198.51.100.7:443"}) {
		t.Errorf("hostname %+v", shop)
	}
	if c := r.Certificates[0]; c.ID != "old-cert" || *c.ExpiresInDays != -170 || len(c.Hostnames) != 0 {
		t.Errorf("the certificate that ends first: %+v", c)
	}
	if c := r.Certificates[len(r.Certificates)-1]; c.ID != "broken-cert" || c.ParseError == "" {
		t.Errorf("the certificate without an end: %+v", c)
	}
}

func TestBuildSelection(t *testing.T) {
	ev, out, o := sampleInput()
	o.Only = []string{"aop-not-enabled", "ssl-mode-not-strict"}
	o.Skip = []string{"ssl-mode-not-strict"}
	r := Build(ev, out, o)
	if len(r.Checks) != 1 || r.Checks[0].ID != "aop-not-enabled" || len(r.LeftOut) != 13 || r.Catalogue.Checks != 14 || r.Catalogue.Selected != 1 {
		t.Errorf("%d checks, %d left out, %+v", len(r.Checks), len(r.LeftOut), r.Catalogue)
	}
	if last := r.Summary.NotSeen[len(r.Summary.NotSeen)-1]; last != "13 checks were left out by --check or --skip." {
		t.Errorf("last of not seen: %q", last)
	}
	o.Only, o.Skip = nil, nil
	if all := Build(ev, out, o); all.Catalogue.Digest != r.Catalogue.Digest || all.Catalogue.Digest == "" {
		t.Errorf("the digest is that of the whole catalogue: %q and %q", all.Catalogue.Digest, r.Catalogue.Digest)
	}
}

// Every section of the evidence is reported when it was not read: one that is
// added later cannot be forgotten.
func TestUnreadKnowsEverySection(t *testing.T) {
	denied := evidence.Section{State: evidence.SectionDenied}
	var count func(v reflect.Value) int
	count = func(v reflect.Value) int {
		if v.Type() == reflect.TypeFor[evidence.Section]() {
			v.Set(reflect.ValueOf(denied))
			return 1
		}
		n := 0
		if v.Kind() == reflect.Struct {
			for i := range v.NumField() {
				n += count(v.Field(i))
			}
		}
		return n
	}
	var z evidence.Zone
	var a evidence.Account
	inZone, inAccount := count(reflect.ValueOf(&z).Elem()), count(reflect.ValueOf(&a).Elem())
	got := unreadSections(&evidence.Evidence{Zones: []evidence.Zone{z}, Accounts: []evidence.Account{a}})
	if len(got) != inZone+inAccount {
		t.Errorf("%d unread sections, the evidence has %d of zones and %d of accounts", len(got), inZone, inAccount)
	}
	names := map[string]bool{}
	for _, u := range got {
		if names[u.Name] {
			t.Errorf("%q twice", u.Name)
		}
		names[u.Name] = true
	}
	// Not attempted is not unread, unless the scan was cut short.
	ev := &evidence.Evidence{Zones: []evidence.Zone{{Name: "a.example"}}}
	if got := unreadSections(ev); len(got) != 0 {
		t.Errorf("%d sections that nobody tried to read", len(got))
	}
	ev.Problems = []evidence.Problem{{What: "scanning", Cause: "interrupted", Interrupted: true}}
	if got := unreadSections(ev); len(got) != inZone {
		t.Errorf("%d unread sections after an interrupt, want %d", len(got), inZone)
	}
}

func TestDaysUntil(t *testing.T) {
	for d, want := range map[time.Duration]int{0: 0, time.Hour: 0, 24 * time.Hour: 1, 47 * time.Hour: 1, -time.Hour: -1, -25 * time.Hour: -2} {
		if got := daysUntil(sampleNow, sampleNow.Add(d)); got != want {
			t.Errorf("daysUntil(%s) = %d, want %d", d, got, want)
		}
	}
}

func TestGroupByControl(t *testing.T) {
	res := func(check string, s checks.Status) checks.Result {
		return checks.Result{Check: check, Status: s, Severity: checks.High, Zone: "a.example", Message: "m", Fingerprint: check + string(s)}
	}
	controlled := func(id string, controls ...string) checks.Check {
		c := checks.Check{ID: id, Title: id, Severity: checks.High}
		for _, k := range controls {
			c.Controls = append(c.Controls, checks.Control{Framework: "F", ID: k, Why: "because"})
		}
		return c
	}
	catalogue := []checks.Check{
		controlled("a", "passed", "failed", "10.2", "9.1"), controlled("b", "failed", "unknown"), controlled("c", "unknown", "loosened"),
		controlled("d", "loosened", "loosened and failed"), controlled("e", "loosened and failed"), controlled("f", "waived"), controlled("g", "nothing"), controlled("h", "left out"),
		controlled("i", "half skipped"), controlled("j", "half skipped", "half silent"), controlled("k", "half silent"), controlled("l", "applies to nothing else"), controlled("m", "applies to nothing else"), controlled("n", "two skipped", "two skipped for two reasons"), controlled("o", "two skipped"), controlled("p", "two skipped for two reasons"),
		{ID: "x", Controls: []checks.Control{{Framework: "another", ID: "passed", Why: "w"}}},
	}
	out := checks.Outcome{Results: []checks.Result{
		res("a", checks.Pass), res("b", checks.Fail), res("c", checks.Inconclusive), res("c", checks.Pass), res("d", checks.Pass), res("e", checks.Fail),
		res("f", checks.Waived), res("g", checks.NotApplicable), res("x", checks.Fail),
		res("i", checks.Skipped), res("j", checks.Pass), res("l", checks.Pass), res("m", checks.NotApplicable), res("n", checks.Skipped), res("o", checks.Skipped), {Check: "p", Status: checks.Skipped, Reason: "r"},
	}}
	r := Build(&evidence.Evidence{CollectedAt: sampleNow}, out, BuildOptions{Catalogue: catalogue, Skip: []string{"h"}, Loosened: []string{"d"}, Control: "F"})
	got := map[string]string{}
	var order []string
	for _, g := range r.Controls {
		got[g.ID] = string(g.State) + ": " + strings.Join(g.Reasons, "; ")
		order = append(order, g.ID)
		if g.Framework != "F" || len(g.Mappings) == 0 || g.Mappings[0].Why == "" {
			t.Errorf("group %+v", g)
		}
	}
	want := map[string]string{
		"passed": "assessed: ", "10.2": "assessed: ", "9.1": "assessed: ",
		"failed":                      "failed: ",
		"loosened and failed":         "failed: the configuration loosens check d",
		"unknown":                     "failed: 1 result could not be verified",
		"loosened":                    "not-assessed: the configuration loosens check d; 1 result could not be verified",
		"waived":                      "not-assessed: 1 failing result is waived",
		"nothing":                     "not-assessed: nothing here to which its checks apply",
		"half skipped":                "not-assessed: check i was skipped: m",
		"half silent":                 "not-assessed: check k was without a result",
		"two skipped":                 "not-assessed: 2 checks were skipped: m",
		"two skipped for two reasons": "not-assessed: check n was skipped: m; check p was skipped: r",
		"applies to nothing else":     "assessed: ",
		"left out":                    "not-assessed: check h was left out; nothing here to which its checks apply",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"failed", "loosened and failed", "unknown", "half silent", "half skipped", "left out", "loosened", "nothing", "two skipped", "two skipped for two reasons", "waived", "9.1", "10.2", "applies to nothing else", "passed"}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if groups := GroupByControl(r, "no such framework"); len(groups) != 0 {
		t.Errorf("%d groups of no framework", len(groups))
	}
}

func TestFrameworks(t *testing.T) {
	got := Frameworks()
	if !slices.IsSorted(got) || !slices.Contains(got, "CWE") {
		t.Errorf("frameworks %q", got)
	}
}

func TestFindFramework(t *testing.T) {
	for name, want := range map[string]string{
		"PCI DSS 4.0.1": "PCI DSS 4.0.1", "pci": "PCI DSS 4.0.1", "PCI-DSS": "PCI DSS 4.0.1", "nist": "NIST SP 800-53 r5",
		"soc2": "SOC 2", "cwe": "CWE", "c": "", "": "", " ": "", "hipaa": "", "SC-7": "",
	} {
		if got := FindFramework(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

func TestCompareNatural(t *testing.T) {
	want := []string{"", "1", "1.2", "1.2.10", "1.10", "02", "4.2.1", "10", "A.8.2", "A.8.20", "SC-7", "SC-8", "SC-23"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, compareNatural)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
