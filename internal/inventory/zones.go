package inventory

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/sanitize"
)

// apiZone is a zone as the list gives it. Its meta object is left out: it is
// often empty and says nothing that aopscan judges.
type apiZone struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Status  string `json:"status"`
	Type    string `json:"type"`
	Paused  tri    `json:"paused"`
	Account struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"account"`
	Plan struct {
		Name     string `json:"name"`
		LegacyID string `json:"legacy_id"`
	} `json:"plan"`
}

// zone turns the API's zone into evidence.
func (a apiZone) zone() evidence.Zone {
	plan := a.Plan.LegacyID
	if plan == "" {
		plan = a.Plan.Name
	}
	return evidence.Zone{
		ID:          sanitize.Text(a.ID, 64),
		Name:        sanitize.Text(normalName(a.Name), 253),
		AccountID:   sanitize.Text(a.Account.ID, 64),
		AccountName: sanitize.Text(a.Account.Name, 200),
		Status:      sanitize.Text(a.Status, 40),
		Type:        sanitize.Text(a.Type, 40),
		Plan:        sanitize.Text(plan, 80),
		Paused:      a.Paused.tri(),
	}
}

// tri returns the switch as evidence.
func (t tri) tri() evidence.Tri {
	switch {
	case !t.set:
		return evidence.TriUnknown
	case t.null:
		return evidence.TriNull
	}
	return evidence.TriOf(t.on)
}

// namesAtOnce is how many zones are asked for by name before listing all of them
// is cheaper.
const namesAtOnce = 20

// findZones returns the zones of the scope, sorted by name, and a problem for
// every selector that matched nothing. It is an error when nothing matched.
func findZones(ctx context.Context, c *client, wantZones, wantAccounts []string) ([]evidence.Zone, []evidence.Problem, error) {
	var (
		found    = map[string]evidence.Zone{}
		problems []evidence.Problem
		missing  []string
		failed   error // the first failure, which counts when nothing is found
	)
	fail := func(zone, what string, err error) {
		problems = append(problems, problemOf(zone, what, err))
		if failed == nil {
			failed = credentialsOr(err)
		}
	}
	add := func(list []apiZone, keep func(evidence.Zone) bool) int {
		n := 0
		for _, a := range list {
			if z := a.zone(); z.ID != "" && keep(z) {
				found[z.ID] = z
				n++
			}
		}
		return n
	}
	inAccounts := func(z evidence.Zone) bool {
		return len(wantAccounts) == 0 || slices.Contains(wantAccounts, z.AccountID)
	}
	switch {
	case len(wantZones) == 0 && len(wantAccounts) == 0:
		list, err := list[apiZone](ctx, c, "/zones", nil, 50)
		add(list, inAccounts)
		if err != nil {
			fail("", "listing the zones", err)
		}
	case len(wantZones) == 0 || len(wantZones) > namesAtOnce:
		queries := []url.Values{nil}
		if len(wantAccounts) > 0 {
			queries = nil
			for _, id := range wantAccounts {
				queries = append(queries, url.Values{"account.id": {id}})
			}
		}
		matches := map[string]bool{}
		keep := func(z evidence.Zone) bool {
			if len(wantZones) == 0 {
				return inAccounts(z)
			}
			ok := false
			for _, w := range wantZones {
				if selects(w, z) {
					matches[w], ok = true, true
				}
			}
			return ok && inAccounts(z)
		}
		for i, q := range queries {
			list, err := list[apiZone](ctx, c, "/zones", q, 50)
			n := add(list, keep)
			if err != nil {
				fail("", "listing the zones", err)
			} else if n == 0 && len(wantZones) == 0 {
				missing = append(missing, "account "+sanitize.Text(wantAccounts[i], 64))
			}
		}
		for _, w := range wantZones {
			if !matches[w] {
				missing = append(missing, sanitize.Text(w, 253))
			}
		}
	default:
		for _, w := range wantZones {
			list, err := zonesBySelector(ctx, c, w)
			if err != nil {
				fail(sanitize.Text(w, 253), "finding the zone", err)
				if isUnreachable(err) || credentialsOr(err) != err || ctx.Err() != nil {
					break // the others would fail in the same way
				}
				continue
			}
			if add(list, inAccounts) == 0 {
				missing = append(missing, sanitize.Text(w, 253))
			}
		}
	}
	if len(found) == 0 && failed != nil {
		return nil, problems, failed
	}
	if len(found) == 0 {
		return nil, nil, &UnknownZoneError{Zones: missing}
	}
	for _, m := range missing {
		e := &UnknownZoneError{Zones: []string{m}}
		problems = append(problems, evidence.Problem{Zone: m, What: "finding the zone", Cause: e.Error(), Hint: e.Hint()})
	}
	zones := make([]evidence.Zone, 0, len(found))
	for _, z := range found {
		zones = append(zones, z)
	}
	slices.SortFunc(zones, func(a, b evidence.Zone) int {
		return strings.Compare(a.Name+"\x00"+a.ID, b.Name+"\x00"+b.ID)
	})
	return zones, problems, nil
}

// selects reports whether a selector names the zone.
func selects(w string, z evidence.Zone) bool {
	return strings.EqualFold(w, z.ID) || zoneName(w) == z.Name
}

// zoneName normalises a zone name as the API spells it.
func zoneName(s string) string { return asciiName(normalName(s)) }

// isZoneID reports whether a selector is an identifier: 32 hexadecimal digits.
func isZoneID(s string) bool {
	return len(s) == 32 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F')
	})
}

// zonesBySelector asks for one zone by name or identifier. A zone that is not
// there is no error but an empty list.
func zonesBySelector(ctx context.Context, c *client, w string) ([]apiZone, error) {
	if isZoneID(w) {
		z, err := object[apiZone](ctx, c, pathf("/zones/%s", strings.ToLower(w)))
		var api *APIError
		if errors.As(err, &api) && (api.Status == http.StatusNotFound || api.Code == 1001 || api.Code == 7003 ||
			// The same code says that the token is no good; its text tells which.
			api.Status == http.StatusForbidden && !strings.Contains(strings.ToLower(api.Message), "token")) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return []apiZone{z}, nil
	}
	return list[apiZone](ctx, c, "/zones", url.Values{"name": {zoneName(w)}}, 50)
}

// credentialsOr turns an answer that says that the credentials are no good into a
// [CredentialsError] and leaves every other error as it is.
func credentialsOr(err error) error {
	var api *APIError
	if !errors.As(err, &api) {
		return err
	}
	switch {
	case api.Status == http.StatusUnauthorized, api.Status == http.StatusForbidden,
		// 6003 invalid request headers, 6111 malformed authorization, 9103 unknown
		// key or e-mail, 9106 missing headers, 9109 invalid token, 10000 and 10001
		// authentication: Cloudflare sends some of them with status 400.
		slices.Contains([]int{6003, 6111, 9103, 9106, 9107, 9109, 10000, 10001}, api.Code):
		return &CredentialsError{What: "the API does not accept them", Err: err,
			Advice: `check that the token is complete, active and has "` + permZone + `"; aopscan doctor looks closer`}
	}
	return err
}

// isUnreachable reports whether the API did not answer at all.
func isUnreachable(err error) bool {
	var u *UnreachableError
	return errors.As(err, &u)
}

// problemOf turns an error into a problem, with its hint.
func problemOf(zone, what string, err error) evidence.Problem {
	p := evidence.Problem{Zone: zone, What: what, Cause: cleanError(err)}
	if h, ok := err.(interface{ Hint() string }); ok {
		p.Hint = h.Hint()
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		p.Cause, p.Interrupted = "interrupted", true
	}
	return p
}
