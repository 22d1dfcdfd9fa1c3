// Package nearest finds what somebody meant who typed something else.
package nearest

import "strings"

// Word returns the one of words that is most like word, or "" where none is
// like it: for "did you mean" hints.
func Word(word string, words []string) string {
	plain := func(s string) string {
		return strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(strings.ToLower(s))
	}
	w := plain(word)
	if w == "" || len(w) > 100 {
		return ""
	}
	best, bestDistance := "", max(1, len(w)/3)+1
	for _, c := range words {
		p := plain(c)
		d := distance(w, p)
		if len(w) >= 4 && strings.HasPrefix(p, w) {
			// What is typed by half is meant more often than what differs by a letter.
			d = min(d, 2)
		}
		if d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance is the number of insertions, deletions, replacements and swaps of
// neighbours between two words (optimal string alignment).
func distance(a, b string) int {
	ra, rb := []rune(a), []rune(b)
	var before []int
	last := make([]int, len(rb)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(ra); i++ {
		row := make([]int, len(rb)+1)
		row[0] = i
		for j := 1; j <= len(rb); j++ {
			cost := 1
			if ra[i-1] == rb[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && ra[i-1] == rb[j-2] && ra[i-2] == rb[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(rb)]
}
