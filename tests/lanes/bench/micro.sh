#!/usr/bin/env bash
# The pure steps alone, in time and allocations; writes what they printed to docs/benchmarks/micro.txt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
mkdir -p docs/benchmarks
# With symbols stripped and everything optimised, as in a release, but built much sooner.
cargo bench --locked --profile lane --package authz --package fhir-mcp-gateway --package fhir-mcp-core \
  --bench call --bench memories --bench readings | tee docs/benchmarks/micro.txt
