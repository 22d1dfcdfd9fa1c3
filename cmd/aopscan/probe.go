package main

import (
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
certificate answered? It needs no token and asks nothing of Cloudflare's API.

HOST is the name that visitors use; ADDR is the origin's address. Without ADDR the
name is resolved, and an address of Cloudflare's own is not taken for an origin.
The other hosts of the same call are tried as neighbours on the same socket.

A file of --targets holds one host per line; blank lines and what follows a # are
passed over.`,
		Example: `  aopscan probe app.example.com=203.0.113.10
  aopscan probe app.example.com=127.0.0.1:8443 --allow-address 127.0.0.0/8 -o json
  aopscan probe --targets hosts.txt -o jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.applyConfig(cmd, config)
			if err != nil {
				return err
			}
			texts := make([]targetText, len(args))
			for i, arg := range args {
				texts[i].text = arg
			}
			if targets != "" {
				more, err := a.readTargets(targets)
				if err != nil {
					return err
				}
				texts = append(texts, more...)
			}
			if len(texts) == 0 {
				return usageError("give hosts as HOST[:PORT][=ADDR[:PORT]], or a file of them with --targets FILE", "reading arguments: no host to probe")
			}
			hosts, err := parseTargets(texts)
			if err != nil {
				return err
			}
			o, err := p.options(a)
			if err != nil {
				return err
			}
			j, err := a.newJudge(&r, cfg)
			if err != nil {
				return err
			}
			scope := evidence.Scope{ConfigFile: cfg.path}
			for _, t := range texts {
				scope.Targets = append(scope.Targets, t.text)
			}
			ev := &evidence.Evidence{
				SchemaVersion: evidence.SchemaVersion,
				Tool:          toolInfo(),
				StartedAt:     a.now().UTC(),
				Scope:         scope,
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
