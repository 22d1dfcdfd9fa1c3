package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// MaxFileSize bounds what [Load] reads: evidence of two thousand zones has some
// tens of megabytes.
const MaxFileSize = 1 << 30

// FileError is a file of evidence that cannot be written or read.
type FileError struct {
	// Path is the file's path as given.
	Path string
	// What is wrong, and Advice what to do about it; the latter may be empty.
	What   string
	Advice string
	// Err is the cause, where there is one.
	Err error
}

// Error says what is wrong.
func (e *FileError) Error() string {
	s := fmt.Sprintf("evidence file %s: %s", e.Path, e.What)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Hint says what to do.
func (e *FileError) Hint() string { return e.Advice }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Encode returns the bytes of a file of evidence. The same evidence has the same
// bytes.
func Encode(ev *Evidence) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(ev); err != nil {
		return nil, fmt.Errorf("encoding evidence: %w", err)
	}
	return b.Bytes(), nil
}

// Save writes evidence to a file that only its owner may read, whole or not at
// all: a temporary file beside it is renamed. What is not a regular file (a pipe,
// a terminal) is written to directly.
func Save(path string, ev *Evidence) error {
	b, err := Encode(ev)
	if err != nil {
		return &FileError{Path: path, What: "cannot be written", Err: err}
	}
	if err := write(path, b); err != nil {
		return &FileError{Path: path, What: "cannot be written", Err: short(err), Advice: "check the directory, its permissions and the space left"}
	}
	return nil
}

// short drops the path that errors of package os repeat.
func short(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func write(path string, b []byte) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		if st.IsDir() {
			return errors.New("it is a directory")
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.Write(b)
		return errors.Join(err, f.Close())
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// Load reads a file that [Save] wrote, of this version or an older one.
func Load(path string) (*Evidence, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &FileError{Path: path, What: "cannot be read", Err: short(err)}
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.IsDir() {
		return nil, &FileError{Path: path, What: "is a directory"}
	}
	b, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	if err != nil {
		return nil, &FileError{Path: path, What: "cannot be read", Err: short(err)}
	}
	if len(b) > MaxFileSize {
		return nil, &FileError{Path: path, What: fmt.Sprintf("is larger than %d bytes", MaxFileSize)}
	}
	ev, err := Decode(b)
	var bad *FileError
	if errors.As(err, &bad) {
		bad.Path = path
	}
	return ev, err
}

// notEvidence is the advice for files of another kind.
const notEvidence = "--evidence wants a file that --save-evidence wrote; a report is something else"

// Decode reads the bytes of a file of evidence. Its errors are [FileError].
func Decode(b []byte) (*Evidence, error) {
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, &FileError{What: "is empty", Advice: notEvidence}
	}
	var head struct {
		SchemaVersion *int    `json:"schema_version"`
		Schema        *string `json:"schema"`
		Tool          Tool    `json:"tool"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, &FileError{What: "is not evidence", Err: place(err, b), Advice: notEvidence}
	}
	switch {
	case head.SchemaVersion == nil && head.Schema != nil:
		return nil, &FileError{What: "is a report, not evidence", Advice: notEvidence}
	case head.SchemaVersion == nil || *head.SchemaVersion < 1:
		return nil, &FileError{What: "is not evidence: it has no schema_version", Advice: notEvidence}
	case *head.SchemaVersion > SchemaVersion:
		return nil, &FileError{What: fmt.Sprintf("has schema version %d; this build reads up to %d", *head.SchemaVersion, SchemaVersion),
			Advice: "use the aopscan that wrote it, or a newer one"}
	}
	var ev Evidence
	if err := json.Unmarshal(b, &ev); err != nil {
		return nil, &FileError{What: "is damaged", Err: place(err, b), Advice: notEvidence}
	}
	return &ev, nil
}

// place adds the line to an error of package json.
func place(err error, b []byte) error {
	var (
		syntax *json.SyntaxError
		typ    *json.UnmarshalTypeError
		at     int64
	)
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &typ):
		at = typ.Offset
	default:
		return err
	}
	line := 1 + bytes.Count(b[:min(int(at), len(b))], []byte("\n"))
	return fmt.Errorf("line %d: %w", line, err)
}
