// Command aopscan audits Cloudflare Authenticated Origin Pulls: it reads what
// Cloudflare is told to do, tries each origin directly without Cloudflare's
// client certificate, and reports with proof.
//
// Exit codes, the same for every format: 0 nothing failed and nothing is
// inconclusive; 1 something failed at or above --fail-on; 2 usage or
// configuration; 3 nothing could be scanned or a report could not be written;
// 4 nothing failed but something is inconclusive; 130 interrupted, after
// writing what there is. Precedence 2, 3, 1, 4, 0.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aopscan/aopscan/internal/config"
	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/nearest"
	"github.com/aopscan/aopscan/internal/sanitize"
)

// The exit codes; they are public.
const (
	exitOK           = 0
	exitFailed       = 1
	exitUsage        = 2
	exitNothing      = 3
	exitInconclusive = 4
	exitInterrupted  = 130
)

// Set by the release build; see .goreleaser.yaml.
var (
	version = ""
	commit  = ""
)

func main() {
	// A reader that goes away ("| head") is a report that could not be written, not
	// a silent death by signal.
	signal.Ignore(syscall.SIGPIPE)
	// A large account's report is made of hundreds of megabytes of short-lived text:
	// collecting it twice as often as Go would costs a little time and saves a third
	// of the memory. GOGC has the last word.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv}
	os.Exit(a.run(os.Args[1:]))
}

// app is the program's surroundings, so that tests can give their own.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string

	verbose   int
	quiet     bool
	logFormat string
	log       *slog.Logger
}

// exitError carries an exit code and a hint with an error. A nil err exits with
// the code and says nothing: the report has said it.
type exitError struct {
	code int
	err  error
	hint string
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usageError is bad input: exit code 2.
func usageError(hint, format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...), hint: hint}
}

// hinter is an error that knows what to do about it.
type hinter interface{ Hint() string }

// run runs the program and returns its exit code.
func (a *app) run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal ends the gathering in good order; a second one must not
	// have to wait for it.
	go func() {
		<-ctx.Done()
		stop()
	}()

	// The flags that take lists would keep the first line and lose the others; and
	// what has lines may be a key, so it is not quoted.
	for i, arg := range args {
		if strings.ContainsAny(arg, "\r\n") {
			a.printError(&exitError{err: fmt.Errorf("reading arguments: argument %d has a line break in it", i+1),
				hint: "repeat a flag for each of its values; a file is given by its path"})
			return exitUsage
		}
	}
	root := a.newRootCmd()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	strict(root)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	var ee *exitError
	var pe *fs.PathError
	switch {
	case errors.As(err, &ee):
	case errors.As(err, &pe) && pe.Op == "write": // by cobra: the completion scripts
		ee = stdoutError(err)
	default:
		// What cobra itself says is about flags, arguments and commands.
		ee = &exitError{code: exitUsage, err: err, hint: fmt.Sprintf("run '%s --help' for the usage", cmd.CommandPath())}
	}
	if ee.err != nil {
		a.printError(ee)
	}
	return ee.code
}

// printError prints one error in the house voice: lower case, no full stop, a
// hint on the next line.
func (a *app) printError(ee *exitError) {
	hint := ee.hint
	var h hinter
	if hint == "" && errors.As(ee.err, &h) {
		hint = h.Hint()
	}
	for i, line := range strings.Split(strings.TrimRight(ee.err.Error(), "\n"), "\n") {
		line = sanitize.Text(a.mask(line), 2000)
		if i == 0 {
			line = "aopscan: " + line
		}
		fmt.Fprintln(a.stderr, line)
	}
	for _, line := range strings.Split(hint, "\n") {
		if line != "" {
			fmt.Fprintln(a.stderr, "hint: "+sanitize.Text(a.mask(line), 2000))
		}
	}
}

// mask takes the credentials of the environment out of a text: an error quotes
// what was typed, and a token is easily pasted in the wrong place.
func (a *app) mask(text string) string {
	for _, name := range []string{"CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY"} {
		if secret := strings.TrimSpace(a.env(name)); len(secret) >= 8 {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	return text
}

func (a *app) newRootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:   "aopscan",
		Short: "Audit Cloudflare Authenticated Origin Pulls, with proof",
		Long: `aopscan audits Cloudflare Authenticated Origin Pulls (AOP): it reads what
Cloudflare is told to do, tries each origin directly without Cloudflare's client
certificate, and says, with evidence, whether anybody can walk around Cloudflare.

Exit codes: 0 nothing failed, nothing inconclusive; 1 something failed at or above
--fail-on; 2 usage or configuration; 3 nothing could be scanned, or a report could
not be written; 4 nothing failed but something is inconclusive; 130 interrupted.`,
		Example: `  aopscan demo
  CLOUDFLARE_API_TOKEN=... aopscan scan --zone example.com -o table -o sarif=aopscan.sarif
  aopscan probe app.example.com=203.0.113.10`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := "run 'aopscan --help' for the commands"
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				hint = "did you mean 'aopscan " + strings.Join(near, "' or 'aopscan ") + "'?"
			}
			return usageError(hint, "%q is not a command", args[0])
		},
		SuggestionsMinimumDistance: 2,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return a.setLogger()
		},
	}
	root.SetFlagErrorFunc(flagError)
	f := root.PersistentFlags()
	f.CountVarP(&a.verbose, "verbose", "v", "say more on standard error (repeat for more)")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "say nothing on standard error but errors")
	f.StringVar(&a.logFormat, "log-format", "text", "format of log lines on standard error: text or json")
	root.AddCommand(
		newScanCmd(a), newProbeCmd(a), newDemoCmd(a), newDoctorCmd(a),
		newChecksCmd(a), newConfigCmd(a), newDiffCmd(a), newVersionCmd(a), newManCmd(a),
	)
	_ = root.RegisterFlagCompletionFunc("log-format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return root
}

// strict makes cobra's own commands, help and completion, refuse what they do not
// know: they would print their help and call that a success. It comes after
// SetOut, since completion keeps the output that it finds.
func strict(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "completion":
			cmd.Args, cmd.RunE = noConfigArgs, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		case "help":
			cmd.Run = nil
			cmd.RunE = func(_ *cobra.Command, args []string) error {
				about, rest, err := root.Find(args)
				if err == nil && len(rest) > 0 && about.HasSubCommands() {
					err = noConfigArgs(about, rest)
				}
				if err != nil {
					return err
				}
				about.InitDefaultHelpFlag()
				return about.Help()
			}
		}
	}
}

// flagError is what is said of a flag that does not exist or does not take its
// value.
func flagError(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("run '%s --help' for the flags", cmd.CommandPath())
	var (
		unknown *pflag.NotExistError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := nearest.Word(unknown.GetSpecifiedName(), names); near != "" && unknown.GetSpecifiedShortnames() == "" {
			hint = "did you mean --" + near + "?"
		}
	case errors.As(err, &invalid):
		name, value := invalid.GetFlag().Name, invalid.GetValue()
		// The rules of the configuration say it without the words of Go's parsers.
		if err := config.CheckFlag(name, value); err != nil {
			return &exitError{code: exitUsage, err: err}
		}
		return usageError(hint, "reading --%s: %q is not a value of it", name, value)
	}
	return &exitError{code: exitUsage, err: err, hint: hint}
}

// setLogger makes the logger that -v, -q and --log-format ask for. Logs go to
// standard error: standard output carries only the report.
func (a *app) setLogger() error {
	level := slog.LevelWarn
	switch {
	case a.quiet:
		level = slog.LevelError
	case a.verbose == 1:
		level = slog.LevelInfo
	case a.verbose > 1:
		level = slog.LevelDebug
	}
	// Log values can hold text of origins and of the API.
	clean := func(_ []string, at slog.Attr) slog.Attr {
		if at.Value.Kind() == slog.KindString {
			at.Value = slog.StringValue(sanitize.Text(at.Value.String(), 2000))
		} else if err, ok := at.Value.Any().(error); ok {
			at.Value = slog.StringValue(sanitize.Text(err.Error(), 2000))
		}
		return at
	}
	opts := &slog.HandlerOptions{Level: level, ReplaceAttr: clean}
	switch a.logFormat {
	case "text":
		a.log = slog.New(slog.NewTextHandler(a.stderr, opts))
	case "json":
		a.log = slog.New(slog.NewJSONHandler(a.stderr, opts))
	default:
		return usageError("use text or json", "reading --log-format: %q is not a log format", a.logFormat)
	}
	return nil
}

// toolInfo says which build this is, from the release flags or from what the Go
// toolchain recorded.
func toolInfo() evidence.Tool {
	t := evidence.Tool{Name: "aopscan", Version: version, Commit: commit}
	if bi, ok := debug.ReadBuildInfo(); ok {
		if t.Version == "" && bi.Main.Version != "" && bi.Main.Version != "(devel)" {
			t.Version = strings.TrimPrefix(bi.Main.Version, "v")
		}
		for _, s := range bi.Settings {
			if s.Key == "vcs.revision" && t.Commit == "" {
				t.Commit = s.Value
			}
		}
	}
	if t.Version == "" {
		t.Version = "0.0.0-dev"
	}
	return t
}

// userAgent is what origins and the API see.
func userAgent() string {
	return "aopscan/" + toolInfo().Version + " (+https://github.com/aopscan/aopscan)"
}
