package report

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/sanitize"
	"github.com/aopscan/aopscan/internal/verdict"
)

var schemaPath = filepath.Join("..", "docs", "schema", "report-1.json")

func TestJSONSchema(t *testing.T) {
	s := compileSchema(t, schemaPath)
	reports := map[string]*Report{"sample": sample(), "hostile": hostileReport(), "empty": emptyReport(), "noprobe": withoutProbing(nil)}
	for seed := range uint64(200) {
		reports[fmt.Sprint("random ", seed)] = randomReport(seed)
	}
	for name, r := range reports {
		b, err := JSON(r, WriteOptions{Control: "CWE"})
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, s, b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Controls: the schema refuses what a report is not.
	for name, change := range map[string]func(map[string]any){
		"an unknown member":   func(m map[string]any) { m["extra"] = 1 },
		"no results":          func(m map[string]any) { delete(m, "results") },
		"null results":        func(m map[string]any) { m["results"] = nil },
		"an unknown status":   func(m map[string]any) { m["results"].([]any)[0].(map[string]any)["status"] = "ok" },
		"an unknown verdict":  func(m map[string]any) { m["origins"].([]any)[0].(map[string]any)["verdict"] = "fine" },
		"another schema":      func(m map[string]any) { m["schema"] = "x" },
		"a date that is none": func(m map[string]any) { m["started_at"] = "yesterday" },
	} {
		b, err := JSON(sample(), WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		change(m)
		if b, err = json.Marshal(m); err != nil {
			t.Fatal(err)
		}
		if validate(t, s, b) == nil {
			t.Errorf("the schema lets %s through", name)
		}
	}
}

// The schema and the types have the same members: neither runs ahead.
func TestJSONSchemaMatchesTypes(t *testing.T) {
	b, err := os.ReadFile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties           map[string]json.RawMessage
		Required             []string
		AdditionalProperties *bool                      `json:"additionalProperties"`
		Defs                 map[string]json.RawMessage `json:"$defs"`
	}
	parse := func(raw []byte) (o object) {
		t.Helper()
		// Maps say {"additionalProperties": {...}}; only objects are parsed here.
		if err := json.Unmarshal(raw, &o); err != nil {
			t.Fatalf("%v in %.80s", err, raw)
		}
		return o
	}
	top := parse(b)
	seen := map[reflect.Type]bool{}
	var compare func(path string, ty reflect.Type, o object)
	var descend func(path string, ty reflect.Type, raw json.RawMessage)
	descend = func(path string, ty reflect.Type, raw json.RawMessage) {
		var s struct {
			Ref   string `json:"$ref"`
			Items json.RawMessage
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatal(err)
		}
		switch {
		case ty.Kind() == reflect.Pointer:
			descend(path, ty.Elem(), raw)
		case ty.Kind() == reflect.Slice:
			descend(path+"[]", ty.Elem(), s.Items)
		case ty.Kind() == reflect.Struct && ty != reflect.TypeFor[time.Time]():
			name, ok := strings.CutPrefix(s.Ref, "#/$defs/")
			if !ok || top.Defs[name] == nil {
				t.Errorf("%s: no definition: %s", path, raw)
				return
			}
			if !seen[ty] {
				seen[ty] = true
				compare(path, ty, parse(top.Defs[name]))
			}
		}
	}
	compare = func(path string, ty reflect.Type, o object) {
		if o.AdditionalProperties == nil || *o.AdditionalProperties {
			t.Errorf("%s is not closed", path)
		}
		var names, required []string
		for _, f := range reflect.VisibleFields(ty) {
			if f.Anonymous || !f.IsExported() {
				continue
			}
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			names = append(names, name)
			if !strings.Contains(options, "omitempty") {
				required = append(required, name)
			}
			if raw, ok := o.Properties[name]; ok {
				descend(path+"."+name, f.Type, raw)
			}
		}
		var have []string
		for name := range o.Properties {
			have = append(have, name)
		}
		sorted := cmpopts.SortSlices(strings.Compare)
		if diff := cmp.Diff(names, have, sorted); diff != "" {
			t.Errorf("%s: members (-types +schema):\n%s", path, diff)
		}
		if diff := cmp.Diff(required, o.Required, sorted, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: required (-types +schema):\n%s", path, diff)
		}
	}
	compare("report", reflect.TypeFor[Report](), top)
	if len(seen) < 25 {
		t.Errorf("only %d types were compared", len(seen))
	}
}

// What is written is read back as it was, hostile text included.
func TestJSONRoundTrip(t *testing.T) {
	for name, r := range map[string]*Report{"sample": sample(), "hostile": hostileReport()} {
		b, err := JSON(r, WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var got Report
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		again, err := JSON(&got, WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		// As values: what was no UTF-8 is spelt otherwise the second time.
		var x, y any
		if json.Unmarshal(b, &x) != nil || json.Unmarshal(again, &y) != nil || !reflect.DeepEqual(x, y) {
			t.Errorf("%s changed:\n%.3000s", name, cmp.Diff(x, y))
		}
		if name == "sample" {
			if diff := cmp.Diff(r, &got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	}
}

func TestInertJSON(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":"plain ä"}`:        `{"a":"plain ä"}`,
		"{\"a\":\"\u202e\"}":     `{"a":"\u202e"}`,
		"{\"a\":\"\u009b\"}":     `{"a":"\u009b"}`,
		"{\"a\":\"\x7f\"}":       `{"a":"\u007f"}`,
		"{\"a\":\"\U000e0041\"}": `{"a":"\udb40\udc41"}`,
		`{"a":"##vso[x]"}`:       `{"a":"##vso\u005bx]"}`,
		`{"a":"##[error]"}`:      `{"a":"##\u005berror]"}`,
	} {
		got := string(inertJSON([]byte(in)))
		if got != want {
			t.Errorf("inertJSON(%q) = %q, want %q", in, got, want)
		}
		var a, b any
		if json.Unmarshal([]byte(in), &a) != nil || json.Unmarshal([]byte(got), &b) != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%q changed its meaning", in)
		}
	}
}

func FuzzInertJSON(f *testing.F) {
	f.Add(hostile)
	f.Add("##[")
	f.Add("##vso[x] ###a##teamcity[")
	f.Fuzz(func(t *testing.T, s string) {
		in, err := json.Marshal(map[string]string{s: s})
		if err != nil {
			t.Skip()
		}
		out := inertJSON(in)
		var a, b map[string]string
		if json.Unmarshal(in, &a) != nil || json.Unmarshal(out, &b) != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("%q became %q", in, out)
		}
		for _, r := range string(out) {
			if !sanitize.Printable(r) {
				t.Fatalf("%U in %q", r, out)
			}
		}
		if runnerCommand.Match(out) {
			t.Fatalf("workflow command in %q", out)
		}
	})
}

// words are the values that fields of these types can have.
var words = map[reflect.Type][]string{
	reflect.TypeFor[checks.Status]():              {"inconclusive", "pass", "fail", "not-applicable", "skipped", "waived"},
	reflect.TypeFor[checks.Severity]():            {"critical", "high", "medium", "low", "info"},
	reflect.TypeFor[checks.Needs]():               {"configuration", "probing"},
	reflect.TypeFor[verdict.Verdict]():            {"enforced", "bypassable", "not-enforced", "refused-otherwise", "unreachable", "inconclusive"},
	reflect.TypeFor[verdict.Confidence]():         {"proven", "likely", "unclear"},
	reflect.TypeFor[verdict.Demand]():             {"", "not-asked", "optional", "demanded"},
	reflect.TypeFor[verdict.Drift]():              {"unknown", "enforced", "sent-not-demanded", "demanded-not-sent", "demanded-not-trusted", "neither"},
	reflect.TypeFor[evidence.Tri]():               {"", "true", "false", "null"},
	reflect.TypeFor[evidence.CertificateSource](): {"", "none", "hostname", "zone", "global"},
	reflect.TypeFor[evidence.SectionState]():      {"denied", "failed"},
	reflect.TypeFor[evidence.AttemptName]():       {"no-certificate", "other-sni", "edge-control"},
	reflect.TypeFor[evidence.CertificateKind]():   {"none", "rogue", "spoofed", "user"},
	reflect.TypeFor[evidence.Stage]():             {"", "dial", "connected", "handshake", "secured", "response"},
	reflect.TypeFor[evidence.RequestKind]():       {"", "handshake", "renegotiation", "post-handshake"},
	reflect.TypeFor[evidence.CloseKind]():         {"", "alert", "close-notify", "eof", "reset", "timeout", "refused", "unreachable", "protocol", "local"},
	reflect.TypeFor[evidence.Moment]():            {"handshake", "after-handshake", "after-request", "during-response"},
	reflect.TypeFor[ControlState]():               {"assessed", "failed", "not-assessed"},
}

// randomReport builds a report from random evidence and results.
func randomReport(seed uint64) *Report {
	rnd := rand.New(rand.NewPCG(seed, 7))
	var ev evidence.Evidence
	var out checks.Outcome
	var o BuildOptions
	fill(rnd, reflect.ValueOf(&ev).Elem(), "", 0)
	fill(rnd, reflect.ValueOf(&out).Elem(), "", 0)
	o.FailOn = checks.Severity(words[reflect.TypeFor[checks.Severity]()][rnd.IntN(5)])
	o.Catalogue = sampleCatalogue()
	o.WaiverSnippets = rnd.IntN(2) == 0
	for i := range out.Results {
		res := &out.Results[i]
		c := o.Catalogue[rnd.IntN(len(o.Catalogue))]
		res.Check, res.Severity = c.ID, c.Severity
		res.Baseline = []string{"", "new", "unchanged"}[rnd.IntN(3)]
	}
	return Build(&ev, out, o)
}

func fill(rnd *rand.Rand, v reflect.Value, name string, depth int) {
	switch v.Kind() {
	case reflect.String:
		if list := words[v.Type()]; list != nil {
			v.SetString(list[rnd.IntN(len(list))])
			return
		}
		v.SetString([]string{"", "example.com", "203.0.113.9", "2001:db8::1", hostile, "ü", strings.Repeat("long", 60)}[rnd.IntN(7)])
	case reflect.Bool:
		v.SetBool(rnd.IntN(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(rnd.IntN(65536)))
	case reflect.Uint32:
		v.SetUint(uint64(rnd.Uint32()))
	case reflect.Pointer:
		if rnd.IntN(3) > 0 && depth < 8 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(rnd, v.Elem(), name, depth+1)
		}
	case reflect.Slice:
		if depth < 7 {
			n := rnd.IntN(4)
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(rnd, v.Index(i), name, depth+1)
			}
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range rnd.IntN(3) {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(rnd, k, name, depth+1)
			fill(rnd, e, name, depth+1)
			v.SetMapIndex(k, e)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(sampleNow.Add(time.Duration(rnd.IntN(100000)-50000) * time.Hour)))
			return
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() && v.Field(i).Kind() != reflect.Func {
				fill(rnd, v.Field(i), v.Type().Field(i).Name, depth+1)
			}
		}
	}
}

// No writer fails or panics on any report.
func TestWritersTakeAnyReport(t *testing.T) {
	for seed := range uint64(60) {
		r := randomReport(seed)
		for _, f := range formats() {
			for _, width := range []int{0, 1, 20, 80} {
				if width != 80 && f.name != "table" {
					continue
				}
				b, err := f.write(r, WriteOptions{Width: width, Verbose: seed%2 == 0, Control: "CWE", ConfigPath: "a.yaml", ConfigLines: map[string]int{"example.com": 3}})
				if err != nil {
					t.Fatalf("%s of report %d: %v", f.name, seed, err)
				}
				if f.name == "sarif" {
					var log sarifLog
					if err := json.Unmarshal(b, &log); err != nil {
						t.Fatal(err)
					}
					checkSARIF(t, b, log)
				}
				checkInert(t, f.name, b)
			}
		}
		Annotations(r)
	}
	zero := &Report{}
	for _, f := range formats() {
		if _, err := f.write(zero, WriteOptions{Width: 80}); err != nil {
			t.Errorf("%s of nothing: %v", f.name, err)
		}
	}
}
