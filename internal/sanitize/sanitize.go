// Package sanitize makes text of strangers safe to print: DNS names, certificate
// fields, headers, bodies, API messages. It is the one sanitiser of aopscan and
// imports nothing of ours, so that every package may use it.
//
// What it returns is one line of printable text. It is not yet HTML, Markdown or
// CSV: the writers of package report escape for their format on top of it.
package sanitize

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Mark ends a text that was cut because it was longer than allowed.
const Mark = "…"

// maxMarks is how many combining marks may follow each other. Real scripts need
// two; a hundred of them paint over the lines above.
const maxMarks = 2

// Text returns s as one line of printable text of at most max runes; max <= 0
// means no bound. A text that was cut ends in [Mark].
//
// Newline and tab become a space. Whatever else is not printable (control
// characters, escape sequences, bidirectional overrides, zero-width and other
// invisible runes) becomes a visible Go escape such as \x1b or \u202e, a byte
// that is not UTF-8 becomes \xff, and so does a third combining mark in a row.
// The openings of commands to CI runners are broken in the same way: GitHub's "::"
// at the beginning of the text and "##[" anywhere, Azure Pipelines' "##vso[" and
// TeamCity's "##teamcity[".
//
// Text is idempotent, so a text may pass it at the boundary and again in a writer.
func Text(s string, max int) string {
	if max <= 0 {
		max = int(^uint(0) >> 1)
	}
	var b strings.Builder
	length := 0   // runes written
	cutAt := 0    // length in bytes at which the mark still fits
	marks := 0    // combining marks in a row
	hashes := 0   // '#' in a row, and the letters that follow two of them
	blank := true // only spaces so far
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		unit := s[i : i+size]
		isMark := unicode.Is(unicode.M, r)
		switch {
		case r == utf8.RuneError && size == 1:
			unit = `\x` + hex2(s[i])
		case r == '\n' || r == '\t':
			unit = " "
		case !Printable(r) || isMark && marks == maxMarks:
			unit = escape(r)
		case r == '[' && hashes >= 2:
			unit = `\x5b`
		case r == ':' && blank && strings.HasPrefix(s[i:], "::"):
			unit = `\x3a`
		}
		i += size

		n := utf8.RuneCountInString(unit)
		if length+n > max {
			return b.String()[:cutAt] + Mark
		}
		b.WriteString(unit)
		length += n
		if length < max {
			cutAt = b.Len()
		}

		marks++
		if !isMark || len(unit) > size {
			marks = 0
		}
		switch {
		case r == '#':
			hashes++
		case hashes < 2 || !isLetter(r):
			hashes = 0
		}
		blank = blank && unit == " "
	}
	return b.String()
}

// Printable is strconv.IsPrint without the letters and marks that show nothing:
// a name made of them looks like another name.
func Printable(r rune) bool {
	switch {
	case !strconv.IsPrint(r):
		return false
	case r == 0x034f, r == 0x115f, r == 0x1160, r == 0x17b4, r == 0x17b5, r == 0x2800, r == 0x3164, r == 0xffa0:
		return false
	case r >= 0x180b && r <= 0x180f, r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0100 && r <= 0xe01ef: // variation selectors
		return false
	}
	return true
}

// isLetter is for the names of runners' commands.
func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// escape is called with runes that are control characters or not ASCII, so the
// result always begins with a backslash.
func escape(r rune) string {
	return strings.Trim(strconv.QuoteRuneToASCII(r), "'")
}

func hex2(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}
