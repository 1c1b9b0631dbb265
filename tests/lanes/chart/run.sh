#!/usr/bin/env bash
# The chart with real helm, real Prometheus and promtool, and the two programs. Prints a line for each check and
# `N passed, N failed`; fails if any failed. GATEWAY and CORE name built programs; without them the workspace is built.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fhir-mcp-lanes/chart
mkdir -p "$cache"
"$here/install.sh" "$cache"

cd "$here/../../.."
if [ -z "${GATEWAY:-}" ] || [ -z "${CORE:-}" ]; then
  cargo build --locked --quiet --workspace --bins
  target=$(cargo metadata --format-version 1 --no-deps | "$cache/python/bin/python" -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')
  GATEWAY=$target/debug/fhir-mcp-gateway CORE=$target/debug/fhir-mcp-core
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HELM=$cache/bin/helm PROMETHEUS=$cache/prometheus/usr/bin/prometheus PROMTOOL=$cache/prometheus/usr/bin/promtool
export GATEWAY CORE WORK=$work PYTHONDONTWRITEBYTECODE=1
# Of helm's own: nothing of the machine's clusters, plug-ins and caches.
export HELM_CONFIG_HOME=$work/helm HELM_CACHE_HOME=$work/helm HELM_DATA_HOME=$work/helm KUBECONFIG=$work/none
"$cache/python/bin/python" "$here/lane.py" "$@"
