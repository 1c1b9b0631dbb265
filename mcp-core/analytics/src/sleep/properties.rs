use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::tests::bare;
use super::*;

/// Nights that often share their interval.
fn records() -> impl Strategy<Value = Vec<Night>> {
    let maybe = || proptest::option::of((0_i32..4).prop_map(|hours| f64::from(hours * 3600)));
    let is_main = proptest::option::of(any::<bool>());
    let night = (0_i64..40, 0_i64..9, maybe(), maybe(), maybe(), maybe(), is_main).prop_map(
        |(offset, length, total_sleep_s, latency_s, deep, light, is_main)| {
            let hour = SignedDuration::from_hours(1);
            let first: Timestamp = "2026-03-28T12:00:00Z".parse().unwrap();
            let start = first + hour * i32::try_from(offset).unwrap();
            let end = start + hour * i32::try_from(length).unwrap();
            let stages = Stages { deep, light, rem: Some(60.0), awake: None };
            let bare = bare("2026-03-28T12:00:00Z", "2026-03-28T12:00:00Z");
            Night { start, end, total_sleep_s, latency_s, stages, is_main, ..bare }
        },
    );
    proptest::collection::vec(night, 0..25)
}

proptest! {
    #[test]
    fn the_order_of_records_never_matters(
        (records, shuffled) in records().prop_flat_map(|records| {
            (Just(records.clone()), Just(records).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(nights(&records, &Frame::berlin()), nights(&shuffled, &Frame::berlin()));
        prop_assert_eq!(report(&records, &Frame::berlin()), report(&shuffled, &Frame::berlin()));
    }

    #[test]
    fn splitting_a_window_and_joining_gives_the_same_nights(records in records(), after in 0_i8..4) {
        let cut = Date::constant(2026, 3, 27) + jiff::Span::new().days(i64::from(after));
        let before = Frame::berlin().between(None, Some(cut)).unwrap();
        let from = Frame::berlin().between(Some(cut.tomorrow().unwrap()), None).unwrap();
        let mut joined = nights(&records, &before);
        joined.extend(nights(&records, &from));
        prop_assert_eq!(joined, nights(&records, &Frame::berlin()));
    }

    #[test]
    fn no_day_has_two_main_sleeps(records in records()) {
        let mut mains: Vec<Date> = nights(&records, &Frame::berlin())
            .iter()
            .filter(|episode| matches!(episode.role, Role::MainAsSaid | Role::MainAsLongest))
            .map(|episode| episode.day)
            .collect();
        let all = mains.len();
        mains.dedup();
        prop_assert_eq!(mains.len(), all);
    }
}
