//! Figures that were computed independently, with numpy, on the same generated readings.

use serde_json::{Value, json};

use super::*;

fn shown(unit: Unit, population: Population) -> Value {
    let clock = berlin();
    let window = Some(days("2026-10-21", "2026-11-03"));
    let terms = Terms { window, population, ..terms(&clock) };
    serde_json::to_value(report(&fortnight(unit), &terms)).unwrap()
}

/// The row of an hour.
fn hour(report: &Value, hour: u64) -> &Value {
    let rows = report["profile"]["rows"].as_array().unwrap();
    rows.iter().find(|row| row[0] == hour).unwrap()
}

#[test]
fn a_fortnight_in_mg_dl_has_the_figures_that_numpy_computes() {
    let report = shown(MG, Population::Type1Type2);
    assert_eq!(report["n"], 1_327);
    assert_eq!(report["unit"], "mg/dL");
    let figures = json!({"mean": 156.2, "sd": 56.4, "cv_percent": 36.1, "min": 40, "max": 286,
        "gmi_percent": 7, "gmi_mmol_per_mol": 53.5});
    assert_eq!(report["figures"], figures);
    let bands = json!({"columns": ["band", "range", "n", "percent"], "rows": [
        ["very_low", "<54", 15, 1.1], ["low", "54 to <70", 54, 4.1], ["in_range", "70 to 180", 775, 58.4],
        ["high", ">180 to 250", 432, 32.6], ["very_high", ">250", 51, 3.8]]});
    assert_eq!(report["bands"], bands);
    let targets = json!([
        ["in_range", ">70", 58.4, "not_met"],
        ["below_range", "<4", 5.2, "not_met"],
        ["very_low", "<1", 1.1, "not_met"],
        ["above_range", "<25", 36.4, "not_met"],
        ["very_high", "<5", 3.8, "met"],
        ["cv", "<=36", 36.1, "not_met"]
    ]);
    assert_eq!(report["targets"]["rows"], targets);
    let episodes = json!({"columns": ["of", "n", "day", "night", "minutes", "extended", "cut", "longest",
        "longest_from"], "rows": [
        ["below_70", 28, 24, 4, 1_035, 2, 1, 150, "2026-10-21T08:00:00Z"],
        ["below_54", 11, 11, 0, 225, 0, 1, 45, "2026-10-21T08:00:00Z"],
        ["above_250", 16, 13, 3, 765, 1, 0, 150, "2026-10-30T19:30:00Z"]]});
    assert_eq!(report["episodes"], episodes);
}

#[test]
fn a_profile_has_the_percentiles_that_numpy_computes() {
    let report = shown(MG, Population::Type1Type2);
    assert_eq!(
        report["profile"]["columns"],
        json!(["hour", "n", "p5", "p25", "p50", "p75", "p95"])
    );
    assert_eq!(report["profile"]["rows"].as_array().unwrap().len(), 24);
    assert_eq!(hour(&report, 0), &json!([0, 56, 85, 111, 142, 199, 244]));
    assert_eq!(
        hour(&report, 2),
        &json!([2, 60, 86, 107, 128, 176, 241]),
        "02:00 came twice on one day"
    );
    assert_eq!(hour(&report, 12), &json!([12, 54, 87, 114, 150, 210, 266]));
    assert_eq!(hour(&report, 23), &json!([23, 56, 71, 108, 155, 198, 255]));
}

#[test]
fn a_fortnight_in_mmol_l_has_the_figures_that_numpy_computes() {
    let report = shown(MMOL, Population::Type1Type2);
    assert_eq!(report["unit"], "mmol/L");
    let figures = json!({"mean": 8.64, "sd": 3.13, "cv_percent": 36.3, "min": 2.2, "max": 15.8,
        "gmi_percent": 7, "gmi_mmol_per_mol": 53.3});
    assert_eq!(report["figures"], figures);
    let bands = json!([
        ["very_low", "<3.0", 15, 1.1],
        ["low", "3.0 to <3.9", 58, 4.4],
        ["in_range", "3.9 to 10.0", 774, 58.3],
        ["high", ">10.0 to 13.9", 431, 32.5],
        ["very_high", ">13.9", 49, 3.7]
    ]);
    assert_eq!(report["bands"]["rows"], bands);
    let episodes = json!([
        ["below_70", 29, 24, 5, 1_095, 2, 1, 150, "2026-10-21T08:00:00Z"],
        ["below_54", 11, 11, 0, 225, 0, 1, 45, "2026-10-21T08:00:00Z"],
        ["above_250", 16, 13, 3, 735, 1, 0, 135, "2026-10-30T19:45:00Z"]
    ]);
    assert_eq!(report["episodes"]["rows"], episodes);
    assert_eq!(hour(&report, 2), &json!([2, 60, 4.7, 5.9, 7.1, 9.7, 13.3]));
}

#[test]
fn pregnancy_has_four_bands_and_targets_of_its_own() {
    let report = shown(MG, Population::PregnancyType1);
    let bands = json!([
        ["very_low", "<54", 15, 1.1],
        ["low", "54 to <63", 21, 1.6],
        ["in_range", "63 to 140", 527, 39.7],
        ["high", ">140", 764, 57.6]
    ]);
    assert_eq!(report["bands"]["rows"], bands);
    let targets = json!([
        ["in_range", ">70", 39.7, "not_met"],
        ["below_range", "<4", 2.7, "met"],
        ["very_low", "<1", 1.1, "not_met"],
        ["above_range", "<25", 57.6, "not_met"],
        ["cv", "<=36", 36.1, "not_met"]
    ]);
    assert_eq!(report["targets"]["rows"], targets);
    let mmol = shown(MMOL, Population::PregnancyType1);
    let bands = json!([
        ["very_low", "<3.0", 15, 1.1],
        ["low", "3.0 to <3.5", 21, 1.6],
        ["in_range", "3.5 to 7.8", 542, 40.9],
        ["high", ">7.8", 749, 56.4]
    ]);
    assert_eq!(mmol["bands"]["rows"], bands);
}

#[test]
fn older_people_have_wider_targets_above_and_a_narrower_one_below() {
    let report = shown(MG, Population::OlderHighRisk);
    let targets = json!([
        ["in_range", ">50", 58.4, "met"],
        ["below_range", "<1", 5.2, "not_met"],
        ["above_range", "<50", 36.4, "met"],
        ["very_high", "<10", 3.8, "met"],
        ["cv", "<=36", 36.1, "not_met"]
    ]);
    assert_eq!(report["targets"]["rows"], targets);
}

#[test]
fn a_fortnight_fits_into_2300_bytes_of_text() {
    for (unit, value) in [(MG, 100.0), (MMOL, 5.6)] {
        let more = (0..17).map(|index| at("2026-10-21T12:31:00Z", index * 13, value, unit));
        let readings: Vec<Glucose> = fortnight(unit).into_iter().chain(more).collect();
        assert_eq!(readings.len(), 1_344);
        let clock = berlin();
        let window = Some(days("2026-10-21", "2026-11-03"));
        let terms = Terms { window, ..terms(&clock) };
        let text = serde_json::to_string(&report(&readings, &terms)).unwrap();
        assert!(text.len() < 2_300, "{} bytes: {text}", text.len());
    }
}
