package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/aopscan/aopscan/internal/sanitize"
)

// JSON writes the report as JSON; docs/schema/report-1.json describes it. Values
// are exact: what is not printable is written as a JSON escape, so a terminal or
// a CI log that shows the file is not harmed, and a parser gets it back.
func JSON(r *Report, o WriteOptions) ([]byte, error) {
	r = grouped(r, o)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return nil, fmt.Errorf("encoding JSON: %w", err)
	}
	return inertJSON(b.Bytes()), nil
}

// JSONLOrigin writes one origin as one line of JSON.
func JSONLOrigin(w io.Writer, o Origin) error {
	b, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("encoding JSON: %w", err)
	}
	return writeAll(w, append(inertJSON(b), '\n'))
}

// JSONL writes the origins, one per line.
func JSONL(r *Report, _ WriteOptions) ([]byte, error) {
	var b bytes.Buffer
	for _, o := range r.Origins {
		if err := JSONLOrigin(&b, o); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// inertJSON rewrites the runes of a JSON text that a screen or a CI runner would
// act on as JSON escapes. They stand only within strings, so the text keeps its
// meaning.
func inertJSON(in []byte) []byte {
	i := nextActive(in, 0)
	if i < 0 {
		return in
	}
	out := make([]byte, 0, len(in)+64)
	start := 0
	for ; i >= 0; i = nextActive(in, start) {
		out = append(out, in[start:i]...)
		r, size := utf8.DecodeRune(in[i:])
		if r > 0xffff {
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		} else {
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		start = i + size
	}
	return append(out, in[start:]...)
}

// nextActive is the index of the next rune to escape, from start on, or -1.
func nextActive(in []byte, start int) int {
	for i := start; i < len(in); {
		c := in[i]
		switch {
		case c == '[' && opensCommand(in[:i]):
			return i
		case c < utf8.RuneSelf && c != 0x7f:
			i++
			continue
		}
		r, size := utf8.DecodeRune(in[i:])
		if !sanitize.Printable(r) {
			return i
		}
		i += size
	}
	return -1
}

// opensCommand reports whether text ends like a CI runner's command before its
// bracket: "##", "##vso", "##teamcity".
func opensCommand(text []byte) bool {
	name := bytes.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	return bytes.HasSuffix(name, []byte("##"))
}
