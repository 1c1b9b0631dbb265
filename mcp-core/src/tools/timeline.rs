//! Records that the backend cannot date: read within a budget, and put where the time in their body
//! says they belong.

use std::cmp::Ordering;

use futures::StreamExt as _;

use super::envelope::TruncatedBy;
use super::records::{Census, Records, page};
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::fhir::bundle::Bundle;
use crate::fhir::observation::Observation;
use crate::fhir::search::{Filter, Sort};

/// Records as far as they were read.
#[derive(Default)]
pub struct Read {
    /// The records.
    pub rows: Vec<Observation>,
    /// What stopped us before the end; `None` when these are all of them.
    pub stopped_by: Option<TruncatedBy>,
}

impl Read {
    /// Whether these are all of them.
    pub const fn is_complete(&self) -> bool {
        self.stopped_by.is_none()
    }
}

/// Reads the records without an effective time. Every order by date puts them last, so they are the
/// tail of the list, from the first row that the backend cannot date.
///
/// # Errors
/// A refused token. Other faults, and an exhausted budget, make the result incomplete.
pub async fn read_undated(
    inquiry: &Inquiry,
    records: &Records,
    census: Census,
) -> Result<Read, Fault> {
    if census.undated() == 0 {
        return Ok(Read::default());
    }
    let size = u64::from(inquiry.profile.bounds.page_size);
    let (first, last) = (census.dated / size + 1, census.total.div_ceil(size));
    let mut read =
        pages(inquiry, records, records.everything(), (Sort::Oldest, first, last)).await?;
    read.rows.retain(|row| !row.is_dated);
    let found = u64::try_from(read.rows.len()).unwrap_or(u64::MAX);
    if found < census.undated() {
        read.stopped_by = read.stopped_by.or(Some(TruncatedBy::Backend));
    }
    Ok(read)
}

/// Reads the first `wanted` records in the window that the backend can date, in its order.
///
/// # Errors
/// As [`read_undated`].
pub async fn read_dated(
    inquiry: &Inquiry,
    records: &Records,
    sort: Sort,
    wanted: u64,
) -> Result<Read, Fault> {
    let last = wanted.div_ceil(u64::from(inquiry.profile.bounds.page_size));
    pages(inquiry, records, records.dated_inside(), (sort, 1, last)).await
}

/// Reads the pages from the first to the last, both included, several at a time; not more of them than
/// the budget for records whose time must be looked for.
///
/// # Errors
/// As [`read_undated`].
pub(super) async fn pages(
    inquiry: &Inquiry,
    records: &Records,
    filters: Vec<Filter>,
    (sort, first, last): (Sort, u64, u64),
) -> Result<Read, Fault> {
    let bounds = inquiry.profile.bounds;
    let affordable = last.min(first.saturating_add(u64::from(bounds.undated_pages)) - 1);
    let numbers: Vec<u32> =
        (first..=affordable).filter_map(|number| u32::try_from(number).ok()).collect();
    let work = inquiry.progress.work_in(numbers.len());
    let read = async |number| {
        let answer =
            inquiry.search(page(filters.clone(), bounds.page_size, number, sort.clone())).await;
        work.part_done();
        answer
    };
    let answers: Vec<Result<Bundle, Fault>> =
        futures::stream::iter(numbers).map(read).buffered(bounds.fan_out).collect().await;
    let stopped_by = (affordable < last).then_some(TruncatedBy::Limit);
    let mut read = Read { rows: Vec::new(), stopped_by };
    for answer in answers {
        match answer {
            Ok(bundle) => read.rows.extend(records.read(bundle.resources())?),
            Err(Fault::TokenRefused) => return Err(Fault::TokenRefused),
            Err(Fault::Late | Fault::Busy) => read.stopped_by = Some(TruncatedBy::Deadline),
            Err(_) => read.stopped_by = Some(TruncatedBy::Backend),
        }
    }
    without_repeats(&mut read.rows);
    Ok(read)
}

/// A record may move from one page to the next while we read; it is kept once.
fn without_repeats(rows: &mut Vec<Observation>) {
    let mut seen = std::collections::HashSet::new();
    rows.retain(|row| row.id.as_ref().is_none_or(|id| seen.insert(id.clone())));
}

/// Puts records in order of their instants; those without any time come last both ways, and equal
/// ones go by id, as at the backend.
pub fn order(rows: &mut [Observation], sort: &Sort) {
    rows.sort_by(|one, other| {
        let by_time = match (one.instant(), other.instant()) {
            (Some(one), Some(other)) if *sort == Sort::Newest => other.cmp(&one),
            (Some(one), Some(other)) => one.cmp(&other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        by_time.then_with(|| by_id(one.id.as_deref(), other.id.as_deref()))
    });
}

/// Numbers by value, so that 9 comes before 10.
fn by_id(one: Option<&str>, other: Option<&str>) -> Ordering {
    let key = |id: Option<&str>| id.map(|id| (id.len(), id.to_owned()));
    key(one).cmp(&key(other))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn point(id: &str, time: Option<&str>) -> Observation {
        let mut resource = json!({"resourceType": "Observation", "id": id});
        if let Some(time) = time {
            resource["effectiveDateTime"] = json!(time);
        }
        Observation::read(&resource).unwrap()
    }

    fn ordered(sort: &Sort) -> Vec<String> {
        let mut rows = vec![
            point("5", None),
            point("10", Some("2026-11-02T00:00:00Z")),
            point("9", Some("2026-11-02T01:00:00+01:00")),
            point("7", Some("2026-11-01T12:00:00Z")),
        ];
        order(&mut rows, sort);
        rows.into_iter().filter_map(|row| row.id).collect()
    }

    #[test]
    fn instants_are_compared_as_instants_and_rows_without_one_come_last() {
        assert_eq!(ordered(&Sort::Newest), ["9", "10", "7", "5"]);
        assert_eq!(ordered(&Sort::Oldest), ["7", "9", "10", "5"]);
    }

    #[test]
    fn a_record_that_moved_between_pages_is_kept_once() {
        let mut rows = vec![point("1", None), point("2", None), point("1", None)];
        without_repeats(&mut rows);
        assert_eq!(rows.len(), 2);
    }
}
