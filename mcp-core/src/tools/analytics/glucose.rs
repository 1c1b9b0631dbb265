//! Glucose by the international consensus on time in range.

use analytics::frame::Zone;
use analytics::glucose::{Glucose, GlucoseReport, Population, Terms, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::draw::{Drawing, glucose as draw};
use super::extract::vitals::glucose;
use super::question::{Answer, Question};
use super::when::When;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::id::PatientId;
use crate::tools::Tool;
use crate::tools::answered::Picture;
use crate::tools::error::ToolError;
use crate::tools::served::{Family, Need};

/// `glucose_report`
#[derive(Debug)]
pub struct GlucoseReportTool;

/// Of whom, over which days, by which targets.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GlucoseInput {
    /// The patient's id, from another answer.
    patient_id: PatientId,
    /// The first day, YYYY-MM-DD, included; a report is made for 14 days.
    #[serde(default)]
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    start: Option<String>,
    /// The last day, YYYY-MM-DD, included.
    #[serde(default)]
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    end: Option<String>,
    /// The person's IANA time zone, as in Europe/Berlin; without it no daily profile.
    #[serde(default)]
    timezone: Option<String>,
    /// Whose bands and targets apply.
    #[serde(default)]
    population: Option<Population>,
    /// The unit of the figures; that of the readings if left out.
    #[serde(default)]
    unit: Option<Unit>,
    /// Also as FHIR Observations, coded by HL7's CGM guide.
    #[serde(default)]
    as_fhir: bool,
    /// Draw the daily profile and the time in range.
    #[serde(default)]
    picture: Option<Drawing>,
}

/// The report, and the same in FHIR if asked for.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Glucoses {
    #[serde(flatten)]
    report: GlucoseReport,
    /// A Bundle of Observations coded by HL7's CGM guide.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::tools::Object>")]
    fhir: Option<Value>,
}

impl Tool for GlucoseReportTool {
    const NAME: &'static str = "glucose_report";
    const TITLE: &'static str = "Glucose report";
    const FAMILY: Family = Family::Analytics;
    const NEEDS: &'static [Need] = &[Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str = "Time in range by the international consensus: bands, mean, GMI, SD, CV, days worn, whether \
         the data suffice, targets, episodes, daily profile.";
    type Input = GlucoseInput;
    type Output = Answer<Glucoses>;

    async fn run(inquiry: &Inquiry, input: GlucoseInput) -> Result<Self::Output, ToolError> {
        let when =
            When::read(input.start.as_deref(), input.end.as_deref(), input.timezone.as_deref())?;
        let mut question = Question::open(inquiry, input.patient_id.clone(), when).await?;
        let loaded = question.needed("blood-glucose", glucose).await?;
        question.credit(&loaded.readings);
        let (readings, strange) = in_known_units(&loaded.readings);
        if strange > 0 {
            question.envelope.leave_out(format!(
                "{strange} readings have another unit than mg/dL and mmol/L and are in no figure."
            ));
        }
        // Days that are still to come are not days without a sensor.
        let today = question.when.clock.day(super::now(inquiry));
        let end = question.when.days.end.map(|end| end.min(today));
        let zone = if question.when.is_zone_given { Zone::Given } else { Zone::Assumed };
        let terms = Terms {
            clock: &question.when.clock,
            zone,
            window: question.when.days.start.zip(end).map(|(start, end)| start..=end),
            population: input.population.unwrap_or(Population::Type1Type2),
            unit: input.unit,
        };
        let report = GlucoseReport::of(&readings, &terms).ok();
        let pictures = match (&report, input.picture) {
            (Some(report), Some(drawing)) => draw(report, &readings, &terms, drawing).await?,
            _ => Vec::new(),
        };
        let subject = format!("Patient/{}", input.patient_id);
        let urn = || format!("urn:uuid:{}", Uuid::new_v4());
        let report = report.map(|report| {
            let fhir = input.as_fhir.then(|| analytics::glucose::bundle(&report, &subject, urn));
            Glucoses { report, fhir }
        });
        Ok(question.answer(report, pictures))
    }

    fn pictures(output: &mut Self::Output) -> Vec<Picture> {
        std::mem::take(&mut output.pictures)
    }
}

/// Those in a unit that the consensus has cut points for, and how many are in another.
fn in_known_units(
    readings: &[super::load::Reading<super::extract::Measured>],
) -> (Vec<Glucose>, usize) {
    let known: Vec<Glucose> = readings
        .iter()
        .filter_map(|reading| {
            let unit = match reading.what.unit.as_deref()? {
                "mg/dL" => Unit::MgDl,
                "mmol/L" => Unit::MmolL,
                _ => return None,
            };
            Some(Glucose { at: reading.at, value: reading.what.value, unit })
        })
        .collect();
    let strange = readings.len() - known.len();
    (known, strange)
}
