package checks

import (
	"slices"

	"github.com/aopscan/aopscan/internal/evidence"
)

var _ = register(Check{
	ID:       "ssl-mode-not-strict",
	Title:    "Cloudflare does not verify the origin's certificate",
	Severity: Medium,
	Needs:    NeedsConfiguration,
	Rationale: "In the mode full Cloudflare encrypts but accepts any certificate from whoever answers at the origin's " +
		"address. AOP proves Cloudflare to the origin; without verification nothing proves the origin to Cloudflare, " +
		"and somebody on the path, or who takes over the address, reads the traffic.",
	Remediation: zoneSetting("Set the zone's SSL mode to strict once the origin serves a certificate that Cloudflare can verify; Cloudflare's Origin CA issues them free of charge.", "ssl", "strict"),
	References: []Reference{
		{"Cloudflare: full mode", docsSSLModes + "full/"},
		{"Cloudflare: full (strict) mode", docsSSLModes + "full-strict/"},
		{"Cloudflare: Origin CA certificates", cloudflareDocs + "ssl/origin-configuration/origin-ca/"},
	},
	Controls: []Control{
		pci("4.2.1", "Only trusted certificates may be accepted on the way to the origin, and any is."),
		nist("SC-8", "Encryption to an unverified peer does not protect against a man in the middle."),
		nist("IA-9", "The origin is not authenticated before data is sent to it."),
		iso("A.8.24", "Cryptography is used without the verification that gives it its value."),
		soc2("CC6.7", "Information is transmitted to a peer that is not authenticated."),
		cwe("CWE-295", "The origin's certificate is not validated."),
	},
	Eval: sslModeNotStrict,
})

func sslModeNotStrict(in *Input) []Result {
	return in.eachServed(func(z *evidence.Zone, h *evidence.Hostname) answer {
		mode := h.SSLMode.Value
		where := "The zone's SSL mode is '" + mode + "'"
		switch {
		case !inert(mode) && !keepsAOP(mode):
			return unknownMode(z, h)
		case inert(mode):
			r := hostResult(z, h.Name, NotApplicable, "The SSL mode of '%s' is '%s': there is no certificate of the origin to verify; see ssl-mode-incompatible and ssl-mode-override.", h.Name, mode)
			return answer{r, where + ": there is no certificate of the origin to verify; see ssl-mode-incompatible and ssl-mode-override."}
		case mode == "full":
			r := hostResult(z, h.Name, Fail, "The SSL mode of '%s' is 'full': Cloudflare accepts any certificate from its origin.", h.Name)
			if h.SSLMode.Source != "zone" {
				r.Reason = modeFrom(h)
				return answer{Result: r}
			}
			return answer{r, where + ": Cloudflare accepts any certificate from the origin."}
		}
		if slices.Contains(h.SSLMode.Others, "full") {
			r := hostResult(z, h.Name, Fail, "The SSL mode of part of the requests of '%s' is 'full': Cloudflare accepts any certificate from its origin.", h.Name)
			r.Reason = modeFrom(h)
			return answer{Result: r}
		}
		r := hostResult(z, h.Name, Pass, "The SSL mode of '%s' is '%s': Cloudflare verifies its origin's certificate.", h.Name, mode)
		if h.SSLMode.Source != "zone" {
			return answer{Result: r}
		}
		return answer{r, where + ": Cloudflare verifies the origin's certificate."}
	})
}
