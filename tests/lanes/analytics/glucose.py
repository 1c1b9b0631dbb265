"""The glucose report, from the consensus papers and the rules that the documentation adds to them."""

from itertools import groupby

import numpy as np

from figure import WORDS, Figure, mean, nearest, percentile, sd, shares
from reading import shown

CONSTANT = 18.0156  # mg/dL for 1 mmol/L
MG, MMOL = "mg/dL", "mmol/L"
# Very low below, low below, high above, very high above.
USUAL = {MG: (54, 70, 180, 250), MMOL: (3.0, 3.9, 10.0, 13.9)}
PREGNANCY = {MG: (54, 63, 140, None), MMOL: (3.0, 3.5, 7.8, None)}
TARGETS = {
    "type_1_type_2": [("in_range", ">70"), ("below_range", "<4"), ("very_low", "<1"), ("above_range", "<25"),
                      ("very_high", "<5"), ("cv", "<=36")],
    "older_high_risk": [("in_range", ">50"), ("below_range", "<1"), ("above_range", "<50"), ("very_high", "<10"),
                        ("cv", "<=36")],
    "pregnancy_type_1": [("in_range", ">70"), ("below_range", "<4"), ("very_low", "<1"), ("above_range", "<25"),
                         ("cv", "<=36")],
}
COVERS = {"in_range": ["in_range"], "below_range": ["very_low", "low"], "very_low": ["very_low"],
          "above_range": ["high", "very_high"], "very_high": ["very_high"]}
EPISODES = {"below_70": {MG: ("<", 70), MMOL: ("<", 3.9)}, "below_54": {MG: ("<", 54), MMOL: ("<", 3.0)},
            "above_250": {MG: (">", 250), MMOL: (">", 13.9)}}
CODES = {"very_low": "104642-4", "low": "104641-6", "in_range": "97510-2", "high": "104640-8", "very_high": "104639-0"}


def take(record):
    return record.measures.get("blood_glucose")


def converted(value, unit, to):
    if unit == to:
        return value
    return value / CONSTANT if to == MMOL else value * CONSTANT


def cuts(population):
    return PREGNANCY if population == "pregnancy_type_1" else USUAL


def band(value, unit, population):
    very_low, low, high, very_high = cuts(population)[unit]
    if value < very_low:
        return "very_low"
    if value < low:
        return "low"
    if value <= high:
        return "in_range"
    return "very_high" if very_high is not None and value > very_high else "high"


def ranges(population, unit):
    very_low, low, high, very_high = (
        cut if cut is None else format(cut, ".0f" if unit == MG else ".1f") for cut in cuts(population)[unit])
    of = {"very_low": f"<{very_low}", "low": f"{very_low} to <{low}", "in_range": f"{low} to {high}"}
    return of | ({"high": f">{high} to {very_high}", "very_high": f">{very_high}"} if very_high else {"high": f">{high}"})


def report(sifted, when, now, population="type_1_type_2", unit=None):
    """`readings` are pairs of a record and its number with unit."""
    readings = sorted((record.start, value, unit_) for record, (value, unit_) in sifted.singles)
    if not readings:
        return None
    counts_by_unit = {name: sum(one[2] == name for one in readings) for name in (MG, MMOL)}
    unit = unit or (MMOL if counts_by_unit[MMOL] > counts_by_unit[MG] else MG)
    digits = 0 if unit == MG else 1
    values = np.array([converted(value, of, unit) for _, value, of in readings])
    gaps = np.array([(b[0] - a[0]).total_seconds() for a, b in zip(readings, readings[1:])])
    gap = float(np.median(gaps[gaps > 0])) if (gaps > 0).any() else None
    sensor = gap is not None and gap <= 30 * 60
    worn = wear(readings, when, now, gap, sensor)
    middle, spread = mean(values), sd(values) if len(values) > 1 else None
    cv = 100 * spread / middle if spread is not None and middle > 0 else None
    names = list(ranges(population, unit))
    bands = [band(value, of, population) for _, value, of in readings]
    counts = [bands.count(name) for name in names]
    tenths = dict(zip(names, shares(counts, 1000)))
    sensible = {MG: (20, 600), MMOL: (1.1, 33.3)}
    out = {
        "n": len(readings), "unit": unit, "mg_dl_per_mmol_l": Figure(CONSTANT, 4), "population": population,
        "zone": when.name, "outside_window": 0,
        "flagged": {
            "not_positive": sum(value <= 0 for _, value, _ in readings),
            "implausible": sum(value > 0 and not sensible[of][0] <= value <= sensible[of][1] for _, value, of in readings)},
        "wear": worn,
        "figures": {
            "mean": Figure(middle, digits + 1), "sd": spread and Figure(spread, digits + 1),
            "cv_percent": cv and Figure(cv, 1), "min": Figure(values.min(), digits + 1),
            "max": Figure(values.max(), digits + 1),
            "gmi_percent": Figure(3.31 + 0.02392 * converted(middle, unit, MG), 1),
            "gmi_mmol_per_mol": Figure(12.71 + 4.70587 * converted(middle, unit, MMOL), 1)},
        "bands": {"columns": ["band", "range", "n", "percent"],
                  "rows": [[name, of, n, Figure(tenths[name] / 10, 1)]
                           for (name, of), n in zip(ranges(population, unit).items(), counts)]},
        "targets": targets(population, dict(zip(names, counts)), tenths, cv, worn["sufficient"]),
        "notes": [WORDS] * 3}
    if all(counts_by_unit.values()):
        out["mixed_units"] = {"mg_dl": counts_by_unit[MG], "mmol_l": counts_by_unit[MMOL]}
    if sensor:
        out["episodes"] = episodes(readings, gap, when)
    if when.is_given:
        out["profile"] = profile(readings, when, unit, digits)
    left = ([] if when.is_given else [("profile", "no_time_zone")] + [("day_and_night", "no_time_zone")] * sensor) \
        + ([] if sensor else [("episodes", "not_a_sensor")])
    return out | ({"left_out": [{"part": part, "why": why} for part, why in left]} if left else {})


def wear(readings, when, now, gap, sensor):
    first, last = readings[0][0], readings[-1][0]
    window = when.start and when.end
    first_day = when.start if window else when.day(first)
    last_day = min(when.end, when.day(now)) if window else when.day(last)
    days = (last_day - first_day).days + 1
    length = (when.ends(last_day) - when.begins(first_day)).total_seconds() if window \
        else (last - first).total_seconds() + (gap or 0)
    expected = nearest(length / gap) if gap else None
    lacks = ["fewer_than_14_days"] * (days < 14) \
        + ["active_below_70_percent"] * (expected is not None and len(readings) / expected < 0.7) \
        + ["not_a_sensor"] * (not sensor)
    of = {"first_day": first_day.isoformat(), "last_day": last_day.isoformat(), "days": days,
          "days_worn": len({when.day(at) for at, _, _ in readings}), "first": shown(first), "last": shown(last),
          "median_gap_minutes": gap and Figure(gap / 60, 1), "expected": expected,
          "active_percent": expected and Figure(min(100.0, 100 * len(readings) / expected), 1),
          "sufficient": not lacks}
    return of | ({"shortfalls": lacks} if lacks else {})


def targets(population, counts, tenths, cv, sufficient):
    total, rows = sum(counts.values()), []
    for name, target in TARGETS[population]:
        sign, bound = target.rstrip("0123456789"), int(target.lstrip("<>="))
        if name == "cv":
            percent, exact = cv and Figure(cv, 1), cv
        else:
            part = sum(counts.get(one, 0) for one in COVERS[name])
            percent = Figure(sum(tenths.get(one, 0) for one in COVERS[name]) / 10, 1)
            # In whole numbers: 70 % is not more than 70 %.
            exact, bound = part * 100, bound * total
        met = None if exact is None else {">": exact > bound, "<": exact < bound, "<=": exact <= bound}[sign]
        rows.append([name, target, percent,
                     "not_judged" if met is None or not sufficient else "met" if met else "not_met"])
    return {"columns": ["of", "target", "percent", "verdict"], "rows": rows}


def episodes(readings, gap, when):
    rows = []
    for name, thresholds in EPISODES.items():
        found = list(of_threshold(readings, gap, thresholds))
        night = sum(when.part(start) == "night" for start, _, _ in found) if when.is_given else None
        longest = max(found, key=lambda one: one[1], default=None)
        rows.append([name, len(found), None if night is None else len(found) - night, night,
                     sum(minutes for _, minutes, _ in found), sum(minutes >= 120 for _, minutes, _ in found),
                     sum(cut for _, _, cut in found), longest and longest[1], longest and shown(longest[0])])
    columns = ["of", "n", "day", "night", "minutes", "extended", "cut", "longest", "longest_from"]
    return {"columns": columns, "rows": rows}


def of_threshold(readings, gap, thresholds):
    """Episodes: start, minutes, whether a gap or the end cut them short.

    The record falls into pieces at gaps of more than 45 minutes. In a piece each reading holds until the
    next, the last for one median gap."""
    pieces, piece = [], []
    for this, following in zip(readings, readings[1:] + [None]):
        seconds = (following[0] - this[0]).total_seconds() if following else None
        whole = seconds is not None and seconds <= 45 * 60
        sign, cut = thresholds[this[2]]
        piece.append((this[1] < cut if sign == "<" else this[1] > cut, this[0], seconds if whole else gap))
        if not whole:
            pieces.append(piece)
            piece = []
    for piece in pieces:
        runs = [(beyond, list(of)) for beyond, of in groupby(piece, key=lambda one: one[0])]
        runs = [(beyond, of[0][1], sum(one[2] for one in of)) for beyond, of in runs]
        at = 0
        while at < len(runs):
            if not (runs[at][0] and nearest(runs[at][2] / 60) >= 15):
                at += 1
                continue
            # Recovery: the first later run on the other side that lasts.
            over = next((later for later in range(at + 1, len(runs))
                         if not runs[later][0] and nearest(runs[later][2] / 60) >= 15), None)
            stop = len(runs) if over is None else over
            last = max(place for place in range(at, stop) if runs[place][0])
            yield runs[at][1], nearest(sum(run[2] for run in runs[at:last + 1]) / 60), over is None
            at = stop


def profile(readings, when, unit, digits):
    hours = {}
    for at, value, of in readings:
        hours.setdefault(when.local(at).hour, []).append(converted(value, of, unit))
    rows = [[hour, len(values), *(Figure(percentile(values, share), digits) for share in (5, 25, 50, 75, 95))]
            for hour, values in sorted(hours.items()) if len(values) >= 5]
    return {"columns": ["hour", "n", "p5", "p25", "p50", "p75", "p95"], "rows": rows}


def in_fhir(bundle, report, population):
    """The numbers of the FHIR Observations by code, and what they must be."""
    values, must = {}, {}
    for entry in bundle["entry"]:
        resource = entry["resource"]
        for part in [resource, *resource.get("component", [])]:
            if "valueQuantity" in part:
                values[part["code"]["coding"][0]["code"]] = part["valueQuantity"]["value"]
    mean_code = "97507-8" if report["unit"] == MG else "105273-7"
    must[mean_code] = report["figures"]["mean"]
    must["97506-0"] = report["figures"]["gmi_percent"]
    must["104638-2"] = report["figures"]["cv_percent"]
    must["104636-6"] = Figure(report["wear"]["days_worn"], 0)
    must["104637-4"] = report["wear"]["active_percent"]
    rows = report["bands"]["rows"]
    for row, part in zip(rows, shares([row[2] for row in rows], 10_000)):
        must[CODES[row[0]]] = Figure(part / 100, 2)
    return must, values
