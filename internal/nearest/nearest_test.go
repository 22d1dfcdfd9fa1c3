package nearest

import (
	"strings"
	"testing"
)

func TestWord(t *testing.T) {
	words := []string{"zones", "fail_on", "other_names", "origin-accepts-no-certificate", "aop-railgun"}
	for word, want := range map[string]string{
		"zonse": "zones", "zone": "zones", "Zones": "zones", "failOn": "fail_on", "fail-on": "fail_on", "FAIL_ONN": "fail_on",
		"origin-accept-no-certificate": "origin-accepts-no-certificate", "origin-accepts": "origin-accepts-no-certificate",
		"railgun": "", "": "", "-": "", "completely different": "", strings.Repeat("z", 5000): "",
	} {
		if got := Word(word, words); got != want {
			t.Errorf("Word(%.40q) = %q, want %q", word, got, want)
		}
	}
}
