//! Filling the sections: from the whole record where there is one, else each by a search of its own,
//! a bounded number at the same time.

use futures::StreamExt as _;
use serde_json::Value;

use super::everything::{self, Whole};
use super::line::Line;
use super::section::Section;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::pages::End;
use crate::backend::preflight::Standing;
use crate::fhir::id::PatientId;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Search, Sort};
use crate::tools::compartment::{Missed, Rows, filters, rows};
use crate::tools::envelope::TotalSource;

/// So many sections are asked for one by one, whatever the backend offers.
const FEW: usize = 4;

/// What is known of one section.
#[derive(Debug)]
pub struct Filled {
    /// The newest entries that were read.
    pub lines: Vec<Line>,
    /// How many entries there are.
    pub total: Option<u64>,
    /// Where that is known from.
    pub total_source: TotalSource,
    /// Whether the entries are the newest, as far as they have a date.
    pub is_newest: bool,
    /// Entries that name no patient; they are not shown.
    pub unnamed: usize,
}

/// Sections with what became of them, in the order in which they were asked for.
#[derive(Debug)]
pub struct Answers {
    /// The sections.
    pub sections: Vec<(Section, Result<Filled, Missed>)>,
    /// Whether the backend's `$everything` was about somebody else, too.
    pub is_foreign: bool,
}

/// Fills sections with up to so many entries each.
///
/// # Errors
/// The backend refused the token. Any other failure is one of a section.
pub async fn fill(
    inquiry: &Inquiry,
    id: &PatientId,
    sections: &[Section],
    entries: u32,
) -> Result<Answers, Fault> {
    let whole = match sections.len() {
        ..=FEW => Whole::None,
        _ => everything::read(inquiry, id).await?,
    };
    let work = inquiry.progress.work_in(sections.len());
    let whole = &whole;
    let filled: Vec<(Section, Result<Filled, Missed>)> =
        futures::stream::iter(sections.iter().copied())
            .map(|section| async move {
                let filled = match from_whole(inquiry, section, whole, entries) {
                    Some(filled) => Ok(filled),
                    None => asked(inquiry, id, section, entries).await,
                };
                work.part_done();
                (section, filled)
            })
            .buffered(inquiry.profile.bounds.fan_out)
            .collect()
            .await;
    let is_over = |missed: &Missed| missed.ends_the_login();
    if filled.iter().any(|(_, filled)| filled.as_ref().is_err_and(is_over)) {
        return Err(Fault::TokenRefused);
    }
    Ok(Answers { sections: filled, is_foreign: matches!(whole, Whole::Foreign) })
}

/// A section of the whole record, if it has entries there and all of them name the patient.
fn from_whole(inquiry: &Inquiry, section: Section, whole: &Whole, entries: u32) -> Option<Filled> {
    let Whole::Record(rows, unnamed) = whole else { return None };
    let holds = |row: &&Value| section.holds(row, inquiry.profile.fhir.version);
    let mut lines: Vec<Line> = rows.iter().filter(holds).map(Line::of).collect();
    if lines.is_empty() || unnamed.iter().any(|row| holds(&row)) {
        return None;
    }
    let total = u64::try_from(lines.len()).ok();
    newest_first(&mut lines);
    lines.truncate(usize::try_from(entries).unwrap_or(usize::MAX));
    let total_source = TotalSource::Counted;
    Some(Filled { lines, total, total_source, is_newest: true, unnamed: 0 })
}

/// A section by a search of its own.
async fn asked(
    inquiry: &Inquiry,
    id: &PatientId,
    section: Section,
    entries: u32,
) -> Result<Filled, Missed> {
    let wanted = section.wanted(inquiry).ok_or(Missed::NotServed)?;
    let filters = filters(inquiry, &wanted, id).await?;
    let (sort, is_dated) = order(inquiry, &wanted.resource_type, section).await;
    let search = |sort| {
        let (kind, filters) = (wanted.resource_type.clone(), filters.clone());
        Search::page(kind, filters, entries, 1, sort)
    };
    let found = match rows(inquiry, id, &search(sort), 0).await {
        // A server may search by what it does not sort by.
        Err(Missed::Broken(Fault::Rejected)) if is_dated => {
            rows(inquiry, id, &search(Sort::Updated), 0).await.map(|rows| (rows, false))
        }
        found => found.map(|rows| (rows, is_dated)),
    };
    let (found, is_dated) = found?;
    let version = inquiry.profile.fhir.version;
    if !found.rows.iter().all(|row| section.holds(row, version)) {
        // The backend looked at no category, so that these are observations of any kind.
        return Err(Missed::Unsearchable);
    }
    Ok(filled(found, is_dated, entries))
}

fn filled(found: Rows, is_dated: bool, entries: u32) -> Filled {
    let Rows { rows, unnamed, total, end } = found;
    let mut lines: Vec<Line> = rows.iter().map(Line::of).collect();
    let dates: Vec<&str> = lines.iter().filter_map(|line| line.date.as_deref()).collect();
    let is_sorted = dates.is_sorted_by(|one, other| days(one) >= days(other));
    let given = u64::try_from(lines.len()).unwrap_or(u64::MAX);
    let is_all = end == End::Complete;
    let (total, total_source) = match total {
        _ if unnamed > 0 => (None, TotalSource::Unknown),
        Some(total) => (Some(total), TotalSource::Server),
        None if is_all => (Some(given), TotalSource::Counted),
        None => (None, TotalSource::Unknown),
    };
    newest_first(&mut lines);
    lines.truncate(usize::try_from(entries).unwrap_or(usize::MAX));
    let is_newest = total == Some(given) || (is_dated && is_sorted);
    Filled { lines, total, total_source, is_newest, unnamed }
}

/// Newest first as far as the backend can; and whether that is by time rather than by last update.
async fn order(inquiry: &Inquiry, kind: &ResourceType, section: Section) -> (Sort, bool) {
    let habits = &inquiry.profile.search;
    let by_time = match (&habits.sort_keys, section.key()) {
        (Some(keys), _) => keys.iter().find(|key| *key == "date").map(String::as_str),
        (None, Some(key)) => {
            let standing = inquiry.standing(kind, key).await;
            Some(key).filter(|_| matches!(standing, Standing::Vouched(_)))
        }
        (None, None) => None,
    };
    let updated = || habits.dialect.updated_key.as_deref();
    let key = by_time.or_else(updated);
    let sort = key.map_or(Sort::Updated, |key| Sort::Keys(vec![format!("-{key}")]));
    (sort, by_time.is_some())
}

/// Those without a date come last.
fn newest_first(lines: &mut [Line]) {
    lines.sort_by(|one, other| other.date.cmp(&one.date));
}

/// To the day, so that zones and precision do not matter.
fn days(date: &str) -> &str {
    date.get(..10).unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(dates: &[Option<&str>], total: Option<u64>, end: End) -> Rows {
        let row = |date: Option<&str>| json!({"resourceType": "Encounter", "id": "1", "period": {"start": date}});
        Rows { rows: dates.iter().copied().map(row).collect(), unnamed: 0, total, end }
    }

    #[test]
    fn a_missing_total_is_counted_only_where_the_backend_says_that_these_are_all() {
        let two = [Some("2026"), None];
        let of = |total, end| filled(found(&two, total, end), true, 5);
        assert_eq!(of(Some(9), End::Cut).total, Some(9));
        assert_eq!(of(None, End::Complete).total, Some(2));
        assert_eq!(of(None, End::Cut).total, None);
        let unnamed = Rows { unnamed: 1, ..found(&two, Some(3), End::Complete) };
        assert_eq!(filled(unnamed, true, 5).total, None);
    }

    #[test]
    fn entries_that_came_in_no_order_are_not_called_the_newest() {
        let sorted = [Some("2026-04-02T08:00:00+02:00"), Some("2026-04-02"), Some("2020"), None];
        let of = |dates: &[Option<&str>], total, is_dated| {
            filled(found(dates, Some(total), End::Cut), is_dated, 5).is_newest
        };
        assert!(of(&sorted, 9, true));
        assert!(!of(&sorted, 9, false));
        assert!(!of(&[Some("2020"), Some("2026")], 9, true));
        assert!(of(&[Some("2020"), Some("2026")], 2, false), "these are all");
    }
}
