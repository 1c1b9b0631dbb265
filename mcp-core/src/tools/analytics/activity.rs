//! Steps by day, and activities.

use analytics::activity::{Activity, ActivityReport, Intensity, StepReport, activities, steps};
use analytics::reading::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draw::{Drawing, steps as draw};
use super::extract::days::{Bout, activity, steps as step_count};
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

/// `activity_report`
#[derive(Debug)]
pub struct ActivityReportTool;

/// Of whom, over which days.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivityInput {
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
    /// Draw the steps of each day.
    #[serde(default)]
    picture: Option<Drawing>,
}

/// Steps and activities.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Moving {
    /// Which step records were taken; the two kinds are never added up.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps_from: Option<StepsFrom>,
    /// Step records of the other kind, left apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps_left_apart: Option<usize>,
    /// Steps by day; null where there are none.
    steps: Option<StepReport>,
    /// Activities; null where there are none.
    activities: Option<ActivityReport>,
}

/// Which of the records of steps a report is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum StepsFrom {
    /// Single counts over spans.
    Counts,
    /// Sums that the source made, usually over a day.
    Sums,
}

impl Tool for ActivityReportTool {
    const NAME: &'static str = "activity_report";
    const TITLE: &'static str = "Activity report";
    const FAMILY: Family = Family::Analytics;
    const NEEDS: &'static [Need] = &[Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str = "Steps by day and by weekday, activities by intensity and name. Days without data are \
         unknown, not zero.";
    type Input = ActivityInput;
    type Output = Answer<Moving>;

    async fn run(inquiry: &Inquiry, input: ActivityInput) -> Result<Self::Output, ToolError> {
        let when =
            When::read(input.start.as_deref(), input.end.as_deref(), input.timezone.as_deref())?;
        let mut question = Question::open(inquiry, input.patient_id, when).await?;
        let counted = question.readings("step-count", step_count).await?;
        let active = question.readings("physical-activity", activity).await?;
        if counted.is_none() && active.is_none() {
            let none = "this backend has no code for step-count or physical-activity";
            return Err(ToolError::NotServed(none.to_owned()));
        }
        let frame = question.frame();
        let (from, spans, apart) = counted.map_or((None, Vec::new(), 0), |counted| {
            let (from, chosen, apart) = choose(counted);
            question.credit(&chosen);
            (from, chosen.iter().map(span).collect(), apart)
        });
        question.credit(active.iter().flat_map(|active| &active.readings));
        let bouts: Vec<Activity> = active.iter().flat_map(bouts).collect();
        let pictures = match input.picture {
            Some(drawing) if !spans.is_empty() => draw(&spans, &frame, drawing).await?,
            _ => Vec::new(),
        };
        let moving = Moving {
            steps_from: from,
            steps_left_apart: (apart > 0).then_some(apart),
            steps: (!spans.is_empty()).then(|| steps(&spans, &frame)),
            activities: (!bouts.is_empty()).then(|| activities(&bouts, &frame)),
        };
        let is_empty = moving.steps.is_none() && moving.activities.is_none();
        Ok(question.answer((!is_empty).then_some(moving), pictures))
    }

    fn pictures(output: &mut Self::Output) -> Vec<Picture> {
        std::mem::take(&mut output.pictures)
    }
}

/// Sums where the source made some, as a count of steps is a sum by nature; else the single counts. How
/// many of the other kind there are is said.
fn choose(loaded: Loaded<f64>) -> (Option<StepsFrom>, Vec<Reading<f64>>, usize) {
    let is_sum = |statistic: &str| statistic == "sum" || statistic == "count";
    let (sums, others): (Vec<_>, Vec<_>) =
        loaded.summaries.into_iter().partition(|(statistic, _)| is_sum(statistic));
    let sums: Vec<Reading<f64>> = sums.into_iter().map(|(_, reading)| reading).collect();
    match (sums.is_empty(), loaded.readings.is_empty()) {
        (true, true) => (None, Vec::new(), others.len()),
        (false, _) => (Some(StepsFrom::Sums), sums, loaded.readings.len() + others.len()),
        (true, false) => (Some(StepsFrom::Counts), loaded.readings, others.len()),
    }
}

/// A count at an instant has no span that it could be divided over, and is taken as at that instant.
fn span(reading: &Reading<f64>) -> Span {
    let end = reading.end.unwrap_or(reading.at);
    Span { start: reading.at, end, value: reading.what }
}

fn bouts(loaded: &Loaded<Bout>) -> Vec<Activity> {
    loaded.readings.iter().flat_map(parts).collect()
}

/// One activity; where the record divides its time by intensity, one for each.
fn parts(reading: &Reading<Bout>) -> Vec<Activity> {
    let bout = &reading.what;
    let whole = Activity {
        start: reading.at,
        end: reading.end.unwrap_or(reading.at),
        name: bout.name.clone(),
        minutes: None,
        intensity: match bout.intensity {
            Some("light") => Some(Intensity::Light),
            Some("moderate") => Some(Intensity::Moderate),
            Some("vigorous") => Some(Intensity::Vigorous),
            _ => None,
        },
        distance_m: bout.distance,
        kcal: bout.energy,
    };
    let intensities = [Intensity::Light, Intensity::Moderate, Intensity::Vigorous];
    let divided = intensities.into_iter().zip(bout.minutes).filter_map(|(intensity, minutes)| {
        let (intensity, minutes) = (Some(intensity), Some(minutes?));
        Some(Activity { minutes, intensity, distance_m: None, kcal: None, ..whole.clone() })
    });
    let divided: Vec<Activity> = divided.collect();
    if divided.is_empty() { vec![whole] } else { divided }
}
