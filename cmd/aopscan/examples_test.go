package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "run the demo again and rewrite docs/examples")

// examples are the formats of docs/examples with their file names.
var examples = []struct{ format, file string }{
	{"table", "report.txt"}, {"json", "report.json"}, {"sarif", "report.sarif"}, {"junit", "report.junit.xml"},
	{"markdown", "report.md"}, {"html", "report.html"}, {"csv", "report.csv"},
}

// TestExamples holds docs/examples to what the program writes: every format is
// made anew from the saved evidence of a demo run, and evidence gives the same
// bytes on any machine. -update runs the demo itself again.
func TestExamples(t *testing.T) {
	dir, err := filepath.Abs(filepath.Join("..", "..", "docs", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	saved := filepath.Join(dir, "evidence.json")
	if *update {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, env: func(string) string { return "" }}
		if code := a.run([]string{"demo", "-q", "--save-evidence", saved, "-o", "table"}); code != exitFailed {
			t.Fatalf("aopscan demo: exit code %d, want %d; stderr:\n%s", code, exitFailed, errs.String())
		}
	}
	into := t.TempDir()
	if *update {
		into = dir
	}
	args := []string{"scan", "--evidence", saved}
	for _, e := range examples {
		args = append(args, "-o", e.format+"="+filepath.Join(into, e.file))
	}
	t.Chdir(t.TempDir()) // no aopscan.yaml here
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, env: func(string) string { return "" }}
	if code := a.run(args); code != exitFailed {
		t.Fatalf("aopscan %s: exit code %d, want %d; stderr:\n%s", strings.Join(args, " "), code, exitFailed, errs.String())
	}
	if out.Len() != 0 {
		t.Errorf("standard output should be empty with every report in a file:\n%s", out.String())
	}
	for _, e := range examples {
		got, err := os.ReadFile(filepath.Join(into, e.file))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(dir, e.file))
		if err != nil {
			t.Fatal(err)
		}
		// No diff: these files are large, and `make generate` shows one in git.
		if !bytes.Equal(want, got) {
			t.Errorf("docs/examples/%s is not current: run `make generate`", e.file)
		}
	}
}
