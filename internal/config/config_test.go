package config

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/report"
)

var update = flag.Bool("update", false, "write golden files and docs/schema/config-1.json")

// render is what the command line prints of an error, hint and all.
func render(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return fmt.Sprintf("%T: %v\n", err, err)
	}
	out := e.Error() + "\n"
	if h := e.Hint(); h != "" {
		out += "hint: " + h + "\n"
	}
	return out
}

func TestErrors(t *testing.T) {
	const golden = "testdata/errors.txtar"
	a, err := txtar.ParseFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, f := range a.Files {
		if name, ok := strings.CutSuffix(f.Name, "/want"); ok {
			want[name] = string(f.Data)
		}
	}
	out := &txtar.Archive{Comment: a.Comment}
	seen := map[string]bool{}
	for _, f := range a.Files {
		name, ok := strings.CutSuffix(f.Name, "/aopscan.yaml")
		if !ok {
			continue
		}
		if seen[name] {
			t.Errorf("two cases are named %s", name)
		}
		seen[name] = true
		t.Run(name, func(t *testing.T) {
			file, err := Parse("aopscan.yaml", f.Data)
			if err == nil {
				t.Fatalf("accepted: %+v", file)
			}
			got := render(err)
			out.Files = append(out.Files, f, txtar.File{Name: name + "/want", Data: []byte(got)})
			if strings.Contains(got, "s3cr3t") || strings.Contains(got, "MIIsecret") {
				t.Errorf("a secret is shown:\n%s", got)
			}
			if *update {
				return
			}
			if diff := cmp.Diff(want[name], got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if *update {
		if err := os.WriteFile(golden, txtar.Format(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// What an archive of texts cannot hold.
func TestErrorsInBytes(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"too large", "#" + strings.Repeat("x", maxSize), "aopscan.yaml:1:1: the file is larger than 1 MiB"},
		{"not UTF-8", "zones: [a.example]\nfail_on: \xff\n", "aopscan.yaml:2:10: the byte 0xff is not UTF-8"},
		{"UTF-16", "\xff\xfez\x00o\x00", "aopscan.yaml:1:1: the byte 0xff is not UTF-8"},
		{"NUL", "a\x00", "aopscan.yaml:1:2: the control character U+0000 cannot stand in it"},
		{"escape in a comment", "# \x1b[31m", "aopscan.yaml:1:3: the control character U+001B cannot stand in it"},
		{"Windows line ends", "zones:\r\n - a.example\r\nfoo: 1\r\n", `aopscan.yaml:3:1: unknown key "foo"`},
		{"byte order mark", "\ufefffoo: 1\n", `aopscan.yaml:1:1: unknown key "foo"`},
		{"deep", strings.Repeat("[", 20000), "aopscan.yaml:1:1: it is not YAML: exceeded max depth of 10000"},
		{"deep mapping", "zones: " + strings.Repeat("{a: ", 20000), "aopscan.yaml:1:1: it is not YAML: exceeded max depth of 10000"},
		{"laughs", "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nzones: *c\n", `aopscan.yaml:4:8: an alias (*c) is not taken`},
		{"long value", "fail_on: " + strings.Repeat("x", 500), `"` + strings.Repeat("x", 60) + `…" is not a severity`},
		{"long key", strings.Repeat("k", 500) + ": 1", `unknown key "` + strings.Repeat("k", 60) + `…"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse("aopscan.yaml", []byte(tt.in))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
			if d := time.Since(start); d > time.Minute {
				t.Errorf("took %s", d)
			}
		})
	}
	var b strings.Builder
	for i := range 60 {
		fmt.Fprintf(&b, "unknown%d: 1\n", i)
	}
	_, err := Parse("x", []byte(b.String()))
	if got := err.Error(); !strings.HasPrefix(got, "reading configuration: 60 problems\n") || !strings.HasSuffix(got, "\nand 10 more") {
		t.Errorf("many problems: %s", got)
	}
}

func TestValid(t *testing.T) {
	files, err := filepath.Glob("testdata/valid/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		if _, err := Load(path); err != nil {
			t.Errorf("%s", render(err))
		}
	}
	// The template changes nothing, and every key in it stands commented out.
	f, err := Parse(Name, []byte(Template))
	if err != nil || len(f.Values) != 0 || f.Waivers != nil {
		t.Fatalf("template: %+v, %v", f, err)
	}
	var plain strings.Builder
	for line := range strings.SplitSeq(Template, "\n") {
		if rest, ok := strings.CutPrefix(line, "#"); ok && !strings.HasPrefix(rest, " ") || strings.HasPrefix(line, "#  ") {
			line = strings.TrimPrefix(line, "#")
		}
		plain.WriteString(line + "\n")
	}
	f, err = Parse(Name, []byte(plain.String()))
	if err != nil {
		t.Fatalf("template without its comment signs:\n%s", render(err))
	}
	for _, s := range settings {
		if _, ok := f.Values[s.Key]; s.Key != "" && !ok {
			t.Errorf("the template leaves out %s", s.Key)
		}
	}
	if len(f.Waivers) != 1 {
		t.Errorf("the template has %d waivers", len(f.Waivers))
	}
}

func TestParseFull(t *testing.T) {
	f, err := Load("testdata/valid/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings {
		if _, ok := f.Values[s.Key]; s.Key != "" && !ok {
			t.Errorf("full.yaml leaves out %s", s.Key)
		}
	}
	for key, want := range map[string][]string{
		"zones": {"Example.com.", "12345678901234567890123456789012", "1234567890123456789012345678e012"},
		"origins": {"app.example.com=203.0.113.10", "api.example.com=203.0.113.10:8443", "v6.example.com=[2001:db8::1]:8443",
			"v6b.example.com=2001:db8::2", "legacy.example.com=198.51.100.7", "old.example.com=[2001:db8::7]:444"},
		"ports":                    {"8443", "2053"},
		"timeout":                  {"1.5s"},
		"no_probe":                 {"false"},
		"checks.skip":              {"expiry-alert-missing"},
		"thresholds.expiring_days": {"60"},
	} {
		if diff := cmp.Diff(want, f.Values[key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	for name, want := range map[string]int{
		"example.com": 2, "12345678901234567890123456789012": 2, "app.example.com": 6, "v6.example.com": 8,
		"legacy.example.com": 10, "old.example.com": 12, "neighbour.example.com": 18,
	} {
		if f.Lines[name] != want {
			t.Errorf("line of %s: %d, want %d", name, f.Lines[name], want)
		}
	}
	want := report.Waiver{
		Check: "origin-accepts-no-certificate", Zone: "example.com", Hostname: "*.staging.example.com", Address: "203.0.113.0/24", Subject: "*",
		Reason: "moving: until the new balancer is up", Owner: "platform team",
		Expires: time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC), File: "testdata/valid/full.yaml", Line: 45,
	}
	if len(f.Waivers) != 2 {
		t.Fatalf("%d waivers", len(f.Waivers))
	}
	if diff := cmp.Diff(want, f.Waivers[0]); diff != "" {
		t.Errorf("waiver (-want +got):\n%s", diff)
	}
}

// Every failing result can print a waiver; once its blanks are filled in, the
// file is right and the waiver covers that result and no other.
func TestWaiverSnippet(t *testing.T) {
	place := checks.Result{Status: checks.Fail, Check: "origin-accepts-no-certificate", Zone: "example.com"}
	results := []checks.Result{place}
	for _, change := range []func(*checks.Result){
		func(r *checks.Result) { r.Hostname = "api.example.com" },
		func(r *checks.Result) { r.Hostname = "*.example.com" },
		func(r *checks.Result) { r.Hostname = "api.example.com"; r.Address = "203.0.113.5"; r.Port = 443 },
		func(r *checks.Result) { r.Hostname = "api.example.com"; r.Address = "203.0.113.5"; r.Port = 8443 },
		func(r *checks.Result) { r.Address = "2001:db8::5"; r.Port = 443 },
		func(r *checks.Result) { r.Address = "203.0.113.5" },
		func(r *checks.Result) { r.Subject = "0123456789abcdef" },
		func(r *checks.Result) { r.Subject = `a "quoted": #[text] \*? ` + "ü\u202e" },
		func(r *checks.Result) { r.Zone = "123.example"; r.Subject = "12" },
		func(r *checks.Result) { r.Check = "aop-not-enabled" },
	} {
		r := place
		change(&r)
		results = append(results, r)
	}
	for i, r := range results {
		snippet := report.WaiverSnippet(r)
		if _, err := Parse("x", []byte("waivers:\n"+snippet)); err == nil {
			t.Errorf("accepted with its blanks:\n%s", snippet)
		}
		for _, key := range []string{"reason", "owner", "expires"} {
			value := map[string]string{"reason": "known", "owner": "ops", "expires": "2027-03-31"}[key]
			filled := strings.Replace(snippet, key+`: ""`, key+": "+value, 1)
			if filled == snippet {
				t.Fatalf("no blank for %s:\n%s", key, snippet)
			}
			snippet = filled
		}
		f, err := Parse("x", []byte("waivers:\n"+snippet))
		if err != nil {
			t.Errorf("%s%s", snippet, render(err))
			continue
		}
		got, _ := report.ApplyWaivers(results, f.Waivers, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
		for j := range got {
			covers := results[j].Check == r.Check && results[j].Zone == r.Zone &&
				(r.Hostname == "" || results[j].Hostname == r.Hostname) &&
				(r.Address == "" || results[j].Address == r.Address && (r.Port == 0 || results[j].Port == r.Port)) &&
				(r.Subject == "" || results[j].Subject == r.Subject)
			if (got[j].Status == checks.Waived) != covers || i == j && !covers {
				t.Errorf("the waiver of result %d makes result %d %s:\n%s", i, j, got[j].Status, snippet)
			}
		}
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	env := map[string]string{}
	getenv := func(k string) string { return env[k] }
	write := func(name, content string) {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if f, err := Open("", getenv); f != nil || err != nil {
		t.Errorf("no file: %v, %v", f, err)
	}
	write("aopscan.yml", "fail_on: low\n")
	if _, err := Open("", getenv); err == nil || !strings.Contains(render(err), "rename it to aopscan.yaml") {
		t.Errorf("aopscan.yml is passed over: %v", err)
	}
	write(Name, "fail_on: low\n")
	if f, err := Open("", getenv); err != nil || f.Path != Name {
		t.Errorf("default: %v, %v", f, err)
	}
	write("env.yaml", "")
	write("flag.yaml", "")
	env[EnvConfig] = "env.yaml"
	if f, err := Open("", getenv); err != nil || f.Path != "env.yaml" {
		t.Errorf("environment: %v, %v", f, err)
	}
	if f, err := Open("flag.yaml", getenv); err != nil || f.Path != "flag.yaml" {
		t.Errorf("flag: %v, %v", f, err)
	}
	if f, err := Open(os.DevNull, getenv); err != nil || len(f.Values) != 0 {
		t.Errorf("no configuration by /dev/null: %v, %v", f, err)
	}
	_, err := Open("none.yaml", getenv)
	if want := "reading configuration: none.yaml: no such file or directory\nhint: 'aopscan config init none.yaml' writes one\n"; err == nil || render(err) != want {
		t.Errorf("missing: %q", render(err))
	}
	if _, err := Open(dir, getenv); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("folder: %v", err)
	}
	if _, err := Read("-", failingReader{}); err == nil || err.Error() != "reading configuration: -: broken" {
		t.Errorf("broken reader: %v", err)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestLoosened(t *testing.T) {
	d := checks.DefaultThresholds
	if got := Loosened(d, nil, nil); len(got) != 0 {
		t.Errorf("defaults: %v", got)
	}
	if got := Loosened(checks.Thresholds{ExpiringDays: 90, ExpiringSoonDays: 30, CAExpiringDays: 1000}, nil, nil); len(got) != 0 {
		t.Errorf("stricter: %v", got)
	}
	got := Loosened(checks.Thresholds{ExpiringDays: 29, ExpiringSoonDays: 13, CAExpiringDays: 364}, nil, []string{"aop-railgun", "aop-railgun"})
	if diff := cmp.Diff([]string{"aop-railgun", "client-certificate-expiring", "client-certificate-expiring-soon", "cloudflare-ca-expiring"}, got); diff != "" {
		t.Errorf("looser (-want +got):\n%s", diff)
	}
	got = Loosened(d, []string{"aop-railgun", "aop-not-enabled"}, []string{"aop-not-enabled"})
	if len(got) != len(checks.All())-1 || slices.Contains(got, "aop-railgun") {
		t.Errorf("only one check of %d leaves %d loosened", len(checks.All()), len(got))
	}
}

// Whatever the bytes: no panic, and either a file or an error that says where.
func FuzzParse(f *testing.F) {
	a, err := txtar.ParseFile("testdata/errors.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range a.Files {
		if strings.HasSuffix(file.Name, ".yaml") {
			f.Add(file.Data)
		}
	}
	files, _ := filepath.Glob("testdata/valid/*.yaml")
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(Template))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Parse("f.yaml", b)
		if err != nil {
			var e *Error
			if file != nil || !errors.As(err, &e) || len(e.Problems) == 0 {
				t.Fatalf("file %v, error %v (%T)", file, err, err)
			}
			lines := 1 + bytes.Count(b, []byte("\n")) + bytes.Count(b, []byte("\r")) + bytes.Count(b, []byte("\u0085")) +
				bytes.Count(b, []byte("\u2028")) + bytes.Count(b, []byte("\u2029"))
			for _, p := range e.Problems {
				if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Message == "" {
					t.Errorf("problem %+v in %d lines", p, lines)
				}
				for _, r := range p.Message + p.Hint {
					if r < ' ' || r == 0x7f || r == 0x202e {
						t.Errorf("unprintable %q in %q", r, p.Message+p.Hint)
					}
				}
			}
			return
		}
		for key, values := range file.Values {
			s := settingOf(key)
			if !s.List && len(values) != 1 {
				t.Errorf("%s has %d values", key, len(values))
			}
			for _, v := range values {
				if err := s.kind.check(v); err != nil {
					t.Errorf("%s: %q was taken: %v", key, v, err)
				}
			}
		}
		for _, w := range file.Waivers {
			if w.Check == "" || w.Reason == "" || w.Owner == "" || w.Expires.IsZero() || w.Line < 1 {
				t.Errorf("waiver %+v", w)
			}
		}
	})
}
