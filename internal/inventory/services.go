package inventory

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/sanitize"
)

// apiLoadBalancer is a load balancer. The maps of pools are by region, country and
// point of presence.
type apiLoadBalancer struct {
	ID           string              `json:"id"`
	Name         string              `json:"name"`
	Proxied      tri                 `json:"proxied"`
	Enabled      tri                 `json:"enabled"`
	DefaultPools []string            `json:"default_pools"`
	FallbackPool string              `json:"fallback_pool"`
	RegionPools  map[string][]string `json:"region_pools"`
	CountryPools map[string][]string `json:"country_pools"`
	PopPools     map[string][]string `json:"pop_pools"`
	Rules        []struct {
		Disabled  bool `json:"disabled"`
		Overrides struct {
			DefaultPools []string            `json:"default_pools"`
			FallbackPool string              `json:"fallback_pool"`
			RegionPools  map[string][]string `json:"region_pools"`
			CountryPools map[string][]string `json:"country_pools"`
			PopPools     map[string][]string `json:"pop_pools"`
		} `json:"overrides"`
	} `json:"rules"`
}

// loadBalancers reads the zone's load balancers.
func (r *zoneReader) loadBalancers(ctx context.Context, z *evidence.Zone) {
	path := pathf("/zones/%s/load_balancers", z.ID)
	all, err := list[apiLoadBalancer](ctx, r.c, path, nil, 0)
	z.LoadBalancers.Section = sectionOf(err, permLoadBalancers, path, true)
	for _, a := range all {
		lb := evidence.LoadBalancer{
			ID:      sanitize.Text(a.ID, 64),
			Name:    sanitize.Text(normalName(a.Name), 253),
			Proxied: a.Proxied.tri(),
			Enabled: a.Enabled.tri(),
		}
		add := func(ids ...string) {
			for _, id := range ids {
				if id = sanitize.Text(id, 64); id != "" && !slices.Contains(lb.PoolIDs, id) {
					lb.PoolIDs = append(lb.PoolIDs, id)
				}
			}
		}
		addAll := func(maps ...map[string][]string) {
			var ids []string
			for _, m := range maps {
				for _, list := range m {
					ids = append(ids, list...)
				}
			}
			slices.Sort(ids) // the order of a map is not the same twice
			add(ids...)
		}
		add(a.DefaultPools...)
		add(a.FallbackPool)
		addAll(a.RegionPools, a.CountryPools, a.PopPools)
		for _, rule := range a.Rules {
			if !rule.Disabled {
				o := rule.Overrides
				add(o.DefaultPools...)
				add(o.FallbackPool)
				addAll(o.RegionPools, o.CountryPools, o.PopPools)
			}
		}
		if lb.Name == "" {
			failSection(&z.LoadBalancers.Section, "a load balancer has no name")
			continue
		}
		z.LoadBalancers.Items = append(z.LoadBalancers.Items, lb)
	}
	slices.SortFunc(z.LoadBalancers.Items, func(a, b evidence.LoadBalancer) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
}

// customHostnames reads the Cloudflare for SaaS hostnames, and the fallback origin
// where one of them needs it.
func (r *zoneReader) customHostnames(ctx context.Context, z *evidence.Zone) {
	path := pathf("/zones/%s/custom_hostnames", z.ID)
	all, err := list[struct {
		ID           string `json:"id"`
		Hostname     string `json:"hostname"`
		Status       string `json:"status"`
		OriginServer string `json:"custom_origin_server"`
		OriginSNI    string `json:"custom_origin_sni"`
	}](ctx, r.c, path, nil, 50)
	z.CustomHostnames.Section = sectionOf(err, permSSL, path, true)
	needFallback := false
	for _, a := range all {
		c := evidence.CustomHostname{
			ID:           sanitize.Text(a.ID, 64),
			Hostname:     sanitize.Text(normalName(a.Hostname), 253),
			Status:       sanitize.Text(a.Status, 40),
			OriginServer: sanitize.Text(normalName(a.OriginServer), 253),
			OriginSNI:    sanitize.Text(normalName(a.OriginSNI), 253),
		}
		if c.Hostname == "" {
			failSection(&z.CustomHostnames.Section, "a custom hostname has no name")
			continue
		}
		needFallback = needFallback || c.OriginServer == ""
		z.CustomHostnames.Items = append(z.CustomHostnames.Items, c)
	}
	slices.SortFunc(z.CustomHostnames.Items, func(a, b evidence.CustomHostname) int {
		return strings.Compare(a.Hostname+"\x00"+a.ID, b.Hostname+"\x00"+b.ID)
	})
	if !needFallback {
		return
	}
	path = pathf("/zones/%s/custom_hostnames/fallback_origin", z.ID)
	f, err := object[struct {
		Origin string `json:"origin"`
		Status string `json:"status"`
	}](ctx, r.c, path)
	z.FallbackOrigin = evidence.FallbackOrigin{
		Section: sectionOf(err, permSSL, path, true),
		Origin:  sanitize.Text(normalName(f.Origin), 253),
		Status:  sanitize.Text(f.Status, 40),
	}
}

// workerRoutes reads the Workers routes.
func (r *zoneReader) workerRoutes(ctx context.Context, z *evidence.Zone) {
	path := pathf("/zones/%s/workers/routes", z.ID)
	all, err := list[struct {
		ID      string `json:"id"`
		Pattern string `json:"pattern"`
		Script  string `json:"script"`
	}](ctx, r.c, path, nil, 0)
	z.WorkerRoutes.Section = sectionOf(err, permWorkers, path, true)
	for _, a := range all {
		z.WorkerRoutes.Items = append(z.WorkerRoutes.Items, evidence.WorkerRoute{
			ID: sanitize.Text(a.ID, 64), Pattern: sanitize.Text(a.Pattern, 1000), Script: sanitize.Text(a.Script, 100)})
	}
	slices.SortFunc(z.WorkerRoutes.Items, func(a, b evidence.WorkerRoute) int { return strings.Compare(a.Pattern, b.Pattern) })
}

// spectrumApps reads the Spectrum applications.
func (r *zoneReader) spectrumApps(ctx context.Context, z *evidence.Zone) {
	path := pathf("/zones/%s/spectrum/apps", z.ID)
	all, err := list[struct {
		ID  string `json:"id"`
		DNS struct {
			Name string `json:"name"`
		} `json:"dns"`
		Protocol     string                `json:"protocol"`
		TLS          string                `json:"tls"`
		OriginDirect []string              `json:"origin_direct"`
		OriginDNS    struct{ Name string } `json:"origin_dns"`
		OriginPort   json.RawMessage       `json:"origin_port"`
	}](ctx, r.c, path, nil, 0)
	z.SpectrumApps.Section = sectionOf(err, permSettings, path, true)
	for _, a := range all {
		app := evidence.SpectrumApp{
			ID:       sanitize.Text(a.ID, 64),
			Hostname: sanitize.Text(normalName(a.DNS.Name), 253),
			Protocol: sanitize.Text(strings.ToLower(a.Protocol), 40),
			TLS:      sanitize.Text(a.TLS, 20),
		}
		for _, o := range a.OriginDirect {
			app.Origins = append(app.Origins, sanitize.Text(o, 300))
		}
		if name := normalName(a.OriginDNS.Name); name != "" {
			app.Origins = append(app.Origins, "tcp://"+sanitize.Text(name, 253)+":"+spectrumPort(a.OriginPort))
		}
		z.SpectrumApps.Items = append(z.SpectrumApps.Items, app)
	}
	slices.SortFunc(z.SpectrumApps.Items, func(a, b evidence.SpectrumApp) int {
		return strings.Compare(a.Hostname+a.Protocol+a.ID, b.Hostname+b.Protocol+b.ID)
	})
}

// spectrumPort reads origin_port: a number, or a text with a range, of which the
// first counts.
func spectrumPort(raw json.RawMessage) string {
	first, _, _ := strings.Cut(strings.Trim(string(raw), `"`), "-")
	var f float64
	if json.Unmarshal([]byte(first), &f) == nil && port(f) != 0 {
		return first
	}
	return "443"
}

// mightHaveCustomHostnames reports whether a zone can have them: their origin is a
// proxied record of the zone.
func mightHaveCustomHostnames(z *evidence.Zone) bool {
	return !z.DNS.Known() || len(proxiedNames(z)) > 0
}

// needsWorkerRoutes reports whether Workers routes would explain a hostname: one
// whose address is a placeholder is answered by something else. For any other the
// routes change nothing, since its origin can be asked all the same.
func needsWorkerRoutes(z *evidence.Zone) bool {
	return slices.ContainsFunc(z.DNS.Records, func(r evidence.DNSRecord) bool {
		return r.Proxied == evidence.TriTrue && isPlaceholder(r.Content)
	})
}

// mightHaveSpectrum reports whether a zone can carry web traffic over Spectrum,
// which is a matter of the Enterprise plan
// (https://developers.cloudflare.com/spectrum/protocols-per-plan/).
func mightHaveSpectrum(z *evidence.Zone) bool {
	return strings.Contains(strings.ToLower(z.Plan), "enterprise")
}

// isPlaceholder reports whether an address stands for no server at all: 192.0.2.1
// and the discard prefix 100::/64 (RFC 6666), which Cloudflare's documentation
// recommends for hostnames without an origin.
func isPlaceholder(content string) bool {
	a, err := netip.ParseAddr(content)
	return err == nil && (a == placeholder4 || placeholder6.Contains(a))
}

var (
	placeholder4 = netip.AddrFrom4([4]byte{192, 0, 2, 1})
	placeholder6 = netip.MustParsePrefix("100::/64")
)
