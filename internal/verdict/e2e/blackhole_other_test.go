//go:build !linux

package e2e

import (
	"net/netip"
	"testing"
)

// blackHole needs Linux's way of filling a listener's queue.
func blackHole(t *testing.T) netip.AddrPort {
	t.Skip("SKIPPED: a black hole on loopback is made the way Linux does it")
	return netip.AddrPort{}
}

func blackHoleEverywhere(t *testing.T) uint16 { return blackHole(t).Port() }
