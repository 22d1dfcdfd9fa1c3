package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/checks"
)

// maxMarkdown keeps a report below what GitHub takes for a step summary: 1 MiB,
// beyond which all of it is dropped.
const maxMarkdown = 900 << 10

// Markdown writes the report for $GITHUB_STEP_SUMMARY and merge requests. Text of
// strangers is written as character references, so none of it is markup. What
// does not fit is counted.
func Markdown(r *Report, o WriteOptions) ([]byte, error) {
	m := &markdown{r: printable(grouped(r, o), false), limit: maxMarkdown}
	m.head()
	m.notSeen()
	for _, g := range byZone(m.r) {
		m.zone(g, o.Verbose)
	}
	m.origins()
	if m.r.Probing == nil {
		m.inventory()
	}
	m.controls()
	if m.left > 0 {
		fmt.Fprintf(&m.b, "%s left out: the summary would be too long. The JSON and HTML reports have all.\n", counted(m.left, "row is", "rows are"))
	}
	return []byte(m.b.String()), nil
}

// markdown is the text being written.
type markdown struct {
	r     *Report
	b     strings.Builder
	limit int
	left  int // rows that did not fit
}

// block writes a piece whole, or not at all where it does not fit. Some room is
// kept for the end.
func (m *markdown) block(s string) bool {
	const end = 1 << 10
	if m.b.Len()+len(s) > m.limit-end {
		return false
	}
	m.b.WriteString(s)
	return true
}

// table writes a heading and rows, as many as fit, and reports whether the
// heading did.
func (m *markdown) table(title, header string, rows []string) bool {
	if len(rows) == 0 {
		return false
	}
	columns := strings.Count(header, "|") - 1
	if !m.block(title + "\n" + header + "\n|" + strings.Repeat(" --- |", columns) + "\n") {
		m.left += len(rows)
		return false
	}
	for i, row := range rows {
		if !m.block(row + "\n") {
			m.left += len(rows) - i
			break
		}
	}
	m.b.WriteString("\n")
	return true
}

// cell is text of strangers, code a name or command of strangers, both inert.
func cell(s string) string { return markdownText(s) }

func code(s string) string {
	if s == "" {
		return ""
	}
	return "<code>" + markdownText(strings.ReplaceAll(s, "\n", " ")) + "</code>"
}

// row joins cells that are Markdown already.
func row(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |" }

func (m *markdown) head() {
	r, s := m.r, m.r.Summary
	m.block("## aopscan: " + markdownText(s.Verdict) + "\n\n")
	m.table("", "| failed | could not be verified | waived | passed | exit code |", []string{
		row(fmt.Sprintf("**%d**%s", s.ByStatus[string(checks.Fail)], severityNote(s)), fmt.Sprintf("**%d**", s.ByStatus[string(checks.Inconclusive)]),
			fmt.Sprint(s.ByStatus[string(checks.Waived)]), fmt.Sprint(s.ByStatus[string(checks.Pass)]), fmt.Sprint(s.ExitCode)),
	})
	line := fmt.Sprintf("aopscan %s, %s, %s, %s", cell(r.Tool.Version), counted(s.Zones, "zone", "zones"), counted(s.Hostnames, "hostname", "hostnames"), counted(s.Origins, "origin", "origins"))
	if !r.FinishedAt.IsZero() {
		line += ", " + r.FinishedAt.UTC().Format("2006-01-02 15:04 UTC")
	}
	m.block(line + ". Fails on " + cell(s.FailOn) + " and worse.\n\n")
	if r.Baseline != nil {
		m.block(markdownText(baselineLine(r.Baseline)) + "\n\n")
	}
	for _, line := range waiverLines(r) {
		m.block("- " + markdownText(line) + "\n")
	}
	if len(r.Loosened) > 0 {
		m.block("- " + markdownText(loosenedLine(r)) + "\n")
	}
	m.block("\n")
}

func severityNote(s Summary) string {
	var by []string
	for _, sev := range []checks.Severity{checks.Critical, checks.High, checks.Medium, checks.Low, checks.Info} {
		if n := s.BySeverity[string(sev)]; n > 0 {
			by = append(by, fmt.Sprintf("%d %s", n, sev))
		}
	}
	if len(by) == 0 {
		return ""
	}
	return " (" + strings.Join(by, ", ") + ")"
}

func (m *markdown) zone(g zoneGroup, verbose bool) {
	var shown []Result
	for _, res := range g.results {
		if statusRank(res.Status) <= statusRank(checks.Waived) || verbose {
			shown = append(shown, res)
		}
	}
	var rows []string
	for _, res := range collapse(shown) {
		status := "**" + statusWord(res.Status) + "**"
		if res.Baseline != "" {
			status += " " + cell(res.Baseline)
		}
		severity := ""
		if res.Status == checks.Fail || res.Status == checks.Waived {
			severity = string(res.Severity)
		}
		what := cell(sentence(res.Message))
		if why := findingWhy(res.Result); why != "" {
			what += "<br>" + cell(why)
		}
		if res.Reproduce != "" {
			what += "<br>" + code(res.Reproduce)
		}
		rows = append(rows, row(status, cell(severity), code(where(res.Result)), code(res.check()), what))
	}
	if len(rows) == 0 {
		m.block("### " + markdownText(g.title()) + "\n\n")
	}
	m.table("### "+markdownText(g.title())+"\n", "| result | severity | where | check | finding |", rows)
	if line := restLine(g, verbose); line != "" {
		m.block(line + "\n\n")
	}
}

func (m *markdown) origins() {
	if len(m.r.Origins) == 0 {
		return
	}
	list := slices.Clone(m.r.Origins)
	slices.SortStableFunc(list, func(a, b Origin) int { return cmp.Compare(verdictRank(a.Verdict), verdictRank(b.Verdict)) })
	var rows []string
	for _, o := range list {
		v, why := string(o.Verdict), o.Why
		if o.Confidence != "" {
			v += " (" + string(o.Confidence) + ")"
		}
		if o.NotProbed != "" {
			v, why = "not probed", o.NotProbed
		}
		rows = append(rows, row("**"+cell(v)+"**", code(o.Hostname+" "+o.place()), cell(sentWord(o.CertificateSource)), cell(demandWord(o.Demand)), cell(why)))
	}
	var matrix []string
	counts := driftMatrix(m.r.Origins)
	for i, name := range driftRows {
		cells := []string{name}
		for j := range driftColumns {
			cells = append(cells, fmt.Sprint(counts[i][j]))
		}
		matrix = append(matrix, row(cells...))
	}
	m.table("### Origins: what Cloudflare sends, what the origin demands\n", "| Cloudflare sends | "+strings.Join(driftColumns[:], " | ")+" |", matrix)
	if m.table("<details><summary>Every origin</summary>\n", "| verdict | origin | sent | demanded | why |", rows) {
		m.b.WriteString("</details>\n\n")
	}
}

func (m *markdown) inventory() {
	var rows []string
	for _, h := range m.r.Hostnames {
		rows = append(rows, row(code(h.Hostname), cell(sslModeWord(h)), cell(certificateWord(h)), cell(expiryWord(h.ExpiresInDays)), cell(strings.Join(originWords(h), ", "))))
	}
	m.table("### Inventory\n", "| hostname | SSL mode | certificate | expires | origin |", rows)
}

func (m *markdown) controls() {
	if m.r.Control == "" {
		return
	}
	var rows []string
	for _, g := range m.r.Controls {
		var why []string
		for _, res := range g.Results {
			if res.Status == checks.Fail {
				why = append(why, code(res.Check)+" "+code(res.Where))
			}
		}
		if len(why) > 5 {
			why = append(why[:5], fmt.Sprintf("and %d more", len(why)-5))
		}
		for _, reason := range g.Reasons {
			why = append(why, cell(reason))
		}
		rows = append(rows, row(cell(g.ID), "**"+strings.ReplaceAll(string(g.State), "-", " ")+"**", strings.Join(why, "<br>")))
	}
	m.table("### Controls of "+markdownText(m.r.Control)+": "+controlsLine(m.r.Controls)+"\n", "| control | state | why |", rows)
}

func (m *markdown) notSeen() {
	if len(m.r.Summary.NotSeen) == 0 {
		return
	}
	m.block("### Not seen\n\n")
	for i, line := range m.r.Summary.NotSeen {
		if i == 50 {
			m.block(fmt.Sprintf("- and %d more, which the JSON and HTML reports have.\n", len(m.r.Summary.NotSeen)-i))
			break
		}
		m.block("- " + markdownText(line) + "\n")
	}
	m.block("\n")
}
