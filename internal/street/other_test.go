//go:build !linux

package street

import "testing"

// TestStreet says why there is no street here.
func TestStreet(t *testing.T) {
	t.Skip("SKIPPED: the street of real servers needs Linux: addresses of 127.0.0.0/8 and Debian's packages")
}
