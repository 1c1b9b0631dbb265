#!/usr/bin/env bash
# Where a call's work goes: instructions in user mode by station, counted by callgrind, into docs/benchmarks/profile.md.
# Counts do not depend on what else the machine does.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../../.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fhir-mcp-lanes/bench

"$here/install.sh" "$cache"
if ! command -v valgrind >/dev/null; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update --quiet=2 >&2
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install --quiet=2 --yes --no-install-recommends valgrind >&2
fi
cargo build --locked --quiet --profile lane --package fhir-mcp-gateway
cargo build --locked --quiet --profile lane --package testbed --bin bench_site
target=$(cargo metadata --locked --format-version 1 --no-deps | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p docs/benchmarks
PYTHONDONTWRITEBYTECODE=1 "$cache/python/bin/python" "$here/profile_calls.py" "$target/lane" "$work" docs/benchmarks/profile.md
