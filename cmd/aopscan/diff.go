package main

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/sanitize"
	"github.com/aopscan/aopscan/report"
)

// newDiffCmd is `aopscan diff`: what changed between two reports.
func newDiffCmd(a *app) *cobra.Command {
	var format, failOn string
	cmd := &cobra.Command{
		Use:   "diff OLD.json NEW.json",
		Short: "Compare two JSON reports: what is new, unchanged, fixed",
		Long: `Diff compares the failures of two JSON reports by fingerprint: check, zone, hostname,
address and subject, never the wording. A failure that is gone counts as fixed only
where it was judged again; what could not be seen this time is not assessed.

Exit code: 0 no new failure, 1 a new failure, 2 a report that cannot be read.`,
		Example: `  aopscan diff last-week.json today.json
  aopscan diff last-week.json today.json -o json`,
		Args: func(_ *cobra.Command, args []string) error {
			const hint = "give the earlier report, then the later one: aopscan diff old.json new.json"
			switch {
			case len(args) < 2:
				return usageError(hint, "reading arguments: two reports are needed, %d given", len(args))
			case len(args) > 2:
				return usageError(hint, "reading arguments: %q is not expected", args[2])
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 1 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return []cobra.Completion{"json"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(_ *cobra.Command, args []string) error {
			asJSON, err := jsonWanted(format)
			if err != nil {
				return err
			}
			if checks.Severity(failOn).Rank() > checks.Info.Rank() {
				return usageError("use critical, high, medium, low or info", "reading --fail-on: %q is not a severity", failOn)
			}
			before, err := report.LoadBaseline(args[0])
			if err != nil {
				return &exitError{code: exitUsage, err: err}
			}
			after, err := report.LoadBaseline(args[1])
			if err != nil {
				return &exitError{code: exitUsage, err: err}
			}
			d := report.Diff(before, after)
			if asJSON {
				err = a.printJSON(diffReport{Old: args[0], New: args[1], Summary: summaryOf(d), Changes: d})
			} else {
				err = a.print(diffTable(d, args[0], args[1], a.width(0), a.verbose > 0))
			}
			if err != nil {
				return err
			}
			for _, c := range d.New {
				// A severity that nobody knows is not a reason to pass.
				if c.Severity.Rank() <= checks.Severity(failOn).Rank() || c.Severity.Rank() > checks.Info.Rank() {
					return &exitError{code: exitFailed}
				}
			}
			return nil
		},
	}
	registerFormat(cmd, &format)
	cmd.Flags().StringVar(&failOn, "fail-on", string(checks.Info), "lowest `severity` of a new failure that makes the exit code 1")
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]string{"critical", "high", "medium", "low", "info"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// diffReport is the JSON of a comparison.
type diffReport struct {
	Old     string                 `json:"old"`
	New     string                 `json:"new"`
	Summary report.BaselineSummary `json:"summary"`
	Changes report.Difference      `json:"changes"`
}

func summaryOf(d report.Difference) report.BaselineSummary {
	return report.BaselineSummary{
		New: len(d.New), Unchanged: len(d.Unchanged), Fixed: len(d.Fixed), Waived: len(d.Waived), NotAssessed: len(d.NotAssessed),
	}
}

// diffTable is a comparison for people. What did not change is counted, and
// listed where it was asked for.
func diffTable(d report.Difference, before, after string, width int, verbose bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s -> %s\n", sanitize.Text(before, 200), sanitize.Text(after, 200))
	fmt.Fprintf(&b, "%d new, %d unchanged, %d fixed, %d waived, %d not assessed\n", len(d.New), len(d.Unchanged), len(d.Fixed), len(d.Waived), len(d.NotAssessed))
	list := func(title string, changes []report.Change, say func(report.Change) string) {
		if len(changes) == 0 {
			return
		}
		b.WriteString("\n" + title + "\n")
		for _, c := range changes {
			fmt.Fprintf(&b, "  %-8s  %s  %s\n", sanitize.Text(string(c.Severity), 20), sanitize.Text(c.Check, 100), sanitize.Text(place(c.Result), 600))
			for _, line := range fill(sanitize.Text(say(c), 2000), width-12) {
				if line != "" {
					b.WriteString(strings.Repeat(" ", 12) + line + "\n")
				}
			}
		}
	}
	message := func(c report.Change) string { return c.Message }
	list("New", d.New, func(c report.Change) string {
		if c.Was == "" || c.Was == checks.Pass {
			return c.Message
		}
		return fmt.Sprintf("%s (before: %s)", c.Message, c.Was)
	})
	list("Not assessed: failed before, and nobody can say that it is fixed", d.NotAssessed, func(c report.Change) string { return c.Why })
	list("Waived", d.Waived, func(c report.Change) string {
		if c.Waiver == nil {
			return c.Reason
		}
		return fmt.Sprintf("%s (%s, until %s)", c.Waiver.Reason, c.Waiver.Owner, c.Waiver.Expires)
	})
	list("Fixed", d.Fixed, message)
	if verbose {
		list("Unchanged", d.Unchanged, message)
	}
	return b.String()
}

// place names the thing that a result is about.
func place(r report.Result) string {
	name := r.Hostname
	if name == "" {
		name = r.Zone
	}
	switch {
	case r.Address != "" && r.Port != 0:
		name += " at " + net.JoinHostPort(r.Address, strconv.Itoa(r.Port))
	case r.Address != "":
		name += " at " + r.Address
	}
	switch {
	case name == "":
		name = r.Subject
	case r.Subject != "":
		name += " (" + r.Subject + ")"
	}
	return name
}
