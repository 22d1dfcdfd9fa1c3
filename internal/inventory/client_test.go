package inventory

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

type item struct {
	ID string `json:"id"`
}

// lister serves a list of n items as pages, in the ways that APIs do.
func lister(n int, write func(page, size int, items []string) string) (http.HandlerFunc, *int) {
	requests := 0
	return func(w http.ResponseWriter, r *http.Request) {
		requests++
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
		if page == 0 {
			page = 1
		}
		if size == 0 {
			size = 20
		}
		var items []string
		for i := (page - 1) * size; i < min(page*size, n); i++ {
			items = append(items, fmt.Sprintf(`{"id":"i%d"}`, i))
		}
		_, _ = io.WriteString(w, write(page, size, items))
	}, &requests
}

func page(items []string, info string) string {
	return `{"success":true,"errors":[],"result":[` + strings.Join(items, ",") + `]` + info + `}`
}

func TestList(t *testing.T) {
	full := func(n int) func(page, size int, items []string) string {
		return func(p, size int, items []string) string {
			return page(items, fmt.Sprintf(`,"result_info":{"page":%d,"per_page":%d,"count":%d,"total_count":%d,"total_pages":%d}`, p, size, len(items), n, (n+size-1)/size))
		}
	}
	for name, c := range map[string]struct {
		n, perPage int
		write      func(page, size int, items []string) string
		want       int
		requests   int
		err        string
	}{
		"empty":                                 {0, 20, full(0), 0, 1, ""},
		"one page":                              {20, 20, full(20), 20, 1, ""},
		"three pages":                           {45, 20, full(45), 45, 3, ""},
		"three pages without asking for a size": {45, 0, full(45), 45, 3, ""},
		"no result_info":                        {7, 20, func(_, _ int, items []string) string { return page(items, "") }, 7, 1, ""},
		"null result":                           {0, 20, func(_, _ int, _ []string) string { return `{"success":true,"result":null}` }, 0, 1, "the result is null"},
		"null result and a count": {0, 20, func(_, _ int, _ []string) string {
			return `{"success":true,"result":null,"result_info":{"page":1,"total_count":0}}`
		}, 0, 1, ""},
		"null result and a count of more": {0, 20, func(_, _ int, _ []string) string {
			return `{"success":true,"result":null,"result_info":{"page":1,"total_count":3}}`
		}, 0, 1, "short: 0 of 3"},
		"null result of a list without pages": {0, 0, func(_, _ int, _ []string) string { return `{"success":true,"result":null}` }, 0, 1, ""},
		"missing result":                      {0, 0, func(_, _ int, _ []string) string { return `{"success":true}` }, 0, 1, "the result is missing"},
		"total only": {45, 20, func(p, size int, items []string) string {
			return page(items, `,"result_info":{"page":`+strconv.Itoa(p)+`,"per_page":20,"total_count":45}`)
		}, 45, 3, ""},
		"no totals": {45, 20, func(p, size int, items []string) string {
			return page(items, `,"result_info":{"page":1,"per_page":20}`)
		}, 45, 3, ""},
		"a count of the page and no totals": {45, 20, func(p, size int, items []string) string {
			return page(items, fmt.Sprintf(`,"result_info":{"page":%d,"per_page":20,"count":%d}`, p, len(items)))
		}, 45, 3, ""},
		"a count of the page and no totals, without asking for a size": {45, 0, func(p, size int, items []string) string {
			return page(items, fmt.Sprintf(`,"result_info":{"page":%d,"per_page":20,"count":%d}`, p, len(items)))
		}, 45, 3, ""},
		"no totals and no pages": {2, 2, func(_, _ int, _ []string) string {
			return page([]string{`{"id":"a"}`, `{"id":"b"}`}, `,"result_info":{"count":2}`)
		}, 2, 2, ""},
		"the server's pages are smaller": {45, 100, func(p, _ int, _ []string) string {
			var items []string
			for i := (p - 1) * 10; i < min(p*10, 45); i++ {
				items = append(items, fmt.Sprintf(`{"id":"i%d"}`, i))
			}
			return page(items, fmt.Sprintf(`,"result_info":{"page":%d,"per_page":10,"count":%d,"total_count":45,"total_pages":5}`, p, len(items)))
		}, 45, 5, ""},
		"the same page again and again": {60, 20, func(_, _ int, _ []string) string {
			return page([]string{`{"id":"a"}`, `{"id":"b"}`}, `,"result_info":{"page":1,"per_page":2,"count":2,"total_count":60,"total_pages":30}`)
		}, 2, 2, "brings nothing new"},
		"short": {45, 20, func(p, size int, items []string) string {
			return page(items, `,"result_info":{"page":1,"per_page":20,"total_count":99,"total_pages":3}`)
		}, 45, 3, "the list is short: 45 of 99"},
		"ends early": {45, 20, func(p, size int, items []string) string {
			if p == 2 {
				items = nil
			}
			return page(items, `,"result_info":{"page":1,"per_page":20,"total_count":45}`)
		}, 20, 2, "short: 20 of 45"},
		"pages overlap": {45, 20, func(p, _ int, _ []string) string {
			var items []string
			for i := max(0, (p-1)*20-3); i < min(p*20, 45); i++ {
				items = append(items, fmt.Sprintf(`{"id":"i%d"}`, i))
			}
			return page(items, `,"result_info":{"page":1,"per_page":20,"total_count":45,"total_pages":3}`)
		}, 45, 3, ""},
		"not a list": {0, 20, func(_, _ int, _ []string) string { return `{"success":true,"result":{"a":1}}` }, 0, 1, "not a list"},
		"bad item":   {0, 20, func(_, _ int, _ []string) string { return `{"success":true,"result":[{"id":"a"},{"id":7}]}` }, 1, 1, "item 2 is not understood: id is of the JSON type number"},
		"bad item among good ones, on the first page": {45, 20, func(p, size int, items []string) string {
			if p == 1 {
				items[3] = `{"id":["odd"]}`
			}
			return full(45)(p, size, items)
		}, 44, 3, "item 4 is not understood"},
		"success false": {0, 20, func(_, _ int, _ []string) string {
			return `{"success":false,"errors":[{"code":1234,"message":"no"}],"result":[]}`
		}, 0, 1, "code 1234: no"},
		"success missing":  {0, 20, func(_, _ int, _ []string) string { return `{"result":[]}` }, 0, 1, "success is false"},
		"not JSON":         {0, 20, func(_, _ int, _ []string) string { return `<html>` }, 0, 1, "not JSON"},
		"not an envelope":  {0, 20, func(_, _ int, _ []string) string { return `[1,2]` }, 0, 1, "not the API's"},
		"empty body":       {0, 20, func(_, _ int, _ []string) string { return `` }, 0, 1, "not JSON"},
		"result_info null": {3, 20, func(_, _ int, items []string) string { return page(items, `,"result_info":null`) }, 3, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h, requests := lister(c.n, c.write)
			cl, _ := testClient(t, h, nil)
			got, err := list[item](t.Context(), cl, "/things", url.Values{"k": {"v"}}, c.perPage)
			var ids []string
			for _, i := range got {
				ids = append(ids, i.ID)
			}
			if len(got) != c.want || *requests != c.requests || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != c.want {
				t.Errorf("%d items (%v) in %d requests, want %d in %d", len(got), ids, *requests, c.want, c.requests)
			}
			var api *APIError
			if (err != nil) != (c.err != "") || err != nil && (!errors.As(err, &api) || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
}

func TestObject(t *testing.T) {
	for body, want := range map[string]string{
		`{"success":true,"result":{"id":"x"}}`:        "",
		`{"success":true,"result":null}`:              "the result is null",
		`{"success":true}`:                            "the result is null",
		`{"success":true,"result":[1]}`:               "not understood",
		`{"success":false,"errors":null,"result":{}}`: "success is false",
	} {
		cl, _ := testClient(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }, nil)
		_, err := object[item](t.Context(), cl, "/x")
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestPathf(t *testing.T) {
	if got := pathf("/zones/%s/x/%s", "../a?b#c", "d/e f"); got != "/zones/..%2Fa%3Fb%23c/x/d%2Fe%20f" {
		t.Error(got)
	}
}

func FuzzEnvelope(f *testing.F) {
	for _, s := range []string{
		`{"success":true,"result":[{"id":"a","enabled":null}],"result_info":{"page":1,"per_page":1,"total_count":2,"total_pages":2}}`,
		`{"success":true,"result":{"enabled":"on"}}`, `{"success":false,"errors":[{"code":"7","message":"\u0000"}]}`, `[]`, `null`, `{"result_info":{"page":"x"}}`,
		`{"success":true,"result":[{"id":"r","type":"HTTPS","name":"x","data":{"value":"alpn"},"meta":null,"proxied":null}]}`,
		`{"success":true,"result":[{"id":"c","certificate":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----","uploaded_on":"0001-01-01T00:00:00Z"}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o := Options{Credentials: Credentials{Token: testToken}, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(b)))}, nil
		})}
		o, base, err := o.prepared()
		if err != nil {
			t.Fatal(err)
		}
		o.Limits.Requests, o.Limits.PerSecond = 5000, 5000
		cl, err := newClient(o, base)
		if err != nil {
			t.Fatal(err)
		}
		z := apiZone{ID: "z", Name: "example.com"}.zone()
		r := &zoneReader{c: cl}
		r.read(t.Context(), &z)
		for _, h := range effective(&z, surroundings{}) {
			if h.Certificate.Source == "" && len(h.Certificate.Gaps) == 0 {
				t.Errorf("unknown without a reason: %+v", h)
			}
		}
	})
}

// roundTrip is a transport without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
