"""What is asked, of which site."""

from asked import DEADLINE, STUDY, pictures

BERLIN, YORK, KOLKATA, AUCKLAND = "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"
ZONES = [BERLIN, YORK, KOLKATA, AUCKLAND, "UTC"]
AUTUMN = {"start": "2026-10-20", "end": "2026-11-03"}


def told(site):
    """Records of the lane's own: odd ones, several units, naps, contexts, the changes of the clocks."""
    first, second = "40001", "40002"
    for zone in [*ZONES, None]:
        days = {"timezone": zone} if zone else {}
        for patient in (first, second):
            site.pressure(patient, **days)
            site.pressure(patient, scheme="esc_2024", **AUTUMN, **days)
            site.heart(patient, **days)
            site.activity(patient, **days)
            site.sleep(patient, **days)
            site.glucose(patient, **days)
            for reports in (site.heart, site.activity, site.sleep, site.glucose):
                reports(patient, **AUTUMN, **days)
    for patient in (first, second):
        for open_ in ({"start": "2026-10-25"}, {"end": "2026-10-25"}):
            for report in (site.pressure, site.heart, site.activity, site.sleep, site.glucose):
                report(patient, timezone=BERLIN, **open_)
    for population in ("type_1_type_2", "older_high_risk", "pregnancy_type_1"):
        for unit in ("mg/dL", "mmol/L"):
            for patient in (first, second):
                site.glucose(patient, population=population, unit=unit, timezone=YORK, as_fhir=True)
    # The clocks go forward in Auckland on 27 September, back in Berlin on 25 October, in New York on 1 November.
    for zone, start, end in [(AUCKLAND, "2026-09-24", "2026-09-30"), (BERLIN, "2026-10-23", "2026-10-26"),
                             (YORK, "2026-10-30", "2026-11-02")]:
        days = {"timezone": zone, "start": start, "end": end}
        for patient in (first, second):
            for report in (site.pressure, site.heart, site.activity, site.sleep, site.glucose):
                report(patient, **days)
            for by in ("hour_of_day", "day", "week", "part_of_day"):
                site.stats([patient], ["blood-pressure", "step-count", "heart-rate"], by, **days)
    for by in (None, "hour_of_day", "day", "week", "part_of_day"):
        site.stats([first, second], ["blood-pressure", "body-weight"], by, timezone=BERLIN)
        site.stats([first], ["blood-glucose"], by, timezone=YORK, **AUTUMN)
    for patient in (first, second):
        for kind in ("body-weight", "blood-pressure", "blood-glucose", "heart-rate", "step-count", "sleep-duration"):
            site.trend(patient, kind, timezone=AUCKLAND)
            site.trend(patient, kind, **AUTUMN)
            site.coverage(patient, kind, timezone=BERLIN)
            site.coverage(patient, kind, gap_minutes=45, timezone=YORK, start="2026-10-15", end="2026-12-24")
            site.coverage(patient, kind, start="2026-10-28")
    for against in (None, "first", "group"):
        for kind in ("blood-pressure", "blood-glucose", "body-weight", "heart-rate"):
            site.compared([second, first], kind, against, timezone=KOLKATA)
        site.compared([first, second], "step-count", against, timezone=BERLIN, **AUTUMN)
    for patient in (first, second):
        site.latest(patient, ["body-weight", "step-count", "blood-glucose", "sleep-episode", "oxygen-saturation"])
    site.cohort("30001", [first, second], ["blood-pressure", "heart-rate"])
    drawn(site, first)


def drawn(site, patient):
    words = [patient, "Daugherty", "LlPatientPeter", "ll_patient_peter"]
    days = {"timezone": BERLIN, **AUTUMN}
    for picture in ("png", "png_dark", "svg", "svg_dark"):
        for report in (site.pressure, site.activity, site.sleep, site.glucose):
            pictures(site.lane, f"{report.__name__} as {picture}", report(patient, picture=picture, **days), words)
        for report in (site.trend, site.coverage):
            called = report(patient, "blood-pressure", picture=picture, **days)
            pictures(site.lane, f"{report.__name__} as {picture}", called, words)


def demo(site):
    """The demo study: 45,300 generated readings of twenty people, of whom every other has no dates at the Exchange."""
    even, odd = "40006", "40007"
    study = [str(patient) for patient in range(40006, 40026)]
    fortnight = {"start": "2026-11-07", "end": "2026-11-20"}
    for patient in (even, odd):
        for zone in ZONES:
            called = site.glucose(patient, timezone=zone, **fortnight)
            site.lane.check("a fortnight's glucose question is one call and less than 3,000 bytes",
                            len(called.text) < 3000, f"{len(called.text)} bytes")
            for report in (site.heart, site.activity, site.sleep):
                report(patient, timezone=zone)
            site.sleep(patient, timezone=zone, start="2026-10-20", end="2026-10-28")
        for unit in ("mg/dL", "mmol/L"):
            site.glucose(patient, unit=unit)
        site.glucose(patient, timezone=BERLIN, start="2026-11-10", end="2026-12-31")
        site.glucose(patient, timezone=BERLIN, start="2027-01-10", end="2027-01-31")
        site.trend(patient, "blood-glucose", timezone=AUCKLAND)
        site.trend(patient, "blood-glucose", timezone=BERLIN, start="2026-11-12", end="2026-11-20")
        for kind in ("step-count", "sleep-episode", "heart-rate"):
            site.trend(patient, kind, timezone=YORK)
            site.coverage(patient, kind, timezone=KOLKATA)
        site.coverage(patient, "blood-glucose", timezone=BERLIN)
        site.coverage(patient, "blood-glucose", timezone=BERLIN, start="2026-11-01", end="2026-11-30")
        site.coverage(patient, "blood-glucose", gap_minutes=10, start="2026-11-20", end="2026-11-21")
        for by in (None, "hour_of_day", "day", "week", "part_of_day"):
            site.stats([patient], ["blood-glucose"], by, timezone=KOLKATA)
            days = {"timezone": BERLIN, "start": "2026-10-20", "end": "2026-11-10"}
            site.stats([patient], ["step-count", "sleep-episode"], by, **days)
        site.latest(patient, STUDY)
    site.stats([even, odd], STUDY, timezone=AUCKLAND)
    for against in (None, "first"):
        site.compared(study, "blood-glucose", against, timezone=BERLIN)
        site.compared(study[:5], "step-count", against, timezone=YORK, start="2026-10-25", end="2026-11-10")
    for figure in ("mean", "median"):
        called = site.cohort("30006", study, STUDY, figure)
        site.lane.check(f"a study of 45,300 readings is one call, less than 6,000 bytes, in time ({called.seconds:.1f} s)",
                        len(called.text) < 6000 and called.seconds < DEADLINE, f"{len(called.text)} bytes")
        site.cohort("30006", study, ["blood-glucose", "sleep-episode", "step-count"], figure, timezone=BERLIN, **fortnight)
    # In July few wore anything yet, some days nobody.
    for end in ("2026-06-15", "2026-07-01", "2026-07-20", "2026-08-10"):
        site.cohort("30006", study, ["heart-rate", "step-count"], start="2026-05-01", end=end)


def given(site):
    """Every observation is of one patient: 45,300 of hers, each in one call and in time."""
    patient = "40001"
    calls = [
        lambda: site.glucose(patient, timezone=BERLIN),
        lambda: site.trend(patient, "blood-glucose", timezone=BERLIN),
        lambda: site.coverage(patient, "blood-glucose", timezone=BERLIN),
        lambda: site.activity(patient, timezone=YORK),
        lambda: site.heart(patient, timezone=YORK),
        lambda: site.sleep(patient, timezone=YORK),
    ]
    for call in calls:
        called = call()
        if called is not None:
            site.lane.check(f"within the deadline ({called.seconds:.1f} s)", called.seconds < DEADLINE)
    kinds = [*STUDY, "blood-pressure", "body-temperature"]
    began = site.site.call("observation_stats", patient_ids=[patient], data_types=kinds)
    read = sum(sum(row["records"].values()) for row in began.answer["results"])
    site.lane.check(f"{read} observations of one patient in one call, {began.seconds:.1f} s",
                    read >= 45_000 and began.seconds < DEADLINE)
    site.stats([patient], kinds, timezone=BERLIN)
