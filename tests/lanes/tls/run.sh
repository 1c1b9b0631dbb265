#!/usr/bin/env bash
# testssl.sh and openssl against the gateway's TLS listeners on loopback. Prints a line for each check and
# `N passed, N failed`; fails if any failed. REPORT=folder keeps what testssl.sh wrote.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if ! command -v testssl >/dev/null || ! command -v openssl >/dev/null || ! command -v curl >/dev/null; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update --quiet=2 >&2
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install --quiet=2 --yes testssl.sh openssl curl python3 >&2
fi

cd "$here/../../.."
cargo build --locked --quiet --package fhir-mcp-gateway
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')
gateway=$target/debug/fhir-mcp-gateway

work=$(mktemp -d)
program=
finish() {
  [ -z "$program" ] || { kill "$program" 2>/dev/null && wait "$program" 2>/dev/null; } || true
  rm -rf "$work"
}
trap finish EXIT
cd "$work"

# Three free ports that stay apart.
read -r port modern asking admin < <(python3 - <<'PY'
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
print(*(one.getsockname()[1] for one in sockets))
PY
)
export PORT=$port MODERN=$modern ASKING=$asking ADMIN=$admin
"$here/issue.sh"
RING_KEY=$("$gateway" keygen) HOP_KEY=$("$gateway" keygen)
export RING_KEY HOP_KEY
python3 "$here/configure.py" >gateway.yaml
"$gateway" check gateway.yaml >checked.yaml

env -u SSLKEYLOGFILE "$gateway" serve --config gateway.yaml >gateway.log 2>&1 &
program=$!
for _ in $(seq 100); do
  if curl --silent --fail --output /dev/null --cacert ca.crt "https://localhost:$port/health"; then break; fi
  kill -0 "$program" || { cat gateway.log >&2; exit 1; }
  sleep 0.1
done

failed=0
"$here/matrix.sh" || failed=1

echo "testssl.sh takes two minutes" >&2
timeout 900 testssl --quiet --color 0 --warnings off --add-ca ca.crt --jsonfile testssl.json "https://localhost:$port" \
  >testssl.txt 2>&1 </dev/null || true   # its status counts findings; judge.py reads them all
if [ -n "${REPORT:-}" ]; then mkdir -p "$REPORT" && cp testssl.txt testssl.json "$REPORT"; fi
python3 "$here/judge.py" testssl.json "$here/accepted.txt" || failed=1
kill -0 "$program" || { echo "not ok the gateway is still there" && failed=1; }
exit "$failed"
