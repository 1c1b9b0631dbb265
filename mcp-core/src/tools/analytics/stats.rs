//! Statistics over readings of several people and kinds, each for itself.

use analytics::buckets::{Grouped, Grouping, grouped};
use analytics::summary::Summary;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::keyed::{DECIMALS, Key, keyed, window};
use super::several::{Part, fetch, kinds};
use super::sources::{SourceCount, Sources};
use super::when::{Days, When};
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::id::PatientId;
use crate::tools::Tool;
use crate::tools::envelope::{Envelope, TruncatedBy};
use crate::tools::error::ToolError;
use crate::tools::served::{Family, Need};
use crate::tools::who::may_see_all;

/// People times kinds in one answer.
const MOST_PARTS: usize = 20;
const FREE_TEXT: &[&str] = &[
    "results[].recorded_by[].source",
    "results[].figures[].measure",
    "results[].figures[].unit",
    "results[].figures[].statistic",
];

/// `observation_stats`
#[derive(Debug)]
pub struct Stats;

/// Whose readings, of which kinds, put together by what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatsInput {
    /// Patients, by ids from other answers.
    patient_ids: Vec<PatientId>,
    /// Kinds of data, as `heart-rate`; with the patients at most 20 combinations.
    data_types: Vec<String>,
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
    /// Also for each of these.
    #[serde(default)]
    group_by: Option<Grouping>,
}

/// Figures for each person and kind.
#[derive(Serialize, JsonSchema)]
pub struct StatsAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    #[serde(flatten)]
    days: Days,
    /// One for each person and kind.
    results: Vec<StatsRow>,
}

/// One person's readings of one kind.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct StatsRow {
    /// Whose.
    patient_id: String,
    /// Which kind.
    data_type: String,
    /// What became of the records; absent when they are unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<Account>,
    /// What produced the readings and summaries, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recorded_by: Vec<SourceCount>,
    /// One for each measure and unit; none where there are no readings.
    figures: Vec<StatsFigures>,
    /// Why nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

/// Figures of one measure.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct StatsFigures {
    #[serde(flatten)]
    key: Key,
    #[serde(flatten)]
    summary: Summary,
    /// The same by hour, day, week or part of the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Grouped>,
}

impl Tool for Stats {
    const NAME: &'static str = "observation_stats";
    const TITLE: &'static str = "Statistics of readings";
    const FAMILY: Family = Family::Analytics;
    const NEEDS: &'static [Need] = &[Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str = "n, mean, SD, median, percentiles, minimum and maximum of readings, for several patients and \
         kinds; also by hour, day, week or part of day. Use it instead of reading rows.";
    type Input = StatsInput;
    type Output = StatsAnswer;

    async fn run(inquiry: &Inquiry, input: StatsInput) -> Result<StatsAnswer, ToolError> {
        let when =
            When::read(input.start.as_deref(), input.end.as_deref(), input.timezone.as_deref())?;
        let combinations = input.patient_ids.len() * input.data_types.len();
        if !(1..=MOST_PARTS).contains(&combinations) {
            let rule =
                format!("patient_ids times data_types must be 1 to {MOST_PARTS} combinations");
            return Err(ToolError::Argument(rule));
        }
        may_see_all(inquiry, &input.patient_ids).await?;
        let kinds = kinds(inquiry, &input.data_types).await?;
        let mut envelope = Envelope::with_text(FREE_TEXT);
        let parts = fetch(inquiry, &input.patient_ids, &kinds, &when, &mut envelope).await?;
        let results = parts.into_iter().map(|part| row(part, &when, input.group_by)).collect();
        let results = fit(results, inquiry.means.answer_bytes, &mut envelope);
        Ok(StatsAnswer { envelope, days: when.told(), results })
    }
}

fn row(part: Part, when: &When, group_by: Option<Grouping>) -> StatsRow {
    let mut row = StatsRow {
        patient_id: part.patient.to_string(),
        data_type: part.data_type,
        records: None,
        recorded_by: Vec::new(),
        figures: Vec::new(),
        problem: None,
    };
    let loaded = match part.loaded {
        Ok(loaded) => loaded,
        Err(problem) => {
            row.problem = Some(problem);
            return row;
        }
    };
    let window = window(when);
    let figures = keyed(&loaded).into_iter().filter_map(|(key, series)| {
        let summary = Summary::of(&series.values(), DECIMALS)?;
        let groups =
            group_by.map(|by| grouped(&series, &when.clock, by, window.as_ref(), DECIMALS));
        Some(StatsFigures { key, summary, groups })
    });
    row.figures = figures.collect();
    row.recorded_by = Sources::of(&loaded).told();
    row.records = Some(loaded.account);
    row
}

/// Leaves groups out, the last first, until the answer fits.
fn fit(mut results: Vec<StatsRow>, most: usize, envelope: &mut Envelope) -> Vec<StatsRow> {
    let bytes = |results: &[StatsRow]| serde_json::to_vec(results).map_or(0, |text| text.len());
    let most = most.saturating_sub(2_000);
    let mut left_out = 0_usize;
    while bytes(&results) > most {
        let figures = results.iter_mut().rev().flat_map(|row| row.figures.iter_mut().rev());
        let Some(last) = figures.into_iter().find(|figures| figures.groups.is_some()) else {
            break;
        };
        last.groups = None;
        left_out += 1;
    }
    if left_out > 0 {
        envelope.truncate(
            TruncatedBy::Bytes,
            format!(
                "The groups of {left_out} measures do not fit into one answer; ask for fewer days, \
                 people or kinds, or by week."
            ),
        );
    }
    results
}
