package checks

import (
	"net/netip"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

var _ = register(Check{
	ID:       "dns-only-exposes-origin",
	Title:    "A DNS-only record points to an origin of a proxied hostname",
	Severity: High,
	Needs:    NeedsConfiguration,
	Rationale: "The proxied record hides the origin's address and the one beside it publishes it: mail., ftp., direct., an " +
		"old name. It is the first thing an attacker looks for. AOP keeps out requests that come that way; it does not " +
		"keep out a flood.",
	Remediation: []Remedy{
		api("Proxy the record, if it carries HTTP.", "PATCH", "/zones/$ZONE_ID/dns_records/$RECORD_ID", `{"proxied":true}`),
		terraform("Keep the record in code.", `
resource "cloudflare_dns_record" "app" {
  zone_id = var.zone_id
  name    = "app.example.com"
  type    = "A"
  content = "203.0.113.10"
  proxied = true
  ttl     = 1
}`),
		{Where: "Origin", Text: "What cannot be proxied (mail, SSH) belongs on another address; then give the website a new address, since the old one is known."},
	},
	References: []Reference{
		{"Cloudflare: exposed IP addresses", cloudflareDocs + "dns/manage-dns-records/troubleshooting/exposed-ip-address/"},
		{"Cloudflare: proxy status", cloudflareDocs + "dns/proxy-status/"},
		refProtect,
	},
	Controls: []Control{
		nist("SC-7", "The record shows the way around the managed interface."),
		nist("SC-5", "The protection against denial of service can be passed by."),
		iso("A.8.20", "The address that the network protection hides is published."),
		cwe("CWE-200", "The origin's address is exposed."),
	},
	Eval: func(in *Input) []Result {
		hidden := proxiedOrigins(in.Evidence)
		return in.eachZone("", func(z *evidence.Zone) []Result { return dnsOnlyExposes(z, hidden) })
	},
})

func dnsOnlyExposes(z *evidence.Zone, hidden origins) []Result {
	switch z.Paused {
	case evidence.TriTrue:
		return []Result{zoneResult(z, NotApplicable, "The zone is paused; see zone-paused.")}
	case evidence.TriFalse:
	default:
		return []Result{pausedUnknown(z)}
	}
	var results []Result
	if !z.DNS.Known() {
		results = append(results, unread(z, "Which DNS-only records the zone has", z.DNS.Section))
	}
	dnsOnly := 0
	served := hostnames(z)
	seen := map[string]bool{}
	for _, r := range z.DNS.Records {
		h := served[r.Name]
		if r.Proxied == evidence.TriTrue || r.Managed != "" || h != nil && h.Proxied == evidence.TriTrue {
			continue // one proxied record makes all address records of its name proxied
		}
		content := strings.ToLower(strings.TrimSuffix(r.Content, "."))
		var exposed []string
		address := ""
		switch r.Type {
		case "A", "AAAA":
			a, err := netip.ParseAddr(r.Content)
			if err != nil {
				continue
			}
			address, exposed = a.Unmap().String(), hidden.at(a)
		case "CNAME":
			exposed = hidden.names[content]
		default:
			continue
		}
		dnsOnly++
		key := r.Name + " " + r.Type + " " + content
		if len(exposed) == 0 || seen[key] {
			continue
		}
		seen[key] = true
		sure := hidden.hidden(exposed)
		if len(sure) == 0 || r.Proxied != evidence.TriFalse || h != nil && h.Proxied != evidence.TriFalse {
			res := hostResult(z, r.Name, Inconclusive, "Whether the record '%s' gives away an origin of '%s' is not known.", r.Name, exposed[0])
			res.Address, res.Subject, res.Reason = address, r.Type, "the API's answer does not say which of the two is proxied"
			if address == "" {
				res.Subject = r.Type + " " + content
			}
			results = append(results, res)
			continue
		}
		res := hostResult(z, r.Name, Fail, "The DNS-only record '%s' gives away an origin of '%s'.", r.Name, sure[0])
		res.Address, res.Subject = address, r.Type
		if address == "" {
			res.Subject = r.Type + " " + content
		}
		res.Reason = "its " + r.Type + " record holds " + r.Content + ", where Cloudflare fetches from"
		res.Facts = map[string]string{"hostnames": listed(sure, 20)}
		results = append(results, res)
	}
	if len(results) > 0 {
		return results
	}
	if dnsOnly == 0 {
		return []Result{zoneResult(z, NotApplicable, "The zone has no DNS-only record that points somewhere.")}
	}
	if reason, permission := hidden.gapText(z.Name); reason != "" {
		r := zoneResult(z, Inconclusive, "Whether a DNS-only record gives away an origin is not known, because not all origins are.")
		r.Reason, r.Permission = reason, permission
		return []Result{r}
	}
	return []Result{zoneResult(z, Pass, "No DNS-only record names an origin of a proxied hostname.")}
}
