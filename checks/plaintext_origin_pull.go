package checks

import (
	"slices"

	"github.com/aopscan/aopscan/internal/evidence"
)

var _ = register(Check{
	ID:       "plaintext-origin-pull",
	Title:    "Visitors who come over plain HTTP are served from the origin over plain HTTP",
	Severity: High,
	Needs:    NeedsConfiguration,
	Rationale: "In the modes full and strict Cloudflare fetches with the visitor's own scheme: a request for http:// goes " +
		"to the origin's port 80, unencrypted and without a client certificate. As long as that port answers, the " +
		"demand for a certificate on port 443 is a locked door beside an open one.",
	Remediation: remedies(
		zoneSetting("Turn on Always Use HTTPS, so that plain-HTTP visitors are redirected at the edge, and close port 80 of the origin.", "always_use_https", "on"),
		[]Remedy{api("On an Enterprise plan, pull over TLS whatever the visitor used.", "PATCH", "/zones/$ZONE_ID/settings/ssl", `{"value":"origin_pull"}`)},
	),
	References: []Reference{
		{"Cloudflare: Always Use HTTPS", cloudflareDocs + "ssl/edge-certificates/additional-options/always-use-https/"},
		{"Cloudflare: full (strict) mode", docsSSLModes + "full-strict/"},
		{"Cloudflare: strict (SSL-only origin pull) mode", docsSSLModes + "ssl-only-origin-pull/"},
	},
	Controls: []Control{
		pci("4.2.1", "Part of the traffic crosses the Internet to the origin without encryption."),
		nist("SC-8", "Requests over plain HTTP have neither confidentiality nor integrity on their way to the origin."),
		iso("A.8.24", "Encryption depends on what the visitor typed."),
		cis("3.10", "Data in transit to the origin is not always encrypted."),
		soc2("CC6.7", "Information is not always protected while it is transmitted."),
		cwe("CWE-319", "Requests and answers are sent in cleartext."),
	},
	Eval: plaintextOriginPull,
})

func plaintextOriginPull(in *Input) []Result {
	return in.eachServed(func(z *evidence.Zone, h *evidence.Hostname) answer {
		mode := h.SSLMode.Value
		switch {
		case !inert(mode) && !keepsAOP(mode):
			return unknownMode(z, h)
		case inert(mode):
			r := hostResult(z, h.Name, NotApplicable, "All requests of '%s' are pulled over plain HTTP; see ssl-mode-incompatible and ssl-mode-override.", h.Name)
			return answer{r, "All requests are pulled over plain HTTP; see ssl-mode-incompatible and ssl-mode-override."}
		case mode == "origin_pull" && !slices.ContainsFunc(h.SSLMode.Others, func(m string) bool { return m != mode }):
			r := hostResult(z, h.Name, Pass, "The SSL mode of '%s' pulls over TLS whatever the visitor used.", h.Name)
			return answer{r, "The SSL mode pulls over TLS whatever the visitor used."}
		case h.AlwaysUseHTTPS == evidence.TriTrue:
			r := hostResult(z, h.Name, Pass, "Plain-HTTP visitors of '%s' are redirected at the edge.", h.Name)
			return answer{r, "Plain-HTTP visitors are redirected at the edge."}
		case h.AlwaysUseHTTPS == evidence.TriFalse:
			r := hostResult(z, h.Name, Fail, "Plain-HTTP requests for '%s' that no rule redirects are pulled over plain HTTP, with no client certificate.", h.Name)
			r.Reason = "Always Use HTTPS is off; redirect rules are not read"
			return answer{r, "Plain-HTTP requests that no rule redirects are pulled over plain HTTP, with no client certificate."}
		}
		s := z.Settings.Setting("always_use_https")
		r := hostResult(z, h.Name, Inconclusive, "Whether plain-HTTP visitors of '%s' are redirected is not known.", h.Name)
		r.Reason = whyUnread(s)
		if s.State == evidence.SectionDenied {
			r.Permission = s.Permission
		}
		return answer{r, "Whether plain-HTTP visitors are redirected is not known."}
	})
}
