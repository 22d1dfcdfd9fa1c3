package verdict

import "github.com/aopscan/aopscan/internal/evidence"

// DriftOf joins what Cloudflare sends (the level its certificate comes from, and
// the certificate where it is known) with what the origin demands.
func DriftOf(cert evidence.CertificateSource, client *evidence.Certificate, j Judgement, ep evidence.Endpoint) Drift {
	if cert == evidence.CertificateUnknown {
		return DriftUnknown
	}
	sent := cert != evidence.CertificateNone
	switch j.Verdict {
	case NotEnforced, Bypassable, RefusedOtherwise:
		if sent {
			return DriftOpen
		}
		return DriftNeither
	case Enforced:
	case Inconclusive:
		if j.Demand != DemandRequired {
			return DriftUnknown
		}
		// Demanded for certain; whether there is a way around is not known, so this
		// is never the enforced cell.
		switch {
		case !sent:
			return DriftOutage
		case client != nil && Untrusted(*client, ep):
			return DriftUntrusted
		}
		return DriftUnknown
	default:
		return DriftUnknown
	}
	switch {
	case !sent:
		return DriftOutage
	case client != nil && Untrusted(*client, ep):
		return DriftUntrusted
	}
	return DriftEnforced
}

// Untrusted reports whether the origin names the CAs that it accepts and the
// certificate's issuer is not among them. An origin that names none says nothing.
func Untrusted(client evidence.Certificate, ep evidence.Endpoint) bool {
	names := AcceptableCAs(ep)
	if len(names) == 0 || client.IssuerRaw == "" {
		return false
	}
	for _, n := range names {
		if n == client.IssuerRaw || n == client.SubjectRaw {
			return false
		}
	}
	return true
}

// AcceptableCAs returns the CA names, as DER in hexadecimal, that the origin named
// when it asked for a certificate at the front door; none where it named none, or
// more than were kept.
func AcceptableCAs(ep evidence.Endpoint) []string {
	var out []string
	seen := map[string]bool{}
	for _, o := range ep.Observations {
		switch o.Attempt {
		case evidence.AttemptNoCertificate, evidence.AttemptLegacyTLS, evidence.AttemptHTTP2:
		default:
			continue
		}
		if len(o.AcceptableCAsRaw) >= 32 {
			return nil
		}
		for _, n := range o.AcceptableCAsRaw {
			if !seen[n] {
				seen[n] = true
				out = append(out, n)
			}
		}
	}
	return out
}
