# The verbs. CI runs these and nothing else; each is one line that calls a tool.

CARGO ?= cargo

.PHONY: run test check setup fmt lint doc deny matrix test-lanes test-clients test-browser test-oauth-toolkit

run: setup        ## build, start both programs and a stand-in Exchange on loopback, print what to paste
	$(CARGO) run --locked --quiet --package testbed --bin demo

test: setup       ## every test: rules, stories, samples
	$(CARGO) test --locked --workspace

check: setup fmt lint doc test   ## all that CI checks

setup:            ## install what a fresh machine lacks (Debian packages, the Rust toolchain)
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

matrix:           ## accept a changed policy matrix, after reading it
	INSTA_UPDATE=always $(CARGO) test --locked --package testbed --test stories matrix

test-lanes: test-clients test-browser test-oauth-toolkit   ## the real things, one after the other

test-clients: setup   ## real MCP clients log in to the demo and call every tool
	./tests/lanes/clients/with-demo ./tests/lanes/clients/run.sh

test-browser: setup   ## headless Chromium through the consent page and the login
	./tests/lanes/clients/with-demo ./tests/lanes/browser/run.sh

test-oauth-toolkit: setup   ## both programs against the real django-oauth-toolkit on PostgreSQL
	RACES=$${RACES:-20} SLOW_RACES=$${SLOW_RACES:-1} ./tests/lanes/oauth-toolkit/run.sh
