package checks

import (
	"github.com/aopscan/aopscan/internal/evidence"
)

var _ = register(Check{
	ID:       "origin-server-certificate",
	Title:    "The origin's own certificate is expired or made for another name",
	Severity: Medium,
	Needs:    NeedsProbing,
	Rationale: "Cloudflare can verify the origin only if its certificate is valid for the name. In the strict modes a wrong " +
		"one is an outage (error 526); in the mode full it is what keeps people from going strict, so that whoever " +
		"takes over the address is served to visitors.",
	Remediation: []Remedy{
		{Where: "Cloudflare API", Text: "Let Cloudflare's Origin CA sign a certificate for the origin, and install it there with its key.", Commands: `openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=example.com" -keyout origin.key -out origin.csr
jq -n --rawfile csr origin.csr '{hostnames: ["example.com", "*.example.com"], requested_validity: 365, request_type: "origin-ecc", csr: $csr}' |
  curl -sS -X POST "https://api.cloudflare.com/client/v4/certificates" \
  -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" \
  -H "Content-Type: application/json" --data @- | jq -r .result.certificate > origin.pem`},
		terraform("Keep the certificate in code.", `
resource "cloudflare_origin_ca_certificate" "origin" {
  csr                = tls_cert_request.origin.cert_request_pem
  hostnames          = ["example.com", "*.example.com"]
  request_type       = "origin-ecc"
  requested_validity = 365
}`),
		{Where: "nginx", Text: "Serve it for the name that Cloudflare asks for.", Commands: `ssl_certificate     /etc/ssl/origin.pem;
ssl_certificate_key /etc/ssl/origin.key;`},
	},
	References: []Reference{
		{"Cloudflare: Origin CA certificates", cloudflareDocs + "ssl/origin-configuration/origin-ca/"},
		{"Cloudflare: full (strict) mode", docsSSLModes + "full-strict/"},
		{"RFC 9525: Service Identity in TLS", rfcEditor + "rfc9525"},
	},
	Controls: []Control{
		pci("4.2.1", "Certificates that protect transmissions must be valid and not expired."),
		nist("SC-17", "The origin's certificate is not valid for its use."),
		nist("SC-8", "The origin cannot be authenticated, so encryption does not protect against a man in the middle."),
		iso("A.8.24", "Keys and certificates are not managed over their lifetime."),
		cwe("CWE-324", "Where it has expired, a key is used past its end."),
	},
	Eval: func(in *Input) []Result {
		return in.eachEndpoint(func(o *Origin) Result {
			if r, open := unseen(o); open {
				return r
			}
			for _, ob := range o.Endpoint.Observations {
				if frontDoor(ob.Attempt) && ob.ServerCertificate != nil && ob.SNI == o.Endpoint.SNI {
					return serverCertificate(in, o, ob)
				}
			}
			if r, open := unjudged(o); open && r.Status == NotApplicable {
				return r
			}
			r := o.result(Inconclusive, "%s showed no certificate of its own.", o.name())
			r.Reason = "no handshake came as far as the server's certificate"
			return r
		})
	},
})

func serverCertificate(in *Input, o *Origin, ob evidence.Observation) Result {
	c := ob.ServerCertificate
	r := o.result(Pass, "%s shows a certificate that is valid for the name that it is asked for.", o.name())
	r.Reason, r.Observations, r.Reproduce = "", []string{ob.ID}, ""
	fail := func(format, why string) {
		f := o.result(Fail, format, o.name())
		f.Reason, f.Observations, f.Reproduce = why, r.Observations, ""
		r = f
	}
	switch {
	case in.Now.After(c.NotAfter):
		fail("%s shows a certificate that has expired.", "its validity ended before the scan")
	case in.Now.Before(c.NotBefore):
		fail("%s shows a certificate that is not valid yet.", "its validity begins after the scan")
	case ob.ServerNameError != "":
		fail("%s shows a certificate for another name than the one that it is asked for.", ob.ServerNameError)
	}
	r.Facts = map[string]string{
		"subject": c.Subject, "issuer": c.Issuer, "sha256": c.SHA256,
		"not_after": c.NotAfter.UTC().Format("2006-01-02T15:04:05Z07:00"),
	}
	return r
}
