package expr

import (
	"fmt"
	"strings"
)

// kind is what a token is.
type kind int

const (
	end      kind = iota
	word          // an identifier, an operator in letters, a number, an address, a range
	quoted        // "..." with its escapes still in
	rawText       // r"..." or r#"..."#
	symbol        // ( ) { } [ ] , ! * and the operators in signs
	listName      // $name
)

// token is one word of an expression.
type token struct {
	kind kind
	text string
	at   int
}

// lex splits an expression into tokens.
func lex(s string) ([]token, error) {
	var out []token
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '"':
			n := quotedLength(s[i:])
			if n < 0 {
				return nil, fmt.Errorf("a string that begins at %d does not end", i)
			}
			out = append(out, token{quoted, s[i+1 : i+n-1], i})
			i += n
		case c == 'r' && rawStart(s[i:]) > 0:
			hashes := rawStart(s[i:]) - 2
			body := s[i+hashes+2:]
			stop := strings.Index(body, `"`+strings.Repeat("#", hashes))
			if stop < 0 {
				return nil, fmt.Errorf("a raw string that begins at %d does not end", i)
			}
			out = append(out, token{rawText, body[:stop], i})
			i += 2*hashes + 3 + stop
		case c == '$':
			n := 1 + wordLength(s[i+1:])
			out = append(out, token{listName, s[i:][:n], i})
			i += n
		case wordLength(s[i:]) > 0:
			n := wordLength(s[i:])
			out = append(out, token{word, s[i:][:n], i})
			i += n
		default:
			n := 1
			for _, two := range []string{"==", "!=", "<=", ">=", "&&", "||", "^^"} {
				if strings.HasPrefix(s[i:], two) {
					n = 2
				}
			}
			if n == 1 && !strings.ContainsRune("(){}[],!*<>~", rune(c)) {
				return nil, fmt.Errorf("unexpected character at %d", i)
			}
			out = append(out, token{symbol, s[i:][:n], i})
			i += n
		}
	}
	return append(out, token{end, "", len(s)}), nil
}

// quotedLength returns the length of a quoted string, quotes included, or -1.
func quotedLength(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// rawStart returns the length of the opening of a raw string (r, hashes, quote),
// or 0.
func rawStart(s string) int {
	i := 1
	for i < len(s) && s[i] == '#' && i <= 255 {
		i++
	}
	if i < len(s) && s[i] == '"' {
		return i + 1
	}
	return 0
}

// wordLength returns how many bytes at the beginning form one word: identifiers,
// numbers, addresses and ranges are all written without spaces.
func wordLength(s string) int {
	for i := 0; i < len(s); i++ {
		c := s[i]
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_.:/-", c) >= 0
		if !ok {
			return i
		}
	}
	return len(s)
}
