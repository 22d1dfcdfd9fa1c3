package report

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aopscan/aopscan/checks"
)

func day(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.Parse(dayFormat, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWaiverMatches(t *testing.T) {
	result := checks.Result{
		Check: "origin-accepts-no-certificate", Zone: "example.com", Hostname: "api.eu.example.com",
		Address: "203.0.113.5", Port: 8443, Subject: "cert-1",
	}
	v6 := result
	v6.Address = "2001:db8::5"
	zoneLevel := checks.Result{Check: "aop-not-enabled", Zone: "example.com"}
	wild := checks.Result{Check: "ssl-mode-override", Zone: "example.com", Hostname: "*.example.com"}
	idn := checks.Result{Check: "ssl-mode-override", Zone: "xn--bcher-kva.example", Hostname: "www.xn--bcher-kva.example"}

	for _, tt := range []struct {
		name string
		w    Waiver
		r    checks.Result
		want bool
	}{
		{"check alone", Waiver{Check: "origin-accepts-no-certificate"}, result, true},
		{"other check", Waiver{Check: "origin-accepts-any-certificate"}, result, false},
		{"check pattern", Waiver{Check: "origin-*"}, result, true},
		{"check pattern is anchored", Waiver{Check: "accepts-*"}, result, false},
		{"zone", Waiver{Check: "*", Zone: "example.com"}, result, true},
		{"zone, case and dot", Waiver{Check: "*", Zone: "EXAMPLE.com."}, result, true},
		{"other zone", Waiver{Check: "*", Zone: "example.org"}, result, false},
		{"star crosses labels", Waiver{Check: "*", Hostname: "*.example.com"}, result, true},
		{"star is not nothing but a suffix", Waiver{Check: "*", Hostname: "*.example.org"}, result, false},
		{"apex is not under the star", Waiver{Check: "*", Hostname: "*.api.eu.example.com"}, result, false},
		{"question mark", Waiver{Check: "*", Hostname: "api.??.example.com"}, result, true},
		{"question mark is one", Waiver{Check: "*", Hostname: "api.?.example.com"}, result, false},
		{"hostname against a zone-level result", Waiver{Check: "*", Hostname: "*.example.com"}, zoneLevel, false},
		{"escaped star is itself", Waiver{Check: "*", Hostname: `\*.example.com`}, wild, true},
		{"escaped star is nothing else", Waiver{Check: "*", Hostname: `\*.example.com`}, result, false},
		{"brackets are ordinary", Waiver{Check: "*", Hostname: "api.[e]u.example.com"}, result, false},
		{"unicode for punycode", Waiver{Check: "*", Zone: "bücher.example", Hostname: "*.BÜCHER.example"}, idn, true},
		{"punycode for punycode", Waiver{Check: "*", Hostname: "www.xn--bcher-kva.example"}, idn, true},
		{"another name in unicode", Waiver{Check: "*", Hostname: "*.buecher.example"}, idn, false},
		{"subject", Waiver{Check: "*", Subject: "cert-?"}, result, true},
		{"other subject", Waiver{Check: "*", Subject: "cert-2"}, result, false},
		{"address", Waiver{Check: "*", Address: "203.0.113.5"}, result, true},
		{"other address", Waiver{Check: "*", Address: "203.0.113.50"}, result, false},
		{"address and port", Waiver{Check: "*", Address: "203.0.113.5:8443"}, result, true},
		{"address and other port", Waiver{Check: "*", Address: "203.0.113.5:443"}, result, false},
		{"address pattern", Waiver{Check: "*", Address: "203.0.113.*"}, result, true},
		{"cidr", Waiver{Check: "*", Address: "203.0.113.0/24"}, result, true},
		{"other cidr", Waiver{Check: "*", Address: "203.0.112.0/24"}, result, false},
		{"v6 by another spelling", Waiver{Check: "*", Address: "2001:DB8:0::5"}, v6, true},
		{"v6 and port", Waiver{Check: "*", Address: "[2001:db8::5]:8443"}, v6, true},
		{"v6 cidr", Waiver{Check: "*", Address: "2001:db8::/32"}, v6, true},
		{"v4 cidr against v6", Waiver{Check: "*", Address: "0.0.0.0/0"}, v6, false},
		{"cidr against a zone-level result", Waiver{Check: "*", Address: "0.0.0.0/0"}, zoneLevel, false},
		{"all that is given must match", Waiver{Check: "origin-*", Zone: "example.com", Address: "198.51.100.0/24"}, result, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.w.Matches(tt.r); got != tt.want {
				t.Errorf("Matches = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestGlobIsBounded(t *testing.T) {
	start := time.Now()
	if glob(strings.Repeat("*a", 200)+"b", strings.Repeat("a", 4000)) {
		t.Error("matched")
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("took %s", d)
	}
}

func TestApplyWaivers(t *testing.T) {
	now := time.Date(2026, 11, 20, 23, 59, 59, 0, time.UTC)
	results := []checks.Result{
		{Check: "aop-not-enabled", Status: checks.Fail, Zone: "a.example", Message: "m", Reason: "proof", Fingerprint: "1"},
		{Check: "aop-not-enabled", Status: checks.Fail, Zone: "b.example", Reason: "proof b", Fingerprint: "2"},
		{Check: "aop-not-enabled", Status: checks.Inconclusive, Zone: "c.example", Fingerprint: "3"},
		{Check: "aop-not-enabled", Status: checks.Pass, Zone: "d.example", Fingerprint: "4"},
	}
	before := append([]checks.Result(nil), results...)
	waivers := []Waiver{
		{Check: "aop-not-enabled", Zone: "a.example", Reason: "moving", Owner: "ops", Expires: day(t, "2026-11-20"), File: "aopscan.yaml", Line: 4},
		{Check: "aop-not-enabled", Zone: "b.example", Reason: "old", Owner: "ops", Expires: day(t, "2026-11-19")},
		{Check: "aop-not-enabled", Zone: "c.example", Reason: "r", Owner: "ops", Expires: day(t, "2027-01-01")},
		{Check: "aop-not-enabled", Zone: "d.example", Reason: "r", Owner: "ops", Expires: day(t, "2027-01-01")},
		{Check: "aop-*", Zone: "a.example", Reason: "second", Owner: "sec", Expires: day(t, "2027-01-01")},
	}
	got, reports := ApplyWaivers(results, waivers, now)
	if diff := cmp.Diff(before, results); diff != "" {
		t.Errorf("the given results were changed:\n%s", diff)
	}
	want := append([]checks.Result(nil), before...)
	want[0].Status = checks.Waived
	want[0].Reason = "moving"
	want[0].Waiver = &checks.WaiverNote{Owner: "ops", Reason: "moving", Expires: "2026-11-20", Proof: "proof"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	var states []string
	for _, r := range reports {
		states = append(states, r.State)
	}
	if diff := cmp.Diff([]string{WaiverApplied, WaiverExpired, WaiverUnverified, WaiverUnused, WaiverApplied}, states); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	wantReport := WaiverReport{Check: "aop-not-enabled", State: WaiverApplied, Owner: "ops", Expires: "2026-11-20", Reason: "moving", Matched: 1, File: "aopscan.yaml", Line: 4}
	if diff := cmp.Diff(wantReport, reports[0]); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if reports[1].Matched != 1 {
		t.Errorf("the expired waiver matched %d, want 1: the report must say what it no longer covers", reports[1].Matched)
	}

	// One second later the first waiver's last day is over, and the second one,
	// which covers the same failure, takes its place.
	got, reports = ApplyWaivers(results, waivers, now.Add(time.Second))
	if got[0].Waiver == nil || got[0].Waiver.Reason != "second" || reports[0].State != WaiverExpired {
		t.Errorf("after midnight: waiver %+v, state %s", got[0].Waiver, reports[0].State)
	}
	got, _ = ApplyWaivers(results, waivers[:1], now.Add(time.Second))
	if got[0].Status != checks.Fail || got[0].Reason != "proof" || got[0].Waiver != nil {
		t.Errorf("an expired waiver still covers: %+v", got[0])
	}

	// A result that nobody filled in is inconclusive.
	_, reports = ApplyWaivers([]checks.Result{{Check: "aop-not-enabled", Zone: "c.example"}}, waivers[2:3], now)
	if reports[0].State != WaiverUnverified || reports[0].Inconclusive != 1 {
		t.Errorf("no status: %+v", reports[0])
	}

	if _, reports := ApplyWaivers(results, nil, now); reports != nil {
		t.Errorf("no waivers gave %v", reports)
	}
}

func TestWaiverSnippet(t *testing.T) {
	got := WaiverSnippet(checks.Result{
		Check: "origin-accepts-no-certificate", Zone: "example.com", Hostname: "*.example.com", Address: "2001:db8::5", Port: 443,
		Subject: "a\"b\n##[x]\u202e",
	})
	want := `  # under "waivers:" in aopscan.yaml
  - check: origin-accepts-no-certificate
    zone: example.com
    hostname: "\\*.example.com"
    address: "[2001:db8::5]:443"
    subject: "a\"b\n\x23#[x]\u202e"
    reason: "" # why this is accepted
    owner: "" # who answers for it
    expires: "" # the last day on which it holds, YYYY-MM-DD
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("snippet (-want +got):\n%s", diff)
	}
}
