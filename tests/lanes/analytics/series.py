"""What the tools about series say, by their definitions: statistics, trend, coverage, comparison, a study."""

from datetime import timedelta

import numpy as np
from scipy import stats

from figure import Figure, mean, nearest, percentile, sd, summary, without_none
from reading import every, recorded_by, shown, sift, together

DAY = 86_400.0


def keyed(sifted):
    """One series for each measure, unit and statistic: what every record says, in order."""
    series = {}
    for record, what in sifted.singles + sifted.summaries:
        for name, (value, unit) in what.items():
            series.setdefault((name, unit, record.statistic), []).append((record.start, value))
    order = sorted(series, key=lambda key: tuple((part is not None, part or "") for part in key))
    return {key: sorted(series[key]) for key in order}


def credited(sifted):
    """The sources of readings and summaries, where there are any."""
    sources = recorded_by([record for record, _ in sifted.singles + sifted.summaries])
    return {"recorded_by": sources} if sources else {}


def told(key):
    return without_none({"measure": key[0], "unit": key[1], "statistic": key[2]})


def numbers(points):
    return [value for _, value in points]


def monday(day):
    return day - timedelta(days=day.weekday())


def groups(points, when, by):
    """Figures by local hour, day, week or part of the day."""
    first = when.start if when.start and when.end else when.day(points[0][0])
    last = when.end if when.start and when.end else when.day(points[-1][0])
    inside = [point for point in points if first <= when.day(point[0]) <= last]
    parts = ["night", "morning", "afternoon", "evening"]
    key = {"hour_of_day": lambda at: when.local(at).hour, "day": when.day,
           "week": lambda at: monday(when.day(at)), "part_of_day": lambda at: parts.index(when.part(at))}[by]
    by_key = {}
    for at, value in inside:
        by_key.setdefault(key(at), []).append(value)
    buckets = []
    for at, values in sorted(by_key.items()):
        label = {"hour_of_day": lambda: f"{at:02}", "day": lambda: at.isoformat(),
                 "week": lambda: f"{at.isocalendar().year}-W{at.isocalendar().week:02}",
                 "part_of_day": lambda: parts[at]}[by]()
        bucket = {"label": label, "n": len(values), "mean": Figure(mean(values), 2),
                  "median": Figure(percentile(values, 50), 2),
                  "min": Figure(min(values), 2), "max": Figure(max(values), 2)}
        if by == "week":
            bucket["monday"] = at.isoformat()
        if len(values) > 1:
            bucket["sd"] = Figure(sd(values), 2)
        buckets.append(bucket)
    weeks = (monday(last) - monday(first)).days // 7 + 1
    possible = {"hour_of_day": 24, "part_of_day": 4, "day": (last - first).days + 1, "week": weeks}[by]
    return {"by": by, "zone": when.name, "buckets": buckets, "empty": possible - len(buckets),
            "outside": len(points) - len(inside)}


def statistics(rows, patients, kinds, when, group_by=None):
    results = []
    for patient in patients:
        for name, code in kinds.items():
            sifted = sift([row for row in rows[patient] if row.code == code], when, every)
            figures = []
            for key, points in keyed(sifted).items():
                of = told(key) | summary(numbers(points), 2)
                if group_by:
                    of["groups"] = groups(points, when, group_by)
                figures.append(of)
            results.append({"patient_id": patient, "data_type": name, "records": sifted.account, "figures": figures}
                           | credited(sifted))
    return {**when.told(), "results": results}


def laid_through(points, when):
    """Up to 1,000 readings, or else the medians of days: what, and for each its day, time, x and y."""
    if len(points) <= 1000:
        first = points[0][0]
        return "readings", [(when.day(at), at, (at - first).total_seconds() / DAY, y) for at, y in points]
    days = {}
    for at, value in points:
        days.setdefault(when.day(at), []).append(value)
    first = min(days)
    return "daily_medians", [(day, None, float((day - first).days), float(np.median(values)))
                             for day, values in sorted(days.items())]


def trend(points, when):
    over, marks = laid_through(points, when)
    x, y = np.array([mark[2] for mark in marks]), np.array([mark[3] for mark in marks])
    if len(set(x)) < 3:
        return None, "too_few_times"
    level = {at: float(np.median(y[x == x[at]])) for at in (0, -1)}

    def end(at):
        day, instant, _, _ = marks[at]
        return without_none({"day": day.isoformat(), "at": instant and shown(instant),
                             "value": Figure(level[at], 2)})

    if len(set(y)) == 1:
        line = {"slope_per_day": Figure(0, 5), "intercept": Figure(y[0], 2)}
    else:
        fit = stats.linregress(x, y)
        line = {"slope_per_day": Figure(fit.slope, 5), "intercept": Figure(fit.intercept, 2),
                "r2": Figure(fit.rvalue**2, 4)}
    with np.errstate(invalid="ignore"):
        robust = stats.theilslopes(y, x, alpha=0.95)
    change = level[-1] - level[0]
    return {"over": over, "n": len(points), "points": len(marks), "zone": when.name,
            "first": end(0), "last": end(-1), "days": Figure(x[-1], 2), "change": Figure(change, 2),
            "change_per_day": Figure(change / x[-1], 5), "least_squares": line,
            "theil_sen": {"slope_per_day": Figure(robust.slope, 5), "low": Figure(robust.low_slope, 5),
                          "high": Figure(robust.high_slope, 5)}}, None


def trends(sifted, when):
    rows = []
    for key, points in keyed(sifted).items():
        found, why = trend(points, when)
        rows.append(told(key) | {"n": len(points), "trend": found} | ({"no_trend": why} if why else {}))
    return {"trends": rows} if rows else None


def coverage(sifted, when, now, gap_minutes=None):
    """Days, gaps, and seen against expected by the median gap; a window ends with the present."""
    records = [record for record, _ in sifted.singles + sifted.summaries]
    window = None
    if when.start and when.end:
        window = (when.start, min(when.end, when.day(now)))
        passed = min(now, when.ends(when.end))
        if when.begins(when.start) >= passed:
            window = None
    if not records and window is None:
        return None
    first, last = window or (when.day(min(r.start for r in records)), when.day(max(r.start for r in records)))
    inside = [record for record in records if first <= when.day(record.start) <= last]
    times = sorted({record.start for record in inside})
    by_day = {}
    for record in inside:
        by_day[when.day(record.start)] = by_day.get(when.day(record.start), 0) + 1
    steps = np.diff([time.timestamp() for time in times])
    steps = [(b - a).total_seconds() for a, b in zip(times, times[1:])]
    median = float(np.median(steps)) if steps else None
    begin, end = (when.begins(first), passed) if window else (times[0], times[-1])
    report = {"n": len(inside), "outside": len(records) - len(inside), "zone": when.name,
              "first_day": first.isoformat(), "last_day": last.isoformat(), "days": (last - first).days + 1,
              "days_with_readings": len(by_day)}
    if times:
        report |= {"first": shown(times[0]), "last": shown(times[-1])}
    if median is not None:
        report["median_gap_minutes"] = Figure(median / 60, 1)
    if len(times) < 3 or (len(by_day) < 3 and len(times) < 12):
        report["not_expected"] = "too_few"
    elif len(by_day) >= 3 and max(by_day.values()) < DAY / median / 2:
        report["not_expected"] = "no_rhythm"
    else:
        expected = max(1, nearest((end - begin).total_seconds() / median) + (window is None))
        report |= {"expected": expected, "percent": Figure(min(100.0, 100.0 * len(times) / expected), 1)}
    report["gaps"] = gaps(times, (begin, end), median, gap_minutes)
    report["by_source"] = by_source(records, when)
    return report


def gaps(times, stretch, median, asked):
    limit = float(asked) if asked is not None else max(60.0, 3 * (median or 0.0) / 60)
    if times:
        found = [(a, b, None) for a, b in zip(times, times[1:])]
        found += [(stretch[0], times[0], "before_first"), (times[-1], stretch[1], "after_last")]
    else:
        found = [(*stretch, "whole")]
    minutes = [((b - a).total_seconds() / 60, a, b, edge) for a, b, edge in found]
    minutes = sorted((one for one in minutes if one[0] > limit), key=lambda one: (-one[0], one[1]))
    longest = [without_none({"start": shown(a), "end": shown(b), "minutes": Figure(length, 0), "edge": edge})
               for length, a, b, edge in minutes[:10]]
    return {"limit_minutes": Figure(limit, 1), "n": len(minutes),
            "total_minutes": Figure(np.sum([one[0] for one in minutes]), 0), "longest": longest}


def by_source(records, when):
    sources = {}
    for record in records:
        sources.setdefault((record.source, record.modality), []).append(record.start)
    order = sorted(sources.items(), key=lambda one: (-len(one[1]), [(p is not None, p or "") for p in one[0]]))
    return [{"source": source, "modality": modality, "n": len(times), "days": len({when.day(at) for at in times}),
             "first": shown(min(times)), "last": shown(max(times))} for (source, modality), times in order[:10]]


def comparison(rows, patients, code, when, against="group"):
    sifted = {patient: sift([row for row in rows[patient] if row.code == code], when, every) for patient in patients}
    series = {patient: keyed(of) for patient, of in sifted.items()}
    keys = sorted({key for of in series.values() for key in of},
                  key=lambda key: tuple((part is not None, part or "") for part in key))
    measures = []
    for key in keys:
        values = {patient: numbers(series[patient].get(key, [])) for patient in patients}
        means = {patient: np.mean(of) for patient, of in values.items() if of}
        medians = {patient: np.median(of) for patient, of in values.items() if of}
        if against == "group":
            base = np.mean(list(means.values())), np.median(list(medians.values()))
        else:
            base = (means[patients[0]], medians[patients[0]]) if patients[0] in means else None
        people = []
        for patient in patients:
            one = {"id": patient, "n": len(values[patient]), "summary": summary(values[patient], 2)}
            if patient in means and base:
                one["mean_difference"] = Figure(means[patient] - base[0], 2)
                one["median_difference"] = Figure(medians[patient] - base[1], 2)
            people.append(without_none(one))
        of = told(key) | {"against": against, "people": people, "with_readings": len(means)}
        if len(means) > 1:
            of |= {name: {"least": Figure(min(all_.values()), 2), "greatest": Figure(max(all_.values()), 2),
                          "width": Figure(max(all_.values()) - min(all_.values()), 2)}
                   for name, all_ in (("means", means), ("medians", medians))}
        measures.append(of)
    people = [{"patient_id": patient, "records": sifted[patient].account} | credited(sifted[patient])
              for patient in patients]
    return {**when.told(), "people": people, "measures": measures}


def cohort(rows, kinds, when, figure, threshold):
    """Each participant once; percentiles where at least the threshold lies at either end."""
    measures, accounts = [], []
    for name, code in sorted(kinds.items()):
        of_kind = [row for row in rows if row.code == code]
        accounts.append(sift(of_kind, when, every).account)
        people = {}
        for row in of_kind:
            people.setdefault(row.patient, []).append(row)
        by_key = {}
        for of in people.values():
            for key, points in keyed(sift(of, when, every)).items():
                one = {"mean": np.mean, "median": np.median}[figure](numbers(points))
                by_key.setdefault(key, []).append((one, len(points)))
        for key in sorted(by_key, key=lambda key: tuple((part is not None, part or "") for part in key)):
            measures.append({"data_type": name, **told(key), "threshold": threshold,
                             **distribution(by_key[key], threshold)})
    return {**when.told(), "figure": figure, "records": together(*accounts), "measures": measures}


def distribution(participants, threshold):
    figures = [figure for figure, _ in participants]
    n = len(figures)
    if n < threshold:
        return {"suppressed": True}
    of = {"participants": n, "readings": sum(readings for _, readings in participants),
          "mean": Figure(mean(figures), 2), "sd": Figure(sd(figures), 2) if n > 3 else None}
    for name, percent in (("p10", 10), ("p25", 25), ("median", 50), ("p75", 75), ("p90", 90)):
        if n * min(percent, 100 - percent) >= threshold * 100:
            of[name] = Figure(percentile(figures, percent), 2)
    return {"suppressed": False, "distribution": without_none(of)}
