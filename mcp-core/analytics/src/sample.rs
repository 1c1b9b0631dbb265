//! Readings for tests: by chance, but repeatable.

use jiff::Timestamp;
use proptest::prelude::*;
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

use crate::figure::Figure;
use crate::reading::Point;

/// 2026-10-24T00:00:00Z, the Saturday before the clocks go back in Berlin.
const ORIGIN: i64 = 1_792_800_000;

/// An instant so many seconds after the origin.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(ORIGIN + seconds).unwrap()
}

/// Up to so many readings within nine days, on whole quarters of an hour so that some share an instant.
pub(crate) fn points(most: usize) -> impl Strategy<Value = Vec<Point>> {
    let point = (0_i64..9 * 96, 0_u16..400).prop_map(|(quarter, value)| Point {
        at: at(quarter * 900),
        value: f64::from(value) / 4.0,
    });
    proptest::collection::vec(point, 0..most)
}

/// A number that is short enough to be exact.
pub(crate) fn figure(value: f64) -> Figure {
    Figure::new(value, 9)
}

/// Readings at equal steps from the origin on: the C standard's example generator, modulo 2^31, gives the
/// numbers 80 + (bits 16 and up, modulo 1,600) / 16.
pub(crate) fn sensor(n: usize, every: i64, seed: u64) -> Vec<Point> {
    let mut state = seed;
    let mut points = Vec::new();
    for step in (0..).take(n) {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        let sixteenths = u32::try_from((state >> 16) % 1_600).unwrap();
        points.push(Point { at: at(step * every), value: 80.0 + f64::from(sixteenths) / 16.0 });
    }
    points
}

/// The same things in another order, which the seed decides.
pub(crate) fn shuffled<T: Clone>(things: &[T], seed: u64) -> Vec<T> {
    let mut shuffled = things.to_vec();
    let mut state = seed | 1;
    for at in (1..shuffled.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).unwrap() % (at + 1);
        shuffled.swap(at, other);
    }
    shuffled
}

/// Fails unless each member of an answer says what it is, and nothing in its schema is a reference.
pub(crate) fn describes_every_member<T: JsonSchema>() {
    let schema = schema_for!(T).to_value();
    assert!(!schema.to_string().contains("$ref"), "{schema}");
    let mut members = 0;
    look(&schema, &mut members);
    assert!(members > 0, "{schema}");
}

fn look(schema: &Value, members: &mut usize) {
    if let Some(named) = schema.get("properties").and_then(Value::as_object) {
        for (name, member) in named {
            *members += 1;
            let described = member.get("description").and_then(Value::as_str).unwrap_or_default();
            assert!(!described.is_empty(), "{name} has no description: {member}");
        }
    }
    match schema {
        Value::Object(members_of) => members_of.values().for_each(|value| look(value, members)),
        Value::Array(values) => values.iter().for_each(|value| look(value, members)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
