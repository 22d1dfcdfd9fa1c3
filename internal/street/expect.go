//go:build linux

package street

// expectation is what a posture means: its truth, what should be said of it, and
// the requests that show it.
type expectation struct {
	truth         Truth
	with, without []string
	bypass        string
	ambiguous     bool
	legit         *Way
	ways          []Way
}

// The words of the verdicts; the street imports nothing that it measures.
const (
	enforced         = "enforced"
	bypassable       = "bypassable"
	notEnforced      = "not-enforced"
	refusedOtherwise = "refused-otherwise"
	unreachable      = "unreachable"
	inconclusive     = "inconclusive"
	unclear          = "?" // appended: only with confidence unclear
)

var withClient = &Way{Cert: "client"}

// demanded: refused by the TLS layer or by a text that names the certificate.
func demanded() expectation {
	return expectation{truth: Refuses, with: []string{enforced}, without: []string{enforced}, legit: withClient}
}

// bare: a certificate is asked for and strangers get a status, a redirect or a
// close; without a control nobody can know that others do not get the same.
func bare() expectation {
	return expectation{truth: Refuses, with: []string{enforced}, without: []string{inconclusive, enforced + unclear}, ambiguous: true, legit: withClient}
}

// page: as bare, but the refusal is a page with status 200.
func page() expectation {
	e := bare()
	e.without = append(e.without, notEnforced+unclear)
	return e
}

// open: strangers get the content.
func open() expectation {
	return expectation{truth: Open, with: []string{notEnforced}, without: []string{notEnforced}, legit: withClient, ways: []Way{{}}}
}

// openAnswer: strangers get what everybody gets, and that is not a page but a
// redirect to a login or a demand for a password.
func openAnswer(asked bool) expectation {
	e := expectation{truth: Open, with: []string{notEnforced}, without: []string{inconclusive, notEnforced}, ambiguous: true}
	if !asked {
		// Nobody asks for a certificate: that AOP is not what protects is true as well.
		e.with = append(e.with, refusedOtherwise)
		e.without = []string{notEnforced, refusedOtherwise, inconclusive}
	}
	return e
}

// around: the front door refuses strangers and the attempt named gets in.
func around(attempt string, ways ...Way) expectation {
	return expectation{truth: Bypassable, with: []string{bypassable}, without: []string{bypassable}, bypass: attempt, legit: withClient, ways: ways}
}

// aroundElsewhere: as around, but what is served is served under another name, on
// another port or without TLS: without a control nobody can know that it is the
// protected content.
func aroundElsewhere(attempt string, ways ...Way) expectation {
	e := around(attempt, ways...)
	e.without = []string{bypassable, inconclusive}
	e.ambiguous = true
	return e
}

// elsewhere: the front door refuses, and another name on the socket serves what
// is its own. Without a control that cannot be told from aroundElsewhere.
func elsewhere() expectation {
	e := demanded()
	e.without = []string{inconclusive, enforced, bypassable + unclear}
	e.ambiguous = true
	return e
}

// closedAsked: everybody is refused after a request for a certificate.
func closedAsked() expectation {
	return expectation{truth: Closed, with: []string{inconclusive}, without: []string{inconclusive, enforced + unclear}, ambiguous: true}
}

// closedUnasked: everybody is refused, and nobody asked for a certificate.
func closedUnasked() expectation {
	return expectation{truth: Closed, with: []string{refusedOtherwise}, without: []string{refusedOtherwise}}
}

// foreign: a certificate is demanded, of a CA that the control is not of. That
// strangers are refused for want of one is proven; that nobody known gets in, too.
func foreign() expectation {
	return expectation{truth: Refuses, with: []string{inconclusive, enforced}, without: []string{enforced}, legit: &Way{Cert: "other"}}
}

// silent: nothing that could be judged; the verdicts are those acceptable.
func silent(verdicts ...string) expectation {
	return expectation{truth: Silent, with: verdicts, without: verdicts}
}

// legacy: open, for clients that still speak what nobody should.
func legacy(w Way) expectation {
	e := open()
	e.without = []string{notEnforced, inconclusive}
	e.with = []string{notEnforced}
	l := w
	l.Cert = "client"
	e.legit, e.ways = &l, []Way{w}
	return e
}

// legacyDemanded: demanded by a server that shares nothing with a modern client.
func legacyDemanded(version string) expectation {
	e := demanded()
	e.legit = &Way{Cert: "client", TLS: version, Legacy: true}
	e.with = []string{enforced, inconclusive}
	e.without = []string{enforced, inconclusive}
	return e
}

// bareClose: a certificate is asked for, and strangers see the connection end
// before they have sent a request.
func bareClose() expectation {
	e := bare()
	e.without = []string{enforced + unclear, inconclusive}
	return e
}

// foreignClose: as foreign, but all that anybody sees is a close.
func foreignClose() expectation {
	e := foreign()
	e.with, e.without, e.ambiguous = []string{inconclusive}, []string{inconclusive, enforced + unclear}, true
	return e
}

// broken502: the application behind is down, for everybody.
func broken502() expectation {
	return expectation{truth: Closed, with: []string{inconclusive, refusedOtherwise}, without: []string{inconclusive, refusedOtherwise}}
}

// brokenBehind: strangers are refused for want of a certificate, and whoever has
// one meets a broken application.
func brokenBehind() expectation {
	return expectation{truth: Refuses, with: []string{enforced, inconclusive}, without: []string{enforced}}
}

// noRenegotiation marks cases that ask for the certificate by renegotiation: the
// edge cannot give it, and gets no answer.
func noRenegotiation(c *Case) { c.ThroughEdge = []string{inconclusive, enforced} }

// directory13: a certificate per directory on TLS 1.3 alone, which only clients
// with post-handshake authentication can give. A Go control cannot.
func directory13() expectation {
	e := demanded()
	e.with = []string{enforced, inconclusive}
	return e
}

// refusalForAll: everybody gets the same page after a request for a certificate.
// That this page is a refusal is in the eye of the reader: a legitimate client
// gets nothing better, so to a machine it is the content.
func refusalForAll() expectation {
	return expectation{truth: Silent, with: []string{notEnforced, inconclusive}, without: []string{inconclusive, notEnforced}, ambiguous: true}
}

// closedAlert: the handshake fails for everybody, and nobody is asked for a
// certificate.
func closedAlert() expectation {
	e := closedUnasked()
	e.with = []string{refusedOtherwise, inconclusive}
	e.without = []string{refusedOtherwise, inconclusive}
	return e
}

// clientCert13: Tomcat's CLIENT-CERT on TLS 1.3, where it cannot ask after the
// handshake: everybody gets 401.
func clientCert13() expectation {
	return expectation{truth: Closed, with: []string{inconclusive, enforced, refusedOtherwise}, without: []string{inconclusive, enforced, refusedOtherwise}}
}
