#!/usr/bin/env bash
# mcp-remote, the bridge for hosts that speak stdio only.
# Proves: discovery by an unauthenticated GET, dynamic registration, login, and a legacy connection.
# Run by run.sh, which sets the environment.
set -uo pipefail
mkfifo "$WORK/open" # it shuts down when its standard input ends
output=$(timeout 90 mcp-remote-client "$URL/mcp" --allow-http --transport http-only 2>&1 <>"$WORK/open")
for said in "Auth code received" "Connected successfully" "get_patient_observations" "omh://schema/" "Exiting OK"; do
  if grep -q "$said" <<<"$output"; then
    echo "ok mcp_remote says: $said"
  else
    echo "not ok mcp_remote says: $said; its last words: $(sed 's/?[^ ]*//g' <<<"$output" | tail -3 | tr '\n' ' ')"
  fi
done
