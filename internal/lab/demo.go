package lab

import "time"

// Demo is the world of `aopscan demo`: each hostname teaches one thing.
func Demo() World {
	const lantern, side = "Lantern Works", "Side Street"
	return World{
		ControlCert: "harbor",
		CAs: []CA{
			{Name: "harbor-ca", CommonName: "Harbor origin pull CA", Organization: "Lantern Works"},
			{Name: "orchard-ca", CommonName: "Orchard origin pull CA", Organization: "Lantern Works"},
			{Name: "vault-ca", CommonName: "Vault origin pull CA 2023", Organization: "Lantern Works"},
			{Name: "keystone-ca", CommonName: "Keystone origin pull CA", Organization: "Side Street"},
			{Name: "cloudflare", CommonName: seedCAName.CommonName},
		},
		Certs: []Cert{
			{Name: "harbor", CommonName: "harbor.example origin pull", CA: "harbor-ca", Expires: 300 * day},
			{Name: "orchard-zone", CommonName: "orchard.example origin pull", CA: "orchard-ca", Expires: 200 * day},
			{Name: "orchard-www", CommonName: "www.orchard.example origin pull", CA: "orchard-ca", Expires: 210 * day},
			{Name: "orchard-soon", CommonName: "soon.orchard.example origin pull", CA: "orchard-ca", Expires: 9*day + 12*time.Hour},
			{Name: "orchard-later", CommonName: "later.orchard.example origin pull", CA: "orchard-ca", Expires: 25*day + 12*time.Hour},
			{Name: "orchard-old", CommonName: "old.orchard.example origin pull", CA: "orchard-ca", ExpiresOn: time.Date(2024, 5, 31, 12, 0, 0, 0, time.UTC)},
			{Name: "orchard-vault", CommonName: "vault.orchard.example origin pull", CA: "orchard-ca", Expires: 220 * day},
			{Name: "summit", CommonName: "summit.example origin pull", CA: "orchard-ca", Expires: 150 * day},
			{Name: "summit-2023", CommonName: "summit.example origin pull 2023", CA: "orchard-ca", ExpiresOn: time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC), Weak: true},
			{Name: "pier", CommonName: "pier.example origin pull", CA: "harbor-ca", Expires: 180 * day},
			{Name: "keystone", CommonName: "keystone.example origin pull", CA: "keystone-ca", Expires: 320 * day},
			{Name: "cloudflare", CommonName: "Cloudflare origin pull", CA: "cloudflare", Expires: 320 * day},
		},
		Accounts: []Account{
			{
				Name:    lantern,
				Tunnels: []string{"intranet"},
				Pools:   []Pool{{Name: "summit-web", Origins: []string{"summit-1", "summit-2"}, Monitor: "summit web health"}},
				// Health checks without a zone carry no client certificate.
				Monitors: []Monitor{{Description: "summit web health"}},
			},
			{Name: side, Alerts: []string{"zone_aop_custom_certificate_expiration_type", "hostname_aop_custom_certificate_expiration_type"}},
		},
		// The token lacks "SSL and Certificates: Read" on one zone.
		Denied: []Denial{{Scope: "fog.example", Section: SectionZoneAOP}, {Scope: "fog.example", Section: SectionHostnameAOP}},
		ExternalDNS: map[string]string{
			"docs.hosting.example.net": "summit-docs",
		},
		Zones: []Zone{
			{
				Name: "harbor.example", Account: lantern, SSL: "strict", AlwaysUseHTTPS: true,
				ZoneAOP: true, ZoneCerts: []ZoneCert{{Cert: "harbor", UploadedDaysAgo: 40}},
				Pull: Pull{Cert: "harbor", Verify: true},
				Hosts: []Host{
					{Name: "www", Origin: "harbor-www", Verdict: "enforced", Teaches: "as it should be: sent and demanded, refused in TLS"},
					{Name: "media", Origin: "harbor-media", Verdict: "enforced", Teaches: "refused with HTTP 400 after a handshake that succeeds, as nginx does"},
					{Name: "app", Origin: "harbor-app", Verdict: "not-enforced", Teaches: "Cloudflare sends a certificate and nobody looks"},
					{Name: "api", Origin: "harbor-api", Verdict: "not-enforced", Teaches: "asked for and not demanded: a rollout that stopped half-way"},
					{Name: "partner", Origin: "harbor-partner", Verdict: "bypassable", Teaches: "any self-signed certificate is good enough"},
					{Name: "billing", Origin: "harbor-billing", Verdict: "bypassable", Teaches: "only the spelling of the issuer is checked"},
					{Name: "shop", Origin: "harbor-shop", Verdict: "bypassable", Teaches: "another SNI leads around the check"},
					{Name: "tickets", Origin: "harbor-tickets", Verdict: "bypassable", Teaches: "a stranger's session resumes into the protected site"},
					{Name: "legacy", Origin: "harbor-legacy", Verdict: "bypassable", Teaches: "the same content on plain HTTP beside it"},
					{Name: "office", Origin: "harbor-office", Verdict: "refused-otherwise", Teaches: "a 403 for everybody, without asking for a certificate: not AOP"},
					{Name: "archive", Origin: "harbor-archive", Verdict: "unreachable", Teaches: "connection refused: nothing can be said, and a firewall is not AOP"},
				},
				Records: []Record{
					{Type: "CNAME", Name: "intranet", Content: objectUUID("tunnel", "intranet") + ".cfargotunnel.com", Proxied: true},
					{Type: "A", Name: "direct", Content: "{harbor-www}"},
					{Type: "MX", Name: "@", Content: "mail.harbor.example"},
					{Type: "A", Name: "mail", Content: "{harbor-app}"},
					{Type: "TXT", Name: "@", Content: `"v=spf1 ip4:{harbor-shop} -all"`},
					{Type: "TXT", Name: "_dmarc", Content: `"v=DMARC1; p=reject"`},
				},
			},
			{
				Name: "orchard.example", Account: lantern, SSL: "full", AlwaysUseHTTPS: true,
				ZoneAOP: true, ZoneCerts: []ZoneCert{{Cert: "orchard-zone", UploadedDaysAgo: 60}},
				HostnameCerts: []string{"orchard-www", "orchard-soon", "orchard-later", "orchard-old", "orchard-vault"},
				Pull:          Pull{Cert: "orchard-zone"},
				Hosts: []Host{
					{Name: "www", Origin: "orchard-www", Association: "true", Cert: "orchard-www", Pull: &Pull{Cert: "orchard-www"}, Verdict: "enforced", Teaches: "a hostname certificate over the zone's"},
					{Name: "pay", Origin: "orchard-pay", Association: "false", Cert: "orchard-www", Pull: &Pull{}, Verdict: "inconclusive", Teaches: "switched off for this name though the zone is on, and the origin demands it: an outage"},
					{Name: "blog", Origin: "orchard-blog", Association: "null", Cert: "orchard-www", Verdict: "enforced", Teaches: "a void association falls back to the zone's certificate"},
					{Name: "soon", Origin: "orchard-soon", Association: "true", Cert: "orchard-soon", Pull: &Pull{Cert: "orchard-soon"}, Verdict: "enforced", Teaches: "its certificate expires in 9 days"},
					{Name: "later", Origin: "orchard-later", Association: "true", Cert: "orchard-later", Pull: &Pull{Cert: "orchard-later"}, Verdict: "enforced", Teaches: "its certificate expires in 25 days"},
					{Name: "old", Origin: "orchard-old", Association: "true", Cert: "orchard-old", Pull: &Pull{Cert: "orchard-old"}, Verdict: "inconclusive", Teaches: "Cloudflare says active of a certificate that expired in 2024"},
					{Name: "vault", Origin: "orchard-vault", Association: "true", Cert: "orchard-vault", Pull: &Pull{Cert: "orchard-vault"}, Verdict: "inconclusive", Teaches: "the origin trusts another CA than the one that signed: an outage"},
				},
			},
			{
				Name: "summit.example", Account: lantern, SSL: "full",
				ZoneAOP: true, ZoneCerts: []ZoneCert{{Cert: "summit-2023", UploadedDaysAgo: 1000}, {Cert: "summit", UploadedDaysAgo: 30}},
				Pull: Pull{Cert: "summit"},
				Hosts: []Host{
					{Name: "www", Pool: "summit-web", Verdicts: []string{"enforced", "not-enforced"}, Teaches: "two origins behind one load balancer that disagree"},
					{Name: "docs", CNAME: "docs.hosting.example.net", Origin: "summit-docs", Verdict: "not-enforced", Teaches: "the origin hides behind a CNAME outside the zone"},
					{Name: "fallback", Origin: "summit-saas", Verdict: "enforced", Teaches: "the fallback origin of custom hostnames"},
					{Name: "portal.customer.example.", Origin: "summit-saas", CustomHostname: true, Verdict: "enforced", Teaches: "a customer's own hostname on this zone"},
				},
				FallbackOrigin: "fallback",
				Records: []Record{
					{Type: "CNAME", Name: "gone", Content: "gone.hosting.example.net", Proxied: true},
				},
			},
			{
				Name: "lagoon.example", Account: lantern, SSL: "strict", AlwaysUseHTTPS: true, GlobalAOP: true,
				Pull: Pull{Cert: "cloudflare", Verify: true},
				Hosts: []Host{
					{Name: "www", Origin: "lagoon-www", Verdict: "enforced", Teaches: "Cloudflare's shared certificate: any of its customers can present it"},
					{Name: "beta", Origin: "lagoon-beta", PlainPort: true, Pull: &Pull{Plain: true}, Verdict: "not-enforced", Teaches: "a Configuration Rule sets this name to flexible, and AOP is inert"},
				},
				ConfigRules: []ConfigRule{{Description: "beta is not on TLS yet", Expression: `(http.host eq "beta.lagoon.example")`, SSL: "flexible"}},
				Records: []Record{
					{Type: "AAAA", Name: "static", Content: "100::", Proxied: true},
					{Type: "CNAME", Name: "pages", Content: "lagoon.pages.dev", Proxied: true},
				},
				WorkerRoutes: map[string]string{"static.lagoon.example/*": "static-site"},
			},
			{
				Name: "quay.example", Account: lantern, SSL: "flexible", GlobalAOP: true,
				Pull: Pull{Plain: true},
				Hosts: []Host{
					{Name: "www", Origin: "quay-www", PlainPort: true, Verdict: "not-enforced", Teaches: "flexible mode: Cloudflare pulls over plain HTTP and can send no certificate"},
				},
			},
			{
				Name: "meadow.example", Account: lantern, SSL: "strict", AlwaysUseHTTPS: true, ZoneAOP: true,
				Pull: Pull{Verify: true},
				Hosts: []Host{
					{Name: "www", Origin: "meadow-www", Verdict: "not-enforced", Teaches: "zone-level AOP is on and no certificate was ever uploaded"},
				},
			},
			{
				Name: "bare.example", Account: lantern, SSL: "strict", AlwaysUseHTTPS: true,
				Pull: Pull{Verify: true},
				Hosts: []Host{
					{Name: "@", Origin: "bare-apex", Verdict: "not-enforced", Teaches: "no AOP on either side"},
				},
			},
			{
				Name: "pier.example", Account: lantern, SSL: "strict", Paused: true, AlwaysUseHTTPS: true,
				ZoneAOP: true, ZoneCerts: []ZoneCert{{Cert: "pier", UploadedDaysAgo: 20}},
				Hosts: []Host{
					{Name: "www", Origin: "pier-www", Teaches: "a paused zone: visitors go to the origin directly"},
				},
			},
			{
				Name: "keystone.example", Account: side, SSL: "origin_pull", AlwaysUseHTTPS: true,
				ZoneAOP: true, ZoneCerts: []ZoneCert{{Cert: "keystone", UploadedDaysAgo: 10}},
				Pull: Pull{Cert: "keystone", Verify: true},
				Hosts: []Host{
					{Name: "www", Origin: "keystone-www", Verdict: "enforced", Teaches: "all as it should be, with expiry alerts"},
					{Name: "lounge", Origin: "keystone-lounge", Verdict: "enforced", Teaches: "a refusal page with status 200: only what Cloudflare gets tells"},
					{Name: "lobby", Origin: "keystone-lobby", Verdict: "inconclusive", Teaches: "asks for a certificate and refuses everybody, Cloudflare included"},
					{Name: "cellar", Origin: "keystone-cellar", Verdict: "enforced", Teaches: "the origin's own certificate expired: Cloudflare answers 526"},
				},
			},
			{
				Name: "fog.example", Account: side, SSL: "strict", AlwaysUseHTTPS: true,
				ZoneAOP: true, ZoneCerts: []ZoneCert{{Cert: "keystone", UploadedDaysAgo: 10}},
				Pull: Pull{Cert: "keystone", Verify: true},
				Hosts: []Host{
					{Name: "www", Origin: "fog-www", Verdict: "enforced", Teaches: "the token may not read this zone's AOP: what Cloudflare sends is unknown"},
				},
			},
		},
		Origins: []Origin{
			{Name: "harbor-www", Number: "1.10", Posture: Demanded, Trusts: "harbor-ca"},
			{Name: "harbor-media", Number: "1.11", Posture: DemandedHTTP, Trusts: "harbor-ca"},
			{Name: "harbor-app", Number: "1.12", Posture: Open},
			{Name: "harbor-api", Number: "1.13", Posture: Optional, Trusts: "harbor-ca"},
			{Name: "harbor-partner", Number: "1.14", Posture: AnyCertificate},
			{Name: "harbor-billing", Number: "1.15", Posture: IssuerName, Trusts: "harbor-ca"},
			{Name: "harbor-shop", Number: "1.16", Posture: DefaultVirtualHost, Trusts: "harbor-ca"},
			{Name: "harbor-tickets", Number: "1.17", Posture: ResumedSession, Trusts: "harbor-ca"},
			{Name: "harbor-legacy", Number: "1.18", Posture: Demanded, Trusts: "harbor-ca", Plain: true},
			{Name: "harbor-office", Number: "1.19", Posture: Forbidden},
			{Name: "harbor-archive", Number: "1.20", Posture: Dead},
			{Name: "orchard-www", Number: "2.10", Posture: Demanded, Trusts: "orchard-ca"},
			{Name: "orchard-pay", Number: "2.11", Posture: Demanded, Trusts: "orchard-ca"},
			{Name: "orchard-blog", Number: "2.12", Posture: Demanded, Trusts: "orchard-ca"},
			{Name: "orchard-soon", Number: "2.13", Posture: Demanded, Trusts: "orchard-ca"},
			{Name: "orchard-later", Number: "2.14", Posture: Demanded, Trusts: "orchard-ca"},
			{Name: "orchard-old", Number: "2.15", Posture: Demanded, Trusts: "orchard-ca"},
			{Name: "orchard-vault", Number: "2.16", Posture: Demanded, Trusts: "vault-ca"},
			{Name: "summit-1", Number: "3.10", Posture: Demanded, Trusts: "orchard-ca"},
			{Name: "summit-2", Number: "3.11", Posture: Open},
			{Name: "summit-docs", Number: "3.12", Posture: Open},
			{Name: "summit-saas", Number: "3.13", Posture: Demanded, Trusts: "orchard-ca"},
			{Name: "lagoon-www", Number: "4.10", Posture: Demanded, Trusts: "cloudflare"},
			{Name: "lagoon-beta", Number: "4.11", Posture: Demanded, Trusts: "cloudflare", Plain: true},
			{Name: "quay-www", Number: "5.10", Posture: Open, Plain: true},
			{Name: "meadow-www", Number: "6.10", Posture: Open},
			{Name: "bare-apex", Number: "7.10", Posture: Open},
			{Name: "pier-www", Number: "8.10", Posture: Demanded, Trusts: "harbor-ca"},
			{Name: "keystone-www", Number: "9.10", Posture: Demanded, Trusts: "keystone-ca"},
			{Name: "keystone-lounge", Number: "9.11", Posture: RefusalPage, Trusts: "keystone-ca"},
			{Name: "keystone-lobby", Number: "9.12", Posture: RefusesEverybody, Trusts: "keystone-ca"},
			{Name: "keystone-cellar", Number: "9.13", Posture: Demanded, Trusts: "keystone-ca", ExpiredServerCertificate: true},
			{Name: "fog-www", Number: "10.10", Posture: Demanded, Trusts: "keystone-ca"},
		},
	}
}
