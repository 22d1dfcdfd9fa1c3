package lab

import (
	"cmp"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// object is a JSON object of the API.
type object = map[string]any

// Page sizes of the real API's lists; where its documentation names none, lists
// are given in pages of 50.
var (
	zonesPaging   = paging{def: 20, limit: 50}
	recordsPaging = paging{def: 100, limit: 5000}
	customPaging  = paging{def: 20, limit: 50}
	smallPaging   = paging{def: 50, limit: 100}
)

// stamp is a time as the API writes it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func (a *api) stamp(ago time.Duration) string { return stamp(a.lab.pki.now.Add(-ago)) }

// routes are the endpoints; whatever else is asked for is absent.
func (a *api) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { writeError(w, errNoRoute(r.URL.Path)) })
	public := func(path string, f http.HandlerFunc) { mux.HandleFunc("GET "+apiPrefix+path, f) }
	public("/ips", a.ips)
	public("/user/tokens/verify", func(w http.ResponseWriter, _ *http.Request) {
		writeResult(w, object{"id": objectID("token", "lab"), "status": "active"})
	})
	public("/zones", a.listZones)
	public("/accounts", a.listAccounts)

	zone := func(path, section string, f func(http.ResponseWriter, *http.Request, *Zone)) {
		mux.HandleFunc("GET "+apiPrefix+"/zones/{zone}"+path, func(w http.ResponseWriter, r *http.Request) {
			z, err := a.zone(r)
			switch {
			case err != nil:
				writeError(w, err)
			case a.denies(z.Name, section):
				writeError(w, deniedError(section))
			default:
				f(w, r, z)
			}
		})
	}
	zone("", SectionZone, func(w http.ResponseWriter, _ *http.Request, z *Zone) { writeResult(w, a.zoneObject(z)) })
	zone("/settings", SectionSettings, func(w http.ResponseWriter, _ *http.Request, z *Zone) {
		var all []object
		for _, id := range slices.Sorted(maps.Keys(a.settings(z))) {
			if id != "ssl_automatic_mode" { // it is not in the real list either
				all = append(all, a.setting(z, id))
			}
		}
		writeResult(w, all)
	})
	zone("/settings/{name}", SectionSettings, func(w http.ResponseWriter, r *http.Request, z *Zone) {
		if s := a.setting(z, r.PathValue("name")); s != nil {
			writeResult(w, s)
			return
		}
		writeError(w, errUnknownSetting)
	})
	zone("/origin_tls_client_auth", SectionZoneAOP, func(w http.ResponseWriter, r *http.Request, z *Zone) {
		smallPaging.writeList(w, r, len(z.ZoneCerts), func(i int) any { return a.zoneCert(z.ZoneCerts[i], z.ZoneAOP) })
	})
	zone("/origin_tls_client_auth/settings", SectionZoneAOP, func(w http.ResponseWriter, _ *http.Request, z *Zone) {
		writeResult(w, object{"enabled": z.ZoneAOP})
	})
	zone("/origin_tls_client_auth/{certificate}", SectionZoneAOP, func(w http.ResponseWriter, r *http.Request, z *Zone) {
		for _, c := range z.ZoneCerts {
			if certID(c.Cert) == r.PathValue("certificate") {
				writeResult(w, a.zoneCert(c, z.ZoneAOP))
				return
			}
		}
		writeError(w, errNoCertificate)
	})
	zone("/origin_tls_client_auth/hostnames/certificates", SectionHostnameAOP, func(w http.ResponseWriter, r *http.Request, z *Zone) {
		smallPaging.writeList(w, r, len(z.HostnameCerts), func(i int) any { return a.hostnameCert(z.HostnameCerts[i]) })
	})
	zone("/origin_tls_client_auth/hostnames/certificates/{certificate}", SectionHostnameAOP, func(w http.ResponseWriter, r *http.Request, z *Zone) {
		for _, c := range z.HostnameCerts {
			if certID(c) == r.PathValue("certificate") {
				writeResult(w, a.hostnameCert(c))
				return
			}
		}
		writeError(w, errNoCertificate)
	})
	zone("/origin_tls_client_auth/hostnames/{hostname}", SectionHostnameAOP, a.association)
	zone("/dns_records", SectionDNS, a.listRecords)
	zone("/rulesets/phases/{phase}/entrypoint", SectionRulesets, a.entrypoint)
	zone("/pagerules", SectionPageRules, func(w http.ResponseWriter, _ *http.Request, z *Zone) { writeResult(w, a.pageRules(z)) })
	zone("/load_balancers", SectionLoadBalancers, func(w http.ResponseWriter, r *http.Request, z *Zone) {
		writeItems(w, r, smallPaging, a.loadBalancers(z))
	})
	zone("/custom_hostnames", SectionCustomHostnames, func(w http.ResponseWriter, r *http.Request, z *Zone) {
		writeItems(w, r, customPaging, a.customHostnames(z))
	})
	zone("/custom_hostnames/fallback_origin", SectionCustomHostnames, func(w http.ResponseWriter, _ *http.Request, z *Zone) {
		if z.FallbackOrigin == "" {
			writeError(w, errNoFallback)
			return
		}
		writeResult(w, object{"origin": fqdn(z.FallbackOrigin, z.Name), "status": "active", "errors": []any{}, "created_at": a.stamp(90 * day), "updated_at": a.stamp(90 * day)})
	})
	zone("/workers/routes", SectionWorkers, func(w http.ResponseWriter, _ *http.Request, z *Zone) {
		all := []object{}
		for _, p := range slices.Sorted(maps.Keys(z.WorkerRoutes)) {
			all = append(all, object{"id": objectID("route", p), "pattern": p, "script": z.WorkerRoutes[p]})
		}
		writeResult(w, all)
	})
	zone("/spectrum/apps", SectionSpectrum, func(w http.ResponseWriter, r *http.Request, z *Zone) {
		var all []object
		for _, s := range z.Spectrum {
			name := fqdn(s.Name, z.Name)
			all = append(all, object{"id": objectID("spectrum", name), "dns": object{"type": "CNAME", "name": name}, "protocol": s.Protocol, "tls": "off",
				"origin_direct": []string{"tcp://" + a.lab.addresses[s.Origin].String()}, "created_on": a.stamp(90 * day), "modified_on": a.stamp(90 * day)})
		}
		writeItems(w, r, smallPaging, all)
	})

	account := func(path, section string, f func(http.ResponseWriter, *http.Request, *Account)) {
		mux.HandleFunc("GET "+apiPrefix+"/accounts/{account}"+path, func(w http.ResponseWriter, r *http.Request) {
			id := r.PathValue("account")
			acct := a.accts[id]
			switch {
			case !identifier.MatchString(id):
				writeError(w, errNoRoute(r.URL.Path))
			case acct == nil, a.denies(acct.Name, section):
				writeError(w, errAuthentication)
			default:
				f(w, r, acct)
			}
		})
	}
	account("", SectionAccounts, func(w http.ResponseWriter, _ *http.Request, acct *Account) { writeResult(w, a.accountObject(acct)) })
	account("/load_balancers/pools", SectionPools, func(w http.ResponseWriter, r *http.Request, acct *Account) {
		writeItems(w, r, smallPaging, a.pools(acct))
	})
	account("/load_balancers/monitors", SectionPools, func(w http.ResponseWriter, r *http.Request, acct *Account) {
		writeItems(w, r, smallPaging, a.monitors(acct))
	})
	account("/cfd_tunnel", SectionTunnels, func(w http.ResponseWriter, r *http.Request, acct *Account) {
		var all []object
		for _, name := range acct.Tunnels {
			all = append(all, object{"id": objectUUID("tunnel", name), "account_tag": AccountID(acct.Name), "name": name, "status": "healthy",
				"created_at": a.stamp(200 * day), "deleted_at": nil, "connections": []any{}, "tun_type": "cfd_tunnel", "remote_config": true})
		}
		writeItems(w, r, smallPaging, all)
	})
	account("/alerting/v3/policies", SectionNotifications, func(w http.ResponseWriter, _ *http.Request, acct *Account) {
		all := []object{}
		for _, t := range acct.Alerts {
			all = append(all, object{"id": objectID("policy", acct.Name+t), "name": "Notify on " + t, "alert_type": t, "enabled": true,
				"mechanisms": object{"email": []object{{"id": "ops@example.com"}}}, "created": a.stamp(300 * day), "modified": a.stamp(300 * day)})
		}
		writeResult(w, all)
	})
	return mux
}

// deniedError is what a token without the permission gets.
func deniedError(section string) *apiError {
	switch section {
	case SectionZone, SectionSettings:
		return errUnauthorized
	}
	return errAuthentication
}

// zone finds the zone that the path names.
func (a *api) zone(r *http.Request) (*Zone, *apiError) {
	id := r.PathValue("zone")
	if !identifier.MatchString(id) {
		return nil, errNoRoute(r.URL.Path)
	}
	if z := a.zones[id]; z != nil {
		return z, nil
	}
	if i, ok := a.plain.index[id]; ok {
		return a.plain.zone(i), nil
	}
	return nil, errInvalidZone
}

func (a *api) listZones(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	name, account := strings.TrimPrefix(q.Get("name"), "equal:"), q.Get("account.id")
	wanted := func(z *Zone) bool {
		return (name == "" || name == z.Name) && (account == "" || account == AccountID(z.Account)) && !a.denies(z.Name, SectionZone)
	}
	var some []*Zone
	for i := range a.lab.world.Zones {
		if z := &a.lab.world.Zones[i]; wanted(z) {
			some = append(some, z)
		}
	}
	slices.SortFunc(some, func(x, y *Zone) int { return cmp.Compare(x.Name, y.Name) })
	var plain []int
	for i := range a.plain.count {
		if z := a.plain.zone(i); wanted(z) {
			plain = append(plain, i)
		}
	}
	zonesPaging.writeList(w, r, len(some)+len(plain), func(i int) any {
		if i < len(some) {
			return a.zoneObject(some[i])
		}
		return a.zoneObject(a.plain.zone(plain[i-len(some)]))
	})
}

func (a *api) zoneObject(z *Zone) object {
	return object{
		"id": ZoneID(z.Name), "name": z.Name, "status": "active", "paused": z.Paused, "type": "full", "development_mode": 0,
		"name_servers": []string{"ada.ns.example", "bob.ns.example"}, "original_name_servers": nil, "original_registrar": nil,
		"created_on": a.stamp(800 * day), "modified_on": a.stamp(30 * day), "activated_on": a.stamp(799 * day), "meta": object{},
		"account": object{"id": AccountID(z.Account), "name": z.Account},
		"owner":   object{"id": nil, "type": "user", "email": nil}, "permissions": []string{"#zone:read", "#ssl:read", "#dns_records:read"},
		"plan": object{"id": objectID("plan", "business"), "name": "Business Website", "legacy_id": "business", "price": 0, "currency": "USD", "is_subscribed": false},
	}
}

func (a *api) listAccounts(w http.ResponseWriter, r *http.Request) {
	var all []object
	if !a.denies("", SectionAccounts) {
		for i := range a.lab.world.Accounts {
			all = append(all, a.accountObject(&a.lab.world.Accounts[i]))
		}
		if a.plain.count > 0 {
			all = append(all, a.accountObject(&plainAccount))
		}
	}
	writeItems(w, r, zonesPaging, all)
}

func (a *api) accountObject(acct *Account) object {
	return object{"id": AccountID(acct.Name), "name": acct.Name, "type": "standard", "settings": object{"enforce_twofactor": true}, "created_on": a.stamp(1000 * day)}
}

// settings are the zone settings that the lab knows, by their identifier.
func (a *api) settings(z *Zone) map[string]any {
	onOff := func(b bool) string {
		if b {
			return "on"
		}
		return "off"
	}
	return map[string]any{
		"ssl": cmp.Or(z.SSL, "full"), "tls_client_auth": onOff(z.GlobalAOP), "always_use_https": onOff(z.AlwaysUseHTTPS),
		"ssl_automatic_mode": "custom", "min_tls_version": "1.2", "tls_1_3": "on", "http2": "on", "http3": "on", "automatic_https_rewrites": "on",
		"security_header": object{"strict_transport_security": object{"enabled": false, "max_age": 0, "include_subdomains": false, "preload": false, "nosniff": false}},
	}
}

func (a *api) setting(z *Zone, id string) object {
	v, ok := a.settings(z)[id]
	if !ok {
		return nil
	}
	s := object{"id": id, "value": v, "editable": true, "modified_on": nil}
	if id == "ssl" {
		s["certificate_status"], s["validation_errors"], s["modified_on"] = "active", []any{}, a.stamp(100*day)
	}
	return s
}

// certID is the identifier of an AOP certificate.
func certID(cert string) string { return objectUUID("certificate", cert) }

// CertificateID returns the identifier of the client certificate with this name.
func CertificateID(cert string) string { return certID(cert) }

func (a *api) certObject(cert string) object {
	c := a.lab.pki.certs[cert]
	return object{
		"id": certID(cert), "certificate": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw})),
		"issuer": c.cert.Issuer.String(), "signature": c.cert.SignatureAlgorithm.String(), "serial_number": c.cert.SerialNumber.String(),
		"expires_on": c.cert.NotAfter.UTC().Format(time.RFC3339), "status": "active",
	}
}

func (a *api) zoneCert(c ZoneCert, enabled bool) object {
	o := a.certObject(c.Cert)
	o["status"], o["enabled"], o["uploaded_on"] = cmp.Or(c.Status, "active"), enabled, a.stamp(time.Duration(c.UploadedDaysAgo)*day)
	return o
}

func (a *api) hostnameCert(cert string) object {
	o := a.certObject(cert)
	o["uploaded_on"] = a.stamp(a.lab.pki.now.Sub(a.lab.pki.certs[cert].cert.NotBefore))
	return o
}

// association answers for one hostname. The API's documentation does not say
// what a hostname without an association gets; here it is absent.
func (a *api) association(w http.ResponseWriter, r *http.Request, z *Zone) {
	for _, h := range z.Hosts {
		if h.fqdn(z.Name) != r.PathValue("hostname") || h.Association == "" {
			continue
		}
		o := a.certObject(h.Cert)
		o["hostname"], o["cert_id"], o["cert_status"] = h.fqdn(z.Name), o["id"], o["status"]
		o["created_at"], o["updated_at"] = a.stamp(60*day), a.stamp(60*day)
		o["cert_uploaded_on"], o["cert_updated_at"] = a.stamp(60*day), a.stamp(60*day)
		delete(o, "id")
		switch h.Association {
		case "true", "false":
			o["enabled"] = h.Association == "true"
		default:
			o["enabled"] = nil
		}
		writeResult(w, o)
		return
	}
	writeError(w, errNoAssociation)
}

func (a *api) listRecords(w http.ResponseWriter, r *http.Request, z *Zone) {
	var all []Record
	if i, ok := a.plain.index[ZoneID(z.Name)]; ok {
		recordsPaging.writeList(w, r, a.plain.records, func(j int) any { return a.recordObject(z, a.plain.record(i, j)) })
		return
	}
	for _, h := range z.Hosts {
		switch {
		case h.Pool != "", h.CustomHostname:
		case h.CNAME != "":
			all = append(all, Record{Type: "CNAME", Name: h.Name, Content: h.CNAME, Proxied: true})
		default:
			all = append(all, Record{Type: "A", Name: h.Name, Content: "{" + h.Origin + "}", Proxied: true})
		}
	}
	all = append(all, z.Records...)
	q := r.URL.Query()
	all = slices.DeleteFunc(all, func(rec Record) bool {
		return q.Get("type") != "" && q.Get("type") != rec.Type || q.Get("name") != "" && q.Get("name") != fqdn(rec.Name, z.Name)
	})
	slices.SortStableFunc(all, func(x, y Record) int { return cmp.Compare(fqdn(x.Name, z.Name), fqdn(y.Name, z.Name)) })
	recordsPaging.writeList(w, r, len(all), func(i int) any { return a.recordObject(z, all[i]) })
}

func (a *api) recordObject(z *Zone, rec Record) object {
	o := object{
		"id": objectID("record", z.Name+rec.Type+rec.Name+rec.Content), "zone_id": ZoneID(z.Name), "zone_name": z.Name,
		"type": rec.Type, "name": fqdn(rec.Name, z.Name), "content": a.lab.substitute(rec.Content), "proxied": rec.Proxied,
		"proxiable": rec.Type == "A" || rec.Type == "AAAA" || rec.Type == "CNAME", "ttl": 1, "comment": nil, "tags": []any{}, "meta": object{},
		"settings": object{}, "created_on": a.stamp(400 * day), "modified_on": a.stamp(400 * day),
	}
	if rec.Type == "MX" {
		o["priority"] = 10
	}
	return o
}

func (a *api) entrypoint(w http.ResponseWriter, r *http.Request, z *Zone) {
	phase := r.PathValue("phase")
	var rules []object
	rule := func(description, action, expression string, parameters object) {
		id := objectID("rule", z.Name+phase+description)
		rules = append(rules, object{"id": id, "version": "1", "ref": id, "action": action, "expression": expression, "description": description,
			"enabled": true, "last_updated": a.stamp(50 * day), "action_parameters": parameters})
	}
	switch phase {
	case "http_config_settings":
		for _, c := range z.ConfigRules {
			rule(c.Description, "set_config", c.Expression, object{"ssl": c.SSL})
		}
	case "http_request_origin":
		for _, o := range a.originRules(z) {
			rule(o.description, "route", o.expression, object{"origin": object{"port": o.port}})
		}
	}
	if len(rules) == 0 {
		writeError(w, &apiError{status: 404, code: 10003, message: fmt.Sprintf("could not find entrypoint ruleset in the %s phase", phase)})
		return
	}
	writeResult(w, object{"id": objectID("ruleset", z.Name+phase), "name": "default", "description": "", "kind": "zone", "version": "3",
		"phase": phase, "last_updated": a.stamp(50 * day), "rules": rules})
}

// originRule sends requests to another port: DNS records carry none, and the
// street is not on port 443.
type originRule struct {
	description, expression string
	port                    int
}

// originRules are the rules that a zone needs for its hosts: one for all where
// every host is on the same port, else one per port. Pools say their own ports.
func (a *api) originRules(z *Zone) []originRule {
	byPort := map[int][]string{}
	for _, h := range z.Hosts {
		if h.Origin == "" {
			continue
		}
		at := a.lab.addresses[h.Origin]
		if h.PlainPort {
			at = a.lab.plain[h.Origin]
		}
		byPort[int(at.Port())] = append(byPort[int(at.Port())], h.fqdn(z.Name))
	}
	var rules []originRule
	for _, port := range slices.Sorted(maps.Keys(byPort)) {
		r := originRule{description: fmt.Sprintf("Origins listen on %d", port), expression: "true", port: port}
		if len(byPort) > 1 {
			r.expression = fmt.Sprintf(`(http.host in {"%s"})`, strings.Join(byPort[port], `" "`))
		}
		rules = append(rules, r)
	}
	return rules
}

func (a *api) pageRules(z *Zone) []object {
	all := []object{}
	for i, p := range z.PageRules {
		actions := []object{}
		for _, id := range slices.Sorted(maps.Keys(p.Actions)) {
			action := object{"id": id}
			if v := p.Actions[id]; v != "" {
				action["value"] = v
			}
			actions = append(actions, action)
		}
		all = append(all, object{"id": objectID("page-rule", p.Target), "priority": len(z.PageRules) - i, "status": "active", "actions": actions,
			"targets":    []object{{"target": "url", "constraint": object{"operator": "matches", "value": p.Target}}},
			"created_on": a.stamp(500 * day), "modified_on": a.stamp(500 * day)})
	}
	return all
}

func (a *api) loadBalancers(z *Zone) []object {
	var all []object
	add := func(name string, pools []string) {
		var ids []string
		for _, p := range pools {
			ids = append(ids, objectID("pool", p))
		}
		all = append(all, object{"id": objectID("load-balancer", name), "name": name, "description": "", "enabled": true, "proxied": true, "ttl": 30,
			"default_pools": ids, "fallback_pool": ids[len(ids)-1], "region_pools": object{}, "country_pools": object{}, "pop_pools": object{},
			"session_affinity": "none", "steering_policy": "random", "created_on": a.stamp(300 * day), "modified_on": a.stamp(300 * day)})
	}
	for _, h := range z.Hosts {
		if h.Pool != "" {
			add(h.fqdn(z.Name), []string{h.Pool})
		}
	}
	for _, lb := range z.LoadBalancers {
		add(fqdn(lb.Name, z.Name), lb.Pools)
	}
	return all
}

func (a *api) pools(acct *Account) []object {
	var all []object
	for _, p := range acct.Pools {
		var origins []object
		for _, name := range p.Origins {
			at := a.lab.addresses[name]
			origins = append(origins, object{"name": name, "address": at.Addr().String(), "port": int(at.Port()), "enabled": true, "weight": 1, "header": object{}})
		}
		o := object{"id": objectID("pool", p.Name), "name": p.Name, "description": "", "enabled": true, "minimum_origins": 1, "origins": origins,
			"check_regions": nil, "notification_email": "", "created_on": a.stamp(300 * day), "modified_on": a.stamp(300 * day)}
		if p.Monitor != "" {
			o["monitor"] = objectID("monitor", p.Monitor)
		}
		all = append(all, o)
	}
	return all
}

func (a *api) monitors(acct *Account) []object {
	var all []object
	for _, m := range acct.Monitors {
		all = append(all, object{"id": objectID("monitor", m.Description), "type": "https", "description": m.Description, "method": "GET", "path": "/",
			"port": streetPort, "interval": 60, "retries": 2, "timeout": 5, "expected_codes": "200", "expected_body": "", "probe_zone": m.ProbeZone,
			"header": object{}, "follow_redirects": false, "allow_insecure": true, "created_on": a.stamp(300 * day), "modified_on": a.stamp(300 * day)})
	}
	return all
}

func (a *api) customHostnames(z *Zone) []object {
	var all []object
	add := func(name string) {
		all = append(all, object{"id": objectUUID("custom-hostname", name), "hostname": name, "status": "active", "created_at": a.stamp(120 * day),
			"ssl": object{"id": objectUUID("custom-hostname-ssl", name), "type": "dv", "method": "http", "status": "active", "wildcard": false}})
	}
	for _, h := range z.Hosts {
		if h.CustomHostname {
			add(h.fqdn(z.Name))
		}
	}
	for _, name := range z.CustomHostnames {
		add(name)
	}
	return all
}

// ips are Cloudflare's published ranges (a part of them), and the edge's own
// where it has one.
func (a *api) ips(w http.ResponseWriter, _ *http.Request) {
	v4 := []string{"173.245.48.0/20", "103.21.244.0/22", "104.16.0.0/13", "172.64.0.0/13"}
	if a.lab.edgeNet.IsValid() {
		v4 = append(v4, a.lab.edgeNet.String())
	}
	writeResult(w, object{"ipv4_cidrs": v4, "ipv6_cidrs": []string{"2400:cb00::/32", "2606:4700::/32"}, "etag": objectID("ips", strings.Join(v4, " "))})
}
