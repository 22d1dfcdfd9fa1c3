package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aopscan/aopscan/internal/config"
	"github.com/aopscan/aopscan/internal/inventory"
	"github.com/aopscan/aopscan/internal/sanitize"
)

func newDoctorCmd(a *app) *cobra.Command {
	var (
		s      scanFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check token, permissions, API, DNS, IPv6 and clock before a scan",
		Long: `Doctor checks what a scan needs: the token and its permissions section by section,
that the API answers, DNS, IPv6, the clock and the address that origins will see. It
prints the least permissions a token needs, with a link that prefills them.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := config.CheckFlags(cmd.Flags()); err != nil {
				return &exitError{code: exitUsage, err: err}
			}
			iopts, err := a.inventoryOptions(&s)
			if err != nil {
				// Without a token the doctor still says which one to make.
				if !asJSON {
					a.printPermissions()
				}
				return err
			}
			findings := inventory.Doctor(cmd.Context(), iopts)
			if err := a.printFindings(findings, asJSON); err != nil {
				return &exitError{code: exitNothing, err: err}
			}
			if !asJSON {
				a.printPermissions()
			}
			return doctorExit(findings)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&s.zones, "zone", nil, "check the permissions on this zone, `NAME` or ID (repeatable)")
	f.StringSliceVar(&s.accounts, "account", nil, "check the permissions on this account `ID` (repeatable)")
	f.StringVar(&s.apiURL, "api-url", "", "Cloudflare API address (default: CLOUDFLARE_BASE_URL, else Cloudflare's)")
	f.StringVar(&s.tokenFile, "token-file", "", "read the API token from this `FILE`")
	f.StringVar(&s.probe.resolver, "resolver", "", "DNS server to ask, as `ADDR[:PORT]` (default: the system's)")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	s.apiBudget, s.apiRate = 1200, 200
	return cmd
}

func (a *app) printFindings(findings []inventory.Finding, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(a.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(findings)
	}
	for _, f := range findings {
		name, detail := sanitize.Text(f.Name, 100), sanitize.Text(f.Detail, 400)
		if p, ok := strings.CutPrefix(name, "permission: "); ok {
			name, detail = "permission", p+": "+detail
		}
		if _, err := fmt.Fprintf(a.stdout, "%-6s %-12s %s\n", f.Status, name, detail); err != nil {
			return err
		}
		if f.Hint != "" {
			fmt.Fprintf(a.stdout, "%-6s %-12s hint: %s\n", "", "", sanitize.Text(f.Hint, 2000))
		}
	}
	return nil
}

// printPermissions prints the least permissions that a token needs, and the
// link that prefills most of them in the dashboard.
func (a *app) printPermissions() {
	fmt.Fprintln(a.stdout, "\nThe least permissions of a token, all of them read-only:")
	for _, p := range inventory.Permissions() {
		fmt.Fprintf(a.stdout, "  %s\n", p.Name)
	}
	link, byHand := inventory.TokenLink()
	fmt.Fprintf(a.stdout, "Make such a token: %s\n", link)
	for _, name := range byHand {
		fmt.Fprintf(a.stdout, "  add by hand: %s\n", name)
	}
}

// doctorExit is 3 where a scan would not get anywhere or not see everything.
func doctorExit(findings []inventory.Finding) error {
	for _, f := range findings {
		if f.Status == inventory.HealthFail {
			return &exitError{code: exitNothing}
		}
	}
	return nil
}
