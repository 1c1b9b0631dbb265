"""Asks every tool of the family `analytics`, computes the same from the Exchange's own rows, and compares."""

import json
import sys
import tempfile

import cases
import records
from asked import Asked, Lane
from exchange import Site


def main():
    program, lane = sys.argv[1], Lane()
    with tempfile.TemporaryDirectory() as folder:
        for name, told in (("told", records.all_told()), ("demo", [])):
            with open(f"{folder}/{name}.json", "w", encoding="utf-8") as file:
                json.dump(told, file)
        with Site(program, "told", f"{folder}/told.json") as site:
            cases.told(Asked(lane, site, ["40001", "40002"]))
        with Site(program, "told", f"{folder}/demo.json") as site:
            cases.demo(Asked(lane, site, [str(patient) for patient in range(40006, 40026)]))
        with Site(program, "given", "40001") as site:
            cases.given(Asked(lane, site, ["40001"]))
    for tool, figures in sorted(lane.tools.items()):
        print(f"{figures:6} figures of {tool}")
    print(f"{lane.figures:6} figures in all")
    print(f"{lane.passed} passed, {lane.failed} failed")
    sys.exit(1 if lane.failed else 0)


if __name__ == "__main__":
    main()
