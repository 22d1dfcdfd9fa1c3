package main

import (
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/config"
	"github.com/aopscan/aopscan/report"
)

// configuration is what holds beside the flags, which are filled in place.
type configuration struct {
	// path is the configuration file as given; empty where there is none.
	path       string
	thresholds checks.Thresholds
	waivers    []report.Waiver
	lines      map[string]int
}

// applyConfig fills the flags that were not given from the environment and the
// configuration file.
func (a *app) applyConfig(cmd *cobra.Command, path string) (configuration, error) {
	if err := config.CheckFlags(cmd.Flags()); err != nil {
		return configuration{}, &exitError{code: exitUsage, err: err}
	}
	file, err := config.Open(path, a.env)
	if err != nil {
		return configuration{}, &exitError{code: exitUsage, err: err}
	}
	if file != nil {
		a.log.Info("reading the configuration", "file", file.Path)
	}
	return a.resolve(cmd.Flags(), a.env, file)
}

// defaultConfiguration is the configuration without a file and an environment.
func (a *app) defaultConfiguration() (configuration, error) {
	return a.resolve(pflag.NewFlagSet("defaults", pflag.ContinueOnError), func(string) string { return "" }, nil)
}

func (a *app) resolve(flags *pflag.FlagSet, env func(string) string, file *config.File) (configuration, error) {
	r, err := config.Resolve(flags, env, file)
	if err != nil {
		return configuration{}, &exitError{code: exitUsage, err: err}
	}
	c := configuration{thresholds: r.Thresholds, waivers: r.Waivers, lines: r.Lines}
	if file != nil {
		c.path = file.Path
	}
	return c, nil
}

// repoPath is the configuration file's path for SARIF, relative to the working
// directory, which in CI is the repository; empty where it lies outside of it.
func (c configuration) repoPath() string {
	if c.path == "" || !filepath.IsLocal(c.path) {
		return ""
	}
	return filepath.ToSlash(filepath.Clean(c.path))
}
