package inventory

import (
	"sync"
	"time"
)

// Progress says how far a collection is.
type Progress struct {
	// Phase is "zones", "reading" or "resolving".
	Phase string
	// Done and Total count zones, or names while resolving.
	Done, Total int
	// Requests were sent so far; Left may be sent at once before the allowance
	// makes the scan wait.
	Requests, Left int
	// Remaining estimates the time until the end of reading, 0 when unknown.
	Remaining time.Duration
}

// meter turns the course of a collection into calls of Options.Progress.
type meter struct {
	mu      sync.Mutex
	call    func(Progress)
	t       *transport
	limits  Limits
	now     func() time.Time
	phase   string
	started time.Time
	done    int
	total   int
	before  int // requests sent before the phase began
}

// begin starts a phase.
func (m *meter) begin(phase string, total int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.phase, m.total, m.done, m.started = phase, total, 0, m.now()
	m.before, _ = m.t.usage()
	m.report()
}

// step notes that one more zone or name is done.
func (m *meter) step() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done++
	m.report()
}

func (m *meter) report() {
	if m.call == nil {
		return
	}
	p := Progress{Phase: m.phase, Done: m.done, Total: m.total}
	p.Requests, p.Left = m.t.usage()
	if m.phase == "reading" && m.done > 0 && m.done < m.total {
		spent := m.now().Sub(m.started)
		perZone := float64(p.Requests-m.before) / float64(m.done)
		p.Remaining = remaining(m.total-m.done, perZone, spent/time.Duration(m.done), p.Left, m.limits)
	}
	m.call(p)
}

// remaining estimates how long zones more take: at the pace so far, plus the
// waits for the allowance once it is spent.
func remaining(zones int, requestsPerZone float64, timePerZone time.Duration, left int, l Limits) time.Duration {
	d := time.Duration(zones) * timePerZone
	requests := int(float64(zones) * requestsPerZone)
	if over := requests - left; over > 0 {
		windows := (over + l.Requests - 1) / l.Requests
		d = max(d, time.Duration(windows)*l.Window)
	}
	return d.Round(time.Second)
}
