"""The plots, as SVG that is the same for the same points."""

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # the backend is chosen first

from figures import NAMES, WAYS, figure

SHOWN = ["nginx", "nginx-auth", "envoy", "frame", "gateway"]
# Told apart by lightness too, for eyes and printers without colours.
COLOURS = {"nginx": "#9aa5b1", "nginx-auth": "#52606d", "envoy": "#c98b2b", "frame": "#8fb8c6",
           "gateway": "#1f6f8b"}


def bars(runs, panels, title, path):
    """Panels of horizontal bars, one for each contestant: the median, with a line from the least to the most."""
    figure_, axes = plt.subplots(1, len(panels), figsize=(3.1 * len(panels), 2.7), sharey=True)
    for axis, (name, way, field, digits) in zip(axes, panels, strict=True):
        for place, who in enumerate(reversed(SHOWN)):
            seen = figure(runs, who, way, field)
            if not seen.seen:
                continue
            axis.barh(place, seen.median, color=COLOURS[who], height=0.62)
            axis.plot([min(seen.seen), max(seen.seen)], [place, place], color="#1f2933", linewidth=1.2)
            axis.annotate(f"{seen.median:.{digits}f}", (max(seen.seen), place), xytext=(4, 0),
                          textcoords="offset points", va="center", fontsize=8)
        axis.set_title(name, fontsize=9)
        axis.set_yticks(range(len(SHOWN)), [NAMES[who].replace("`", "") for who in reversed(SHOWN)], fontsize=8)
        axis.tick_params(axis="x", labelsize=8)
        axis.margins(x=0.22)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    figure_.suptitle(title, fontsize=10)
    figure_.tight_layout()
    figure_.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close(figure_)


def draw(runs, folder):
    plt.rcParams.update({"svg.hashsalt": "fhir-mcp-gateway", "svg.fonttype": "none", "font.family": "sans-serif",
                         "figure.facecolor": "white"})
    bars(runs, [(name, way, "cpu", 0) for way, name in WAYS.items()],
         "Processor time for an authorised call, µs: less is better", folder / "processor.svg")
    bars(runs, [("p50", "rate", "p50", 2), ("p99", "rate", "p99", 2)],
         "Latency over TLS at 1,000 calls a second, ms: less is better", folder / "latency.svg")
    bars(runs, [("16 connections", "memory-16", "value", 0), ("512 connections", "memory-512", "value", 0)],
         "Memory with TLS connections, MiB: less is better", folder / "memory.svg")
