package config

import (
	"slices"

	"github.com/aopscan/aopscan/checks"
)

// Loosened returns the IDs of the checks that judge less strictly than without
// configuration: those with a smaller threshold and those that are left out. The
// controls that they map to are not assessed. The list is sorted.
//
// What decides the exit code alone (fail_on, waivers, a baseline) loosens no
// check: the failure is in the report all the same.
func Loosened(t checks.Thresholds, only, skip []string) []string {
	byDays := map[string]bool{
		"client-certificate-expiring":      t.ExpiringDays < checks.DefaultThresholds.ExpiringDays,
		"client-certificate-expiring-soon": t.ExpiringSoonDays < checks.DefaultThresholds.ExpiringSoonDays,
		"cloudflare-ca-expiring":           t.CAExpiringDays < checks.DefaultThresholds.CAExpiringDays,
	}
	var out []string
	for _, id := range checkIDs() {
		leftOut := slices.Contains(skip, id) || len(only) > 0 && !slices.Contains(only, id)
		if leftOut || byDays[id] {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}
