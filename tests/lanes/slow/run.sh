#!/usr/bin/env bash
# Slow connections against the gateway on loopback: trickled headers, trickled bodies, clients that do not
# read, TLS handshakes that never end; and beside them callers who must not notice. Prints a line for each
# and `N passed, N failed`; fails if any failed.
# Usage: [CONNECTIONS=1000] [SECONDS_OF_LOAD=8] run.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if ! command -v slowhttptest >/dev/null; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update --quiet=2 >&2
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install --quiet=2 --yes slowhttptest python3 >&2
fi
# Each side of a connection is a descriptor.
ulimit -n "$(ulimit -Hn)"

cd "$here/../../.."
cargo build --locked --quiet --profile lane --package testbed --bin slow
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CONNECTIONS=${CONNECTIONS:-1000} SECONDS_OF_LOAD=${SECONDS_OF_LOAD:-8} PYTHONDONTWRITEBYTECODE=1
python3 "$here/lane.py" "$target/lane/slow" "$work"
