"""Writes docs/benchmarks.md, its plots, and the points that they are made of."""

import json

import plots
from figures import NAMES, WAYS, Figure, added, beyond, figure, missed, points, ratio

# What is to be reached: way, against whom, at most so many times its processor time.
TARGETS = [
    ("h1", "nginx-auth", 1.3),
    ("tls-h1", "nginx-auth", 1.1),
    ("tls-h2", "nginx-auth", 0.8),
    ("tls-new", "nginx-auth", 0.7),
    ("h1", "envoy", 0.5),
    ("tls-h1", "envoy", 0.5),
    ("tls-h2", "envoy", 0.5),
    ("tls-new", "envoy", 0.5),
]


def table(head, rows):
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in [head, *rows]]
    return "\n".join([lines[0], "|" + " --- |" * len(head), *lines[1:]])


def verdict(seen, most):
    if not seen.seen:
        return "not measured"
    beyond_it = (seen.median / most - 1) * 100
    return "yes" if beyond_it <= 0 else f"**no**, by {beyond_it:.{0 if beyond_it >= 1 else 1}f} %"


def processor(runs):
    rows = [[NAMES[name], *(figure(runs, name, way, "cpu").text() for way in WAYS)] for name in NAMES if name != "direct"]
    return table(["µs of one processor for a call", *WAYS.values()], rows)


def reached(runs):
    rows = []
    for way, other, most in TARGETS:
        seen = ratio(runs, "gateway", other, way)
        rows.append([f"processor time, {WAYS[way]}, by {NAMES[other]}", f"≤ {most} ×", seen.text(2), verdict(seen, most)])
    for field, most in (("p50", 0.1), ("p99", 1.0)):
        seen = added(runs, "gateway", field)
        rows.append([f"added {field} over TLS at 1,000/s, ms", f"< {most}", seen.text(2), verdict(seen, most)])
    burst = figure(runs, "gateway", "burst", "value")
    exact = "yes" if set(burst.seen) == {1} else "**no**"
    rows.append(["introspections for a burst of 200 calls with a new token", "1", burst.text(0), exact])
    rows.append(limit("memory at 512 TLS connections, MiB", 80, figure(runs, "gateway", "memory-512", "value")))
    rows.append(limit("start to the first answered call, ms", 100, figure(runs, "gateway", "start", "value")))
    seen = whole_ratio(runs)
    enough = "yes" if seen.seen and seen.median >= 20 else "**no**"
    rows.append(["calls a second of gateway and core, by the Python server", "≥ 20 ×", seen.text(1), enough])
    return table(["What", "To reach", "Seen", "Reached"], rows)


def frame(runs):
    """What of the gateway's time is that of what it is built on."""
    rows = [
        [
            title,
            ratio(runs, "frame", "nginx-auth", way).text(2),
            ratio(runs, "frame", "envoy", way).text(2),
            beyond(runs, "gateway", "frame", way).text(0),
        ]
        for way, title in WAYS.items()
    ]
    head = ["processor time", "the frame by nginx, cached `auth_request`", "the frame by Envoy", "the gateway beyond the frame, µs"]
    return table(head, rows)


def limit(what, most, seen):
    return [what, f"< {most}", seen.text(0), verdict(seen, most)]


def whole_ratio(runs):
    pairs = [(run.get("gateway+core", {}), run.get("python", {})) for run in runs]
    return Figure(tuple(ours["rate"] / theirs["rate"] for ours, theirs in pairs if "rate" in ours and "rate" in theirs))


def speed(runs):
    rows = [
        [NAMES[name], *(figure(runs, name, way, "rate").text(0) for way in WAYS)] for name in NAMES
    ]
    return table(["calls a second", *WAYS.values()], rows)


def latency(runs, rate):
    rows = []
    for name in NAMES:
        over = "TLS" if points(runs, name, "tls-h1")[0] else "plain"
        cells = [figure(runs, name, "rate", field).text(2) for field in ("p50", "p99")]
        more = [added(runs, name, field).text(2) for field in ("p50", "p99")] if name != "direct" else ["–", "–"]
        rows.append([NAMES[name], over, *cells, *more])
    return table([f"at {rate:,}/s, 16 connections", "over", "p50, ms", "p99, ms", "added p50", "added p99"], rows)


def footprint(runs, binaries):
    sizes = {"gateway": "fhir-mcp-gateway", "nginx": "nginx", "nginx-auth": "nginx", "envoy": "envoy"}
    rows = [
        [
            NAMES[name],
            figure(runs, name, "memory-16", "value").text(0),
            figure(runs, name, "memory-512", "value").text(0),
            figure(runs, name, "start", "value").text(0),
            figure(runs, name, "burst", "value").text(0),
            binaries.get(sizes.get(name), "–"),
        ]
        for name in NAMES
        if name != "direct"
    ]
    head = ["", "MiB at 16 TLS connections", "MiB at 512", "start, ms", "questions for a burst of 200", "binary, MiB"]
    return table(head, rows)


def whole(runs):
    fields = [("rate", 0), ("cpu", 0), ("p50", 2), ("p99", 2), ("memory", 0), ("backend", 2)]
    rows = []
    for name, title in (("python", "FastMCP server, uvicorn"), ("gateway+core", "fhir-mcp-gateway and fhir-mcp-core")):
        found = [run[name] for run in runs if "rate" in run.get(name, {})]
        rows.append([title, *(Figure(tuple(one[field] for one in found)).text(digits) for field, digits in fields)])
    head = ["`get_patient_observations`, 20 readings", "calls a second", "µs for a call", "p50, ms", "p99, ms", "MiB",
            "backend requests for a call"]
    return table(head, rows)


def write(told, docs):
    """The page, its plots and its points; 1 if a point of ours missed."""
    runs, machine, versions = told["runs"], told["machine"], told["versions"]
    folder = docs / "benchmarks"
    folder.mkdir(exist_ok=True)
    (folder / "points.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    plots.draw(runs, folder)
    lost = [*missed(runs)]
    with_template = (docs.parent / "tests/lanes/bench/page.md").read_text(encoding="utf-8")
    page = with_template.format(
        when=told["when"],
        count=len(runs),
        seconds=told["seconds"],
        double=2 * told["seconds"],
        load=", ".join(f"{run['load']:.1f}" for run in runs),
        reached=reached(runs),
        processor=processor(runs),
        frame=frame(runs),
        speed=speed(runs),
        latency=latency(runs, told["rate"]),
        footprint=footprint(runs, versions["binaries"]),
        whole=whole(runs),
        missed="\n".join(f"* {one}" for one in lost) or "None: every point was made at its rate, with no more failures than allowed.",
        **machine,
        **{name.replace("-", "_"): value for name, value in versions.items() if name != "binaries"},
    )
    (docs / "benchmarks.md").write_text(page, encoding="utf-8")
    return 1 if any(", gateway" in one for one in lost) else 0
