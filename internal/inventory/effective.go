package inventory

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

// surroundings are what the answer for a zone's hostnames depends on besides the
// zone.
type surroundings struct {
	account  *evidence.Account
	edge     []netip.Prefix
	resolved map[string]resolution
	extra    []ExtraOrigin
}

// wildcardLabel stands for the star of a wildcard record on the wire: a name that
// no other record answers.
const wildcardLabel = "aopscan-wildcard-check"

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
	z       *evidence.Zone
	s       surroundings
	records map[string][]evidence.DNSRecord // host records by name
	sources map[string][]string             // why a name is in the scan
}

func newZoneView(z *evidence.Zone, s surroundings) *zoneView {
	v := &zoneView{z: z, s: s, records: map[string][]evidence.DNSRecord{}, sources: map[string][]string{}}
	for _, r := range z.DNS.Records {
		if isHostRecord(r.Type) && validName(r.Name) && !isServiceName(r.Name) {
			v.records[r.Name] = append(v.records[r.Name], r)
			v.source(r.Name, "dns")
		}
	}
	for _, e := range s.extra {
		if inZone(e.Hostname, z.Name) {
			v.source(e.Hostname, "user")
		}
	}
	return v
}

// source notes why a name is in the scan.
func (v *zoneView) source(name, why string) {
	if !slices.Contains(v.sources[name], why) {
		v.sources[name] = append(v.sources[name], why)
	}
}

// names returns the zone's hostnames, sorted.
func (v *zoneView) names() []string {
	names := make([]string, 0, len(v.sources))
	for n := range v.sources {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

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
	h := evidence.Hostname{Name: name, Sources: v.sources[name], SSLMode: v.sslMode(name)}
	if w := wireName(name); w != name {
		h.WireName = w
	}
	h.AlwaysUseHTTPS = onOff(v.z.Settings.AlwaysUseHTTPS)
	recorded := v.proxied(name)
	h.Proxied = recorded
	if v.z.Paused == evidence.TriTrue {
		h.Proxied = evidence.TriFalse
	}
	if recorded != evidence.TriFalse {
		v.origins(name, &h)
	}
	h.Certificate = v.certificate(&h)
	return h
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

// proxied says whether Cloudflare's edge answers for a name, leaving aside a
// paused zone. One proxied record makes all address records of its name proxied.
func (v *zoneView) proxied(name string) evidence.Tri {
	p := evidence.TriUnknown
	for _, r := range v.records[name] {
		if r.Proxied == evidence.TriTrue {
			return evidence.TriTrue
		}
		if r.Proxied == evidence.TriFalse {
			p = evidence.TriFalse
		}
	}
	return p
}

// sslMode says which SSL mode applies to a name.
func (v *zoneView) sslMode(string) evidence.SSLMode {
	set := v.z.Settings.Setting("ssl")
	if v.z.Settings.SSL == "" {
		return evidence.SSLMode{Gaps: []evidence.Gap{gapOf("the zone's SSL mode", set)}}
	}
	return evidence.SSLMode{Value: v.z.Settings.SSL, Source: "zone"}
}

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

// certificate says which client certificate the origin will see.
func (v *zoneView) certificate(h *evidence.Hostname) evidence.EffectiveCertificate {
	c := v.configured(h.Name)
	c.Configured = c.Source
	inert := ""
	switch {
	case v.z.Paused == evidence.TriTrue:
		inert = "the zone is paused: visitors reach the origin directly"
	case h.Proxied == evidence.TriFalse:
		inert = "the record is DNS only: visitors reach the origin directly"
	case h.SSLMode.Value == "off" || h.SSLMode.Value == "flexible":
		if !h.SSLMode.PartOfTraffic {
			inert = "the SSL mode " + h.SSLMode.Value + " makes AOP inert: Cloudflare pulls over plain HTTP"
		}
	}
	if inert != "" {
		return evidence.EffectiveCertificate{Source: evidence.CertificateNone, Why: inert, Configured: c.Configured, Gaps: nil}
	}
	if c.Source == evidence.CertificateNone {
		return c // none is none, whatever the mode
	}
	if h.SSLMode.Value == "" {
		c.Gaps = append(c.Gaps, h.SSLMode.Gaps...)
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
		if h.CertificatesSection.State == evidence.SectionRead && !hasCertificate(h.Certificates, a.CertificateID) {
			return unknownCertificate("the hostname's association names a certificate that is not in the zone's list",
				evidence.Gap{What: "which certificate Cloudflare presents: the associated one is missing"}), true
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

// later reports whether a was changed after b; where times are missing, an active
// association counts as the later one.
func later(a, b evidence.Association) bool {
	if a.UpdatedOn != nil && b.UpdatedOn != nil && !a.UpdatedOn.Equal(*b.UpdatedOn) {
		return a.UpdatedOn.After(*b.UpdatedOn)
	}
	return a.Status == "active" && b.Status != "active"
}

func hasCertificate(list []evidence.ClientCertificate, id string) bool {
	return slices.ContainsFunc(list, func(c evidence.ClientCertificate) bool { return c.ID == id })
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
	newest, moving := deployed(a.Certificates)
	switch {
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
// is active, one that is on its way in or out.
func deployed(list []evidence.ClientCertificate) (newest, moving *evidence.ClientCertificate) {
	for i := range list {
		c := &list[i]
		switch c.Status {
		case "active":
			if newest == nil || c.UploadedOn != nil && (newest.UploadedOn == nil || c.UploadedOn.After(*newest.UploadedOn)) {
				newest = c
			}
		case "initializing", "deleted":
			// Certainly not presented.
		default:
			moving = c
		}
	}
	return newest, moving
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

// origins finds where the requests of a name go.
func (v *zoneView) origins(name string, h *evidence.Hostname) {
	wire := wireName(name)
	for _, r := range v.records[name] {
		switch r.Type {
		case "A", "AAAA":
			addr, err := netip.ParseAddr(r.Content)
			if err != nil {
				h.OriginNotes = append(h.OriginNotes, evidence.Gap{What: "the address of a record is not one: " + r.Content})
				continue
			}
			h.Origins = append(h.Origins, v.origin(addr, evidence.Origin{Source: "dns", SNI: wire, Host: wire, Port: 443}))
		case "CNAME":
			v.follow(name, r.Content, h)
		}
	}
	for _, e := range v.s.extra {
		if e.Hostname == name {
			v.extraOrigin(e, wire, h)
		}
	}
}

// origin completes an origin with its address.
func (v *zoneView) origin(addr netip.Addr, o evidence.Origin) evidence.Origin {
	o.Address, o.Edge = addr.String(), containsAddr(v.s.edge, addr)
	if o.Scheme == "" {
		o.Scheme = "https"
	}
	return o
}

// follow adds the origins behind a CNAME.
func (v *zoneView) follow(name, target string, h *evidence.Hostname) {
	wire := wireName(name)
	o := evidence.Origin{Source: "cname", Name: target, SNI: wire, Host: wire, Port: 443}
	v.byName(target, o, h)
}

// byName adds the origins that a name outside the zone resolved to.
func (v *zoneView) byName(target string, o evidence.Origin, h *evidence.Hostname) {
	res, asked := v.s.resolved[target]
	if !asked || res.err != "" {
		why := res.err
		if !asked {
			why = "it was not resolved"
		}
		h.OriginNotes = append(h.OriginNotes, evidence.Gap{What: fmt.Sprintf("the addresses of the origin %s: %s", target, why)})
		o.Scheme = "https"
		h.Origins = append(h.Origins, o)
		return
	}
	for _, a := range res.addrs {
		h.Origins = append(h.Origins, v.origin(a, o))
	}
}

// extraOrigin adds an origin that the user named.
func (v *zoneView) extraOrigin(e ExtraOrigin, wire string, h *evidence.Hostname) {
	o := evidence.Origin{Source: "user", SNI: wire, Host: wire, Port: e.Port}
	if e.Address.IsValid() {
		h.Origins = append(h.Origins, v.origin(e.Address, o))
		return
	}
	o.Name = e.Name
	v.byName(e.Name, o, h)
}
