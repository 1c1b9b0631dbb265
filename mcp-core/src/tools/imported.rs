//! Records that a backend imported and keeps apart from its own. A search finds them only below their
//! source, and the Exchange compares their times as text; so their place in a window is decided here,
//! by the times in the records.

use jiff::tz::TimeZone;

use super::envelope::{Envelope, SourceStatus, TruncatedBy};
use super::records::{Records, count};
use super::timeline::{Read, pages};
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::fhir::observation::Observation;
use crate::fhir::search::{Comparison, Filter, Sort};

/// What is said when the second store could not be asked.
const SOURCE: &str = "imported records";

/// Whether there is nothing imported to tell of.
pub const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The filter that finds them; `None` where the backend has one store only.
pub fn filter(inquiry: &Inquiry) -> Option<Filter> {
    inquiry.profile.fhir.imported_source.clone().map(Filter::Imported)
}

/// How many of them a question is about, whatever its window; `None` where the backend has one store
/// only.
pub async fn ask(inquiry: &Inquiry, records: &Records) -> Option<Result<u64, Fault>> {
    let filter = filter(inquiry)?;
    Some(count(inquiry, records.narrowed(filter).everything()).await)
}

/// The number that was asked for; `None` where there is none, which the envelope says if there should
/// be one.
///
/// # Errors
/// The backend refused the token.
pub fn noted(
    asked: Option<Result<u64, Fault>>,
    envelope: &mut Envelope,
) -> Result<Option<u64>, Fault> {
    match asked.transpose() {
        Err(fault) if fault != Fault::TokenRefused => {
            envelope.source(SOURCE, SourceStatus::Failed);
            Ok(None)
        }
        known => known,
    }
}

/// How many of them fall into the window, by the backend's own comparison: an inclusive end is the day
/// before the next, as text.
///
/// # Errors
/// See [`Fault`].
pub async fn inside(inquiry: &Inquiry, records: &Records) -> Result<u64, Fault> {
    let Some(filter) = filter(inquiry) else { return Ok(0) };
    let window = &records.window;
    let start = window.start.map(|day| Filter::Date(Comparison::From, day));
    let next = window.end.and_then(|day| day.tomorrow().ok());
    let end = next.map(|day| Filter::Date(Comparison::Before, day));
    let filters = records.narrowed(filter).everything().into_iter().chain(start).chain(end);
    count(inquiry, filters.collect()).await
}

/// Says what such a count is worth.
pub fn note_edges(envelope: &mut Envelope) {
    envelope.leave_out(
        "The backend compares the times of imported records as text, so that some at the edges of \
         the window may be counted or missed wrongly.",
    );
}

/// Those of a question that were read, and fall into its window.
#[derive(Default)]
pub struct Imported {
    /// The records.
    pub rows: Vec<Observation>,
    /// What stopped us before the end; `None` when all were read.
    pub stopped_by: Option<TruncatedBy>,
}

impl Imported {
    /// How many fall into the window.
    pub fn count(&self) -> u64 {
        u64::try_from(self.rows.len()).unwrap_or(u64::MAX)
    }
}

/// Reads as many of them as there are said to be, within the budget for records whose time must be
/// looked for; the envelope says what could not be read or placed.
///
/// # Errors
/// The backend refused the token, or sent somebody else's records.
pub async fn read(
    inquiry: &Inquiry,
    records: &Records,
    known: Option<u64>,
    envelope: &mut Envelope,
) -> Result<Imported, Fault> {
    let known = known.filter(|known| *known > 0);
    let (Some(known), Some(filter)) = (known, filter(inquiry)) else {
        return Ok(Imported::default());
    };
    let last = known.div_ceil(u64::from(inquiry.profile.bounds.page_size));
    let all = records.narrowed(filter).everything();
    let read = pages(inquiry, records, all, (Sort::Updated, 1, last)).await?;
    Ok(placed(records, read, known, &inquiry.zone(), envelope))
}

fn placed(
    records: &Records,
    read: Read,
    known: u64,
    zone: &TimeZone,
    envelope: &mut Envelope,
) -> Imported {
    let found = u64::try_from(read.rows.len()).unwrap_or(u64::MAX);
    let stopped_by = read.stopped_by.or_else(|| (found < known).then_some(TruncatedBy::Backend));
    if let Some(by) = stopped_by {
        envelope.truncate(
            by,
            format!(
                "Of {known} imported records only {found} could be read; the rest is missing here."
            ),
        );
    }
    let is_open = records.window.is_open();
    let (timed, untimed): (Vec<_>, Vec<_>) =
        read.rows.into_iter().partition(|row| row.instant().is_some());
    let is_inside = |row: &Observation| {
        row.instant().is_some_and(|instant| records.window.contains(instant, zone))
    };
    let mut rows: Vec<Observation> =
        timed.into_iter().filter(|row| is_open || is_inside(row)).collect();
    if is_open {
        rows.extend(untimed);
    } else if !untimed.is_empty() {
        envelope.leave_out(format!(
            "{} imported records have no time, so whether they fall into the window is not known.",
            untimed.len()
        ));
    }
    Imported { rows, stopped_by }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::envelope::Status;
    use super::*;
    use crate::fhir::date::{Window, day};

    fn row(id: &str, time: Option<&str>) -> Observation {
        let mut resource = json!({"resourceType": "Observation", "id": id});
        if let Some(time) = time {
            resource["effectiveDateTime"] = json!(time);
        }
        Observation::read(&resource).unwrap()
    }

    fn seen(end: Option<&str>, known: u64) -> (Vec<String>, Status) {
        let window = Window { start: None, end: end.and_then(day) };
        let records = Records { of: Vec::new(), window };
        let rows = vec![
            row("a", Some("2026-11-10T23:30:00Z")),
            row("b", Some("2026-11-11T00:30:00+02:00")),
            row("c", Some("2026-11-11T00:00:00Z")),
            row("d", None),
        ];
        let mut envelope = Envelope::default();
        let read = Read { rows, stopped_by: None };
        let placed = placed(&records, read, known, &TimeZone::UTC, &mut envelope);
        (placed.rows.into_iter().filter_map(|row| row.id).collect(), envelope.status)
    }

    #[test]
    fn imported_records_are_placed_by_their_instants_and_not_as_text() {
        assert_eq!(seen(None, 4), (["a", "b", "c", "d"].map(str::to_owned).to_vec(), Status::Ok));
        let (inside, status) = seen(Some("2026-11-10"), 4);
        assert_eq!(inside, ["a", "b"], "by text, b would be outside");
        assert_eq!(status, Status::Partial, "d has no time");
    }

    #[test]
    fn fewer_than_were_counted_are_missed_aloud() {
        assert_eq!(seen(None, 5).1, Status::Partial);
    }
}
