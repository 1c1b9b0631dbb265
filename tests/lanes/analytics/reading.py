"""Open mHealth records, read from the Exchange's own rows: times, numbers, sources, and what counts."""

import base64
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

UTC = timezone.utc


@dataclass
class Record:
    patient: str
    code: str
    id: str
    start: datetime | None
    end: datetime | None
    dated: bool
    source: str | None
    modality: str | None
    body: dict
    measures: dict  # name: (number, unit or None)
    statistic: str | None
    original: str | None


def read(resource):
    """One FHIR Observation whose value is a data point in base64."""
    point = json.loads(base64.b64decode(resource["valueAttachment"]["data"]))
    body, header = point["body"], point.get("header", {})
    frame = body.get("effective_time_frame", {})
    interval = frame.get("time_interval", {})
    start = frame.get("date_time") or interval.get("start_date_time")
    older = header.get("acquisition_provenance", {})
    sheets = header.get("external_datasheets", [])
    source = older.get("source_name") or (sheets[0]["datasheet_reference"] if sheets else None)
    inner = body.get("sleep_stage_summary", {})
    return Record(
        patient=resource["subject"]["reference"].removeprefix("Patient/"),
        code=resource["code"]["coding"][0]["code"],
        id=resource["id"],
        start=instant(start),
        end=instant(interval.get("end_date_time")),
        dated="effectiveDateTime" in resource or "effectivePeriod" in resource,
        source=source,
        modality=header.get("modality") or older.get("modality"),
        body=body,
        measures={**numbers(body), **numbers(inner)},
        statistic=body.get("descriptive_statistic") or inner.get("descriptive_statistic"),
        original=start)


def numbers(body):
    """Every member that is a quantity, or a bare number."""
    found = {}
    for name, member in body.items():
        if isinstance(member, dict) and isinstance(member.get("value"), (int, float)):
            found[name] = (member["value"], member.get("unit"))
        elif isinstance(member, (int, float)) and not isinstance(member, bool):
            found[name] = (member, None)
    return found


def instant(text):
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def shown(at):
    """RFC 3339 in UTC, with no more digits than there are."""
    text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
    return f"{text}Z"


class When:
    """Local days, both included; either end may be open."""

    def __init__(self, start=None, end=None, timezone=None):
        self.start = date.fromisoformat(start) if start else None
        self.end = date.fromisoformat(end) if end else None
        self.is_given = timezone is not None
        self.name = timezone or "UTC"
        self.zone = ZoneInfo(self.name)

    def local(self, at):
        return at.astimezone(self.zone)

    def day(self, at):
        return self.local(at).date()

    def holds(self, day):
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)

    def has(self, at):
        return self.holds(self.day(at))

    def touches(self, record):
        """Whether any part of it falls on one of the days, and it did not begin before the eve of the first.

        What ends at midnight has no part of the day after."""
        start, end = record.start, record.end
        last = end - timedelta(microseconds=1) if end and end > start else start
        eve = self.start and self.start - timedelta(days=1)
        return ((self.start is None or (self.start <= self.day(last) and eve <= self.day(start)))
                and (self.end is None or self.day(start) <= self.end))

    def begins(self, day):
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def ends(self, day):
        return self.begins(day + timedelta(days=1))

    def part(self, at):
        return ("night", "morning", "afternoon", "evening")[self.local(at).hour // 6]

    def told(self):
        told = {"timezone": self.name}
        if not self.is_given:
            told["timezone_assumed"] = True
        if self.start:
            told["start"] = self.start.isoformat()
        if self.end:
            told["end"] = self.end.isoformat()
        return told

    def period(self, days, outside):
        """The days of a report by its own window."""
        period = {"zone": self.name, "zone_given": self.is_given, "days_with_data": len(days),
                  "outside_window": outside}
        if self.start:
            period["from"] = self.start.isoformat()
        if self.end:
            period["to"] = self.end.isoformat()
        if self.start and self.end:
            period["days_in_window"] = (self.end - self.start).days + 1
        if days:
            period["first_day"], period["last_day"] = min(days).isoformat(), max(days).isoformat()
        return period


@dataclass
class Sifted:
    singles: list  # (record, what)
    summaries: list
    account: dict


def sift(records, when, what):
    """Tells records of one kind apart: single readings and summaries, each once, and what became of the rest."""
    untimed = unreadable = duplicates = 0
    kept = {False: [], True: []}
    seen = set()
    order = [record for record in records if record.start is not None]
    untimed = len(records) - len(order)
    order.sort(key=lambda record: (record.start, record.end is not None, record.end or record.start))
    for record in order:
        if not when.touches(record):
            continue
        taken = what(record)
        if taken is None:
            unreadable += 1
            continue
        key = (record.patient, record.start, record.end, record.statistic, repr(taken))
        if key in seen:
            duplicates += 1
            continue
        seen.add(key)
        kept[record.statistic is not None].append((record, taken))
    account = {"used": len(kept[False]), "summaries": len(kept[True]),
               "undated": sum(not record.dated for record, _ in kept[False]),
               "untimed": untimed, "unreadable": unreadable, "duplicates": duplicates}
    account = {name: n for name, n in account.items() if n or name == "used"}
    return Sifted(kept[False], kept[True], account)


def every(record):
    return {name: (float(value), unit) for name, (value, unit) in record.measures.items()} or None


def together(*accounts):
    total = {}
    for account in accounts:
        for name, n in account.items():
            total[name] = total.get(name, 0) + n
    return total


def recorded_by(records):
    """The five most frequent sources, and all others together."""
    counts = {}
    for record in records:
        counts[record.source] = counts.get(record.source, 0) + 1
    order = sorted(counts.items(), key=lambda one: (-one[1], one[0] is not None, one[0] or ""))
    rows = [{"source": source, "n": n} for source, n in order[:5]]
    others = sum(n for _, n in order[5:])
    return rows + ([{"source": None, "n": others}] if others else [])
