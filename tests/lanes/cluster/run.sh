#!/usr/bin/env bash
# The chart, installed by real helm into a real API server of Kubernetes with its etcd, on loopback. Prints a line for each check
# and `N passed, N failed`; fails if any failed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
caches=${XDG_CACHE_HOME:-$HOME/.cache}/fhir-mcp-lanes
mkdir -p "$caches/chart" "$caches/cluster"
"$here/../chart/install.sh" "$caches/chart"
"$here/install.sh" "$caches/cluster" "$caches/chart"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HELM=$caches/chart/bin/helm ETCD=$caches/cluster/bin/etcd APISERVER=$caches/cluster/bin/kube-apiserver CRDS=$caches/cluster/crds
export WORK=$work KUBECONFIG=$work/kubeconfig PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../chart
# Of helm's own: nothing of the machine's clusters, plug-ins and caches.
export HELM_CONFIG_HOME=$work/helm HELM_CACHE_HOME=$work/helm HELM_DATA_HOME=$work/helm
"$caches/chart/python/bin/python" "$here/lane.py"
