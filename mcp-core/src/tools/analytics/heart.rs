//! Heart rates: single readings, and what devices sum up, never in one figure.

use analytics::heart::{Beat, Digest, HeartReport, Statistic, report};
use schemars::JsonSchema;
use serde::Deserialize;

use super::extract::vitals::{Rate, heart_rate};
use super::load::Reading;
use super::question::{Answer, Question};
use super::when::When;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::id::PatientId;
use crate::tools::Tool;
use crate::tools::error::ToolError;
use crate::tools::served::{Family, Need};

/// `heart_rate_report`
#[derive(Debug)]
pub struct HeartRate;

/// Of whom, over which days.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeartRateInput {
    /// The patient's id, from another answer.
    patient_id: PatientId,
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
}

impl Tool for HeartRate {
    const NAME: &'static str = "heart_rate_report";
    const TITLE: &'static str = "Heart rate report";
    const FAMILY: Family = Family::Analytics;
    const NEEDS: &'static [Need] = &[Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str = "Heart rates by day, part of the day and context as recorded; averages that devices made, \
         apart from single readings.";
    type Input = HeartRateInput;
    type Output = Answer<HeartReport>;

    async fn run(inquiry: &Inquiry, input: HeartRateInput) -> Result<Self::Output, ToolError> {
        let when =
            When::read(input.start.as_deref(), input.end.as_deref(), input.timezone.as_deref())?;
        let mut question = Question::open(inquiry, input.patient_id, when).await?;
        let loaded = question.needed("heart-rate", heart_rate).await?;
        question.credit(&loaded.readings);
        question.credit(loaded.summaries.iter().map(|(_, reading)| reading));
        let beats: Vec<Beat> = loaded.readings.iter().map(beat).collect();
        let digests: Vec<Digest> = loaded.summaries.iter().filter_map(digest).collect();
        let others = loaded.summaries.len() - digests.len();
        if others > 0 {
            question.envelope.leave_out(format!(
                "{others} summaries are neither averages, minima nor maxima, and are left out."
            ));
        }
        let is_empty = beats.is_empty() && digests.is_empty();
        let report = (!is_empty).then(|| report(&beats, &digests, &question.frame()));
        Ok(question.answer(report, Vec::new()))
    }
}

fn beat(reading: &Reading<Rate>) -> Beat {
    Beat { at: reading.at, rate: reading.what.rate, context: reading.what.context }
}

fn digest((statistic, reading): &(String, Reading<Rate>)) -> Option<Digest> {
    let statistic = match statistic.as_str() {
        "average" => Statistic::Average,
        "minimum" => Statistic::Minimum,
        "maximum" => Statistic::Maximum,
        _ => return None,
    };
    let (start, end) = (reading.at, reading.end.unwrap_or(reading.at));
    let Rate { rate, context } = reading.what;
    Some(Digest { start, end, rate, statistic, context })
}
