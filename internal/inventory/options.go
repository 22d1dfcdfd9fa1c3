package inventory

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
)

// DefaultBaseURL is Cloudflare's API.
const DefaultBaseURL = "https://api.cloudflare.com/client/v4"

// Credentials sign the requests: a token, or a global key with its e-mail
// address (https://developers.cloudflare.com/fundamentals/api/get-started/).
type Credentials struct {
	Token Secret
	Key   Secret
	Email string
}

// Options say what to collect and how.
type Options struct {
	Credentials Credentials
	// BaseURL is the API's address; empty means [DefaultBaseURL]. Plain http is
	// accepted for loopback addresses only, since the token travels with it.
	BaseURL string
	// Zones are zone names or identifiers, Accounts account identifiers. With
	// neither, every zone that the credentials can read is collected.
	Zones, Accounts []string
	// ExtraOrigins are origins that the user names beside those of Cloudflare's
	// configuration.
	ExtraOrigins []ExtraOrigin
	// Resolver is the address (host or host:port) of the DNS server that origin
	// names are resolved with; empty means the system's.
	Resolver string
	// Limits bound the use of the API; zero fields take the defaults.
	Limits Limits
	// Tool goes into the evidence, UserAgent into every request.
	Tool      evidence.Tool
	UserAgent string
	// Logger receives progress in words; nil discards.
	Logger *slog.Logger
	// Progress, when not nil, is called as the collection goes on, never
	// concurrently.
	Progress func(Progress)
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	// Transport, Sleep and LookupIP replace the network, the waiting and the
	// name resolution in tests; nil means the real ones.
	Transport http.RoundTripper
	Sleep     func(ctx context.Context, d time.Duration) error
	LookupIP  func(ctx context.Context, name string) ([]netip.Addr, error)
}

// Limits bound the use of the API. Cloudflare allows a user 1,200 requests in
// five minutes and an address 200 in a second
// (https://developers.cloudflare.com/fundamentals/api/reference/limits/).
type Limits struct {
	// Requests may be sent in any span of Window: at once, if need be.
	Requests int
	Window   time.Duration
	// PerSecond bounds the rate, Concurrency the requests under way at once.
	PerSecond   int
	Concurrency int
	// Attempts is how often one request is tried in all.
	Attempts int
	// MaxWait is the longest that a request waits for the API to take it again;
	// an answer that demands more is an error.
	MaxWait time.Duration
	// AttemptTimeout bounds one try, its body included; MaxBody its size in bytes.
	AttemptTimeout time.Duration
	MaxBody        int64
}

// DefaultLimits are the limits without options.
var DefaultLimits = Limits{
	Requests:       1200,
	Window:         5 * time.Minute,
	PerSecond:      200,
	Concurrency:    24,
	Attempts:       6,
	MaxWait:        6 * time.Minute,
	AttemptTimeout: 30 * time.Second,
	MaxBody:        64 << 20,
}

// withDefaults fills the zero fields.
func (l Limits) withDefaults() Limits {
	d := DefaultLimits
	if l.Requests > 0 {
		d.Requests = l.Requests
	}
	if l.Window > 0 {
		d.Window = l.Window
	}
	if l.PerSecond > 0 {
		d.PerSecond = l.PerSecond
	}
	if l.Concurrency > 0 {
		d.Concurrency = l.Concurrency
	}
	if l.Attempts > 0 {
		d.Attempts = l.Attempts
	}
	if l.MaxWait > 0 {
		d.MaxWait = l.MaxWait
	}
	if l.AttemptTimeout > 0 {
		d.AttemptTimeout = l.AttemptTimeout
	}
	if l.MaxBody > 0 {
		d.MaxBody = l.MaxBody
	}
	return d
}

// ExtraOrigin is an origin that the user names for a hostname.
type ExtraOrigin struct {
	Hostname string
	// Address is an IP address, or Name a host name to resolve.
	Address netip.Addr
	Name    string
	Port    int
}

// ParseExtraOrigin reads HOST=ADDR[:PORT]. ADDR is an IP address (an IPv6 one
// with a port in brackets) or a host name; the port defaults to 443.
func ParseExtraOrigin(s string) (ExtraOrigin, error) {
	host, addr, ok := strings.Cut(s, "=")
	host = normalName(host)
	bad := func(why string) (ExtraOrigin, error) {
		return ExtraOrigin{}, &OptionError{What: fmt.Sprintf("origin %q: %s", s, why),
			Advice: "write --origin HOST=ADDRESS or HOST=ADDRESS:PORT, for example app.example.com=203.0.113.10:8443"}
	}
	if !ok || host == "" || addr == "" {
		return bad("not HOST=ADDRESS[:PORT]")
	}
	if !validName(host) {
		return bad("the part before = is not a host name")
	}
	o := ExtraOrigin{Hostname: host, Port: 443}
	if a, err := netip.ParseAddr(strings.Trim(addr, "[]")); err == nil {
		o.Address = a.Unmap()
		return o, nil
	}
	if h, p, err := net.SplitHostPort(addr); err == nil {
		port, err := strconv.Atoi(p)
		if err != nil || port < 1 || port > 65535 {
			return bad("the port is not a number from 1 to 65535")
		}
		o.Port, addr = port, h
	}
	if a, err := netip.ParseAddr(addr); err == nil {
		o.Address = a.Unmap()
		return o, nil
	}
	if o.Name = normalName(addr); !validName(o.Name) {
		return bad("the part after = is neither an IP address nor a host name")
	}
	return o, nil
}

// prepared checks the options and fills the defaults.
func (o Options) prepared() (Options, *url.URL, error) {
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	base, err := parseBaseURL(o.BaseURL)
	if err != nil {
		return o, nil, err
	}
	if o.Credentials, err = o.Credentials.checked(); err != nil {
		return o, nil, err
	}
	o.Limits = o.Limits.withDefaults()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.UserAgent == "" {
		o.UserAgent = "aopscan"
	}
	if o.LookupIP == nil {
		if o.LookupIP, err = newLookup(o.Resolver); err != nil {
			return o, nil, err
		}
	}
	return o, base, nil
}

// parseBaseURL checks the API's address: absolute, without credentials or query,
// and https unless it is on this machine.
func parseBaseURL(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(s, "/"))
	if err != nil {
		return nil, &OptionError{What: "API address: not a URL", Advice: "for example " + DefaultBaseURL}
	}
	switch {
	case u.User != nil:
		return nil, &OptionError{What: "API address: it holds credentials", Advice: "credentials come from the environment"}
	case u.Host == "" || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "https" && u.Scheme != "http"):
		return nil, &OptionError{What: fmt.Sprintf("API address %q: not an absolute http or https URL", s), Advice: "for example " + DefaultBaseURL}
	case u.Scheme == "http" && !isLoopbackHost(u.Hostname()):
		return nil, &OptionError{What: fmt.Sprintf("API address %q: plain http would send the token in the clear", s), Advice: "use https; http is accepted for this machine only"}
	}
	return u, nil
}

func isLoopbackHost(h string) bool {
	if h == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(h)
	return err == nil && a.Unmap().IsLoopback()
}

// checked trims the credentials and refuses what cannot be one, so that a stray
// line break or quote is told from a token that Cloudflare does not know.
func (c Credentials) checked() (Credentials, error) {
	c.Token = Secret(strings.TrimSpace(string(c.Token)))
	c.Key = Secret(strings.TrimSpace(string(c.Key)))
	c.Email = strings.TrimSpace(c.Email)
	switch {
	case c.Token != "":
		if !plainSecret(string(c.Token)) {
			return c, &CredentialsError{What: "the API token holds characters that no token has (a space, a quote, a line break?)",
				Advice: "copy the token again, without quotes or line breaks"}
		}
		return c, nil
	case c.Key != "" && c.Email == "":
		return c, &CredentialsError{What: "an API key without its e-mail address", Advice: "set CLOUDFLARE_EMAIL, or better, use a token in CLOUDFLARE_API_TOKEN"}
	case c.Key != "":
		if !plainSecret(string(c.Key)) {
			return c, &CredentialsError{What: "the API key holds characters that no key has", Advice: "copy the key again, without quotes or line breaks"}
		}
		if strings.ContainsFunc(c.Email, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return c, &CredentialsError{What: "the e-mail address of the API key holds blanks or control characters"}
		}
		return c, nil
	}
	return c, &CredentialsError{What: "no credentials", Advice: "set CLOUDFLARE_API_TOKEN, or CLOUDFLARE_API_KEY with CLOUDFLARE_EMAIL; aopscan doctor tells which permissions a token needs"}
}

// mask takes the secrets out of what was read.
func (c Credentials) mask(b []byte) []byte {
	for _, s := range []Secret{c.Token, c.Key} {
		if len(s) >= 8 { // shorter ones are none, and may be in any text
			b = bytes.ReplaceAll(b, []byte(s), []byte(secretMask))
		}
	}
	return b
}

// plainSecret reports whether s consists of the characters that Cloudflare's
// tokens and keys are made of, or that RFC 6750 allows in a bearer token.
func plainSecret(s string) bool {
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-._~+/=", r):
		default:
			return false
		}
	}
	return len(s) <= 4096
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// normalName lowers a DNS name and takes its final dot away.
func normalName(s string) string {
	return strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), ".")
}

// validName reports whether s could be a host name or a wildcard of one. It is
// lenient (underscores, non-ASCII) but lets nothing through that has a meaning
// in a URL or on a terminal.
func validName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for i, label := range strings.Split(s, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		if i == 0 && label == "*" {
			continue
		}
		for _, r := range label {
			ok := r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r >= 0xa1 && strconv.IsPrint(r)
			if !ok {
				return false
			}
		}
	}
	return true
}
