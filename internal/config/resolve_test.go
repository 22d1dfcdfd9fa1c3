package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/aopscan/aopscan/checks"
)

// flagSet has every flag of the settings, of the types that the commands use.
func flagSet() *pflag.FlagSet {
	f := pflag.NewFlagSet("test", pflag.ContinueOnError)
	for _, s := range settings {
		switch {
		case s.Flag == "":
		case s.Key == "ports":
			f.IntSlice(s.Flag, nil, "")
		case s.Key == "origins", s.Key == "outputs":
			f.StringArray(s.Flag, nil, "")
		case s.Key == "attempts":
			f.StringSlice(s.Flag, []string{"standard"}, "")
		case s.List:
			f.StringSlice(s.Flag, nil, "")
		case s.kind.want == boolKind.want:
			f.Bool(s.Flag, false, "")
		case s.kind.want == durationKind.want:
			d, _ := time.ParseDuration(s.Default)
			f.Duration(s.Flag, d, "")
		case s.kind.want == intKind(0, 1).want:
			f.Int(s.Flag, atoi(s.Default), "")
		default:
			f.String(s.Flag, s.Default, "")
		}
	}
	return f
}

// samples are four different right values for every setting: what flag,
// environment and file say, and a wrong one.
var samples = map[string]struct{ flag, env, file, wrong string }{
	"zones":                         {"a.example", "b.example", "c.example", "a b"},
	"accounts":                      {"a1", "b2", "c3", "a b"},
	"origins":                       {"a.example=192.0.2.1", "b.example=192.0.2.2:8443", "c.example=192.0.2.3", "a.example"},
	"no_probe":                      {"true", "true", "true", "yes"},
	"attempts":                      {"quick", "all", "no-certificate", "everything"},
	"allow_addresses":               {"10.0.0.0/8", "127.0.0.0/8", "::1/128", "here"},
	"ports":                         {"8443", "2053", "2083", "x"},
	"paths":                         {"/a", "/b", "/c", "a"},
	"other_names":                   {"a.example", "b.example", "c.example", "a/b"},
	"client_cert":                   {"a.pem", "b.pem", "c.pem", "-----BEGIN CERTIFICATE-----"},
	"client_key":                    {"a.key", "b.key", "c.key", "-----BEGIN X-----"},
	"timeout":                       {"1s", "2s", "3s", "5"},
	"endpoint_timeout":              {"1s", "2s", "3s", "-5s"},
	"concurrency":                   {"1", "2", "3", "0"},
	"per_address":                   {"1", "3", "4", "-1"},
	"edge_address":                  {"192.0.2.1", "192.0.2.2", "192.0.2.3", "edge"},
	"resolver":                      {"192.0.2.1", "192.0.2.2", "192.0.2.3", "dns"},
	"api_budget":                    {"1", "2", "3", "0"},
	"api_rate":                      {"1", "2", "3", "0"},
	"api-url":                       {"http://a", "http://b", "", "\x01"},
	"token-file":                    {"a", "b", "", "\x01"},
	"outputs":                       {"json", "csv", "html=r.html", "jsn"},
	"fail_on":                       {"low", "high", "critical", "bad"},
	"allow_inconclusive":            {"true", "true", "true", "on"},
	"checks.only":                   {"aop-not-enabled", "aop-railgun", "zone-paused", "no-such-check"},
	"checks.skip":                   {"aop-not-enabled", "aop-railgun", "zone-paused", "no-such-check"},
	"thresholds.expiring_days":      {"", "40", "50", "many"},
	"thresholds.expiring_soon_days": {"", "20", "25", "-1"},
	"thresholds.ca_expiring_days":   {"", "400", "500", "9999"},
	"baseline":                      {"a.json", "b.json", "c.json", "\x01"},
	"save_evidence":                 {"a.json", "b.json", "c.json", "\x01"},
	"control":                       {"CWE", "SOC 2", "PCI DSS 4.0.1", "none"},
	"sarif_category":                {"a", "b", "c", "\x01"},
	"waiver_snippets":               {"true", "true", "true", "2"},
}

func value(f *pflag.FlagSet, r *Resolved, s Setting) string {
	switch s.Key {
	case "thresholds.expiring_days":
		return fmt.Sprint(r.Thresholds.ExpiringDays)
	case "thresholds.expiring_soon_days":
		return fmt.Sprint(r.Thresholds.ExpiringSoonDays)
	case "thresholds.ca_expiring_days":
		return fmt.Sprint(r.Thresholds.CAExpiringDays)
	}
	return strings.Trim(f.Lookup(s.Flag).Value.String(), "[]")
}

func inFile(t *testing.T, s Setting, text string) *File {
	t.Helper()
	// Strings and lists of them in JSON's spelling; numbers and switches bare.
	if s.kind.want != boolKind.want && s.kind.want != intKind(0, 1).want {
		text = quote(text)
	}
	if s.List {
		text = "[" + text + "]"
	}
	indent := ""
	key := s.Key
	if group, rest, ok := strings.Cut(s.Key, "."); ok {
		indent, key = group+":\n  ", rest
	}
	more := ""
	switch key { // the two belong together
	case "client_cert":
		more = "client_key: other.key\n"
	case "client_key":
		more = "client_cert: other.pem\n"
	}
	f, err := Parse(Name, []byte(indent+key+": "+text+"\n"+more))
	if err != nil {
		t.Fatal(render(err))
	}
	return f
}

// flag > environment > file > default, for every setting there is.
func TestPrecedence(t *testing.T) {
	for _, s := range settings {
		v, ok := samples[s.name()]
		if !ok {
			t.Errorf("no sample for %s", s.name())
			continue
		}
		t.Run(s.name(), func(t *testing.T) {
			unset := func(string) string { return "" }
			env := func(k string) string {
				if k == s.Env {
					return " " + v.env + " "
				}
				return ""
			}
			var file *File
			if s.Key != "" {
				file = inFile(t, s, v.file)
			}
			type step struct {
				name   string
				flag   bool
				env    func(string) string
				file   *File
				want   string
				source Source
			}
			steps := []step{{"default", false, unset, nil, s.Default, FromDefault}, {"environment", false, env, file, v.env, FromEnvironment}}
			if s.Key != "" {
				steps = append(steps, step{"file", false, unset, file, v.file, FromFile})
			}
			if s.Flag != "" {
				steps = append(steps, step{"flag", true, env, file, v.flag, FromFlag})
			}
			for _, st := range steps {
				f := flagSet()
				if st.flag {
					if err := f.Set(s.Flag, v.flag); err != nil {
						t.Fatal(err)
					}
				}
				r, err := Resolve(f, st.env, st.file)
				if err != nil {
					t.Fatalf("%s: %v", st.name, err)
				}
				want := st.want
				if s.Key == "outputs" && st.name == "default" {
					want = "" // the commands take none for a table
				}
				if got := value(f, r, s); got != want {
					t.Errorf("%s: %q, want %q", st.name, got, want)
				}
				if got := r.Sources[s.name()]; got != st.source {
					t.Errorf("%s: source %s, want %s", st.name, got, st.source)
				}
				if s.Flag != "" && f.Lookup(s.Flag).Changed != st.flag {
					t.Errorf("%s: the flag counts as given: %v", st.name, f.Lookup(s.Flag).Changed)
				}
			}

			_, err := Resolve(flagSet(), func(k string) string {
				if k == s.Env {
					return v.wrong
				}
				return ""
			}, nil)
			var e *Error
			if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), "reading configuration: "+s.Env+": ") {
				t.Errorf("%s=%q: %v", s.Env, v.wrong, err)
			}
			// A flag that is given makes the environment's mistakes irrelevant.
			if s.Flag != "" {
				f := flagSet()
				_ = f.Set(s.Flag, v.flag)
				if _, err := Resolve(f, func(k string) string {
					if k == s.Env {
						return v.wrong
					}
					return ""
				}, nil); err != nil {
					t.Errorf("with --%s: %v", s.Flag, err)
				}
			}
		})
	}
	if len(samples) != len(settings) {
		t.Errorf("%d samples for %d settings", len(samples), len(settings))
	}
}

func TestResolveLists(t *testing.T) {
	file, err := Parse(Name, []byte("zones: [a.example, b.example]\naccounts: [acme]\nports: [1, 2]\nattempts: []\npaths: ['/a,b']\nallow_inconclusive: true\n"))
	if err != nil {
		t.Fatal(err)
	}
	get := func(f *pflag.FlagSet, name string) string { return strings.Trim(f.Lookup(name).Value.String(), "[]") }

	f := flagSet()
	if _, err := Resolve(f, func(string) string { return "" }, file); err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{"zone": "a.example,b.example", "account": "acme", "port": "1,2", "attempts": "", "path": `"/a,b"`} {
		if got := get(f, flag); got != want {
			t.Errorf("file: --%s is %s, want %s", flag, got, want)
		}
	}

	// The environment's list takes the place of the file's; zones and accounts
	// are one choice, and so a zone by flag leaves the file's account aside.
	f = flagSet()
	env := map[string]string{"AOPSCAN_PORTS": "3, 4,5"}
	_ = f.Set("zone", "c.example")
	r, err := Resolve(f, func(k string) string { return env[k] }, file)
	if err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{"zone": "c.example", "account": "", "port": "3,4,5"} {
		if got := get(f, flag); got != want {
			t.Errorf("--%s is %s, want %s", flag, got, want)
		}
	}
	if r.Lines["b.example"] != 1 {
		t.Errorf("lines: %v", r.Lines)
	}

	// So does one by environment.
	f = flagSet()
	env = map[string]string{"AOPSCAN_ZONES": "d.example"}
	r, err = Resolve(f, func(k string) string { return env[k] }, file)
	if err != nil {
		t.Fatal(err)
	}
	if zones, accounts := get(f, "zone"), get(f, "account"); zones != "d.example" || accounts != "" {
		t.Errorf("zones %s and accounts %s, want d.example alone", zones, accounts)
	}
	if r.Sources["accounts"] != FromEnvironment {
		t.Errorf("accounts come from %s", r.Sources["accounts"])
	}

	// A flag can say no.
	f = flagSet()
	_ = f.Set("allow-inconclusive", "false")
	if _, err := Resolve(f, func(string) string { return "" }, file); err != nil {
		t.Fatal(err)
	}
	if got := get(f, "allow-inconclusive"); got != "false" {
		t.Errorf("--allow-inconclusive=false is %s", got)
	}

	// A command without the flags passes them over, but not the thresholds.
	f = pflag.NewFlagSet("probe", pflag.ContinueOnError)
	r, err = Resolve(f, func(k string) string {
		return map[string]string{"AOPSCAN_THRESHOLDS_EXPIRING_DAYS": "7", "AOPSCAN_ZONES": "x.example"}[k]
	}, file)
	if err != nil {
		t.Fatal(err)
	}
	want := checks.DefaultThresholds
	want.ExpiringDays = 7
	if diff := cmp.Diff(want, r.Thresholds); diff != "" {
		t.Errorf("thresholds (-want +got):\n%s", diff)
	}
	if _, err := Resolve(nil, func(string) string { return "" }, nil); err != nil {
		t.Errorf("without flags: %v", err)
	}
}

// The names follow one rule, so that nobody has to look them up.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range settings {
		if s.Key != "" {
			if want := "AOPSCAN_" + strings.ToUpper(strings.ReplaceAll(s.Key, ".", "_")); s.Env != want {
				t.Errorf("%s is %s in the environment, want %s", s.Key, s.Env, want)
			}
		}
		if !strings.HasSuffix(s.Summary, ".") || s.kind.check == nil || s.kind.want == "" {
			t.Errorf("%s is incomplete", s.name())
		}
		for _, n := range []string{s.Key, "--" + s.Flag, s.Env} {
			if n != "" && n != "--" && seen[n] {
				t.Errorf("%s is used twice", n)
			}
			seen[n] = true
		}
		for _, v := range strings.Split(s.Default, ",") {
			if v != "" && s.kind.check(v) != nil {
				t.Errorf("the default of %s is refused: %v", s.name(), s.kind.check(v))
			}
		}
	}
}

func TestCheckFlags(t *testing.T) {
	for _, s := range settings {
		if s.Flag == "" {
			continue
		}
		sample := samples[s.name()]
		flags := flagSet()
		if err := flags.Set(s.Flag, sample.flag); err != nil {
			t.Fatal(err)
		}
		if err := CheckFlags(flags); err != nil {
			t.Errorf("--%s=%s: %v", s.Flag, sample.flag, err)
		}
		if s.Key == "origins" { // what they are is read by the inventory
			continue
		}
		flags = flagSet()
		err := flags.Set(s.Flag, sample.wrong)
		if err != nil { // the flag's own type refuses it; the words are ours all the same
			err = CheckFlag(s.Flag, sample.wrong)
		} else {
			err = CheckFlags(flags)
		}
		if err == nil || !strings.HasPrefix(err.Error(), "reading --"+s.Flag+": ") {
			t.Errorf("--%s=%q: error %v", s.Flag, sample.wrong, err)
		}
	}
	for flag, values := range map[string][]string{
		"zone":         {"", "a.example,", "https://a.example/"},
		"path":         {"/a b", "/a\x1b", "/é", "/a#b", "https://a.example/b", "//" + strings.Repeat("a", maxPath)},
		"other-name":   {"bad!name.example", "*", "a..example", "https://a.example"},
		"resolver":     {"dns.example", ":53", "192.0.2.1:99999"},
		"edge-address": {"edge", "192.0.2.1:0"},
		"concurrency":  {"1000000000"},
	} {
		for _, v := range values {
			flags := flagSet()
			if err := flags.Set(flag, v); err != nil {
				t.Fatal(err)
			}
			if err := CheckFlags(flags); err == nil {
				t.Errorf("--%s=%.40q is taken", flag, v)
			}
		}
	}
	for _, path := range []string{"/", "/a?b=c&d=%20", "//a", "/~x;y=1"} {
		flags := flagSet()
		if err := flags.Set("path", path); err != nil {
			t.Fatal(err)
		}
		if err := CheckFlags(flags); err != nil {
			t.Error(err)
		}
	}
}

func TestNoKeyInErrors(t *testing.T) {
	flags := flagSet()
	if err := flags.Set("client-key", "\n-----BEGIN PRIVATE KEY-----\nMIIcanary\n"); err != nil {
		t.Fatal(err)
	}
	if err := CheckFlags(flags); err == nil || strings.Contains(err.Error(), "MIIcanary") {
		t.Errorf("error %v", err)
	}
}
