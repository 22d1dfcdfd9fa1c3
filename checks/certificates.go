package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
)

// use says whether Cloudflare is told to present a certificate.
type use int

const (
	unused use = iota
	inUse
	useUnknown // what decides it was not read
)

// held is a client certificate that Cloudflare holds for a zone.
type held struct {
	evidence.ClientCertificate
	level evidence.CertificateSource // CertificateZone or CertificateHostname
	use   use
	// hostnames that are associated with it (hostname level).
	hostnames []string
}

// name is how messages call the certificate.
func (c held) name() string {
	if c.level == evidence.CertificateHostname {
		return fmt.Sprintf("The hostname-level client certificate '%s'", c.ID)
	}
	return fmt.Sprintf("The zone-level client certificate '%s'", c.ID)
}

// heldCertificates lists the certificates of a zone that are not deleted, with
// whether they are in use. A certificate is in use when a switch that is on names
// it, whether or not a hostname is proxied just now: of the zone level that is the
// most recently deployed active one.
func heldCertificates(z *evidence.Zone) []held {
	var list []held
	newest, sure := presentedByZone(z)
	for _, c := range z.AOP.Certificates {
		if c.Status == "deleted" {
			continue
		}
		h := held{ClientCertificate: c, level: evidence.CertificateZone}
		switch {
		case z.AOP.Enabled == evidence.TriFalse && z.AOP.SettingSection.Known():
		case !z.AOP.SettingSection.Known() || z.AOP.Enabled != evidence.TriTrue:
			h.use = useUnknown
		case newest != "" && c.ID == newest && sure:
			h.use = inUse
		case (c.Status == "active" || c.Status == "") && !sure:
			h.use = useUnknown
		case newest == "":
			h.use = useUnknown // none is active: one of these is on its way in or out
		}
		list = append(list, h)
	}
	for _, c := range z.HostnameAOP.Certificates {
		if c.Status == "deleted" {
			continue
		}
		h := held{ClientCertificate: c, level: evidence.CertificateHostname}
		if !z.HostnameAOP.AssociationsSection.Known() {
			h.use = useUnknown
		}
		for _, a := range associations(z) {
			switch {
			case a.CertificateID != c.ID:
			case a.Enabled == evidence.TriTrue:
				h.use = inUse
				h.hostnames = append(h.hostnames, a.Hostname)
			case a.Enabled == evidence.TriUnknown && h.use == unused:
				h.use = useUnknown
			}
		}
		list = append(list, h)
	}
	return list
}

// presentedByZone returns the certificate of the zone level that Cloudflare
// presents while the zone level is on: the most recently deployed active one. It
// is not sure where several are active and their times are not all known, or where
// the API did not tell a certificate's status.
func presentedByZone(z *evidence.Zone) (id string, sure bool) {
	var best time.Time
	active, undated, untold := 0, 0, 0
	for _, c := range z.AOP.Certificates {
		if c.Status == "" {
			untold++
		}
		if c.Status != "active" {
			continue
		}
		active++
		if c.UploadedOn == nil {
			undated++
		}
		if id == "" || (c.UploadedOn != nil && c.UploadedOn.After(best)) {
			id = c.ID
			if c.UploadedOn != nil {
				best = *c.UploadedOn
			}
		}
	}
	return id, untold == 0 && (active <= 1 || undated == 0)
}

// associations returns the associations that count: not deleted, and of several
// for one hostname the one that was changed last.
func associations(z *evidence.Zone) []evidence.Association {
	var list []evidence.Association
	for _, a := range z.HostnameAOP.Associations {
		if a.Status == "deleted" {
			continue
		}
		i := slices.IndexFunc(list, func(b evidence.Association) bool { return b.Hostname == a.Hostname })
		switch {
		case i < 0:
			list = append(list, a)
		case a.UpdatedOn != nil && (list[i].UpdatedOn == nil || a.UpdatedOn.After(*list[i].UpdatedOn)):
			list[i] = a
		}
	}
	return list
}

// certificateByID finds a certificate of the zone or hostname level, or nil.
func certificateByID(z *evidence.Zone, id string) *evidence.ClientCertificate {
	if z == nil || id == "" {
		return nil
	}
	for _, list := range [][]evidence.ClientCertificate{z.HostnameAOP.Certificates, z.AOP.Certificates} {
		for i := range list {
			if list[i].ID == id {
				return &list[i]
			}
		}
	}
	return nil
}

// eachCertificate judges the certificates that are in use, or may be. A failure
// of a certificate of which nobody knows whether it is in use is inconclusive.
func (in *Input) eachCertificate(judge func(z *evidence.Zone, c held) Result) []Result {
	return in.eachZone("Cloudflare presents no client certificate of the zone's own.", func(z *evidence.Zone) []Result {
		results := unreadCertificates(z, false)
		for _, c := range heldCertificates(z) {
			if c.use == unused {
				continue
			}
			r := judge(z, c)
			if r.Status == Fail && c.use == useUnknown {
				r.Status = Inconclusive
				r.Message = strings.TrimSuffix(r.Message, ".") + ", and whether it is in use is not known."
				r.Reason, r.Permission = "what decides which certificate is presented could not be read", useGap(z, c)
			}
			results = append(results, r)
		}
		return results
	})
}

// useGap returns the permission that would tell whether a certificate is in use.
func useGap(z *evidence.Zone, c held) string {
	s := z.AOP.SettingSection
	if c.level == evidence.CertificateHostname {
		s = z.HostnameAOP.AssociationsSection
	}
	if s.State == evidence.SectionDenied {
		return s.Permission
	}
	return ""
}

// unreadCertificates says which lists of certificates could not be read: one result
// where one cause hides both. Where the zone level is known to be off, its
// certificates matter only to those who ask for all.
func unreadCertificates(z *evidence.Zone, all bool) []Result {
	off := z.AOP.SettingSection.Known() && z.AOP.Enabled == evidence.TriFalse
	zone := unread(z, "Which zone-level client certificates there are", z.AOP.CertificatesSection)
	hostname := unread(z, "Which hostname-level client certificates there are", z.HostnameAOP.CertificatesSection)
	zone.Subject, hostname.Subject = "zone-level", "hostname-level"
	noZone, noHostname := !z.AOP.CertificatesSection.Known() && (all || !off), !z.HostnameAOP.CertificatesSection.Known()
	switch {
	case noZone && noHostname && z.AOP.CertificatesSection.State == evidence.SectionDenied && zone.Reason == hostname.Reason:
		return []Result{unread(z, "Which client certificates the zone holds", z.AOP.CertificatesSection)}
	case noZone && noHostname:
		return []Result{zone, hostname}
	case noZone:
		return []Result{zone}
	case noHostname:
		return []Result{hostname}
	}
	return nil
}

// unreadZoneLevel says that the switch of the zone level could not be read.
func unreadZoneLevel(z *evidence.Zone) Result {
	return unread(z, "Whether the zone level of AOP is on", z.AOP.SettingSection)
}

// unreadAssociations says that the settings of hostnames could not be read.
func unreadAssociations(z *evidence.Zone) Result {
	return unread(z, "Which hostnames have an AOP setting of their own", z.HostnameAOP.AssociationsSection)
}

// unknownCertificate is the answer for a hostname of which nobody knows what its
// origin sees.
func unknownCertificate(z *evidence.Zone, h *evidence.Hostname) answer {
	r := unknown(z, h, h.Certificate.Gaps, "Which client certificate Cloudflare presents for '%s' is not known.", h.Name)
	for _, s := range []evidence.Section{z.HostnameAOP.AssociationsSection, z.AOP.SettingSection, z.AOP.CertificatesSection, z.Settings.Setting("tls_client_auth")} {
		if r.Reason == "" && !s.Known() {
			r.Reason = whyUnread(s)
			if s.State == evidence.SectionDenied {
				r.Permission = s.Permission
			}
		}
	}
	return answer{r, "Which client certificate Cloudflare presents is not known."}
}

// certificateResult is a result about one certificate. The facts hold what
// changes from day to day.
func certificateResult(in *Input, z *evidence.Zone, c held, s Status, format string, args ...any) Result {
	r := zoneResult(z, s, "%s", c.name()+" "+fmt.Sprintf(format, args...))
	r.Subject = c.ID
	r.Facts = map[string]string{"status": c.Status}
	if end, ok := c.Expiry(); ok {
		r.Facts["not_after"] = end.UTC().Format(time.RFC3339)
		r.Facts["days_left"] = fmt.Sprint(daysLeft(end.Sub(in.Now)))
	}
	if c.Leaf != nil {
		r.Facts["subject"], r.Facts["sha256"] = c.Leaf.Subject, c.Leaf.SHA256
	}
	if len(c.hostnames) > 0 {
		r.Facts["hostnames"] = listed(c.hostnames, 20)
	}
	return r
}

// unreadable is the result of a certificate whose content is not known.
func unreadable(in *Input, z *evidence.Zone, c held, what string) Result {
	r := certificateResult(in, z, c, Inconclusive, "could not be parsed, so %s is not known.", what)
	r.Reason = c.ParseError
	if r.Reason == "" {
		r.Reason = "the API's answer holds no certificate"
	}
	return r
}

// term is where a certificate is in its life at the time of the evidence.
type term int

const (
	termUnknown term = iota
	termValid
	termExpiring     // within the longer warning period
	termExpiringSoon // within the shorter one
	termExpired
)

// termOf places a certificate; the terms do not overlap. A certificate is valid
// to the last second of its not-after time (RFC 5280, 4.1.2.5).
func termOf(in *Input, c evidence.ClientCertificate) term {
	end, ok := c.Expiry()
	left := end.Sub(in.Now)
	switch {
	case !ok:
		return termUnknown
	case left < 0:
		return termExpired
	case left <= days(in.Thresholds.ExpiringSoonDays):
		return termExpiringSoon
	case left <= days(in.Thresholds.ExpiringDays):
		return termExpiring
	}
	return termValid
}

// daysLeft counts whole days, rounded down: what ended a second ago has -1 left.
func daysLeft(left time.Duration) int {
	n := int(left / days(1))
	if left < 0 && left%days(1) != 0 {
		n--
	}
	return n
}
