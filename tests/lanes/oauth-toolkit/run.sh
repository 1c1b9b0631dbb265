#!/usr/bin/env bash
# Runs both programs against the real django-oauth-toolkit on PostgreSQL; prints `N passed, N failed` and
# fails if any failed. Usage: [RACES=50] [SLOW_RACES=5] [LOGINS=200] [ROUNDS=1000] [WORKERS=8] run.sh [part]...
# BINARIES is a folder of built programs; without it they are built first.
# Python packages are installed once into a cache folder; the database of a run is temporary.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fhir-mcp-lanes/oauth-toolkit
packages=(Django==5.2.19 django-oauth-toolkit==3.4.0 gunicorn==27.0.1 "psycopg[binary]==3.3.9")

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
postgres() { find /usr/lib/postgresql/*/bin -name initdb -printf '%h\n' 2>/dev/null | sort -V | tail -1; }

debian=()
[ -n "$(postgres)" ] || debian+=(postgresql)
python3 -c 'import ensurepip' 2>/dev/null || debian+=(python3-venv)
command -v openssl >/dev/null || debian+=(openssl)
if [ ${#debian[@]} -gt 0 ]; then
  echo "installing ${debian[*]}" >&2
  as_root apt-get update --quiet >&2
  as_root apt-get install --yes --quiet --no-install-recommends "${debian[@]}" >&2
fi
if [ "$(cat "$cache/installed" 2>/dev/null)" != "${packages[*]}" ]; then
  echo "installing ${packages[*]}" >&2
  python3 -m venv "$cache"
  "$cache/bin/pip" install --quiet "${packages[@]}" >&2
  echo "${packages[*]}" >"$cache/installed"
fi

if [ -z "${BINARIES:-}" ]; then
  cd "$here/../../.."
  cargo build --locked --quiet --workspace --bins
  BINARIES=$(cargo metadata --format-version 1 --no-deps |
    python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')/debug
fi

cd "$here"
export PYTHONDONTWRITEBYTECODE=1 POSTGRES BINARIES
POSTGRES=$(postgres)
exec "$cache/bin/python" -m lane "$@"
