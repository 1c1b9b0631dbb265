#!/usr/bin/env bash
# The two programs as processes: canaries sent everywhere, a gateway that is killed under load, core files, memory
# under attack; and a flood of names that takes its time.
set -euo pipefail
cd "$(dirname "$0")/../../.."

cargo build --locked --workspace --bins
target=$(cargo metadata --locked --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
PROGRAMS=$target/debug timeout 900 \
  cargo test --locked --package testbed --test stories -- --ignored --test-threads=1 programs:: attacks::remembered::
