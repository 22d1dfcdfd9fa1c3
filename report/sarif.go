package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/owenrumney/go-sarif/v2/sarif"
	"golang.org/x/net/idna"

	"github.com/aopscan/aopscan/checks"
)

// What readers of SARIF accept; GitHub refuses or ignores what is beyond.
const (
	maxSARIFResults     = 5000 // GitHub keeps so many of a run
	maxSARIFDescription = 1024
	maxSARIFTags        = 10
	maxSARIFMessage     = 1000
)

// couldNotVerify is the rule of targets that could not be judged. Without it an
// incomplete scan would close alerts that are still true.
const couldNotVerify = "could-not-verify"

// docsURL is where the catalogue is explained.
const docsURL = "https://github.com/aopscan/aopscan/blob/main/docs/checks.md"

// SARIF writes the failures that nobody waived as SARIF 2.1.0, and one result
// for each target that could not be verified. Each result has one location: the
// line of the configuration file that names its zone or host where o.ConfigLines
// has one, else a path made of its names.
func SARIF(r *Report, o WriteOptions) ([]byte, error) {
	w := &sarifWriter{r: printable(r, false), o: o, zones: map[string]Zone{}, seen: map[string]int{}, nodes: map[string]uint{}}
	for _, z := range w.r.Zones {
		w.zones[z.Name] = z
	}
	w.rules()
	results, left := w.findings()

	ok := len(w.r.Problems) == 0 && len(w.r.Unread) == 0
	notes := w.notifications()
	if left > 0 {
		notes = append(notes, notification("warning", fmt.Sprintf("The file holds the %d worst findings; %d more are left out, the JSON report has them.", maxSARIFResults, left)))
	}
	run := &sarif.Run{
		Tool: sarif.Tool{Driver: w.driver()},
		Invocations: []*sarif.Invocation{{
			ExecutionSuccessful:        &ok,
			ExitCode:                   &w.r.Summary.ExitCode,
			ExitCodeDescription:        ptr(clip(w.r.Summary.Verdict, maxSARIFMessage)),
			StartTimeUTC:               timeOrNil(w.r.StartedAt),
			EndTimeUTC:                 timeOrNil(w.r.FinishedAt),
			ToolExecutionNotifications: notes,
		}},
		AutomationDetails: &sarif.RunAutomationDetails{ID: ptr(w.category() + "/" + w.r.StartedAt.UTC().Format("20060102T150405Z"))},
		ColumnKind:        "unicodeCodePoints",
		LogicalLocations:  w.logical,
		Results:           results,
	}
	return marshalSARIF(run)
}

// sarifWriter gathers what results of one run share.
type sarifWriter struct {
	r *Report
	o WriteOptions

	zones     map[string]Zone // by name
	ruleList  []*sarif.ReportingDescriptor
	ruleIndex map[string]uint
	logical   []*sarif.LogicalLocation
	nodes     map[string]uint // fully qualified name to index in logical
	seen      map[string]int  // fingerprints
}

func (w *sarifWriter) driver() *sarif.ToolComponent {
	d := &sarif.ToolComponent{
		Name:             "aopscan",
		FullName:         ptr("aopscan, an auditor of Cloudflare Authenticated Origin Pulls"),
		InformationURI:   ptr("https://github.com/aopscan/aopscan"),
		ShortDescription: multiformat("Audits Cloudflare Authenticated Origin Pulls, with proof.", ""),
		Version:          ptr(semanticVersion(w.r.Tool.Version)),
		SemanticVersion:  ptr(semanticVersion(w.r.Tool.Version)),
		Rules:            w.ruleList,
	}
	return d
}

// semanticVersion is a version as it is where it is a semantic one, else 0.0.0 of
// that name: readers want one, and a build from a branch or a bare commit has none.
func semanticVersion(version string) string {
	if semver.MatchString(version) {
		return version
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, version)
	if name == "" {
		return "0.0.0"
	}
	return "0.0.0-g" + name // a letter first: numbers must not begin with 0
}

var semver = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

// rules lists the whole catalogue, also what has no result, and any check that
// only a result names.
func (w *sarifWriter) rules() {
	known := map[string]CheckInfo{}
	for _, list := range [][]CheckInfo{w.r.Checks, w.r.LeftOut} {
		for _, c := range list {
			known[c.ID] = c
		}
	}
	for _, res := range w.r.Results {
		if _, ok := known[res.Check]; !ok {
			known[res.Check] = CheckInfo{ID: res.Check, Title: cmp.Or(res.Title, res.Check), Severity: res.Severity}
		}
	}
	known[couldNotVerify] = CheckInfo{
		ID: couldNotVerify, Title: "A target could not be verified", Severity: checks.Medium,
		Rationale: "Something about the target could not be read or tried, so nothing can be said of it: neither that it is safe nor that earlier findings are mended. Unknown is loud.",
		Remediation: []checks.Remedy{{Where: "aopscan", Text: "Run aopscan doctor: it names the token permissions and network paths that are missing. The JSON and HTML reports say which checks are concerned and why.",
			Commands: "aopscan doctor"}},
		References: []checks.Reference{{Title: "Exit codes and inconclusive results", URL: "https://github.com/aopscan/aopscan/blob/main/docs/outputs.md"}},
	}
	ids := make([]string, 0, len(known))
	for id := range known {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	w.ruleIndex = map[string]uint{}
	for i, id := range ids {
		w.ruleIndex[id] = uint(i)
		w.ruleList = append(w.ruleList, sarifRule(known[id]))
	}
}

func sarifRule(c CheckInfo) *sarif.ReportingDescriptor {
	level, security := sarifSeverity(c.Severity)
	problem := map[string]string{"error": "error", "warning": "warning", "note": "recommendation"}[level]
	full := cmp.Or(c.Rationale, sentence(c.Title))
	helpURI := docsURL + "#" + c.ID
	if c.ID == couldNotVerify {
		helpURI = c.References[0].URL
	}
	return &sarif.ReportingDescriptor{
		ID:                   c.ID,
		Name:                 ptr(pascalCase(c.ID)),
		ShortDescription:     multiformat(clip(sentence(c.Title), maxSARIFDescription), ""),
		FullDescription:      multiformat(clip(sentence(full), maxSARIFDescription), ""),
		Help:                 multiformat(ruleHelp(c, false), ruleHelp(c, true)),
		HelpURI:              &helpURI,
		DefaultConfiguration: &sarif.ReportingConfiguration{Level: level},
		Properties: sarif.Properties{
			"security-severity": security,
			"problem.severity":  problem,
			"precision":         "very-high",
			"tags":              ruleTags(c),
		},
	}
}

// sarifSeverity is the level and GitHub's security-severity of a severity: over
// 9.0 is critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, 0.1 to 3.9 low.
func sarifSeverity(s checks.Severity) (level, security string) {
	switch s {
	case checks.Critical:
		return "error", "9.5"
	case checks.High:
		return "error", "8.0"
	case checks.Medium:
		return "warning", "5.5"
	case checks.Low:
		return "note", "2.5"
	case checks.Info:
		return "note", "0.5"
	}
	return "warning", "5.5"
}

var cweNumber = regexp.MustCompile(`^CWE-([0-9]{1,5})$`)

func ruleTags(c CheckInfo) []string {
	tags := []string{"authenticated-origin-pulls", "cloudflare", "security"}
	if c.Needs != "" {
		tags = append(tags, string(c.Needs))
	}
	var cwes []string
	for _, m := range c.Controls {
		if n := cweNumber.FindStringSubmatch(m.ID); m.Framework == "CWE" && n != nil {
			// GitHub's own rules write at least three digits.
			cwes = append(cwes, "external/cwe/cwe-"+strings.Repeat("0", max(0, 3-len(n[1])))+n[1])
		}
	}
	tags = append(tags, sortedUnique(cwes)...)
	return tags[:min(len(tags), maxSARIFTags)]
}

// ruleHelp explains a check: why it matters, what to do, where to read on.
func ruleHelp(c CheckInfo, markdown bool) string {
	var b strings.Builder
	plain := func(s string) string { return s }
	if markdown {
		plain = markdownText
	}
	b.WriteString(plain(sentence(cmp.Or(c.Rationale, c.Title))) + "\n")
	for _, f := range c.Remediation {
		if markdown {
			fmt.Fprintf(&b, "\n**%s**: %s\n", plain(f.Where), plain(f.Text))
		} else {
			fmt.Fprintf(&b, "\n%s: %s\n", f.Where, f.Text)
		}
		if f.Commands == "" {
			continue
		}
		if markdown {
			fence := fenceFor(f.Commands)
			fmt.Fprintf(&b, "\n%s\n%s\n%s\n", fence, strings.TrimRight(f.Commands, "\n"), fence)
		} else {
			fmt.Fprintf(&b, "\n%s\n", strings.TrimRight(f.Commands, "\n"))
		}
	}
	for i, ref := range c.References {
		if i == 0 {
			b.WriteString("\n")
		}
		if markdown && strings.HasPrefix(ref.URL, "https://") && !strings.ContainsAny(ref.URL, "()<> ") {
			fmt.Fprintf(&b, "- [%s](%s)\n", plain(ref.Title), ref.URL)
		} else {
			fmt.Fprintf(&b, "- %s: %s\n", plain(ref.Title), plain(ref.URL))
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// sarifFinding is one result before it is written.
type sarifFinding struct {
	rule     string
	severity checks.Severity
	target   target
	subject  string
	message  string
	print    string // fingerprint of ours, or empty
	props    sarif.Properties
}

// findings are the unwaived failures and one result per target that could not be
// verified, the worst first as far as they fit, and how many did not.
func (w *sarifWriter) findings() (results []*sarif.Result, left int) {
	var list []sarifFinding
	unverified := map[target][]string{}
	for _, res := range w.r.Results {
		tgt := w.target(res.Zone, res.Hostname, res.Address, res.Port)
		switch statusRank(res.Status) {
		case statusRank(checks.Fail):
			props := sarif.Properties{"check": res.Check, "severity": string(res.Severity)}
			for k, v := range map[string]string{"reason": res.Reason, "reproduce": res.Reproduce, "remediation": res.Remediation, "subject": res.Subject, "baseline": res.Baseline} {
				if v != "" {
					props[k] = v
				}
			}
			if len(res.Facts) > 0 {
				props["facts"] = res.Facts
			}
			list = append(list, sarifFinding{rule: res.Check, severity: res.Severity, target: tgt, subject: res.Subject,
				message: tgt.message(res.Message), print: res.Fingerprint, props: props})
		case statusRank(checks.Inconclusive):
			unverified[tgt] = append(unverified[tgt], res.Check)
		}
	}
	for _, p := range w.r.Problems {
		tgt := w.target(p.Zone, "", "", 0) // without a zone: the scan as a whole
		unverified[tgt] = append(unverified[tgt], []string{}...)
	}
	for tgt, ids := range unverified {
		list = append(list, sarifFinding{rule: couldNotVerify, severity: checks.Medium, target: tgt,
			message: fmt.Sprintf("Not everything about %s could be verified; what was found there before may still be true.", tgt.words()),
			props:   sarif.Properties{"check": couldNotVerify, "severity": string(checks.Medium), "checks": append([]string{}, sortedUnique(ids)...)}})
	}
	slices.SortFunc(list, func(a, b sarifFinding) int {
		return cmp.Or(cmp.Compare(a.severity.Rank(), b.severity.Rank()), cmp.Compare(a.rule, b.rule), a.target.compare(b.target),
			cmp.Compare(a.subject, b.subject), cmp.Compare(a.message, b.message), cmp.Compare(a.print, b.print),
			cmp.Compare(fmt.Sprint(a.props), fmt.Sprint(b.props)))
	})
	if len(list) > maxSARIFResults {
		left = len(list) - maxSARIFResults
		list = list[:maxSARIFResults]
	}
	results = make([]*sarif.Result, 0, len(list))
	for _, f := range list {
		results = append(results, w.result(f))
	}
	return results, left
}

func (w *sarifWriter) result(f sarifFinding) *sarif.Result {
	level, _ := sarifSeverity(f.severity)
	hash := w.lineHash(f)
	index := w.ruleIndex[f.rule]
	for k, v := range map[string]string{"account_id": f.target.accountID, "zone_id": f.target.zoneID, "zone": f.target.zone,
		"hostname": f.target.hostname, "address": f.target.address} {
		if v != "" {
			f.props[k] = v
		}
	}
	if f.target.port != 0 {
		f.props["port"] = f.target.port
	}
	return &sarif.Result{
		RuleID:              &f.rule,
		RuleIndex:           &index,
		Kind:                ptr("fail"),
		Level:               &level,
		Message:             sarif.Message{Text: ptr(clip(f.message, maxSARIFMessage))},
		Locations:           []*sarif.Location{w.location(f.target)},
		PartialFingerprints: map[string]any{"primaryLocationLineHash": hash},
		Fingerprints:        map[string]any{"aopscan/v1": cmp.Or(f.print, hash)},
		PropertyBag:         sarif.PropertyBag{Properties: f.props},
	}
}

// lineHash is the fingerprint that GitHub goes by: made of identifiers that stay
// when wording, severity or order change. Results that share all of them are
// numbered.
func (w *sarifWriter) lineHash(f sarifFinding) string {
	t := f.target
	parts := []string{f.rule, t.accountID, cmp.Or(t.zoneID, t.zone), strings.ToLower(t.hostname), t.address, strconv.Itoa(t.port), f.subject}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	hash := hex.EncodeToString(sum[:])[:16]
	w.seen[hash]++
	return hash + ":" + strconv.Itoa(w.seen[hash])
}

// target is what a result is about. Targets are comparable.
type target struct {
	account, accountID string
	zone, zoneID       string
	hostname           string
	address            string
	port               int
}

func (w *sarifWriter) target(zone, hostname, address string, port int) target {
	t := target{zone: zone, hostname: hostname, address: address, port: port}
	if z, ok := w.zones[zone]; ok && zone != "" {
		t.zoneID, t.account, t.accountID = z.ID, cmp.Or(z.AccountName, z.AccountID), z.AccountID
	}
	return t
}

func (t target) compare(o target) int {
	return cmp.Or(cmp.Compare(t.account, o.account), cmp.Compare(t.zone, o.zone), cmp.Compare(t.hostname, o.hostname),
		compareAddress(t.address, o.address), cmp.Compare(t.port, o.port))
}

// words names the target within a sentence.
func (t target) words() string {
	var parts []string
	switch {
	case t.hostname != "":
		parts = append(parts, "'"+t.hostname+"'")
	case t.zone != "":
		parts = append(parts, "zone '"+t.zone+"'")
	case t.address == "":
		return "the account"
	}
	if t.address != "" {
		parts = append(parts, "'"+hostPort(t.address, t.port)+"'")
	}
	return strings.Join(parts, " at ")
}

// message says what was found, and of what where the text does not.
func (t target) message(text string) string {
	text = sentence(text)
	if name := cmp.Or(t.hostname, t.zone, t.address); name != "" && strings.Contains(text, name) {
		return text
	}
	return text + " Target: " + t.words() + "."
}

// location is the one location of a result.
func (w *sarifWriter) location(t target) *sarif.Location {
	uri, line := t.path(), 1
	if at := w.configLine(t); at > 0 {
		uri, line = pathURI(w.o.ConfigPath), at
	}
	one := 1
	return &sarif.Location{
		PhysicalLocation: &sarif.PhysicalLocation{
			ArtifactLocation: &sarif.ArtifactLocation{URI: &uri},
			Region:           &sarif.Region{StartLine: &line, StartColumn: &one, EndLine: &line, EndColumn: &one},
		},
		LogicalLocations: []*sarif.LogicalLocation{w.logicalLocation(t)},
	}
}

func (w *sarifWriter) configLine(t target) int {
	if w.o.ConfigPath == "" || strings.HasPrefix(w.o.ConfigPath, "/") {
		return 0
	}
	if line := w.o.ConfigLines[t.hostname]; t.hostname != "" && line > 0 {
		return line
	}
	if t.zone == "" {
		return 0
	}
	return w.o.ConfigLines[t.zone]
}

// path is the target as a path relative to the repository's root. No such file
// exists; code scanning groups and filters by it.
func (t target) path() string {
	segments := []string{"cloudflare"}
	if t.zone == "" {
		segments = append(segments, "targets")
	} else {
		segments = append(segments, segment(t.account), nameSegment(t.zone))
	}
	if t.hostname != "" {
		segments = append(segments, nameSegment(t.hostname))
	}
	if t.address != "" {
		segments = append(segments, "origin", segment(addressText(t.address)), strconv.Itoa(t.port))
	}
	return strings.Join(segments, "/")
}

// addressText is an address in its usual spelling.
func addressText(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.String()
	}
	return s
}

// nameSegment is a DNS name as a path segment: lower case, punycode, with a word
// for the wildcard.
func nameSegment(name string) string {
	name = strings.TrimSuffix(name, ".")
	if ascii, err := idna.Punycode.ToASCII(strings.ToLower(name)); err == nil {
		name = ascii
	}
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		name = "_wildcard." + rest
	}
	return segment(name)
}

// segment is any text as one path segment that every reader takes: lower case,
// everything percent-encoded but unreserved characters (RFC 3986, 2.3) and ":".
func segment(s string) string {
	s = strings.ToLower(s)
	if strings.Trim(s, ".") == "" { // empty, ".", "..": parts of paths, not names
		return "_"
	}
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', strings.IndexByte("-._~:", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// pathURI is a relative file path as a URI reference.
func pathURI(path string) string {
	parts := strings.Split(strings.TrimPrefix(strings.ReplaceAll(path, `\`, "/"), "./"), "/")
	for i, p := range parts {
		var b strings.Builder
		for j := range len(p) {
			c := p[j]
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		}
		parts[i] = b.String()
	}
	return strings.Join(parts, "/")
}

// logicalLocation is the target's place in the run's tree of names; it adds the
// nodes that are not there yet.
func (w *sarifWriter) logicalLocation(t target) *sarif.LogicalLocation {
	steps := [][2]string{}
	if t.zone != "" {
		steps = append(steps, [2]string{"account", cmp.Or(t.account, "_")}, [2]string{"zone", t.zone})
	}
	if t.hostname != "" {
		steps = append(steps, [2]string{"hostname", t.hostname})
	}
	if t.address != "" {
		steps = append(steps, [2]string{"origin", hostPort(t.address, t.port)})
	}
	if len(steps) == 0 {
		steps = append(steps, [2]string{"account", "_"})
	}
	var parent *uint
	name := ""
	for _, s := range steps {
		name = strings.TrimPrefix(name+"/"+s[0]+"/"+strings.ReplaceAll(s[1], "/", "%2F"), "/")
		i, ok := w.nodes[name]
		if !ok {
			i = uint(len(w.logical))
			w.nodes[name] = i
			w.logical = append(w.logical, &sarif.LogicalLocation{Name: ptr(s[1]), FullyQualifiedName: ptr(name), Kind: ptr("resource"), ParentIndex: parent})
		}
		parent = &i
	}
	last := w.logical[*parent]
	return &sarif.LogicalLocation{Index: parent, Name: last.Name, FullyQualifiedName: last.FullyQualifiedName, Kind: last.Kind}
}

func notification(level, text string) *sarif.Notification {
	return &sarif.Notification{Level: level, Message: &sarif.Message{Text: ptr(clip(sentence(text), maxSARIFMessage))}}
}

// notifications say what kept the scan from seeing everything, and what somebody
// waived. There are at most
// 200: their place is the JSON report.
func (w *sarifWriter) notifications() []*sarif.Notification {
	const most = 200
	out := []*sarif.Notification{}
	for _, p := range w.r.Problems {
		text := p.What + ": " + p.Cause
		if p.Zone != "" {
			text = "Zone '" + p.Zone + "': " + text
		}
		out = append(out, notification("error", text))
	}
	for _, u := range w.r.Unread {
		text := fmt.Sprintf("The %s of '%s' could not be read (%s)", u.Name, cmp.Or(u.Zone, u.Account), unreadWhy(u.Section))
		if u.Permission != "" {
			text += "; reading needs the token permission '" + u.Permission + "'"
		}
		out = append(out, notification("warning", text))
	}
	// Readers of SARIF show suppressed results as open ones, so what is waived stands
	// here instead.
	for _, res := range w.r.Results {
		if res.Status == checks.Waived && res.Waiver != nil {
			out = append(out, notification("note", fmt.Sprintf("%s of %s is waived until %s by %s: %s", res.Check, where(res), res.Waiver.Expires, res.Waiver.Owner, res.Waiver.Reason)))
		}
	}
	for _, line := range waiverLines(w.r) {
		out = append(out, notification("warning", line))
	}
	if n := len(out) - most; n > 0 {
		out = append(out[:most], notification("warning", fmt.Sprintf("%d more notices are left out; the JSON report has them", n)))
	}
	return out
}

// category is the part of automationDetails.id before the last slash: code
// scanning keeps one set of alerts for each.
func (w *sarifWriter) category() string {
	if c := strings.Trim(w.o.SARIFCategory, "/ "); c != "" {
		return clip(clean(c), 200)
	}
	scope := w.r.Scope
	name := func(kind string, list []string) string {
		list = sortedUnique(list)
		if len(list) == 1 {
			return kind + "-" + strings.ToLower(strings.ReplaceAll(nameSegment(list[0]), "%", "-"))
		}
		sum := sha256.Sum256([]byte(strings.Join(list, "\x00")))
		return fmt.Sprintf("%ss-%s", kind, hex.EncodeToString(sum[:])[:8])
	}
	switch {
	case len(scope.Targets) > 0:
		return "aopscan/" + name("target", scope.Targets)
	case len(scope.Zones) > 0 && len(scope.Accounts) > 0:
		return "aopscan/" + name("account", scope.Accounts) + "-" + name("zone", scope.Zones)
	case len(scope.Zones) > 0:
		return "aopscan/" + name("zone", scope.Zones)
	case len(scope.Accounts) > 0:
		return "aopscan/" + name("account", scope.Accounts)
	}
	return "aopscan/all-zones"
}

// pascalCase makes a rule's name from its identifier.
func pascalCase(id string) string {
	var b strings.Builder
	up := true
	for _, r := range id {
		switch {
		case r >= 'a' && r <= 'z':
			if up {
				r -= 'a' - 'A'
			}
			b.WriteRune(r)
			up = false
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9' && b.Len() > 0:
			b.WriteRune(r)
			up = false
		default:
			up = true
		}
	}
	if b.Len() == 0 {
		return "Check"
	}
	return clip(b.String(), 255)
}

// sentence ends a text with a full stop.
func sentence(s string) string {
	s = strings.TrimRight(s, " ")
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// clip cuts a text to n runes, with a mark.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

func ptr[T any](v T) *T { return &v }
