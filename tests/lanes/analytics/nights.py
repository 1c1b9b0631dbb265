"""The sleep report, by its definitions."""

import numpy as np

from bodies import SECONDS
from figure import WORDS, Figure, centre, nearest, shared, summary, without_none

MEMBERS = ["total", "efficiency", "latency", "wake", "awakenings", "deep", "light", "rem", "awake"]


def take(record):
    """What a record says of its night, in seconds, percent and counts."""
    measures = record.measures

    def seconds(*names):
        return next((measures[name][0] * SECONDS[measures[name][1]] for name in names if name in measures), None)

    night = {"total": seconds("total_sleep_time", "sleep_duration"),
             "efficiency": next((measures[name][0] for name in (
                 "sleep_efficiency_percentage", "sleep_maintenance_efficiency_percentage") if name in measures), None),
             "latency": seconds("latency_to_sleep_onset"), "wake": seconds("wake_after_sleep_onset"),
             "awakenings": measures.get("number_of_awakenings", (None,))[0],
             "deep": seconds("deep_sleep_duration"), "light": seconds("light_sleep_duration"),
             "rem": seconds("rem_sleep_duration"), "awake": seconds("awake_duration"),
             "main": record.body.get("is_main_sleep")}
    return night if any(value is not None for value in night.values()) else None


def asleep(night):
    if night["total"] is not None:
        return night["total"]
    stages = [night[name] for name in ("deep", "light", "rem")]
    return None if None in stages else sum(stages)


def records(sifted):
    """Single records, and sums over a night; each with an interval."""
    return [{**what, "start": record.start, "end": record.end} for record, what in taken(sifted) if record.end]


def taken(sifted):
    return sifted.singles + [one for one in sifted.summaries if one[0].statistic == "sum"]


def joined(found):
    """One episode for each interval: the records that say more first, the greater number first."""
    def order(night):
        said = [(night[name] is None, -(night[name] or 0)) for name in MEMBERS]
        return night["start"], night["end"], said, {True: 0, False: 1, None: 2}[night["main"]]

    episodes, conflicting = [], 0
    for night in sorted(found, key=order):
        last = episodes[-1] if episodes else None
        if last is None or (last["start"], last["end"]) != (night["start"], night["end"]):
            episodes.append(dict(night))
            continue
        names = MEMBERS + ["main"]
        conflicting += any(last[name] is not None and night[name] is not None and last[name] != night[name]
                           for name in names)
        for name in names:
            last[name] = night[name] if last[name] is None else last[name]
    return episodes, conflicting


def length(night):
    return (night["end"] - night["start"]).total_seconds()


def possible(night):
    times = [night[name] for name in ("latency", "wake", "deep", "light", "rem", "awake")] + [asleep(night)]
    return (0 < length(night) <= 86_400
            and all(time is None or 0 <= time <= length(night) + 60 for time in times)
            and (night["efficiency"] is None or 0 <= night["efficiency"] <= 100)
            and (night["awakenings"] is None or night["awakenings"] >= 0))


def clock(instants, when):
    """The circular mean of local clock times, and their circular standard deviation."""
    if not instants:
        return None
    local = [when.local(at) for at in instants]
    angles = np.array([(at.hour * 3600 + at.minute * 60 + at.second) / 86_400 * 2 * np.pi for at in local])
    vector = np.mean(np.exp(1j * angles))
    if abs(vector) <= 1e-9:
        return None
    minutes = nearest(np.angle(vector) / (2 * np.pi) * 1440 % 1440) % 1440
    of = {"n": len(instants), "mean": f"{minutes // 60:02}:{minutes % 60:02}"}
    if len(instants) > 1:
        spread = np.sqrt(max(0.0, -2 * np.log(min(1.0, abs(vector)))))
        of["sd_min"] = Figure(spread / (2 * np.pi) * 1440, 1)
    return of


def report(all_records, when):
    if not all_records:
        return None
    found = [night for night in all_records if when.has(night["end"])]
    episodes, conflicting = joined(found)
    days = {}
    for night in episodes:
        days.setdefault(when.day(night["end"]), []).append(night)
    mains, naps, repeats, as_longest = [], [], 0, 0
    for _, nights in sorted(days.items()):
        said = [night for night in nights if night["main"] is True]
        unsaid = [night for night in nights if night["main"] is None]
        main = max(said or unsaid, key=length, default=None)
        if main is not None:
            mains.append(main)
            as_longest += not said
        for night in nights:
            if night is main:
                continue
            if main is not None and night["start"] < main["end"] and main["start"] < night["end"]:
                repeats += 1
            else:
                naps.append(night)
    times = [asleep(night) for night in mains if asleep(night) is not None]

    def of(name, unit):
        return centre([night[name] / unit for night in mains if night[name] is not None])

    return without_none({
        "period": when.period(set(days), len(all_records) - len(found)), "day_is": WORDS, "records": len(found),
        "nights": len(mains), "main_as_longest": as_longest,
        "asleep_min": summary([time / 60 for time in times], 1),
        "asleep_from_stages": sum(night["total"] is None and asleep(night) is not None for night in mains),
        "below_7_h": {"n": sum(time < 7 * 3600 for time in times), "of": len(times), "basis": WORDS} if times else None,
        "efficiency_percent": of("efficiency", 1), "latency_min": of("latency", 60),
        "wake_after_onset_min": of("wake", 60), "awakenings": of("awakenings", 1), "deep_min": of("deep", 60),
        "light_min": of("light", 60), "rem_min": of("rem", 60), "awake_min": of("awake", 60),
        "bedtime": clock([night["start"] for night in mains], when),
        "wake_time": clock([night["end"] for night in mains], when),
        "midpoint": clock([night["start"] + (night["end"] - night["start"]) / 2 for night in mains], when),
        "naps": {"n": len(naps), "days": len({when.day(night["end"]) for night in naps}),
                 "mean_min": Figure(np.mean([length(night) / 60 for night in naps]), 1)} if naps else None,
        "repeats": repeats, "conflicting": conflicting,
        "overlapping": len(shared([(night["start"], night["end"]) for night in episodes])),
        "impossible": sum(not possible(night) for night in episodes)})
