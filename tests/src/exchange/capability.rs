//! The `CapabilityStatement`, written from a table of the 26 types.

use serde_json::{Value, json};

use super::Exchange;
use super::wire::{Incoming, Reply};

/// A type, whether the server has records of its own, and its declared parameters: `name:type`, with
/// a star where it works on imported records only.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) native: bool,
    parameters: &'static str,
}

const fn native(name: &'static str, parameters: &'static str) -> Kind {
    Kind { name, native: true, parameters }
}

const fn imported(name: &'static str, parameters: &'static str) -> Kind {
    Kind { name, native: false, parameters }
}

/// The types, in the order of the document.
pub(super) const KINDS: [Kind; 26] = [
    imported("AllergyIntolerance", "clinical-status:token"),
    imported("CarePlan", "category:token date:date status:token"),
    imported("CareTeam", "role:token status:token"),
    imported(
        "Condition",
        "abatement-date:date asserted-date:date category:token clinical-status:token code:token \
         encounter:reference onset-date:date recorded-date:date",
    ),
    imported("Coverage", ""),
    native("Device", "status:token* type:token"),
    imported("DiagnosticReport", "category:token code:token date:date status:token"),
    imported("DocumentReference", "category:token date:date period:date status:token type:token"),
    imported(
        "Encounter",
        "class:token date:date discharge-disposition:token identifier:token location:reference \
         status:token type:token",
    ),
    imported("Goal", "description:string lifecycle-status:token target-date:date"),
    native("Group", ""),
    imported("Immunization", "date:date status:token"),
    imported(
        "Location",
        "address:string address-city:string address-postalcode:string address-state:string \
         name:string",
    ),
    imported("Medication", ""),
    imported("MedicationDispense", "status:token type:token"),
    imported("MedicationRequest", "authoredon:date encounter:reference intent:token status:token"),
    native("Observation", "category:token* code:token date:date status:token"),
    native("Organization", "address:string* name:string"),
    native(
        "Patient",
        "birthdate:date death-date:date* family:string given:string identifier:token name:string",
    ),
    native("Practitioner", "identifier:token name:string"),
    imported("PractitionerRole", "practitioner:reference specialty:token"),
    imported("Procedure", "code:token date:date status:token"),
    imported("Provenance", ""),
    imported("QuestionnaireResponse", "authored:date questionnaire:reference status:token"),
    imported("RelatedPerson", "name:string"),
    imported("ServiceRequest", "authored:date category:token code:token status:token"),
];

/// The type of this name.
pub(super) fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// `/FHIR/R5/metadata`: public; a token is not looked at.
pub(super) fn metadata(exchange: &Exchange, incoming: &Incoming) -> Reply {
    if incoming.path != "/FHIR/R5/metadata" {
        return Reply::not_found();
    }
    Reply::json(200, &statement(exchange, incoming))
        .with("cache-control", "public, max-age=3600")
        .with("vary", "Accept")
        .with("allow", "OPTIONS, GET, HEAD")
}

fn statement(exchange: &Exchange, incoming: &Incoming) -> Value {
    let base = incoming.base();
    let oauth = |name: &str| json!({ "url": name, "valueUri": format!("{base}/o/{name}/") });
    let service = "http://terminology.hl7.org/CodeSystem/restful-security-service";
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": exchange.now().to_string(),
        "kind": "instance",
        "software": { "name": "JupyterHealth Exchange" },
        "implementation": {
            "description": "A stand-in for JupyterHealth Exchange",
            "url": format!("{base}/FHIR/R5/"),
        },
        "fhirVersion": "5.0.0",
        "format": ["json"],
        "patchFormat": ["application/json"],
        "rest": [{
            "mode": "server",
            "documentation": "Sorting by date and by last update, and counts alone, work on every type.",
            "security": {
                "extension": [{
                    "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
                    "extension": [oauth("authorize"), oauth("token")],
                }],
                "service": [{ "coding": [{ "system": service, "code": "SMART-on-FHIR" }] }],
                "description": "OAuth 2.0; what is not authorized is 401, 403 or 404.",
            },
            "interaction": [expected(json!({ "code": "batch" }))],
            "resource": KINDS.iter().map(resource).collect::<Vec<_>>(),
        }],
    })
}

fn resource(kind: &Kind) -> Value {
    let interactions = ["create", "delete", "patch", "read", "search-type", "update"];
    let documentation = if kind.native {
        "Imported records may be changed; the server's own are read and searched."
    } else {
        "Imported records only; a new one names its source."
    };
    json!({
        "type": kind.name,
        "documentation": documentation,
        "interaction": interactions.map(|code| expected(json!({ "code": code }))),
        "searchParam": parameters(kind),
    })
}

fn parameters(kind: &Kind) -> Vec<Value> {
    let always = ["_id:token", "_lastUpdated:date", "_source:uri+"];
    kind.parameters
        .split_whitespace()
        .chain(always)
        .filter_map(|text| text.split_once(':'))
        .map(|(name, sort)| {
            let plain = sort.trim_end_matches(['*', '+']);
            let mut parameter = expected(json!({ "name": name, "type": plain }));
            let note = match sort.strip_prefix(plain) {
                Some("*") => "Read on imported records only.",
                Some("+") => "Chooses between the server's own records and imported ones.",
                _ => return parameter,
            };
            if let Some(members) = parameter.as_object_mut() {
                members.insert("documentation".to_owned(), note.into());
            }
            parameter
        })
        .collect()
}

fn expected(mut member: Value) -> Value {
    let url = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation";
    if let Some(members) = member.as_object_mut() {
        let expectation = json!([{ "url": url, "valueCode": "SHALL" }]);
        members.insert("extension".to_owned(), expectation);
    }
    member
}
