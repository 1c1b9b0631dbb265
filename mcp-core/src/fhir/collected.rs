//! Resources that an operation collected: a searchset page by page, or a document (FHIR R5 §2.36.2).

use serde_json::Value;

use super::json::{elements, text};

/// What a Bundle of an operation holds.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// How many there are on all pages, as far as the server says.
    pub total: Option<u64>,
    /// The resources of this page, in the server's order.
    pub rows: Vec<Row>,
    /// How many of them count in the total: those that only came along do not.
    pub counted: usize,
    /// How the server remarked on its own answer.
    pub remark: Remark,
    /// Where the server says that the next page is.
    pub next: Option<String>,
    /// How the server repeats the question.
    pub own: Option<String>,
}

/// One resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// By which URL the others refer to it.
    pub full_url: Option<String>,
    /// The resource.
    pub resource: Value,
}

/// A remark of the server on an answer that it gave all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remark {
    /// None.
    #[default]
    Absent,
    /// For information only.
    Information,
    /// A warning or an error: the answer may lack something.
    Warning,
}

impl Collected {
    /// Reads a set of resources; a Bundle of another type is none, and so is a total that is no number.
    pub fn set(body: Value) -> Option<Self> {
        let kind = text(&body, "/type");
        let is_set = kind.is_none_or(|kind| matches!(kind, "searchset" | "collection"));
        if is_set { Self::read(body) } else { None }
    }

    /// Reads a document: its first resource is the composition.
    pub fn document(body: Value) -> Option<Self> {
        let is_document = text(&body, "/type") == Some("document");
        let found = if is_document { Self::read(body)? } else { return None };
        let first = found.rows.first().and_then(|row| text(&row.resource, "/resourceType"));
        (first == Some("Composition")).then_some(found)
    }

    fn read(mut body: Value) -> Option<Self> {
        (text(&body, "/resourceType") == Some("Bundle")).then_some(())?;
        let total = match body.get("total") {
            None | Some(Value::Null) => None,
            Some(total) => Some(total.as_u64()?),
        };
        let link = |relation: &str| {
            let mut links = elements(&body, "/link");
            let found = links.find(|link| text(link, "/relation") == Some(relation))?;
            text(found, "/url").map(str::to_owned)
        };
        let mut found = Self { total, next: link("next"), own: link("self"), ..Self::default() };
        if let Some(Value::Array(entries)) = body.get_mut("entry").map(Value::take) {
            for entry in entries {
                found.sort_in(entry);
            }
        }
        Some(found)
    }

    fn sort_in(&mut self, mut entry: Value) {
        let full_url = text(&entry, "/fullUrl").map(str::to_owned);
        let came_along = text(&entry, "/search/mode") == Some("include");
        let Some(resource) = entry.get_mut("resource").map(Value::take) else { return };
        if text(&resource, "/resourceType") == Some("OperationOutcome") {
            self.remark = self.remark.max(Remark::of(&resource));
            return;
        }
        self.counted += usize::from(!came_along);
        self.rows.push(Row { full_url, resource });
    }
}

impl Remark {
    fn of(outcome: &Value) -> Self {
        let is_harmless = |issue: &Value| {
            matches!(text(issue, "/severity"), Some("information" | "success"))
                && text(issue, "/code") != Some("incomplete")
        };
        let mut issues = elements(outcome, "/issue");
        if issues.all(is_harmless) { Self::Information } else { Self::Warning }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_set_is_a_searchset_and_a_document_begins_with_its_composition() {
        let of = |kind: &str, first: &str| {
            json!({"resourceType": "Bundle", "type": kind,
                   "entry": [{"fullUrl": "urn:uuid:1", "resource": {"resourceType": first}}]})
        };
        assert!(Collected::set(of("searchset", "Patient")).is_some());
        assert!(Collected::document(of("document", "Composition")).is_some());
        assert!(Collected::set(of("document", "Composition")).is_none());
        assert!(Collected::set(of("transaction-response", "Patient")).is_none());
        assert!(Collected::document(of("document", "Patient")).is_none());
        assert!(Collected::document(of("searchset", "Composition")).is_none());
        assert!(Collected::set(json!({"resourceType": "Patient"})).is_none());
        let wrong = json!({"resourceType": "Bundle", "type": "searchset", "total": "1"});
        assert!(Collected::set(wrong).is_none());
    }

    #[test]
    fn what_came_along_is_shown_and_not_counted_and_a_remark_is_neither() {
        let remark = |severity: &str| {
            json!({"resource": {"resourceType": "OperationOutcome",
                                "issue": [{"severity": severity, "code": "informational"}]}})
        };
        let entry =
            |mode: &str| json!({"resource": {"resourceType": "Patient"}, "search": {"mode": mode}});
        let read = |entries: Vec<Value>| {
            Collected::set(json!({"resourceType": "Bundle", "total": 1, "entry": entries})).unwrap()
        };
        let found = read(vec![entry("match"), entry("include"), remark("information")]);
        assert_eq!((found.rows.len(), found.counted), (2, 1));
        assert_eq!(found.remark, Remark::Information);
        assert_eq!(read(vec![remark("warning"), remark("information")]).remark, Remark::Warning);
        assert_eq!(read(vec![entry("match")]).remark, Remark::Absent);
    }
}
