package probe

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aopscan/aopscan/internal/evidence"
)

func TestParseTarget(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Host
	}{
		{"app.example.com", Host{Name: "app.example.com"}},
		{"App.Example.COM.", Host{Name: "app.example.com"}},
		{" app.example.com:8443 ", Host{Name: "app.example.com", Port: 8443}},
		{"app.example.com=192.0.2.7", Host{Name: "app.example.com", Address: "192.0.2.7"}},
		{"app.example.com=192.0.2.7:8443", Host{Name: "app.example.com", Address: "192.0.2.7", AddressPort: 8443}},
		{"app.example.com:443=192.0.2.7:8443", Host{Name: "app.example.com", Port: 443, Address: "192.0.2.7", AddressPort: 8443}},
		{"app.example.com=2001:db8::1", Host{Name: "app.example.com", Address: "2001:db8::1"}},
		{"app.example.com=[2001:db8::1]", Host{Name: "app.example.com", Address: "2001:db8::1"}},
		{"app.example.com=[2001:db8::1]:8443", Host{Name: "app.example.com", Address: "2001:db8::1", AddressPort: 8443}},
		{"app.example.com=[::ffff:192.0.2.7]:8443", Host{Name: "app.example.com", Address: "192.0.2.7", AddressPort: 8443}},
		{"bücher.example", Host{Name: "xn--bcher-kva.example"}},
		{"_x.example.com", Host{Name: "_x.example.com"}},
		{"localhost", Host{Name: "localhost"}},
		{"192.0.2.7", Host{Name: "192.0.2.7", Address: "192.0.2.7"}},
		{"192.0.2.7:8443", Host{Name: "192.0.2.7", Port: 8443, Address: "192.0.2.7", AddressPort: 8443}},
		{"[2001:db8::1]:8443", Host{Name: "2001:db8::1", Port: 8443, Address: "2001:db8::1", AddressPort: 8443}},
	} {
		got, err := ParseTarget(c.in)
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
		} else if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%q: %s", c.in, d)
		}
	}
	for _, bad := range []string{
		"", "=", "=192.0.2.7", "app.example.com=", "app.example.com=host.example.com", "app.example.com=192.0.2.7:0",
		"app.example.com=192.0.2.7:65536", "app.example.com:0", "app.example.com:x", "app..example.com", "a b", "*.example.com",
		"https://app.example.com", "app.example.com/path", "app.example.com\r\nX: y", "app.example.com=192.0.2.7=192.0.2.8", "-\x00",
	} {
		if h, err := ParseTarget(bad); err == nil {
			t.Errorf("%q is taken for %+v", bad, h)
		}
	}
}

func TestTargetErrors(t *testing.T) {
	for in, want := range map[string][2]string{
		"https://app.example.com/":     {`"https://app.example.com/": a URL or a path is not a host`, "write it as app.example.com; paths are given with --path"},
		"https://app.example.com:8443": {"a URL or a path is not a host", "write it as app.example.com:8443;"},
		"app.example.com/login":        {"a URL or a path is not a host", "write it as app.example.com;"},
		"*.example.com":                {"a wildcard cannot be asked for", "www.example.com"},
		"fe80::1%eth0":                 {"neither a host name nor an IPv6 address", "brackets"},
		"app.example.com=host.example": {"what follows = is not an IP address", "HOST[:PORT]"},
		"app.example.com:x":            {"what follows : is not a port", "HOST[:PORT]"},
		strings.Repeat("x", 999):       {"…\": not a host name", "HOST[:PORT]"},
	} {
		_, err := ParseTarget(in)
		var te *TargetError
		if !errors.As(err, &te) || !strings.Contains(err.Error(), want[0]) || !strings.Contains(te.Hint(), want[1]) || len(err.Error()) > 200 {
			t.Errorf("%.40q: error %v, hint %v", in, err, te)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"app.example.com:8443=[2001:db8::1]:8443", "bücher.example", "a=b", "[::1%eth0]:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseTarget(s)
		if err != nil {
			return
		}
		// The name goes into SNI and Host: nothing in it may end a line.
		for _, r := range h.Name {
			if r <= ' ' || r > 126 {
				t.Errorf("%q: the name %q would go onto the wire", s, h.Name)
			}
		}
	})
}

func TestPlanHosts(t *testing.T) {
	hosts := []Host{
		{Name: "b.example.com", Address: "192.0.2.7"},
		{Name: "a.example.com", Address: "192.0.2.7", AddressPort: 8443},
		{Name: "a.example.com", Address: "192.0.2.7", AddressPort: 8443},
		{Name: "c.example.com", Port: 8443},
		{Name: "192.0.2.9", Address: "192.0.2.9"},
	}
	got := PlanHosts(hosts, Options{SiblingNames: []string{"*.shop.example.com", "not a name", "a.example.com"}})
	want := []Target{
		{Hostname: "192.0.2.9", Address: "192.0.2.9", Port: 443, Host: "192.0.2.9", Siblings: []string{"aopscan-probe.shop.example.com", "a.example.com"}},
		{Hostname: "a.example.com", Address: "192.0.2.7", Port: 8443, SNI: "a.example.com", Host: "a.example.com", Proxied: true, Siblings: []string{"aopscan-probe.shop.example.com", "b.example.com"}},
		{Hostname: "b.example.com", Address: "192.0.2.7", Port: 443, SNI: "b.example.com", Host: "b.example.com", Proxied: true, Siblings: []string{"aopscan-probe.shop.example.com", "a.example.com"}},
		{Hostname: "c.example.com", Port: 8443, SNI: "c.example.com", Host: "c.example.com", Proxied: true, Siblings: []string{"aopscan-probe.shop.example.com", "a.example.com"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPlan(t *testing.T) {
	origin := func(addr string, port int) evidence.Origin {
		return evidence.Origin{Address: addr, Port: port, SNI: "", Host: ""}
	}
	ev := &evidence.Evidence{
		EdgeRanges: evidence.EdgeRanges{CIDRs: []string{"198.51.100.0/24"}},
		Zones: []evidence.Zone{{Name: "example.com", Hostnames: []evidence.Hostname{
			{Name: "app.example.com", Proxied: evidence.TriTrue, Origins: []evidence.Origin{
				origin("203.0.113.5", 443), origin("2001:db8::5", 443),
				{Address: "203.0.113.5", Port: 443, SNI: "origin.example.com", Host: "origin.example.com"},
			}},
			{Name: "direct.example.com", Proxied: evidence.TriFalse, Origins: []evidence.Origin{origin("203.0.113.6", 443)}},
			{Name: "user.example.com", Proxied: evidence.TriFalse, Sources: []string{"user"}, Origins: []evidence.Origin{origin("203.0.113.7", 0)}},
			{Name: "tunnel.example.com", Proxied: evidence.TriTrue, NoOrigin: "a tunnel"},
			{Name: "edge.example.com", Proxied: evidence.TriTrue, Origins: []evidence.Origin{origin("198.51.100.9", 443), {Address: "203.0.113.9", Port: 443, Edge: true}}},
			{Name: "lost.example.com", Proxied: evidence.TriTrue, Origins: []evidence.Origin{{Name: "gone.example.net", Port: 443}}},
			{Name: "*.example.com", Proxied: evidence.TriTrue, Origins: []evidence.Origin{{Address: "203.0.113.5", Port: 80, Scheme: "http", SNI: "*.example.com"}}},
		}}},
	}
	type row struct {
		Hostname, Address string
		Port              int
		SNI, Host         string
		Kind              evidence.NotProbedKind
	}
	var got []row
	for _, x := range Plan(ev, Options{}) {
		got = append(got, row{x.Hostname, x.Address, x.Port, x.SNI, x.Host, x.NotProbedKind})
		if (x.NotProbed == "") != (x.NotProbedKind == "") || x.Zone != "example.com" {
			t.Errorf("%+v", x)
		}
	}
	want := []row{
		{"*.example.com", "203.0.113.5", 443, "aopscan-probe.example.com", "aopscan-probe.example.com", ""},
		{"app.example.com", "2001:db8::5", 443, "app.example.com", "app.example.com", ""},
		{"app.example.com", "203.0.113.5", 443, "app.example.com", "app.example.com", ""},
		{"app.example.com", "203.0.113.5", 443, "origin.example.com", "origin.example.com", ""},
		{"edge.example.com", "198.51.100.9", 443, "edge.example.com", "edge.example.com", evidence.NotProbedEdge},
		{"edge.example.com", "203.0.113.9", 443, "edge.example.com", "edge.example.com", evidence.NotProbedEdge},
		{"lost.example.com", "", 443, "lost.example.com", "lost.example.com", evidence.NotProbedUnresolved},
		{"user.example.com", "203.0.113.7", 443, "user.example.com", "user.example.com", ""},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestCheckAttempts(t *testing.T) {
	if err := CheckAttempts([]string{"quick", "other-port", "http3"}); err != nil {
		t.Error(err)
	}
	if err := CheckAttempts([]string{"standard", "other-prot"}); err == nil {
		t.Error("other-prot is taken for an attempt")
	}
	for _, n := range attemptNames {
		if !(Options{Attempts: []string{"all"}}).selected()[n] {
			t.Errorf("all does not make %s", n)
		}
	}
	std := Options{}.selected()
	if std[evidence.AttemptOtherPort] || std[evidence.AttemptEdgeControl] {
		t.Error("standard goes beyond the origin's own address and ports 80 and 443")
	}
}
