package verdict

import (
	"strings"
	"testing"

	"github.com/aopscan/aopscan/internal/evidence"
)

// long repeats a text into a page that no refusal is as long as.
func long(text string) string {
	var b strings.Builder
	for i := range 60 {
		b.WriteString(strings.ReplaceAll(text, "#", strings.Repeat("i", i+1)))
		b.WriteByte(' ')
	}
	return b.String()
}

// titled gives an answer a title.
func titled(r *evidence.Response, title string) *evidence.Response {
	r.Body.Title = title
	return r
}

// typed gives an answer a content type.
func typed(r *evidence.Response, kind string) *evidence.Response {
	r.ContentType = kind
	return r
}

// compressed gives an answer an encoding that hides its words.
func compressed(text string) *evidence.Response {
	r := page(200, text)
	r.Headers = map[string]string{"content-encoding": "br"}
	r.Body.Excerpt, r.Body.Sketch = "", nil
	return r
}

// password is a demand for a password in a realm.
func password(realm string) *evidence.Response {
	r := page(401, "401 unauthorized")
	r.Headers = map[string]string{"www-authenticate": `Basic realm="` + realm + `"`}
	return r
}

// sibling is what another name on the socket answers for itself, rogue what the
// protected one does for a self-signed certificate.
func sibling(r *evidence.Response) evidence.Observation {
	return obs(evidence.AttemptOtherSNI, names("shop.example.com", "shop.example.com"), got(r))
}

func rogue(r *evidence.Response) evidence.Observation {
	return obs(evidence.AttemptRogueCertificate, offered(evidence.OfferRogue), got(r))
}

// edges are the answers through Cloudflare, asked for twice.
func edges(a, b *evidence.Response) *evidence.Edge {
	e := edge(a)
	again := edge(b).Observations[0]
	again.ID = "e2"
	e.Observations = append(e.Observations, again)
	return e
}

// TestJudgeApplications holds what applications of all sorts say to strangers and
// to those who are let in.
func TestJudgeApplications(t *testing.T) {
	alert116 := none("tls1.3", asked, alert(116, evidence.AfterHandshake))
	rogueRefused := obs(evidence.AttemptRogueCertificate, offered(evidence.OfferRogue), alert(48, evidence.AfterHandshake))
	shop := titled(page(200, long("ssl certificates for shops offer # issued in minutes")), "SSL certificates and client certificates")
	refused := titled(page(200, long("nothing of interest # is told here to you")), "Zugriff verweigert")
	for _, c := range []struct {
		name string
		ep   evidence.Endpoint
		edge *evidence.Edge
		want string
	}{
		{"a shop for certificates", endpoint(none("tls1.3", got(shop))), nil, "not-enforced/proven"},
		{"a shop for certificates, asked", endpoint(none("tls1.3", asked, got(shop)), user(shop)), nil, "not-enforced/proven"},
		{"a long page whose title refuses", endpoint(none("tls1.3", asked, got(refused)), user(page(200, content)), rogueRefused), nil, "enforced/likely"},
		{"a refusal in German", endpoint(none("tls1.3", asked, got(page(200, "Kein Zutritt: direkte Aufrufe werden nicht beantwortet"))), user(page(200, content)), rogueRefused), nil, "enforced/likely"},
		{"a refusal in Chinese", endpoint(none("tls1.3", asked, got(page(200, "禁止访问"))), user(page(200, content)), rogueRefused), nil, "enforced/likely"},
		{"a refusal in Chinese, no control", endpoint(none("tls1.3", asked, got(page(200, "禁止访问")))), nil, "inconclusive/unclear"},
		{"an API's envelope with another answer", endpoint(none("tls1.3", asked, got(typed(page(200, `{"code": 40301, "msg": "无权限访问", "data": null}`), "application/json"))),
			user(typed(page(200, `{"code": 0, "msg": "ok", "data": { "title": "settlements", "open": 3 }}`), "application/json")), rogueRefused), nil, "enforced/likely"},
		{"an encoding that hides the words", endpoint(none("tls1.3", asked, got(compressed("one"))), user(compressed("two")), rogueRefused), nil, "inconclusive/unclear"},
		{"an encoding that hides the words of one", endpoint(none("tls1.3", asked, got(page(200, content))), user(compressed("two")), rogueRefused), nil, "inconclusive/unclear"},
		{"a rogue certificate and hidden words", endpoint(none("tls1.3", asked, got(page(403, "forbidden"))), user(compressed("one")), obs(evidence.AttemptRogueCertificate, offered(evidence.OfferRogue), got(compressed("two")))), nil, "inconclusive/unclear"},
		{"rate limits for strangers", endpoint(none("tls1.3", asked, got(page(429, "slow down"))), none("tls1.2", asked, got(page(429, "slow down"))), user(page(200, content)), rogueRefused), nil, "inconclusive/unclear"},
		{"a rate limit, nobody asked", endpoint(none("tls1.3", got(page(429, "slow down")))), edge(page(200, content)), "inconclusive/unclear"},
		{"overload between two answers", endpoint(none("tls1.3", asked, got(page(503, "busy"))), none("again", asked, got(page(200, content))), user(page(200, content))), nil, "not-enforced/proven"},
		{"421 after a request", endpoint(none("tls1.3", asked, got(page(421, "misdirected request")))), nil, "inconclusive/unclear"},
		{"a login that names its host, on a sibling", endpoint(alert116, user(to(302, "https://app.example.com/users/sign_in")), sibling(to(302, "https://shop.example.com/users/sign_in"))), nil, "bypassable/likely"},
		{"another login, on a sibling", endpoint(alert116, user(to(302, "https://app.example.com/users/sign_in")), sibling(to(302, "https://shop.example.com/admin")), rogueRefused), nil, "enforced/proven"},
		{"both canonical, on a sibling", endpoint(alert116, user(to(301, "https://app.example.com/")), sibling(to(301, "https://shop.example.com/")), rogueRefused), nil, "enforced/proven"},
		{"a login on a sibling, no control", endpoint(alert116, sibling(to(302, "https://shop.example.com/users/sign_in"))), nil, "inconclusive/unclear"},
		{"a redirect elsewhere on a sibling, no control", endpoint(alert116, sibling(to(301, "https://www.example.net/")), rogueRefused), nil, "enforced/proven"},
		{"an API's 404 on a sibling, no control", endpoint(alert116, sibling(typed(page(404, `{"message":"no route matched"}`), "application/json"))), nil, "inconclusive/unclear"},
		{"a server's 404 on a sibling, no control", endpoint(alert116, sibling(page(404, "404 not found")), rogueRefused), nil, "enforced/proven"},
		{"the default backend's 404 on a sibling, no control", endpoint(alert116, sibling(page(404, "default backend - 404")), rogueRefused), nil, "enforced/proven"},
		{"the same password on a sibling", endpoint(alert116, user(password("Staging")), sibling(password("Staging"))), nil, "inconclusive/unclear"},
		{"a password on a sibling, content for the right certificate", endpoint(alert116, user(page(200, content)), sibling(password("Shop")), rogueRefused), nil, "enforced/proven"},
		{"nothing for the right certificate and for a rogue", endpoint(alert116, user(page(204, "")), rogue(page(204, ""))), nil, "bypassable/likely"},
		{"a server's 404 for the right certificate and for a rogue", endpoint(none("tls1.3", asked, got(page(403, "forbidden"))), user(page(404, "404 not found")), rogue(page(404, "404 not found"))), nil, "bypassable/likely"},
		{"a rate limit for the right certificate and for a rogue", endpoint(none("tls1.3", asked, got(page(403, "forbidden"))), user(page(429, "slow down")), rogue(page(429, "slow down"))), nil, "inconclusive/unclear"},
		{"the origin has had enough before the rogue certificate", endpoint(alert116, user(page(200, content)), obs(evidence.AttemptRogueCertificate, ended(evidence.CloseReset, evidence.StageConnected, evidence.DuringHandshake))), nil, "inconclusive/unclear"},
		{"a rate limit for the rogue certificate alone", endpoint(none("tls1.3", asked, got(page(403, "forbidden"))), user(page(200, content)), rogue(page(429, "slow down"))), nil, "inconclusive/unclear"},
		{"503 for strangers and for the rogue certificate", endpoint(none("tls1.3", asked, got(page(503, "service unavailable"))), user(page(200, content)), rogue(page(503, "service unavailable"))), nil, "enforced/likely"},
		{"the time ran out on the way around", endpoint(alert116, rogueRefused, obs(evidence.AttemptOtherSNI, names("shop.example.com", "shop.example.com"), ended(evidence.CloseLocal, evidence.StageSecured, evidence.AfterRequest), func(o *evidence.Observation) { o.Error = evidence.OutOfTime })), nil, "inconclusive/unclear"},
		{"a router that drops unknown names", endpoint(alert116, rogueRefused, obs(evidence.AttemptOtherSNI, names("shop.example.com", "shop.example.com"), ended(evidence.CloseReset, evidence.StageConnected, evidence.DuringHandshake))), nil, "enforced/proven"},
		{"the origin has had enough before other Hosts", endpoint(alert116, rogueRefused, obs(evidence.AttemptOtherHost, names("app.example.com", "shop.example.com"), ended(evidence.CloseReset, evidence.StageConnected, evidence.DuringHandshake))), nil, "enforced/likely"},
		{"a rogue past TLS gets a page of another sort", endpoint(alert116, user(page(200, content)), rogue(page(200, allot))), nil, "inconclusive/unclear"},
		{"a rogue gets 403, content for the right certificate", endpoint(alert116, user(page(200, content)), rogue(page(403, "forbidden"))), nil, "enforced/likely"},
		{"a few words on a sibling", endpoint(alert116, user(page(200, "this is the protected origin of app")), user(page(200, "this is the protected origin of app")), sibling(page(200, "this is the default page of this server")), rogueRefused), nil, "enforced/proven"},
		{"nearly the same few words on a sibling", endpoint(alert116, user(page(200, "protected origin of app, reached with cloudflare")), sibling(page(200, "protected origin of app, reached with nothing"))), nil, "bypassable/proven"},
		{"Apache works on a sibling, no control", endpoint(alert116, sibling(page(200, "It works!")), rogueRefused), nil, "enforced/proven"},
		{"content through Cloudflare that is never alike", endpoint(none("tls1.3", asked, got(page(200, allot))), rogueRefused),
			edges(page(200, content), page(200, "seventeen wholly unrelated syllables drift across an empty harbour")), "inconclusive/unclear"},
		{"alerts, and everybody who is let in meets a login", endpoint(alert116, user(to(302, "/login")), rogueRefused), nil, "enforced/proven"},
	} {
		j := Judge(c.ep, c.edge)
		if got := string(j.Verdict) + "/" + string(j.Confidence); got != c.want {
			t.Errorf("%s: %s, want %s: %s", c.name, got, c.want, j.Why)
		}
		if strings.Contains(j.Why, "having been asked for, and no certificate was asked for") {
			t.Errorf("%s: the sentence contradicts itself: %s", c.name, j.Why)
		}
	}
}
