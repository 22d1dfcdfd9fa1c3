package verdict

import (
	"strings"

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

// contained estimates how much of the smaller of two short texts is in the other.
func contained(a, b []uint32) float64 {
	if len(a) == 0 || len(b) == 0 || len(a) >= sketchFull || len(b) >= sketchFull {
		return 0
	}
	var both int
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case b[j] < a[i]:
			j++
		default:
			both++
			i++
			j++
		}
	}
	return float64(both) / float64(min(len(a), len(b)))
}

// The bounds of likeness. Pages of one site share their frame and differ in
// their text; one page asked for twice differs in tokens and times.
const (
	sameShare      = 0.6
	differentShare = 0.25
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
	share := shared(x.Sketch, y.Sketch)
	titles := x.Title != "" && strings.EqualFold(x.Title, y.Title)
	switch {
	case share >= sameShare, share >= 0.8*self && share >= differentShare:
		return same
	case titles && share >= sameShare/2:
		return same
	case len(x.Sketch) == 0 && len(y.Sketch) == 0:
		// No words at all: a picture, an archive. Equal length and type is all there is.
		if x.Length == y.Length && a.ContentType == b.ContentType {
			return unsure
		}
		return different
	case titles, share > differentShare*self, contained(x.Sketch, y.Sketch) >= 0.5:
		return unsure
	}
	return different
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
