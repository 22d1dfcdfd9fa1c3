package inventory

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/sanitize"
)

// Health is the outcome of one of the doctor's looks.
type Health string

// What the doctor finds. Warn does not keep a scan from its work, Fail does or
// makes a part of it inconclusive, Skip was not looked at.
const (
	HealthOK   Health = "ok"
	HealthWarn Health = "warn"
	HealthFail Health = "fail"
	HealthSkip Health = "skip"
)

// Finding is one thing that the doctor looked at.
type Finding struct {
	// Name is short and stable: "token", "api", "clock", "permission: ...".
	Name   string `json:"name"`
	Status Health `json:"status"`
	// Detail is what was found, Hint what to do about it.
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
}

// Bounds of what the doctor thinks is well.
const (
	skewWarn      = time.Minute
	skewFail      = 5 * time.Minute
	tokenEndsSoon = 30 * 24 * time.Hour
)

// Doctor looks at everything that a scan depends on: credentials, name resolution,
// the API, the clock, the network, and the token's permission for every section,
// tried on one zone of the scope. It spends some twenty requests, none of which
// writes, and contacts nobody but the API and the resolver. The findings come in
// the order in which they build on each other.
func Doctor(ctx context.Context, o Options) []Finding {
	d := &doctor{}
	prepared, base, err := o.prepared()
	if err != nil {
		d.failed("options", err)
		return d.findings
	}
	c, err := newClient(prepared, base)
	if err != nil {
		d.failed("options", err)
		return d.findings
	}
	defer c.close()
	d.o, d.base, d.c = prepared, base, c
	d.credentials()
	d.resolves(ctx)
	if d.api(ctx) {
		d.clock()
		d.token(ctx)
		d.zones(ctx)
	}
	d.ipv6()
	return d.findings
}

type doctor struct {
	o        Options
	base     *url.URL
	c        *client
	findings []Finding
}

func (d *doctor) found(name string, status Health, detail, hint string) {
	d.findings = append(d.findings, Finding{Name: name, Status: status, Detail: detail, Hint: hint})
}

// failed reports an error, with its hint.
func (d *doctor) failed(name string, err error) {
	hint := ""
	if h, ok := err.(interface{ Hint() string }); ok {
		hint = h.Hint()
	}
	d.found(name, HealthFail, cleanError(err), hint)
}

func (d *doctor) credentials() {
	if d.o.Credentials.Token == "" {
		d.found("credentials", HealthWarn, "a global API key, which may do everything its owner may", "use a read-only token instead: CLOUDFLARE_API_TOKEN")
		return
	}
	d.found("credentials", HealthOK, "an API token, well-formed", "")
}

// resolves looks the API's host up.
func (d *doctor) resolves(ctx context.Context) {
	host := d.base.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		d.found("dns", HealthSkip, "the API address is an IP address", "")
		return
	}
	how := "the system's resolver"
	if d.o.Resolver != "" {
		how = "the resolver " + d.o.Resolver
	}
	res := resolveOne(ctx, host, d.o.LookupIP)
	if res.err != "" {
		d.found("dns", HealthFail, fmt.Sprintf("%s does not resolve %s: %s", how, sanitize.Text(host, 253), res.err), "origins with a name cannot be found either; check the resolver, or name one with --resolver")
		return
	}
	d.found("dns", HealthOK, fmt.Sprintf("%s resolves %s (addresses: %d)", how, host, len(res.addrs)), "")
}

// api asks for something that needs no permission and notes from which address.
func (d *doctor) api(ctx context.Context) bool {
	var (
		mu            sync.Mutex
		local, remote string
	)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		mu.Lock()
		defer mu.Unlock()
		local, remote = i.Conn.LocalAddr().String(), i.Conn.RemoteAddr().String()
	}})
	start := d.o.Now()
	_, err := d.c.get(ctx, "/ips", nil)
	took := max(d.o.Now().Sub(start).Round(time.Millisecond), time.Millisecond)
	var api *APIError
	switch {
	case err == nil:
		d.found("api", HealthOK, fmt.Sprintf("%s answers in %v", d.base.Host, took), "")
	case errors.As(err, &api):
		d.found("api", HealthWarn, fmt.Sprintf("%s answers, but not as expected: %s", d.base.Host, cleanError(err)), "check --api-url")
	default:
		d.failed("api", err)
		return false
	}
	mu.Lock()
	defer mu.Unlock()
	d.egress(local, remote)
	return true
}

// egress says which address of this machine is used. The address that the outside
// sees is not known without asking somebody else.
func (d *doctor) egress(local, remote string) {
	host, _, err := net.SplitHostPort(local)
	addr, err2 := netip.ParseAddr(host)
	switch {
	case err != nil || err2 != nil:
		d.found("egress", HealthSkip, "the connection does not tell its local address", "")
	case addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.Is4() && sharedSpace.Contains(addr):
		d.found("egress", HealthOK, fmt.Sprintf("requests leave from %s (to %s), a private address: what others see is the address of a NAT or proxy", addr, remote),
			"a token or an origin that is limited by client address must allow the public one")
	default:
		d.found("egress", HealthOK, fmt.Sprintf("requests leave from %s (to %s)", addr, remote), "")
	}
	if p, err := http.ProxyFromEnvironment(&http.Request{URL: d.base}); err == nil && p != nil {
		d.found("proxy", HealthWarn, "API requests pass the proxy "+sanitize.Text(p.Redacted(), 200), "origins are probed directly, without the proxy")
	}
}

// sharedSpace is the address space of carrier-grade NAT (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// clock compares the API's clock with ours: expiry is judged by ours.
func (d *doctor) clock() {
	d.c.t.mu.Lock()
	skew, dated := d.c.t.skew, d.c.t.dated
	d.c.t.mu.Unlock()
	abs := skew.Abs().Round(time.Second)
	direction := "behind"
	if skew < 0 {
		direction = "ahead of"
	}
	switch {
	case !dated:
		d.found("clock", HealthSkip, "the API sent no Date header", "")
	case abs > skewFail:
		d.found("clock", HealthFail, fmt.Sprintf("this machine's clock is %v %s the API's", abs, direction), "set the clock: expiry is judged by it")
	case abs > skewWarn:
		d.found("clock", HealthWarn, fmt.Sprintf("this machine's clock is %v %s the API's", abs, direction), "set the clock: expiry is judged by it")
	default:
		d.found("clock", HealthOK, fmt.Sprintf("within %v of the API's", max(abs, time.Second)), "")
	}
}

// token asks what the API thinks of the token. Tokens of an account are verified
// at the account, so a no here is a failure only when nothing else works either.
func (d *doctor) token(ctx context.Context) {
	if d.o.Credentials.Token == "" {
		d.found("token", HealthSkip, "an API key cannot be verified without using it", "")
		return
	}
	type answer struct {
		Status    string  `json:"status"`
		ExpiresOn apiTime `json:"expires_on"`
	}
	v, err := object[answer](ctx, d.c, "/user/tokens/verify")
	for _, id := range d.o.Accounts {
		if err != nil {
			v, err = object[answer](ctx, d.c, pathf("/accounts/%s/tokens/verify", id))
		}
	}
	switch {
	case err != nil:
		d.found("token", HealthWarn, "the API does not verify it: "+cleanError(err), "a token that belongs to an account is verified there: name the account with --account. What it may read is tried below")
	case v.Status != "active":
		d.found("token", HealthFail, "the token is "+sanitize.Text(v.Status, 40), "make a new one, or enable it in the dashboard")
	case v.ExpiresOn.t != nil && v.ExpiresOn.t.Sub(d.o.Now()) < tokenEndsSoon:
		d.found("token", HealthWarn, "active, and ends on "+v.ExpiresOn.t.Format(time.DateOnly), "renew it before the scheduled scans stop")
	default:
		d.found("token", HealthOK, "active", "")
	}
}

// zones finds the zones of the scope and tries every section on one of them.
func (d *doctor) zones(ctx context.Context) {
	zones, problems, err := findZones(ctx, d.c, d.o.Zones, d.o.Accounts)
	if err != nil {
		d.failed("zones", err)
		link, byHand := TokenLink()
		d.found("permissions", HealthSkip, "no zone to try the permissions on", newToken(link, byHand))
		return
	}
	detail := fmt.Sprintf("the token can read %d of them", len(zones))
	if len(d.o.Zones)+len(d.o.Accounts) > 0 {
		detail = fmt.Sprintf("the token can read %d of those asked for", len(zones))
	}
	if len(problems) > 0 {
		d.found("zones", HealthFail, fmt.Sprintf("%s; %s", detail, problems[0].Cause), problems[0].Hint)
	} else {
		d.found("zones", HealthOK, detail, "")
	}
	d.permissions(ctx, sampleZone(zones))
}

// sampleZone picks the zone that sections are tried on: an active one if possible.
func sampleZone(zones []evidence.Zone) evidence.Zone {
	for _, z := range zones {
		if z.Status == "active" && z.Paused != evidence.TriTrue {
			return z
		}
	}
	return zones[0]
}

// permissions tries every section on one zone and its account.
func (d *doctor) permissions(ctx context.Context, z evidence.Zone) {
	accounts := accountsOf([]evidence.Zone{z})
	ar := &accountReader{c: d.c}
	ar.early(ctx, accounts)
	zr := &zoneReader{c: d.c, accounts: accounts, balanced: ar.balanced}
	zr.read(ctx, &z)
	// What the scan asks for only when something hints at it is asked for anyway.
	if z.CustomHostnames.State == evidence.SectionUnread {
		zr.customHostnames(ctx, &z)
	}
	if z.WorkerRoutes.State == evidence.SectionUnread {
		zr.workerRoutes(ctx, &z)
	}
	if z.LoadBalancers.Endpoint != pathf("/zones/%s/load_balancers", z.ID) {
		zr.loadBalancers(ctx, &z)
	}
	for i := range accounts {
		ar.tunnels(ctx, &accounts[i])
	}
	tried := map[string][]evidence.Section{}
	try := func(list ...evidence.Section) {
		for _, s := range list {
			tried[s.Permission] = append(tried[s.Permission], s)
		}
	}
	try(z.Settings.Section, z.AOP.SettingSection, z.AOP.CertificatesSection, z.HostnameAOP.CertificatesSection, z.DNS.Section, z.ConfigRules.Section,
		z.OriginRules.Section, z.PageRules.Section, z.LoadBalancers.Section, z.CustomHostnames.Section, z.WorkerRoutes.Section)
	for _, s := range z.Settings.Unread {
		try(s)
	}
	for _, a := range accounts {
		try(a.PoolsSection, a.NotificationsSection, a.TunnelsSection)
	}
	var missing []string
	for _, p := range Permissions() {
		if p.Name == permZone {
			d.found("permission: "+p.Name, HealthOK, p.Why, "")
			continue
		}
		status, detail := judgeSections(tried[p.Name])
		if status == HealthFail {
			missing = append(missing, p.Name)
			if p.Optional {
				status = HealthWarn
			}
		}
		if detail == "" {
			detail = p.Why
		} else {
			detail = p.Why + ": " + detail
		}
		hint := ""
		if status == HealthFail {
			hint = "without it, what hangs on it is inconclusive; tried on the zone " + z.Name
		}
		d.found("permission: "+p.Name, status, detail, hint)
	}
	d.permissionsNeeded(z.Name, missing)
}

// judgeSections says whether sections could be read.
func judgeSections(list []evidence.Section) (Health, string) {
	if len(list) == 0 {
		return HealthSkip, "not tried"
	}
	for _, s := range list {
		switch s.State {
		case evidence.SectionDenied:
			return HealthFail, fmt.Sprintf("denied (status %d, code %d): %s", s.HTTPStatus, s.Code, s.Error)
		case evidence.SectionFailed:
			return HealthWarn, "could not be tried: " + s.Error
		}
	}
	return HealthOK, ""
}

// permissionsNeeded tells how to make a token that may read everything, where
// something is missing. A token may be given other permissions for other zones, so
// the zone that was tried is named.
func (d *doctor) permissionsNeeded(zone string, missing []string) {
	if len(missing) == 0 {
		d.found("permissions", HealthOK, "tried on "+zone+": the token may read everything that a scan looks at", "--zone NAME tries another zone")
		return
	}
	link, byHand := TokenLink()
	d.found("permissions", HealthWarn, "missing: "+strings.Join(missing, ", "), newToken(link, byHand))
}

// newToken says how to make a token with the right permissions.
func newToken(link string, byHand []string) string {
	return "make a token with " + link + " and add by hand: " + strings.Join(byHand, ", ")
}

// ipv6 looks whether this machine has a way to IPv6 addresses. Connecting a UDP
// socket sends nothing.
func (d *doctor) ipv6() {
	conn, err := net.Dial("udp6", "[2606:4700::1]:443")
	if err != nil {
		d.found("ipv6", HealthWarn, "no route to IPv6 addresses", "origins with IPv6 addresses cannot be probed from here and stay inconclusive")
		return
	}
	defer conn.Close()
	host, _, _ := net.SplitHostPort(conn.LocalAddr().String())
	d.found("ipv6", HealthOK, "a route to IPv6 addresses from "+host, "")
}
