package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

// ways finds the attempts that got around a front door that refuses, and those
// of which only a control could say whether they did. The surest come first.
func (c *court) ways() (in, suspects []finding) {
	all := c.around
	if c.random != nil {
		all = append(slices.Clone(all), *c.random)
	}
	for _, l := range all {
		f := c.wayAround(l)
		switch f.entry {
		case entered:
			in = append(in, f)
		case maybe:
			suspects = append(suspects, f)
		}
	}
	// What got in at the front door itself, by a wrong certificate or an old
	// session, shows what the protected content is.
	if i := slices.IndexFunc(in, func(f finding) bool {
		return ownWay(f.o, c.ep) && f.o.Path == "/" && f.kind == served && f.confidence != Unclear
	}); i >= 0 {
		known := in[i]
		suspects = slices.DeleteFunc(suspects, func(f finding) bool {
			if f.kind != served || alike(f.o.HTTP, known.o.HTTP, 1) != same {
				return false
			}
			f.entry, f.confidence = entered, Likely
			f.why = fmt.Sprintf("the same content as %s gets%s", name(known.o), c.wayText(f.o))
			in = append(in, f)
			return true
		})
	}
	bySureness := func(a, b finding) int { return rankOf(b.confidence) - rankOf(a.confidence) }
	slices.SortStableFunc(in, bySureness)
	// Where any certificate is let in, a session that was opened with any is no
	// way of its own.
	if slices.ContainsFunc(in, func(f finding) bool { return f.o.Attempt == evidence.AttemptRogueCertificate }) {
		in = slices.DeleteFunc(in, func(f finding) bool {
			opener := c.opener(f.o)
			return f.o.Attempt == evidence.AttemptResumedSession && opener != nil && opener.Offer == evidence.OfferRogue
		})
	}
	return onePerWay(in), suspects
}

// onePerWay keeps the first of the findings of one attempt and name.
func onePerWay(fs []finding) []finding {
	seen := map[string]bool{}
	return slices.DeleteFunc(fs, func(f finding) bool {
		key := fmt.Sprintf("%s\x00%s\x00%s\x00%d\x00%s", f.o.Attempt, f.o.SNI, f.o.SessionSNI, f.o.Port, f.o.Path)
		if f.o.Offer == evidence.OfferSpoofed {
			key = string(f.o.Attempt) // one name is as good as another
		}
		if seen[key] {
			return true
		}
		seen[key] = true
		return false
	})
}

// wayAround judges one attempt that is not the front door without a certificate.
func (c *court) wayAround(l look) finding {
	f := finding{look: l, confidence: Unclear}
	r := l.o.HTTP
	if r == nil || l.kind == refusedCert || l.o.Attempt == evidence.AttemptResumedSession && !l.o.Resumed {
		return f
	}
	if l.o.Attempt == evidence.AttemptPath {
		return c.onPath(f)
	}
	if c.putOff(l) {
		f.entry, f.why = maybe, "the server was too busy to say whom it lets in, and fewer requests at a time (--per-address 1) or a later run may tell"
		return f
	}
	if k := c.control; k != nil && k.content {
		if f = c.compared(f); f.entry == kept && l.o.Attempt == evidence.AttemptRandomPath && !c.frontStatus(r.Status) {
			return c.onRandomPath(f)
		}
		return f
	}
	if c.frontRefusedLike(r) {
		return f // met the same refusal
	}
	if k := c.control; k != nil && k.passed && !l.busy() && c.likeControl(l.o) {
		ownDoor := ownWay(l.o, c.ep) && l.o.Path == k.look.o.Path && (l.o.Offer == evidence.OfferRogue || l.o.Offer == evidence.OfferSpoofed || l.o.Resumed)
		switch {
		case !ownDoor && r.Status == 401 && r.Headers["www-authenticate"] != "":
			// Many sites ask for a password in these words.
			f.entry, f.why = maybe, "the same demand for a password as "+k.says()+c.wayText(l.o)
			return f
		case ownDoor, !stockErrorPage(r), f.kind == redirect && intoApplication(r.Location, l.o.Host, c.ep.Host, c.ep.Hostname):
			f.entry, f.confidence, f.why = entered, Likely, "the same answer as "+k.says()+c.wayText(l.o)
			return f
		case l.kind == forbidden, l.kind == broken && r.Status != 400 && r.Status != 421:
			// A page that servers make by themselves: any site of the server may show it,
			// but not every request does.
			f.entry, f.why = maybe, "the same answer as "+k.says()+c.wayText(l.o)+", which may be another site's"
			return f
		}
	}
	switch l.o.Attempt {
	case evidence.AttemptResumedSession:
		return c.resumed(f)
	case evidence.AttemptRogueCertificate, evidence.AttemptSpoofedIssuer:
		return c.ownDoor(f)
	case evidence.AttemptOtherSNI:
		if ownWay(l.o, c.ep) {
			return c.ownName(f)
		}
	case evidence.AttemptRandomPath:
		return c.onRandomPath(f)
	}
	return c.otherDoor(f)
}

// likeControl reports whether an attempt met what a legitimate client does, which
// is no content. A redirect that stays with the name that was asked for is the same
// as one that stays with the protected name.
func (c *court) likeControl(o *evidence.Observation) bool {
	r, k := o.HTTP, c.control.look.o
	if r.Status == k.HTTP.Status && r.Status/100 == 3 {
		return within(r.Location, o.Host) == within(k.HTTP.Location, k.Host)
	}
	return sameAnswer(r, k.HTTP, 1) == same
}

// within is a redirect's place without its query, and without the name where it
// stays with the host that was asked.
func within(location, host string) string {
	location = stripQuery(location)
	if _, rest, ok := strings.Cut(location, "//"); ok && stays(location, host) {
		_, path, _ := strings.Cut(rest, "/")
		return "/" + path
	}
	return location
}

// compared judges an attempt by the legitimate content.
func (c *court) compared(f finding) finding {
	r, k := f.o.HTTP, c.control
	if carries(r, k.look.o.HTTP) {
		f.entry, f.confidence, f.why = entered, Likely, "the same content as "+k.says()+", whatever the status says"+c.wayText(f.o)
		return f
	}
	if r.Status/100 != 2 || r.Body.Length == 0 {
		return f
	}
	likeness := alike(r, k.look.o.HTTP, k.self)
	if likeness == unsure && !ownWay(f.o, c.ep) && k.self == 1 && otherWords(r, k.look.o.HTTP) {
		likeness = different
	}
	switch likeness {
	case same:
		if f.kind == servedRefusal && k.look.kind != servedRefusal {
			f.entry, f.why = maybe, "the page resembles what a legitimate client gets and reads like a refusal"
			return f
		}
		f.entry, f.confidence, f.why = entered, Proven, "the same content as "+k.says()+c.wayText(f.o)
	case unsure:
		if f.o.Attempt == evidence.AttemptRandomPath {
			break
		}
		if f.kind == served && (f.o.Offer == evidence.OfferRogue || f.o.Offer == evidence.OfferSpoofed) && ownWay(f.o, c.ep) && c.refusedInTLS() {
			// Who has no certificate is refused by the TLS layer, and this one was not:
			// whatever the page says of the connection, the door took it.
			f.entry, f.confidence, f.why = entered, Likely, "content that resembles "+k.says()+c.wayText(f.o)
			return f
		}
		f.entry, f.why = maybe, "the content resembles that of "+k.says()+", and differs"
	default:
		if f.kind == served && c.pastTLS(f.o) && c.refusedInTLS() {
			// The door took what it should not, and something answered. It may be
			// what turns people away behind the door.
			f.entry, f.why = maybe, "content, though not that of "+k.says()+c.wayText(f.o)+", and without that strangers are refused in the handshake"
			return f
		}
		if f.kind == served && !ownWay(f.o, c.ep) {
			c.note("%s: content, but not that of %s", f.sentence(), k.says())
		}
	}
	return f
}

// refusedInTLS reports whether every stranger at the front door was refused with
// an alert for want of a certificate.
func (c *court) refusedInTLS() bool {
	refused := false
	for _, l := range c.front {
		switch {
		case l.kind == refusedCert && l.o.Close == evidence.CloseAlert:
			refused = true
		case l.o.HTTP != nil:
			return false
		}
	}
	return refused
}

// pastTLS reports whether an attempt got past the protected name's TLS layer with
// a certificate that is not the right one or with an old session.
func (c *court) pastTLS(o *evidence.Observation) bool {
	if !ownWay(o, c.ep) || o.Path != "/" {
		return false
	}
	if o.Attempt == evidence.AttemptResumedSession {
		// What the session's own name is answered may follow it.
		opener := c.opener(o)
		return opener == nil || opener.HTTP == nil || sameAnswer(opener.HTTP, o.HTTP, 1) == different
	}
	return o.Offer == evidence.OfferRogue || o.Offer == evidence.OfferSpoofed
}

// ownWay reports whether an attempt asked for the protected name as itself.
func ownWay(o *evidence.Observation, ep evidence.Endpoint) bool {
	return strings.EqualFold(o.SNI, ep.SNI) && o.Host == ep.Host
}

// wayText names what let somebody in, for a sentence.
func (c *court) wayText(o *evidence.Observation) string {
	switch o.Attempt {
	case evidence.AttemptRogueCertificate:
		return ", for a self-signed certificate"
	case evidence.AttemptSpoofedIssuer:
		if o.OfferSubject != "" {
			return fmt.Sprintf(", for a home-made certificate whose issuer is only named %q, and which bears the expected certificate's names", o.OfferIssuer)
		}
		return fmt.Sprintf(", for a certificate whose home-made issuer is only named %q", o.OfferIssuer)
	case evidence.AttemptNoSNI, evidence.AttemptOtherSNI, evidence.AttemptOtherHost:
		return fmt.Sprintf(", with %s and Host %q", sniText(o.SNI), o.Host)
	case evidence.AttemptResumedSession:
		return fmt.Sprintf(", in a session that was opened with %s", sniText(o.SessionSNI))
	case evidence.AttemptPlainHTTP:
		return fmt.Sprintf(", over plain HTTP on port %d", o.Port)
	case evidence.AttemptOtherPort:
		return fmt.Sprintf(", on port %d", o.Port)
	case evidence.AttemptPath, evidence.AttemptRandomPath:
		return fmt.Sprintf(", on the path %q", o.Path)
	}
	return ""
}

func sniText(sni string) string {
	if sni == "" {
		return "no SNI"
	}
	return fmt.Sprintf("the SNI %q", sni)
}

// frontRefusedLike reports whether a stranger at the front door met this answer.
func (c *court) frontRefusedLike(r *evidence.Response) bool {
	for _, l := range c.front {
		if l.o.HTTP != nil && sameAnswer(l.o.HTTP, r, 1) == same {
			return true
		}
	}
	return false
}

// frontStatus reports whether a stranger at the front door met this status.
func (c *court) frontStatus(status int) bool {
	return slices.ContainsFunc(c.front, func(l look) bool { return l.o.HTTP != nil && l.o.HTTP.Status == status })
}

// putOff reports whether an attempt at the protected name met a rate limit or
// overload that strangers at the front door do not, and no later one like it an
// answer: nothing is known of where it would have got.
func (c *court) putOff(l look) bool {
	if !l.busy() || c.frontStatus(l.o.HTTP.Status) || !protectedName(l.o.Host, c.ep) || l.o.Transport == "tcp" || l.o.Port != c.ep.Port ||
		l.o.Attempt == evidence.AttemptRandomPath {
		return false
	}
	if l.o.HTTP.Status == 503 && !ownWay(l.o, c.ep) {
		return false // what many a server answers for names that it does not have
	}
	return !c.answeredAgain(l)
}

// answeredAgain reports whether a later attempt of the same kind got the answer
// that this one did not.
func (c *court) answeredAgain(l look) bool {
	return slices.ContainsFunc(c.around, func(b look) bool {
		return b.o != l.o && (b.o.HTTP != nil || b.asked) && !b.busy() && b.o.Attempt == l.o.Attempt && b.o.SNI == l.o.SNI && b.o.Host == l.o.Host &&
			b.o.Offer == l.o.Offer && b.o.OfferIssuer == l.o.OfferIssuer && b.o.SessionFrom == l.o.SessionFrom
	})
}

// resumed judges a session that was resumed under the protected name. A server may
// go by the name that the session was opened with (TLS 1.2 lets it), and then what
// answers is that name's content.
func (c *court) resumed(f finding) finding {
	opener := c.opener(f.o)
	f = c.ownDoor(f)
	if f.entry != entered || opener == nil || opener.HTTP == nil || strings.EqualFold(opener.SNI, c.ep.SNI) || sameAnswer(opener.HTTP, f.o.HTTP, 1) != same {
		return f
	}
	f.why += fmt.Sprintf(", and the same as %s is answered; %s", sniText(opener.SNI), c.wouldSettle())
	f.confidence = Unclear
	if f.o.Version != "1.3" {
		f.entry = maybe
	}
	return f
}

// ownDoor judges a wrong certificate or a resumed session at the front door,
// where the protected content is what answers.
func (c *court) ownDoor(f finding) finding {
	switch f.kind {
	case served:
		f.entry, f.confidence, f.why = entered, Likely, "content"+c.wayText(f.o)
	case redirect, notFound, broken, empty:
		if f.o.HTTP.Status == 400 || f.o.HTTP.Status == 421 {
			return f
		}
		f.entry, f.why = maybe, "past the refusal"+c.wayText(f.o)+", to an answer that can be the application's own"
	case forbidden:
		if f.o.HTTP.Status == 401 {
			f.entry, f.why = maybe, "past the refusal"+c.wayText(f.o)+", to a demand for a password that can be the application's own"
		}
	case servedRefusal:
		f.entry, f.why = maybe, "a page that reads like a refusal"+c.wayText(f.o)
	}
	return f
}

// ownName judges the protected name's SNI in capitals. What any other name gets,
// too, is the default virtual host's answer, and judged there.
func (c *court) ownName(f finding) finding {
	for _, l := range c.around {
		if l.o.HTTP != nil && (l.o.Attempt == evidence.AttemptOtherSNI || l.o.Attempt == evidence.AttemptNoSNI) && !ownWay(l.o, c.ep) &&
			l.o.Offer == f.o.Offer && sameAnswer(l.o.HTTP, f.o.HTTP, 1) != different {
			return f
		}
	}
	return c.ownDoor(f)
}

// onRandomPath judges a path that does not exist where the front door refuses.
func (c *court) onRandomPath(f finding) finding {
	switch f.kind {
	case served:
		f.entry, f.why = maybe, "a path that does not exist is served, so only some paths are protected"
	case notFound:
		f.entry, f.why = maybe, "a path that does not exist is not refused, so only some paths may be protected"
	}
	return f
}

// otherDoor judges another virtual host, Host or port: what answers there may be
// another site's content.
func (c *court) otherDoor(f finding) finding {
	if stockPage(f.o.HTTP) {
		c.note("%s: a server's own default page", f.sentence())
		return f
	}
	if f.kind != served {
		if f.kind == notFound && protectedName(f.o.Host, c.ep) && !stockErrorPage(f.o.HTTP) && c.hostMatters(f.o) {
			f.entry, f.why = maybe, "an answer of an application to the protected name"+c.wayText(f.o)
		}
		if f.kind == redirect && protectedName(f.o.Host, c.ep) && intoApplication(f.o.HTTP.Location, c.ep.Host, c.ep.Hostname) {
			f.entry, f.why = maybe, "a redirect into an application for the protected name"+c.wayText(f.o)
		}
		if f.o.HTTP.Status == 401 && protectedName(f.o.Host, c.ep) && (c.hostMatters(f.o) || f.o.HTTP.Headers["www-authenticate"] != "") {
			f.entry, f.why = maybe, "a demand for a password for the protected name"+c.wayText(f.o)
		}
		if !protectedName(f.o.Host, c.ep) && (c.control == nil || !c.control.passed) && (f.o.HTTP.Status == 401 ||
			f.kind == notFound && !stockErrorPage(f.o.HTTP) || f.kind == redirect && intoApplication(f.o.HTTP.Location, f.o.Host)) {
			f.entry, f.why = maybe, "an answer of an application"+c.wayText(f.o)+", which may be another site or the protected one"
		}
		return f
	}
	if !protectedName(f.o.Host, c.ep) {
		f.entry, f.why = maybe, "content"+c.wayText(f.o)+", which may be another site's or the protected one"
		return f
	}
	if c.hostMatters(f.o) {
		f.entry, f.confidence, f.why = entered, Likely, "content for the protected name"+c.wayText(f.o)
		return f
	}
	f.entry, f.why = maybe, "content for the protected name"+c.wayText(f.o)+", which is served for other names, too"
	return f
}

// intoApplication reports whether a redirect of "/" leads deeper into the same
// site, as to a login. One to the site's own root only corrects scheme or name.
func intoApplication(location string, names ...string) bool {
	if !stays(location, names...) {
		return false
	}
	if _, rest, ok := strings.Cut(location, "//"); ok {
		_, path, _ := strings.Cut(rest, "/")
		location = "/" + path
	}
	return strings.Trim(stripQuery(location), "/") != ""
}

// protectedName reports whether a Host header is the protected name, however it
// is spelt.
func protectedName(host string, ep evidence.Endpoint) bool {
	name := bareName(host)
	return name == strings.ToLower(ep.Host) || name == strings.ToLower(ep.Hostname)
}

// hostMatters reports whether the same socket, asked in the same way for a name
// that is not the protected one, was seen to answer something else. Only then is
// what it answers to the protected name known to be that name's content.
func (c *court) hostMatters(o *evidence.Observation) bool {
	found := false
	for _, l := range c.around {
		b := l.o
		if b.Attempt != o.Attempt && !(own(b) && own(o)) || b.SNI != o.SNI || b.Port != o.Port || b.Transport != o.Transport || b.Path != o.Path || protectedName(b.Host, c.ep) || b.Offer != o.Offer {
			continue
		}
		if b.HTTP == nil {
			continue
		}
		if sameAnswer(b.HTTP, o.HTTP, 1) != different {
			return false
		}
		found = true
	}
	return found
}

func own(o *evidence.Observation) bool { return o.Attempt == evidence.AttemptOtherHost }

// onPath judges a path that the user named.
func (c *court) onPath(f finding) finding {
	for _, l := range c.pathControls {
		if l.o.Path != f.o.Path || !l.o.Offered || l.o.HTTP == nil {
			continue
		}
		switch {
		case l.kind != served && l.kind != servedRefusal:
		case f.o.HTTP.Status/100 != 2:
			return f
		case alike(f.o.HTTP, l.o.HTTP, 1) == same:
			f.entry, f.confidence, f.why = entered, Proven, "the same content as the answer to your own certificate"+c.wayText(f.o)
			return f
		}
	}
	switch f.kind {
	case served:
		if c.frontRefusedLike(f.o.HTTP) {
			return f
		}
		f.entry, f.confidence, f.why = entered, Likely, "content"+c.wayText(f.o)
	case servedRefusal:
		f.entry, f.why = maybe, "a page that reads like a refusal"+c.wayText(f.o)
	}
	return f
}
