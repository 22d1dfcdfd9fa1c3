package e2e

import (
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"
)

// blackHole returns an address on loopback that drops connection requests: a
// listener with a full queue, as Linux does it.
func blackHole(t *testing.T) netip.AddrPort {
	t.Helper()
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), fullQueue(t, [4]byte{127, 0, 0, 1}))
}

// blackHoleEverywhere is a port that is a black hole on every loopback address.
func blackHoleEverywhere(t *testing.T) uint16 {
	t.Helper()
	return fullQueue(t, [4]byte{})
}

func fullQueue(t *testing.T, bind [4]byte) uint16 {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: bind}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(sa.(*syscall.SockaddrInet4).Port))
	for range 8 {
		c, err := net.DialTimeout("tcp", addr.String(), 200*time.Millisecond)
		if err != nil {
			return addr.Port() // the queue is full
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Fatal("the queue of a listener did not fill")
	return 0
}
