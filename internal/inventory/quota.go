package inventory

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// window lets through at most n events in any span of the given length: all at
// once, if need be. A token bucket with the same burst would let through nearly
// twice as many in its first span, which the API answers by closing for five
// minutes.
type window struct {
	mu   sync.Mutex
	span time.Duration
	at   []time.Time // ring of the last n events
	next int         // where the next event goes: the oldest one
	n    int         // events in the ring so far
}

func newWindow(n int, span time.Duration) *window {
	return &window{span: span, at: make([]time.Time, n)}
}

// wait returns how long to wait until another event fits.
func (w *window) wait(now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.n < len(w.at) {
		return 0
	}
	return w.at[w.next].Add(w.span).Sub(now)
}

// take books an event.
func (w *window) take(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at[w.next] = now
	w.next = (w.next + 1) % len(w.at)
	w.n = min(w.n+1, len(w.at))
}

// left returns how many events fit now.
func (w *window) left(now time.Time) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	left := len(w.at)
	for _, t := range w.at[:w.n] {
		if now.Sub(t) < w.span {
			left--
		}
	}
	return left
}

// serverQuota is what the API's Ratelimit header says is left of its allowance,
// which others that use the same token spend too.
type serverQuota struct {
	mu       sync.Mutex
	inFlight int
	known    bool
	rest     int
	reset    time.Time
}

// longestReset bounds what a Ratelimit header can make us wait.
const longestReset = 6 * time.Minute

// wait returns how long to wait until the API has requests left.
func (q *serverQuota) wait(now time.Time) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.known || q.rest > 0 {
		return 0
	}
	return q.reset.Sub(now)
}

// take books a request.
func (q *serverQuota) take() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.inFlight++
	q.rest--
}

// done notes that a request ended without an answer.
func (q *serverQuota) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.inFlight--
}

// heard notes an answer and its Ratelimit header.
func (q *serverQuota) heard(h http.Header, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.inFlight--
	rest, in, ok := parseRatelimit(h.Get("Ratelimit"))
	if !ok {
		return
	}
	q.known = true
	// What is under way was not counted when the API answered, or was: the lower
	// number is the safe one.
	q.rest = rest - q.inFlight
	q.reset = now.Add(min(in, longestReset))
}

// left returns how many requests the API says are left, if it said so and the
// span it spoke of has not ended.
func (q *serverQuota) left(now time.Time) (int, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.known || !now.Before(q.reset) {
		return 0, false
	}
	return max(0, q.rest), true
}

// parseRatelimit reads `"default";r=50;t=30`, a list of limits of which the one
// with the least left binds
// (https://developers.cloudflare.com/fundamentals/api/reference/limits/).
func parseRatelimit(v string) (rest int, in time.Duration, ok bool) {
	for item := range strings.SplitSeq(v, ",") {
		r, t := -1, -1
		for part := range strings.SplitSeq(item, ";") {
			key, val, _ := strings.Cut(strings.TrimSpace(part), "=")
			n, err := strconv.Atoi(strings.TrimSpace(val))
			if err != nil || n < 0 {
				continue
			}
			switch key {
			case "r":
				r = n
			case "t":
				t = n
			}
		}
		if r >= 0 && t >= 0 && (!ok || r < rest) {
			rest, in, ok = r, time.Duration(min(t, 86400))*time.Second, true
		}
	}
	return rest, in, ok
}
