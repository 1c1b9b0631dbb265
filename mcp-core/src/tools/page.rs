//! Pages of an answer: which one, how large, whether there is more.

use schemars::JsonSchema;
use serde::Serialize;

use super::arguments::{Limit, Page};
use super::envelope::{Envelope, TotalSource, TruncatedBy};

/// The members of an answer that has pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Paged {
    /// How many rows there are on all pages.
    total: u64,
    /// Where the total comes from.
    total_source: TotalSource,
    /// Which page this is, from 1.
    page: u32,
    /// How many rows a page has; what was asked for, within 1 to 1000.
    page_size: u32,
    /// How many rows this page has.
    returned: usize,
    /// Whether a later page has more.
    has_more: bool,
}

impl Paged {
    /// The page of so many rows out of a total.
    pub fn new(
        total: u64,
        total_source: TotalSource,
        (page, limit): (Page, Limit),
        returned: usize,
    ) -> Self {
        let (page, page_size) = (page.number(), limit.number());
        let has_more = u64::from(page) * u64::from(page_size) < total;
        Self { total, total_source, page, page_size, returned, has_more }
    }
}

/// Notes when the backend gave fewer rows than its own total promises for this page.
pub fn note_missing(
    total: u64,
    (page, limit): (Page, Limit),
    given: usize,
    envelope: &mut Envelope,
) {
    let before = (u64::from(page.number()) - 1) * u64::from(limit.number());
    let promised = total.saturating_sub(before).min(u64::from(limit.number()));
    let given = u64::try_from(given).unwrap_or(u64::MAX);
    if given < promised {
        envelope.truncate(
            TruncatedBy::Backend,
            format!("The backend announced {promised} rows for this page and gave {given}."),
        );
    }
}

/// Keeps the rows that fit into an answer of so many bytes, and says so when some do not.
pub fn fit<T: Serialize>(mut rows: Vec<T>, most: usize, envelope: &mut Envelope) -> Vec<T> {
    // Room for the envelope itself.
    let most = most.saturating_sub(1_000);
    let mut bytes = 0;
    let fitting = rows
        .iter()
        .take_while(|row| {
            bytes += serde_json::to_vec(row).map_or(0, |written| written.len() + 1);
            bytes <= most
        })
        .count();
    if fitting < rows.len() {
        rows.truncate(fitting);
        envelope.truncate(
            TruncatedBy::Bytes,
            format!(
                "The page is too large for one answer, and its last rows are missing. Ask for it \
                 again with a limit of {} or lower.",
                fitting.max(1)
            ),
        );
    }
    rows
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::super::envelope::Status;
    use super::*;

    fn has_more(total: u64, page: u32, limit: u32) -> bool {
        let slice = (from_value(json!(page)).unwrap(), from_value(json!(limit)).unwrap());
        Paged::new(total, TotalSource::Server, slice, 0).has_more
    }

    #[test]
    fn t07_more_is_claimed_up_to_the_exact_border() {
        assert!(has_more(51, 1, 50));
        assert!(!has_more(50, 1, 50));
        assert!(!has_more(0, 1, 50));
        assert!(!has_more(51, 2, 50));
        assert!(!has_more(51, 1_000_000, 1000));
    }

    #[test]
    fn fewer_rows_than_promised_are_missed_aloud() {
        let missing = |total, page: u32, given| {
            let mut envelope = Envelope::default();
            let slice = (from_value(json!(page)).unwrap(), from_value(json!(50)).unwrap());
            note_missing(total, slice, given, &mut envelope);
            envelope.status == Status::Partial
        };
        assert!(missing(51, 1, 49));
        assert!(!missing(51, 1, 50));
        assert!(!missing(51, 2, 1));
        assert!(!missing(51, 3, 0));
    }

    #[test]
    fn rows_that_do_not_fit_are_left_out_and_missed() {
        let mut envelope = Envelope::default();
        let rows = fit(vec!["x".repeat(600); 2], 2_000, &mut envelope);
        assert_eq!(rows.len(), 1);
        assert_eq!(envelope.status, Status::Partial);
        assert_eq!(envelope.truncated_by, [TruncatedBy::Bytes]);
    }
}
