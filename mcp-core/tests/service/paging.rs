//! Long answers: when they are complete, how they go on, and what a cursor is good for.

use std::time::Duration;

use authz::ids::{BackendName, Subject};
use serde_json::{Value, json};

use crate::bed::{Answer, Bed};
use crate::generic::statement;

const TAIL: &str = "_sort=_lastUpdated%2C_id&_total=accurate";

fn page(ids: &[u32], total: Option<u64>, next: Option<&str>) -> Value {
    let entry: Vec<Value> = ids
        .iter()
        .map(|id| json!({"resource": {"resourceType": "Condition", "id": id.to_string()}}))
        .collect();
    let mut body = json!({"resourceType": "Bundle", "type": "searchset", "entry": entry});
    if let Some(total) = total {
        body["total"] = json!(total);
    }
    if let Some(next) = next {
        body["link"] = json!([{"relation": "next", "url": next}]);
    }
    body
}

async fn helios() -> Bed {
    let bed = Bed::start_as("helios").await;
    bed.backend.answer("/metadata", statement());
    bed
}

async fn search(bed: &Bed, cursor: Option<&str>) -> Answer {
    let mut arguments = json!({"type": "Condition", "limit": 2});
    if let Some(cursor) = cursor {
        arguments["cursor"] = json!(cursor);
    }
    bed.call("fhir_search", arguments).await
}

/// A search by this person, on a backend of this name.
async fn search_as(bed: &Bed, subject: &str, name: &str, arguments: &Value) -> Answer {
    let mut claims = bed.claims("token-mary", None);
    claims.subject = Subject::parse(subject).unwrap();
    claims.backend.name = BackendName::parse(name).unwrap();
    let params = json!({"name": "fhir_search", "arguments": arguments});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let hop = bed.sealed(claims, body.to_string().as_bytes());
    bed.send(Some(hop), "2025-06-18", &body).await
}

fn cursor(answer: &Answer) -> String {
    answer.structured()["cursor"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn e03_of_a_link_only_the_cursor_is_taken() {
    let bed = helios().await;
    let first = page(&[1, 2], Some(3), Some("/elsewhere/Patient?_cursor=abc&_count=900&x=y"));
    bed.backend
        .answer(&format!("/Condition?_count=2&{TAIL}"), first)
        .answer(&format!("/Condition?_count=2&_cursor=abc&{TAIL}"), page(&[3], Some(3), None));
    let first = search(&bed, None).await;
    assert_eq!(first.structured()["status"], "partial");
    assert_eq!(first.structured()["truncated_by"], json!(["limit"]));
    let second = search(&bed, Some(&cursor(&first))).await;
    assert_eq!(second.structured()["status"], "ok", "{second:?}");
    assert_eq!(second.structured()["resources"][0]["id"], "3");
    assert_eq!(second.structured().get("cursor"), None);
}

#[tokio::test]
async fn e03_a_link_to_another_server_is_a_fault_and_nobody_goes_there() {
    for next in [
        "https://evil.test/Condition?_cursor=a",
        "//evil.test/Condition?_cursor=a",
        "http://127.0.0.1:1/Condition?_cursor=a",
        "https://127.0.0.1/Condition?_cursor=a",
        "http://user@127.0.0.1/Condition?_cursor=a",
    ] {
        let bed = helios().await;
        let body = page(&[1, 2], Some(3), Some(next));
        bed.backend.answer(&format!("/Condition?_count=2&{TAIL}"), body);
        let answer = search(&bed, None).await;
        assert!(answer.refusal().contains("another server"), "{next}: {answer:?}");
        assert_eq!(bed.backend.targets().len(), 2);
    }
}

#[tokio::test]
async fn e04_a_redirect_is_a_fault_and_nobody_goes_there() {
    let bed = helios().await;
    let target = format!("/Condition?_count=2&{TAIL}");
    bed.backend.answer_with(&target, http::StatusCode::FOUND, json!({}));
    let answer = search(&bed, None).await;
    assert!(answer.refusal().contains("redirect"), "{answer:?}");
    assert_eq!(bed.backend.targets().len(), 2);
}

#[tokio::test]
async fn e05_pages_that_go_in_a_circle_or_end_early_are_partial() {
    let bed = helios().await;
    let url = |cursor: &str| format!("/Condition?_count=2&{cursor}{TAIL}");
    bed.backend
        .answer(&url(""), page(&[1, 2], Some(9), Some("?_cursor=a")))
        .answer(&url("_cursor=a&"), page(&[3, 4], Some(9), Some("?_cursor=b")))
        .answer(&url("_cursor=b&"), page(&[5, 6], Some(9), Some("?_cursor=a")));
    let first = search(&bed, None).await;
    let second = search(&bed, Some(&cursor(&first))).await;
    let third = search(&bed, Some(&cursor(&second))).await;
    assert_eq!(third.structured()["truncated_by"], json!(["backend"]), "{third:?}");
    assert_eq!(third.structured().get("cursor"), None);
    bed.backend.answer(&url(""), page(&[1, 2], Some(9), None));
    let early = search(&bed, None).await;
    assert_eq!(early.structured()["status"], "partial");
    assert_eq!(early.structured()["truncated_by"], json!(["backend"]));
}

#[tokio::test]
async fn without_a_total_only_a_short_page_without_a_link_is_the_last() {
    let bed = helios().await;
    let url = format!("/Condition?_count=2&{TAIL}");
    bed.backend.answer(&url, page(&[1], None, None));
    let short = search(&bed, None).await;
    assert_eq!(short.structured()["status"], "ok");
    assert_eq!(short.structured()["total"], json!(null));
    assert_eq!(short.structured()["total_source"], "unknown");
    bed.backend.answer(&url, page(&[1, 2], None, None));
    let full = search(&bed, None).await;
    assert_eq!(full.structured()["status"], "partial", "{full:?}");
}

#[tokio::test]
async fn a_server_without_links_is_paged_by_its_total() {
    let bed = Bed::start_as("medplum").await;
    let at = "/fhir/R4/Condition?_count=2";
    bed.backend
        .answer(&format!("{at}&_sort=_lastUpdated"), page(&[1, 2], Some(3), None))
        .answer(&format!("{at}&_offset=2&_sort=_lastUpdated"), page(&[3], Some(3), None));
    let first = search(&bed, None).await;
    let second = search(&bed, Some(&cursor(&first))).await;
    assert_eq!(second.structured()["status"], "ok", "{second:?}");
    assert_eq!(second.structured()["resources"][0]["id"], "3");
}

#[tokio::test]
async fn what_came_along_does_not_count_as_a_match() {
    let bed = helios().await;
    let mut body = page(&[1], Some(1), None);
    let patient = json!({"resource": {"resourceType": "Patient", "id": "p"},
                         "search": {"mode": "include"}});
    body["entry"].as_array_mut().unwrap().push(patient);
    let query = "_count=2&_sort=_lastUpdated%2C_id&_include=Condition%3Asubject&_total=accurate";
    bed.backend.answer(&format!("/Condition?{query}"), body);
    let arguments = json!({"type": "Condition", "limit": 2, "include": ["Condition:subject"]});
    let answer = bed.call("fhir_search", arguments).await;
    assert_eq!(answer.structured()["returned"], 1);
    assert_eq!(answer.structured()["included"][0]["id"], "p");
    assert_eq!(answer.structured()["status"], "ok");
}

#[tokio::test]
async fn an_answer_has_a_ceiling_in_bytes_and_the_cursor_leads_on_within_the_page() {
    let bed = helios().await;
    let entry: Vec<Value> = (0..50)
        .map(|id| {
            json!({"resource": {"resourceType": "Condition", "id": id.to_string(),
                                      "tags": vec!["0123456789"; 400]}})
        })
        .collect();
    let body = json!({"resourceType": "Bundle", "total": 50, "entry": entry});
    bed.backend.answer(&format!("/Condition?_count=50&{TAIL}"), body);
    let mut seen = Vec::new();
    let mut arguments = json!({"type": "Condition"});
    for _ in 0..20 {
        let answer = bed.call("fhir_search", arguments.clone()).await;
        let text = answer.body["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.len() <= 60_000, "{}", text.len());
        let answer = answer.structured();
        let ids = answer["resources"].as_array().unwrap().iter();
        seen.extend(ids.map(|one| one["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = answer.get("cursor") else { break };
        assert_eq!(answer["truncated_by"], json!(["bytes"]));
        arguments["cursor"] = cursor.clone();
    }
    let expected: Vec<String> = (0..50).map(|id: u32| id.to_string()).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_person_question_and_backend_only_and_not_for_long() {
    let bed = helios().await;
    let url = format!("/Condition?_count=2&{TAIL}");
    bed.backend.answer(&url, page(&[1, 2], Some(3), Some("?_cursor=a")));
    let cursor = cursor(&search(&bed, None).await);
    let asked = bed.backend.targets().len();
    let other_question =
        json!({"type": "Condition", "cursor": cursor, "elements": ["code"], "limit": 2});
    let refused = bed.call("fhir_search", other_question).await;
    assert!(refused.refusal().starts_with("cursor: "), "{refused:?}");
    let other_tool = json!({"type": "Condition", "id": "1", "cursor": cursor});
    let refused = bed.call("fhir_history", other_tool).await;
    assert!(refused.refusal().starts_with("cursor: "), "{refused:?}");
    for broken in ["", "x", "AAAA", &cursor[1..], &"A".repeat(100_000)] {
        let refused = search(&bed, Some(broken)).await;
        assert!(refused.refusal().starts_with("cursor: "), "{refused:?}");
    }
    let arguments = json!({"type": "Condition", "limit": 2, "cursor": cursor});
    let other_person = search_as(&bed, "10003", "jhe", &arguments).await;
    assert!(other_person.refusal().starts_with("cursor: "), "{other_person:?}");
    let other_backend = search_as(&bed, "10002", "another", &arguments).await;
    assert!(other_backend.refusal().starts_with("cursor: "), "{other_backend:?}");
    bed.advance(Duration::from_secs(15 * 60));
    let late = search(&bed, Some(&cursor)).await;
    assert!(late.refusal().starts_with("cursor: "), "{late:?}");
    assert_eq!(bed.backend.targets().len(), asked);
}

#[tokio::test]
async fn e10_a_cursor_that_a_client_holds_is_no_hop() {
    // Both are sealed under the same key, and a client may send back what it was given.
    let bed = helios().await;
    let url = format!("/Condition?_count=2&{TAIL}");
    bed.backend.answer(&url, page(&[1, 2], Some(3), Some("?_cursor=a")));
    let cursor = cursor(&search(&bed, None).await);
    let asked = bed.backend.targets().len();
    let params = json!({"name": "fhir_search", "arguments": {"type": "Condition", "limit": 2}});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let answer = bed.send(Some(cursor), "2025-06-18", &body).await;
    assert_eq!(answer.status, http::StatusCode::UNAUTHORIZED);
    assert_eq!(bed.backend.targets().len(), asked);
}
