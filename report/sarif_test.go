package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/owenrumney/go-sarif/v2/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/evidence"
)

// sarifLog is the part of a SARIF file that the tests look at.
type sarifLog struct {
	Version string
	Runs    []struct {
		Tool struct {
			Driver struct {
				Name, FullName, Version, SemanticVersion string
				Rules                                    []sarifLogRule
			}
		}
		Invocations []struct {
			ExecutionSuccessful        *bool
			ExitCode                   int
			ToolExecutionNotifications []struct {
				Level   string
				Message struct{ Text string }
			}
		}
		AutomationDetails struct{ ID string }
		LogicalLocations  []struct {
			FullyQualifiedName string
			ParentIndex        *int
		}
		Results []sarifLogResult
	}
}

type sarifLogRule struct {
	ID, Name, HelpURI string
	ShortDescription  struct{ Text string }
	FullDescription   struct{ Text string }
	Help              struct{ Text, Markdown string }
	Properties        struct {
		Tags             []string
		SecuritySeverity string `json:"security-severity"`
	}
	DefaultConfiguration struct{ Level string }
}

type sarifLogResult struct {
	RuleID    string
	RuleIndex *uint64
	Kind      string
	Level     string
	Message   struct{ Text string }
	Locations []struct {
		PhysicalLocation struct {
			ArtifactLocation struct{ URI string }
			Region           struct{ StartLine, StartColumn, EndLine, EndColumn int }
		}
		LogicalLocations []struct {
			Index              *int
			FullyQualifiedName string
			Kind               string
		}
	}
	Fingerprints        map[string]string
	PartialFingerprints map[string]string
	Suppressions        []any
	Properties          map[string]any
}

func mustSARIF(t *testing.T, r *Report, o WriteOptions) ([]byte, sarifLog) {
	t.Helper()
	b, err := SARIF(r, o)
	if err != nil {
		t.Fatal(err)
	}
	var log sarifLog
	if err := json.Unmarshal(b, &log); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	if len(log.Runs) != 1 {
		t.Fatalf("%d runs, want 1", len(log.Runs))
	}
	return b, log
}

// sarifSchema is the schema of SARIF 2.1.0 with its formats asserted.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	return compileSchema(t, filepath.Join("..", "testdata", "sarif", "sarif-2.1.0.json"))
}

func compileSchema(t *testing.T, path string) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, b []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

// emptyReport is what a scan leaves that read one zone and found nothing.
func emptyReport() *Report {
	ev := &evidence.Evidence{Tool: evidence.Tool{Name: "aopscan", Version: "0.0.0-dev"}, StartedAt: sampleNow, CollectedAt: sampleNow}
	return Build(ev, checks.Outcome{}, BuildOptions{Catalogue: sampleCatalogue()})
}

func TestSARIFSchema(t *testing.T) {
	s := sarifSchema(t)
	config := WriteOptions{ConfigPath: "conf/aopscan file.yaml", ConfigLines: map[string]int{"example.com": 4, "api.example.com": 7}}
	for name, b := range map[string][]byte{
		"sample": first(mustSARIF(t, sample(), WriteOptions{})), "config": first(mustSARIF(t, sample(), config)),
		"empty": first(mustSARIF(t, emptyReport(), WriteOptions{})), "zero": first(mustSARIF(t, &Report{}, WriteOptions{})),
		"hostile": first(mustSARIF(t, hostileReport(), WriteOptions{})),
	} {
		if err := validate(t, s, b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if bytes.Contains(b, []byte("null")) {
			t.Errorf("%s: holds a null", name)
		}
	}
	// Control: the schema with formats does refuse.
	for _, bad := range []string{
		`{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[{"message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"203.0.113.5:443"}}}]}]}]}`,
		`{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[{"message":{"text":"m"},"guid":null}]}]}`,
	} {
		if validate(t, s, []byte(bad)) == nil {
			t.Errorf("the schema let %s through", bad)
		}
	}
}

func first[A, B any](a A, _ B) A { return a }

var volatile = regexp.MustCompile(`\d+ days?|20\d\d-\d\d|\bms\b|serial`)

func TestSARIFInvariants(t *testing.T) {
	for name, r := range map[string]*Report{"sample": sample(), "hostile": hostileReport(), "empty": emptyReport()} {
		for mode, o := range map[string]WriteOptions{"target": {}, "config": {ConfigPath: "aopscan.yaml", ConfigLines: map[string]int{"example.com": 4}}} {
			t.Run(name+" "+mode, func(t *testing.T) {
				raw, log := mustSARIF(t, r, o)
				checkSARIF(t, raw, log)
			})
		}
	}
}

func checkSARIF(t *testing.T, raw []byte, log sarifLog) {
	t.Helper()
	if !bytes.HasSuffix(raw, []byte("}\n")) {
		t.Error("no final newline")
	}
	if !bytes.Contains(raw, []byte(`"results": [`)) {
		t.Error("results are not always present")
	}
	run := log.Runs[0]
	if d := run.Tool.Driver; d.Name != "aopscan" || d.FullName == "" || d.Version == "" {
		t.Errorf("driver %+v", d)
	}
	if len(run.Invocations) != 1 || run.Invocations[0].ExecutionSuccessful == nil {
		t.Error("no executionSuccessful")
	}
	if id := run.AutomationDetails.ID; strings.Count(id, "/") < 1 || strings.HasSuffix(id, "/") {
		t.Errorf("automationDetails.id %q", id)
	}
	rules := run.Tool.Driver.Rules
	ids := map[string]bool{}
	for _, rule := range rules {
		ids[rule.ID] = true
		if rule.Name == "" || rule.Name == rule.ID || rule.ShortDescription.Text == "" || rule.FullDescription.Text == "" || rule.Help.Text == "" || rule.Help.Markdown == "" {
			t.Errorf("rule %s is incomplete: %+v", rule.ID, rule)
		}
		if !regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`).MatchString(rule.Name) || len(rule.Name) > 255 {
			t.Errorf("rule name %q", rule.Name)
		}
		if utf8.RuneCountInString(rule.ShortDescription.Text) > 1024 || utf8.RuneCountInString(rule.FullDescription.Text) > 1024 {
			t.Errorf("rule %s: description too long", rule.ID)
		}
		if n := len(rule.Properties.Tags); n == 0 || n > 10 {
			t.Errorf("rule %s: %d tags", rule.ID, n)
		}
		if !regexp.MustCompile(`^\d\.\d$`).MatchString(rule.Properties.SecuritySeverity) {
			t.Errorf("rule %s: security-severity %q", rule.ID, rule.Properties.SecuritySeverity)
		}
		if u, err := url.Parse(rule.HelpURI); err != nil || u.Scheme != "https" {
			t.Errorf("rule %s: helpUri %q", rule.ID, rule.HelpURI)
		}
	}
	if !ids[couldNotVerify] {
		t.Error("no rule for what could not be verified")
	}
	seen := map[string]bool{}
	for i, res := range run.Results {
		if res.RuleIndex == nil || *res.RuleIndex >= uint64(len(rules)) || rules[*res.RuleIndex].ID != res.RuleID {
			t.Fatalf("result %d: rule %q index %v", i, res.RuleID, res.RuleIndex)
		}
		if res.Kind != "fail" || res.Suppressions != nil {
			t.Errorf("result %d: kind %q, suppressions %v", i, res.Kind, res.Suppressions)
		}
		if want := rules[*res.RuleIndex].DefaultConfiguration.Level; res.Level != want {
			t.Errorf("result %d: level %q, its rule says %q", i, res.Level, want)
		}
		if len(res.Locations) != 1 || len(res.Locations[0].LogicalLocations) != 1 {
			t.Fatalf("result %d: %d locations", i, len(res.Locations))
		}
		loc := res.Locations[0]
		uri := loc.PhysicalLocation.ArtifactLocation.URI
		u, err := url.Parse(uri)
		if err != nil || u.Scheme != "" || u.Host != "" || uri == "" || strings.HasPrefix(uri, "/") || strings.ContainsAny(uri, " []\\") || strings.ToLower(uri) != uri && !strings.Contains(uri, "%") {
			t.Errorf("result %d: uri %q (%v)", i, uri, err)
		}
		for _, seg := range strings.Split(uri, "/") {
			if seg == "" || seg == "." || seg == ".." {
				t.Errorf("result %d: uri %q", i, uri)
			}
		}
		g := loc.PhysicalLocation.Region
		if g.StartLine < 1 || g.StartColumn != 1 || g.EndLine != g.StartLine || g.EndColumn != 1 {
			t.Errorf("result %d: region %+v", i, g)
		}
		ll := loc.LogicalLocations[0]
		if ll.Index == nil || *ll.Index >= len(run.LogicalLocations) || run.LogicalLocations[*ll.Index].FullyQualifiedName != ll.FullyQualifiedName || ll.Kind != "resource" {
			t.Errorf("result %d: logical location %+v", i, ll)
		}
		hash := res.PartialFingerprints["primaryLocationLineHash"]
		if !regexp.MustCompile(`^[0-9a-f]{16}:\d+$`).MatchString(hash) || seen[hash] {
			t.Errorf("result %d: primaryLocationLineHash %q, seen %v", i, hash, seen[hash])
		}
		seen[hash] = true
		if res.Fingerprints["aopscan/v1"] == "" {
			t.Errorf("result %d: no aopscan/v1", i)
		}
		for k := range res.Fingerprints {
			if !regexp.MustCompile(`/v\d+$`).MatchString(k) {
				t.Errorf("fingerprint key %q stops DefectDojo", k)
			}
		}
		if !strings.HasSuffix(res.Message.Text, ".") && !strings.HasSuffix(res.Message.Text, "…") {
			t.Errorf("result %d: message %q has no full stop", i, res.Message.Text)
		}
		if volatile.MatchString(res.Message.Text) {
			t.Errorf("result %d: volatile words in %q", i, res.Message.Text)
		}
	}
	for i, ll := range run.LogicalLocations {
		if ll.ParentIndex != nil && *ll.ParentIndex >= i {
			t.Errorf("logical location %d has parent %d", i, *ll.ParentIndex)
		}
	}
	if strings.Contains(string(raw), `"rank"`) {
		t.Error("a rank changes the severity on GitLab")
	}
}

func TestSARIFContent(t *testing.T) {
	r := sample()
	_, log := mustSARIF(t, r, WriteOptions{})
	run := log.Runs[0]

	if len(run.Tool.Driver.Rules) != len(sampleCatalogue())+1 {
		t.Errorf("%d rules, want the whole catalogue of %d and could-not-verify", len(run.Tool.Driver.Rules), len(sampleCatalogue()))
	}
	count := map[string]int{}
	for _, res := range run.Results {
		count[res.RuleID]++
		if res.RuleID == "client-certificate-expired" {
			t.Error("a waived result is in the file")
		}
	}
	if got := count[couldNotVerify]; got != 5 { // four targets and the zone that was not found
		t.Errorf("%d targets could not be verified, want 5", got)
	}
	if got, want := len(run.Results)-count[couldNotVerify], r.Summary.ByStatus["fail"]; got != want {
		t.Errorf("%d failures, want %d", got, want)
	}
	if *run.Invocations[0].ExecutionSuccessful {
		t.Error("execution was not successful: sections are unread")
	}
	notes := map[string]int{}
	for _, n := range run.Invocations[0].ToolExecutionNotifications {
		switch {
		case strings.Contains(n.Message.Text, "is waived until 2026-12-31 by platform team: replaced"):
			notes["waived"]++
		case strings.Contains(n.Message.Text, "expired on 2026-10-31 and covers nothing any more"):
			notes["expired"]++
		default:
			notes[n.Level]++
		}
	}
	if diff := cmp.Diff(map[string]int{"error": 1, "warning": 3, "waived": 1, "expired": 1}, notes); diff != "" {
		t.Errorf("notifications (-want +got):\n%s", diff)
	}
	find := func(rule, host string) sarifLogResult {
		for _, res := range run.Results {
			if res.RuleID == rule && res.Properties["hostname"] == host {
				return res
			}
		}
		t.Fatalf("no result of %s for %s", rule, host)
		return sarifLogResult{}
	}
	res := find("origin-accepts-no-certificate", "api.example.com")
	if got, want := res.Locations[0].PhysicalLocation.ArtifactLocation.URI, "cloudflare/example%20holding/example.com/api.example.com/origin/2001:db8::10/443"; got != want {
		t.Errorf("uri %q, want %q", got, want)
	}
	if got, want := res.Locations[0].LogicalLocations[0].FullyQualifiedName, "account/Example Holding/zone/example.com/hostname/api.example.com/origin/[2001:db8::10]:443"; got != want {
		t.Errorf("logical location %q, want %q", got, want)
	}
	if res.Properties["account_id"] != "a1" || res.Properties["zone_id"] != "z1" || res.Properties["reproduce"] == nil {
		t.Errorf("properties %v", res.Properties)
	}
	for _, rule := range run.Tool.Driver.Rules {
		if rule.ID == "origin-accepts-no-certificate" {
			if !slices.Contains(rule.Properties.Tags, "external/cwe/cwe-306") || rule.Properties.SecuritySeverity != "9.5" || rule.Name != "OriginAcceptsNoCertificate" {
				t.Errorf("rule %+v", rule)
			}
		}
	}
}

func TestSARIFConfigLines(t *testing.T) {
	_, log := mustSARIF(t, sample(), WriteOptions{ConfigPath: "conf/aopscan.yaml", ConfigLines: map[string]int{"example.com": 4, "api.example.com": 7}})
	got := map[string]int{}
	for _, res := range log.Runs[0].Results {
		p := res.Locations[0].PhysicalLocation
		key := fmt.Sprint(res.Properties["zone"], " ", res.Properties["hostname"])
		if p.ArtifactLocation.URI == "conf/aopscan.yaml" {
			got[key] = p.Region.StartLine
		} else if strings.HasPrefix(key, "example.com ") {
			t.Errorf("%s is at %s", key, p.ArtifactLocation.URI)
		}
	}
	if got["example.com api.example.com"] != 7 || got["example.com app.example.com"] != 4 || len(got) != 4 {
		t.Errorf("lines %v", got)
	}
}

// The fingerprint stays when wording, severity and order change.
func TestSARIFFingerprintsAreStable(t *testing.T) {
	hashes := func(r *Report) map[string]string {
		_, log := mustSARIF(t, r, WriteOptions{})
		out := map[string]string{}
		for _, res := range log.Runs[0].Results {
			out[fmt.Sprint(res.RuleID, res.Properties["zone"], res.Properties["hostname"], res.Properties["address"], res.Properties["subject"])] = res.PartialFingerprints["primaryLocationLineHash"]
		}
		return out
	}
	want := hashes(sample())
	ev, out, o := sampleInput()
	for i := range out.Results {
		out.Results[i].Message = "Another wording."
		out.Results[i].Reason = "another reason"
		out.Results[i].Severity = checks.Low
	}
	slices.Reverse(out.Results)
	ev.Zones[0].AccountName = "Renamed"
	got := hashes(Build(ev, out, o))
	if len(got) != len(want) {
		t.Fatalf("%d results, want %d", len(got), len(want))
	}
	for k, h := range want {
		if got[k] != h {
			t.Errorf("%s: %s, was %s", k, got[k], h)
		}
	}
}

func TestSARIFCap(t *testing.T) {
	ev, _, o := sampleInput()
	var out checks.Outcome
	for i := range maxSARIFResults + 50 {
		out.Results = append(out.Results, checks.Result{Check: "ssl-mode-not-strict", Status: checks.Fail, Severity: checks.Medium, Zone: "example.com", Hostname: fmt.Sprintf("h%d.example.com", i), Message: "m.", Fingerprint: fmt.Sprint(i)})
	}
	out.Results = append(out.Results, checks.Result{Check: "origin-accepts-no-certificate", Status: checks.Fail, Severity: checks.Critical, Zone: "example.org", Hostname: "z.example.org", Message: "m.", Fingerprint: "c"})
	raw, log := mustSARIF(t, Build(ev, out, o), WriteOptions{})
	run := log.Runs[0]
	if len(run.Results) != maxSARIFResults || run.Results[0].RuleID != "origin-accepts-no-certificate" {
		t.Errorf("%d results, the first of %s", len(run.Results), run.Results[0].RuleID)
	}
	notes := run.Invocations[0].ToolExecutionNotifications
	if last := notes[len(notes)-1].Message.Text; !strings.Contains(last, "52 more are left out") { // 51 failures and the zone that was not found
		t.Errorf("last notification %q", last)
	}
	checkSARIF(t, raw, log)
}

func TestSARIFCategory(t *testing.T) {
	for _, tc := range []struct {
		scope    evidence.Scope
		category string
		want     string
	}{
		{evidence.Scope{}, "", "aopscan/all-zones"},
		{evidence.Scope{Zones: []string{"Example.com"}}, "", "aopscan/zone-example.com"},
		{evidence.Scope{Zones: []string{"b.example", "a.example"}}, "", "aopscan/zones-"},
		{evidence.Scope{Accounts: []string{"a1"}}, "", "aopscan/account-a1"},
		{evidence.Scope{Accounts: []string{"a1"}, Zones: []string{"a.example"}}, "", "aopscan/account-a1-zone-a.example"},
		{evidence.Scope{Targets: []string{"app.example.com=203.0.113.9"}}, "", "aopscan/target-app.example.com-3d203.0.113.9"},
		{evidence.Scope{Zones: []string{"a.example"}}, "prod/eu/", "prod/eu"},
	} {
		r := emptyReport()
		r.Scope = tc.scope
		_, log := mustSARIF(t, r, WriteOptions{SARIFCategory: tc.category})
		id := log.Runs[0].AutomationDetails.ID
		category, run := id[:strings.LastIndex(id, "/")], id[strings.LastIndex(id, "/")+1:]
		if category != tc.want && !(strings.HasSuffix(tc.want, "-") && strings.HasPrefix(category, tc.want)) || run != "20261103T100430Z" {
			t.Errorf("%+v %q: id %q, want category %q", tc.scope, tc.category, id, tc.want)
		}
	}
}

// What the library writes of a component that is referred to is refused by
// upload-sarif: its nulls have to go.
func TestSARIFNulls(t *testing.T) {
	run := sarif.NewRunWithInformationURI("x", "https://example.com")
	run.Tool.Driver.SupportedTaxonomies = []*sarif.ToolComponentReference{{}}
	run.Results = []*sarif.Result{{Suppressions: []*sarif.Suppression{{Kind: "external"}}}}
	b, err := marshalSARIF(run)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte("null")) {
		t.Errorf("nulls in %s", b)
	}
}

// Every build has a semantic version, or the validator warns.
func TestSemanticVersion(t *testing.T) {
	for in, want := range map[string]string{
		"1.2.3": "1.2.3", "1.2.3-4-gabc-dirty": "1.2.3-4-gabc-dirty", "0.0.0-dev+aad250a": "0.0.0-dev+aad250a",
		"aad250a": "0.0.0-gaad250a", "0123456": "0.0.0-g0123456", "main": "0.0.0-gmain", "feature/x y": "0.0.0-gfeature-x-y", "": "0.0.0", "1.2": "0.0.0-g1-2",
	} {
		if got := semanticVersion(in); got != want || !semver.MatchString(got) {
			t.Errorf("semanticVersion(%q) = %q, want %q", in, got, want)
		}
	}
}

// A scan that could not even list what to scan must not look like one that found
// everything mended.
func TestSARIFProblemWithoutZone(t *testing.T) {
	r := Build(&evidence.Evidence{CollectedAt: sampleNow, Problems: []evidence.Problem{{What: "listing zones", Cause: "HTTP status 503"}}}, checks.Outcome{}, BuildOptions{Catalogue: sampleCatalogue()})
	b := first(mustSARIF(t, r, WriteOptions{}))
	var file struct {
		Runs []struct {
			Results     []struct{ RuleID string }
			Invocations []struct{ ExecutionSuccessful bool }
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	run := file.Runs[0]
	if len(run.Results) != 1 || run.Results[0].RuleID != couldNotVerify || run.Invocations[0].ExecutionSuccessful {
		t.Errorf("%+v", run)
	}
}

func TestPathSegments(t *testing.T) {
	for in, want := range map[string]string{
		"API.Example.COM.": "api.example.com", "*.example.com": "_wildcard.example.com", "bücher.example": "xn--bcher-kva.example",
		"..": "_", ".": "_", "": "_", "a/b": "a%2fb", "a b": "a%20b", "2001:db8::1": "2001:db8::1", "<script>": "%3cscript%3e",
	} {
		if got := nameSegment(in); !strings.EqualFold(got, want) {
			t.Errorf("nameSegment(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestSARIFMultitool runs Microsoft's validator with the rules of GitHub.
func TestSARIFMultitool(t *testing.T) {
	elf := os.Getenv("AOPSCAN_SARIF_MULTITOOL")
	if elf == "" {
		elf = filepath.Join("..", ".tools", "node_modules", "@microsoft", "sarif-multitool-linux", "Sarif.Multitool")
	}
	if _, err := os.Stat(elf); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("sarif-multitool is missing (%v): run report/install-multitool.sh", err)
		}
		t.Skipf("SKIPPED, NOT VALIDATED: sarif-multitool is missing (%v); report/install-multitool.sh installs it", err)
	}
	if testing.Short() {
		t.Skip("SKIPPED, NOT VALIDATED: -short")
	}
	gh, err := filepath.Abs(filepath.Join("..", "testdata", "sarif", "gh.xml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	say := func(name string, content []byte) (messages []string) {
		t.Helper()
		in, out := filepath.Join(dir, name+".sarif"), filepath.Join(dir, name+".check.sarif")
		if err := os.WriteFile(in, content, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, elf, "validate", in, "--rule-kind", "Sarif;Ghas", "--config", gh, "--level", "Error;Warning", "--quiet", "true", "--output", out, "--log", "ForceOverwrite")
		cmd.Env = append(os.Environ(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1", "DOTNET_CLI_TELEMETRY_OPTOUT=1", "DOTNET_BUNDLE_EXTRACT_BASE_DIR="+filepath.Join(dir, "dotnet"))
		// Its exit code is 0 whatever it finds: only the output file tells.
		log, runErr := cmd.CombinedOutput()
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatalf("validating %s: %v, %v\n%s", name, runErr, err, log)
		}
		var got struct {
			Runs []struct {
				Tool struct {
					Driver struct{ Rules []struct{ ID string } }
				}
				Results []struct {
					RuleID  string
					Level   string
					Message struct {
						ID        string
						Arguments []string
					}
				}
			}
		}
		if err := json.Unmarshal(bytes.TrimPrefix(b, []byte("\ufeff")), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Runs) != 1 {
			t.Fatalf("validating %s: %d runs\n%s", name, len(got.Runs), log)
		}
		for _, res := range got.Runs[0].Results {
			if res.Level == "" || res.Level == "error" || res.Level == "warning" {
				messages = append(messages, fmt.Sprintf("%s %s %v", res.RuleID, res.Level, res.Message.Arguments))
			}
		}
		return messages
	}

	// Its silence means nothing before it has objected to something.
	bad, err := os.ReadFile(filepath.Join("..", "testdata", "sarif", "known-bad.sarif"))
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(say("known-bad", bad), "\n")
	for _, rule := range []string{"GH1001", "GH1003", "GH1005", "GH2012", "SARIF1001", "SARIF1009"} {
		if !strings.Contains(said, rule) {
			t.Errorf("the known-bad file did not raise %s; it raised:\n%s", rule, said)
		}
	}
	branch := sample()
	branch.Tool.Version = "main"
	for name, b := range map[string][]byte{
		"branch":  first(mustSARIF(t, branch, WriteOptions{})),
		"sample":  first(mustSARIF(t, sample(), WriteOptions{})),
		"config":  first(mustSARIF(t, sample(), WriteOptions{ConfigPath: "aopscan.yaml", ConfigLines: map[string]int{"example.com": 4}})),
		"hostile": first(mustSARIF(t, hostileReport(), WriteOptions{})),
		"empty":   first(mustSARIF(t, emptyReport(), WriteOptions{})),
	} {
		if messages := say(name, b); len(messages) > 0 {
			t.Errorf("%s:\n%s", name, strings.Join(messages, "\n"))
		}
	}
}

// shuffled is the sample's input in another order.
func shuffled(seed uint64) (*evidence.Evidence, checks.Outcome, BuildOptions) {
	ev, out, o := sampleInput()
	rnd := rand.New(rand.NewPCG(seed, 1))
	shuffle := func(n int, swap func(i, j int)) { rnd.Shuffle(n, swap) }
	shuffle(len(out.Results), func(i, j int) { out.Results[i], out.Results[j] = out.Results[j], out.Results[i] })
	shuffle(len(out.Origins), func(i, j int) { out.Origins[i], out.Origins[j] = out.Origins[j], out.Origins[i] })
	shuffle(len(ev.Zones), func(i, j int) { ev.Zones[i], ev.Zones[j] = ev.Zones[j], ev.Zones[i] })
	for _, z := range ev.Zones {
		shuffle(len(z.Hostnames), func(i, j int) { z.Hostnames[i], z.Hostnames[j] = z.Hostnames[j], z.Hostnames[i] })
		shuffle(len(z.AOP.Certificates), func(i, j int) {
			z.AOP.Certificates[i], z.AOP.Certificates[j] = z.AOP.Certificates[j], z.AOP.Certificates[i]
		})
	}
	shuffle(len(o.Catalogue), func(i, j int) { o.Catalogue[i], o.Catalogue[j] = o.Catalogue[j], o.Catalogue[i] })
	shuffle(len(o.Waivers), func(i, j int) { o.Waivers[i], o.Waivers[j] = o.Waivers[j], o.Waivers[i] })
	return ev, out, o
}
