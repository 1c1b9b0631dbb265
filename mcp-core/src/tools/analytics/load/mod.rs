//! One person's readings of one kind, fetched page by page and kept in the smallest form: what a report
//! needs of each, and nothing of the resource around it.

mod sieve;

use futures::StreamExt as _;
use jiff::Timestamp;

use self::sieve::Sieve;
use super::account::Account;
use super::when::When;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::pages::End;
use crate::backend::profile::PagingBy;
use crate::fhir::bundle::Bundle;
use crate::fhir::id::PatientId;
use crate::fhir::observation::Observation;
use crate::fhir::search::{Filter, Search, Sort};
use crate::tools::data_type::Sought;
use crate::tools::envelope::{Envelope, TruncatedBy};
use crate::tools::error::ToolError;
use crate::tools::imported;
use crate::tools::records::{Census, Records, count, page};

/// What a record holds for a report.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<T> {
    /// A single reading.
    Single(T),
    /// A summary of readings, and which: `average`, `maximum`, and so on.
    Summary(T, String),
    /// No number that can be read.
    Nothing,
}

/// A reading with its time and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading<T> {
    /// Whose it is, as the record says.
    pub patient: Option<String>,
    /// When it was measured, or when its span began.
    pub at: Timestamp,
    /// When its span ended.
    pub end: Option<Timestamp>,
    /// What produced it, as the header says. Free text.
    pub source: Option<String>,
    /// `sensed` or `self-reported`, where the header says so.
    pub modality: Option<&'static str>,
    /// Whether the backend can date it by its own elements.
    pub is_dated: bool,
    /// What was measured.
    pub what: T,
}

/// What was fetched: in order of time, each record once.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// Single readings.
    pub readings: Vec<Reading<T>>,
    /// Summaries of readings, each with its statistic.
    pub summaries: Vec<(String, Reading<T>)>,
    /// What became of every record.
    pub account: Account,
}

impl<T> Default for Loaded<T> {
    fn default() -> Self {
        let account = Account::default();
        Self { readings: Vec::new(), summaries: Vec::new(), account }
    }
}

/// The elements that are read. Servers write elements of several types with and without the type.
const NEEDED: &[&str] = &[
    "code",
    "component",
    "effective",
    "effectiveDateTime",
    "effectivePeriod",
    "extension",
    "subject",
    "value",
    "valueAttachment",
    "valueInteger",
    "valueQuantity",
];

/// How a report takes what it needs from a record.
pub type Extract<T> = fn(&Observation) -> Found<T>;

/// Fetches the readings of a patient. What could not be fetched is said in the envelope.
///
/// # Errors
/// Not found or not authorized; a refused token; no answer to the first question.
pub async fn load<T: Clone + PartialEq + Send>(
    inquiry: &Inquiry,
    (patient, kind): (&PatientId, &Sought),
    when: &When,
    extract: Extract<T>,
    envelope: &mut Envelope,
) -> Result<Loaded<T>, ToolError> {
    let records = Records::of_patient(patient.clone(), Some(kind), when.widened());
    let loaded = load_records(inquiry, &records, when, extract, envelope).await;
    loaded.map_err(ToolError::about("patient"))
}

/// The same for whatever records are meant, such as those of a study's patients.
///
/// # Errors
/// See [`Fault`].
pub async fn load_records<T: Clone + PartialEq + Send>(
    inquiry: &Inquiry,
    records: &Records,
    when: &When,
    extract: Extract<T>,
    envelope: &mut Envelope,
) -> Result<Loaded<T>, Fault> {
    let mut sieve = Sieve::new(when, extract);
    let filters = wanted(inquiry, records, envelope).await?;
    all(inquiry, records, filters, &mut sieve, envelope).await?;
    let known = imported::noted(imported::ask(inquiry, records).await, envelope)?;
    let read = imported::read(inquiry, records, known, envelope).await?;
    sieve.take(&read.rows);
    Ok(sieve.finish())
}

/// The filters that find what falls into the window. A date filter drops records that the backend cannot
/// date, so where there are any everything is read, and the time in their body decides.
async fn wanted(
    inquiry: &Inquiry,
    records: &Records,
    envelope: &mut Envelope,
) -> Result<Vec<Filter>, Fault> {
    if records.window.is_open() {
        return Ok(records.everything());
    }
    let (total, dated) =
        tokio::join!(count(inquiry, records.everything()), count(inquiry, records.dated()));
    let census = Census::of(total?, dated)?;
    if census.is_none() {
        envelope.leave_out(
            "It could not be found out whether some records have no effective time at the backend; \
             if so, they are missing here.",
        );
    }
    let some_undated = census.is_some_and(|census| census.undated() > 0);
    Ok(if some_undated { records.everything() } else { records.inside() })
}

fn missed(envelope: &mut Envelope, by: TruncatedBy, found: usize, total: u64) {
    envelope.truncate(
        by,
        format!(
            "Of {total} records only {found} could be read; every figure is about these alone. \
             Fewer days at once get all of them."
        ),
    );
}

/// Every record that matches: the first page says how many there are, the others are asked for several
/// at a time where pages have numbers, and each is forgotten as soon as its readings are taken.
async fn all<T: Clone + PartialEq + Send>(
    inquiry: &Inquiry,
    records: &Records,
    filters: Vec<Filter>,
    sieve: &mut Sieve<'_, T>,
    envelope: &mut Envelope,
) -> Result<(), Fault> {
    let bounds = inquiry.profile.bounds;
    let first = page(filters, bounds.page_size, 1, Sort::Oldest).of_elements(NEEDED);
    if inquiry.profile.search.paging.by == PagingBy::Link {
        return linked(inquiry, records, first, sieve, envelope).await;
    }
    let bundle = inquiry.search(first.clone()).await?;
    let total = bundle.total();
    let mut found = take(records, &bundle, sieve)?;
    let last = total.div_ceil(u64::from(bounds.page_size));
    let affordable = last.min(u64::from(bounds.series_pages));
    let numbers = (2..=affordable).filter_map(|number| u32::try_from(number).ok());
    let work = inquiry.progress.work_in(numbers.clone().count());
    let mut stopped = (affordable < last).then_some(TruncatedBy::Limit);
    let mut pages = futures::stream::iter(numbers)
        .map(|number| {
            let (filters, size) = (first.filters.clone(), bounds.page_size);
            inquiry.search(page(filters, size, number, Sort::Oldest).of_elements(NEEDED))
        })
        .buffered(bounds.fan_out);
    while let Some(answer) = pages.next().await {
        work.part_done();
        match answer.and_then(|bundle| take(records, &bundle, sieve)) {
            Ok(rows) => found += rows,
            Err(fault) => stopped = Some(stop(fault)?),
        }
    }
    if u64::try_from(found).is_ok_and(|found| found < total) {
        missed(envelope, stopped.unwrap_or(TruncatedBy::Backend), found, total);
    }
    Ok(())
}

/// The same where only links lead on.
async fn linked<T: Clone + PartialEq + Send>(
    inquiry: &Inquiry,
    records: &Records,
    mut search: Search,
    sieve: &mut Sieve<'_, T>,
    envelope: &mut Envelope,
) -> Result<(), Fault> {
    let (mut found, mut total) = (0_usize, 0);
    let mut stopped = Some(TruncatedBy::Limit);
    for number in 0..inquiry.profile.bounds.series_pages {
        let page = match inquiry.page(&search, u64::try_from(found).unwrap_or(u64::MAX)).await {
            Ok(page) => page,
            Err(fault) if number == 0 => return Err(fault),
            Err(fault) => {
                stopped = Some(stop(fault)?);
                break;
            }
        };
        if let Some(name) = page.ignored.into_iter().chain(page.unproven).next() {
            return Err(Fault::Ignored(name));
        }
        let bundle = Bundle::of(page.found).ok_or(Fault::Malformed)?;
        total = bundle.total();
        found += take(records, &bundle, sieve)?;
        stopped = match page.end {
            End::Complete => None,
            End::Cut => Some(TruncatedBy::Backend),
            End::More(next) => {
                search = search.at(next);
                continue;
            }
        };
        break;
    }
    if let Some(by) = stopped {
        missed(envelope, by, found, total);
    }
    Ok(())
}

/// What stopped us; a refused token stops everything.
fn stop(fault: Fault) -> Result<TruncatedBy, Fault> {
    if fault == Fault::TokenRefused {
        return Err(fault);
    }
    let is_late = matches!(fault, Fault::Late | Fault::Busy);
    Ok(if is_late { TruncatedBy::Deadline } else { TruncatedBy::Backend })
}

fn take<T: Clone + PartialEq>(
    records: &Records,
    bundle: &Bundle,
    sieve: &mut Sieve<'_, T>,
) -> Result<usize, Fault> {
    let rows = records.read(bundle.resources())?;
    sieve.take(&rows);
    Ok(rows.len())
}
