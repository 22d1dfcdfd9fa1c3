package probe

import (
	"fmt"
	"net/netip"
)

// policyError says why an address is not dialled.
type policyError struct {
	addr netip.Addr
	why  string
	hint bool // --allow-address would help
}

func (e *policyError) Error() string {
	s := fmt.Sprintf("address %s is not dialled: %s", e.addr, e.why)
	if e.hint {
		s += fmt.Sprintf(" (allow it with --allow-address %s/%d)", e.addr, e.addr.BitLen())
	}
	return s
}

// never holds what no option allows: link-local addresses, where clouds keep
// their metadata services, and the metadata addresses outside of it.
var never = []struct {
	prefix netip.Prefix
	why    string
}{
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local, where metadata services live"},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("fd00:ec2::254/128"), "a cloud metadata service"},
	{netip.MustParsePrefix("fd20:ce::254/128"), "a cloud metadata service"},
	{netip.MustParsePrefix("100.100.100.200/32"), "a cloud metadata service"},
	{netip.MustParsePrefix("168.63.129.16/32"), "a cloud platform service"},
	{netip.MustParsePrefix("192.0.0.192/32"), "a cloud metadata service"},
	{netip.MustParsePrefix("0.0.0.0/8"), "not the address of a host"},
	{netip.MustParsePrefix("::/128"), "not the address of a host"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
	{netip.MustParsePrefix("255.255.255.255/32"), "broadcast"},
}

// special holds what only --allow-address allows (RFC 6890 and its registries).
var special = []struct {
	prefix netip.Prefix
	why    string
}{
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "carrier-grade NAT"},
	{netip.MustParsePrefix("192.0.0.0/24"), "reserved for protocols"},
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "6to4 relay"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmarking"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{netip.MustParsePrefix("fc00::/7"), "private (unique local)"},
	{netip.MustParsePrefix("fec0::/10"), "private (site-local)"},
	{netip.MustParsePrefix("2001:db8::/32"), "documentation"},
	{netip.MustParsePrefix("3fff::/20"), "documentation"},
	{netip.MustParsePrefix("100::/64"), "discard"},
	{netip.MustParsePrefix("2001::/23"), "reserved for protocols"},
	{netip.MustParsePrefix("2002::/16"), "6to4, which hides an IPv4 address"},
	{netip.MustParsePrefix("64:ff9b::/96"), "NAT64, which hides an IPv4 address"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "NAT64, which hides an IPv4 address"},
	{netip.MustParsePrefix("::/96"), "IPv4-compatible, which hides an IPv4 address"},
	{netip.MustParsePrefix("::ffff:0:0:0/96"), "IPv4-translated, which hides an IPv4 address"},
}

// checkAddress returns why addr may not be dialled, or nil. IPv4-mapped IPv6
// addresses are judged as the IPv4 address that they reach, and so are those that
// embed one in a way known here, so that a metadata service cannot be spelt
// differently.
func checkAddress(addr netip.Addr, allow []netip.Prefix) error {
	if !addr.IsValid() {
		return &policyError{addr: addr, why: "not an address"}
	}
	plain := addr.WithZone("").Unmap()
	for _, a := range append(embedded(plain), plain) {
		for _, n := range never {
			if n.prefix.Contains(a) {
				return &policyError{addr: addr, why: n.why}
			}
		}
	}
	if addr.Zone() != "" {
		return &policyError{addr: addr, why: "an address with a zone is link-local"}
	}
	for _, p := range allow {
		if p.Contains(plain) || p.Contains(addr) {
			return nil
		}
	}
	for _, s := range special {
		if s.prefix.Contains(plain) {
			return &policyError{addr: plain, why: s.why, hint: true}
		}
	}
	if plain.Is6() && !netip.MustParsePrefix("2000::/3").Contains(plain) {
		return &policyError{addr: plain, why: "not a global unicast address", hint: true}
	}
	return nil
}

// localNAT64 may be divided in any of four ways (RFC 8215).
var localNAT64 = netip.MustParsePrefix("64:ff9b:1::/48")

// embeddings are the ways in which an IPv6 address carries an IPv4 address: the
// places of its four bytes (RFC 6052, 3056, 4291, 4380).
var embeddings = []struct {
	prefix netip.Prefix
	at     [4]int
	not    bool // with all bits turned over
}{
	{netip.MustParsePrefix("64:ff9b::/96"), [4]int{12, 13, 14, 15}, false},
	{localNAT64, [4]int{12, 13, 14, 15}, false},
	{localNAT64, [4]int{6, 7, 9, 10}, false},
	{localNAT64, [4]int{7, 9, 10, 11}, false},
	{localNAT64, [4]int{9, 10, 11, 12}, false},
	{netip.MustParsePrefix("::/96"), [4]int{12, 13, 14, 15}, false},
	{netip.MustParsePrefix("::ffff:0:0:0/96"), [4]int{12, 13, 14, 15}, false},
	{netip.MustParsePrefix("2002::/16"), [4]int{2, 3, 4, 5}, false},
	{netip.MustParsePrefix("2001::/32"), [4]int{4, 5, 6, 7}, false}, // Teredo: the server
	{netip.MustParsePrefix("2001::/32"), [4]int{12, 13, 14, 15}, true},
}

// embedded returns the IPv4 addresses that an IPv6 address carries inside.
func embedded(a netip.Addr) []netip.Addr {
	if !a.Is6() || a == netip.IPv6Loopback() {
		return nil
	}
	b := a.As16()
	var out []netip.Addr
	for _, e := range embeddings {
		if !e.prefix.Contains(a) {
			continue
		}
		var four [4]byte
		for i, at := range e.at {
			four[i] = b[at]
			if e.not {
				four[i] = ^four[i]
			}
		}
		if four[0] == 0 && e.prefix == localNAT64 {
			continue // divided otherwise
		}
		out = append(out, netip.AddrFrom4(four))
	}
	if b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe { // ISATAP (RFC 5214), in any prefix
		out = append(out, netip.AddrFrom4([4]byte(b[12:16])))
	}
	return out
}

// publishedEdgeRanges is the list of https://www.cloudflare.com/ips/.
func publishedEdgeRanges() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range []string{
		"173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18",
		"108.162.192.0/18", "190.93.240.0/20", "188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17",
		"162.158.0.0/15", "104.16.0.0/13", "104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22",
		"2400:cb00::/32", "2606:4700::/32", "2803:f800::/32", "2405:b500::/32", "2405:8100::/32",
		"2a06:98c0::/29", "2c0f:f248::/32",
	} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// within reports whether any of the prefixes holds addr.
func within(addr netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
