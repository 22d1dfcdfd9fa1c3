package main

import (
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
