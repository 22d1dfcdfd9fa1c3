package inventory

import (
	"context"
	"net/netip"

	"github.com/aopscan/aopscan/internal/evidence"
)

// publishedRanges are Cloudflare's address ranges as published at
// https://www.cloudflare.com/ips/, for when the API does not give them.
var publishedRanges = []string{
	"173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18",
	"108.162.192.0/18", "190.93.240.0/20", "188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17",
	"162.158.0.0/15", "104.16.0.0/13", "104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22",
	"2400:cb00::/32", "2606:4700::/32", "2803:f800::/32", "2405:b500::/32", "2405:8100::/32",
	"2a06:98c0::/29", "2c0f:f248::/32",
}

// readEdgeRanges asks the API for Cloudflare's ranges and falls back to the
// published list.
func readEdgeRanges(ctx context.Context, c *client) evidence.EdgeRanges {
	ips, err := object[struct {
		IPv4 []string `json:"ipv4_cidrs"`
		IPv6 []string `json:"ipv6_cidrs"`
	}](ctx, c, "/ips")
	if err == nil {
		var cidrs []string
		for _, p := range parsePrefixes(append(ips.IPv4, ips.IPv6...)) {
			cidrs = append(cidrs, p.String())
		}
		if len(cidrs) > 0 {
			return evidence.EdgeRanges{Source: "api", CIDRs: cidrs}
		}
	}
	return evidence.EdgeRanges{Source: "embedded", CIDRs: publishedRanges}
}

// parsePrefixes parses ranges and drops what is none, or so wide that it would
// hide every origin.
func parsePrefixes(cidrs []string) []netip.Prefix {
	var list []netip.Prefix
	for _, s := range cidrs {
		p, err := netip.ParsePrefix(s)
		if err != nil || p.Bits() < 8 {
			continue
		}
		list = append(list, p.Masked())
	}
	return list
}

// containsAddr reports whether an address is in one of the ranges.
func containsAddr(ranges []netip.Prefix, a netip.Addr) bool {
	for _, p := range ranges {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
