package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/aopscan/aopscan/internal/inventory"
)

func TestProgressHeartbeat(t *testing.T) {
	lines := make(chan string, 1000)
	p := &progress{}
	p.beat(time.Millisecond, func(line string) {
		select {
		case lines <- line:
		default:
		}
	})
	wait := func(want string) {
		t.Helper()
		deadline := time.After(30 * time.Second)
		for {
			select {
			case got := <-lines:
				if got == want {
					return
				}
			case <-deadline:
				t.Fatalf("no heartbeat %q", want)
			}
		}
	}
	p.inventory(inventory.Progress{Phase: "reading", Done: 12, Total: 40, Left: 812, Remaining: 61 * time.Second})
	wait("reading zones: 12 of 40, 812 API requests left, about 1m1s to go")
	p.probing(3, 10)
	wait("probing origins: 3 of 10")
	p.finish()
	p.finish() // twice does no harm
	for len(lines) > 0 {
		<-lines
	}
	p.probing(4, 10)
	if len(lines) > 0 {
		t.Errorf("said %q after the end", <-lines)
	}
}

func TestProgressBar(t *testing.T) {
	var b bytes.Buffer
	p := &progress{w: &b}
	p.probing(0, 4)
	p.probing(4, 4)
	p.finish()
	if !strings.Contains(b.String(), "probing origins") || !strings.Contains(b.String(), "(0/4)") {
		t.Errorf("bar %q", b.String())
	}
	// What is left on the line is blank: the report comes next.
	parts := strings.Split(strings.TrimRight(b.String(), "\r"), "\r")
	if last := parts[len(parts)-1]; strings.TrimSpace(last) != "" {
		t.Errorf("the bar leaves %q", last)
	}
}

func TestProgressQuiet(t *testing.T) {
	var b bytes.Buffer
	a := &app{stderr: &b, env: func(string) string { return "" }, quiet: true}
	p := newProgress(a, true)
	p.probing(1, 2)
	p.finish()
	if b.Len() > 0 {
		t.Errorf("said %q", b.String())
	}
}

// TestProgressFinishAtOnce holds that a phase may end before the heartbeat's
// goroutine has looked at its channel for the first time.
func TestProgressFinishAtOnce(t *testing.T) {
	for range 2000 {
		p := &progress{}
		p.beat(time.Hour, func(string) {})
		done := make(chan struct{})
		go func() { p.finish(); close(done) }()
		select {
		case <-done:
		case <-time.After(30 * time.Second):
			t.Fatal("finish does not return")
		}
	}
}
