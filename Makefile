# aopscan: `make demo` and `make test` are all that a new machine needs.
GO      ?= go
MODULE  := github.com/aopscan/aopscan
# A release's version, else a semantic one that names the commit.
VERSION ?= $(shell git describe --tags --match 'v[0-9]*' --dirty 2>/dev/null | sed 's/^v//' | grep . || \
             echo "0.0.0-dev+$$(git describe --always --dirty --exclude '*' 2>/dev/null || echo unknown)")
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
GOFILES := $(shell git ls-files '*.go' 2>/dev/null)

.PHONY: all build demo test test-quick street lint generate bench fuzz clean tools
all: build

build: ## the static binary ./aopscan
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o aopscan ./cmd/aopscan

demo: build ## the main job, end to end, against the built-in lab
	@./aopscan demo; code=$$?; \
	if [ $$code -ne 1 ]; then echo "make demo: expected exit code 1 (the demo has failures by design), got $$code" >&2; exit 1; fi; \
	echo "make demo: exit code 1 is right: the demo's failures are there by design"

tools: ## real servers, a browser and the SARIF validator for the tests, where they can be installed
	@sh internal/street/install.sh
	@sh report/install-browser.sh
	@sh report/install-multitool.sh

test: tools lint ## everything, race detector on
	$(GO) test -race -count=1 -timeout 30m ./...

test-quick: ## without the real servers and the browser
	$(GO) test -short ./...

street: tools ## judge the street of real servers and print both tables
	AOPSCAN_STREET=1 $(GO) test -count=1 -timeout 20m -run 'TestStreet' -v ./internal/street

lint: ## formatting, vet and the rules between packages
	@out=$$(gofmt -l $(GOFILES)); if [ -n "$$out" ]; then echo "not gofmt-clean:"; echo "$$out"; exit 1; fi
	$(GO) vet ./...

generate: build ## docs/checks.md and docs/examples from the code
	$(GO) test ./checks -run TestDocs -count=1 -update
	$(GO) test ./cmd/aopscan -run TestExamples -count=1 -update

bench: ## speed and memory, with the ratio against a bare crypto/tls loop
	$(GO) test -run '^$$' -bench . -benchmem ./probe ./internal/inventory ./report

fuzz: ## every fuzz target for a short while
	@for p in $$($(GO) list ./...); do for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	  $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime 20s $$p || exit 1; done; done

clean:
	rm -rf aopscan dist .tools
