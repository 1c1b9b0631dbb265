use serde_json::json;

use super::*;

fn expansion(codes: usize, total: Option<u64>, offset: Option<u64>) -> Expansion {
    let contains: Vec<Value> = (0..codes).map(|at| json!({"code": at.to_string()})).collect();
    let expansion = json!({"total": total, "offset": offset, "contains": contains});
    Expansion::read(json!({"resourceType": "ValueSet", "expansion": expansion})).unwrap()
}

fn ends(found: &Expansion, at: u64) -> Result<End, Fault> {
    let mut place = first(serde_json::from_value(json!(2)).unwrap());
    place.position = Position::Offset(at);
    end(found, &place, at)
}

#[test]
fn the_total_decides_and_without_one_a_page_that_is_not_full() {
    let more = |at| Ok(End::More(Position::Offset(at)));
    assert_eq!(ends(&expansion(2, Some(3), None), 0), more(2));
    assert_eq!(ends(&expansion(1, Some(3), Some(2)), 2), Ok(End::Complete));
    assert_eq!(ends(&expansion(2, None, None), 0), more(2));
    assert_eq!(ends(&expansion(1, None, None), 0), Ok(End::Complete));
    assert_eq!(ends(&expansion(7, None, None), 0), Ok(End::Complete));
    assert_eq!(ends(&expansion(7, Some(7), None), 0), Ok(End::Complete));
    // Nothing where something was announced, or more than was announced.
    assert_eq!(ends(&expansion(0, Some(3), None), 0), Ok(End::Cut));
    assert_eq!(ends(&expansion(2, Some(1), None), 0), Ok(End::Cut));
    assert_eq!(ends(&expansion(5, Some(9), None), 0), more(5));
    assert_eq!(ends(&expansion(0, Some(0), None), 0), Ok(End::Complete));
}

#[test]
fn a_page_that_begins_elsewhere_is_no_answer() {
    assert_eq!(ends(&expansion(2, Some(9), Some(0)), 2), Err(Fault::Malformed));
}

#[test]
fn a_filter_is_believed_when_said_or_seen() {
    let of = |display: &str, applied: &[&str]| {
        let parameter: Vec<Value> = applied.iter().map(|name| json!({"name": name})).collect();
        let contains = json!([{"code": "a", "display": display}]);
        let expansion = json!({"parameter": parameter, "contains": contains});
        let body = json!({"resourceType": "ValueSet", "expansion": expansion});
        let mut envelope = Envelope::default();
        doubt("Heart r", &Expansion::read(body).unwrap(), &mut envelope);
        envelope.left_out.is_empty()
    };
    assert!(of("heart rate", &[]));
    assert!(of("Pulse", &["filter"]));
    assert!(!of("Pulse", &["count"]));
}
