//! The report as FHIR Observations (R4 and R5 alike), coded as the HL7 guide on continuous glucose
//! monitoring codes them (STU 1, <http://hl7.org/fhir/uv/cgm>).
//!
//! Of LOINC's "threshold level 1" and "level 2" the guide gives 104642-4 to very low, 104641-6 to low,
//! 104640-8 to high and 104639-0 to very high. Its share is to have two decimals, so they are taken from
//! the counts. An Observation says that it follows a profile of the guide only if it does: in pregnancy
//! there is no very high band, which the guide requires.

use serde::Serialize;
use serde_json::{Map, Number, Value, json};

use super::Unit;
use super::bands::{Band, Counts, Population};
use super::report::GlucoseReport;
use crate::figure::Figure;

const LOINC: &str = "http://loinc.org";
const UCUM: &str = "http://unitsofmeasure.org";
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
const PROFILE: &str = "http://hl7.org/fhir/uv/cgm/StructureDefinition/";

/// A kind of summary: its code, what it is in words, its profile in the guide.
#[derive(Clone, Copy, Debug)]
struct Kind {
    loinc: &'static str,
    text: &'static str,
    profile: &'static str,
}

const PANEL: Kind = Kind { loinc: "107931-8", text: "CGM summary", profile: "cgm-summary" };
const MEAN_MASS: Kind = Kind {
    loinc: "97507-8",
    text: "Mean glucose by CGM",
    profile: "cgm-summary-mean-glucose-mass-per-volume",
};
const MEAN_MOLES: Kind = Kind {
    loinc: "105273-7",
    text: "Mean glucose by CGM",
    profile: "cgm-summary-mean-glucose-moles-per-volume",
};
const RANGES: Kind =
    Kind { loinc: "106793-3", text: "CGM times in ranges", profile: "cgm-summary-times-in-ranges" };
const GMI: Kind =
    Kind { loinc: "97506-0", text: "Glucose management indicator", profile: "cgm-summary-gmi" };
const CV: Kind = Kind {
    loinc: "104638-2",
    text: "Coefficient of variation of glucose by CGM",
    profile: "cgm-summary-coefficient-of-variation",
};
const DAYS: Kind =
    Kind { loinc: "104636-6", text: "Days of CGM wear", profile: "cgm-summary-days-of-wear" };
const ACTIVE: Kind = Kind {
    loinc: "104637-4",
    text: "CGM sensor active",
    profile: "cgm-summary-sensor-active-percentage",
};

/// A quantity's unit: its UCUM code and how the guide writes it.
type Quantity = (&'static str, &'static str);
const PERCENT: Quantity = ("%", "%");

/// The report as a Bundle of type `collection`: the summary first, then its members. `subject` is a
/// literal reference (`Patient/1`); `urn` gives each Observation its full URL, a new `urn:uuid:` each
/// time.
pub fn bundle(report: &GlucoseReport, subject: &str, mut urn: impl FnMut() -> String) -> Value {
    let members: Vec<(String, Value)> =
        members(report, subject).into_iter().map(|member| (urn(), member)).collect();
    let references: Vec<Value> =
        members.iter().map(|(url, _)| json!({ "reference": url })).collect();
    let mut panel = observation(report, subject, PANEL);
    // The guide requires six members of which one is the times in its five ranges.
    if references.len() < 6 || !has_five_bands(report) {
        panel.remove("meta");
    }
    panel.insert("hasMember".to_owned(), references.into());
    let entries: Vec<Value> = std::iter::once((urn(), Value::Object(panel)))
        .chain(members)
        .map(|(url, resource)| json!({ "fullUrl": url, "resource": resource }))
        .collect();
    json!({ "resourceType": "Bundle", "type": "collection", "entry": entries })
}

fn has_five_bands(report: &GlucoseReport) -> bool {
    report.population != Population::PregnancyType1
}

/// The summaries; one that cannot be computed is not there.
fn members(report: &GlucoseReport, subject: &str) -> Vec<Value> {
    let valued = |kind, value: Figure, unit| {
        let mut resource = observation(report, subject, kind);
        resource.insert("valueQuantity".to_owned(), quantity(value, unit));
        resource
    };
    let (mean, unit) = match report.unit {
        Unit::MgDl => (MEAN_MASS, ("mg/dL", "mg/dl")),
        Unit::MmolL => (MEAN_MOLES, ("mmol/L", "mmol/l")),
    };
    let mut gmi = valued(GMI, report.figures.gmi_percent, PERCENT);
    gmi.insert("note".to_owned(), note("Computed from mean sensor glucose; not an HbA1c."));
    let days = Figure::new(crate::summary::count(report.wear.days_worn), 0);
    [
        Some(valued(mean, report.figures.mean, unit)),
        Some(ranges(report, subject)),
        Some(gmi),
        report.figures.cv_percent.map(|cv| valued(CV, cv, PERCENT)),
        Some(valued(DAYS, days, ("d", "days"))),
        report.wear.active_percent.map(|active| valued(ACTIVE, active, PERCENT)),
    ]
    .into_iter()
    .flatten()
    .map(Value::Object)
    .collect()
}

/// The times in ranges: shares with two decimals, which add up to 100.00.
fn ranges(report: &GlucoseReport, subject: &str) -> Map<String, Value> {
    let counts = Counts::from_rows(&report.bands.rows);
    let parts = counts.parts(10_000);
    let component = |band: &Band| {
        let part = parts.get(*band as usize).copied().unwrap_or_default();
        json!({ "code": code(band_code(*band)), "valueQuantity": quantity(hundredths(part), PERCENT) })
    };
    let components: Vec<Value> = report.population.bands().iter().map(component).collect();
    let mut resource = observation(report, subject, RANGES);
    if !has_five_bands(report) {
        resource.remove("meta");
    }
    let ends: Vec<&str> = report.bands.rows.iter().map(|row| row.range.as_str()).collect();
    let text = format!(
        "Percent of {} readings; ranges in {}: {}.",
        report.n,
        report.unit.name(),
        ends.join(", ")
    );
    resource.insert("component".to_owned(), components.into());
    resource.insert("note".to_owned(), note(&text));
    resource
}

const fn band_code(band: Band) -> (&'static str, &'static str) {
    match band {
        Band::VeryLow => ("104642-4", "Time very low"),
        Band::Low => ("104641-6", "Time low"),
        Band::InRange => ("97510-2", "Time in range"),
        Band::High => ("104640-8", "Time high"),
        Band::VeryHigh => ("104639-0", "Time very high"),
    }
}

/// What all have in common.
fn observation(report: &GlucoseReport, subject: &str, kind: Kind) -> Map<String, Value> {
    let members = [
        ("resourceType", json!("Observation")),
        ("meta", json!({ "profile": [format!("{PROFILE}{}", kind.profile)] })),
        ("status", json!("final")),
        ("category", json!([{ "coding": [{ "system": CATEGORY, "code": "laboratory" }] }])),
        ("code", code((kind.loinc, kind.text))),
        ("subject", json!({ "reference": subject })),
        ("effectivePeriod", json!({ "start": report.wear.first_day, "end": report.wear.last_day })),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn code((loinc, text): (&str, &str)) -> Value {
    json!({ "coding": [{ "system": LOINC, "code": loinc }], "text": text })
}

fn quantity(value: impl Serialize, (code, unit): Quantity) -> Value {
    json!({ "value": value, "unit": unit, "system": UCUM, "code": code })
}

fn note(text: &str) -> Value {
    json!([{ "text": text }])
}

/// Hundredths as a decimal that keeps both of its digits.
fn hundredths(part: usize) -> Value {
    let text = format!("{}.{:02}", part / 100, part % 100);
    text.parse::<Number>().map_or(Value::Null, Value::Number)
}
