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

// TestStream: what is written origin by origin is what the report would hold, and
// is not written again.
func TestStream(t *testing.T) {
	r := sample()
	want, err := JSONL(r, WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "r.jsonl")
	outputs := []Output{{Format: "jsonl"}, {Format: "jsonl", Path: file}}
	var stdout bytes.Buffer
	s := NewStream(outputs, &stdout)
	for i, o := range r.Origins {
		s.Origin(o)
		if n := bytes.Count(stdout.Bytes(), []byte("\n")); n != i+1 {
			t.Errorf("%d lines after %d origins", n, i+1)
		}
	}
	if got := s.Outputs(); !slices.Equal(got, outputs[:1]) {
		t.Errorf("streamed %v", got)
	}
	errs := append(s.Close(), Write(outputs, r, &stdout, WriteOptions{Streamed: s.Outputs()})...)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if !bytes.Equal(stdout.Bytes(), want) {
		t.Errorf("the stream is not the report: %d bytes, want %d", stdout.Len(), len(want))
	}
	if b, err := os.ReadFile(file); err != nil || !bytes.Equal(b, want) {
		t.Errorf("the file has %d bytes, want %d: %v", len(b), len(want), err)
	}
}

type brokenPipe struct{ writes int }

func (b *brokenPipe) Write([]byte) (int, error) { b.writes++; return 0, syscall.EPIPE }

// TestStreamErrors: a reader that went away is an error with its output named,
// once.
func TestStreamErrors(t *testing.T) {
	if s := NewStream([]Output{{Format: "json"}, {Format: "jsonl", Path: "r.jsonl"}}, io.Discard); s != nil {
		t.Errorf("nothing can be streamed, and %v is", s.Outputs())
	}
	var none *Stream
	none.Origin(Origin{})
	if none.Outputs() != nil || none.Close() != nil {
		t.Error("a nil stream does something")
	}
	w := &brokenPipe{}
	s := NewStream([]Output{{Format: "jsonl"}}, w)
	s.Origin(Origin{})
	s.Origin(Origin{})
	errs := s.Close()
	if len(errs) != 1 || !errors.Is(errs[0], syscall.EPIPE) || !strings.HasPrefix(errs[0].Error(), "writing jsonl to standard output: ") {
		t.Errorf("errors %v", errs)
	}
	if w.writes != 1 {
		t.Errorf("%d writes to a closed pipe", w.writes)
	}
	if errs := NewStream([]Output{{Format: "jsonl", Path: "/dev/aopscan-none"}}, io.Discard).Close(); len(errs) != 1 || !errors.Is(errs[0], os.ErrNotExist) {
		t.Errorf("a device that is not there: %v", errs)
	}
}
