#!/usr/bin/env bash
# Compares our Open mHealth documents, and how we read bodies, with what others publish; prints the
# counts and every disagreement, and fails if there is one. Usage: [OMH_VECTORS=FOLDER] run.sh
# OMH_VECTORS is the folder test-data of a checkout of the Open mHealth corpus (openmhealth/schemas).
# Python packages are installed once into a cache folder.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fhir-mcp-lanes/omh
versions=(1.4.0 2.1.0)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
if ! python3 -c 'import ensurepip' 2>/dev/null; then
  echo "installing python3-venv" >&2
  as_root apt-get update --quiet >&2
  as_root apt-get install --yes --quiet --no-install-recommends python3-venv >&2
fi

folders=()
for version in "${versions[@]}"; do
  home=$cache/$version
  if [ ! -e "$home/installed" ]; then
    echo "installing omh-shim $version" >&2
    rm -rf "$home" && python3 -m venv "$home/venv"
    "$home/venv/bin/pip" install --quiet "omh-shim==$version" pytest==8.4.2 >&2
    # Its tests are in the source distribution alone.
    "$home/venv/bin/pip" download --quiet --no-deps --no-binary omh-shim --dest "$home" "omh-shim==$version" >&2
    tar xzf "$home"/omh_shim-*.tar.gz -C "$home"
    touch "$home/installed"
  fi
  if ! said=$(cd "$work" && PYTHONDONTWRITEBYTECODE=1 "$home/venv/bin/python" "$here/record.py" \
    "$(echo "$home"/omh_shim-*/)" "$work/omh-shim-$version" 2>&1); then
    echo "$said" >&2
    exit 1
  fi
  echo "omh-shim $version: ${said##*$'\n'}"
  folders+=("$work/omh-shim-$version")
done

if [ -z "${OMH_VECTORS:-}" ]; then
  echo "the Open mHealth corpus is not compared: OMH_VECTORS names no folder" >&2
fi
cd "$here/../../.."
OMH_SHIM_VECTORS=$(IFS=:; echo "${folders[*]}") \
  cargo test --locked --quiet --package fhir-mcp-core --lib omh::agreement -- --ignored --nocapture |
  grep -E 'must pass|disagree|test result|: must|no document|value is not found|thought unsound'
