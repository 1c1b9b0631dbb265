//! Nights: how long, how well, at which hours.

use analytics::sleep::{Night, SleepReport, Stages, report};
use schemars::JsonSchema;
use serde::Deserialize;

use super::draw::{Drawing, sleep as draw};
use super::extract::days::{Sleep, sleep};
use super::load::{Loaded, Reading};
use super::question::{Answer, Question};
use super::when::When;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::id::PatientId;
use crate::tools::Tool;
use crate::tools::answered::Picture;
use crate::tools::error::ToolError;
use crate::tools::served::{Family, Need};

/// The kinds of records about a night; one interval may have a record of each.
const KINDS: [&str; 3] = ["sleep-episode", "sleep-stage-summary", "sleep-duration"];

/// `sleep_report`
#[derive(Debug)]
pub struct SleepReportTool;

/// Of whom, over which days.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SleepInput {
    /// The patient's id, from another answer.
    patient_id: PatientId,
    /// The first day, YYYY-MM-DD, included; a night belongs to the day of waking.
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
    /// Draw the nights.
    #[serde(default)]
    picture: Option<Drawing>,
}

impl Tool for SleepReportTool {
    const NAME: &'static str = "sleep_report";
    const TITLE: &'static str = "Sleep report";
    const FAMILY: Family = Family::Analytics;
    const NEEDS: &'static [Need] = &[Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str =
        "Nights: time asleep, efficiency, stages, bedtime, waking, regularity, naps.";
    type Input = SleepInput;
    type Output = Answer<SleepReport>;

    async fn run(inquiry: &Inquiry, input: SleepInput) -> Result<Self::Output, ToolError> {
        let when =
            When::read(input.start.as_deref(), input.end.as_deref(), input.timezone.as_deref())?;
        let mut question = Question::open(inquiry, input.patient_id, when).await?;
        let mut known = false;
        let mut nights: Vec<Night> = Vec::new();
        for kind in KINDS {
            let Some(loaded) = question.readings(kind, sleep).await? else { continue };
            known = true;
            question.credit(taken(&loaded));
            nights.extend(taken(&loaded).filter_map(night));
        }
        if !known {
            let none =
                "this backend has no code for sleep-episode, sleep-stage-summary or sleep-duration";
            return Err(ToolError::NotServed(none.to_owned()));
        }
        let frame = question.frame();
        let report = (!nights.is_empty()).then(|| report(&nights, &frame));
        let pictures = match input.picture {
            Some(drawing) if report.is_some() => draw(&nights, &frame, drawing).await?,
            _ => Vec::new(),
        };
        Ok(question.answer(report, pictures))
    }

    fn pictures(output: &mut Self::Output) -> Vec<Picture> {
        std::mem::take(&mut output.pictures)
    }
}

/// Records of nights; those of one interval are put together later. A sum over a night is a record of it,
/// too; averages over several nights are not.
fn taken(loaded: &Loaded<Sleep>) -> impl Iterator<Item = &Reading<Sleep>> {
    let sums = loaded.summaries.iter().filter(|(statistic, _)| statistic == "sum");
    loaded.readings.iter().chain(sums.map(|(_, reading)| reading))
}

fn night(reading: &Reading<Sleep>) -> Option<Night> {
    let sleep = &reading.what;
    let [deep, light, rem, awake] = sleep.stages;
    Some(Night {
        start: reading.at,
        end: reading.end?,
        total_sleep_s: sleep.total,
        efficiency_percent: sleep.efficiency,
        latency_s: sleep.latency,
        wake_after_onset_s: sleep.wake,
        awakenings: sleep.awakenings,
        stages: Stages { deep, light, rem, awake },
        is_main: sleep.is_main,
    })
}
