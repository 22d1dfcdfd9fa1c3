package report

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

// ColorWanted reports whether the table is coloured, from the environment and
// whether standard output is a terminal: NO_COLOR (https://no-color.org) wins,
// then CLICOLOR_FORCE, then TERM=dumb and CLICOLOR=0.
func ColorWanted(env func(string) string, isTerminal bool) bool {
	switch {
	case env("NO_COLOR") != "":
		return false
	case env("CLICOLOR_FORCE") != "" && env("CLICOLOR_FORCE") != "0":
		return true
	}
	return isTerminal && env("TERM") != "dumb" && env("CLICOLOR") != "0"
}

// Table writes the report for people at a terminal: by zone, worst first, what
// was not seen, and what to type next. Widths are those of o.Width; text is
// broken, never cut.
func Table(r *Report, o WriteOptions) ([]byte, error) {
	t := &table{r: printable(grouped(r, o), false), o: o}
	t.head()
	t.zones()
	t.origins()
	if t.r.Probing == nil || o.Verbose {
		t.inventory()
	}
	t.controls()
	t.waivers()
	t.notSeen()
	t.foot()
	return t.b.Bytes(), t.err
}

// table is the table being written.
type table struct {
	r   *Report
	o   WriteOptions
	b   bytes.Buffer
	err error
}

// Colours are SGR codes; they colour one word of one line at a time.
const (
	red    = "31"
	yellow = "33"
	green  = "32"
	bold   = "1"
	dim    = "2"
)

func (t *table) paint(code, s string) string {
	if !t.o.Color || s == "" || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// para writes one paragraph, wrapped to the width; lines after the first are
// indented by hang.
func (t *table) para(code, text string, hang int) {
	width := t.o.Width
	for i, line := range wrap(text, width, width-hang) {
		if i > 0 {
			line = strings.Repeat(" ", hang) + line
		}
		t.b.WriteString(t.paint(code, line) + "\n")
	}
}

func (t *table) blank() { t.b.WriteByte('\n') }

func (t *table) head() {
	r, s := t.r, t.r.Summary
	title := "aopscan " + r.Tool.Version
	if s.Zones > 0 {
		title += " · " + counted(s.Zones, "zone", "zones")
	}
	title += " · " + counted(s.Hostnames, "hostname", "hostnames") + " · " + counted(s.Origins, "origin", "origins")
	if !r.FinishedAt.IsZero() {
		title += " · " + r.FinishedAt.Format("2006-01-02 15:04 UTC")
	}
	t.para(dim, title, 2)
	t.blank()
	t.para(bold, s.Verdict, 0)
}

// zoneGroup is what the report says of one zone.
type zoneGroup struct {
	name    string
	scan    bool // the report has zones: what has none is about accounts
	results []Result
	counts  map[checks.Status]int
}

// title names the group's zone. What has none is about an account, or about the
// targets of a probe.
func (g zoneGroup) title() string {
	switch {
	case g.name != "":
		return "Zone " + g.name
	case g.scan:
		return "Accounts"
	}
	return "Targets"
}

// tally counts what the group's table lists.
func (g zoneGroup) tally() string {
	by := map[checks.Severity]int{}
	for _, res := range g.results {
		if res.Status == checks.Fail {
			by[res.Severity]++
		}
	}
	var parts []string
	for _, sev := range []checks.Severity{checks.Critical, checks.High, checks.Medium, checks.Low, checks.Info} {
		if by[sev] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", by[sev], sev))
		}
	}
	if n := g.counts[checks.Inconclusive]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d not verified", n))
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

// shownResult is one or several results that read the same but for their check:
// an origin that could not be reached leaves every origin check inconclusive.
type shownResult struct {
	Result
	checks []string
}

// check names the checks, or counts them where they are many.
func (s shownResult) check() string {
	ids := sortedUnique(s.checks)
	if len(ids) > 2 {
		return fmt.Sprintf("%d checks", len(ids))
	}
	return strings.Join(ids, ", ")
}

// collapse joins inconclusive results of one place that have one message and
// reason, or that one missing token permission would settle.
func collapse(list []Result) []shownResult {
	type key struct {
		zone, hostname, address, subject, message, reason, permission string
		port                                                          int
	}
	index := map[key]int{}
	type said struct{ messages, reasons []string }
	words := map[int]*said{} // of a permission's results
	var out []shownResult
	for _, res := range list {
		if statusRank(res.Status) == statusRank(checks.Inconclusive) {
			k := key{res.Zone, res.Hostname, res.Address, res.Subject, res.Message, res.Reason, res.Permission, res.Port}
			if res.Permission != "" {
				k.subject, k.message, k.reason = "", "", ""
			}
			i, ok := index[k]
			if !ok {
				i = len(out)
				index[k] = i
				out = append(out, shownResult{res, nil})
				words[i] = &said{}
			}
			out[i].checks = append(out[i].checks, res.Check)
			if w := words[i]; res.Permission != "" {
				if !slices.Contains(w.messages, res.Message) {
					w.messages = append(w.messages, res.Message)
				}
				if res.Reason != "" && !slices.Contains(w.reasons, res.Reason) {
					w.reasons = append(w.reasons, res.Reason)
				}
			}
			continue
		}
		out = append(out, shownResult{res, []string{res.Check}})
	}
	for i, w := range words {
		if len(w.messages) > 1 {
			for j := range w.messages {
				w.messages[j] = sentence(w.messages[j])
			}
			out[i].Message = strings.Join(w.messages, " ")
		}
		if len(w.reasons) > 1 {
			out[i].Reason = strings.Join(w.reasons, "; ")
		}
	}
	return out
}

// byZone groups the results by zone, the worst zone first.
func byZone(r *Report) []zoneGroup {
	index := map[string]int{}
	var groups []zoneGroup
	for _, res := range r.Results {
		i, ok := index[res.Zone]
		if !ok {
			i = len(groups)
			index[res.Zone] = i
			groups = append(groups, zoneGroup{name: res.Zone, scan: len(r.Zones) > 0, counts: map[checks.Status]int{}})
		}
		groups[i].results = append(groups[i].results, res)
		groups[i].counts[res.Status]++
	}
	weight := func(g zoneGroup) [6]int { // failures by severity, then what is not verified
		var w [6]int
		for _, res := range g.results {
			switch statusRank(res.Status) {
			case 0:
				w[min(res.Severity.Rank(), 4)]--
			case 1:
				w[5]--
			}
		}
		return w
	}
	slices.SortStableFunc(groups, func(a, b zoneGroup) int {
		x, y := weight(a), weight(b)
		return cmp.Or(slices.Compare(x[:], y[:]), cmp.Compare(a.name, b.name))
	})
	return groups
}

func (t *table) zones() {
	for _, g := range byZone(t.r) {
		t.blank()
		t.para(bold, g.title()+g.tally(), 2)
		var shown []Result
		for _, res := range g.results {
			if statusRank(res.Status) <= statusRank(checks.Waived) || t.o.Verbose {
				shown = append(shown, res)
			}
		}
		t.results(collapse(shown))
		if line := restLine(g, t.o.Verbose); line != "" {
			t.para(dim, line, 0)
		}
	}
}

// restLine counts what the zone's table does not list.
func restLine(g zoneGroup, verbose bool) string {
	if verbose {
		return ""
	}
	var parts []string
	for _, c := range []struct {
		status checks.Status
		words  string
	}{{checks.Pass, "passed"}, {checks.Skipped, "skipped"}, {checks.NotApplicable, "not applicable"}} {
		if n := g.counts[c.status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, c.words))
		}
	}
	return strings.Join(parts, ", ")
}

// statusWord is the word that stands for a status in tables.
func statusWord(s checks.Status) string {
	switch s {
	case checks.Fail:
		return "FAIL"
	case checks.Pass:
		return "PASS"
	case checks.Waived:
		return "WAIVED"
	case checks.Skipped:
		return "SKIPPED"
	case checks.NotApplicable:
		return "N/A"
	}
	return "UNKNOWN"
}

func statusColor(s checks.Status) string {
	switch statusRank(s) {
	case 0:
		return red
	case 1:
		return yellow
	case 3:
		return green
	}
	return ""
}

// narrow is the width below which a finding's check stands under its place.
const narrow = 130

func (t *table) results(list []shownResult) {
	if len(list) == 0 {
		return
	}
	compact := t.o.Width > 0 && t.o.Width < narrow
	header := []string{"RESULT", "SEVERITY", "WHERE", "CHECK", "FINDING"}
	if compact {
		header = []string{"RESULT", "WHERE AND CHECK", "FINDING"}
	}
	var rows [][]string
	var colors []string
	for _, res := range list {
		finding := []string{sentence(res.Message)}
		if why := findingWhy(res.Result); why != "" {
			finding = append(finding, why)
		}
		status := statusWord(res.Status)
		if res.Baseline == BaselineNew {
			status += " (new)"
		} else if res.Baseline == BaselineUnchanged {
			status += " (known)"
		}
		severity := ""
		if res.Status == checks.Fail || res.Status == checks.Waived {
			severity = string(res.Severity)
		}
		if compact {
			rows = append(rows, []string{
				joinLines(status, severity),
				joinLines(append(placeLines(res.Result), res.check())...),
				joinLines(finding...),
			})
		} else {
			rows = append(rows, []string{status, severity, where(res.Result), res.check(), strings.Join(finding, " ")})
		}
		colors = append(colors, statusColor(res.Status))
	}
	t.grid(header, rows, colors)
	for _, res := range list {
		if res.WaiverSnippet != "" {
			t.blank()
			t.para(dim, "Waiver for "+res.Check+" at "+where(res.Result)+":", 2)
			t.b.WriteString(res.WaiverSnippet + "\n")
		}
	}
}

// placeLines is where a result is about, with an address on a line of its own.
func placeLines(res Result) []string {
	name := cmp.Or(res.Hostname, res.Zone)
	switch {
	case res.Address == "":
		return []string{where(res)}
	case name == "":
		return []string{hostPort(res.Address, res.Port)}
	}
	return []string{name, hostPort(res.Address, res.Port)}
}

// findingWhy is what stands under a finding's message in a table.
func findingWhy(res Result) string {
	var parts []string
	switch {
	case res.Waiver != nil:
		parts = append(parts, fmt.Sprintf("Waived until %s by %s: %s", res.Waiver.Expires, res.Waiver.Owner, res.Waiver.Reason))
	case res.Reason != "" && res.Status == checks.Inconclusive:
		parts = append(parts, "Why: "+res.Reason)
	case res.Reason != "":
		parts = append(parts, "Proof: "+res.Reason)
	}
	if res.Permission != "" {
		parts = append(parts, "Needs the token permission "+res.Permission)
	}
	for i := range parts {
		parts[i] = sentence(parts[i])
	}
	return strings.Join(parts, " ")
}

func joinLines(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, "\n")
}

// sentWord says which certificate Cloudflare sends.
func sentWord(s evidence.CertificateSource) string {
	switch s {
	case evidence.CertificateNone:
		return "none"
	case evidence.CertificateHostname:
		return "hostname certificate"
	case evidence.CertificateZone:
		return "zone certificate"
	case evidence.CertificateGlobal:
		return "shared certificate"
	}
	return "not known"
}

// demandWord says what the origin was seen to demand.
func demandWord(d verdict.Demand) string {
	switch d {
	case verdict.DemandNone:
		return "no, not even asked"
	case verdict.DemandOptional:
		return "no, only asked"
	case verdict.DemandRequired:
		return "yes"
	}
	return "not known"
}

// driftWord says what a cell of the drift matrix means.
func driftWord(d verdict.Drift) string {
	switch d {
	case verdict.DriftEnforced:
		return "sent and demanded"
	case verdict.DriftOpen:
		return "sent, not demanded: open"
	case verdict.DriftOutage:
		return "demanded, not sent: an outage in waiting"
	case verdict.DriftUntrusted:
		return "sent, but not the one trusted: an outage in waiting"
	case verdict.DriftNeither:
		return "neither sent nor demanded: open"
	}
	return "not known"
}

func verdictColor(v verdict.Verdict) string {
	switch v {
	case verdict.Enforced:
		return green
	case verdict.NotEnforced, verdict.Bypassable:
		return red
	}
	return yellow
}

func (t *table) origins() {
	r := t.r
	if len(r.Origins) == 0 {
		return
	}
	t.blank()
	t.para(bold, "Origins: what Cloudflare sends, what the origin demands", 2)
	list := slices.Clone(r.Origins)
	slices.SortStableFunc(list, func(a, b Origin) int { return cmp.Compare(verdictRank(a.Verdict), verdictRank(b.Verdict)) })
	compact := t.o.Width > 0 && t.o.Width < narrow
	header := []string{"VERDICT", "ORIGIN", "SENT", "DEMANDED", "WHY"}
	if compact {
		header = []string{"VERDICT", "ORIGIN", "SENT AND DEMANDED"}
	}
	type reason struct {
		hostname, address string
		port              int
		why               string
	}
	said := map[reason]bool{} // with the findings above
	for _, res := range r.Results {
		if statusRank(res.Status) <= statusRank(checks.Inconclusive) {
			said[reason{res.Hostname, res.Address, res.Port, res.Reason}] = true
		}
	}
	var rows [][]string
	var colors []string
	for _, o := range list {
		v, why := string(o.Verdict), o.Why
		sure := string(o.Confidence)
		if o.NotProbed != "" {
			v, why, sure = "not probed", o.NotProbed, ""
		}
		// On a narrow screen the proof of what is proven stands with the findings, and
		// so does whatever was said there.
		if compact && !t.o.Verbose && (o.Confidence == verdict.Proven && o.Verdict != verdict.RefusedOtherwise && o.NotProbed == "" ||
			said[reason{o.Hostname, o.Address, o.Port, why}]) {
			why = ""
		}
		if sure != "" {
			sure = "(" + sure + ")"
		}
		if compact {
			rows = append(rows, []string{joinLines(v, sure), joinLines(o.Hostname, o.place()),
				joinLines("Sent: "+sentWord(o.CertificateSource)+". Demanded: "+demandWord(o.Demand)+".", why)})
		} else {
			rows = append(rows, []string{strings.TrimSpace(v + " " + sure), strings.TrimSpace(o.Hostname + " " + o.place()),
				sentWord(o.CertificateSource), demandWord(o.Demand), why})
		}
		color := verdictColor(o.Verdict)
		if o.Confidence == verdict.Unclear {
			color = yellow
		}
		colors = append(colors, color)
	}
	t.grid(header, rows, colors)

	t.blank()
	m := driftMatrix(r.Origins)
	rows = nil
	for i, name := range driftRows {
		row := []string{name}
		for j := range driftColumns {
			row = append(row, fmt.Sprint(m[i][j]))
		}
		rows = append(rows, row)
	}
	t.grid(append([]string{"CLOUDFLARE SENDS"}, driftColumns[:]...), rows, nil)
	for _, d := range []verdict.Drift{verdict.DriftOutage, verdict.DriftUntrusted} {
		if n := r.Summary.ByDrift[string(d)]; n > 0 {
			t.para(yellow, fmt.Sprintf("%s: %s.", counted(n, "origin", "origins"), driftWord(d)), 2)
		}
	}
}

// The rows and columns of the drift matrix.
var (
	driftRows    = [3]string{"its own or a shared certificate", "no certificate", "not known"}
	driftColumns = [3]string{"origin demands it", "origin does not", "not known"}
)

// driftMatrix counts origins by what is sent and what is demanded.
func driftMatrix(origins []Origin) [3][3]int {
	var m [3][3]int
	for _, o := range origins {
		i, j := driftCell(o)
		m[i][j]++
	}
	return m
}

// driftCell is an origin's place in the matrix. The drift's own word wins over
// its two halves: it is what was judged.
func driftCell(o Origin) (row, column int) {
	switch o.Drift {
	case verdict.DriftEnforced, verdict.DriftUntrusted:
		return 0, 0
	case verdict.DriftOpen:
		return 0, 1
	case verdict.DriftOutage:
		return 1, 0
	case verdict.DriftNeither:
		return 1, 1
	}
	switch o.CertificateSource {
	case evidence.CertificateUnknown:
		row = 2
	case evidence.CertificateNone:
		row = 1
	}
	// A drift that is not known is never counted as demanded or open.
	return row, 2
}

func (t *table) inventory() {
	r := t.r
	if len(r.Hostnames) == 0 {
		return
	}
	t.blank()
	t.para(bold, "Inventory: what Cloudflare is told to do", 2)
	var rows [][]string
	for _, h := range r.Hostnames {
		rows = append(rows, []string{h.Hostname, sslModeWord(h), certificateWord(h), expiryWord(h.ExpiresInDays), strings.Join(originWords(h), t.lineBreak())})
	}
	t.grid([]string{"HOSTNAME", "SSL MODE", "CERTIFICATE", "EXPIRES", "ORIGIN"}, rows, nil)
}

// lineBreak joins list items: below each other on a terminal, on one line elsewhere.
func (t *table) lineBreak() string {
	if t.o.Width > 0 {
		return "\n"
	}
	return ", "
}

// sslModeWord says which SSL mode applies to a hostname, and to a part of its
// requests where that differs.
func sslModeWord(h Hostname) string {
	word := h.SSLMode
	switch {
	case word == "":
		word = "not known"
	case h.SSLModeSource != "" && h.SSLModeSource != "zone":
		word += " (" + h.SSLModeSource + ")"
	}
	if len(h.SSLModeOthers) > 0 {
		word += ", in part " + strings.Join(h.SSLModeOthers, ", ")
	}
	return word
}

// certificateWord says what an origin of the hostname will see.
func certificateWord(h Hostname) string {
	if h.Proxied == evidence.TriFalse {
		return "none (not proxied)"
	}
	return sentWord(h.CertificateSource)
}

func expiryWord(days *int) string {
	switch {
	case days == nil:
		return "-"
	case *days < 0:
		return "expired " + counted(-*days, "day", "days") + " ago"
	}
	return "in " + counted(*days, "day", "days")
}

func originWords(h Hostname) []string {
	switch {
	case h.NoOrigin != "":
		return []string{"none: " + h.NoOrigin}
	case len(h.Origins) == 0 && h.Proxied == evidence.TriFalse:
		return []string{"in public DNS"} // where visitors find it
	case len(h.Origins) == 0:
		return []string{"not known"}
	}
	return h.Origins
}

func (t *table) controls() {
	if t.r.Control == "" {
		return
	}
	t.blank()
	t.para(bold, "Controls of "+t.r.Control+": "+controlsLine(t.r.Controls), 2)
	if len(t.r.Controls) == 0 {
		t.para("", "No check maps to this framework.", 2)
		return
	}
	var rows [][]string
	var colors []string
	for _, g := range t.r.Controls {
		n := map[checks.Status]int{}
		for _, res := range g.Results {
			n[res.Status]++
		}
		var why []string
		for _, res := range g.Results {
			if res.Status == checks.Fail {
				why = append(why, "FAIL "+res.Check+": "+res.Where)
			}
		}
		if len(why) > 5 && !t.o.Verbose {
			why = append(why[:5], fmt.Sprintf("and %d more", len(why)-5))
		}
		why = append(why, g.Reasons...)
		behind := fmt.Sprintf("%d failed, %d passed, %d not verified", n[checks.Fail], n[checks.Pass], n[checks.Inconclusive])
		sep := "\n"
		if t.o.Width == 0 {
			sep = "; "
		}
		rows = append(rows, []string{g.ID, strings.ReplaceAll(string(g.State), "-", " "), behind, strings.Join(why, sep)})
		colors = append(colors, controlColor(g.State))
	}
	t.gridAt([]string{"CONTROL", "STATE", "RESULTS", "WHY"}, rows, 1, colors)
}

func controlColor(s ControlState) string {
	switch s {
	case ControlFailed:
		return red
	case ControlAssessed:
		return green
	}
	return yellow
}

func (t *table) waivers() {
	lines := waiverLines(t.r)
	if len(lines) == 0 && t.r.Baseline == nil && len(t.r.Loosened) == 0 {
		return
	}
	t.blank()
	for _, line := range lines {
		t.para(yellow, line, 2)
	}
	if len(t.r.Loosened) > 0 {
		t.para(yellow, loosenedLine(t.r), 2)
	}
	if t.r.Baseline != nil {
		t.para("", baselineLine(t.r.Baseline), 2)
	}
}

// waiverLines say which waivers do not do what their writer may think.
func waiverLines(r *Report) []string {
	var out []string
	for _, w := range r.Waivers {
		what := fmt.Sprintf("Waiver for %s", w.Check)
		if w.File != "" {
			what += fmt.Sprintf(" (%s:%d)", w.File, w.Line)
		}
		switch w.State {
		case WaiverExpired:
			out = append(out, fmt.Sprintf("%s expired on %s and covers nothing any more; it speaks of %s.", what, w.Expires, counted(w.Matched, "failure", "failures")))
		case WaiverUnused:
			out = append(out, what+" matches nothing that failed.")
		case WaiverUnverified:
			out = append(out, what+" speaks of what could not be verified this time.")
		}
	}
	return out
}

func loosenedLine(r *Report) string {
	return "The configuration loosens " + strings.Join(r.Loosened, ", ") + ": the controls they map to are not assessed."
}

func baselineLine(b *BaselineSummary) string {
	text := fmt.Sprintf("Against the baseline %s: %d new, %d unchanged, %d fixed", b.File, b.New, b.Unchanged, b.Fixed)
	if b.Waived > 0 {
		text += fmt.Sprintf(", %d waived", b.Waived)
	}
	if b.NotAssessed > 0 {
		text += fmt.Sprintf(", %d could not be judged again", b.NotAssessed)
	}
	return text + ". Only what is new counts."
}

func (t *table) notSeen() {
	t.blank()
	if len(t.r.Summary.NotSeen) == 0 {
		t.para("", "Not seen: nothing that was asked for.", 2)
		return
	}
	t.para(bold, "Not seen", 2)
	for _, line := range t.r.Summary.NotSeen {
		t.para(yellow, "- "+line, 2)
	}
}

// long is how many lines scroll the verdict off a usual screen.
const long = 40

func (t *table) foot() {
	t.blank()
	scrolled := t.o.Width > 0 && bytes.Count(t.b.Bytes(), []byte("\n")) > long
	if scrolled {
		t.para(bold, t.r.Summary.Verdict, 0)
	}
	t.para(bold, summaryLine(t.r), 2)
	for _, line := range nextCommands(t.r) {
		t.para("", line, 6)
	}
	if scrolled {
		t.para("", "Next: add -o html=report.html   (the same with all evidence, as a page)", 6)
	}
}

// summaryLine counts the results and says what exit code follows.
func summaryLine(r *Report) string {
	s := r.Summary
	failed := fmt.Sprintf("%d failed", s.ByStatus[string(checks.Fail)])
	var by []string
	for _, sev := range []checks.Severity{checks.Critical, checks.High, checks.Medium, checks.Low, checks.Info} {
		if n := s.BySeverity[string(sev)]; n > 0 {
			by = append(by, fmt.Sprintf("%d %s", n, sev))
		}
	}
	if len(by) > 0 {
		failed += " (" + strings.Join(by, ", ") + ")"
	}
	parts := []string{failed, fmt.Sprintf("%d could not be verified", s.ByStatus[string(checks.Inconclusive)])}
	for _, c := range []struct {
		status checks.Status
		words  string
	}{{checks.Waived, "waived"}, {checks.Pass, "passed"}, {checks.Skipped, "skipped"}, {checks.NotApplicable, "not applicable"}} {
		if n := s.ByStatus[string(c.status)]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, c.words))
		}
	}
	return strings.Join(parts, ", ") + fmt.Sprintf(". Exit code %d (--fail-on %s).", s.ExitCode, s.FailOn)
}

// plainName is a name that a shell takes as it is.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// nextCommands are at most three commands that are worth typing now.
func nextCommands(r *Report) []string {
	var out []string
	for _, g := range byZone(r) {
		if len(g.results) > 0 && g.results[0].Status == checks.Fail {
			out = append(out, "Next: aopscan checks show "+g.results[0].Check)
			break
		}
	}
	denied := slices.IndexFunc(r.Unread, func(u UnreadSection) bool { return u.State == evidence.SectionDenied })
	unclear := slices.ContainsFunc(r.Origins, func(o Origin) bool { return o.Verdict == verdict.Inconclusive && o.NotProbed == "" })
	switch {
	case denied >= 0:
		// A token may be permitted in one zone and not in another.
		command := "aopscan doctor"
		if zone := r.Unread[denied].Zone; plainName.MatchString(zone) {
			command += " --zone " + zone
		}
		out = append(out, "Next: "+command+"   (prints the token permissions that are missing)")
	case r.Probing == nil && len(r.Origins) == 0:
		out = append(out, "Next: aopscan scan   (without --no-probe: asks the origins themselves)")
	case unclear && !r.Probing.PositiveControl:
		out = append(out, "Next: aopscan scan --client-cert FILE --client-key FILE   (a certificate that the origins accept settles what is unclear)")
	}
	if len(out) == 0 && r.Summary.ExitCode == 0 {
		out = append(out, "Next: aopscan scan -o html=report.html   (the evidence, to keep)")
	}
	return out
}

// grid writes rows with the first column coloured.
func (t *table) grid(header []string, rows [][]string, colors []string) {
	t.gridAt(header, rows, 0, colors)
}

// gridAt writes rows; colors[i] colours the first line of row i's cell in column
// at. Cells are broken by us to widths that fit: tablewriter cuts or overruns.
func (t *table) gridAt(header []string, rows [][]string, at int, colors []string) {
	const gap = 2
	widths := fitColumns(header, rows, t.o.Width, gap)
	cells := make([][]string, 0, len(rows))
	for i, row := range rows {
		out := make([]string, len(row))
		for j, cell := range row {
			var lines []string
			for _, line := range strings.Split(cell, "\n") {
				lines = append(lines, wrap(line, widths[j], widths[j])...)
			}
			if j == at && colors != nil {
				for k := range lines {
					lines[k] = t.paint(colors[i], lines[k])
				}
			}
			out[j] = strings.Join(lines, "\n")
		}
		cells = append(cells, out)
	}
	head := make([]string, len(header))
	for j, h := range header {
		head[j] = strings.Join(wrap(h, widths[j], widths[j]), "\n")
	}

	var b bytes.Buffer
	off := tw.Off
	tbl := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint()),
		tablewriter.WithRendition(tw.Rendition{
			Borders: tw.Border{Left: off, Right: off, Top: off, Bottom: off},
			Symbols: tw.NewSymbols(tw.StyleLight),
			Settings: tw.Settings{
				Separators: tw.Separators{ShowHeader: off, ShowFooter: off, BetweenRows: off, BetweenColumns: off},
				Lines:      tw.Lines{ShowTop: off, ShowBottom: off, ShowHeaderLine: off, ShowFooterLine: off},
			},
		}),
		tablewriter.WithPadding(tw.Padding{Left: "", Right: strings.Repeat(" ", gap), Overwrite: true}),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithEastAsian(tw.Off),
	)
	tbl.Header(head)
	if err := tbl.Bulk(cells); err != nil && t.err == nil {
		t.err = fmt.Errorf("laying out a table: %w", err)
	}
	if err := tbl.Render(); err != nil && t.err == nil {
		t.err = fmt.Errorf("laying out a table: %w", err)
	}
	for line := range strings.Lines(b.String()) {
		t.b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}

// fitColumns shares a width over the columns: every column gets what it needs
// where that fits. Else the last one, which holds the prose, gives way down to two
// fifths, then the widest of the others down to 8, then it again.
func fitColumns(header []string, rows [][]string, width, gap int) []int {
	const least = 8
	need, floor := make([]int, len(header)), make([]int, len(header))
	for j := range header {
		for _, row := range append([][]string{header}, rows...) {
			for _, line := range strings.Split(row[j], "\n") {
				need[j] = max(need[j], twwidth.Width(line))
			}
		}
		floor[j] = min(least, need[j])
	}
	if width <= 0 {
		return need
	}
	last := len(need) - 1
	room := width - gap*last
	excess := -room
	for _, w := range need {
		excess += w
	}
	shrink := func(j, to int) {
		if n := min(excess, need[j]-to); n > 0 {
			need[j] -= n
			excess -= n
		}
	}
	shrink(last, max(24, room*2/5))
	for excess > 0 {
		widest := -1
		for j := range last {
			if need[j] > floor[j] && (widest < 0 || need[j] > need[widest]) {
				widest = j
			}
		}
		if widest < 0 {
			break
		}
		shrink(widest, need[widest]-1)
	}
	// A terminal too narrow for any table is overrun; nothing is lost.
	shrink(last, floor[last])
	return need
}

// wrap breaks text into lines of at most first columns for the first line and
// rest for the others: at spaces, else after one of ". - / : _ , ; = @", else
// anywhere. No text is lost. A width <= 0 does not wrap.
func wrap(text string, first, rest int) []string {
	var lines []string
	width := max(first, 1)
	for {
		text = guard(text)
		if first <= 0 || twwidth.Width(text) <= width {
			return append(lines, text)
		}
		head, tail := breakAt(text, width)
		lines = append(lines, head)
		text, width = tail, max(rest, 1)
	}
}

// breakAt splits text so that head fits width; a space at the break is dropped.
func breakAt(text string, width int) (head, tail string) {
	used, fits := 0, 0 // columns and bytes that fit
	space, soft := -1, -1
	for i, r := range text {
		size := utf8.RuneLen(r)
		w := twwidth.Width(text[i : i+size])
		if r == ' ' {
			if used <= width && i > 0 {
				space = i
			}
		}
		if used+w > width && fits > 0 {
			break
		}
		used += w
		fits = i + size
		if strings.ContainsRune(".-/:_,;=@", r) {
			soft = fits
		}
	}
	switch {
	case space > 0:
		return text[:space], strings.TrimLeft(text[space:], " ")
	case soft > 0 && soft < len(text) && soft*3 > fits:
		return text[:soft], text[soft:]
	}
	return text[:fits], text[fits:]
}

// guard keeps a line from being read as a workflow command by a CI runner. The
// sanitiser did so for the whole text; breaking it makes new beginnings of lines.
func guard(line string) string {
	if strings.HasPrefix(strings.TrimLeft(line, " "), "::") {
		return strings.Replace(line, "::", `:\x3a`, 1)
	}
	return line
}
