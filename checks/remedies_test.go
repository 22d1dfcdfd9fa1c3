package checks

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestServersTakeTheRemedies has the servers themselves read what people will
// paste. Nothing is started and no port is opened: files stand in a temporary
// directory, and nginx listens on sockets there.
func TestServersTakeTheRemedies(t *testing.T) {
	dir := t.TempDir()
	mustRun(t, dir, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=app.example.com", "-keyout", "key.pem", "-out", "cert.pem")
	cert, key := read(t, dir, "cert.pem"), read(t, dir, "key.pem")
	for name, text := range map[string]string{"site.pem": cert + key, "certs/site.pem": cert + key, "crt-list.txt": filepath.Join(dir, "site.pem") + "\n"} {
		write(t, dir, name, text)
	}
	files := strings.NewReplacer(
		"/etc/ssl/aop-ca.pem", filepath.Join(dir, "cert.pem"), "/etc/ssl/origin.pem", filepath.Join(dir, "cert.pem"), "/etc/ssl/origin.key", filepath.Join(dir, "key.pem"),
		"/etc/haproxy/site.pem", filepath.Join(dir, "site.pem"), "/etc/haproxy/certs/", filepath.Join(dir, "certs")+"/", "/etc/haproxy/crt-list.txt", filepath.Join(dir, "crt-list.txt"),
	)
	done := map[string]int{}
	seen := map[string]bool{}
	for _, c := range All() {
		for _, r := range c.Remediation {
			if r.Commands == "" || seen[r.Where+r.Commands] {
				continue
			}
			seen[r.Where+r.Commands] = true
			text := files.Replace(r.Commands)
			var out string
			switch r.Where {
			case "nginx":
				out = nginxTakes(t, dir, text)
			case "Apache":
				out = apacheTakes(t, dir, text)
			case "HAProxy":
				out = haproxyTakes(t, dir, text)
			case "Caddy":
				out = caddyTakes(t, dir, text)
			default:
				continue
			}
			done[r.Where]++
			if out != "" {
				t.Errorf("%s, %s: %s\n%s", c.ID, r.Where, out, r.Commands)
			}
		}
	}
	for _, server := range []string{"nginx", "Apache", "HAProxy", "Caddy"} {
		if done[server] < 2 {
			t.Errorf("only %d remedies for %s were tried", done[server], server)
		}
	}
}

func nginxTakes(t *testing.T, dir, text string) string {
	// Sockets instead of ports; QUIC is not in every build.
	text = regexp.MustCompile(`(?m)^.*\bquic;\n`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`listen (80|443)`).ReplaceAllString(text, "listen unix:"+filepath.Join(dir, "s$1"))
	pair := "ssl_certificate cert.pem; ssl_certificate_key key.pem;\n"
	if strings.Contains(text, "ssl_certificate ") {
		pair = ""
	}
	write(t, dir, "nginx.conf", "pid nginx.pid; events {}\nhttp {\naccess_log off;\n"+pair+text+"\n}\n")
	return takes(dir, "nginx", "-t", "-p", dir, "-c", "nginx.conf", "-e", filepath.Join(dir, "error.log"))
}

func apacheTakes(t *testing.T, dir, text string) string {
	modules := "/usr/lib/apache2/modules/"
	own := "SSLEngine on\nSSLCertificateFile " + dir + "/cert.pem\nSSLCertificateKeyFile " + dir + "/key.pem\n"
	conf := "ServerName app.example.com\nPidFile " + dir + "/apache.pid\nErrorLog " + dir + "/error.log\nListen 127.0.0.1:8443\n"
	for _, m := range []string{"mpm_event", "authz_core", "ssl", "alias"} {
		conf += "LoadModule " + m + "_module " + modules + "mod_" + m + ".so\n"
	}
	text = strings.Replace(text, "*:443>\n", "*:443>\n"+own, 1)
	write(t, dir, "apache.conf", conf+text+"\n")
	return takes(dir, "apache2", "-t", "-f", filepath.Join(dir, "apache.conf"))
}

func haproxyTakes(t *testing.T, dir, text string) string {
	conf := "defaults\n    mode http\n    timeout client 1s\n    timeout connect 1s\n    timeout server 1s\n"
	if strings.HasPrefix(text, "bind ") {
		conf += "frontend https\n    "
	}
	write(t, dir, "haproxy.cfg", conf+text+"\n")
	return takes(dir, "haproxy", "-c", "-f", filepath.Join(dir, "haproxy.cfg"))
}

func caddyTakes(t *testing.T, dir, text string) string {
	write(t, dir, "Caddyfile", text+"\n")
	out := takes(dir, "caddy", "adapt", "--config", filepath.Join(dir, "Caddyfile"), "--adapter", "caddyfile")
	if strings.Contains(out, "unknown subdirective for client_auth: trust_pool") { // before 2.8
		write(t, dir, "Caddyfile", strings.Replace(text, "trust_pool file", "trusted_ca_cert_file", 1)+"\n")
		out = takes(dir, "caddy", "adapt", "--config", filepath.Join(dir, "Caddyfile"), "--adapter", "caddyfile")
	}
	return out
}

// takes runs a server's own check and returns what it says against the file.
func takes(dir string, name string, args ...string) string {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return err.Error() + ": " + string(out)
	}
	return ""
}

// mustRun runs a tool that has to succeed. Where servers are missing the test is not
// made, unless CI=true demands them.
func mustRun(t *testing.T, dir string, name string, args ...string) {
	t.Helper()
	for _, tool := range []string{"openssl", "nginx", "apache2", "haproxy", "caddy"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("no %s, and CI=true demands it", tool)
			}
			t.Skipf("NOT TESTED: the remedies for servers, because there is no %s", tool)
		}
	}
	if out := takes(dir, name, args...); out != "" {
		t.Fatal(out)
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
