package main

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// The flags that take lists keep the first line of a value, and a key is pasted
// where its path is wanted.
func TestLineBreaksInArguments(t *testing.T) {
	for _, args := range [][]string{
		{"scan", "--zone", "a.example\nb.example"},
		{"scan", "--client-key", "-----BEGIN PRIVATE KEY-----\nMIIcanary"},
		{"probe", "www.example.com\r\n"},
	} {
		code, out, errs := runApp(t, "", nil, args...)
		if code != exitUsage || out != "" || !strings.Contains(errs, "has a line break in it") || strings.Contains(errs, "canary") {
			t.Errorf("%.40q: exit code %d\n%s%s", args, code, out, errs)
		}
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestStandardOutputIsFull(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"version", "--json"}, {"checks"}, {"demo", "--serve"}, {"demo", "-q", "-o", "csv"}} {
		var errs strings.Builder
		a := &app{stdin: strings.NewReader(""), stdout: fullDisk{}, stderr: &errs, env: func(string) string { return "" }}
		if code := a.run(args); code != exitNothing || !strings.HasPrefix(errs.String(), "aopscan: ") && !strings.Contains(errs.String(), "\naopscan: ") {
			t.Errorf("%q: exit code %d, %q", args, code, errs.String())
		}
	}
	var out strings.Builder
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: io.Discard, env: func(string) string { return "" }}
	if code := a.run([]string{"version"}); code != exitOK || !strings.HasPrefix(out.String(), "aopscan ") {
		t.Errorf("exit code %d, %q", code, out.String())
	}
}
