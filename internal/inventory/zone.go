package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/sanitize"
)

// zoneReader reads the sections of zones.
type zoneReader struct {
	c *client
	// noSettingsList and noAssociationList remember that the API has no such
	// list any more (or not yet), so that only the first zone pays for asking; the
	// others wait for what firstSettings learns.
	firstSettings     sync.Once
	noSettingsList    atomic.Bool
	noAssociationList atomic.Bool
	// accounts are what was read per account, balanced which hostnames have a load
	// balancer, by account; see [accountReader].
	accounts []evidence.Account
	balanced map[string][]string
}

// read fills the sections of one zone. The reads that need nothing from each
// other run at once; the transport bounds how many are under way.
func (r *zoneReader) read(ctx context.Context, z *evidence.Zone) {
	var wg sync.WaitGroup
	for _, f := range []func(context.Context, *evidence.Zone){
		r.settings,
		r.zoneLevelSetting,
		r.zoneLevelCertificates,
		r.hostnameCertificates,
		r.configRules,
		r.originRules,
		r.pageRules,
		r.loadBalancersIfAny,
	} {
		wg.Go(func() { f(ctx, z) })
	}
	r.dns(ctx, z)
	// These are asked for only where something hints at them, so that a plain zone
	// stays within nine requests; docs/inventory.md weighs each.
	if mightHaveCustomHostnames(z) {
		wg.Go(func() { r.customHostnames(ctx, z) })
	}
	if mightHaveSpectrum(z) {
		wg.Go(func() { r.spectrumApps(ctx, z) })
	}
	if needsWorkerRoutes(z) {
		wg.Go(func() { r.workerRoutes(ctx, z) })
	}
	wg.Wait()
	r.laterSettings(ctx, z)
	r.associations(ctx, z)
}

// loadBalancersIfAny reads the zone's load balancers, unless the account is known
// to have none here. Where the account's pools may not be read, the load balancers
// would lead nowhere, so their section says what is missing and costs nothing.
func (r *zoneReader) loadBalancersIfAny(ctx context.Context, z *evidence.Zone) {
	i := slices.IndexFunc(r.accounts, func(a evidence.Account) bool { return a.ID == z.AccountID })
	if i < 0 {
		r.loadBalancers(ctx, z)
		return
	}
	account := &r.accounts[i]
	names, known := r.balanced[z.AccountID]
	switch {
	case !account.PoolsSection.Known():
		z.LoadBalancers.Section = account.PoolsSection
	case known && !slices.ContainsFunc(names, func(n string) bool { return inZone(n, z.Name) }):
		z.LoadBalancers.Section = evidence.Section{State: evidence.SectionRead, Permission: permPools, Endpoint: account.PoolsSection.Endpoint}
	default:
		r.loadBalancers(ctx, z)
	}
}

// apiSetting is one zone setting; its value is a word for those that matter.
type apiSetting struct {
	ID    string          `json:"id"`
	Value json.RawMessage `json:"value"`
}

// word returns the setting's value, or "" where it is not a word.
func (s apiSetting) word() string {
	var w string
	_ = json.Unmarshal(s.Value, &w)
	return sanitize.Text(w, 40)
}

// settings reads the zone settings: all in one request while the API still
// answers that (it is deprecated), else the SSL mode alone; see laterSettings.
func (r *zoneReader) settings(ctx context.Context, z *evidence.Zone) {
	path := pathf("/zones/%s/settings", z.ID)
	z.Settings.Section = evidence.Section{State: evidence.SectionRead, Permission: permSettings, Endpoint: path}
	var (
		all []apiSetting
		err error
		api *APIError
	)
	ask := func() {
		all, err = list[apiSetting](ctx, r.c, path, nil, 0)
		if errors.As(err, &api) && refused(api.Status) && !denied(api.Status) {
			r.noSettingsList.Store(true)
		}
	}
	asked := false
	r.firstSettings.Do(func() { ask(); asked = true })
	if !asked && !r.noSettingsList.Load() {
		ask()
	}
	if err != nil && (api == nil || !refused(api.Status)) {
		// A network fault or a fault of the API would hit the single settings too.
		z.Settings.Section = sectionOf(err, permSettings, path, false)
		return
	}
	for _, s := range all {
		if p := settingOf(z, s.ID); p != nil {
			*p = s.word()
		}
	}
	r.setting(ctx, z, "ssl")
}

// laterSettings reads the settings that the list of all did not tell and that
// something in the zone hangs on, once the rest of the zone is read.
func (r *zoneReader) laterSettings(ctx context.Context, z *evidence.Zone) {
	if z.Settings.State != evidence.SectionRead {
		return
	}
	if needsGlobalLevel(z) {
		r.setting(ctx, z, "tls_client_auth")
	}
	if z.Settings.State == evidence.SectionRead && needsAlwaysUseHTTPS(z) {
		r.setting(ctx, z, "always_use_https")
	}
	if len(z.Settings.Unread) > 0 && z.Settings.SSL+z.Settings.TLSClientAuth+z.Settings.AlwaysUseHTTPS == "" {
		z.Settings.Section, z.Settings.Unread = z.Settings.Setting("ssl"), nil
	}
}

// setting reads one setting that is not known yet.
func (r *zoneReader) setting(ctx context.Context, z *evidence.Zone, name string) {
	value := settingOf(z, name)
	if *value != "" {
		return
	}
	path := pathf("/zones/%s/settings/%s", z.ID, name)
	s, err := object[apiSetting](ctx, r.c, path)
	if err == nil && s.word() == "" {
		err = &APIError{Path: path, Status: http.StatusOK, Message: "the setting has no value"}
	}
	if err == nil {
		*value = s.word()
		return
	}
	section := sectionOf(err, permSettings, path, false)
	if section.State == evidence.SectionDenied && z.Settings.SSL+z.Settings.TLSClientAuth+z.Settings.AlwaysUseHTTPS == "" {
		z.Settings.Section, z.Settings.Unread = section, nil // one permission covers them all
		return
	}
	if z.Settings.Unread == nil {
		z.Settings.Unread = map[string]evidence.Section{}
	}
	z.Settings.Unread[name] = section
}

// settingOf returns where a setting that is judged is kept, or nil.
func settingOf(z *evidence.Zone, name string) *string {
	switch name {
	case "ssl":
		return &z.Settings.SSL
	case "tls_client_auth":
		return &z.Settings.TLSClientAuth
	case "always_use_https":
		return &z.Settings.AlwaysUseHTTPS
	case "ssl_automatic_mode":
		return &z.Settings.SSLAutomaticMode
	}
	return nil
}

// needsGlobalLevel reports whether the global level of AOP can matter: not where
// the zone level gives every hostname without a certificate of its own its answer.
func needsGlobalLevel(z *evidence.Zone) bool {
	_, decided := (&zoneView{z: z}).zoneLevel()
	return !decided
}

// needsAlwaysUseHTTPS reports whether Always Use HTTPS can matter: to how visitors
// over plain HTTP are served, and to rules that look at the scheme.
func needsAlwaysUseHTTPS(z *evidence.Zone) bool {
	c, o, p := z.ConfigRules, z.OriginRules, z.PageRules
	if !c.Known() || !o.Known() || !p.Known() || len(c.Items)+len(o.Items)+len(p.Items) > 0 {
		return true
	}
	everyScheme := makesInert(z.Settings.SSL) || z.Settings.SSL == "origin_pull" // pulled alike
	return !everyScheme && (&zoneView{z: z}).notServing() == ""
}

// refused reports whether a status is the API's lasting no to a request.
func refused(status int) bool {
	return status >= 400 && status < 500 && status != http.StatusTooManyRequests
}

// denied reports whether a status says that the token may not.
func denied(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// zoneLevelSetting reads whether the zone level of AOP is on.
func (r *zoneReader) zoneLevelSetting(ctx context.Context, z *evidence.Zone) {
	path := pathf("/zones/%s/origin_tls_client_auth/settings", z.ID)
	s, err := object[struct {
		Enabled tri `json:"enabled"`
	}](ctx, r.c, path)
	if err == nil && (!s.Enabled.set || s.Enabled.null) {
		err = &APIError{Path: path, Status: http.StatusOK, Message: "the answer does not say whether it is enabled"}
	}
	z.AOP.SettingSection = sectionOf(err, permSSL, path, false)
	if err == nil {
		z.AOP.Enabled = s.Enabled.tri()
	}
}

// zoneLevelCertificates reads the certificates of the zone level.
func (r *zoneReader) zoneLevelCertificates(ctx context.Context, z *evidence.Zone) {
	path := pathf("/zones/%s/origin_tls_client_auth", z.ID)
	all, err := list[apiCertificate](ctx, r.c, path, nil, 0)
	z.AOP.CertificatesSection = sectionOf(err, permSSL, path, false)
	z.AOP.Certificates = clientCertificates(all)
}

// hostnameCertificates reads the certificates of the hostname level.
func (r *zoneReader) hostnameCertificates(ctx context.Context, z *evidence.Zone) {
	path := pathf("/zones/%s/origin_tls_client_auth/hostnames/certificates", z.ID)
	all, err := list[apiCertificate](ctx, r.c, path, nil, 0)
	z.HostnameAOP.CertificatesSection = sectionOf(err, permSSL, path, false)
	z.HostnameAOP.Certificates = clientCertificates(all)
}

// clientCertificates turns a list into evidence, sorted by identifier.
func clientCertificates(all []apiCertificate) []evidence.ClientCertificate {
	var list []evidence.ClientCertificate
	for _, a := range all {
		list = append(list, clientCertificate(a))
	}
	slices.SortStableFunc(list, func(a, b evidence.ClientCertificate) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// apiAssociation ties a hostname to a certificate.
type apiAssociation struct {
	Hostname   string  `json:"hostname"`
	Enabled    tri     `json:"enabled"`
	CertID     string  `json:"cert_id"`
	Status     string  `json:"status"`
	CertStatus string  `json:"cert_status"`
	CreatedAt  apiTime `json:"created_at"`
	UpdatedAt  apiTime `json:"updated_at"`
}

// association turns the API's association into evidence.
func (a apiAssociation) association(s evidence.Section) evidence.Association {
	at := a.UpdatedAt.t
	if at == nil {
		at = a.CreatedAt.t
	}
	return evidence.Association{
		Hostname:          sanitize.Text(normalName(a.Hostname), 253),
		Enabled:           a.Enabled.tri(),
		CertificateID:     sanitize.Text(a.CertID, 64),
		Status:            sanitize.Text(a.Status, 40),
		CertificateStatus: sanitize.Text(a.CertStatus, 40),
		UpdatedOn:         at,
		Section:           s,
	}
}

// associations reads which hostname has which certificate. An association needs
// a certificate, and a certificate cannot be deleted while it has one, so a zone
// without hostname certificates costs no request here. The list of associations
// is asked first; where the API does not have it, every proxied hostname is asked
// for alone.
func (r *zoneReader) associations(ctx context.Context, z *evidence.Zone) {
	h := &z.HostnameAOP
	path := pathf("/zones/%s/origin_tls_client_auth/hostnames", z.ID)
	h.AssociationsSection = evidence.Section{State: evidence.SectionRead, Permission: permSSL, Endpoint: path}
	switch {
	case h.CertificatesSection.State != evidence.SectionRead && len(h.Certificates) == 0:
		h.AssociationsSection = h.CertificatesSection
		return
	case len(h.Certificates) == 0:
		h.AssociationsSection.State = evidence.SectionAbsent
		return
	}
	if !r.noAssociationList.Load() {
		all, err := list[apiAssociation](ctx, r.c, path, url.Values{"status": {"all"}}, 1000)
		var api *APIError
		gone := errors.As(err, &api) && slices.Contains([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed}, api.Status)
		if !gone {
			h.AssociationsSection = sectionOf(err, permSSL, path, false)
			for _, a := range all {
				if a.Hostname == "" {
					failSection(&h.AssociationsSection, "an association names no hostname")
					continue
				}
				h.Associations = append(h.Associations, a.association(evidence.Section{State: evidence.SectionRead}))
			}
			sortAssociations(h.Associations)
			return
		}
		if api.Status != http.StatusBadRequest {
			r.noAssociationList.Store(true)
		}
	}
	h.Associations = r.associationsOneByOne(ctx, z)
	for _, a := range h.Associations {
		if a.Section.State == evidence.SectionDenied || a.Section.State == evidence.SectionFailed {
			h.AssociationsSection = a.Section
			break
		}
	}
}

// associationsOneByOne asks for the association of every proxied hostname, and of
// those with a load balancer. A hostname without one is left out.
func (r *zoneReader) associationsOneByOne(ctx context.Context, z *evidence.Zone) []evidence.Association {
	names := proxiedNames(z)
	for i := range z.LoadBalancers.Items {
		if lb := &z.LoadBalancers.Items[i]; balances(lb) && lb.Proxied != evidence.TriFalse {
			names = append(names, lb.Name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	found := make([]*evidence.Association, len(names))
	var wg sync.WaitGroup
	slots := make(chan struct{}, 16)
	for i, name := range names {
		if strings.HasPrefix(name, "*.") {
			continue
		}
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			path := pathf("/zones/%s/origin_tls_client_auth/hostnames/%s", z.ID, name)
			a, err := object[apiAssociation](ctx, r.c, path)
			s := sectionOf(err, permSSL, path, true)
			switch s.State {
			case evidence.SectionAbsent:
				return
			case evidence.SectionRead:
				if !a.Enabled.set {
					s.State, s.Error = evidence.SectionFailed, "the answer does not say whether it is enabled"
				}
			}
			if a.Hostname == "" {
				a.Hostname = name
			}
			e := a.association(s)
			found[i] = &e
		})
	}
	wg.Wait()
	var list []evidence.Association
	for _, a := range found {
		if a != nil {
			list = append(list, *a)
		}
	}
	sortAssociations(list)
	return list
}

func sortAssociations(list []evidence.Association) {
	slices.SortStableFunc(list, func(a, b evidence.Association) int {
		return strings.Compare(a.Hostname+"\x00"+a.CertificateID, b.Hostname+"\x00"+b.CertificateID)
	})
}

// proxiedNames returns the names with a proxied address or CNAME record, sorted.
func proxiedNames(z *evidence.Zone) []string {
	var names []string
	for _, r := range z.DNS.Records {
		if r.Proxied == evidence.TriTrue && isHostRecord(r.Type) && validName(r.Name) {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// isHostRecord reports whether records of a type send visitors somewhere.
func isHostRecord(typ string) bool { return typ == "A" || typ == "AAAA" || typ == "CNAME" }

// apiRecord is a DNS record. Content is missing from some (HTTPS, SRV), whose
// data object then holds it.
type apiRecord struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Name    string          `json:"name"`
	Content string          `json:"content"`
	Proxied tri             `json:"proxied"`
	Data    json.RawMessage `json:"data"`
	Meta    json.RawMessage `json:"meta"`
}

// maxContent bounds a record's content; an SPF policy of many strings fits.
const maxContent = 4096

// dns reads the zone's records.
func (r *zoneReader) dns(ctx context.Context, z *evidence.Zone) {
	path := pathf("/zones/%s/dns_records", z.ID)
	all, err := list[apiRecord](ctx, r.c, path, nil, recordsPerPage)
	z.DNS.Section = sectionOf(err, permDNS, path, false)
	records := make([]evidence.DNSRecord, 0, len(all))
	for _, a := range all {
		r := a.record()
		if r.Name == "" || r.Type == "" {
			failSection(&z.DNS.Section, "a record has no name or no type")
			continue
		}
		records = append(records, r)
	}
	slices.SortStableFunc(records, func(a, b evidence.DNSRecord) int {
		return strings.Compare(a.Name+"\x00"+a.Type+"\x00"+a.Content+"\x00"+a.ID, b.Name+"\x00"+b.Type+"\x00"+b.Content+"\x00"+b.ID)
	})
	z.DNS.Records = records
}

// recordsPerPage makes one request enough for most zones; the API's own maximum
// is far higher.
const recordsPerPage = 1000

// record turns the API's record into evidence.
func (a apiRecord) record() evidence.DNSRecord {
	r := evidence.DNSRecord{
		ID:      sanitize.Text(a.ID, 64),
		Type:    sanitize.Text(strings.ToUpper(a.Type), 20),
		Name:    sanitize.Text(normalName(a.Name), 255),
		Proxied: a.Proxied.tri(),
		Managed: managedBy(a.Meta),
	}
	content := a.Content
	if content == "" && !isNull(a.Data) {
		content = string(a.Data)
	}
	switch addr, err := netip.ParseAddr(strings.TrimSpace(content)); {
	case err == nil && (r.Type == "A" || r.Type == "AAAA"):
		r.Content = addr.Unmap().String()
	case r.Type == "CNAME", r.Type == "MX", r.Type == "NS":
		r.Content = sanitize.Text(normalName(content), 255)
	default:
		r.Content = sanitize.Text(content, maxContent)
	}
	return r
}

// managedBy reads which product keeps a record from its meta object, which is
// often empty and sometimes null.
func managedBy(meta json.RawMessage) string {
	var m map[string]json.RawMessage
	if json.Unmarshal(meta, &m) != nil {
		return ""
	}
	for _, known := range []struct{ key, product string }{
		{"origin_worker_id", "workers"},
		{"r2_bucket", "r2"},
		{"pages_project", "pages"},
		{"cfargotunnel", "tunnel"},
		{"email_routing", "email-routing"},
	} {
		if v, ok := m[known.key]; ok && string(v) != "null" && string(v) != "false" && string(v) != `""` {
			return known.product
		}
	}
	return ""
}
