package sanitize

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		max      int
		want     string
	}{
		{"plain", "app.example.com", 0, "app.example.com"},
		{"empty", "", 10, ""},
		{"international", "bücher.example · 例え", 0, "bücher.example · 例え"},
		{"newline and tab", "a\nb\tc", 0, "a b c"},
		{"carriage return", "a\rb", 0, `a\rb`},
		{"colour", "\x1b[31mred\x1b[0m", 0, `\x1b[31mred\x1b[0m`},
		{"OSC 8 link", "\x1b]8;;http://evil\x1b\\x\a", 0, `\x1b]8;;http://evil\x1b\x\a`},
		{"C1", "\u009b31m", 0, `\u009b31m`},
		{"NUL and DEL", "\x00\x7f", 0, `\x00\x7f`},
		{"bidi override", "abc\u202egpj.exe", 0, `abc\u202egpj.exe`},
		{"bidi isolate", "\u2066x\u2069", 0, `\u2066x\u2069`},
		{"zero width", "a\u200bb\ufeffc", 0, `a\u200bb\ufeffc`},
		{"line separator", "a\u2028b", 0, `a\u2028b`},
		{"no-break space", "a\u00a0b", 0, `a\u00a0b`},
		{"invisible letter", "a\u3164b", 0, `a\u3164b`},
		{"variation selector", "\u2764\ufe0f", 0, "\u2764" + `\ufe0f`},
		{"invalid bytes", "a\xff\xfeb", 0, `a\xff\xfeb`},
		{"cut rune", "\xe2\x82", 0, `\xe2\x82`},
		{"replacement character", "\ufffd", 0, "\ufffd"},
		{"two marks", "e\u0301\u0302", 0, "e\u0301\u0302"},
		{"three marks", "e\u0301\u0302\u0303\u0304", 0, "e\u0301\u0302" + `\u0303` + "\u0304"},
		{"workflow command", "::error::gone", 0, `\x3a:error::gone`},
		{"workflow command after spaces", " \n ::error::gone", 0, `   \x3a:error::gone`},
		{"two colons within", "2001:db8::1", 0, "2001:db8::1"},
		{"old workflow command", "x ##[error]y", 0, `x ##\x5berror]y`},
		{"more hashes", "###[error]", 0, `###\x5berror]`},
		{"Azure Pipelines command", "x##vso[task.setvariable variable=a]b", 0, `x##vso\x5btask.setvariable variable=a]b`},
		{"TeamCity command", "##teamcity[x] ##VSO[y]", 0, `##teamcity\x5bx] ##VSO\x5by]`},
		{"hashes and words", "## see [x] #a[b] ##a b[c]", 0, "## see [x] #a[b] ##a b[c]"},
		{"one hash", "#[x]", 0, "#[x]"},
		{"cut", "abcdef", 5, "abcd…"},
		{"fits", "abcde", 5, "abcde"},
		{"escape is not cut in half", "abc\x1bd", 5, "abc…"},
		{"bound of one", "abc", 1, "…"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Text(tc.in, tc.max); got != tc.want {
				t.Errorf("Text(%q, %d) = %q, want %q", tc.in, tc.max, got, tc.want)
			}
		})
	}
}

var runnerCommand = regexp.MustCompile(`##[a-zA-Z]*\[`)

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "app.example.com", "\x1b]0;t\a", "::error::", "  ::x", "####[", "##vso[", "###a##b[", "##\u0301[", "e\u0301\u0301\u0301\u0301", "\u202e", "\xff\xfe", "a\r\nb", "…", `\x1b`} {
		f.Add(s, 0)
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, s string, max int) {
		got := Text(s, max)
		if !utf8.ValidString(got) {
			t.Fatalf("not UTF-8: %q", got)
		}
		if max > 0 && utf8.RuneCountInString(got) > max {
			t.Fatalf("%d runes, at most %d allowed: %q", utf8.RuneCountInString(got), max, got)
		}
		marks := 0
		for _, r := range got {
			if !strconv.IsPrint(r) || unicode.Is(unicode.C, r) {
				t.Fatalf("%U is not printable in %q", r, got)
			}
			if !unicode.Is(unicode.M, r) {
				marks = 0
			} else if marks++; marks > maxMarks {
				t.Fatalf("%d combining marks in a row in %q", marks, got)
			}
		}
		if strings.HasPrefix(strings.TrimLeft(got, " "), "::") {
			t.Fatalf("begins a workflow command: %q", got)
		}
		if runnerCommand.MatchString(got) {
			t.Fatalf("holds a workflow command: %q", got)
		}
		if again := Text(got, max); again != got {
			t.Fatalf("not idempotent: %q became %q", got, again)
		}
		// A text that was not cut keeps every ASCII letter and digit.
		if max <= 0 {
			for _, r := range s {
				if (r >= 'a' && r <= 'z' || r >= '0' && r <= '9') && !strings.ContainsRune(got, r) {
					t.Fatalf("%q lost %q: %q", s, r, got)
				}
			}
		}
	})
}
