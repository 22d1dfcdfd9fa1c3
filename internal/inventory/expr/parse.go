package expr

import (
	"errors"
	"fmt"
	"strings"
)

// parser reads tokens by recursive descent. Precedence: not, and, xor, or.
type parser struct {
	tokens []token
	next   int
	hosts  []string
}

var errDepth = errors.New("the expression is nested too deeply")

func (p *parser) peek() token { return p.tokens[p.next] }

func (p *parser) take() token {
	t := p.tokens[p.next]
	if t.kind != end {
		p.next++
	}
	return t
}

// accept takes the next token when it is one of the words or signs.
func (p *parser) accept(texts ...string) bool {
	t := p.peek()
	if t.kind != word && t.kind != symbol {
		return false
	}
	for _, want := range texts {
		if t.text == want {
			p.take()
			return true
		}
	}
	return false
}

func (p *parser) or(depth int) (node, error) {
	return p.binary(depth, p.xor, func(a, b node) node { return orNode{a, b} }, "or", "||")
}

func (p *parser) xor(depth int) (node, error) {
	return p.binary(depth, p.and, func(a, b node) node { return xorNode{a, b} }, "xor", "^^")
}

func (p *parser) and(depth int) (node, error) {
	return p.binary(depth, p.not, func(a, b node) node { return andNode{a, b} }, "and", "&&")
}

// binary reads operands of one level, joined from the left. The operands are
// joined in a balanced way where that makes no difference, so that a long chain
// does not make a deep tree.
func (p *parser) binary(depth int, operand func(int) (node, error), join func(a, b node) node, ops ...string) (node, error) {
	first, err := operand(depth)
	if err != nil {
		return nil, err
	}
	list := []node{first}
	for p.accept(ops...) {
		n, err := operand(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	for len(list) > 1 {
		var half []node
		for i := 0; i < len(list); i += 2 {
			if i+1 < len(list) {
				half = append(half, join(list[i], list[i+1]))
			} else {
				half = append(half, list[i])
			}
		}
		list = half
	}
	return list[0], nil
}

func (p *parser) not(depth int) (node, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	if p.accept("not", "!") {
		n, err := p.not(depth + 1)
		if err != nil {
			return nil, err
		}
		return notNode{n}, nil
	}
	return p.primary(depth)
}

func (p *parser) primary(depth int) (node, error) {
	if p.accept("(") {
		n, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if !p.accept(")") {
			return nil, fmt.Errorf("a parenthesis is not closed at %d", p.peek().at)
		}
		return n, nil
	}
	left, err := p.operand(depth)
	if err != nil {
		return nil, err
	}
	return p.comparison(left)
}

// comparison reads the operator and the value after an operand; an operand alone
// is a truth of its own.
func (p *parser) comparison(left operand) (node, error) {
	t := p.peek()
	if t.kind != word && t.kind != symbol {
		return truth{left}, nil
	}
	switch t.text {
	case "eq", "==", "ne", "!=":
		p.take()
		v, err := p.value(false)
		if err != nil {
			return nil, err
		}
		p.noteHost(left, v)
		n := node(test{left, equal(v)})
		if t.text == "ne" || t.text == "!=" {
			n = notNode{n}
		}
		return n, nil
	case "in":
		p.take()
		return p.set(left)
	case "contains":
		p.take()
		v, err := p.value(false)
		return test{left, contains(v)}, err
	case "matches", "~":
		p.take()
		v, err := p.value(true)
		return test{left, matching(v)}, err
	case "wildcard", "strict":
		strict := t.text == "strict"
		p.take()
		if strict && !p.accept("wildcard") {
			return nil, fmt.Errorf("strict without wildcard at %d", t.at)
		}
		v, err := p.wildcardValue()
		if err != nil {
			return nil, err
		}
		if g := newGlob(v, !strict); g.literal {
			p.noteHost(left, g.text())
		}
		return test{left, wildcard(newGlob(v, !strict))}, nil
	case "lt", "<", "le", "<=", "gt", ">", "ge", ">=":
		p.take()
		_, err := p.value(false)
		return test{left, ordered()}, err
	}
	return truth{left}, nil
}

// noteHost keeps a name that the host is compared with.
func (p *parser) noteHost(left operand, v string) {
	if left.what == hostValue {
		p.hosts = append(p.hosts, strings.ToLower(v))
	}
}

// value reads a literal on the right of an operator. In a regular expression only
// the quote loses its backslash.
func (p *parser) value(regex bool) (string, error) {
	t := p.take()
	switch t.kind {
	case word, rawText:
		return t.text, nil
	case quoted:
		if regex {
			return strings.ReplaceAll(t.text, `\"`, `"`), nil
		}
		return unescape(t)
	}
	return "", fmt.Errorf("a value is missing at %d", t.at)
}

// wildcardValue reads a pattern, whose escapes are the pattern's own.
func (p *parser) wildcardValue() (string, error) {
	t := p.take()
	switch t.kind {
	case rawText:
		return t.text, nil
	case quoted:
		// "\\*" is a pattern's \*, but people also write "\*".
		return strings.ReplaceAll(strings.ReplaceAll(t.text, `\"`, `"`), `\\`, `\`), nil
	}
	return "", fmt.Errorf("a pattern is missing at %d", t.at)
}

// unescape takes the backslash from \" and \\. What any other one means is not
// documented, so it is an error.
func unescape(t token) (string, error) {
	var b strings.Builder
	for i := 0; i < len(t.text); i++ {
		c := t.text[i]
		if c == '\\' {
			i++ // a quoted text never ends in a single backslash
			if c = t.text[i]; c != '"' && c != '\\' {
				return "", fmt.Errorf("an escape that is not known in the string at %d", t.at)
			}
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

// set reads what follows "in".
func (p *parser) set(left operand) (node, error) {
	if t := p.peek(); t.kind == listName {
		p.take()
		return test{left, named()}, nil
	}
	if !p.accept("{") {
		return nil, fmt.Errorf("a set is missing at %d", p.peek().at)
	}
	var values []string
	for !p.accept("}") {
		p.accept(",") // not of the language, and harmless
		if p.peek().kind == end {
			return nil, fmt.Errorf("a set is not closed at %d", p.peek().at)
		}
		if t := p.peek(); t.kind == symbol && t.text == "}" {
			continue
		}
		v, err := p.value(false)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
		p.noteHost(left, v)
	}
	return test{left, anyOf(values)}, nil
}

// operand reads a field, a function call or a literal.
func (p *parser) operand(depth int) (operand, error) {
	if depth > maxDepth {
		return operand{}, errDepth
	}
	t := p.take()
	switch t.kind {
	case quoted:
		text, err := unescape(t)
		return operand{what: constant, text: text}, err
	case rawText:
		return operand{what: constant, text: t.text}, nil
	case word:
	default:
		return operand{}, fmt.Errorf("unexpected %q at %d", t.text, t.at)
	}
	var o operand
	if p.accept("(") {
		args, err := p.arguments(depth + 1)
		if err != nil {
			return o, err
		}
		o = call(t.text, args)
	} else {
		o = field(t.text)
	}
	for p.accept("[") {
		// An element of a list or map: of the request, whatever the index.
		key := ""
		for !p.accept("]") {
			t := p.take()
			if t.kind == end {
				return o, fmt.Errorf("an index is not closed at %d", t.at)
			}
			key += t.text
		}
		o = indexed(o, key)
	}
	return o, nil
}

// arguments reads the arguments of a function: operands, values, or whole
// expressions as any() and all() take them.
func (p *parser) arguments(depth int) ([]operand, error) {
	var args []operand
	for !p.accept(")") {
		if p.peek().kind == end {
			return nil, fmt.Errorf("a call is not closed at %d", p.peek().at)
		}
		if len(args) > 0 && !p.accept(",") {
			return nil, fmt.Errorf("a comma is missing at %d", p.peek().at)
		}
		n, err := p.or(depth)
		if err != nil {
			return nil, err
		}
		if v, ok := n.(truth); ok {
			args = append(args, v.of)
		} else {
			args = append(args, operand{what: condition, cond: n})
		}
	}
	return args, nil
}
