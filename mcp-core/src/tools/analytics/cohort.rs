//! A study as a distribution over its participants.

use std::collections::BTreeMap;

use analytics::cohort::{Cohort, Participant};
use analytics::small_cells::Threshold;
use analytics::summary::{mean, percentile, sorted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::extract::{Measured, every};
use super::keyed::{DECIMALS, Key, keyed};
use super::load::{Loaded, load_records};
use super::several::{absorb, fetch, kinds};
use super::when::{Days, When};
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::id::StudyId;
use crate::fhir::search::Filter;
use crate::tools::Tool;
use crate::tools::data_type::Sought;
use crate::tools::envelope::{Envelope, TruncatedBy};
use crate::tools::error::ToolError;
use crate::tools::observation_count::of_study;
use crate::tools::records::Records;
use crate::tools::served::{Family, Need};
use crate::tools::study::is_rest;
use crate::tools::who::staff_only;

/// Kinds in one answer.
const MOST_KINDS: usize = 10;
const FREE_TEXT: &[&str] = &["measures[].measure", "measures[].unit", "measures[].statistic"];

/// `cohort_stats`
#[derive(Debug)]
pub struct CohortStats;

/// Which study, which kinds, and which figure stands for a participant.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CohortInput {
    /// The study's id, from another answer.
    study_id: StudyId,
    /// Kinds of data, up to 10, as `blood-glucose`.
    data_types: Vec<String>,
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
    /// What stands for a participant: the `mean` of the readings, or their `median`.
    #[serde(default)]
    figure: OneFigure,
}

/// What stands for a participant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum OneFigure {
    /// The mean of the readings.
    #[default]
    Mean,
    /// The median of the readings.
    Median,
}

/// The distributions.
#[derive(Serialize, JsonSchema)]
pub struct CohortAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// Which study.
    study_id: String,
    #[serde(flatten)]
    days: Days,
    /// What stands for a participant.
    figure: OneFigure,
    /// What became of the records of all participants.
    records: Account,
    /// One for each kind, measure and unit.
    measures: Vec<CohortRow>,
}

/// One measure.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct CohortRow {
    /// Which kind.
    data_type: String,
    #[serde(flatten)]
    key: Key,
    #[serde(flatten)]
    cohort: Cohort,
}

/// The participants' figures by measure.
type Measures = BTreeMap<(String, Key), Vec<Participant>>;

impl Tool for CohortStats {
    const NAME: &'static str = "cohort_stats";
    const TITLE: &'static str = "Statistics over a study";
    const FAMILY: Family = Family::Analytics;
    const NEEDS: &'static [Need] =
        &[Need::Studies, Need::OnType("Observation", Interaction::Search)];
    const DESCRIPTION: &'static str = "The distribution of readings over the participants of a study, each of whom counts once. \
         Figures about few participants are suppressed.";
    type Input = CohortInput;
    type Output = CohortAnswer;

    async fn run(inquiry: &Inquiry, input: CohortInput) -> Result<CohortAnswer, ToolError> {
        let when =
            When::read(input.start.as_deref(), input.end.as_deref(), input.timezone.as_deref())?;
        if !(1..=MOST_KINDS).contains(&input.data_types.len()) {
            return Err(ToolError::Argument(format!("data_types must be 1 to {MOST_KINDS}")));
        }
        inquiry.takes_id("study_id", input.study_id.as_str())?;
        staff_only(inquiry).await?;
        let kinds = kinds(inquiry, &input.data_types).await?;
        let threshold = Threshold::of(inquiry.means.smallest_cell).ok_or(ToolError::Internal)?;
        let mut study = Study::new(input.figure, Envelope::with_text(FREE_TEXT));
        if is_rest(inquiry, &input.study_id) {
            study.together(inquiry, &input.study_id, &kinds, &when).await?;
        } else {
            study.one_by_one(inquiry, &input.study_id, &kinds, &when).await?;
        }
        let Study { mut envelope, records, measures, .. } = study;
        records.tell(&mut envelope);
        if records.is_empty() {
            Account::tell_nothing(&mut envelope);
        }
        let measures: Vec<CohortRow> = measures
            .into_iter()
            .map(|((data_type, key), participants)| {
                let cohort = Cohort::of(&participants, threshold, DECIMALS);
                CohortRow { data_type, key, cohort }
            })
            .collect();
        if measures.iter().any(|row| row.cohort.suppressed) {
            envelope.leave_out(format!(
                "Where suppressed is true fewer than {} participants have readings, and nothing is \
                 said about them.",
                threshold.least()
            ));
        }
        let (study_id, days) = (input.study_id.to_string(), when.told());
        Ok(CohortAnswer { envelope, study_id, days, figure: input.figure, records, measures })
    }
}

/// A study while it is read.
struct Study {
    figure: OneFigure,
    envelope: Envelope,
    records: Account,
    measures: Measures,
    /// Whether anything was read.
    is_begun: bool,
}

impl Study {
    fn new(figure: OneFigure, envelope: Envelope) -> Self {
        let (records, measures) = (Account::default(), Measures::new());
        Self { figure, envelope, records, measures, is_begun: false }
    }

    fn too_late(&mut self, kind: &str) {
        self.envelope.truncate(
            TruncatedBy::Deadline,
            format!("{kind} could not be read in time; ask for it alone, or for fewer days."),
        );
    }

    /// All participants' records of a kind in one list, where the backend has such a list.
    async fn together(
        &mut self,
        inquiry: &Inquiry,
        study: &StudyId,
        kinds: &[(String, Sought)],
        when: &When,
    ) -> Result<(), ToolError> {
        let work = inquiry.progress.work_in(kinds.len());
        for (name, sought) in kinds {
            let of = vec![Filter::Study(study.clone()), sought.filter()];
            let records = Records { of, window: when.widened() };
            let loaded = load_records(inquiry, &records, when, every, &mut self.envelope).await;
            work.part_done();
            let loaded = match loaded {
                Ok(loaded) => loaded,
                // What was read of other kinds is not thrown away.
                Err(Fault::Late | Fault::Busy) if self.is_begun => {
                    self.too_late(name);
                    continue;
                }
                Err(fault) => return Err(ToolError::about("study")(fault)),
            };
            self.is_begun = true;
            self.records = self.records.and(loaded.account);
            let (people, nobodys) = by_person(loaded);
            if nobodys > 0 {
                self.envelope.leave_out(format!(
                    "{nobodys} records of {name} do not say whose they are, and count for nobody."
                ));
            }
            for person in people.values() {
                self.take(name, person);
            }
        }
        Ok(())
    }

    /// Each participant's records for themselves.
    async fn one_by_one(
        &mut self,
        inquiry: &Inquiry,
        study: &StudyId,
        kinds: &[(String, Sought)],
        when: &When,
    ) -> Result<(), ToolError> {
        let patients = of_study(inquiry, study, &mut self.envelope).await?;
        let mut said = Envelope::default();
        let parts = fetch(inquiry, &patients, kinds, when, &mut said).await?;
        absorb(&mut self.envelope, said, "");
        for part in &parts {
            if let Ok(loaded) = &part.loaded {
                self.records = self.records.and(loaded.account);
                self.take(&part.data_type, loaded);
            }
        }
        Ok(())
    }

    fn take(&mut self, kind: &str, person: &Loaded<Vec<Measured>>) {
        for (key, series) in keyed(person) {
            let values = sorted(&series.values());
            let figure = match self.figure {
                OneFigure::Mean => mean(&values),
                OneFigure::Median => percentile(&values, 50.0),
            };
            let participant = figure.map(|figure| Participant { figure, readings: values.len() });
            self.measures.entry((kind.to_owned(), key)).or_default().extend(participant);
        }
    }
}

/// Whose each record is, it says itself; and how many do not.
fn by_person(loaded: Loaded<Vec<Measured>>) -> (BTreeMap<String, Loaded<Vec<Measured>>>, usize) {
    let mut people: BTreeMap<String, Loaded<Vec<Measured>>> = BTreeMap::new();
    let mut nobodys = 0;
    for reading in loaded.readings {
        if let Some(patient) = reading.patient.clone() {
            people.entry(patient).or_default().readings.push(reading);
        } else {
            nobodys += 1;
        }
    }
    for (statistic, reading) in loaded.summaries {
        if let Some(patient) = reading.patient.clone() {
            people.entry(patient).or_default().summaries.push((statistic, reading));
        } else {
            nobodys += 1;
        }
    }
    (people, nobodys)
}
