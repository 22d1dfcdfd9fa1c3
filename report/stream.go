package report

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// Stream writes the outputs that need not wait for the whole report: `jsonl` to
// standard output or to a pipe or device, one line as soon as an origin is
// finished. A jsonl file is no stream: like all files it is written whole or not
// at all. A nil Stream streams nothing. It is safe for concurrent use.
type Stream struct {
	mu    sync.Mutex
	sinks []*sink
}

// sink is one output of a stream. After an error nothing more is written to it.
type sink struct {
	out  Output
	w    io.Writer
	file *os.File // nil for standard output
	err  error
}

// NewStream opens the outputs that can be streamed; nil if there is none.
func NewStream(outputs []Output, stdout io.Writer) *Stream {
	s := &Stream{}
	for _, out := range outputs {
		switch {
		case out.Format != "jsonl":
		case out.Path == "" || out.Path == "/dev/stdout":
			s.sinks = append(s.sinks, &sink{out: out, w: stdout})
		case isDevice(out.Path):
			f, err := os.OpenFile(out.Path, os.O_WRONLY|os.O_APPEND, 0)
			s.sinks = append(s.sinks, &sink{out: out, w: f, file: f, err: err})
		}
	}
	if len(s.sinks) == 0 {
		return nil
	}
	return s
}

// Origin writes one origin to every output.
func (s *Stream) Origin(o Origin) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.sinks {
		if k.err == nil {
			k.err = JSONLOrigin(k.w, o)
		}
	}
}

// Outputs are what the stream writes.
func (s *Stream) Outputs() []Output {
	if s == nil {
		return nil
	}
	var out []Output
	for _, k := range s.sinks {
		out = append(out, k.out)
	}
	return out
}

// Close ends the stream and returns one error for each output that failed, with
// its path named.
func (s *Stream) Close() []error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, k := range s.sinks {
		if k.file != nil {
			if err := k.file.Close(); k.err == nil {
				k.err = err
			}
		}
		if k.err != nil {
			errs = append(errs, fmt.Errorf("writing %s: %w", k.out, cause(k.err)))
		}
	}
	return errs
}
