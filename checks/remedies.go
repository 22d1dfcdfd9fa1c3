package checks

import (
	"fmt"
	"strings"
)

// Commands and sources that several checks share. Placeholders are shell
// variables: $CLOUDFLARE_API_TOKEN, $ZONE_ID, $ACCOUNT_ID, $CERT_ID, and $AOP_HOSTNAME,
// because shells set $HOSTNAME to the name of the machine.

const (
	cloudflareDocs = "https://developers.cloudflare.com/"
	docsAOP        = cloudflareDocs + "ssl/origin-configuration/authenticated-origin-pull/"
	docsSSLModes   = cloudflareDocs + "ssl/origin-configuration/ssl-modes/"
	rfcEditor      = "https://www.rfc-editor.org/rfc/"
)

var (
	refAOP          = Reference{"Cloudflare: Authenticated Origin Pulls", docsAOP}
	refAOPHow       = Reference{"Cloudflare: how Authenticated Origin Pulls work", docsAOP + "explanation/"}
	refAOPGlobal    = Reference{"Cloudflare: Authenticated Origin Pulls with Cloudflare's certificate", docsAOP + "set-up/global/"}
	refAOPZone      = Reference{"Cloudflare: zone-level Authenticated Origin Pulls", docsAOP + "set-up/zone-level/"}
	refAOPHostname  = Reference{"Cloudflare: per-hostname Authenticated Origin Pulls", docsAOP + "set-up/per-hostname/"}
	refAOPManage    = Reference{"Cloudflare: manage client certificates of Authenticated Origin Pulls", docsAOP + "set-up/manage-certificates/"}
	refSSLModes     = Reference{"Cloudflare: SSL/TLS encryption modes", docsSSLModes}
	refProtect      = Reference{"Cloudflare: protect your origin server", cloudflareDocs + "fundamentals/security/protect-your-origin-server/"}
	refRFC5280      = Reference{"RFC 5280: Internet X.509 Public Key Infrastructure Certificate and CRL Profile", rfcEditor + "rfc5280"}
	refRFC8446      = Reference{"RFC 8446: The Transport Layer Security (TLS) Protocol Version 1.3", rfcEditor + "rfc8446"}
	refNginxVerify  = Reference{"nginx: ssl_verify_client", "https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_verify_client"}
	refApacheVerify = Reference{"Apache: SSLVerifyClient", "https://httpd.apache.org/docs/2.4/mod/mod_ssl.html#sslverifyclient"}
)

// api is a call of the Cloudflare API; path begins after /client/v4.
func api(text, method, path, body string) Remedy {
	var b strings.Builder
	fmt.Fprintf(&b, "curl -sS -X %s \"https://api.cloudflare.com/client/v4%s\" \\\n  -H \"Authorization: Bearer $CLOUDFLARE_API_TOKEN\"", method, path)
	if body != "" {
		fmt.Fprintf(&b, " \\\n  -H \"Content-Type: application/json\" \\\n  --data '%s'", body)
	}
	return Remedy{Where: "Cloudflare API", Text: text, Commands: b.String()}
}

// terraform is a resource of the Cloudflare provider, version 5.
func terraform(text, hcl string) Remedy {
	return Remedy{Where: "Terraform", Text: text, Commands: strings.TrimSpace(hcl)}
}

// zoneSetting sets a zone setting, through the API and in Terraform.
func zoneSetting(text, id, value string) []Remedy {
	return []Remedy{
		api(text, "PATCH", "/zones/$ZONE_ID/settings/"+id, fmt.Sprintf(`{"value":%q}`, value)),
		terraform("Keep the setting in code.", fmt.Sprintf(`
resource "cloudflare_zone_setting" %q {
  zone_id    = var.zone_id
  setting_id = %q
  value      = %q
}`, id, id, value)),
	}
}

// zoneLevelOn uploads a certificate of one's own and switches the zone level on.
func zoneLevelOn() []Remedy {
	return []Remedy{
		uploadZoneCertificate(),
		api("Switch the zone level on.", "PUT", "/zones/$ZONE_ID/origin_tls_client_auth/settings", `{"enabled":true}`),
		terraform("Keep certificate and switch in code.", `
resource "cloudflare_authenticated_origin_pulls_certificate" "zone" {
  zone_id     = var.zone_id
  certificate = file("client.pem")
  private_key = var.client_key
}

resource "cloudflare_authenticated_origin_pulls_settings" "zone" {
  zone_id    = var.zone_id
  enabled    = true
  depends_on = [cloudflare_authenticated_origin_pulls_certificate.zone]
}`),
	}
}

func uploadZoneCertificate() Remedy {
	return Remedy{
		Where: "Cloudflare API",
		Text:  "Upload a client certificate of your own for the zone and let the origin trust its CA first.",
		Commands: `jq -n --rawfile certificate client.pem --rawfile private_key client.key '$ARGS.named' |
  curl -sS -X POST "https://api.cloudflare.com/client/v4/zones/$ZONE_ID/origin_tls_client_auth" \
  -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" \
  -H "Content-Type: application/json" --data @-`,
	}
}

// hostnameCertificate uploads a hostname certificate and associates it.
func hostnameCertificate() []Remedy {
	return []Remedy{
		{
			Where: "Cloudflare API",
			Text:  "Upload a client certificate for the hostname and note the identifier in the answer.",
			Commands: `jq -n --rawfile certificate client.pem --rawfile private_key client.key '$ARGS.named' |
  curl -sS -X POST "https://api.cloudflare.com/client/v4/zones/$ZONE_ID/origin_tls_client_auth/hostnames/certificates" \
  -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" \
  -H "Content-Type: application/json" --data @- | jq -r .result.id`,
		},
		associate("Associate the certificate with the hostname.", `"enabled":true`),
		terraform("Keep certificate and association in code.", `
resource "cloudflare_authenticated_origin_pulls_hostname_certificate" "app" {
  zone_id     = var.zone_id
  certificate = file("client.pem")
  private_key = var.client_key
}

resource "cloudflare_authenticated_origin_pulls" "app" {
  zone_id = var.zone_id
  config = [{
    hostname = "app.example.com"
    cert_id  = cloudflare_authenticated_origin_pulls_hostname_certificate.app.id
    enabled  = true
  }]
}`),
	}
}

// associate changes the association of a hostname.
func associate(text, enabled string) Remedy {
	return Remedy{
		Where: "Cloudflare API",
		Text:  text,
		Commands: `curl -sS -X PUT "https://api.cloudflare.com/client/v4/zones/$ZONE_ID/origin_tls_client_auth/hostnames" \
  -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" \
  -H "Content-Type: application/json" \
  --data '{"config":[{"hostname":"'"$AOP_HOSTNAME"'","cert_id":"'"$CERT_ID"'",` + enabled + `}]}'`,
	}
}

// demandCertificate makes an origin demand a client certificate of the CA in
// /etc/ssl/aop-ca.pem, per server.
func demandCertificate() []Remedy {
	return []Remedy{
		{Where: "nginx", Text: "Demand a client certificate in the server block, and reload.", Commands: `server {
    ssl_client_certificate /etc/ssl/aop-ca.pem;
    ssl_verify_client      on;
    ssl_verify_depth       1;
}`},
		{Where: "Apache", Text: "Demand a client certificate for the whole virtual host, and reload.", Commands: `SSLCACertificateFile /etc/ssl/aop-ca.pem
SSLVerifyClient      require
SSLVerifyDepth       1`},
		{Where: "HAProxy", Text: "Demand a client certificate on the bind line, and reload.", Commands: `bind :443 ssl crt /etc/haproxy/site.pem ca-file /etc/ssl/aop-ca.pem verify required`},
		{Where: "Caddy", Text: "Demand a client certificate in the site's tls directive, and reload; before Caddy 2.8, trusted_ca_cert_file stands for trust_pool file.", Commands: `app.example.com {
    tls {
        client_auth {
            mode require_and_verify
            trust_pool file /etc/ssl/aop-ca.pem
        }
    }
}`},
	}
}

// remedies joins single remedies and groups of them.
func remedies(groups ...[]Remedy) []Remedy {
	var all []Remedy
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

// replaceCertificate uploads a successor; the origin must trust its CA before.
func replaceCertificate(text string) []Remedy {
	first := uploadZoneCertificate()
	first.Text = text
	hostname := hostnameCertificate()
	hostname[0].Text = "A hostname-level certificate is replaced in its own list: upload the successor and note the identifier in the answer."
	hostname[1].Text = "Associate the successor with the hostname."
	return []Remedy{
		first,
		api("Watch the new certificate until its status is active.", "GET", "/zones/$ZONE_ID/origin_tls_client_auth", ""),
		api("Delete the old one.", "DELETE", "/zones/$ZONE_ID/origin_tls_client_auth/$CERT_ID", ""),
		hostname[0],
		hostname[1],
		api("Delete the hostname's old one, once the successor is active.", "DELETE", "/zones/$ZONE_ID/origin_tls_client_auth/hostnames/certificates/$OLD_CERT_ID", ""),
		terraform("Let the successor be created before the old certificate is destroyed.", `
resource "cloudflare_authenticated_origin_pulls_certificate" "zone" {
  zone_id     = var.zone_id
  certificate = file("client.pem")
  private_key = var.client_key

  lifecycle {
    create_before_destroy = true
  }
}`),
		{Where: "OpenSSL", Text: "Make a CA for this purpose alone and a client certificate for ninety days.", Commands: `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1825 \
  -subj "/CN=example.com origin pull CA" -keyout aop-ca.key -out aop-ca.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
  -subj "/CN=example.com origin pull" -keyout client.key -out client.csr
printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n' > client.ext
openssl x509 -req -in client.csr -CA aop-ca.pem -CAkey aop-ca.key -CAcreateserial \
  -days 90 -extfile client.ext -out client.pem`},
	}
}
