package inventory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/cloudflare/cloudflare-go"

	"github.com/aopscan/aopscan/internal/sanitize"
)

// client reads from the API. It uses cloudflare-go for the address, the envelope
// and the encoding, always through Raw: null, missing and paging matter here and
// the library's own structs lose them. The library's limiter and retries are off;
// [transport] has both, and the credentials too.
type client struct {
	api *cloudflare.API
	t   *transport
}

func newClient(o Options, base *url.URL) (*client, error) {
	t := newTransport(o, base)
	hc := &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	// The library wants a token and prints it when it prints itself, so it gets a
	// mask; the transport signs.
	api, err := cloudflare.NewWithAPIToken(secretMask,
		cloudflare.BaseURL(base.String()),
		cloudflare.HTTPClient(hc),
		cloudflare.UsingRateLimit(1e9),
		cloudflare.UsingRetryPolicy(0, 0, 0),
		cloudflare.UserAgent(o.UserAgent),
	)
	if err != nil {
		return nil, fmt.Errorf("setting up the API client: %w", err)
	}
	return &client{api: api, t: t}, nil
}

// close ends the connections that wait for another request.
func (c *client) close() {
	if b, ok := c.t.base.(interface{ CloseIdleConnections() }); ok {
		b.CloseIdleConnections()
	}
}

// get asks for one path. The path's variable parts must be escaped.
func (c *client) get(ctx context.Context, path string, query url.Values) (cloudflare.RawResponse, error) {
	uri := path
	if len(query) > 0 {
		uri += "?" + query.Encode()
	}
	r, err := c.api.Raw(ctx, http.MethodGet, uri, nil, nil)
	if err != nil {
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		if known := typed(err); known != nil {
			return r, known
		}
		return r, &APIError{Path: path, Status: http.StatusOK, Message: "the answer is not the API's: " + cleanError(err)}
	}
	if !r.Success {
		e := &APIError{Path: path, Status: http.StatusOK, Message: "success is false"}
		if len(r.Errors) > 0 {
			e.Code, e.Message = r.Errors[0].Code, sanitize.Text(r.Errors[0].Message, 300)
		}
		return r, e
	}
	return r, nil
}

// typed finds the transport's error inside the library's wrapping, or nil.
func typed(err error) error {
	var (
		api    *APIError
		unre   *UnreachableError
		method *MethodError
	)
	switch {
	case errors.As(err, &api):
		return api
	case errors.As(err, &unre):
		return unre
	case errors.As(err, &method):
		return method
	}
	return nil
}

// isNull reports whether a result is missing or null.
func isNull(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) == 0 || string(raw) == "null"
}

// object asks for one object. A null or missing result is an error: it says
// nothing, and nothing is never "off".
func object[T any](ctx context.Context, c *client, path string) (T, error) {
	var v T
	r, err := c.get(ctx, path, nil)
	if err != nil {
		return v, err
	}
	if isNull(r.Result) {
		return v, &APIError{Path: path, Status: http.StatusOK, Message: "the result is null"}
	}
	if err := json.Unmarshal(r.Result, &v); err != nil {
		return v, &APIError{Path: path, Status: http.StatusOK, Message: "the result is not understood: " + oddJSON(err)}
	}
	return v, nil
}

// oddJSON says what is wrong with JSON of the wrong shape, without Go's words for it.
func oddJSON(err error) string {
	var t *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &t):
		return cleanError(err)
	case t.Field == "":
		return "it is of the JSON type " + sanitize.Text(t.Value, 40)
	}
	return fmt.Sprintf("%s is of the JSON type %s", sanitize.Text(t.Field, 100), sanitize.Text(t.Value, 40))
}

// maxPages bounds a list, whatever its result_info says.
const maxPages = 2000

// list asks for all pages of a list. With perPage 0 the first request carries no
// paging parameters, for lists that have none; further pages are asked for only
// when result_info says that there are more. What was read before an error is
// returned with it.
func list[T any](ctx context.Context, c *client, path string, query url.Values, perPage int) ([]T, error) {
	var (
		items []T
		odd   error               // the first item that is not understood; the others are kept
		seen  = map[string]bool{} // items by their bytes, against repeated pages
		fail  = func(format string, args ...any) error {
			return &APIError{Path: path, Status: http.StatusOK, Message: fmt.Sprintf(format, args...)}
		}
	)
	for page := 1; page <= maxPages; page++ {
		q := url.Values{}
		for k, v := range query {
			q[k] = v
		}
		if perPage > 0 {
			q.Set("page", strconv.Itoa(page))
			q.Set("per_page", strconv.Itoa(perPage))
		} else if page > 1 {
			q.Set("page", strconv.Itoa(page))
		}
		r, err := c.get(ctx, path, q)
		if err != nil {
			return items, err
		}
		var raws []json.RawMessage
		switch {
		case len(r.Result) == 0:
			return items, fail("the result is missing")
		case isNull(r.Result) && perPage > 0 && r.ResultInfo == nil:
			return items, fail("the result is null") // without a word on how many there are
		case !isNull(r.Result): // a null list with a count, or one without pages, is an empty one
			if err := json.Unmarshal(r.Result, &raws); err != nil {
				return items, fail("the result is not a list: %s", oddJSON(err))
			}
		}
		fresh := 0
		for _, raw := range raws {
			if seen[string(raw)] {
				continue
			}
			seen[string(raw)] = true
			var v T
			fresh++
			if err := json.Unmarshal(raw, &v); err != nil {
				if odd == nil {
					odd = fail("item %d is not understood: %s", len(seen), oddJSON(err))
				}
				continue
			}
			items = append(items, v)
		}
		more, total := morePages(r.ResultInfo, page, perPage, len(raws), len(seen))
		switch {
		case !more && total > len(seen):
			return items, fail("the list is short: %d of %d items", len(seen), total)
		case !more, fresh == 0 && total == 0:
			return items, odd
		case fresh == 0:
			return items, fail("page %d brings nothing new, yet the list has %d items and %d were read", page, total, len(seen))
		}
	}
	return items, fail("the list has more than %d pages", maxPages)
}

// morePages reports whether a list goes on after a page, and how long the API
// says that the list is (0 when it does not say).
func morePages(info *cloudflare.ResultInfo, page, perPage, onPage, have int) (more bool, total int) {
	if info == nil {
		return false, 0
	}
	size := info.PerPage
	if size <= 0 {
		size = perPage
	}
	switch {
	case info.TotalPages > 0:
		return page < info.TotalPages, info.Total
	case info.Total > 0:
		return have < info.Total && onPage > 0, info.Total
	case info.Total == 0 && size > 0 && onPage >= size:
		// No totals at all: a full page may have a successor.
		return true, 0
	}
	return false, info.Total
}

// pathf builds a path with escaped segments.
func pathf(format string, segments ...string) string {
	args := make([]any, len(segments))
	for i, s := range segments {
		args[i] = url.PathEscape(s)
	}
	return fmt.Sprintf(format, args...)
}

// tri is a JSON switch: true, false, null or missing. Words and numbers that
// mean the same are taken too; anything else stays unknown.
type tri struct {
	set  bool
	null bool
	on   bool
}

// UnmarshalJSON reads the switch.
func (t *tri) UnmarshalJSON(b []byte) error {
	switch strings.ToLower(strings.Trim(string(b), `"`)) {
	case "null":
		t.null, t.set = true, true
	case "true", "on":
		t.on, t.set = true, true
	case "false", "off":
		t.set = true
	}
	return nil
}
