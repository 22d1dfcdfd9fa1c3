package report

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/checks"
)

// GitHub shows ten errors and ten warnings of a step; a few places are left to
// others.
const maxAnnotations = 8

// Annotations are GitHub workflow commands for the worst few findings and one
// line that sums up. Print them only where GITHUB_ACTIONS is true.
func Annotations(r *Report) []byte {
	r = printable(r, false)
	var fails []Result
	unverified := 0
	for _, res := range r.Results {
		switch statusRank(res.Status) {
		case 0:
			if res.Baseline != BaselineUnchanged {
				fails = append(fails, res)
			}
		case 1:
			unverified++
		}
	}
	slices.SortStableFunc(fails, func(a, b Result) int { return cmp.Compare(a.Severity.Rank(), b.Severity.Rank()) })

	var b bytes.Buffer
	said := map[string]int{}
	for _, res := range fails {
		command := "warning"
		if res.Severity.Rank() <= checks.High.Rank() {
			command = "error"
		}
		if said[command]++; said[command] <= maxAnnotations {
			annotate(&b, command, fmt.Sprintf("%s (%s)", cmp.Or(res.Title, res.Check), res.Severity), where(res)+": "+res.Message)
		}
	}
	if unverified > 0 {
		annotate(&b, "warning", "Could not be verified", counted(unverified, "result is", "results are")+" inconclusive: neither safe nor failed. The report says why.")
	}
	annotate(&b, "notice", "aopscan", r.Summary.Verdict)
	return b.Bytes()
}

// annotate writes one workflow command; the escapes are those of GitHub's runner.
func annotate(b *bytes.Buffer, command, title, message string) {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	fmt.Fprintf(b, "::%s title=%s::%s\n", command, property.Replace(title), data.Replace(message))
}
