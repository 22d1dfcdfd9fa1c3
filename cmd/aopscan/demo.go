package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aopscan/aopscan/internal/lab"
)

func newDemoCmd(a *app) *cobra.Command {
	var (
		r     reportFlags
		serve bool
	)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a real scan against a built-in lab: no account, no network",
		Long: `Demo starts a Cloudflare API and a street of origins on loopback, each with its own
posture, and runs the real scan against them: the same client, the same sockets, the
same judgement. It exits 1, because the lab has failures by design.

With --serve the lab stays up and the environment is printed with which 'aopscan scan'
can be run against it by hand.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := lab.Start(cmd.Context(), lab.Options{})
			if err != nil {
				return &exitError{code: exitNothing, err: fmt.Errorf("starting the lab: %w", err),
					hint: "the lab listens on loopback addresses; a sandbox without loopback cannot run it"}
			}
			defer l.Close()
			if serve {
				return a.serveLab(cmd, l)
			}
			if !a.quiet {
				fmt.Fprintf(a.stderr, "demo: %d zones and their origins on loopback; the failures below are there by design\n", len(l.Zones))
			}
			s := demoScan(l)
			s.report = r
			// The lab's token goes the way of every token: through the environment.
			demo := *a
			demo.env = func(key string) string {
				switch key {
				case "CLOUDFLARE_API_TOKEN":
					return l.Token
				case "CLOUDFLARE_BASE_URL":
					return l.APIURL
				}
				return a.env(key)
			}
			return demo.scanLab(cmd, s)
		},
	}
	cmd.Flags().BoolVar(&serve, "serve", false, "keep the lab up and print how to scan it by hand")
	r.register(cmd)
	return cmd
}

// demoScan is the scan of the lab: what a user would type, as flags.
func demoScan(l *lab.Lab) *scanFlags {
	s := &scanFlags{apiBudget: 1200, apiRate: 200}
	s.probe.register(pflag.NewFlagSet("demo", pflag.ContinueOnError)) // the defaults
	s.probe.allowAddresses = []string{l.AllowCIDR}
	s.probe.resolver = l.ResolverAddress
	s.probe.edgeAddress = l.EdgeAddress
	s.probe.ports = l.Ports
	return s
}

// scanLab is runScan without a configuration file: the demo is the same
// wherever it is started.
func (a *app) scanLab(cmd *cobra.Command, s *scanFlags) error {
	cfg, err := a.defaultConfiguration()
	if err != nil {
		return err
	}
	j, err := a.newJudge(&s.report, cfg)
	if err != nil {
		return err
	}
	popts, err := s.probe.options(a)
	if err != nil {
		return err
	}
	iopts, err := a.inventoryOptions(s)
	if err != nil {
		return err
	}
	ev, err := a.collect(cmd.Context(), s, iopts, popts, j)
	if err != nil {
		return err
	}
	err = j.judge(ev)
	var ee *exitError
	if !a.quiet && errors.As(err, &ee) && ee.code == exitFailed {
		fmt.Fprintln(a.stderr, "demo: exit code 1, as a CI job would see it: the lab's failures are there by design")
	}
	return err
}

// serveLab keeps the lab up until it is interrupted.
func (a *app) serveLab(cmd *cobra.Command, l *lab.Lab) error {
	if err := a.print(fmt.Sprintf(`# in another terminal:
export CLOUDFLARE_BASE_URL=%s
export CLOUDFLARE_API_TOKEN=%s
%s scan --allow-address %s --resolver %s --edge-address %s%s
`, l.APIURL, l.Token, programName(), l.AllowCIDR, l.ResolverAddress, l.EdgeAddress, portFlags(l.Ports))); err != nil {
		return err
	}
	fmt.Fprintln(a.stderr, "demo: the lab is up; stop it with Ctrl-C")
	<-cmd.Context().Done()
	return nil
}

// programName is how this program was called, so that what is printed can be
// typed.
func programName() string {
	name := os.Args[0]
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_-") != "" {
		return "aopscan"
	}
	return name
}

func portFlags(ports []int) string {
	s := ""
	for _, p := range ports {
		s += fmt.Sprintf(" --port %d", p)
	}
	return s
}
