use serde_json::json;

use super::*;

fn line(text: &str) -> Line {
    Line::of(&json!({"resourceType": "Condition", "id": "1", "code": {"text": text}}))
}

fn filled(lines: Vec<Line>, total: Option<u64>) -> Filled {
    Filled { lines, total, total_source: TotalSource::Server, is_newest: true, unnamed: 0 }
}

#[test]
fn a_section_that_could_not_be_read_says_that_it_is_not_none() {
    for missed in [
        Missed::NotServed,
        Missed::Unsearchable,
        Missed::NotPermitted,
        Missed::Foreign,
        Missed::Ignored("patient".to_owned()),
        Missed::Broken(Fault::Unavailable),
    ] {
        let mut envelope = Envelope::default();
        let shown = SectionShown::of(Section::Allergies, Err(missed.clone()), &mut envelope);
        assert!(shown.says.as_deref().unwrap().starts_with("UNKNOWN, which is not none"));
        assert_eq!(shown.total, None, "{missed:?}");
        assert_eq!(unknown(&[shown]), ["allergies"]);
        assert_eq!(envelope.sources.len(), 1);
    }
}

#[test]
fn an_empty_section_does_not_say_that_there_is_nothing() {
    let mut envelope = Envelope::default();
    let shown =
        SectionShown::of(Section::Allergies, Ok(filled(Vec::new(), Some(0))), &mut envelope);
    assert_eq!((shown.status, shown.total), (SourceStatus::Ok, Some(0)));
    assert!(shown.says.unwrap().contains("not a finding"));
    assert_eq!(envelope.status, Status::Ok);
}

#[test]
fn an_answer_that_is_full_shows_fewer_entries_and_keeps_every_section_and_count() {
    let mut envelope = Envelope::default();
    let long = || vec![line(&"x".repeat(150)); 20];
    let mut sections: Vec<SectionShown> = Section::ALL
        .iter()
        .map(|section| SectionShown::of(*section, Ok(filled(long(), Some(99))), &mut envelope))
        .collect();
    fit(&mut sections, 30_000, &mut envelope);
    assert!(serde_json::to_vec(&sections).unwrap().len() <= 24_000);
    assert_eq!(sections.len(), Section::ALL.len());
    assert!(sections.iter().all(|shown| shown.total == Some(99) && !shown.entries.is_empty()));
    assert_eq!(envelope.truncated_by, [TruncatedBy::Bytes]);
    assert_eq!(envelope.left_out.len(), 1);
}
