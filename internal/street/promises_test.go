//go:build linux

package street

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
)

// find returns what was said of a case; a server that is not there skips.
func find(t *testing.T, results []judged, name string) judged {
	t.Helper()
	for _, r := range results {
		if r.c.Name == name {
			return r
		}
	}
	server, _, _ := strings.Cut(name, "/")
	if os.Getenv("CI") != "true" && !slices.ContainsFunc(results, func(r judged) bool { return r.c.Server == server }) {
		t.Skipf("SKIPPED: %s is not on this street", server)
	}
	t.Fatalf("no case %s", name)
	return judged{}
}

// TestFrontDoors holds the four most used servers to the four plainest
// postures, on both TLS versions.
func TestFrontDoors(t *testing.T) {
	s := theStreet(t)
	results, _ := table(t, s, positive)
	for _, server := range []string{"nginx", "apache", "haproxy", "caddy"} {
		for posture, want := range map[string]struct {
			verdict    verdict.Verdict
			confidence verdict.Confidence
			demand     verdict.Demand
			asked      bool
		}{
			"demanded":     {verdict.Enforced, verdict.Proven, verdict.DemandRequired, true},
			"open":         {verdict.NotEnforced, verdict.Proven, verdict.DemandNone, false},
			"optional":     {verdict.NotEnforced, verdict.Proven, verdict.DemandOptional, true},
			"optional-403": {verdict.Enforced, verdict.Likely, verdict.DemandRequired, true},
		} {
			t.Run(server+"/"+posture, func(t *testing.T) {
				r := find(t, results, server+"/"+posture)
				if r.j.Verdict != want.verdict || r.j.Confidence != want.confidence || r.j.Demand != want.demand {
					t.Errorf("got %s (%s), demand %q, want %s (%s), demand %q: %s", r.j.Verdict, r.j.Confidence, r.j.Demand, want.verdict, want.confidence, want.demand, r.j.Why)
				}
				seen := map[string]bool{}
				for _, o := range r.endpoint.Observations {
					if o.Attempt != evidence.AttemptNoCertificate {
						continue
					}
					seen[o.MaxVersion] = true
					if got := o.Requested != evidence.NotRequested; got != want.asked {
						t.Errorf("%s: certificate requested %v, want %v", o.Variant, got, want.asked)
					}
				}
				for _, v := range []string{"1.2", "1.3"} {
					if !seen[v] {
						t.Errorf("not tried without a certificate on TLS %s: %v", v, seen)
					}
				}
			})
		}
	}
}

// TestNamedWays: a way around is named so exactly that it can be walked.
func TestNamedWays(t *testing.T) {
	s := theStreet(t)
	results, _ := table(t, s, positive)
	for _, name := range []string{"haproxy/sni-verify-resumption", "haproxy/sni-verify-resumption-by-sni", "stunnel/name-demanded-default-other", "go/resumption"} {
		t.Run(name, func(t *testing.T) {
			r := find(t, results, name)
			for _, b := range r.j.Bypasses {
				if b.Attempt != evidence.AttemptResumedSession {
					continue
				}
				o := observation(t, r.endpoint, b.Observation)
				name := o.SessionSNI
				if name == "" {
					name = "no SNI"
				}
				if !strings.Contains(b.Why, name) {
					t.Errorf("the session's SNI %q is not named: %s", o.SessionSNI, b.Why)
				}
				return
			}
			t.Errorf("no resumed session found: %s (%s): %s", r.j.Verdict, r.j.Confidence, r.j.Why)
		})
	}
	for _, name := range []string{"go/resumption-patched", "nginx/sibling-shared-tickets", "haproxy/sni-verify-no-resumption"} {
		t.Run(name, func(t *testing.T) {
			if r := find(t, results, name); r.j.Verdict != verdict.Enforced {
				t.Errorf("a patched server is accused: %s: %s", r.j.Verdict, r.j.Why)
			}
		})
	}
	for _, name := range []string{"nginx/default-same-content", "apache/default-same-content", "go/default-serves-protected", "tomcat/name-demanded-default-open", "haproxy/sni-verify-default-open"} {
		t.Run(name, func(t *testing.T) {
			r := find(t, results, name)
			if r.j.Verdict != verdict.Bypassable {
				t.Fatalf("got %s: %s", r.j.Verdict, r.j.Why)
			}
			for _, b := range r.j.Bypasses {
				o := observation(t, r.endpoint, b.Observation)
				if o.Attempt == evidence.AttemptResumedSession {
					continue
				}
				sni := o.SNI
				if sni == "" {
					sni = "no SNI"
				}
				if !strings.Contains(b.Why, sni) || !strings.Contains(b.Why, o.Host) {
					t.Errorf("SNI (%s) and Host (%s) are not both named: %s", sni, o.Host, b.Why)
				}
			}
		})
	}
}

func observation(t *testing.T, ep evidence.Endpoint, id string) evidence.Observation {
	t.Helper()
	for _, o := range ep.Observations {
		if o.ID == id {
			return o
		}
	}
	t.Fatalf("no observation %s", id)
	return evidence.Observation{}
}

// TestReproduce runs the command line of every finding on the real servers: what
// let the probe in must show the protected content to whoever types it.
func TestReproduce(t *testing.T) {
	s := theStreet(t)
	results, _ := table(t, s, positive)
	byName := map[string]judged{}
	for _, r := range results {
		byName[r.c.Name] = r
	}
	eachCase(t, s, 6, func(t *testing.T, c Case) {
		r := byName[c.Name]
		switch {
		case c.Server == "hostile" || c.Truth == Silent || strings.HasPrefix(c.Posture, "flaky") || r.hard != "" || r.miss != "":
			return
		case r.j.Verdict == verdict.NotEnforced:
			reproduces(t, r, r.j.Reproduce, true)
		case r.j.Verdict == verdict.Bypassable:
			// One of each kind: they differ in a name only.
			var done []evidence.AttemptName
			for _, b := range r.j.Bypasses {
				if !slices.Contains(done, b.Attempt) {
					done = append(done, b.Attempt)
					reproduces(t, r, b.Reproduce, true)
				}
			}
		case r.j.Verdict == verdict.Enforced:
			reproduces(t, r, r.j.Reproduce, false)
		}
	})
}

func reproduces(t *testing.T, r judged, line string, shows bool) {
	t.Helper()
	switch {
	case line == "":
		t.Errorf("%s: %s, and nothing reproduces it", r.c.Name, r.j.Verdict)
		return
	case strings.Contains(line, "--http3") && !curlHTTP3():
		return // Debian's curl cannot; the truth of these cases is tested in Go
	case r.c.Marker != Marker:
		// A redirect or a demand for a password: there is no content to show.
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir = started.dir
	cmd.Env = append(os.Environ(), "TMPDIR="+started.dir)
	out, _ := cmd.CombinedOutput()
	if got := strings.Contains(string(out), r.c.Marker); got != shows {
		t.Errorf("%s: %s, and typing it shows the content: %v\n%s\n%.400q", r.c.Name, r.j.Verdict, got, line, out)
	}
}

func curlHTTP3() bool {
	out, _ := exec.Command("curl", "-V").Output()
	return strings.Contains(string(out), "HTTP3")
}
