#!/usr/bin/env bash
# Three gateways that count together in a real redis-server on loopback, and what happens when it is killed,
# hung and poisoned under load. Fails if anything but 200 and 429 was answered.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if ! command -v redis-server >/dev/null; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update --quiet=2 >&2
  # Debian would start one of its own, on the usual port; we want the program alone.
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install --quiet=2 --yes --no-install-recommends redis-server >&2
fi

cd "$here/../../.."
lane() { cargo test --locked --quiet "$@" -- --ignored --test-threads=1 --nocapture shared; }
lane --package fhir-mcp-gateway --lib
lane --package testbed --test stories

# The same with Valkey, where there is one: under the name by which the stories start their store.
if valkey=$(command -v valkey-server); then
  names=$(mktemp -d)
  trap 'rm -rf "$names"' EXIT
  ln -s "$valkey" "$names/redis-server"
  PATH="$names:$PATH" lane --package testbed --test stories
else
  echo "no valkey-server here: Redis alone"
fi
