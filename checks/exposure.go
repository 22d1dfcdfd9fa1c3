package checks

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

// origins is where the proxied hostnames of all zones are served from: what is
// not to be found in public DNS.
type origins struct {
	// addresses and names map an origin's address or host name to the proxied
	// hostnames that it serves.
	addresses map[netip.Addr][]string
	names     map[string][]string
	// unsure are the hostnames of which nobody knows whether they are proxied.
	unsure map[string]bool
	// gaps say which hostnames' origins are not known.
	gaps map[string][]evidence.Gap
}

// proxiedOrigins collects the origins behind Cloudflare.
func proxiedOrigins(ev *evidence.Evidence) origins {
	o := origins{addresses: map[netip.Addr][]string{}, names: map[string][]string{}, unsure: map[string]bool{}, gaps: map[string][]evidence.Gap{}}
	for _, z := range ev.Zones {
		for _, h := range z.Hostnames {
			if h.Proxied == evidence.TriFalse || h.NoOrigin != "" {
				continue
			}
			if len(h.OriginNotes) > 0 {
				o.gaps[z.Name] = append(o.gaps[z.Name], h.OriginNotes...)
			}
			if h.Proxied != evidence.TriTrue {
				o.gaps[z.Name] = append(o.gaps[z.Name], evidence.Gap{What: "whether Cloudflare serves " + h.Name})
				o.unsure[h.Name] = true
			}
			for _, or := range h.Origins {
				if or.Edge || or.Source == "user" {
					continue // an address that the user named is not Cloudflare's to hide
				}
				if a, err := netip.ParseAddr(or.Address); err == nil {
					o.addresses[a.Unmap()] = append(o.addresses[a.Unmap()], h.Name)
				}
				if or.Name != "" {
					n := strings.ToLower(strings.TrimSuffix(or.Name, "."))
					o.names[n] = append(o.names[n], h.Name)
				}
			}
		}
	}
	return o
}

// at returns the proxied hostnames that are served from an address.
func (o origins) at(a netip.Addr) []string { return o.addresses[a.Unmap()] }

// hidden returns those of the hostnames that are known to be proxied.
func (o origins) hidden(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return o.unsure[n] })
}

// pausedUnknown is what checks of exposure say of a zone of which nobody knows
// whether Cloudflare serves it.
func pausedUnknown(z *evidence.Zone) Result {
	r := zoneResult(z, Inconclusive, "Whether the zone is paused, so that it hides nothing, is not known.")
	r.Reason = "the API's answer does not say"
	return r
}

// narrowest is how many addresses a range may hold and still give an origin away.
const narrowest = 16

// inText returns the proxied hostnames whose origin's address stands in a text: by
// itself, with a port, in a URL, or as a range of a few addresses as SPF has them
// (RFC 7208, section 5.6).
func (o origins) inText(text string) []string {
	var found []string
	words := strings.FieldsFunc(text, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune(".:/", r))
	})
	for _, w := range words {
		w = strings.TrimPrefix(strings.TrimPrefix(w, "ip4:"), "ip6:")
		if p, err := netip.ParsePrefix(w); err == nil {
			if bits := p.Addr().BitLen() - p.Bits(); 1<<min(bits, 30) <= narrowest {
				for a, names := range o.addresses {
					if p.Contains(a) {
						found = append(found, names...)
					}
				}
			}
			continue
		}
		for part := range strings.SplitSeq(w, "/") {
			part = strings.Trim(part, ".")
			if ap, err := netip.ParseAddrPort(part); err == nil {
				found = append(found, o.at(ap.Addr())...)
			} else if a, err := netip.ParseAddr(part); err == nil {
				found = append(found, o.at(a)...)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// gapText says which origins of a zone are not known, "" where all are.
func (o origins) gapText(zone string) (reason, permission string) {
	var gaps []evidence.Gap
	for _, g := range o.gaps[zone] {
		if !slices.Contains(gaps, g) && len(gaps) < 5 {
			gaps = append(gaps, g)
		}
	}
	return gapText(gaps)
}
