package report

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

func mustTable(t *testing.T, r *Report, o WriteOptions) string {
	t.Helper()
	b, err := Table(r, o)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// joined is the text without the breaks that fitting it to a width makes.
func joined(s string) string { return strings.Join(strings.Fields(s), "") }

func TestTableWidth(t *testing.T) {
	for name, r := range map[string]*Report{"sample": sample(), "hostile": hostileReport(), "noprobe": withoutProbing(nil)} {
		for i := range r.Results {
			r.Results[i].WaiverSnippet = "" // to be pasted: never broken
		}
		for _, width := range []int{60, 72, 80, 100, 129, 130, 200} {
			for _, verbose := range []bool{false, true} {
				for line := range strings.Lines(mustTable(t, r, WriteOptions{Width: width, Verbose: verbose, Control: "CWE"})) {
					line = strings.TrimSuffix(line, "\n")
					if w := twwidth.Width(line); w > width {
						t.Errorf("%s at %d: a line of %d columns: %q", name, width, w, line)
					}
					if line != strings.TrimRight(line, " ") {
						t.Errorf("%s at %d: trailing blanks: %q", name, width, line)
					}
				}
			}
		}
	}
}

// Nothing is ever cut: every name and sentence is there at any width.
func TestTableCutsNothing(t *testing.T) {
	r := sample()
	for _, width := range []int{0, 40, 80, 130, 160} {
		text := mustTable(t, r, WriteOptions{Width: width, Verbose: true})
		// Column by column: the words of a cell are in order, though other cells'
		// lines stand between them.
		flat := joined(text)
		for _, o := range r.Origins {
			for _, label := range strings.FieldsFunc(o.Hostname, func(r rune) bool { return r == '.' || r == '-' }) {
				if !strings.Contains(flat, label) {
					t.Errorf("at %d: %q of %s is missing", width, label, o.Hostname)
				}
			}
		}
		for _, res := range r.Results {
			for _, word := range strings.Fields(res.Message) {
				if !strings.Contains(flat, strings.Trim(word, ".,'")) && width >= 80 {
					t.Errorf("at %d: %q of %q is missing", width, word, res.Message)
				}
			}
		}
		if strings.Contains(text, "…") || strings.Contains(text, "↩") {
			t.Errorf("at %d: a mark of cutting", width)
		}
	}
}

func TestTableOnePerLine(t *testing.T) {
	text := mustTable(t, sample(), WriteOptions{})
	want := regexp.MustCompile(`(?m)^FAIL \(new\)\s+critical\s+app\.example\.com 203\.0\.113\.11:443\s+origin-virtual-host-bypass\s+Without SNI, .*$`)
	if !want.MatchString(text) {
		t.Errorf("a finding is not one line where nothing wraps:\n%s", text)
	}
}

func TestTableColor(t *testing.T) {
	r := sample()
	plain := mustTable(t, r, WriteOptions{Width: 100, Control: "CWE"})
	colored := mustTable(t, r, WriteOptions{Width: 100, Control: "CWE", Color: true})
	if strings.Contains(plain, "\x1b") {
		t.Error("colour where none was asked for")
	}
	sgr := regexp.MustCompile(`\x1b\[[0-9]+m`)
	if sgr.ReplaceAllString(colored, "") != plain {
		t.Error("colour changes the text or its layout")
	}
	for line := range strings.Lines(colored) {
		if at := strings.LastIndex(line, "\x1b["); at >= 0 && !strings.HasPrefix(line[at:], "\x1b[0m") {
			t.Errorf("colour leaves its line: %q", line)
		}
	}
	for _, want := range []string{"\x1b[31mFAIL", "\x1b[33mUNKNOWN", "\x1b[31mnot-enforced", "\x1b[32menforced"} {
		if !strings.Contains(colored, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestColorWanted(t *testing.T) {
	for _, tc := range []struct {
		env      map[string]string
		terminal bool
		want     bool
	}{
		{nil, true, true}, {nil, false, false},
		{map[string]string{"NO_COLOR": "1"}, true, false}, {map[string]string{"NO_COLOR": ""}, true, true},
		{map[string]string{"CLICOLOR_FORCE": "1"}, false, true}, {map[string]string{"CLICOLOR_FORCE": "0"}, false, false},
		{map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, true, false},
		{map[string]string{"TERM": "dumb"}, true, false}, {map[string]string{"TERM": "xterm-256color"}, true, true},
		{map[string]string{"TERM": "dumb", "CLICOLOR_FORCE": "1"}, true, true},
		{map[string]string{"CLICOLOR": "0"}, true, false},
	} {
		if got := ColorWanted(func(k string) string { return tc.env[k] }, tc.terminal); got != tc.want {
			t.Errorf("ColorWanted(%v, %v) = %v", tc.env, tc.terminal, got)
		}
	}
}

func TestTableVerbose(t *testing.T) {
	r := sample()
	short, long := mustTable(t, r, WriteOptions{}), mustTable(t, r, WriteOptions{Verbose: true})
	if strings.Contains(short, "PASS ") || !strings.Contains(short, "4 passed, 1 not applicable") {
		t.Error("passing results are listed without being asked for, or not counted")
	}
	if strings.Count(long, "\nPASS ") != 4 || !strings.Contains(long, "Inventory:") {
		t.Error("passing results are not listed, or the inventory is not")
	}
}

// Worst first: zones, results within a zone, origins.
func TestTableOrder(t *testing.T) {
	text := mustTable(t, sample(), WriteOptions{})
	last := -1
	for _, want := range []string{"Zone example.com: 2 critical", "Zone example.net: 1 critical", "Zone example.org: 1 medium, 1 low, 4 not verified", "Origins:", "Not seen", "Exit code 1", "Next: "} {
		at := strings.Index(text, want)
		if at < last {
			t.Errorf("%q at %d, after %d", want, at, last)
		}
		last = at
	}
}

// An origin that cannot be reached is one line, not one per check.
func TestTableCollapsesWhatIsUnknown(t *testing.T) {
	var out checks.Outcome
	for i := range 14 {
		out.Results = append(out.Results, checks.Result{Check: fmt.Sprintf("check-%d", i), Status: checks.Inconclusive, Severity: checks.High,
			Zone: "a.example", Hostname: "www.a.example", Address: "203.0.113.9", Port: 443, Message: "The origin could not be reached.", Reason: "refused"})
	}
	out.Results = append(out.Results, checks.Result{Check: "other", Status: checks.Inconclusive, Zone: "a.example", Hostname: "www.a.example", Message: "Something else."})
	ev := &evidence.Evidence{CollectedAt: sampleNow}
	r := Build(ev, out, BuildOptions{Catalogue: sampleCatalogue()})
	text := mustTable(t, r, WriteOptions{})
	if strings.Count(text, "UNKNOWN") != 2 || !strings.Contains(text, "14 checks") {
		t.Errorf("not collapsed:\n%s", text)
	}
	if !strings.Contains(r.Summary.Verdict, "2 targets could not be verified") {
		t.Errorf("verdict %q", r.Summary.Verdict)
	}
}

func TestDriftMatrix(t *testing.T) {
	var origins []Origin
	add := func(d verdict.Drift, s evidence.CertificateSource) {
		origins = append(origins, Origin{Drift: d, CertificateSource: s})
	}
	add(verdict.DriftEnforced, evidence.CertificateZone)
	add(verdict.DriftUntrusted, evidence.CertificateHostname)
	add(verdict.DriftOpen, evidence.CertificateGlobal)
	add(verdict.DriftOutage, evidence.CertificateNone)
	add(verdict.DriftNeither, evidence.CertificateNone)
	add(verdict.DriftUnknown, evidence.CertificateZone)
	add(verdict.DriftUnknown, evidence.CertificateNone)
	add(verdict.DriftUnknown, evidence.CertificateUnknown)
	add("", evidence.CertificateUnknown)
	want := [3][3]int{{2, 1, 1}, {1, 1, 1}, {0, 0, 2}}
	if got := driftMatrix(origins); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestWrap(t *testing.T) {
	for _, tc := range []struct {
		text  string
		width int
		want  string
	}{
		{"short", 10, "short"},
		{"two words here", 9, "two words|here"},
		{"a-very-long-zone-name.example.com", 12, "a-very-long-|zone-name.|example.com"},
		{"unbreakablewordwithoutanything", 10, "unbreakabl|ewordwitho|utanything"},
		{"", 5, ""},
		{"例え例え例え", 5, "例え|例え|例え"},
		{"anything", 0, "anything"},
		{"x", 1, "x"},
	} {
		if got := strings.Join(wrap(tc.text, tc.width, tc.width), "|"); got != tc.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", tc.text, tc.width, got, tc.want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("a-very-long-zone-name.example.com and more", 7)
	f.Add("例え ::error::x", 3)
	f.Fuzz(func(t *testing.T, s string, width int) {
		s = clean(s)
		if width < 2 || width > 200 {
			return
		}
		lines := wrap(s, width, width)
		plain := strings.NewReplacer(`\x3a`, ":")
		if plain.Replace(joined(strings.Join(lines, ""))) != plain.Replace(joined(s)) {
			t.Fatalf("wrap(%q, %d) lost something: %q", s, width, lines)
		}
		for _, line := range lines {
			if commandLine.MatchString(line) {
				t.Fatalf("wrap(%q, %d): %q begins a workflow command", s, width, line)
			}
			if w := twwidth.Width(line); w > width {
				t.Fatalf("wrap(%q, %d): %q has %d columns", s, width, line, w)
			}
		}
	})
}

func TestOriginWords(t *testing.T) {
	for want, h := range map[string]Hostname{
		"203.0.113.1:443":         {Proxied: evidence.TriTrue, Origins: []string{"203.0.113.1:443"}},
		"none: Cloudflare Pages":  {Proxied: evidence.TriTrue, NoOrigin: "Cloudflare Pages"},
		"not known":               {Proxied: evidence.TriTrue},
		"in public DNS":           {Proxied: evidence.TriFalse},
		"203.0.113.2:443, paused": {Proxied: evidence.TriFalse, Origins: []string{"203.0.113.2:443", "paused"}},
	} {
		if got := strings.Join(originWords(h), ", "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSSLModeWord(t *testing.T) {
	for want, h := range map[string]Hostname{
		"not known":                     {},
		"strict":                        {SSLMode: "strict", SSLModeSource: "zone"},
		"off (page-rule)":               {SSLMode: "off", SSLModeSource: "page-rule"},
		"strict, in part flexible, off": {SSLMode: "strict", SSLModeSource: "zone", SSLModeOthers: []string{"flexible", "off"}},
	} {
		if got := sslModeWord(h); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What one missing permission hides is one row for a place, with every sentence kept.
func TestTableCollapsesByPermission(t *testing.T) {
	var out checks.Outcome
	for i, message := range []string{"The switch is not known.", "The certificates are not known.", "The switch is not known."} {
		out.Results = append(out.Results, checks.Result{Check: fmt.Sprintf("check-%d", i%2), Status: checks.Inconclusive, Zone: "a.example",
			Message: message, Reason: fmt.Sprintf("denied %d", i%2), Permission: "Zone · SSL and Certificates · Read"})
	}
	other := out.Results[0]
	other.Permission = "Zone · DNS · Read"
	failed := out.Results[0]
	failed.Status, failed.Severity = checks.Fail, checks.High
	out.Results = append(out.Results, other, failed)
	text := mustTable(t, Build(&evidence.Evidence{CollectedAt: sampleNow}, out, BuildOptions{Catalogue: sampleCatalogue()}), WriteOptions{})
	if strings.Count(text, "UNKNOWN") != 2 || strings.Count(text, "FAIL") != 1 {
		t.Errorf("not two unknown and one failed:\n%s", text)
	}
	if strings.Count(text, "The switch is not known. The certificates are not known. Why: denied 0; denied 1. Needs") != 1 {
		t.Errorf("sentences or reasons are lost or repeated:\n%s", text)
	}
}

// What is about no zone is about accounts where there are zones; its place is not
// torn into words, and a name of strangers is not either.
func TestTablePlaces(t *testing.T) {
	ev := &evidence.Evidence{CollectedAt: sampleNow, Zones: []evidence.Zone{{ID: "z", Name: "a.example"}}}
	out := checks.Outcome{Results: []checks.Result{
		{Check: "check-0", Status: checks.Fail, Severity: checks.Low, Message: "Nobody is told."},
		{Check: "check-1", Status: checks.Fail, Severity: checks.Low, Zone: "a.example", Hostname: "odd name.a.example", Address: "203.0.113.9", Port: 443, Message: "Open."},
	}}
	text := mustTable(t, Build(ev, out, BuildOptions{Catalogue: sampleCatalogue()}), WriteOptions{Width: 80})
	for _, want := range []string{"Accounts: 1 low", "the whole scan  Nobody", "odd name.a.example  Open.", "low  203.0.113.9:443"} {
		if !strings.Contains(regexp.MustCompile(`(\S) {2,}`).ReplaceAllString(text, "$1  "), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	ev.Zones = nil
	if text := mustTable(t, Build(ev, out, BuildOptions{Catalogue: sampleCatalogue()}), WriteOptions{}); !strings.Contains(text, "Targets: 1 low") {
		t.Errorf("a probe's targets are not called that:\n%s", text)
	}
}

// A table that scrolls says its verdict again at the end; a short one does not, and
// what is not for a screen does not.
func TestTableEnd(t *testing.T) {
	r := sample()
	if text := joined(mustTable(t, r, WriteOptions{Width: 80})); strings.Count(text, joined(r.Summary.Verdict)) != 2 {
		t.Error("the verdict is not said again at the end of a long table")
	}
	if text := mustTable(t, r, WriteOptions{}); strings.Count(text, r.Summary.Verdict) != 1 {
		t.Error("the verdict is said twice where nothing scrolls")
	}
	if text := joined(mustTable(t, emptyReport(), WriteOptions{Width: 80})); strings.Count(text, joined(emptyReport().Summary.Verdict)) != 1 {
		t.Error("a short table says its verdict twice")
	}
}

// The next command asks about the zone that was denied, and never carries what a
// shell would act on.
func TestNextCommandNamesTheZone(t *testing.T) {
	for zone, want := range map[string]string{
		"fog.example": "Next: aopscan doctor --zone fog.example   (", "$(id).example": "Next: aopscan doctor   (", "-x": "Next: aopscan doctor   (", "": "Next: aopscan doctor   (",
	} {
		r := emptyReport()
		r.Unread = []UnreadSection{{Zone: zone, Section: evidence.Section{State: evidence.SectionDenied}}}
		if text := mustTable(t, r, WriteOptions{}); !strings.Contains(text, want) {
			t.Errorf("%q: no %q in\n%s", zone, want, text)
		}
	}
}
