//! How much of a time the readings cover, and by which source.

use std::collections::BTreeMap;

use analytics::coverage::Coverage;
use analytics::reading::Point;
use analytics::series::Series;
use analytics::window::Window;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draw::{Drawing, coverage as draw};
use super::extract::{Measured, every};
use super::keyed::window;
use super::load::{Loaded, Reading};
use super::question::{Answer, Question};
use super::several::kinds;
use super::when::When;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::id::PatientId;
use crate::tools::Tool;
use crate::tools::answered::Picture;
use crate::tools::error::ToolError;
use crate::tools::served::{Family, Need};
use crate::tools::text::clean;

/// Sources that are shown one by one.
const MOST_SOURCES: usize = 10;

/// `data_coverage`
#[derive(Debug)]
pub struct DataCoverage;

/// Whose readings, of which kind, and what a gap is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoverageInput {
    /// The patient's id, from another answer.
    patient_id: PatientId,
    /// The kind of data, as `blood-glucose`.
    data_type: String,
    /// The first day, YYYY-MM-DD, included.
    #[serde(default)]
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    start: Option<String>,
    /// The last day, YYYY-MM-DD, included.
    #[serde(default)]
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    end: Option<String>,
    /// The person's IANA time zone; UTC if left out.
    #[serde(default)]
    timezone: Option<String>,
    /// A gap is longer than so many minutes; usually an hour, or three times the median gap.
    #[serde(default)]
    gap_minutes: Option<u32>,
    /// Draw a calendar.
    #[serde(default)]
    picture: Option<Drawing>,
}

/// Coverage in all and by source.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Covered {
    /// Records of all sources together, summaries included: each is a time at which there is something.
    #[serde(flatten)]
    all: Coverage,
    /// By source and modality, where records name any; the most frequent first.
    by_source: Vec<OfSource>,
}

/// What one source contributes.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct OfSource {
    /// Its name, as the records give it.
    source: Option<String>,
    /// `sensed` or `self-reported`, where the records say so.
    modality: Option<&'static str>,
    /// How many records.
    n: usize,
    /// On how many local days.
    days: usize,
    /// The first, in UTC.
    first: Option<String>,
    /// The last, in UTC.
    last: Option<String>,
}

impl Tool for DataCoverage {
    const NAME: &'static str = "data_coverage";
    const TITLE: &'static str = "Coverage of readings";
    const FAMILY: Family = Family::Analytics;
    const NEEDS: &'static [Need] = &[Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str = "How much of a time a patient's readings of a kind cover: days with data, expected and seen, the \
         longest gaps, by source.";
    type Input = CoverageInput;
    type Output = Answer<Covered>;

    async fn run(inquiry: &Inquiry, input: CoverageInput) -> Result<Self::Output, ToolError> {
        let when =
            When::read(input.start.as_deref(), input.end.as_deref(), input.timezone.as_deref())?;
        let mut question = Question::open(inquiry, input.patient_id, when).await?;
        let (mut points, mut by_source) = (Vec::new(), BTreeMap::new());
        for (_, sought) in kinds(inquiry, &[input.data_type]).await? {
            let loaded = question.of(&sought, every).await?;
            gather(&loaded, &mut points, &mut by_source);
        }
        let series = Series::of(&points);
        let window = passed(&question.when, inquiry);
        let clock = &question.when.clock;
        let all = Coverage::of(&series, clock, window.as_ref(), input.gap_minutes);
        let mut by_source: Vec<OfSource> = by_source
            .into_iter()
            .map(|(origin, points)| OfSource::of(origin, &points, &question.when))
            .collect();
        by_source.sort_by_key(|source| std::cmp::Reverse(source.n));
        by_source.truncate(MOST_SOURCES);
        let report =
            all.filter(|all| all.n > 0 || window.is_some()).map(|all| Covered { all, by_source });
        let pictures = match input.picture {
            Some(drawing) if report.is_some() => {
                draw(&series, &question.when, window.as_ref(), drawing).await?
            }
            _ => Vec::new(),
        };
        Ok(question.answer(report, pictures))
    }

    fn pictures(output: &mut Self::Output) -> Vec<Picture> {
        std::mem::take(&mut output.pictures)
    }
}

type Origin = (Option<String>, Option<&'static str>);

/// Every record is a time at which there is something; which number it holds does not matter here.
fn gather(
    loaded: &Loaded<Vec<Measured>>,
    points: &mut Vec<Point>,
    by_source: &mut BTreeMap<Origin, Vec<Point>>,
) {
    let summaries = loaded.summaries.iter().map(|(_, reading)| reading);
    for reading in loaded.readings.iter().chain(summaries) {
        let point = Point { at: reading.at, value: 0.0 };
        points.push(point);
        by_source.entry(origin(reading)).or_default().push(point);
    }
}

fn origin(reading: &Reading<Vec<Measured>>) -> Origin {
    (reading.source.clone(), reading.modality)
}

/// The days that were asked for, as far as they have passed.
fn passed(when: &When, inquiry: &Inquiry) -> Option<Window> {
    window(when)?.until(super::now(inquiry), &when.clock)
}

impl OfSource {
    fn of((source, modality): Origin, points: &[Point], when: &When) -> Self {
        let series = Series::of(points);
        let points = series.points();
        let mut days: Vec<_> = points.iter().map(|point| when.clock.day(point.at)).collect();
        days.dedup();
        Self {
            source: source.as_deref().map(clean),
            modality,
            n: points.len(),
            days: days.len(),
            first: points.first().map(|point| point.at.to_string()),
            last: points.last().map(|point| point.at.to_string()),
        }
    }
}
