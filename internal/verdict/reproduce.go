package verdict

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

// reproduce returns a command line that shows an observation by hand. Everything
// that came from outside is quoted for a POSIX shell.
func reproduce(ep evidence.Endpoint, o evidence.Observation, opener *evidence.Observation) string {
	switch {
	case o.Attempt == evidence.AttemptResumedSession:
		return reproduceResumption(o, opener)
	case o.Offer == evidence.OfferRogue:
		return rogueCertificate("/CN=aopscan probe, not a real client") + curl(o, "--cert", `"$D/c.pem"`, "--key", `"$D/k.pem"`)
	case o.Offer == evidence.OfferSpoofed:
		return spoofedCertificate(o) + curl(o, "--cert", `"$D/c.pem"`, "--key", `"$D/k.pem"`)
	case o.Offer == evidence.OfferUser:
		return curl(o, "--cert", "YOUR-CERTIFICATE.pem", "--key", "YOUR-KEY.pem")
	case o.Transport == "tls" && o.SNI != strings.ToLower(o.SNI):
		// curl sends every SNI in small letters.
		return fmt.Sprintf("{ %s; sleep 1; } | openssl s_client -quiet -connect %s -servername %s 2>/dev/null",
			request(o.Host, o.Path), quote(net.JoinHostPort(o.Address, strconv.Itoa(o.Port))), quote(o.SNI))
	}
	return curl(o)
}

// curl builds a curl command line for an attempt.
func curl(o evidence.Observation, extra ...string) string {
	args := []string{"curl", "-sS", "-g", "-i", "--max-time", "10"}
	scheme, name := "https", o.SNI
	if o.Transport == "tcp" {
		scheme, name = "http", strings.TrimSuffix(o.Host, ".")
		if !plainName(name) {
			name = ""
		}
	} else {
		args = append(args, "-k")
		args = append(args, curlVersion(o)...)
	}
	port := strconv.Itoa(o.Port)
	authority := name
	if name == "" {
		authority = o.Address // no SNI is sent for an address
		if strings.Contains(authority, ":") {
			authority = "[" + authority + "]"
		}
	} else {
		address := o.Address
		if strings.Contains(address, ":") {
			address = "[" + address + "]"
		}
		args = append(args, "--resolve", quote(name+":"+port+":"+address))
	}
	standard := scheme == "https" && o.Port == 443 || scheme == "http" && o.Port == 80
	if !standard {
		authority += ":" + port
	}
	if o.Host != authority {
		args = append(args, "-H", quote("Host: "+o.Host))
	}
	if o.HTTP != nil && o.HTTP.Headers["content-encoding"] != "" {
		args = append(args, "--compressed") // or the terminal gets what was compressed unasked
	}
	args = append(args, extra...)
	path := o.Path
	if path == "" {
		path = "/"
	}
	return strings.Join(append(args, quote(scheme+"://"+authority+path)), " ")
}

// curlVersion forces the TLS version and protocol of an attempt.
func curlVersion(o evidence.Observation) []string {
	switch {
	case o.Attempt == evidence.AttemptHTTP3:
		return []string{"--http3-only"}
	case o.Attempt == evidence.AttemptLegacyTLS:
		return []string{"--http1.1", "--tlsv1.0", "--tls-max", orElse(o.MaxVersion, "1.2"), "--ciphers", "'ALL:@SECLEVEL=0'"}
	}
	args := []string{"--http1.1"}
	if o.Variant == evidence.VariantNoALPN {
		args = append(args, "--no-alpn")
	}
	if o.Protocol == "h2" || o.Attempt == evidence.AttemptHTTP2 {
		args = []string{"--http2"}
	}
	if o.MinVersion != "" && o.MinVersion == o.MaxVersion {
		args = append(args, "--tlsv"+o.MinVersion, "--tls-max", o.MaxVersion)
	}
	return args
}

// reproduceResumption opens a session in one connection and offers it in another.
func reproduceResumption(o evidence.Observation, opener *evidence.Observation) string {
	connect := quote(net.JoinHostPort(o.Address, strconv.Itoa(o.Port)))
	version := "-tls1_3"
	if o.Version == "1.2" {
		version = "-tls1_2"
	}
	sni := func(name string) string {
		if name == "" {
			return "-noservername"
		}
		return "-servername " + quote(name)
	}
	host := o.SessionSNI
	if opener != nil {
		host = opener.Host
	}
	if host == "" {
		host = o.Host
	}
	before, cert := "", ""
	if opener != nil && opener.Offer == evidence.OfferRogue {
		before, cert = rogueCertificate("/CN=aopscan probe, not a real client"), ` -cert "$D/c.pem" -key "$D/k.pem"`
	}
	return before + fmt.Sprintf("S=$(mktemp); { %s; sleep 1; } | openssl s_client -quiet -connect %s %s %s%s -sess_out \"$S\" 2>/dev/null; { %s; sleep 1; } | openssl s_client -quiet -connect %s %s %s -sess_in \"$S\" 2>/dev/null",
		request(host, "/"), connect, version, sni(o.SessionSNI), cert,
		request(o.Host, o.Path), connect, version, sni(o.SNI))
}

// request prints an HTTP/1.1 request.
func request(host, path string) string {
	return fmt.Sprintf(`printf 'GET %%s HTTP/1.1\r\nHost: %%s\r\nConnection: close\r\n\r\n' %s %s`, quote(path), quote(host))
}

// rogueCertificate makes a self-signed certificate in a new folder $D.
func rogueCertificate(subject string) string {
	return "D=$(mktemp -d); openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj " + quote(subject) +
		` -keyout "$D/k.pem" -out "$D/c.pem" 2>/dev/null; `
}

// spoofedCertificate makes a CA with the expected name and a certificate of it.
func spoofedCertificate(o evidence.Observation) string {
	subject, names := "/CN=aopscan probe, not a real client", ""
	if o.OfferSubject != "" {
		subject = slashed(o.OfferSubject)
	}
	for _, n := range o.OfferNames {
		if !plainName(strings.TrimPrefix(n, "*.")) {
			continue // it stands unquoted below
		}
		if names == "" {
			names = `\nsubjectAltName=DNS:` + n
		} else {
			names += ",DNS:" + n
		}
	}
	return "D=$(mktemp -d); openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -multivalue-rdn -subj " + quote(slashed(o.OfferIssuer)) +
		` -keyout "$D/cak.pem" -out "$D/ca.pem" 2>/dev/null; ` +
		`openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -multivalue-rdn -subj ` + quote(subject) + ` -keyout "$D/k.pem" -out "$D/r.pem" 2>/dev/null; ` +
		`printf 'authorityKeyIdentifier=keyid` + names + `\n' > "$D/x.cnf"; openssl x509 -req -in "$D/r.pem" -extfile "$D/x.cnf" -CA "$D/ca.pem" -CAkey "$D/cak.pem" -set_serial 1 -days 1 -out "$D/l.pem" 2>/dev/null; cat "$D/l.pem" "$D/ca.pem" > "$D/c.pem"; `
}

// slashed turns an RFC 4514 name into the form that openssl takes, which has the
// other order.
func slashed(rfc4514 string) string {
	var parts []string
	var cur strings.Builder
	escaped := false
	for _, r := range rfc4514 {
		switch {
		case escaped:
			cur.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == ',':
			parts = append(parts, cur.String())
			cur.Reset()
		case r == '/':
			cur.WriteString(`\/`)
		default:
			cur.WriteRune(r)
		}
	}
	parts = append(parts, cur.String())
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteString("/" + parts[i])
	}
	return b.String()
}

// quote makes one word of a string for a POSIX shell.
func quote(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+=,", r))
	}) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// plainName reports whether a string can stand for a host in a URL.
func plainName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
	}) < 0
}
