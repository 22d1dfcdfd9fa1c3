// Package checks judges evidence. A check is a pure function from evidence to
// results: no network, clock, environment or file. Each check is one file with
// one case file in testdata/checks.
package checks

import (
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

// Status is the outcome of a check for one subject.
type Status string

// The statuses. Inconclusive is the zero value's meaning: a result that nobody
// filled in is never a pass.
const (
	Inconclusive  Status = "inconclusive"
	Pass          Status = "pass"
	Fail          Status = "fail"
	NotApplicable Status = "not-applicable"
	Skipped       Status = "skipped"
	Waived        Status = "waived"
)

// Severity is how much a failure matters; it is an axis of its own.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Info     Severity = "info"
)

// Rank orders severities: 0 is critical, 4 is info, 5 an unknown word.
func (s Severity) Rank() int {
	for i, v := range []Severity{Critical, High, Medium, Low, Info} {
		if s == v {
			return i
		}
	}
	return 5
}

// Needs says what a check judges from.
type Needs string

// What checks need.
const (
	NeedsConfiguration Needs = "configuration"
	NeedsProbing       Needs = "probing"
)

// Remedy is one way to mend a failure, as commands.
type Remedy struct {
	// Where it applies: "Cloudflare API", "Terraform", "nginx", "Apache", "HAProxy", "Caddy", "Dashboard" ...
	Where string `json:"where"`
	// Text says what the commands do, one sentence; Commands may be empty.
	Text     string `json:"text"`
	Commands string `json:"commands,omitempty"`
}

// Reference is a public source.
type Reference struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Control maps a check to a control of a framework, with the reason.
type Control struct {
	// Framework is "PCI DSS 4.0.1", "NIST SP 800-53 r5", "ISO/IEC 27001:2022",
	// "CIS Controls 8.1", "SOC 2" or "CWE".
	Framework string `json:"framework"`
	ID        string `json:"id"`
	Why       string `json:"why"`
}

// Check is one question that aopscan answers.
type Check struct {
	ID          string
	Title       string
	Severity    Severity
	Rationale   string
	Remediation []Remedy
	References  []Reference
	Controls    []Control
	Needs       Needs
	// Eval judges. It returns at least one result; none is taken as inconclusive.
	Eval func(*Input) []Result
}

// Thresholds are the settable numbers of checks.
type Thresholds struct {
	// ExpiringDays and ExpiringSoonDays are how many days before its end a
	// client certificate is reported.
	ExpiringDays     int `json:"expiring_days"`
	ExpiringSoonDays int `json:"expiring_soon_days"`
	// CAExpiringDays is the same for Cloudflare's shared CA.
	CAExpiringDays int `json:"ca_expiring_days"`
}

// DefaultThresholds are the thresholds without configuration.
var DefaultThresholds = Thresholds{ExpiringDays: 30, ExpiringSoonDays: 14, CAExpiringDays: 365}

// Input is what a check sees.
type Input struct {
	Evidence   *evidence.Evidence
	Now        time.Time // the evidence's CollectedAt
	Thresholds Thresholds
	// Origins are the judged endpoints, in the evidence's order.
	Origins []Origin
}

// Origin is one judged endpoint with what Cloudflare will send to it.
type Origin struct {
	Endpoint  evidence.Endpoint
	Judgement verdict.Judgement
	// Hostname is nil where nothing is known of it (aopscan probe).
	Hostname *evidence.Hostname
	Drift    verdict.Drift
	// trust says whether the origin names the CA of the certificate that Cloudflare
	// presents to it.
	trust trust
}

// Result is the outcome of a check for one subject.
type Result struct {
	Check    string   `json:"check"`
	Status   Status   `json:"status"`
	Severity Severity `json:"severity"`
	Zone     string   `json:"zone,omitempty"`
	Hostname string   `json:"hostname,omitempty"`
	Address  string   `json:"address,omitempty"`
	Port     int      `json:"port,omitempty"`
	// Subject tells results of one check and place apart: a certificate's
	// identifier, a record's name. It is part of the fingerprint.
	Subject string `json:"subject,omitempty"`
	// Message is one sentence without days, dates, latencies or serials, so that
	// the same finding reads the same tomorrow.
	Message string `json:"message"`
	// Reason is the proof, or why nothing could be said; for waived results the
	// waiver's reason.
	Reason string `json:"reason,omitempty"`
	// Permission is the token permission that would make an inconclusive result conclusive.
	Permission string `json:"permission,omitempty"`
	// Facts are the volatile details: dates, days left, versions.
	Facts map[string]string `json:"facts,omitempty"`
	// Fingerprint identifies the finding across runs: check, zone, hostname,
	// address, port and subject, never the wording.
	Fingerprint string `json:"fingerprint"`
	// Remediation is the first thing to do, one sentence.
	Remediation string `json:"remediation,omitempty"`
	// Observations are the endpoint's observations that prove it, and Reproduce a
	// command that shows it by hand.
	Observations []string `json:"observations,omitempty"`
	Reproduce    string   `json:"reproduce,omitempty"`
	// Waiver is set on waived results.
	Waiver *WaiverNote `json:"waiver,omitempty"`
	// Baseline is "new" or "unchanged" where a baseline was given.
	Baseline string `json:"baseline,omitempty"`
}

// WaiverNote is what a waived result says of its waiver.
type WaiverNote struct {
	Owner   string `json:"owner"`
	Reason  string `json:"reason"`
	Expires string `json:"expires"`
	// Proof is the failure's own reason, which the waiver's replaces.
	Proof string `json:"proof,omitempty"`
}
