package inventory

import (
	"context"
	"errors"
	"net/http"

	"github.com/aopscan/aopscan/internal/evidence"
)

// The token permissions that sections need, as Cloudflare's dashboard spells them
// (https://developers.cloudflare.com/fundamentals/api/reference/permissions/).
const (
	permZone          = "Zone · Zone · Read"
	permSettings      = "Zone · Zone Settings · Read"
	permSSL           = "Zone · SSL and Certificates · Read"
	permDNS           = "Zone · DNS · Read"
	permConfigRules   = "Zone · Config Rules · Read"
	permOriginRules   = "Zone · Origin Rules · Read"
	permPageRules     = "Zone · Page Rules · Read"
	permLoadBalancers = "Zone · Load Balancers · Read"
	permPools         = "Account · Load Balancing: Monitors and Pools · Read"
	permWorkers       = "Zone · Workers Routes · Read"
	permTunnels       = "Account · Cloudflare Tunnel · Read"
	permNotifications = "Account · Notifications · Read"
)

// interruptedText marks a section that was not read because the scan was stopped.
const interruptedText = "the scan was interrupted before this was read"

// sectionOf says how a section was read. mayBeAbsent is false for what every zone
// has: there, a 404 is a failure and not an answer.
func sectionOf(err error, permission, endpoint string, mayBeAbsent bool) evidence.Section {
	s := evidence.Section{State: evidence.SectionRead, Permission: permission, Endpoint: endpoint}
	if err == nil {
		return s
	}
	s.State, s.Error = evidence.SectionFailed, cleanError(err)
	var api *APIError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		s.Error = interruptedText
	case errors.As(err, &api):
		s.HTTPStatus, s.Code = api.Status, api.Code
		if api.Message != "" {
			s.Error = api.Message
		}
		switch {
		case api.Status == http.StatusUnauthorized, api.Status == http.StatusForbidden:
			s.State = evidence.SectionDenied
		case api.Status == http.StatusNotFound && mayBeAbsent:
			s.State = evidence.SectionAbsent
		case api.Status == http.StatusOK && deniedCode(api.Code):
			s.State = evidence.SectionDenied
		}
	}
	return s
}

// failSection notes that a section that was read holds something that cannot be
// used, so that nobody takes it for complete.
func failSection(s *evidence.Section, why string) {
	if s.State == evidence.SectionRead {
		s.State, s.Error = evidence.SectionFailed, why
	}
}

// deniedCode reports whether a code in a success:false answer with status 200
// means that the token may not read: 10000 "authentication error", 9109
// "unauthorized to access requested resource".
func deniedCode(code int) bool { return code == 10000 || code == 9109 }

// interrupted reports whether a section was cut off by the end of the context.
func interrupted(s evidence.Section) bool {
	return s.State == evidence.SectionFailed && s.Error == interruptedText
}
