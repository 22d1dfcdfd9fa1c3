package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestStdoutTrouble runs the program with a standard output that cannot be written:
// a full device, and a reader that went away. Both are exit code 3 and said.
func TestStdoutTrouble(t *testing.T) {
	bin, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(stdout *os.File, args ...string) (int, string) {
		t.Helper()
		cmd := exec.Command(bin, args...)
		cmd.Args[0] = "aopscan"
		cmd.Dir = t.TempDir()
		var errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = stdout, &errs
		_ = cmd.Run()
		return cmd.ProcessState.ExitCode(), errs.String()
	}
	commands := [][]string{{"version"}, {"checks"}, {"config", "schema"}, {"completion", "bash"}, {"probe", "-q", "a.example=127.0.0.1:1", "--attempts", "quick"}}
	for _, args := range commands {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		code, errs := run(w, args...)
		w.Close()
		if code != exitNothing || !strings.Contains(errs, "standard output: broken pipe") || strings.Contains(errs, "hint") {
			t.Errorf("closed pipe, %v: exit %d, %q", args, code, errs)
		}
	}
	info, err := os.Stat("/dev/full")
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		t.Skipf("SKIPPED, no full device here: %v", err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for _, args := range commands {
		if code, errs := run(full, args...); code != exitNothing || !strings.Contains(errs, "standard output: no space left on device") {
			t.Errorf("full device, %v: exit %d, %q", args, code, errs)
		}
	}
}
