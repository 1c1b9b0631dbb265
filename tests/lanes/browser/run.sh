#!/usr/bin/env bash
# Drives headless Chromium through the pages of the demo at URL; prints `N passed, N failed` and fails if
# any failed. Usage: ../clients/with-demo run.sh [part of a check's name]...
# Chromium comes from Debian when it is missing; the driver is installed once into a cache folder.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../clients/install.sh"

debian=()
command -v chromium >/dev/null || debian+=(chromium)
command -v openssl >/dev/null || debian+=(openssl)
from_debian "${debian[@]}"
install_from_npm "$cache/browser" node@22.23.3 playwright-core@1.65.1 axe-core@4.14.1

cd "$here/../../.."
cargo build --locked --quiet --workspace --bins
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=browser lane" \
  -addext "subjectAltName=IP:127.0.0.1,DNS:client.example" -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null

url=${URL:-http://127.0.0.1:8400}
env -i HOME="$work" WORK="$work" LANG=C.UTF-8 PATH="$cache/browser/node_modules/node/bin:/usr/local/bin:/usr/bin:/bin" \
  MODULES="$cache/browser" GATEWAY="$target/debug/fhir-mcp-gateway" NODE_EXTRA_CA_CERTS="$work/tls.crt" \
  URL="${url%/}" LOGIN="${LOGIN:-manager_mary@example.com}" PASSWORD="${PASSWORD:-demo-password}" \
  SCREENSHOTS="${SCREENSHOTS:-$(mktemp -d)}" \
  node "$here/lane.mjs" "$@"
