#!/usr/bin/env bash
# The images, from outside and from inside. Prints a line for each check and `N passed, N failed`; fails if any failed. Builds
# them first (`make images`), unless they are of this very commit. Root, for a file system and a network of their own.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fhir-mcp-lanes/images
mkdir -p "$cache"
"$here/install.sh" "$cache"

cd "$repository"
export IMAGES=${CARGO_TARGET_DIR:-$repository/target}/images
SOURCE_REVISION=$(./scripts/revision)
export SOURCE_REVISION
built() { "$IMAGES/fhir-mcp-gateway" --version 2>/dev/null | grep --quiet --line-regexp "revision $SOURCE_REVISION"; }
# What is not committed has no name: it is always built.
if [ "${SOURCE_REVISION%-dirty}" != "$SOURCE_REVISION" ] || ! (cd "$IMAGES" && sha256sum --check --quiet SHA256SUMS && built) 2>/dev/null; then
  echo "building the images takes some minutes" >&2
  ./scripts/images >&2
fi

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo --preserve-env)
work=$(mktemp -d)
chmod 755 "$work"
trap '"${as_root[@]}" rm -rf "$work"' EXIT
export WORK=$work COMPOSE=$cache/bin/cmd PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../chart
"${as_root[@]}" unshare --mount --net -- "$cache/python/bin/python" "$here/lane.py"
