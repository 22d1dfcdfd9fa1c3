package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/aopscan/aopscan/checks"
	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/internal/inventory"
	"github.com/aopscan/aopscan/probe"
	"github.com/aopscan/aopscan/report"
)

// scanFlags are the flags of `aopscan scan`.
type scanFlags struct {
	probe  probeFlags
	report reportFlags

	config          string
	zones, accounts []string
	origins         []string
	apiURL          string
	tokenFile       string
	evidenceFile    string
	noProbe         bool
	plan            bool
	apiBudget       int
	apiRate         int
}

func newScanCmd(a *app) *cobra.Command {
	var s scanFlags
	cmd := &cobra.Command{
		Use:   "scan",
		Short: "Read what Cloudflare is told to do, probe the origins, judge and report",
		Long: `Scan reads the zones from the Cloudflare API (it can only read), tries every origin
directly without Cloudflare's client certificate, judges both together and reports.

The API token comes from CLOUDFLARE_API_TOKEN, from CLOUDFLARE_API_KEY with
CLOUDFLARE_EMAIL, or from --token-file. With neither --zone nor --account, every
zone that the token can read is scanned.`,
		Example: `  aopscan scan --zone example.com
  aopscan scan -o table -o json=report.json -o sarif=aopscan.sarif
  aopscan scan --no-probe                        # the inventory alone
  aopscan scan --save-evidence evidence.json     # keep what was seen ...
  aopscan scan --evidence evidence.json -o html=report.html   # ... and judge it again, offline`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runScan(cmd, &s) },
	}
	f := cmd.Flags()
	f.StringVar(&s.config, "config", "", "configuration `FILE` (default: aopscan.yaml, where there is one)")
	f.StringSliceVar(&s.zones, "zone", nil, "scan this zone, `NAME` or ID (repeatable)")
	f.StringSliceVar(&s.accounts, "account", nil, "scan the zones of this account `ID` (repeatable)")
	f.StringArrayVar(&s.origins, "origin", nil, "an origin that Cloudflare's configuration does not name, as `HOST=ADDR[:PORT]` (repeatable)")
	f.StringVar(&s.apiURL, "api-url", "", "Cloudflare API address (default: CLOUDFLARE_BASE_URL, else Cloudflare's)")
	f.StringVar(&s.tokenFile, "token-file", "", "read the API token from this `FILE`")
	f.StringVar(&s.evidenceFile, "evidence", "", "judge this saved evidence `FILE`; nothing is asked or probed")
	f.BoolVar(&s.noProbe, "no-probe", false, "do not contact any origin: the configuration alone")
	f.BoolVar(&s.plan, "plan", false, "print how many API requests and probes the scan will cost, and stop")
	f.IntVar(&s.apiBudget, "api-budget", 1200, "API requests per five minutes that may be spent, at once if need be")
	f.IntVar(&s.apiRate, "api-rate", 200, "API requests per second at the most")
	s.probe.register(f)
	s.report.register(cmd)
	return cmd
}

// noArgs refuses arguments with a hint: zones are given by flag.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := fmt.Sprintf("for an origin alone use 'aopscan probe %s'", args[0])
	if cmd.Flags().Lookup("zone") != nil {
		hint = fmt.Sprintf("zones are given as --zone %s; ", args[0]) + hint
	}
	return usageError(hint,
		"reading arguments: %q is not expected", args[0])
}

func (a *app) runScan(cmd *cobra.Command, s *scanFlags) error {
	switch {
	case s.evidenceFile != "" && s.plan:
		return usageError("saved evidence is judged without API requests or probes: there is nothing to plan", "reading options: --evidence and --plan do not go together")
	case s.evidenceFile != "" && s.report.saveEvidence != "":
		return usageError("judging evidence adds nothing to it; copy the file", "reading options: --evidence and --save-evidence do not go together")
	}
	cfg, err := a.applyConfig(cmd, s.config)
	if err != nil {
		return err
	}
	j, err := a.newJudge(&s.report, cfg)
	if err != nil {
		return err
	}
	if s.evidenceFile != "" {
		// What would choose what to gather would be passed over.
		for _, name := range []string{"zone", "account", "origin", "no-probe", "plan", "save-evidence", "token-file", "api-url"} {
			if cmd.Flags().Changed(name) {
				return usageError("--evidence judges all that the file holds; leave the other flag out", "reading flags: --evidence and --%s do not go together", name)
			}
		}
		ev, err := evidence.Load(s.evidenceFile)
		if err != nil {
			return &exitError{code: exitUsage, err: err}
		}
		return j.judge(ev)
	}

	popts, err := s.probe.options(a)
	if err != nil {
		return err
	}
	iopts, err := a.inventoryOptions(s)
	if err != nil {
		return err
	}
	if s.plan {
		return a.printPlan(cmd.Context(), s, iopts, popts)
	}
	ev, err := a.collect(cmd.Context(), s, iopts, popts, j)
	if err != nil {
		return err
	}
	return j.judge(ev)
}

// inventoryOptions turns flags and environment into what package inventory takes.
func (a *app) inventoryOptions(s *scanFlags) (inventory.Options, error) {
	o := inventory.Options{
		BaseURL:   s.apiURL,
		Zones:     s.zones,
		Accounts:  s.accounts,
		Resolver:  s.probe.resolver,
		Limits:    inventory.Limits{Requests: s.apiBudget, PerSecond: s.apiRate},
		Tool:      toolInfo(),
		Logger:    a.log,
		UserAgent: userAgent(),
	}
	if o.BaseURL == "" {
		o.BaseURL = a.env("CLOUDFLARE_BASE_URL")
	}
	if s.apiBudget < 1 || s.apiRate < 1 {
		return o, usageError("", "reading --api-budget and --api-rate: both must be more than zero")
	}
	for _, text := range s.origins {
		eo, err := inventory.ParseExtraOrigin(text)
		if err != nil {
			return o, &exitError{code: exitUsage, err: fmt.Errorf("reading --origin: %w", err)}
		}
		o.ExtraOrigins = append(o.ExtraOrigins, eo)
	}
	var err error
	o.Credentials, err = a.credentials(s.tokenFile)
	return o, err
}

// collect reads the configuration and probes the origins. An interrupt is not
// an error: what was gathered by then is returned and says so.
func (a *app) collect(ctx context.Context, s *scanFlags, iopts inventory.Options, popts probe.Options, j *judge) (*evidence.Evidence, error) {
	progress := newProgress(a, true)
	iopts.Progress = progress.inventory
	ev, err := inventory.Collect(ctx, iopts)
	progress.finish()
	if err != nil {
		return nil, inventoryError(err)
	}
	if !s.noProbe {
		targets := probe.Plan(ev, popts)
		if err := a.probe(ctx, ev, targets, popts, j); err != nil {
			return nil, err
		}
	}
	ev.CollectedAt = a.now().UTC()
	j.save(ev)
	return ev, nil
}

// inventoryError is why nothing could be read: the user's options, or the API.
func inventoryError(err error) error {
	var bad *inventory.OptionError
	if errors.As(err, &bad) {
		return &exitError{code: exitUsage, err: fmt.Errorf("reading options: %w", err)}
	}
	return &exitError{code: exitNothing, err: fmt.Errorf("reading zones: %w", err)}
}

// probe runs the targets and puts what they did into the evidence. Reports that
// are written origin by origin get each as soon as it is finished.
func (a *app) probe(ctx context.Context, ev *evidence.Evidence, targets []probe.Target, o probe.Options, j *judge) error {
	j.stream = report.NewStream(j.outputs, a.stdout)
	if j.stream != nil {
		bench := checks.NewBench(ev)
		o.OnEndpoint = func(ep evidence.Endpoint, edge *evidence.Edge) {
			j.stream.Origin(report.OriginOf(bench.Origin(ep, edge)))
		}
	}
	// Lines and a bar on one terminal would run into each other.
	progress := newProgress(a, j.stream == nil || !isTerminal(a.stdout))
	o.Progress = progress.probing
	a.log.Info("probing", "origins", len(targets), "concurrency", o.Concurrency)
	endpoints, edges, err := probe.Run(ctx, targets, o)
	progress.finish()
	ev.ProbeOptions = o.Record()
	ev.Endpoints, ev.Edges = endpoints, edges
	switch {
	case err == nil:
	case ctx.Err() != nil:
		ev.Problems = append(ev.Problems, interrupted())
	default:
		return &exitError{code: exitNothing, err: fmt.Errorf("probing: %w", err)}
	}
	return nil
}

func interrupted() evidence.Problem {
	return evidence.Problem{What: "scanning", Cause: "interrupted", Hint: "run it again; what is listed here was seen before the interrupt", Interrupted: true}
}

// printPlan says what a scan would cost before it is spent.
func (a *app) printPlan(ctx context.Context, s *scanFlags, iopts inventory.Options, popts probe.Options) error {
	cost, ev, err := inventory.PlanCost(ctx, iopts)
	if err != nil {
		return inventoryError(err)
	}
	fmt.Fprintf(a.stdout, "zones: %d (accounts: %d)\nAPI requests: about %d of %d allowed in %s (finding this out took %d)\n",
		cost.Zones, cost.Accounts, cost.Requests, cost.Allowance, cost.Window, cost.Spent)
	if cost.Waiting > 0 {
		fmt.Fprintf(a.stdout, "waiting: about %s, because it needs more than the allowance\n", cost.Waiting)
	}
	switch {
	case s.noProbe:
		fmt.Fprintln(a.stdout, "probes: none (--no-probe)")
	case cost.Origins < 0:
		fmt.Fprintf(a.stdout, "probes: not counted, there are too many zones; at most %d connections per origin\n", probe.MaxConnections(popts))
	default:
		fmt.Fprintf(a.stdout, "probes: %d origins, at most %d connections each, %d origins at once\n",
			len(probe.Plan(ev, popts)), probe.MaxConnections(popts), popts.Concurrency)
	}
	return nil
}
