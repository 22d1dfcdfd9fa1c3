package main

import (
	"os"
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

// repoPath is the configuration file's path for SARIF, relative to the root of
// the repository that the scan runs in, or to the working directory where that is
// in none; empty where the file lies outside.
func (c configuration) repoPath() string {
	if c.path == "" {
		return ""
	}
	wd, err := os.Getwd()
	if err != nil {
		return ""
	}
	root := wd
	for dir := wd; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			root = dir
			break
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	path := c.path
	if !filepath.IsAbs(path) {
		path = filepath.Join(wd, path)
	}
	rel, err := filepath.Rel(root, path)
	if err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	return filepath.ToSlash(rel)
}
