//! A question about one patient's observations, as the filters that ask it; and how many of them the
//! backend cannot date.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::data_type::Sought;
use super::envelope::Envelope;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::fhir::date::Window;
use crate::fhir::id::PatientId;
use crate::fhir::observation::Observation;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Comparison, Filter, Search, Sort};

/// Which observations are meant.
#[derive(Clone)]
pub struct Records {
    /// Whose; or of which study's patients.
    pub of: Vec<Filter>,
    /// On which days.
    pub window: Window,
}

impl Records {
    /// One patient's records.
    pub fn of_patient(patient: PatientId, kind: Option<&Sought>, window: Window) -> Self {
        let of = [Filter::Patient(patient)].into_iter().chain(kind.map(Sought::filter)).collect();
        Self { of, window }
    }

    /// The same with one more filter.
    #[must_use]
    pub fn narrowed(&self, filter: Filter) -> Self {
        let of = self.of.iter().cloned().chain([filter]).collect();
        Self { of, window: self.window.clone() }
    }

    /// Reads rows of an answer. A row about somebody else shows that the backend did not apply the
    /// filter, so that nothing in its answer can be believed.
    ///
    /// # Errors
    /// Such a row.
    pub fn read(&self, resources: &[Value]) -> Result<Vec<Observation>, Fault> {
        let asked = self.of.iter().find_map(|filter| {
            if let Filter::Patient(patient) = filter { Some(patient.as_str()) } else { None }
        });
        let rows: Vec<Observation> = resources.iter().filter_map(Observation::read).collect();
        let is_foreign = |row: &Observation| {
            asked.zip(row.patient_id.as_deref()).is_some_and(|(asked, found)| asked != found)
        };
        if rows.iter().any(is_foreign) { Err(Fault::Malformed) } else { Ok(rows) }
    }

    /// Filters for all of them, whatever the window.
    pub fn everything(&self) -> Vec<Filter> {
        self.of.clone()
    }

    /// Filters for those in the window that the backend can date; with an open window, for all.
    pub fn inside(&self) -> Vec<Filter> {
        let start = self.window.start.map(|day| Filter::Date(Comparison::From, day));
        let end = self.window.end.map(|day| Filter::Date(Comparison::Until, day));
        self.of.iter().cloned().chain(start).chain(end).collect()
    }

    /// Filters for those in the window that the backend can date.
    pub fn dated_inside(&self) -> Vec<Filter> {
        if self.window.is_open() { self.dated() } else { self.inside() }
    }

    /// Filters for those that the backend can date, whatever the window.
    pub fn dated(&self) -> Vec<Filter> {
        self.of.iter().cloned().chain([Filter::dated()]).collect()
    }
}

/// Counts observations.
///
/// # Errors
/// See [`Fault`].
pub async fn count(inquiry: &Inquiry, filters: Vec<Filter>) -> Result<u64, Fault> {
    inquiry.count(Search::count(ResourceType::OBSERVATION, filters)).await
}

/// A page of observations.
pub const fn page(filters: Vec<Filter>, size: u32, page: u32, sort: Sort) -> Search {
    Search::page(ResourceType::OBSERVATION, filters, size, page, sort)
}

/// How many records there are and how many of them the backend can date, whatever the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// All of them.
    pub total: u64,
    /// Those with an effective time at the backend.
    pub dated: u64,
}

impl Census {
    /// Those without: every date filter drops them, and every order puts them last.
    pub const fn undated(self) -> u64 {
        self.total.saturating_sub(self.dated)
    }
}

impl Census {
    /// Puts both counts together. Where the second could not be had the census is `None`, and the
    /// answer must say so; only a refused token or a hidden record ends the question.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn of(total: u64, dated: Result<u64, Fault>) -> Result<Option<Self>, Fault> {
        match dated {
            Ok(dated) => Ok(Some(Self { total, dated })),
            Err(Fault::TokenRefused) => Err(Fault::TokenRefused),
            Err(fault) if fault.hides_the_record() => Err(fault),
            Err(_) => Ok(None),
        }
    }
}

/// How many records a question is about.
#[derive(Clone, Copy)]
pub struct Counts {
    /// Those in the window that the backend can date; with an open window, all.
    pub inside: u64,
    /// Those whatever the window.
    pub census: Option<Census>,
}

/// Counts what a question is about, without asking the same twice.
///
/// # Errors
/// See [`Fault`].
pub async fn counts(inquiry: &Inquiry, records: &Records) -> Result<Counts, Fault> {
    let (total, dated, inside) = tokio::join!(
        count(inquiry, records.everything()),
        count(inquiry, records.dated()),
        count_unless(inquiry, records.window.is_open(), records.inside()),
    );
    let total = total?;
    Ok(Counts { inside: inside?.unwrap_or(total), census: Census::of(total, dated)? })
}

/// Counts, unless the count is known from elsewhere.
///
/// # Errors
/// See [`Fault`].
pub async fn count_unless(
    inquiry: &Inquiry,
    is_known: bool,
    filters: Vec<Filter>,
) -> Result<Option<u64>, Fault> {
    if is_known { Ok(None) } else { count(inquiry, filters).await.map(Some) }
}

/// The days that were used, and the zone that they were counted in.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct WindowUsed {
    /// The first day, included.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    /// The last day, included.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
}

/// The members of an answer about dated records.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Dating {
    /// The days that were used; absent when all days were.
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<WindowUsed>,
    /// The zone in which days are counted.
    timezone: String,
    /// How many of the records, in or out of the window, have no effective time at the backend. Its
    /// date filters leave them out. Absent when that could not be found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    undated: Option<u64>,
}

impl Dating {
    /// What is to be said about time; notes it in the envelope when the census is missing.
    pub fn new(
        inquiry: &Inquiry,
        window: &Window,
        census: Option<Census>,
        envelope: &mut Envelope,
    ) -> Self {
        if census.is_none() {
            envelope.leave_out(
                "It could not be found out whether some records have no effective time at the \
                 backend; if so, filters and orders by date miss them.",
            );
        }
        let shown = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string());
        let used = WindowUsed { start: shown(window.start), end: shown(window.end) };
        Self {
            window: (!window.is_open()).then_some(used),
            timezone: inquiry.profile.fhir.time_zone.clone(),
            undated: census.map(Census::undated),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::profile::Profiles;
    use crate::fhir::date::day;

    fn records(start: Option<&str>) -> Records {
        let window = Window { start: start.and_then(day), end: None };
        Records::of_patient(PatientId::parse("40001").unwrap(), None, window)
    }

    fn values(filters: &[Filter]) -> Vec<String> {
        let profiles = Profiles::load(None, |_| Vec::new()).unwrap();
        let dialect = &profiles.find("jhe").unwrap().search.dialect;
        filters.iter().map(|filter| filter.value(dialect).into_owned()).collect()
    }

    #[test]
    fn an_open_window_filters_nothing() {
        let records = records(None);
        assert_eq!(values(&records.inside()), ["40001"]);
        assert_eq!(values(&records.dated_inside()), ["40001", "ge0001-01-01"]);
    }

    #[test]
    fn a_row_about_somebody_else_spoils_the_answer() {
        let row = |patient: &str| {
            serde_json::json!({"resourceType": "Observation", "id": "1",
                               "subject": {"reference": format!("Patient/{patient}")}})
        };
        assert!(records(None).read(&[row("40001")]).is_ok());
        assert!(records(None).read(&[row("40001"), row("40002")]).is_err());
    }

    #[test]
    fn a_window_is_sent_as_days() {
        let records = records(Some("2026-11-10"));
        assert_eq!(values(&records.inside()), ["40001", "ge2026-11-10"]);
        assert_eq!(values(&records.everything()), ["40001"]);
        assert_eq!(values(&records.dated()), ["40001", "ge0001-01-01"]);
    }
}
