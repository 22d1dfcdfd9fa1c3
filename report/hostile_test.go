package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/sanitize"
)

// hostile holds everything that a screen, a browser, a spreadsheet, Markdown or a
// CI runner could act on.
const hostile = "=cmd|' /C calc'!A0 <script>alert(1)</script><img src=x onerror=alert(2)> \x1b[2J\x1b]0;owned\a\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\ \u202eexe.gpj\u2066 " +
	"##[error]owned ##vso[task.setvariable variable=x]y `rm -rf /` | **bold** [x](javascript:alert(3)) ]]> --> \r\n::error::owned\n::stop-commands::x\n| --- |\n\xff\xfe\x00\u009b31m \u200b\u2028 {{7*7}} ${x} %0A::warning::x @everyone #1 \"' end"

// hostileReport is the sample with the hostile text in every place that an
// outsider can write to.
func hostileReport() *Report {
	ev, out, o := sampleInput()
	infect(reflect.ValueOf(ev).Elem(), "")
	for i := range out.Results {
		res := &out.Results[i]
		res.Zone, res.Hostname, res.Subject = hostile, hostile, hostile
		if res.Address != "" {
			res.Address = hostile
		}
		res.Message, res.Reason, res.Remediation, res.Reproduce = hostile, hostile, hostile, hostile
		res.Permission = hostile
		res.Facts = map[string]string{hostile: hostile}
		if res.Waiver != nil {
			res.Waiver.Owner, res.Waiver.Reason, res.Waiver.Proof = hostile, hostile, hostile
		}
	}
	for i := range out.Origins {
		og := &out.Origins[i]
		infect(reflect.ValueOf(&og.Endpoint).Elem(), "")
		og.Judgement.Why, og.Judgement.Reproduce = hostile, hostile
		og.Judgement.Notes = []string{hostile}
		for j := range og.Judgement.Bypasses {
			b := &og.Judgement.Bypasses[j]
			b.Why, b.Reproduce, b.Observation = hostile, hostile, hostile
		}
	}
	for i := range o.Waivers {
		w := &o.Waivers[i]
		w.Check, w.Owner, w.Reason, w.File = hostile, hostile, hostile, hostile
	}
	o.WaiverSnippets = true
	r := Build(ev, out, o)
	r.Baseline = &BaselineSummary{File: hostile}
	return r
}

// infect sets every string that is not a word of ours to the hostile text.
func infect(v reflect.Value, field string) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() && field != "ID" && field != "Version" {
			v.SetString(hostile)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() || v.Type() == reflect.TypeFor[evidence.Tool]() || v.Type() == reflect.TypeFor[evidence.ProbeOptions]() {
			return
		}
		for i := range v.NumField() {
			infect(v.Field(i), v.Type().Field(i).Name)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			infect(v.Elem(), field)
		}
	case reflect.Slice:
		for i := range v.Len() {
			infect(v.Index(i), field)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			nv := reflect.New(v.Type().Elem()).Elem()
			nv.Set(v.MapIndex(k))
			infect(nv, field)
			v.SetMapIndex(k, nv)
		}
	}
}

// TestHostileText sends the hostile text through every format and demands that it
// is inert in each.
func TestHostileText(t *testing.T) {
	r := hostileReport()
	for _, f := range formats() {
		for _, o := range []WriteOptions{{}, {Width: 80, Control: "CWE"}, {Width: 30, Verbose: true}, {SARIFCategory: hostile, ConfigPath: hostile, ConfigLines: map[string]int{clean(hostile): 3}}} {
			b, err := f.write(r, o)
			if err != nil {
				t.Fatalf("%s: %v", f.name, err)
			}
			if !bytes.Contains(b, []byte("end")) && f.name != "jsonl" {
				t.Errorf("%s does not hold the text at all", f.name)
			}
			checkInert(t, f.name, b)
		}
	}
	for line := range strings.Lines(string(Annotations(r))) {
		rest, ok := strings.CutPrefix(line, "::")
		if !ok || strings.Count(line, "\n") != 1 {
			t.Errorf("annotation %q", line)
		}
		head, _, _ := strings.Cut(rest, "::")
		command, properties, _ := strings.Cut(head, " ")
		if command != "error" && command != "warning" && command != "notice" {
			t.Errorf("command %q", command)
		}
		if !strings.HasPrefix(properties, "title=") || strings.ContainsAny(strings.TrimPrefix(properties, "title="), ",:") {
			t.Errorf("properties %q", properties)
		}
		if strings.Contains(line, "%0A") && !strings.Contains(line, "%250A") {
			t.Errorf("a line end of strangers in %q", line)
		}
	}
}

// The active parts of the hostile text, as a format's reader would meet them.
var (
	rawMarkup     = regexp.MustCompile(`(?i)<\s*/?\s*(script|img)\b`)
	runnerCommand = regexp.MustCompile(`##[a-zA-Z]*\[`)
	commandLine   = regexp.MustCompile(`(?m)^\s*::`)
)

// checkInert demands that nothing in b acts on whoever reads it.
func checkInert(t *testing.T, format string, b []byte) {
	t.Helper()
	if !utf8.Valid(b) {
		t.Errorf("%s: not UTF-8", format)
	}
	text := string(b)
	for _, r := range text {
		if r != '\n' && !sanitize.Printable(r) {
			t.Errorf("%s: %U", format, r)
			break
		}
	}
	if commandLine.MatchString(text) {
		t.Errorf("%s: a line begins a workflow command: %q", format, commandLine.FindString(text))
	}
	if m := runnerCommand.FindString(text); m != "" {
		t.Errorf("%s: a runner's command %q", format, m)
	}
	switch format {
	case "html", "junit", "markdown":
		if m := rawMarkup.FindString(text); m != "" {
			t.Errorf("%s: markup %q", format, m)
		}
	}
	switch format {
	case "junit":
		dec := xml.NewDecoder(bytes.NewReader(b))
		for {
			tok, err := dec.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("junit: %v", err)
			}
			if s, ok := tok.(xml.StartElement); ok && !slices.Contains([]string{"testsuites", "testsuite", "testcase", "failure", "error", "skipped"}, s.Name.Local) {
				t.Errorf("junit: element %q", s.Name.Local)
			}
		}
	case "csv":
		rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		if err != nil {
			t.Fatalf("csv: %v", err)
		}
		for _, row := range rows {
			for _, c := range row {
				if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
					t.Errorf("csv: formula %q", c)
				}
			}
		}
	case "markdown":
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "| ") {
				continue
			}
			// Every pipe of a row is one of ours: " | " between cells.
			if strings.Count(line, "|") != strings.Count(line, " | ")+2 {
				t.Errorf("markdown: a pipe within a cell: %q", line)
			}
		}
		for _, bad := range []string{"`", "**bold**", "](", "${", "@everyone", "http://"} {
			if strings.Contains(text, bad) {
				t.Errorf("markdown: %q", bad)
			}
		}
	case "json", "sarif":
		if !json.Valid(b) {
			t.Errorf("%s: not JSON", format)
		}
	case "jsonl":
		for line := range strings.Lines(text) {
			if !json.Valid([]byte(line)) {
				t.Errorf("jsonl: not JSON: %q", line)
			}
		}
	}
}
