#!/usr/bin/env bash
# Claude Code in an empty home: add, login, list.
# Proves: the host most people will use registers, logs in through the browser, and connects.
# Run by run.sh, which sets the environment. `login` wants a terminal, hence `script`.
set -uo pipefail
cd "$HOME" || exit 1
export DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1
plain() { sed 's/\x1b[^a-zA-Z\\]*[a-zA-Z\\]//g; s/?[^ ]*//g' | tail -3 | tr '\r\n' '  '; }

check() { # name, what the output has to say, command
  local output
  output=$(timeout 90 "${@:3}" 2>&1 </dev/null)
  if grep -q "$2" <<<"$output"; then echo "ok claude_code $1"; else echo "not ok claude_code $1: $(plain <<<"$output")"; fi
}

check "adds the server" "Added HTTP MCP server" claude mcp add --transport http lane "$URL/mcp"
check "knows that a login is needed" "Needs authentication" claude mcp list
check "logs in" "Authenticated with" script -qec "claude mcp login lane" /dev/null
check "connects" "lane: .*Connected" claude mcp list
