"""A check is one line, `ok` or `not ok`; at the end stands how many."""

passed = 0
failed = 0


def check(name, good, why=""):
    """Says whether `name` holds, and why not."""
    global passed, failed
    if good:
        passed += 1
        print(f"ok {name}", flush=True)
    else:
        failed += 1
        print(f"not ok {name}" + (f": {why}" if why else ""), flush=True)


def close():
    """The last line, and the exit code."""
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
