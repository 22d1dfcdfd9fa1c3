package checks

import (
	"fmt"
	"slices"

	"github.com/aopscan/aopscan/internal/evidence"
)

// The alert types of Cloudflare's notifications about client certificates
// (https://developers.cloudflare.com/notifications/notification-available/).
const (
	alertZoneCertificate     = "zone_aop_custom_certificate_expiration_type"
	alertHostnameCertificate = "hostname_aop_custom_certificate_expiration_type"
)

var _ = register(Check{
	ID:       "expiry-alert-missing",
	Title:    "Nobody is told when a client certificate is about to expire",
	Severity: Low,
	Needs:    NeedsConfiguration,
	Rationale: "Cloudflare can send a notification 30 and 14 days before an uploaded client certificate ends, and sends none " +
		"unless asked. Without one the first sign is the outage.",
	Remediation: []Remedy{
		api("Create the notification for zone-level certificates, with an address that somebody reads.", "POST", "/accounts/$ACCOUNT_ID/alerting/v3/policies",
			`{"name":"Zone-level AOP certificate expires","alert_type":"`+alertZoneCertificate+`","enabled":true,"filters":{},"mechanisms":{"email":[{"id":"security@example.com"}]}}`),
		api("And the one for hostname-level certificates.", "POST", "/accounts/$ACCOUNT_ID/alerting/v3/policies",
			`{"name":"Hostname-level AOP certificate expires","alert_type":"`+alertHostnameCertificate+`","enabled":true,"filters":{},"mechanisms":{"email":[{"id":"security@example.com"}]}}`),
		terraform("Keep the notification in code.", `
resource "cloudflare_notification_policy" "aop_zone" {
  account_id = var.account_id
  name       = "Zone-level AOP certificate expires"
  alert_type = "`+alertZoneCertificate+`"
  enabled    = true
  mechanisms = {
    email = [{ id = "security@example.com" }]
  }
}`),
	},
	References: []Reference{
		{"Cloudflare: available notifications", cloudflareDocs + "notifications/notification-available/"},
		refAOPManage,
	},
	Controls: []Control{
		nist("IA-5", "Nobody is told in time that the authenticator has to be replaced."),
		iso("A.8.24", "The lifetime of keys and certificates has to be managed."),
	},
	Eval: expiryAlertMissing,
})

// expiryAlertMissing judges by account: notifications belong to it.
func expiryAlertMissing(in *Input) []Result {
	accounts := map[string]*evidence.Account{}
	for i := range in.Evidence.Accounts {
		accounts[in.Evidence.Accounts[i].ID] = &in.Evidence.Accounts[i]
	}
	var ids []string
	zones := map[string][]*evidence.Zone{}
	for i := range in.Evidence.Zones {
		z := &in.Evidence.Zones[i]
		if zones[z.AccountID] == nil {
			ids = append(ids, z.AccountID)
		}
		zones[z.AccountID] = append(zones[z.AccountID], z)
	}
	if len(ids) == 0 {
		return []Result{noZones(in)}
	}
	slices.Sort(ids)
	var results []Result
	for _, id := range ids {
		a := accounts[id]
		if a == nil {
			a = &evidence.Account{ID: id}
		}
		before := len(results)
		for _, level := range []struct {
			level evidence.CertificateSource
			alert string
		}{{evidence.CertificateZone, alertZoneCertificate}, {evidence.CertificateHostname, alertHostnameCertificate}} {
			if r, ok := alertFor(a, zones[id], level.level, level.alert); ok {
				results = append(results, r)
			}
		}
		if len(results) == before {
			results = append(results, Result{Status: NotApplicable, Subject: "account " + id, Message: fmt.Sprintf("The account '%s' uses no client certificate of its own.", accountName(a))})
		}
	}
	return results
}

func accountName(a *evidence.Account) string {
	if a.Name != "" {
		return a.Name
	}
	return a.ID
}

// alertFor judges one level of an account; ok is false where no zone uses it.
func alertFor(a *evidence.Account, zones []*evidence.Zone, level evidence.CertificateSource, alert string) (r Result, ok bool) {
	var using []string
	var gap *evidence.Section
	for _, z := range zones {
		certs := z.AOP.CertificatesSection
		if level == evidence.CertificateHostname {
			certs = z.HostnameAOP.CertificatesSection
		}
		if !certs.Known() {
			gap = &certs
		}
		for _, c := range heldCertificates(z) {
			if c.level == level && c.use != unused {
				using = append(using, z.Name)
			}
		}
	}
	if len(using) == 0 && gap == nil {
		return r, false
	}
	r.Subject = fmt.Sprintf("account %s: %s-level", a.ID, level)
	state := func(enabled evidence.Tri) bool {
		return slices.ContainsFunc(a.Notifications, func(n evidence.Notification) bool { return n.Type == alert && n.Enabled == enabled })
	}
	switch {
	case state(evidence.TriTrue):
		r.Status = Pass
		r.Message = fmt.Sprintf("A notification of the account '%s' warns before %s-level client certificates expire.", accountName(a), level)
	case !a.NotificationsSection.Known():
		r.Status = Inconclusive
		r.Message = fmt.Sprintf("Whether a notification of the account '%s' warns before %s-level client certificates expire is not known.", accountName(a), level)
		r.Reason = whyUnread(a.NotificationsSection)
		if a.NotificationsSection.State == evidence.SectionDenied {
			r.Permission = a.NotificationsSection.Permission
		}
	case len(using) == 0:
		r.Status = Inconclusive
		r.Message = fmt.Sprintf("Whether the account '%s' uses %s-level client certificates is not known.", accountName(a), level)
		r.Reason = whyUnread(*gap)
		if gap.State == evidence.SectionDenied {
			r.Permission = gap.Permission
		}
	case state(evidence.TriUnknown):
		r.Status = Inconclusive
		r.Message = fmt.Sprintf("Whether a notification of the account '%s' warns before %s-level client certificates expire is not known.", accountName(a), level)
		r.Reason = "the API's answer does not say whether it is enabled"
	default:
		r.Status = Fail
		r.Message = fmt.Sprintf("No notification of the account '%s' warns before %s-level client certificates expire.", accountName(a), level)
		r.Reason = "no enabled notification has the type " + alert
		r.Facts = map[string]string{"zones": listed(using, 20)}
	}
	return r, true
}
