"""Runs the parts that are named, or all of them, and says how many checks passed."""

import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from lane import agreement, check, codes, deactivation, doctor, outage, refreshes, revocation, rotation
from lane.world import World

PARTS = {part.__name__.split(".")[-1]: part for part in (
    agreement, doctor, refreshes, revocation, deactivation, outage, rotation, codes
)}


def run(name, world):
    begin = time.monotonic()
    try:
        PARTS[name].run(world)
    except Exception as failure:  # one part that breaks does not hide the others
        check.check(f"{name}: ran to its end", False, f"{type(failure).__name__}: {failure}")
        traceback.print_exc()
    check.note(f"{name} took {time.monotonic() - begin:.0f} s")


def complaints(folder):
    """The last warnings of each program, for whoever looks for the reason."""
    for log in sorted(folder.glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()
        for line in [line for line in lines if '"INFO"' not in line and '"audit"' not in line][-5:]:
            print(f"# {log.stem}: {line[:300]}", file=sys.stderr)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # nothing that was started outlives the lane
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        sys.exit(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # PostgreSQL may be another user
        with World(folder) as world:
            for name in wanted:
                run(name, world)
            if check.counts["not ok"]:
                complaints(Path(folder))
    print(f"{check.counts['ok']} passed, {check.counts['not ok']} failed")
    sys.exit(check.counts["not ok"] > 0)


if __name__ == "__main__":
    main()
