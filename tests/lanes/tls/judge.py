"""Reads what testssl.sh found and what is accepted; prints the rest, and fails if there is any."""

import json
import re
import sys

# Without these among its results it did not look, and no finding would mean nothing.
LOOKED_AT = ["SSLv2", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3", "heartbleed", "ROBOT", "BREACH", "LUCKY13", "RC4", "HSTS_time"]
HARMLESS = {"OK", "INFO"}
# Its client leaves before the ticket of TLS 1.3 is there, with any server, and then has nothing to resume with.
# matrix.sh waits for the ticket, and shows that sessions are resumed over both versions.
MISSED_TICKET = ("sessionresumption_", "check failed because of connect problem")


def main(results_file, accepted_file):
    with open(results_file, encoding="utf-8") as file:
        results = json.load(file)
    with open(accepted_file, encoding="utf-8") as file:
        accepted = {line.split()[0] for line in file if line.strip() and not line.startswith("#")}
    missed = lambda one: one["id"].startswith(MISSED_TICKET[0]) and one["finding"] == MISSED_TICKET[1]
    found = [one for one in results if one["severity"] not in HARMLESS and not missed(one)]
    # With several certificates an id has its number behind it.
    name = lambda one: re.sub(r" ?<.*>$", "", one["id"])
    problems = [f"{one['severity']} {one['id']}: {one['finding']}" for one in found if name(one) not in accepted]
    problems += [f"accepted, and never found: {one}" for one in sorted(accepted - {name(one) for one in found})]
    problems += [f"not looked at: {one}" for one in LOOKED_AT if one not in {name(one) for one in results}]
    for problem in problems:
        print("not ok testssl.sh:", problem)
    if not problems:
        print(f"ok testssl.sh: {len(results)} results, {len(found)} accepted")
    return 1 if problems else 0


sys.exit(main(*sys.argv[1:]))
