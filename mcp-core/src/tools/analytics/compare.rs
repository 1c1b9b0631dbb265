//! Several people side by side.

use std::collections::{BTreeMap, BTreeSet};

use analytics::comparison::{Against, Comparison, Person};
use analytics::series::Series;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::keyed::{DECIMALS, Key, keyed};
use super::several::{fetch, kinds};
use super::sources::{SourceCount, Sources};
use super::when::{Days, When};
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::id::PatientId;
use crate::tools::Tool;
use crate::tools::envelope::Envelope;
use crate::tools::error::ToolError;
use crate::tools::served::{Family, Need};
use crate::tools::who::may_see_all;

/// People in one comparison.
const MOST: usize = 20;
const FREE_TEXT: &[&str] = &[
    "people[].recorded_by[].source",
    "measures[].measure",
    "measures[].unit",
    "measures[].statistic",
];

/// `compare_patients`
#[derive(Debug)]
pub struct ComparePatients;

/// Whom, and by what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareInput {
    /// 2 to 20 patients, by ids from other answers.
    patient_ids: Vec<PatientId>,
    /// The kind of data, as `heart-rate`.
    data_type: String,
    /// The first day, YYYY-MM-DD, included.
    #[serde(default)]
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    start: Option<String>,
    /// The last day, YYYY-MM-DD, included.
    #[serde(default)]
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    end: Option<String>,
    /// The IANA time zone of the days; UTC if left out.
    #[serde(default)]
    timezone: Option<String>,
    /// With whom each is compared: `group`, or the `first` of them.
    #[serde(default)]
    against: Option<Against>,
}

/// The comparison.
#[derive(Serialize, JsonSchema)]
pub struct CompareAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    #[serde(flatten)]
    days: Days,
    /// What became of each person's records.
    people: Vec<PersonRow>,
    /// One for each measure and unit that anybody has.
    measures: Vec<CompareRow>,
}

/// One person's records.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct PersonRow {
    /// Who.
    patient_id: String,
    /// What became of the records; absent when they are unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<Account>,
    /// What produced the readings and summaries, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recorded_by: Vec<SourceCount>,
    /// Why nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

/// One measure, compared.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct CompareRow {
    #[serde(flatten)]
    key: Key,
    #[serde(flatten)]
    comparison: Comparison,
}

impl Tool for ComparePatients {
    const NAME: &'static str = "compare_patients";
    const TITLE: &'static str = "Compare patients";
    const FAMILY: Family = Family::Analytics;
    const NEEDS: &'static [Need] = &[Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str = "Statistics of one kind of data for several patients side by side, with differences. Nobody's \
         readings are pooled.";
    type Input = CompareInput;
    type Output = CompareAnswer;

    async fn run(inquiry: &Inquiry, input: CompareInput) -> Result<CompareAnswer, ToolError> {
        let when =
            When::read(input.start.as_deref(), input.end.as_deref(), input.timezone.as_deref())?;
        let mut seen = BTreeSet::new();
        let mut patients = input.patient_ids;
        patients.retain(|patient| seen.insert(patient.clone()));
        if !(2..=MOST).contains(&patients.len()) {
            let rule = format!("patient_ids must be 2 to {MOST} different ids");
            return Err(ToolError::Argument(rule));
        }
        may_see_all(inquiry, &patients).await?;
        let kinds = kinds(inquiry, &[input.data_type]).await?;
        let mut envelope = Envelope::with_text(FREE_TEXT);
        let parts = fetch(inquiry, &patients, &kinds, &when, &mut envelope).await?;
        let mut measures: BTreeMap<Key, BTreeMap<String, Series>> = BTreeMap::new();
        let mut people = Vec::new();
        for part in parts {
            let patient_id = part.patient.to_string();
            let (records, recorded_by, problem) = match part.loaded {
                Ok(loaded) => {
                    for (key, series) in keyed(&loaded) {
                        measures.entry(key).or_default().insert(patient_id.clone(), series);
                    }
                    (Some(loaded.account), Sources::of(&loaded).told(), None)
                }
                Err(problem) => (None, Vec::new(), Some(problem)),
            };
            people.push(PersonRow { patient_id, records, recorded_by, problem });
        }
        let against = input.against.unwrap_or(Against::Group);
        let measures =
            measures.into_iter().map(|(key, by)| compared(key, &by, &people, against)).collect();
        Ok(CompareAnswer { envelope, days: when.told(), people, measures })
    }
}

/// Everybody of whom something is known, in the order in which they were asked for.
fn compared(
    key: Key,
    series: &BTreeMap<String, Series>,
    people: &[PersonRow],
    against: Against,
) -> CompareRow {
    let nothing = Series::default();
    let persons: Vec<Person<'_>> = people
        .iter()
        .filter(|person| person.problem.is_none())
        .map(|person| Person {
            id: &person.patient_id,
            series: series.get(&person.patient_id).unwrap_or(&nothing),
        })
        .collect();
    // The readings were chosen by days already.
    CompareRow { key, comparison: Comparison::of(&persons, against, None, DECIMALS) }
}
