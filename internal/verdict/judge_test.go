package verdict

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aopscan/aopscan/internal/evidence"
)

// The texts that the hand-made observations carry.
const (
	content = "quarterly settlement for carriers with consignments amounts due disputes transfer signed exports nightly ledger accounts"
	allot   = "spring seed swap members bring labelled envelopes saturday tea plot eleven bicycles lower gate beans chard apples"
	denied  = "access denied: a client certificate is required"
)

// page is an HTTP answer with a body of the given text.
func page(status int, text string) *evidence.Response {
	r := &evidence.Response{Protocol: "HTTP/1.1", Status: status, Body: evidence.Body{Length: len(text), Excerpt: text}}
	if text == "" {
		return r
	}
	sum := sha256.Sum256([]byte(text))
	r.Body.SHA256 = hex.EncodeToString(sum[:])
	seen := map[uint32]bool{}
	words := strings.Fields(text)
	for i, w := range words {
		for _, s := range []string{w, strings.Join(words[max(0, i-1):i+1], " ")} {
			h := fnv.New64a()
			h.Write([]byte(s))
			seen[uint32(h.Sum64()>>20)] = true
		}
	}
	for h := range seen {
		r.Body.Sketch = append(r.Body.Sketch, h)
	}
	slices.Sort(r.Body.Sketch)
	r.Body.Sketch = r.Body.Sketch[:min(len(r.Body.Sketch), sketchFull)]
	return r
}

func to(status int, location string) *evidence.Response {
	r := page(status, "")
	r.Location = location
	return r
}

// obs makes an observation at the front door; the functions change it.
func obs(attempt evidence.AttemptName, change ...func(*evidence.Observation)) evidence.Observation {
	o := evidence.Observation{
		Attempt: attempt, Address: "192.0.2.7", Port: 443, Transport: "tls", SNI: "app.example.com", Host: "app.example.com",
		Method: "GET", Path: "/", Offer: evidence.OfferNone, Stage: evidence.StageSecured, Version: "1.3",
	}
	for _, f := range change {
		f(&o)
	}
	return o
}

func none(variant string, change ...func(*evidence.Observation)) evidence.Observation {
	o := obs(evidence.AttemptNoCertificate, change...)
	o.Variant, o.Version = variant, strings.TrimPrefix(variant, "tls")
	return o
}

type change = func(*evidence.Observation)

func asked(o *evidence.Observation) { o.Requested = evidence.RequestedInHandshake }
func got(r *evidence.Response) change {
	return func(o *evidence.Observation) { o.Stage, o.HTTP, o.AppData = evidence.StageResponse, r, true }
}
func alert(n int, when evidence.Moment) change {
	return func(o *evidence.Observation) {
		o.Close, o.Alert, o.Closed = evidence.CloseAlert, n, when
		if when == evidence.DuringHandshake {
			o.Stage = evidence.StageHandshake
		}
	}
}
func ended(kind evidence.CloseKind, stage evidence.Stage, when evidence.Moment) change {
	return func(o *evidence.Observation) { o.Close, o.Stage, o.Closed = kind, stage, when }
}
func names(sni, host string) change {
	return func(o *evidence.Observation) { o.SNI, o.Host = sni, host }
}
func offered(kind evidence.CertificateKind) change {
	return func(o *evidence.Observation) { asked(o); o.Offer, o.Offered = kind, true }
}
func user(r *evidence.Response) evidence.Observation {
	return obs(evidence.AttemptPositiveControl, offered(evidence.OfferUser), got(r))
}

// endpoint numbers the observations as the probe does.
func endpoint(os ...evidence.Observation) evidence.Endpoint {
	for i := range os {
		os[i].ID = fmt.Sprintf("o%d", i+1)
	}
	return evidence.Endpoint{Hostname: "app.example.com", Address: "192.0.2.7", Port: 443, SNI: "app.example.com", Host: "app.example.com", Observations: os}
}

// TestJudge holds the signatures, traps and procedure of docs/verdicts.md, from
// observations made by hand.
func TestJudge(t *testing.T) {
	alert116 := none("tls1.3", asked, alert(116, evidence.AfterHandshake))
	alert40 := none("tls1.2", asked, alert(40, evidence.DuringHandshake))
	rogueRefused := obs(evidence.AttemptRogueCertificate, offered(evidence.OfferRogue), alert(48, evidence.AfterHandshake))
	nginx := page(400, "400 no required ssl certificate was sent nginx")
	bare403 := func(v string) evidence.Observation { return none(v, asked, got(page(403, "forbidden"))) }
	for _, c := range []struct {
		name string
		ep   evidence.Endpoint
		edge *evidence.Edge
		want string
	}{
		// Signatures of a refusal for want of a certificate.
		{"alerts after the request", endpoint(alert116, alert40, rogueRefused), nil, "enforced/proven"},
		{"nothing but the front door was tried", endpoint(alert116, alert40), nil, "enforced/likely"},
		{"nginx's words", endpoint(none("tls1.3", asked, got(nginx)), none("tls1.2", asked, got(nginx)), rogueRefused), nil, "enforced/proven"},
		{"JSSE and old Go: alert 42", endpoint(none("tls1.3", asked, alert(42, evidence.AfterRequest)), rogueRefused), nil, "enforced/proven"},
		{"GnuTLS: alert 50", endpoint(none("tls1.2", asked, alert(50, evidence.DuringHandshake)), rogueRefused), nil, "enforced/proven"},
		{"HTTP/3: alert on the first stream", endpoint(alert116, obs(evidence.AttemptHTTP3, asked, alert(116, evidence.AfterRequest)), rogueRefused), nil, "enforced/proven"},
		{"Apache's words on TLS 1.3, nobody asked", endpoint(none("tls1.3", got(page(403, "forbidden reason: cannot perform post-handshake authentication."))), rogueRefused), nil, "enforced/proven"},
		{"renegotiation", endpoint(none("tls1.2", alert(40, evidence.AfterRequest), func(o *evidence.Observation) { o.Requested = evidence.RequestedRenegotiate }), rogueRefused), nil, "enforced/proven"},
		{"nginx stream: close before any request, and the right certificate passes", endpoint(none("tls1.3", asked, ended(evidence.CloseEOF, evidence.StageSecured, evidence.AfterHandshake)), user(page(200, content)), rogueRefused), nil, "enforced/likely"},

		// Traps: looks like a refusal and is not.
		{"alert 40 before any request", endpoint(none("tls1.3", alert(40, evidence.DuringHandshake)), none("tls1.2", alert(40, evidence.DuringHandshake))), nil, "inconclusive/unclear"},
		{"alert 116 before any request", endpoint(none("tls1.3", alert(116, evidence.AfterHandshake))), nil, "inconclusive/unclear"},
		{"alert 80 after the request", endpoint(none("tls1.3", asked, alert(80, evidence.AfterHandshake)), rogueRefused), nil, "inconclusive/unclear"},
		{"an alert after application bytes", endpoint(none("tls1.3", asked, alert(40, evidence.DuringResponse), func(o *evidence.Observation) { o.AppData = true }), rogueRefused), nil, "inconclusive/unclear"},
		{"alert 70, and old versions are open", endpoint(none("tls1.3", alert(70, evidence.DuringHandshake)), none("tls1.2", alert(70, evidence.DuringHandshake)), obs(evidence.AttemptLegacyTLS, got(page(200, content)))), nil, "not-enforced/proven"},
		{"403 without a request", endpoint(none("tls1.3", got(page(403, "forbidden"))), none("tls1.2", got(page(403, "forbidden")))), nil, "refused-otherwise/proven"},
		{"nginx's words without a request", endpoint(none("tls1.3", got(nginx))), nil, "refused-otherwise/proven"},
		{"400 for plain HTTP on a TLS port", endpoint(none("tls1.3", got(page(400, "the plain http request was sent to https port")))), nil, "inconclusive/unclear"},
		{"421", endpoint(none("tls1.3", got(page(421, "misdirected request")))), nil, "inconclusive/unclear"},
		{"421 over HTTP/3 of an open origin", endpoint(none("tls1.3", asked, got(page(200, content))), obs(evidence.AttemptHTTP3, asked, got(page(421, ""))), user(page(200, content))), nil, "not-enforced/proven"},
		{"421 over HTTP/3 of one that demands", endpoint(alert116, obs(evidence.AttemptHTTP3, asked, got(page(421, ""))), rogueRefused), nil, "enforced/proven"},
		{"403 after a request", endpoint(bare403("tls1.3"), bare403("tls1.2"), rogueRefused), nil, "inconclusive/unclear"},
		{"403 for the right certificate, too", endpoint(bare403("tls1.3"), user(page(403, "forbidden")), rogueRefused), nil, "inconclusive/unclear"},
		{"alerts for the right certificate, too", endpoint(alert116, obs(evidence.AttemptPositiveControl, offered(evidence.OfferUser), alert(48, evidence.AfterHandshake)), rogueRefused), nil, "inconclusive/unclear"},
		{"403 after a request, content for the right certificate", endpoint(bare403("tls1.3"), bare403("tls1.2"), user(page(200, content)), rogueRefused), nil, "enforced/likely"},
		{"a control whose certificate was never asked for", endpoint(none("tls1.3", got(page(403, "forbidden"))), obs(evidence.AttemptPositiveControl, got(page(200, content)))), nil, "refused-otherwise/proven"},
		{"silence after a request, content for the right certificate", endpoint(none("tls1.3", asked, ended(evidence.CloseTimeout, evidence.StageSecured, evidence.AfterRequest)), user(page(200, content)), rogueRefused), nil, "enforced/likely"},
		{"TLS 1.2 not seen", endpoint(alert116, none("tls1.2", ended(evidence.CloseTimeout, evidence.StageDial, evidence.DuringHandshake)), rogueRefused), nil, "inconclusive/unclear"},
		{"TLS 1.2 asks nobody and is broken behind", endpoint(alert116, none("tls1.2", got(page(502, "bad gateway"))), rogueRefused), nil, "inconclusive/unclear"},
		{"TLS 1.2 asks nobody and redirects", endpoint(alert116, none("tls1.2", got(to(302, "https://elsewhere.example.net/"))), rogueRefused), nil, "inconclusive/unclear"},

		// Traps: looks like an answer and is a refusal, or the other way round.
		{"content, nobody asked", endpoint(none("tls1.3", got(page(200, content)))), nil, "not-enforced/proven"},
		{"content after a request", endpoint(none("tls1.3", asked, got(page(200, content))), obs(evidence.AttemptRandomPath, asked, got(page(404, "404 not found")))), nil, "not-enforced/likely"},
		{"one page for all paths after a request", endpoint(none("tls1.3", asked, got(page(200, content))), obs(evidence.AttemptRandomPath, asked, got(page(200, content)))), nil, "not-enforced/unclear"},
		{"a refusal with 200", endpoint(none("tls1.3", asked, got(page(200, denied)))), nil, "inconclusive/unclear"},
		{"a refusal with 200, content for the right certificate", endpoint(none("tls1.3", asked, got(page(200, denied))), user(page(200, content)), rogueRefused), nil, "enforced/likely"},
		{"error_page 496 = @app", endpoint(none("tls1.3", asked, got(page(200, content))), user(page(200, content))), nil, "not-enforced/proven"},
		{"the content with a time in it", endpoint(none("tls1.3", asked, got(page(200, content+" 12:00"))), user(page(200, content+" 12:01"))), nil, "not-enforced/proven"},
		{"another page after a request, which refuses nobody in words", endpoint(none("tls1.3", asked, got(page(200, allot))), user(page(200, content)), rogueRefused), nil, "enforced/unclear"},
		{"content that is never alike", endpoint(none("tls1.3", asked, got(page(200, allot))), user(page(200, content)), user(page(200, "seventeen wholly unrelated syllables drift across an empty harbour")), rogueRefused), nil, "inconclusive/unclear"},
		{"an empty 200", endpoint(none("tls1.3", got(page(200, "")))), nil, "inconclusive/unclear"},
		{"an empty 200 after a request, content for the right certificate", endpoint(none("tls1.3", asked, got(page(200, ""))), user(page(200, content)), rogueRefused), nil, "enforced/likely"},
		{"a redirect after a request", endpoint(none("tls1.3", asked, got(to(302, "https://public.example.net/")))), nil, "inconclusive/unclear"},
		{"the same redirect for the right certificate", endpoint(none("tls1.3", asked, got(to(302, "/login?a"))), user(to(302, "/login?b"))), nil, "not-enforced/likely"},
		{"a redirect to the own login, nobody asked", endpoint(none("tls1.3", got(to(302, "/login")))), nil, "not-enforced/likely"},
		{"a redirect elsewhere, nobody asked", endpoint(none("tls1.3", got(to(302, "https://public.example.net/")))), nil, "inconclusive/unclear"},
		{"an application's 404, nobody asked", endpoint(none("tls1.3", got(page(404, "route unknown: try the catalogue")))), nil, "not-enforced/unclear"},
		{"a server's 404, nobody asked", endpoint(none("tls1.3", got(page(404, "404 not found")))), nil, "inconclusive/unclear"},

		// Ways around.
		{"open on TLS 1.2 alone", endpoint(alert116, none("tls1.2", got(page(200, content)))), nil, "bypassable/proven"},
		{"open over HTTP/2 alone", endpoint(alert116, obs(evidence.AttemptHTTP2, got(page(200, content)))), nil, "bypassable/proven"},
		{"a rogue certificate", endpoint(alert116, obs(evidence.AttemptRogueCertificate, offered(evidence.OfferRogue), got(page(200, content)))), nil, "bypassable/likely"},
		{"a rogue certificate, compared", endpoint(alert116, user(page(200, content)), obs(evidence.AttemptRogueCertificate, offered(evidence.OfferRogue), got(page(200, content)))), nil, "bypassable/proven"},
		{"a rogue certificate met 403, past the TLS that refuses who has none", endpoint(alert116, obs(evidence.AttemptRogueCertificate, offered(evidence.OfferRogue), got(page(403, "forbidden")))), nil, "inconclusive/unclear"},
		{"a rogue certificate met a login", endpoint(alert116, obs(evidence.AttemptRogueCertificate, offered(evidence.OfferRogue), got(to(302, "/login")))), nil, "inconclusive/unclear"},
		{"a rogue certificate met the API's 404", endpoint(alert116, user(page(404, "route unknown: try the catalogue")), obs(evidence.AttemptRogueCertificate, offered(evidence.OfferRogue), got(page(404, "route unknown: try the catalogue")))), nil, "bypassable/likely"},
		{"a sibling's own content", endpoint(alert116, user(page(200, content)), obs(evidence.AttemptOtherSNI, names("shop.example.com", "shop.example.com"), got(page(200, allot)))), nil, "enforced/proven"},
		{"a sibling's own content, no control", endpoint(alert116, obs(evidence.AttemptOtherSNI, names("shop.example.com", "shop.example.com"), got(page(200, allot)))), nil, "inconclusive/unclear"},
		{"the protected content under a sibling's name", endpoint(alert116, user(page(200, content)), obs(evidence.AttemptOtherSNI, names("shop.example.com", "shop.example.com"), got(page(200, content)))), nil, "bypassable/proven"},
		{"the protected Host under another SNI, which others do not get", endpoint(alert116,
			obs(evidence.AttemptOtherSNI, names("shop.example.com", "shop.example.com"), got(page(404, "404 not found"))),
			obs(evidence.AttemptOtherSNI, names("shop.example.com", "app.example.com."), got(page(200, content)))), nil, "bypassable/likely"},
		{"a default page under another name", endpoint(alert116, obs(evidence.AttemptNoSNI, names("", "aopscan-probe.invalid"), got(page(200, "welcome to nginx! further configuration is required")))), nil, "enforced/proven"},
		{"a redirect to the login under another name", endpoint(alert116, obs(evidence.AttemptNoSNI, names("", "app.example.com"), got(to(302, "/login")))), nil, "inconclusive/unclear"},
		{"the same, and the right certificate gets it, too", endpoint(alert116, user(to(302, "/login?x")), obs(evidence.AttemptNoSNI, names("", "app.example.com"), got(to(302, "/login?y")))), nil, "bypassable/likely"},
		{"the control was not asked for its certificate once, and got the application", endpoint(alert116, user(page(200, content)), func() evidence.Observation {
			o := user(page(200, content))
			o.Requested, o.Offered = evidence.NotRequested, false
			return o
		}()), nil, "bypassable/proven"},
		{"one version refuses for want of a certificate, another everybody", endpoint(alert116, none("tls1.2", got(page(403, "forbidden"))), rogueRefused), nil, "inconclusive/unclear"},
		{"a page for strangers, a login for the right certificate", endpoint(none("tls1.3", asked, got(page(200, content))), none("tls1.2", asked, got(page(200, content))), user(to(302, "/login")), rogueRefused), nil, "inconclusive/unclear"},
		{"a broken application for the right certificate, and under another name", endpoint(alert116, user(page(500, "500 internal server error")), obs(evidence.AttemptNoSNI, names("", "app.example.com"), got(page(500, "500 internal server error")))), nil, "inconclusive/unclear"},
		{"not found for the right certificate, and under another name", endpoint(alert116, user(page(404, "404 not found")), obs(evidence.AttemptNoSNI, names("", "app.example.com"), got(page(404, "404 not found")))), nil, "enforced/proven"},
		{"a redirect to the site's own address", endpoint(alert116, obs(evidence.AttemptPlainHTTP, names("", "app.example.com"), got(to(301, "https://app.example.com/")))), nil, "enforced/proven"},
		{"only the root is refused", endpoint(bare403("tls1.3"), user(page(200, content)), obs(evidence.AttemptRandomPath, asked, got(page(404, "404 not found"))), rogueRefused), nil, "inconclusive/unclear"},
		{"every path is refused", endpoint(bare403("tls1.3"), user(page(200, content)), obs(evidence.AttemptRandomPath, asked, got(page(403, "forbidden"))), rogueRefused), nil, "enforced/likely"},
		{"a session that did not resume", endpoint(alert116, obs(evidence.AttemptResumedSession, got(page(200, content)))), nil, "enforced/proven"},
		{"a session that did", endpoint(alert116, obs(evidence.AttemptResumedSession, got(page(200, content)), func(o *evidence.Observation) { o.Resumed = true })), nil, "bypassable/likely"},
		{"a path", endpoint(alert116, obs(evidence.AttemptPath, got(page(200, content)), func(o *evidence.Observation) { o.Path = "/open" })), nil, "bypassable/likely"},

		// The edge as control.
		{"403 after a request, content through Cloudflare", endpoint(bare403("tls1.3"), rogueRefused), edge(page(200, content)), "enforced/likely"},
		{"Cloudflare meets 526", endpoint(alert116, rogueRefused), edge(page(526, "invalid ssl certificate")), "inconclusive/unclear"},
		{"a challenge is not the origin's answer", endpoint(bare403("tls1.3"), rogueRefused), challenge(), "inconclusive/unclear"},
		{"nobody asked, another page than through Cloudflare", endpoint(none("tls1.3", got(page(200, allot)))), edge(page(200, content)), "refused-otherwise/likely"},

		// Nothing to be seen.
		{"refused", endpoint(none("tls1.3", ended(evidence.CloseRefused, evidence.StageDial, evidence.DuringHandshake))), nil, "unreachable/proven"},
		{"black hole", endpoint(none("tls1.3", ended(evidence.CloseTimeout, evidence.StageDial, evidence.DuringHandshake))), nil, "unreachable/proven"},
		{"our own fault", endpoint(none("tls1.3", ended(evidence.CloseLocal, evidence.StageDial, evidence.DuringHandshake))), nil, "inconclusive/unclear"},
		{"tarpit", endpoint(none("tls1.3", ended(evidence.CloseTimeout, evidence.StageConnected, evidence.DuringHandshake))), nil, "inconclusive/unclear"},
		{"not probed", evidence.Endpoint{NotProbed: "address 127.0.0.1 is not dialled: loopback", NotProbedKind: evidence.NotProbedPolicy}, nil, "inconclusive/unclear"},
		{"no attempt", evidence.Endpoint{}, nil, "inconclusive/unclear"},
	} {
		j := Judge(c.ep, c.edge)
		if got := string(j.Verdict) + "/" + string(j.Confidence); got != c.want {
			t.Errorf("%s: %s, want %s: %s", c.name, got, c.want, j.Why)
		}
		if j.Why == "" || strings.Contains(j.Why, "%!") {
			t.Errorf("%s: the sentence is %q", c.name, j.Why)
		}
		if j.Confidence == Unclear && c.ep.NotProbed == "" && (j.Verdict == Enforced || j.Verdict == NotEnforced) && !strings.Contains(j.Why, "would settle it") {
			t.Errorf("%s: nothing says what would settle it: %s", c.name, j.Why)
		}
	}
}

func edge(r *evidence.Response) *evidence.Edge {
	o := obs(evidence.AttemptEdgeControl, got(r))
	o.ID = "e1"
	return &evidence.Edge{Hostname: "app.example.com", Observations: []evidence.Observation{o}}
}

func challenge() *evidence.Edge {
	e := edge(page(403, "just a moment"))
	e.Observations[0].HTTP.Headers = map[string]string{"cf-mitigated": "challenge"}
	return e
}

// TestNeverEnforcedWithContent: whatever else an endpoint did, if any attempt got
// the application's content without the right certificate, it is not enforced.
func TestNeverEnforcedWithContent(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	answers := []change{
		alert(116, evidence.AfterHandshake), alert(40, evidence.DuringHandshake), alert(80, evidence.AfterHandshake),
		got(page(400, "no required ssl certificate was sent")), got(page(403, "forbidden")), got(page(404, "404 not found")), got(page(200, denied)),
		got(page(200, "")), got(page(200, allot)), got(page(502, "bad gateway")), got(to(302, "/login")), got(page(421, "misdirected")),
		ended(evidence.CloseEOF, evidence.StageSecured, evidence.AfterHandshake), ended(evidence.CloseTimeout, evidence.StageSecured, evidence.AfterRequest),
		ended(evidence.CloseRefused, evidence.StageDial, evidence.DuringHandshake), ended(evidence.CloseReset, evidence.StageConnected, evidence.DuringHandshake),
	}
	pick := func() change { return answers[r.IntN(len(answers))] }
	refusals := slices.Delete(slices.Clone(answers), 8, 9) // another page is no control of this content
	maybeAsked := func(o *evidence.Observation) {
		if r.IntN(4) > 0 {
			asked(o)
		}
	}
	// attempt makes an attempt of any kind without the right certificate.
	attempt := func(answer change) evidence.Observation {
		switch r.IntN(10) {
		case 0, 1:
			return none([]string{"tls1.3", "tls1.2"}[r.IntN(2)], maybeAsked, answer)
		case 2:
			return obs(evidence.AttemptHTTP2, maybeAsked, answer)
		case 3:
			return obs(evidence.AttemptHTTP3, maybeAsked, answer)
		case 4:
			return obs(evidence.AttemptRogueCertificate, offered(evidence.OfferRogue), answer)
		case 5:
			return obs(evidence.AttemptSpoofedIssuer, offered(evidence.OfferSpoofed), answer)
		case 6:
			return obs(evidence.AttemptNoSNI, names("", "app.example.com"), maybeAsked, answer)
		case 7:
			return obs(evidence.AttemptOtherHost, names("app.example.com", "APP.EXAMPLE.COM"), maybeAsked, answer)
		case 8:
			return obs(evidence.AttemptPlainHTTP, names("", "app.example.com"), answer, func(o *evidence.Observation) { o.Transport, o.Port = "tcp", 80 })
		default:
			return obs(evidence.AttemptResumedSession, answer, func(o *evidence.Observation) { o.Resumed = true })
		}
	}
	enforced := 0
	for range 1000 {
		os := []evidence.Observation{none("tls1.3", asked, pick()), none("tls1.2", asked, pick())}
		for range r.IntN(6) {
			os = append(os, attempt(pick()))
		}
		if r.IntN(2) == 0 {
			os = append(os, user(page(200, content)))
		} else if r.IntN(3) == 0 {
			os = append(os, obs(evidence.AttemptPositiveControl, offered(evidence.OfferUser), refusals[r.IntN(len(refusals))]))
		}
		if Judge(endpoint(os...), nil).Verdict == Enforced {
			enforced++
		}
		os = append(os, attempt(got(page(200, content+fmt.Sprintf(" %d", r.IntN(100))))))
		r.Shuffle(len(os), func(i, j int) { os[i], os[j] = os[j], os[i] })
		ep := endpoint(os...)
		if j := Judge(ep, nil); j.Verdict == Enforced {
			for _, o := range ep.Observations {
				t.Log(read(&o).sentence(), o.Offer, o.Resumed)
			}
			t.Fatalf("enforced, with content: %s", j.Why)
		}
	}
	if enforced < 10 {
		t.Errorf("only %d of the endpoints without content are enforced: the test tests nothing", enforced)
	}
}

func TestDrift(t *testing.T) {
	cert := &evidence.Certificate{IssuerRaw: "aa", SubjectRaw: "bb"}
	named := func(names ...string) evidence.Endpoint {
		o := none("tls1.3", asked, alert(116, evidence.AfterHandshake))
		o.AcceptableCAsRaw = names
		return endpoint(o)
	}
	for _, c := range []struct {
		source evidence.CertificateSource
		v      Verdict
		demand Demand
		ep     evidence.Endpoint
		want   Drift
	}{
		{evidence.CertificateUnknown, Enforced, DemandRequired, named(), DriftUnknown},
		{evidence.CertificateZone, Enforced, DemandRequired, named(), DriftEnforced},
		{evidence.CertificateZone, Enforced, DemandRequired, named("aa", "cc"), DriftEnforced},
		{evidence.CertificateZone, Enforced, DemandRequired, named("cc"), DriftUntrusted},
		{evidence.CertificateNone, Enforced, DemandRequired, named(), DriftOutage},
		{evidence.CertificateZone, NotEnforced, DemandNone, named(), DriftOpen},
		{evidence.CertificateZone, Bypassable, DemandRequired, named(), DriftOpen},
		{evidence.CertificateNone, NotEnforced, DemandNone, named(), DriftNeither},
		{evidence.CertificateNone, RefusedOtherwise, DemandNone, named(), DriftNeither},
		{evidence.CertificateZone, Unreachable, DemandUnknown, named(), DriftUnknown},
		{evidence.CertificateZone, Inconclusive, DemandUnknown, named(), DriftUnknown},
		{evidence.CertificateZone, Inconclusive, DemandRequired, named("aa"), DriftUnknown},
		{evidence.CertificateZone, Inconclusive, DemandRequired, named("cc"), DriftUntrusted},
		{evidence.CertificateNone, Inconclusive, DemandRequired, named(), DriftOutage},
	} {
		if got := DriftOf(c.source, cert, Judgement{Verdict: c.v, Demand: c.demand}, c.ep); got != c.want {
			t.Errorf("%s and %s (%s): %s, want %s", c.source, c.v, c.demand, got, c.want)
		}
	}
}
