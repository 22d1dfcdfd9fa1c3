package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/aopscan/aopscan/internal/nearest"
	"github.com/aopscan/aopscan/report"
)

// decoder walks the YAML tree by the table of settings and collects everything
// that is wrong.
type decoder struct {
	file     *File
	lines    map[string]int // where a key of the file stands
	problems []Problem
}

func (d *decoder) problemAt(line, column int, message, hint string) {
	d.problems = append(d.problems, Problem{File: d.file.Path, Line: max(line, 1), Column: max(column, 1), Message: message, Hint: hint})
}

func (d *decoder) problem(n *yaml.Node, message, hint string) {
	d.problemAt(n.Line, n.Column, message, hint)
}

// plain refuses what YAML has beyond plain values. An anchor that stands for a
// thousand waivers is no waiver list that anybody reviews.
func (d *decoder) plain(n *yaml.Node) bool {
	switch {
	case n.Kind == yaml.AliasNode:
		d.problem(n, "an alias (*"+n.Value+") is not taken", "write the value out; put text that begins with * in quotes")
	case n.Anchor != "":
		d.problem(n, "an anchor (&"+n.Anchor+") is not taken", "write the value out; put text that begins with & in quotes")
	case n.Style&yaml.TaggedStyle != 0:
		d.problem(n, "a type tag ("+quote(n.Tag)+") is not taken", "leave the tag out; put text that begins with ! in quotes")
	case n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "PRIVATE KEY-----"):
		d.problem(n, "a private key stands in the file", "take it out, replace it where it is used, and give the path of a file instead")
	default:
		return true
	}
	return false
}

// fields calls set for every key of a mapping that is in keys. What says where
// the keys are: "waiver", or "" at the top.
func (d *decoder) fields(n *yaml.Node, what string, keys []string, set func(key string, k, v *yaml.Node)) {
	if !d.plain(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		hint := ""
		if n.Tag == "!!null" {
			hint = "give it keys, or leave it out"
		}
		d.problem(n, fmt.Sprintf("%s: want a mapping of keys to values, got %s", subject(what), typeName(n)), hint)
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if !d.plain(k) {
			continue
		}
		if k.Kind != yaml.ScalarNode {
			d.problem(k, "a key is a word, not "+typeName(k), "")
			continue
		}
		key := k.Value
		if line, ok := seen[key]; ok {
			d.problem(k, fmt.Sprintf("the key %s is given twice; first on line %d", quote(key), line), "keep one of them")
			continue
		}
		seen[key] = k.Line
		if slices.Contains(keys, key) {
			set(key, k, v)
			continue
		}
		d.unknownKey(k, what, keys)
	}
}

func subject(what string) string {
	if what == "" {
		return "the file"
	}
	return what
}

// topKeys are the keys at the top of the file.
func topKeys() []string {
	var keys []string
	for _, s := range settings {
		key, _, _ := strings.Cut(s.Key, ".")
		if key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return append(keys, "waivers")
}

// groupKeys are the keys under a top key that has some.
func groupKeys(group string) []string {
	var keys []string
	for _, s := range settings {
		if rest, ok := strings.CutPrefix(s.Key, group+"."); ok {
			keys = append(keys, rest)
		}
	}
	return keys
}

// credentials are keys that people look for in such a file. Their values are
// never shown.
var credentials = []string{
	"token", "apitoken", "cloudflaretoken", "cloudflareapitoken", "cfapitoken", "bearer", "key", "apikey", "globalapikey", "authkey",
	"cloudflareapikey", "email", "authemail", "apiemail", "cloudflareemail", "secret", "password", "credentials", "privatekey",
}

func (d *decoder) unknownKey(k *yaml.Node, what string, keys []string) {
	key := k.Value
	plain := strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(key))
	for _, s := range settings {
		if s.Key == "" && what == "" && strings.EqualFold(plain, strings.ReplaceAll(s.Flag, "-", "")) {
			d.problem(k, fmt.Sprintf("%s cannot stand in the file", quote(key)),
				fmt.Sprintf("use --%s or %s: the file must not decide where the token comes from or goes to", s.Flag, s.Env))
			return
		}
	}
	if slices.Contains(credentials, plain) {
		d.problem(k, fmt.Sprintf("%s is a credential, and the file holds none", quote(key)),
			"set CLOUDFLARE_API_TOKEN in the environment, or give --token-file FILE")
		return
	}
	where := ""
	if what != "" {
		where = " in " + what
	}
	hint := ""
	switch {
	case what == "" && nearest.Word(key, keys) == "":
		for _, s := range settings { // one of a group's keys, at the top
			if group, rest, ok := strings.Cut(s.Key, "."); ok && nearest.Word(key, []string{rest}) != "" {
				hint = fmt.Sprintf("did you mean %s, under %s?", quote(rest), quote(group))
				break
			}
		}
	case what != "" && nearest.Word(key, keys) == "" && nearest.Word(key, topKeys()) != "":
		hint = fmt.Sprintf("did you mean %s, at the top of the file?", quote(nearest.Word(key, topKeys())))
	}
	if hint == "" {
		hint = didYouMean(key, keys, "the keys are "+strings.Join(keys, ", "))
	}
	d.problem(k, fmt.Sprintf("unknown key %s%s", quote(key), where), hint)
}

func (d *decoder) root(n *yaml.Node) {
	d.fields(n, "", topKeys(), func(key string, k, v *yaml.Node) {
		d.lines[key] = k.Line
		switch sub := groupKeys(key); {
		case key == "waivers":
			d.waivers(v)
		case len(sub) > 0:
			d.fields(v, key, sub, func(name string, k, v *yaml.Node) {
				d.lines[key+"."+name] = k.Line
				d.setting(key+"."+name, v)
			})
		default:
			d.setting(key, v)
		}
	})
}

// settingOf returns the setting of a key that is known to be one.
func settingOf(key string) Setting {
	for _, s := range settings {
		if s.Key == key {
			return s
		}
	}
	panic("config: no setting " + key)
}

func (d *decoder) setting(key string, v *yaml.Node) {
	s := settingOf(key)
	if !s.List {
		if text, ok := d.scalar(key, s.kind, v); ok {
			d.file.Values[key] = []string{text}
		}
		return
	}
	values := []string{}
	seen := map[string]int{}
	for _, item := range d.items(key, s.kind.want, v) {
		var text string
		var ok bool
		if key == "origins" && item.Kind == yaml.MappingNode {
			text, ok = d.origin(item)
		} else {
			text, ok = d.scalar(key, s.kind, item)
		}
		if !ok {
			continue
		}
		if line, twice := seen[text]; twice {
			d.problem(item, fmt.Sprintf("%s: %s is listed twice; first on line %d", key, quote(text), line), "keep one of them")
			continue
		}
		seen[text] = item.Line
		values = append(values, text)
		d.place(key, text, item.Line)
	}
	d.file.Values[key] = values
}

// place notes where a zone or a hostname is named.
func (d *decoder) place(key, text string, line int) {
	switch key {
	case "zones", "other_names":
	case "origins":
		text, _, _ = strings.Cut(text, "=")
	default:
		return
	}
	name := strings.ToLower(strings.TrimSuffix(text, "."))
	if _, ok := d.file.Lines[name]; !ok {
		d.file.Lines[name] = line
	}
}

// items are the values of a list.
func (d *decoder) items(key, want string, v *yaml.Node) []*yaml.Node {
	if !d.plain(v) {
		return nil
	}
	if v.Kind == yaml.SequenceNode {
		return v.Content
	}
	hint := "write it as a list: one \"- value\" per line, or [value, value]"
	if v.Kind == yaml.ScalarNode && v.Tag == "!!null" {
		hint = "give the list, write [], or leave the key out"
	}
	if want != "" {
		want = " (each " + want + ")"
	}
	d.problem(v, fmt.Sprintf("%s: want a list%s, got %s", key, want, typeName(v)), hint)
	return nil
}

// scalar is the text of a value of the kind.
func (d *decoder) scalar(key string, k kind, v *yaml.Node) (string, bool) {
	if !d.plain(v) {
		return "", false
	}
	if v.Kind != yaml.ScalarNode || !slices.Contains(k.tags, v.Tag) {
		hint := ""
		switch {
		case v.Kind != yaml.ScalarNode:
		case v.Tag == "!!null":
			hint = "give a value, or leave the key out"
		case k.want == "text":
			hint = "put it in quotes"
		default:
			hint = "leave out the quotes"
			if err := k.check(v.Value); err != nil {
				hint = hintOf(err)
			}
		}
		d.problem(v, fmt.Sprintf("%s: want %s, got %s", key, k.want, typeName(v)), hint)
		return "", false
	}
	if err := k.check(v.Value); err != nil {
		d.problem(v, key+": "+err.Error(), hintOf(err))
		return "", false
	}
	return v.Value, true
}

// typeName is what YAML takes a value for.
func typeName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!null":
		return "nothing"
	case "!!bool":
		return n.Value
	case "!!int", "!!float":
		return "the number " + strings.Trim(quote(n.Value), `"`)
	case "!!timestamp":
		return "the date " + strings.Trim(quote(n.Value), `"`)
	}
	return "the text " + quote(n.Value)
}

// origin reads the mapping form of an origin and returns its text form.
func (d *decoder) origin(n *yaml.Node) (string, bool) {
	before := len(d.problems)
	values := map[string]string{}
	d.fields(n, "origins", originKeys, func(key string, _, v *yaml.Node) {
		k := map[string]kind{"hostname": hostKind, "address": addressKind, "port": intKind(1, 65535)}[key]
		if text, ok := d.scalar("origins: "+key, k, v); ok {
			values[key] = text
		}
	})
	for _, key := range originKeys[:2] {
		if values[key] == "" && len(d.problems) == before {
			d.problem(n, fmt.Sprintf("origins: %s is missing", key), originHint)
		}
	}
	if len(d.problems) > before {
		return "", false
	}
	text := values["hostname"] + "=" + values["address"]
	if port := values["port"]; port != "" {
		text = fmt.Sprintf("%s=%s:%s", values["hostname"], bracketed(values["address"]), port)
	}
	return text, true
}

var originKeys = []string{"hostname", "address", "port"}

func bracketed(address string) string {
	if strings.Contains(address, ":") {
		return "[" + address + "]"
	}
	return address
}

// waiverFields are the keys of a waiver, in the order of the documentation.
var waiverFields = []struct {
	key      string
	required bool
	kind     kind
	summary  string
}{
	{"check", true, waiverCheckKind, "Check whose failures are accepted, by ID; a pattern such as origin-* means several."},
	{"zone", false, patternKind, "Zone that it speaks of, as a pattern. Without it, any."},
	{"hostname", false, patternKind, "Hostname that it speaks of, as a pattern. Without it, any."},
	{"address", false, addressPatternKind, "Address that it speaks of: an address, ADDR:PORT, a CIDR or a pattern. Without it, any."},
	{"subject", false, patternKind, "Certificate, record or rule that it speaks of, as reports name it, as a pattern. Without it, any."},
	{"reason", true, lineKind, "Why the failure is accepted."},
	{"owner", true, lineKind, "Who answers for it."},
	{"expires", true, dateKind, "Last day on which it holds (UTC), YYYY-MM-DD."},
}

const waiverHint = "a waiver says check, reason, owner and expires"

func (d *decoder) waivers(v *yaml.Node) {
	keys := make([]string, len(waiverFields))
	for i, f := range waiverFields {
		keys[i] = f.key
	}
	for _, item := range d.items("waivers", "", v) {
		before := len(d.problems)
		values := map[string]string{}
		given := map[string]bool{}
		d.fields(item, "waivers", keys, func(key string, _, v *yaml.Node) {
			given[key] = true
			f := waiverFields[slices.Index(keys, key)]
			if f.required && v.Kind == yaml.ScalarNode && strings.TrimSpace(v.Value) == "" {
				d.problem(v, fmt.Sprintf("waivers: %s is empty", key), waiverHint)
				return
			}
			if text, ok := d.scalar("waivers: "+key, f.kind, v); ok {
				values[key] = text
			}
		})
		if item.Kind != yaml.MappingNode {
			continue
		}
		for _, f := range waiverFields {
			if f.required && !given[f.key] {
				d.problem(item, fmt.Sprintf("waivers: %s is missing", f.key), waiverHint)
			}
		}
		if len(d.problems) > before {
			continue
		}
		expires, _ := time.Parse(time.DateOnly, values["expires"])
		d.file.Waivers = append(d.file.Waivers, report.Waiver{
			Check: values["check"], Zone: values["zone"], Hostname: values["hostname"], Address: values["address"], Subject: values["subject"],
			Reason: values["reason"], Owner: values["owner"], Expires: expires,
			File: d.file.Path, Line: item.Line,
		})
	}
}

// together checks what only several values together make wrong.
func (d *decoder) together() {
	v := d.file.Values
	at := func(key, message, hint string) { d.problemAt(d.lines[key], 1, message, hint) }

	stdout, paths := "", map[string]string{}
	for _, text := range v["outputs"] {
		o, err := report.ParseOutput(text)
		switch {
		case err != nil:
		case o.Path == "" && stdout != "":
			at("outputs", fmt.Sprintf("outputs: %s and %s both go to standard output", quote(stdout), quote(text)), "give all but one a file: json=report.json")
		case o.Path == "":
			stdout = text
		case paths[o.Path] != "":
			at("outputs", fmt.Sprintf("outputs: %s and %s go to the same file", quote(paths[o.Path]), quote(text)), "give each its own")
		default:
			paths[o.Path] = text
		}
	}
	for _, pair := range [][2]string{{"client_cert", "client_key"}, {"client_key", "client_cert"}} {
		if len(v[pair[0]]) > 0 && d.lines[pair[1]] == 0 {
			at(pair[0], fmt.Sprintf("%s is given without %s", pair[0], pair[1]), "give both, or neither")
		}
	}
	for _, id := range v["checks.only"] {
		if slices.Contains(v["checks.skip"], id) {
			at("checks.skip", fmt.Sprintf("checks: %s is both in only and in skip", quote(id)), "keep one of them")
		}
	}
	if soon, expiring := v["thresholds.expiring_soon_days"], v["thresholds.expiring_days"]; len(soon) == 1 && len(expiring) == 1 && atoi(soon[0]) > atoi(expiring[0]) {
		at("thresholds.expiring_soon_days", fmt.Sprintf("thresholds: expiring_soon_days (%s) is more than expiring_days (%s)", soon[0], expiring[0]), "soon is the nearer of the two")
	}
}
