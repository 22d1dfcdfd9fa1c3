package report

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/nearest"
)

// WriteOptions is how reports are written. The zero value is right for files.
type WriteOptions struct {
	// Color colours the table; see [ColorWanted].
	Color bool
	// Width is the width of the table in columns; 0 does not wrap.
	Width int
	// Verbose lists passing results and the inventory in the table.
	Verbose bool
	// Control overrides the framework that the report is grouped by.
	Control string
	// SARIFCategory is the category of the SARIF run: everything before the last
	// slash of automationDetails.id. Empty means from the scope.
	SARIFCategory string
	// ConfigPath is the configuration file relative to the repository's root, and
	// ConfigLines the line of every zone and hostname that it declares, by name.
	// SARIF results of these point there; the others at a synthetic path.
	ConfigPath  string
	ConfigLines map[string]int
	// Streamed are outputs that a [Stream] has written already.
	Streamed []Output
}

// format is one way to write a report.
type format struct {
	name  string
	write func(*Report, WriteOptions) ([]byte, error)
}

// formats is the registry, in the order in which help lists them.
func formats() []format {
	return []format{
		{"table", Table},
		{"json", JSON},
		{"sarif", SARIF},
		{"junit", JUnit},
		{"markdown", Markdown},
		{"html", HTML},
		{"csv", CSV},
		{"jsonl", JSONL},
	}
}

// Formats names the formats.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// Output is one `-o FORMAT[=PATH]`.
type Output struct {
	Format string
	// Path is empty for standard output.
	Path string
}

func (o Output) String() string {
	if o.Path == "" {
		return o.Format + " to standard output"
	}
	return o.Format + " to " + o.Path
}

// FormatError is an output that could not be understood.
type FormatError struct {
	Spec, Cause, hint string
}

// Error says what is wrong, in one clause.
func (e *FormatError) Error() string { return fmt.Sprintf("%q: %s", e.Spec, e.Cause) }

// Hint says what would be right.
func (e *FormatError) Hint() string { return e.hint }

// ParseOutput reads FORMAT[=PATH]. A path of "-" or none is standard output.
// Errors are of type *[FormatError].
func ParseOutput(s string) (Output, error) {
	name, path, hasPath := strings.Cut(s, "=")
	if !slices.Contains(Formats(), name) {
		e := &FormatError{Spec: s, Cause: fmt.Sprintf("%q is not a format", name), hint: "use one of " + strings.Join(Formats(), ", ")}
		if near := nearest.Word(name, Formats()); near != "" {
			e.hint = fmt.Sprintf("did you mean %s? %s", near, e.hint)
		}
		return Output{}, e
	}
	if hasPath && path == "" {
		return Output{}, &FormatError{Spec: s, Cause: "the path is empty", hint: "write " + name + "=FILE, or " + name + " alone for standard output"}
	}
	if path == "-" {
		path = ""
	}
	return Output{Format: name, Path: path}, nil
}

// Write writes every output and returns one error for each that failed, with
// its path named. An output that fails does not stop the others.
//
// A file is written whole or not at all: the report is made in memory, written
// beside the destination and renamed over it. Devices and pipes are written to
// directly. Reports for standard output come last, so that a reader that went
// away costs no file.
func Write(outputs []Output, r *Report, stdout io.Writer, o WriteOptions) []error {
	var errs []error
	files := map[string]Output{}
	outputs = slices.DeleteFunc(slices.Clone(outputs), func(out Output) bool { return slices.Contains(o.Streamed, out) })
	for _, toStdout := range []bool{false, true} {
		for _, out := range outputs {
			if (out.Path == "") != toStdout {
				continue
			}
			if !toStdout && !isDevice(out.Path) {
				if first, taken := files[filepath.Clean(out.Path)]; taken {
					errs = append(errs, fmt.Errorf("writing %s: %s is written there already", out, first.Format))
					continue
				}
				files[filepath.Clean(out.Path)] = out
			}
			if err := writeOne(out, r, stdout, o); err != nil {
				errs = append(errs, fmt.Errorf("writing %s: %w", out, err))
			}
		}
	}
	return errs
}

func writeOne(out Output, r *Report, stdout io.Writer, o WriteOptions) error {
	for _, f := range formats() {
		if f.name != out.Format {
			continue
		}
		b, err := f.write(r, o)
		if err != nil {
			return err
		}
		if out.Path == "" || out.Path == "/dev/stdout" {
			return writeAll(stdout, b)
		}
		return cause(writeFile(out.Path, b))
	}
	return fmt.Errorf("%q is not a format", out.Format)
}

// cause leaves out the path that os errors repeat: ours names it already, and a
// temporary name would only confuse.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}

func writeAll(w io.Writer, b []byte) error {
	n, err := w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return cause(err)
}

// isDevice reports whether a path is written to directly and never replaced:
// /dev/full, a pipe of the shell's process substitution, a terminal. In /dev
// itself nothing is ever created, so that a device that is missing or damaged is
// not made up for by a file; /dev/shm is a folder like others.
func isDevice(path string) bool {
	clean := filepath.Clean(path)
	if filepath.Dir(clean) == "/dev" || strings.HasPrefix(clean, "/dev/fd/") || strings.HasPrefix(clean, "/proc/") {
		return true
	}
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

func writeFile(path string, b []byte) error {
	if isDevice(path) {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return errors.New("it is a folder")
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		return errors.Join(writeAll(f, b), f.Close())
	}
	// A link stays a link: its target is replaced.
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	mode := fs.FileMode(0o666) // less the umask, as for any new file
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return errors.New("it is a folder")
	case err == nil:
		mode = info.Mode().Perm()
	}
	f, err := createTemp(path, mode)
	if err != nil {
		return err
	}
	err = writeAll(f, b)
	if err == nil && info != nil {
		err = f.Chmod(mode) // what the file had, whatever the umask
	}
	if err == nil {
		err = f.Sync() // a full disk may say so only here
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// createTemp is os.CreateTemp with a mode that the umask applies to.
func createTemp(path string, mode fs.FileMode) (*os.File, error) {
	for try := 0; ; try++ {
		name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%.100s.%08x.tmp", filepath.Base(path), rand.Uint32()))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if errors.Is(err, fs.ErrExist) && try < 100 {
			continue
		}
		return f, err
	}
}
