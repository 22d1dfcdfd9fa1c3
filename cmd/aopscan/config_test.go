package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/config"
	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/report"
)

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestConfigInit(t *testing.T) {
	t.Chdir(t.TempDir())
	code, out, errs := runApp(t, "", nil, "config", "init")
	if code != exitOK || out != "" || errs != "wrote aopscan.yaml; 'aopscan config validate' checks it once it is edited\n" {
		t.Fatalf("exit %d, stdout %q, stderr %q", code, out, errs)
	}
	b, err := os.ReadFile("aopscan.yaml")
	if err != nil || string(b) != config.Template {
		t.Fatalf("%v, %d bytes", err, len(b))
	}
	if fi, _ := os.Stat("aopscan.yaml"); runtime.GOOS != "windows" && fi.Mode().Perm() != 0o644 {
		t.Errorf("mode %v", fi.Mode())
	}

	writeFile(t, "aopscan.yaml", "fail_on: low\n")
	code, _, errs = runApp(t, "", nil, "config", "init")
	if code != exitUsage || errs != "aopscan: writing aopscan.yaml: it is there already\nhint: give another path, or --force to write over it\n" {
		t.Errorf("over a file: exit %d, %q", code, errs)
	}
	if b, _ := os.ReadFile("aopscan.yaml"); string(b) != "fail_on: low\n" {
		t.Errorf("the file was changed: %q", b)
	}
	if code, _, errs := runApp(t, "", nil, "config", "init", "--force", "-q"); code != exitOK || errs != "" {
		t.Errorf("--force: exit %d, %q", code, errs)
	}
	if b, _ := os.ReadFile("aopscan.yaml"); string(b) != config.Template {
		t.Errorf("--force left %q", b)
	}

	code, _, errs = runApp(t, "", nil, "config", "init", "none/aopscan.yaml")
	if code != exitNothing || errs != "aopscan: writing none/aopscan.yaml: no such file or directory\n" {
		t.Errorf("unwritable: exit %d, %q", code, errs)
	}
	if code, out, _ := runApp(t, "", nil, "config", "init", "-"); code != exitOK || out != config.Template {
		t.Errorf("-: exit %d, %d bytes", code, len(out))
	}
	if code, _, errs := runApp(t, "", nil, "config", "init", "a", "b"); code != exitUsage || !strings.Contains(errs, `"b" is not expected`) {
		t.Errorf("two paths: exit %d, %q", code, errs)
	}
	if left, _ := filepath.Glob(".aopscan-*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

func TestConfigValidate(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, errs := runApp(t, "", nil, "config", "validate")
	if code != exitUsage || errs != "aopscan: reading configuration: there is no aopscan.yaml here\nhint: 'aopscan config init' writes one\n" {
		t.Errorf("none: exit %d, %q", code, errs)
	}

	writeFile(t, "aopscan.yaml", "zones: [example.com]\n")
	writeFile(t, "one.yaml", "fail_on: hihg\n")
	writeFile(t, "two.yaml", "zonse: []\nconcurrency: 0\n")
	if code, out, errs := runApp(t, "", nil, "config", "validate"); code != exitOK || out != "aopscan.yaml: valid\n" || errs != "" {
		t.Errorf("default: exit %d, %q, %q", code, out, errs)
	}
	code, out, errs := runApp(t, "", map[string]string{"AOPSCAN_CONFIG": "one.yaml"}, "config", "validate")
	if code != exitUsage || out != "" || errs != "aopscan: reading configuration: one.yaml:1:10: fail_on: \"hihg\" is not a severity\nhint: did you mean \"high\"?\n" {
		t.Errorf("environment: exit %d, %q, %q", code, out, errs)
	}
	code, out, errs = runApp(t, "", nil, "config", "validate", "one.yaml", "aopscan.yaml", "two.yaml", "none.yaml")
	want := `aopscan: reading configuration: 4 problems
one.yaml:1:10: fail_on: "hihg" is not a severity
    hint: did you mean "high"?
two.yaml:1:1: unknown key "zonse"
    hint: did you mean "zones"?
two.yaml:2:14: concurrency: 0 is not from 1 to 10000
none.yaml: no such file or directory
    hint: 'aopscan config init none.yaml' writes one
`
	if code != exitUsage || out != "aopscan.yaml: valid\n" || errs != want {
		t.Errorf("several: exit %d, %q,\n%s", code, out, errs)
	}
	if code, out, _ := runApp(t, "fail_on: low\n", nil, "config", "validate", "-"); code != exitOK || out != "<stdin>: valid\n" {
		t.Errorf("stdin: exit %d, %q", code, out)
	}

	// An expired waiver is right as a text; that it has expired is said.
	writeFile(t, "old.yaml", "waivers:\n  - {check: aop-shared-certificate, reason: r, owner: o, expires: 2020-01-31}\n")
	code, out, errs = runApp(t, "", nil, "config", "validate", "old.yaml")
	if code != exitOK || out != "old.yaml: valid\n" || errs != "old.yaml:2: warning: the waiver of aop-shared-certificate expired on 2020-01-31\n" {
		t.Errorf("expired: exit %d, %q, %q", code, out, errs)
	}
	if _, _, errs := runApp(t, "", nil, "config", "validate", "-q", "old.yaml"); errs != "" {
		t.Errorf("expired, quiet: %q", errs)
	}
	// A waiver without a reason is a mistake.
	writeFile(t, "bare.yaml", "waivers:\n  - {check: aop-shared-certificate, owner: o, expires: 2099-01-31}\n")
	if code, _, errs := runApp(t, "", nil, "config", "validate", "bare.yaml"); code != exitUsage || !strings.Contains(errs, "bare.yaml:2:5: waivers: reason is missing") {
		t.Errorf("no reason: exit %d, %q", code, errs)
	}
}

func TestConfigSchema(t *testing.T) {
	b, err := os.ReadFile("../../docs/schema/config-1.json")
	if err != nil {
		t.Fatal(err)
	}
	if code, out, _ := runApp(t, "", nil, "config", "schema"); code != exitOK || out != string(b) {
		t.Errorf("exit %d, %d bytes, %d published", code, len(out), len(b))
	}
}

// Every setting has the flag that the table names, with the default that it
// tells; and every flag that a setting could be, has one.
func TestConfigFlags(t *testing.T) {
	a := &app{env: func(string) string { return "" }}
	byName := map[string]*cobra.Command{}
	for _, c := range a.newRootCmd().Commands() {
		byName[c.Name()] = c
	}
	scan := byName["scan"].Flags()
	named := map[string]bool{}
	for _, s := range config.Settings() {
		if s.Flag == "" {
			continue
		}
		named[s.Flag] = true
		f := scan.Lookup(s.Flag)
		if f == nil {
			t.Errorf("scan has no --%s", s.Flag)
			continue
		}
		_, list := f.Value.(pflag.SliceValue)
		if list != s.List {
			t.Errorf("--%s takes several values: %v, in the table %v", s.Flag, list, s.List)
		}
		if def := strings.Trim(f.DefValue, "[]"); def != s.Default && s.Key != "outputs" {
			t.Errorf("--%s is %q by default, in the table %q", s.Flag, def, s.Default)
		}
	}
	// What belongs to one call alone, and not into a file or an environment.
	single := []string{"config", "evidence", "plan", "shard", "help"}
	for _, name := range single {
		named[name] = true
	}
	for _, cmd := range []string{"scan", "probe"} {
		byName[cmd].Flags().VisitAll(func(f *pflag.Flag) {
			if !named[f.Name] && f.Name != "targets" {
				t.Errorf("%s --%s is no setting", cmd, f.Name)
			}
		})
	}
}

// openZone is evidence of a zone in which AOP is off for every one of the
// hostnames, seen at the given day's noon.
func openZone(t *testing.T, path, day string, hosts ...string) {
	t.Helper()
	at, err := time.Parse(time.DateTime, day+" 12:00:00")
	if err != nil {
		t.Fatal(err)
	}
	read := evidence.Section{State: evidence.SectionRead}
	z := evidence.Zone{
		ID: "0123456789abcdef0123456789abcdef", Name: "example.com", Status: "active", Paused: evidence.TriFalse,
		Settings:    evidence.ZoneSettings{Section: read, SSL: "strict", TLSClientAuth: "off", AlwaysUseHTTPS: "on"},
		AOP:         evidence.ZoneAOP{SettingSection: read, CertificatesSection: read, Enabled: evidence.TriFalse},
		HostnameAOP: evidence.HostnameAOP{CertificatesSection: read, AssociationsSection: read},
		DNS:         evidence.DNS{Section: read},
	}
	for _, h := range hosts {
		z.Hostnames = append(z.Hostnames, evidence.Hostname{
			Name: h, Sources: []string{"dns"}, Proxied: evidence.TriTrue,
			SSLMode:     evidence.SSLMode{Value: "strict", Source: "zone"},
			Certificate: evidence.EffectiveCertificate{Configured: evidence.CertificateNone, Source: evidence.CertificateNone, Why: "no level of AOP is on"},
			Origins:     []evidence.Origin{{Address: "203.0.113.10", Port: 443, SNI: h, Host: h, Source: "dns"}},
		})
	}
	ev := &evidence.Evidence{
		SchemaVersion: evidence.SchemaVersion, Tool: evidence.Tool{Name: "aopscan", Version: "test"},
		StartedAt: at, CollectedAt: at, Scope: evidence.Scope{Zones: []string{"example.com"}}, Zones: []evidence.Zone{z},
	}
	if err := evidence.Save(path, ev); err != nil {
		t.Fatal(err)
	}
}

// The clock of a waiver is the evidence's: what is waived on its last day fails
// again on the next, whenever that is judged.
func TestWaiversInAScan(t *testing.T) {
	t.Chdir(t.TempDir())
	openZone(t, "last-day.json", "2026-11-30", "www.example.com")
	openZone(t, "next-day.json", "2026-12-01", "www.example.com")
	waiver := "waivers:\n  - check: aop-not-enabled\n    zone: example.com\n    reason: moving to the new origin\n    owner: platform team\n    expires: 2026-11-30\n"
	writeFile(t, "aopscan.yaml", waiver)
	scan := func(args ...string) (int, string, string) {
		return runApp(t, "", nil, append([]string{"scan", "--check", "aop-not-enabled", "-o", "json"}, args...)...)
	}

	code, out, errs := scan("--evidence", "last-day.json")
	if code != exitOK || errs != "" {
		t.Fatalf("waived: exit %d, %s\n%s", code, errs, out)
	}
	var r report.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Results) != 1 || r.Results[0].Status != checks.Waived || r.Results[0].Reason != "moving to the new origin" || r.Results[0].Waiver.Owner != "platform team" {
		t.Errorf("results %+v", r.Results)
	}
	if len(r.Waivers) != 1 || r.Waivers[0].State != report.WaiverApplied || r.Waivers[0].File != "aopscan.yaml" || r.Waivers[0].Line != 2 {
		t.Errorf("waivers %+v", r.Waivers)
	}

	code, out, _ = scan("--evidence", "next-day.json")
	if code != exitFailed || !strings.Contains(out, `"expired"`) {
		t.Errorf("expired: exit %d\n%s", code, out)
	}
	if code, _, _ := scan("--evidence", "last-day.json", "--config", os.DevNull); code != exitFailed {
		t.Errorf("without the file: exit %d", code)
	}
	writeFile(t, "aopscan.yaml", strings.Replace(waiver, "    reason: moving to the new origin\n", "", 1))
	code, out, errs = scan("--evidence", "last-day.json")
	if code != exitUsage || out != "" || !strings.HasPrefix(errs, "aopscan: reading configuration: aopscan.yaml:2:5: waivers: reason is missing\nhint: ") {
		t.Errorf("no reason: exit %d, %q", code, errs)
	}

	// What --waiver-snippets prints can be pasted, and works once it is filled in.
	_, out, _ = scan("--evidence", "next-day.json", "--config", os.DevNull, "--waiver-snippets")
	r = report.Report{}
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.Results[0].WaiverSnippet == "" {
		t.Fatalf("no snippet: %v\n%s", err, out)
	}
	snippet := strings.NewReplacer(`reason: ""`, "reason: known", `owner: ""`, "owner: ops", `expires: ""`, "expires: 2027-01-01").Replace(r.Results[0].WaiverSnippet)
	writeFile(t, "aopscan.yaml", "waivers:\n"+snippet)
	if code, _, errs := scan("--evidence", "next-day.json"); code != exitOK {
		t.Errorf("pasted: exit %d, %s\n%s", code, errs, snippet)
	}
}

func TestBaselineInAScan(t *testing.T) {
	t.Chdir(t.TempDir())
	openZone(t, "then.json", "2026-11-01", "www.example.com")
	openZone(t, "now.json", "2026-12-01", "www.example.com")
	scan := func(args ...string) (int, string, string) {
		return runApp(t, "", nil, append([]string{"scan", "-o", "json"}, args...)...)
	}
	if code, _, errs := scan("--check", "aop-not-enabled", "--evidence", "then.json", "-o", "json=base.json", "-o", "table"); code != exitUsage {
		t.Fatalf("two to standard output: exit %d, %s", code, errs)
	}
	if code, _, errs := runApp(t, "", nil, "scan", "--check", "aop-not-enabled", "--evidence", "then.json", "-o", "json=base.json"); code != exitFailed || errs != "" {
		t.Fatalf("base: exit %d, %s", code, errs)
	}
	code, out, errs := scan("--check", "aop-not-enabled", "--evidence", "now.json", "--baseline", "base.json")
	if code != exitOK || !strings.Contains(out, `"baseline": "unchanged"`) {
		t.Errorf("unchanged: exit %d, %s\n%s", code, errs, out)
	}
	// The same by the environment, with another check judged that the baseline lacks.
	code, out, errs = runApp(t, "", map[string]string{"AOPSCAN_BASELINE": "base.json", "AOPSCAN_CHECKS_ONLY": "aop-not-enabled,aop-hostname-disabled", "AOPSCAN_OUTPUTS": "json=now-report.json"},
		"scan", "--evidence", "now.json")
	if code != exitOK || out != "" {
		t.Errorf("by the environment: exit %d, %q, %q", code, out, errs)
	}
	if code, out, _ := runApp(t, "", nil, "diff", "base.json", "now-report.json"); code != exitOK || !strings.Contains(out, "0 new, 1 unchanged, 0 fixed") {
		t.Errorf("diff: exit %d\n%s", code, out)
	}
	writeFile(t, "empty.json", `{"schema":"`+report.SchemaID+`","results":[]}`)
	if code, _, _ := scan("--check", "aop-not-enabled", "--evidence", "now.json", "--baseline", "empty.json"); code != exitFailed {
		t.Errorf("new: exit %d", code)
	}
	if code, _, errs := scan("--evidence", "now.json", "--baseline", "then.json"); code != exitUsage || !strings.Contains(errs, "it is evidence, not a report") {
		t.Errorf("evidence for a report: exit %d, %s", code, errs)
	}
}

// Code scanning wants the configuration file's path from the repository's root,
// wherever in it the scan is started.
func TestRepoPath(t *testing.T) {
	outside := t.TempDir()
	root := filepath.Join(outside, "repo")
	sub := filepath.Join(root, "deploy", "cloudflare")
	if err := os.MkdirAll(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	check := func(path, want string) {
		t.Helper()
		if got := (configuration{path: path}).repoPath(); got != want {
			t.Errorf("repoPath(%q) = %q, want %q", path, got, want)
		}
	}
	t.Chdir(sub) // in no repository yet
	check("aopscan.yaml", "aopscan.yaml")
	check("../aopscan.yaml", "")
	writeFile(t, filepath.Join(root, ".git"), "gitdir: elsewhere\n")
	check("", "")
	check("aopscan.yaml", "deploy/cloudflare/aopscan.yaml")
	check("./x/../aopscan.yaml", "deploy/cloudflare/aopscan.yaml")
	check("../aopscan.yaml", "deploy/aopscan.yaml")
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	check(filepath.Join(wd, "aopscan.yaml"), "deploy/cloudflare/aopscan.yaml")
	check(filepath.Join(outside, "aopscan.yaml"), "")
	check(os.DevNull, "")
}
