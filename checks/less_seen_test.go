package checks

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
)

// TestSeeingLessProvesNothing takes knowledge away from the evidence of every case
// and judges it with every check: what was not a pass before is none afterwards,
// and what was no failure is none either.
func TestSeeingLessProvesNothing(t *testing.T) {
	for _, c := range All() {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			tried := 0
			for _, tc := range readCases(t, c.ID) {
				before := Evaluate(tc.evidence, EvaluateOptions{}).Results
				for _, less := range lessSeen(t, tc.evidence) {
					tried++
					for _, r := range Evaluate(less.ev, EvaluateOptions{}).Results {
						if (r.Status == Pass || r.Status == Fail) && !said(before, r) && !legitimate(before, r, less) {
							t.Errorf("case %s without %s: %s says\n%s", tc.name, less.what, r.Check, render([]Result{r}))
						}
					}
				}
			}
			if tried < 20 {
				t.Errorf("only %d things were taken away", tried)
			}
		})
	}
}

// said reports whether results hold this status for the same subject, or for the
// whole zone where one result spoke for all its hostnames.
func said(results []Result, r Result) bool {
	return slices.ContainsFunc(results, func(b Result) bool {
		return b.Check == r.Check && b.Status == r.Status &&
			(b.Fingerprint == r.Fingerprint || b.Zone == r.Zone && b.Hostname == "" && b.Facts["hostnames"] != "" && r.Address == "")
	})
}

// legitimate reports what may be said of less: what a certificate says is read from
// the certificate, whether or not it is known to be in use; an error at the edge is
// one though the origin was not probed; and without the answer at the edge there is
// no control, which is the business of package verdict.
func legitimate(before []Result, r Result, less blind) bool {
	certificate := strings.HasPrefix(r.Check, "client-certificate-") && r.Check != "client-certificate-stale"
	known := slices.ContainsFunc(before, func(b Result) bool { return b.Fingerprint == r.Fingerprint })
	return certificate && r.Status == Pass && !known ||
		r.Check == "edge-error" && r.Status == Fail && strings.HasPrefix(less.what, ".Endpoints") ||
		strings.HasPrefix(less.what, ".Edges") && r.Check != "edge-error" && r.Check != "aop-railgun"
}

// blind is evidence from which something was taken.
type blind struct {
	what string
	ev   *evidence.Evidence
}

// lessSeen returns copies of the evidence that each know one thing less: a section
// that was not read, with what it held; a switch that was not told; what follows
// for one hostname; the content of a certificate.
func lessSeen(t *testing.T, ev *evidence.Evidence) []blind {
	t.Helper()
	var out []blind
	data, err := json.Marshal(ev)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		cp := &evidence.Evidence{}
		if err := json.Unmarshal(data, cp); err != nil {
			t.Fatal(err)
		}
		w := taker{left: n}
		w.walk(reflect.ValueOf(cp).Elem(), "")
		follow(cp, w.what)
		if w.what == "" {
			return out
		}
		out = append(out, blind{w.what, cp})
	}
}

// follow lets hostnames follow: without the zone's switches, or the status of its
// certificates, nobody knows what they have. What a certificate holds decides nothing
// there.
func follow(ev *evidence.Evidence, what string) {
	if _, part, _ := strings.Cut(what, " "); slices.Contains([]string{"content", "key", "key size", "signature", "names"}, part) {
		return
	}
	gap := []evidence.Gap{{What: "it was taken away"}}
	for i := range ev.Zones {
		for j := range ev.Zones[i].Hostnames {
			h := &ev.Zones[i].Hostnames[j]
			switch {
			case strings.HasPrefix(what, fmt.Sprintf(".Zones[%d].Paused", i)):
				h.Proxied, h.OriginNotes = evidence.TriUnknown, gap
			case strings.HasPrefix(what, fmt.Sprintf(".Zones[%d].AOP", i)), strings.HasPrefix(what, fmt.Sprintf(".Zones[%d].HostnameAOP", i)):
				h.Certificate = evidence.EffectiveCertificate{Gaps: gap}
			}
		}
	}
}

// taker walks evidence and takes the n-th thing away.
type taker struct {
	left int
	what string
}

func (w *taker) take(what string, do func()) {
	if w.what != "" {
		return
	}
	if w.left--; w.left < 0 {
		do()
		w.what = what
	}
}

func zero(v reflect.Value) { v.Set(reflect.Zero(v.Type())) }

func (w *taker) walk(v reflect.Value, path string) {
	if w.what != "" {
		return
	}
	switch x := v.Addr().Interface().(type) {
	case *evidence.Tri:
		if *x != evidence.TriUnknown {
			w.take(path, func() { *x = evidence.TriUnknown })
		}
		return
	case *evidence.Hostname:
		gap := []evidence.Gap{{What: "it was taken away"}}
		w.take(path+" mode", func() { x.SSLMode = evidence.SSLMode{Gaps: gap} })
		w.take(path+" certificate", func() { x.Certificate = evidence.EffectiveCertificate{Gaps: gap} })
		w.take(path+" origins", func() { x.Origins, x.OriginNotes = nil, gap })
	case *evidence.ClientCertificate:
		w.take(path+" content", func() { x.Leaf, x.ExpiresOn = nil, nil })
		w.take(path+" status", func() { x.Status = "" })
		w.take(path+" time", func() { x.UploadedOn, x.UpdatedOn = nil, nil })
	case *evidence.Certificate:
		w.take(path+" key", func() { x.KeyType, x.KeyBits = "", 0 })
		w.take(path+" key size", func() { x.KeyBits = 0 })
		w.take(path+" signature", func() { x.SignatureAlgorithm = "" })
		w.take(path+" names", func() { x.IssuerRaw, x.SubjectRaw = "", "" })
	case *evidence.Endpoint:
		for _, kind := range []evidence.NotProbedKind{evidence.NotProbedPolicy, evidence.NotProbedBudget} {
			w.take(path+" "+string(kind), func() { x.NotProbed, x.NotProbedKind, x.Observations = "it was taken away", kind, nil })
		}
	case *evidence.Edge:
		w.take(path, func() { x.Observations, x.NotProbed = nil, "it was taken away" })
	}
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		w.sections(v, path)
		for i := range v.NumField() {
			w.walk(v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	case reflect.Slice:
		for i := range v.Len() {
			w.walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Pointer:
		if !v.IsNil() && v.Elem().Kind() == reflect.Struct && v.Type().Elem().PkgPath() == reflect.TypeFor[evidence.Zone]().PkgPath() {
			w.walk(v.Elem(), path)
		}
	}
}

// sections takes what the sections of a struct say how it was read: the section's
// neighbours up to the next one, or all that is beside an embedded one.
func (w *taker) sections(v reflect.Value, path string) {
	section := reflect.TypeFor[evidence.Section]()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type != section || v.Type() == reflect.TypeFor[evidence.Association]() {
			continue
		}
		s := v.Field(i).Addr().Interface().(*evidence.Section)
		for _, state := range []evidence.SectionState{evidence.SectionDenied, evidence.SectionFailed, evidence.SectionUnread} {
			if s.State == state {
				continue
			}
			w.take(fmt.Sprintf("%s.%s (%q)", path, f.Name, state), func() {
				s.State = state
				s.Permission = "Zone · Everything · Read"
				for j := i + 1; j < v.NumField() && v.Field(j).Type() != section; j++ {
					zero(v.Field(j))
				}
			})
		}
	}
	if z, ok := v.Addr().Interface().(*evidence.ZoneSettings); ok {
		for _, name := range []string{"ssl", "tls_client_auth", "always_use_https"} {
			w.take(path+" "+name, func() {
				unread := map[string]evidence.Section{name: {State: evidence.SectionDenied}}
				for k, s := range z.Unread {
					unread[k] = s
				}
				z.Unread = unread
				switch name {
				case "ssl":
					z.SSL = ""
				case "tls_client_auth":
					z.TLSClientAuth = ""
				default:
					z.AlwaysUseHTTPS = ""
				}
			})
		}
	}
}
