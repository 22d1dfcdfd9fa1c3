package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/report"
)

// Source says where a value comes from.
type Source string

// The sources of a value, the strongest first.
const (
	FromFlag        Source = "flag"
	FromEnvironment Source = "environment"
	FromFile        Source = "file"
	FromDefault     Source = "default"
)

// Resolved is what holds beside the flags.
type Resolved struct {
	Thresholds checks.Thresholds
	// Waivers and Lines are the file's; see [File].
	Waivers []report.Waiver
	Lines   map[string]int
	// Sources says where each value comes from, by [Setting.Key], or by
	// [Setting.Flag] where a setting has no key.
	Sources map[string]Source
}

// families are settings that belong together: where one of them is given, a
// weaker source is not asked for the others. `--zone a.example` on a file that
// names an account means that zone alone.
var families = [][]string{{"zones", "accounts"}, {"client_cert", "client_key"}}

// Resolve decides for every setting between flag, environment, file and
// default, in this order, and sets the flags that were not given. A list is
// taken whole from one source; an empty environment variable is no value. file
// is nil where there is none. Settings whose flag is not in flags are passed over, so a
// command gets what it takes. Errors are of type [*Error].
func Resolve(flags *pflag.FlagSet, env func(string) string, file *File) (*Resolved, error) {
	if flags == nil {
		flags = pflag.NewFlagSet("none", pflag.ContinueOnError)
	}
	r := &Resolved{Thresholds: checks.DefaultThresholds, Lines: map[string]int{}, Sources: map[string]Source{}}
	if file == nil {
		file = &File{}
	} else {
		r.Waivers, r.Lines = file.Waivers, file.Lines
	}
	var problems []Problem
	for _, s := range settings {
		source := sourceOf(s, flags, env, file)
		r.Sources[s.name()] = source
		var values []string
		switch source {
		case FromEnvironment:
			var bad []Problem
			values, bad = s.fromEnvironment(env(s.Env))
			problems = append(problems, bad...)
			if len(bad) > 0 || len(values) == 0 {
				continue
			}
		case FromFile:
			values = file.Values[s.Key]
			if !s.List && len(values) == 0 {
				continue // another member of its family is in the file
			}
		default:
			continue
		}
		if s.Flag == "" {
			r.threshold(s.Key, values)
			continue
		}
		f := flags.Lookup(s.Flag)
		if f == nil {
			continue
		}
		if err := setFlag(f, s.List, values); err != nil {
			problems = append(problems, Problem{File: s.Env, Message: err.Error()})
		}
	}
	if len(problems) > 0 {
		return nil, &Error{Problems: problems}
	}
	return r, nil
}

// CheckFlags holds the flags that were given on the command line to the same
// rules as the file and the environment, and returns an error for the first that
// breaks one: what is passed over in silence is not asked for. An empty value is
// an error too, since `--zone "$ZONE"` without a ZONE would mean every zone.
func CheckFlags(flags *pflag.FlagSet) error {
	for _, s := range settings {
		f := flags.Lookup(s.Flag)
		if f == nil || !f.Changed || s.Key == "origins" { // origins may be names here, and have a parser
			continue
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			if values = list.GetSlice(); len(values) == 0 {
				values = []string{""}
			}
		}
		for _, v := range values {
			if err := CheckFlag(s.Flag, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// CheckFlag is [CheckFlags] for one value of one flag, for values too that the
// flag itself does not take.
func CheckFlag(name, value string) error {
	for _, s := range settings {
		if s.Flag != name {
			continue
		}
		if value == "" {
			return bad("give a value, or leave the flag out", "reading --%s: it is empty", name)
		}
		if err := s.kind.check(value); err != nil {
			return bad(hintOf(err), "reading --%s: %w", name, err)
		}
	}
	return nil
}

// sourceOf returns the strongest source that gives the setting or a member of
// its family.
func sourceOf(s Setting, flags *pflag.FlagSet, env func(string) string, file *File) Source {
	members := []Setting{s}
	for _, names := range families {
		if slices.Contains(names, s.Key) {
			members = members[:0]
			for _, key := range names {
				members = append(members, settingOf(key))
			}
		}
	}
	given := func(by func(Setting) bool) bool { return slices.ContainsFunc(members, by) }
	switch {
	case given(func(m Setting) bool {
		f := flags.Lookup(m.Flag)
		return m.Flag != "" && f != nil && f.Changed
	}):
		return FromFlag
	case given(func(m Setting) bool { return strings.TrimSpace(env(m.Env)) != "" }):
		return FromEnvironment
	case given(func(m Setting) bool { _, ok := file.Values[m.Key]; return ok }):
		return FromFile
	}
	return FromDefault
}

// fromEnvironment reads the value of an environment variable.
func (s Setting) fromEnvironment(value string) ([]string, []Problem) {
	if strings.TrimSpace(value) == "" {
		return nil, nil // another member of its family is in the environment
	}
	values := []string{strings.TrimSpace(value)}
	if s.List {
		values = strings.Split(value, ",")
	}
	var problems []Problem
	for i, v := range values {
		values[i] = strings.TrimSpace(v)
		if err := s.kind.check(values[i]); err != nil {
			problems = append(problems, Problem{File: s.Env, Message: err.Error(), Hint: hintOf(err)})
		}
	}
	return values, problems
}

// setFlag gives a flag its value without marking it as given on the command line.
func setFlag(f *pflag.Flag, list bool, values []string) error {
	if list {
		sv, ok := f.Value.(pflag.SliceValue)
		if !ok {
			return fmt.Errorf("the flag --%s takes one value", f.Name)
		}
		return sv.Replace(values)
	}
	return f.Value.Set(values[0])
}

func (r *Resolved) threshold(key string, values []string) {
	days := atoi(values[0])
	switch key {
	case "thresholds.expiring_days":
		r.Thresholds.ExpiringDays = days
	case "thresholds.expiring_soon_days":
		r.Thresholds.ExpiringSoonDays = days
	case "thresholds.ca_expiring_days":
		r.Thresholds.CAExpiringDays = days
	default:
		panic("config: no flag and no threshold: " + key)
	}
}
