"""Questions to a site: each asked of the tool, computed from the Exchange's own rows, and compared."""

import json
import struct
from collections import Counter

import bodies
import glucose
import nights
import series
from figure import Anything, Comparison
from reading import When, every, instant, read, recorded_by, shown, sift, together

CODES = {"blood-glucose": "omh:blood-glucose:4.0", "blood-pressure": "omh:blood-pressure:4.0",
         "heart-rate": "omh:heart-rate:2.0", "oxygen-saturation": "omh:oxygen-saturation:2.0",
         "respiratory-rate": "omh:respiratory-rate:2.0", "body-weight": "omh:body-weight:3.0",
         "body-temperature": "omh:body-temperature:4.0", "physical-activity": "omh:physical-activity:1.2",
         "step-count": "omh:step-count:3.0", "sleep-stage-summary": "ieee:sleep-stage-summary:1.0",
         "sleep-episode": "omh:sleep-episode:1.1", "sleep-duration": "omh:sleep-duration:2.0"}
STUDY = ["blood-glucose", "heart-rate", "oxygen-saturation", "respiratory-rate", "physical-activity", "step-count",
         "sleep-stage-summary", "sleep-episode", "sleep-duration"]
# What an answer says of itself.
SAID = {"status", "left_out", "hints", "untrusted_text", "free_text", "sources", "ignored_parameters", "truncated_by"}
THRESHOLD, DEADLINE = 5, 25.0


class Lane:
    def __init__(self):
        self.passed, self.failed, self.figures, self.tools = 0, 0, 0, Counter()

    def check(self, what, holds, why=""):
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        print(f"{'ok' if holds else 'not ok'} {what}{'' if holds else f': {why}'}", flush=True)

    def compare(self, tool, about, called, expected):
        comparison = Comparison()
        comparison.of(expected, {name: of for name, of in called.answer.items() if name not in SAID})
        comparison.must(called.says_the_same_twice, "structuredContent", "the same as the text", "another")
        comparison.must("truncated_by" not in called.answer, "truncated_by", "nothing", called.answer.get("truncated_by"))
        comparison.must(called.answer["status"] in ("ok", "partial"), "status", "ok", called.answer["status"])
        self.figures += comparison.figures
        self.tools[tool] += comparison.figures
        wrong = "; ".join(comparison.differences[:6])
        if len(comparison.differences) > 6:
            wrong += f" … {len(comparison.differences)} in all"
        self.check(f"{tool} {about}: {comparison.figures} figures, {len(called.text)} bytes, {called.seconds * 1000:.0f} ms",
                   not comparison.differences, wrong)


class Asked:
    """One site with what its Exchange holds, by patient."""

    def __init__(self, lane, site, patients):
        self.lane, self.site, self.present = lane, site, instant(site.at["now"])
        # Windows end with the second in which a call was admitted.
        self.now = self.present.replace(microsecond=0)
        self.rows = {patient: [read(row) for row in site.rows(patient=patient)] for patient in patients}
        self.codes = dict(CODES)
        if any(row.code.startswith("ieee:physical") for of in self.rows.values() for row in of):
            self.codes["physical-activity"] = "ieee:physical-activity:1.0"

    def of(self, patient, kind):
        code = self.codes.get(kind, kind)
        return [row for row in self.rows[patient] if row.code == code]

    def ask(self, tool, expected, **arguments):
        called = self.site.call(tool, **arguments)
        told = [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in arguments.items()]
        self.lane.compare(tool, " ".join(told), called, expected)
        return called

    def report(self, tool, patient, kinds, sifted, report, credited, when, **arguments):
        """A question about one person: what all these answers have in common, and the report."""
        sources = recorded_by(credited)
        expected = {"patient_id": patient, **when.told(), "codes": [self.codes.get(kind, kind) for kind in kinds],
                    "records": together(*(of.account for of in sifted)), "report": report}
        return self.ask(tool, expected | ({"recorded_by": sources} if sources else {}), patient_id=patient, **arguments)

    def stats(self, patients, kinds, group_by=None, **days):
        by_name = {kind: self.codes[kind] for kind in kinds}
        expected = series.statistics(self.rows, patients, by_name, When(**days), group_by)
        arguments = {"group_by": group_by} if group_by else {}
        self.ask("observation_stats", expected, patient_ids=patients, data_types=kinds, **days, **arguments)

    def trend(self, patient, kind, picture=None, **days):
        when = When(**days)
        sifted = sift(self.of(patient, kind), when, every)
        extra = {"picture": picture} if picture else {}
        return self.report("observation_trend", patient, [kind], [sifted], series.trends(sifted, when),
                           [record for record, _ in sifted.singles], when, data_type=kind, **days, **extra)

    def coverage(self, patient, kind, gap_minutes=None, picture=None, **days):
        when = When(**days)
        sifted = sift(self.of(patient, kind), when, every)
        extra = {name: value for name, value in (("gap_minutes", gap_minutes), ("picture", picture)) if value is not None}
        return self.report("data_coverage", patient, [kind], [sifted],
                           series.coverage(sifted, when, self.now, gap_minutes), [], when, data_type=kind, **days, **extra)

    def compared(self, patients, kind, against=None, **days):
        expected = series.comparison(self.rows, patients, self.codes[kind], When(**days), against or "group")
        extra = {"against": against} if against else {}
        self.ask("compare_patients", expected, patient_ids=patients, data_type=kind, **days, **extra)

    def glucose(self, patient, picture=None, **arguments):
        days = {name: arguments[name] for name in ("start", "end", "timezone") if name in arguments}
        options = {name: arguments[name] for name in ("population", "unit") if name in arguments}
        when = When(**days)
        sifted = sift(self.of(patient, "blood-glucose"), when, glucose.take)
        report = glucose.report(sifted, when, self.now, **options)
        if arguments.get("as_fhir"):
            report = report | {"fhir": Anything(dict)}
        extra = {"picture": picture} if picture else {}
        called = self.report("glucose_report", patient, ["blood-glucose"], [sifted], report,
                             [record for record, _ in sifted.singles], when, **arguments, **extra)
        if arguments.get("as_fhir"):
            must, values = glucose.in_fhir(called.answer["report"]["fhir"], report, arguments.get("population"))
            comparison = Comparison()
            comparison.of(must, values)
            self.lane.figures += comparison.figures
            self.lane.check(f"glucose_report in FHIR: {comparison.figures} figures", not comparison.differences,
                            comparison.differences)
        return called

    def pressure(self, patient, scheme=None, picture=None, **days):
        when = When(**days)
        sifted = sift(self.of(patient, "blood-pressure"), when, bodies.take_pressure)
        extra = {name: value for name, value in (("scheme", scheme), ("picture", picture)) if value}
        return self.report("blood_pressure_report", patient, ["blood-pressure"], [sifted],
                           bodies.pressure(sifted, when, scheme or "acc_aha_2017"),
                           [record for record, _ in sifted.singles], when, **days, **extra)

    def heart(self, patient, **days):
        when = When(**days)
        sifted = sift(self.of(patient, "heart-rate"), when, bodies.take_rate)
        return self.report("heart_rate_report", patient, ["heart-rate"], [sifted], bodies.heart(sifted, when),
                           [record for record, _ in sifted.singles + sifted.summaries], when, **days)

    def activity(self, patient, picture=None, **days):
        when = When(**days)
        counted = sift(self.of(patient, "step-count"), when, bodies.take_steps)
        active = sift(self.of(patient, "physical-activity"), when, bodies.take_activity)
        sums = [one for one in counted.summaries if one[0].statistic in ("sum", "count")]
        chosen = sums or counted.singles
        apart = len(counted.singles) + len(counted.summaries) - len(chosen)
        spans = [(record.start, record.end or record.start, value) for record, value in chosen]
        moving = {"steps": bodies.steps(spans, when) if spans else None, "activities": bodies.activities(active, when)}
        if chosen:
            moving["steps_from"] = "sums" if sums else "counts"
        if apart:
            moving["steps_left_apart"] = apart
        extra = {"picture": picture} if picture else {}
        empty = moving["steps"] is None and moving["activities"] is None
        return self.report("activity_report", patient, ["step-count", "physical-activity"], [counted, active],
                           None if empty else moving, [record for record, _ in chosen + active.singles], when,
                           **days, **extra)

    def sleep(self, patient, picture=None, **days):
        when = When(**days)
        kinds = ["sleep-episode", "sleep-stage-summary", "sleep-duration"]
        sifted = [sift(self.of(patient, kind), when, nights.take) for kind in kinds]
        found = [night for of in sifted for night in nights.records(of)]
        extra = {"picture": picture} if picture else {}
        return self.report("sleep_report", patient, kinds, sifted, nights.report(found, when),
                           [record for of in sifted for record, _ in nights.taken(of)], when, **days, **extra)

    def latest(self, patient, kinds):
        """The newest by effective time; where some records have none at the Exchange, all of them were read."""
        rows = []
        for kind in kinds:
            of = self.of(patient, kind)
            if not of:
                continue
            newest = max((row for row in of if row.start), key=lambda row: row.start)
            one = {"code": self.codes[kind], "count": len(of), "observation": Anything(dict),
                   "found_by": "backend_order" if all(row.dated for row in of) else "all_read"}
            rows.append((one | ({"in_future": True} if newest.start > self.present else {}), newest))
        called = self.ask("observation_latest", {"patient_id": patient, "latest": [one for one, _ in rows]},
                          patient_id=patient, data_types=kinds)
        for (one, newest), row in zip(rows, called.answer["latest"]):
            found, comparison = row["observation"], Comparison()
            measures = {measure["name"]: (float(measure["value"]), measure.get("unit")) for measure in found["measures"]}
            comparison.of([newest.id, shown(newest.start), newest.end and shown(newest.end)],
                          [found["observation_id"], found["effective_at"], found.get("effective_end")])
            comparison.must(measures == every(newest), "measures", every(newest), measures)
            self.lane.figures += len(measures)
            self.lane.check(f"observation_latest of {patient}, {one['code']}", not comparison.differences,
                            comparison.differences)

    def cohort(self, study, patients, kinds, figure="mean", **days):
        rows = [row for patient in patients for row in self.rows[patient]]
        by_name = {kind: self.codes[kind] for kind in kinds}
        expected = {"study_id": study, **series.cohort(rows, by_name, When(**days), figure, THRESHOLD)}
        return self.ask("cohort_stats", expected, study_id=study, data_types=kinds, figure=figure, **days)


def pictures(lane, about, called, words):
    """Pixels are a PNG of 1,000 across; lines name nobody."""
    for png in called.pngs:
        wide = struct.unpack(">I", png[16:20])[0] if png[:8] == b"\x89PNG\r\n\x1a\n" else 0
        lane.check(f"{about}: a PNG of 1,000 pixels across, {len(png)} bytes", wide == 1000, f"{wide} across")
    for svg in called.svgs:
        named = [word for word in words if word.lower() in svg.lower()]
        lane.check(f"{about}: an SVG that names nobody", svg.startswith("<svg") and not named, named)
    lane.check(f"{about}: drawn", called.pngs or called.svgs)
