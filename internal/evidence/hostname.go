package evidence

// Hostname is what Cloudflare will do for one hostname: the answer of the API
// alone (effective AOP).
type Hostname struct {
	// Name is the hostname; that of a wildcard record begins with "*.".
	Name string `json:"name"`
	// WireName is the made-up name that stands for a wildcard on the wire; empty
	// where Name itself is used.
	WireName string `json:"wire_name,omitempty"`
	// Sources say why the hostname is in the scan: "dns", "load-balancer",
	// "custom-hostname", "spectrum", "user", or "wildcard" for a name that only a
	// wildcard record answers and that the configuration mentions.
	Sources []string `json:"sources,omitempty"`
	// Proxied: whether Cloudflare's edge answers for it. Paused zones answer
	// TriFalse for every hostname.
	Proxied Tri `json:"proxied"`
	// NoOrigin says why there is no origin to probe (a tunnel, Pages, R2, an
	// originless placeholder, a Workers-only route ...); empty where there is one.
	NoOrigin string `json:"no_origin,omitempty"`
	// SSLMode is the mode that applies to the hostname.
	SSLMode SSLMode `json:"ssl_mode"`
	// AlwaysUseHTTPS is whether plain-HTTP visitors are redirected at the edge
	// for all paths.
	AlwaysUseHTTPS Tri `json:"always_use_https"`
	// Certificate is what the origin will see.
	Certificate EffectiveCertificate `json:"certificate"`
	// Origins are where requests go.
	Origins []Origin `json:"origins,omitempty"`
	// OriginNotes say what is not known of the origins: a CNAME that did not
	// resolve, an undecided Origin Rule, a section that could not be read.
	OriginNotes []Gap `json:"origin_notes,omitempty"`
}

// Gap is something that could not be known, and what would make it known.
type Gap struct {
	What string `json:"what"`
	// Permission is the token permission that would help, if any.
	Permission string `json:"permission,omitempty"`
	// Expression is the rule expression that could not be decided, if any.
	Expression string `json:"expression,omitempty"`
}

// SSLMode is the SSL mode of a hostname and where it comes from.
type SSLMode struct {
	// Value is "off", "flexible", "full", "strict", "origin_pull", or empty when
	// it cannot be known; then Gaps say why.
	Value string `json:"value,omitempty"`
	// Source is "zone", "page-rule" or "configuration-rule"; Rule names the rule.
	Source string `json:"source,omitempty"`
	Rule   string `json:"rule,omitempty"`
	// PartOfTraffic is true when a rule that matches only some requests of the
	// hostname (a path, a method) changes the mode for these; Others lists the
	// modes that part of the traffic gets.
	PartOfTraffic bool     `json:"part_of_traffic,omitempty"`
	Others        []string `json:"others,omitempty"`
	Gaps          []Gap    `json:"gaps,omitempty"`
}

// CertificateSource says which level of AOP gives a hostname its certificate.
type CertificateSource string

// The levels of AOP. The zero value means that it cannot be known.
const (
	CertificateUnknown  CertificateSource = ""
	CertificateNone     CertificateSource = "none"
	CertificateHostname CertificateSource = "hostname"
	CertificateZone     CertificateSource = "zone"
	CertificateGlobal   CertificateSource = "global" // Cloudflare's own, shared by all customers
)

// EffectiveCertificate is the client certificate that an origin will see for a
// hostname.
type EffectiveCertificate struct {
	Source CertificateSource `json:"source"`
	// ID is the certificate's identifier at Cloudflare (hostname and zone level).
	ID string `json:"id,omitempty"`
	// Why is one sentence: "the SSL mode flexible makes AOP inert".
	Why string `json:"why,omitempty"`
	// Configured is the level that would apply if the SSL mode, a paused zone or
	// a DNS-only record did not make AOP inert. Equal to Source otherwise.
	Configured CertificateSource `json:"configured,omitempty"`
	// Gaps say why Source is unknown.
	Gaps []Gap `json:"gaps,omitempty"`
}

// Origin is one place that requests of a hostname go to.
type Origin struct {
	// Address is an IP address; empty when the name did not resolve.
	Address string `json:"address,omitempty"`
	// Name is the origin's host name, where it was given by name (CNAME, pool).
	Name string `json:"name,omitempty"`
	Port int    `json:"port"`
	// SNI and Host are what Cloudflare sends to this origin.
	SNI  string `json:"sni"`
	Host string `json:"host"`
	// Source is "dns", "cname", "load-balancer", "origin-rule", "page-rule",
	// "custom-hostname", "fallback-origin", "user".
	Source string `json:"source"`
	// Note is a free detail: the pool, the rule, the CNAME chain.
	Note string `json:"note,omitempty"`
	// Edge is true when the address is Cloudflare's own: it is not probed.
	Edge bool `json:"edge,omitempty"`
	// Scheme is "https", or "http" where Cloudflare pulls over plain HTTP.
	Scheme string `json:"scheme,omitempty"`
}
