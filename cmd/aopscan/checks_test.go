package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/report"
)

// runApp runs the program in process, with an environment of its own.
func runApp(t *testing.T, stdin string, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs, env: func(k string) string { return env[k] }}
	code = a.run(args)
	return code, out.String(), errs.String()
}

func TestChecksList(t *testing.T) {
	code, out, errs := runApp(t, "", nil, "checks")
	if code != exitOK || errs != "" {
		t.Fatalf("exit %d, stderr %q", code, errs)
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	all := checks.All()
	if len(lines) != len(all)+1 || !strings.HasPrefix(lines[0], "ID ") {
		t.Fatalf("%d lines for %d checks:\n%s", len(lines), len(all), out)
	}
	for i, c := range all {
		f := strings.Fields(lines[i+1])
		if f[0] != c.ID || f[1] != string(c.Severity) || f[2] != string(c.Needs) || strings.Join(f[3:], " ") != c.Title {
			t.Errorf("line %q for %s", lines[i+1], c.ID)
		}
	}

	code, out, _ = runApp(t, "", nil, "checks", "-o", "json")
	var infos []report.CheckInfo
	if err := json.Unmarshal([]byte(out), &infos); err != nil || code != exitOK || len(infos) != len(all) {
		t.Fatalf("exit %d, %d checks, %v", code, len(infos), err)
	}
	if infos[0].ID != all[0].ID || infos[0].Rationale != all[0].Rationale || len(infos[0].Remediation) != len(all[0].Remediation) {
		t.Errorf("first: %+v", infos[0])
	}
}

func TestChecksListFitsTheTerminal(t *testing.T) {
	_, wide, _ := runApp(t, "", nil, "checks")
	for _, columns := range []int{80, 110, 140} {
		_, out, _ := runApp(t, "", map[string]string{"COLUMNS": strconv.Itoa(columns)}, "checks")
		for line := range strings.SplitSeq(out, "\n") {
			if len(line) > columns {
				t.Errorf("%d columns for %d: %q", len(line), columns, line)
			}
		}
		if !slices.Equal(strings.Fields(out), strings.Fields(wide)) {
			t.Errorf("%d columns change the words:\n%s", columns, out)
		}
	}
}

func TestColumns(t *testing.T) {
	header, rows := []string{"ID", "TEXT"}, [][]string{{"a", "one two three"}, {"long", "x"}}
	for width, want := range map[int]string{
		0:  "ID    TEXT\na     one two three\nlong  x\n",
		50: "ID    TEXT\na     one two three\nlong  x\n",
		12: "ID\n    TEXT\na\n    one two\n    three\nlong\n    x\n",
	} {
		if got := columns(header, rows, width); got != want {
			t.Errorf("width %d:\n%s\nwant\n%s", width, got, want)
		}
	}
	rows[0][1] = strings.Repeat("word ", 9)
	if got, want := columns(header, rows, 45), "ID    TEXT\na     word word word word word word word word\n      word\nlong  x\n"; got != want {
		t.Errorf("wrapped:\n%s", got)
	}
}

func TestChecksShow(t *testing.T) {
	for _, c := range checks.All() {
		code, out, errs := runApp(t, "", map[string]string{"COLUMNS": "72"}, "checks", "show", c.ID)
		if code != exitOK || errs != "" {
			t.Fatalf("%s: exit %d, stderr %q", c.ID, code, errs)
		}
		commands := map[string]bool{}
		for _, r := range c.Remediation {
			for line := range strings.SplitSeq(r.Commands, "\n") {
				commands[strings.TrimSpace(line)] = true
			}
		}
		for line := range strings.SplitSeq(out, "\n") {
			trimmed := strings.TrimSpace(line)
			if len([]rune(line)) > 72 && !commands[trimmed] && strings.Contains(trimmed, " ") {
				t.Errorf("%s: too wide: %q", c.ID, line)
			}
			if line != strings.TrimRight(line, " ") {
				t.Errorf("%s: space at the end of %q", c.ID, line)
			}
		}
		words := strings.Join(strings.Fields(out), " ")
		want := []string{c.ID, c.Title, "Severity " + string(c.Severity), c.Rationale}
		for _, r := range c.Remediation {
			want = append(want, r.Where+": "+r.Text, r.Commands)
		}
		for _, r := range c.References {
			want = append(want, r.Title, r.URL)
		}
		for _, m := range c.Controls {
			want = append(want, m.Framework, m.ID, m.Why)
		}
		for _, w := range want {
			if w := strings.Join(strings.Fields(w), " "); !strings.Contains(words, w) {
				t.Errorf("%s: %q is missing in\n%s", c.ID, w, out)
			}
		}
		if strings.Contains(out, "\x1b") {
			t.Errorf("%s: colour without a terminal", c.ID)
		}
	}

	_, out, _ := runApp(t, "", map[string]string{"CLICOLOR_FORCE": "1"}, "checks", "show", "origin-accepts-no-certificate")
	if !strings.Contains(out, "\x1b[1mWhy it matters\x1b[0m\n") {
		t.Errorf("no colour although it was asked for:\n%s", out)
	}

	code, out, _ := runApp(t, "", nil, "checks", "show", "-o", "json", "origin-accepts-no-certificate")
	var info report.CheckInfo
	if err := json.Unmarshal([]byte(out), &info); err != nil || code != exitOK || info.ID != "origin-accepts-no-certificate" {
		t.Errorf("exit %d, %v:\n%s", code, err, out)
	}
}

func TestChecksBadInput(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"checks show origin-accept-no-certificate", "aopscan: reading arguments: \"origin-accept-no-certificate\" is not a check\nhint: did you mean \"origin-accepts-no-certificate\"?\n"},
		{"checks show nonsense", "aopscan: reading arguments: \"nonsense\" is not a check\nhint: 'aopscan checks' lists them\n"},
		{"checks show", "aopscan: reading arguments: no check is named\nhint: 'aopscan checks' lists them\n"},
		{"checks show aop-not-enabled aop-shared-certificate", "aopscan: reading arguments: \"aop-shared-certificate\" is not expected\nhint: show one check at a time\n"},
		{"checks aop-not-enabled", "aopscan: reading arguments: \"aop-not-enabled\" is not expected\nhint: use 'aopscan checks show aop-not-enabled'\n"},
		{"checks -o yaml", "aopscan: reading --output: \"yaml\" is not a format of this command\nhint: use table or json\n"},
	} {
		code, out, errs := runApp(t, "", nil, strings.Fields(tt.args)...)
		if code != exitUsage || out != "" || errs != tt.want {
			t.Errorf("%s: exit %d, stdout %q, stderr\n%s", tt.args, code, out, errs)
		}
	}
}

func TestChecksCompletion(t *testing.T) {
	_, out, _ := runApp(t, "", nil, "__complete", "checks", "show", "")
	for _, c := range checks.All() {
		if !strings.Contains(out, c.ID+"\t"+c.Title+"\n") {
			t.Errorf("%s is not completed:\n%s", c.ID, out)
		}
	}
	_, out, _ = runApp(t, "", nil, "__complete", "checks", "show", "aop-shared-certificate", "")
	if strings.Contains(out, "aop-") {
		t.Errorf("a second check is completed:\n%s", out)
	}
	_, out, _ = runApp(t, "", nil, "__complete", "checks", "-o", "")
	if !strings.HasPrefix(out, "table\njson\n") {
		t.Errorf("formats: %s", out)
	}
}

// failingWriter breaks like a full disk.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestChecksWriteError(t *testing.T) {
	for _, args := range [][]string{{"checks"}, {"checks", "-o", "json"}, {"checks", "show", "aop-not-enabled"}, {"config", "schema"}, {"config", "init", "-"}, {"version"}, {"version", "--json"}} {
		var errs bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: failingWriter{}, stderr: &errs, env: func(string) string { return "" }}
		if code := a.run(args); code != exitNothing || errs.String() != "aopscan: writing to standard output: no space left\n" {
			t.Errorf("%v: exit %d, stderr %q", args, code, errs.String())
		}
	}
}

func TestFill(t *testing.T) {
	for _, tt := range []struct {
		text  string
		width int
		want  string
	}{
		{"one two three", 7, "one two|three"},
		{"one two three", 0, "one two three"},
		{"one  two\n three", 100, "one two three"},
		{"averylongword b", 5, "averylongword|b"},
		{"über über", 4, "über|über"},
		{"", 10, ""},
	} {
		if got := strings.Join(fill(tt.text, tt.width), "|"); got != tt.want {
			t.Errorf("fill(%q, %d) = %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}
