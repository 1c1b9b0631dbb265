//! References to other resources (FHIR R5 §2.1.3.0).

use super::id::is_fhir_id;

/// The id in a literal reference to a resource of this type: `Patient/1`, or the same at the end of an
/// absolute URL, with or without a version. A reference to another type has none.
pub fn local_id(reference: &str, resource_type: &str) -> Option<String> {
    let (kind, id) = split(reference)?;
    (kind == resource_type).then(|| id.to_owned())
}

/// The type and the id in a literal reference.
pub fn split(reference: &str) -> Option<(&str, &str)> {
    let unversioned = reference.split("/_history/").next()?;
    let (before, id) = unversioned.rsplit_once('/')?;
    let kind = before.rsplit('/').next()?;
    let is_kind = kind.starts_with(|c: char| c.is_ascii_uppercase());
    (is_kind && is_fhir_id(id)).then_some((kind, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_leads_to_one_type_only() {
        for reference in
            ["Patient/p-1", "https://x.test/fhir/Patient/p-1", "Patient/p-1/_history/2"]
        {
            assert_eq!(local_id(reference, "Patient").as_deref(), Some("p-1"), "{reference}");
            assert_eq!(local_id(reference, "Group"), None);
        }
        for reference in ["#p", "p-1", "Patient/", "urn:uuid:0", "patient/1", "Patient/a b"] {
            assert_eq!(local_id(reference, "Patient"), None, "{reference}");
        }
    }
}
