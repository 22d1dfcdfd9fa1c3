//go:build linux

package street

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// Truth is what is so about an origin, whatever anybody says of it.
type Truth string

// The truths.
const (
	// Open: a stranger without a certificate gets what a legitimate client gets.
	Open Truth = "open"
	// Bypassable: the front door refuses strangers, and another way lets them in.
	Bypassable Truth = "bypassable"
	// Refuses: strangers are refused for want of a certificate, on every way known.
	Refuses Truth = "refuses"
	// Closed: strangers are refused, and so is everybody else.
	Closed Truth = "closed"
	// Silent: there is no answer that would say anything.
	Silent Truth = "silent"
)

// Way is one request that shows something about a case.
type Way struct {
	// Cert is the client certificate: "" (none), "client" (the right one),
	// "rogue", "spoofed", "other" or "expired".
	Cert string
	// SNI and Host default to the case's hostname; "-" sends no SNI, and "-" as
	// Host sends the address.
	SNI, Host string
	Path      string // default "/"
	Port      int    // default the case's
	Plain     bool   // HTTP without TLS
	TLS       string // "1.0" to "1.3" to force a version
	Legacy    bool   // every cipher suite, weak ones included
	HTTP3     bool
	HTTP1     bool // do not offer HTTP/2
	// SessionSNI opens a session under this name first ("-": without SNI) and
	// resumes it; SessionHost is the Host of that first request.
	SessionSNI, SessionHost string
}

// Case is one origin of the street.
type Case struct {
	Name     string // "nginx/demanded"
	Server   string
	Posture  string
	Hostname string
	// Sibling is another name that lives on the same socket, when there is one.
	Sibling string
	Address string
	Port    int
	HTTP3   bool // UDP listens on Port, too

	// Ports, Paths and Siblings are what the user would tell the probe.
	Ports    []int
	Paths    []string
	Siblings []string
	// Control is the user's client certificate in the table with a control.
	Control string

	Truth Truth
	// With and Without are the acceptable verdicts with a control and without one,
	// the expected first. A trailing "?" accepts the verdict only when its
	// confidence is "unclear".
	With, Without []string
	// ThroughEdge is With where the control is the edge's answer and that differs:
	// neither Cloudflare nor this edge renegotiates.
	ThroughEdge []string
	// Bypass is the attempt that is expected to get in, empty where none is.
	Bypass string
	// Ambiguous is true where only a control can tell, by nature.
	Ambiguous bool

	// Marker is the protected content's mark.
	Marker string
	// Legit is how a legitimate client gets the marker; nil where nobody can.
	Legit *Way
	// Ways get the marker without the right certificate, Refused do not.
	Ways, Refused []Way
	// Waits is true where strangers are left waiting.
	Waits bool
	// Held is true for the cases that were added as a hold-out set.
	Held bool
}

// Missing is a server of the street that this machine does not have.
type Missing struct {
	Server, Why string
}

// Street is the running street.
type Street struct {
	PKI     *PKI
	Cases   []Case
	Missing []Missing
	// AltPort is the second HTTPS port of cases that have one, PlainPort the port
	// of plain HTTP: 80 where it may be bound, else 8080.
	AltPort, PlainPort int

	dir string
	app *app

	mu      sync.Mutex
	procs   []*process
	closers []func()
	serial  int
}

// errConflict says that a server could not bind one of its addresses.
var errConflict = errors.New("address already in use")

// server is one household: it lays out its cases and says what to run.
type server struct {
	name string
	// needs are the programs, in the order of preference of their paths; all must exist.
	needs []string
	build func(*block) error
}

// Start makes the street and waits until all of it accepts connections. Only
// names the servers wanted; none means all. Close must be called, also after an
// error.
func Start(ctx context.Context, only ...string) (*Street, error) {
	s := &Street{AltPort: 8443}
	dir, err := os.MkdirTemp("", "street-")
	if err != nil {
		return s, fmt.Errorf("making the street's directory: %w", err)
	}
	s.dir = dir
	// Servers that are started by root read their content as somebody else.
	if err := os.Chmod(dir, 0o755); err != nil {
		return s, fmt.Errorf("opening the street's directory: %w", err)
	}
	if s.PKI, err = newPKI(filepath.Join(dir, "pki")); err != nil {
		return s, fmt.Errorf("making certificates: %w", err)
	}
	if err := writeContent(s.path("www")); err != nil {
		return s, fmt.Errorf("writing content: %w", err)
	}
	if s.app, err = startApp(); err != nil {
		return s, fmt.Errorf("starting the application: %w", err)
	}
	s.PlainPort = 80
	if l, err := net.Listen("tcp", "127.201.202.203:80"); err != nil {
		s.PlainPort = 8080
	} else {
		l.Close()
	}

	var wg sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	slots := make(chan struct{}, 4)
	for _, sv := range servers() {
		if len(only) > 0 && !contains(only, sv.name) {
			continue
		}
		if why := lacks(sv.needs); why != "" {
			s.Missing = append(s.Missing, Missing{sv.name, why})
			continue
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			slots <- struct{}{}
			defer func() { <-slots }()
			cases, err := s.settle(ctx, sv)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, fmt.Errorf("starting %s: %w", sv.name, err))
				return
			}
			s.Cases = append(s.Cases, cases...)
		}()
	}
	wg.Wait()
	sort.SliceStable(s.Cases, func(i, j int) bool { return s.Cases[i].Server < s.Cases[j].Server })
	return s, errors.Join(errs...)
}

// settle builds one server's configuration, starts it and waits for it; on a
// bind conflict it begins again with other addresses.
func (s *Street) settle(ctx context.Context, sv server) ([]Case, error) {
	var last error
	for range 5 {
		b := &block{street: s, server: sv.name, port: randomPort(), dir: s.path(fmt.Sprintf("%s-%d", sv.name, s.next()))}
		if err := os.MkdirAll(b.dir, 0o755); err != nil {
			return nil, err
		}
		err := sv.build(b)
		if err == nil {
			err = b.run(ctx)
		}
		if err == nil {
			out := make([]Case, len(b.cases))
			for i, c := range b.cases {
				out[i] = b.settled(*c)
			}
			return out, nil
		}
		b.stop()
		last = err
		if !errors.Is(err, errConflict) {
			return nil, err
		}
	}
	return nil, last
}

// Close ends every process of the street and removes its files.
func (s *Street) Close() {
	s.mu.Lock()
	procs, closers := s.procs, s.closers
	s.procs, s.closers = nil, nil
	s.mu.Unlock()
	for _, p := range procs {
		p.kill()
	}
	for _, c := range closers {
		c()
	}
	if s.app != nil {
		s.app.close()
	}
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

func (s *Street) path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}

func (s *Street) next() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	return s.serial
}

// block is one server's part of the street while it is being built.
type block struct {
	street *Street
	server string
	dir    string
	port   int
	cases  []*Case
	procs  []*process
	// listens are the addresses that must accept before the server counts as up.
	listens []string
	closers []func()
}

// house lays out a case: its own address, its own name.
func (b *block) house(posture string, e expectation) *Case {
	n := b.street.next()
	c := &Case{
		Name: b.server + "/" + posture, Server: b.server, Posture: posture,
		Hostname: fmt.Sprintf("app%d.example.com", n), Sibling: fmt.Sprintf("shop%d.example.com", n),
		Address: b.addr(), Port: b.port, Control: "client",
		Truth: e.truth, With: e.with, Without: e.without, Bypass: e.bypass, Ambiguous: e.ambiguous,
		Marker: Marker, Legit: e.legit, Ways: e.ways, Refused: []Way{{}, {TLS: "1.2"}},
	}
	if e.bypass == "path" {
		c.Paths = []string{"/open/"}
	}
	if e.bypass == "other-port" {
		c.Ports = []int{b.street.AltPort}
	}
	if b.street.PlainPort != 80 {
		c.Ports = append(c.Ports, b.street.PlainPort)
	}
	c.Held = strings.HasPrefix(b.server, "held-")
	b.cases = append(b.cases, c)
	return c
}

// settled fills in what the ways of a case leave to its place.
func (b *block) settled(c Case) Case {
	ways := make([]Way, len(c.Ways))
	for i, w := range c.Ways {
		for _, name := range []*string{&w.SNI, &w.Host, &w.SessionSNI, &w.SessionHost} {
			*name = strings.NewReplacer("@SIBLING@", c.Sibling, "@HOST@", c.Hostname).Replace(*name)
		}
		switch {
		case w.Plain && w.Port == 0:
			w.Port = b.street.PlainPort
		case w.Port == -1:
			w.Port = b.street.AltPort
		}
		ways[i] = w
	}
	c.Ways = ways
	return c
}

// addr is a loopback address that nothing else of this street has.
func (b *block) addr() string {
	n := b.street.next()
	return fmt.Sprintf("127.%d.%d.%d", 64+seed%180, n/250, 2+n%250)
}

// seed keeps the addresses of two streets on one machine apart.
var seed = randomInt(1 << 20)

func randomInt(n int64) int64 {
	v, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		panic(err) // crypto/rand does not fail on a working system
	}
	return v.Int64()
}

// randomPort is below the ephemeral range, where no outgoing connection sits.
func randomPort() int { return 20000 + int(randomInt(12000)) }

// expand fills in a configuration: @TLS@ is the case's address and port, @PLAIN@
// and @ALT@ the other ports at that address, and so on; it notes what will listen.
func (b *block) expand(conf string, c *Case) string {
	s := b.street
	ports := map[string]int{"@TLS@": c.Port, "@PLAIN@": s.PlainPort, "@ALT@": s.AltPort}
	for mark, port := range ports {
		if strings.Contains(conf, mark) {
			b.listens = append(b.listens, net.JoinHostPort(c.Address, strconv.Itoa(port)))
		}
	}
	p := s.PKI
	return strings.NewReplacer(
		"@TLS@", net.JoinHostPort(c.Address, strconv.Itoa(c.Port)),
		"@PLAIN@", net.JoinHostPort(c.Address, strconv.Itoa(s.PlainPort)),
		"@ALT@", net.JoinHostPort(c.Address, strconv.Itoa(s.AltPort)),
		"@ADDR@", c.Address, "@PORT@", strconv.Itoa(c.Port), "@PLAINPORT@", strconv.Itoa(s.PlainPort), "@ALTPORT@", strconv.Itoa(s.AltPort),
		"@HOST@", c.Hostname, "@SIBLING@", c.Sibling,
		"@CERT@", p.file("server.pem"), "@CHAIN@", p.file("server-chain.pem"), "@KEY@", p.file("server.key"), "@PEM@", p.file("server-both.pem"),
		"@RSACERT@", p.file("server-rsa.pem"), "@RSAKEY@", p.file("server-rsa.key"), "@RSAPEM@", p.file("server-rsa-both.pem"),
		"@CA@", p.file("client-ca.pem"), "@OTHERCA@", p.file("other-ca.pem"),
		"@WWW@", s.path("www", "app"), "@OTHERWWW@", s.path("www", "other"),
		"@APP@", s.app.addr, "@OTHERAPP@", s.app.otherAddr, "@DENYAPP@", s.app.denyAddr,
		"@DIR@", b.dir, "@ISSUER@", cloudflareCN,
	).Replace(conf)
}

// write puts a file into the block's directory.
func (b *block) write(name, content string) (string, error) {
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, []byte(content), 0o644)
}

// run starts the block's processes and waits until everything accepts.
func (b *block) run(ctx context.Context) error {
	for _, p := range b.procs {
		if err := p.start(); err != nil {
			return err
		}
		b.street.mu.Lock()
		b.street.procs = append(b.street.procs, p)
		b.street.mu.Unlock()
	}
	b.street.mu.Lock()
	b.street.closers = append(b.street.closers, b.closers...)
	b.street.mu.Unlock()
	b.closers = nil
	return waitFor(ctx, b.procs, b.listens)
}

func (b *block) stop() {
	for _, p := range b.procs {
		p.kill()
	}
	for _, c := range b.closers {
		c()
	}
}

// lacks returns why the needed programs are not all there, or "".
func lacks(needs []string) string {
	for _, n := range needs {
		if program(n) == "" {
			return n + " is not installed"
		}
	}
	return ""
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
