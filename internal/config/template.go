package config

// Template is what `aopscan config init` writes: every key, explained and
// commented out, so that the file changes nothing until somebody wants it to.
const Template = `# yaml-language-server: $schema=https://raw.githubusercontent.com/aopscan/aopscan/main/docs/schema/config-1.json
#
# Configuration of aopscan. A flag is stronger than an environment variable, and
# that is stronger than this file. Credentials never stand here: set
# CLOUDFLARE_API_TOKEN in the environment. Check the file with
# 'aopscan config validate'; docs/configuration.md explains every key.

# What to scan. With neither zones nor accounts: every zone that the token can read.
#zones:
#  - example.com
#accounts:
#  - 0123456789abcdef0123456789abcdef

# Origins that Cloudflare's configuration does not name, as HOST=ADDR[:PORT].
#origins:
#  - app.example.com=203.0.113.10:8443

# How to probe.
#no_probe: false
#attempts: [standard]          # quick, standard, all, or names of attempts
#allow_addresses: [10.0.0.0/8] # beyond public addresses; loopback and private ranges are refused otherwise
#ports: [8443]
#paths: [/admin]
#other_names: [legacy.example.com]
#client_cert: client.pem       # your own certificate, for the positive control
#client_key: client.key        # the path of its key
#timeout: 10s
#endpoint_timeout: 1m
#concurrency: 64
#per_address: 2
#edge_address: 127.0.0.1:8443
#resolver: 192.0.2.53

# How much of the API's allowance may be spent.
#api_budget: 1200              # requests per five minutes
#api_rate: 200                 # requests per second

# What to report, and what fails.
#outputs:
#  - table
#  - json=report.json
#  - sarif=aopscan.sarif
#fail_on: medium               # critical, high, medium, low, info
#allow_inconclusive: false
#baseline: baseline.json       # only what is new against it fails
#save_evidence: evidence.json
#control: PCI DSS 4.0.1        # group the report by this framework's controls
#sarif_category: aopscan/production
#waiver_snippets: false

# Which checks. The controls of a check that is left out count as not assessed,
# and so do those of a threshold below its default.
#checks:
#  only: [origin-accepts-no-certificate]
#  skip: [expiry-alert-missing]
#thresholds:
#  expiring_days: 30
#  expiring_soon_days: 14
#  ca_expiring_days: 365

# Failures that somebody accepts for a time. They stay in every report. The day
# after "expires" they fail again.
#waivers:
#  - check: origin-accepts-no-certificate
#    zone: example.com
#    hostname: "*.staging.example.com"
#    address: 203.0.113.0/24
#    reason: rebuilt on the new load balancer, ticket 4711
#    owner: platform team
#    expires: 2027-03-31
`
