package expr

import (
	"regexp"
	"strings"
)

// what a value is.
type what int

const (
	unknown   what = iota // not understood; may hang on the host
	request               // of the request, not of the host: a path, a method, an address
	constant              // text itself
	hostValue             // the host
	zoneValue             // the zone's name
	pathValue             // the path: a slash and the rest
	uriValue              // the full URI: the scheme, the host, a slash and the rest
	tlsValue              // ssl: true over TLS
	condition             // a truth: cond
)

// operand is the left side of a comparison, or an argument.
type operand struct {
	what what
	text string // constant: its text
	cond node   // condition: the truth
	fold func(string) string
}

// text forms that the host can take without losing what is known of it.
func (o operand) folded(s string) string {
	if o.fold != nil {
		return o.fold(s)
	}
	return s
}

// field says what a field or a bare literal is.
func field(name string) operand {
	switch name {
	case "true", "false":
		return operand{what: condition, cond: literal(name == "true")}
	case "http.host", "raw.http.host":
		return operand{what: hostValue}
	case "cf.zone.name":
		return operand{what: zoneValue}
	case "http.request.uri.path", "raw.http.request.uri.path", "http.request.uri", "raw.http.request.uri":
		return operand{what: pathValue}
	case "http.request.full_uri", "raw.http.request.full_uri":
		return operand{what: uriValue}
	case "ssl":
		return operand{what: tlsValue}
	case "http.request.headers.names", "http.request.headers.values":
		return operand{what: unknown} // the Host header is among them
	}
	if followsHost(name) {
		return operand{what: unknown}
	}
	for _, prefix := range []string{"http.", "raw.http.", "ip.", "cf.", "tcp.", "udp.", "icmp."} {
		if strings.HasPrefix(name, prefix) {
			return operand{what: request}
		}
	}
	if name != "" && (name[0] >= '0' && name[0] <= '9' || name[0] == '-') {
		return operand{what: constant, text: name}
	}
	return operand{what: unknown}
}

// followsHost reports whether a field or key may say something about the host:
// zones, custom hostnames, the name in the TLS handshake, the Host header.
func followsHost(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "host") || strings.Contains(name, "sni") || strings.HasPrefix(name, "cf.zone.")
}

// indexed is an element of a value.
func indexed(o operand, key string) operand {
	if o.what == request && !followsHost(key) {
		return operand{what: request}
	}
	return operand{what: unknown}
}

// call says what a function of its arguments is.
func call(name string, args []operand) operand {
	if len(args) == 1 {
		switch name {
		case "lower":
			return foldedBy(args[0], strings.ToLower)
		case "upper":
			return foldedBy(args[0], strings.ToUpper)
		}
	}
	if len(args) == 2 && args[1].what == constant {
		switch name {
		case "starts_with":
			return operand{what: condition, cond: test{args[0], startsWith(args[1].text)}}
		case "ends_with":
			return operand{what: condition, cond: test{args[0], endsWith(args[1].text)}}
		}
	}
	// Any other function of the request alone is of the request; one that sees the
	// host, or something unknown, is not known.
	for _, a := range args {
		switch a.what {
		case request, constant, pathValue:
		case condition:
			if m := a.cond.decide(Subject{}); m != Part || seesHost(a.cond) {
				return operand{what: unknown}
			}
		default:
			return operand{what: unknown}
		}
	}
	if len(args) == 0 {
		return operand{what: unknown}
	}
	return operand{what: request}
}

// seesHost reports whether a truth hangs on the host or on something unknown.
func seesHost(n node) bool {
	switch n := n.(type) {
	case notNode:
		return seesHost(n.of)
	case andNode:
		return seesHost(n.a) || seesHost(n.b)
	case orNode:
		return seesHost(n.a) || seesHost(n.b)
	case xorNode:
		return seesHost(n.a) || seesHost(n.b)
	case test:
		return n.of.seesHost()
	case truth:
		return n.of.seesHost()
	}
	return false
}

func (o operand) seesHost() bool {
	switch o.what {
	case request, constant, pathValue, tlsValue:
		return false
	case condition:
		return seesHost(o.cond)
	}
	return true
}

func foldedBy(o operand, fold func(string) string) operand {
	if o.what == constant {
		o.text = fold(o.text)
		return o
	}
	before := o.fold
	o.fold = func(s string) string {
		if before != nil {
			s = before(s)
		}
		return fold(s)
	}
	return o
}

// truth is an operand that stands alone.
type truth struct{ of operand }

func (t truth) decide(s Subject) Match {
	switch t.of.what {
	case condition:
		return t.of.cond.decide(s)
	case tlsValue:
		if s.HTTPSOnly {
			return Yes
		}
		return Part
	case request:
		return Part
	}
	return Undecided
}

// question is what a comparison asks of a text: of one that is known whole, and of
// one of which only the beginning is known.
type question struct {
	whole func(s string) Match
	begun func(prefix string) Match
	// uri, where set, is asked of full URIs instead of begun, with the part before
	// the path.
	uri func(origin string) Match
	// undecidable questions are undecided for everything that the host is part of.
	undecidable bool
}

// test is a comparison.
type test struct {
	of operand
	q  question
}

func (t test) decide(s Subject) Match {
	switch t.of.what {
	case request:
		return Part
	case constant:
		return t.ask(t.of.text)
	case hostValue:
		return t.ask(t.of.folded(s.Host))
	case zoneValue:
		if s.Zone == "" {
			return Undecided
		}
		return t.ask(t.of.folded(s.Zone))
	case pathValue:
		if t.q.undecidable {
			return Part
		}
		return t.q.begun("/")
	case uriValue:
		if t.q.undecidable {
			return Undecided
		}
		ask := t.q.uri
		if ask == nil {
			ask = func(origin string) Match { return t.q.begun(origin + "/") }
		}
		tls := ask(t.of.folded("https://" + s.Host))
		if s.HTTPSOnly {
			return tls
		}
		switch plain := ask(t.of.folded("http://" + s.Host)); {
		case tls == Undecided || plain == Undecided:
			return Undecided
		case plain != tls:
			return Part
		}
		return tls
	case tlsValue:
		return truth{t.of}.compared(t.q, s)
	case condition:
		return truth{t.of}.compared(t.q, s)
	}
	return Undecided
}

// compared answers for a truth that is compared with true or false.
func (t truth) compared(q question, s Subject) Match {
	m := t.decide(s)
	if q.undecidable {
		return Undecided
	}
	yes, no := q.whole("true"), q.whole("false")
	switch {
	case m == Undecided || yes == Undecided || no == Undecided:
		return Undecided
	case yes == No && no == No:
		return Undecided // compared with what is neither true nor false
	case yes == no:
		return yes
	case m == Part:
		return Part
	case (m == Yes) == (yes == Yes):
		return Yes
	}
	return No
}

func (t test) ask(s string) Match {
	if t.q.undecidable {
		return Undecided
	}
	return t.q.whole(s)
}

// equal asks for equality. A literal that differs in case alone is undecided:
// whether Cloudflare lowers the host first is not ours to guess. Nor is whether it
// turns a name that is not ASCII into the form that hosts have (RFC 5890).
func equal(v string) question {
	ascii := !strings.ContainsFunc(v, func(r rune) bool { return r > 127 })
	return question{
		whole: func(s string) Match {
			if s != v && (!ascii || strings.EqualFold(s, v)) {
				return Undecided
			}
			return of(s == v)
		},
		begun: func(p string) Match {
			if strings.HasPrefix(v, p) {
				return Part
			}
			if len(v) >= len(p) && strings.EqualFold(v[:len(p)], p) {
				return Undecided
			}
			return No
		},
	}
}

// anyOf asks for membership in a set of literals.
func anyOf(values []string) question {
	ask := func(f func(question) Match) Match {
		best := No
		for _, v := range values {
			switch m := f(equal(v)); {
			case m == Yes:
				return Yes
			case m == Undecided || best == Undecided:
				best = Undecided
			case m == Part:
				best = Part
			}
		}
		return best
	}
	return question{
		whole: func(s string) Match { return ask(func(q question) Match { return q.whole(s) }) },
		begun: func(p string) Match { return ask(func(q question) Match { return q.begun(p) }) },
	}
}

func contains(v string) question {
	return question{
		whole: func(s string) Match {
			if !strings.Contains(s, v) && strings.Contains(strings.ToLower(s), strings.ToLower(v)) {
				return Undecided
			}
			return of(strings.Contains(s, v))
		},
		begun: func(p string) Match {
			if strings.Contains(p, v) {
				return Yes
			}
			return Part
		},
	}
}

func startsWith(v string) question {
	return question{
		whole: func(s string) Match { return of(strings.HasPrefix(s, v)) },
		begun: func(p string) Match {
			switch {
			case strings.HasPrefix(p, v):
				return Yes
			case strings.HasPrefix(v, p):
				return Part
			}
			return No
		},
	}
}

func endsWith(v string) question {
	return question{
		whole: func(s string) Match { return of(strings.HasSuffix(s, v)) },
		begun: func(string) Match {
			if v == "" {
				return Yes
			}
			return Part
		},
	}
}

// wildcard asks whether a pattern matches the whole text.
func wildcard(g glob) question {
	return question{
		whole:       func(s string) Match { return of(g.match(s)) },
		begun:       g.begun,
		uri:         g.uri,
		undecidable: g.bad,
	}
}

// matching asks whether a regular expression matches anywhere in the text. The
// engine at Cloudflare is Rust's; what the two engines read differently is
// undecided.
func matching(pattern string) question {
	re, err := regexp.Compile(pattern)
	if err != nil || !sameInRust(pattern) {
		return question{undecidable: true}
	}
	return question{
		whole: func(s string) Match { return of(re.MatchString(s)) },
		begun: func(p string) Match {
			if p == "/" {
				return Part // a path: which ones match is up to the request
			}
			return Undecided // a URI: the host may rule every match out
		},
	}
}

// sameInRust reports whether Go and Rust read a pattern alike: no nested classes,
// no set operations, no named word boundaries.
func sameInRust(p string) bool {
	if strings.Contains(p, `\b{`) || strings.Contains(p, `\B{`) || strings.Contains(p, "(?x") {
		return false
	}
	inClass := false
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '\\':
			i++
		case '[':
			if inClass {
				return false
			}
			inClass = true
			if strings.HasPrefix(p[i+1:], "^]") || strings.HasPrefix(p[i+1:], "]") {
				return false
			}
		case ']':
			inClass = false
		case '&', '~', '-':
			if inClass && i+1 < len(p) && p[i+1] == p[i] {
				return false
			}
		}
	}
	return true
}

// ordered compares by order, which says nothing about hosts.
func ordered() question { return question{undecidable: true} }

// named asks for membership in a list of the account, which is not read.
func named() question { return question{undecidable: true} }
