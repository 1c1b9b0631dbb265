//! The same events as FHIR R4 `AuditEvent` resources, one JSON object a line, for a hospital's audit
//! repository. They follow IHE Basic Audit Log Patterns 1.1.3: `Query`, `PatientQuery`, `Read` and
//! `PatientRead`, with `OAUTHaccessTokenUse.Comprehensive` for who asked through which client.
//!
//! Two things are otherwise than the patterns' examples, on purpose: a patient is a logical reference
//! that holds our pseudonym, and the recorded query names the tool without its arguments.

use std::io::{self, Write};
use std::mem;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prometheus::IntCounterVec;
use serde_json::{Value, json};

use super::event::AuditEvent;
use super::pseudonym::Pseudonym;
use crate::route::Route;

const PROFILE: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";
const BALP_ENTITY: &str = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType";
const EVENT_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
const INTERACTION: &str = "http://hl7.org/fhir/restful-interaction";
const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const SOURCE_TYPE: &str = "http://terminology.hl7.org/CodeSystem/security-source-type";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
/// Under which pseudonyms stand as identifiers.
const PSEUDONYM_SYSTEM: &str = "urn:fhir-mcp-gateway:patient-pseudonym";

/// Tools that read one record; every other one searches.
const READS: [&str; 2] = ["get_patient_demographics", "get_study_metadata"];
/// What may wait for a disk that is full, in bytes.
const MOST_PENDING: usize = 1 << 20;

/// The second trail. It is not chained: it is a copy in another format.
pub(super) struct FhirTrail {
    sink: Box<dyn Write + Send>,
    observer: String,
    pending: Vec<u8>,
    skipped: u64,
}

impl FhirTrail {
    pub(super) fn new(sink: Box<dyn Write + Send>, observer: &str) -> Self {
        Self { sink, observer: observer.to_owned(), pending: Vec::new(), skipped: 0 }
    }

    /// Takes an event over, if it is a call.
    pub(super) fn take(&mut self, event: &AuditEvent) {
        if event.route != Route::Mcp.as_str() {
            return;
        }
        if self.pending.len() > MOST_PENDING {
            self.skipped += 1;
            return;
        }
        for resource in resources(event, &self.observer) {
            self.pending.extend_from_slice(resource.to_string().as_bytes());
            self.pending.push(b'\n');
        }
    }

    /// Writes what waits, as far as that goes; the rest waits for the next time.
    pub(super) fn write(&mut self, failures: &IntCounterVec) {
        failures.with_label_values(&["fhir"]).inc_by(mem::take(&mut self.skipped));
        while !self.pending.is_empty() {
            match self.sink.write(&self.pending) {
                Ok(written) if written > 0 => drop(self.pending.drain(..written)),
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return,
            }
        }
        // What a sink holds back it writes with the next event.
        let _ = self.sink.flush();
    }
}

/// One `AuditEvent`, or one for each patient where a call is about several (BALP, `PatientQuery`).
fn resources(event: &AuditEvent, observer: &str) -> Vec<Value> {
    let patients = event.patients.iter().map(Some);
    let nobody = event.patients.is_empty().then_some(None);
    patients.chain(nobody).map(|patient| resource(event, patient, observer)).collect()
}

fn resource(event: &AuditEvent, patient: Option<&Pseudonym>, observer: &str) -> Value {
    let reads = event.tool.as_deref().is_some_and(|tool| READS.contains(&tool));
    let succeeded = event.outcome == "permitted" && (200..300).contains(&event.status);
    let mut resource = json!({
        "resourceType": "AuditEvent",
        "type": {"system": EVENT_TYPE, "code": "rest", "display": "Restful Operation"},
        "subtype": [{"system": INTERACTION, "code": if reads { "read" } else { "search" }}],
        "action": if reads { "R" } else { "E" },
        "recorded": event.time,
        "outcome": match event.outcome {
            "fault" => "8",
            _ if succeeded => "0",
            _ => "4",
        },
        "agent": agents(event, observer, reads),
        "source": {
            "site": observer,
            "observer": {"identifier": {"value": observer}},
            "type": [{"system": SOURCE_TYPE, "code": "4", "display": "Application Server"}],
        },
        "entity": entities(event, patient, reads),
    });
    if succeeded {
        // The patterns are for what succeeded; a failure has no more than the base resource.
        let pattern = match (reads, patient.is_some()) {
            (true, true) => "PatientRead",
            (true, false) => "Read",
            (false, true) => "PatientQuery",
            (false, false) => "Query",
        };
        let profiles = [pattern, "OAUTHaccessTokenUse.Comprehensive"];
        let profiles = profiles.map(|name| format!("{PROFILE}{name}"));
        insert(&mut resource, "meta", json!({"profile": profiles}));
    }
    if let Some(reason) = event.reason {
        insert(&mut resource, "outcomeDesc", json!(reason));
    }
    resource
}

/// The two ends of the connection; and the client and the person, as the token names them.
fn agents(event: &AuditEvent, observer: &str, reads: bool) -> Vec<Value> {
    // In a search the parameters flow to the server; in a read the record flows to the client.
    let (client_role, server_role) =
        if reads { ("110152", "110153") } else { ("110153", "110152") };
    let client = event.client.as_ref().map_or_else(
        || json!({"display": "a client without a login"}),
        |client| json!({"identifier": {"value": client}}),
    );
    let from = event
        .address
        .map_or_else(|| json!({"type": "5"}), |address| json!({"address": address, "type": "2"}));
    let mut agents = vec![
        json!({"type": coded(DICOM, client_role), "who": client, "requestor": false,
               "network": from}),
        json!({"type": coded(DICOM, server_role), "who": {"identifier": {"value": observer}},
               "requestor": false, "network": {"address": format!("{observer}/mcp"), "type": "5"}}),
    ];
    if let Some(subject) = &event.subject {
        agents.push(json!({"type": coded(DICOM, "110150"), "who": client, "requestor": false,
                           "network": from}));
        agents.push(json!({"type": coded(PARTICIPATION, "IRCP"),
                           "who": {"identifier": {"value": subject}}, "requestor": true}));
    }
    agents
}

fn entities(event: &AuditEvent, patient: Option<&Pseudonym>, reads: bool) -> Vec<Value> {
    let tool = event.tool.as_deref().unwrap_or_default();
    let query = [event.method.unwrap_or_default(), tool].join(" ");
    let mut entities = vec![json!({
        "type": {"system": BALP_ENTITY, "code": "XrequestId"},
        "what": {"identifier": {"value": event.request_id}},
    })];
    let person = patient.map(|pseudonym| {
        json!({"type": "Patient",
               "identifier": {"system": PSEUDONYM_SYSTEM, "value": pseudonym.as_str()}})
    });
    if reads {
        entities.push(json!({
            "type": {"system": ENTITY_TYPE, "code": "2", "display": "System Object"},
            "role": {"system": ROLE, "code": "4", "display": "Domain Resource"},
            "what": person.clone().unwrap_or_else(|| json!({"display": tool})),
        }));
    } else {
        entities.push(json!({
            "type": {"system": ENTITY_TYPE, "code": "2", "display": "System Object"},
            "role": {"system": ROLE, "code": "24", "display": "Query"},
            "query": STANDARD.encode(query.trim_end()),
        }));
    }
    if let Some(person) = person {
        entities.push(json!({
            "type": {"system": ENTITY_TYPE, "code": "1", "display": "Person"},
            "role": {"system": ROLE, "code": "1", "display": "Patient"},
            "what": person,
        }));
    }
    entities
}

fn coded(system: &str, code: &str) -> Value {
    json!({"coding": [{"system": system, "code": code}]})
}

fn insert(resource: &mut Value, name: &str, value: Value) {
    if let Some(members) = resource.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests;
