package probe

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"hash/fnv"
	"html"
	"io"
	"regexp"
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
	d := opaque(body, truncated)
	if len(body) == 0 || binary(body) {
		return d
	}
	text, source := string(body), ""
	if looksHTML(text, contentType) {
		d.Title = clean(strings.Join(strings.Fields(title(text)), " "), 120)
		source, text = text, visible(text)
	}
	text = strings.Join(strings.Fields(text), " ")
	d.Excerpt = clean(head(text, 4*maxExcerpt), maxExcerpt)
	if source != "" && len(strings.Fields(text)) < fewWords {
		// The shell of an application that its scripts fill: what it loads tells one
		// from another, its words ("enable JavaScript") do not.
		text += " " + loads(source)
		if len(strings.Fields(text)) == 0 {
			text = source
		}
	}
	d.Sketch = sketch(text)
	return d
}

// opaque describes a body without words: a picture, an archive, an encoding that
// is not undone.
func opaque(body []byte, truncated bool) evidence.Body {
	d := evidence.Body{Length: len(body), Truncated: truncated}
	if len(body) > 0 {
		sum := sha256.Sum256(body)
		d.SHA256 = hex.EncodeToString(sum[:])
	}
	return d
}

// fewWords is the number of visible words below which what a page loads counts, too.
const fewWords = 24

// binary reports whether a body is no text: control characters that no text has.
func binary(body []byte) bool {
	controls := 0
	for _, c := range body {
		if c == 0 {
			return true
		}
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b {
			controls++
		}
	}
	return 20*controls > len(body)
}

// loads returns the addresses that a page refers to, without their queries, each
// as one word.
func loads(s string) string {
	var b strings.Builder
	for _, m := range reference.FindAllStringSubmatch(s, 64) {
		address, _, _ := strings.Cut(m[1]+m[2], "?")
		for _, r := range address {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				b.WriteRune(r)
			}
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// reference matches attributes that name another resource.
var reference = regexp.MustCompile(`(?i)\b(?:src|href)\s*=\s*(?:"([^"]{1,300})"|'([^']{1,300})')`)

// decode undoes the encodings that servers use without being asked; a body in
// another one stays as it is, and has no words.
func (a *answer) decode() {
	var r io.Reader
	var err error
	switch strings.ToLower(a.header["content-encoding"]) {
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(bytes.NewReader(a.body))
	case "deflate":
		// RFC 9110 means zlib, and servers send either.
		if r, err = zlib.NewReader(bytes.NewReader(a.body)); err != nil {
			r, err = flate.NewReader(bytes.NewReader(a.body)), nil
		}
	case "", "identity":
		return
	default:
		a.opaque = true
		return
	}
	if err != nil {
		a.opaque = len(a.body) > 0
		return
	}
	b, err := io.ReadAll(io.LimitReader(r, MaxBody+1))
	if len(b) == 0 && err != nil {
		a.opaque = true
		return
	}
	if len(b) > MaxBody {
		b, a.truncated = b[:MaxBody], true
	}
	a.body, a.truncated = b, a.truncated || err != nil
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
