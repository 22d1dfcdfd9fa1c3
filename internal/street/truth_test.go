//go:build linux

package street

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestGroundTruth holds the street to what it says of itself, with curl and
// openssl, and never with the prober: where a case says that a request shows the
// protected content it must, and where it says that strangers are refused none
// of the ways around may show it.
func TestGroundTruth(t *testing.T) {
	s := theStreet(t)
	eachCase(t, s, 6, func(t *testing.T, c Case) {
		begun := time.Now()
		defer func() {
			if d := time.Since(begun); d > 5*time.Second {
				t.Logf("%s took %s", c.Name, d.Round(time.Millisecond))
			}
		}()
		want := func(w Way, yes bool) {
			t.Helper()
			text, err := show(s, c, w)
			for range 5 {
				if !yes || strings.Contains(text, c.Marker) || !strings.HasPrefix(c.Posture, "flaky") {
					break
				}
				text, err = show(s, c, w)
			}
			if got := strings.Contains(text, c.Marker); got != yes {
				t.Errorf("%s: %s %s: marker %v, want %v (%v): %.300q", c.Name, c.Address, describe(w), got, yes, err, text)
			}
		}
		for _, w := range c.Ways {
			want(w, true)
		}
		if c.Legit != nil {
			want(*c.Legit, true)
		}
		switch c.Truth {
		case Open:
			if len(c.Ways) == 0 {
				t.Errorf("%s: open, and no way shows it", c.Name)
			}
		case Bypassable:
			if len(c.Ways) == 0 {
				t.Errorf("%s: bypassable, and no way shows it", c.Name)
			}
			for _, w := range c.Refused {
				want(w, false)
			}
		case Refuses:
			for _, w := range c.Refused {
				want(w, false)
			}
			var wg sync.WaitGroup
			for _, w := range strangers(s, c) {
				wg.Go(func() {
					if text, err := bareGet(s, c, w); strings.Contains(text, c.Marker) {
						t.Errorf("%s: said to refuse, and %s shows the content (%v)", c.Name, describe(w), err)
					}
				})
			}
			if c.HTTP3 {
				for _, w := range []Way{{HTTP3: true}, {HTTP3: true, Cert: "rogue"}} {
					if text, err := getHTTP3(s, c, w); strings.Contains(text, c.Marker) {
						t.Errorf("%s: said to refuse, and %s shows the content (%v)", c.Name, describe(w), err)
					}
				}
			}
			wg.Wait()
		case Closed:
			want(Way{}, false)
			want(Way{Cert: "client"}, false)
		case Silent:
			want(Way{}, false)
		}
	})
}

// strangers are the requests that must not show the content of an origin that
// refuses.
func strangers(s *Street, c Case) []Way {
	ways := []Way{
		{TLS: "1.2"}, {TLS: "1.3"}, {Cert: "rogue"}, {Cert: "spoofed"}, {Cert: "spoofed", TLS: "1.2"},
		{SNI: "-"}, {SNI: "-", Host: "-"}, {SNI: "nobody.example.com"}, {SNI: "nobody.example.com", Host: "nobody.example.com"},
		{SNI: c.Sibling}, {SNI: c.Sibling, Host: c.Sibling}, {Host: c.Sibling}, {Host: strings.ToUpper(c.Hostname)}, {Host: c.Hostname + "."},
		{SNI: c.Sibling, Host: strings.ToUpper(c.Hostname)}, {SNI: c.Sibling, Host: c.Hostname + "."}, {SNI: "-", Host: c.Hostname + "."},
		{Path: "/open/"}, {Plain: true, Port: s.PlainPort}, {Port: s.AltPort}, {TLS: "1.0", Legacy: true},
		{SessionSNI: c.Sibling, SessionHost: c.Sibling}, {SessionSNI: "-", SessionHost: c.Hostname}, {SessionSNI: c.Hostname, SessionHost: c.Hostname},
	}
	return ways
}

func describe(w Way) string { return fmt.Sprintf("%+v", w) }

// names returns the SNI ("" for none), the Host, the path and the port of a way.
func (w Way) names(c Case) (sni, host, path string, port int) {
	sni, host, path, port = w.SNI, w.Host, w.Path, w.Port
	if sni == "" {
		sni = c.Hostname
	}
	if sni == "-" {
		sni = ""
	}
	if host == "" {
		host = c.Hostname
	}
	if host == "-" {
		host = c.Address
	}
	if path == "" {
		path = "/"
	}
	if port == 0 {
		port = c.Port
	}
	return sni, host, path, port
}

// patience is how long curl waits, in seconds: hostile servers are not waited for.
func patience(c Case) string {
	if c.Server == "hostile" || c.Waits {
		return "4"
	}
	return "8"
}

// show makes the request of a way with curl, or with openssl where a session is
// resumed, and returns all that came back.
func show(s *Street, c Case, w Way) (string, error) {
	switch {
	case w.SessionSNI != "":
		return resumeWithOpenSSL(s, c, w)
	case w.HTTP3:
		return getHTTP3(s, c, w)
	}
	sni, host, path, port := w.names(c)
	args := []string{"-sk", "-i", "--noproxy", "*", "--max-time", patience(c), "-H", "Host: " + host}
	scheme := "https"
	if w.Plain {
		scheme = "http"
	}
	if sni == "" || w.Plain {
		sni = c.Address
	} else {
		args = append(args, "--resolve", fmt.Sprintf("%s:%d:%s", sni, port, c.Address))
	}
	if w.TLS != "" {
		args = append(args, "--tlsv"+w.TLS, "--tls-max", w.TLS)
	}
	if w.HTTP1 {
		args = append(args, "--http1.1")
	}
	if w.Legacy {
		args = append(args, "--ciphers", "ALL:@SECLEVEL=0")
	}
	if w.Cert != "" {
		cert, key := s.PKI.Files(w.Cert)
		args = append(args, "--cert", cert, "--key", key)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "curl", append(args, fmt.Sprintf("%s://%s%s", scheme, net.JoinHostPort(sni, strconv.Itoa(port)), path))...)
	cmd.Env = append(os.Environ(), "OPENSSL_CONF=/dev/null")
	out, err := cmd.Output()
	return string(out), err
}

// resumeWithOpenSSL opens a session under one name and offers it under another.
func resumeWithOpenSSL(s *Street, c Case, w Way) (string, error) {
	dir, err := os.MkdirTemp("", "session-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "session.pem")
	sni, host, path, port := w.names(c)
	client := func(name, host, cert string, more ...string) (string, error) {
		args := append([]string{"s_client", "-quiet", "-connect", net.JoinHostPort(c.Address, strconv.Itoa(port))}, more...)
		if name == "" {
			args = append(args, "-noservername")
		} else {
			args = append(args, "-servername", name)
		}
		if w.TLS == "1.2" {
			args = append(args, "-tls1_2")
		}
		if cert != "" {
			cf, kf := s.PKI.Files(cert)
			args = append(args, "-cert", cf, "-key", kf)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, "openssl", args...)
		cmd.Stdin = strings.NewReader("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
		out, err := cmd.Output()
		return string(out), err
	}
	first := w.SessionSNI
	if first == "-" {
		first = ""
	}
	firstHost := w.SessionHost
	if firstHost == "" {
		firstHost = w.SessionSNI
	}
	if text, err := client(first, firstHost, w.Cert, "-sess_out", file); err != nil {
		return text, fmt.Errorf("opening the session: %w", err)
	}
	return client(sni, host, "", "-sess_in", file)
}

// bareGet makes the request of a way with nothing but crypto/tls.
func bareGet(s *Street, c Case, w Way) (string, error) {
	sni, host, path, port := w.names(c)
	var cache tls.ClientSessionCache
	if w.SessionSNI != "" {
		cache = &oneSession{}
		first := w
		first.SessionSNI, first.SessionHost, first.SNI, first.Host = "", "", w.SessionSNI, w.SessionHost
		sni1, host1, path1, _ := first.names(c)
		if text, err := bareExchange(s, c, w, cache, sni1, host1, path1, port); err != nil {
			return "", fmt.Errorf("opening the session: %w: %.100s", err, text)
		}
	}
	return bareExchange(s, c, w, cache, sni, host, path, port)
}

func bareExchange(s *Street, c Case, w Way, cache tls.ClientSessionCache, sni, host, path string, port int) (string, error) {
	d := net.Dialer{Timeout: 5 * time.Second}
	conn, err := d.Dial("tcp", net.JoinHostPort(c.Address, strconv.Itoa(port)))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	if !w.Plain {
		conf := &tls.Config{InsecureSkipVerify: true, ServerName: sni, MinVersion: tls.VersionTLS12, ClientSessionCache: cache,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if cert := s.PKI.Certificate(w.Cert); cert != nil {
					return cert, nil
				}
				return &tls.Certificate{}, nil
			}}
		switch w.TLS {
		case "1.3":
			conf.MinVersion = tls.VersionTLS13
		case "1.2":
			conf.MaxVersion = tls.VersionTLS12
		case "1.0":
			conf.MinVersion, conf.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
		}
		if w.Legacy {
			for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
				conf.CipherSuites = append(conf.CipherSuites, suite.ID)
			}
		}
		tc := tls.Client(conn, conf)
		if err := tc.Handshake(); err != nil {
			return "", err
		}
		conn = tc
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	io.Copy(io.Discard, io.LimitReader(conn, 1<<16)) // session tickets may come late
	return resp.Status + "\n" + string(text), err
}

// oneSession offers whatever session it has, under whatever name.
type oneSession struct {
	mu sync.Mutex
	s  *tls.ClientSessionState
}

func (o *oneSession) Get(string) (*tls.ClientSessionState, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.s, o.s != nil
}

func (o *oneSession) Put(_ string, s *tls.ClientSessionState) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s != nil {
		o.s = s
	}
}
