package inventory

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
)

// bigAPI answers for n zones of some records each without a server, so that what
// is measured is the client.
func bigAPI(t testing.TB, zones, records int) roundTrip {
	t.Helper()
	answer := func(result string, info string) *http.Response {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"success":true,"errors":[],"messages":[],"result":` + result + info + `}`))}
	}
	absent := func() *http.Response {
		return &http.Response{StatusCode: 404, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"success":false,"errors":[{"code":10009,"message":"absent"}],"result":null}`))}
	}
	return func(r *http.Request) (*http.Response, error) {
		rest, isZone := strings.CutPrefix(r.URL.Path, "/client/v4/zones/")
		_, section, _ := strings.Cut(rest, "/")
		switch {
		case r.URL.Path == "/client/v4/zones":
			var page int
			_, _ = fmt.Sscan(r.URL.Query().Get("page"), &page)
			var list []m
			for i := (page - 1) * 50; i < min(page*50, zones); i++ {
				list = append(list, m{"id": zoneID(i), "name": fmt.Sprintf("zone%05d.example", i), "status": "active", "type": "full", "paused": false, "account": m{"id": accountID, "name": "A"}, "plan": m{"legacy_id": "pro"}})
			}
			b, _ := json.Marshal(list)
			return answer(string(b), fmt.Sprintf(`,"result_info":{"page":%d,"per_page":50,"total_count":%d,"total_pages":%d}`, page, zones, (zones+49)/50)), nil
		case !isZone:
			return answer("[]", ""), nil
		case section == "settings":
			return answer(`[{"id":"ssl","value":"strict"},{"id":"tls_client_auth","value":"on"},{"id":"always_use_https","value":"on"}]`, ""), nil
		case section == "origin_tls_client_auth/settings":
			return answer(`{"enabled":false}`, ""), nil
		case section == "dns_records":
			var b bytes.Buffer
			b.WriteByte('[')
			for i := range records {
				if i > 0 {
					b.WriteByte(',')
				}
				fmt.Fprintf(&b, `{"id":"%s-%d","type":"A","name":"host%03d.%s.example","content":"203.0.113.%d","proxied":true,"proxiable":true,"ttl":1,"meta":{},"comment":null,"tags":[],"created_on":"2024-01-01T00:00:00.000000Z","modified_on":"2024-01-01T00:00:00.000000Z"}`,
					rest[:8], i, i, rest[24:32], i%250)
			}
			b.WriteByte(']')
			return answer(b.String(), fmt.Sprintf(`,"result_info":{"page":1,"per_page":1000,"total_count":%d,"total_pages":1}`, records)), nil
		case strings.HasSuffix(section, "entrypoint"):
			return absent(), nil
		}
		return answer("[]", ""), nil
	}
}

// collectBig collects from a big API and returns the evidence with the largest
// heap that was seen on the way.
func collectBig(t testing.TB, zones, records int) (*evidence.Evidence, uint64) {
	t.Helper()
	var peak uint64
	o := Options{Credentials: Credentials{Token: testToken}, Transport: bigAPI(t, zones, records),
		Limits:   Limits{Requests: 100000, PerSecond: 100000},
		LookupIP: func(context.Context, string) ([]netip.Addr, error) { return nil, nil },
		Progress: func(p Progress) {
			if p.Done%100 == 0 {
				var s runtime.MemStats
				runtime.ReadMemStats(&s)
				peak = max(peak, s.HeapInuse)
			}
		}}
	ev, err := Collect(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return ev, peak
}

// TestMemory holds the promise for an estate of 2,000 zones and 50,000 records: the
// heap stays in the low hundreds of megabytes.
func TestMemory(t *testing.T) {
	zones := 2000
	if raceEnabled {
		zones = 200 // the detector multiplies time and memory
	}
	start := time.Now()
	ev, peak := collectBig(t, zones, 25)
	took := time.Since(start)
	hostnames := 0
	for _, z := range ev.Zones {
		hostnames += len(z.Hostnames)
	}
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	t.Logf("%d zones, %d hostnames in %v: heap at most %d MB, %d MB kept", len(ev.Zones), hostnames, took.Round(time.Millisecond), peak>>20, s.HeapAlloc>>20)
	if hostnames != zones*25 {
		t.Errorf("%d hostnames", hostnames)
	}
	if limit := uint64(400 << 20); peak > limit {
		t.Errorf("the heap grew to %d MB", peak>>20)
	}
	runtime.KeepAlive(ev)
}

// BenchmarkCollect measures reading and judging zones of 25 records each, without
// a network.
func BenchmarkCollect(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		collectBig(b, 200, 25)
	}
}

// BenchmarkEffective measures the answer for a zone of 1,000 hostnames with rules.
func BenchmarkEffective(b *testing.B) {
	z := plainZone()
	z.DNS.Records = nil
	for i := range 1000 {
		z.DNS.Records = append(z.DNS.Records, rec("A", fmt.Sprintf("h%d.example.com", i), "203.0.113.1", true))
	}
	for i := range 25 {
		z.ConfigRules.Items = append(z.ConfigRules.Items, evidence.ConfigRule{ID: fmt.Sprint(i), Expression: fmt.Sprintf(`http.host in {"h%d.example.com" "x"} and not starts_with(http.request.uri.path, "/a")`, i), SSL: "strict"})
	}
	s := around(z, nil)
	b.ReportAllocs()
	for b.Loop() {
		effective(z, s)
	}
}
