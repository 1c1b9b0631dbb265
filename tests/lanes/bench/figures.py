"""From the points of several runs to the figures of the report: medians with what was least and most, and ratios
within a run, since machines differ from hour to hour."""

import statistics
from dataclasses import dataclass

NAMES = {
    "direct": "direct",
    "nginx": "nginx, forwarding only",
    "nginx-auth": "nginx, cached `auth_request`",
    "envoy": "Envoy: mcp, ext_authz, rate limit",
    "fastmcp": "FastMCP proxy",
    "frame": "pingora, forwarding only",
    "gateway": "fhir-mcp-gateway",
}
WAYS = {
    "h1": "HTTP/1.1, plain",
    "tls-h1": "TLS 1.3, HTTP/1.1",
    "tls-h2": "TLS 1.3, HTTP/2",
    "tls-new": "TLS 1.3, a new connection for each call",
}


@dataclass(frozen=True)
class Figure:
    """What several runs said of one thing."""

    seen: tuple

    @property
    def median(self):
        return statistics.median(self.seen)

    def text(self, digits=1):
        if not self.seen:
            return "–"
        least, most = min(self.seen), max(self.seen)
        one = lambda value: f"{value:,.{digits}f}"
        return one(self.median) if one(least) == one(most) else f"{one(self.median)} ({one(least)}–{one(most)})"


def points(runs, name, way):
    """The points of the runs, None where one missed or is none of this contestant's."""
    found = [run.get(name, {}).get(way) for run in runs]
    return [point if point and "missed" not in point else None for point in found]


def figure(runs, name, way, field):
    values = [point[field] for point in points(runs, name, way) if point and point.get(field) is not None]
    return Figure(tuple(values))


def ratio(runs, name, other, way, field="cpu"):
    """`name` by `other`, run by run."""
    pairs = zip(points(runs, name, way), points(runs, other, way), strict=True)
    return Figure(tuple(one[field] / two[field] for one, two in pairs if one and two))


def beyond(runs, name, other, way, field="cpu"):
    """What `name` takes more than `other`, run by run."""
    pairs = zip(points(runs, name, way), points(runs, other, way), strict=True)
    return Figure(tuple(one[field] - two[field] for one, two in pairs if one and two))


def added(runs, name, field):
    """What a call takes more than without anything between, run by run."""
    return beyond(runs, name, "direct", "rate", field)


def missed(runs):
    """Every point that must not be reported, and why."""
    for number, run in enumerate(runs, 1):
        for name, ways in run.items():
            if not isinstance(ways, dict):
                continue
            if "missed" in ways:
                yield f"run {number}, {name}: {ways['missed']}"
                continue
            for way, point in ways.items():
                if isinstance(point, dict) and "missed" in point:
                    yield f"run {number}, {name}, {way}: {point['missed']}"
