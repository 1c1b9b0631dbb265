use serde_json::json;

use super::super::chain::Chain;
use super::super::event::Opened;
use super::*;

fn opened(found: Found, torn_bytes: Option<u64>) -> Opened {
    Opened { time: "2026-11-21T00:00:00Z".to_owned(), found, torn_bytes }
}

fn run(boot: &str, previous: String, found: Found, calls: usize) -> (Vec<String>, String) {
    let mut chain = Chain::after(previous, boot.to_owned(), Digests::plain());
    let mut lines = vec![chain.next("opened", &opened(found, None))];
    lines.extend((0..calls).map(|at| chain.next("call", &json!({"subject": at.to_string()}))));
    let last = digest_of(lines.last().unwrap());
    (lines, last)
}

fn digest_of(line: &str) -> String {
    Link::read(line.trim_end().as_bytes(), &Digests::plain()).unwrap().digest
}

fn read(text: &str) -> Report {
    read_as(WrittenTo::Files, &[text])
}

fn read_as(to: WrittenTo, files: &[&str]) -> Report {
    let digests = Digests::plain();
    let mut reader = Reader::new(&digests, to);
    for text in files {
        reader.file(Path::new("a"), text.as_bytes()).unwrap();
    }
    reader.report
}

fn found(report: &Report) -> Vec<(u64, Finding)> {
    report.findings.iter().map(|(at, finding)| (at.line, finding.clone())).collect()
}

fn broken(report: &Report) -> Option<(u64, Broken)> {
    report.broken.as_ref().map(|(at, why)| (at.line, *why))
}

#[test]
fn a_whole_trail_holds() {
    let (lines, _) = run("a", nothing_before(), Found::Nothing, 3);
    let report = read(&lines.concat());
    assert_eq!((report.lines, broken(&report)), (4, None));
    assert_eq!(found(&report), [(1, Finding::Begins)]);
    assert!(!report.has_losses());
}

#[test]
fn a_line_that_is_altered_removed_added_or_moved_is_named() {
    let (lines, _) = run("a", nothing_before(), Found::Nothing, 4);
    let altered = lines.concat().replace("\"subject\":\"1\"", "\"subject\":\"9\"");
    assert_eq!(broken(&read(&altered)), Some((3, Broken::Digest)));
    let removed = [&lines[..2], &lines[3..]].concat().concat();
    assert_eq!(broken(&read(&removed)), Some((3, Broken::Order)));
    let twice = [&lines[..3], &lines[2..]].concat().concat();
    assert_eq!(broken(&read(&twice)), Some((4, Broken::Order)));
    let (other, _) = run("b", nothing_before(), Found::Nothing, 1);
    let inserted = [&lines[..2], &other[..], &lines[2..]].concat().concat();
    assert_eq!(broken(&read(&inserted)), Some((3, Broken::Order)));
    let garbage = [&lines[..2], &["garbage\n".to_owned()], &lines[2..]].concat().concat();
    assert_eq!(broken(&read(&garbage)), Some((3, Broken::Malformed)));
}

#[test]
fn a_run_that_was_killed_shows_and_the_chain_goes_on() {
    let (first, last) = run("a", nothing_before(), Found::Nothing, 2);
    let (second, _) = run("b", last, Found::Chain, 2);
    let report = read(&[first, second].concat().concat());
    assert_eq!(broken(&report), None);
    assert_eq!(found(&report), [(1, Finding::Begins), (4, Finding::UncleanEnd)]);
    assert!(report.has_losses());
}

#[test]
fn a_run_that_ended_properly_is_no_loss() {
    let mut chain = Chain::after(nothing_before(), "a".to_owned(), Digests::plain());
    let first = chain.next("opened", &opened(Found::Nothing, None));
    let last = chain.next("closed", &json!({}));
    let (second, _) = run("b", digest_of(&last), Found::Chain, 1);
    let report = read(&[first.clone(), last.clone(), second.concat()].concat());
    assert!(broken(&report).is_none() && !report.has_losses(), "{report:?}");
    let after_the_end = chain.next("call", &json!({}));
    let report = read(&[first, last, after_the_end].concat());
    assert_eq!(broken(&report), Some((3, Broken::Order)));
}

#[test]
fn a_torn_line_is_a_loss_where_the_next_run_noted_it_and_a_break_where_it_did_not() {
    let (first, last) = run("a", nothing_before(), Found::Nothing, 1);
    let mut chain = Chain::after(last, "b".to_owned(), Digests::plain());
    let torn = "{\"log\":\"aud";
    let noted = chain.next("opened", &opened(Found::Torn, Some(11)));
    let report = read(&[first.concat(), torn.to_owned(), "\n".to_owned(), noted.clone()].concat());
    assert_eq!(broken(&report), None, "{report:?}");
    assert_eq!(
        found(&report),
        [(1, Finding::Begins), (3, Finding::Torn(11)), (4, Finding::UncleanEnd)]
    );
    let longer = [first.concat(), format!("{torn}x\n"), noted].concat();
    assert_eq!(broken(&read(&longer)), Some((3, Broken::Malformed)));
    let at_the_end = read(&[first.concat(), torn.to_owned()].concat());
    assert_eq!(found(&at_the_end)[1], (3, Finding::TornEnd));
    assert_eq!(broken(&at_the_end), None);
}

#[test]
fn lost_events_leave_a_gap() {
    let mut chain = Chain::after(nothing_before(), "a".to_owned(), Digests::plain());
    let mut lines = vec![chain.next("opened", &opened(Found::Stream, None))];
    lines.push(chain.next("call", &json!({})));
    chain.skip(7);
    lines.push("{\"level\":\"INFO\"}\n".to_owned());
    lines.push(chain.next("call", &json!({})));
    let report = read(&lines.concat());
    assert_eq!(found(&report), [(1, Finding::Begins), (4, Finding::Gap(7))]);
    assert_eq!((report.lines, report.others), (3, 1));
}

#[test]
fn a_later_file_alone_begins_in_the_middle_and_after_the_earlier_one_it_follows() {
    let (lines, _) = run("a", nothing_before(), Found::Nothing, 4);
    let (earlier, later) = lines.split_at(3);
    assert_eq!(found(&read(&later.concat())), [(1, Finding::BeginsInTheMiddle)]);
    let digests = Digests::plain();
    let mut reader = Reader::new(&digests, WrittenTo::Files);
    for file in [earlier, later] {
        reader.file(Path::new("a"), file.concat().as_bytes()).unwrap();
    }
    assert!(reader.report.broken.is_none() && !reader.report.has_losses());
}

#[test]
fn what_the_program_itself_could_not_verify_is_a_break() {
    let (lines, _) = run("a", nothing_before(), Found::Unverified, 1);
    assert_eq!(broken(&read(&lines.concat())), Some((1, Broken::Unverified)));
}

#[test]
fn a_chain_that_begins_again_may_hide_a_run_or_a_file_that_was_taken_away() {
    let (first, last) = run("a", nothing_before(), Found::Nothing, 2);
    let (second, _) = run("b", last, Found::Chain, 2);
    let (third, _) = run("c", nothing_before(), Found::Nothing, 1);
    let (first, second, third) = (first.concat(), second.concat(), third.concat());
    let files = |files: &[&str]| read_as(WrittenTo::Files, files);
    let without_the_second = files(&[&first, &third]);
    assert!(found(&without_the_second).contains(&(1, Finding::BeginsAgain)));
    assert!(without_the_second.has_losses());
    assert_eq!(broken(&files(&[&first, &second])), None);
    let without_the_first = files(&[&second, &third]);
    assert!(found(&without_the_first).contains(&(1, Finding::BeginsInTheMiddle)));
    let (streamed, _) = run("s", nothing_before(), Found::Stream, 1);
    assert!(files(&[&first, &streamed.concat()]).has_losses(), "a file is no stream");
}

#[test]
fn in_a_stream_each_run_holds_by_itself_and_one_that_was_cut_short_shows() {
    let closed_run = |boot: &str| {
        let mut chain = Chain::after(nothing_before(), boot.to_owned(), Digests::plain());
        let opened = chain.next("opened", &opened(Found::Stream, None));
        [opened, chain.next("call", &json!({})), chain.next("closed", &json!({}))].concat()
    };
    let (first, second) = (closed_run("a"), closed_run("b"));
    let both = [first.as_str(), second.as_str()].concat();
    let report = read_as(WrittenTo::Stream, &[&both]);
    assert_eq!((broken(&report), report.has_losses()), (None, false));
    assert_eq!(found(&report), [(1, Finding::Begins), (4, Finding::NextRun)]);
    assert!(read(&both).has_losses(), "as files they are not tied to each other");
    let cut = first.split_inclusive('\n').take(2).collect::<String>();
    assert!(read_as(WrittenTo::Stream, &[&cut, &second]).has_losses());
    let (as_file, _) = run("c", nothing_before(), Found::Nothing, 1);
    let mixed = read_as(WrittenTo::Stream, &[&first, &as_file.concat()]);
    assert!(mixed.has_losses(), "a run that knew its file was no run of a stream");
}

#[test]
fn what_was_counted_instead_of_written_is_added_up_and_is_no_loss() {
    let mut chain = Chain::after(nothing_before(), "a".to_owned(), Digests::plain());
    let mut lines = vec![chain.next("opened", &opened(Found::Nothing, None))];
    lines.extend([7, 5].map(|count| chain.next("suppressed", &json!({"count": count}))));
    lines.push(chain.next("call", &json!({"count": 900})));
    let report = read(&lines.concat());
    assert_eq!((report.suppressed, report.has_losses(), broken(&report)), (12, false, None));
    let altered = lines.concat().replace("\"count\":7", "\"count\":1");
    assert_eq!(broken(&read(&altered)), Some((2, Broken::Digest)));
}
