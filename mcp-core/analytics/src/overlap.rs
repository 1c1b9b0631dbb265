//! Spans of time that share time: two devices may have counted the same.

use jiff::Timestamp;

/// The times that a span shares with one that began before it (or with it, and ended no later), in order
/// of time. A span that begins when another ends shares nothing with it.
///
/// How many there are is how many spans would have to go for none to overlap with an earlier one; it does
/// not depend on the order in which the spans come.
pub(crate) fn shared(
    spans: impl IntoIterator<Item = (Timestamp, Timestamp)>,
) -> Vec<(Timestamp, Timestamp)> {
    let mut spans: Vec<_> = spans.into_iter().collect();
    spans.sort_unstable();
    let mut until: Option<Timestamp> = None;
    let mut shared = Vec::new();
    for (start, end) in spans {
        if let Some(until) = until.filter(|until| start < *until) {
            shared.push((start, end.min(until).max(start)));
        }
        until = Some(until.map_or(end, |until| until.max(end)));
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: i64, end: i64) -> (Timestamp, Timestamp) {
        (Timestamp::from_second(start).unwrap(), Timestamp::from_second(end).unwrap())
    }

    #[test]
    fn spans_that_share_time_are_found_in_any_order() {
        let found = vec![span(5, 10), span(7, 8)];
        assert_eq!(shared([span(0, 10), span(5, 12), span(7, 8), span(12, 20)]), found);
        assert_eq!(shared([span(12, 20), span(7, 8), span(5, 12), span(0, 10)]), found);
    }

    #[test]
    fn spans_that_touch_share_nothing() {
        assert_eq!(shared([span(0, 10), span(10, 20), span(20, 20)]), []);
    }

    #[test]
    fn a_long_span_is_remembered_after_a_short_one() {
        assert_eq!(shared([span(0, 100), span(1, 2), span(50, 60)]), [span(1, 2), span(50, 60)]);
    }
}
