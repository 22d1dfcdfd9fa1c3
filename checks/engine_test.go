package checks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

var testTime = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// noJudge is for tests without endpoints.
func noJudge(evidence.Endpoint, *evidence.Edge) verdict.Judgement { return verdict.Judgement{} }

// says returns a check that always gives these results.
func says(id string, results ...Result) Check {
	return Check{ID: id, Severity: High, Needs: NeedsConfiguration, Eval: func(*Input) []Result { return results }}
}

func TestPanicIsInconclusiveAndNamesTheCheck(t *testing.T) {
	broken := says("broken")
	broken.Eval = func(in *Input) []Result { return []Result{{Message: in.Evidence.Zones[7].Name}} }
	ev := &evidence.Evidence{CollectedAt: testTime}
	out := evaluate(ev, EvaluateOptions{}, []Check{broken, says("sound", Result{Status: Pass, Message: "Fine."})}, noJudge)
	if len(out.Results) != 2 {
		t.Fatalf("the scan did not go on: %+v", out.Results)
	}
	r := out.Results[0]
	if r.Check != "broken" || r.Status != Inconclusive || r.Severity != High {
		t.Errorf("panic gave %s %s %s", r.Check, r.Status, r.Severity)
	}
	if !strings.Contains(r.Message, "'broken'") || !strings.Contains(r.Reason, "index out of range") {
		t.Errorf("message %q, reason %q", r.Message, r.Reason)
	}
	if out.Results[1].Status != Pass {
		t.Errorf("the sound check gave %s", out.Results[1].Status)
	}
}

func TestSilenceAndUnsetStatusAreInconclusive(t *testing.T) {
	ev := &evidence.Evidence{CollectedAt: testTime}
	out := evaluate(ev, EvaluateOptions{}, []Check{
		says("silent"),
		says("unset", Result{Message: "Nobody set the status."}),
		says("waives", Result{Status: Waived, Message: "A check cannot waive."}),
		says("invents", Result{Status: "fine", Message: "Nor invent a status."}),
	}, noJudge)
	if len(out.Results) != 4 {
		t.Fatalf("%d results", len(out.Results))
	}
	for _, r := range out.Results {
		if r.Status != Inconclusive {
			t.Errorf("%s is %s", r.Check, r.Status)
		}
	}
}

func TestOnlyAndSkip(t *testing.T) {
	catalogue := []Check{says("a", Result{Status: Pass}), says("b", Result{Status: Pass}), says("c", Result{Status: Pass})}
	for _, tt := range []struct {
		o    EvaluateOptions
		want string
	}{
		{EvaluateOptions{}, "a b c"},
		{EvaluateOptions{Only: []string{"c", "a"}}, "a c"},
		{EvaluateOptions{Skip: []string{"b"}}, "a c"},
		{EvaluateOptions{Only: []string{"a", "b"}, Skip: []string{"b"}}, "a"},
	} {
		var got []string
		for _, r := range evaluate(&evidence.Evidence{}, tt.o, catalogue, noJudge).Results {
			got = append(got, r.Check)
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%+v ran %q, want %q", tt.o, s, tt.want)
		}
	}
}

func TestOriginChecksAreSkippedWithoutProbing(t *testing.T) {
	c := says("origin", Result{Status: Pass, Message: "Not reached."})
	c.Needs = NeedsProbing
	out := evaluate(&evidence.Evidence{}, EvaluateOptions{}, []Check{c}, noJudge)
	if len(out.Results) != 1 || out.Results[0].Status != Skipped || out.Results[0].Reason == "" {
		t.Errorf("without probing: %+v", out.Results)
	}
	out = evaluate(&evidence.Evidence{ProbeOptions: &evidence.ProbeOptions{}}, EvaluateOptions{}, []Check{c}, noJudge)
	if out.Results[0].Status != Pass {
		t.Errorf("with probing: %+v", out.Results)
	}
}

func TestProbeAloneAsksNoQuestionOfConfiguration(t *testing.T) {
	ev := &evidence.Evidence{
		CollectedAt:  testTime,
		Scope:        evidence.Scope{Targets: []string{"app.example.com=192.0.2.10"}},
		ProbeOptions: &evidence.ProbeOptions{Attempts: []string{"standard"}},
		Endpoints:    []evidence.Endpoint{{Hostname: "app.example.com", Address: "192.0.2.10", Port: 443, SNI: "app.example.com", Host: "app.example.com"}},
	}
	needs := map[string]Needs{}
	for _, c := range All() {
		needs[c.ID] = c.Needs
	}
	out := Evaluate(ev, EvaluateOptions{})
	if len(out.Results) == 0 {
		t.Fatal("no result at all")
	}
	for _, r := range out.Results {
		if needs[r.Check] != NeedsProbing {
			t.Errorf("%s speaks of configuration that nobody read: %s", r.Check, r.Message)
		}
		if r.Status == Pass || r.Status == Fail {
			t.Errorf("%s is %s without any observation", r.Check, r.Status)
		}
	}
}

func TestResultsAreSortedWhateverTheOrderOfChecks(t *testing.T) {
	rs := []Result{
		{Status: Pass, Message: "Whole."},
		{Zone: "a.example", Status: Pass, Message: "Zone."},
		{Zone: "a.example", Hostname: "x.a.example", Address: "192.0.2.9", Port: 443, Status: Pass, Message: "One."},
		{Zone: "a.example", Hostname: "x.a.example", Address: "192.0.2.9", Port: 8443, Status: Pass, Message: "Port."},
		{Zone: "a.example", Hostname: "x.a.example", Address: "192.0.2.10", Port: 443, Status: Pass, Message: "Ten comes after nine."},
		{Zone: "b.example", Status: Fail, Subject: "s", Message: "Other."},
	}
	want := evaluate(&evidence.Evidence{}, EvaluateOptions{}, []Check{says("a", rs...), says("b", rs...)}, noJudge).Results
	back := slices.Clone(rs)
	slices.Reverse(back)
	got := evaluate(&evidence.Evidence{}, EvaluateOptions{}, []Check{says("b", back...), says("a", back...)}, noJudge).Results
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the order of checks shows (-first +second):\n%s", diff)
	}
	if want[4].Address != "192.0.2.9" || want[8].Address != "192.0.2.10" {
		t.Errorf("addresses are not ordered as numbers: %q then %q", want[4].Address, want[8].Address)
	}
}

func TestFingerprintIsOfThePlaceNotTheWording(t *testing.T) {
	base := Result{Check: "c", Zone: "example.com", Hostname: "app.example.com", Address: "192.0.2.1", Port: 443, Subject: "s", Status: Fail, Severity: High, Message: "One.", Reason: "r"}
	print := Fingerprint(base)
	same := base
	same.Status, same.Severity, same.Message, same.Reason, same.Facts = Pass, Low, "Another.", "", map[string]string{"days_left": "3"}
	if Fingerprint(same) != print {
		t.Error("the wording changes the fingerprint")
	}
	seen := map[string]string{print: "base"}
	for name, change := range map[string]func(*Result){
		"check":    func(r *Result) { r.Check = "d" },
		"zone":     func(r *Result) { r.Zone = "example.net" },
		"hostname": func(r *Result) { r.Hostname = "" },
		"address":  func(r *Result) { r.Address = "192.0.2.2" },
		"port":     func(r *Result) { r.Port = 8443 },
		"subject":  func(r *Result) { r.Subject = "t" },
		"shifted":  func(r *Result) { r.Zone, r.Hostname = "example.coma", "pp.example.com" },
	} {
		r := base
		change(&r)
		if other, ok := seen[Fingerprint(r)]; ok {
			t.Errorf("%s has the fingerprint of %s", name, other)
		}
		seen[Fingerprint(r)] = name
	}
}

func TestJudgementsReachChecksWithTheirHostname(t *testing.T) {
	leaf := &evidence.Certificate{Subject: "CN=one"}
	ev := &evidence.Evidence{
		CollectedAt:  testTime,
		ProbeOptions: &evidence.ProbeOptions{},
		Zones: []evidence.Zone{
			{Name: "a.example", Hostnames: []evidence.Hostname{{Name: "same.example", Proxied: evidence.TriTrue}}},
			{Name: "b.example",
				Hostnames: []evidence.Hostname{{Name: "same.example", Certificate: evidence.EffectiveCertificate{Source: evidence.CertificateZone, ID: "one"}}},
				AOP:       evidence.ZoneAOP{Certificates: []evidence.ClientCertificate{{ID: "one", Leaf: leaf}}}},
		},
		Endpoints: []evidence.Endpoint{{Zone: "b.example", Hostname: "same.example", Address: "192.0.2.1", Port: 443}},
		Edges:     []evidence.Edge{{Zone: "a.example", Hostname: "same.example"}, {Zone: "b.example", Hostname: "same.example", NotProbed: "mine"}},
	}
	judge := func(ep evidence.Endpoint, edge *evidence.Edge) verdict.Judgement {
		if edge == nil || edge.NotProbed != "mine" {
			t.Errorf("judged with the edge %+v", edge)
		}
		return verdict.Judgement{Verdict: verdict.Enforced, Confidence: verdict.Proven}
	}
	out := evaluate(ev, EvaluateOptions{}, nil, judge)
	o := out.Origins[0]
	if o.Hostname != &ev.Zones[1].Hostnames[0] || o.Judgement.Verdict != verdict.Enforced {
		t.Errorf("joined %+v with %+v", o.Judgement, o.Hostname)
	}
}

func TestVerdictEngineThatPanicsLeavesTheOriginUnjudged(t *testing.T) {
	ev := &evidence.Evidence{CollectedAt: testTime, ProbeOptions: &evidence.ProbeOptions{},
		Endpoints: []evidence.Endpoint{
			{Hostname: "bad.example", Address: "192.0.2.1", Port: 443, Observations: []evidence.Observation{{ID: "o1"}}},
			{Hostname: "good.example", Address: "192.0.2.2", Port: 443, Observations: []evidence.Observation{{ID: "o1"}}},
		}}
	judge := func(ep evidence.Endpoint, _ *evidence.Edge) verdict.Judgement {
		if ep.Hostname == "bad.example" {
			panic("no")
		}
		return verdict.Judgement{Verdict: verdict.Enforced, Confidence: verdict.Proven}
	}
	out := evaluate(ev, EvaluateOptions{Only: []string{"origin-accepts-no-certificate"}}, All(), judge)
	if len(out.Results) != 2 || out.Results[0].Status != Inconclusive || out.Results[1].Status != Pass {
		t.Errorf("%+v", out.Results)
	}
}

// A certificate that is about to end is expiring where nobody runs the check that
// would say so more loudly.
func TestExpiringWithoutExpiringSoon(t *testing.T) {
	const longer, shorter = "client-certificate-expiring", "client-certificate-expiring-soon"
	end := testTime.Add(days(5))
	ev := &evidence.Evidence{CollectedAt: testTime, Zones: []evidence.Zone{{Name: "a.example", AOP: evidence.ZoneAOP{
		SettingSection: evidence.Section{State: evidence.SectionRead}, Enabled: evidence.TriTrue, CertificatesSection: evidence.Section{State: evidence.SectionRead},
		Certificates: []evidence.ClientCertificate{{ID: "one", Status: "active", ExpiresOn: &end}},
	}, HostnameAOP: evidence.HostnameAOP{CertificatesSection: evidence.Section{State: evidence.SectionRead}, AssociationsSection: evidence.Section{State: evidence.SectionRead}}}}}
	for _, tt := range []struct {
		o    EvaluateOptions
		want string
	}{
		{EvaluateOptions{Only: []string{longer, shorter}}, "not-applicable fail"},
		{EvaluateOptions{Only: []string{longer}}, "fail"},
		{EvaluateOptions{Only: []string{longer, shorter}, Skip: []string{shorter}}, "fail"},
		{EvaluateOptions{Only: []string{shorter}}, "fail"},
	} {
		var got []string
		for _, r := range Evaluate(ev, tt.o).Results {
			got = append(got, string(r.Status))
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%+v: %q, want %q", tt.o, s, tt.want)
		}
	}
}

// Where no zone was read for a problem, no check has anything to be content with.
func TestNoZoneBecauseOfAProblem(t *testing.T) {
	ev := &evidence.Evidence{CollectedAt: testTime, ProbeOptions: &evidence.ProbeOptions{}, Problems: []evidence.Problem{{What: "listing zones", Cause: "the API answered 502"}}}
	out := Evaluate(ev, EvaluateOptions{})
	if len(out.Results) < len(All()) {
		t.Errorf("%d results of %d checks", len(out.Results), len(All()))
	}
	for _, r := range out.Results {
		if r.Status != Inconclusive && r.Status != Skipped {
			t.Errorf("%s is %s: %s", r.Check, r.Status, r.Message)
		}
		if r.Status == Inconclusive && r.Reason != "listing zones: the API answered 502" {
			t.Errorf("%s: reason %q", r.Check, r.Reason)
		}
	}
}

func TestAllIsSortedAndACopy(t *testing.T) {
	all := All()
	if !slices.IsSortedFunc(all, func(a, b Check) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("not sorted")
	}
	all[0].ID = "changed"
	if All()[0].ID == "changed" {
		t.Error("the catalogue can be changed from outside")
	}
}
