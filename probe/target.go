package probe

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/aopscan/aopscan/internal/evidence"
)

// Host is one argument of `aopscan probe`: HOST[:PORT][=ADDR[:PORT]].
type Host struct {
	// Name is the hostname, lower-case, in ASCII (punycode) and without a trailing
	// dot; or an IP address, for which no SNI is sent.
	Name string
	// Port is the port written after the hostname, 0 where there is none.
	Port int
	// Address is the IP address after the equals sign, empty where there is none:
	// then the name is resolved.
	Address string
	// AddressPort is the port written after the address, 0 where there is none.
	AddressPort int
}

// ParseTarget reads HOST[:PORT][=ADDR[:PORT]]. IPv6 addresses with a port stand
// in brackets.
func ParseTarget(s string) (Host, error) {
	text := strings.TrimSpace(s)
	left, right, hasAddress := strings.Cut(text, "=")
	h, err := parseHost(left)
	if err != nil {
		return Host{}, badTarget(text, err)
	}
	if hasAddress {
		addr, port, err := parseAddress(right)
		if err != nil {
			return Host{}, badTarget(text, fmt.Errorf("what follows = is %w", err))
		}
		h.Address, h.AddressPort = addr.Unmap().String(), port
	} else if _, err := netip.ParseAddr(h.Name); err == nil {
		h.Address, h.AddressPort = h.Name, h.Port
	}
	return h, nil
}

// TargetError is an argument of `aopscan probe` that could not be read.
type TargetError struct {
	// Text is the argument, cut where it is long.
	Text  string
	Cause error
	hint  string
}

// Error quotes the argument and says what is wrong with it.
func (e *TargetError) Error() string { return fmt.Sprintf("%q: %v", e.Text, e.Cause) }

// Unwrap returns the cause.
func (e *TargetError) Unwrap() error { return e.Cause }

// Hint says how it is written.
func (e *TargetError) Hint() string { return e.hint }

// badTarget says what is wrong with a target and how it may have been meant.
func badTarget(text string, err error) error {
	e := &TargetError{Text: text, Cause: err, hint: "write it as HOST[:PORT][=ADDR[:PORT]], for example app.example.com=203.0.113.10:8443"}
	const most = 80
	if r := []rune(text); len(r) > most {
		e.Text = string(r[:most]) + "…"
	}
	name, _, _ := strings.Cut(text, "=")
	if strings.Contains(name, "/") {
		e.Cause = errors.New("a URL or a path is not a host")
		_, rest, found := strings.Cut(name, "://")
		if !found {
			rest = name
		}
		rest, _, _ = strings.Cut(rest, "/")
		if h, err := parseHost(rest); err == nil && h.Name != "" && !strings.ContainsAny(text, "=") {
			e.hint = "write it as " + rest + "; paths are given with --path"
		}
	} else if rest, found := strings.CutPrefix(name, "*."); found {
		e.Cause = errors.New("a wildcard cannot be asked for")
		e.hint = "name a host under it, for example www." + rest
		if !validName(rest) {
			e.hint = "name a host under it"
		}
	} else if strings.Count(name, ":") > 1 {
		e.Cause = errors.New("neither a host name nor an IPv6 address without a zone")
		e.hint = "an IPv6 address with a port stands in brackets: [2001:db8::1]:8443"
	}
	return e
}

func parseHost(s string) (Host, error) {
	if addr, port, err := parseAddress(s); err == nil {
		return Host{Name: addr.Unmap().String(), Port: port}, nil
	}
	name, portText, hasPort := strings.Cut(s, ":")
	var h Host
	if hasPort {
		p, err := parsePort(portText)
		if err != nil {
			return h, err
		}
		h.Port = p
	}
	name, err := hostname(name)
	if err != nil {
		return h, err
	}
	h.Name = name
	return h, nil
}

// hostname returns a name as it goes onto the wire.
func hostname(s string) (string, error) {
	s = strings.TrimSuffix(strings.ToLower(s), ".")
	if s == "" {
		return "", errors.New("the host name is missing")
	}
	for _, r := range s {
		if r > 127 {
			a, err := idna.Lookup.ToASCII(s)
			if err != nil {
				return "", errors.New("not a host name")
			}
			s = a
			break
		}
	}
	if !validName(s) {
		return "", errors.New("not a host name")
	}
	return s, nil
}

// validName accepts what may stand in SNI and Host: labels of letters, digits,
// hyphens and underscores, at most 253 characters.
func validName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for _, c := range []byte(label) {
			if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return true
}

func parseAddress(s string) (netip.Addr, int, error) {
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil && a.Zone() == "" {
		return a, 0, nil
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil || ap.Port() == 0 || ap.Addr().Zone() != "" {
		return netip.Addr{}, 0, errors.New("not an IP address with an optional port")
	}
	return ap.Addr(), int(ap.Port()), nil
}

func parsePort(s string) (int, error) {
	p, err := strconv.Atoi(s)
	if err != nil || p < 1 || p > 65535 {
		return 0, errors.New("what follows : is not a port")
	}
	return p, nil
}

// Target is one origin to probe: what configuration says of it, nothing seen.
type Target struct {
	Zone     string
	Hostname string
	// Address is empty where the hostname is to be resolved first.
	Address string
	Port    int
	// SNI and Host are what a legitimate request carries.
	SNI  string
	Host string
	// Siblings are other names that share the address.
	Siblings []string
	// Proxied is true where Cloudflare answers for the hostname, so that the edge
	// control makes sense.
	Proxied bool
	// NotProbed and NotProbedKind say why nothing will be sent.
	NotProbed     string
	NotProbedKind evidence.NotProbedKind
}

// maxSiblings bounds the names that are tried on one socket.
const maxSiblings = 8

// Plan lists what to probe, from configuration alone: every address of every
// proxied hostname and of those that the user added. It is sorted by hostname,
// address and port and holds no duplicate.
func Plan(ev *evidence.Evidence, o Options) []Target {
	o = o.withDefaults()
	ranges := o.EdgeRanges
	for _, c := range ev.EdgeRanges.CIDRs {
		if p, err := netip.ParsePrefix(c); err == nil {
			ranges = append(ranges, p)
		}
	}
	var out []Target
	for _, z := range ev.Zones {
		for _, h := range z.Hostnames {
			if h.NoOrigin != "" || (h.Proxied != evidence.TriTrue && !slices.Contains(h.Sources, "user")) {
				continue
			}
			for _, or := range h.Origins {
				out = append(out, planOrigin(z.Name, h, or, ranges))
			}
		}
	}
	return finishPlan(out, o)
}

// planOrigin turns one configured origin into a target.
func planOrigin(zone string, h evidence.Hostname, or evidence.Origin, edge []netip.Prefix) Target {
	t := Target{
		Zone: zone, Hostname: h.Name, Address: or.Address, Port: or.Port,
		SNI: concrete(or.SNI, h.Name), Host: concrete(or.Host, h.Name),
		Proxied: h.Proxied == evidence.TriTrue,
	}
	if t.Port == 0 || (or.Scheme == "http" && t.Port == 80) {
		// Where Cloudflare pulls over plain HTTP the question is still whether the
		// TLS side is open; port 80 is one of the attempts.
		t.Port = 443
	}
	addr, err := netip.ParseAddr(t.Address)
	switch {
	case t.Address == "":
		what := or.Name
		if what == "" {
			what = h.Name
		}
		t.NotProbed, t.NotProbedKind = fmt.Sprintf("no address is known for the origin %s", what), evidence.NotProbedUnresolved
	case err != nil:
		t.NotProbed, t.NotProbedKind = "the origin's address is not an IP address", evidence.NotProbedUnresolved
	case or.Edge || within(addr, edge):
		t.NotProbed, t.NotProbedKind = "the address is Cloudflare's own, not an origin's", evidence.NotProbedEdge
	}
	return t
}

// concrete makes a name that can be asked for out of a wildcard record's.
func concrete(name, fallback string) string {
	if name == "" {
		name = fallback
	}
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		return "aopscan-probe." + rest
	}
	return name
}

// PlanHosts lists what to probe for the hosts of `aopscan probe`.
func PlanHosts(hosts []Host, o Options) []Target {
	o = o.withDefaults()
	var out []Target
	for _, h := range hosts {
		t := Target{Hostname: h.Name, Address: h.Address, Port: h.AddressPort, SNI: h.Name, Host: h.Name, Proxied: true}
		if t.Port == 0 {
			t.Port = h.Port
		}
		if t.Port == 0 {
			t.Port = 443
		}
		if a, err := netip.ParseAddr(h.Name); err == nil {
			t.SNI, t.Proxied = "", false
			if a.Is6() {
				t.Host = "[" + h.Name + "]"
			}
		}
		out = append(out, t)
	}
	return finishPlan(out, o)
}

// finishPlan sorts, drops duplicates and tells every target its siblings.
func finishPlan(ts []Target, o Options) []Target {
	slices.SortStableFunc(ts, func(a, b Target) int {
		return strings.Compare(sortKey(a), sortKey(b))
	})
	ts = slices.CompactFunc(ts, func(a, b Target) bool { return sortKey(a) == sortKey(b) && a.SNI == b.SNI && a.Host == b.Host })
	byAddress := map[string][]string{}
	for _, t := range ts {
		if t.Address != "" {
			byAddress[t.Address] = append(byAddress[t.Address], t.Hostname)
		}
	}
	for i := range ts {
		t := &ts[i]
		names := slices.Clone(o.SiblingNames)
		if t.Address != "" {
			names = append(names, nearest(t.Hostname, byAddress[t.Address])...)
		}
		t.Siblings = siblings(t.Hostname, names)
	}
	return ts
}

// nearest returns at most a few of the names that share an address, those of the
// same domain first: a shared host may carry thousands.
func nearest(of string, names []string) []string {
	_, parent, _ := strings.Cut(of, ".")
	var same, others []string
	for _, n := range names {
		if parent != "" && (n == parent || strings.HasSuffix(n, "."+parent)) {
			same = append(same, n)
		} else {
			others = append(others, n)
		}
		if len(same) > maxSiblings {
			break
		}
	}
	return append(same, others[:min(len(others), maxSiblings)]...)
}

// siblings cleans a list of names: ASCII host names, wildcards made concrete, no
// duplicates, not the name itself, bounded.
func siblings(of string, names []string) []string {
	var out []string
	for _, n := range names {
		n, err := hostname(concrete(n, ""))
		if err != nil || n == of || slices.Contains(out, n) {
			continue
		}
		if _, err := netip.ParseAddr(n); err == nil {
			continue
		}
		if out = append(out, n); len(out) == maxSiblings {
			break
		}
	}
	return out
}

func sortKey(t Target) string {
	return fmt.Sprintf("%s\x00%s\x00%s\x00%05d", t.Hostname, t.Zone, t.Address, t.Port)
}
