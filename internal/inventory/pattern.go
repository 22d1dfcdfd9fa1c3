package inventory

import (
	"strings"

	"github.com/aopscan/aopscan/internal/inventory/expr"
)

// matchURLPattern says which requests of a hostname a URL pattern matches, as Page
// Rules and Workers routes have them: an optional scheme, a host, a path, with
// stars for anything. scheme is "http" or "https", or empty for both. A star in the
// host is taken to mean hosts: "*example.com/*" is not meant for a path that holds
// a name (https://developers.cloudflare.com/rules/page-rules/reference/wildcard-matching/).
func matchURLPattern(pattern, host, scheme string) expr.Match {
	p := strings.ToLower(strings.TrimSpace(pattern))
	answer := expr.Yes
	if before, rest, ok := strings.Cut(p, "://"); ok {
		p = rest
		http, https := expr.Glob(before, "http"), expr.Glob(before, "https")
		switch {
		case scheme == "http" && !http, scheme == "https" && !https, !http && !https:
			return expr.No
		case scheme == "" && http != https:
			answer = expr.Part
		}
	}
	hostPart, path := p, ""
	if i := strings.IndexByte(p, '/'); i >= 0 {
		hostPart, path = p[:i], p[i:]
	}
	if name, port, ok := strings.Cut(hostPart, ":"); ok && port != "*" {
		hostPart, answer = name, expr.Part
	} else if ok {
		hostPart = name
	}
	if !expr.Glob(hostPart, host) {
		return expr.No
	}
	switch {
	case path == "" && strings.HasSuffix(hostPart, "*"):
		return answer // the star takes the path along
	case strings.Trim(path, "*") == "/" && strings.HasSuffix(path, "*"):
		return answer
	}
	return expr.Part
}

// patternHost returns the host of a URL pattern when it holds no star, or "".
func patternHost(pattern string) string {
	p := strings.ToLower(pattern)
	if _, rest, ok := strings.Cut(p, "://"); ok {
		p = rest
	}
	host, _, _ := strings.Cut(p, "/")
	host, _, _ = strings.Cut(host, ":")
	if strings.Contains(host, "*") || !validName(host) {
		return ""
	}
	return host
}

// The answers of [matchURLPattern], by the names that read best where a rule takes
// requests.
const (
	matchNone = expr.No
	matchAll  = expr.Yes
)

// subject is a hostname's requests as rules see them.
func subject(host, zone string, httpsOnly bool) expr.Subject {
	return expr.Subject{Host: host, Zone: zone, HTTPSOnly: httpsOnly}
}
