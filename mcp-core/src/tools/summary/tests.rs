use super::*;

fn tally(code: &str, count: u64) -> Tally {
    let kind = DataType {
        name: None,
        system: "https://w3id.org/openmhealth".to_owned(),
        code: code.to_owned(),
        display: "Heart Rate".to_owned(),
    };
    Tally { kind, count, range: Range::default(), sample: Sample::default() }
}

#[test]
fn two_codes_with_one_display_stay_apart_and_absent_kinds_are_not_shown() {
    let tallies = vec![
        tally("omh:heart-rate:1.0", 1),
        tally("omh:heart-rate:2.0", 2),
        tally("omh:heart-rate:3.0", 0),
    ];
    let types = by_display(tallies, &mut Envelope::default());
    assert_eq!(types.len(), 2);
    assert_eq!(types["Heart Rate"].code, "omh:heart-rate:1.0");
    assert_eq!(types["Heart Rate (omh:heart-rate:2.0)"].count, 2);
}

#[test]
fn records_of_unlisted_kinds_are_missed_aloud() {
    let mut envelope = Envelope::default();
    note_remainder(&[tally("omh:heart-rate:2.0", 2)], 5, &mut envelope);
    assert!(envelope.left_out[0].starts_with("3 records"));
}
