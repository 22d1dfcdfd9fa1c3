package checks

import (
	"fmt"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

var _ = register(Check{
	ID:       "origin-address-leaked",
	Title:    "A mail, SPF or other record gives an origin's address away",
	Severity: Medium,
	Needs:    NeedsConfiguration,
	Rationale: "Records that nobody thinks of as addresses name the origin: an SPF policy that lists it, a TXT record with a " +
		"URL, a service record. An MX or SRV record that names a proxied hostname makes Cloudflare answer with a " +
		"companion record that holds the address itself.",
	Remediation: []Remedy{
		{Where: "Dashboard", Text: "Send and receive mail from another address than the website's, and take the address out of the record."},
		api("Change the record.", "PATCH", "/zones/$ZONE_ID/dns_records/$RECORD_ID", `{"content":"v=spf1 include:_spf.example.net -all"}`),
		terraform("Keep the record in code.", `
resource "cloudflare_dns_record" "spf" {
  zone_id = var.zone_id
  name    = "example.com"
  type    = "TXT"
  content = "\"v=spf1 include:_spf.example.net -all\""
  ttl     = 1
}`),
	},
	References: []Reference{
		{"Cloudflare: exposed IP addresses", cloudflareDocs + "dns/manage-dns-records/troubleshooting/exposed-ip-address/"},
		{"Cloudflare: email records", cloudflareDocs + "dns/manage-dns-records/how-to/email-records/"},
		{"RFC 7208, section 5.6: the ip4 and ip6 mechanisms of SPF", rfcEditor + "rfc7208#section-5.6"},
	},
	Controls: []Control{
		nist("SC-7", "The record shows the way around the managed interface."),
		iso("A.8.20", "The address that the network protection hides is published."),
		cwe("CWE-200", "The origin's address is exposed."),
	},
	Eval: func(in *Input) []Result {
		hidden := proxiedOrigins(in.Evidence)
		return in.eachZone("", func(z *evidence.Zone) []Result { return leakedAddresses(z, hidden) })
	},
})

func leakedAddresses(z *evidence.Zone, hidden origins) []Result {
	switch z.Paused {
	case evidence.TriTrue:
		return []Result{zoneResult(z, NotApplicable, "The zone is paused; see zone-paused.")}
	case evidence.TriFalse:
	default:
		return []Result{pausedUnknown(z)}
	}
	var results []Result
	if !z.DNS.Known() {
		results = append(results, unread(z, "Which records the zone has", z.DNS.Section))
	}
	others := 0
	served := hostnames(z)
	addressed := map[string]bool{} // names with an address record of their own
	for _, r := range z.DNS.Records {
		if r.Type == "A" || r.Type == "AAAA" {
			addressed[r.Name] = true
		}
	}
	seen := map[string]bool{}
	for _, r := range z.DNS.Records {
		switch r.Type {
		case "A", "AAAA", "CNAME": // dns-only-exposes-origin
			continue
		}
		others++
		subject := r.Type
		exposed, why := hidden.inText(r.Content), "its content holds the origin's address"
		if r.Type == "MX" || r.Type == "SRV" {
			exposed, why = nil, ""
			target := recordTarget(r)
			subject += " " + target
			if h := served[target]; h != nil && h.Proxied == evidence.TriTrue && h.NoOrigin == "" && addressed[target] {
				exposed = []string{target}
				why = fmt.Sprintf("it names the proxied hostname '%s', so Cloudflare answers with a companion record that holds the origin's address", target)
			}
		}
		if len(exposed) == 0 || seen[r.Name+" "+subject] {
			continue
		}
		seen[r.Name+" "+subject] = true
		sure := hidden.hidden(exposed)
		if len(sure) == 0 {
			res := hostResult(z, r.Name, Inconclusive, "Whether a record of type '%s' of '%s' gives away an origin of '%s' is not known.", r.Type, r.Name, exposed[0])
			res.Subject, res.Reason = subject, "the API's answer does not say whether '"+exposed[0]+"' is proxied"
			results = append(results, res)
			continue
		}
		res := hostResult(z, r.Name, Fail, "A record of type '%s' of '%s' gives away an origin of '%s'.", r.Type, r.Name, sure[0])
		res.Subject = subject
		res.Reason = why
		res.Facts = map[string]string{"hostnames": listed(sure, 20)}
		results = append(results, res)
	}
	if len(results) > 0 {
		return results
	}
	if others == 0 {
		return []Result{zoneResult(z, NotApplicable, "The zone has no record that could name an address beside its hosts.")}
	}
	if reason, permission := hidden.gapText(z.Name); reason != "" {
		r := zoneResult(z, Inconclusive, "Whether a record gives away an origin is not known, because not all origins are.")
		r.Reason, r.Permission = reason, permission
		return []Result{r}
	}
	return []Result{zoneResult(z, Pass, "No mail, SPF or other record gives away an origin of a proxied hostname.")}
}

// recordTarget is the host that an MX or SRV record names, its last word:
// "mail.example.com", "0 5 5060 sip.example.com".
func recordTarget(r evidence.DNSRecord) string {
	fields := strings.Fields(r.Content)
	if len(fields) == 0 {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(fields[len(fields)-1], "."))
}
