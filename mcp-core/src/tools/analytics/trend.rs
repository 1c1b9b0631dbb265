//! Which way readings go.

use analytics::series::Series;
use analytics::trend::{NoTrend, Trend};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draw::{Drawing, trend as draw};
use super::extract::every;
use super::keyed::{DECIMALS, Key, keyed};
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

/// `observation_trend`
#[derive(Debug)]
pub struct TrendTool;

/// Whose readings, of which kind.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrendInput {
    /// The patient's id, from another answer.
    patient_id: PatientId,
    /// The kind of data, as `body-weight`.
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
    /// Draw the readings and the line.
    #[serde(default)]
    picture: Option<Drawing>,
}

/// The trends of a kind.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Trends {
    /// One for each measure and unit.
    trends: Vec<TrendRow>,
}

/// The trend of one measure.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct TrendRow {
    #[serde(flatten)]
    key: Key,
    /// How many readings.
    n: usize,
    /// The trend; null where `no_trend` says why there is none.
    trend: Option<Trend>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_trend: Option<NoTrend>,
}

impl TrendRow {
    fn of((key, series): (&Key, &Series), when: &When) -> Self {
        let trend = Trend::of(series, &when.clock, DECIMALS);
        let (trend, no_trend) = match trend {
            Ok(trend) => (Some(trend), None),
            Err(why) => (None, Some(why)),
        };
        Self { key: key.clone(), n: series.points().len(), trend, no_trend }
    }
}

impl Tool for TrendTool {
    const NAME: &'static str = "observation_trend";
    const TITLE: &'static str = "Trend of readings";
    const FAMILY: Family = Family::Analytics;
    const NEEDS: &'static [Need] = &[Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str = "Which way a patient's readings go: first and last, change, slope per day by least squares and \
         by Theil and Sen with its interval.";
    type Input = TrendInput;
    type Output = Answer<Trends>;

    async fn run(inquiry: &Inquiry, input: TrendInput) -> Result<Self::Output, ToolError> {
        let when =
            When::read(input.start.as_deref(), input.end.as_deref(), input.timezone.as_deref())?;
        let mut question = Question::open(inquiry, input.patient_id, when).await?;
        let mut trends = Vec::new();
        let mut pictures = Vec::new();
        for (_, sought) in kinds(inquiry, &[input.data_type]).await? {
            let loaded = question.of(&sought, every).await?;
            question.credit(&loaded.readings);
            for (key, series) in &keyed(&loaded) {
                trends.push(TrendRow::of((key, series), &question.when));
                if let Some(drawing) = input.picture {
                    pictures.extend(draw((key, series), &question.when, drawing).await?);
                }
            }
        }
        let report = (!trends.is_empty()).then_some(Trends { trends });
        Ok(question.answer(report, pictures))
    }

    fn pictures(output: &mut Self::Output) -> Vec<Picture> {
        std::mem::take(&mut output.pictures)
    }
}
