package verdict

import "github.com/aopscan/aopscan/internal/evidence"

// Judge says what can be said of one endpoint.
func Judge(ep evidence.Endpoint, edge *evidence.Edge) Judgement {
	return Judgement{Verdict: Inconclusive, Confidence: Unclear, Why: "nothing was seen that could be judged"}
}

// DriftOf joins what Cloudflare sends with what the origin demands.
func DriftOf(cert evidence.CertificateSource, client *evidence.Certificate, j Judgement, ep evidence.Endpoint) Drift {
	return DriftUnknown
}
