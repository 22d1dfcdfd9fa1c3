package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

const (
	// maxWire is how many bytes one connection may send us, TLS and all.
	maxWire = 1 << 20
	// maxSample is how many of the first bytes are kept, to show what was spoken
	// where neither TLS nor HTTP was.
	maxSample = 96
)

var errTooMuch = errors.New("the peer sent more than a probe reads")

// wire is a connection that is bounded in bytes and remembers how it began.
type wire struct {
	net.Conn
	head []byte
	read int
}

func (w *wire) Read(p []byte) (int, error) {
	if w.read >= maxWire {
		return 0, errTooMuch
	}
	n, err := w.Conn.Read(p[:min(len(p), maxWire-w.read)])
	if room := maxSample - len(w.head); room > 0 {
		w.head = append(w.head, p[:min(n, room)]...)
	}
	w.read += n
	return n, err
}

// dial connects to addr. The policy is checked on the address that the socket
// will really connect to.
func (p *prober) dial(ctx context.Context, addr netip.AddrPort, timeout time.Duration) (*wire, error) {
	if err := checkAddress(addr.Addr(), p.o.AllowAddresses); err != nil {
		return nil, err
	}
	d := net.Dialer{
		Timeout:   timeout,
		KeepAlive: -1,
		Control: func(_, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			return checkAddress(ap.Addr(), p.o.AllowAddresses)
		},
	}
	c, err := d.DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return nil, err
	}
	return &wire{Conn: c}, nil
}
