#!/usr/bin/env bash
# Reloads the real programs under load; see README.md. CALLS, RELOADS and PROFILE are the caller's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
profile=${PROFILE:-lane}
cargo build --locked --quiet --profile "$profile" --package fhir-mcp-gateway --package fhir-mcp-core
cargo run --locked --quiet --profile "$profile" --package testbed --bin reload_lane
