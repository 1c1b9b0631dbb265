//! A view of an answer has the rows of the answer, each once and unchanged, to the digit, and no others; its
//! total is the one that stands there, or none.
#![no_main]

use fhir_mcp_core::backend::list::List;
use fhir_mcp_core::fhir::bundle::{Bundle, Searchset};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const TYPES: [&str; 3] = ["Patient", "Observation", "OperationOutcome"];

fuzz_target!(|bytes: &[u8]| {
    let [first, text @ ..] = bytes else { return };
    let Ok(body) = serde_json::from_slice::<Value>(text) else { return };
    match TYPES.get(usize::from(*first) % 4) {
        Some(searched) => searchset(body, searched),
        None => list(body),
    }
});

fn searchset(body: Value, searched: &str) {
    let entries = body["entry"].as_array().cloned().unwrap_or_default();
    let sent: Vec<&Value> = entries.iter().filter_map(|entry| entry.get("resource")).collect();
    let is_one = body["resourceType"] == "Bundle"
        && matches!(body["type"].as_str(), None | Some("" | "searchset"));
    let total = &body["total"];
    let is_counted = total.is_null() || total.as_u64().is_some();
    let Some(read) = Searchset::read(body.clone(), searched) else {
        return assert!(!(is_one && is_counted), "an answer was refused");
    };
    assert!(is_one && is_counted);
    assert_eq!(read.total, total.as_u64());
    let rows = [&read.matches, &read.included, &read.outcomes];
    assert_eq!(rows.iter().map(|rows| rows.len()).sum::<usize>(), sent.len());
    for rows in rows {
        assert!(is_part_of(rows, &sent), "a row is not one that was sent, or out of order");
    }
    for (entry, resource) in
        entries.iter().filter_map(|entry| Some((entry, entry.get("resource")?)))
    {
        let place = match entry["search"]["mode"].as_str() {
            Some("match") => &read.matches,
            Some("include") => &read.included,
            Some("outcome") => &read.outcomes,
            _ => continue,
        };
        assert!(place.contains(resource), "a row is not where its mode puts it");
    }
    for (name, link) in [("next", &read.next), ("self", &read.own)] {
        let links = body["link"].as_array().into_iter().flatten();
        let mut named = links.filter(|link| link["relation"] == name);
        assert!(link.is_none() || named.any(|one| one["url"].as_str() == link.as_deref()));
    }
    let applied = read.applied();
    assert!(read.own.is_some() || applied.is_none());
    let (known, matches) = (read.total, read.matches.clone());
    let bundle = Bundle::of(read);
    assert_eq!(bundle.as_ref().map(Bundle::total), known);
    assert!(bundle.is_none_or(|bundle| bundle.resources() == matches));
}

fn list(body: Value) {
    let Some(read) = List::read(body.clone()) else {
        return assert!(!body.is_array());
    };
    let rows = body.as_array().or_else(|| body["results"].as_array()).expect("rows");
    assert_eq!(&read.rows, rows);
    let count =
        if body.is_array() { rows.len() as u64 } else { body["count"].as_u64().expect("a count") };
    assert_eq!(read.count, count);
    let link = body.get("next").and_then(Value::as_str);
    assert!(!(read.next.is_some() && read.is_cut));
    assert_eq!(read.next.is_some() || read.is_cut, link.is_some());
    if let Some((name, value)) = read.next.and_then(|cursor| cursor.parameter()) {
        assert!(["page", "offset", "cursor"].contains(&name) && (1..=512).contains(&value.len()));
    }
}

/// Whether `rows` are some of `sent`, in the same order.
fn is_part_of(rows: &[Value], sent: &[&Value]) -> bool {
    let mut rest = sent.iter();
    // Equal numbers are those of equal digits: 5.40 is not 5.4.
    rows.iter().all(|row| rest.any(|one| *one == row && one.to_string() == row.to_string()))
}
