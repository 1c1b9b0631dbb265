use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::sample::{describes_every_member, sensor, shuffled};

fn participants(n: usize) -> Vec<Participant> {
    sensor(n, 1, 11).iter().map(|point| Participant { figure: point.value, readings: 10 }).collect()
}

fn cohort(n: usize, least: usize) -> serde_json::Value {
    let found = Cohort::of(&participants(n), Threshold::of(least).unwrap(), 2);
    serde_json::to_value(found).unwrap()
}

#[test]
fn figures_are_those_that_numpy_computes() {
    // numpy 2.4: std(ddof=1), percentile(f, [0, 10, 25, 50, 75, 90, 100]).
    let expected = json!({"threshold": 1, "suppressed": false, "distribution": {
        "participants": 20, "readings": 200, "mean": 131.8, "sd": 27.23, "min": 90.69, "p10": 95.89,
        "p25": 109.92, "median": 131.75, "p75": 153.45, "p90": 164.43, "max": 175.44}});
    assert_eq!(cohort(20, 1), expected);
}

#[test]
fn with_suppression_the_extremes_are_left_out_and_percentiles_need_enough_on_either_side() {
    let expected = json!({"threshold": 5, "suppressed": false, "distribution": {
        "participants": 20, "readings": 200, "mean": 131.8, "sd": 27.23, "p25": 109.92,
        "median": 131.75, "p75": 153.45}});
    assert_eq!(cohort(20, 5), expected);
    let expected = json!({"threshold": 5, "suppressed": false, "distribution": {
        "participants": 50, "readings": 500, "mean": 127.57, "sd": 28.61, "p10": 92.12, "p25": 101.77,
        "median": 124.91, "p75": 149.86, "p90": 165.96}});
    assert_eq!(cohort(50, 5), expected);
}

#[test]
fn fewer_participants_than_the_threshold_have_no_figure_at_all() {
    for n in 0..5 {
        assert_eq!(cohort(n, 5), json!({"threshold": 5, "suppressed": true}), "{n}");
    }
    assert_eq!(cohort(5, 5)["distribution"]["participants"], 5);
    assert_eq!(
        cohort(0, 1),
        json!({"threshold": 1, "suppressed": false}),
        "nobody, and nothing to hide"
    );
}

#[test]
fn participants_without_readings_do_not_lift_a_study_over_the_threshold() {
    let mut people = participants(4);
    people.extend([Participant { figure: 0.0, readings: 0 }; 10]);
    assert!(Cohort::of(&people, Threshold::of(5).unwrap(), 2).suppressed);
    let all = Cohort::of(&people, Threshold::of(1).unwrap(), 2);
    assert_eq!(all.distribution.unwrap().participants, 4);
}

#[test]
fn each_participant_counts_once_however_many_readings_they_have() {
    let people = [(10.0, 1), (10.0, 1), (40.0, 10_000)]
        .map(|(figure, readings)| Participant { figure, readings });
    let found = Cohort::of(&people, Threshold::of(3).unwrap(), 1).distribution.unwrap();
    assert_eq!((found.participants, found.readings, found.mean.value()), (3, 10_002, 20.0));
    assert_eq!(found.sd, None, "with the mean it would give two away to the third");
}

#[test]
fn an_answer_describes_its_members() {
    describes_every_member::<Cohort>();
}

proptest! {
    #[test]
    fn the_order_of_participants_never_matters(
        n in 0_usize..40, least in 3_usize..8, seed: u64,
    ) {
        let people = participants(n);
        let threshold = Threshold::of(least).unwrap();
        let found = |people: &[Participant]| Cohort::of(people, threshold, 3);
        prop_assert_eq!(found(&people), found(&shuffled(&people, seed)));
    }

    #[test]
    fn nothing_is_shown_of_fewer_than_the_threshold(
        people in proptest::collection::vec((0_u16..50, 0_usize..4), 0..30),
        least in 3_usize..8,
    ) {
        let people: Vec<Participant> = people
            .into_iter()
            .map(|(figure, readings)| Participant { figure: f64::from(figure), readings })
            .collect();
        let counted = people.iter().filter(|person| person.readings > 0).count();
        let found = Cohort::of(&people, Threshold::of(least).unwrap(), 1);
        prop_assert_eq!(found.suppressed, counted < least);
        prop_assert_eq!(found.distribution.is_some(), counted >= least);
        let Some(distribution) = found.distribution else { return Ok(()) };
        prop_assert_eq!((distribution.min, distribution.max), (None, None));
        prop_assert_eq!(distribution.participants, counted);
    }
}
