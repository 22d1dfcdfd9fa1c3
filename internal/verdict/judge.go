package verdict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/internal/evidence"
)

// Judge says what can be said of one endpoint from its observations and, where
// there are any, the answers for its hostname through Cloudflare.
//
// The order is that of docs/verdicts.md: what no certificate meets at the front
// door, what a legitimate client gets, the ways around, and only then "enforced".
func Judge(ep evidence.Endpoint, edge *evidence.Edge) Judgement {
	if ep.NotProbed != "" || len(ep.Observations) == 0 {
		why := ep.NotProbed
		if why == "" {
			why = "no attempt was made"
		}
		return Judgement{Verdict: Inconclusive, Confidence: Unclear, Why: "not probed: " + why}
	}
	c := &court{ep: ep, edge: edge}
	c.sort()
	c.findControl()
	j := c.judge()
	j.Demand = c.demand(j)
	j.Notes = append(j.Notes, c.notes...)
	if c.control != nil {
		j.Control = c.control.source
	}
	slices.Sort(j.Proof)
	j.Proof = slices.Compact(j.Proof)
	if j.Reproduce == "" {
		j.Reproduce = c.reproduceProof(j)
	}
	return j
}

// court holds one endpoint's observations, sorted by what they are for.
type court struct {
	ep   evidence.Endpoint
	edge *evidence.Edge

	// front are the attempts without a certificate at the front door: own SNI, own
	// Host, the path "/", over any TLS version and protocol.
	front []look
	// around are the ways around it, controls the attempts with the user's own
	// certificate at the front door, pathControls those on other paths.
	around       []look
	controls     []look
	pathControls []look
	random       *look

	control *control
	notes   []string
}

// control is what a legitimate client gets.
type control struct {
	source string // "positive" or "edge"
	look   look
	// self is how much the answer has in common with itself, asked for twice.
	self float64
	// content is true when the answer is a success with content, which other
	// answers can be compared with.
	content bool
	// refused is true when the legitimate client is turned away, too; passed when
	// it got past the client authentication, whatever it met behind.
	refused bool
	passed  bool
}

// sort puts the observations into their places.
func (c *court) sort() {
	for i := range c.ep.Observations {
		o := &c.ep.Observations[i]
		l := read(o)
		switch o.Attempt {
		case evidence.AttemptNoCertificate, evidence.AttemptLegacyTLS, evidence.AttemptHTTP2, evidence.AttemptHTTP3:
			c.front = append(c.front, l)
		case evidence.AttemptPositiveControl:
			if o.Path == "/" && o.Requested == evidence.NotRequested && c.askedElsewhere() {
				// Nobody asked for the certificate this time: what came back is what a
				// stranger would have got.
				c.front = append(c.front, l)
			} else if o.Path == "/" {
				c.controls = append(c.controls, l)
			} else {
				c.pathControls = append(c.pathControls, l)
			}
		case evidence.AttemptEdgeControl:
		case evidence.AttemptRandomPath:
			c.random = &l
		default:
			c.around = append(c.around, l)
		}
	}
}

// askedElsewhere reports whether strangers at the front door are asked for a
// certificate.
func (c *court) askedElsewhere() bool {
	return slices.ContainsFunc(c.ep.Observations, func(o evidence.Observation) bool {
		return o.Attempt == evidence.AttemptNoCertificate && o.Requested != evidence.NotRequested
	})
}

// findControl chooses the best evidence of what a legitimate client gets.
func (c *court) findControl() {
	var best *control
	for _, l := range c.controls {
		best = better(best, c.positive(l))
	}
	if best != nil && best.content {
		// How alike is the legitimate answer to itself?
		best.self = 1
		for _, l := range c.controls {
			if l.o != best.look.o && l.o.HTTP != nil && l.o.HTTP.Status == best.look.o.HTTP.Status {
				best.self = min(best.self, likeItself(l.o.HTTP, best.look.o.HTTP))
			}
		}
	}
	if best == nil || !best.content {
		if e := c.throughEdge(); e != nil && (best == nil || e.content) {
			best = e
		}
	}
	c.control = best
}

// positive judges an attempt with the user's certificate. It is a control only
// where the certificate was asked for and sent.
func (c *court) positive(l look) *control {
	if !l.o.Offered {
		return nil
	}
	k := &control{source: "positive", look: l, self: 1}
	switch l.kind {
	case served:
		k.content, k.passed = true, true
	case servedRefusal:
		// A page that turns its reader away is nothing to know the content by.
		k.passed = !c.frontLike(l)
		k.refused = !k.passed
	case refusedCert, refusedBare, closed:
		k.refused = true
	case empty, redirect, notFound, forbidden, broken:
		k.passed = !c.frontLike(l)
		k.refused = !k.passed && (l.kind == forbidden || l.kind == broken)
	default:
		return nil
	}
	return k
}

// frontLike reports whether any stranger at the front door got the same answer.
func (c *court) frontLike(l look) bool {
	for _, f := range c.front {
		if f.o.HTTP != nil && sameAnswer(f.o.HTTP, l.o.HTTP, 1) != different {
			return true
		}
	}
	return false
}

// throughEdge judges the answers through Cloudflare.
func (c *court) throughEdge() *control {
	if c.edge == nil {
		return nil
	}
	var best *control
	self := 1.0
	for i := range c.edge.Observations {
		if a, b := c.edge.Observations[0].HTTP, c.edge.Observations[i].HTTP; a != nil && b != nil && a.Status == b.Status {
			self = min(self, likeItself(a, b))
		}
	}
	for i := range c.edge.Observations {
		l := read(&c.edge.Observations[i])
		if l.o.HTTP == nil || l.o.HTTP.Headers["cf-mitigated"] != "" {
			continue // a challenge is Cloudflare's answer, not the origin's
		}
		k := &control{source: "edge", look: l, self: self}
		switch s := l.o.HTTP.Status; {
		case s >= 520 && s <= 530:
			k.refused = true // Cloudflare could not get an answer, or not one it takes
		case l.kind == refusedCert:
			k.refused = true
		case l.kind == served:
			k.content, k.passed = true, true
		default:
			k.passed = !c.frontLike(l)
		}
		best = better(best, k)
	}
	return best
}

// better prefers content to passing, and passing to a refusal.
func better(a, b *control) *control {
	rank := func(k *control) int {
		switch {
		case k == nil:
			return 0
		case k.content:
			return 4
		case k.passed:
			return 3
		case !k.refused:
			return 2
		}
		return 1
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// entry is what an attempt without the right certificate means.
type entry int

const (
	kept    entry = iota // kept out, or met something of no interest
	maybe                // only a control could tell
	entered              // got the protected content
)

// finding is an entry with how sure it is and why.
type finding struct {
	look
	entry      entry
	confidence Confidence
	why        string
}

// judge gives the verdict.
func (c *court) judge() Judgement {
	fronts := make([]finding, len(c.front))
	for i, l := range c.front {
		fronts[i] = c.atFront(l)
	}
	if j, done := c.nothingSeen(fronts); done {
		return j
	}
	if j, done := c.open(fronts); done {
		return j
	}
	return c.refusing(fronts)
}

// nothingSeen handles endpoints of which no attempt says anything.
func (c *court) nothingSeen(fronts []finding) (Judgement, bool) {
	for _, f := range fronts {
		if f.kind != unseen {
			return Judgement{}, false
		}
	}
	if len(fronts) == 0 {
		return Judgement{Verdict: Inconclusive, Confidence: Unclear, Why: "the front door was not tried without a certificate"}, true
	}
	j := Judgement{Verdict: Unreachable, Confidence: Proven, Proof: ids(fronts)}
	f := fronts[0]
	if f.o.Close == evidence.CloseLocal {
		j.Verdict, j.Confidence = Inconclusive, Unclear
	}
	j.Why = f.what + ": nothing is known of what the origin demands, and a firewall is not client authentication"
	return j, true
}

// atFront says what a stranger's answer at the front door means.
func (c *court) atFront(l look) finding {
	f := finding{look: l, confidence: Unclear}
	switch l.kind {
	case served, servedRefusal, redirect, notFound, forbidden, broken:
	default:
		return f
	}
	r := l.o.HTTP
	if k := c.control; k != nil && k.content {
		if r.Status/100 != 2 {
			if carries(r, k.look.o.HTTP) {
				f.entry, f.confidence, f.why = entered, Likely, "the same content as "+k.says()+", whatever the status says"
			}
			return f
		}
		switch alike(r, k.look.o.HTTP, c.self(l)) {
		case same:
			if l.kind == servedRefusal && k.look.kind != servedRefusal {
				f.entry, f.why = maybe, "the page resembles what a legitimate client gets and reads like a refusal"
				return f
			}
			f.entry, f.confidence, f.why = entered, Proven, "the same content as "+k.says()
		case unsure:
			f.entry, f.why = maybe, "the content resembles that of "+k.says()+", and differs"
			if !l.asked && l.kind == served {
				// Content, and nobody asked: that the comparison fails makes no refusal of it.
				f.entry = entered
				if c.self(l) < steadyShare {
					f.confidence, f.why = Likely, "content that is never the same, and no certificate was asked for"
				}
			}
		default:
			if l.asked || k.source == "edge" {
				f.why = "not the content of " + k.says()
				return f
			}
			f.entry, f.why = maybe, "content without any request for a certificate, though not that of "+k.says()
		}
		return f
	}
	if k := c.control; k != nil && l.asked && k.look.o.HTTP != nil && sameAnswer(r, k.look.o.HTTP, 1) == same {
		// The holder of the certificate gets no content, and no more than a stranger.
		switch {
		case l.kind == redirect:
			f.entry, f.confidence, f.why = entered, Likely, "the same redirect as "+k.says()
		case l.kind == forbidden && r.Status == 401 && r.Headers["www-authenticate"] != "":
			f.entry, f.confidence, f.why = entered, Likely, "the same demand for a password as "+k.says()
		case l.kind == notFound && !stockErrorPage(r):
			f.entry, f.confidence, f.why = entered, Unclear, "the same answer of the application as "+k.says()
		}
		if f.entry == entered {
			return f
		}
	}
	// The edge may redirect or block by rules of its own; what the certificate's
	// holder gets is the origin's answer.
	if k := c.control; k != nil && k.source == "positive" && k.passed && !k.content && l.asked && l.kind == served && k.look.o.HTTP != nil && k.look.o.HTTP.Status/100 < 5 {
		f.entry, f.why = maybe, "content, where "+k.says()+" is "+k.look.what
		return f
	}
	return c.atFrontAlone(f)
}

// atFrontAlone judges a stranger's answer without content to compare it with.
func (c *court) atFrontAlone(f finding) finding {
	r := f.o.HTTP
	switch f.kind {
	case served:
		f.entry = entered
		switch {
		case !f.asked:
			f.confidence, f.why = Proven, "content, and no certificate was asked for"
		case c.control != nil && c.control.refused:
			f.confidence, f.why = Likely, "content without a certificate"
		case c.random != nil && c.random.kind == served && (!c.steady(f.look) || sameAnswer(c.random.o.HTTP, r, 1) == same):
			f.confidence, f.why = Unclear, "content without a certificate, although a path that does not exist gets the same page: a page for strangers would look like this, too"
		default:
			f.confidence, f.why = Likely, "content without a certificate, and nothing in it reads like a refusal"
		}
	case servedRefusal:
		f.entry, f.why = maybe, "the page reads like a refusal"
	case redirect:
		if f.asked {
			f.entry, f.why = maybe, "the redirect can be the application's own or the refusal"
			break
		}
		if ownPlace(r.Location, c.ep) {
			f.entry, f.confidence, f.why = entered, Likely, "the application's own redirect, and no certificate was asked for"
			break
		}
		f.entry, f.why = maybe, "the redirect leads elsewhere"
	case notFound:
		f.entry, f.why = maybe, "the answer can be the application's own or a refusal"
		if !f.asked && !stockErrorPage(r) {
			f.entry, f.confidence, f.why = entered, Unclear, "an answer of the application itself, and no certificate was asked for"
		}
	}
	return f
}

// steady reports whether strangers at the front door, asking the same, got what
// is alike.
func (c *court) steady(l look) bool {
	for _, f := range c.front {
		if f.o != l.o && f.asked == l.asked && f.o.HTTP != nil && f.o.HTTP.Status == l.o.HTTP.Status && likeItself(f.o.HTTP, l.o.HTTP) < steadyShare {
			return false
		}
	}
	return true
}

// self is how alike two answers to one stranger or to the legitimate client are.
func (c *court) self(l look) float64 {
	self := c.control.self
	for _, f := range c.front {
		if f.o != l.o && f.asked == l.asked && f.o.HTTP != nil && f.o.HTTP.Status == l.o.HTTP.Status && f.o.Protocol == l.o.Protocol {
			self = min(self, likeItself(f.o.HTTP, l.o.HTTP))
		}
	}
	return self
}

// likeItself is how much two answers to one question have in common.
func likeItself(a, b *evidence.Response) float64 {
	if a.Body.SHA256 == b.Body.SHA256 {
		return 1
	}
	return shared(a.Body.Sketch, b.Body.Sketch)
}

// ownPlace reports whether a redirect stays with the hostname.
func ownPlace(location string, ep evidence.Endpoint) bool {
	return stays(location, ep.Host, ep.Hostname)
}

// stays reports whether a redirect stays with one of the names.
func stays(location string, names ...string) bool {
	if strings.HasPrefix(location, "/") && !strings.HasPrefix(location, "//") {
		return true
	}
	_, rest, ok := strings.Cut(location, "//")
	if !ok {
		return location != "" && !strings.Contains(location, ":") // a relative path
	}
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, "?")
	host, _, _ = strings.Cut(strings.ToLower(host), ":")
	return slices.ContainsFunc(names, func(n string) bool { return host == bareName(n) })
}

// bareName is a Host header without port, trailing dot and capitals.
func bareName(host string) string {
	name, _, _ := strings.Cut(strings.ToLower(host), ":")
	return strings.TrimSuffix(name, ".")
}

// says names the control in a sentence.
func (k *control) says() string {
	if k.source == "edge" {
		return "the answer through Cloudflare"
	}
	return "the answer to your own certificate"
}

// open gives the verdict where a stranger came in by the front door.
func (c *court) open(fronts []finding) (Judgement, bool) {
	var in, out []finding
	for _, f := range fronts {
		switch {
		case f.entry == entered:
			in = append(in, f)
		case f.kind == refusedCert, f.asked && (f.kind == forbidden || f.kind == refusedBare && f.o.Close != evidence.CloseTimeout),
			f.asked && c.contrast() && f.refusal() && f.entry == kept && !f.busy():
			out = append(out, f)
		}
	}
	if len(in) == 0 {
		return Judgement{}, false
	}
	slices.SortStableFunc(in, func(a, b finding) int { return rankOf(b.confidence) - rankOf(a.confidence) })
	best := in[0]
	j := Judgement{Verdict: NotEnforced, Confidence: best.confidence, Proof: ids(in)}
	j.Why = fmt.Sprintf("%s: %s", best.sentence(), best.why)
	j.Reproduce = reproduce(c.ep, *best.o, nil)
	if len(out) > 0 {
		j.Verdict = Bypassable
		j.Proof = append(j.Proof, ids(out)...)
		j.Why = fmt.Sprintf("%s: %s, although %s", best.sentence(), best.why, out[0].sentence())
		j.Bypasses = append(j.Bypasses, c.bypass(best))
	}
	if best.confidence == Unclear {
		j.Why += "; " + c.wouldSettle()
	}
	return j, true
}

// refusal reports whether an answer turns somebody away, once a certificate was
// asked for. 421 does not: SNI and Host did not match, and nothing is said of
// certificates (RFC 9110, 15.5.20). Nor does 429: others asked too often.
func (l look) refusal() bool {
	if l.o.HTTP != nil && (l.o.HTTP.Status == 421 || l.o.HTTP.Status == 429) {
		return false
	}
	switch l.kind {
	case refusedCert, refusedBare, closed, forbidden, redirect, notFound, broken, empty, servedRefusal, served:
		return true
	}
	return false
}

// busy reports whether an answer is that of a rate limit or of overload.
func (l look) busy() bool {
	return l.o.HTTP != nil && (l.o.HTTP.Status == 429 || l.o.HTTP.Status == 503)
}

// contrast reports whether a legitimate client is known to get further.
func (c *court) contrast() bool { return c.control != nil && c.control.passed }

// refusing gives the verdict where nobody came in by the front door.
func (c *court) refusing(fronts []finding) Judgement {
	var proven, bare, unasked, doubtful, unknown []finding
	for _, f := range fronts {
		switch {
		case f.entry == maybe && (f.asked || c.control == nil || !c.control.content):
			doubtful = append(doubtful, f)
		case f.kind == refusedCert:
			proven = append(proven, f)
		case f.asked && f.refusal():
			bare = append(bare, f)
		case f.kind == forbidden, f.kind == servedRefusal,
			c.contrast() && c.control.content && f.refusal():
			unasked = append(unasked, f)
		default:
			unknown = append(unknown, f)
		}
	}
	ways, suspects := c.ways()
	asked := len(proven) > 0 || len(bare) > 0 || slices.ContainsFunc(doubtful, func(f finding) bool { return f.asked })

	refusedBy := slices.Concat(proven, bare, unasked, doubtful)
	if len(ways) > 0 {
		j := Judgement{Verdict: Bypassable, Confidence: ways[0].confidence}
		for _, w := range ways {
			j.Bypasses = append(j.Bypasses, c.bypass(w))
			j.Proof = append(j.Proof, w.o.ID)
		}
		j.Why = fmt.Sprintf("%s: %s", ways[0].sentence(), ways[0].why)
		if len(refusedBy) > 0 {
			j.Proof = append(j.Proof, ids(refusedBy[:1])...)
			j.Why += ", although " + refusedBy[0].sentence()
		} else {
			j.Confidence = Unclear
			j.Why += "; what the front door does to a stranger is not clear"
		}
		if j.Confidence == Unclear {
			j.Why += "; " + c.wouldSettle()
		}
		j.Reproduce = j.Bypasses[0].Reproduce
		return j
	}
	if c.control != nil && c.control.refused && asked {
		j := Judgement{Verdict: Inconclusive, Confidence: Unclear, Proof: append(ids(refusedBy), c.control.look.o.ID)}
		j.Why = fmt.Sprintf("the origin refuses everybody it was tried with: %s, and %s is refused, too (%s)", refusedBy[0].sentence(), c.control.says(), c.control.look.what)
		return j
	}
	if len(suspects) > 0 {
		j := Judgement{Verdict: Inconclusive, Confidence: Unclear, Proof: append(ids(few(suspects)), ids(few(refusedBy))...)}
		j.Why = fmt.Sprintf("%s: %s; %s", suspects[0].sentence(), suspects[0].why, c.wouldSettle())
		j.Reproduce = reproduce(c.ep, *suspects[0].o, nil)
		return j
	}
	switch {
	case len(doubtful) > 0:
		f := doubtful[0]
		if f.kind == servedRefusal && !asked && c.control == nil {
			return Judgement{Verdict: RefusedOtherwise, Confidence: Unclear, Proof: ids(doubtful),
				Why: fmt.Sprintf("%s, and no certificate was asked for; %s", f.sentence(), c.wouldSettle())}
		}
		return Judgement{Verdict: Inconclusive, Confidence: Unclear, Proof: ids(doubtful),
			Why: fmt.Sprintf("%s: %s; %s", f.sentence(), f.why, c.wouldSettle())}
	case len(proven) > 0 || (len(bare) > 0 && c.contrast()):
		return c.enforced(proven, bare, unknown, unasked)
	case len(bare) > 0:
		return Judgement{Verdict: Inconclusive, Confidence: Unclear, Proof: ids(bare),
			Why: fmt.Sprintf("%s, which would look the same if the origin refused everybody; %s", bare[0].sentence(), c.wouldSettle())}
	case len(unasked) > 0:
		j := Judgement{Verdict: RefusedOtherwise, Confidence: Proven, Proof: ids(unasked)}
		j.Why = fmt.Sprintf("%s, and no certificate was asked for: client authentication is not what refuses", unasked[0].sentence())
		if unasked[0].kind != forbidden {
			j.Confidence = Likely
			j.Why = fmt.Sprintf("%s, which is %s, and no certificate was asked for", unasked[0].sentence(), orElse(unasked[0].why, "not what "+c.control.says()+" is"))
		}
		return j
	}
	f := telling(unknown)
	j := Judgement{Verdict: Inconclusive, Confidence: Unclear, Proof: ids(unknown)}
	switch f.kind {
	case foreign:
		j.Why = f.sentence() + ": this is no TLS server, and nothing is known of what it would demand"
	case noHandshake:
		j.Why = f.sentence() + ", before any request for a certificate: that proves nothing about client authentication"
	case silent, closed:
		j.Why = f.sentence() + ", and no certificate was asked for: that proves neither"
	default:
		asked := ", and no certificate was asked for"
		if f.asked {
			asked = ""
		}
		j.Why = f.sentence() + asked + ": that is no content and no refusal of a client without certificate; " + c.wouldSettle()
	}
	return j
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// telling picks the observation that came furthest.
func telling(fs []finding) finding {
	return slices.MaxFunc(fs, func(a, b finding) int { return int(a.kind) - int(b.kind) })
}

// enforced gives the one verdict that needs proof, with what keeps it from being
// certain.
func (c *court) enforced(proven, bare, unknown, unasked []finding) Judgement {
	all := slices.Concat(proven, bare)
	j := Judgement{Verdict: Enforced, Confidence: Proven, Proof: ids(all)}
	j.Why = fmt.Sprintf("%s: refused for want of a client certificate", all[0].sentence())
	if len(proven) == 0 {
		j.Confidence = Likely
		j.Why = fmt.Sprintf("%s, while %s is %s", all[0].sentence(), c.control.says(), c.control.look.what)
	} else if c.contrast() {
		j.Why += fmt.Sprintf(", while %s is %s", c.control.says(), c.control.look.what)
		j.Proof = append(j.Proof, c.control.look.o.ID)
	}
	if i := slices.IndexFunc(bare, func(f finding) bool { return f.kind == served }); i >= 0 {
		j.Confidence = Unclear
		j.Why += fmt.Sprintf("; nothing in the page that %s got says that it is a refusal, so looking at it by hand would settle it", name(bare[i].o))
	}
	// What was not seen of the front door may be open.
	for _, f := range slices.Concat(unknown, unasked) {
		if f.entry == maybe {
			return Judgement{Verdict: Inconclusive, Confidence: Unclear, Proof: append(ids(few(all)), f.o.ID),
				Why: fmt.Sprintf("%s, but %s: %s; %s", all[0].sentence(), f.sentence(), f.why, c.wouldSettle())}
		}
		core := f.o.Attempt == evidence.AttemptNoCertificate && f.o.Variant != evidence.VariantNoALPN
		switch {
		case core && (f.kind == unseen || f.kind == silent || f.kind == foreign):
			return Judgement{Verdict: Inconclusive, Confidence: Unclear, Proof: append(ids(few(all)), f.o.ID),
				Why: fmt.Sprintf("%s, but %s: that part of the front door was not seen; run it again", all[0].sentence(), f.sentence())}
		case f.kind == noHandshake, f.kind == unseen, f.kind == silent, f.kind == foreign, f.o.StreamError != "":
			// Not spoken there, or not there at all.
		case f.o.HTTP != nil && f.o.HTTP.Status == 421 && (f.asked || !core):
			c.note("%s: SNI and Host did not match there, which says nothing about certificates", f.sentence())
		case c.contrast() && c.control.content:
			j.Confidence = min2(j.Confidence, Likely)
			c.note("%s, and no certificate was asked for there", f.sentence())
		default:
			return Judgement{Verdict: Inconclusive, Confidence: Unclear, Proof: append(ids(few(all)), f.o.ID),
				Why: fmt.Sprintf("%s, but %s, and no certificate was asked for there: strangers may get in that way; %s", all[0].sentence(), f.sentence(), c.wouldSettle())}
		}
	}
	if len(c.around) == 0 {
		j.Confidence = min2(j.Confidence, Likely)
		c.note("the ways around the front door were not tried")
	}
	for _, l := range c.around {
		if !c.cutOff(l) || c.answeredAgain(l) {
			continue
		}
		if l.o.Close == evidence.CloseLocal && l.o.Error == evidence.OutOfTime {
			return Judgement{Verdict: Inconclusive, Confidence: Unclear, Proof: append(ids(few(all)), l.o.ID),
				Why: fmt.Sprintf("%s, but the time for this origin ran out at %s: not every way around was tried; a longer --endpoint-timeout would settle it", all[0].sentence(), name(l.o))}
		}
		if l.o.Attempt == evidence.AttemptRogueCertificate {
			return Judgement{Verdict: Inconclusive, Confidence: Unclear, Proof: append(ids(few(all)), l.o.ID),
				Why: fmt.Sprintf("%s, but %s: whether any certificate is let in was not seen; run it again, when the origin is less busy", all[0].sentence(), l.sentence())}
		}
		j.Confidence = min2(j.Confidence, Likely)
		c.note("%s: not every way around was tried to its end", l.sentence())
	}
	if l, named := c.checkedBehind(); l != nil && !named && (c.control == nil || c.control.source != "positive") {
		return Judgement{Verdict: Inconclusive, Confidence: Unclear, Proof: append(ids(few(all)), l.o.ID),
			Why: fmt.Sprintf("%s, but %s: TLS takes any certificate there, and something behind it looks at what is in it, which may be no more than a name; your own certificate as control (--client-cert and --client-key) would settle it, since its names can then be tried", all[0].sentence(), l.sentence())}
	} else if l != nil {
		j.Confidence = min2(j.Confidence, Likely)
		c.note("%s: TLS takes any certificate there, and something behind it looks at what is in it", l.sentence())
	}
	return j
}

// checkedBehind finds a self-signed certificate that TLS took, where it refuses
// whoever has none, and that was turned away behind it; named says that one with
// the expected certificate's names was turned away, too.
func (c *court) checkedBehind() (behind *look, named bool) {
	if !c.refusedInTLS() {
		return nil, false
	}
	for i, l := range c.around {
		if l.o.HTTP == nil || l.kind == refusedCert || !l.o.Offered || !ownWay(l.o, c.ep) || l.o.Path != "/" {
			continue
		}
		switch l.o.Offer {
		case evidence.OfferRogue:
			behind = &c.around[i]
		case evidence.OfferSpoofed:
			named = named || l.o.OfferSubject != ""
		}
	}
	return behind, named
}

// cutOff reports whether a way around was not seen to its end: no connection came
// about, the protected name was not even answered with TLS, as when an origin has
// had enough of one client, or a rate limit answered that no stranger met before.
func (c *court) cutOff(l look) bool {
	switch {
	case l.o.Transport != "tls" || l.o.Port != c.ep.Port:
		return false
	case l.kind == unseen:
		return true
	case l.o.SNI != c.ep.SNI:
		return false
	case l.kind == silent, l.kind == noHandshake && (l.o.Close == evidence.CloseEOF || l.o.Close == evidence.CloseReset):
		return true
	}
	return l.busy() && !c.frontRefusedLike(l.o.HTTP)
}

// min2 is the lower of two confidences.
func min2(a, b Confidence) Confidence {
	if rankOf(b) < rankOf(a) {
		return b
	}
	return a
}

func rankOf(c Confidence) int {
	switch c {
	case Proven:
		return 2
	case Likely:
		return 1
	}
	return 0
}

// maxNotes bounds the notes of one endpoint.
const maxNotes = 6

// note keeps something seen that changes no verdict.
func (c *court) note(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if !slices.Contains(c.notes, s) && len(c.notes) < maxNotes {
		c.notes = append(c.notes, s)
	}
}

// wouldSettle names the control that would settle what is not clear.
func (c *court) wouldSettle() string {
	asked := slices.ContainsFunc(c.front, func(l look) bool { return l.asked })
	switch {
	case c.control == nil && !asked:
		return "only the answer through Cloudflare (--attempts all, or edge-control) would settle it, as control: nobody asks for a certificate here"
	case c.control == nil && len(c.controls) > 0:
		return "your own certificate was never asked for, so only the answer through Cloudflare (--attempts all, or edge-control) would settle it"
	case c.control == nil:
		return "a positive control (--client-cert and --client-key) or the answer through Cloudflare (--attempts all) would settle it"
	case !c.control.content:
		return "a path with content of its own (--path) would settle it"
	}
	return "looking at both answers by hand would settle it"
}

// demand says what the origin was seen to demand.
func (c *court) demand(j Judgement) Demand {
	asked := false
	for _, l := range c.front {
		asked = asked || l.asked
	}
	switch {
	case !asked && (j.Verdict == Unreachable || j.Verdict == Inconclusive):
		return DemandUnknown
	case !asked:
		return DemandNone
	case j.Verdict == NotEnforced:
		return DemandOptional
	case j.Verdict == Enforced, j.Verdict == Bypassable:
		return DemandRequired
	}
	for _, l := range c.front {
		if l.kind == refusedCert {
			return DemandRequired
		}
	}
	return DemandUnknown
}

// few keeps what a sentence's proof needs.
func few(fs []finding) []finding { return fs[:min(len(fs), 3)] }

func ids(fs []finding) []string {
	var out []string
	for _, f := range fs {
		out = append(out, f.o.ID)
	}
	return out
}

// bypass turns a finding into what the judgement keeps.
func (c *court) bypass(f finding) Bypass {
	return Bypass{
		Attempt:     f.o.Attempt,
		Observation: f.o.ID,
		Confidence:  f.confidence,
		Why:         fmt.Sprintf("%s: %s", f.sentence(), f.why),
		Reproduce:   reproduce(c.ep, *f.o, c.opener(f.o)),
	}
}

// opener is the observation whose session was resumed.
func (c *court) opener(o *evidence.Observation) *evidence.Observation {
	for i := range c.ep.Observations {
		if o.SessionFrom != "" && c.ep.Observations[i].ID == o.SessionFrom {
			return &c.ep.Observations[i]
		}
	}
	return nil
}

// reproduceProof shows the first proof by hand.
func (c *court) reproduceProof(j Judgement) string {
	for i := range c.ep.Observations {
		if o := &c.ep.Observations[i]; slices.Contains(j.Proof, o.ID) {
			return reproduce(c.ep, *o, c.opener(o))
		}
	}
	return ""
}
