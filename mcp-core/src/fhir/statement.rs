//! What the tools read of a `CapabilityStatement` (FHIR R5 §5.3).

use std::collections::BTreeMap;

use serde_json::Value;

use super::json::{elements, text};
use super::parameter::ParameterKind;

/// Interactions and search parameters of each resource type that a server announces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// The FHIR version, as in `5.0.0`.
    pub fhir_version: Option<String>,
    /// By resource type.
    pub resources: BTreeMap<String, Announced>,
    /// Names of the operations of the whole server, without the dollar sign.
    pub operations: Vec<String>,
}

/// What is announced for one resource type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// Interaction codes, sorted; `search-type` is shown as `search`.
    pub interactions: Vec<String>,
    /// Search parameter types by parameter name.
    pub search_parameters: BTreeMap<String, String>,
    /// Names of its operations, without the dollar sign.
    pub operations: Vec<String>,
}

impl Statement {
    /// Reads a statement; anything else is unknown.
    pub fn read(body: &Value) -> Option<Self> {
        (text(body, "/resourceType") == Some("CapabilityStatement")).then(|| Self {
            fhir_version: text(body, "/fhirVersion").map(str::to_owned),
            resources: elements(body, "/rest/0/resource").filter_map(announced).collect(),
            operations: operations(body, "/rest/0/operation"),
        })
    }

    /// Whether the statement names this search parameter for this type.
    pub fn declares(&self, resource_type: &str, parameter: &str) -> bool {
        self.kind(resource_type, parameter).is_some()
    }

    /// Whether the statement names this interaction for this type.
    pub fn offers(&self, resource_type: &str, interaction: &str) -> bool {
        let announced = self.resources.get(resource_type);
        announced.is_some_and(|one| one.interactions.iter().any(|code| code == interaction))
    }

    /// Whether the statement names this operation, for the server or for a type.
    pub fn has_operation(&self, name: &str) -> bool {
        let of = |names: &Vec<String>| names.iter().any(|known| known == name);
        of(&self.operations) || self.resources.values().any(|one| of(&one.operations))
    }

    /// Whether the statement names this operation for this type, or for the server.
    pub fn offers_operation(&self, resource_type: Option<&str>, name: &str) -> bool {
        let of = |names: &Vec<String>| names.iter().any(|known| known == name);
        let announced = resource_type.and_then(|kind| self.resources.get(kind));
        of(&self.operations) || announced.is_some_and(|one| of(&one.operations))
    }

    /// The kind of a search parameter of this type, if the statement names it.
    pub fn kind(&self, resource_type: &str, parameter: &str) -> Option<ParameterKind> {
        let announced = self.resources.get(resource_type)?;
        let kind = announced.search_parameters.get(parameter)?;
        Some(ParameterKind::parse(kind).unwrap_or(ParameterKind::Special))
    }
}

fn announced(resource: &Value) -> Option<(String, Announced)> {
    let mut interactions: Vec<String> = elements(resource, "/interaction")
        .filter_map(|interaction| text(interaction, "/code"))
        .map(|code| if code == "search-type" { "search" } else { code }.to_owned())
        .collect();
    interactions.sort_unstable();
    let search_parameters = elements(resource, "/searchParam")
        .filter_map(|parameter| Some((text(parameter, "/name")?, text(parameter, "/type")?)))
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .collect();
    let operations = operations(resource, "/operation");
    let kind = text(resource, "/type")?.to_owned();
    Some((kind, Announced { interactions, search_parameters, operations }))
}

fn operations(of: &Value, pointer: &str) -> Vec<String> {
    let operations = elements(of, pointer).filter_map(|operation| text(operation, "/name"));
    let mut names: Vec<String> =
        operations.map(|name| name.trim_start_matches('$').to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_digest_names_interactions_and_parameters_in_order() {
        let statement = Statement::read(&json!({
            "resourceType": "CapabilityStatement", "fhirVersion": "5.0.0",
            "rest": [{"resource": [{"type": "Patient",
                "interaction": [{"code": "search-type"}, {"code": "read"}],
                "searchParam": [{"name": "name", "type": "string"}]}]}],
        }))
        .unwrap();
        assert_eq!(statement.resources["Patient"].interactions, ["read", "search"]);
        assert!(statement.declares("Patient", "name"));
        assert!(!statement.declares("Patient", "date"));
        assert!(!statement.declares("Observation", "name"));
    }

    #[test]
    fn an_operation_is_offered_for_its_type_or_for_the_server() {
        let statement = Statement::read(&json!({
            "resourceType": "CapabilityStatement",
            "rest": [{"operation": [{"name": "meta"}], "resource": [
                {"type": "Patient", "operation": [{"name": "$everything"}]}]}],
        }))
        .unwrap();
        assert!(statement.offers_operation(Some("Patient"), "everything"));
        assert!(statement.offers_operation(Some("Patient"), "meta"));
        assert!(!statement.offers_operation(Some("Encounter"), "everything"));
        assert!(!statement.offers_operation(None, "everything"));
    }

    #[test]
    fn another_resource_is_no_statement() {
        assert_eq!(Statement::read(&json!({"resourceType": "Bundle"})), None);
    }
}
