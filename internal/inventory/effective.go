package inventory

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/inventory/expr"
)

// surroundings are what the answer for a zone's hostnames depends on besides the
// zone.
type surroundings struct {
	account *evidence.Account
	// records are the host records of all zones of the account that were read, and
	// balancers their load balancers that are on: Cloudflare follows names between
	// zones.
	records   map[string][]evidence.DNSRecord
	balancers map[string]*evidence.LoadBalancer
	edge      []netip.Prefix
	resolved  map[string]resolution
	extra     []ExtraOrigin
	// want, when not nil, is told the names that need resolving.
	want func(name string)
}

// wildcardLabel stands for the star of a wildcard record on the wire: a name that
// no other record answers.
const wildcardLabel = "aopscan-probe"

// effective says, for every hostname of a zone, what Cloudflare will do: whether
// it is proxied, which SSL mode applies, which client certificate the origin will
// see, and where the origin is. It is a pure function of the configuration and of
// what names resolved to; what could not be read makes gaps, never an "off".
func effective(z *evidence.Zone, s surroundings) []evidence.Hostname {
	v := newZoneView(z, s)
	names := v.names()
	list := make([]evidence.Hostname, 0, len(names))
	for _, n := range names {
		list = append(list, v.hostname(n))
	}
	return list
}

// zoneView is a zone with the indexes that answering for its hostnames needs.
type zoneView struct {
	z        *evidence.Zone
	s        surroundings
	records  map[string][]evidence.DNSRecord     // host records by name
	sources  map[string][]string                 // why a name is in the scan
	balancer map[string]*evidence.LoadBalancer   // by hostname, those that are on
	custom   map[string]*evidence.CustomHostname // by hostname, those in service
	spectrum map[string][]*evidence.SpectrumApp  // by hostname
	pools    map[string]*evidence.Pool           // of the account, by identifier
	config   []parsedRule                        // of ConfigRules.Items, in order
	origin   []parsedRule                        // of OriginRules.Items, in order
}

// parsedRule is a rule's expression, parsed once for all hostnames; nil where it
// could not be.
type parsedRule struct{ e *expr.Expression }

func parseRule(expression string) parsedRule {
	e, err := expr.Parse(expression)
	if err != nil {
		return parsedRule{}
	}
	return parsedRule{e}
}

// match decides the rule for a hostname.
func (p parsedRule) match(sub expr.Subject) evidence.RuleMatch {
	if p.e == nil {
		return evidence.MatchUndecided
	}
	switch p.e.Match(sub) {
	case expr.Yes:
		return evidence.MatchYes
	case expr.No:
		return evidence.MatchNo
	case expr.Part:
		return evidence.MatchPart
	}
	return evidence.MatchUndecided
}

func newZoneView(z *evidence.Zone, s surroundings) *zoneView {
	v := &zoneView{z: z, s: s,
		records: map[string][]evidence.DNSRecord{}, sources: map[string][]string{},
		balancer: map[string]*evidence.LoadBalancer{}, custom: map[string]*evidence.CustomHostname{},
		spectrum: map[string][]*evidence.SpectrumApp{}, pools: map[string]*evidence.Pool{},
	}
	for _, r := range z.DNS.Records {
		if isHostRecord(r.Type) && validName(r.Name) && !isServiceName(r.Name) {
			v.records[r.Name] = append(v.records[r.Name], r)
			v.source(r.Name, "dns")
		}
	}
	for i := range z.LoadBalancers.Items {
		if lb := &z.LoadBalancers.Items[i]; balances(lb) {
			v.balancer[lb.Name] = lb
			v.source(lb.Name, "load-balancer")
		}
	}
	for i := range z.CustomHostnames.Items {
		if c := &z.CustomHostnames.Items[i]; inService(c.Status) && validName(c.Hostname) {
			v.custom[c.Hostname] = c
			v.source(c.Hostname, "custom-hostname")
		}
	}
	for i := range z.SpectrumApps.Items {
		if a := &z.SpectrumApps.Items[i]; validName(a.Hostname) {
			v.spectrum[a.Hostname] = append(v.spectrum[a.Hostname], a)
			v.source(a.Hostname, "spectrum")
		}
	}
	if s.account != nil {
		for i := range s.account.Pools {
			v.pools[s.account.Pools[i].ID] = &s.account.Pools[i]
		}
	}
	for _, r := range z.ConfigRules.Items {
		v.config = append(v.config, parseRule(r.Expression))
	}
	for _, r := range z.OriginRules.Items {
		v.origin = append(v.origin, parseRule(r.Expression))
	}
	for _, e := range s.extra {
		if inZone(e.Hostname, z.Name) || v.sources[e.Hostname] != nil {
			v.source(e.Hostname, "user")
		}
	}
	v.wildcardNames()
	return v
}

// balances reports whether a load balancer takes part: one that is off does not.
func balances(lb *evidence.LoadBalancer) bool {
	return lb.Enabled != evidence.TriFalse && validName(lb.Name)
}

// balancerOf returns the load balancer that answers for a name of the zone, or nil.
func (v *zoneView) balancerOf(name string) *evidence.LoadBalancer {
	return lookupBalancer(v.balancer, v.records, name)
}

// wildcardNames adds the hostnames that only a wildcard record answers and that
// the configuration mentions: what is said of them differs from what is said of
// the wildcard.
func (v *zoneView) wildcardNames() {
	var mentioned []string
	for _, a := range v.z.HostnameAOP.Associations {
		mentioned = append(mentioned, a.Hostname)
	}
	for _, rules := range [][]parsedRule{v.config, v.origin} {
		for _, r := range rules {
			if r.e != nil {
				mentioned = append(mentioned, r.e.Hosts()...)
			}
		}
	}
	for _, r := range v.z.PageRules.Items {
		mentioned = append(mentioned, patternHost(r.Target))
	}
	for _, name := range mentioned {
		if name == "" || v.sources[name] != nil || !validName(name) || strings.HasPrefix(name, "*") || !inZone(name, v.z.Name) {
			continue
		}
		if _, ok := lookupRecords(v.records, name); ok || v.balancerOf(name) != nil {
			v.source(name, "wildcard")
		}
	}
}

// lookupRecords returns the records that answer for a name: its own, or those of
// the wildcard that covers it (RFC 4592).
func lookupRecords(records map[string][]evidence.DNSRecord, name string) ([]evidence.DNSRecord, bool) {
	if r, ok := records[name]; ok {
		return r, true
	}
	for {
		_, parent, ok := strings.Cut(name, ".")
		if !ok {
			return nil, false
		}
		if r, ok := records["*."+parent]; ok {
			return r, true
		}
		if _, ok := records[parent]; ok {
			return nil, false // the closest encloser has no wildcard
		}
		name = parent
	}
}

// lookupBalancer returns the load balancer that answers for a name, or nil: it goes
// before DNS records that are as specific as itself, and after more specific ones
// (https://developers.cloudflare.com/load-balancing/load-balancers/dns-records/).
func lookupBalancer(balancers map[string]*evidence.LoadBalancer, records map[string][]evidence.DNSRecord, name string) *evidence.LoadBalancer {
	if lb := balancers[name]; lb != nil || records[name] != nil {
		return lb
	}
	for {
		_, parent, ok := strings.Cut(name, ".")
		if !ok {
			return nil
		}
		star := "*." + parent
		if lb := balancers[star]; lb != nil || records[star] != nil {
			return lb
		}
		if balancers[parent] != nil || records[parent] != nil {
			return nil // the closest encloser has no wildcard
		}
		name = parent
	}
}

// inService reports whether a custom hostname's status means that its traffic is
// served. An unknown word is taken to mean so: rather a hostname too many.
func inService(status string) bool {
	for _, not := range []string{"pending", "moved", "deleted", "blocked", "test_", "provisioned"} {
		if strings.HasPrefix(status, not) {
			return false
		}
	}
	return true
}

// source notes why a name is in the scan.
func (v *zoneView) source(name, why string) {
	if !slices.Contains(v.sources[name], why) {
		v.sources[name] = append(v.sources[name], why)
	}
}

// names returns the zone's hostnames, sorted.
func (v *zoneView) names() []string { return slices.Sorted(maps.Keys(v.sources)) }

// isServiceName reports whether a name has a label that begins with an
// underscore: a place for records about services (RFC 8552), never a website.
func isServiceName(name string) bool {
	return strings.HasPrefix(name, "_") || strings.Contains(name, "._")
}

// inZone reports whether a name is the zone's apex or below it.
func inZone(name, zone string) bool { return name == zone || strings.HasSuffix(name, "."+zone) }

// wireName returns the name that a hostname is asked for by: its own, or a
// made-up one below a wildcard.
func wireName(name string) string {
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		return wildcardLabel + "." + rest
	}
	return name
}

// hostname answers for one name.
func (v *zoneView) hostname(name string) evidence.Hostname {
	h := evidence.Hostname{Name: name, Sources: v.sources[name]}
	if w := wireName(name); w != name {
		h.WireName = w
	}
	recorded, direct := v.proxied(name, &h)
	h.Proxied = recorded
	if direct != "" {
		h.Proxied = evidence.TriFalse
	}
	h.AlwaysUseHTTPS = v.alwaysUseHTTPS(wireName(h.Name))
	var possible []string
	h.SSLMode, possible = v.sslMode(name, h.AlwaysUseHTTPS == evidence.TriTrue)
	if recorded != evidence.TriFalse || slices.Contains(h.Sources, "user") {
		v.origins(&h, recorded != evidence.TriFalse)
	}
	h.Certificate = v.certificate(&h, possible, direct)
	return h
}

// notServing says why Cloudflare serves no hostname of the zone, or nothing.
func (v *zoneView) notServing() string {
	switch {
	case v.z.Paused == evidence.TriTrue:
		return "the zone is paused: visitors reach the origin directly"
	case v.z.Inactive():
		return "the zone is " + v.z.Status + ", not active: visitors do not come through Cloudflare"
	}
	return ""
}

// onOff turns Cloudflare's "on" and "off" into a switch.
func onOff(s string) evidence.Tri {
	switch s {
	case "on":
		return evidence.TriTrue
	case "off":
		return evidence.TriFalse
	}
	return evidence.TriUnknown
}

// proxied says whether the configuration has Cloudflare's edge answer for a name,
// and, in direct, why visitors reach the origin directly all the same. One proxied
// record makes all address records of its name proxied
// (https://developers.cloudflare.com/dns/proxy-status/).
func (v *zoneView) proxied(name string, h *evidence.Hostname) (recorded evidence.Tri, direct string) {
	recorded = v.recorded(name)
	if recorded == evidence.TriFalse {
		return recorded, "the record is DNS only: visitors reach the origin directly"
	}
	if why := v.notServing(); why != "" {
		return recorded, why
	}
	if recorded == evidence.TriTrue && v.z.Type == "partial" && v.custom[name] == nil {
		return v.pointsAtEdge(wireName(name), h), ""
	}
	if recorded == evidence.TriUnknown {
		gaps := v.unreadSources()
		if len(gaps) == 0 {
			gaps = []evidence.Gap{{What: "whether " + name + " is proxied: the API's answer does not say"}}
		}
		h.OriginNotes = append(h.OriginNotes, gaps...)
	}
	return recorded, ""
}

// recorded says whether the configuration makes a name proxied.
func (v *zoneView) recorded(name string) evidence.Tri {
	if v.custom[name] != nil {
		return evidence.TriTrue
	}
	if lb := v.balancerOf(name); lb != nil {
		if lb.Proxied == evidence.TriNull {
			return evidence.TriUnknown
		}
		return lb.Proxied
	}
	records, found := lookupRecords(v.records, name)
	for _, r := range records {
		if r.Proxied == evidence.TriTrue {
			return evidence.TriTrue
		}
	}
	switch {
	case v.spectrum[name] != nil:
		return evidence.TriTrue
	case found:
		for _, r := range records {
			if r.Proxied != evidence.TriFalse {
				return evidence.TriUnknown
			}
		}
		return evidence.TriFalse
	case len(v.unreadSources()) > 0:
		return evidence.TriUnknown
	}
	return evidence.TriFalse // named by the user, unknown to Cloudflare
}

// unreadSources are the sections that could hold a hostname and were not read.
func (v *zoneView) unreadSources() []evidence.Gap {
	var gaps []evidence.Gap
	for _, s := range []struct {
		what string
		evidence.Section
	}{{"the DNS records", v.z.DNS.Section}, {"the load balancers", v.z.LoadBalancers.Section}} {
		if !s.Known() {
			gaps = append(gaps, gapOf(s.what, s.Section))
		}
	}
	return gaps
}

// pointsAtEdge says whether the public DNS sends a name of a partial (CNAME setup)
// zone to Cloudflare: its authoritative DNS is elsewhere, and its records here say
// only where the origin is.
func (v *zoneView) pointsAtEdge(wire string, h *evidence.Hostname) evidence.Tri {
	res, asked := v.lookup(wire)
	edges := 0
	for _, a := range res.addrs {
		if containsAddr(v.s.edge, a) {
			edges++
		}
	}
	if edges > 0 && edges == len(res.addrs) {
		return evidence.TriTrue
	}
	why := "it was not resolved"
	switch {
	case asked && res.err != "":
		why = res.err
	case asked:
		why = fmt.Sprintf("it has the address %s, which is not Cloudflare's", firstOther(res.addrs, v.s.edge))
	}
	h.OriginNotes = append(h.OriginNotes, evidence.Gap{What: fmt.Sprintf("whether visitors of %s come through Cloudflare (a CNAME setup): %s", wire, why)})
	return evidence.TriUnknown
}

// firstOther returns the first address outside the ranges.
func firstOther(addrs []netip.Addr, ranges []netip.Prefix) netip.Addr {
	i := slices.IndexFunc(addrs, func(a netip.Addr) bool { return !containsAddr(ranges, a) })
	return addrs[i]
}

// alwaysUseHTTPS says whether all plain-HTTP visitors of a name are redirected.
func (v *zoneView) alwaysUseHTTPS(wire string) evidence.Tri {
	zone := onOff(v.z.Settings.AlwaysUseHTTPS)
	if zone == evidence.TriTrue {
		return zone
	}
	for _, r := range v.z.PageRules.Items {
		if r.Status == "disabled" {
			continue
		}
		m := matchURLPattern(r.Target, wire, "http")
		if m == expr.No {
			continue
		}
		if m == expr.Yes && r.AlwaysUseHTTPS {
			return evidence.TriTrue
		}
		if !r.AlwaysUseHTTPS {
			break // it takes these requests, or some of them, from any later rule
		}
	}
	if zone == evidence.TriFalse && !v.z.PageRules.Known() {
		return evidence.TriUnknown
	}
	return zone
}

// sslMode says which SSL mode applies to a name: a Configuration Rule comes before
// a Page Rule, and that before the zone's setting. Of the Configuration Rules that
// match, the last one counts; of the Page Rules, the first one matches and no
// other does. possible are the modes that all of the traffic may have, nil where it
// may be any.
func (v *zoneView) sslMode(name string, httpsOnly bool) (mode evidence.SSLMode, possible []string) {
	wire := wireName(name)
	var (
		gaps    []evidence.Gap // why the mode is not known, unless a later rule decides
		closed  []evidence.Gap // the same, whatever later rules say
		pending []pendingRule  // undecided rules
	)
	if v.z.Settings.SSL == "" {
		gaps = append(gaps, gapOf("the zone's SSL mode", v.z.Settings.Setting("ssl")))
	} else {
		mode.Value, mode.Source = v.z.Settings.SSL, "zone"
	}
	if !v.z.PageRules.Known() {
		gaps = append(gaps, gapOf("the Page Rules, which can change the SSL mode,", v.z.PageRules.Section))
	}
	scheme := ""
	if httpsOnly {
		scheme = "https"
	}
	var others []string
pageRules:
	for _, r := range v.z.PageRules.Items {
		if r.Status == "disabled" {
			continue
		}
		switch matchURLPattern(r.Target, wire, scheme) {
		case expr.Yes:
			if r.SSL != "" {
				mode.Value, mode.Source, mode.Rule = r.SSL, "page-rule", r.Target
				if v.z.PageRules.Known() {
					gaps = nil
				}
			}
			break pageRules
		case expr.Part:
			if r.SSL != "" {
				others = append(others, r.SSL)
			} else if v.z.Settings.SSL != "" {
				others = append(others, v.z.Settings.SSL) // it keeps later rules from these requests
			}
		}
	}
	if !v.z.ConfigRules.Known() {
		closed = append(closed, gapOf("the Configuration Rules, which can change the SSL mode,", v.z.ConfigRules.Section))
	}
	sub := expr.Subject{Host: wire, Zone: v.z.Name, HTTPSOnly: httpsOnly}
	for i, r := range v.z.ConfigRules.Items {
		if r.Enabled == evidence.TriFalse {
			continue
		}
		switch v.config[i].match(sub) {
		case evidence.MatchYes:
			mode.Value, mode.Source, mode.Rule = r.SSL, "configuration-rule", ruleName(r.Description, r.ID)
			others, gaps, pending = nil, nil, nil
		case evidence.MatchPart:
			others = append(others, r.SSL)
		case evidence.MatchUndecided:
			pending = append(pending, pendingRule{mode: r.SSL, gap: evidence.Gap{
				What: fmt.Sprintf("whether the Configuration Rule %q applies to %s", ruleName(r.Description, r.ID), name), Expression: r.Expression}})
		}
	}
	others = slices.DeleteFunc(others, func(s string) bool { return s == mode.Value })
	slices.Sort(others)
	mode.Others = slices.Compact(others)
	mode.PartOfTraffic = len(mode.Others) > 0
	if len(gaps)+len(closed) == 0 {
		possible = append([]string{mode.Value}, mode.Others...)
		for _, p := range pending {
			possible = append(possible, p.mode)
			if p.mode != mode.Value {
				gaps = append(gaps, p.gap)
			}
		}
	} else {
		for _, p := range pending {
			gaps = append(gaps, p.gap)
		}
	}
	if gaps = append(gaps, closed...); len(gaps) > 0 {
		mode = evidence.SSLMode{Gaps: gaps}
	}
	return mode, possible
}

// pendingRule is an undecided rule with the mode that it would set.
type pendingRule struct {
	mode string
	gap  evidence.Gap
}

// ruleName is what a person calls a rule.
func ruleName(description, id string) string {
	if description != "" {
		return description
	}
	return id
}

// makesInert reports whether Cloudflare pulls over plain HTTP in a mode, with no
// client certificate.
func makesInert(mode string) bool { return mode == "off" || mode == "flexible" }

// keepsAOP reports whether Cloudflare pulls over TLS in a mode, with the client
// certificate. A mode that this build does not know does neither for certain
// (https://developers.cloudflare.com/ssl/origin-configuration/ssl-modes/).
func keepsAOP(mode string) bool { return mode == "full" || mode == "strict" || mode == "origin_pull" }

// gapOf says that a section could not be read, and what would help.
func gapOf(what string, s evidence.Section) evidence.Gap {
	g := evidence.Gap{What: what + " was not read"}
	switch s.State {
	case evidence.SectionDenied:
		g.What, g.Permission = what+" may not be read with this token", s.Permission
	case evidence.SectionFailed:
		g.What = what + " could not be read"
		if s.Error != "" {
			g.What += ": " + s.Error
		}
	}
	return g
}

// certificate says which client certificate the origin will see. possible are the
// modes that the hostname's traffic may have, direct why it does not pass Cloudflare.
func (v *zoneView) certificate(h *evidence.Hostname, possible []string, direct string) evidence.EffectiveCertificate {
	c := v.configured(wireName(h.Name))
	c.Configured = c.Source
	inert := direct
	switch {
	case inert != "":
	case v.onlySpectrumTCP(h.Name):
		inert = "Spectrum passes TCP through: AOP does not apply"
	case makesInert(h.SSLMode.Value):
		inert = "the SSL mode " + h.SSLMode.Value + " makes AOP inert: Cloudflare pulls over plain HTTP"
	}
	if inert != "" {
		return evidence.EffectiveCertificate{Source: evidence.CertificateNone, Why: inert, Configured: c.Configured}
	}
	if c.Source == evidence.CertificateNone {
		return c // none is none, whatever the mode
	}
	// A mode that is not known matters only where it could make AOP inert.
	certain := possible != nil && !slices.ContainsFunc(possible, func(m string) bool { return !keepsAOP(m) })
	if !certain && !keepsAOP(h.SSLMode.Value) {
		c.Gaps = append(c.Gaps, h.SSLMode.Gaps...)
		if h.SSLMode.Value != "" {
			c.Gaps = append(c.Gaps, evidence.Gap{What: "what the SSL mode " + h.SSLMode.Value + " does to AOP: this build does not know it"})
		}
		if c.Source != evidence.CertificateUnknown {
			c.Why = "the SSL mode is not known, so neither is whether AOP is in effect"
		}
		c.Source, c.ID = evidence.CertificateUnknown, ""
	}
	return c
}

// configured says which level gives a name its certificate, leaving aside what
// makes AOP inert. The hostname level comes before the zone level, and that
// before the global one
// (https://developers.cloudflare.com/ssl/origin-configuration/authenticated-origin-pull/).
func (v *zoneView) configured(name string) evidence.EffectiveCertificate {
	if c, done := v.hostnameLevel(name); done {
		return c
	}
	if c, done := v.zoneLevel(); done {
		return c
	}
	return v.globalLevel()
}

// unknownCertificate is an answer that cannot be given.
func unknownCertificate(why string, gaps ...evidence.Gap) evidence.EffectiveCertificate {
	return evidence.EffectiveCertificate{Source: evidence.CertificateUnknown, Why: why, Gaps: gaps}
}

// hostnameLevel answers from the associations; done is false where the hostname
// level leaves the question to the zone level.
func (v *zoneView) hostnameLevel(name string) (c evidence.EffectiveCertificate, done bool) {
	h := v.z.HostnameAOP
	a, found := association(h.Associations, name)
	if !found {
		if star := wildcardAssociation(h.Associations, name); star != "" {
			return unknownCertificate("whether the association of "+star+" holds for the hostname is not known",
				evidence.Gap{What: "which certificate Cloudflare presents: there is an association for " + star}), true
		}
		if s := h.AssociationsSection; !s.Known() {
			return unknownCertificate("the hostname's own setting is not known, and it would come first",
				gapOf("the hostname-level AOP setting", s)), true
		}
		return c, false
	}
	if !a.Section.Known() && a.Section.State != evidence.SectionUnread {
		return unknownCertificate("the hostname's own setting is not known, and it would come first",
			gapOf("the hostname-level AOP setting", a.Section)), true
	}
	switch a.Enabled {
	case evidence.TriTrue:
		c.Source, c.ID = evidence.CertificateHostname, a.CertificateID
		c.Why = "the hostname has its own certificate"
		status, listed := certificateStatus(h.Certificates, a.CertificateID)
		switch {
		case h.CertificatesSection.State == evidence.SectionRead && !listed:
			return unknownCertificate("the hostname's association names a certificate that is not in the zone's list",
				evidence.Gap{What: "which certificate Cloudflare presents: the associated one is missing"}), true
		case status == "":
			status = a.CertificateStatus
		}
		if status != "" && status != "active" { // only an active one is presented for certain
			return unknownCertificate("the hostname's own certificate is "+status,
				evidence.Gap{What: "which certificate Cloudflare presents: the status of the associated one is " + status}), true
		}
		return c, true
	case evidence.TriFalse:
		c.Source = evidence.CertificateNone
		c.Why = "AOP is switched off for the hostname, which overrides the zone level"
		return c, true
	case evidence.TriNull:
		return c, false // null voids the association
	}
	return unknownCertificate("the hostname's association does not say whether it is on",
		evidence.Gap{What: "whether the hostname's association is on: the API's answer does not say"}), true
}

// association returns a hostname's association. Of several, those that were
// deleted do not count, and of the rest the latest does.
func association(list []evidence.Association, name string) (evidence.Association, bool) {
	var best evidence.Association
	found := false
	for _, a := range list {
		if a.Hostname != name || a.Status == "deleted" {
			continue
		}
		if !found || later(a, best) {
			best, found = a, true
		}
	}
	return best, found
}

// wildcardAssociation returns the hostname of an association whose star covers a
// name, or "". Cloudflare's documentation does not say whether there is such a thing.
func wildcardAssociation(list []evidence.Association, name string) string {
	for _, a := range list {
		parent, star := strings.CutPrefix(a.Hostname, "*.")
		if star && a.Status != "deleted" && a.Enabled != evidence.TriNull && strings.HasSuffix(name, "."+parent) {
			return a.Hostname
		}
	}
	return ""
}

// later reports whether a was changed after b; where times are missing, an active
// association counts as the later one.
func later(a, b evidence.Association) bool {
	if a.UpdatedOn != nil && b.UpdatedOn != nil && !a.UpdatedOn.Equal(*b.UpdatedOn) {
		return a.UpdatedOn.After(*b.UpdatedOn)
	}
	return a.Status == "active" && b.Status != "active"
}

// certificateStatus returns the status of a certificate, and whether it is in the
// list at all.
func certificateStatus(list []evidence.ClientCertificate, id string) (status string, listed bool) {
	i := slices.IndexFunc(list, func(c evidence.ClientCertificate) bool { return c.ID == id })
	if i < 0 {
		return "", false
	}
	return list[i].Status, true
}

// zoneLevel answers from the zone's own certificates; done is false where the
// zone level leaves the question to the global level.
func (v *zoneView) zoneLevel() (c evidence.EffectiveCertificate, done bool) {
	a := v.z.AOP
	switch {
	case !a.SettingSection.Known() || a.Enabled == evidence.TriUnknown || a.Enabled == evidence.TriNull:
		return unknownCertificate("whether the zone level is on is not known", gapOf("the zone-level AOP setting", a.SettingSection)), true
	case a.Enabled == evidence.TriFalse:
		return c, false
	}
	newest, moving, sure := deployed(a.Certificates)
	switch {
	case newest != nil && !sure:
		c.Source = evidence.CertificateZone
		c.Why = "the zone level is on with one of the zone's own certificates; the API does not say which of the active ones was deployed last"
		return c, true
	case newest != nil:
		c.Source, c.ID = evidence.CertificateZone, newest.ID
		c.Why = "the zone level is on with the zone's own certificate"
		return c, true
	case !a.CertificatesSection.Known():
		return unknownCertificate("the zone level is on, but its certificates are not known",
			gapOf("the list of zone-level certificates", a.CertificatesSection)), true
	case moving != nil:
		return unknownCertificate(fmt.Sprintf("the zone level is on, and its only certificate is %s", moving.Status),
			evidence.Gap{What: "whether the zone's certificate is deployed: its status is " + moving.Status}), true
	}
	return c, false // on, but with nothing to present
}

// deployed returns the most recently deployed active certificate, and, where none
// is active, one that is on its way in or out. It is not sure which is the most
// recent where there are several and their times are not all known.
func deployed(list []evidence.ClientCertificate) (newest, moving *evidence.ClientCertificate, sure bool) {
	active, undated := 0, 0
	for i := range list {
		c := &list[i]
		switch c.Status {
		case "active":
			active++
			if c.UploadedOn == nil {
				undated++
			}
			if newest == nil || c.UploadedOn != nil && (newest.UploadedOn == nil || c.UploadedOn.After(*newest.UploadedOn)) {
				newest = c
			}
		case "initializing", "deleted":
			// Certainly not presented.
		default:
			moving = c
		}
	}
	return newest, moving, active <= 1 || undated == 0
}

// globalLevel answers from Cloudflare's own certificate.
func (v *zoneView) globalLevel() evidence.EffectiveCertificate {
	switch v.z.Settings.TLSClientAuth {
	case "on":
		return evidence.EffectiveCertificate{Source: evidence.CertificateGlobal,
			Why: "the global level is on: Cloudflare presents its own certificate, which it presents for all its customers"}
	case "off":
		return evidence.EffectiveCertificate{Source: evidence.CertificateNone, Why: "AOP is off on every level"}
	}
	return unknownCertificate("whether the global level is on is not known",
		gapOf("the zone setting tls_client_auth", v.z.Settings.Setting("tls_client_auth")))
}
