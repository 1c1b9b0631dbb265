# Sourced by the lanes: installs pinned packages once, into a cache folder.
# shellcheck shell=bash
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fhir-mcp-lanes

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
