package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

//go:embed html.tmpl
var htmlTemplate string

//go:embed html.css
var htmlStyle string

// How much of a list the page shows; beyond it says how much is left out. A page
// of tens of thousands of rows is opened by nobody.
const (
	maxHTMLFindings = 1000 // per zone
	maxHTMLRows     = 2000
	maxHTMLTimeline = 40
	maxHTMLOpen     = 200 // findings in the whole report, beyond which they are folded
)

// HTML writes the report as one self-contained page for auditors: no script,
// nothing loaded from anywhere, light and dark, made to be printed.
func HTML(r *Report, o WriteOptions) ([]byte, error) {
	r = grouped(r, o)
	t, err := template.New("report").Funcs(template.FuncMap{
		"plural": func(n int, one, many string) string {
			if n == 1 {
				return one
			}
			return many
		},
		"unreadWhy":   unreadWhy,
		"waiverClass": waiverClass,
	}).Parse(htmlTemplate)
	if err != nil {
		return nil, fmt.Errorf("reading the page's template: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, newHTMLView(r)); err != nil {
		return nil, fmt.Errorf("writing the page: %w", err)
	}
	return b.Bytes(), nil
}

// htmlView is what the template sees. Every text in it is clean; the template
// escapes for HTML.
type htmlView struct {
	R     *Report // clean, without observations
	Style template.CSS
	CSP   string
	Title string
	Date  string
	Scope string
	Stamp htmlStamp
	Open  bool

	Contents    []htmlLink
	SummaryLine string
	Tiles       []htmlCount

	Coverage     []htmlSegment
	CoverageText string
	NotSeen      []string
	NotSeenLeft  int
	ScopePairs   []htmlPair
	Unread       []UnreadSection
	Zones        []htmlZone

	Origins       []htmlOrigin
	OriginsLeft   int
	DriftText     string
	MatrixColumns []htmlLabel
	MatrixRows    []htmlLabel
	Matrix        []htmlCell
	Meanings      []htmlCount

	Ticks        []string
	Timeline     []htmlBar
	TimelineLeft int
	Broken       []string

	Groups          []htmlGroup
	Unverified      []htmlFinding
	UnverifiedCount int
	UnverifiedLeft  int
	Checks          []htmlCheck
	ControlsLine    string
	ControlGroups   []htmlControl
	Passing         []htmlPassing
	NotApplicable   string

	Exceptions bool
	Waived     []htmlFinding
	Loosened   string
	Baseline   string

	Inventory     []htmlHostname
	InventoryLeft int
	About         []htmlPair
}

type (
	htmlStamp struct{ Word, Class string }
	htmlLink  struct{ ID, Name string }
	htmlPair  struct{ Name, Value string }
	htmlCount struct {
		N     int
		Label string
		Class string
	}
	htmlSegment struct {
		X, W  float64
		N     int
		Label string
		Fill  string
	}
	htmlZone struct {
		Name, Account, Plan, Anchor           string
		Paused                                bool
		Hostnames, Failed, Unverified, Passed int
	}
	htmlOrigin struct {
		Hostname, Place, Verdict, Class, Confidence, Sent, Demand, Why string
	}
	htmlLabel struct {
		X, Y, Y2  int
		Word, Sub string
	}
	htmlCell struct {
		X, Y, TX, TY, TY2, TY3 int
		N                      int
		Word, Word2, Class     string
	}
	htmlBar struct {
		Who, Zone, Level, Use, When, Class, Fill string
		X, W, Today                              float64
		TickX                                    []float64
	}
	htmlGroup struct {
		Title, Anchor, Counts string
		Findings              []htmlFinding
		Left                  int
	}
	htmlFinding struct {
		R                                  Result
		Where, Class, SeverityClass, Facts string
		CheckAnchor, Controls              string
		Observations                       []htmlObservation
		Proof                              []string
		Checks                             []string // the unverified: all that say the same
	}
	htmlObservation struct{ Attempt, Sent, Back string }
	htmlCheck       struct {
		C             CheckInfo
		Anchor, Class string
		Count         string
		References    []htmlReference
	}
	htmlReference struct {
		Title, URL string
		Link       bool
	}
	htmlControl struct {
		G                    ControlGroup
		State, Class, Counts string
		Lines                []string
	}
	htmlPassing struct {
		Check, Title string
		N, Left      int
		Rows         []htmlFinding
	}
	htmlHostname struct {
		Name, Mode, Certificate, Why, Expires string
		Origins, Gaps                         []string
	}
)

// htmlBuilder makes the view. It finds observations in the report as given and
// cleans those that are shown.
type htmlBuilder struct {
	v       *htmlView
	raw     *Report
	origins map[htmlPlace]int // index in Report.Origins
	edges   map[string]int    // by hostname: index in Report.Edges
	checks  map[string]CheckInfo
	anchors map[string]string // by check
}

type htmlPlace struct {
	zone, hostname, address string
	port                    int
}

func newHTMLView(raw *Report) *htmlView {
	r := printable(raw, false)
	sum := sha256.Sum256([]byte(htmlStyle))
	b := &htmlBuilder{
		raw: raw, origins: map[htmlPlace]int{}, edges: map[string]int{}, checks: map[string]CheckInfo{}, anchors: map[string]string{},
		v: &htmlView{
			R: r, Style: template.CSS(htmlStyle),
			CSP:         "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; base-uri 'none'; form-action 'none'",
			Scope:       scopeText(r),
			Stamp:       stamp(r),
			SummaryLine: summaryLine(r),
		},
	}
	v := b.v
	v.Title = "aopscan: " + v.Scope
	if !r.FinishedAt.IsZero() {
		v.Date = r.FinishedAt.UTC().Format("2 January 2006, 15:04 UTC")
		v.Title += ", " + r.FinishedAt.UTC().Format("2006-01-02")
	}
	for i, o := range r.Origins {
		b.origins[htmlPlace{o.Zone, o.Hostname, o.Address, o.Port}] = i
	}
	for i, e := range raw.Edges {
		b.edges[clean(e.Hostname)] = i
	}
	for _, c := range r.Checks {
		b.checks[c.ID] = c
	}
	b.tiles()
	b.coverage()
	b.drift()
	b.timeline()
	b.remedies() // before the findings, which link to it
	b.results()
	b.controls()
	b.exceptions()
	b.inventory()
	b.about()
	b.contents()
	return v
}

func stamp(r *Report) htmlStamp {
	switch {
	case r.Summary.Interrupted:
		return htmlStamp{"interrupted", "warn"}
	case r.Summary.ExitCode == 1:
		return htmlStamp{"failed", "bad"}
	case r.Summary.ExitCode != 0:
		return htmlStamp{"not verified", "warn"}
	case r.Summary.ByStatus[string(checks.Inconclusive)] > 0 || len(r.Problems) > 0:
		return htmlStamp{"passed, not all verified", "warn"}
	}
	return htmlStamp{"passed", "good"}
}

func scopeText(r *Report) string {
	s := r.Scope
	var parts []string
	if len(s.Targets) > 0 {
		parts = append(parts, listed(s.Targets, 3))
	}
	if len(s.Zones) > 0 {
		parts = append(parts, listed(s.Zones, 3))
	}
	if len(s.Accounts) > 0 {
		parts = append(parts, plural(len(s.Accounts), "account ", "accounts ")+listed(s.Accounts, 3))
	}
	if len(parts) == 0 {
		return "every zone that the token can read"
	}
	return strings.Join(parts, ", ")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func (b *htmlBuilder) contents() {
	v := b.v
	add := func(show bool, id, name string) {
		if show {
			v.Contents = append(v.Contents, htmlLink{id, name})
		}
	}
	add(true, "summary", "At a glance")
	add(true, "coverage", "Scope and coverage")
	add(len(v.Origins) > 0, "drift", "Drift matrix")
	add(len(v.Timeline) > 0, "certificates", "Certificates")
	add(true, "findings", "Findings")
	add(len(v.Unverified) > 0, "unverified", "Not verified")
	add(len(v.Checks) > 0, "remedies", "How to mend it")
	add(v.R.Control != "", "controls", "Controls")
	add(len(v.Passing) > 0, "passing", "Passing evidence")
	add(v.Exceptions, "waivers", "Waivers")
	add(len(v.Inventory) > 0, "inventory", "Inventory")
	add(true, "about", "About this report")
}

func (b *htmlBuilder) tiles() {
	v, s := b.v, b.v.R.Summary
	add := func(n int, label, class string) {
		if n == 0 {
			class = ""
		}
		v.Tiles = append(v.Tiles, htmlCount{n, label, class})
	}
	if s.Origins > 0 {
		open := s.ByVerdict[string(verdict.NotEnforced)] + s.ByVerdict[string(verdict.Bypassable)]
		closed := enforced(v.R, verdict.Proven, verdict.Likely)
		add(open, plural(open, "origin is open around Cloudflare", "origins are open around Cloudflare"), "bad")
		add(closed, plural(closed, "origin refuses without the certificate", "origins refuse without the certificate"), "good")
		rest := s.Origins - open - closed
		add(rest, plural(rest, "origin neither proven open nor enforced", "origins neither proven open nor enforced"), "warn")
	}
	add(s.BySeverity[string(checks.Critical)], "critical failures", "bad")
	add(s.BySeverity[string(checks.High)], "high failures", "bad")
	other := s.ByStatus[string(checks.Fail)] - s.BySeverity[string(checks.Critical)] - s.BySeverity[string(checks.High)]
	add(other, "other failures", "warn")
	add(s.ByStatus[string(checks.Inconclusive)], "results could not be verified", "warn")
	add(s.ByStatus[string(checks.Pass)], "results passed", "good")
}

// verdictClass is the colour of a verdict.
func verdictClass(v verdict.Verdict) string {
	switch v {
	case verdict.Enforced:
		return "good"
	case verdict.NotEnforced, verdict.Bypassable:
		return "strong"
	case verdict.RefusedOtherwise:
		return "warn"
	}
	return ""
}

func severityClass(s checks.Severity) string {
	switch s {
	case checks.Critical:
		return "strong"
	case checks.High:
		return "bad"
	case checks.Medium:
		return "warn"
	}
	return ""
}

func waiverClass(state string) string {
	switch state {
	case WaiverApplied:
		return "good"
	case WaiverExpired:
		return "bad"
	}
	return "warn"
}

func (b *htmlBuilder) coverage() {
	v, r := b.v, b.v.R
	x := 0.0
	var words []string
	notProbed, unsure := 0, 0
	byVerdict := map[verdict.Verdict]int{}
	for _, o := range r.Origins {
		switch {
		case o.NotProbed != "":
			notProbed++
		case o.Verdict == verdict.Enforced && o.Confidence != verdict.Proven && o.Confidence != verdict.Likely:
			unsure++
		default:
			byVerdict[o.Verdict]++
		}
	}
	add := func(n int, label, fill string) {
		if n == 0 {
			return
		}
		w := 1000 * float64(n) / float64(len(r.Origins))
		v.Coverage = append(v.Coverage, htmlSegment{X: round(x), W: round(w), N: n, Label: label, Fill: fill})
		words = append(words, fmt.Sprintf("%d %s", n, label))
		x += w
	}
	add(byVerdict[verdict.NotEnforced], "not enforced", "fill-bad")
	add(byVerdict[verdict.Bypassable], "bypassable", "fill-bad2")
	add(byVerdict[verdict.RefusedOtherwise], "refused otherwise", "fill-warn")
	add(byVerdict[verdict.Enforced], "enforced", "fill-good")
	add(unsure, "enforced, unclear", "fill-good2")
	add(byVerdict[verdict.Inconclusive], "inconclusive", "fill-unk")
	add(byVerdict[verdict.Unreachable], "unreachable", "fill-unk2")
	add(notProbed, "not probed", "fill-unk2")
	v.CoverageText = strings.Join(words, ", ")

	v.NotSeen = r.Summary.NotSeen
	if n := len(v.NotSeen) - 100; n > 0 {
		v.NotSeen, v.NotSeenLeft = v.NotSeen[:100], n
	}
	pair := func(name, value string) {
		if value != "" {
			v.ScopePairs = append(v.ScopePairs, htmlPair{name, value})
		}
	}
	pair("Asked for", v.Scope)
	pair("Configuration file", r.Scope.ConfigFile)
	if p := r.Probing; p != nil {
		pair("Attempts", strings.Join(p.Attempts, ", "))
		pair("Further ports", joinInts(p.Ports))
		pair("Further paths", strings.Join(p.Paths, ", "))
		pair("Addresses permitted beyond public ones", strings.Join(p.AllowAddresses, ", "))
		if p.PositiveControl {
			pair("Positive control", "yes: the user's own client certificate was tried")
		} else {
			pair("Positive control", "none: no client certificate of the user was tried")
		}
	} else if len(r.Origins) == 0 {
		pair("Probing", "none: no origin was contacted")
	}
	if left := r.Catalogue.Checks - r.Catalogue.Selected; left > 0 {
		pair("Checks", fmt.Sprintf("%d of %d: the others were left out", r.Catalogue.Selected, r.Catalogue.Checks))
	} else {
		pair("Checks", fmt.Sprintf("all %d", r.Catalogue.Checks))
	}
	v.Unread = r.Unread[:min(len(r.Unread), maxHTMLRows)]

	index := map[string]int{}
	for _, z := range r.Zones {
		index[z.Name] = len(v.Zones)
		v.Zones = append(v.Zones, htmlZone{Name: z.Name, Account: cmp.Or(z.AccountName, z.AccountID), Plan: z.Plan, Paused: z.Paused == evidence.TriTrue})
	}
	for _, h := range r.Hostnames {
		if i, ok := index[h.Zone]; ok {
			v.Zones[i].Hostnames++
		}
	}
	for _, res := range r.Results {
		i, ok := index[res.Zone]
		if !ok {
			continue
		}
		switch statusRank(res.Status) {
		case 0:
			v.Zones[i].Failed++
		case 1:
			v.Zones[i].Unverified++
		case 3:
			v.Zones[i].Passed++
		}
	}
}

func round(f float64) float64 { return float64(int(f*100+0.5)) / 100 }

func joinInts(list []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ", "), "[]")
}

func (b *htmlBuilder) drift() {
	v, r := b.v, b.v.R
	list := slices.Clone(r.Origins)
	slices.SortStableFunc(list, func(a, b Origin) int { return cmp.Compare(verdictRank(a.Verdict), verdictRank(b.Verdict)) })
	if n := len(list) - maxHTMLRows; n > 0 {
		list, v.OriginsLeft = list[:maxHTMLRows], n
	}
	for _, o := range list {
		ho := htmlOrigin{Hostname: o.Hostname, Place: o.place(), Verdict: string(o.Verdict), Class: verdictClass(o.Verdict),
			Confidence: string(o.Confidence), Sent: sentWord(o.CertificateSource), Demand: demandWord(o.Demand), Why: o.Why}
		if o.Verdict == verdict.Enforced && o.Confidence != verdict.Proven && o.Confidence != verdict.Likely {
			ho.Class = "warn"
		}
		if o.NotProbed != "" {
			ho.Verdict, ho.Confidence, ho.Class, ho.Why = "not probed", "", "", o.NotProbed
		}
		v.Origins = append(v.Origins, ho)
	}
	if len(r.Origins) == 0 {
		return
	}

	const left, top, w, h, gap = 130, 54, 112, 92, 6
	m := driftMatrix(r.Origins)
	words := [3][3]string{{"enforced", "open", "not known"}, {"", "open", "not known"}, {"not known", "not known", "not known"}}
	classes := [3][3]string{{"good", "bad", "unk"}, {"warn", "bad", "unk"}, {"unk", "unk", "unk"}}
	untrusted := r.Summary.ByDrift[string(verdict.DriftUntrusted)]
	for i := range 3 {
		for j := range 3 {
			c := htmlCell{X: left + j*(w+gap), Y: top + i*(h+gap), N: m[i][j], Word: words[i][j], Class: classes[i][j]}
			c.TX, c.TY, c.TY2 = c.X+w/2, c.Y+46, c.Y+68
			if i == 1 && j == 0 {
				c.Word, c.Word2 = "an outage", "in waiting"
			}
			if i == 0 && j == 0 && untrusted > 0 {
				c.Word, c.Word2 = fmt.Sprintf("%d enforced,", m[0][0]-untrusted), fmt.Sprintf("%d not trusted", untrusted)
				c.Class = "warn"
			}
			if c.Word2 != "" {
				c.TY, c.TY2, c.TY3 = c.Y+40, c.Y+60, c.Y+76
			}
			if c.N == 0 {
				c.Class = "none"
			}
			v.Matrix = append(v.Matrix, c)
		}
	}
	for j, word := range []string{"demands it", "does not", "is not known"} {
		v.MatrixColumns = append(v.MatrixColumns, htmlLabel{X: left + j*(w+gap) + w/2, Word: word})
	}
	for i, word := range [][2]string{{"a certificate", "sent by Cloudflare"}, {"no certificate", "sent by Cloudflare"}, {"not known", "what is sent"}} {
		y := top + i*(h+gap) + h/2
		v.MatrixRows = append(v.MatrixRows, htmlLabel{Y: y, Y2: y + 17, Word: word[0], Sub: word[1]})
	}
	by := r.Summary.ByDrift
	shared := 0
	for _, o := range r.Origins {
		if o.CertificateSource == evidence.CertificateGlobal {
			shared++
		}
	}
	mean := func(n int, label, class string) {
		if n > 0 {
			v.Meanings = append(v.Meanings, htmlCount{n, label, class})
		}
	}
	mean(by[string(verdict.DriftEnforced)], "sent and demanded: the front door is locked. Ways around it are findings of their own.", "good")
	mean(by[string(verdict.DriftOpen)], "sent, not demanded: anybody may come in, and the switch at Cloudflare says otherwise.", "bad")
	mean(by[string(verdict.DriftNeither)], "neither sent nor demanded: open, and nobody thought otherwise.", "bad")
	mean(by[string(verdict.DriftOutage)], "demanded, not sent: an outage in waiting, or one that is there.", "warn")
	mean(by[string(verdict.DriftUntrusted)], "demanded, but the one sent is not the one trusted: an outage in waiting.", "warn")
	mean(len(r.Origins)-m[0][0]-m[0][1]-m[1][0]-m[1][1], "not known: one half or both could not be seen.", "")
	mean(shared, plural(shared, "of all is", "of all are")+" sent the certificate that every Cloudflare customer shares.", "")
	var text []string
	for _, c := range v.Meanings {
		text = append(text, fmt.Sprintf("%s: %s", counted(c.N, "origin", "origins"), c.Label))
	}
	v.DriftText = strings.Join(text, " ")
}

// The timeline shows so many days before and after the report.
const (
	timelineBefore = 91
	timelineAfter  = 364
)

func (b *htmlBuilder) timeline() {
	v, r := b.v, b.v.R
	if len(r.Certificates) == 0 {
		return
	}
	at := func(days float64) float64 {
		days = min(max(days, -timelineBefore), timelineAfter)
		return round(1000 * (days + timelineBefore) / (timelineBefore + timelineAfter))
	}
	var ticks []float64
	for d := -timelineBefore; d <= timelineAfter; d += 91 {
		when := r.FinishedAt.UTC().AddDate(0, 0, d).Format("Jan 2006")
		if d == 0 {
			when = "today"
		}
		v.Ticks = append(v.Ticks, when)
		if d != 0 && d > -timelineBefore && d < timelineAfter {
			ticks = append(ticks, at(float64(d)))
		}
	}
	for _, c := range r.Certificates {
		who := cmp.Or(c.Subject, c.ID)
		if c.NotAfter == nil || c.ExpiresInDays == nil {
			v.Broken = append(v.Broken, fmt.Sprintf("%s (%s, %s level): its end is not known%s.", who, c.Zone, c.Level, orNothing(": ", c.ParseError)))
			continue
		}
		if len(v.Timeline) == maxHTMLTimeline {
			v.TimelineLeft++
			continue
		}
		days := *c.ExpiresInDays
		bar := htmlBar{Who: who, Zone: c.Zone, Level: string(c.Level), Today: at(0), TickX: ticks, Fill: "fill-good"}
		switch {
		case len(c.Hostnames) == 0:
			bar.Use = "sent for no hostname"
		case len(c.Hostnames) == 1:
			bar.Use = "for " + c.Hostnames[0]
		default:
			bar.Use = fmt.Sprintf("for %d hostnames", len(c.Hostnames))
		}
		end := c.NotAfter.UTC().Format("2 January 2006")
		switch {
		case days < 0:
			bar.When, bar.Class, bar.Fill = fmt.Sprintf("ended %s, %s ago", end, counted(-days, "day", "days")), "bad", "fill-bad"
			bar.X, bar.W = at(float64(days)), round(at(0)-at(float64(days)))
		default:
			bar.When = fmt.Sprintf("ends %s, in %s", end, counted(days, "day", "days"))
			if days < 14 {
				bar.Class, bar.Fill = "bad", "fill-bad"
			} else if days < 30 {
				bar.Class, bar.Fill = "warn", "fill-warn"
			}
			bar.X, bar.W = at(0), round(max(at(float64(days))-at(0), 3))
		}
		v.Timeline = append(v.Timeline, bar)
	}
}

func orNothing(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

func (b *htmlBuilder) remedies() {
	v, r := b.v, b.v.R
	counts := map[string][2]int{}
	for _, res := range r.Results {
		n := counts[res.Check]
		switch res.Status {
		case checks.Fail:
			n[0]++
		case checks.Waived:
			n[1]++
		}
		counts[res.Check] = n
	}
	list := slices.Clone(r.Checks)
	slices.SortStableFunc(list, func(a, b CheckInfo) int {
		return cmp.Or(cmp.Compare(a.Severity.Rank(), b.Severity.Rank()), cmp.Compare(a.ID, b.ID))
	})
	for _, c := range list {
		n := counts[c.ID]
		if n[0]+n[1] == 0 {
			continue
		}
		hc := htmlCheck{C: c, Anchor: fmt.Sprintf("check-%d", len(v.Checks)+1), Class: severityClass(c.Severity), Count: fmt.Sprintf("%d failed, %d waived", n[0], n[1])}
		for _, ref := range c.References {
			hc.References = append(hc.References, htmlReference{ref.Title, ref.URL, strings.HasPrefix(ref.URL, "https://")})
		}
		b.anchors[c.ID] = hc.Anchor
		v.Checks = append(v.Checks, hc)
	}
}

func (b *htmlBuilder) finding(res Result) htmlFinding {
	f := htmlFinding{R: res, Where: where(res), SeverityClass: severityClass(res.Severity), CheckAnchor: b.anchors[res.Check], Facts: factsLine(res.Facts)}
	switch res.Severity {
	case checks.Critical, checks.High:
		f.Class = "bad"
	case checks.Medium:
		f.Class = "warn"
	}
	var controls []string
	for _, m := range b.checks[res.Check].Controls {
		controls = append(controls, m.Framework+" "+strings.TrimPrefix(m.ID, m.Framework+"-"))
	}
	f.Controls = strings.Join(controls, "; ")
	return f
}

// observations are those that a result names.
func (b *htmlBuilder) observations(res Result) []htmlObservation {
	var pool []evidence.Observation
	if i, ok := b.origins[htmlPlace{res.Zone, res.Hostname, res.Address, res.Port}]; ok && res.Address != "" {
		pool = append(pool, b.raw.Origins[i].Observations...)
	}
	if i, ok := b.edges[res.Hostname]; ok {
		pool = append(pool, b.raw.Edges[i].Observations...)
	}
	var out []htmlObservation
	for _, o := range pool {
		if slices.Contains(res.Observations, clean(o.ID)) && len(out) < 12 {
			c := cleanValue(reflect.ValueOf(o), false).Interface().(evidence.Observation)
			out = append(out, htmlObservation{attemptText(c), sentText(c), backText(c)})
		}
	}
	return out
}

func attemptText(o evidence.Observation) string {
	text := string(o.Attempt)
	if o.Variant != "" {
		text += " (" + o.Variant + ")"
	}
	return text
}

// sentText says what an attempt sent.
func sentText(o evidence.Observation) string {
	var parts []string
	parts = append(parts, hostPort(o.Address, o.Port))
	if o.Transport != "tcp" {
		parts = append(parts, "SNI "+cmp.Or(o.SNI, "none"))
	} else {
		parts = append(parts, "plain HTTP")
	}
	parts = append(parts, "Host "+cmp.Or(o.Host, "none"))
	if o.Path != "" && o.Path != "/" {
		parts = append(parts, "path "+o.Path)
	}
	switch o.Offer {
	case evidence.OfferRogue:
		parts = append(parts, "a self-signed certificate")
	case evidence.OfferSpoofed:
		parts = append(parts, "a certificate whose issuer only spells the name "+o.OfferIssuer)
	case evidence.OfferUser:
		parts = append(parts, "the user's certificate")
	default:
		parts = append(parts, "no certificate")
	}
	if o.SessionFrom != "" {
		parts = append(parts, "the session of "+o.SessionFrom+" (opened as "+cmp.Or(o.SessionSNI, "no name")+")")
	}
	return strings.Join(parts, ", ")
}

// backText says what came back of an attempt.
func backText(o evidence.Observation) string {
	var parts []string
	if o.Version != "" {
		parts = append(parts, "TLS "+o.Version)
	}
	switch {
	case o.Transport == "tcp":
	case o.Requested == evidence.RequestedRenegotiate:
		parts = append(parts, "a certificate was asked for by renegotiation")
	case o.Requested == evidence.RequestedPostHandshake:
		parts = append(parts, "a certificate was asked for after the handshake")
	case o.Requested != evidence.NotRequested:
		parts = append(parts, "a certificate was asked for")
	case o.Stage == evidence.StageResponse || o.Stage == evidence.StageSecured:
		parts = append(parts, "no certificate was asked for")
	}
	if o.Resumed {
		parts = append(parts, "the session was resumed")
	}
	if h := o.HTTP; h != nil {
		text := fmt.Sprintf("%s %d", cmp.Or(h.Protocol, "HTTP"), h.Status)
		if h.Body.Title != "" {
			text += " '" + h.Body.Title + "'"
		}
		if h.Location != "" {
			text += " to " + h.Location
		}
		if h.Body.Length > 0 {
			text += fmt.Sprintf(", %d bytes", h.Body.Length)
		}
		parts = append(parts, text)
	}
	switch {
	case o.Alert != 0:
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("alert %d %s", o.Alert, o.AlertName)))
	case o.Close != evidence.CloseNone && o.HTTP == nil:
		parts = append(parts, "ended by "+string(o.Close))
	}
	if o.Error != "" && o.HTTP == nil {
		parts = append(parts, o.Error)
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

func (b *htmlBuilder) results() {
	v, r := b.v, b.v.R
	passing := map[string]int{}
	rest := map[checks.Status]int{}
	v.Open = r.Summary.ByStatus[string(checks.Fail)] <= maxHTMLOpen
	zoneIndex := map[string]int{}
	for i, z := range v.Zones {
		zoneIndex[z.Name] = i
	}
	for i, g := range byZone(r) {
		var unverified []Result
		hg := htmlGroup{Title: g.title(), Anchor: fmt.Sprintf("zone-%d", i+1)}
		by := map[checks.Severity]int{}
		for _, res := range g.results {
			switch statusRank(res.Status) {
			case 0:
				by[res.Severity]++
				if len(hg.Findings) == maxHTMLFindings {
					hg.Left++
					continue
				}
				f := b.finding(res)
				f.Observations = b.observations(res)
				hg.Findings = append(hg.Findings, f)
			case 1:
				unverified = append(unverified, res)
			case 2:
				v.Waived = append(v.Waived, b.finding(res))
			case 3:
				p, ok := passing[res.Check]
				if !ok {
					p = len(v.Passing)
					passing[res.Check] = p
					v.Passing = append(v.Passing, htmlPassing{Check: res.Check, Title: cmp.Or(b.checks[res.Check].Title, res.Check)})
				}
				hp := &v.Passing[p]
				if hp.N++; len(hp.Rows) == maxHTMLRows {
					hp.Left++
					continue
				}
				f := b.finding(res)
				for _, o := range b.observations(res) {
					f.Proof = append(f.Proof, fmt.Sprintf("%s: %s.", o.Attempt, o.Back))
				}
				hp.Rows = append(hp.Rows, f)
			default:
				rest[res.Status]++
			}
		}
		v.UnverifiedCount += len(unverified)
		for _, shown := range collapse(unverified) {
			if len(v.Unverified) == maxHTMLRows {
				v.UnverifiedLeft += len(shown.checks)
				continue
			}
			f := b.finding(shown.Result)
			f.Checks = shown.checks
			v.Unverified = append(v.Unverified, f)
		}
		if len(hg.Findings) == 0 {
			continue
		}
		var counts []string
		for _, sev := range []checks.Severity{checks.Critical, checks.High, checks.Medium, checks.Low, checks.Info} {
			if by[sev] > 0 {
				counts = append(counts, fmt.Sprintf("%d %s", by[sev], sev))
			}
		}
		hg.Counts = strings.Join(counts, ", ")
		v.Groups = append(v.Groups, hg)
		if i, ok := zoneIndex[g.name]; ok {
			v.Zones[i].Anchor = hg.Anchor
		}
	}
	slices.SortStableFunc(v.Passing, func(a, b htmlPassing) int { return cmp.Compare(a.Check, b.Check) })
	var parts []string
	if n := rest[checks.NotApplicable]; n > 0 {
		parts = append(parts, counted(n, "result does not apply", "results do not apply"))
	}
	if n := rest[checks.Skipped]; n > 0 {
		parts = append(parts, counted(n, "was skipped", "were skipped"))
	}
	if len(parts) > 0 {
		v.NotApplicable = "Beside these, " + strings.Join(parts, " and ") + "; the JSON report says why."
	}
}

func (b *htmlBuilder) controls() {
	v, r := b.v, b.v.R
	if r.Control == "" {
		return
	}
	v.ControlsLine = controlsLine(r.Controls)
	for _, g := range r.Controls {
		hc := htmlControl{G: g, State: strings.ReplaceAll(string(g.State), "-", " "), Class: map[ControlState]string{ControlFailed: "bad", ControlAssessed: "good"}[g.State]}
		if hc.Class == "" {
			hc.Class = "warn"
		}
		n := map[checks.Status]int{}
		for _, res := range g.Results {
			n[res.Status]++
			if len(hc.Lines) < 200 {
				hc.Lines = append(hc.Lines, fmt.Sprintf("%s: %s, %s", statusWord(res.Status), res.Check, res.Where))
			}
		}
		hc.Counts = fmt.Sprintf("%d failed, %d not verified, %d waived, %d passed", n[checks.Fail], n[checks.Inconclusive], n[checks.Waived], n[checks.Pass])
		v.ControlGroups = append(v.ControlGroups, hc)
	}
}

func (b *htmlBuilder) exceptions() {
	v, r := b.v, b.v.R
	v.Exceptions = len(v.Waived) > 0 || len(r.Waivers) > 0 || len(r.Loosened) > 0 || r.Baseline != nil
	if len(r.Loosened) > 0 {
		v.Loosened = loosenedLine(r)
	}
	if r.Baseline != nil {
		v.Baseline = baselineLine(r.Baseline)
	}
}

func (b *htmlBuilder) inventory() {
	v, r := b.v, b.v.R
	list := r.Hostnames
	if n := len(list) - maxHTMLRows; n > 0 {
		list, v.InventoryLeft = list[:maxHTMLRows], n
	}
	for _, h := range list {
		hh := htmlHostname{Name: h.Hostname, Mode: sslModeWord(h), Certificate: certificateWord(h), Why: h.CertificateWhy, Expires: expiryWord(h.ExpiresInDays), Origins: originWords(h)}
		for _, g := range h.Gaps {
			text := g.What
			if g.Permission != "" {
				text += " (token permission " + g.Permission + ")"
			}
			if g.Expression != "" {
				text += " (rule: " + g.Expression + ")"
			}
			hh.Gaps = append(hh.Gaps, text)
		}
		v.Inventory = append(v.Inventory, hh)
	}
}

func (b *htmlBuilder) about() {
	v, r := b.v, b.v.R
	pair := func(name, value string) {
		if value != "" {
			v.About = append(v.About, htmlPair{name, value})
		}
	}
	stampText := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	tool := "aopscan " + r.Tool.Version
	if r.Tool.Commit != "" {
		tool += ", commit " + r.Tool.Commit
	}
	pair("Tool", tool)
	pair("Catalogue of checks", fmt.Sprintf("%d checks, %s judged, digest %s", r.Catalogue.Checks, plural(r.Catalogue.Selected, "1", fmt.Sprint(r.Catalogue.Selected)), r.Catalogue.Digest))
	pair("Gathering began", stampText(r.StartedAt))
	pair("Gathering ended", stampText(r.FinishedAt))
	pair("API", r.Scope.APIURL)
	pair("Exit code", fmt.Sprintf("%d (fails on %s and worse%s)", r.Summary.ExitCode, r.Summary.FailOn, map[bool]string{true: "; what could not be verified is allowed"}[r.Summary.AllowInconclusive]))
	pair("Report schema", r.Schema)
}
