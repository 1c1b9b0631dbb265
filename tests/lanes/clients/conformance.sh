#!/usr/bin/env bash
# The MCP conformance suite's `authorization` command: our metadata, and a code granted and redeemed.
# Proves: the authorization server is one as the suite's authors read the specification.
# Run by run.sh, which sets the environment. The suite prints the authorize URL and waits for the person.
set -uo pipefail
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
client=$(python3 - "$URL/register" "http://127.0.0.1:$port/callback" <<'PYTHON'
import json, sys, urllib.request
asked = {"client_name": "Conformance suite", "redirect_uris": [sys.argv[2]], "token_endpoint_auth_method": "none"}
request = urllib.request.Request(sys.argv[1], json.dumps(asked).encode(), {"Content-Type": "application/json"})
print(json.load(urllib.request.urlopen(request, timeout=20))["client_id"])
PYTHON
) || { echo "not ok conformance registers a client"; exit 1; }

said=$WORK/conformance.said
: >"$said"
timeout 120 conformance authorization --url "$URL" --client-id "$client" --resource "$URL/mcp" --port "$port" \
  --verbose --output-dir "$WORK/conformance.results" >"$said" 2>&1 &
suite=$!
for _ in $(seq 300); do
  link=$(grep -oE "$URL/authorize\?[^[:space:]\"]+" "$said" | head -1)
  [ -z "$link" ] || break
  kill -0 "$suite" 2>/dev/null || break
  sleep 0.1
done
[ -z "$link" ] || "$BROWSER" "$link"
wait "$suite"
ended=$?
if [ "$ended" -eq 0 ]; then
  echo "ok conformance ends with success"
else
  echo "not ok conformance ends with $ended: $(sed 's/?[^ ]*//g' "$said" | tail -5 | tr '\n' ' ')"
fi
python3 - "$WORK"/conformance.results/*/checks.json <<'PYTHON'
import json, sys
checks = [check for file in sys.argv[1:] for check in json.load(open(file, encoding="utf-8"))]
for check in checks:
    line = f"conformance {check['description']} ({check['id']})"
    if check["status"] == "WARNING":
        print(f"# {line}, a warning: {check.get('errorMessage')}")
    else:
        print("ok" if check["status"] == "SUCCESS" else "not ok", line, check.get("errorMessage", ""))
ids = {check["id"] for check in checks if check["status"] == "SUCCESS"}
if missing := {"authorization-server-metadata", "authorization-code-grant"} - ids:
    print("not ok conformance has no answer to", *missing)
PYTHON
