//! The same events as FHIR R4 `AuditEvent` resources, one JSON object a line, for a hospital's audit
//! repository. They follow IHE Basic Audit Log Patterns 1.1.3: `Query`, `PatientQuery`, `Read` and
//! `PatientRead`, with `OAUTHaccessTokenUse.Comprehensive` for who asked through which client.
//!
//! Two things are otherwise than the patterns' examples, on purpose: a patient is a logical reference
//! that holds our pseudonym, and the recorded query names the tool without its arguments.

use std::io::{self, Write as _};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use authz::tool_report::ToolOutcome;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prometheus::IntCounter;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::event::AuditEvent;
use super::pseudonym::Pseudonym;
use super::sink::Sink;
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
const READS: [&str; 4] =
    ["fhir_history", "fhir_read", "get_patient_demographics", "get_study_metadata"];
/// Events that may wait for the thread, which may wait for whatever it writes to.
const QUEUE: usize = 1024;
/// What may wait for a disk that is full, in bytes.
const MOST_PENDING: usize = 1 << 20;
/// How long the end of the program waits for what is still to be written.
const SETTLING: Duration = Duration::from_secs(2);

enum Order {
    Write(Box<AuditEvent>),
    Reopen,
    Settle(oneshot::Sender<()>),
}

/// Where events are handed over to the thread of the second trail. It never waits: what finds no
/// room is counted and left out.
#[derive(Clone, Debug)]
pub(super) struct FhirQueue {
    orders: SyncSender<Order>,
    failures: IntCounter,
}

impl FhirQueue {
    /// Takes an event over, if it is one of those that [`is_exported`] names.
    pub(super) fn take(&self, event: Box<AuditEvent>) {
        if is_exported(&event) && self.orders.try_send(Order::Write(event)).is_err() {
            self.failures.inc();
        }
    }

    pub(super) fn reopen(&self) {
        let _full = self.orders.try_send(Order::Reopen);
    }

    /// Returns when everything handed over before is written, or when that takes too long.
    pub(super) async fn settle(&self) {
        let (done, settled) = oneshot::channel();
        let mut order = Order::Settle(done);
        let ordered = async {
            while let Err(TrySendError::Full(again)) = self.orders.try_send(order) {
                order = again;
                tokio::task::yield_now().await;
            }
            settled.await
        };
        let _late = tokio::time::timeout(SETTLING, ordered).await;
    }
}

/// Tool calls, and whatever was refused before it was known to be none. The rest of the protocol
/// touches no record.
fn is_exported(event: &AuditEvent) -> bool {
    let is_call = match event.method {
        Some(method) => method == "tools/call",
        None => event.outcome != "permitted",
    };
    event.route == Route::Mcp.as_str() && is_call
}

/// The second trail. It is not chained: it is a copy in another format.
pub(super) struct FhirTrail {
    sink: Sink,
    observer: String,
    pending: Vec<u8>,
}

impl FhirTrail {
    pub(super) fn new(sink: Sink, observer: &str) -> Self {
        Self { sink, observer: observer.to_owned(), pending: Vec::new() }
    }

    /// Starts the trail on a thread of its own. Nobody waits for it to end: a pipe that nobody reads
    /// would hold up the end of the program.
    pub(super) fn start(mut self, failures: IntCounter) -> FhirQueue {
        let (orders, ordered) = sync_channel(QUEUE);
        let counter = failures.clone();
        thread::spawn(move || self.run(&ordered, &counter));
        FhirQueue { orders, failures }
    }

    fn run(&mut self, orders: &Receiver<Order>, failures: &IntCounter) {
        while let Ok(order) = orders.recv() {
            match order {
                Order::Write(event) if self.pending.len() > MOST_PENDING => {
                    drop(event);
                    failures.inc();
                }
                Order::Write(event) => {
                    for resource in resources(&event, &self.observer) {
                        self.pending.extend_from_slice(resource.to_string().as_bytes());
                        self.pending.push(b'\n');
                    }
                }
                Order::Reopen => {
                    self.write();
                    if self.sink.reopen().is_err() {
                        tracing::error!(reason = "audit_not_reopened", "audit.fhir");
                    }
                }
                Order::Settle(done) => {
                    self.write();
                    let _gone = done.send(());
                    continue;
                }
            }
            self.write();
        }
    }

    /// Writes what waits, as far as that goes; the rest waits for the next time.
    fn write(&mut self) {
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
    let is_answer = event.report.is_none_or(|report| report.outcome.is_answer());
    let succeeded = event.outcome == "permitted" && (200..300).contains(&event.status) && is_answer;
    let mut resource = json!({
        "resourceType": "AuditEvent",
        "type": {"system": EVENT_TYPE, "code": "rest", "display": "Restful Operation"},
        "subtype": [{"system": INTERACTION, "code": if reads { "read" } else { "search" }}],
        "action": if reads { "R" } else { "E" },
        "recorded": event.time,
        "outcome": match event.outcome {
            "fault" => "8",
            _ if event.report.is_some_and(|report| report.outcome == ToolOutcome::Fault) => "8",
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
    let person = |pseudonym: &Pseudonym| {
        json!({"type": "Patient",
               "identifier": {"system": PSEUDONYM_SYSTEM, "value": pseudonym.as_str()}})
    };
    if reads {
        entities.push(json!({
            "type": {"system": ENTITY_TYPE, "code": "2", "display": "System Object"},
            "role": {"system": ROLE, "code": "4", "display": "Domain Resource"},
            "what": patient.map_or_else(|| json!({"display": tool}), person),
        }));
    } else {
        entities.push(json!({
            "type": {"system": ENTITY_TYPE, "code": "2", "display": "System Object"},
            "role": {"system": ROLE, "code": "24", "display": "Query"},
            "query": STANDARD.encode(query.trim_end()),
        }));
    }
    entities.extend(patient.map(|patient| {
        json!({
            "type": {"system": ENTITY_TYPE, "code": "1", "display": "Person"},
            "role": {"system": ROLE, "code": "1", "display": "Patient"},
            "what": person(patient),
        })
    }));
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
