#!/usr/bin/env bash
# MCP Inspector's command line, in both protocol eras.
# Proves: dynamic registration and login by a client of the TypeScript kind; the same session then lists
# tools, calls one and reads resources in the legacy and in the modern era; the tools' schemas are portable.
# Run by run.sh, which sets the environment.
set -uo pipefail
export MCP_AUTO_OPEN_ENABLED=true MCP_INSPECTOR_SECRET_STORE=file

inspect() { # era, then Inspector's own arguments; the answer is one JSON object
  timeout 60 mcp-inspector --cli "$URL/mcp" --transport http --protocol-era "$1" --format json --quiet "${@:2}"
}

check() { # name, a condition on the answer `r`, era, arguments
  local answer
  answer=$(inspect "${@:3}" 2>"$WORK/inspector.err" | tail -1)
  if python3 -c 'import json,sys; r = json.loads(sys.argv[2])["result"]; sys.exit(not eval(sys.argv[1]))' \
      "$2" "$answer" 2>/dev/null; then
    echo "ok inspector $1"
  else
    echo "not ok inspector $1: $(tail -c 400 "$WORK/inspector.err")"
  fi
}

thirteen='len(r["tools"]) >= 13'
check "logs in and lists tools, legacy era" "$thirteen" legacy --method tools/list
for era in legacy modern; do
  check "lists tools with the stored login, $era era" "$thirteen" "$era" --stored-auth-only --method tools/list
  check "calls a tool, $era era" 'r["structuredContent"]["count"] >= 1 and not r.get("isError")' \
    "$era" --stored-auth-only --method tools/call --tool-name get_study_count
  check "is told what is wrong with an argument, $era era" 'r["isError"]' \
    "$era" --stored-auth-only --method tools/call --tool-name get_patient_demographics --tool-arg patient_id=x
  check "lists the schemas as resources, $era era" 'len(r["resources"]) >= 15' \
    "$era" --stored-auth-only --method resources/list
  check "reads a schema, $era era" '"$schema" in r["contents"][0]["text"]' \
    "$era" --stored-auth-only --method resources/read --uri omh://schema/blood-pressure
done
if inspect modern --stored-auth-only --strict --method tools/list >/dev/null 2>"$WORK/inspector.err"; then
  echo "ok inspector finds the schemas portable"
else
  echo "not ok inspector finds the schemas portable: $(tail -c 1500 "$WORK/inspector.err")"
fi
