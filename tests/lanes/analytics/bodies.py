"""Blood pressure, heart rate, steps and activities, by their definitions."""

from datetime import timedelta

import numpy as np

from figure import WORDS, Figure, mean, shared, shares, summary, without_none
from reading import shown
from series import monday

SCHEMES = {
    # Name, as printed, where it begins: systolic, diastolic.
    "acc_aha_2017": [("normal", "<120 and <80", None), ("elevated", "120-129 and <80", lambda s, d: s >= 120),
                     ("stage_1", "130-139 or 80-89", lambda s, d: s >= 130 or d >= 80),
                     ("stage_2", ">=140 or >=90", lambda s, d: s >= 140 or d >= 90),
                     ("urgent", ">180 or >120", lambda s, d: s > 180 or d > 120)],
    "esc_2024": [("non_elevated", "<120 and <70", None),
                 ("elevated", "120-139 or 70-89", lambda s, d: s >= 120 or d >= 70),
                 ("hypertension_range", ">=140 or >=90", lambda s, d: s >= 140 or d >= 90)],
}


def take_pressure(record):
    both = [record.measures.get(f"{name}_blood_pressure") for name in ("systolic", "diastolic")]
    if any(one is None or one[1] != "mmHg" for one in both):
        return None
    return tuple(float(one[0]) for one in both)


def band(scheme, systolic, diastolic):
    """The worse number's."""
    name = SCHEMES[scheme][0][0]
    for name_, _, begins in SCHEMES[scheme][1:]:
        name = name_ if begins(systolic, diastolic) else name
    return name


def pressure(sifted, when, scheme="acc_aha_2017"):
    if not sifted.singles:
        return None
    readings = sorted((record.start, *what) for record, what in sifted.singles)
    days = {when.day(at) for at, _, _ in readings}
    impossible = sum(not (0 < d < s <= 300) for _, s, d in readings)
    bands = [band(scheme, s, d) for _, s, d in readings]
    counts = [bands.count(name) for name, _, _ in SCHEMES[scheme]]

    def average(of):
        return {"n": len(of), "days": len({when.day(one[0]) for one in of}),
                "systolic": Figure(mean([one[1] for one in of]), 1),
                "diastolic": Figure(mean([one[2] for one in of]), 1)}

    whole = average(readings)
    if whole["n"] < 2 or whole["days"] < 2:
        placed = {"not_placed": "too_few_readings_or_days"}
    elif impossible:
        placed = {"not_placed": "impossible_readings"}
    else:
        placed = {"band": band(scheme, float(whole["systolic"].printed), float(whole["diastolic"].printed))}
    parts = {part: [one for one in readings if when.part(one[0]) == part]
             for part in ("night", "morning", "afternoon", "evening")}
    at, s, d = readings[-1]
    return {"period": when.period(days, 0), "unit": "mmHg", "scheme": scheme, "basis": WORDS, "n": len(readings),
            "impossible": impossible,
            "bands": [{"band": name, "range": printed, "n": n, "percent": Figure(part / 10, 1)}
                      for (name, printed, _), n, part in zip(SCHEMES[scheme], counts, shares(counts, 1000))],
            "systolic": summary([one[1] for one in readings], 1), "diastolic": summary([one[2] for one in readings], 1),
            "average": whole | placed,
            "by_part_of_day": [{"part": part} | average(of) for part, of in parts.items() if of],
            "last": {"at": shown(at), "day": when.day(at).isoformat(), "systolic": Figure(s, 1),
                     "diastolic": Figure(d, 1), "band": bands[-1]}}


CONTEXTS = ["at_rest", "active", "asleep", "unknown"]
STATISTICS = ["average", "minimum", "maximum"]


def take_rate(record):
    rate = record.measures.get("heart_rate")
    if rate is None or rate[1] != "beats/min":
        return None
    if record.body.get("temporal_relationship_to_sleep") == "during sleep":
        return float(rate[0]), "asleep"
    active = record.body.get("temporal_relationship_to_physical_activity")
    words = {"at rest": "at_rest", "active": "active", "during exercise": "active", "after exercise": "active"}
    return float(rate[0]), words.get(active, "unknown")


def spread(rates):
    return {"n": len(rates), "mean": Figure(mean(rates), 1), "min": Figure(min(rates), 1), "max": Figure(max(rates), 1)}


def heart(sifted, when):
    def middle(record):
        return record.start + (record.end - record.start) / 2 if record.end else record.start

    all_digests = [(record, rate, context) for record, (rate, context) in sifted.summaries
                   if record.statistic in STATISTICS]
    beats = [(record.start, rate, context) for record, (rate, context) in sifted.singles if when.has(record.start)]
    digests = [(when.day(middle(record)), record.statistic, rate, context)
               for record, rate, context in all_digests if when.has(middle(record))]
    if not sifted.singles and not all_digests:
        return None
    days = {}
    for at, rate, _ in beats:
        days.setdefault(when.day(at), []).append(rate)
    rates = [rate for _, rate, _ in beats]
    outside = len(sifted.singles) + len(all_digests) - len(beats) - len(digests)
    report = {"period": when.period(set(days) | {digest[0] for digest in digests}, outside), "unit": "beats/min",
              "impossible": sum(rate <= 0 or rate > 300 for rate in rates + [digest[2] for digest in digests])}
    if beats:
        parts, contexts = [], []
        for part in ("night", "morning", "afternoon", "evening"):
            of = [rate for at, rate, _ in beats if when.part(at) == part]
            parts += [{"part": part} | spread(of)] if of else []
        for context in CONTEXTS:
            of = [rate for _, rate, one in beats if one == context]
            contexts += [{"context": context} | spread(of)] if of else []
        report["readings"] = {
            "all": summary(rates, 1), "days": len(days), "by_part_of_day": parts, "by_context": contexts,
            "mean_daily_min": Figure(np.mean([min(of) for of in days.values()]), 1),
            "mean_daily_mean": Figure(np.mean([np.mean(of) for of in days.values()]), 1),
            "mean_daily_max": Figure(np.mean([max(of) for of in days.values()]), 1)}
    rows = []
    for statistic in STATISTICS:
        for context in CONTEXTS:
            of = [digest for digest in digests if digest[1] == statistic and digest[3] == context]
            if of:
                rows.append({"statistic": statistic, "context": context, "days": len({one[0] for one in of})}
                            | spread([one[2] for one in of]))
    return report | ({"summary_records": rows} if rows else {})


def take_steps(record):
    count = record.measures.get("step_count")
    return None if count is None or count[1] not in (None, "steps") else float(count[0])


def steps(spans, when):
    """Spans of start, end and count, shared out over local days in proportion to time."""
    days, splits, too_long = {}, [], 0
    for start, end, value in spans:
        if (end - start).total_seconds() > 2 * 86_400:
            too_long += 1
            continue
        begins, ends = when.begins(when.day(start)), when.ends(when.day(start))
        # Twenty-four hours from a local midnight mean that day, though it has only twenty-three.
        if start == begins and end - start == timedelta(days=1) and ends < end:
            end = ends
        pieces, at = [], start
        while not pieces or at < end:
            until = min(when.ends(when.day(at)), end)
            pieces.append((when.day(at), (until - at).total_seconds()))
            at = until
        length = (end - start).total_seconds()
        parts = [(day, value * (seconds / length)) for day, seconds in pieces] if len(pieces) > 1 \
            else [(pieces[0][0], value)]
        if any(when.holds(day) for day, _ in parts):
            splits.append((start, end, value, len(parts)))
            for day, part in parts:
                if when.holds(day):
                    days.setdefault(day, []).append(part)
    days = {day: float(np.sum(np.sort(parts))) for day, parts in sorted(days.items())}
    double, doubled = shared([(start, end) for start, end, _, _ in splits]), set()
    for start, end in double:
        while True:
            doubled.add(when.day(start))
            start = when.ends(when.day(start))
            if start >= end:
                break
    totals = list(days.values())
    weekend = [total for day, total in days.items() if day.weekday() >= 5]
    weekdays = [total for day, total in days.items() if day.weekday() < 5]

    def of_days(totals):
        return {"days": len(totals), "mean": Figure(mean(totals), 0)} if totals else None

    def pick(choose):
        day = choose(days, key=lambda day: days[day])
        return {"day": day.isoformat(), "steps": Figure(days[day], 0)}

    return without_none({
        "period": when.period(set(days), len(spans) - len(splits) - too_long), "unit": "steps", "n": len(splits),
        "total": Figure(np.sum(np.sort(totals)), 0), "per_day": summary(totals, 0),
        "best": pick(max) if days else None, "worst": pick(min) if days else None,
        "weekdays": of_days(weekdays), "weekend": of_days(weekend),
        "split_at_midnight": sum(parts > 1 for _, _, _, parts in splits), "overlapping": len(double),
        "days_with_overlap": len(doubled & set(days)), "impossible": sum(value < 0 for _, _, value, _ in splits),
        "too_long": too_long})


METRES = {"m": 1.0, "km": 1000.0, "mi": 1609.344, "ft": 0.3048, "yd": 0.9144, "in": 0.0254, "cm": 0.01}
SECONDS = {"sec": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


def take_activity(record):
    """Name, intensity, minutes by intensity, metres, kilocalories; nothing where none is said."""
    measures, body = record.measures, record.body
    minutes = []
    for word in ("light", "moderate", "vigorous"):
        of = measures.get(f"duration_{word}_activity")
        minutes.append(of and of[0] * SECONDS[of[1]] / 60)
    distance, energy = measures.get("distance"), measures.get("kcal_burned")
    intensity = body.get("reported_activity_intensity")
    what = (body.get("activity_name"), intensity if intensity in ("light", "moderate", "vigorous") else None,
            tuple(minutes), distance and distance[0] * METRES[distance[1]],
            energy[0] if energy and energy[1] == "kcal" else None)
    return None if what == (None, None, (None,) * 3, None, None) else what


def activities(sifted, when):
    if not sifted.singles:
        return None
    # One row for each intensity that a record divides its time by; one for a record that does not.
    rows, outside = [], 0
    for record, (name, intensity, minutes, metres, kcal) in sifted.singles:
        key = (name, record.start, record.end or record.start)
        divided = [(key, word, of, None, None) for word, of in zip(("light", "moderate", "vigorous"), minutes)
                   if of is not None]
        of = divided or [(key, intensity, None, metres, kcal)]
        rows, outside = (rows + of, outside) if when.has(record.start) else (rows, outside + len(of))
    days = {when.day(key[1]) for key, *_ in rows}
    total = lambda of: float(np.sum(np.sort(of)))
    names = {}
    for key, _, minutes, _, _ in rows:
        if key[0] is not None:
            names.setdefault(key[0], []).append((key, minutes))
    order = sorted(names.items(), key=lambda one: (-len({key for key, _ in one[1]}), one[0]))
    by_name = []
    for name, of in order[:8]:
        said = [minutes for _, minutes in of if minutes is not None]
        by_name.append({"name": name, "n": len({key for key, _ in of})}
                       | ({"minutes": Figure(total(said), 1)} if said else {}))
    keys = {row[0] for row in rows}
    report = {
        "period": when.period(days, outside), "n": len(keys),
        "with_minutes": len({row[0] for row in rows if row[2] is not None}),
        "minutes": {name: Figure(total([row[2] for row in rows if row[1] == word and row[2] is not None]), 1)
                    for name, word in (("light", "light"), ("moderate", "moderate"), ("vigorous", "vigorous"),
                                       ("unstated", None))},
        "other_names": max(0, len(order) - 8),
        "overlapping": len(shared([key[1:] for key in keys])) + len(rows) - len({row[:2] for row in rows}),
        "impossible": sum(any(n is not None and n < 0 for n in row[2:]) for row in rows)}
    for name, place in (("distance_m", 3), ("kcal", 4)):
        of = [row[place] for row in rows if row[place] is not None]
        if of:
            report[name] = {"n": len(of), "total": Figure(total(of), 0)}
    return report | ({"by_name": by_name} if by_name else {}) | weeks(rows, days, when)


def weeks(rows, days, when):
    """Weeks beside the guideline: moderate minutes and twice the vigorous ones."""
    of_week = {}
    for key, word, minutes, _, _ in rows:
        if word is not None and minutes is not None:
            weight = {"light": 0, "moderate": 1, "vigorous": 2}[word]
            of_week.setdefault(monday(when.day(key[1])), []).append(weight * minutes)
    if not of_week:
        return {}
    first, last = when.start or min(days), when.end or max(days)
    whole = [float(Figure(np.sum(np.sort(minutes)), 1).printed) for week, minutes in of_week.items()
             if first <= week and week + timedelta(days=6) <= last]
    of = {"basis": WORDS, "n": len(whole), "below_150": sum(one < 150 for one in whole),
          "from_150_to_300": sum(150 <= one <= 300 for one in whole), "above_300": sum(one > 300 for one in whole),
          "not_whole": len(of_week) - len(whole)}
    return {"weeks": of | ({"mean": Figure(mean(whole), 1)} if whole else {})}
