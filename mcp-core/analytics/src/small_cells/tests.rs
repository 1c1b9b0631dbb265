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

proptest! {
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
