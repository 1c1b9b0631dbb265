//! A question about one person's readings, from its arguments to its answer.

use analytics::frame::{Frame, Zone};
use schemars::JsonSchema;
use serde::Serialize;

use super::account::Account;
use super::load::{Extract, Loaded, Reading, load};
use super::sources::{SourceCount, Sources};
use super::when::{Days, When};
use crate::backend::inquiry::Inquiry;
use crate::fhir::id::PatientId;
use crate::tools::answered::Picture;
use crate::tools::data_type::{Asked, Sought, resolve};
use crate::tools::envelope::Envelope;
use crate::tools::error::ToolError;
use crate::tools::who::may_see;

const FREE_TEXT: &[&str] = &[
    "recorded_by[].source",
    "report.activities.by_name[].name",
    "report.by_source[].source",
    "report.trends[].measure",
    "report.trends[].unit",
    "report.trends[].statistic",
];
const ONLY_SUMMARIES: &str = "There are only summaries of readings here (averages, sums), from which this \
                              report is not made; observation_stats takes them apart.";

/// A question while it is being answered.
pub struct Question<'q> {
    inquiry: &'q Inquiry,
    patient: PatientId,
    /// Over which days.
    pub when: When,
    /// What the answer says of itself.
    pub envelope: Envelope,
    codes: Vec<String>,
    records: Account,
    sources: Sources,
}

/// The answer: whose, over which days, from which records, and the report itself.
#[derive(Serialize, JsonSchema)]
pub struct Answer<R> {
    #[serde(flatten)]
    envelope: Envelope,
    /// Whose readings these are.
    patient_id: String,
    #[serde(flatten)]
    days: Days,
    /// The codes that were asked for.
    codes: Vec<String>,
    /// What became of the records.
    records: Account,
    /// What produced the readings that were used, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recorded_by: Vec<SourceCount>,
    /// The figures; null when there is no reading to compute them from.
    report: Option<R>,
    /// Drawn beside the answer.
    #[serde(skip)]
    pub pictures: Vec<Picture>,
}

impl<'q> Question<'q> {
    /// Checks who may be asked about, and over which days.
    ///
    /// # Errors
    /// A wrong day, zone or id; not found or not authorized; no answer from the backend.
    pub async fn open(
        inquiry: &'q Inquiry,
        patient: PatientId,
        when: When,
    ) -> Result<Self, ToolError> {
        may_see(inquiry, &patient).await?;
        Ok(Self {
            inquiry,
            patient,
            when,
            envelope: Envelope::with_text(FREE_TEXT),
            codes: Vec::new(),
            records: Account::default(),
            sources: Sources::default(),
        })
    }

    /// The readings of a kind; none where the backend has no code for it.
    ///
    /// # Errors
    /// As [`load`].
    pub async fn readings<T: Clone + PartialEq + Send>(
        &mut self,
        kind: &str,
        extract: Extract<T>,
    ) -> Result<Option<Loaded<T>>, ToolError> {
        let sought = match resolve(self.inquiry, Some(kind)).await {
            Err(ToolError::Argument(_)) => None,
            sought => sought?,
        };
        let Some(sought) = sought else { return Ok(None) };
        self.of(&sought, extract).await.map(Some)
    }

    /// The same for a kind without which there is no report.
    ///
    /// # Errors
    /// The backend has no code for it; else as [`load`].
    pub async fn needed<T: Clone + PartialEq + Send>(
        &mut self,
        kind: &str,
        extract: Extract<T>,
    ) -> Result<Loaded<T>, ToolError> {
        let found = self.readings(kind, extract).await?;
        found.ok_or_else(|| ToolError::NotServed(format!("this backend has no code for {kind}")))
    }

    /// The readings of a kind that is known.
    ///
    /// # Errors
    /// As [`load`].
    pub async fn of<T: Clone + PartialEq + Send>(
        &mut self,
        sought: &Sought,
        extract: Extract<T>,
    ) -> Result<Loaded<T>, ToolError> {
        Asked::note(Some(sought), &mut self.envelope);
        self.codes.extend(sought.codes().into_iter().map(str::to_owned));
        let loaded =
            load(self.inquiry, (&self.patient, sought), &self.when, extract, &mut self.envelope)
                .await?;
        self.records = self.records.and(loaded.account);
        Ok(loaded)
    }

    /// Counts the sources of readings that a report is computed from.
    pub fn credit<'r, T: 'r>(&mut self, readings: impl IntoIterator<Item = &'r Reading<T>>) {
        self.sources.credit(readings);
    }

    /// The days and the clock, for the pure library.
    pub fn frame(&self) -> Frame {
        let zone = if self.when.is_zone_given { Zone::Given } else { Zone::Assumed };
        let frame = Frame::new(self.when.clock.clone(), zone);
        let (start, end) = (self.when.days.start, self.when.days.end);
        // The days were checked as they were read.
        frame.clone().between(start, end).unwrap_or(frame)
    }

    /// The answer with this report.
    pub fn answer<R>(mut self, report: Option<R>, pictures: Vec<Picture>) -> Answer<R> {
        self.records.tell(&mut self.envelope);
        if report.is_none() {
            Account::tell_nothing(&mut self.envelope);
        }
        if report.is_none() && self.records.summaries > 0 {
            self.envelope.hint(ONLY_SUMMARIES);
        } else if report.is_none() {
            self.envelope
                .hint("summarize_patient_observations shows what there is, and from when.");
        }
        if !self.when.is_zone_given && report.is_some() {
            self.envelope
                .hint("Ask where the person lives and give timezone: days were counted in UTC.");
        }
        Answer {
            envelope: self.envelope,
            patient_id: self.patient.to_string(),
            days: self.when.told(),
            codes: self.codes,
            records: self.records,
            recorded_by: self.sources.told(),
            report,
            pictures,
        }
    }
}
