//! The codes that a backend knows. They belong to no user and are kept for a while.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use serde_json::Value;

use crate::fhir::json::{elements, text};

/// How long a list is believed.
const KEPT: Duration = Duration::from_secs(300);
/// Backends remembered.
const BACKENDS: u64 = 16;

/// A code of the backend's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCode {
    /// Its short name, where it has one beside the code.
    pub name: Option<String>,
    /// The coding system.
    pub system: String,
    /// The code in it.
    pub code: String,
    /// Its name for people.
    pub display: String,
}

/// Reads the list; entries that are not whole are passed over, and what is no list is empty.
pub fn read(body: &Value) -> Vec<ListedCode> {
    elements(body, "")
        .filter_map(|entry| {
            let code = text(entry, "/codingCode")?.to_owned();
            let display = text(entry, "/text").unwrap_or(&code).to_owned();
            let system = text(entry, "/codingSystem")?.to_owned();
            Some(ListedCode { name: None, system, code, display })
        })
        .collect()
}

/// The lists, by base URL and profile.
#[derive(Clone, Debug)]
pub struct Vocabularies(Cache<String, Arc<Vec<ListedCode>>>);

impl Default for Vocabularies {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(BACKENDS).time_to_live(KEPT).build())
    }
}

impl Vocabularies {
    /// The list that is kept under `key`.
    pub async fn kept(&self, key: &str) -> Option<Arc<Vec<ListedCode>>> {
        self.0.get(key).await
    }

    /// Keeps a list.
    pub async fn keep(&self, key: String, codes: Arc<Vec<ListedCode>>) {
        self.0.insert(key, codes).await;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_incomplete_entry_does_not_spoil_the_list() {
        let codes = read(&json!([
            {"id": 50002, "codingSystem": "https://w3id.org/openmhealth",
             "codingCode": "omh:blood-pressure:4.0", "text": "Blood pressure"},
            {"id": 1, "codingCode": "no-system"}, 7,
        ]));
        assert_eq!(codes.len(), 1);
        assert_eq!(codes[0].display, "Blood pressure");
        assert!(read(&json!({"detail": "x"})).is_empty());
    }
}
