#!/usr/bin/env bash
# What must not wear out, part by part, with a table at the end; see README.md.
# Usage: [SHORT=1] [REQUESTS=1000000] [OVERLOAD_SECONDS=60] [ROLLOUTS=20] [RESTARTS=50] [WORK=folder] run.sh [part ...]
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../../.."
export SHORT=${SHORT:-0}
profile=${PROFILE:-lane}

missing=()
command -v taskset >/dev/null || missing+=(util-linux)
# An /etc/hosts of one program's own: two cores under one name.
compgen -G '/usr/lib/*/libnss_wrapper.so' >/dev/null || missing+=(libnss-wrapper)
if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update --quiet=2 >&2
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}" >&2
fi
ulimit -n "$(ulimit -Hn)"

if [ "$profile" = dev ]; then
  # As all other lanes have it built.
  cargo build --locked --quiet --workspace --bins || exit 1
else
  cargo build --locked --quiet --profile "$profile" --package fhir-mcp-gateway --package fhir-mcp-core || exit 1
  cargo build --locked --quiet --profile "$profile" --package testbed --bin endure || exit 1
fi
target=$(cargo metadata --locked --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
# What `dev` builds lies in `debug`.
endure=$target/${profile/#dev/debug}/endure

export WORK=${WORK:-$target/endure}
mkdir -p "$WORK"

# The programs have the first half of the processors to themselves, whoever loads them the other.
read -r -a processors < <(taskset --cpu-list --pid $$ | sed 's/.*: //' | tr ',' '\n' |
  awk -F- '{ for (at = $1; at <= ($2 == "" ? $1 : $2); at++) printf "%s ", at } END { print "" }')
half=$((${#processors[@]} / 2))
join() { local IFS=,; echo "$*"; }

overload() {
  if [ "$half" -eq 0 ]; then
    echo "overload: NOT OK: it needs two processors, or the load itself would be measured"
    return 1
  fi
  local loads
  loads=$(join "${processors[@]:half}")
  PROCESSORS=$(join "${processors[@]:0:half}") LOADS=$loads taskset --cpu-list "$loads" "$endure" overload
}

short() { if [ "$SHORT" = 1 ]; then echo "$1"; else echo "$2"; fi; }

part() {
  case $1 in
    reload) CALLS=$(short 5000 100000) RELOADS=$(short 8 100) PROFILE=$profile ./tests/lanes/reload/run.sh ;;
    slow) CONNECTIONS=$(short 300 1000) ./tests/lanes/slow/run.sh ;;
    outages) OUTAGE_SECONDS=$(short 5 60) ./tests/lanes/outages/run.sh ;;
    limits) ./tests/lanes/limits/run.sh ;;
    records) ./tests/lanes/records/run.sh ;;
    overload) overload ;;
    *) "$endure" "$1" ;;
  esac
}

all=(replacement cores-in-order cores-cut-off overload reload slow outages limits records soak)
# The others build for several minutes what they run: SHORT is for whoever wants to see it go.
[ "$SHORT" = 1 ] && all=(replacement cores-in-order cores-cut-off overload reload soak)
[ $# -gt 0 ] && all=("$@")

passed=0 failed=0 table=""
for one in "${all[@]}"; do
  echo "== $one"
  began=$SECONDS
  if part "$one" 2>&1 | tee "$WORK/$one.txt"; then
    verdict=ok passed=$((passed + 1))
  else
    verdict="NOT OK" failed=$((failed + 1))
  fi
  table+=$(printf '%-16s %6s s  %s' "$one" "$((SECONDS - began))" "$verdict")$'\n'
done
printf '\n%s%s passed, %s failed; what each said is in %s\n' "$table" "$passed" "$failed" "$WORK"
[ "$failed" -eq 0 ]
