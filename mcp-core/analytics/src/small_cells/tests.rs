use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

fn five() -> Threshold {
    Threshold::of(5).unwrap()
}

#[test]
fn a_threshold_of_two_hides_nobody_and_is_refused() {
    assert_eq!((Threshold::of(0), Threshold::of(2)), (None, None));
    assert!(!Threshold::of(1).unwrap().suppresses());
    assert!(Threshold::of(3).unwrap().suppresses());
    assert!(five().shows(5) && !five().shows(4));
}

#[test]
fn a_small_group_is_suppressed_with_its_neighbour() {
    assert_eq!(five().shown(&[9, 8, 3, 20, 10]), [Some(9), None, None, Some(20), Some(10)]);
    assert_eq!(
        five().shown(&[9, 8, 6]),
        [Some(9), Some(8), Some(6)],
        "nothing small, nothing hidden"
    );
    assert_eq!(five().shown(&[9, 0, 11]), [None, None, Some(11)], "an empty group is small");
}

#[test]
fn two_groups_of_which_one_is_small_are_both_suppressed() {
    assert_eq!(five().shown(&[17, 3]), [None, None]);
}

#[test]
fn small_groups_whose_sum_gives_them_away_take_another_with_them() {
    // Two groups below five that hold eight can only be four and four.
    assert_eq!(five().shown(&[4, 4, 6, 7]), [None, None, None, Some(7)]);
}

#[test]
fn a_small_total_suppresses_all_groups_and_a_threshold_of_one_none() {
    assert_eq!(five().shown(&[4]), [None]);
    assert_eq!(five().shown(&[2, 2]), [None, None]);
    assert_eq!(Threshold::of(1).unwrap().shown(&[1, 0, 2]), [Some(1), Some(0), Some(2)]);
}

#[test]
fn a_percentile_needs_the_threshold_on_either_side() {
    let shown = |participants| {
        [0, 10, 25, 50, 75, 90, 100].map(|p| five().shows_percentile(participants, p))
    };
    assert_eq!(shown(9), [false; 7]);
    assert_eq!(shown(10), [false, false, false, true, false, false, false]);
    assert_eq!(shown(20), [false, false, true, true, true, false, false]);
    assert_eq!(shown(50), [false, true, true, true, true, true, false]);
    assert!(!shown(100_000)[0], "the least is one participant's own, however many there are");
    assert!(Threshold::of(1).unwrap().shows_percentile(1, 0));
}

/// All ways to spread so many participants over so many groups.
fn spreads(total: usize, groups: usize) -> Vec<Vec<usize>> {
    if groups == 1 {
        return vec![vec![total]];
    }
    let with_first = |first: usize| {
        let rest = spreads(total - first, groups - 1).into_iter();
        rest.map(move |rest| [vec![first], rest].concat())
    };
    (0..=total).flat_map(with_first).collect()
}

/// Somebody who knows the total, the threshold and this code looks for all that could have led to what is
/// shown: each suppressed group must be able to hold at least two counts.
#[test]
fn who_knows_the_rule_and_the_total_cannot_compute_a_suppressed_count() {
    for (least, groups) in [(3, 2), (3, 3), (3, 4), (4, 3), (4, 4), (5, 2), (5, 3)] {
        let threshold = Threshold::of(least).unwrap();
        for total in least..=4 * least {
            let mut led_to: BTreeMap<Vec<Option<usize>>, Vec<Vec<usize>>> = BTreeMap::new();
            for counts in spreads(total, groups) {
                led_to.entry(threshold.shown(&counts)).or_default().push(counts);
            }
            for (shown, causes) in led_to {
                for at in (0..groups).filter(|at| shown[*at].is_none()) {
                    let possible: BTreeSet<usize> =
                        causes.iter().map(|counts| counts[at]).collect();
                    assert!(possible.len() > 1, "{least} {total} {shown:?} {causes:?}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn no_count_below_the_threshold_is_shown_nor_can_be_had_by_subtraction(
        counts in proptest::collection::vec(0_usize..30, 1..12),
        least in 3_usize..12,
    ) {
        let threshold = Threshold::of(least).unwrap();
        let shown = threshold.shown(&counts);
        prop_assert!(shown.iter().flatten().all(|count| *count >= least));
        for (count, shown) in counts.iter().zip(&shown) {
            prop_assert!(shown.is_none_or(|shown| shown == *count));
        }
        let hidden = shown.iter().filter(|shown| shown.is_none()).count();
        let total: usize = counts.iter().sum();
        let rest = total - shown.iter().flatten().sum::<usize>();
        if hidden > 0 && hidden < counts.len() {
            prop_assert!(hidden > 1, "one alone is the total less the others");
            prop_assert!(rest > hidden * (least - 1), "together they are no small group");
        }
    }

    #[test]
    fn a_shown_percentile_has_the_threshold_at_or_beyond_it_on_either_side(
        figures in proptest::collection::vec(0_u16..1_000, 1..120),
        least in 3_usize..8,
        percent in 0_u8..=100,
    ) {
        let threshold = Threshold::of(least).unwrap();
        if threshold.shows_percentile(figures.len(), percent) {
            let figures: Vec<f64> = figures.into_iter().map(f64::from).collect();
            let sorted = crate::summary::sorted(&figures);
            let at = crate::summary::percentile(&sorted, f64::from(percent)).unwrap();
            prop_assert!(sorted.iter().filter(|figure| **figure <= at).count() >= least);
            prop_assert!(sorted.iter().filter(|figure| **figure >= at).count() >= least);
        }
    }
}
