package main

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aopscan/aopscan/internal/verdict/origintest"
)

// firstLine calls a function when the first line is written.
type firstLine struct {
	bytes.Buffer
	once sync.Once
	then func()
}

func (w *firstLine) Write(b []byte) (int, error) {
	w.once.Do(w.then)
	return w.Buffer.Write(b)
}

// An origin is a line of jsonl as soon as it is finished, while another still
// keeps its probe waiting: the silent one lets go when it sees the other's line.
func TestStreamedOrigins(t *testing.T) {
	open := origintest.HTTPS(t, origintest.Keys().Config(tls.NoClientCert), origintest.App)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var held sync.WaitGroup
	release := make(chan struct{})
	held.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			held.Go(func() {
				defer c.Close()
				<-release
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		held.Wait()
	})
	giveUp := time.AfterFunc(30*time.Second, func() { close(release) })
	out := &firstLine{then: func() {
		if giveUp.Stop() {
			close(release)
		} else {
			t.Error("nothing was written before the last origin was finished")
		}
	}}
	a := &app{stdin: strings.NewReader(""), stdout: out, stderr: io.Discard, env: func(string) string { return "" }}
	code := a.run([]string{"probe", "open.example.com=" + open.String(), "silent.example.com=" + ln.Addr().String(),
		"--allow-address", "127.0.0.0/8", "--timeout", "50s", "--endpoint-timeout", "50s", "-o", "jsonl"})
	if code != exitFailed {
		t.Errorf("exit %d", code)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"open.example.com"`) || !strings.Contains(lines[0], `"verdict":"not-enforced"`) || !strings.Contains(lines[1], `"silent.example.com"`) {
		t.Errorf("%d lines: %s", len(lines), out)
	}
}
