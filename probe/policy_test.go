package probe

import (
	"net/netip"
	"strings"
	"testing"
)

func TestAddressPolicy(t *testing.T) {
	everything := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	lab := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		addr          string
		plain, inLab  bool // dialled without options, and with lab's ranges
		withEverthing bool
	}{
		{"93.184.216.34", true, true, true},
		{"2606:2800:220:1::1", true, true, true},
		{"127.0.0.1", false, true, true},
		{"127.200.3.4", false, true, true},
		{"::1", false, false, true},
		{"10.1.2.3", false, true, true},
		{"10.2.2.3", false, false, true},
		{"172.16.0.1", false, false, true},
		{"192.168.1.1", false, false, true},
		{"100.64.0.1", false, false, true},
		{"192.0.2.1", false, false, true},
		{"198.51.100.1", false, false, true},
		{"203.0.113.1", false, false, true},
		{"198.18.0.1", false, false, true},
		{"240.0.0.1", false, false, true},
		{"fd12::1", false, true, true},
		{"fc00::1", false, false, true},
		{"2001:db8::1", false, false, true},
		{"100::1", false, false, true},
		{"2002:7f00:1::", false, false, true},
		{"64:ff9b::5db8:d822", false, false, true},
		{"::5db8:d822", false, false, true},
		{"::ffff:93.184.216.34", true, true, true},
		{"::ffff:127.0.0.1", false, true, true},
		{"::ffff:10.9.9.9", false, false, true},
		// What no option allows.
		{"169.254.169.254", false, false, false},
		{"169.254.0.1", false, false, false},
		{"::ffff:169.254.169.254", false, false, false},
		{"64:ff9b::a9fe:a9fe", false, false, false},
		{"2002:a9fe:a9fe::", false, false, false},
		{"::a9fe:a9fe", false, false, false},
		{"::ffff:0:169.254.169.254", false, false, false},
		{"64:ff9b:1::a9fe:a9fe", false, false, false},
		{"64:ff9b:1:a9fe:a9:fe00::", false, false, false},
		{"64:ff9b:1:a9:fe:a9fe::", false, false, false},
		{"64:ff9b:1:0:a9:fea9:fe00::", false, false, false},
		{"64:ff9b:1::5db8:d822", false, false, true},
		{"64:ff9b:1:5db8:d8:2200::", false, false, true},
		{"2001:0:a9fe:a9fe::1", false, false, false},             // Teredo: the server
		{"2001:0:5db8:d822::5601:5601", false, false, false},     // and whom it reaches
		{"2606:2800::5efe:169.254.169.254", false, false, false}, // ISATAP
		{"2606:2800::200:5efe:a9fe:a9fe", false, false, false},
		{"2606:2800::5efe:93.184.216.34", true, true, true},
		{"fe80::1", false, false, false},
		{"fe80::1%eth0", false, false, false},
		{"fd00:ec2::254", false, false, false},
		{"100.100.100.200", false, false, false},
		{"168.63.129.16", false, false, false},
		{"0.0.0.0", false, false, false},
		{"::", false, false, false},
		{"224.0.0.1", false, false, false},
		{"ff02::1", false, false, false},
		{"255.255.255.255", false, false, false},
	} {
		a := netip.MustParseAddr(c.addr)
		for _, w := range []struct {
			name  string
			allow []netip.Prefix
			want  bool
		}{{"no option", nil, c.plain}, {"lab", lab, c.inLab}, {"everything", everything, c.withEverthing}} {
			err := checkAddress(a, w.allow)
			if (err == nil) != w.want {
				t.Errorf("%s with %s: %v, want dialled = %v", c.addr, w.name, err, w.want)
			}
			if err != nil && !strings.Contains(err.Error(), "is not dialled: ") {
				t.Errorf("%s: %q does not say what is not done", c.addr, err)
			}
		}
	}
	if err := checkAddress(netip.Addr{}, everything); err == nil {
		t.Error("no address at all is dialled")
	}
	if err := checkAddress(netip.MustParseAddr("127.0.0.1"), nil); !strings.Contains(err.Error(), "--allow-address 127.0.0.1/32") {
		t.Errorf("no word of what would allow it: %v", err)
	}
}

// FuzzAddressPolicy: whatever is allowed, metadata and link-local addresses are
// not dialled, in any spelling that reaches them.
func FuzzAddressPolicy(f *testing.F) {
	f.Add([]byte{169, 254, 169, 254})
	f.Add(netip.MustParseAddr("::ffff:169.254.169.254").AsSlice())
	f.Add(netip.MustParseAddr("fd00:ec2::254").AsSlice())
	everything := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		if checkAddress(a, everything) != nil {
			return
		}
		if u := a.Unmap(); u.IsLinkLocalUnicast() || u.IsMulticast() || u.IsUnspecified() || u == netip.MustParseAddr("fd00:ec2::254") {
			t.Errorf("%s may be dialled", a)
		}
		if checkAddress(a, nil) == nil && (a.Unmap().IsPrivate() || a.Unmap().IsLoopback()) {
			t.Errorf("%s may be dialled without an option", a)
		}
	})
}
