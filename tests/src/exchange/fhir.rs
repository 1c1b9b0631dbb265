//! `/FHIR/R5/`: who may, which interaction, and the shape of answers and errors.

use http::Method;
use serde_json::{Value, json};

use super::introspect::{Unserved, caller};
use super::paging::{self, Page};
use super::wire::{Incoming, Reply};
use super::{Exchange, capability, fhir_read, fhir_search};

/// An error, with the text of its `OperationOutcome`.
#[derive(Debug)]
pub(super) struct Outcome {
    status: u16,
    text: String,
}

impl Outcome {
    pub(super) fn new(status: u16, text: String) -> Self {
        Self { status, text }
    }

    /// An id of another shape, in the words of the server's database layer.
    pub(super) fn not_a_number(text: &str) -> Self {
        Self::new(422, format!("Field 'id' expected a number but got '{text}'."))
    }

    pub(super) fn not_found(kind: &str, id: &str) -> Self {
        Self::new(404, format!("{kind}/{id} not found."))
    }

    fn body(&self) -> Value {
        json!({
            "resourceType": "OperationOutcome",
            "issue": [{ "severity": "error", "code": "processing", "diagnostics": self.text }],
        })
    }
}

/// Serves what lies under `/FHIR/R5/`.
pub(super) fn serve(exchange: &Exchange, incoming: &Incoming, path: &str) -> Reply {
    if path.is_empty() {
        let text = format!("Method \"{}\" not allowed.", incoming.method);
        return Reply::json(405, &json!({ "detail": text }))
            .with("vary", "Accept")
            .with("allow", "POST, OPTIONS");
    }
    if path.ends_with('/') || path.split('/').count() > 2 {
        return Reply::not_found();
    }
    let answer = answer(exchange, incoming, path);
    let reply = match answer {
        Ok(body) => Reply::json(200, &body),
        Err(outcome) => Reply::json(outcome.status, &outcome.body()),
    };
    let asked = incoming.header("accept").unwrap_or_default();
    let reply = if asked.starts_with("application/fhir+json") {
        reply.with("content-type", "application/fhir+json")
    } else {
        reply
    };
    reply.with("vary", "Accept").with("allow", "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS")
}

fn answer(exchange: &Exchange, incoming: &Incoming, path: &str) -> Result<Value, Outcome> {
    if !accepts_json(incoming.header("accept")) {
        let text = "Could not satisfy the request Accept header.";
        return Err(Outcome::new(406, text.to_owned()));
    }
    let person = caller(exchange, incoming).map_err(|why| match why {
        Unserved::NoToken | Unserved::BadToken(_) => {
            Outcome::new(401, "Authentication credentials were not provided.".to_owned())
        }
        Unserved::Nobody => {
            let text = "You do not have permission to perform this action.";
            Outcome::new(403, text.to_owned())
        }
    })?;
    let (kind, id) = path.split_once('/').map_or((path, None), |(kind, id)| (kind, Some(id)));
    let kind = capability::kind(kind)
        .ok_or_else(|| Outcome::new(404, format!("Unsupported FHIR resource type: {kind}.")))?;
    match (&incoming.method, id) {
        (&Method::GET | &Method::HEAD, None) | (&Method::POST, Some("_search")) => {
            let hits = fhir_search::search(exchange, incoming, person, kind)?;
            bundle(exchange, incoming, &hits)
        }
        (&Method::GET | &Method::HEAD, Some(id)) => fhir_read::read(exchange, person, kind, id),
        (&Method::POST, None) => Err(unsupported("Creation", kind.name)),
        (&Method::DELETE, _) => Err(unsupported("Deletion", kind.name)),
        _ => Err(unsupported("Update", kind.name)),
    }
}

fn unsupported(what: &str, kind: &str) -> Outcome {
    Outcome::new(405, format!("{what} of a {kind} record is not supported."))
}

/// Whether one of the accepted media types is one of the server's two.
pub(super) fn accepts_json(accept: Option<&str>) -> bool {
    let known = ["*/*", "application/*", "application/json", "application/fhir+json"];
    let asked = accept.unwrap_or("*/*");
    asked
        .split(',')
        .filter_map(|part| part.split(';').next())
        .any(|part| known.contains(&part.trim()))
}

/// One page of hits; the self link repeats the request as it was sent.
fn bundle(
    exchange: &Exchange,
    incoming: &Incoming,
    hits: &[fhir_read::Hit<'_>],
) -> Result<Value, Outcome> {
    let mut links = vec![link("self", &format!("{}{}", incoming.base(), incoming.target()))];
    let mut entries = Vec::new();
    if incoming.query.last("_summary") != Some("count") {
        let page = Page::of(incoming, paging::FHIR, hits.len())
            .map_err(|_| Outcome::new(404, "Invalid page.".to_owned()))?;
        links.extend(page.previous.iter().map(|url| link("previous", url)));
        links.extend(page.next.iter().map(|url| link("next", url)));
        let shown = hits.iter().skip(page.first).take(page.size);
        entries.extend(shown.map(|hit| json!({ "resource": hit.resource(exchange.anchor()) })));
    }
    Ok(json!({
        "resourceType": "Bundle",
        "type": "searchset",
        "total": hits.len(),
        "entry": entries,
        "link": links,
        "meta": {},
    }))
}

fn link(relation: &str, url: &str) -> Value {
    json!({ "relation": relation, "url": url })
}
