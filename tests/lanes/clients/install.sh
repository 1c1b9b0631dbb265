# Sourced by the lanes: installs what a fresh Debian or Ubuntu machine lacks, and pinned packages once, into a
# cache folder.
# shellcheck shell=bash
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fhir-mcp-lanes

from_debian() { # packages
  [ $# -eq 0 ] && return
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  echo "installing $*" >&2
  "${as_root[@]}" apt-get update --quiet=2 >&2
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install --quiet=2 --yes --no-install-recommends "$@" >&2
}

lacking=()
command -v npm >/dev/null || lacking+=(nodejs npm)
command -v curl >/dev/null || lacking+=(curl)
python3 -c 'import ensurepip' 2>/dev/null || lacking+=(python3 python3-venv)
from_debian "${lacking[@]}"

install() { # folder, packages, command: runs the command unless the folder already holds these packages
  local mark="$1/installed"
  [ "$(cat "$mark" 2>/dev/null)" = "$2" ] && return
  echo "installing $2" >&2
  mkdir -p "$1"
  (cd "$1" && eval "$3" >&2) && echo "$2" >"$mark"
}

install_from_npm() { # folder, packages
  install "$1" "${*:2}" "npm install --no-fund --no-audit --loglevel=error --prefix . ${*:2}"
}

install_conformance() { # the MCP conformance suite and the Node.js that it wants; sets conformance_path
  install_from_npm "$cache/conformance" node@22.23.3 @modelcontextprotocol/conformance@0.2.0-alpha.12
  conformance_path=$cache/conformance/node_modules/node/bin:$cache/conformance/node_modules/.bin
}
