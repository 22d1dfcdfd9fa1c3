package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aopscan/aopscan/checks"
)

// CSV writes one line per result, for spreadsheets. No cell is taken for a
// formula: what begins like one gets an apostrophe in front.
func CSV(r *Report, _ WriteOptions) ([]byte, error) {
	r = printable(r, false)
	controls := map[string]string{}
	for _, c := range r.Checks {
		var list []string
		for _, m := range c.Controls {
			list = append(list, m.Framework+" "+m.ID)
		}
		controls[c.ID] = strings.Join(list, "; ")
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"status", "severity", "check", "title", "zone", "hostname", "address", "port", "subject", "message", "reason",
		"remediation", "reproduce", "permission", "facts", "baseline", "waiver_owner", "waiver_expires", "waiver_reason", "controls", "observed_at", "fingerprint"}}
	observed := ""
	if !r.FinishedAt.IsZero() {
		observed = r.FinishedAt.UTC().Format("2006-01-02T15:04:05Z")
	}
	for _, res := range r.Results {
		port := ""
		if res.Port != 0 {
			port = strconv.Itoa(res.Port)
		}
		var waiver checks.WaiverNote
		if res.Waiver != nil {
			waiver = *res.Waiver
		}
		rows = append(rows, []string{string(res.Status), string(res.Severity), res.Check, res.Title, res.Zone, res.Hostname, res.Address, port, res.Subject, res.Message, res.Reason,
			res.Remediation, strings.ReplaceAll(res.Reproduce, "\n", " "), res.Permission, factsLine(res.Facts), res.Baseline, waiver.Owner, waiver.Expires, waiver.Reason, controls[res.Check], observed, res.Fingerprint})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = spreadsheetSafe(row[i])
		}
		if err := w.Write(row); err != nil {
			return nil, fmt.Errorf("encoding CSV: %w", err)
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return nil, fmt.Errorf("encoding CSV: %w", err)
	}
	return b.Bytes(), nil
}

// spreadsheetSafe keeps a spreadsheet from reading a cell as a formula
// (https://owasp.org/www-community/attacks/CSV_Injection). The text is clean
// already: it holds no tab and no line end.
func spreadsheetSafe(s string) string {
	trimmed := strings.TrimLeft(s, " '\"")
	if trimmed != "" && strings.ContainsRune("=+-@\uff1d\uff0b\uff0d\uff20|%", []rune(trimmed)[0]) {
		return "'" + s
	}
	return s
}

// factsLine joins facts in the order of their names.
func factsLine(facts map[string]string) string {
	names := make([]string, 0, len(facts))
	for name := range facts {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = name + "=" + facts[name]
	}
	return strings.Join(names, "; ")
}
