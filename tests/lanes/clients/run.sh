#!/usr/bin/env bash
# Logs real MCP clients in at URL and lets them work; prints `N passed, N failed` and fails if any failed.
# Usage: [URL=... LOGIN=... PASSWORD=... PATIENT_LOGIN=...] run.sh [python_sdk|inspector|mcp_remote|claude_code|conformance|stdio]...
# Clients are installed once into a cache folder; homes and logs of a run are temporary.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/install.sh"
URL=${URL:-http://127.0.0.1:8400}
URL=${URL%/}
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(python_sdk inspector mcp_remote claude_code conformance ${CORE:+stdio})

python_packages=(mcp==2.3.0)
node_packages=(node@22.23.3 @modelcontextprotocol/inspector@2.12.0 mcp-remote@0.15.1 @anthropic-ai/claude-code@2.1.329)

install "$cache/python" "${python_packages[*]}" "python3 -m venv . && bin/pip install --quiet ${python_packages[*]}"
install_from_npm "$cache/node" "${node_packages[@]}"
install_conformance

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$cache/python/bin/python" "$work/bin/python3"
printf '#!/bin/sh\nexec "%s" "%s/browser" "$@"\n' "$cache/python/bin/python" "$here" >"$work/bin/xdg-open"
chmod +x "$work/bin/xdg-open"

alone() { # part, command: an empty home and nothing of the caller's environment
  mkdir -p "$work/$1"
  env -i HOME="$work/$1" WORK="$work" TERM=xterm LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
    PATH="$work/bin:$cache/node/node_modules/node/bin:$cache/node/node_modules/.bin:$cache/conformance/node_modules/.bin:/usr/local/bin:/usr/bin:/bin" \
    BROWSER="$work/bin/xdg-open" BROWSER_LOG="$work/$1/browser.log" URL="$URL" \
    LOGIN="${LOGIN:-manager_mary@example.com}" PASSWORD="${PASSWORD:-Jhe1234!}" \
    PATIENT_LOGIN="${PATIENT_LOGIN:-ll_patient_peter@example.com}" CORE="${CORE:-}" STAND_IN="${STAND_IN:-}" "${@:2}"
}

for part in "${parts[@]}"; do
  case $part in
    python_sdk | stdio) command=("$cache/python/bin/python" "$here/$part.py") ;;
    *) command=("$here/$part.sh") ;;
  esac
  alone "$part" "${command[@]}" | tee "$work/$part.out" || true
  if grep -q "^not ok" "$work/$part.out" && [ -f "$work/$part/browser.log" ]; then
    sed "s/^/# browser: /" "$work/$part/browser.log"
  fi
  grep -qE "^(not )?ok" "$work/$part.out" || echo "not ok $part said nothing" | tee -a "$work/$part.out"
done

passed=$(cat "$work"/*.out | grep -c "^ok" || true)
failed=$(cat "$work"/*.out | grep -c "^not ok" || true)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
