//! `patients/{id}/consents`: what one patient agreed to share, and what is still open.

use serde_json::{Value, json};

use super::people::{Person, patients_visible_to};
use super::rest::{Refused, code_item, patient_item, study_item};
use super::studies::{CODES, SOURCES, STUDIES, Study};
use super::{Exchange, omh};

/// The consents of a patient whom the caller shares an organization with.
pub(super) fn of(exchange: &Exchange, caller: &'static Person, id: u32) -> Result<Value, Refused> {
    let text = "This Practitioner not authorized to access this Patient";
    let patient = patients_visible_to(caller)
        .find(|patient| patient.resource_id == id)
        .ok_or_else(|| Refused::detail(403, text))?;
    let enrolled = |pending: bool| {
        STUDIES.iter().filter(move |study| study.enrolls(id) && study.pending == pending)
    };
    let consented = CODES.iter().filter(|code| enrolled(false).any(|study| study.requests(**code)));
    let at = omh::instant(exchange.anchor() - 1_500_000);
    let studies = |pending: bool| -> Vec<Value> {
        enrolled(pending).map(|study| consent_item(study, &at)).collect()
    };
    Ok(json!({
        "patient": patient_item(patient),
        "consolidatedConsentedScopes": consented.map(|code| code_item(*code)).collect::<Vec<_>>(),
        "studiesPendingConsent": studies(true),
        "studies": studies(false),
    }))
}

fn consent_item(study: &Study, at: &str) -> Value {
    let consents: Vec<_> = study
        .codes
        .iter()
        .map(|code| {
            let (consented, time) =
                if study.pending { (None, None) } else { (Some(true), Some(at)) };
            json!({ "code": code_item(*code), "consented": consented, "consentedTime": time })
        })
        .collect();
    let sources: Vec<_> = SOURCES
        .iter()
        .filter(|source| study.sources.contains(&source.id))
        .map(|source| {
            let codes: Vec<_> = source.codes.iter().map(|code| code_item(*code)).collect();
            json!({
                "id": source.id, "name": source.name, "type": source.kind, "supportedScopes": codes,
            })
        })
        .collect();
    let member = if study.pending { "pendingScopeConsents" } else { "scopeConsents" };
    let mut item = study_item(study);
    if let Some(members) = item.as_object_mut() {
        members.remove("iconUrl");
        members.insert("dataSources".to_owned(), sources.into());
        members.insert(member.to_owned(), consents.into());
    }
    item
}
