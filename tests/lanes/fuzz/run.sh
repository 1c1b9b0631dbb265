#!/usr/bin/env bash
# Every fuzz target in turn: for so many seconds each (the first argument; 60), or for RUNS executions each.
# JOBS=2 runs two at a time; TARGETS="seal form" runs these alone. What a run finds new is kept for the next one
# in target/fuzz/corpus; an input that breaks a law is in target/fuzz/artifacts. Prints a line for each target
# and `N passed, M failed`; fails if any failed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../../.."

version=0.13.1
crates=(gateway/authz/fuzz gateway/fuzz mcp-core/fuzz)
out=$PWD/target/fuzz
release=$out/$(rustc -vV | sed -n 's/^host: //p')/release

# The longest input: as long as what the parser mostly sees, since short ones are tried sooner.
longest() {
  case $1 in
    *_config) echo 8192 ;;
    bundle | client_document | mcp_body | omh_body | registration) echo 1024 ;;
    *) echo 512 ;;
  esac
}

one() {
  local crate=$1 target=$2 log=$out/logs/$2.log status=0
  local arguments=(-max_len="$(longest "$target")" -timeout=25 -rss_limit_mb=2048 -print_final_stats=1
    -artifact_prefix="$out/artifacts/$target-")
  if [ -n "${RUNS:-}" ]; then arguments+=(-runs="$RUNS"); else arguments+=(-max_total_time="$fuzz_seconds"); fi
  if [ -f "$crate/dictionaries/$target.dict" ]; then arguments+=(-dict="$crate/dictionaries/$target.dict"); fi
  mkdir -p "$out/corpus/$target"
  "$release/$target" "${arguments[@]}" "$out/corpus/$target" "$crate/corpus/$target" >"$log" 2>&1 || status=$?
  local executions speed found crashed
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  speed=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
  found=$(find "$out/corpus/$target" -type f | wc -l)
  crashed=$(find "$out/artifacts" -name "$target-*" -newer "$out/started" | wc -l)
  local word=ok
  if [ "$status" -ne 0 ] || [ "$crashed" -ne 0 ] || [ -z "$executions" ]; then word=FAILED; fi
  printf '%-7s %-16s %10s executions, %7s a second, corpus %5s, %s crashed\n' \
    "$word" "$target" "${executions:-0}" "${speed:-0}" "$found" "$crashed" | tee "$out/results/$target"
}

if [ "${1:-}" = --one ]; then
  one "$2" "$3"
  exit
fi

export fuzz_seconds=${1:-60}
# The fuzzer itself is C++.
if ! command -v c++ >/dev/null; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update --quiet=2 >&2
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install --quiet=2 --yes --no-install-recommends g++ >&2
fi
if [ "$(cargo fuzz --version 2>/dev/null)" != "cargo-fuzz $version" ]; then
  cargo install --locked --quiet cargo-fuzz --version "$version"
fi
rm -rf "$out/results"
mkdir -p "$out/artifacts" "$out/logs" "$out/results"
touch "$out/started"
pairs=()
for crate in "${crates[@]}"; do
  chosen=()
  for source in "$crate"/fuzz_targets/*.rs; do
    target=$(basename "$source" .rs)
    case " ${TARGETS:-$target} " in *" $target "*) chosen+=("$crate" "$target") ;; esac
  done
  if [ ${#chosen[@]} -eq 0 ]; then continue; fi
  pairs+=("${chosen[@]}")
  began=$(date +%s)
  # Safe Rust has nothing that a sanitizer would find, and is faster without one.
  (cd "$crate" && cargo fuzz build --fuzz-dir . --sanitizer none --target-dir "$out")
  echo "built $crate in $(($(date +%s) - began)) s"
done
if [ ${#pairs[@]} -eq 0 ]; then
  echo "no target of these names: $TARGETS"
  exit 1
fi
printf '%s\n' "${pairs[@]}" | xargs -n 2 -P "${JOBS:-1}" "$here/run.sh" --one

passed=$(cat "$out"/results/* | grep -c '^ok' || true)
failed=$((${#pairs[@]} / 2 - passed))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
