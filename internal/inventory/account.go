package inventory

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/sanitize"
)

// accountReader reads what belongs to an account, once, and tells the zones what
// it learned.
type accountReader struct {
	c *client
	// balanced says, per account, which hostnames have a load balancer; nil where
	// that is not known and every zone must be asked.
	balanced map[string][]string
}

// early reads what the zones' own reads depend on, for all accounts at once.
func (r *accountReader) early(ctx context.Context, accounts []evidence.Account) {
	r.balanced = map[string][]string{}
	var (
		mu sync.Mutex
		wg sync.WaitGroup
	)
	for i := range accounts {
		a := &accounts[i]
		wg.Go(func() { r.notifications(ctx, a) })
		wg.Go(func() {
			r.pools(ctx, a)
			names, known := r.loadBalancerNames(ctx, a)
			if known {
				mu.Lock()
				r.balanced[a.ID] = names
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// late reads what only matters when a zone has something that uses it.
func (r *accountReader) late(ctx context.Context, accounts []evidence.Account, zones []evidence.Zone) {
	var wg sync.WaitGroup
	for i := range accounts {
		a := &accounts[i]
		var balanced, tunnelled bool
		for j := range zones {
			if z := &zones[j]; z.AccountID == a.ID {
				balanced = balanced || len(z.LoadBalancers.Items) > 0
				tunnelled = tunnelled || slices.ContainsFunc(z.DNS.Records, func(r evidence.DNSRecord) bool {
					return strings.HasSuffix(r.Content, "."+tunnelSuffix)
				})
			}
		}
		if balanced {
			wg.Go(func() { r.monitors(ctx, a) })
		}
		if tunnelled {
			wg.Go(func() { r.tunnels(ctx, a) })
		}
	}
	wg.Wait()
}

// pools reads the account's load-balancer pools.
func (r *accountReader) pools(ctx context.Context, a *evidence.Account) {
	path := pathf("/accounts/%s/load_balancers/pools", a.ID)
	all, err := list[struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Enabled tri    `json:"enabled"`
		Monitor string `json:"monitor"`
		Origins []struct {
			Name    string              `json:"name"`
			Address string              `json:"address"`
			Port    float64             `json:"port"`
			Enabled tri                 `json:"enabled"`
			Header  map[string][]string `json:"header"`
		} `json:"origins"`
	}](ctx, r.c, path, nil, 0)
	a.PoolsSection = sectionOf(err, permPools, path, true)
	for _, p := range all {
		pool := evidence.Pool{ID: sanitize.Text(p.ID, 64), Name: sanitize.Text(p.Name, 200), Enabled: p.Enabled.tri(), MonitorID: sanitize.Text(p.Monitor, 64)}
		for _, o := range p.Origins {
			origin := evidence.PoolOrigin{
				Name:    sanitize.Text(o.Name, 200),
				Address: poolAddress(o.Address),
				Port:    port(o.Port),
				Enabled: o.Enabled.tri(),
			}
			for k, v := range o.Header {
				if strings.EqualFold(k, "Host") && len(v) > 0 {
					origin.HostHeader = sanitize.Text(normalName(v[0]), 253)
				}
			}
			pool.Origins = append(pool.Origins, origin)
		}
		a.Pools = append(a.Pools, pool)
	}
	slices.SortFunc(a.Pools, func(x, y evidence.Pool) int { return strings.Compare(x.ID, y.ID) })
}

// poolAddress normalises an origin's address: an IP address or a name.
func poolAddress(s string) string {
	if addr, err := parseAddr(s); err == nil {
		return addr.String()
	}
	return sanitize.Text(normalName(s), 253)
}

// loadBalancerNames finds out which hostnames of the account have a load balancer,
// so that zones without one cost no request. An account without pools has none. A
// list that could not be read makes known false; a token that may not read pools
// makes the answer useless, and the zones say so (see [zoneReader.loadBalancersIfAny]).
func (r *accountReader) loadBalancerNames(ctx context.Context, a *evidence.Account) (names []string, known bool) {
	switch {
	case !a.PoolsSection.Known():
		return nil, false
	case len(a.Pools) == 0:
		return nil, true
	}
	const perPage = 1000
	path := pathf("/accounts/%s/load_balancers/search", a.ID)
	raw, err := r.c.get(ctx, path, url.Values{"page": {"1"}, "per_page": {strconv.Itoa(perPage)}})
	if err != nil {
		return nil, false
	}
	var found struct {
		Resources []struct {
			Type string `json:"resource_type"`
			Name string `json:"resource_name"`
		} `json:"resources"`
	}
	if json.Unmarshal(raw.Result, &found) != nil || len(found.Resources) == 0 || len(found.Resources) >= perPage {
		return nil, false // there are pools, so a true answer holds something
	}
	if more, total := morePages(raw.ResultInfo, 1, perPage, len(found.Resources), len(found.Resources)); more || total > len(found.Resources) {
		return nil, false // the page was smaller than asked for
	}
	for _, res := range found.Resources {
		if res.Type == "load_balancer" {
			names = append(names, normalName(res.Name))
		}
	}
	return names, true
}

// monitors reads the account's load-balancer monitors.
func (r *accountReader) monitors(ctx context.Context, a *evidence.Account) {
	path := pathf("/accounts/%s/load_balancers/monitors", a.ID)
	all, err := list[struct {
		ID        string              `json:"id"`
		Type      string              `json:"type"`
		ProbeZone string              `json:"probe_zone"`
		Port      float64             `json:"port"`
		Path      string              `json:"path"`
		Header    map[string][]string `json:"header"`
	}](ctx, r.c, path, nil, 0)
	a.MonitorsSection = sectionOf(err, permPools, path, true)
	for _, m := range all {
		mon := evidence.Monitor{
			ID:        sanitize.Text(m.ID, 64),
			Type:      sanitize.Text(strings.ToLower(m.Type), 20),
			ProbeZone: sanitize.Text(normalName(m.ProbeZone), 253),
			Port:      port(m.Port),
			Path:      sanitize.Text(m.Path, 300),
		}
		for k, v := range m.Header {
			if strings.EqualFold(k, "Host") && len(v) > 0 {
				mon.Host = sanitize.Text(normalName(v[0]), 253)
			}
		}
		a.Monitors = append(a.Monitors, mon)
	}
	slices.SortFunc(a.Monitors, func(x, y evidence.Monitor) int { return strings.Compare(x.ID, y.ID) })
}

// tunnels reads the account's tunnels.
func (r *accountReader) tunnels(ctx context.Context, a *evidence.Account) {
	path := pathf("/accounts/%s/cfd_tunnel", a.ID)
	all, err := list[struct {
		ID        string  `json:"id"`
		Name      string  `json:"name"`
		DeletedAt apiTime `json:"deleted_at"`
	}](ctx, r.c, path, nil, 0)
	a.TunnelsSection = sectionOf(err, permTunnels, path, true)
	for _, t := range all {
		a.Tunnels = append(a.Tunnels, evidence.Tunnel{ID: sanitize.Text(t.ID, 64), Name: sanitize.Text(t.Name, 200), Deleted: t.DeletedAt.t != nil})
	}
	slices.SortFunc(a.Tunnels, func(x, y evidence.Tunnel) int { return strings.Compare(x.ID, y.ID) })
}

// notifications reads the account's alerting policies.
func (r *accountReader) notifications(ctx context.Context, a *evidence.Account) {
	path := pathf("/accounts/%s/alerting/v3/policies", a.ID)
	all, err := list[struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Type    string `json:"alert_type"`
		Enabled tri    `json:"enabled"`
	}](ctx, r.c, path, nil, 0)
	a.NotificationsSection = sectionOf(err, permNotifications, path, true)
	for _, n := range all {
		a.Notifications = append(a.Notifications, evidence.Notification{
			ID: sanitize.Text(n.ID, 64), Name: sanitize.Text(n.Name, 200), Type: sanitize.Text(n.Type, 100), Enabled: n.Enabled.tri()})
	}
	slices.SortFunc(a.Notifications, func(x, y evidence.Notification) int { return strings.Compare(x.ID, y.ID) })
}

// railguns reads the user's Railguns, once per scan, and gives each account those
// that serve its zones. The product ended in January 2024 and its API is gone for
// most: any answer but a list means that there is none, with the API's words kept.
func (r *accountReader) railguns(ctx context.Context, accounts []evidence.Account, zones []evidence.Zone) {
	const path = "/railguns"
	all, err := list[struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Status  string `json:"status"`
		Enabled tri    `json:"enabled"`
	}](ctx, r.c, path, nil, 0)
	section := sectionOf(err, "", path, true)
	if section.State == evidence.SectionDenied || section.HTTPStatus != 0 && refused(section.HTTPStatus) {
		section.State = evidence.SectionAbsent
	}
	owner := map[string]string{}
	for _, z := range zones {
		owner[z.ID] = z.AccountID
	}
	for i := range accounts {
		accounts[i].RailgunsSection = section
	}
	for _, g := range all {
		gun := evidence.Railgun{ID: sanitize.Text(g.ID, 64), Name: sanitize.Text(g.Name, 200), Status: sanitize.Text(g.Status, 40), Enabled: g.Enabled.tri()}
		connected, err := list[struct {
			ID string `json:"id"`
		}](ctx, r.c, pathf("/railguns/%s/zones", gun.ID), nil, 0)
		for _, z := range connected {
			gun.Zones = append(gun.Zones, sanitize.Text(z.ID, 64))
		}
		slices.Sort(gun.Zones)
		for i := range accounts {
			a := &accounts[i]
			if slices.ContainsFunc(gun.Zones, func(id string) bool { return owner[id] == a.ID }) {
				a.Railguns = append(a.Railguns, gun)
			}
			if err != nil {
				a.RailgunsSection = sectionOf(err, "", path, false)
			}
		}
	}
}
