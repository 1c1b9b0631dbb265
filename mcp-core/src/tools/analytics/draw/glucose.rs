//! Glucose as two pictures: the daily profile, and the time in ranges.

use analytics::glucose::{Band, Bin, Glucose, GlucoseReport, Measure, Terms, Unit, Verdict, bins};
use analytics::picture as drawn;
use analytics::picture::{About, Days};
use jiff::civil::Date;

use super::Drawing;
use crate::tools::answered::Picture;
use crate::tools::error::ToolError;

/// How many minutes of the day each part of a drawn profile has.
const PART: u16 = 30;

/// The daily profile, if the zone is known, and the time in ranges.
pub async fn glucose(
    report: &GlucoseReport,
    readings: &[Glucose],
    terms: &Terms<'_>,
    drawing: Drawing,
) -> Result<Vec<Picture>, ToolError> {
    let first: Option<Date> = report.wear.first_day.parse().ok();
    let days = first.zip(report.wear.last_day.parse().ok());
    let Some(days) = days.and_then(|(first, last)| Days::new(first, last)) else {
        return Ok(Vec::new());
    };
    let about = About { clock: terms.clock, days, readings: report.n };
    let mut pictures = Vec::new();
    if report.profile.is_some() {
        let is_inside = |reading: &&Glucose| {
            let day = terms.clock.day(reading.at);
            terms.window.as_ref().is_none_or(|window| window.contains(&day))
        };
        let inside: Vec<Glucose> = readings.iter().filter(is_inside).copied().collect();
        let cuts = terms.population.cuts(report.unit);
        let profile = drawn::AmbulatoryProfile {
            about,
            unit: match report.unit {
                Unit::MgDl => drawn::GlucoseUnit::MgPerDl,
                Unit::MmolL => drawn::GlucoseUnit::MmolPerL,
            },
            target: (cuts.low, cuts.high),
            bins: bins(&inside, terms.clock, report.unit, PART).iter().map(part).collect(),
        };
        pictures.push(drawing.finish("daily-profile", profile.picture(&drawing.look())).await?);
    }
    let ranges = drawn::TimeInRanges { about, ranges: ranges(report, terms) };
    pictures.push(drawing.finish("time-in-range", ranges.picture(&drawing.look())).await?);
    Ok(pictures)
}

fn part(bin: &Bin) -> drawn::ProfileBin {
    let (p5, p25, p50, p75, p95) = (bin.p5, bin.p25, bin.p50, bin.p75, bin.p95);
    drawn::ProfileBin { minute: bin.minute, minutes: PART, p5, p25, p50, p75, p95 }
}

/// The five bands; where the consensus has four, nothing is in the fifth.
fn ranges(report: &GlucoseReport, terms: &Terms<'_>) -> [drawn::TimeRange; 5] {
    let cuts = terms.population.cuts(report.unit);
    let unit = report.unit.name();
    let bands = [Band::VeryLow, Band::Low, Band::InRange, Band::High, Band::VeryHigh];
    bands.map(|band| {
        let row = report.bands.rows.iter().find(|row| row.band == band);
        let very_high = cuts.very_high.unwrap_or(f64::INFINITY);
        let limits = match band {
            Band::VeryLow => format!("< {} {unit}", cuts.very_low),
            Band::Low => format!("{} to < {} {unit}", cuts.very_low, cuts.low),
            Band::InRange => format!("{} to {} {unit}", cuts.low, cuts.high),
            Band::High if very_high.is_finite() => {
                format!("> {} to {very_high} {unit}", cuts.high)
            }
            Band::High => format!("> {} {unit}", cuts.high),
            Band::VeryHigh if very_high.is_finite() => format!("> {very_high} {unit}"),
            Band::VeryHigh => "no such band".to_owned(),
        };
        let name = match band {
            Band::VeryLow => "Very low",
            Band::Low => "Low",
            Band::InRange => "In range",
            Band::High => "High",
            Band::VeryHigh => "Very high",
        };
        drawn::TimeRange {
            name: name.to_owned(),
            limits,
            percent: row.map_or(0.0, |row| row.percent.value()),
            target: target(report, band),
        }
    })
}

/// What the consensus asks for, where the data suffice.
fn target(report: &GlucoseReport, band: Band) -> Option<String> {
    let (of, with) = match band {
        Band::VeryLow => (Measure::VeryLow, ""),
        Band::Low => (Measure::BelowRange, " with very low"),
        Band::InRange => (Measure::InRange, ""),
        Band::High => (Measure::AboveRange, " with very high"),
        Band::VeryHigh => (Measure::VeryHigh, ""),
    };
    let row = report.targets.rows.iter().find(|row| row.of == of)?;
    (row.verdict != Verdict::NotJudged).then(|| format!("{} %{with}", row.target))
}
