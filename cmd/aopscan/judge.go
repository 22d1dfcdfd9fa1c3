package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/config"
	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/report"
)

// judge is the second half of every scan: evidence in, reports and an exit code
// out. Its input is checked before anything is gathered, so that a misspelt
// format costs nothing.
type judge struct {
	a        *app
	flags    *reportFlags
	cfg      configuration
	outputs  []report.Output
	failOn   checks.Severity
	baseline *report.Report
	// saveErr is a failure to save the evidence; the reports come first.
	saveErr error
	// stream writes origins as they are finished; nil where nothing is streamed.
	stream *report.Stream
}

func (a *app) newJudge(r *reportFlags, cfg configuration) (*judge, error) {
	j := &judge{a: a, flags: r, cfg: cfg, failOn: checks.Severity(r.failOn)}
	specs := r.outputs
	if len(specs) == 0 {
		specs = []string{"table"}
	}
	toStdout := 0
	files := map[string]string{}
	for _, spec := range specs {
		o, err := report.ParseOutput(spec)
		if err != nil {
			return nil, &exitError{code: exitUsage, err: fmt.Errorf("reading --output: %w", err)}
		}
		if o.Path == "" {
			toStdout++
		} else if path := filepath.Clean(o.Path); files[path] != "" && !strings.HasPrefix(path, "/dev/") {
			return nil, usageError("give each format a file of its own", "reading --output: %s and %s are both to be written to %s", files[path], o.Format, path)
		} else {
			files[path] = o.Format
		}
		j.outputs = append(j.outputs, o)
	}
	if toStdout > 1 {
		return nil, usageError("give all but one a file: -o json=report.json", "reading --output: %d formats for standard output", toStdout)
	}
	if j.failOn.Rank() > checks.Info.Rank() {
		return nil, usageError("use critical, high, medium, low or info", "reading --fail-on: %q is not a severity", r.failOn)
	}
	for _, list := range []struct {
		flag string
		ids  []string
	}{{"--check", r.only}, {"--skip", r.skip}} {
		for _, id := range list.ids {
			if err := config.KnownCheck(id); err != nil {
				return nil, &exitError{code: exitUsage, err: fmt.Errorf("reading %s: %w", list.flag, err)}
			}
		}
	}
	if r.control != "" {
		framework := report.FindFramework(r.control)
		if framework == "" {
			return nil, usageError(fmt.Sprintf("use one of %q, or as much of its beginning as tells it from the others", report.Frameworks()), "reading --control: %q is not a framework", r.control)
		}
		r.control = framework
	}
	if r.baseline != "" {
		base, err := report.LoadBaseline(r.baseline)
		if err != nil {
			return nil, &exitError{code: exitUsage, err: err}
		}
		j.baseline = base
	}
	return j, nil
}

// save writes the evidence file, where one was asked for. It comes before
// judging: what was gathered is kept whatever happens next.
func (j *judge) save(ev *evidence.Evidence) {
	if j.flags.saveEvidence == "" {
		return
	}
	// The reports are still worth writing, so a failure waits.
	j.saveErr = evidence.Save(j.flags.saveEvidence, ev)
}

// judge judges, writes every report and returns the exit code as an error.
func (j *judge) judge(ev *evidence.Evidence) error {
	a := j.a
	out := checks.Evaluate(ev, checks.EvaluateOptions{Thresholds: j.cfg.thresholds, Only: j.flags.only, Skip: j.flags.skip})
	results, waivers := report.ApplyWaivers(out.Results, j.cfg.waivers, ev.CollectedAt)
	out.Results = results
	r := report.Build(ev, out, report.BuildOptions{
		FailOn:            j.failOn,
		AllowInconclusive: j.flags.allowInconclusive,
		Waivers:           waivers,
		Loosened:          config.Loosened(j.cfg.thresholds, j.flags.only, j.flags.skip),
		Control:           j.flags.control,
		WaiverSnippets:    j.flags.waiverSnippets,
		Only:              j.flags.only,
		Skip:              j.flags.skip,
	})
	if j.baseline != nil {
		report.ApplyBaseline(r, j.baseline)
		r.Baseline.File = j.flags.baseline
	}
	report.Finish(r)

	o := j.writeOptions()
	o.Streamed = j.stream.Outputs()
	errs := append(j.stream.Close(), report.Write(j.outputs, r, a.stdout, o)...)
	hint := ""
	if len(errs) > 0 && len(errs) < len(j.outputs) {
		hint = "every other report was written"
	}
	if j.saveErr != nil {
		errs = append(errs, fmt.Errorf("saving evidence: %w", j.saveErr))
	}
	if a.env("GITHUB_ACTIONS") == "true" {
		_, _ = a.stderr.Write(report.Annotations(r))
	}
	code := report.ExitCode(r, j.failOn, j.flags.allowInconclusive)
	switch {
	case r.Summary.Interrupted:
		for _, err := range errs {
			a.printError(&exitError{err: err})
		}
		return &exitError{code: exitInterrupted, err: errors.New("scanning: interrupted"), hint: "the report holds what was seen before the interrupt"}
	case len(errs) > 0:
		return &exitError{code: exitNothing, err: errors.Join(errs...), hint: hint}
	case code != exitOK:
		return &exitError{code: code}
	}
	return nil
}

func (j *judge) writeOptions() report.WriteOptions {
	a := j.a
	tty := isTerminal(a.stdout)
	o := report.WriteOptions{
		Color:         report.ColorWanted(a.env, tty),
		Verbose:       a.verbose > 0,
		Control:       j.flags.control,
		SARIFCategory: j.flags.sarifCategory,
		ConfigLines:   j.cfg.lines,
		ConfigPath:    j.cfg.repoPath(),
	}
	if tty {
		o.Width = 120
		if w, _, err := term.GetSize(int(a.stdout.(*os.File).Fd())); err == nil && w > 0 {
			o.Width = w
		}
	}
	if n, err := strconv.Atoi(a.env("COLUMNS")); err == nil && n > 0 && !tty {
		o.Width = n
	}
	return o
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// now is the clock of gathering; judging takes its clock from the evidence.
func (a *app) now() time.Time { return time.Now() }
