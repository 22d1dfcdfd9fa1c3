package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/aopscan/aopscan/internal/inventory"
)

// heartbeat is how often a scan says on a log that it is alive.
const heartbeat = 30 * time.Second

// progress says on standard error how far a phase has come: a bar on a terminal,
// a line every [heartbeat] elsewhere, nothing with --quiet. Its zero value is
// silent. It is safe for concurrent use.
type progress struct {
	mu    sync.Mutex
	bar   *progressbar.ProgressBar // nil until the first call, and where there is none
	w     io.Writer                // where the bar is drawn; nil where there is none
	say   func(line string)        // heartbeat; nil where there is none
	phase string
	total int
	line  string // what the next heartbeat says
	stop  chan struct{}
	gone  chan struct{}
}

// newProgress makes the progress that fits the surroundings. A bar and log lines
// do not go together, so with -v or --log-format json it is a heartbeat too, and
// where bar is false.
func newProgress(a *app, bar bool) *progress {
	p := &progress{}
	switch {
	case a.quiet:
	case bar && isTerminal(a.stderr) && a.env("TERM") != "dumb" && a.verbose == 0 && a.logFormat != "json":
		p.w = a.stderr
	case a.logFormat == "json":
		log := slog.New(slog.NewJSONHandler(a.stderr, nil))
		p.beat(heartbeat, func(line string) { log.Info(line) })
	default:
		p.beat(heartbeat, func(line string) { fmt.Fprintln(a.stderr, "aopscan: "+line) })
	}
	return p
}

// beat says the latest line at every tick until finish.
func (p *progress) beat(every time.Duration, say func(string)) {
	// The goroutine keeps its own hold on the channel: finish forgets p.stop, and
	// may come before the first select.
	stop, gone := make(chan struct{}), make(chan struct{})
	p.say, p.stop, p.gone = say, stop, gone
	go func() {
		defer close(gone)
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-stop:
				return
			case <-t.C:
				p.mu.Lock()
				line := p.line
				p.mu.Unlock()
				if line != "" {
					p.say(line)
				}
			}
		}
	}()
}

// inventory shows how far the reading of the configuration is.
func (p *progress) inventory(s inventory.Progress) {
	phase := map[string]string{"zones": "finding zones", "reading": "reading zones", "resolving": "resolving names"}[s.Phase]
	if phase == "" {
		phase = s.Phase
	}
	details := []string{fmt.Sprintf("%d API requests left", s.Left)}
	if s.Remaining > 0 {
		details = append(details, "about "+s.Remaining.Round(time.Second).String()+" to go")
	}
	p.update(phase, s.Done, s.Total, strings.Join(details, ", "))
}

// probing shows how many origins were asked.
func (p *progress) probing(done, total int) { p.update("probing origins", done, total, "") }

func (p *progress) update(phase string, done, total int, details string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line = fmt.Sprintf("%s: %d of %d", phase, done, total)
	if total <= 0 {
		p.line = fmt.Sprintf("%s: %d", phase, done)
	}
	if details != "" {
		p.line += ", " + details
	}
	if p.w == nil {
		return
	}
	if p.bar == nil || p.phase != phase {
		p.clear()
		p.phase, p.total = phase, total
		p.bar = progressbar.NewOptions(max(total, 1),
			progressbar.OptionSetWriter(p.w),
			progressbar.OptionSetWidth(20),
			progressbar.OptionSetTheme(progressbar.ThemeASCII),
			progressbar.OptionShowCount(),
			// The inventory knows better when it ends: the API's allowance decides.
			progressbar.OptionSetPredictTime(details == ""),
			progressbar.OptionSetElapsedTime(details == ""),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	}
	if total != p.total && total > 0 {
		p.bar.ChangeMax(total)
		p.total = total
	}
	text := phase
	if details != "" {
		text += " (" + details + ")"
	}
	p.bar.Describe(text)
	// Reaching the maximum would end the bar, and more may come.
	_ = p.bar.Set(min(done, max(total, 1)))
}

// clear takes the bar off the screen.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
		_ = p.bar.Exit()
		p.bar = nil
	}
}

// finish ends the phase: the bar goes, nothing is said any more.
func (p *progress) finish() {
	p.mu.Lock()
	p.clear()
	p.line = ""
	stop := p.stop
	p.stop = nil
	p.mu.Unlock()
	if stop != nil {
		close(stop)
		<-p.gone
	}
}
