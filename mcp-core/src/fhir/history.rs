//! The answer to a history (FHIR R5 §3.2.0.8): versions, newest first.

use serde_json::Value;

use super::json::{elements, identifier, text};

/// Versions of one resource, as far as one page goes.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// How many versions there are, as far as the backend says.
    pub total: Option<u64>,
    /// Those of this page.
    pub versions: Vec<Version>,
    /// Where the backend says that the next page is.
    pub next: Option<String>,
}

/// One version.
#[derive(Clone, Debug, Default)]
pub struct Version {
    /// Its id.
    pub version: Option<String>,
    /// When it came about.
    pub last_updated: Option<String>,
    /// The HTTP method that made it.
    pub method: Option<String>,
    /// The resource; absent where it was deleted.
    pub resource: Option<Value>,
}

impl History {
    /// Reads a page of the history of a resource of this type and id; a row about another one shows
    /// that the answer means something else, so that it is none.
    pub fn read(mut body: Value, resource_type: &str, id: &str) -> Option<Self> {
        let is_history = text(&body, "/resourceType") == Some("Bundle")
            && text(&body, "/type").is_none_or(|kind| kind == "history");
        is_history.then_some(())?;
        let total = body.get("total").and_then(Value::as_u64);
        let next = elements(&body, "/link")
            .find(|link| text(link, "/relation") == Some("next"))
            .and_then(|link| text(link, "/url"))
            .map(str::to_owned);
        let mut versions = Vec::new();
        if let Some(Value::Array(entries)) = body.get_mut("entry").map(Value::take) {
            for entry in entries {
                versions.push(Version::read(entry, resource_type, id)?);
            }
        }
        Some(Self { total, versions, next })
    }
}

impl Version {
    fn read(mut entry: Value, resource_type: &str, id: &str) -> Option<Self> {
        let resource = entry.get_mut("resource").map(Value::take).filter(|one| !one.is_null());
        if let Some(resource) = &resource {
            let is_it = text(resource, "/resourceType") == Some(resource_type)
                && identifier(resource, "/id").as_deref() == Some(id);
            is_it.then_some(())?;
        }
        let of = |pointer| resource.as_ref().and_then(|one| text(one, pointer)).map(str::to_owned);
        let etag = || {
            text(&entry, "/response/etag")
                .map(|tag| tag.trim_start_matches("W/").trim_matches('"').to_owned())
        };
        let at = || text(&entry, "/response/lastModified").map(str::to_owned);
        Some(Self {
            version: of("/meta/versionId").or_else(etag),
            last_updated: of("/meta/lastUpdated").or_else(at),
            method: text(&entry, "/request/method").map(str::to_owned),
            resource,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_deletion_is_a_version_without_a_resource() {
        let history = History::read(
            json!({"resourceType": "Bundle", "type": "history", "total": 2, "entry": [
                {"request": {"method": "DELETE", "url": "Patient/1"},
                 "response": {"etag": "W/\"2\"", "lastModified": "2026-11-21T00:00:00Z"}},
                {"request": {"method": "POST"},
                 "resource": {"resourceType": "Patient", "id": "1", "meta": {"versionId": "1"}}}]}),
            "Patient",
            "1",
        )
        .unwrap();
        assert_eq!(history.versions[0].version.as_deref(), Some("2"));
        assert!(history.versions[0].resource.is_none());
        assert_eq!(history.versions[1].version.as_deref(), Some("1"));
    }

    #[test]
    fn a_version_of_another_resource_spoils_the_answer() {
        let of = |id: &str| {
            let entry = json!([{"resource": {"resourceType": "Patient", "id": id}}]);
            History::read(json!({"resourceType": "Bundle", "entry": entry}), "Patient", "1")
        };
        assert!(of("1").is_some());
        assert!(of("2").is_none());
    }
}
