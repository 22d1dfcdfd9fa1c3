package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/aopscan/aopscan/internal/evidence"
	"github.com/aopscan/aopscan/probe"
)

func newProbeCmd(a *app) *cobra.Command {
	var (
		p       probeFlags
		r       reportFlags
		config  string
		targets string
	)
	cmd := &cobra.Command{
		Use:   "probe HOST[:PORT][=ADDR[:PORT]] ...",
		Short: "Ask origins alone: do they refuse without Cloudflare's certificate? (no API, no token)",
		Long: `Probe asks the origin question alone: is a request without Cloudflare's client
certificate answered? It needs no token and reads no configuration.

HOST is the name that visitors use; ADDR is the origin's address. Without ADDR the
name is resolved, and an address of Cloudflare's own is not taken for an origin.
The other hosts of the same call are tried as neighbours on the same socket.`,
		Example: `  aopscan probe app.example.com=203.0.113.10
  aopscan probe app.example.com=127.0.0.1:8443 --allow-address 127.0.0.0/8 -o json
  aopscan probe --targets hosts.txt -o jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.applyConfig(cmd, config)
			if err != nil {
				return err
			}
			if targets != "" {
				more, err := a.readTargets(targets)
				if err != nil {
					return err
				}
				args = append(args, more...)
			}
			if len(args) == 0 {
				return usageError("give hosts as HOST[:PORT][=ADDR[:PORT]], or a file of them with --targets FILE", "reading arguments: no host to probe")
			}
			hosts := make([]probe.Host, 0, len(args))
			var bad []error
			for _, arg := range args {
				h, err := probe.ParseTarget(arg)
				if err != nil {
					bad = append(bad, err)
					continue
				}
				hosts = append(hosts, h)
			}
			if len(bad) > 0 {
				return usageError("write it as HOST[:PORT][=ADDR[:PORT]], for example app.example.com=203.0.113.10:8443", "reading targets: %w", errors.Join(bad...))
			}
			o, err := p.options(a)
			if err != nil {
				return err
			}
			j, err := a.newJudge(&r, cfg)
			if err != nil {
				return err
			}
			ev := &evidence.Evidence{
				SchemaVersion: evidence.SchemaVersion,
				Tool:          toolInfo(),
				StartedAt:     a.now().UTC(),
				Scope:         evidence.Scope{Targets: args, ConfigFile: cfg.path},
			}
			if err := a.probe(cmd.Context(), ev, probe.PlanHosts(hosts, o), o, j); err != nil {
				return err
			}
			ev.CollectedAt = a.now().UTC()
			j.save(ev)
			return j.judge(ev)
		},
	}
	f := cmd.Flags()
	f.StringVar(&targets, "targets", "", "read hosts from this `FILE`, one per line (- is standard input)")
	f.StringVar(&config, "config", "", "configuration `FILE` (default: aopscan.yaml, where there is one)")
	p.register(f)
	r.register(cmd)
	return cmd
}
