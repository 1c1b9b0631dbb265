"""One line a check, and the count at the end."""

import time

counts = {"ok": 0, "not ok": 0}


def check(name, holds, why=""):
    verdict = "ok" if holds else "not ok"
    counts[verdict] += 1
    print(f"{verdict} {name}" + (f"  # {why}" if why and not holds else ""), flush=True)


def equal(name, found, expected):
    check(name, found == expected, f"expected {expected!r}, found {found!r}")


def note(text):
    print(f"# {text}", flush=True)


def until(holds, patience, step=0.05):
    """Whether `holds()` becomes true within `patience` seconds."""
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(step)
    return True
