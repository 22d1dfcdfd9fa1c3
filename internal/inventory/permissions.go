package inventory

import (
	"encoding/json"
	"net/url"
)

// Permission is a token permission that a scan uses.
type Permission struct {
	// Name is as Cloudflare's dashboard spells it.
	Name string `json:"name"`
	// Why says what is read with it.
	Why string `json:"why"`
	// Optional ones are needed only where the product is in use.
	Optional bool `json:"optional,omitempty"`
	// key names it in a token template link, "" where no key is published.
	key string
}

// Permissions returns what a token needs to read everything that a scan looks at,
// the necessary ones first. All of them are read-only.
func Permissions() []Permission {
	return []Permission{
		{Name: permZone, Why: "the list of zones", key: "zone"},
		{Name: permSettings, Why: "SSL mode, global AOP, Always Use HTTPS; Spectrum", key: "zone_settings"},
		{Name: permSSL, Why: "zone-level and hostname-level AOP; custom hostnames", key: "ssl_and_certificates"},
		{Name: permDNS, Why: "hostnames and origins", key: "dns"},
		{Name: permConfigRules, Why: "rules that change the SSL mode", key: "config_settings"},
		{Name: permOriginRules, Why: "rules that change the origin"},
		{Name: permPageRules, Why: "rules that change the SSL mode or the origin", key: "page_rules"},
		{Name: permPools, Why: "whether there are load balancers, and their origins"},
		{Name: permNotifications, Why: "alerts before certificates expire"},
		{Name: permLoadBalancers, Why: "load balancers", Optional: true, key: "load_balancers"},
		{Name: permWorkers, Why: "Workers that answer for hostnames without an origin", Optional: true, key: "workers_routes"},
		{Name: permTunnels, Why: "the names of tunnels", Optional: true},
	}
}

// TokenLink returns the address of the dashboard's form for a new token, with the
// permissions that have a key filled in, and the names of those to add by hand
// (https://developers.cloudflare.com/fundamentals/api/how-to/account-owned-token-template/).
func TokenLink() (link string, byHand []string) {
	type group struct {
		Key  string `json:"key"`
		Type string `json:"type"`
	}
	var groups []group
	for _, p := range Permissions() {
		if p.key == "" {
			byHand = append(byHand, p.Name)
			continue
		}
		groups = append(groups, group{p.key, "read"})
	}
	keys, _ := json.Marshal(groups) // of two strings each: it cannot fail
	return "https://dash.cloudflare.com/profile/api-tokens?permissionGroupKeys=" + url.QueryEscape(string(keys)) +
		"&accountId=" + url.QueryEscape("*") + "&zoneId=all&name=aopscan", byHand
}
