// Package evidence is the vocabulary that the rest of aopscan speaks: what
// Cloudflare was told to do and what origins did, as flat data with JSON tags.
//
// The types hold facts and no judgement. They never embed the Cloudflare
// client's structs, so a private key or a token cannot be stored by
// construction. One value of [Evidence] holds everything that judging needs,
// the clock included: the same evidence gives the same results on another
// machine and another day.
package evidence

import "time"

// SchemaVersion is the version of the evidence file that this build writes.
// It grows when a reader of the previous version would misunderstand the file.
const SchemaVersion = 1

// Evidence is everything one scan read and saw.
type Evidence struct {
	// SchemaVersion says how to read the file; see [SchemaVersion].
	SchemaVersion int `json:"schema_version"`
	// Tool is the build that gathered the evidence.
	Tool Tool `json:"tool"`
	// StartedAt and CollectedAt bound the gathering. CollectedAt is the clock of
	// every judgement: "expired" means expired at CollectedAt.
	StartedAt   time.Time `json:"started_at"`
	CollectedAt time.Time `json:"collected_at"`
	// Scope is what was asked for.
	Scope Scope `json:"scope"`
	// Accounts holds what is read once per account.
	Accounts []Account `json:"accounts,omitempty"`
	// Zones holds what is read per zone, sorted by name.
	Zones []Zone `json:"zones,omitempty"`
	// EdgeRanges are Cloudflare's own addresses: an edge is never an origin.
	EdgeRanges EdgeRanges `json:"edge_ranges"`
	// ProbeOptions is how probing was configured. A nil value means that nothing
	// was probed (--no-probe).
	ProbeOptions *ProbeOptions `json:"probe_options,omitempty"`
	// Endpoints are the probed origins with their observations, sorted by
	// hostname, address and port.
	Endpoints []Endpoint `json:"endpoints,omitempty"`
	// Edges are the answers through Cloudflare, per hostname (edge control).
	Edges []Edge `json:"edges,omitempty"`
	// Problems are failures that belong to no single section: a zone that could
	// not be found, an interrupt, a scan cut short.
	Problems []Problem `json:"problems,omitempty"`
}

// Tool identifies the build that wrote a file.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
}

// Scope is what the user asked to have scanned.
type Scope struct {
	// Zones and Accounts are the selectors as given; both empty means every
	// zone that the token can read.
	Zones    []string `json:"zones,omitempty"`
	Accounts []string `json:"accounts,omitempty"`
	// Targets are the hosts of `aopscan probe`; set only there.
	Targets []string `json:"targets,omitempty"`
	// APIURL is the API address, without credentials.
	APIURL string `json:"api_url,omitempty"`
	// ConfigFile is the path of aopscan.yaml as given, or empty.
	ConfigFile string `json:"config_file,omitempty"`
}

// Problem is a failure that belongs to no single section.
type Problem struct {
	// Zone is the zone's name, where the problem belongs to one.
	Zone string `json:"zone,omitempty"`
	// What was being done, and Cause why it failed. Hint says what to do.
	What  string `json:"what"`
	Cause string `json:"cause"`
	Hint  string `json:"hint,omitempty"`
	// Interrupted is true when the scan was stopped by a signal or a deadline.
	Interrupted bool `json:"interrupted,omitempty"`
}

// SectionState says whether a part of the configuration was read.
type SectionState string

// The states of a section. The zero value means that nobody tried to read it.
const (
	SectionUnread SectionState = ""       // not attempted
	SectionRead   SectionState = "read"   // read; an empty section is empty at Cloudflare
	SectionDenied SectionState = "denied" // 401 or 403: the token may not read it
	SectionAbsent SectionState = "absent" // 404: Cloudflare has no such thing here
	SectionFailed SectionState = "failed" // anything else: network, 5xx, malformed answer
)

// Section says how a part of the configuration was read. What depends on a
// section that was not read is inconclusive and names Permission.
type Section struct {
	State SectionState `json:"state"`
	// Permission is the API token permission that reading needs, as Cloudflare's
	// dashboard spells it, for example "Zone · SSL and Certificates · Read".
	Permission string `json:"permission,omitempty"`
	// Endpoint is the API path that was asked.
	Endpoint string `json:"endpoint,omitempty"`
	// HTTPStatus, Code and Error are the API's answer when it was not a success.
	HTTPStatus int    `json:"http_status,omitempty"`
	Code       int    `json:"code,omitempty"`
	Error      string `json:"error,omitempty"`
}

// Known reports whether the section's content can be judged: it was read, or
// Cloudflare said that there is no such thing.
func (s Section) Known() bool { return s.State == SectionRead || s.State == SectionAbsent }

// Tri is a switch that can be on, off, null or not told.
type Tri string

// The values of a [Tri]. The zero value means that the answer did not say.
const (
	TriUnknown Tri = ""
	TriTrue    Tri = "true"
	TriFalse   Tri = "false"
	TriNull    Tri = "null" // JSON null, which voids a hostname association
)

// TriOf returns TriTrue or TriFalse.
func TriOf(b bool) Tri {
	if b {
		return TriTrue
	}
	return TriFalse
}

// EdgeRanges are Cloudflare's published address ranges
// (https://www.cloudflare.com/ips/).
type EdgeRanges struct {
	// Source is "api" or "embedded".
	Source string   `json:"source,omitempty"`
	CIDRs  []string `json:"cidrs,omitempty"`
}

// Certificate is an X.509 certificate as plain fields.
type Certificate struct {
	Subject string `json:"subject"`
	Issuer  string `json:"issuer"`
	// Serial is in lower-case hexadecimal.
	Serial    string    `json:"serial,omitempty"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	// KeyType is "RSA", "ECDSA" or "Ed25519"; KeyBits its size.
	KeyType            string `json:"key_type,omitempty"`
	KeyBits            int    `json:"key_bits,omitempty"`
	SignatureAlgorithm string `json:"signature_algorithm,omitempty"`
	IsCA               bool   `json:"is_ca,omitempty"`
	// BasicConstraints reports whether the extension is present at all.
	BasicConstraints bool     `json:"basic_constraints,omitempty"`
	KeyUsage         []string `json:"key_usage,omitempty"`
	// ExtKeyUsage holds "clientAuth", "serverAuth", "any", or dotted OIDs.
	// Empty means that the extension is absent (RFC 5280, 4.2.1.12).
	ExtKeyUsage []string `json:"ext_key_usage,omitempty"`
	DNSNames    []string `json:"dns_names,omitempty"`
	// SHA256 is the fingerprint of the DER, in lower-case hexadecimal.
	SHA256 string `json:"sha256"`
	// SubjectRaw and IssuerRaw are the DER of the names in lower-case
	// hexadecimal: names are compared byte by byte, not by their spelling.
	SubjectRaw string `json:"subject_raw,omitempty"`
	IssuerRaw  string `json:"issuer_raw,omitempty"`
}
