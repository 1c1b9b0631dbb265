//! `/api/v1`: studies, their patients, users, consents.

use http::Method;
use serde_json::{Value, json};

use super::introspect::{Unserved, caller};
use super::paging::{self, Page};
use super::people::{Organization, PEOPLE, Person, organization_by_id};
use super::studies::{CODES, Code, Study, studies_visible_to, study_by_id};
use super::wire::{Incoming, Reply, escaped};
use super::{Exchange, consents, oauth};

/// A refusal, with its text.
#[derive(Debug)]
pub(super) enum Refused {
    /// `{"detail": …}` under this status.
    Detail(u16, String),
    /// A page: the path does not exist, or the server broke.
    NotFound,
    /// An id that is not a number breaks the server.
    Broken,
}

impl Refused {
    pub(super) fn detail(status: u16, text: &str) -> Self {
        Self::Detail(status, text.to_owned())
    }
}

/// Serves what lies under `/api/v1/`; there is no trailing slash.
pub(super) fn serve(exchange: &Exchange, incoming: &Incoming, path: &str) -> Reply {
    let segments: Vec<_> = path.split('/').collect();
    let Some(allow) = methods(&segments) else { return Reply::not_found() };
    let finish = |reply: Reply| reply.with("vary", "Accept").with("allow", allow);
    let person = match caller(exchange, incoming) {
        Ok(person) => person,
        Err(why) => return finish(unserved(why)),
    };
    if ![Method::GET, Method::HEAD].contains(&incoming.method) {
        let text = format!("Method \"{}\" not allowed.", incoming.method);
        return finish(Reply::json(405, &json!({ "detail": text })));
    }
    let asked = incoming.header("accept").unwrap_or("*/*");
    let browser = asked.starts_with("text/html");
    if !browser && !["*/*", "application/json", "application/*"].iter().any(|t| asked.contains(t)) {
        let text = "Could not satisfy the request Accept header.";
        return finish(Reply::json(406, &json!({ "detail": text })));
    }
    match answer(exchange, incoming, person, &segments) {
        Ok(body) if browser => {
            let text = escaped(&format!("{body:#}"));
            finish(Reply::html(200, format!("<!doctype html><title>API</title><pre>{text}</pre>")))
                .with("vary", "Accept, Cookie")
                .with("set-cookie", &oauth::csrf_cookie(&exchange.accounts().draw()))
        }
        Ok(body) => finish(Reply::json(200, &body)),
        Err(Refused::Detail(status, text)) => {
            finish(Reply::json(status, &json!({ "detail": text })))
        }
        Err(Refused::NotFound) => Reply::not_found(),
        Err(Refused::Broken) => Reply::server_error(),
    }
}

fn methods(segments: &[&str]) -> Option<&'static str> {
    match segments {
        ["studies"] => Some("GET, POST, HEAD, OPTIONS"),
        ["studies", id] if !id.is_empty() => Some("GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
        ["studies", _, "patients"] => Some("GET, POST, DELETE, HEAD, OPTIONS"),
        ["patients", _, "consents"] => Some("GET, POST, PATCH, DELETE, HEAD, OPTIONS"),
        ["users", "profile" | "organizations"] | ["data_sources", "all_scopes"] => {
            Some("GET, HEAD, OPTIONS")
        }
        _ => None,
    }
}

fn unserved(why: Unserved) -> Reply {
    let detail = |status, text: &str| Reply::json(status, &json!({ "detail": text }));
    let missing = "Authentication credentials were not provided.";
    match why {
        Unserved::NoToken => detail(401, missing).with("www-authenticate", "Bearer realm=\"api\""),
        Unserved::BadToken(text) => {
            let challenge = format!(
                "Bearer realm=\"api\",error=\"invalid_token\",error_description=\"{text}\""
            );
            detail(401, missing).with("www-authenticate", &challenge)
        }
        Unserved::Nobody => detail(403, "You do not have permission to perform this action."),
    }
}

fn answer(
    exchange: &Exchange,
    incoming: &Incoming,
    person: &'static Person,
    segments: &[&str],
) -> Result<Value, Refused> {
    match segments {
        ["studies"] => {
            practitioners_only(person)?;
            let studies: Vec<_> = studies_visible_to(person).into_iter().map(study_item).collect();
            page(incoming, &studies)
        }
        ["studies", id] => {
            practitioners_only(person)?;
            let id = number(id)?;
            let study = study_by_id(id).filter(|study| study.visible_to(person));
            let text = "Current User does not have authorization to access this Study.";
            study.map(study_item).ok_or_else(|| Refused::detail(403, text))
        }
        ["studies", id, "patients"] => {
            let patients = study_patients(person, number(id)?);
            if exchange.habits.lists_bare_patients() {
                return Ok(patients.into());
            }
            page(incoming, &patients)
        }
        ["patients", id, "consents"] => consents::of(exchange, person, number(id)?),
        ["users", "profile"] => Ok(profile(person)),
        ["users", "organizations"] => {
            let own = person.organizations.iter().filter_map(|id| organization_by_id(*id));
            Ok(own.map(organization_item).collect())
        }
        ["data_sources", "all_scopes"] => {
            let added = exchange.habits.added_codes();
            Ok(CODES.iter().chain(&added).map(|code| code_item(*code)).collect())
        }
        _ => Err(Refused::NotFound),
    }
}

fn practitioners_only(person: &Person) -> Result<(), Refused> {
    if person.is_patient() {
        return Err(Refused::detail(404, "No Practitioner matches the given query."));
    }
    Ok(())
}

fn number(text: &str) -> Result<u32, Refused> {
    text.parse().map_err(|_| Refused::Broken)
}

fn page(incoming: &Incoming, items: &[Value]) -> Result<Value, Refused> {
    let page = Page::of(incoming, paging::REST, items.len())
        .map_err(|_| Refused::detail(404, "Invalid page."))?;
    let results: Vec<_> = items.iter().skip(page.first).take(page.size).collect();
    Ok(json!({
        "count": items.len(), "next": page.next, "previous": page.previous, "results": results,
    }))
}

/// A study that is foreign or missing, or asked for by a patient, has no patients.
fn study_patients(person: &Person, id: u32) -> Vec<Value> {
    let study = study_by_id(id).filter(|study| !person.is_patient() && study.visible_to(person));
    let Some(study) = study else { return Vec::new() };
    PEOPLE
        .iter()
        .filter(|other| other.is_patient() && study.enrolls(other.resource_id))
        .map(patient_item)
        .collect()
}

/// A study as lists and consents show it.
pub(super) fn study_item(study: &Study) -> Value {
    let organization = organization_by_id(study.organization)
        .map(|o| json!({ "id": o.id, "name": o.name, "type": o.kind }));
    json!({
        "id": study.id,
        "name": study.name,
        "description": study.description,
        "organization": organization,
        "iconUrl": null,
    })
}

/// A patient as lists and consents show them.
pub(super) fn patient_item(person: &Person) -> Value {
    let identifier = |(id, system, value): (u32, &str, String)| json!({ "id": id, "system": system, "value": value });
    json!({
        "id": person.resource_id,
        "jheUserId": person.user_id,
        "identifiers": person.identifiers().into_iter().map(identifier).collect::<Vec<_>>(),
        "nameFamily": person.family,
        "nameGiven": person.given,
        "birthDate": person.birth_date,
        "telecomPhone": person.phone(),
        "telecomEmail": person.email(),
        "organizations": person
            .organizations
            .iter()
            .filter_map(|id| organization_by_id(*id))
            .map(organization_item)
            .collect::<Vec<_>>(),
    })
}

fn organization_item(organization: &Organization) -> Value {
    json!({
        "id": organization.id,
        "name": organization.name,
        "type": organization.kind,
        "partOf": organization.part_of,
        "currentUserRole": null,
        "children": [],
    })
}

/// A code as consents and vocabularies show it.
pub(super) fn code_item(code: Code) -> Value {
    json!({
        "id": code.id, "codingSystem": code.system, "codingCode": code.value, "text": code.text,
    })
}

/// Patients are shown without name and address; their own id is that of their FHIR Patient.
fn profile(person: &Person) -> Value {
    let patient = person.is_patient();
    let shown = |text: String| if patient { Value::Null } else { Value::from(text) };
    json!({
        "id": person.user_id,
        "email": shown(person.email()),
        "firstName": shown(person.given.to_owned()),
        "lastName": shown(person.family.to_owned()),
        "patient": null,
        "userType": if patient { "patient" } else { "practitioner" },
        "isSuperuser": person.kind == super::people::Kind::Superuser,
    })
}
