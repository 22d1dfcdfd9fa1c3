//go:build linux

package street

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
	"github.com/aopscan/aopscan/probe"
)

// limits are how long an attempt and a case may take. What is hostile would use
// all of it: it gets less than the tool's own limits, and servers that only wait
// for their turn on a busy machine more.
func limits(c Case) (attempt, endpoint time.Duration) {
	switch {
	case c.Server == "hostile":
		return 2 * time.Second, 10 * time.Second
	case c.Waits:
		return 2 * time.Second, 30 * time.Second
	}
	return 5 * time.Second, 40 * time.Second
}

// judged is what the scanner said of a case.
type judged struct {
	c        Case
	endpoint evidence.Endpoint
	j        verdict.Judgement
	took     time.Duration
	// want are the acceptable verdicts, the expected first.
	want []string
	// hard is a mistake that must never happen, miss what was not as expected.
	hard, miss string
}

// TestStreet measures the scanner on the whole street: with the user's certificate
// as control, without a control, and with the answer through the edge.
//
// Whatever else it says, it must never call an origin enforced that lets
// strangers in, and never accuse one that refuses them.
func TestStreet(t *testing.T) {
	s := theStreet(t)
	for _, name := range []string{positive, alone, throughEdge} {
		control := name != alone
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			results, took := table(t, s, name)
			printTable(name, results, took)
			var misses int
			for _, r := range results {
				if r.hard != "" {
					t.Errorf("%s: %s: %s", r.c.Name, r.hard, r.j.Why)
				}
				if r.miss != "" {
					misses++
				}
				if _, limit := limits(r.c); r.took > limit+5*time.Second {
					t.Errorf("%s took %s, the limit is %s", r.c.Name, r.took, limit)
				}
				checkText(t, r)
			}
			switch {
			case control && misses*100 > len(results)*3:
				t.Errorf("%d of %d verdicts are not as expected, more than 3%%", misses, len(results))
			case !control && misses > 0:
				for _, r := range results {
					if r.miss != "" {
						t.Errorf("%s: %s: %s", r.c.Name, r.miss, r.j.Why)
					}
				}
			}
			writeMistakes(t, name, results)
		})
	}
}

// The measurements.
const (
	positive    = "with a control"
	alone       = "without a control"
	throughEdge = "with the edge as control"
)

// table is one measurement of the whole street, made once for all tests.
func table(t *testing.T, s *Street, name string) ([]judged, time.Duration) {
	t.Helper()
	tables.Lock()
	defer tables.Unlock()
	if r, ok := tables.results[name]; ok {
		return r, tables.took[name]
	}
	begun := time.Now()
	cases := s.Cases
	if name == throughEdge {
		// Nothing legitimate is to be had of hostile servers.
		cases = slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return c.Server == "hostile" })
	}
	tables.results[name] = judgeAll(t, s, cases, name)
	tables.took[name] = time.Since(begun)
	return tables.results[name], tables.took[name]
}

var tables = struct {
	sync.Mutex
	results map[string][]judged
	took    map[string]time.Duration
}{results: map[string][]judged{}, took: map[string]time.Duration{}}

// judgeAll probes and judges cases, many at a time.
func judgeAll(t *testing.T, s *Street, cases []Case, name string) []judged {
	t.Helper()
	edge := ""
	if name == throughEdge {
		e, err := s.StartEdge()
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		edge = e.Address
	}
	out := make([]judged, len(cases))
	index := map[string]int{}
	for i, c := range cases {
		index[c.Name] = i
	}
	judgeOne := func(t *testing.T, c Case) {
		begun := time.Now()
		ep, through, err := probeCase(s, c, name == positive, edge)
		if err != nil {
			t.Errorf("%s: probing: %v", c.Name, err)
			return
		}
		r := judged{c: c, endpoint: ep, j: verdict.Judge(ep, through), took: time.Since(begun)}
		r.want = c.With
		switch {
		case name == alone:
			r.want = c.Without
		case name == throughEdge && c.ThroughEdge != nil:
			r.want = c.ThroughEdge
		}
		r.hard, r.miss = compare(r, name != alone)
		out[index[c.Name]] = r
	}
	eachCase(t, &Street{Cases: cases}, 16, judgeOne)
	// On a busy machine an answer can come too late, and the verdict then is that
	// something was not seen. That is asked again, alone; what was wrong stays wrong.
	again := 0
	for i, c := range cases {
		if r := out[i]; r.hard == "" && r.miss != "" && timedOut(r.endpoint) && again < maxAgain {
			again++
			judgeOne(t, c)
			fmt.Printf("%s: asked again, since attempts ran out of time: %s; then %s (%s)\n", c.Name, r.miss, out[i].j.Verdict, out[i].j.Confidence)
		}
	}
	return out
}

// maxAgain bounds the cases that are asked again: a scanner that runs out of time
// everywhere is slow, and no machine is that busy.
const maxAgain = 12

// timedOut reports whether any attempt at an origin ran out of time.
func timedOut(e evidence.Endpoint) bool {
	return slices.ContainsFunc(e.Observations, func(o evidence.Observation) bool {
		return o.Close == evidence.CloseTimeout || o.Close == evidence.CloseLocal
	})
}

// probeCase asks one origin what `aopscan probe` would ask, and the edge about it
// where there is one.
func probeCase(s *Street, c Case, control bool, edge string) (evidence.Endpoint, *evidence.Edge, error) {
	host, err := probe.ParseTarget(c.Hostname + "=" + net.JoinHostPort(c.Address, strconv.Itoa(c.Port)))
	if err != nil {
		return evidence.Endpoint{}, nil, err
	}
	attempt, endpoint := limits(c)
	o := probe.Options{
		Attempts: []string{"standard"}, AllowAddresses: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Ports: c.Ports, Paths: c.Paths, SiblingNames: c.Siblings, ExpectedCAs: []*x509.Certificate{s.PKI.ClientCA.Certificate},
		AttemptTimeout: attempt, EndpointTimeout: endpoint,
		EdgeAddress: edge,
	}
	if control {
		o.ClientCert = s.PKI.Certificate(c.Control)
	}
	eps, edges, err := probe.Run(context.Background(), probe.PlanHosts([]probe.Host{host}, o), o)
	if err != nil {
		return evidence.Endpoint{}, nil, err
	}
	if len(eps) != 1 {
		return evidence.Endpoint{}, nil, fmt.Errorf("%d endpoints, want one", len(eps))
	}
	if edge != "" {
		if len(edges) != 1 {
			return eps[0], nil, fmt.Errorf("%d edges, want one", len(edges))
		}
		return eps[0], &edges[0], nil
	}
	return eps[0], nil, nil
}

// accepts reports whether a list of acceptable verdicts has this one.
func accepts(list []string, j verdict.Judgement) bool {
	return slices.Contains(list, string(j.Verdict)) || j.Confidence == verdict.Unclear && slices.Contains(list, string(j.Verdict)+unclear)
}

// compare holds a judgement against the case's truth and expectation.
func compare(r judged, control bool) (hard, miss string) {
	c, j := r.c, r.j
	as := accepts(r.want, j)
	letsIn := j.Verdict == verdict.NotEnforced || j.Verdict == verdict.Bypassable
	switch {
	case (c.Truth == Open || c.Truth == Bypassable) && j.Verdict == verdict.Enforced:
		hard = "called enforced, and it lets strangers in"
	case c.Truth == Refuses && letsIn && !as:
		hard = fmt.Sprintf("called %s, and it refuses strangers", j.Verdict)
	case c.Truth == Closed && control && j.Verdict == verdict.Enforced && !as:
		hard = "called enforced, and nobody at all gets in"
	case c.Truth == Silent && j.Verdict == verdict.Enforced && !as:
		hard = "called enforced, and nothing was proven"
	}
	if !as {
		miss = fmt.Sprintf("got %s (%s), want %s", j.Verdict, j.Confidence, strings.Join(r.want, " or "))
	} else if j.Verdict == verdict.Bypassable && c.Bypass != "" {
		found := false
		for _, b := range j.Bypasses {
			found = found || slices.Contains(strings.Split(c.Bypass, "|"), string(b.Attempt))
		}
		if !found {
			miss = "the bypass named is not " + c.Bypass
		}
	}
	if miss == "" && !control && c.Ambiguous && (j.Verdict == verdict.Inconclusive || j.Confidence == verdict.Unclear) && !strings.Contains(j.Why, "control") {
		miss = "why does not name the control that would settle it"
	}
	return hard, miss
}

// checkText: what an origin says must not reach a terminal as it is.
func checkText(t *testing.T, r judged) {
	t.Helper()
	data, err := json.Marshal(struct {
		E evidence.Endpoint
		J verdict.Judgement
	}{r.endpoint, r.j})
	if err != nil {
		t.Errorf("%s: %v", r.c.Name, err)
		return
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Errorf("%s: %v", r.c.Name, err)
		return
	}
	walkStrings(v, func(text string) {
		if strings.ContainsFunc(text, unicode.IsControl) {
			t.Errorf("%s: control characters of the origin in %.80q", r.c.Name, text)
		}
	})
	if r.j.Why == "" {
		t.Errorf("%s: no word on why", r.c.Name)
	}
}

func walkStrings(v any, f func(string)) {
	switch x := v.(type) {
	case string:
		f(x)
	case []any:
		for _, e := range x {
			walkStrings(e, f)
		}
	case map[string]any:
		for _, e := range x {
			walkStrings(e, f)
		}
	}
}

// printTable prints what was said of every case, the whole of it where
// AOPSCAN_STREET is set and what went wrong otherwise, and the totals.
func printTable(title string, results []judged, took time.Duration) {
	all := os.Getenv("AOPSCAN_STREET") != ""
	fmt.Printf("\nThe street %s\n", title)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SERVER\tPOSTURE\tTRUTH\tVERDICT\tCONFIDENCE\tBY\tEXPECTED\tOK")
	totals := map[string][2]int{}
	var right, hard int
	var slowest judged
	for _, r := range results {
		ok := "ok"
		n := totals[r.c.Server]
		n[1]++
		switch {
		case r.hard != "":
			ok = "WRONG: " + r.hard
			hard++
		case r.miss != "":
			ok = "MISS: " + r.miss
		default:
			right++
			n[0]++
		}
		totals[r.c.Server] = n
		if r.took > slowest.took {
			slowest = r
		}
		var by []string
		for _, b := range r.j.Bypasses {
			if !slices.Contains(by, string(b.Attempt)) {
				by = append(by, string(b.Attempt))
			}
		}
		if all || ok != "ok" {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.c.Server, r.c.Posture, r.c.Truth, r.j.Verdict, r.j.Confidence, strings.Join(by, ","), r.want[0], ok)
		}
	}
	w.Flush()
	names := make([]string, 0, len(totals))
	for n := range totals {
		names = append(names, n)
	}
	sort.Strings(names)
	for i, n := range names {
		names[i] = fmt.Sprintf("%s %d/%d", n, totals[n][0], totals[n][1])
	}
	fmt.Printf("%s: %d of %d as expected (%.1f %%), %d that must never be; %s in %s, the slowest %s in %s\n", title, right, len(results),
		100*float64(right)/float64(max(1, len(results))), hard, strings.Join(names, ", "), took.Round(time.Second), slowest.c.Name, slowest.took.Round(100*time.Millisecond))
}

// writeMistakes keeps the observations of what was judged wrongly for whoever
// mends it, in the directory that STREET_MISTAKES names.
func writeMistakes(t *testing.T, title string, results []judged) {
	dir := os.Getenv("STREET_MISTAKES")
	if dir == "" {
		return
	}
	for _, r := range results {
		if r.hard == "" && r.miss == "" {
			continue
		}
		data, err := json.MarshalIndent(struct {
			Case     Case
			Verdict  verdict.Judgement
			Hard     string
			Miss     string
			Endpoint evidence.Endpoint
		}{r.c, r.j, r.hard, r.miss, r.endpoint}, "", " ")
		if err != nil {
			t.Error(err)
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		name := strings.ReplaceAll(title+"-"+r.c.Name, " ", "-")
		if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(name, "/", "-")+".json"), data, 0o644); err != nil {
			t.Error(err)
		}
	}
}
