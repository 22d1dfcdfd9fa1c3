// Package expr decides rule expressions of Cloudflare's Rules language for one
// hostname: does the rule match all, none or a part of the hostname's requests,
// or can that not be told? It knows the host, the zone, and that a path begins
// with a slash; everything else about a request is open. What it does not
// understand is undecided, never guessed
// (https://developers.cloudflare.com/ruleset-engine/rules-language/).
package expr

import (
	"errors"
	"fmt"
)

// Match is the answer for one hostname. The zero value is [Undecided].
type Match int

// The answers.
const (
	// Undecided: the expression holds something that this package does not know,
	// and the answer hangs on it.
	Undecided Match = iota
	// No request of the hostname matches.
	No
	// Yes: every request of the hostname matches.
	Yes
	// Part: whether a request matches depends on more than its host: a path, a
	// method, an address.
	Part
)

// String returns the answer as a word.
func (m Match) String() string {
	switch m {
	case No:
		return "no"
	case Yes:
		return "yes"
	case Part:
		return "part"
	}
	return "undecided"
}

// Subject is what is known of the requests that a rule is decided for.
type Subject struct {
	// Host is the hostname, in lower case; Zone the zone's name.
	Host, Zone string
	// HTTPSOnly: only requests over TLS are meant, as where Always Use HTTPS
	// redirects all others.
	HTTPSOnly bool
}

// Limits of what is parsed. Cloudflare accepts expressions of 4,096 characters.
const (
	maxLength = 64 << 10
	maxDepth  = 64
)

// Expression is a parsed expression.
type Expression struct {
	root  node
	hosts []string
}

// Parse reads an expression. What it cannot read is an error; a caller treats it
// as undecided.
func Parse(s string) (*Expression, error) {
	if len(s) > maxLength {
		return nil, errors.New("the expression is too long")
	}
	tokens, err := lex(s)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	root, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != end {
		return nil, fmt.Errorf("unexpected %q at %d", t.text, t.at)
	}
	return &Expression{root: root, hosts: p.hosts}, nil
}

// Decide parses and matches in one go; what cannot be parsed is undecided.
func Decide(s string, sub Subject) Match {
	e, err := Parse(s)
	if err != nil {
		return Undecided
	}
	return e.Match(sub)
}

// Match decides the expression for a hostname.
func (e *Expression) Match(sub Subject) Match { return e.root.decide(sub) }

// Hosts returns the hostnames that the expression compares the host with, in the
// order in which they stand there, with repeats.
func (e *Expression) Hosts() []string { return e.hosts }

// node is a part of an expression that is true or false of a request.
type node interface{ decide(Subject) Match }

type (
	notNode struct{ of node }
	andNode struct{ a, b node }
	orNode  struct{ a, b node }
	xorNode struct{ a, b node }
)

func (n notNode) decide(s Subject) Match {
	switch m := n.of.decide(s); m {
	case Yes:
		return No
	case No:
		return Yes
	default:
		return m
	}
}

func (n andNode) decide(s Subject) Match {
	a, b := n.a.decide(s), n.b.decide(s)
	switch {
	case a == No || b == No:
		return No
	case a == Undecided || b == Undecided:
		return Undecided
	case a == Yes && b == Yes:
		return Yes
	}
	return Part
}

func (n orNode) decide(s Subject) Match {
	a, b := n.a.decide(s), n.b.decide(s)
	switch {
	case a == Yes || b == Yes:
		return Yes
	case a == Undecided || b == Undecided:
		return Undecided
	case a == No && b == No:
		return No
	}
	return Part
}

func (n xorNode) decide(s Subject) Match {
	a, b := n.a.decide(s), n.b.decide(s)
	switch {
	case a == Undecided || b == Undecided:
		return Undecided
	case a == Part || b == Part:
		return Part
	case a != b:
		return Yes
	}
	return No
}

// literal is true or false.
type literal bool

func (l literal) decide(Subject) Match { return of(bool(l)) }

// of turns a known truth into an answer.
func of(b bool) Match {
	if b {
		return Yes
	}
	return No
}
