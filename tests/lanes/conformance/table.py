"""What the conformance suite found, as a table: scenario, checks passed, failed, expected to fail, skipped.

Usage: table.py RESULTS EXPECTED. Fails if a check failed that is not expected to, or if a run found nothing.
Warnings are shown and do not fail.
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path

# How many scenarios a run has, so that one which vanishes is missed: all that the revision requires.
SCENARIOS = {"fixture-2026-07-28": 37, "fixture-2025-11-25": 30, "product-2026-07-28": 5, "product-2025-11-25": 3}
# An extension of MCP that is not offered; the suite runs its scenarios and does not count them.
EXTENSION = "tasks-"


def expected(folder, run):
    """Names of scenarios, and of checks as `scenario:check`."""
    lines = (folder / f"{run}.yml").read_text(encoding="utf-8").splitlines()
    return {match[1] for line in lines if (match := re.match(r"\s+- (\S+)$", line))}


def checks(folder):
    """The checks of each scenario, in the order in which they ran."""
    for results in sorted(folder.glob("server-*/checks.json"), key=lambda file: file.parent.stat().st_mtime_ns):
        scenario = re.sub(r"^server-(.*)-\d{4}-\d\d-\d\dT[-\dZ]+$", r"\1", results.parent.name)
        if not scenario.startswith(EXTENSION):
            yield scenario, json.loads(results.read_text(encoding="utf-8"))


def main(results, expectations):
    total = Counter()
    for run, least in SCENARIOS.items():
        known = expected(expectations, run)
        print(f"\n{run:<48}{'passed':>8}{'failed':>8}{'expected':>10}{'skipped':>9}")
        seen = 0
        for scenario, found in checks(results / run):
            seen += 1
            count = Counter()
            for check in found:
                status = check["status"]
                if status in {"FAILURE", "WARNING"} and {scenario, f"{scenario}:{check['id']}"} & known:
                    status = "EXPECTED"
                count[status] += 1
                if status in {"FAILURE", "WARNING"}:
                    print(f"  {status.lower()}: {scenario}:{check['id']}: {check.get('errorMessage', '')[:200]}")
            total += count
            row = (count["SUCCESS"], count["FAILURE"], count["EXPECTED"], count["SKIPPED"])
            print(f"  {scenario:<46}{row[0]:>8}{row[1]:>8}{row[2]:>10}{row[3]:>9}")
        if seen < least:
            print(f"  only {seen} of {least} scenarios ran")
            total["FAILURE"] += 1
    print(f"\n{total['EXPECTED']} expected to fail, {total['SKIPPED']} skipped")
    print(f"{total['SUCCESS']} passed, {total['FAILURE']} failed")
    return total["FAILURE"]


sys.exit(1 if main(Path(sys.argv[1]), Path(sys.argv[2])) else 0)
