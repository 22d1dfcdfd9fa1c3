package report

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/aopscan/aopscan/checks"
)

// The elements of a JUnit file as GitLab, Jenkins and Azure DevOps read it.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr,omitempty"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string       `xml:"classname,attr"`
	Name    string       `xml:"name,attr"`
	Time    string       `xml:"time,attr"`
	Failure *junitDetail `xml:"failure"`
	Error   *junitDetail `xml:"error"`
	Skipped *junitDetail `xml:"skipped"`
}

type junitDetail struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes one test case per check and resource: fail is a failure,
// inconclusive an error, and not-applicable, skipped and waived are skipped with
// the reason. What kept the scan from being complete is an error of its own.
func JUnit(r *Report, _ WriteOptions) ([]byte, error) {
	r = printable(r, false)
	stamp := ""
	if !r.StartedAt.IsZero() {
		stamp = r.StartedAt.UTC().Format("2006-01-02T15:04:05")
	}
	top := junitSuites{Name: "aopscan", Time: "0"}
	if !r.StartedAt.IsZero() && r.FinishedAt.After(r.StartedAt) {
		top.Time = fmt.Sprintf("%.3f", r.FinishedAt.Sub(r.StartedAt).Seconds())
	}
	add := func(s junitSuite) {
		s.Time, s.Timestamp = "0", stamp
		for _, c := range s.Cases {
			s.Tests++
			switch {
			case c.Failure != nil:
				s.Failures++
			case c.Error != nil:
				s.Errors++
			case c.Skipped != nil:
				s.Skipped++
			}
		}
		top.Tests, top.Failures, top.Errors, top.Skipped = top.Tests+s.Tests, top.Failures+s.Failures, top.Errors+s.Errors, top.Skipped+s.Skipped
		top.Suites = append(top.Suites, s)
	}

	if len(r.Problems) > 0 {
		s := junitSuite{Name: "scan"}
		for _, p := range r.Problems {
			name := p.What
			if p.Zone != "" {
				name = "zone " + p.Zone + ": " + name
			}
			s.Cases = append(s.Cases, junitCase{Class: "aopscan.scan", Name: name, Time: "0",
				Error: &junitDetail{Message: p.Cause, Type: "incomplete", Text: p.Hint}})
		}
		add(s)
	}
	seen := map[string]int{}
	for _, g := range byZone(r) {
		s := junitSuite{Name: cmp.Or(g.name, "targets")}
		for _, res := range g.results {
			c := junitCase{Class: "aopscan." + res.Check, Name: res.Check + ": " + where(res), Time: "0"}
			if res.Subject != "" {
				c.Name += " (" + res.Subject + ")"
			}
			// Readers fold cases of one name into one.
			if seen[c.Name]++; seen[c.Name] > 1 {
				c.Name += fmt.Sprintf(" #%d", seen[c.Name])
			}
			detail := &junitDetail{Message: res.Message, Type: string(res.Severity), Text: junitText(res)}
			switch res.Status {
			case checks.Pass:
			case checks.Fail:
				c.Failure = detail
			case checks.NotApplicable, checks.Skipped:
				detail.Type = string(res.Status)
				c.Skipped = detail
			case checks.Waived:
				detail.Type = string(res.Status)
				detail.Message = "waived: " + detail.Message
				c.Skipped = detail
			default:
				detail.Type = string(checks.Inconclusive)
				c.Error = detail
			}
			s.Cases = append(s.Cases, c)
		}
		add(s)
	}

	var b bytes.Buffer
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", "  ")
	if err := enc.Encode(top); err != nil {
		return nil, fmt.Errorf("encoding JUnit: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func junitText(res Result) string {
	var lines []string
	add := func(label, text string) {
		if text != "" {
			lines = append(lines, label+": "+strings.ReplaceAll(text, "\n", " "))
		}
	}
	add("check", res.Check)
	add("severity", string(res.Severity))
	add("where", where(res))
	add("reason", res.Reason)
	if res.Waiver != nil {
		add("waived", fmt.Sprintf("until %s by %s", res.Waiver.Expires, res.Waiver.Owner))
		add("proof", res.Waiver.Proof)
	}
	add("needs the token permission", res.Permission)
	add("do", res.Remediation)
	add("reproduce", res.Reproduce)
	return strings.Join(lines, "\n")
}
