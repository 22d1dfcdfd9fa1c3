package inventory

import (
	"context"
	"sync"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
)

// Cost is what a scan will cost, as far as the list of zones and their DNS records
// tell.
type Cost struct {
	Zones    int `json:"zones"`
	Accounts int `json:"accounts"`
	// Spent is how many requests finding this out took.
	Spent int `json:"spent"`
	// Requests is how many the scan will send to the API if its zones are plain.
	// Zones with hostname certificates, load balancers, SaaS hostnames or Workers
	// in place of an origin cost a few more.
	Requests int `json:"requests"`
	// Allowance is how many requests may be sent within Window, and Waiting how
	// long the scan will wait because it needs more.
	Allowance int           `json:"allowance"`
	Window    time.Duration `json:"window"`
	Waiting   time.Duration `json:"waiting"`
	// Hostnames and Origins count the proxied hostnames and their addresses; a name
	// that is still to be resolved counts as one. Both are -1 where the records
	// were not read, because there are too many zones to ask before being asked to.
	Hostnames int `json:"hostnames"`
	Origins   int `json:"origins"`
}

// plannedZones is how many zones' records are read for a plan: a quarter of the
// allowance.
func plannedZones(l Limits) int { return l.Requests / 4 }

// PlanCost says what a scan will cost before it is spent. It lists the zones, and
// reads their DNS records where these are few enough; the evidence it returns holds
// just that, with the hostnames and origins that follow from it, for planning the
// probes. Its errors are those of [Collect].
func PlanCost(ctx context.Context, o Options) (*Cost, *evidence.Evidence, error) {
	o, base, err := o.prepared()
	if err != nil {
		return nil, nil, err
	}
	c, err := newClient(o, base)
	if err != nil {
		return nil, nil, err
	}
	defer c.close()
	ev := &evidence.Evidence{SchemaVersion: evidence.SchemaVersion, Tool: o.Tool, StartedAt: o.Now().UTC(),
		Scope: evidence.Scope{Zones: o.Zones, Accounts: o.Accounts, APIURL: base.String()}}
	if ev.Zones, ev.Problems, err = findZones(ctx, c, o.Zones, o.Accounts); err != nil {
		return nil, nil, err
	}
	ev.Accounts = accountsOf(ev.Zones)
	ev.EdgeRanges = evidence.EdgeRanges{Source: "embedded", CIDRs: publishedRanges}
	listed, _ := c.t.usage()

	cost := &Cost{Zones: len(ev.Zones), Accounts: len(ev.Accounts), Allowance: o.Limits.Requests, Window: o.Limits.Window, Hostnames: -1, Origins: -1}
	if len(ev.Zones) <= plannedZones(o.Limits) {
		readRecords(ctx, c, ev.Zones)
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		cost.count(ev, o.ExtraOrigins)
	}
	cost.Requests = listed + expectedRequests(ev)
	var left int
	cost.Spent, left = c.t.usage()
	if over := cost.Requests - left; over > 0 {
		cost.Waiting = time.Duration((over+o.Limits.Requests-1)/o.Limits.Requests) * o.Limits.Window
	}
	ev.CollectedAt = o.Now().UTC()
	return cost, ev, nil
}

// readRecords reads the DNS records of the zones, and nothing else.
func readRecords(ctx context.Context, c *client, zones []evidence.Zone) {
	r := &zoneReader{c: c}
	var wg sync.WaitGroup
	slots := make(chan struct{}, zoneConcurrency)
	for i := range zones {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			r.dns(ctx, &zones[i])
		})
	}
	wg.Wait()
}

// count computes hostnames and origins from the records alone.
func (c *Cost) count(ev *evidence.Evidence, extra []ExtraOrigin) {
	surround := surroundingsOf(ev, extra)
	c.Hostnames, c.Origins = 0, 0
	for i := range ev.Zones {
		z := &ev.Zones[i]
		z.Hostnames = effective(z, surround(z))
		for _, h := range z.Hostnames {
			if h.Proxied == evidence.TriTrue && h.NoOrigin == "" {
				c.Hostnames++
				c.Origins += len(h.Origins)
			}
		}
	}
}

// Requests of a scan that are the same for every zone: the settings, the zone level
// and its certificates, the hostname level's certificates, the records,
// Configuration Rules, Origin Rules and Page Rules; and those per account and scan.
const (
	requestsPerZone    = 8
	requestsPerAccount = 2 // pools, notifications
	requestsPerScan    = 2 // the edge's addresses, Railguns
)

// expectedRequests is what reading the zones will take, listing them aside.
func expectedRequests(ev *evidence.Evidence) int {
	n := requestsPerScan + requestsPerAccount*len(ev.Accounts)
	for i := range ev.Zones {
		z := &ev.Zones[i]
		n += requestsPerZone + (len(z.DNS.Records)-1)/recordsPerPage
		if mightHaveCustomHostnames(z) {
			n++
		}
		if mightHaveSpectrum(z) {
			n++
		}
		if needsWorkerRoutes(z) {
			n++
		}
	}
	return n
}
