package verdict

import (
	"strings"
	"unicode"

	"github.com/aopscan/aopscan/internal/evidence"
)

// likeness is how two answers compare.
type likeness int

const (
	different likeness = iota // clearly not the same content
	unsure
	same // the same content, as far as tokens, times and names let it be
)

// shared estimates how much of two texts is common, 0 to 1, from their sketches.
func shared(a, b []uint32) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	// The smallest hashes of the union are a random sample of it. Where both
	// sketches are complete the union is counted whole.
	limit := len(a) + len(b)
	if len(a) >= sketchFull || len(b) >= sketchFull {
		limit = sketchFull
	}
	var union, both int
	for i, j := 0, 0; (i < len(a) || j < len(b)) && union < limit; union++ {
		switch {
		case j == len(b) || (i < len(a) && a[i] < b[j]):
			i++
		case i == len(a) || b[j] < a[i]:
			j++
		default:
			both++
			i++
			j++
		}
	}
	return float64(both) / float64(union)
}

// sketchFull is the size of a sketch that may have left something out.
const sketchFull = 64

// distinct estimates how many shingles a text has from its sketch: the sketch
// holds the smallest of hashes that are spread evenly over 32 bits.
func distinct(s []uint32) float64 {
	if len(s) < sketchFull {
		return float64(len(s))
	}
	return float64(len(s)-1) / (float64(s[len(s)-1]) + 1) * (1 << 32)
}

// contained estimates how much of the smaller of two texts is in the other.
func contained(a, b []uint32) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	j := shared(a, b)
	x, y := distinct(a), distinct(b)
	return min(1, j*(x+y)/((1+j)*min(x, y)))
}

// beginAlike is how much of the words of the shorter of two beginnings is in the
// other: a page that shows more to some clients than to others begins the same.
func beginAlike(a, b string) float64 {
	x, y := words(a), words(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(x) == 0 {
		return 0
	}
	both := 0
	for w := range x {
		if y[w] {
			both++
		}
	}
	return float64(both) / float64(len(x))
}

// otherWords reports whether two texts of a few words, both known whole, say
// different things: what they share is what joins words.
func otherWords(a, b *evidence.Response) bool {
	for _, r := range []*evidence.Response{a, b} {
		if r.Body.Truncated || len(r.Body.Sketch) >= sketchFull || r.Body.Length > 512 {
			return false
		}
	}
	x, y := words(a.Body.Excerpt), words(b.Body.Excerpt)
	both := 0
	for w := range x {
		if y[w] {
			both++
		}
	}
	return len(x) > 0 && len(y) > 0 && len(x)+len(y) > 3 && 3*both <= len(x)+len(y)-both
}

// words is the set of a text's words that carry meaning: three letters or more.
func words(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if len(w) >= 3 && !common[w] {
			out[w] = true
		}
	}
	return out
}

// common are words that any two texts share.
var common = map[string]bool{
	"the": true, "and": true, "for": true, "you": true, "your": true, "are": true, "this": true, "that": true,
	"not": true, "with": true, "from": true, "has": true, "have": true, "was": true, "will": true, "can": true,
	"http": true, "https": true, "www": true, "com": true, "page": true, "site": true, "server": true, "please": true,
	"example": true, "org": true, "net": true, "our": true, "all": true, "but": true, "here": true,
	// The envelope of many an API's answers.
	"code": true, "msg": true, "message": true, "data": true, "status": true, "error": true, "success": true, "result": true,
	"null": true, "true": true, "false": true, "timestamp": true,
}

// The bounds of likeness. Pages of one site share their frame and differ in
// their text; one page asked for twice differs in tokens and times. Calling an
// answer different is what can make "enforced" of an open origin, so it takes
// agreement of all measures.
const (
	sameShare      = 0.6
	differentShare = 0.25
	differentPart  = 0.4
	steadyShare    = 0.4 // content less alike to itself than this compares with nothing
)

// alike compares two bodies. self is how much the legitimate answer has in common
// with itself when asked for twice, 1 where that is not known: content that
// changes with every request is held to no more.
func alike(a, b *evidence.Response, self float64) likeness {
	x, y := a.Body, b.Body
	if x.Length == 0 || y.Length == 0 {
		if x.Length == y.Length {
			return same
		}
		return different
	}
	if x.SHA256 == y.SHA256 {
		return same
	}
	if len(x.Sketch) == 0 || len(y.Sketch) == 0 {
		// No words: a picture, an archive, an encoding that was not undone. The type is
		// all there is, and an encoding hides even what words there are.
		if len(x.Sketch) == 0 && len(y.Sketch) == 0 && a.ContentType == b.ContentType || encoded(a) || encoded(b) {
			return unsure
		}
		return different
	}
	share, part := shared(x.Sketch, y.Sketch), contained(x.Sketch, y.Sketch)
	titles := x.Title != "" && strings.EqualFold(x.Title, y.Title)
	switch {
	case share >= sameShare,
		share >= differentShare && share >= 0.8*self,
		titles && share >= sameShare/2,
		part >= 0.85 && share >= differentShare:
		return same
	case self < steadyShare, titles, share > differentShare, part >= differentPart, beginAlike(x.Excerpt, y.Excerpt) >= differentPart:
		return unsure
	}
	return different
}

// encoded reports whether a body's words are hidden by its encoding.
func encoded(r *evidence.Response) bool {
	return r.Headers["content-encoding"] != "" && len(r.Body.Sketch) == 0
}

// carries reports whether an answer whose status refuses, redirects or fails has
// the legitimate content as its body all the same, as of a program that goes on
// after its redirect. A refusal in the site's own layout has less in common.
func carries(r, legit *evidence.Response) bool {
	const carriedShare, carriedLength = 0.9, 200
	return r.Status/100 != 2 && r.Body.Length >= carriedLength && strings.EqualFold(r.Body.Title, legit.Body.Title) &&
		(r.Body.SHA256 == legit.Body.SHA256 || shared(r.Body.Sketch, legit.Body.Sketch) >= carriedShare)
}

// sameAnswer compares two answers with their statuses and places.
func sameAnswer(a, b *evidence.Response, self float64) likeness {
	if a.Status != b.Status {
		return different
	}
	if a.Status >= 300 && a.Status < 400 {
		if stripQuery(a.Location) == stripQuery(b.Location) {
			return same
		}
		return different
	}
	return alike(a, b, self)
}

// stripQuery leaves out what a redirect to a login carries along.
func stripQuery(location string) string {
	location, _, _ = strings.Cut(location, "?")
	return location
}
