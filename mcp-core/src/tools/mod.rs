//! The tools: one table of them, and how one is run.

pub mod advice;
pub mod analytics;
pub mod answered;
pub mod arguments;
pub mod candidates;
pub mod capabilities;
pub mod compartment;
pub mod consents;
pub mod counts;
pub mod criteria;
pub mod data_sources;
pub mod data_type;
pub mod data_types;
pub mod envelope;
pub mod error;
pub mod fhir;
pub mod grep;
pub mod imported;
pub mod listed;
pub mod listing;
pub mod loinc;
pub mod member_names;
pub mod members;
pub mod mix;
pub mod observation_count;
pub mod observations;
pub mod origin;
pub mod outline;
pub mod overview;
pub mod page;
pub mod patients;
pub mod per_patient;
pub mod range;
pub mod records;
pub mod rows;
pub mod schema;
pub mod schemas;
pub mod served;
pub mod studies;
pub mod study;
pub mod study_counts;
pub mod study_members;
pub mod study_patients;
pub mod summary;
pub mod terminology;
pub mod text;
pub mod timeline;
pub mod who;
pub mod who_am_i;

use std::sync::LazyLock;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use self::answered::{Answered, Picture};
use self::error::ToolError;
use self::served::{Family, Need};
use crate::backend::inquiry::Inquiry;

/// A JSON object.
pub type Object = Map<String, Value>;

/// One tool: its words for the model, its typed parameters, its typed answer.
pub trait Tool {
    /// The name in calls and in the policy table.
    const NAME: &'static str;
    /// The name for people.
    const TITLE: &'static str;
    /// What it answers, and when to use it.
    const DESCRIPTION: &'static str;
    /// What it is about.
    const FAMILY: Family;
    /// What the backend must have for it; without that it is neither listed nor run.
    const NEEDS: &'static [Need] = &[];
    /// Its parameters; unknown ones are refused.
    type Input: DeserializeOwned + JsonSchema + Send;
    /// Its answer, with the members of an [`envelope::Envelope`].
    type Output: Serialize + JsonSchema;

    /// Answers.
    fn run(
        inquiry: &Inquiry,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, ToolError>> + Send;

    /// The pictures that were drawn with the answer, taken out of it.
    fn pictures(_: &mut Self::Output) -> Vec<Picture> {
        Vec::new()
    }
}

/// A tool of the catalogue. Every one only reads, changes nothing, may be repeated, and asks one
/// backend and nobody else; so the hints are the same for all.
#[derive(Debug)]
pub struct Entry {
    /// The name in calls and in the policy table.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What it answers, and when to use it.
    pub description: &'static str,
    /// What it is about.
    pub family: Family,
    /// What the backend must have for it.
    pub needs: &'static [Need],
    /// JSON Schema of the parameters.
    pub input_schema: Object,
    /// JSON Schema of the answer.
    pub output_schema: Object,
    run: Run,
}

type Run = for<'a> fn(&'a Inquiry, Object) -> BoxFuture<'a, Result<Answered, ToolError>>;

impl Entry {
    fn of<T: Tool>() -> Self {
        Self {
            name: T::NAME,
            title: T::TITLE,
            description: T::DESCRIPTION,
            family: T::FAMILY,
            needs: T::NEEDS,
            input_schema: schema::of_input::<T::Input>(),
            output_schema: schema::of_output::<T::Output>(),
            run: run::<T>,
        }
    }

    /// Runs the tool with these arguments and returns its answer as JSON, with its pictures.
    ///
    /// # Errors
    /// See [`ToolError`].
    pub async fn run(&self, inquiry: &Inquiry, arguments: Object) -> Result<Answered, ToolError> {
        (self.run)(inquiry, arguments).await
    }
}

fn run<T: Tool>(
    inquiry: &Inquiry,
    arguments: Object,
) -> BoxFuture<'_, Result<Answered, ToolError>> {
    async move {
        let input = arguments::read::<T::Input>(arguments)?;
        let mut output = T::run(inquiry, input).await?;
        let pictures = T::pictures(&mut output);
        let answer = serde_json::to_value(output).map_err(|_| ToolError::Internal)?;
        Ok(Answered { answer, pictures })
    }
    .boxed()
}

static CATALOGUE: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    vec![
        Entry::of::<studies::StudyCount>(),
        Entry::of::<studies::StudyList>(),
        Entry::of::<studies::StudyMetadata>(),
        Entry::of::<study_patients::StudyPatients>(),
        Entry::of::<study_members::StudyMembers>(),
        Entry::of::<consents::PatientConsents>(),
        Entry::of::<data_sources::DataSources>(),
        Entry::of::<patients::Demographics>(),
        Entry::of::<patients::PatientSearch>(),
        Entry::of::<candidates::FindPatient>(),
        Entry::of::<overview::PatientOverview>(),
        Entry::of::<grep::RecordGrep>(),
        Entry::of::<observations::PatientObservations>(),
        Entry::of::<counts::PatientCount>(),
        Entry::of::<study_counts::StudyObservationCount>(),
        Entry::of::<summary::Summary>(),
        Entry::of::<range::DateRange>(),
        Entry::of::<observation_count::ObservationCount>(),
        Entry::of::<analytics::stats::Stats>(),
        Entry::of::<analytics::trend::TrendTool>(),
        Entry::of::<analytics::latest::Latest>(),
        Entry::of::<analytics::coverage::DataCoverage>(),
        Entry::of::<analytics::compare::ComparePatients>(),
        Entry::of::<analytics::glucose::GlucoseReportTool>(),
        Entry::of::<analytics::pressure::BloodPressure>(),
        Entry::of::<analytics::activity::ActivityReportTool>(),
        Entry::of::<analytics::sleep::SleepReportTool>(),
        Entry::of::<analytics::heart::HeartRate>(),
        Entry::of::<analytics::cohort::CohortStats>(),
        Entry::of::<data_types::DataTypes>(),
        Entry::of::<who_am_i::WhoAmI>(),
        Entry::of::<schemas::OmhSchema>(),
        Entry::of::<capabilities::ServerCapabilities>(),
        Entry::of::<fhir::capabilities::FhirCapabilities>(),
        Entry::of::<fhir::schema::FhirSchema>(),
        Entry::of::<fhir::search::FhirSearch>(),
        Entry::of::<fhir::read::FhirRead>(),
        Entry::of::<fhir::history::FhirHistory>(),
        Entry::of::<fhir::operation::FhirOperation>(),
        Entry::of::<terminology::lookup::TerminologyLookup>(),
        Entry::of::<terminology::expand::TerminologyExpand>(),
        Entry::of::<terminology::validate::TerminologyValidateCode>(),
        Entry::of::<terminology::translate::TerminologyTranslate>(),
    ]
});

/// All tools, in the order in which they are listed.
pub fn catalogue() -> &'static [Entry] {
    &CATALOGUE
}

/// The tool of this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    catalogue().iter().find(|entry| entry.name == name)
}
