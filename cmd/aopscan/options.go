package main

import (
	"bufio"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/inventory"
	"github.com/aopscan/aopscan/probe"
	"github.com/aopscan/aopscan/report"
)

// probeFlags are the flags of every command that probes.
type probeFlags struct {
	attempts        []string
	allowAddresses  []string
	ports           []int
	paths           []string
	otherNames      []string
	clientCert      string
	clientKey       string
	timeout         time.Duration
	endpointTimeout time.Duration
	concurrency     int
	perAddress      int
	edgeAddress     string
	resolver        string
}

func (p *probeFlags) register(f *pflag.FlagSet) {
	f.StringSliceVar(&p.attempts, "attempts", []string{"standard"}, "attempts to make: quick, standard, all, or names such as no-certificate,other-sni")
	f.StringSliceVar(&p.allowAddresses, "allow-address", nil, "also dial addresses in this `CIDR` (loopback and private ranges are refused otherwise; repeatable)")
	f.IntSliceVar(&p.ports, "port", nil, "also try this `port` of every origin (repeatable)")
	f.StringSliceVar(&p.paths, "path", nil, "also ask for this `path` (repeatable)")
	f.StringSliceVar(&p.otherNames, "other-name", nil, "another host `name` that may live on the same addresses (repeatable)")
	f.StringVar(&p.clientCert, "client-cert", "", "your own client certificate, PEM `file`: the positive control")
	f.StringVar(&p.clientKey, "client-key", "", "its private key, PEM `file`")
	f.DurationVar(&p.timeout, "timeout", 10*time.Second, "the longest that one attempt may take")
	f.DurationVar(&p.endpointTimeout, "endpoint-timeout", 60*time.Second, "the longest that all attempts at one origin may take")
	f.IntVar(&p.concurrency, "concurrency", 64, "origins probed at once")
	f.IntVar(&p.perAddress, "per-address", 2, "attempts at once against one address")
	f.StringVar(&p.edgeAddress, "edge-address", "", "where the edge control connects instead of the hostname's own addresses, as `ADDR[:PORT]`")
	f.StringVar(&p.resolver, "resolver", "", "DNS server to ask, as `ADDR[:PORT]` (default: the system's)")
}

// options turns the flags into what package probe takes.
func (p *probeFlags) options(a *app) (probe.Options, error) {
	o := probe.Options{
		Attempts:        p.attempts,
		Ports:           p.ports,
		Paths:           p.paths,
		SiblingNames:    p.otherNames,
		AttemptTimeout:  p.timeout,
		EndpointTimeout: p.endpointTimeout,
		Concurrency:     p.concurrency,
		PerAddress:      p.perAddress,
		EdgeAddress:     p.edgeAddress,
		Resolver:        p.resolver,
		UserAgent:       userAgent(),
		Logger:          a.log,
		Now:             time.Now,
	}
	for _, s := range p.allowAddresses {
		prefix, err := parsePrefix(s)
		if err != nil {
			return o, usageError("use an address range such as 127.0.0.0/8 or 10.1.2.3/32", "reading --allow-address: %q is not a CIDR", s)
		}
		o.AllowAddresses = append(o.AllowAddresses, prefix)
	}
	for _, port := range p.ports {
		if port < 1 || port > 65535 {
			return o, usageError("ports are 1 to 65535", "reading --port: %d is not a port", port)
		}
	}
	for _, path := range p.paths {
		if !strings.HasPrefix(path, "/") {
			return o, usageError("write it as /"+path, "reading --path: %q does not begin with a slash", path)
		}
	}
	for _, c := range []struct {
		flag string
		bad  bool
	}{
		{"--timeout", p.timeout <= 0}, {"--endpoint-timeout", p.endpointTimeout <= 0},
		{"--concurrency", p.concurrency < 1}, {"--per-address", p.perAddress < 1},
	} {
		if c.bad {
			return o, usageError("", "reading %s: it must be more than zero", c.flag)
		}
	}
	if err := probe.CheckAttempts(p.attempts); err != nil {
		return o, &exitError{code: exitUsage, err: fmt.Errorf("reading --attempts: %w", err)}
	}
	if (p.clientCert == "") != (p.clientKey == "") {
		return o, usageError("give both, or neither", "reading the positive control: --client-cert and --client-key belong together")
	}
	if p.clientCert != "" {
		cert, err := tls.LoadX509KeyPair(p.clientCert, p.clientKey)
		if err != nil {
			return o, usageError("both are PEM files, the key without a password; the key must belong to the certificate",
				"reading the positive control from %s and %s: %w", p.clientCert, p.clientKey, err)
		}
		o.ClientCert = &cert
	}
	return o, nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, err
	}
	return p.Masked(), nil
}

// reportFlags are the flags of every command that reports.
type reportFlags struct {
	outputs           []string
	failOn            string
	allowInconclusive bool
	only, skip        []string
	baseline          string
	saveEvidence      string
	control           string
	sarifCategory     string
	waiverSnippets    bool
	color             string
}

func (r *reportFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVarP(&r.outputs, "output", "o", nil, "report as `FORMAT[=PATH]`: "+strings.Join(report.Formats(), ", ")+" (repeatable; default table)")
	f.StringVar(&r.failOn, "fail-on", string(checks.Medium), "lowest `severity` that makes the exit code 1: critical, high, medium, low, info")
	f.BoolVar(&r.allowInconclusive, "allow-inconclusive", false, "exit 0, not 4, when nothing failed and something could not be verified")
	f.StringSliceVar(&r.only, "check", nil, "judge only this check `ID` (repeatable)")
	f.StringSliceVar(&r.skip, "skip", nil, "leave this check `ID` out (repeatable)")
	f.StringVar(&r.baseline, "baseline", "", "judge only what is new against this JSON report `FILE`")
	f.StringVar(&r.saveEvidence, "save-evidence", "", "write all that was read and seen to this `FILE`, to be judged again with --evidence")
	f.StringVar(&r.control, "control", "", "group the report by the controls of this `FRAMEWORK`")
	f.StringVar(&r.sarifCategory, "sarif-category", "", "category of the SARIF run (default: from the scope)")
	f.BoolVar(&r.waiverSnippets, "waiver-snippets", false, "print a paste-ready waiver under every failing result")
	_ = cmd.RegisterFlagCompletionFunc("output", completeOutput)
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]string{"critical", "high", "medium", "low", "info"}, cobra.ShellCompDirectiveNoFileComp))
	for _, name := range []string{"check", "skip"} {
		_ = cmd.RegisterFlagCompletionFunc(name, completeChecks)
	}
	if f.Lookup("attempts") != nil { // the commands that probe
		_ = cmd.RegisterFlagCompletionFunc("attempts", func(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return listed(word, probe.AttemptNames()), cobra.ShellCompDirectiveNoFileComp
		})
	}
	// What is no file is not completed with the files of the folder.
	for _, name := range []string{"zone", "account", "origin", "api-url", "api-budget", "api-rate", "allow-address", "port", "path", "other-name", "timeout",
		"endpoint-timeout", "concurrency", "per-address", "edge-address", "resolver", "sarif-category"} {
		if f.Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
		}
	}
	_ = cmd.RegisterFlagCompletionFunc("control", cobra.FixedCompletions(report.Frameworks(), cobra.ShellCompDirectiveNoFileComp))
}

func completeChecks(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var out []cobra.Completion
	done := word[:strings.LastIndex(word, ",")+1]
	for _, c := range checks.All() {
		out = append(out, cobra.CompletionWithDesc(done+c.ID, c.Title))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// listed puts what is before the last comma of the word in front of the values of a
// flag that takes several.
func listed(word string, values []string) []cobra.Completion {
	done := word[:strings.LastIndex(word, ",")+1]
	out := make([]cobra.Completion, 0, len(values))
	for _, v := range values {
		out = append(out, done+v)
	}
	return out
}

// completeOutput completes FORMAT, and the file of FORMAT=PATH, which shells do not
// see as one.
func completeOutput(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const more = cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	format, path, hasPath := strings.Cut(word, "=")
	if !hasPath {
		return report.Formats(), more
	}
	dir, start := filepath.Split(path)
	entries, err := os.ReadDir(cmp.Or(dir, "."))
	if err != nil {
		return nil, more
	}
	var out []cobra.Completion
	for _, e := range entries {
		switch name := e.Name(); {
		case !strings.HasPrefix(name, start) || strings.HasPrefix(name, ".") && start == "":
		case e.IsDir():
			out = append(out, format+"="+dir+name+"/")
		default:
			out = append(out, format+"="+dir+name)
		}
	}
	return out, more
}

// credentials reads the API credentials from the environment or a file. They
// are never flags: a flag is in the shell's history and in the process list.
func (a *app) credentials(tokenFile string) (inventory.Credentials, error) {
	const hint = "set CLOUDFLARE_API_TOKEN, or CLOUDFLARE_API_KEY with CLOUDFLARE_EMAIL, or give --token-file; 'aopscan doctor' prints the permissions the token needs"
	var c inventory.Credentials
	if tokenFile != "" {
		f, err := os.Open(tokenFile)
		if err != nil {
			if looksLikeToken(tokenFile) {
				return c, usageError("give the path of a file; a token goes into CLOUDFLARE_API_TOKEN", "reading --token-file: there is no such file, and what was given looks like a token")
			}
			return c, usageError("", "reading --token-file: %w", err)
		}
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(f, 4096))
		if err != nil {
			return c, usageError("", "reading --token-file: %w", err)
		}
		c.Token = inventory.Secret(strings.TrimSpace(string(b)))
		if c.Token == "" {
			return c, usageError("the file holds the token alone, on one line", "reading --token-file: %s is empty", tokenFile)
		}
		return c, nil
	}
	c.Token = inventory.Secret(a.env("CLOUDFLARE_API_TOKEN"))
	if c.Token != "" {
		return c, nil
	}
	c.Key, c.Email = inventory.Secret(a.env("CLOUDFLARE_API_KEY")), a.env("CLOUDFLARE_EMAIL")
	switch {
	case c.Key != "" && c.Email != "":
		return c, nil
	case c.Key != "":
		return c, &exitError{code: exitNothing, err: errors.New("reading credentials: CLOUDFLARE_API_KEY is set without CLOUDFLARE_EMAIL"), hint: hint}
	}
	return c, &exitError{code: exitNothing, err: errors.New("reading credentials: no Cloudflare API token"), hint: hint}
}

// looksLikeToken reports whether a file's name that is none may be the token
// itself, so that nobody prints it.
func looksLikeToken(s string) bool {
	return len(s) >= 30 && !strings.ContainsAny(s, `./\ `)
}

// targetText is one host to probe as it was given; where names the line of the
// file it stands in, and is empty for an argument.
type targetText struct{ text, where string }

// readTargets reads one host per line; blank lines and what follows a # are
// passed over. "-" is standard input.
func (a *app) readTargets(path string) ([]targetText, error) {
	var r io.Reader = a.stdin
	name := "standard input"
	if path != "-" {
		name = path
		f, err := os.Open(path)
		if err != nil {
			return nil, usageError("", "reading --targets: %w", err)
		}
		defer f.Close()
		r = f
	}
	var out []targetText
	sc := bufio.NewScanner(r)
	line := 0
	for sc.Scan() {
		line++
		text := sc.Text()
		if line == 1 {
			text = strings.TrimPrefix(text, "\ufeff") // as some editors begin a file
		}
		text, _, _ = strings.Cut(text, "#") // no host has one
		if text = strings.TrimSpace(text); text != "" {
			out = append(out, targetText{text, fmt.Sprintf("%s:%d: ", name, line)})
		}
	}
	switch err := sc.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, usageError("the file holds one host per line", "reading --targets: %s:%d: the line is too long", name, line+1)
	case err != nil:
		return nil, usageError("", "reading --targets: %w", err)
	case len(out) == 0:
		return nil, usageError("write one host per line, as HOST[:PORT][=ADDR[:PORT]]", "reading --targets: %s names no host", name)
	}
	return out, nil
}

// maxBadTargets bounds how many bad targets are spelt out.
const maxBadTargets = 20

// parseTargets reads the hosts to probe, or says of each that cannot be read why.
func parseTargets(texts []targetText) ([]probe.Host, error) {
	var (
		hosts []probe.Host
		bad   []error
		hint  string
	)
	for _, t := range texts {
		h, err := probe.ParseTarget(t.text)
		if err == nil {
			hosts = append(hosts, h)
			continue
		}
		var te *probe.TargetError
		if hint == "" && errors.As(err, &te) {
			hint = te.Hint()
		}
		bad = append(bad, fmt.Errorf("%s%w", t.where, err))
	}
	if n := len(bad); n > maxBadTargets {
		bad = append(bad[:maxBadTargets], fmt.Errorf("and %d more", n-maxBadTargets))
	}
	if len(bad) > 0 {
		return nil, usageError(hint, "reading targets: %w", errors.Join(bad...))
	}
	return hosts, nil
}
