#!/usr/bin/env bash
# Measures the gateway beside nginx, Envoy and FastMCP in one run and writes docs/benchmarks.md; see README.md.
# Usage: [RUNS=3] [SECONDS_EACH=5] [ONLY="nginx-auth gateway"] [PROGRAMS=target/images] run.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../../.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fhir-mcp-lanes/bench

"$here/install.sh" "$cache"
# Each side of a connection is a descriptor.
ulimit -n "$(ulimit -Hn)"

# What is measured is built as for a release; what it is measured with need not be. Each on its own: what others
# of the workspace want of a library would otherwise be in it.
profile=${PROFILE:-release}
if [ -z "${PROGRAMS:-}" ]; then
  cargo build --locked --quiet --profile "$profile" --package fhir-mcp-gateway --package fhir-mcp-core
fi
cargo build --locked --quiet --profile "$profile" --package bench_frame
cargo build --locked --quiet --profile lane --package testbed --bin bench_site
target=$(cargo metadata --locked --format-version 1 --no-deps | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# nginx drops its rights, and still has to read the certificate and write its log.
chmod 755 "$work"
export PATH=$cache/nginx/usr/sbin:$PATH PYTHONDONTWRITEBYTECODE=1
"$cache/python/bin/python" "$here/lane.py" --programs "$(realpath "${PROGRAMS:-$target/$profile}")" --frame "$target/$profile/bench_frame" \
  --site "$target/lane/bench_site" --work "$work" --docs docs --runs "${RUNS:-3}" --seconds "${SECONDS_EACH:-5}" ${ONLY:+--only "$ONLY"}
