package checks

import (
	"fmt"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

var _ = register(Check{
	ID:       "edge-error",
	Title:    "Through Cloudflare the hostname answers with an error of the origin connection",
	Severity: High,
	Needs:    NeedsProbing,
	Rationale: "Visitors get an error that Cloudflare makes when it cannot get an answer from the origin: 520 to 526, or 530. " +
		"After a change of AOP settings, 520 and 525 usually mean that the origin refuses the certificate that " +
		"Cloudflare presents, and 526 that Cloudflare refuses the origin's.",
	Remediation: []Remedy{
		{Where: "Origin", Text: "Look up the status, then look at the origin's own log for the handshake that Cloudflare began.", Commands: `tail -f /var/log/nginx/error.log | grep -i -e 'client sent no required' -e 'certificate verify'`},
		api("If AOP was just switched on and the origin is not ready, switch it off for now.", "PUT", "/zones/$ZONE_ID/origin_tls_client_auth/settings", `{"enabled":false}`),
	},
	References: []Reference{
		refCloudflare5xx,
		{"Cloudflare: error 525", cloudflareDocs + "support/troubleshooting/http-status-codes/cloudflare-5xx-errors/error-525/"},
		{"Cloudflare: error 526", cloudflareDocs + "support/troubleshooting/http-status-codes/cloudflare-5xx-errors/error-526/"},
	},
	Controls: []Control{
		soc2("CC7.2", "The failure of a component has to be noticed and looked into."),
	},
	Eval: edgeError,
})

func edgeError(in *Input) []Result {
	control := way{attempts: []evidence.AttemptName{evidence.AttemptEdgeControl}}
	if len(in.Evidence.Edges) == 0 && !control.selected(in) {
		return []Result{{Status: Skipped, Message: "No hostname was asked for through Cloudflare.", Reason: "the edge control was not asked for (--attempts all)"}}
	}
	var results []Result
	asked := map[edgeKey]bool{}
	for _, e := range in.Evidence.Edges {
		asked[edgeKey{e.Zone, e.Hostname}] = true
		results = append(results, edgeAnswer(in, e))
	}
	// One result for every hostname that has an origin, whether or not it was asked for.
	for i := range in.Origins {
		ep := in.Origins[i].Endpoint
		k := edgeKey{ep.Zone, ep.Hostname}
		if asked[k] {
			continue
		}
		asked[k] = true
		r := Result{Status: Inconclusive, Zone: ep.Zone, Hostname: ep.Hostname}
		r.Message, r.Reason = fmt.Sprintf("'%s' was not asked for through Cloudflare.", ep.Hostname), "the scan has no answer of the edge for it"
		if o := in.Origins[i]; o.Hostname != nil && o.Hostname.WireName != "" {
			r.Status, r.Reason = NotApplicable, "it is a wildcard, whose visitors use names that are not known"
		}
		results = append(results, r)
	}
	return append(results, in.unprobed()...)
}

// edgeAnswer judges what came through Cloudflare for one hostname.
func edgeAnswer(in *Input, e evidence.Edge) Result {
	r := Result{Status: Inconclusive, Zone: e.Zone, Hostname: e.Hostname}
	r.Message = fmt.Sprintf("What '%s' answers through Cloudflare is not known.", e.Hostname)
	r.Reason = e.NotProbed
	last := lastAnswer(e)
	if last == nil {
		if r.Reason == "" {
			r.Reason = "no answer came"
			for _, o := range e.Observations {
				if o.Error != "" {
					r.Reason = o.Error
				}
			}
		}
		return r
	}
	status := last.HTTP.Status
	r.Observations = []string{last.ID}
	r.Facts = map[string]string{"http_status": fmt.Sprint(status)}
	r.Reason = fmt.Sprintf("HTTP status %d", status)
	switch {
	case last.HTTP.Headers["cf-mitigated"] != "":
		r.Reason = "Cloudflare answered with a challenge of its own"
	case status >= 521 && status <= 523 && deadHere(in, e):
		r.Status, r.Message = NotApplicable, fmt.Sprintf("No origin of '%s' answers, here or to Cloudflare; see origin-unreachable.", e.Hostname)
	case status >= 520 && status <= 530:
		r.Status, r.Message = Fail, fmt.Sprintf("Through Cloudflare '%s' answers with an error of the origin connection.", e.Hostname)
		r.Reason = edgeStatusText(status)
	default:
		r.Status, r.Message = Pass, fmt.Sprintf("Through Cloudflare '%s' answers without an error of the origin connection.", e.Hostname)
	}
	return r
}

// lastAnswer is the last answer that came through Cloudflare, or nil.
func lastAnswer(e evidence.Edge) *evidence.Observation {
	for i := len(e.Observations) - 1; i >= 0; i-- {
		if e.Observations[i].HTTP != nil {
			return &e.Observations[i]
		}
	}
	return nil
}

// deadHere reports whether every origin of the hostname was found unreachable.
func deadHere(in *Input, e evidence.Edge) bool {
	found := false
	for i := range in.Origins {
		o := &in.Origins[i]
		if o.Endpoint.Zone != e.Zone || o.Endpoint.Hostname != e.Hostname {
			continue
		}
		if o.Judgement.Verdict != verdict.Unreachable {
			return false
		}
		found = true
	}
	return found
}

// edgeStatusText says what a status of Cloudflare's means.
func edgeStatusText(status int) string {
	text := map[int]string{
		520: "the origin's answer was not one that Cloudflare understands, or it closed the connection",
		521: "the origin refused Cloudflare's connection",
		522: "Cloudflare's connection to the origin timed out",
		523: "Cloudflare has no route to the origin",
		524: "the origin did not answer in time",
		525: "the TLS handshake between Cloudflare and the origin failed",
		526: "Cloudflare does not accept the origin's certificate",
		530: "Cloudflare could not resolve the origin",
	}[status]
	if text == "" {
		return fmt.Sprintf("HTTP status %d", status)
	}
	return fmt.Sprintf("HTTP status %d: %s", status, text)
}
