use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::clock::Clock;
use crate::reading::Point;
use crate::sample::{at, describes_every_member, points, sensor, shuffled};

fn compare(people: &[(&str, Vec<Point>)], against: Against) -> Comparison {
    let series: Vec<Series> = people.iter().map(|(_, points)| Series::of(points)).collect();
    let people: Vec<Person<'_>> =
        people.iter().zip(&series).map(|((id, _), series)| Person { id, series }).collect();
    Comparison::of(&people, against, None, 2)
}

fn three() -> [(&'static str, Vec<Point>); 3] {
    [("a", sensor(100, 300, 7)), ("b", sensor(50, 300, 8)), ("c", sensor(80, 300, 9))]
}

fn differences(found: &Comparison) -> Vec<(f64, f64)> {
    let of = |person: &Compared| {
        (person.mean_difference.unwrap().value(), person.median_difference.unwrap().value())
    };
    found.people.iter().map(of).collect()
}

#[test]
fn differences_are_those_that_numpy_computes() {
    // Means 128.786875, 126.3175, 132.79609375; medians 130.03125, 125.3125, 130.6875.
    let first = compare(&three(), Against::First);
    assert_eq!(differences(&first), [(0.0, 0.0), (-2.47, -4.72), (4.01, 0.66)]);
    let group = compare(&three(), Against::Group);
    assert_eq!(differences(&group), [(-0.51, 0.0), (-2.98, -4.72), (3.5, 0.66)]);
    let ranges = json!([first.means, first.medians]);
    let expected = json!([{"least": 126.32, "greatest": 132.8, "width": 6.48},
        {"least": 125.31, "greatest": 130.69, "width": 5.38}]);
    assert_eq!(ranges, expected);
}

#[test]
fn each_person_has_their_own_figures_with_their_n_and_nobody_is_pooled() {
    let found = compare(&three(), Against::Group);
    let n: Vec<usize> = found.people.iter().map(|person| person.n).collect();
    assert_eq!(n, [100, 50, 80]);
    for (person, (id, points)) in found.people.iter().zip(three()) {
        assert_eq!(person.id, id);
        assert_eq!(person.summary, Summary::of(&values(&points), 2));
    }
}

#[test]
fn a_person_counts_once_in_the_group_however_many_readings_they_have() {
    let steady = |n, value| (0..n).map(|step| Point { at: at(step), value }).collect::<Vec<_>>();
    let found = compare(&[("a", steady(1_000, 10.0)), ("b", steady(1, 20.0))], Against::Group);
    assert_eq!(differences(&found), [(-5.0, -5.0), (5.0, 5.0)]);
}

#[test]
fn a_person_without_readings_has_no_figure_and_takes_no_part() {
    let found = compare(&[("a", sensor(100, 300, 7)), ("b", vec![])], Against::Group);
    assert_eq!(found.with_readings, 1);
    assert_eq!(serde_json::to_value(&found.people[1]).unwrap(), json!({"id": "b", "n": 0}));
    assert_eq!((found.means, found.medians), (None, None), "one person has no range");
    let found = compare(&[("b", vec![]), ("a", sensor(100, 300, 7))], Against::First);
    assert!(
        found.people.iter().all(|person| person.mean_difference.is_none()),
        "nothing to compare with"
    );
    assert!(found.people[1].summary.is_some());
}

#[test]
fn everybody_is_compared_over_the_same_window() {
    let series = Series::of(&sensor(500, 1_500, 7));
    let day = "2026-10-25".parse().unwrap();
    let berlin = Clock::named("Europe/Berlin").unwrap();
    let window = Window::of(day, day, &berlin).unwrap();
    let person = Person { id: "a", series: &series };
    let found = Comparison::of(&[person], Against::First, Some(&window), 2);
    let summary = found.people[0].summary.as_ref().unwrap();
    assert_eq!((found.people[0].n, summary.mean.value()), (60, 131.17));
}

#[test]
fn an_answer_describes_its_members() {
    describes_every_member::<Comparison>();
}

proptest! {
    #[test]
    fn the_order_of_readings_never_matters(a in points(40), b in points(40), seed: u64) {
        let found = compare(&[("a", a.clone()), ("b", b.clone())], Against::First);
        let again = compare(&[("a", shuffled(&a, seed)), ("b", shuffled(&b, seed))], Against::First);
        prop_assert_eq!(found, again);
    }

    #[test]
    fn the_order_of_people_changes_no_figure_of_a_group(
        people in proptest::collection::vec(points(20), 1..6),
        seed: u64,
    ) {
        let named: Vec<(String, Vec<Point>)> =
            people.into_iter().enumerate().map(|(at, points)| (at.to_string(), points)).collect();
        let found = |named: &[(String, Vec<Point>)]| {
            let people: Vec<(&str, Vec<Point>)> =
                named.iter().map(|(id, points)| (id.as_str(), points.clone())).collect();
            let mut found = compare(&people, Against::Group);
            found.people.sort_by(|a, b| a.id.cmp(&b.id));
            found
        };
        prop_assert_eq!(found(&named), found(&shuffled(&named, seed)));
    }
}
