package probe

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/fnv"
	"html"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/sanitize"
)

const (
	maxExcerpt = 512
	// sketchSize is how many of a body's smallest shingle hashes are kept. Bodies
	// with fewer shingles are kept whole, so that short answers compare exactly.
	sketchSize = 64
)

// clean makes untrusted text fit for evidence.
func clean(s string, max int) string {
	if s == "" {
		return ""
	}
	return sanitize.Text(s, max)
}

// describe keeps of a body what judging needs, never the body itself.
func describe(body []byte, contentType string, truncated bool) evidence.Body {
	d := evidence.Body{Length: len(body), Truncated: truncated}
	if len(body) == 0 {
		return d
	}
	sum := sha256.Sum256(body)
	d.SHA256 = hex.EncodeToString(sum[:])
	text := string(body)
	if looksHTML(text, contentType) {
		d.Title = clean(strings.Join(strings.Fields(title(text)), " "), 120)
		text = visible(text)
	}
	text = strings.Join(strings.Fields(text), " ")
	d.Excerpt = clean(head(text, 4*maxExcerpt), maxExcerpt)
	d.Sketch = sketch(text)
	return d
}

// head cuts s near n bytes, between runes.
func head(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func looksHTML(s, contentType string) bool {
	if contentType != "" {
		return strings.Contains(strings.ToLower(contentType), "html")
	}
	s = strings.ToLower(head(strings.TrimLeftFunc(s, unicode.IsSpace), 256))
	return strings.HasPrefix(s, "<!doctype html") || strings.HasPrefix(s, "<html") || strings.Contains(s, "<title>") || strings.Contains(s, "<head>")
}

// title returns the text of the first title element.
func title(s string) string {
	low := strings.ToLower(s)
	i := strings.Index(low, "<title")
	if i < 0 || len(low) != len(s) {
		return ""
	}
	j := strings.IndexByte(low[i:], '>')
	if j < 0 {
		return ""
	}
	rest := s[i+j+1:]
	k := strings.Index(low[i+j+1:], "</title")
	if k < 0 {
		k = min(len(rest), 200)
	}
	return html.UnescapeString(rest[:k])
}

// visible returns the text between tags, without scripts, styles and comments.
func visible(s string) string {
	var b strings.Builder
	for s != "" {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		b.WriteByte(' ')
		s = s[i:]
		end := ">"
		switch low := strings.ToLower(head(s, 8)); {
		case strings.HasPrefix(low, "<!--"):
			end = "-->"
		case strings.HasPrefix(low, "<script"):
			end = "</script>"
		case strings.HasPrefix(low, "<style"):
			end = "</style>"
		}
		j := indexFold(s, end)
		if j < 0 {
			break
		}
		s = s[j+len(end):]
	}
	return html.UnescapeString(b.String())
}

// indexFold is strings.Index for an ASCII needle in any case.
func indexFold(s, needle string) int {
	for i := 0; i+len(needle) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(needle)], needle) {
			return i
		}
	}
	return -1
}

// sketch is a min-hash of the words and word pairs of a text: the smallest
// sketchSize of their hashes, sorted. The share that two sketches have in common
// estimates how much of the texts is common.
func sketch(text string) []uint32 {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		return nil
	}
	seen := make(map[uint32]bool, 2*len(words))
	for i, w := range words {
		seen[hash32(w)] = true
		if i > 0 {
			seen[hash32(words[i-1]+" "+w)] = true
		}
	}
	all := make([]uint32, 0, len(seen))
	for h := range seen {
		all = append(all, h)
	}
	slices.Sort(all)
	return slices.Clone(all[:min(len(all), sketchSize)])
}

func hash32(s string) uint32 {
	h := fnv.New64a()
	h.Write([]byte(s))
	v := h.Sum64()
	// FNV's low bits alone are too regular to be taken as a random order.
	v ^= v >> 33
	v *= 0xff51afd7ed558ccd
	return uint32(v >> 32)
}
