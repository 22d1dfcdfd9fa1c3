package evidence

import "time"

// Account holds what is read once per account.
type Account struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Pools and Monitors are the load-balancing objects of the account.
	PoolsSection    Section   `json:"pools_section"`
	Pools           []Pool    `json:"pools,omitempty"`
	MonitorsSection Section   `json:"monitors_section"`
	Monitors        []Monitor `json:"monitors,omitempty"`
	// Tunnels are the account's cfargotunnel.com tunnels.
	TunnelsSection Section  `json:"tunnels_section"`
	Tunnels        []Tunnel `json:"tunnels,omitempty"`
	// Railguns: the API is gone for most accounts, so absent is usual.
	RailgunsSection Section   `json:"railguns_section"`
	Railguns        []Railgun `json:"railguns,omitempty"`
	// Notifications are the alerting policies of the account.
	NotificationsSection Section        `json:"notifications_section"`
	Notifications        []Notification `json:"notifications,omitempty"`
}

// Pool is a load-balancer pool.
type Pool struct {
	ID        string       `json:"id"`
	Name      string       `json:"name"`
	Enabled   Tri          `json:"enabled"`
	MonitorID string       `json:"monitor_id,omitempty"`
	Origins   []PoolOrigin `json:"origins,omitempty"`
}

// PoolOrigin is one origin of a pool. Port 0 means the scheme's default.
type PoolOrigin struct {
	Name    string `json:"name"`
	Address string `json:"address"` // an IP address or a host name
	Port    int    `json:"port,omitempty"`
	Enabled Tri    `json:"enabled"`
	// HostHeader overrides the Host header that the origin receives.
	HostHeader string `json:"host_header,omitempty"`
}

// Monitor is a load-balancer health check.
type Monitor struct {
	ID   string `json:"id"`
	Type string `json:"type"` // "http", "https", "tcp", ...
	// ProbeZone is the zone whose settings, AOP among them, the check emulates.
	ProbeZone string `json:"probe_zone,omitempty"`
	Port      int    `json:"port,omitempty"`
	Path      string `json:"path,omitempty"`
	Host      string `json:"host,omitempty"`
}

// Tunnel is a Cloudflare Tunnel.
type Tunnel struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Deleted bool   `json:"deleted,omitempty"`
}

// Railgun is a Railgun of the account.
type Railgun struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Status  string `json:"status"`
	Enabled Tri    `json:"enabled"`
	// Zones are the identifiers of the zones connected to it.
	Zones []string `json:"zones,omitempty"`
}

// Notification is an alerting policy of the account.
type Notification struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Type    string `json:"type"` // alert_type, for example "hostname_aop_custom_certificate_expiration_type"
	Enabled Tri    `json:"enabled"`
}

// Zone is what Cloudflare is told to do for one zone.
type Zone struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	AccountID   string `json:"account_id,omitempty"`
	AccountName string `json:"account_name,omitempty"`
	Status      string `json:"status,omitempty"` // "active", "pending", "moved", ...
	Type        string `json:"type,omitempty"`   // "full", "partial", "secondary"
	Plan        string `json:"plan,omitempty"`
	Paused      Tri    `json:"paused"`

	Settings        ZoneSettings          `json:"settings"`
	AOP             ZoneAOP               `json:"aop"`
	HostnameAOP     HostnameAOP           `json:"hostname_aop"`
	DNS             DNS                   `json:"dns"`
	ConfigRules     Rules[ConfigRule]     `json:"config_rules"`
	OriginRules     Rules[OriginRule]     `json:"origin_rules"`
	PageRules       Rules[PageRule]       `json:"page_rules"`
	LoadBalancers   Rules[LoadBalancer]   `json:"load_balancers"`
	CustomHostnames Rules[CustomHostname] `json:"custom_hostnames"`
	FallbackOrigin  FallbackOrigin        `json:"fallback_origin"`
	WorkerRoutes    Rules[WorkerRoute]    `json:"worker_routes"`
	SpectrumApps    Rules[SpectrumApp]    `json:"spectrum_apps"`

	// Hostnames is what follows from all of the above, per hostname, computed
	// when the evidence was gathered; sorted by name.
	Hostnames []Hostname `json:"hostnames,omitempty"`
}

// Inactive reports whether the zone's status says that Cloudflare does not answer
// for it. A status that this build does not know is taken for one that serves:
// rather a hostname too many
// (https://developers.cloudflare.com/dns/zone-setups/reference/domain-status/).
func (z *Zone) Inactive() bool {
	switch z.Status {
	case "initializing", "pending", "moved", "deleted", "deactivated":
		return true
	}
	return false
}

// Rules is a list with how it was read.
type Rules[T any] struct {
	Section
	Items []T `json:"items,omitempty"`
}

// ZoneSettings are the zone settings that aopscan judges. An empty value means
// that Cloudflare did not tell it.
type ZoneSettings struct {
	Section
	// SSL is "off", "flexible", "full", "strict" or "origin_pull".
	SSL string `json:"ssl,omitempty"`
	// SSLAutomaticMode is "auto" or "custom" (Automatic SSL/TLS).
	SSLAutomaticMode string `json:"ssl_automatic_mode,omitempty"`
	// TLSClientAuth is the global AOP switch, "on" or "off": Cloudflare's own
	// certificate, shared by all its customers.
	TLSClientAuth string `json:"tls_client_auth,omitempty"`
	// AlwaysUseHTTPS is "on" or "off".
	AlwaysUseHTTPS string `json:"always_use_https,omitempty"`
	// Unread names the settings that could not be read though others could,
	// each with how.
	Unread map[string]Section `json:"unread,omitempty"`
}

// Setting returns how the named setting ("ssl", "tls_client_auth",
// "always_use_https") was read.
func (z ZoneSettings) Setting(name string) Section {
	if s, ok := z.Unread[name]; ok {
		return s
	}
	return z.Section
}

// ZoneAOP is the zone level of AOP.
type ZoneAOP struct {
	// SettingSection is how origin_tls_client_auth/settings was read, Enabled
	// what it said.
	SettingSection Section `json:"setting_section"`
	Enabled        Tri     `json:"enabled"`
	// CertificatesSection is how the list of zone certificates was read.
	CertificatesSection Section             `json:"certificates_section"`
	Certificates        []ClientCertificate `json:"certificates,omitempty"`
}

// HostnameAOP is the hostname level of AOP.
type HostnameAOP struct {
	CertificatesSection Section             `json:"certificates_section"`
	Certificates        []ClientCertificate `json:"certificates,omitempty"`
	AssociationsSection Section             `json:"associations_section"`
	Associations        []Association       `json:"associations,omitempty"`
}

// ClientCertificate is a certificate that Cloudflare may present to origins.
type ClientCertificate struct {
	ID string `json:"id"`
	// Status is the API's word, kept beside the facts because Cloudflare says
	// "active" of certificates that expired years ago.
	Status string `json:"status"`
	// UploadedOn and UpdatedOn are nil when Cloudflare sent null, nothing, or a
	// time of year 1.
	UploadedOn *time.Time `json:"uploaded_on,omitempty"`
	UpdatedOn  *time.Time `json:"updated_on,omitempty"`
	// ExpiresOn is the API's word; the certificate's own NotAfter wins.
	ExpiresOn *time.Time `json:"expires_on,omitempty"`
	// Leaf is nil when the PEM was missing or did not parse; ParseError says why.
	Leaf       *Certificate `json:"leaf,omitempty"`
	ParseError string       `json:"parse_error,omitempty"`
	// Chain holds the other certificates of the PEM.
	Chain []Certificate `json:"chain,omitempty"`
}

// Expiry returns when the certificate ends, and whether that is known.
func (c ClientCertificate) Expiry() (time.Time, bool) {
	switch {
	case c.Leaf != nil:
		return c.Leaf.NotAfter, true
	case c.ExpiresOn != nil:
		return *c.ExpiresOn, true
	}
	return time.Time{}, false
}

// Association ties a hostname to a hostname certificate.
type Association struct {
	Hostname string `json:"hostname"`
	// Enabled: true gives the certificate, false means none even where the zone
	// level is on, null voids the association.
	Enabled       Tri    `json:"enabled"`
	CertificateID string `json:"certificate_id,omitempty"`
	// Status and CertificateStatus are the API's words.
	Status            string `json:"status,omitempty"`
	CertificateStatus string `json:"certificate_status,omitempty"`
	// UpdatedOn is when the association was last changed, nil when Cloudflare did
	// not say; of several for one hostname the latest counts.
	UpdatedOn *time.Time `json:"updated_on,omitempty"`
	// Section is how this association was read, when it was asked alone.
	Section Section `json:"section"`
}

// DNS is the zone's records.
type DNS struct {
	Section
	Records []DNSRecord `json:"records,omitempty"`
}

// DNSRecord is one record. Content is bounded and holds no secret.
type DNSRecord struct {
	ID      string `json:"id,omitempty"`
	Type    string `json:"type"`
	Name    string `json:"name"`
	Content string `json:"content"`
	Proxied Tri    `json:"proxied"`
	// Managed names the Cloudflare product that keeps the record ("workers",
	// "r2", "pages", "tunnel", "email-routing"), empty for the customer's own.
	Managed string `json:"managed,omitempty"`
	// FlattenCNAME and similar details are left out: they do not move the origin.
}

// RuleMatch is what the small evaluator could say of a rule for a hostname.
type RuleMatch string

// The answers of the rule evaluator.
const (
	MatchNo        RuleMatch = "no"
	MatchYes       RuleMatch = "yes"
	MatchUndecided RuleMatch = "undecided"
	// MatchPart: the rule matches some of the hostname's requests (a path, a
	// method, plain HTTP only) or none of them, never all.
	MatchPart RuleMatch = "part"
)

// ConfigRule is a rule of phase http_config_settings that sets the SSL mode.
type ConfigRule struct {
	ID          string `json:"id"`
	Description string `json:"description,omitempty"`
	Expression  string `json:"expression"`
	Enabled     Tri    `json:"enabled"`
	SSL         string `json:"ssl,omitempty"`
}

// OriginRule is a rule of phase http_request_origin.
type OriginRule struct {
	ID          string `json:"id"`
	Description string `json:"description,omitempty"`
	Expression  string `json:"expression"`
	Enabled     Tri    `json:"enabled"`
	// OriginHost and OriginPort override where the request goes, HostHeader and
	// SNI what it says.
	OriginHost string `json:"origin_host,omitempty"`
	OriginPort int    `json:"origin_port,omitempty"`
	HostHeader string `json:"host_header,omitempty"`
	SNI        string `json:"sni,omitempty"`
}

// PageRule is a page rule that touches AOP or the origin.
type PageRule struct {
	ID       string `json:"id"`
	Target   string `json:"target"` // the URL pattern
	Status   string `json:"status"` // "active" or "disabled"
	Priority int    `json:"priority"`
	// The actions; empty where the rule does not have them.
	SSL                string `json:"ssl,omitempty"`
	ResolveOverride    string `json:"resolve_override,omitempty"`
	HostHeaderOverride string `json:"host_header_override,omitempty"`
	AlwaysUseHTTPS     bool   `json:"always_use_https,omitempty"`
}

// LoadBalancer is a load balancer of the zone.
type LoadBalancer struct {
	ID      string `json:"id"`
	Name    string `json:"name"` // the hostname
	Proxied Tri    `json:"proxied"`
	Enabled Tri    `json:"enabled"`
	// PoolIDs are all pools it can use: default, fallback, region, country, PoP
	// and rule overrides, without repeats.
	PoolIDs []string `json:"pool_ids,omitempty"`
}

// CustomHostname is a Cloudflare for SaaS hostname.
type CustomHostname struct {
	ID       string `json:"id"`
	Hostname string `json:"hostname"`
	Status   string `json:"status,omitempty"`
	// OriginServer is the custom origin, or empty for the fallback origin.
	OriginServer string `json:"origin_server,omitempty"`
	OriginSNI    string `json:"origin_sni,omitempty"`
}

// FallbackOrigin is the zone's fallback origin for custom hostnames.
type FallbackOrigin struct {
	Section
	Origin string `json:"origin,omitempty"`
	Status string `json:"status,omitempty"`
}

// WorkerRoute is a Workers route.
type WorkerRoute struct {
	ID      string `json:"id"`
	Pattern string `json:"pattern"`
	Script  string `json:"script,omitempty"` // empty: the route disables Workers
}

// SpectrumApp is a Spectrum application.
type SpectrumApp struct {
	ID       string   `json:"id"`
	Hostname string   `json:"hostname"`
	Protocol string   `json:"protocol"` // "tcp/22", "https", ...
	TLS      string   `json:"tls,omitempty"`
	Origins  []string `json:"origins,omitempty"`
}
