//go:build linux

package street

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	startOnce sync.Once
	started   *Street
	startErr  error
)

func TestMain(m *testing.M) {
	code := m.Run()
	if started != nil {
		started.Close()
	}
	os.Exit(code)
}

// theStreet starts the street once for all tests of this package. A server that
// is not installed is said loudly, and is a failure in CI. STREET_ONLY names
// the servers for work on one of them.
func theStreet(t *testing.T) *Street {
	t.Helper()
	if testing.Short() {
		t.Skip("the street of real servers is not for -short")
	}
	startOnce.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		started, startErr = Start(ctx, strings.Fields(os.Getenv("STREET_ONLY"))...)
	})
	if startErr != nil {
		t.Fatalf("starting the street: %v", startErr)
	}
	for _, m := range started.Missing {
		if os.Getenv("CI") == "true" {
			t.Errorf("%s is missing from the street: %s", m.Server, m.Why)
		} else {
			t.Logf("SKIPPED: %s is missing from the street: %s; run internal/street/install.sh as root", m.Server, m.Why)
		}
	}
	return started
}

// eachCase runs f for every case, n at a time.
func eachCase(t *testing.T, s *Street, n int, f func(*testing.T, Case)) {
	t.Helper()
	slots := make(chan struct{}, n)
	var wg sync.WaitGroup
	for _, c := range s.Cases {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; wg.Done() }()
			f(t, c)
		}()
	}
	wg.Wait()
}
