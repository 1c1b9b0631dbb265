use proptest::prelude::*;

use super::*;
use crate::sample::{at, points, shuffled};

fn span(start: i64, end: i64, value: f64) -> Span {
    Span { start: at(start), end: at(end), value }
}

#[test]
fn an_exact_copy_counts_once_and_is_reported() {
    let point = |second, value| Point { at: at(second), value };
    let series =
        Series::of(&[point(60, 5.0), point(0, 1.0), point(60, 5.0), point(60, 6.0), point(0, 1.0)]);
    assert_eq!(series.points(), &[point(0, 1.0), point(60, 5.0), point(60, 6.0)]);
    assert_eq!(series.counted(), Counted { given: 5, duplicates: 2, n: 3, clashes: 2 });
    assert_eq!(series.values(), [1.0, 5.0, 6.0]);
}

#[test]
fn zero_of_either_sign_is_the_same_number() {
    let series = Series::of(&[Point { at: at(0), value: 0.0 }, Point { at: at(0), value: -0.0 }]);
    assert_eq!(series.counted().duplicates, 1);
    assert!(series.points()[0].value.is_sign_positive());
}

#[test]
fn spans_that_touch_do_not_overlap_and_those_that_share_a_second_do() {
    let overlapping = |spans: &[Span]| Spans::of(spans).counted().overlapping;
    assert_eq!(overlapping(&[span(0, 10, 1.0), span(10, 20, 1.0)]), 0);
    assert_eq!(overlapping(&[span(0, 11, 1.0), span(10, 20, 1.0), span(30, 40, 1.0)]), 2);
    assert_eq!(overlapping(&[span(0, 100, 1.0), span(10, 20, 1.0), span(30, 40, 1.0)]), 3);
    assert_eq!(overlapping(&[span(5, 5, 1.0), span(0, 10, 1.0)]), 2, "an instant within a span");
    assert_eq!(overlapping(&[span(5, 5, 1.0), span(5, 10, 1.0)]), 0, "an instant at its start");
}

#[test]
fn a_copy_of_a_span_is_a_duplicate_and_no_overlap() {
    let counted = Spans::of(&[span(0, 10, 1.0), span(0, 10, 1.0)]).counted();
    assert_eq!(counted, CountedSpans { given: 2, duplicates: 1, n: 1, overlapping: 0 });
}

/// The definition itself: each begins before the other ends.
fn overlapping_by_pairs(spans: &[Span]) -> usize {
    let meets = |a: &Span, b: &Span| a.start < b.end && b.start < a.end;
    let others = |at: usize| spans.iter().enumerate().filter(move |(other, _)| *other != at);
    let counted = spans.iter().enumerate();
    counted.filter(|(at, span)| others(*at).any(|(_, other)| meets(span, other))).count()
}

proptest! {
    #[test]
    fn the_order_of_readings_never_matters(points in points(40), seed: u64) {
        prop_assert_eq!(Series::of(&points), Series::of(&shuffled(&points, seed)));
    }

    #[test]
    fn counting_twice_changes_nothing(points in points(40)) {
        let once = Series::of(&points);
        let twice = Series::of(once.points());
        prop_assert_eq!(twice.points(), once.points());
        prop_assert_eq!(twice.counted().duplicates, 0);
        prop_assert_eq!(once.counted().given, points.len());
    }

    #[test]
    fn overlaps_are_those_that_the_definition_finds(
        ends in proptest::collection::vec((0_i64..30, 0_i64..8, 0_u8..2), 0..20),
        seed: u64,
    ) {
        let spans: Vec<Span> =
            ends.iter().map(|(start, length, value)| span(*start, start + length, f64::from(*value))).collect();
        let counted = Spans::of(&spans);
        prop_assert_eq!(counted.counted().overlapping, overlapping_by_pairs(counted.spans()));
        prop_assert_eq!(&counted, &Spans::of(&shuffled(&spans, seed)));
    }
}

#[test]
fn an_answer_describes_its_members() {
    crate::sample::describes_every_member::<Counted>();
    crate::sample::describes_every_member::<CountedSpans>();
}
