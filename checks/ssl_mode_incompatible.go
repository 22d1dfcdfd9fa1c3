package checks

import "github.com/aopscan/aopscan/internal/evidence"

var _ = register(Check{
	ID:       "ssl-mode-incompatible",
	Title:    "The SSL mode makes Authenticated Origin Pulls inert",
	Severity: Critical,
	Needs:    NeedsConfiguration,
	Rationale: "In the modes off and flexible Cloudflare fetches from the origin over plain HTTP. There is no TLS " +
		"handshake in which a client certificate could be presented, so AOP does nothing, whatever its switches say, " +
		"and everything between Cloudflare and the origin can be read and changed on the way.",
	Remediation: zoneSetting("Set the zone's SSL mode to strict once the origin serves a valid certificate on port 443.", "ssl", "strict"),
	References:  []Reference{refSSLModes, {"Cloudflare: flexible mode", docsSSLModes + "flexible/"}, refAOP},
	Controls: []Control{
		pci("4.2.1", "Account data, where there is any, crosses the Internet between Cloudflare and the origin without encryption."),
		nist("SC-8", "What is transmitted between edge and origin has neither confidentiality nor integrity."),
		iso("A.8.24", "The mode switches cryptography off on the way to the origin."),
		cis("3.10", "Data in transit to the origin is not encrypted, however sensitive."),
		soc2("CC6.7", "Information is not protected while it is transmitted to the origin."),
		cwe("CWE-319", "Requests and answers are sent in cleartext."),
	},
	Eval: sslModeIncompatible,
})

// inert reports whether AOP does nothing in an SSL mode.
func inert(mode string) bool { return mode == "off" || mode == "flexible" }

// keepsAOP reports whether AOP is in effect in an SSL mode. Of a mode that this
// build does not know neither can be said.
func keepsAOP(mode string) bool { return mode == "full" || mode == "strict" || mode == "origin_pull" }

// unknownMode is the answer for a hostname whose SSL mode is not known, or one of
// which this build knows nothing.
func unknownMode(z *evidence.Zone, h *evidence.Hostname) answer {
	if mode := h.SSLMode.Value; mode != "" {
		r := hostResult(z, h.Name, Inconclusive, "What the SSL mode '%s' of '%s' means is not known.", mode, h.Name)
		r.Reason = "this build does not know the mode"
		return answer{Result: r}
	}
	return answer{
		unknown(z, h, h.SSLMode.Gaps, "The SSL mode of '%s' is not known.", h.Name),
		"The SSL mode of the zone's hostnames is not known.",
	}
}

// sslModeIncompatible judges the zone's setting. A rule that changes the mode of a
// hostname is ssl-mode-override's business.
func sslModeIncompatible(in *Input) []Result {
	return in.eachZone("", func(z *evidence.Zone) []Result {
		mode := z.Settings.SSL
		if mode == "" {
			return []Result{unread(z, "The zone's SSL mode", z.Settings.Setting("ssl"))}
		}
		if !inert(mode) && !keepsAOP(mode) {
			r := zoneResult(z, Inconclusive, "What the zone's SSL mode '%s' means is not known.", mode)
			r.Reason = "this build does not know the mode"
			return []Result{r}
		}
		if keepsAOP(mode) {
			return []Result{zoneResult(z, Pass, "The zone's SSL mode '%s' keeps AOP in effect.", mode)}
		}
		return servedResults(z, func(z *evidence.Zone, h *evidence.Hostname) answer {
			switch {
			case h.SSLMode.Value == "":
				r := unknown(z, h, h.SSLMode.Gaps, "Whether the zone's SSL mode '%s' applies to '%s' is not known.", mode, h.Name)
				return answer{r, "Whether the zone's SSL mode '" + mode + "' applies to its hostnames is not known."}
			case h.SSLMode.Source != "zone":
				r := hostResult(z, h.Name, NotApplicable, "A rule, not the zone, gives '%s' its SSL mode.", h.Name)
				return answer{r, "Rules, not the zone, give every hostname its SSL mode."}
			}
			r := hostResult(z, h.Name, Fail, "'%s' takes the zone's SSL mode '%s', in which Cloudflare presents no client certificate.", h.Name, mode)
			r.Reason = "Cloudflare pulls over plain HTTP in this mode"
			return answer{r, "The zone's SSL mode is '" + mode + "', in which Cloudflare presents no client certificate."}
		})
	})
}
