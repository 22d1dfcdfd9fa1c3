package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

var _ = register(Check{
	ID:       "aop-certificate-not-active",
	Title:    "The certificate that AOP is told to present is not active",
	Severity: High,
	Needs:    NeedsConfiguration,
	Rationale: "Only a certificate with the status active is presented. One that is being deleted, or whose deployment " +
		"timed out, leaves the hostname with another certificate than everybody thinks, or with none: an outage where " +
		"the origin enforces, an open door where it waits.",
	Remediation: []Remedy{
		api("Look at the certificates and their status.", "GET", "/zones/$ZONE_ID/origin_tls_client_auth", ""),
		api("For hostnames there is a list of its own.", "GET", "/zones/$ZONE_ID/origin_tls_client_auth/hostnames/certificates", ""),
		uploadZoneCertificate(),
	},
	References: []Reference{refAOPManage, refAOPZone, refAOPHostname},
	Controls: []Control{
		nist("IA-9", "The service cannot authenticate itself with the credential that was chosen for it."),
		nist("SC-17", "The certificate that was issued for this purpose is not deployed."),
		iso("A.8.9", "The configuration in force is not the one that was made."),
	},
	Eval: aopCertificateNotActive,
})

func aopCertificateNotActive(in *Input) []Result {
	return in.eachZone("No level of AOP names a certificate.", func(z *evidence.Zone) []Result {
		results := zoneCertificateActive(in, z)
		if !z.HostnameAOP.AssociationsSection.Known() {
			r := unreadAssociations(z)
			r.Subject = "hostname-level"
			results = append(results, r)
		}
		for _, a := range associations(z) {
			if a.Enabled != evidence.TriTrue || a.CertificateID == "" {
				continue
			}
			c := certificateByID(z, a.CertificateID)
			if c == nil && z.HostnameAOP.CertificatesSection.Known() {
				continue // aop-hostname-certificate-missing
			}
			if c == nil {
				c = &evidence.ClientCertificate{ID: a.CertificateID, Status: a.CertificateStatus}
			}
			if c.Status == "deleted" {
				continue // as above
			}
			s, why := deployment(in, *c)
			r := hostResult(z, a.Hostname, s, "%s", map[Status]string{
				Pass:         fmt.Sprintf("The certificate of '%s' is active.", a.Hostname),
				Fail:         fmt.Sprintf("The certificate that '%s' is associated with is not active.", a.Hostname),
				Inconclusive: fmt.Sprintf("Whether the certificate of '%s' is presented is not known.", a.Hostname),
			}[s])
			r.Reason = why
			r.Facts = map[string]string{"certificate": c.ID, "status": c.Status}
			results = append(results, r)
		}
		return results
	})
}

// zoneCertificateActive judges the zone level: one active certificate is enough.
func zoneCertificateActive(in *Input, z *evidence.Zone) []Result {
	result := func(r Result) []Result {
		r.Subject = "zone-level"
		return []Result{r}
	}
	certs := slices.DeleteFunc(slices.Clone(z.AOP.Certificates), func(c evidence.ClientCertificate) bool { return c.Status == "deleted" })
	switch {
	case z.AOP.SettingSection.Known() && z.AOP.Enabled == evidence.TriFalse:
		return nil
	case !z.AOP.SettingSection.Known() || z.AOP.Enabled != evidence.TriTrue:
		return result(unreadZoneLevel(z))
	case len(certs) == 0 && z.AOP.CertificatesSection.Known():
		return nil // aop-zone-without-certificate
	case len(certs) == 0:
		return result(unread(z, "Whether the zone-level certificate is active", z.AOP.CertificatesSection))
	}
	worst, why := Pass, ""
	var states []string
	for i, c := range certs {
		states = append(states, c.Status)
		s, reason := deployment(in, c)
		if s == Pass {
			return result(zoneResult(z, Pass, "The zone level of AOP has an active certificate."))
		}
		if i == 0 || s == Inconclusive {
			worst, why = s, reason
		}
	}
	slices.Sort(states)
	facts := map[string]string{"status": strings.Join(slices.Compact(states), ", ")}
	r := zoneResult(z, worst, "None of the zone-level certificates is active.")
	if worst == Inconclusive {
		r.Message = "Whether a zone-level certificate is presented is not known."
	}
	r.Reason, r.Facts = why, facts
	return result(r)
}

// deployment judges a certificate's status
// (https://developers.cloudflare.com/api/resources/origin_tls_client_auth/). One
// that is being deployed is given a day.
func deployment(in *Input, c evidence.ClientCertificate) (Status, string) {
	switch c.Status {
	case "active":
		return Pass, ""
	case "initializing", "pending_deployment":
		if c.UploadedOn != nil && in.Now.Sub(*c.UploadedOn) > days(1) {
			return Fail, fmt.Sprintf("its status is '%s' for more than a day", c.Status)
		}
		return Inconclusive, fmt.Sprintf("its status is '%s': it is being deployed", c.Status)
	case "pending_deletion", "deletion_timed_out", "deployment_timed_out":
		return Fail, fmt.Sprintf("its status is '%s'", c.Status)
	case "":
		return Inconclusive, "the API's answer does not tell its status"
	}
	return Inconclusive, fmt.Sprintf("its status '%s' is none that is documented", c.Status)
}
