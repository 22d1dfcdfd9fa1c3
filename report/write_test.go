package report

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestParseOutput(t *testing.T) {
	for in, want := range map[string]Output{
		"table": {Format: "table"}, "json=r.json": {Format: "json", Path: "r.json"}, "sarif=-": {Format: "sarif"},
		"html=a=b.html": {Format: "html", Path: "a=b.html"}, "csv=/dev/stdout": {Format: "csv", Path: "/dev/stdout"},
	} {
		if got, err := ParseOutput(in); err != nil || got != want {
			t.Errorf("ParseOutput(%q) = %+v, %v", in, got, err)
		}
	}
	for in, hint := range map[string]string{
		"jsno": "did you mean json? ", "SARIF": "did you mean sarif? ", "": "use one of table", "xml=x": "use one of table", "json=": "write json=FILE", "markdwon=x": "did you mean markdown? ",
	} {
		_, err := ParseOutput(in)
		var fe *FormatError
		if !errors.As(err, &fe) || !strings.Contains(fe.Hint(), hint) || !strings.Contains(err.Error(), in) {
			t.Errorf("ParseOutput(%q): %v, hint %q", in, err, fe.Hint())
		}
	}
	if !slices.Equal(Formats(), []string{"table", "json", "sarif", "junit", "markdown", "html", "csv", "jsonl"}) {
		t.Errorf("formats %q", Formats())
	}
}

// failingWriter takes n bytes and then fails.
type failingWriter struct {
	n   int
	err error
}

func (w *failingWriter) Write(b []byte) (int, error) {
	if len(b) <= w.n {
		w.n -= len(b)
		return len(b), nil
	}
	n := w.n
	w.n = 0
	return n, w.err
}

// A short writer breaks the contract of io.Writer: fewer bytes and no error.
type shortWriter struct{}

func (shortWriter) Write(b []byte) (int, error) { return len(b) / 2, nil }

func TestWriteToStdout(t *testing.T) {
	r := sample()
	for _, f := range Formats() {
		var b bytes.Buffer
		if errs := Write([]Output{{Format: f}}, r, &b, WriteOptions{}); len(errs) != 0 || b.Len() == 0 {
			t.Fatalf("%s: %v", f, errs)
		}
		size := b.Len()
		for _, n := range []int{0, 1, size / 2, size - 1} {
			errs := Write([]Output{{Format: f}}, r, &failingWriter{n, syscall.EPIPE}, WriteOptions{})
			if len(errs) != 1 || !errors.Is(errs[0], syscall.EPIPE) || !strings.Contains(errs[0].Error(), f+" to standard output") {
				t.Errorf("%s failing at byte %d of %d: %v", f, n, size, errs)
			}
		}
		if errs := Write([]Output{{Format: f}}, r, &failingWriter{size, syscall.EPIPE}, WriteOptions{}); len(errs) != 0 {
			t.Errorf("%s with room for all: %v", f, errs)
		}
		if errs := Write([]Output{{Format: f}}, r, shortWriter{}, WriteOptions{}); len(errs) != 1 || !errors.Is(errs[0], io.ErrShortWrite) {
			t.Errorf("%s to a short writer: %v", f, errs)
		}
	}
}

// A reader that goes away is an error of the output to it, and of no other.
func TestWriteClosedPipe(t *testing.T) {
	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	pr.Close()
	defer pw.Close()
	path := filepath.Join(t.TempDir(), "r.json")
	errs := Write([]Output{{Format: "table"}, {Format: "json", Path: path}}, sample(), pw, WriteOptions{})
	if len(errs) != 1 || !errors.Is(errs[0], syscall.EPIPE) {
		t.Errorf("errors %v", errs)
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Errorf("the other output: %v", err)
	}
}

func TestWriteFiles(t *testing.T) {
	dir := t.TempDir()
	r := sample()
	at := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(at("long.json"), bytes.Repeat([]byte("x"), 1<<20), 0o600))
	must(os.WriteFile(at("target.csv"), []byte("old"), 0o640))
	must(os.Symlink("target.csv", at("link.csv")))
	must(os.Mkdir(at("folder"), 0o755))

	var stdout bytes.Buffer
	errs := Write([]Output{
		{Format: "json", Path: at("long.json")}, {Format: "csv", Path: at("link.csv")}, {Format: "sarif", Path: at("folder")},
		{Format: "html", Path: at("none/x.html")}, {Format: "junit", Path: at("j.xml")}, {Format: "markdown", Path: at("./j.xml")}, {Format: "table"},
	}, r, &stdout, WriteOptions{})

	var got []string
	for _, err := range errs {
		got = append(got, strings.ReplaceAll(err.Error(), dir, "DIR"))
	}
	want := []string{
		"writing sarif to DIR/folder: it is a folder",
		"writing html to DIR/none/x.html: no such file or directory",
		"writing markdown to DIR/j.xml: junit is written there already",
	}
	if !slices.Equal(got, want) {
		t.Errorf("errors %q, want %q", got, want)
	}
	for name, head := range map[string]string{"long.json": "{", "target.csv": "status,", "j.xml": "<?xml"} {
		b, err := os.ReadFile(at(name))
		must(err)
		if !strings.HasPrefix(string(b), head) || strings.Contains(string(b), "xxxx") {
			t.Errorf("%s is %.40q...", name, b)
		}
	}
	if stdout.Len() == 0 {
		t.Error("standard output was not written")
	}
	if info, err := os.Lstat(at("link.csv")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link is no link any more")
	}
	for name, mode := range map[string]os.FileMode{"long.json": 0o600, "target.csv": 0o640} {
		if info, err := os.Stat(at(name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, want %v", name, info.Mode().Perm(), mode)
		}
	}
	noTemporaries(t, dir)
}

func noTemporaries(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, ".*.tmp"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q %v", left, err)
	}
}

func TestWriteUnwritable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		// Root writes anywhere but here.
		dir = "/proc/self/task"
	}
	path := filepath.Join(dir, "r.json")
	errs := Write([]Output{{Format: "json", Path: path}}, sample(), io.Discard, WriteOptions{})
	if len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), "writing json to "+path+": ") || strings.Contains(errs[0].Error(), ".tmp") {
		t.Errorf("errors %v", errs)
	}
}
