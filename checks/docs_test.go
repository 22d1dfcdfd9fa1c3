package checks

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

const docsFile = "../docs/checks.md"

// TestDocs compares docs/checks.md with what the catalogue and the case files say;
// -update writes it.
func TestDocs(t *testing.T) {
	want := docs(t)
	if *update {
		if err := os.WriteFile(docsFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is out of date: run 'make generate'", docsFile)
	}
}

func docs(t *testing.T) string {
	var b strings.Builder
	all := All()
	fmt.Fprintf(&b, `# Checks

<!-- Generated from the catalogue by 'make generate'. Edit the checks, not this page. -->

%d checks. Each is one file in `+"`checks/`"+` with its cases in `+"`testdata/checks/`"+`; every
example below is what the check really says about a case. `+"`aopscan checks show ID`"+`
explains one on the terminal.

A check that needs probing is skipped by `+"`--no-probe`"+`, and `+"`aopscan probe`"+` judges
nothing else. Severities are the checks' own; what a failure costs is decided by
`+"`--fail-on`"+`.

| check | severity | needs | |
|---|---|---|---|
`, len(all))
	for _, c := range all {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", c.ID, c.ID, c.Severity, c.Needs, c.Title)
	}
	for _, c := range all {
		docsOf(t, &b, c)
	}
	return b.String()
}

func docsOf(t *testing.T, b *strings.Builder, c Check) {
	fmt.Fprintf(b, "\n## %s\n\n**%s** (%s, needs %s)\n\n%s\n", c.ID, c.Title, c.Severity, c.Needs, c.Rationale)
	for _, e := range []struct {
		status Status
		head   string
	}{{Fail, "A failure"}, {Inconclusive, "When nothing can be said"}} {
		if r, ok := example(t, c, e.status); ok {
			fmt.Fprintf(b, "\n%s:\n\n```\n%s```\n", e.head, exampleText(r))
		}
	}
	b.WriteString("\nWhat to do:\n")
	for _, r := range c.Remediation {
		fmt.Fprintf(b, "\n- %s: %s\n", r.Where, r.Text)
		if r.Commands != "" {
			fmt.Fprintf(b, "\n  ```%s\n  %s\n  ```\n", language(r.Where), strings.ReplaceAll(r.Commands, "\n", "\n  "))
		}
	}
	b.WriteString("\n| control | why |\n|---|---|\n")
	for _, m := range c.Controls {
		name := m.Framework + " " + m.ID
		if m.Framework == frameworkCWE {
			name = fmt.Sprintf("[%s](https://cwe.mitre.org/data/definitions/%s.html)", m.ID, strings.TrimPrefix(m.ID, "CWE-"))
		}
		fmt.Fprintf(b, "| %s | %s |\n", name, m.Why)
	}
	b.WriteString("\nSources: ")
	for i, r := range c.References {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(b, "[%s](%s)", r.Title, r.URL)
	}
	b.WriteString("\n")
}

// example is the first result of a status in the first case that is about it.
func example(t *testing.T, c Check, status Status) (Result, bool) {
	for _, tc := range readCases(t, c.ID) {
		if s, _ := caseStatus(tc.name); s != status {
			continue
		}
		for _, r := range evaluateCase(c.ID, tc) {
			if r.Status == status {
				return r, true
			}
		}
	}
	return Result{}, false
}

func exampleText(r Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n", r.Status, place(r))
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "  %-13s %s\n", name, text)
		}
	}
	line("message", r.Message)
	line("reason", r.Reason)
	line("permission", r.Permission)
	for _, k := range slices.Sorted(maps.Keys(r.Facts)) {
		line(k, r.Facts[k])
	}
	line("observations", strings.Join(r.Observations, " "))
	line("reproduce", r.Reproduce)
	return b.String()
}

// language names a remedy's commands for highlighting.
func language(where string) string {
	switch where {
	case "Cloudflare API", "OpenSSL", "Firewall", "cloudflared", "aopscan", "Origin":
		return "sh"
	case "Terraform":
		return "hcl"
	case "nginx":
		return "nginx"
	case "Apache":
		return "apache"
	}
	return ""
}
