package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/aopscan/aopscan/internal/config"
	"github.com/aopscan/aopscan/internal/nearest"
)

// newConfigCmd is `aopscan config`: the configuration file.
func newConfigCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Write or check aopscan.yaml",
		Long: `Config writes a commented aopscan.yaml, checks one, or prints its JSON schema.

A flag is stronger than an environment variable, that is stronger than the file, and
that is stronger than the default. docs/configuration.md lists them all.`,
		Args: noConfigArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigInitCmd(a), newConfigValidateCmd(a), newConfigSchemaCmd(a))
	return cmd
}

func noConfigArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := fmt.Sprintf("run '%s --help' for the usage", cmd.CommandPath())
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	if near := nearest.Word(args[0], names); near != "" {
		hint = fmt.Sprintf("did you mean '%s %s'?", cmd.CommandPath(), near)
	}
	return usageError(hint, "reading arguments: %q is not expected", args[0])
}

func newConfigInitCmd(a *app) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "init [PATH]",
		Short: "Write a commented configuration file",
		Long: `Init writes a configuration file in which every key is explained and commented out,
so that it changes nothing until somebody wants it to. PATH is aopscan.yaml unless
given; - is standard output.`,
		Args: maxOneArg,
		RunE: func(_ *cobra.Command, args []string) error {
			path := config.Name
			if len(args) == 1 {
				path = args[0]
			}
			if path == "-" {
				return a.print(config.Template)
			}
			if err := writeConfig(path, force); err != nil {
				return err
			}
			if !a.quiet {
				fmt.Fprintf(a.stderr, "wrote %s; 'aopscan config validate' checks it once it is edited\n", path)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "write over a file that is there")
	return cmd
}

func maxOneArg(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return noConfigArgs(cmd, args[1:])
	}
	return nil
}

// writeConfig writes the template whole or not at all, over a file only with
// force. A link stays a link, and what is no file (a device, a pipe) is written
// to, never replaced.
func writeConfig(path string, force bool) error {
	fail := func(err error) error {
		var pe *fs.PathError
		var le *os.LinkError
		switch { // the temporary name says nothing to anybody
		case errors.As(err, &pe):
			err = pe.Err
		case errors.As(err, &le):
			err = le.Err
		}
		return &exitError{code: exitNothing, err: fmt.Errorf("writing %s: %w", path, err)}
	}
	if _, err := os.Lstat(path); err == nil && !force {
		return usageError("give another path, or --force to write over it", "writing %s: it is there already", path)
	}
	into := path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		into = target
	}
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		if st.IsDir() {
			return fail(errors.New("it is a folder"))
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return fail(err)
		}
		_, err = f.WriteString(config.Template)
		if err = errors.Join(err, f.Close()); err != nil {
			return fail(err)
		}
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(into), ".aopscan-*.yaml")
	if err != nil {
		return fail(err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(config.Template)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fail(err)
	}
	if err := os.Rename(f.Name(), into); err != nil {
		return fail(err)
	}
	return nil
}

func newConfigValidateCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "validate [PATH...]",
		Short: "Check configuration files and list everything that is wrong",
		Long: `Validate reads configuration files as a scan would and lists everything that is wrong
in them, with file, line and column. It exits 0 when all are right and 2 otherwise.
Without PATH it reads the file that a scan would read; - is standard input.`,
		Example: `  aopscan config validate
  aopscan config validate aopscan.yaml staging/aopscan.yaml`,
		RunE: func(_ *cobra.Command, paths []string) error {
			if len(paths) == 0 {
				paths = []string{""} // what a scan would read
			}
			var problems []config.Problem
			for _, path := range paths {
				file, err := a.readConfig(path)
				var e *config.Error
				switch {
				case errors.As(err, &e):
					problems = append(problems, e.Problems...)
					continue
				case err != nil:
					return err
				}
				a.warnOfWaivers(file)
				if err := a.print(file.Path + ": valid\n"); err != nil {
					return err
				}
			}
			if len(problems) > 0 {
				return &exitError{code: exitUsage, err: &config.Error{Problems: problems}}
			}
			return nil
		},
	}
}

func (a *app) readConfig(path string) (*config.File, error) {
	switch path {
	case "-":
		return config.Read("<stdin>", a.stdin)
	case "":
		file, err := config.Open("", a.env)
		if file == nil && err == nil {
			return nil, usageError("'aopscan config init' writes one", "reading configuration: there is no %s here", config.Name)
		}
		return file, err
	}
	return config.Load(path)
}

// warnOfWaivers names waivers that no longer hold. That is no mistake of the
// file: a scan says so too, and fails by what they covered.
func (a *app) warnOfWaivers(file *config.File) {
	if a.quiet {
		return
	}
	for _, w := range file.Waivers {
		if w.Expired(a.now()) {
			fmt.Fprintf(a.stderr, "%s:%d: warning: the waiver of %s expired on %s\n", file.Path, w.Line, w.Check, w.Expires.Format(time.DateOnly))
		}
	}
}

func newConfigSchemaCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of the configuration file, for editors",
		Args:  noConfigArgs,
		RunE:  func(*cobra.Command, []string) error { return a.print(string(config.Schema())) },
	}
}
