package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aopscan/aopscan/internal/nearest"
)

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	// File is the file as given, or the name of an environment variable; then Line
	// and Column are 0.
	File string
	// Line and Column count from 1.
	Line, Column int
	Message      string
	// Hint says what to do; it may be empty.
	Hint string
}

// String is FILE:LINE:COLUMN: MESSAGE, the form that editors and CI logs link.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Error is everything that is wrong with one configuration.
type Error struct {
	Problems []Problem
}

// maxListed bounds how many problems an error spells out.
const maxListed = 50

// Error is one line for one problem; for several, a line that counts them and
// then a line each, with its hint on the line after it.
func (e *Error) Error() string {
	if len(e.Problems) == 1 {
		return "reading configuration: " + e.Problems[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "reading configuration: %d problems", len(e.Problems))
	for i, p := range e.Problems {
		if i == maxListed {
			fmt.Fprintf(&b, "\nand %d more", len(e.Problems)-i)
			break
		}
		b.WriteString("\n" + p.String())
		if p.Hint != "" {
			b.WriteString("\n    hint: " + p.Hint)
		}
	}
	return b.String()
}

// Hint is the hint of an only problem; several carry theirs in the text.
func (e *Error) Hint() string {
	if len(e.Problems) == 1 {
		return e.Problems[0].Hint
	}
	return ""
}

// quote shows a value of the file: escaped, and bounded because a file may hold
// anything.
func quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.Quote(s)
}

// hinted is an error that knows what to do about it.
type hinted struct {
	err  error
	hint string
}

func (e *hinted) Error() string { return e.err.Error() }
func (e *hinted) Unwrap() error { return e.err }

// Hint says what to do about it.
func (e *hinted) Hint() string { return e.hint }

// bad is an error with a hint; the hint may be empty.
func bad(hint, format string, args ...any) error {
	return &hinted{err: fmt.Errorf(format, args...), hint: hint}
}

// hintOf is the hint that an error carries, or "".
func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

// didYouMean is the hint for a word that is not one of words.
func didYouMean(word string, words []string, otherwise string) string {
	if n := nearest.Word(word, words); n != "" {
		return "did you mean " + quote(n) + "?"
	}
	return otherwise
}
