// Package report holds the report's model and one writer per format.
package report

import (
	"time"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

// SchemaID names the version of the JSON report; the schema is
// docs/schema/report-1.json.
const SchemaID = "https://github.com/aopscan/aopscan/docs/schema/report-1.json"

// Report is what every writer gets: final, sorted, ready to print.
type Report struct {
	Schema     string         `json:"schema"`
	Tool       evidence.Tool  `json:"tool"`
	StartedAt  time.Time      `json:"started_at"`
	FinishedAt time.Time      `json:"finished_at"`
	Scope      evidence.Scope `json:"scope"`
	Summary    Summary        `json:"summary"`
	Results    []Result       `json:"results"`
	Origins    []Origin       `json:"origins"`
	// Hostnames is the inventory: what Cloudflare will do, per hostname.
	Hostnames []Hostname `json:"hostnames,omitempty"`
	// Unread are the sections that could not be read, with the permission each needs.
	Unread   []UnreadSection    `json:"unread,omitempty"`
	Problems []evidence.Problem `json:"problems,omitempty"`
	// Waivers report waivers that expired or match nothing.
	Waivers []WaiverReport `json:"waivers,omitempty"`
	// Loosened names the checks whose thresholds the configuration loosened; the
	// controls they map to are not assessed.
	Loosened []string `json:"loosened,omitempty"`
	// Checks is the catalogue's part that this report speaks of: all selected checks.
	Checks []CheckInfo `json:"checks"`
	// LeftOut are the checks that --check or --skip left out: nothing is said of them.
	LeftOut []CheckInfo `json:"left_out,omitempty"`
	// Baseline counts what changed, where a baseline was given.
	Baseline *BaselineSummary `json:"baseline,omitempty"`
	// Zones are the zones that were read, sorted by name.
	Zones []Zone `json:"zones,omitempty"`
	// Certificates are the client certificates that Cloudflare holds, the one
	// that ends first in front.
	Certificates []Certificate `json:"certificates,omitempty"`
	// Edges are the answers through Cloudflare.
	Edges []evidence.Edge `json:"edges,omitempty"`
	// Probing is how origins were probed; nil means that none was contacted.
	Probing *evidence.ProbeOptions `json:"probing,omitempty"`
	// Catalogue says which catalogue of checks judged.
	Catalogue Catalogue `json:"catalogue"`
	// Control is the framework that the report is grouped by, Controls the groups.
	Control  string         `json:"control,omitempty"`
	Controls []ControlGroup `json:"controls,omitempty"`
}

// Zone is a zone that was read.
type Zone struct {
	ID          string       `json:"id,omitempty"`
	Name        string       `json:"name"`
	AccountID   string       `json:"account_id,omitempty"`
	AccountName string       `json:"account_name,omitempty"`
	Status      string       `json:"status,omitempty"`
	Plan        string       `json:"plan,omitempty"`
	Paused      evidence.Tri `json:"paused"`
}

// Certificate is a client certificate that Cloudflare holds for a zone.
type Certificate struct {
	Zone  string                     `json:"zone"`
	Level evidence.CertificateSource `json:"level"` // "zone" or "hostname"
	ID    string                     `json:"id"`
	// Status is the API's word; Cloudflare says "active" of certificates that expired years ago.
	Status        string     `json:"status,omitempty"`
	Subject       string     `json:"subject,omitempty"`
	Issuer        string     `json:"issuer,omitempty"`
	SHA256        string     `json:"sha256,omitempty"`
	NotBefore     *time.Time `json:"not_before,omitempty"`
	NotAfter      *time.Time `json:"not_after,omitempty"`
	ExpiresInDays *int       `json:"expires_in_days,omitempty"`
	// Hostnames are those that get this certificate.
	Hostnames []string `json:"hostnames,omitempty"`
	// ParseError says why the certificate itself could not be read.
	ParseError string `json:"parse_error,omitempty"`
}

// Catalogue identifies the catalogue of checks.
type Catalogue struct {
	// Checks is how many checks the whole catalogue has, Selected how many judged.
	Checks   int `json:"checks"`
	Selected int `json:"selected"`
	// Digest is the beginning of a SHA-256 over identifiers, severities, titles
	// and control mappings: two reports with one digest asked the same questions.
	Digest string `json:"digest"`
}

// Result is a check's result with the observations it rests on.
type Result struct {
	checks.Result
	Title string `json:"title,omitempty"`
	// WaiverSnippet is a paste-ready waiver, set only where asked for.
	WaiverSnippet string `json:"waiver_snippet,omitempty"`
}

// Summary counts.
type Summary struct {
	// Verdict is one sentence for people.
	Verdict string `json:"verdict"`
	// ExitCode is the exit code that follows from the results.
	ExitCode int    `json:"exit_code"`
	FailOn   string `json:"fail_on"`
	// AllowInconclusive is whether what could not be verified leaves the exit code alone.
	AllowInconclusive bool           `json:"allow_inconclusive,omitempty"`
	Zones             int            `json:"zones"`
	Hostnames         int            `json:"hostnames"`
	Origins           int            `json:"origins"`
	ByStatus          map[string]int `json:"by_status"`
	BySeverity        map[string]int `json:"by_severity"` // failures only
	ByVerdict         map[string]int `json:"by_verdict"`
	ByDrift           map[string]int `json:"by_drift"`
	NotSeen           []string       `json:"not_seen"` // what could not be seen, one sentence each
	Interrupted       bool           `json:"interrupted,omitempty"`
}

// Origin is one endpoint's verdict.
type Origin struct {
	Zone     string `json:"zone,omitempty"`
	Hostname string `json:"hostname"`
	Address  string `json:"address"`
	Port     int    `json:"port"`
	// SNI and Host are what a legitimate request to this origin carries.
	SNI  string `json:"sni,omitempty"`
	Host string `json:"host,omitempty"`
	verdict.Judgement
	Drift verdict.Drift `json:"drift"`
	// CertificateSource is what Cloudflare will present.
	CertificateSource evidence.CertificateSource `json:"certificate_source,omitempty"`
	NotProbed         string                     `json:"not_probed,omitempty"`
	Observations      []evidence.Observation     `json:"observations,omitempty"`
}

// Hostname is one line of the inventory.
type Hostname struct {
	Zone              string                     `json:"zone"`
	Hostname          string                     `json:"hostname"`
	Proxied           evidence.Tri               `json:"proxied"`
	SSLMode           string                     `json:"ssl_mode,omitempty"`
	SSLModeSource     string                     `json:"ssl_mode_source,omitempty"`
	SSLModeOthers     []string                   `json:"ssl_mode_others,omitempty"` // of a part of the requests
	CertificateSource evidence.CertificateSource `json:"certificate_source,omitempty"`
	CertificateID     string                     `json:"certificate_id,omitempty"`
	CertificateWhy    string                     `json:"certificate_why,omitempty"`
	ExpiresAt         *time.Time                 `json:"expires_at,omitempty"`
	ExpiresInDays     *int                       `json:"expires_in_days,omitempty"`
	Origins           []string                   `json:"origins,omitempty"`
	NoOrigin          string                     `json:"no_origin,omitempty"`
	Gaps              []evidence.Gap             `json:"gaps,omitempty"`
}

// UnreadSection is a part of the configuration that could not be read.
type UnreadSection struct {
	Zone    string `json:"zone,omitempty"`
	Account string `json:"account,omitempty"`
	Name    string `json:"name"`
	evidence.Section
}

// WaiverReport is a waiver that expired or matches nothing.
type WaiverReport struct {
	Check   string `json:"check"`
	State   string `json:"state"` // "applied", "expired", "unused" or "unverified"; see the Waiver constants
	Owner   string `json:"owner,omitempty"`
	Expires string `json:"expires,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Matched int    `json:"matched"`
	// Inconclusive counts the results that it speaks of and that could not be
	// judged this time: a waiver is not unneeded because nothing was seen.
	Inconclusive int `json:"inconclusive,omitempty"`
	// File and Line are where it stands.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

// CheckInfo is the catalogue's entry of a check, for consumers of a report.
type CheckInfo struct {
	ID          string             `json:"id"`
	Title       string             `json:"title"`
	Severity    checks.Severity    `json:"severity"`
	Needs       checks.Needs       `json:"needs"`
	Rationale   string             `json:"rationale"`
	Remediation []checks.Remedy    `json:"remediation,omitempty"`
	References  []checks.Reference `json:"references,omitempty"`
	Controls    []checks.Control   `json:"controls,omitempty"`
}

// BaselineSummary counts what changed against a baseline.
type BaselineSummary struct {
	File      string `json:"file"`
	New       int    `json:"new"`
	Unchanged int    `json:"unchanged"`
	Fixed     int    `json:"fixed"`
	// Waived are failures of the baseline that a waiver covers now, NotAssessed
	// those that could not be judged this time: neither is called fixed.
	Waived      int `json:"waived"`
	NotAssessed int `json:"not_assessed"`
}
