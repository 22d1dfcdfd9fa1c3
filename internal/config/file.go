// Package config reads aopscan.yaml, the environment and the flags, and says
// what holds: a flag over an environment variable over the file over the default.
//
// The file is read strictly. An unknown or repeated key, a value of the wrong
// type, an anchor, a second document are errors with file, line and column:
// a misspelt threshold that is silently passed over would be found by nobody.
package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/aopscan/aopscan/report"
)

// Name is the file that is read where none is named.
const Name = "aopscan.yaml"

// maxSize bounds a configuration file.
const maxSize = 1 << 20

// File is a configuration file that was read and found right.
type File struct {
	// Path is the file as given.
	Path string
	// Values holds what the file sets, by [Setting.Key], as the texts that the
	// flag would be given. What is not in it was not set; an empty list was set to
	// nothing.
	Values map[string][]string
	// Waivers are in the file's order.
	Waivers []report.Waiver
	// Lines says where the file names a zone or a hostname: the key is its
	// lower-case name without a trailing dot, or the zone's ID.
	Lines map[string]int
}

// Open reads the configuration file that the flag or the environment names, or
// aopscan.yaml in the working directory. It returns nil where none is named and
// there is none.
func Open(flag string, env func(string) string) (*File, error) {
	if flag != "" {
		return Load(flag)
	}
	if path := env(EnvConfig); path != "" {
		return Load(path)
	}
	if _, err := os.Stat(Name); err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			return nil, loadError(Name, err)
		}
		// Almost the right name: it is there to be read, so say that it is not.
		other := strings.TrimSuffix(Name, ".yaml") + ".yml"
		if _, err := os.Stat(other); err == nil {
			return nil, &Error{Problems: []Problem{{File: other, Message: "it is not read under this name",
				Hint: "rename it to " + Name + ", or give --config " + other}}}
		}
		return nil, nil
	}
	return Load(Name)
}

// Load reads a configuration file. Errors are of type [*Error].
func Load(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, loadError(path, err)
	}
	defer f.Close()
	return Read(path, f)
}

// Read reads a configuration from r; name stands for it in errors, which are of
// type [*Error].
func Read(name string, r io.Reader) (*File, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, loadError(name, err)
	}
	return Parse(name, b)
}

func loadError(path string, err error) error {
	var pe *os.PathError
	hint := ""
	if errors.As(err, &pe) {
		err = pe.Err // the path stands in front already
	}
	if errors.Is(err, os.ErrNotExist) {
		hint = "'aopscan config init " + path + "' writes one"
	}
	return &Error{Problems: []Problem{{File: path, Message: err.Error(), Hint: hint}}}
}

// Parse reads the configuration in b; name stands for it in errors, which are
// of type [*Error] and list everything that is wrong.
func Parse(name string, b []byte) (*File, error) {
	f := &File{Path: name, Values: map[string][]string{}, Lines: map[string]int{}}
	d := &decoder{file: f, lines: map[string]int{}}
	root := d.document(b)
	if root != nil {
		d.root(root)
		d.together()
	}
	if len(d.problems) > 0 {
		slices.SortStableFunc(d.problems, func(a, b Problem) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return nil, &Error{Problems: d.problems}
	}
	return f, nil
}

const oneDocument = "keep everything in one, without a line of --- or ... between"

// document parses the one YAML document; nil where it is empty or wrong.
func (d *decoder) document(b []byte) *yaml.Node {
	if len(b) > maxSize {
		d.problemAt(1, 1, "the file is larger than 1 MiB", "")
		return nil
	}
	if line, column, what := badByte(b); what != "" {
		d.problemAt(line, column, what, "save the file as plain UTF-8 text")
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	var doc, second yaml.Node
	err := dec.Decode(&doc)
	if err == nil {
		err = dec.Decode(&second)
		if err == nil {
			line := second.Line
			if len(second.Content) > 0 {
				line = second.Content[0].Line
			}
			d.problemAt(line, 1, "a second document begins here", oneDocument)
			return nil
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		line, column := syntaxPlace(b, err)
		msg := plainMessage(err)
		if strings.Contains(msg, "<document start>") {
			d.problemAt(line, column, "something follows the end of the document", oneDocument)
			return nil
		}
		d.problemAt(line, column, "it is not YAML: "+msg, syntaxHint(msg))
		return nil
	}
	if len(doc.Content) == 0 {
		return nil
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" && d.plain(root) {
		return nil // comments alone
	}
	return root
}

// badByte finds what cannot stand in a text file, and says where it is.
func badByte(b []byte) (line, column int, what string) {
	line, column = 1, 1
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return line, column, fmt.Sprintf("the byte 0x%02x is not UTF-8", b[i])
		case r < ' ' && r != '\n' && r != '\r' && r != '\t', r == 0x7f:
			return line, column, fmt.Sprintf("the control character U+%04X cannot stand in it", r)
		case r == '\n':
			line, column = line+1, 0
		}
		column++
		i += size
	}
	return 0, 0, ""
}

// plainMessage is the YAML library's message without its own line number, which
// is off by one for some errors.
func plainMessage(err error) string {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(msg, "line "); ok {
		if _, after, ok := strings.Cut(rest, ": "); ok {
			msg = after
		}
	}
	return msg
}

// syntaxPlace finds where a text stops being YAML: the line after the longest
// beginning that still is. The library's own number is where the search starts,
// for it names the line before or the one where a bracket was opened.
func syntaxPlace(b []byte, err error) (line, column int) {
	reported := 1
	_, _ = fmt.Sscanf(strings.TrimPrefix(err.Error(), "yaml: "), "line %d:", &reported)
	lines := bytes.SplitAfter(b, []byte("\n"))
	line = min(max(reported, 1), len(lines))

	// Parsing again and again must stay cheap, whatever the file holds.
	window := min(100, (1<<20)/(len(b)+1))
	for n := min(line+2, len(lines)); n >= 0 && n > line-window; n-- {
		if parses(bytes.Join(lines[:n], nil)) {
			if n < len(lines) {
				line = n + 1
			}
			break
		}
	}
	text := lines[line-1]
	return line, 1 + len(text) - len(bytes.TrimLeft(text, " "))
}

// parses reports whether all documents in b are YAML.
func parses(b []byte) bool {
	dec := yaml.NewDecoder(bytes.NewReader(b))
	for {
		var n yaml.Node
		switch err := dec.Decode(&n); {
		case errors.Is(err, io.EOF):
			return true
		case err != nil:
			return false
		}
	}
}

// syntaxHint says what usually causes a message of the YAML library.
func syntaxHint(msg string) string {
	for _, h := range []struct{ part, hint string }{
		{"tab character", "indent with spaces"},
		{"cannot start any token", "indent with spaces, and put text that begins with a special character in quotes"},
		{"mapping values are not allowed", "put text that holds a colon and a space in quotes"},
		{"did not find expected key", "check the indentation of this line and the one before it"},
		{"block sequence entries", "check the indentation of this line and the one before it"},
		{"unexpected end of stream", "a quotation mark is opened here and never closed"},
		{"expected ','", "a bracket is opened here and not closed where it should be"},
		{"unknown anchor", "put text that begins with * in quotes"},
		{"alphabetic or numeric", "put text that begins with * or & in quotes"},
	} {
		if strings.Contains(msg, h.part) {
			return h.hint
		}
	}
	return ""
}
