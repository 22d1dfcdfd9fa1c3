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
	"time"
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

// A full disk says so late; the path is named, the old file stays, nothing is left
// behind, and every other output is written.
func TestWriteFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skipf("SKIPPED: no /dev/full here: %v", err)
	}
	dir := t.TempDir()
	other := filepath.Join(dir, "r.csv")
	link := filepath.Join(dir, "full.json")
	if err := os.Symlink("/dev/full", link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/dev/full", link} {
		errs := Write([]Output{{Format: "json", Path: path}, {Format: "csv", Path: other}}, sample(), io.Discard, WriteOptions{})
		if len(errs) != 1 || !errors.Is(errs[0], syscall.ENOSPC) || !strings.HasPrefix(errs[0].Error(), "writing json to "+path+": ") {
			t.Errorf("errors %v", errs)
		}
		if _, err := os.Stat(other); err != nil {
			t.Error(err)
		}
		if err := os.Remove(other); err != nil {
			t.Error(err)
		}
	}
	if info, err := os.Stat("/dev/full"); err != nil || info.Mode()&os.ModeDevice == 0 {
		t.Fatal("/dev/full is no device any more")
	}
	noTemporaries(t, dir)
}

// TestWriteRealFullDisk fills a small file system, where it may mount one.
func TestWriteRealFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16k"); err != nil {
		t.Skipf("SKIPPED, no small file system to fill: %v (needs root)", err)
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	path := filepath.Join(dir, "r.json")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	errs := Write([]Output{{Format: "json", Path: path}}, sample(), io.Discard, WriteOptions{})
	if len(errs) != 1 || !errors.Is(errs[0], syscall.ENOSPC) || !strings.Contains(errs[0].Error(), path) {
		t.Errorf("errors %v", errs)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "old" {
		t.Errorf("the old report is %.20q, %v", b, err)
	}
	noTemporaries(t, dir)
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

// A named pipe and a descriptor of the shell's are written to, not replaced.
func TestWriteToPipes(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skipf("SKIPPED, no named pipes here: %v", err)
	}
	read := make(chan []byte, 1)
	go func() {
		b, _ := os.ReadFile(fifo)
		read <- b
	}()
	if errs := Write([]Output{{Format: "csv", Path: fifo}}, sample(), io.Discard, WriteOptions{}); len(errs) != 0 {
		t.Fatal(errs)
	}
	select {
	case b := <-read:
		if !bytes.HasPrefix(b, []byte("status,")) {
			t.Errorf("the pipe gave %.40q", b)
		}
	case <-time.After(time.Minute):
		t.Error("nothing came through the pipe")
	}
	if info, err := os.Stat(fifo); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Error("the pipe was replaced")
	}
	var stdout bytes.Buffer
	if errs := Write([]Output{{Format: "csv", Path: "/dev/stdout"}}, sample(), &stdout, WriteOptions{}); len(errs) != 0 || !bytes.HasPrefix(stdout.Bytes(), []byte("status,")) {
		t.Errorf("/dev/stdout: %v, %.40q", errs, stdout.Bytes())
	}
}
