package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/config"
	"github.com/aopscan/aopscan/report"
)

// newChecksCmd is `aopscan checks`: the catalogue.
func newChecksCmd(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "checks",
		Short: "List the checks; 'checks show ID' explains one",
		Long: `Checks lists the catalogue: every check's ID, severity, what it judges from
(configuration or probing) and title. IDs are public and never reused.`,
		Example: `  aopscan checks
  aopscan checks show origin-accepts-no-certificate
  aopscan checks -o json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := "'aopscan checks' lists them, 'aopscan checks show ID' explains one"
			if config.KnownCheck(args[0]) == nil {
				hint = fmt.Sprintf("use 'aopscan checks show %s'", args[0])
			}
			return usageError(hint, "reading arguments: %q is not expected", args[0])
		},
		RunE: func(*cobra.Command, []string) error {
			all := checks.All()
			asJSON, err := jsonWanted(format)
			if err != nil {
				return err
			}
			if asJSON {
				infos := make([]report.CheckInfo, len(all))
				for i, c := range all {
					infos[i] = checkInfo(c)
				}
				return a.printJSON(infos)
			}
			rows := make([][]string, len(all))
			for i, c := range all {
				rows[i] = []string{c.ID, string(c.Severity), string(c.Needs), c.Title}
			}
			return a.print(columns([]string{"ID", "SEVERITY", "NEEDS", "TITLE"}, rows, a.width(0)))
		},
	}
	registerFormat(cmd, &format)
	cmd.AddCommand(newChecksShowCmd(a))
	return cmd
}

func newChecksShowCmd(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "Explain one check: why it matters, what to do, controls and sources",
		Example: `  aopscan checks show origin-accepts-no-certificate`,
		Args: func(_ *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return usageError("'aopscan checks' lists them", "reading arguments: no check is named")
			case 1:
				return nil
			}
			return usageError("show one check at a time", "reading arguments: %q is not expected", args[1])
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return completeChecks(cmd, args, typed)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			asJSON, err := jsonWanted(format)
			if err != nil {
				return err
			}
			if err := config.KnownCheck(args[0]); err != nil {
				return &exitError{code: exitUsage, err: fmt.Errorf("reading arguments: %w", err)}
			}
			for _, c := range checks.All() {
				if c.ID != args[0] {
					continue
				}
				if asJSON {
					return a.printJSON(checkInfo(c))
				}
				return a.print(a.explain(c))
			}
			return nil
		},
	}
	registerFormat(cmd, &format)
	return cmd
}

func checkInfo(c checks.Check) report.CheckInfo {
	return report.CheckInfo{
		ID: c.ID, Title: c.Title, Severity: c.Severity, Needs: c.Needs, Rationale: c.Rationale,
		Remediation: c.Remediation, References: c.References, Controls: c.Controls,
	}
}

// explain is a check as people read it: prose in the terminal's width, commands
// as they are typed.
func (a *app) explain(c checks.Check) string {
	width := min(a.width(80), 100)
	var b strings.Builder
	head := func(text string) {
		if report.ColorWanted(a.env, isTerminal(a.stdout)) {
			text = "\x1b[1m" + text + "\x1b[0m"
		}
		b.WriteString(text + "\n")
	}
	prose := func(indent, text string) {
		for _, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
			for _, line := range fill(paragraph, width-len(indent)) {
				b.WriteString(indent + line + "\n")
			}
		}
	}
	head(c.ID)
	prose("", c.Title)
	fmt.Fprintf(&b, "\nSeverity  %s\nNeeds     %s\n\n", c.Severity, c.Needs)
	head("Why it matters")
	prose("  ", c.Rationale)
	for i, r := range c.Remediation {
		if i == 0 {
			b.WriteString("\n")
			head("What to do")
		} else {
			b.WriteString("\n")
		}
		prose("  ", r.Where+": "+r.Text)
		if commands := strings.TrimRight(r.Commands, "\n"); commands != "" {
			b.WriteString("\n")
			for line := range strings.SplitSeq(commands, "\n") {
				b.WriteString(strings.TrimRight("      "+line, " ") + "\n")
			}
		}
	}
	for i, m := range c.Controls {
		if i == 0 {
			b.WriteString("\n")
			head("Controls")
		}
		b.WriteString("  " + controlName(m) + "\n")
		prose("    ", m.Why)
	}
	for i, r := range c.References {
		if i == 0 {
			b.WriteString("\n")
			head("References")
		}
		prose("  ", r.Title)
		b.WriteString("    " + r.URL + "\n")
	}
	return b.String()
}

func controlName(m checks.Control) string {
	if strings.HasPrefix(m.ID, m.Framework) { // CWE, CWE-306
		return m.ID
	}
	return m.Framework + ", " + m.ID
}

// registerFormat adds -o for the commands that print a table or JSON.
func registerFormat(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "output", "o", "table", "print as `FORMAT`: table or json")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

func jsonWanted(format string) (bool, error) {
	if format != "table" && format != "json" {
		return false, usageError("use table or json", "reading --output: %q is not a format of this command", format)
	}
	return format == "json", nil
}

func (a *app) printJSON(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return &exitError{code: exitNothing, err: fmt.Errorf("writing JSON: %w", err)}
	}
	return a.print(b.String())
}

// print writes a command's whole output at once.
func (a *app) print(text string) error {
	if _, err := a.stdout.Write([]byte(text)); err != nil {
		return stdoutError(err)
	}
	return nil
}

// stdoutError is output that could not be written: a full disk, a reader that
// went away.
func stdoutError(err error) *exitError {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err // "write /dev/stdout" says it twice
	}
	return &exitError{code: exitNothing, err: fmt.Errorf("writing to standard output: %w", err)}
}

// width is the terminal's width, else COLUMNS, else otherwise; 0 means unbounded.
func (a *app) width(otherwise int) int {
	if f, ok := a.stdout.(*os.File); ok && isTerminal(f) {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
	}
	if n, err := strconv.Atoi(a.env("COLUMNS")); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// columns aligns rows of plain ASCII text. The last column is wrapped so that the
// lines stay within width, and stands under the others where little room is left
// for it. Width 0 means that lines are as long as they are.
func columns(header []string, rows [][]string, width int) string {
	const (
		gap     = 2
		cramped = 36
	)
	all := append([][]string{header}, rows...)
	last := len(header) - 1
	widths := make([]int, last)
	indent := 0
	for i := range widths {
		for _, row := range all {
			widths[i] = max(widths[i], len(row[i])+gap)
		}
		indent += widths[i]
	}
	below := width > 0 && width-indent < cramped
	if below {
		indent = 2 * gap
	}
	var b strings.Builder
	for _, row := range all {
		line := ""
		for i, w := range widths {
			line += fmt.Sprintf("%-*s", w, row[i])
		}
		for i, text := range fill(row[last], width-indent) {
			if below && i == 0 {
				b.WriteString(strings.TrimRight(line, " ") + "\n")
			}
			if below || i > 0 {
				line = strings.Repeat(" ", indent)
			}
			b.WriteString(line + text + "\n")
		}
	}
	return b.String()
}

// fill breaks text at spaces into lines of at most width runes; a longer word
// keeps its line. Width 0 or less means one line.
func fill(text string, width int) []string {
	var lines []string
	line, length := "", 0
	for _, word := range strings.Fields(text) {
		n := len([]rune(word))
		if line != "" && width > 0 && length+1+n > width {
			lines = append(lines, line)
			line, length = "", 0
		}
		if line != "" {
			line += " "
			length++
		}
		line += word
		length += n
	}
	return append(lines, line)
}
