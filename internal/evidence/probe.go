package evidence

// ProbeOptions is how probing was configured; it bounds what can be concluded.
type ProbeOptions struct {
	// Attempts is "quick", "standard" or "all", or a list of attempt names.
	Attempts []string `json:"attempts"`
	// AllowAddresses are the CIDRs that the user permitted beyond public ones.
	AllowAddresses []string `json:"allow_addresses,omitempty"`
	Ports          []int    `json:"ports,omitempty"`
	Paths          []string `json:"paths,omitempty"`
	// PositiveControl is true when the user gave a client certificate.
	PositiveControl bool `json:"positive_control,omitempty"`
	// AttemptTimeoutMS and EndpointTimeoutMS are in milliseconds.
	AttemptTimeoutMS  int64 `json:"attempt_timeout_ms"`
	EndpointTimeoutMS int64 `json:"endpoint_timeout_ms"`
}

// Endpoint is one (hostname, address, port) and all that was seen there.
type Endpoint struct {
	Zone     string `json:"zone,omitempty"`
	Hostname string `json:"hostname"`
	Address  string `json:"address"`
	Port     int    `json:"port"`
	// SNI and Host are what a legitimate request to this origin carries.
	SNI  string `json:"sni"`
	Host string `json:"host"`
	// Siblings are the other names that were tried on the same socket.
	Siblings []string `json:"siblings,omitempty"`
	// NotProbed says why nothing was sent (address policy, no address, an
	// interrupted scan); then Observations is empty. NotProbedKind is one of the
	// NotProbed constants.
	NotProbed     string        `json:"not_probed,omitempty"`
	NotProbedKind NotProbedKind `json:"not_probed_kind,omitempty"`
	// Observations are the attempts, in the order in which they were made.
	Observations []Observation `json:"observations,omitempty"`
}

// NotProbedKind is why an endpoint was not probed.
type NotProbedKind string

// Reasons for not probing.
const (
	NotProbedPolicy      NotProbedKind = "address-policy"
	NotProbedUnresolved  NotProbedKind = "unresolved"
	NotProbedEdge        NotProbedKind = "edge-address"
	NotProbedInterrupted NotProbedKind = "interrupted"
	NotProbedBudget      NotProbedKind = "budget" // the endpoint's time ran out before the first attempt
)

// AttemptName is the question that an attempt asks; the names are public.
type AttemptName string

// The attempts of a probe.
const (
	AttemptNoCertificate    AttemptName = "no-certificate"
	AttemptRogueCertificate AttemptName = "rogue-certificate"
	AttemptSpoofedIssuer    AttemptName = "spoofed-issuer"
	AttemptNoSNI            AttemptName = "no-sni"
	AttemptOtherSNI         AttemptName = "other-sni"
	AttemptOtherHost        AttemptName = "other-host" // own SNI, other Host
	AttemptResumedSession   AttemptName = "resumed-session"
	AttemptPlainHTTP        AttemptName = "plain-http"
	AttemptOtherPort        AttemptName = "other-port"
	AttemptHTTP2            AttemptName = "http2"
	AttemptHTTP3            AttemptName = "http3"
	AttemptPath             AttemptName = "path"
	AttemptLegacyTLS        AttemptName = "legacy-tls"  // old versions and every cipher suite
	AttemptRandomPath       AttemptName = "random-path" // comparison: what does it say to nonsense?
	AttemptPositiveControl  AttemptName = "positive-control"
	AttemptEdgeControl      AttemptName = "edge-control"
)

// CertificateKind is the client certificate that an attempt offered.
type CertificateKind string

// Kinds of client certificates.
const (
	OfferNone    CertificateKind = "none"
	OfferRogue   CertificateKind = "rogue"   // self-signed, recognisable as a probe
	OfferSpoofed CertificateKind = "spoofed" // issued by a home-made CA that only spells the expected name
	OfferUser    CertificateKind = "user"    // the user's own (positive control)
)

// Stage is how far an attempt came.
type Stage string

// The stages of an attempt, in order. The zero value means not attempted.
const (
	StageNone      Stage = ""
	StageDial      Stage = "dial"      // the TCP or QUIC dial failed
	StageConnected Stage = "connected" // connected, but no TLS was spoken
	StageHandshake Stage = "handshake" // TLS was spoken and the handshake failed
	StageSecured   Stage = "secured"   // the handshake finished, no HTTP answer came
	StageResponse  Stage = "response"  // an HTTP answer came
)

// CloseKind is how a connection ended before the attempt had its answer.
type CloseKind string

// Ways for a connection to end.
const (
	CloseNone     CloseKind = ""
	CloseAlert    CloseKind = "alert"        // a fatal TLS alert
	CloseNotify   CloseKind = "close-notify" // an orderly TLS close
	CloseEOF      CloseKind = "eof"          // a bare FIN
	CloseReset    CloseKind = "reset"
	CloseTimeout  CloseKind = "timeout"
	CloseRefused  CloseKind = "refused"     // TCP connection refused
	CloseNoRoute  CloseKind = "unreachable" // ICMP unreachable, no route, no IPv6
	CloseProtocol CloseKind = "protocol"    // what came was not the protocol expected
	CloseLocal    CloseKind = "local"       // our own side gave up; see Error
)

// OutOfTime is the Error of an attempt that was cut off because the time for its
// origin was used up: what would have come after it was not tried.
const OutOfTime = "the time for this origin ran out"

// Moment is when something happened within an attempt.
type Moment string

// Moments of an attempt.
const (
	DuringHandshake Moment = "handshake"
	AfterHandshake  Moment = "after-handshake" // before the request was written
	AfterRequest    Moment = "after-request"
	DuringResponse  Moment = "during-response"
)

// RequestKind is how a server asked for a client certificate.
type RequestKind string

// Ways to ask for a certificate. The zero value means that nobody asked.
const (
	NotRequested           RequestKind = ""
	RequestedInHandshake   RequestKind = "handshake"
	RequestedRenegotiate   RequestKind = "renegotiation"  // TLS 1.2, after the request
	RequestedPostHandshake RequestKind = "post-handshake" // TLS 1.3 (RFC 8446, 4.6.2)
)

// VariantNoALPN is the variant of the no-certificate attempt that offers no
// application protocols: no part of the front door that every client meets.
const VariantNoALPN = "no alpn"

// Observation is one attempt: what was tried and what came back. It judges
// nothing.
type Observation struct {
	// ID is unique within the endpoint ("o1", "o2" ...); proofs name it.
	ID      string      `json:"id"`
	Attempt AttemptName `json:"attempt"`
	// Variant tells attempts of one name apart: "tls1.3", "sni=a.example.com".
	Variant string `json:"variant,omitempty"`

	// What was tried.
	Address    string          `json:"address"`
	Port       int             `json:"port"`
	Transport  string          `json:"transport"` // "tls", "quic" or "tcp" (plain HTTP)
	SNI        string          `json:"sni"`       // empty: none was sent
	Host       string          `json:"host"`
	Method     string          `json:"method,omitempty"`
	Path       string          `json:"path"`
	MinVersion string          `json:"min_version,omitempty"` // "1.0" to "1.3"
	MaxVersion string          `json:"max_version,omitempty"`
	ALPN       []string        `json:"alpn,omitempty"`
	Offer      CertificateKind `json:"offer"`
	// OfferIssuer is the issuer name of the offered certificate.
	OfferIssuer string `json:"offer_issuer,omitempty"`
	// OfferSubject and OfferNames are its subject and DNS names where they are spelt
	// like the expected certificate's.
	OfferSubject string   `json:"offer_subject,omitempty"`
	OfferNames   []string `json:"offer_names,omitempty"`
	// SessionFrom is the observation whose session was offered for resumption,
	// SessionSNI the name under which it was opened.
	SessionFrom string `json:"session_from,omitempty"`
	SessionSNI  string `json:"session_sni,omitempty"`

	// What came back.
	Stage     Stage       `json:"stage"`
	Requested RequestKind `json:"requested,omitempty"`
	// Offered is true when the server asked and the certificate was really sent.
	Offered bool `json:"offered,omitempty"`
	// AcceptableCAs are the CA names of the request, as RFC 4514 strings, bounded;
	// AcceptableCAsRaw their DER in hexadecimal, in the same order.
	AcceptableCAs    []string `json:"acceptable_cas,omitempty"`
	AcceptableCAsRaw []string `json:"acceptable_cas_raw,omitempty"`
	Version          string   `json:"version,omitempty"` // "1.2", "1.3", ...
	Cipher           string   `json:"cipher,omitempty"`
	Protocol         string   `json:"protocol,omitempty"` // negotiated ALPN
	Resumed          bool     `json:"resumed,omitempty"`
	// Ticket is true when the server gave a session ticket after the handshake.
	Ticket bool `json:"ticket,omitempty"`
	// AppData is true when application bytes came (h2 SETTINGS among them).
	AppData bool      `json:"app_data,omitempty"`
	Close   CloseKind `json:"close,omitempty"`
	Closed  Moment    `json:"closed,omitempty"`
	// Alert is the number of the fatal alert that was received, 0 when none.
	Alert     int       `json:"alert,omitempty"`
	AlertName string    `json:"alert_name,omitempty"`
	HTTP      *Response `json:"http,omitempty"`
	// ServerCertificate is the leaf that the server showed. ServerNameError says
	// why it does not cover SNI, empty where it does; ServerChainError is why it is not publicly
	// trusted (facts about names and dates only, no root store is assumed).
	ServerCertificate *Certificate `json:"server_certificate,omitempty"`
	ServerNameError   string       `json:"server_name_error,omitempty"`
	ServerChainError  string       `json:"server_chain_error,omitempty"`
	// StreamError is the error code of an HTTP/2 or HTTP/3 answer that was no
	// status: "HTTP_1_1_REQUIRED" means that the server wants another connection,
	// for example to ask for a certificate there (RFC 9113, section 7).
	StreamError string `json:"stream_error,omitempty"`
	// Error is the error's text, sanitised and bounded.
	Error string `json:"error,omitempty"`
	// Sample is the first bytes of what was not TLS or HTTP, sanitised.
	Sample string `json:"sample,omitempty"`
	// Timings in microseconds from the attempt's start; 0 where not reached.
	Timings Timings `json:"timings"`
}

// Timings of an attempt, in microseconds since its start.
type Timings struct {
	Connected int64 `json:"connected_us,omitempty"`
	Secured   int64 `json:"secured_us,omitempty"`
	FirstByte int64 `json:"first_byte_us,omitempty"`
	Done      int64 `json:"done_us"`
}

// Response is a bounded HTTP answer.
type Response struct {
	Protocol string `json:"protocol"` // "HTTP/1.1", "HTTP/2", "HTTP/3"
	Status   int    `json:"status"`
	// Location is the Location header, sanitised and bounded.
	Location    string `json:"location,omitempty"`
	Server      string `json:"server,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	// Headers are the other headers that judging uses (CF-Ray, CF-Railgun,
	// CF-Cache-Status, WWW-Authenticate, Alt-Svc ...), lower-case names.
	Headers map[string]string `json:"headers,omitempty"`
	Body    Body              `json:"body"`
}

// Body is what is kept of an answer's body: never the body itself.
type Body struct {
	// Length is how many bytes were read, Truncated whether more were to come.
	Length    int    `json:"length"`
	Truncated bool   `json:"truncated,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
	Title     string `json:"title,omitempty"`
	// Excerpt is the beginning, as sanitised text of at most 512 characters.
	Excerpt string `json:"excerpt,omitempty"`
	// Sketch is a min-hash of the body's word shingles, for similarity.
	Sketch []uint32 `json:"sketch,omitempty"`
}

// Edge is the answer for a hostname through Cloudflare (edge control).
type Edge struct {
	Zone     string `json:"zone,omitempty"`
	Hostname string `json:"hostname"`
	// NotProbed says why the edge was not asked.
	NotProbed    string        `json:"not_probed,omitempty"`
	Observations []Observation `json:"observations,omitempty"`
}
