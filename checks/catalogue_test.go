package checks

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fileOf is the file that a check stands in.
func fileOf(id string) string { return strings.ReplaceAll(id, "-", "_") + ".go" }

var (
	idForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`)
	// placeholder matches text that somebody meant to come back to.
	placeholder = regexp.MustCompile(`TODO|FIXME|XXX|lorem`)
)

func TestCatalogue(t *testing.T) {
	all := All()
	if len(all) < 42 {
		t.Errorf("the catalogue has %d checks", len(all))
	}
	seen := map[string]bool{}
	for _, c := range all {
		t.Run(c.ID, func(t *testing.T) {
			if seen[c.ID] {
				t.Error("the identifier is used twice")
			}
			seen[c.ID] = true
			if !idForm.MatchString(c.ID) {
				t.Error("the identifier is not in lower-case words with hyphens")
			}
			source, err := os.ReadFile(fileOf(c.ID))
			if err != nil {
				t.Fatalf("the file is not named after the check: %v", err)
			}
			if !strings.Contains(string(source), fmt.Sprintf("%q", c.ID)) {
				t.Errorf("%s does not hold the check", fileOf(c.ID))
			}
			if _, err := os.Stat(filepath.Join(caseDir, c.ID+".txtar")); err != nil {
				t.Error("no case file")
			}
			complete(t, c)
			remediation(t, c)
			references(t, c)
			controls(t, c)
		})
	}
}

// complete demands what every check says of itself.
func complete(t *testing.T, c Check) {
	if c.Eval == nil {
		t.Error("no Eval")
	}
	if c.Severity.Rank() > Info.Rank() {
		t.Errorf("severity %q", c.Severity)
	}
	if c.Needs != NeedsConfiguration && c.Needs != NeedsProbing {
		t.Errorf("needs %q", c.Needs)
	}
	if c.Title == "" || strings.HasSuffix(c.Title, ".") || len(c.Title) > 100 {
		t.Errorf("title %q", c.Title)
	}
	if len(c.Rationale) < 100 || len(c.Rationale) > 1000 || !strings.HasSuffix(c.Rationale, ".") {
		t.Errorf("rationale of %d characters: %q", len(c.Rationale), c.Rationale)
	}
	for _, s := range []string{c.Title, c.Rationale} {
		if placeholder.MatchString(s) || strings.Contains(s, "  ") || strings.ContainsAny(s, "\n\t") {
			t.Errorf("text %q", s)
		}
	}
}

func remediation(t *testing.T, c Check) {
	if len(c.Remediation) == 0 {
		t.Error("no remediation")
	}
	places := map[string]bool{}
	commands := false
	for i, r := range c.Remediation {
		places[r.Where] = true
		commands = commands || r.Commands != ""
		if r.Where == "" || !strings.HasSuffix(r.Text, ".") || strings.Contains(r.Text, "\n") {
			t.Errorf("remedy %d: %q: %q", i, r.Where, r.Text)
		}
		if r.Commands != strings.TrimSpace(r.Commands) || placeholder.MatchString(r.Commands) || strings.Contains(r.Commands, "\t") {
			t.Errorf("remedy %d: commands %q", i, r.Commands)
		}
		if r.Where == "Cloudflare API" && !strings.Contains(r.Commands, "Bearer $CLOUDFLARE_API_TOKEN") {
			t.Errorf("remedy %d calls the API without the token's placeholder", i)
		}
	}
	if !commands {
		t.Error("no remedy has commands")
	}
	if c.Needs == NeedsConfiguration && !places["Cloudflare API"] {
		t.Error("a setting of Cloudflare's, and no API call that changes it")
	}
}

func references(t *testing.T, c Check) {
	if len(c.References) == 0 {
		t.Error("no reference")
	}
	seen := map[string]bool{}
	for _, r := range c.References {
		u, err := url.Parse(r.URL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
			t.Errorf("reference %q is not a plain https address", r.URL)
		}
		if r.Title == "" || seen[r.URL] {
			t.Errorf("reference %q: no title, or named twice", r.URL)
		}
		seen[r.URL] = true
	}
}

// knownControls are the controls that exist, of those that a scanner of this kind
// can be evidence about: an identifier of the right form may still be misspelt.
var knownControls = map[string]string{
	frameworkPCI:  "1.4.2 2.2.1 2.2.4 4.2.1 4.2.1.1 6.3.3 6.4.2 12.3.3",
	frameworkNIST: "AC-3 AC-4 CM-6 CM-8 IA-3 IA-5 IA-5(2) IA-9 SA-22 SC-5 SC-7 SC-8 SC-12 SC-13 SC-17 SC-23",
	frameworkISO:  "A.5.15 A.8.5 A.8.9 A.8.16 A.8.20 A.8.21 A.8.22 A.8.24",
	frameworkCIS:  "2.2 3.10 4.1 4.4 4.8 12.2 13.10",
	frameworkSOC2: "CC6.1 CC6.6 CC6.7 CC7.1 CC7.2",
	frameworkCWE: "CWE-200 CWE-287 CWE-288 CWE-290 CWE-295 CWE-296 CWE-306 CWE-319 CWE-324 CWE-326 CWE-328 CWE-420 CWE-424 " +
		"CWE-672 CWE-693 CWE-1104",
}

// controlForms are how the frameworks write their identifiers.
var controlForms = map[string]*regexp.Regexp{
	frameworkPCI:  regexp.MustCompile(`^([1-9]|1[0-2])\.\d{1,2}(\.\d{1,2}){0,2}$`),
	frameworkNIST: regexp.MustCompile(`^[A-Z]{2}-\d{1,2}(\(\d{1,2}\))?$`),
	frameworkISO:  regexp.MustCompile(`^A\.[5-8]\.\d{1,2}$`),
	frameworkCIS:  regexp.MustCompile(`^([1-9]|1[0-8])\.\d{1,2}$`),
	frameworkSOC2: regexp.MustCompile(`^(CC[1-9]\.\d|A1\.[1-3])$`),
	frameworkCWE:  regexp.MustCompile(`^CWE-\d{1,4}$`),
}

func controls(t *testing.T, c Check) {
	if len(c.Controls) == 0 {
		t.Error("no control")
	}
	seen := map[string]bool{}
	for _, m := range c.Controls {
		form, ok := controlForms[m.Framework]
		if !ok {
			t.Errorf("framework %q is none of those that are known", m.Framework)
			continue
		}
		if !form.MatchString(m.ID) {
			t.Errorf("%s %q does not have that framework's form", m.Framework, m.ID)
		}
		if !slices.Contains(strings.Fields(knownControls[m.Framework]), m.ID) {
			t.Errorf("%s has no control %q that is known here", m.Framework, m.ID)
		}
		if !strings.HasSuffix(m.Why, ".") || len(m.Why) < 20 || strings.Contains(m.Why, "\n") {
			t.Errorf("%s %s: why %q", m.Framework, m.ID, m.Why)
		}
		if seen[m.Framework+m.ID] {
			t.Errorf("%s %s is mapped twice", m.Framework, m.ID)
		}
		seen[m.Framework+m.ID] = true
	}
}

func TestNoOrphanCaseFiles(t *testing.T) {
	known := map[string]bool{}
	for _, c := range All() {
		known[c.ID+".txtar"] = true
	}
	entries, err := os.ReadDir(caseDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !known[e.Name()] {
			t.Errorf("%s belongs to no check", e.Name())
		}
	}
}

// TestEveryCheckFileRegistersOne finds a check file that nobody registered, and two
// checks in one file.
func TestEveryCheckFileRegistersOne(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, c := range All() {
		want[fileOf(c.ID)] = true
	}
	for _, f := range files {
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		n := strings.Count(string(source), "\nvar _ = register(Check{")
		switch {
		case want[f] && n != 1:
			t.Errorf("%s registers %d checks", f, n)
		case !want[f] && n != 0:
			t.Errorf("%s registers a check and is not named after it", f)
		}
	}
}

// TestSeeAlsoNamesChecks follows the pointers "see ID" of messages and remedies.
func TestSeeAlsoNamesChecks(t *testing.T) {
	known := map[string]bool{}
	for _, c := range All() {
		known[c.ID] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	pointer := regexp.MustCompile(`; see ([a-z-]+)(?: and ([a-z-]+))?`)
	found := 0
	for _, f := range files {
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range pointer.FindAllStringSubmatch(string(source), -1) {
			for _, id := range m[1:] {
				if found++; id != "" && !known[id] {
					t.Errorf("%s points to %q, which is no check", f, id)
				}
			}
		}
	}
	if found == 0 {
		t.Error("no pointer was found: the pattern is out of date")
	}
}

// TestCommandsAreSound parses what people will paste: shell, JSON, braces.
func TestCommandsAreSound(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal("no sh: the commands of remedies cannot be checked")
	}
	data := regexp.MustCompile(`--data '((?:[^']|'"[^"]*"')*)'`)
	inShell := map[string]bool{"Cloudflare API": true, "OpenSSL": true, "cloudflared": true, "Firewall": true, "aopscan": true, "Origin": true}
	done := map[string]bool{}
	for _, c := range All() {
		for _, r := range c.Remediation {
			if r.Commands == "" || done[r.Commands] {
				continue
			}
			done[r.Commands] = true
			if strings.Count(r.Commands, "{") != strings.Count(r.Commands, "}") {
				t.Errorf("%s: braces of %q do not match", c.ID, r.Commands)
			}
			if !inShell[r.Where] {
				continue
			}
			cmd := exec.Command(shell, "-n")
			cmd.Stdin = strings.NewReader(r.Commands)
			if out, err := cmd.CombinedOutput(); err != nil && r.Where != "Firewall" {
				t.Errorf("%s: %v: %s\n%s", c.ID, err, out, r.Commands)
			}
			for _, m := range data.FindAllStringSubmatch(r.Commands, -1) {
				body := regexp.MustCompile(`'"(\$[A-Z_]+)"'`).ReplaceAllString(m[1], "$1")
				if !json.Valid([]byte(body)) {
					t.Errorf("%s: %s is not JSON", c.ID, body)
				}
			}
		}
	}
}

// TestOpenSSLRemedyMakesAUsableCertificate runs the commands that make a CA and a
// client certificate.
func TestOpenSSLRemedyMakesAUsableCertificate(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no openssl, and CI=true demands it")
		}
		t.Skip("NOT TESTED: the OpenSSL remedy, because there is no openssl")
	}
	for _, r := range replaceCertificate("") {
		if r.Where != "OpenSSL" {
			continue
		}
		cmd := exec.Command("sh", "-ec", r.Commands+"\nopenssl verify -purpose sslclient -CAfile aop-ca.pem client.pem")
		cmd.Dir = t.TempDir()
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "client.pem: OK") {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	t.Error("there is no OpenSSL remedy")
}
