package inventory

import (
	"strings"

	"golang.org/x/net/idna"
)

// asciiName returns the A-labels of a name (RFC 5891), or the name itself where
// it has none.
func asciiName(s string) string {
	star := strings.HasPrefix(s, "*.")
	a, err := idna.Lookup.ToASCII(strings.TrimPrefix(s, "*."))
	if err != nil || a == "" {
		return s
	}
	if star {
		return "*." + a
	}
	return a
}
