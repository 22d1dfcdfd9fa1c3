package expr

import "strings"

// glob is a pattern of the wildcard operators: * stands for any number of
// characters, \* and \\ for themselves.
type glob struct {
	pattern string
	parts   []string // literals between the stars
	fold    bool
	literal bool // no star at all
	bad     bool // ** or a dangling backslash, which Cloudflare refuses
}

func newGlob(pattern string, fold bool) glob {
	g := glob{pattern: pattern, fold: fold, literal: true}
	if fold {
		pattern = strings.ToLower(pattern)
	}
	var part strings.Builder
	star := false
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern):
			i++
			if pattern[i] != '*' && pattern[i] != '\\' {
				g.bad = true
			}
			part.WriteByte(pattern[i])
			star = false
		case c == '\\':
			g.bad = true
		case c == '*':
			if star {
				g.bad = true
			}
			g.parts = append(g.parts, part.String())
			part.Reset()
			star, g.literal = true, false
		default:
			part.WriteByte(c)
			star = false
		}
	}
	g.parts = append(g.parts, part.String())
	return g
}

// text returns the literal that a pattern without stars stands for.
func (g glob) text() string { return g.parts[0] }

// match reports whether the pattern matches the whole of s.
func (g glob) match(s string) bool {
	if g.fold {
		s = strings.ToLower(s)
	}
	if g.literal {
		return s == g.parts[0]
	}
	first, last := g.parts[0], g.parts[len(g.parts)-1]
	if len(s) < len(first)+len(last) || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, p := range g.parts[1 : len(g.parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return true
}

// begun answers for texts of which only the beginning is known.
func (g glob) begun(prefix string) Match {
	if g.fold {
		prefix = strings.ToLower(prefix)
	}
	if !g.literal && g.parts[len(g.parts)-1] == "" && g.match(prefix) {
		return Yes // the last star takes whatever follows
	}
	if g.reachable(prefix) {
		return Part
	}
	return No
}

// reachable reports whether some text with the prefix matches: whether the prefix
// can be used up before the pattern ends, which it can as soon as a star is
// reached, since the star takes the rest of it.
func (g glob) reachable(prefix string) bool {
	first := g.parts[0]
	if g.literal {
		return strings.HasPrefix(first, prefix)
	}
	return strings.HasPrefix(prefix, first) || strings.HasPrefix(first, prefix)
}

// uri answers for full URIs, of which the scheme and the host are known. A star
// before the first slash after the host is taken to mean hosts: "*.example.com/*"
// is not meant for https://other.example/x.example.com/, though a visitor could
// write that.
func (g glob) uri(origin string) Match {
	from := 0
	if i := strings.Index(g.pattern, "://"); i >= 0 {
		from = i + 3
	}
	slash := strings.IndexByte(g.pattern[from:], '/')
	if slash < 0 {
		return g.begun(origin + "/")
	}
	head, tail := newGlob(g.pattern[:from+slash], g.fold), newGlob(g.pattern[from+slash:], g.fold)
	if !head.match(origin) {
		return No
	}
	return tail.begun("/")
}

// Glob reports whether a pattern with stars matches the whole of s, without regard
// to case. Page Rules and Workers routes use such patterns for hosts.
func Glob(pattern, s string) bool {
	return newGlob(strings.ReplaceAll(pattern, `\`, `\\`), true).match(s)
}
