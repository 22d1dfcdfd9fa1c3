package probe

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadAnswer1(t *testing.T) {
	for _, c := range []struct {
		name, in  string
		status    int
		body      string
		truncated bool
	}{
		{"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, more", 200, "hello", false},
		{"until close", "HTTP/1.0 200 OK\r\n\r\nhello", 200, "hello", false},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", 200, "hello", false},
		{"chunked, cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", 200, "hel", true},
		{"shorter than promised", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", 200, "hello", true},
		{"bare newlines", "HTTP/1.1 404 Not Found\nContent-Length: 2\n\nno", 404, "no", false},
		{"no reason", "HTTP/1.1 403\r\n\r\n", 403, "", false},
		{"interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nyes", 200, "yes", false},
		{"no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", false},
		{"a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nhello", 200, "hello", false},
		{"a broken field", "HTTP/1.1 200 OK\r\nnonsense\r\n: x\r\nServer: y\r\n\r\n", 200, "", false},
	} {
		a, err := readAnswer1(bufio.NewReader(strings.NewReader(c.in)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if a.status != c.status || string(a.body) != c.body || a.truncated != c.truncated {
			t.Errorf("%s: %d %q truncated %v", c.name, a.status, a.body, a.truncated)
		}
	}
	for _, c := range []struct {
		name, in string
		notHTTP  bool
	}{
		{"nothing", "", false},
		{"half a status line", "HTTP/1.1 20", false},
		{"half a head", "HTTP/1.1 200 OK\r\nServer: x", false},
		{"a body without a head", "<html>", true},
		{"SSH", "SSH-2.0-OpenSSH_9.2\r\n", true},
		{"a status that is none", "HTTP/1.1 abc OK\r\n\r\n", true},
		{"a status of five digits", "HTTP/1.1 20000 OK\r\n\r\n", true},
		{"a status below 100", "HTTP/1.1 099 OK\r\n\r\n", true},
		{"HTTP/2 over HTTP/1", "HTTP/2 200 OK\r\n\r\n", true},
		{"too long a head", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxHead) + "\r\n\r\n", true},
		{"too many interim answers", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", maxInterim+1), true},
	} {
		_, err := readAnswer1(bufio.NewReader(strings.NewReader(c.in)))
		if err == nil || errors.Is(err, errNotHTTP) != c.notHTTP {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	// The connection's own error decides, not what it cut short.
	_, err := readAnswer1(bufio.NewReader(io.MultiReader(strings.NewReader("HTT"), iotest.ErrReader(io.ErrClosedPipe))))
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the underlying error is lost: %v", err)
	}
	a, err := readAnswer1(bufio.NewReader(io.MultiReader(strings.NewReader("HTTP/1.1 200 OK\r\n\r\n"), strings.NewReader(strings.Repeat("x", 2*MaxBody)))))
	if err != nil || len(a.body) != MaxBody || !a.truncated {
		t.Errorf("an endless body: %v, %d bytes, truncated %v", err, len(a.body), a.truncated)
	}
}

func FuzzReadAnswer1(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n\r\n")
	f.Add("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 F\r\n\r\n")
	f.Add("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>x</title><script>y</script><!-- z --><p>\x1b[31m&lt;")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := readAnswer1(bufio.NewReader(strings.NewReader(s)))
		if err != nil {
			return
		}
		if len(a.body) > MaxBody || a.status < 100 || a.status > 999 {
			t.Errorf("%d, %d bytes", a.status, len(a.body))
		}
		r := a.response()
		for _, text := range []string{r.Location, r.Server, r.ContentType, r.Body.Title, r.Body.Excerpt} {
			if strings.ContainsAny(text, "\x1b\x00\r\n") {
				t.Errorf("%q is not clean", text)
			}
		}
		if n := len([]rune(r.Body.Excerpt)); n > maxExcerpt+8 {
			t.Errorf("an excerpt of %d characters", n)
		}
		if len(r.Body.Sketch) > sketchSize {
			t.Errorf("a sketch of %d", len(r.Body.Sketch))
		}
	})
}

func TestDescribe(t *testing.T) {
	b := describe([]byte("<html><head><title>\n A &amp; B </title><style>p{color:red}</style><script>var secret=1</script></head><body><p>Hello <b>there</b></p><!-- hidden --></body></html>"), "text/html", false)
	if b.Title != "A & B" || b.Excerpt != "A & B Hello there" {
		t.Errorf("title %q, excerpt %q", b.Title, b.Excerpt)
	}
	if b.SHA256 == "" || len(b.Sketch) == 0 {
		t.Error("no hash or sketch")
	}
	if j := describe([]byte(`{"a": "<title>"}`), "application/json", true); j.Title != "" || !j.Truncated || j.Excerpt != `{"a": "<title>"}` {
		t.Errorf("%+v", j)
	}
	if e := describe(nil, "text/html", false); e.Length != 0 || e.SHA256 != "" {
		t.Errorf("%+v", e)
	}
	// A slow parser is a way to keep a probe busy.
	describe([]byte(strings.Repeat("<!--<script<style", MaxBody/17)), "text/html", false)
}
