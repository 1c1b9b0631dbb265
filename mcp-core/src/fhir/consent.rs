//! What the tools read of a `Consent` (FHIR R4 §6.2, R5 §6.2). Nothing is concluded: what it says of a
//! decision is shown, and whether it has exceptions.

use serde_json::Value;

use super::json::{elements, identifier, text};

/// One consent, as it says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// The logical id.
    pub id: Option<String>,
    /// Whether it is a draft, active, inactive and so on.
    pub status: Option<String>,
    /// `permit` or `deny`: of the whole in R5, of the root provision in R4; `None` where it is not said.
    pub decision: Option<String>,
    /// Whether parts of it decide otherwise.
    pub has_exceptions: bool,
    /// What it is about, in the words or codes of its scope and categories.
    pub about: Vec<String>,
    /// When it was given.
    pub given_at: Option<String>,
    /// From when it holds.
    pub from: Option<String>,
    /// Until when it holds.
    pub until: Option<String>,
}

impl Consent {
    /// Reads a resource; another resource type is none of ours.
    pub fn read(resource: &Value) -> Option<Self> {
        (text(resource, "/resourceType") == Some("Consent")).then_some(())?;
        let either = |one: &str, other: &str| {
            text(resource, one).or_else(|| text(resource, other)).map(str::to_owned)
        };
        let scope = resource.get("scope").into_iter();
        let about = scope.chain(elements(resource, "/category")).filter_map(words);
        // In R4 the root provision may have others inside; in R5 all of them are exceptions.
        let is_nested = elements(resource, "/provision/provision").next().is_some();
        let is_listed = elements(resource, "/provision").next().is_some();
        Some(Self {
            id: identifier(resource, "/id"),
            status: either("/status", "/status"),
            decision: either("/decision", "/provision/type"),
            has_exceptions: is_nested || is_listed,
            about: about.collect(),
            given_at: either("/dateTime", "/date"),
            from: either("/provision/period/start", "/period/start"),
            until: either("/provision/period/end", "/period/end"),
        })
    }
}

/// A concept in words, or as the code that it has.
fn words(concept: &Value) -> Option<String> {
    let pointers = ["/text", "/coding/0/display", "/coding/0/code"];
    pointers.into_iter().find_map(|pointer| text(concept, pointer)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_decision_is_read_where_each_version_keeps_it_and_never_concluded() {
        let r4 = json!({"resourceType": "Consent", "id": "c", "status": "active",
            "scope": {"coding": [{"code": "research"}]}, "category": [{"text": "Study"}],
            "dateTime": "2026-01-02",
            "provision": {"type": "deny", "period": {"start": "2026-01-01"},
                          "provision": [{"type": "permit"}]}});
        let read = Consent::read(&r4).unwrap();
        assert_eq!(read.decision.as_deref(), Some("deny"));
        assert!(read.has_exceptions);
        assert_eq!(read.about, ["research", "Study"]);
        assert_eq!(
            (read.given_at.as_deref(), read.from.as_deref()),
            (Some("2026-01-02"), Some("2026-01-01"))
        );
        let r5 = json!({"resourceType": "Consent", "status": "active", "decision": "permit",
                        "date": "2026-01-02", "period": {"end": "2027-01-01"}});
        let read = Consent::read(&r5).unwrap();
        assert_eq!(read.decision.as_deref(), Some("permit"));
        assert_eq!(read.until.as_deref(), Some("2027-01-01"));
        assert!(!read.has_exceptions);
        let silent =
            Consent::read(&json!({"resourceType": "Consent", "status": "active"})).unwrap();
        assert_eq!(silent.decision, None);
        let excepted = json!({"resourceType": "Consent", "provision": [{"code": []}]});
        assert!(Consent::read(&excepted).unwrap().has_exceptions);
    }

    #[test]
    fn another_resource_is_no_consent() {
        assert_eq!(Consent::read(&json!({"resourceType": "Contract"})), None);
    }
}
