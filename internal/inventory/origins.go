package inventory

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

// tunnelSuffix is where Cloudflare Tunnels have their names.
const tunnelSuffix = "cfargotunnel.com"

// hosted are the places of Cloudflare's own products, which have no origin that
// anybody could reach around Cloudflare.
var hosted = []struct{ suffix, product string }{
	{tunnelSuffix, "a Cloudflare Tunnel"},
	{"pages.dev", "Cloudflare Pages"},
	{"workers.dev", "a Worker (workers.dev)"},
	{"r2.dev", "an R2 bucket"},
	{"r2.cloudflarestorage.com", "an R2 bucket"},
}

// hostedBy returns which product a name belongs to, or "".
func hostedBy(name string) string {
	for _, h := range hosted {
		if inZone(name, h.suffix) {
			return h.product
		}
	}
	return ""
}

// parseAddr parses an IP address, with or without brackets.
func parseAddr(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(s), "[]"))
	return a.Unmap().WithZone(""), err
}

// route is one way that requests of a hostname take to an origin: what Page Rules
// and Origin Rules override. A zero field leaves things as they are.
type route struct {
	host       string // resolve this name instead
	port       int
	hostHeader string
	sni        string
	source     string // "page-rule" or "origin-rule", where host is set
	rules      []string
}

// maxRoutes bounds the ways of one hostname: rules that match parts of its traffic
// multiply.
const maxRoutes = 16

// routes returns the ways that a name's requests can take. A rule that matches a
// part of them adds a way; one that is undecided adds a gap, and a way, since the
// origin it names is the customer's either way.
func (v *zoneView) routes(h *evidence.Hostname) []route {
	wire := wireName(h.Name)
	var ways []route
	rest, kept := route{}, false
	scheme := ""
	if h.AlwaysUseHTTPS == evidence.TriTrue {
		scheme = "https"
	}
	// Of the Page Rules the first that matches a request is the only one.
	for _, r := range v.z.PageRules.Items {
		if r.Status == "disabled" {
			continue
		}
		m := matchURLPattern(r.Target, wire, scheme)
		if m == matchNone {
			continue
		}
		way := route{host: r.ResolveOverride, hostHeader: r.HostHeaderOverride, source: "page-rule"}
		if way.host != "" || way.hostHeader != "" {
			way.rules = []string{"Page Rule " + r.Target}
		}
		if m == matchAll {
			rest = way
			break
		}
		if way.rules != nil {
			ways = append(ways, way)
		} else {
			kept = true // from later rules
		}
	}
	ways = append(ways, rest)
	if kept && rest.rules != nil {
		ways = append(ways, route{})
	}
	if !v.z.PageRules.Known() {
		h.OriginNotes = append(h.OriginNotes, gapOf("the Page Rules, which can change the origin,", v.z.PageRules.Section))
	}
	if !v.z.OriginRules.Known() {
		h.OriginNotes = append(h.OriginNotes, gapOf("the Origin Rules, which can change the origin,", v.z.OriginRules.Section))
	}
	// Origin Rules are merged, later ones over earlier ones, and over Page Rules
	// (https://developers.cloudflare.com/rules/origin-rules/faq/).
	sub := subject(wire, v.z.Name, h.AlwaysUseHTTPS == evidence.TriTrue)
	for i, r := range v.z.OriginRules.Items {
		if r.Enabled == evidence.TriFalse {
			continue
		}
		m := v.origin[i].match(sub)
		if m == evidence.MatchNo {
			continue
		}
		name := ruleName(r.Description, r.ID)
		if m == evidence.MatchUndecided {
			h.OriginNotes = append(h.OriginNotes, evidence.Gap{
				What: fmt.Sprintf("whether the Origin Rule %q applies to %s", name, h.Name), Expression: r.Expression})
		}
		changed := make([]route, 0, len(ways))
		for _, w := range ways {
			changed = append(changed, w.with(r, "Origin Rule "+name))
		}
		if m != evidence.MatchYes {
			changed = append(changed, ways...)
		}
		if ways = changed; len(ways) > maxRoutes {
			h.OriginNotes = append(h.OriginNotes, evidence.Gap{What: fmt.Sprintf("all ways to the origins of %s: its rules allow more than %d", h.Name, maxRoutes)})
			ways = ways[:maxRoutes]
		}
	}
	return ways
}

// with returns the route with an Origin Rule's overrides. An override of the Host
// header overrides the SNI too, unless that has its own
// (https://developers.cloudflare.com/rules/origin-rules/features/).
func (w route) with(r evidence.OriginRule, name string) route {
	if r.OriginHost != "" {
		w.host, w.source = r.OriginHost, "origin-rule"
	}
	if r.OriginPort != 0 {
		w.port = r.OriginPort
	}
	if r.HostHeader != "" {
		w.hostHeader = r.HostHeader
	}
	if r.SNI != "" {
		w.sni = r.SNI
	}
	w.rules = append(slices.Clone(w.rules), name)
	return w
}

// apply puts the route's overrides on an origin.
func (w route) apply(o evidence.Origin) evidence.Origin {
	if w.port != 0 {
		o.Port = w.port
	}
	if w.hostHeader != "" {
		o.Host, o.SNI = w.hostHeader, w.hostHeader
	}
	if w.sni != "" {
		o.SNI = w.sni
	}
	return o
}

// finder gathers the origins of one hostname.
type finder struct {
	v *zoneView
	h *evidence.Hostname
	// none are the reasons why some target has no origin.
	none []string
	// base is what an origin looks like before anything is known of its address.
	base evidence.Origin
	way  route
	// follows counts the names that were followed.
	follows int
}

// origins finds where the requests of a hostname go. With configured false only
// what the user named is looked at.
func (v *zoneView) origins(h *evidence.Hostname, configured bool) {
	wire := wireName(h.Name)
	f := &finder{v: v, h: h}
	base := evidence.Origin{SNI: wire, Host: wire, Port: 443, Scheme: "https"}
	if configured {
		if makesInert(h.SSLMode.Value) {
			base.Port, base.Scheme = 80, "http"
		}
		for _, w := range v.routes(h) {
			f.base, f.way = base, w
			f.configured()
		}
		if !v.z.LoadBalancers.Known() && v.balancerOf(h.Name) == nil {
			h.OriginNotes = append(h.OriginNotes, gapOf("the load balancers, which can change the origin,", v.z.LoadBalancers.Section))
		}
	}
	for _, e := range v.s.extra {
		if e.Hostname != h.Name {
			continue
		}
		f.way = route{}
		o := evidence.Origin{SNI: wire, Host: wire, Port: e.Port, Scheme: "https", Source: "user"}
		if e.Address.IsValid() {
			f.address(e.Address, o)
		} else {
			o.Name = e.Name
			f.resolve(e.Name, o)
		}
	}
	h.Origins = distinct(h.Origins)
	h.OriginNotes = slices.Compact(h.OriginNotes)
	if len(h.Origins) == 0 && len(f.none) > 0 {
		slices.Sort(f.none)
		h.NoOrigin = strings.Join(slices.Compact(f.none), "; ")
	}
}

// distinct drops origins that are the same in every field, and sorts the rest.
func distinct(list []evidence.Origin) []evidence.Origin {
	slices.SortStableFunc(list, func(a, b evidence.Origin) int {
		return strings.Compare(originKey(a), originKey(b))
	})
	return slices.CompactFunc(list, func(a, b evidence.Origin) bool { return originKey(a) == originKey(b) })
}

// originKey orders origins by address, port and names.
func originKey(o evidence.Origin) string {
	return strings.Join([]string{o.Address, fmt.Sprintf("%05d", o.Port), o.SNI, o.Host, o.Scheme, o.Source, o.Name}, "\x00")
}

// configured follows the configuration for one route: an overridden name, a custom
// hostname, a load balancer, Spectrum, or the DNS records.
func (f *finder) configured() {
	v, name := f.v, f.h.Name
	note := strings.Join(f.way.rules, ", ")
	switch {
	case f.way.host != "":
		o := f.base
		o.Source, o.Name, o.Note = f.way.source, f.way.host, note
		f.name(f.way.host, o, nil)
	case v.custom[name] != nil:
		f.customHostname(v.custom[name], note)
	case v.balancerOf(name) != nil:
		f.balanced(v.balancerOf(name), note, []string{name})
	case v.spectrum[name] != nil && !v.hasProxiedRecord(name):
		f.spectrumApps(v.spectrum[name])
	default:
		records, _ := lookupRecords(v.records, name)
		o := f.base
		o.Note = note
		f.records(records, o, []string{name})
	}
}

func (v *zoneView) hasProxiedRecord(name string) bool {
	records, _ := lookupRecords(v.records, name)
	return slices.ContainsFunc(records, func(r evidence.DNSRecord) bool { return r.Proxied == evidence.TriTrue })
}

// onlySpectrumTCP reports whether a name is nothing but Spectrum applications that
// pass TCP or UDP through.
func (v *zoneView) onlySpectrumTCP(name string) bool {
	apps := v.spectrum[name]
	if len(apps) == 0 || v.balancerOf(name) != nil || v.custom[name] != nil || v.hasProxiedRecord(name) {
		return false
	}
	return !slices.ContainsFunc(apps, func(a *evidence.SpectrumApp) bool { return isWebProtocol(a.Protocol) })
}

// isWebProtocol reports whether a Spectrum application carries HTTP, which then
// passes Cloudflare's proxy with all its settings.
func isWebProtocol(p string) bool { return strings.HasPrefix(p, "http") }

// records adds the origins that DNS records name. chain holds the names that led
// here.
func (f *finder) records(records []evidence.DNSRecord, o evidence.Origin, chain []string) {
	for _, r := range records {
		if r.Managed != "" && r.Managed != "email-routing" {
			f.none = append(f.none, managedProduct(r.Managed))
			continue
		}
		switch r.Type {
		case "A", "AAAA":
			addr, err := parseAddr(r.Content)
			if err != nil {
				f.gap("the address of " + r.Name + ": its record holds " + strconv.Quote(r.Content))
				continue
			}
			if isPlaceholder(r.Content) {
				f.none = append(f.none, f.v.placeholder(f.h.Name, r.Content))
				continue
			}
			p := o
			if p.Source == "" {
				p.Source = "dns"
			}
			f.address(addr, p)
		case "CNAME":
			p := o
			if p.Source == "" {
				p.Source = "cname"
			}
			if p.Name == "" {
				p.Name = r.Content
			}
			f.name(r.Content, p, chain)
		}
	}
}

// managedProduct names the product that keeps a record.
func managedProduct(m string) string {
	switch m {
	case "workers":
		return "a Worker (custom domain)"
	case "r2":
		return "an R2 bucket"
	case "pages":
		return "Cloudflare Pages"
	case "tunnel":
		return "a Cloudflare Tunnel"
	}
	return "a Cloudflare product (" + m + ")"
}

// placeholder says why an address that stands for no server is there.
func (v *zoneView) placeholder(name, content string) string {
	for _, r := range v.z.WorkerRoutes.Items {
		if r.Script != "" && matchURLPattern(r.Pattern, wireName(name), "") != matchNone {
			return fmt.Sprintf("a Worker (route %s; the address %s is a placeholder)", r.Pattern, content)
		}
	}
	return "an originless placeholder (" + content + ")"
}

// Bounds of following names: how many lead to one another, as with resolvers, and
// how many in all for one hostname.
const (
	maxCNAMEs  = 16
	maxFollows = 10000
)

// name adds the origins behind a name: inside the account's zones by their
// records, proxied or not, outside by what it resolves to.
func (f *finder) name(target string, o evidence.Origin, chain []string) {
	if addr, err := parseAddr(target); err == nil {
		f.address(addr, o)
		return
	}
	if product := hostedBy(target); product != "" {
		f.none = append(f.none, product+f.v.tunnelName(target))
		return
	}
	if !validName(target) {
		f.gap("the origin " + strconv.Quote(target) + ": it is not a host name")
		return
	}
	if slices.Contains(chain, target) || len(chain) >= maxCNAMEs {
		f.gap("the origin of " + f.h.Name + ": its names go in a circle (" + strings.Join(append(slices.Clone(chain), target), ", ") + ")")
		return
	}
	if f.follows++; f.follows > maxFollows {
		if f.follows == maxFollows+1 {
			f.gap(fmt.Sprintf("all origins of %s: more than %d names lead to them", f.h.Name, maxFollows))
		}
		return
	}
	chain = append(slices.Clone(chain), target)
	if lb := lookupBalancer(f.v.s.balancers, f.v.s.records, target); lb != nil {
		f.balanced(lb, "CNAME "+target, chain)
		return
	}
	if records, ok := lookupRecords(f.v.s.records, target); ok {
		if len(chain) > 1 && o.Note == "" {
			o.Note = "CNAME " + strings.Join(chain[1:], ", ")
		}
		f.records(records, o, chain)
		return
	}
	f.resolve(target, o)
}

// tunnelName adds the tunnel's name where the account's tunnels were read.
func (v *zoneView) tunnelName(target string) string {
	id, ok := strings.CutSuffix(target, "."+tunnelSuffix)
	if !ok || v.s.account == nil {
		return ""
	}
	for _, t := range v.s.account.Tunnels {
		if t.ID == id {
			return fmt.Sprintf(" (%s)", t.Name)
		}
	}
	return ""
}

// lookup returns what a name resolved to, and tells whoever gathers names.
func (v *zoneView) lookup(name string) (resolution, bool) {
	if v.s.want != nil {
		v.s.want(name)
	}
	res, ok := v.s.resolved[name]
	return res, ok
}

// resolve adds the origins that a name resolved to. One that did not resolve stays
// without an address, so that nobody takes the list for complete.
func (f *finder) resolve(name string, o evidence.Origin) {
	res, asked := f.v.lookup(name)
	if !asked || res.err != "" {
		why := "it was not resolved"
		if asked {
			why = res.err
		}
		f.gap("the addresses of the origin " + name + ": " + why)
		o.Address = ""
		f.h.Origins = append(f.h.Origins, f.way.apply(o))
		return
	}
	if res.more {
		f.gap(fmt.Sprintf("all addresses of the origin %s: it has more than %d", name, maxAddresses))
	}
	for _, a := range res.addrs {
		f.address(a, o)
	}
}

// address adds an origin with an address.
func (f *finder) address(a netip.Addr, o evidence.Origin) {
	o.Address, o.Edge = a.String(), containsAddr(f.v.s.edge, a)
	f.h.Origins = append(f.h.Origins, f.way.apply(o))
}

// gap notes what is not known of the origins.
func (f *finder) gap(what string) {
	f.h.OriginNotes = append(f.h.OriginNotes, evidence.Gap{What: what})
}

// balanced adds the origins of a load balancer's pools. Pools and origins that are
// switched off get no traffic. A Host header of the pool's goes before that of an
// Origin Rule
// (https://developers.cloudflare.com/load-balancing/additional-options/override-http-host-headers/).
func (f *finder) balanced(lb *evidence.LoadBalancer, note string, chain []string) {
	way := f.way
	defer func() { f.way = way }()
	if f.v.s.account == nil || !f.v.s.account.PoolsSection.Known() {
		section := evidence.Section{Permission: permPools}
		if f.v.s.account != nil {
			section = f.v.s.account.PoolsSection
		}
		f.h.OriginNotes = append(f.h.OriginNotes, gapOf("the pools of the load balancer "+lb.Name, section))
		return
	}
	served := false
	for _, id := range lb.PoolIDs {
		pool := f.v.pools[id]
		if pool == nil {
			served = true // nobody knows
			f.gap("the pool " + id + " of the load balancer " + lb.Name + ": the account's list does not have it")
			continue
		}
		if pool.Enabled == evidence.TriFalse {
			continue
		}
		if len(pool.Origins) == 0 {
			served = true // every pool has origins, so these are not told
			f.gap("the origins of the pool " + pool.Name + " of the load balancer " + lb.Name + ": the answer holds none")
		}
		for _, po := range pool.Origins {
			if po.Enabled == evidence.TriFalse {
				continue
			}
			served = true
			o := f.base
			o.Source, o.Note = "load-balancer", "pool "+pool.Name
			if note != "" {
				o.Note += ", " + note
			}
			if po.Port != 0 {
				o.Port = po.Port
			}
			f.way = way
			if po.HostHeader != "" {
				o.Host, o.SNI = po.HostHeader, po.HostHeader
				f.way.hostHeader = ""
			}
			if addr, err := parseAddr(po.Address); err == nil {
				f.address(addr, o)
				continue
			}
			o.Name = po.Address
			f.name(po.Address, o, chain)
		}
	}
	if !served {
		f.none = append(f.none, "a load balancer of whose origins none is switched on ("+lb.Name+")")
	}
}

// customHostname adds the origin of a Cloudflare for SaaS hostname. With a custom
// origin the SNI is the origin's name unless it is set
// (https://developers.cloudflare.com/cloudflare-for-platforms/cloudflare-for-saas/start/advanced-settings/custom-origin/).
func (f *finder) customHostname(c *evidence.CustomHostname, note string) {
	o := f.base
	o.Note = note
	if c.OriginServer != "" {
		o.Source, o.Name, o.SNI = "custom-hostname", c.OriginServer, c.OriginServer
		switch {
		case c.OriginSNI == ":request_host_header:":
			o.SNI = o.Host
		case c.OriginSNI != "":
			o.SNI = c.OriginSNI
		}
		f.name(c.OriginServer, o, nil)
		return
	}
	fb := f.v.z.FallbackOrigin
	if fb.Origin == "" {
		section := fb.Section
		if section.State == evidence.SectionRead {
			section = evidence.Section{State: evidence.SectionAbsent}
		}
		if section.State == evidence.SectionAbsent {
			f.gap("the origin of " + c.Hostname + ": the zone has no fallback origin")
		} else {
			f.h.OriginNotes = append(f.h.OriginNotes, gapOf("the zone's fallback origin", section))
		}
		return
	}
	o.Source, o.Name = "fallback-origin", fb.Origin
	f.name(fb.Origin, o, nil)
}

// spectrumApps adds the origins of Spectrum applications that carry HTTP; the
// others have nothing to do with AOP.
func (f *finder) spectrumApps(apps []*evidence.SpectrumApp) {
	for _, a := range apps {
		if !isWebProtocol(a.Protocol) {
			f.none = append(f.none, "a Spectrum application ("+a.Protocol+")")
			continue
		}
		for _, s := range a.Origins {
			_, hostport, ok := strings.Cut(s, "://")
			if !ok {
				hostport = s
			}
			host, p, err := net.SplitHostPort(hostport)
			if err != nil {
				host, p = hostport, "443"
			}
			first, _, _ := strings.Cut(p, "-")
			n, err := strconv.Atoi(first)
			if err != nil || n < 1 || n > 65535 {
				f.gap("the origin of the Spectrum application " + a.Hostname + ": its port is not understood")
				continue
			}
			o := f.base
			o.Source, o.Port, o.Note = "spectrum", n, "Spectrum "+a.Protocol
			if _, err := parseAddr(host); err != nil {
				o.Name = host
			}
			f.name(host, o, nil)
		}
	}
}
