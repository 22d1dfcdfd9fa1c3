package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/report"
)

func newVersionCmd(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of the program and of its formats",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			t := toolInfo()
			if asJSON {
				b, err := json.Marshal(struct {
					evidence.Tool
					Go       string `json:"go"`
					Report   string `json:"report_schema"`
					Evidence int    `json:"evidence_schema_version"`
				}{t, runtime.Version(), report.SchemaID, evidence.SchemaVersion})
				if err != nil {
					return &exitError{code: exitNothing, err: fmt.Errorf("writing JSON: %w", err)}
				}
				return a.print(string(b) + "\n")
			}
			commit := t.Commit
			if commit == "" {
				commit = "unknown"
			}
			return a.print(fmt.Sprintf("aopscan %s\ncommit %s\n%s %s/%s\nreport schema %s\nevidence schema version %d\n",
				t.Version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, report.SchemaID, evidence.SchemaVersion))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// newManCmd writes the man pages, for packagers.
func newManCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the man pages into a folder",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return &exitError{code: exitNothing, err: fmt.Errorf("writing man pages: %w", err)}
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			header := &doc.GenManHeader{Title: "AOPSCAN", Section: "1", Source: "aopscan " + toolInfo().Version, Manual: "aopscan manual"}
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return &exitError{code: exitNothing, err: fmt.Errorf("writing man pages: %w", err)}
			}
			pages, err := filepath.Glob(filepath.Join(args[0], "*.1"))
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stderr, "wrote %d man pages to %s\n", len(pages), args[0])
			return nil
		},
	}
}
