// Package verdict judges what one origin did: observations in, a verdict with
// its confidence and proof out. It is pure: no network, clock or environment.
//
// The rule of the house: never enforced without proof, and what could not be
// seen is never a failure.
package verdict

import "github.com/aopscan/aopscan/internal/evidence"

// Verdict is what can be said of one endpoint. The zero value is not a verdict.
type Verdict string

// The verdicts; the words are public.
const (
	// Enforced: positive proof of refusal for want of a certificate, and no bypass found.
	Enforced Verdict = "enforced"
	// Bypassable: the front door refuses, another attempt got in.
	Bypassable Verdict = "bypassable"
	// NotEnforced: content was served without a certificate.
	NotEnforced Verdict = "not-enforced"
	// RefusedOtherwise: refused, but no certificate was requested; AOP is not what protects it.
	RefusedOtherwise Verdict = "refused-otherwise"
	// Unreachable: nothing could be said; a firewall is not AOP.
	Unreachable Verdict = "unreachable"
	// Inconclusive: the origin answered in a way that proves neither.
	Inconclusive Verdict = "inconclusive"
)

// Confidence is how sure a verdict is.
type Confidence string

// The confidences; the words are public.
const (
	Proven  Confidence = "proven"
	Likely  Confidence = "likely"
	Unclear Confidence = "unclear"
)

// Demand is what the origin was seen to demand of its clients.
type Demand string

// What an origin demands.
const (
	DemandUnknown  Demand = ""
	DemandNone     Demand = "not-asked" // no certificate was ever requested
	DemandOptional Demand = "optional"  // requested, and answered without one
	DemandRequired Demand = "demanded"  // requested, and refused without one
)

// Judgement is the verdict on one endpoint.
type Judgement struct {
	Verdict    Verdict    `json:"verdict"`
	Confidence Confidence `json:"confidence"`
	// Why is one sentence that names the proof.
	Why string `json:"why"`
	// Proof names the observations that the verdict rests on.
	Proof  []string `json:"proof,omitempty"`
	Demand Demand   `json:"demand"`
	// Bypasses are the ways around a front door that refuses.
	Bypasses []Bypass `json:"bypasses,omitempty"`
	// Notes are things seen that change no verdict.
	Notes []string `json:"notes,omitempty"`
	// Control says what the comparison rests on: "positive", "edge" or empty.
	Control string `json:"control,omitempty"`
	// Reproduce is a command line that shows the proof by hand.
	Reproduce string `json:"reproduce,omitempty"`
}

// Bypass is one way around the front door.
type Bypass struct {
	Attempt evidence.AttemptName `json:"attempt"`
	// Observation is the one that got in.
	Observation string     `json:"observation"`
	Confidence  Confidence `json:"confidence"`
	Why         string     `json:"why"`
	Reproduce   string     `json:"reproduce,omitempty"`
}

// Drift joins what Cloudflare sends with what the origin demands.
type Drift string

// The cells of the drift matrix.
const (
	DriftUnknown   Drift = "unknown"
	DriftEnforced  Drift = "enforced"             // sent and demanded
	DriftOpen      Drift = "sent-not-demanded"    // anybody may come in
	DriftOutage    Drift = "demanded-not-sent"    // an outage in waiting
	DriftUntrusted Drift = "demanded-not-trusted" // sent, but of a CA that the origin does not name: an outage in waiting
	DriftNeither   Drift = "neither"              // open, and nobody thought otherwise
)
