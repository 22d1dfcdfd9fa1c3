// Package inventory reads from Cloudflare's API what Cloudflare is told to do, and
// says for every hostname what follows from it: is it proxied, which SSL mode
// applies, which client certificate will the origin see, and where is the origin.
//
// It is the only package that knows the API. It never writes: its transport
// refuses every method but GET.
package inventory

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/sanitize"
)

// zoneConcurrency is how many zones are read at once; the transport bounds the
// requests.
const zoneConcurrency = 16

// Collect reads everything that the scope names and computes the effective
// configuration of every hostname.
//
// A section that cannot be read is recorded as such and stops nothing. When ctx
// ends, what was gathered is returned with a problem that says so. An error is
// returned only when nothing could be read at all: [OptionError],
// [CredentialsError], [UnreachableError], [APIError] or [UnknownZoneError].
func Collect(ctx context.Context, o Options) (*evidence.Evidence, error) {
	o, base, err := o.prepared()
	if err != nil {
		return nil, err
	}
	c, err := newClient(o, base)
	if err != nil {
		return nil, err
	}
	defer c.close()
	ev := &evidence.Evidence{
		SchemaVersion: evidence.SchemaVersion,
		Tool:          o.Tool,
		StartedAt:     o.Now().UTC(),
		Scope:         evidence.Scope{Zones: o.Zones, Accounts: o.Accounts, APIURL: base.String()},
	}
	m := &meter{call: o.Progress, t: c.t, limits: o.Limits, now: o.Now}
	m.begin("zones", 0)
	zones, problems, err := findZones(ctx, c, o.Zones, o.Accounts)
	if err != nil && ctx.Err() == nil {
		return nil, err
	}
	ev.Problems = problems
	ev.Zones = zones
	o.Logger.Info("zones found", "zones", len(zones))

	ev.Accounts = accountsOf(ev.Zones)
	accounts := &accountReader{c: c}
	var wg sync.WaitGroup
	wg.Go(func() { ev.EdgeRanges = readEdgeRanges(ctx, c) })
	accounts.early(ctx, ev.Accounts)
	wg.Wait()
	accounts.railguns(ctx, ev.Accounts, ev.Zones)

	m.begin("reading", len(zones))
	readZones(ctx, &zoneReader{c: c, accounts: ev.Accounts, balanced: accounts.balanced}, ev.Zones, m)
	accounts.late(ctx, ev.Accounts, ev.Zones)

	finish(ctx, o, ev, m)
	return ev, nil
}

// readZones reads the sections of all zones, some at a time.
func readZones(ctx context.Context, r *zoneReader, zones []evidence.Zone, m *meter) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, zoneConcurrency)
	for i := range zones {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			r.read(ctx, &zones[i])
			m.step()
		})
	}
	wg.Wait()
}

// accountsOf returns the accounts of the zones, sorted by identifier.
func accountsOf(zones []evidence.Zone) []evidence.Account {
	var list []evidence.Account
	for _, z := range zones {
		if z.AccountID == "" || slices.ContainsFunc(list, func(a evidence.Account) bool { return a.ID == z.AccountID }) {
			continue
		}
		list = append(list, evidence.Account{ID: z.AccountID, Name: z.AccountName})
	}
	slices.SortFunc(list, func(a, b evidence.Account) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// finish resolves the origins' names, computes the hostnames and closes the
// evidence.
func finish(ctx context.Context, o Options, ev *evidence.Evidence, m *meter) {
	surround := surroundingsOf(ev, o.ExtraOrigins)
	var names []string
	for i := range ev.Zones {
		s := surround(&ev.Zones[i])
		s.want = func(name string) { names = append(names, name) }
		effective(&ev.Zones[i], s)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	m.begin("resolving", len(names))
	resolved := resolveAll(ctx, names, o.LookupIP, m.step)
	for i := range ev.Zones {
		s := surround(&ev.Zones[i])
		s.resolved = resolved
		ev.Zones[i].Hostnames = effective(&ev.Zones[i], s)
	}
	for _, e := range o.ExtraOrigins {
		if !hasHostname(ev, e.Hostname) {
			ev.Problems = append(ev.Problems, evidence.Problem{What: "adding the origin of " + sanitize.Text(e.Hostname, 253),
				Cause: "the hostname is in none of the zones", Hint: "check the part of --origin before ="})
		}
	}
	if ctx.Err() != nil {
		ev.Problems = append(ev.Problems, evidence.Problem{What: "collecting the configuration", Cause: "interrupted",
			Hint: "what was read before is kept; run the scan again for the rest", Interrupted: true})
	}
	ev.CollectedAt = o.Now().UTC()
}

// surroundingsOf returns what the zones of the evidence are surrounded by.
func surroundingsOf(ev *evidence.Evidence, extra []ExtraOrigin) func(*evidence.Zone) surroundings {
	edge := parsePrefixes(ev.EdgeRanges.CIDRs)
	records := map[string]map[string][]evidence.DNSRecord{} // by account and name
	balancers := map[string]map[string]*evidence.LoadBalancer{}
	for i := range ev.Zones {
		z := &ev.Zones[i]
		if records[z.AccountID] == nil {
			records[z.AccountID] = map[string][]evidence.DNSRecord{}
			balancers[z.AccountID] = map[string]*evidence.LoadBalancer{}
		}
		for j := range z.LoadBalancers.Items {
			if lb := &z.LoadBalancers.Items[j]; balances(lb) {
				balancers[z.AccountID][lb.Name] = lb
			}
		}
		for _, r := range z.DNS.Records {
			if isHostRecord(r.Type) {
				records[z.AccountID][r.Name] = append(records[z.AccountID][r.Name], r)
			}
		}
	}
	return func(z *evidence.Zone) surroundings {
		s := surroundings{edge: edge, extra: extra, records: records[z.AccountID], balancers: balancers[z.AccountID]}
		if i := slices.IndexFunc(ev.Accounts, func(a evidence.Account) bool { return a.ID == z.AccountID }); i >= 0 {
			s.account = &ev.Accounts[i]
		}
		return s
	}
}

func hasHostname(ev *evidence.Evidence, name string) bool {
	for _, z := range ev.Zones {
		if slices.ContainsFunc(z.Hostnames, func(h evidence.Hostname) bool { return h.Name == name }) {
			return true
		}
	}
	return false
}
