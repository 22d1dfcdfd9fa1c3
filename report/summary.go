package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

func summarise(r *Report) {
	s := &r.Summary
	s.Zones, s.Hostnames, s.Origins = len(r.Zones), len(r.Hostnames), len(r.Origins)
	s.ByStatus, s.BySeverity = map[string]int{}, map[string]int{}
	s.ByVerdict, s.ByDrift = map[string]int{}, map[string]int{}
	for _, res := range r.Results {
		s.ByStatus[string(res.Status)]++
		if res.Status == checks.Fail {
			s.BySeverity[string(res.Severity)]++
		}
	}
	for _, o := range r.Origins {
		s.ByVerdict[string(o.Verdict)]++
		s.ByDrift[string(o.Drift)]++
	}
	s.Interrupted = false
	for _, p := range r.Problems {
		s.Interrupted = s.Interrupted || p.Interrupted
	}
	if s.Hostnames == 0 { // aopscan probe: no inventory
		seen := map[string]bool{}
		for _, o := range r.Origins {
			seen[o.Hostname] = true
		}
		s.Hostnames = len(seen)
	}
	s.NotSeen = notSeen(r)
	s.Verdict = verdictSentence(r)
	s.ExitCode = ExitCode(r, checks.Severity(s.FailOn), s.AllowInconclusive)
}

// counted says "1 origin" or "3 origins".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// verdictSentence is the report in one sentence: first what is open, then what
// failed, then what nobody could see. It never says more than was proven.
func verdictSentence(r *Report) string {
	s := &r.Summary
	var parts []string
	parts = append(parts, originsClause(r))
	if n := s.ByStatus[string(checks.Fail)]; n > 0 {
		text := counted(n, "check result failed", "check results failed")
		if c := s.BySeverity[string(checks.Critical)]; c > 0 {
			text += fmt.Sprintf(", %d critical", c)
		}
		parts = append(parts, text)
	} else if len(r.Results) > 0 {
		parts = append(parts, "no check failed")
	} else {
		parts = append(parts, "no check was judged")
	}
	if n := s.ByStatus[string(checks.Inconclusive)]; n > 0 {
		parts = append(parts, counted(unverifiedTargets(r), "target", "targets")+" could not be verified in full")
	}
	if s.Interrupted {
		parts = append(parts, "the scan was interrupted")
	}
	return strings.Join(parts, "; ") + "."
}

// enforced counts the origins that are enforced with one of the confidences.
func enforced(r *Report, sure ...verdict.Confidence) (n int) {
	for _, o := range r.Origins {
		if o.Verdict == verdict.Enforced && slices.Contains(sure, o.Confidence) {
			n++
		}
	}
	return n
}

// unverifiedTargets counts the zones, hostnames and origins with a result that
// could not be verified.
func unverifiedTargets(r *Report) int {
	seen := map[target]bool{}
	for _, res := range r.Results {
		if statusRank(res.Status) == statusRank(checks.Inconclusive) {
			seen[target{zone: res.Zone, hostname: res.Hostname, address: res.Address, port: res.Port}] = true
		}
	}
	return len(seen)
}

func originsClause(r *Report) string {
	s := &r.Summary
	if r.Probing == nil && s.Origins == 0 {
		return "Configuration only: no origin was contacted, so nothing is proven about any origin"
	}
	count := func(v verdict.Verdict) int { return s.ByVerdict[string(v)] }
	of := func(n int) string {
		if n == s.Origins && n == 1 {
			return "The only origin"
		} else if n == s.Origins {
			return fmt.Sprintf("All %d origins", n)
		}
		return fmt.Sprintf("%d of %d origins", n, s.Origins)
	}
	open := count(verdict.NotEnforced) + count(verdict.Bypassable)
	switch {
	case s.Origins == 0:
		return "There was no origin to probe"
	case open > 0:
		return of(open) + " can be reached without Cloudflare's client certificate"
	case count(verdict.Enforced) > 0:
		n, proven := count(verdict.Enforced), enforced(r, verdict.Proven)
		verb := " refuse"
		if n == 1 {
			verb = " refuses"
		}
		text := of(n) + verb + " whoever comes without Cloudflare's client certificate"
		if proven < n {
			text += fmt.Sprintf(" (%d of these proven)", proven)
		}
		return text
	}
	return "No origin is proven to refuse whoever comes without Cloudflare's client certificate"
}

// notSeen says what could not be seen, one sentence each, the same things
// together.
func notSeen(r *Report) []string {
	out := []string{}
	if r.Probing == nil && len(r.Origins) == 0 {
		out = append(out, "No origin was contacted: what origins do without a certificate is not known.")
	}
	for _, p := range r.Problems {
		text := p.What + ": " + p.Cause
		if p.Zone != "" {
			text = "Zone " + p.Zone + ": " + text
		}
		out = append(out, strings.TrimSuffix(text, ".")+".")
	}

	// Sections that were not read: the same one of several zones in one line.
	type key struct{ name, state, permission string }
	zones := map[key][]string{}
	var order []key
	for _, u := range r.Unread {
		k := key{u.Name, unreadWhy(u.Section), u.Permission}
		if zones[k] == nil {
			order = append(order, k)
		}
		where := u.Zone
		if where == "" {
			where = "account " + u.Account
		}
		zones[k] = append(zones[k], where)
	}
	slices.SortStableFunc(order, func(a, b key) int { return strings.Compare(a.name+a.state, b.name+b.state) })
	// Sections of the same zones that went the same way, in one line as well.
	type way struct{ zones, state, permission string }
	names := map[way][]string{}
	wayOf := func(k key) way { return way{strings.Join(zones[k], "\x00"), k.state, k.permission} }
	for _, k := range order {
		names[wayOf(k)] = append(names[wayOf(k)], k.name)
	}
	for _, k := range order {
		list := names[wayOf(k)]
		if list[0] != k.name {
			continue
		}
		text := fmt.Sprintf("Not read: %s of %s (%s)", strings.Join(list, ", "), listed(zones[k], 3), k.state)
		if k.permission != "" {
			text += "; needs the token permission " + k.permission
		}
		out = append(out, text+".")
	}

	reasons := map[string]int{}
	var unreachable, unclear int
	for _, o := range r.Origins {
		switch {
		case o.NotProbed != "":
			reasons[o.NotProbed]++
		case o.Verdict == verdict.Unreachable:
			unreachable++
		case o.Verdict == verdict.Inconclusive:
			unclear++
		}
	}
	words := make([]string, 0, len(reasons))
	for w := range reasons {
		words = append(words, w)
	}
	slices.Sort(words)
	for _, w := range words {
		out = append(out, fmt.Sprintf("%s not probed: %s.", counted(reasons[w], "origin was", "origins were"), strings.TrimSuffix(w, ".")))
	}
	if unreachable > 0 {
		out = append(out, counted(unreachable, "origin", "origins")+" could not be reached from here: a firewall is not proof of AOP.")
	}
	if unclear > 0 {
		out = append(out, counted(unclear, "origin", "origins")+" answered in a way that proves neither.")
	}

	var noOrigin, noCertificate int
	for _, h := range r.Hostnames {
		if h.Proxied == evidence.TriTrue && h.NoOrigin == "" && len(h.Origins) == 0 {
			noOrigin++
		}
		if h.Proxied == evidence.TriTrue && h.CertificateSource == evidence.CertificateUnknown {
			noCertificate++
		}
	}
	if noOrigin > 0 {
		out = append(out, "No origin is known of "+counted(noOrigin, "proxied hostname", "proxied hostnames")+".")
	}
	if noCertificate > 0 {
		out = append(out, "Which certificate Cloudflare sends is not known for "+counted(noCertificate, "hostname", "hostnames")+".")
	}
	if left := r.Catalogue.Checks - r.Catalogue.Selected; left > 0 {
		out = append(out, counted(left, "check was", "checks were")+" left out by --check or --skip.")
	}
	return out
}

func unreadWhy(s evidence.Section) string {
	switch s.State {
	case evidence.SectionDenied:
		return "the token may not"
	case evidence.SectionUnread:
		return "the scan ended before"
	}
	if s.HTTPStatus != 0 {
		return fmt.Sprintf("the API answered %d", s.HTTPStatus)
	}
	return "the API did not answer"
}

// listed joins at most n names and counts the rest.
func listed(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
}
