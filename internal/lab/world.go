package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// World is what a lab holds: what Cloudflare was told, and the origins.
type World struct {
	Accounts []Account
	Zones    []Zone
	Origins  []Origin
	// CAs are the authorities of client certificates, by name.
	CAs []CA
	// Certs are the client certificates, by name; zones and hostnames name them.
	Certs []Cert
	// ExternalDNS are names outside the zones, each with an origin's name.
	ExternalDNS map[string]string
	// ControlCert is the certificate that [Lab.ClientCertPEM] holds.
	ControlCert string
	// Denied are the sections that the token may not read.
	Denied []Denial
}

func (w *World) origin(name string) Origin {
	for _, o := range w.Origins {
		if o.Name == name {
			return o
		}
	}
	return Origin{}
}

// Account is a Cloudflare account.
type Account struct {
	Name     string
	Pools    []Pool
	Monitors []Monitor
	Tunnels  []string
	// Alerts are the alert types of the enabled notification policies.
	Alerts []string
}

// Pool is a load-balancer pool.
type Pool struct {
	Name string
	// Origins are names of origins on the street.
	Origins []string
	Monitor string // a monitor's description
}

// Monitor is a health check.
type Monitor struct {
	Description string
	ProbeZone   string
}

// Zone is a zone.
type Zone struct {
	Name, Account string
	Paused        bool
	// SSL is the SSL mode; empty means "full".
	SSL string
	// AlwaysUseHTTPS and GlobalAOP are the switches always_use_https and
	// tls_client_auth.
	AlwaysUseHTTPS, GlobalAOP bool
	// ZoneAOP is the switch of the zone level, ZoneCerts its certificates.
	ZoneAOP   bool
	ZoneCerts []ZoneCert
	// HostnameCerts are the certificates of the hostname level.
	HostnameCerts []string
	// Hosts are the hostnames that lead to the street.
	Hosts []Host
	// Records are the other DNS records. {NAME} in the content is the address of
	// the origin with that name.
	Records         []Record
	ConfigRules     []ConfigRule
	PageRules       []PageRule
	LoadBalancers   []LoadBalancer
	CustomHostnames []string
	FallbackOrigin  string
	WorkerRoutes    map[string]string // pattern to script
	Spectrum        []SpectrumApp
	// Pull is what the edge does for the zone's hostnames.
	Pull Pull
}

// ZoneCert is a certificate of the zone level.
type ZoneCert struct {
	Cert string
	// Status is the API's word; empty means "active".
	Status string
	// UploadedDaysAgo orders them: the most recently uploaded is used.
	UploadedDaysAgo int
}

// Host is a hostname that leads to the street.
type Host struct {
	// Name is relative to the zone ("www", "@"), or a full name with a final dot.
	Name string
	// Origin is where it leads: an A record with the origin's address.
	Origin string
	// CNAME makes it a CNAME record to that name instead; the lab's resolver
	// and the edge still lead to Origin.
	CNAME string
	// Pool makes it a load balancer over that pool instead.
	Pool string
	// poolOrigins are filled in from the pool.
	poolOrigins []string
	// CustomHostname: no record of its own; it is a custom hostname of the zone.
	CustomHostname bool
	// PlainPort sends requests to the origin's plain-HTTP port.
	PlainPort bool
	// Association is the hostname level of AOP: "" none, else "true", "false" or
	// "null", with the certificate Cert.
	Association, Cert string
	// Pull overrides the zone's.
	Pull *Pull
	// Verdict and Teaches are as in [HostInfo]; Verdicts are those of a pool's
	// origins, in the pool's order. An empty Verdict means that a scan has no
	// reason to probe.
	Verdict  string
	Verdicts []string
	Teaches  string
}

func (h Host) fqdn(zone string) string { return fqdn(h.Name, zone) }

func (h Host) origins() []string {
	if h.Pool != "" {
		return h.poolOrigins
	}
	if h.Origin == "" {
		return nil
	}
	return []string{h.Origin}
}

func (h Host) verdictOf(origin string) string {
	for i, o := range h.poolOrigins {
		if o == origin && i < len(h.Verdicts) {
			return h.Verdicts[i]
		}
	}
	return h.Verdict
}

// fqdn joins a relative name and its zone.
func fqdn(name, zone string) string {
	switch {
	case name == "@":
		return zone
	case len(name) > 0 && name[len(name)-1] == '.':
		return name[:len(name)-1]
	}
	return name + "." + zone
}

// Pull is what the edge does for a hostname.
type Pull struct {
	// Plain pulls over plain HTTP (flexible).
	Plain bool
	// Cert is the client certificate that it presents, empty for none.
	Cert string
	// Verify checks the origin's certificate (strict).
	Verify bool
}

// Record is a DNS record.
type Record struct {
	Type, Name, Content string
	Proxied             bool
}

// ConfigRule is a rule of phase http_config_settings.
type ConfigRule struct{ Description, Expression, SSL string }

// PageRule is a page rule with its actions.
type PageRule struct {
	Target  string
	Actions map[string]string
}

// LoadBalancer is a load balancer; its pools are those of the account.
type LoadBalancer struct {
	Name  string
	Pools []string
}

// SpectrumApp is a Spectrum application.
type SpectrumApp struct {
	Name, Protocol, Origin string
}

// Posture is how an origin treats clients without a certificate.
type Posture string

// The postures of the street.
const (
	// Demanded refuses in TLS: alert 116 (TLS 1.3) or 40 (TLS 1.2).
	Demanded Posture = "demanded"
	// DemandedHTTP refuses as nginx does: the handshake succeeds, HTTP 400.
	DemandedHTTP Posture = "demanded-http"
	// Open asks nobody.
	Open Posture = "open"
	// Optional asks, refuses a bad certificate and lets none in.
	Optional Posture = "optional"
	// AnyCertificate demands a certificate and checks nothing.
	AnyCertificate Posture = "any-certificate"
	// IssuerName demands a certificate and checks the spelling of its issuer.
	IssuerName Posture = "issuer-name"
	// DefaultVirtualHost demands for its own SNI; every other SNI is let in and
	// the Host header alone chooses the content.
	DefaultVirtualHost Posture = "default-virtual-host"
	// ResumedSession demands for its own SNI, but a session that was opened
	// without a certificate on another name resumes into it.
	ResumedSession Posture = "resumed-session"
	// Forbidden asks nobody and answers 403 to everybody.
	Forbidden Posture = "forbidden"
	// RefusesEverybody asks for a certificate and answers 403 to everybody, the
	// holder of the right one included.
	RefusesEverybody Posture = "refuses-everybody"
	// RefusalPage asks, and without the right certificate serves a page that
	// says so with status 200.
	RefusalPage Posture = "refusal-page"
	// Silent accepts connections and says nothing; see [Lab.Kept].
	Silent Posture = "silent"
	// Dead refuses the connection.
	Dead Posture = "dead"
)

// Origin is one house of the street.
type Origin struct {
	Name string
	// Number is the last two octets of its address ("1.10"), where every origin
	// can have its own.
	Number  string
	Posture Posture
	// Trusts is the CA of the client certificates that it accepts.
	Trusts string
	// Plain also listens for plain HTTP, with the same content.
	Plain bool
	// ExpiredServerCertificate shows a server certificate that expired.
	ExpiredServerCertificate bool
	// Hosts are the names whose content it serves; [Start] adds those that lead here.
	Hosts []string
}

// CA is an authority of client certificates.
type CA struct {
	Name, CommonName, Organization string
}

// Cert is a client certificate.
type Cert struct {
	Name, CommonName, CA string
	// Expires is relative to the lab's clock; ExpiresOn is absolute and wins.
	Expires   time.Duration
	ExpiresOn time.Time
	// Weak gives it a P-224 key.
	Weak bool
}

// day is the unit of certificates.
const day = 24 * time.Hour

// objectID is a 32-digit identifier as Cloudflare's, the same on every start.
func objectID(kind, name string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + name))
	return hex.EncodeToString(sum[:16])
}

// objectUUID is an identifier in the form of those of AOP certificates.
func objectUUID(kind, name string) string {
	s := objectID(kind, name)
	return fmt.Sprintf("%s-%s-4%s-8%s-%s", s[:8], s[8:12], s[13:16], s[17:20], s[20:])
}
