package probe

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"strconv"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

const (
	// maxHead bounds status lines and header fields, interim answers included.
	maxHead = 32 << 10
	// maxInterim bounds 1xx answers before the final one.
	maxInterim = 8
	// MaxBody is how much of an answer's body is read.
	MaxBody = 64 << 10
)

var errNotHTTP = errors.New("not an HTTP answer")

// request1 is an HTTP/1.1 request on a connection of its own (RFC 9112).
func request1(host, path, userAgent string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nAccept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n",
		path, host, userAgent)
}

// header is a bounded list of fields with lower-case names; the first of a name counts.
type header map[string]string

// answer is a response as it was read.
type answer struct {
	protocol  string
	status    int
	header    header
	body      []byte
	truncated bool
	opaque    bool // in an encoding that was not undone
}

// readAnswer1 reads one HTTP/1 answer. The head must be complete, or the error
// says why it is not, with the connection's own error in its chain; a body that
// stops early is an answer all the same.
func readAnswer1(r *bufio.Reader) (*answer, error) {
	left := maxHead
	for range maxInterim {
		a, err := readHead1(r, &left)
		if err != nil {
			return nil, err
		}
		if a.status >= 100 && a.status < 200 && a.status != 101 {
			continue
		}
		readBody1(r, a)
		return a, nil
	}
	return nil, fmt.Errorf("%w: more than %d interim answers", errNotHTTP, maxInterim)
}

// readLine returns a line without its end, counting against left.
func readLine(r *bufio.Reader, left *int) (string, error) {
	var b strings.Builder
	for {
		part, err := r.ReadSlice('\n')
		*left -= len(part)
		if *left < 0 {
			return "", fmt.Errorf("%w: the head is longer than %d bytes", errNotHTTP, maxHead)
		}
		b.Write(part)
		if err == nil {
			return strings.TrimRight(b.String(), "\r\n"), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return b.String(), err
		}
	}
}

func readHead1(r *bufio.Reader, left *int) (*answer, error) {
	line, err := readLine(r, left)
	if err != nil {
		// What came before the end decides: half a status line is a connection that
		// ended, a line that can never become one is another protocol.
		if line != "" && !strings.HasPrefix("HTTP/1.", line[:min(len(line), 7)]) {
			return nil, fmt.Errorf("%w: it begins %.40q", errNotHTTP, line)
		}
		return nil, err
	}
	a := &answer{header: header{}}
	proto, rest, ok := strings.Cut(line, " ")
	if !ok || !strings.HasPrefix(proto, "HTTP/1.") || len(proto) != 8 {
		return nil, fmt.Errorf("%w: it begins %.40q", errNotHTTP, line)
	}
	code, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	if a.status, err = strconv.Atoi(code); err != nil || len(code) != 3 || a.status < 100 {
		return nil, fmt.Errorf("%w: status %.20q", errNotHTTP, code)
	}
	a.protocol = proto
	for {
		line, err := readLine(r, left)
		if err != nil {
			return nil, err
		}
		if line == "" {
			return a, nil
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" {
			continue
		}
		name = strings.ToLower(strings.TrimSpace(name))
		if _, seen := a.header[name]; !seen {
			a.header[name] = strings.TrimSpace(value)
		}
	}
}

// readBody1 reads at most MaxBody bytes of the body (RFC 9112, section 6.3).
func readBody1(r *bufio.Reader, a *answer) {
	if a.status == 204 || a.status == 304 || a.status == 101 {
		return
	}
	var body io.Reader = r
	want := int64(-1)
	if strings.Contains(strings.ToLower(a.header["transfer-encoding"]), "chunked") {
		body = httputil.NewChunkedReader(r)
	} else if n, err := strconv.ParseInt(a.header["content-length"], 10, 64); err == nil && n >= 0 {
		want = n
		body = io.LimitReader(r, n)
	}
	b, err := io.ReadAll(io.LimitReader(body, MaxBody+1))
	if len(b) > MaxBody {
		b, a.truncated = b[:MaxBody], true
	}
	a.body = b
	if err != nil || (want >= 0 && int64(len(b)) < want) {
		a.truncated = true
	}
}

// keptHeaders are the fields that judging uses.
var keptHeaders = []string{
	"alt-svc", "content-encoding", "retry-after", "cf-cache-status", "cf-railgun", "cf-ray", "cf-mitigated", "connection", "upgrade", "www-authenticate",
}

// response turns an answer into evidence.
func (a *answer) response() *evidence.Response {
	a.decode()
	r := &evidence.Response{
		Protocol:    a.protocol,
		Status:      a.status,
		Location:    clean(a.header["location"], 300),
		Server:      clean(a.header["server"], 100),
		ContentType: clean(a.header["content-type"], 100),
		Body:        describe(a.body, a.header["content-type"], a.truncated),
	}
	if a.opaque {
		r.Body = opaque(a.body, a.truncated)
	}
	for _, name := range keptHeaders {
		if v, ok := a.header[name]; ok {
			if r.Headers == nil {
				r.Headers = map[string]string{}
			}
			r.Headers[name] = clean(v, 200)
		}
	}
	return r
}
