"""The table of values in the chart's README, from the comments of values.yaml. `--write` puts it there."""

import json
import re
import sys

import yaml

from rendering import CHART

README = CHART / "README.md"
BEGIN, END = "<!-- values: begin -->\n", "<!-- values: end -->\n"
COMMENT = re.compile(r"^\s*# -- (.*)$")
FIELD = re.compile(r"^(\s*)([A-Za-z_]+):")


def rows():
    """Path, default and meaning of each value that has a comment."""
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    path, meaning = [], None
    for line in (CHART / "values.yaml").read_text().splitlines():
        if comment := COMMENT.match(line):
            meaning = comment[1]
        elif field := FIELD.match(line):
            path = path[: len(field[1]) // 2] + [field[2]]
            if meaning:
                value = defaults
                for part in path:
                    value = value[part]
                yield ".".join(path), value, meaning
            meaning = None


def table():
    lines = ["| Value | Default | Means |", "|---|---|---|"]
    for path, value, meaning in rows():
        shown = json.dumps(value, ensure_ascii=False).replace("|", "\\|")
        lines.append(f"| `{path}` | `{shown}` | {meaning.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"


def main():
    text = README.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    README.write_text(before + BEGIN + "\n" + table() + "\n" + END + after)


if __name__ == "__main__" and "--write" in sys.argv:
    main()
