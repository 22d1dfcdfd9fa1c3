package verdict

import (
	"fmt"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

// kind is what one observation says by itself, before anything is compared.
type kind int

const (
	unseen      kind = iota // the connection never came about, or our side gave up
	silent                  // connected, and nothing came: a tarpit, a reset, a close
	foreign                 // something came that is neither TLS nor HTTP
	noHandshake             // TLS failed before anybody asked for a certificate
	refusedCert             // refused for want of the certificate, in so many words
	refusedBare             // asked for a certificate, then closed, reset or silent
	closed                  // the same, but nobody asked
	forbidden               // a status that refuses: 401, 403 and their kin
	redirect
	notFound      // 404, 405, 410: an answer that is no refusal by itself
	broken        // 400, 421, 429, 5xx: an answer that proves nothing
	empty         // success without content
	served        // success with content
	servedRefusal // success with content that turns the reader away
)

// look is an observation with what it says.
type look struct {
	o    *evidence.Observation
	kind kind
	// asked is true when the server asked for a certificate in this connection, or
	// its words say that it wanted to.
	asked bool
	// what says it in a few words, for a sentence that begins with the attempt.
	what string
}

// certificateAlerts are the alerts with which servers were seen to refuse a
// client for its certificate or the want of one.
var certificateAlerts = map[int]bool{
	40: true, 41: true, 42: true, 43: true, 44: true, 45: true, 46: true, 48: true, 49: true, 50: true, 116: true,
}

// read says what an observation says by itself.
func read(o *evidence.Observation) look {
	l := look{o: o, asked: o.Requested != evidence.NotRequested}
	switch o.Stage {
	case evidence.StageNone, evidence.StageDial:
		l.kind, l.what = unseen, closeText(o)
		return l
	case evidence.StageConnected, evidence.StageHandshake, evidence.StageSecured:
		l.kind = l.withoutAnswer()
		return l
	}
	if o.HTTP == nil {
		l.kind, l.what = unseen, "no answer was kept"
		return l
	}
	r := o.HTTP
	l.what = fmt.Sprintf("HTTP %d", r.Status)
	if server, asks, ok := certificateWording(r); ok {
		l.asked = l.asked || asks
		l.what = fmt.Sprintf("HTTP %d with %s's words for a missing or wrong client certificate", r.Status, server)
		l.kind = refusedCert
		if !l.asked {
			l.kind = forbidden
		}
		return l
	}
	switch s := r.Status; {
	case s == 204 || s == 205 || s == 304 || (s >= 200 && s < 300 && r.Body.Length == 0):
		l.kind, l.what = empty, fmt.Sprintf("HTTP %d without content", s)
	case s >= 200 && s < 300 && readsLikeRefusal(r):
		l.kind, l.what = servedRefusal, fmt.Sprintf("HTTP %d with a page that reads like a refusal", s)
	case s >= 200 && s < 300:
		l.kind, l.what = served, fmt.Sprintf("HTTP %d with content", s)
	case s >= 300 && s < 400:
		l.kind = redirect
		if r.Location != "" {
			l.what = fmt.Sprintf("HTTP %d to %s", s, r.Location)
		}
	case s == 401 || s == 402 || s == 403 || s == 407 || s == 423 || s == 451:
		l.kind = forbidden
	case s == 404 || s == 405 || s == 406 || s == 410:
		l.kind = notFound
	default:
		l.kind = broken
	}
	return l
}

// withoutAnswer judges an observation that ended before an HTTP answer.
func (l *look) withoutAnswer() kind {
	o := l.o
	l.what = closeText(o)
	switch o.Close {
	case evidence.CloseLocal:
		if o.Requested == evidence.RequestedPostHandshake {
			return refusedBare // asked in a way that this client cannot answer
		}
		if o.Stage == evidence.StageHandshake && !l.asked && strings.Contains(o.Error, "tls: ") {
			return noHandshake // what the server offered is not what this client speaks
		}
		return unseen
	case evidence.CloseProtocol:
		return foreign
	case evidence.CloseAlert:
		switch {
		case !l.asked && o.Stage == evidence.StageSecured:
			return closed
		case !l.asked:
			return noHandshake
		// Application bytes or a ticket mean that the TLS layer had let the client in:
		// an alert after them is about something else.
		case certificateAlerts[o.Alert] && !o.AppData && !(o.Ticket && o.Version == "1.3"):
			return refusedCert
		}
		return refusedBare
	}
	switch {
	case l.asked:
		return refusedBare
	case o.Stage == evidence.StageConnected:
		return silent
	case o.Stage == evidence.StageHandshake && o.Close == evidence.CloseTimeout:
		return silent
	case o.Stage == evidence.StageHandshake:
		return noHandshake
	}
	return closed
}

// closeText says how a connection ended.
func closeText(o *evidence.Observation) string {
	when := map[evidence.Moment]string{
		evidence.DuringHandshake: "in the handshake",
		evidence.AfterHandshake:  "after the handshake",
		evidence.AfterRequest:    "after the request",
		evidence.DuringResponse:  "during the answer",
	}[o.Closed]
	if o.Stage == evidence.StageDial || o.Stage == evidence.StageNone {
		when = ""
	} else if o.Stage == evidence.StageConnected && o.Transport != "tcp" {
		when = "before any TLS"
	}
	var what string
	switch o.Close {
	case evidence.CloseAlert:
		what = fmt.Sprintf("TLS alert %d", o.Alert)
		if o.AlertName != "" {
			what += " " + o.AlertName
		}
	case evidence.CloseNotify, evidence.CloseEOF:
		what = "the connection was closed"
	case evidence.CloseReset:
		what = "the connection was reset"
		if o.StreamError != "" {
			what = "the stream was refused with " + o.StreamError
		}
	case evidence.CloseTimeout:
		what = "nothing came in time"
		if o.Stage == evidence.StageDial {
			what = "no connection came about in time"
		}
	case evidence.CloseRefused:
		what = "the connection was refused"
	case evidence.CloseNoRoute:
		what = "there is no route to the address"
	case evidence.CloseProtocol:
		what = "what came was neither TLS nor HTTP"
		if o.Sample != "" {
			what += ` (it began "` + short(o.Sample, 40) + `")` // a sample is sanitised: %q would escape its escapes
		}
	case evidence.CloseLocal:
		what = "this side gave up"
		if o.Error != "" {
			what += " (" + short(o.Error, 100) + ")"
		}
	default:
		what = "no answer came"
	}
	return strings.TrimSpace(what + " " + when)
}

// short cuts text for a sentence.
func short(s string, max int) string {
	r := []rune(s)
	if len(r) <= max {
		return s
	}
	return string(r[:max]) + "…"
}

// name says which attempt it was: "no-certificate (tls1.3)".
func name(o *evidence.Observation) string {
	if o.Variant == "" {
		return string(o.Attempt)
	}
	return fmt.Sprintf("%s (%s)", o.Attempt, o.Variant)
}

// sentence says what an attempt met: "no-certificate (tls1.3): TLS alert 116".
func (l look) sentence() string {
	s := name(l.o) + ": " + l.what
	if l.asked {
		switch l.o.Requested {
		case evidence.RequestedRenegotiate:
			s += ", a certificate having been asked for by renegotiation"
		default:
			s += ", a certificate having been asked for"
		}
	}
	return s
}
