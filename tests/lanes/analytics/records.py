"""Records that the stand-in Exchange is told, for what its own are too tame for: patients 40001 and 40002.

Always the same. They reach over the changes of the clocks in Auckland, Berlin and New York."""

import json
import random
from datetime import datetime, timedelta, timezone

SHEET = {"glucose": "omh:blood-glucose:4.0", "pressure": "omh:blood-pressure:4.0", "rate": "omh:heart-rate:2.0",
         "weight": "omh:body-weight:3.0", "steps": "omh:step-count:3.0", "bout": "ieee:physical-activity:1.0",
         "stages": "ieee:sleep-stage-summary:1.0", "episode": "omh:sleep-episode:1.1",
         "duration": "omh:sleep-duration:2.0"}
FIRST = datetime(2026, 9, 20, 4, 0, tzinfo=timezone.utc)


class Records:
    """One patient's. `undated` is how many of a hundred carry their time in the body alone."""

    def __init__(self, patient, seed, undated):
        self.patient, self.undated, self.told = patient, undated, []
        self.dice = random.Random(seed)

    def add(self, kind, body, start, end=None, source="meter", modality="sensed", dated=None):
        if dated is None:
            dated = self.dice.randrange(100) >= self.undated
        time = {"time_interval": {"start_date_time": self.spelt(start), "end_date_time": self.spelt(end)}} if end \
            else {"date_time": self.spelt(start)}
        point = {"header": {"modality": modality, "acquisition_provenance": {"source_name": source}},
                 "body": {**body, **({} if body.get("untimed") else {"effective_time_frame": time})}}
        self.told.append({"patient": self.patient, "code": SHEET[kind], "start": micros(start),
                          "end": end and micros(end), "dated": dated, "data_point": json.dumps(point)})

    def spelt(self, at):
        """Devices write their own offset."""
        hours = self.dice.choice([0, 0, 1, -5, 13])
        return at.astimezone(timezone(timedelta(hours=hours))).isoformat()

    def days(self, count, every=1):
        return [FIRST + timedelta(days=day) for day in range(0, count, every)]

    def at(self, day, hour, spread=90):
        return day.replace(hour=0) + timedelta(hours=hour, seconds=self.dice.randrange(-spread * 60, spread * 60))

    def pressures(self, tame):
        for day in self.days(58):
            for hour in self.dice.sample([1, 7, 13, 20], self.dice.randrange(0, 4)):
                systolic = self.dice.randrange(105, 190)
                self.pressure(systolic, self.dice.randrange(58, min(125, systolic)), self.at(day, hour))
        if not tame:
            day = FIRST + timedelta(days=40)
            self.pressure(60, 95, day)
            self.pressure(310, 80, day + timedelta(hours=5))
            self.pressure(0, 0, day + timedelta(hours=6))
            for _ in range(3):
                self.pressure(128, 79, day + timedelta(hours=9), dated=True)
            # A systolic number alone is no blood pressure; of the others, one has no time at all.
            self.add("pressure", {"systolic_blood_pressure": mmhg(140)}, day + timedelta(hours=10))
            self.add("pressure", {"systolic_blood_pressure": mmhg(140), "diastolic_blood_pressure": mmhg(90),
                                  "untimed": True}, day, dated=False)

    def pressure(self, systolic, diastolic, at, dated=None):
        body = {"systolic_blood_pressure": mmhg(systolic), "diastolic_blood_pressure": mmhg(diastolic)}
        self.add("pressure", body, at, source="cuff", modality="self-reported", dated=dated)

    def glucose(self, unit, start, days, minutes, middle):
        """Swings by the day and by chance, with gaps; some of it very low, some very high."""
        at, drift, last = start, 0.0, start + timedelta(days=days)
        while at < last:
            drift = 0.93 * drift + self.dice.gauss(0, 0.13)
            swing = [0.0, -0.35, 0.1, 0.45, 0.0, 0.25, 0.5, 0.1][at.hour // 3]
            value = max(0.05, middle * (1 + drift + swing * 0.7))
            value = round(value) if unit == "mg/dL" else round(value, 1)
            self.add("glucose", {"blood_glucose": {"value": value, "unit": unit}}, at, source=f"sensor {unit}")
            pause = self.dice.choice([minutes] * 90 + [2 * minutes, 50, 200])
            at += timedelta(minutes=pause, seconds=self.dice.choice([0, 0, 0, 1, -1]))

    def odd_glucose(self, at):
        for value, unit in [(0, "mg/dL"), (-3, "mg/dL"), (12, "mg/dL"), (900, "mg/dL"), (0.9, "mmol/L"), (40.0, "mmol/L")]:
            self.add("glucose", {"blood_glucose": {"value": value, "unit": unit}}, at, source="by hand",
                     modality="self-reported")
            at += timedelta(minutes=7)
        self.add("glucose", {"blood_glucose": {"value": 7.4, "unit": "mmol/L"}, "descriptive_statistic": "average"},
                 at - timedelta(days=1), at, source="clinic")
        self.add("glucose", {"blood_glucose": "seven"}, at)

    def weights(self):
        for number, day in enumerate(self.days(60)):
            if self.dice.random() < 0.8:
                value = round(91.4 - 0.05 * number + self.dice.gauss(0, 0.5), 1)
                self.add("weight", {"body_weight": {"value": value, "unit": "kg"}}, self.at(day, 7), source="scales")
        for day in self.days(50, 9):
            self.add("weight", {"body_weight": {"value": 199.4, "unit": "lb"}}, self.at(day, 18), source="gym")

    def rates(self, tame):
        contexts = [{"temporal_relationship_to_physical_activity": word} for word in (
            "at rest", "active", "during exercise", "after exercise", "before exercise")]
        contexts += [{"temporal_relationship_to_sleep": "during sleep"}, {}, {}]
        for day in self.days(30):
            for _ in range(self.dice.randrange(0, 7)):
                context = self.dice.choice(contexts)
                value = round(self.dice.uniform(45, 150), self.dice.choice([0, 1]))
                self.add("rate", {"heart_rate": bpm(value), **context}, self.at(day, self.dice.randrange(24)),
                         source=self.dice.choice(["watch", "strap"]))
            for statistic in self.dice.sample(["average", "minimum", "maximum", "median"], 2):
                night = self.at(day, 22)
                self.add("rate", {"heart_rate": bpm(self.dice.randrange(400, 900) / 10), "descriptive_statistic": statistic,
                                  **self.dice.choice(contexts)}, night, night + timedelta(hours=7), source="watch")
        if not tame:
            for value in (0, 350, -4):
                self.add("rate", {"heart_rate": bpm(value)}, FIRST + timedelta(days=5, minutes=value))

    def steps(self, sums):
        for day in self.days(45):
            if self.dice.random() < 0.1:
                continue
            if sums:
                local = day.replace(hour=self.dice.choice([0, 5, 22]))
                body = {"step_count": self.dice.randrange(900, 16_000), "descriptive_statistic": "sum"}
                self.add("steps", body, local, local + timedelta(days=1), source="watch")
            for source, every in (("phone", 2), ("watch", 3)):
                for hour in range(self.dice.randrange(6), 24, every):
                    start = day.replace(hour=hour)
                    self.add("steps", {"step_count": {"value": self.dice.randrange(0, 2500), "unit": "steps"}}, start,
                             start + timedelta(hours=every), source=source)
        self.add("steps", {"step_count": -40}, FIRST, FIRST + timedelta(hours=1), source="phone")
        self.add("steps", {"step_count": 90_000}, FIRST, FIRST + timedelta(days=5), source="phone")
        self.add("steps", {"step_count": 33}, FIRST + timedelta(days=3), source="pocket")

    def bouts(self):
        names = ["run", "walk", "swim", "ride", "row", "climb", "dance", "yoga", "ski", "box"]
        for day in self.days(55):
            for _ in range(self.dice.randrange(0, 3)):
                start, name = self.at(day, self.dice.randrange(24)), self.dice.choice(names)
                minutes = {f"duration_{word}_activity": self.dice.choice([
                    {"value": self.dice.randrange(2, 70), "unit": "min"}, seconds(self.dice.randrange(60, 4000))])
                    for word in self.dice.sample(["light", "moderate", "vigorous"], self.dice.randrange(0, 4))}
                body = {"activity_name": name, **minutes}
                if not minutes:
                    body |= {"distance": self.dice.choice([{"value": 3.25, "unit": "km"}, {"value": 2, "unit": "mi"}]),
                             "kcal_burned": {"value": self.dice.randrange(40, 600), "unit": "kcal"}}
                if self.dice.random() < 0.3:
                    body["reported_activity_intensity"] = self.dice.choice(["light", "moderate", "vigorous"])
                self.add("bout", body, start, start + timedelta(minutes=self.dice.randrange(10, 200)), source="watch")

    def sleep(self):
        for day in self.days(50):
            start = self.at(day, 22, 150)
            bed = self.dice.randrange(5 * 3600, 9 * 3600)
            end, asleep = start + timedelta(seconds=bed), int(bed * self.dice.uniform(0.8, 0.95))
            main = self.dice.choice([{"is_main_sleep": True}] * 3 + [{}])
            deep, rem = asleep // 5, asleep // 4
            total = {} if self.dice.random() < 0.3 else {"total_sleep_time": seconds(asleep)}
            stages = {"deep_sleep_duration": seconds(deep), "rem_sleep_duration": seconds(rem),
                      "light_sleep_duration": seconds(asleep - deep - rem), "awake_duration": seconds(bed - asleep)}
            self.add("stages", {**main, "sleep_stage_summary": {**total, **stages}}, start, end, source="ring")
            if self.dice.random() < 0.7:
                body = {**main, "latency_to_sleep_onset": {"value": self.dice.randrange(2, 40), "unit": "min"},
                        "number_of_awakenings": self.dice.randrange(0, 9),
                        "sleep_maintenance_efficiency_percentage": {"value": round(100 * asleep / bed, 1), "unit": "%"}}
                if total and self.dice.random() < 0.3:
                    body["total_sleep_time"] = seconds(asleep - 600)
                self.add("episode", body, start, end, source="ring")
            if self.dice.random() < 0.3:
                nap = self.at(day, 14)
                body = {"is_main_sleep": False} if self.dice.random() < 0.5 else {}
                self.add("episode", {**body, "total_sleep_time": seconds(1500)}, nap, nap + timedelta(minutes=30))
            if self.dice.random() < 0.15:
                self.add("duration", {"sleep_duration": {"value": 7.5, "unit": "h"}}, start + timedelta(minutes=20), end,
                         source="diary", modality="self-reported")
        self.add("duration", {"sleep_duration": {"value": 30, "unit": "h"}}, FIRST, FIRST + timedelta(hours=9))


def mmhg(value):
    return {"value": value, "unit": "mmHg"}


def bpm(value):
    return {"value": value, "unit": "beats/min"}


def seconds(value):
    return {"value": value, "unit": "sec"}


def micros(at):
    return int(at.timestamp()) * 1_000_000


def all_told():
    first, second = Records(40001, 11, 0), Records(40002, 22, 40)
    first.pressures(tame=False)
    second.pressures(tame=True)
    first.glucose("mmol/L", datetime(2026, 10, 18, tzinfo=timezone.utc), 17, 15, 8.4)
    second.glucose("mg/dL", datetime(2026, 10, 24, tzinfo=timezone.utc), 4, 5, 120)
    second.glucose("mmol/L", datetime(2026, 10, 30, tzinfo=timezone.utc), 3, 10, 9.0)
    second.odd_glucose(datetime(2026, 10, 27, 3, tzinfo=timezone.utc))
    for of in (first, second):
        of.weights()
        of.rates(tame=of is second)
        of.steps(sums=of is second)
        of.bouts()
        of.sleep()
    return first.told + second.told
