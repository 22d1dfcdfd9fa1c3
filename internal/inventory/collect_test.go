package inventory

import (
	"testing"

	"github.com/aopscan/aopscan/internal/evidence"
)

func TestCollectPlainZone(t *testing.T) {
	f := newFakeAPI(t)
	id := f.addZone(1, "example.com", a("example.com", "203.0.113.10", true), a("mail.example.com", "203.0.113.11", false))
	f.setting(id, "tls_client_auth", "on")
	ev, err := Collect(t.Context(), f.options())
	if err != nil {
		t.Fatal(err)
	}
	if len(ev.Zones) != 1 || len(ev.Zones[0].Hostnames) != 2 {
		t.Fatalf("zones %+v", ev.Zones)
	}
	h := ev.Zones[0].Hostnames[0]
	if h.Name != "example.com" || h.Proxied != evidence.TriTrue || h.SSLMode.Value != "full" || h.Certificate.Source != evidence.CertificateGlobal {
		t.Errorf("apex: %+v", h)
	}
	if len(h.Origins) != 1 || h.Origins[0].Address != "203.0.113.10" || h.Origins[0].Port != 443 || h.Origins[0].SNI != "example.com" {
		t.Errorf("apex origins: %+v", h.Origins)
	}
	if h := ev.Zones[0].Hostnames[1]; h.Proxied != evidence.TriFalse || h.Certificate.Source != evidence.CertificateNone || len(h.Origins) != 0 {
		t.Errorf("mail: %+v", h)
	}
}
