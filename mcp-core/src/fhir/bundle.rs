//! A search answer (FHIR R5 §3.2.1.3): the total, the matches, and how to go on.

use serde_json::Value;
use url::Url;

use super::json::{elements, text};

/// A searchset as it came: matches, what was included with them, remarks, and links.
#[derive(Clone, Debug, Default)]
pub struct Searchset {
    /// How many resources match on all pages; `None` where the backend does not say, which is not
    /// the same as none.
    pub total: Option<u64>,
    /// The matches on this page, in the backend's order.
    pub matches: Vec<Value>,
    /// Resources that came along, because they were asked for.
    pub included: Vec<Value>,
    /// Remarks of the backend on the search, as `OperationOutcome`.
    pub outcomes: Vec<Value>,
    /// Where the backend says that the next page is.
    pub next: Option<String>,
    /// How the backend repeats the question.
    pub own: Option<String>,
}

impl Searchset {
    /// Reads the answer to a search of `resource_type`; anything else is none.
    pub fn read(mut body: Value, resource_type: &str) -> Option<Self> {
        let is_searchset = text(&body, "/resourceType") == Some("Bundle")
            && text(&body, "/type").is_none_or(|kind| kind == "searchset");
        let total = match body.get("total") {
            None | Some(Value::Null) => None,
            Some(total) => Some(total.as_u64()?),
        };
        is_searchset.then_some(())?;
        let (next, own) = (link(&body, "next"), link(&body, "self"));
        let mut searchset = Self { total, next, own, ..Self::default() };
        if let Some(Value::Array(entries)) = body.get_mut("entry").map(Value::take) {
            for entry in entries {
                searchset.sort_in(entry, resource_type);
            }
        }
        Some(searchset)
    }

    /// By `search.mode`; where the backend gives none, by the type that was searched.
    fn sort_in(&mut self, mut entry: Value, searched: &str) {
        let mode = text(&entry, "/search/mode").map(str::to_owned);
        let Some(resource) = entry.get_mut("resource").map(Value::take) else { return };
        let kind = text(&resource, "/resourceType");
        let is_remark = kind == Some("OperationOutcome") && searched != "OperationOutcome";
        let place = match mode.as_deref() {
            Some("match") => &mut self.matches,
            Some("include") => &mut self.included,
            Some("outcome") => &mut self.outcomes,
            _ if is_remark => &mut self.outcomes,
            _ if kind.is_none_or(|kind| kind == searched) => &mut self.matches,
            _ => &mut self.included,
        };
        place.push(resource);
    }

    /// The names of the parameters that the backend says it applied; `None` without a self link.
    pub fn applied(&self) -> Option<Vec<String>> {
        // A relative link is resolved against a host that is never contacted.
        let nowhere = Url::parse("https://self.invalid/").ok()?;
        let link = nowhere.join(self.own.as_deref()?).ok()?;
        Some(link.query_pairs().map(|(name, _)| name.into_owned()).collect())
    }
}

fn link(body: &Value, relation: &str) -> Option<String> {
    elements(body, "/link")
        .find(|link| text(link, "/relation") == Some(relation))
        .and_then(|link| text(link, "/url"))
        .map(str::to_owned)
}

/// A searchset whose total is known.
#[derive(Clone)]
pub struct Bundle {
    total: u64,
    resources: Vec<Value>,
}

impl Bundle {
    /// Takes a searchset over. Without a `total` nothing can be said about completeness, so it is
    /// refused: the caller calls that unknown, never empty.
    pub fn of(searchset: Searchset) -> Option<Self> {
        Some(Self { total: searchset.total?, resources: searchset.matches })
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Option<Bundle> {
        Searchset::read(body, "Patient").and_then(Bundle::of)
    }

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
            assert!(read(body.clone()).is_none(), "{body}");
        }
    }

    #[test]
    fn a_missing_total_is_unknown_not_the_length_of_the_page() {
        let body = json!({"resourceType": "Bundle", "entry": [{"resource": {"id": "1"}}]});
        let searchset = Searchset::read(body, "Patient").unwrap();
        assert_eq!((searchset.total, searchset.matches.len()), (None, 1));
    }

    #[test]
    fn only_matches_count_as_matches() {
        let searchset = Searchset::read(
            json!({
                "resourceType": "Bundle", "type": "searchset", "total": 1,
                "entry": [{"resource": {"id": "1"}, "search": {"mode": "match"}},
                          {"resource": {"id": "2"}, "search": {"mode": "include"}},
                          {"resource": {"resourceType": "OperationOutcome"},
                           "search": {"mode": "outcome"}}],
            }),
            "Patient",
        )
        .unwrap();
        assert_eq!(searchset.matches, [json!({"id": "1"})]);
        assert_eq!((searchset.included.len(), searchset.outcomes.len()), (1, 1));
    }

    #[test]
    fn without_modes_the_type_that_was_searched_decides() {
        let of = |kind: &str| json!({"resource": {"resourceType": kind, "id": "1"}});
        let entry = [of("Observation"), of("Patient"), of("OperationOutcome")];
        let body = json!({"resourceType": "Bundle", "entry": entry});
        let searchset = Searchset::read(body, "Observation").unwrap();
        assert_eq!(searchset.matches.len(), 1);
        assert_eq!((searchset.included.len(), searchset.outcomes.len()), (1, 1));
    }

    #[test]
    fn an_empty_bundle_needs_no_entry() {
        let body = json!({"resourceType": "Bundle", "type": "searchset", "total": 0});
        assert!(read(body).unwrap().into_resources().is_empty());
    }

    #[test]
    fn the_self_link_tells_what_was_applied() {
        let body = |url: &str| json!({"resourceType": "Bundle", "link": [{"relation": "self", "url": url}]});
        let applied = |url: &str| Searchset::read(body(url), "Patient").unwrap().applied();
        let names = applied("http://x.test/Patient?name:exact=a&_count=2").unwrap();
        assert_eq!(names, ["name:exact", "_count"]);
        assert_eq!(applied("/Patient").unwrap(), Vec::<String>::new());
        let silent = json!({"resourceType": "Bundle"});
        assert_eq!(Searchset::read(silent, "Patient").unwrap().applied(), None);
    }
}
