//go:build linux

package street

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// hostile is a listener that does one thing to every connection.
type hostile struct {
	posture string
	expect  expectation
	do      func(net.Conn)
}

// overTLS ends TLS first, without asking for a certificate unless auth says so.
func (b *block) overTLS(auth tls.ClientAuthType, do func(net.Conn)) func(net.Conn) {
	conf := &tls.Config{Certificates: []tls.Certificate{b.street.PKI.Server}, ClientAuth: auth, ClientCAs: pool(b.street.PKI.ClientCA)}
	return func(c net.Conn) {
		tc := tls.Server(c, conf)
		if tc.Handshake() == nil {
			do(tc)
		}
		tc.Close()
	}
}

// readSome takes what the client says first.
func readSome(c net.Conn) {
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	io.ReadAtLeast(c, make([]byte, 16<<10), 1)
}

// say answers every request with a fixed text and ends the connection.
func say(text string) func(net.Conn) {
	return func(c net.Conn) {
		readSome(c)
		io.WriteString(c, text)
		if cw, ok := c.(interface{ CloseWrite() error }); ok {
			cw.CloseWrite()
		}
		// A close with unread input would be a reset.
		c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		io.Copy(io.Discard, c)
	}
}

// forever repeats a text, slowly or as fast as it goes, until nobody listens.
func forever(first, again string, pause time.Duration) func(net.Conn) {
	return func(c net.Conn) {
		readSome(c)
		if _, err := io.WriteString(c, first); err != nil {
			return
		}
		for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(pause) {
			if _, err := io.WriteString(c, again); err != nil {
				return
			}
		}
	}
}

func reset(c net.Conn) {
	for {
		switch x := c.(type) {
		case *tls.Conn:
			c = x.NetConn()
			continue
		case *net.TCPConn:
			x.SetLinger(0)
			x.Close()
		}
		return
	}
}

func readOnly(c net.Conn) { io.Copy(io.Discard, c) }

func buildHostile(b *block) error {
	alert := func(n byte) func(net.Conn) {
		return func(c net.Conn) {
			readSome(c)
			c.Write([]byte{21, 3, 3, 0, 2, 2, n})
		}
	}
	// A TLS record of a handshake that never ends, byte by byte.
	tarpit := func(c net.Conn) {
		readSome(c)
		c.Write([]byte{22, 3, 3, 0x40, 0})
		for range 600 {
			if _, err := c.Write([]byte{2}); err != nil {
				return
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
	unknown := silent(inconclusive, unreachable)
	said := silent(inconclusive)
	openBody := open()
	openBody.legit = nil
	answered := silent(inconclusive, refusedOtherwise, notEnforced)
	bigBody := "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + protectedPage("")
	list := []hostile{
		{"silent", unknown, readOnly},
		{"reset-on-accept", unknown, reset},
		{"close-on-accept", unknown, func(net.Conn) {}},
		{"reset-after-client-hello", unknown, func(c net.Conn) { readSome(c); reset(c) }},
		{"close-after-client-hello", unknown, readSome},
		{"alert-40", silent(inconclusive, unreachable, refusedOtherwise), alert(40)},
		{"alert-70", silent(inconclusive, unreachable, refusedOtherwise), alert(70)},
		{"alert-80", silent(inconclusive, unreachable, refusedOtherwise), alert(80)},
		{"alert-112", silent(inconclusive, unreachable, refusedOtherwise), alert(112)},
		{"alert-116", silent(inconclusive, unreachable, refusedOtherwise), alert(116)},
		{"tarpit", unknown, tarpit},
		{"ssh", unknown, func(c net.Conn) { io.WriteString(c, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"); readSome(c); readSome(c) }},
		{"smtp", unknown, forever("220 mail.example.com ESMTP\r\n", "500 5.5.2 Error: bad syntax\r\n", time.Second)},
		{"plain-http", unknown, say("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 11\r\n\r\nBad Request")},
		{"endless-zeroes", unknown, forever("", strings.Repeat("\x00", 4096), 0)},
		{"endless-headers", said, b.overTLS(0, forever("HTTP/1.1 200 OK\r\n", "X-Filler: "+strings.Repeat("a", 1000)+"\r\n", 0))},
		{"endless-headers-slow", said, b.overTLS(0, forever("HTTP/1.1 200 OK\r\n", "X-Filler: a\r\n", 100*time.Millisecond))},
		{"endless-one-header", said, b.overTLS(0, forever("HTTP/1.1 200 OK\r\nX-Filler: ", strings.Repeat("a", 4096), 0))},
		{"endless-100-continue", said, b.overTLS(0, forever("", "HTTP/1.1 100 Continue\r\n\r\n", 0))},
		{"endless-103-slow", said, b.overTLS(0, forever("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 100*time.Millisecond))},
		{"endless-body", openBody, b.overTLS(0, forever(bigBody, strings.Repeat("<p>More of the same in every consignment.</p>\n", 90), 0))},
		{"endless-chunks", openBody, b.overTLS(0, forever("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"+chunk(protectedPage("")), chunk(strings.Repeat("more ", 800)), 0))},
		{"slow-headers", said, b.overTLS(0, forever("H", "T", time.Second))},
		{"slow-body", silent(notEnforced, inconclusive), b.overTLS(0, forever("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2000\r\n\r\n", "x", 500*time.Millisecond))},
		{"no-status-line", silent(inconclusive, notEnforced), b.overTLS(0, say("<html><body>HTTP 0.9 was good enough for us</body></html>\n"))},
		{"garbage", said, b.overTLS(0, say(strings.Repeat("\xff\x00\x1b[31m", 300)))},
		{"bad-status", said, b.overTLS(0, say("HTTP/1.1 OK fine\r\nContent-Length: 0\r\n\r\n"))},
		{"huge-status", answered, b.overTLS(0, say("HTTP/1.1 999 "+strings.Repeat("x", 300)+"\r\nContent-Length: 0\r\n\r\n"))},
		{"ssh-over-tls", said, b.overTLS(0, say("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"))},
		{"silent-after-handshake", said, b.overTLS(0, readOnly)},
		{"silent-after-handshake-asked", said, b.overTLS(tls.RequestClientCert, readOnly)},
		{"close-after-handshake", answered, b.overTLS(0, func(net.Conn) {})},
		{"close-after-handshake-asked", closedAsked(), b.overTLS(tls.RequestClientCert, func(net.Conn) {})},
		{"reset-after-handshake-asked", closedAsked(), b.overTLS(tls.RequestClientCert, func(c net.Conn) { readSome(c); reset(c) })},
		{"close-after-request", answered, b.overTLS(0, readSome)},
		{"close-in-status-line", said, b.overTLS(0, say("HTTP/1."))},
		{"close-in-headers", said, b.overTLS(0, say("HTTP/1.1 200 OK\r\nContent-Le"))},
		{"short-body", silent(inconclusive, notEnforced), b.overTLS(0, say("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"))},
		{"empty-200", silent(inconclusive, refusedOtherwise), b.overTLS(0, say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))},
		{"empty-200-asked", silent(inconclusive), b.overTLS(tls.RequestClientCert, say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))},
		{"empty-204", silent(inconclusive, refusedOtherwise, notEnforced), b.overTLS(0, say("HTTP/1.1 204 No Content\r\n\r\n"))},
		{"terminal-escapes", silent(notEnforced, inconclusive), b.overTLS(0, say("HTTP/1.1 200 OK\r\nServer: \x1b]0;x\x07\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<title>\x1b[2J::error::x</title>"+strings.Repeat("\x1b[31mred words in a long page ", 60)))},
		{"cloudflare-lookalike", silent(refusedOtherwise, inconclusive), b.overTLS(0, say("HTTP/1.1 526 Invalid SSL certificate\r\nServer: cloudflare\r\nCF-RAY: 8a-FRA\r\nContent-Length: 9\r\n\r\nerror 526"))},
		// An article about the refusal is not the refusal.
		{"article-about-refusals", open(), nil},
	}
	for _, h := range list {
		c := b.house(h.posture, h.expect)
		l, err := b.listen(c.Address, c.Port)
		if err != nil {
			return err
		}
		switch h.posture {
		case "endless-body", "endless-chunks":
			// No client waits for the end: curl gets the marker and gives up.
			c.Legit = nil
		case "article-about-refusals":
			text := strings.Replace(protectedPage(""), "<p>The table", "<p>Whoever comes without a client certificate reads: 400 No required SSL certificate was sent.</p><p>The table", 1)
			b.serve(l, &tls.Config{Certificates: []tls.Certificate{b.street.PKI.Server}}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprint(w, text)
			}))
			continue
		}
		go acceptAll(l, h.do)
	}
	b.house("refused", silent(unreachable, inconclusive))
	return b.blackHole()
}

func chunk(s string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(s), s) }

// acceptAll does the same to every connection until the listener closes. What a
// hostile server does is bounded in time, so no goroutine outlives the street by
// more than that.
func acceptAll(l net.Listener, do func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(2 * time.Minute))
			do(conn)
		}()
	}
}

// blackHole listens with a full backlog and never accepts: connecting hangs.
func (b *block) blackHole() error {
	c := b.house("black-hole", silent(unreachable, inconclusive))
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	b.closers = append(b.closers, func() { syscall.Close(fd) })
	sa := &syscall.SockaddrInet4{Port: c.Port, Addr: [4]byte(net.ParseIP(c.Address).To4())}
	if err := syscall.Bind(fd, sa); err != nil {
		return fmt.Errorf("%w: %w", errConflict, err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		return err
	}
	for range 8 {
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", fmt.Sprintf("%s:%d", c.Address, c.Port))
		cancel()
		if err != nil {
			return nil
		}
		b.closers = append(b.closers, func() { conn.Close() })
	}
	return fmt.Errorf("the backlog of %s does not fill", c.Address)
}
