package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCompleteValues asks for what can stand where the cursor is.
func TestCompleteValues(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("reports", 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, "report.json", "{}")
	writeFile(t, filepath.Join("reports", "old.json"), "{}")
	for _, tc := range []struct {
		args []string
		want string // among the answers, one a line
		not  string
	}{
		{[]string{"scan", "-o", ""}, "sarif", "report.json"},
		{[]string{"scan", "-o", "json=rep"}, "json=report.json", "table"},
		{[]string{"scan", "-o", "json=rep"}, "json=reports/", "table"},
		{[]string{"demo", "-o", "html=reports/"}, "html=reports/old.json", "table"},
		{[]string{"probe", "--attempts", ""}, "spoofed-issuer", "report.json"},
		{[]string{"scan", "--attempts", "quick,no"}, "quick,no-sni", "no-sni"},
		{[]string{"scan", "--check", "aop-railgun,"}, "aop-railgun,zone-paused\tThe zone is paused", ""},
		{[]string{"scan", "--fail-on", ""}, "high", ""},
		{[]string{"scan", "--log-format", ""}, "json", ""},
		{[]string{"scan", "--zone", ""}, ":4", "report.json"},
	} {
		_, out, _ := runApp(t, "", nil, append([]string{"__complete"}, tc.args...)...)
		lines := "\n" + out
		if !strings.Contains(lines, "\n"+tc.want) || tc.not != "" && strings.Contains(lines, "\n"+tc.not+"\n") {
			t.Errorf("%q: %q", tc.args, out)
		}
	}
}

// TestCompletionInBash sources the script in a real bash, as users do.
func TestCompletionInBash(t *testing.T) {
	const library = "/usr/share/bash-completion/bash_completion"
	bash, err := exec.LookPath("bash")
	if _, libErr := os.Stat(library); err != nil || libErr != nil {
		t.Skip("SKIPPED: no bash with bash-completion on this machine; the script was not sourced")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "aopscan")); err != nil {
		t.Fatal(err)
	}
	_, script, _ := runApp(t, "", nil, "completion", "bash")
	writeFile(t, filepath.Join(bin, "completion"), script)
	complete := func(line string) string {
		t.Helper()
		cmd := exec.Command(bash, "--noprofile", "--norc", "-c", `source `+library+`; source "$1/completion"; compopt() { :; } # it wants a line editor
COMP_LINE=$2 COMP_POINT=${#2}; read -ra COMP_WORDS <<< "$2"; [[ $2 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); __start_aopscan; printf '%s\n' "${COMPREPLY[@]}"`, "bash", bin, line)
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
		cmd.Dir = t.TempDir()
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		return string(out)
	}
	for line, want := range map[string]string{
		"aopscan sc": "scan", "aopscan scan -o sar": "sarif", "aopscan scan --fail-on hi": "high",
		"aopscan checks show zone-p": "zone-paused", "aopscan scan --attempts spoof": "spoofed-issuer",
	} {
		if got := complete(line); !strings.HasPrefix(got, want) {
			t.Errorf("%q completes to %q, want %q", line, got, want)
		}
	}
}
