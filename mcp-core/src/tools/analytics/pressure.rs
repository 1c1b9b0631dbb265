//! Blood pressure by a named scheme, both numbers together.

use analytics::pressure::{Pressure, PressureReport, Scheme, report};
use schemars::JsonSchema;
use serde::Deserialize;

use super::draw::{Drawing, pressure as draw};
use super::extract::vitals::pressure;
use super::question::{Answer, Question};
use super::when::When;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::id::PatientId;
use crate::tools::Tool;
use crate::tools::answered::Picture;
use crate::tools::error::ToolError;
use crate::tools::served::{Family, Need};

/// `blood_pressure_report`
#[derive(Debug)]
pub struct BloodPressure;

/// Of whom, over which days, by which scheme.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BloodPressureInput {
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
    /// Whose bands apply; `acc_aha_2017` if left out.
    #[serde(default)]
    scheme: Option<Scheme>,
    /// Draw both numbers over the bands.
    #[serde(default)]
    picture: Option<Drawing>,
}

impl Tool for BloodPressure {
    const NAME: &'static str = "blood_pressure_report";
    const TITLE: &'static str = "Blood pressure report";
    const FAMILY: Family = Family::Analytics;
    const NEEDS: &'static [Need] = &[Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str = "Blood pressure readings by the bands of a named scheme, averages, parts of the day, the \
         last one. Where numbers lie, never a diagnosis.";
    type Input = BloodPressureInput;
    type Output = Answer<PressureReport>;

    async fn run(inquiry: &Inquiry, input: BloodPressureInput) -> Result<Self::Output, ToolError> {
        let when =
            When::read(input.start.as_deref(), input.end.as_deref(), input.timezone.as_deref())?;
        let mut question = Question::open(inquiry, input.patient_id, when).await?;
        let loaded = question.needed("blood-pressure", pressure).await?;
        question.credit(&loaded.readings);
        let readings: Vec<Pressure> = loaded
            .readings
            .iter()
            .map(|reading| Pressure {
                at: reading.at,
                systolic: reading.what.systolic,
                diastolic: reading.what.diastolic,
            })
            .collect();
        let (frame, scheme) = (question.frame(), input.scheme.unwrap_or(Scheme::AccAha2017));
        let report = (!readings.is_empty()).then(|| report(&readings, &frame, scheme));
        let pictures = match input.picture {
            Some(drawing) if report.is_some() => draw(&readings, &frame, scheme, drawing).await?,
            _ => Vec::new(),
        };
        Ok(question.answer(report, pictures))
    }

    fn pictures(output: &mut Self::Output) -> Vec<Picture> {
        std::mem::take(&mut output.pictures)
    }
}
