package checks

import "github.com/aopscan/aopscan/internal/evidence"

var alternatePort = way{
	attempts: []evidence.AttemptName{evidence.AttemptOtherPort},
	open:     "%s serves the protected content on another port.",
	shut:     "%s serves the protected content on no other port that was tried.",
	absent:   "there was no other port to try",
}

var _ = register(Check{
	ID:       "origin-alternate-port",
	Title:    "Another port serves the protected content",
	Severity: High,
	Needs:    NeedsProbing,
	Rationale: "Another port of the origin's address serves the protected content without a client certificate: an " +
		"administration listener, a test instance, an old configuration. Scanners of the whole Internet look at these " +
		"ports every day.",
	Remediation: remedies([]Remedy{
		{Where: "Firewall", Text: "Close the port to everybody but those who need it.", Commands: `nft insert rule inet filter input tcp dport { 8443, 8080 } ip saddr != 198.51.100.0/24 drop`},
	}, demandCertificate()),
	References: []Reference{
		{"Cloudflare: network ports", cloudflareDocs + "fundamentals/reference/network-ports/"},
		refProtect, refNginxVerify,
	},
	Controls: append(bypassControls("CWE-420", "The other port is an alternate channel without protection."),
		cis("4.8", "A service that is not needed listens to the Internet.")),
	Eval: func(in *Input) []Result {
		return in.eachEndpoint(func(o *Origin) Result { return alternatePort.judge(in, o) })
	},
})
