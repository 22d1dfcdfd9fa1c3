package e2e

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/verdict"
	"github.com/aopscan/aopscan/internal/verdict/origintest"
	"github.com/aopscan/aopscan/probe"
)

// TestReproduce runs the commands of verdicts and ways around in a shell: they
// must show what the probe saw.
func TestReproduce(t *testing.T) {
	for _, program := range []string{"sh", "curl", "openssl", "mktemp"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing, and CI must run this", program)
			}
			t.Skipf("SKIPPED: %s is missing; install it to have the reproduce lines run", program)
		}
	}
	k := origintest.Keys()
	require := func(h *tls.ClientHelloInfo) tls.ClientAuthType {
		if h.ServerName == origintest.Hostname {
			return tls.RequireAndVerifyClientCert
		}
		return tls.NoClientCert
	}
	const seen = "Quarterly settlement"
	for _, c := range []struct {
		name    string
		start   func(*testing.T) *origintest.Origin
		opts    probe.Options
		attempt evidence.AttemptName // the way around to run; empty: the verdict's own line
		want    string
	}{
		{"open", func(t *testing.T) *origintest.Origin {
			return origintest.HTTPS(t, k.Config(tls.NoClientCert), origintest.App)
		}, probe.Options{}, "", seen},
		{"open, and compressed unasked", func(t *testing.T) *origintest.Origin {
			return origintest.HTTPS(t, k.Config(tls.NoClientCert), func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				w.Header().Set("Content-Encoding", "gzip")
				z := gzip.NewWriter(w)
				fmt.Fprint(z, origintest.Content)
				z.Close()
			})
		}, probe.Options{}, "", seen},
		{"demanded in HTTP", func(t *testing.T) *origintest.Origin {
			return origintest.HTTPS(t, k.Config(tls.VerifyClientCertIfGiven), origintest.Protected(nginxRefusal("No required SSL certificate was sent")))
		}, probe.Options{}, "", "No required SSL certificate"},
		{"demanded in TLS", func(t *testing.T) *origintest.Origin {
			return origintest.HTTPS(t, k.Config(tls.RequireAndVerifyClientCert), origintest.App)
		}, probe.Options{}, "", "alert"},
		{"no SNI", vhosts(k, require, origintest.App), withControl(), evidence.AttemptNoSNI, seen},
		{"other SNI", vhosts(k, require, origintest.App), withControl(), evidence.AttemptOtherSNI, seen},
		{"a rogue certificate", func(t *testing.T) *origintest.Origin {
			return origintest.HTTPS(t, k.Config(tls.RequireAnyClientCert), origintest.App)
		}, probe.Options{}, evidence.AttemptRogueCertificate, seen},
		{"a spoofed issuer", func(t *testing.T) *origintest.Origin {
			return origintest.HTTPS(t, k.Config(tls.RequireAnyClientCert), func(w http.ResponseWriter, r *http.Request) {
				if r.TLS.PeerCertificates[0].Issuer.String() != k.CA.Subject.String() {
					origintest.Page(403, "Forbidden")(w, r)
					return
				}
				origintest.App(w, r)
			})
		}, withControl(), evidence.AttemptSpoofedIssuer, seen},
		{"a spoofed subject", func(t *testing.T) *origintest.Origin {
			return origintest.HTTPS(t, k.Config(tls.RequireAnyClientCert), func(w http.ResponseWriter, r *http.Request) {
				if r.TLS.PeerCertificates[0].Subject.CommonName != "edge" {
					origintest.Page(403, "Forbidden")(w, r)
					return
				}
				origintest.App(w, r)
			})
		}, withControl(), evidence.AttemptSpoofedIssuer, seen},
		{"over HTTP2", func(t *testing.T) *origintest.Origin {
			return byHello(t, demandedIf(func(h *tls.ClientHelloInfo) bool { return !slices.Contains(h.SupportedProtos, "h2") }), origintest.App)
		}, withControl(), evidence.AttemptHTTP2, seen},
		{"without ALPN", func(t *testing.T) *origintest.Origin {
			return byHello(t, demandedIf(func(h *tls.ClientHelloInfo) bool { return len(h.SupportedProtos) > 0 }), origintest.App)
		}, withControl(), evidence.AttemptNoCertificate, seen},
		{"on TLS 1.1", func(t *testing.T) *origintest.Origin {
			return byHello(t, demandedIf(func(h *tls.ClientHelloInfo) bool { return h.SupportedVersions[0] >= tls.VersionTLS12 }), origintest.App)
		}, withControl(), evidence.AttemptLegacyTLS, seen},
		{"the SNI in capitals", func(t *testing.T) *origintest.Origin {
			return byHello(t, demandedIf(func(h *tls.ClientHelloInfo) bool {
				return h.ServerName != strings.ToUpper(origintest.Hostname)
			}), origintest.App)
		}, withControl(), evidence.AttemptOtherSNI, seen},
		{"plain HTTP on the TLS port", func(t *testing.T) *origintest.Origin {
			return split(t, origintest.App, origintest.App)
		}, withControl(), evidence.AttemptPlainHTTP, seen},
		{"a resumed session", func(t *testing.T) *origintest.Origin {
			var key [32]byte
			cfg := k.Config(tls.NoClientCert)
			cfg.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				c := k.Config(tls.NoClientCert)
				if h.ServerName == origintest.Hostname {
					c = k.Config(tls.VerifyClientCertIfGiven)
				}
				c.SetSessionTicketKeys([][32]byte{key})
				return c, nil
			}
			return origintest.HTTPS(t, cfg, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.TLS.ServerName != origintest.Hostname:
					origintest.Page(200, origintest.Other)(w, r)
				case r.TLS.DidResume || len(r.TLS.PeerCertificates) > 0:
					origintest.App(w, r)
				default:
					nginxRefusal("No required SSL certificate was sent")(w, r)
				}
			})
		}, withControl(), evidence.AttemptResumedSession, seen},
		{"a path with quotes and spaces", func(t *testing.T) *origintest.Origin {
			return origintest.HTTPS(t, k.Config(tls.VerifyClientCertIfGiven), func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/open") {
					origintest.Page(200, origintest.Content)(w, r)
					return
				}
				origintest.Protected(nginxRefusal("No required SSL certificate was sent"))(w, r)
			})
		}, probe.Options{Paths: []string{"/open/it's{a}$(touch%20pwned)[1]"}}, evidence.AttemptPath, seen},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, j := look(t, c.start(t), c.opts)
			line := j.Reproduce
			if c.attempt != "" {
				line = ""
				for _, b := range j.Bypasses {
					if b.Attempt == c.attempt && line == "" {
						line = b.Reproduce
					}
				}
			}
			if line == "" {
				t.Fatalf("%s: nothing to run: %s", j.Verdict, j.Why)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "sh", "-c", line)
			cmd.Dir = t.TempDir()
			cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
			out, _ := cmd.CombinedOutput() // a refusal is an error of curl's
			if !strings.Contains(string(out), c.want) {
				t.Errorf("no %q in the output of\n%s\n%s", c.want, line, out)
			}
			if files, _ := os.ReadDir(cmd.Dir); len(files) > 0 {
				t.Errorf("the command left %s", files[0].Name())
			}
		})
	}
}

// TestBlackHoles: a thousand origins behind a firewall, at the default concurrency,
// cost one dial each; one dead port is not asked again.
func TestBlackHoles(t *testing.T) {
	hole := blackHoleEverywhere(t)
	var hosts []probe.Host
	for i := range 1000 {
		hosts = append(hosts, probe.Host{Name: fmt.Sprintf("h%d.example.com", i), Address: fmt.Sprintf("127.9.%d.%d", i/250, 1+i%250), AddressPort: int(hole)})
	}
	progress := 0
	o := probe.Options{AllowAddresses: loopback, AttemptTimeout: 150 * time.Millisecond, Progress: func(done, total int) { progress = done }}
	begun := time.Now()
	eps, _, err := probe.Run(context.Background(), probe.PlanHosts(hosts, o), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range eps {
		if j := verdict.Judge(e, nil); j.Verdict != verdict.Unreachable || len(e.Observations) != 1 {
			t.Fatalf("%s: %s after %d attempts: %s", e.Address, j.Verdict, len(e.Observations), j.Why)
		}
	}
	// 1,000 dials, 64 at once: at the default 10 s a dial this is 160 s.
	if took, least := time.Since(begun), 1000/probe.DefaultConcurrency*o.AttemptTimeout; took > 8*least {
		t.Errorf("took %s, %s would do", took, least)
	}
	if progress != 1000 {
		t.Errorf("progress stopped at %d", progress)
	}
}
