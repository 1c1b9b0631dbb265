"""Runs omh-shim's own tests and keeps what they put to its validator, with the verdict of each, as
vectors: <folder>/<namespace>/<name>/<version>/shouldPass and shouldFail. What passes is also spoiled,
one spot at a time, and put to the same validator. Usage: record.py SOURCES FOLDER
"""
import copy
import json
import pathlib
import sys

import pytest
from omh_shim import _validate, known_ids

sources, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
original = _validate.validate_output
kept = {}  # schema id -> the bodies as text -> whether they pass


def passes(body, schema_id):
    try:
        original(body, schema_id)
    except Exception:
        return False
    return True


def keep(body, schema_id):
    if schema_id in known_ids():
        text = json.dumps(body, sort_keys=True)
        kept.setdefault(schema_id, {})[text] = passes(body, schema_id)


def recorded(output, schema_id):
    keep(output, schema_id)
    return original(output, schema_id)


def spots(at, path=()):
    """The paths to everything inside a body."""
    for key, value in at.items() if isinstance(at, dict) else ():
        yield path + (key,)
        yield from spots(value, path + (key,))


def spoiled(body):
    for path in list(spots(body)):
        for change in (None, "furlong", 7, -1.5, [], {}):
            other = copy.deepcopy(body)
            at = other
            for key in path[:-1]:
                at = at[key]
            if change is None:
                del at[path[-1]]
            else:
                at[path[-1]] = change
            yield other


_validate.validate_output = recorded
# Some of its tests need files that are not published, and fail.
options = ["-q", "--no-header", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
pytest.main([*options, "--rootdir", str(sources), str(sources / "tests")])
if len(kept) < 10:
    sys.exit(f"the tests of omh-shim put only {len(kept)} schemas to its validator")
for schema_id, bodies in list(kept.items()):
    for body in [json.loads(text) for text, passed in list(bodies.items()) if passed]:
        for other in spoiled(body):
            keep(other, schema_id)
for schema_id, bodies in kept.items():
    for number, (text, passed) in enumerate(bodies.items()):
        place = folder.joinpath(*schema_id.split(":"), "shouldPass" if passed else "shouldFail")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.json").write_text(text)
missing = sorted(set(known_ids()) - set(kept))
print(f"{len(kept)} schemas, {sum(map(len, kept.values()))} bodies; no body for: {', '.join(missing) or 'none'}")
