//! One record: found by its id, and written as its resource.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::capability::Kind;
use super::fhir::Outcome;
use super::imported::{Imported, Source};
use super::observations::Row;
use super::people::{Organization, Person, patient_by_id};
use super::studies::{DataSource, Study};
use super::wire::Pairs;
use super::{Exchange, fhir_search, imported, omh, people};

const MODEL: &str = "https://jupyterhealth.org/fhir/CodeSystem/model";

/// A record that was found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hit<'a> {
    Observation(&'a Row),
    Patient(&'static Person),
    Practitioner(&'static Person),
    Group(&'static Study),
    Organization(&'static Organization),
    Device(&'static DataSource),
    Imported(&'static Imported),
}

impl Hit<'_> {
    /// The id, by which ties are broken.
    pub(super) fn number(&self) -> u32 {
        match self {
            Self::Observation(row) => row.id,
            Self::Patient(person) | Self::Practitioner(person) => person.resource_id,
            Self::Group(study) => study.id,
            Self::Organization(organization) => organization.id,
            Self::Device(source) => source.id,
            Self::Imported(row) => row.number(),
        }
    }

    pub(super) fn id(&self) -> String {
        match self {
            Self::Imported(row) => row.id(),
            Self::Observation(_)
            | Self::Patient(_)
            | Self::Practitioner(_)
            | Self::Group(_)
            | Self::Organization(_)
            | Self::Device(_) => self.number().to_string(),
        }
    }

    /// What records that are not measurements are listed by.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Patient(person) | Self::Practitioner(person) => person.family,
            Self::Group(study) => study.name,
            Self::Organization(organization) => organization.name,
            Self::Device(source) => source.name,
            Self::Observation(_) | Self::Imported(_) => "",
        }
    }

    /// When it was last written.
    pub(super) fn updated(&self, anchor: i64) -> i64 {
        match self {
            Self::Observation(row) => row.updated(anchor),
            Self::Imported(row) => row.updated(anchor),
            Self::Patient(_)
            | Self::Practitioner(_)
            | Self::Group(_)
            | Self::Organization(_)
            | Self::Device(_) => anchor - 3_000_000 + i64::from(self.number()),
        }
    }

    pub(super) fn resource(&self, anchor: i64) -> Value {
        let meta = json!({
            "lastUpdated": omh::instant(self.updated(anchor)),
            "source": "https://jupyterhealth.org/jhe",
        });
        let id = self.id();
        let named = |kind: &str, name: &str, code: &str| {
            json!({
                "resourceType": kind, "id": id, "meta": meta, "name": name,
                "type": { "coding": [{ "system": MODEL, "code": code }] },
            })
        };
        match self {
            Self::Observation(row) => observation(row, &meta),
            Self::Patient(person) => patient(person, &meta),
            Self::Imported(row) => row.resource(),
            Self::Organization(o) => named("Organization", o.name, "organization"),
            Self::Device(source) => named("Device", source.name, "data-source"),
            Self::Group(study) => {
                with(named("Group", study.name, "study"), "membership", "enumerated".into())
            }
            Self::Practitioner(person) => json!({
                "resourceType": "Practitioner", "id": id, "meta": meta,
                "name": [{ "family": person.family, "given": [person.given] }],
            }),
        }
    }
}

fn with(mut resource: Value, name: &str, value: Value) -> Value {
    if let Some(members) = resource.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
    resource
}

fn observation(row: &Row, meta: &Value) -> Value {
    let user = patient_by_id(row.patient).map(|patient| patient.user_id.to_string());
    let resource = json!({
        "resourceType": "Observation",
        "id": row.id.to_string(),
        "meta": meta,
        "status": "final",
        "code": { "coding": [{
            "system": row.code.system, "code": row.code.value, "display": row.code.text,
        }] },
        "subject": {
            "reference": format!("Patient/{}", row.patient),
            "identifier": {
                "system": "https://jupyterhealth.org/fhir/identifier/jhe-user-id",
                "value": user.unwrap_or_default(),
            },
        },
        "valueAttachment": {
            "contentType": "application/json",
            "data": STANDARD.encode(omh::data_point(row)),
        },
    });
    let start = omh::instant(row.start);
    match (row.effective(), row.end) {
        (None, _) => resource,
        (Some(_), None) => with(resource, "effectiveDateTime", start.into()),
        (Some(_), Some(end)) => {
            let period = json!({ "start": start, "end": omh::instant(end) });
            with(resource, "effectivePeriod", period)
        }
    }
}

fn patient(person: &Person, meta: &Value) -> Value {
    let resource = json!({
        "resourceType": "Patient",
        "id": person.resource_id.to_string(),
        "meta": meta,
        "name": [{ "family": person.family, "given": [person.given] }],
        "birthDate": person.birth_date,
        "telecom": [
            { "system": "phone", "value": person.phone(), "use": "mobile" },
            { "system": "email", "value": person.email(), "use": "home" },
        ],
    });
    let identifiers: Vec<_> = person
        .identifiers()
        .into_iter()
        .map(|(_, system, value)| json!({ "system": system, "value": value }))
        .collect();
    if identifiers.is_empty() { resource } else { with(resource, "identifier", identifiers.into()) }
}

/// Reads one record: an integer names a native one, a UUID an imported one.
pub(super) fn read(
    exchange: &Exchange,
    caller: &'static Person,
    kind: &Kind,
    id: &str,
) -> Result<Value, Outcome> {
    let missing = || Outcome::not_found(kind.name, id);
    let none = Pairs::default();
    if uuid::Uuid::try_parse(id).is_ok() {
        let visible: Vec<_> = people::patients_visible_to(caller).collect();
        let of = (kind.name, exchange.habits.is_grown());
        let rows = imported::matching(of, Source::Imported, &visible, &none);
        let row = rows.into_iter().find(|row| row.id() == id).ok_or_else(missing)?;
        return Ok(row.resource());
    }
    let Ok(number) = id.parse::<u64>() else {
        return Err(if kind.native {
            Outcome::not_a_number(id)
        } else {
            Outcome::new(405, "Method \"GET\" not allowed.".to_owned())
        });
    };
    let hits = fhir_search::native(exchange, caller, kind.name, None);
    let hit = hits.iter().find(|hit| u64::from(hit.number()) == number).ok_or_else(missing)?;
    Ok(hit.resource(exchange.anchor()))
}
