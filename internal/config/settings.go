package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/probe"
	"github.com/aopscan/aopscan/report"
)

// Setting is one thing that can be configured. The table of settings is the one
// source of the file's keys, the environment variables and the schema.
type Setting struct {
	// Key is the key in aopscan.yaml, with a dot between the levels. It is empty
	// where the file may not say it: the file must not decide where the API token
	// is sent.
	Key string
	// Flag is the command-line flag, empty where there is none.
	Flag string
	// Env is the environment variable. Lists are separated by commas.
	Env string
	// List is true where it takes several values.
	List bool
	// Default is what holds otherwise, as text; empty means none.
	Default string
	// Summary says what it does, in one sentence.
	Summary string

	kind kind
}

// name is how the rest of the package speaks of the setting.
func (s Setting) name() string {
	if s.Key != "" {
		return s.Key
	}
	return s.Flag
}

// kind is a sort of value: how YAML spells it, how the schema describes it, and
// what it must look like.
type kind struct {
	// want completes "want ...": "a number".
	want string
	// tags are the YAML types that are taken, as resolved by YAML 1.2's core schema.
	tags []string
	// schema is the value's JSON schema.
	schema map[string]any
	// check returns what is wrong with the value; its error may carry a hint.
	check func(text string) error
}

// Settings returns all settings, in the order of the documentation.
func Settings() []Setting { return slices.Clone(settings) }

var settings = []Setting{
	{Key: "zones", Flag: "zone", Env: "AOPSCAN_ZONES", List: true, kind: zoneKind,
		Summary: "Zones to scan, by name or ID. With neither zones nor accounts, every zone that the token can read."},
	{Key: "accounts", Flag: "account", Env: "AOPSCAN_ACCOUNTS", List: true, kind: accountKind,
		Summary: "Accounts whose zones are scanned, by ID."},
	{Key: "origins", Flag: "origin", Env: "AOPSCAN_ORIGINS", List: true, kind: originKind,
		Summary: "Origins that Cloudflare's configuration does not name, as HOST=ADDR[:PORT]."},

	{Key: "no_probe", Flag: "no-probe", Env: "AOPSCAN_NO_PROBE", Default: "false", kind: boolKind,
		Summary: "Do not contact any origin: judge the configuration alone."},
	{Key: "attempts", Flag: "attempts", Env: "AOPSCAN_ATTEMPTS", List: true, Default: "standard", kind: attemptKind,
		Summary: "Attempts to make at every origin: quick, standard, all, or names of attempts."},
	{Key: "allow_addresses", Flag: "allow-address", Env: "AOPSCAN_ALLOW_ADDRESSES", List: true, kind: cidrKind,
		Summary: "Address ranges beyond public ones that may be dialled, as CIDR."},
	{Key: "ports", Flag: "port", Env: "AOPSCAN_PORTS", List: true, kind: intKind(1, 65535),
		Summary: "Further ports of every origin to try."},
	{Key: "paths", Flag: "path", Env: "AOPSCAN_PATHS", List: true, kind: pathKind,
		Summary: "Further paths to ask for."},
	{Key: "other_names", Flag: "other-name", Env: "AOPSCAN_OTHER_NAMES", List: true, kind: hostKind,
		Summary: "Other host names that may live on the same addresses."},
	{Key: "client_cert", Flag: "client-cert", Env: "AOPSCAN_CLIENT_CERT", kind: fileKind,
		Summary: "PEM file with your own client certificate, for the positive control."},
	{Key: "client_key", Flag: "client-key", Env: "AOPSCAN_CLIENT_KEY", kind: fileKind,
		Summary: "PEM file with its private key. The file's path: the key itself never stands in the configuration."},
	{Key: "timeout", Flag: "timeout", Env: "AOPSCAN_TIMEOUT", Default: "10s", kind: durationKind,
		Summary: "The longest that one attempt may take."},
	{Key: "endpoint_timeout", Flag: "endpoint-timeout", Env: "AOPSCAN_ENDPOINT_TIMEOUT", Default: "1m0s", kind: durationKind,
		Summary: "The longest that all attempts at one origin may take."},
	{Key: "concurrency", Flag: "concurrency", Env: "AOPSCAN_CONCURRENCY", Default: "64", kind: intKind(1, 10000),
		Summary: "Origins probed at once."},
	{Key: "per_address", Flag: "per-address", Env: "AOPSCAN_PER_ADDRESS", Default: "2", kind: intKind(1, 10000),
		Summary: "Attempts at once against one address."},
	{Key: "edge_address", Flag: "edge-address", Env: "AOPSCAN_EDGE_ADDRESS", kind: serverKind,
		Summary: "Where the edge control connects instead of the hostname's own addresses, as ADDR[:PORT]."},
	{Key: "resolver", Flag: "resolver", Env: "AOPSCAN_RESOLVER", kind: serverKind,
		Summary: "DNS server to ask, as ADDR[:PORT]. Without it, the system's."},

	{Key: "api_budget", Flag: "api-budget", Env: "AOPSCAN_API_BUDGET", Default: "1200", kind: intKind(1, 1000000),
		Summary: "API requests per five minutes that may be spent, at once if need be."},
	{Key: "api_rate", Flag: "api-rate", Env: "AOPSCAN_API_RATE", Default: "200", kind: intKind(1, 100000),
		Summary: "API requests per second at the most."},
	{Flag: "api-url", Env: "CLOUDFLARE_BASE_URL", kind: anyKind,
		Summary: "Cloudflare API address. Not in the file: whoever may change it would be sent the token."},
	{Flag: "token-file", Env: "AOPSCAN_TOKEN_FILE", kind: anyKind,
		Summary: "File that holds the API token. Not in the file, like everything about credentials."},

	{Key: "outputs", Flag: "output", Env: "AOPSCAN_OUTPUTS", List: true, Default: "table", kind: outputKind,
		Summary: "Reports to write, as FORMAT[=PATH]. At most one goes to standard output."},
	{Key: "fail_on", Flag: "fail-on", Env: "AOPSCAN_FAIL_ON", Default: "medium", kind: severityKind,
		Summary: "Lowest severity that makes the exit code 1."},
	{Key: "allow_inconclusive", Flag: "allow-inconclusive", Env: "AOPSCAN_ALLOW_INCONCLUSIVE", Default: "false", kind: boolKind,
		Summary: "Exit 0, not 4, when nothing failed and something could not be verified."},
	{Key: "checks.only", Flag: "check", Env: "AOPSCAN_CHECKS_ONLY", List: true, kind: checkKind,
		Summary: "Judge only these checks. The controls of the others count as not assessed."},
	{Key: "checks.skip", Flag: "skip", Env: "AOPSCAN_CHECKS_SKIP", List: true, kind: checkKind,
		Summary: "Leave these checks out. Their controls count as not assessed."},
	{Key: "thresholds.expiring_days", Env: "AOPSCAN_THRESHOLDS_EXPIRING_DAYS", Default: strconv.Itoa(checks.DefaultThresholds.ExpiringDays), kind: intKind(0, 3650),
		Summary: "Days before its end from which client-certificate-expiring reports a certificate."},
	{Key: "thresholds.expiring_soon_days", Env: "AOPSCAN_THRESHOLDS_EXPIRING_SOON_DAYS", Default: strconv.Itoa(checks.DefaultThresholds.ExpiringSoonDays), kind: intKind(0, 3650),
		Summary: "The same for client-certificate-expiring-soon."},
	{Key: "thresholds.ca_expiring_days", Env: "AOPSCAN_THRESHOLDS_CA_EXPIRING_DAYS", Default: strconv.Itoa(checks.DefaultThresholds.CAExpiringDays), kind: intKind(0, 3650),
		Summary: "The same for cloudflare-ca-expiring."},
	{Key: "baseline", Flag: "baseline", Env: "AOPSCAN_BASELINE", kind: fileKind,
		Summary: "JSON report of an earlier scan: only what is new against it counts for the exit code."},
	{Key: "save_evidence", Flag: "save-evidence", Env: "AOPSCAN_SAVE_EVIDENCE", kind: fileKind,
		Summary: "File to write all that was read and seen to, to be judged again with --evidence."},
	{Key: "control", Flag: "control", Env: "AOPSCAN_CONTROL", kind: frameworkKind,
		Summary: "Framework by whose controls the report is grouped."},
	{Key: "sarif_category", Flag: "sarif-category", Env: "AOPSCAN_SARIF_CATEGORY", kind: lineKind,
		Summary: "Category of the SARIF run. Without it, made from the scope."},
	{Key: "waiver_snippets", Flag: "waiver-snippets", Env: "AOPSCAN_WAIVER_SNIPPETS", Default: "false", kind: boolKind,
		Summary: "Print a paste-ready waiver under every failing result."},
}

// EnvConfig names the configuration file where --config does not.
const EnvConfig = "AOPSCAN_CONFIG"

var (
	boolTags = []string{"!!bool"}
	textTags = []string{"!!str"}
	// Some texts look like numbers or dates to YAML: 32 hexadecimal digits of which
	// all are decimal, 2027-03-31, 1.1.
	looseTags = []string{"!!str", "!!int", "!!float", "!!timestamp"}
)

func text(tags []string, schema map[string]any, check func(string) error) kind {
	schema["type"] = "string"
	return kind{want: "text", tags: tags, schema: schema, check: func(s string) error {
		switch {
		case strings.TrimSpace(s) == "":
			return bad("give a value, or leave the key out", "it is empty")
		case s != strings.TrimSpace(s):
			return bad("", "%s has space around it", quote(s))
		case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return bad("", "%s has a line break or another control character in it", quote(s))
		}
		return check(s)
	}}
}

// atoi reads a number that intKind has checked.
func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func ok(string) error { return nil }

func wanting(want string, k kind) kind {
	k.want = want
	return k
}

var (
	hexID    = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)
	idText   = regexp.MustCompile(`^[0-9A-Za-z_-]+$`)
	decimal  = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})$`)
	notAName = regexp.MustCompile(`[\s/:=,?\[\]*]|\.\.|^\.`)
)

var anyKind = text(textTags, map[string]any{}, ok)

var lineKind = text(textTags, map[string]any{"minLength": 1}, ok)

var fileKind = notPEM(text(textTags, map[string]any{"minLength": 1, "pattern": `^[^\r\n]+$`}, ok))

// notPEM refuses PEM text where a file's path is wanted, before anything else
// can quote it: it may be a private key.
func notPEM(k kind) kind {
	check := k.check
	k.check = func(s string) error {
		if strings.Contains(s, "-----BEGIN") {
			return bad("put the PEM text into a file and give its path", "want the path of a file, not its content")
		}
		return check(s)
	}
	return k
}

var zoneKind = text(looseTags, map[string]any{"pattern": `^[^\s/:=,*]+$`}, func(s string) error {
	if !hexID.MatchString(s) && (notAName.MatchString(s) || !strings.Contains(s, ".")) {
		return bad("a zone is given as example.com, or by the 32 digits of its ID", "%s is neither a zone's name nor its ID", quote(s))
	}
	return nil
})

var accountKind = text(looseTags, map[string]any{"pattern": `^[0-9A-Za-z_-]+$`}, func(s string) error {
	if !idText.MatchString(s) {
		return bad("the ID is in the dashboard's address: dash.cloudflare.com/ACCOUNT_ID", "%s is not an account ID", quote(s))
	}
	return nil
})

var hostKind = text(textTags, map[string]any{"pattern": `^[^\s/:=,]+$`}, func(s string) error {
	if !isHost(s) {
		return bad("write it as www.example.com, without scheme, port and path", "%s is not a host name", quote(s))
	}
	return nil
})

// isHost reports whether s is a host name that a probe can ask for, or a wildcard
// of one.
func isHost(s string) bool {
	s = strings.TrimPrefix(s, "*.")
	if notAName.MatchString(s) {
		return false
	}
	_, err := probe.ParseTarget(s)
	return err == nil
}

const originHint = "write it as app.example.com=203.0.113.10 or app.example.com=203.0.113.10:8443"

// originKind is the text form; the mapping form is turned into it.
var originKind = text(textTags, map[string]any{"pattern": `^[^\s/:=,]+=[0-9A-Fa-f.:\[\]]+$`}, func(s string) error {
	host, addr, found := strings.Cut(s, "=")
	switch {
	case !found:
		return bad(originHint, "%s names no address", quote(s))
	case host == "" || !isHost(host):
		return bad(originHint, "%s is not a host name", quote(host))
	case !isServer(addr):
		return bad(originHint, "%s is not an IP address with an optional port", quote(addr))
	}
	return nil
})

// isServer reports whether s is ADDR or ADDR:PORT, an IPv6 address with a port
// in brackets.
func isServer(s string) bool {
	if _, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil {
		return true
	}
	ap, err := netip.ParseAddrPort(s)
	return err == nil && ap.Port() != 0
}

var serverKind = text(textTags, map[string]any{"pattern": `^[0-9A-Za-z.:%\[\]]+$`}, func(s string) error {
	if !isServer(s) {
		return bad("write it as 192.0.2.53 or 192.0.2.53:5353; an IPv6 address with a port stands in brackets", "%s is not an IP address with an optional port", quote(s))
	}
	return nil
})

var cidrKind = text(textTags, map[string]any{"pattern": `^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$`}, func(s string) error {
	if _, err := netip.ParseAddr(s); err == nil && !strings.Contains(s, "%") {
		return nil
	}
	if _, err := netip.ParsePrefix(s); err != nil {
		return bad("use a range such as 127.0.0.0/8, or an address such as 10.1.2.3", "%s is not an address range", quote(s))
	}
	return nil
})

// maxPath bounds a path: servers refuse longer ones for their length alone.
const maxPath = 4000

var pathKind = text(textTags, map[string]any{"pattern": `^/[!-"$-~]*$`}, func(s string) error {
	switch {
	case strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://"):
		hint := "give the path alone, for example /login"
		if u, err := url.Parse(s); err == nil {
			hint = "write it as " + u.RequestURI()
		}
		return bad(hint, "%s is a URL, not a path", quote(s))
	case !strings.HasPrefix(s, "/"):
		return bad("write it as "+quote("/"+s), "%s does not begin with a slash", quote(s))
	case strings.ContainsAny(s, " #"):
		return bad("encode it: %20 for a space, %23 for #", "%s has a space or a fragment in it", quote(s))
	case strings.ContainsFunc(s, func(r rune) bool { return r > '~' }):
		return bad("encode it: %C3%A9 for é", "%s has characters in it that no path carries as they are", quote(s))
	case len(s) > maxPath:
		return bad(fmt.Sprintf("%d characters are the most", maxPath), "%s is too long", quote(s))
	}
	return nil
})

var attemptKind = text(textTags, map[string]any{"pattern": `^[a-z0-9-]+$`}, func(s string) error {
	if probe.CheckAttempts([]string{s}) == nil {
		return nil
	}
	names := probe.AttemptNames()
	return bad(didYouMean(s, names, "use "+strings.Join(names, ", ")), "%s is not an attempt", quote(s))
})

var outputKind = text(textTags, map[string]any{"pattern": `^[a-z]+(=.+)?$`}, func(s string) error {
	_, err := report.ParseOutput(s)
	if err == nil || hintOf(err) != "" {
		return err
	}
	return bad("the formats are "+strings.Join(report.Formats(), ", "), "%w", err)
})

var severities = []string{string(checks.Critical), string(checks.High), string(checks.Medium), string(checks.Low), string(checks.Info)}

var severityKind = text(textTags, map[string]any{"enum": severities}, func(s string) error {
	if !slices.Contains(severities, s) {
		return bad(didYouMean(s, severities, "use "+strings.Join(severities, ", ")), "%s is not a severity", quote(s))
	}
	return nil
})

var frameworkKind = text(textTags, map[string]any{"minLength": 1}, func(s string) error {
	if f := report.Frameworks(); report.FindFramework(s) == "" {
		return bad(didYouMean(s, f, "use "+strings.Join(f, ", ")), "%s is not a framework", quote(s))
	}
	return nil
})

var checkKind = text(textTags, map[string]any{"pattern": `^[a-z0-9-]+$`}, KnownCheck)

// KnownCheck returns an error for what is not a check's ID. Its Hint method names
// the nearest one.
func KnownCheck(id string) error {
	ids := checkIDs()
	if slices.Contains(ids, id) {
		return nil
	}
	return bad(didYouMean(id, ids, "'aopscan checks' lists them"), "%s is not a check", quote(id))
}

func checkIDs() []string {
	all := checks.All()
	ids := make([]string, len(all))
	for i, c := range all {
		ids[i] = c.ID
	}
	return ids
}

var addressKind = text(textTags, map[string]any{"pattern": `^[0-9A-Fa-f.:]+$`}, func(s string) error {
	if _, err := netip.ParseAddr(s); err != nil {
		return bad("the port is a key of its own: port: 8443", "%s is not an IP address", quote(s))
	}
	return nil
})

var waiverCheckKind = text(textTags, map[string]any{"pattern": `^[a-z0-9*?-]+$`}, func(s string) error {
	if !strings.ContainsAny(s, "*?") {
		return KnownCheck(s)
	}
	w := report.Waiver{Check: s}
	for _, id := range checkIDs() {
		if w.Matches(checks.Result{Check: id}) {
			return nil
		}
	}
	return bad("'aopscan checks' lists them", "%s matches no check", quote(s))
})

var patternKind = text(looseTags, map[string]any{"minLength": 1}, ok)

var addressPatternKind = text(looseTags, map[string]any{"pattern": `^[0-9A-Fa-f.:/*?\[\]\\]+$`}, func(s string) error {
	if strings.Contains(s, "/") {
		if _, err := netip.ParsePrefix(s); err != nil {
			return bad("use a range such as 203.0.113.0/24", "%s is not an address range", quote(s))
		}
	}
	if strings.Trim(s, "0123456789abcdefABCDEF.:/*?[]\\") != "" {
		return bad("use 203.0.113.5, 203.0.113.5:8443, 203.0.113.0/24 or 203.0.113.*", "%s is no pattern of an address", quote(s))
	}
	return nil
})

var dateKind = wanting("a date", text([]string{"!!str", "!!timestamp"}, map[string]any{"pattern": `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`}, func(s string) error {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return bad("write it as YYYY-MM-DD, for example 2027-03-31", "%s is not a date", quote(s))
	}
	return nil
}))

var boolKind = kind{want: "true or false", tags: boolTags, schema: map[string]any{"type": "boolean"}, check: func(s string) error {
	if s != "true" && s != "false" {
		return bad("write true or false", "%s is neither true nor false", quote(s))
	}
	return nil
}}

func intKind(low, high int) kind {
	return kind{want: "a number", tags: []string{"!!int"}, schema: map[string]any{"type": "integer", "minimum": low, "maximum": high},
		check: func(s string) error {
			n, err := strconv.ParseInt(s, 10, 64)
			if !decimal.MatchString(strings.TrimPrefix(s, "-")) || err != nil {
				return bad(fmt.Sprintf("write a number from %d to %d", low, high), "%s is not a whole number", quote(s))
			}
			if n < int64(low) || n > int64(high) {
				return bad("", "%d is not from %d to %d", n, low, high)
			}
			return nil
		}}
}

var durationKind = wanting("a duration such as 10s", text(textTags, map[string]any{"pattern": `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`}, func(s string) error {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return bad("write it with its unit: 500ms, 10s, 2m", "%s is not a duration", quote(s))
	case d <= 0:
		return bad("", "%s is not more than zero", quote(s))
	}
	return nil
}))
