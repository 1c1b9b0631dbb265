//! A search answer (FHIR R5 §3.2.1.3): the total, the matches, and how to go on.

use serde_json::Value;

use super::json::text;

/// A searchset whose total is known.
#[derive(Clone)]
pub struct Bundle {
    total: u64,
    resources: Vec<Value>,
}

impl Bundle {
    /// Reads a searchset. Without a `total` nothing can be said about completeness, so it is refused:
    /// the caller calls that unknown, never empty.
    pub fn read(body: Value) -> Option<Self> {
        let searchset = text(&body, "/resourceType") == Some("Bundle")
            && text(&body, "/type").is_none_or(|kind| kind == "searchset");
        let total = body.get("total")?.as_u64()?;
        searchset.then(|| Self { total, resources: matches(body) })
    }

    /// How many resources match, on all pages.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The matches on this page, in the backend's order.
    pub fn resources(&self) -> &[Value] {
        &self.resources
    }

    /// The matches on this page, taken out.
    pub fn into_resources(self) -> Vec<Value> {
        self.resources
    }
}

/// Entries that are matches: an entry marked as an include or an outcome is none.
fn matches(mut body: Value) -> Vec<Value> {
    let Some(Value::Array(entries)) = body.get_mut("entry").map(Value::take) else {
        return Vec::new();
    };
    entries
        .into_iter()
        .filter(|entry| text(entry, "/search/mode").is_none_or(|mode| mode == "match"))
        .filter_map(|mut entry| entry.get_mut("resource").map(Value::take))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_bundle_without_a_total_is_not_believed() {
        let entry = json!([{"resource": {"id": "1"}}]);
        for body in [
            json!({"resourceType": "Bundle", "type": "searchset", "entry": entry}),
            json!({"resourceType": "Bundle", "type": "searchset", "total": -1}),
            json!({"resourceType": "Bundle", "type": "searchset", "total": "3"}),
            json!({"resourceType": "Bundle", "type": "batch-response", "total": 3}),
            json!({"resourceType": "OperationOutcome", "total": 0}),
            json!([]),
        ] {
            assert!(Bundle::read(body.clone()).is_none(), "{body}");
        }
    }

    #[test]
    fn only_matches_count_as_matches() {
        let bundle = Bundle::read(json!({
            "resourceType": "Bundle", "type": "searchset", "total": 1,
            "entry": [{"resource": {"id": "1"}, "search": {"mode": "match"}},
                      {"resource": {"id": "2"}, "search": {"mode": "include"}},
                      {"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}}],
        }))
        .unwrap();
        assert_eq!(bundle.total(), 1);
        assert_eq!(bundle.resources(), [json!({"id": "1"})]);
    }

    #[test]
    fn an_empty_bundle_needs_no_entry() {
        let body = json!({"resourceType": "Bundle", "type": "searchset", "total": 0});
        assert!(Bundle::read(body).unwrap().into_resources().is_empty());
    }
}
