# The verbs. CI runs these and nothing else; each is one line that calls a tool.

CARGO ?= cargo

.PHONY: test-analytics test-chart test-omh test-outages test-load run test check setup fmt lint doc deny advisories sbom matrix test-lanes test-clients test-conformance test-browser test-oauth-toolkit test-tls test-limits test-reload test-records test-backends test-slow images test-images bench bench-micro bench-profile test-cluster fuzz mutants test-replacement endure

run: setup        ## build, start both programs and a stand-in Exchange on loopback, print what to paste
	$(CARGO) run --locked --quiet --package testbed --bin demo

test: setup       ## every test: rules, stories, samples
	$(CARGO) test --locked --workspace

check: setup fmt lint doc test   ## all that CI checks

setup:            ## install what a fresh machine lacks from Debian; says so where Rust is missing
	@./scripts/setup

fmt:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy --locked --workspace --all-targets -- --deny warnings
	@./scripts/house

doc:
	RUSTDOCFLAGS="--deny warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items --quiet

deny:             ## licences, bans and sources; needs `cargo install cargo-deny`
	$(CARGO) deny --all-features check bans licenses sources

advisories:       ## known advisories; needs cargo-deny too, and fetches the RustSec database
	$(CARGO) deny --all-features check advisories

sbom:             ## what each program is made of, as CycloneDX in target/sbom
	@./scripts/sbom

images: setup     ## what is published, in target/images: static programs, an image of each, bills of materials, checksums
	@./scripts/images

matrix:           ## accept a changed policy matrix, after reading it
	INSTA_UPDATE=always $(CARGO) test --locked --package testbed --test stories matrix

test-lanes: test-omh test-analytics test-records test-outages test-tls test-limits test-clients test-conformance test-browser test-oauth-toolkit test-chart   ## the real things, one after the other: what CI runs

fuzz: SECONDS ?= 60
fuzz: setup       ## every fuzz target for SECONDS=60 each, or RUNS=10000000; installs cargo-fuzz
	./tests/lanes/fuzz/run.sh $(SECONDS)

mutants:          ## change what decides, line by line, and see that a test notices; needs `cargo install cargo-mutants`
	$(CARGO) mutants --package authz --output target

test-load: test-slow test-reload test-backends   ## what needs a quiet machine, or large downloads

bench: setup       ## beside nginx, Envoy and FastMCP; writes docs/benchmarks.md; wants a quiet machine
	./tests/lanes/bench/run.sh

bench-micro: setup ## the pure steps alone, in time and allocations
	./tests/lanes/bench/micro.sh

bench-profile: setup   ## where a call's work goes, in instructions
	./tests/lanes/bench/profile.sh

test-clients: setup   ## real MCP clients log in to the demo and call every tool
	./tests/lanes/clients/with-demo ./tests/lanes/clients/run.sh

test-conformance: setup   ## the MCP conformance suite through the gateway
	./tests/lanes/conformance/run.sh

test-browser: setup   ## headless Chromium through the consent page and the login
	./tests/lanes/clients/with-demo ./tests/lanes/browser/run.sh

test-oauth-toolkit: setup   ## both programs against the real django-oauth-toolkit on PostgreSQL
	RACES=$${RACES:-20} SLOW_RACES=$${SLOW_RACES:-1} ./tests/lanes/oauth-toolkit/run.sh

test-reload: setup   ## a hundred reloads of the real programs under load
	./tests/lanes/reload/run.sh

test-records: setup   ## both programs as processes: canaries, a gateway killed under load, core files, memory under attack
	./tests/lanes/records/run.sh

test-tls: setup   ## testssl.sh, openssl and curl against the gateway's TLS listeners
	./tests/lanes/tls/run.sh

test-limits: setup   ## limits that three gateways share in a real Redis: killed, hung and poisoned under load
	./tests/lanes/limits/run.sh

test-backends: setup   ## the same searches on real FHIR servers; HELIOS=1 for the dear one too
	./tests/lanes/backends/run.sh

test-chart: setup  ## the chart by real helm, its alerts by real Prometheus, and what it renders by the programs
	./tests/lanes/chart/run.sh

test-images: setup   ## the images, from outside and from inside: what they hold, and both programs in them, on a root that nobody writes
	./tests/lanes/images/run.sh

test-cluster:      ## the chart installed by real helm into a real API server with etcd, both built by Go the first time
	./tests/lanes/cluster/run.sh

test-omh: setup    ## our Open mHealth documents against omh-shim, and OMH_VECTORS=<the corpus' test-data> against that
	./tests/lanes/omh/run.sh

test-analytics: setup   ## every figure over readings once more with numpy, to the printed digit
	./tests/lanes/analytics/run.sh

test-slow: setup   ## thousands of slow connections beside callers who must not notice
	CONNECTIONS=$${CONNECTIONS:-1000} ./tests/lanes/slow/run.sh

test-outages: setup   ## a backend that is out, and one that comes and goes, under load
	./tests/lanes/outages/run.sh

test-replacement: setup   ## real programs replaced one after the other under load: the short part of `make endure`
	PROFILE=dev SHORT=1 ./tests/lanes/endure/run.sh replacement cores-in-order cores-cut-off

endure: setup      ## all that must not wear out, and a million requests; SHORT=1 to see it go
	./tests/lanes/endure/run.sh
