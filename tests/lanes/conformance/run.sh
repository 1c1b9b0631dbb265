#!/usr/bin/env bash
# Runs the MCP conformance suite through the gateway: before a fixture that has all that the suite looks
# for, and before the tool service itself. Prints a table, and `N passed, N failed`; fails if any failed.
# Usage: run.sh
# The suite is installed once into a cache folder; results of a run are temporary.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../clients/install.sh"
install_conformance

cd "$here/../../.."
cargo build --locked --quiet --package testbed --bin conformance
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
results=$work/results
mkdir "$results"

# Lives until its standard input ends, which it does with this script.
coproc SERVERS { exec "$target/debug/conformance"; }
read -r -t 60 _ product <&"${SERVERS[0]}"
read -r -t 60 _ fixture <&"${SERVERS[0]}"

broken=0
suite() { # place, revision, url, options: runs it and keeps what it says
  local run="$1-$2"
  echo "# $run ${*:4}" >>"$results/$run.said"
  env -i HOME="$work" LANG=C.UTF-8 PATH="$conformance_path:/usr/local/bin:/usr/bin:/bin" \
    timeout 120 conformance server --url "$3" "${@:4}" \
    --expected-failures "$here/expected/$run.yml" --output-dir "$results/$run" \
    >>"$results/$run.said" 2>&1 && return
  broken=1
  echo "not ok: $run ${*:4}"
}

suite fixture 2026-07-28 "$fixture" --requirements 2026-07-28
suite fixture 2025-11-25 "$fixture" --requirements 2025-11-25
for scenario in server-stateless tools-list caching http-header-validation dns-rebinding-protection; do
  suite product 2026-07-28 "$product" --spec-version 2026-07-28 --scenario "$scenario"
done
for scenario in server-initialize ping tools-list; do
  suite product 2025-11-25 "$product" --spec-version 2025-11-25 --scenario "$scenario"
done

python3 "$here/table.py" "$results" "$here/expected" || broken=1
[ "$broken" -eq 0 ] || cat "$results"/*.said >&2
exit "$broken"
