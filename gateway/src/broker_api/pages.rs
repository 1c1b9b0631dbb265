//! The pages that a person sees: consent, error, home. No script, no remote asset, and a policy
//! that says so.

use std::sync::LazyLock;

use askama::Template;
use authz::broker::client::ClientKind;
use authz::broker::consent::ConsentPage;
use authz::broker::error::PageError;
use authz::ids::RequestId;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Response;
use http::header::CONTENT_SECURITY_POLICY;
use sha2::{Digest as _, Sha256};

use crate::respond::{document, insert};
use crate::shared::Shared;

/// The one style sheet. It stands in each page, allowed there by its digest.
const STYLE: &str = include_str!("pages/style.css");

static STYLE_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(STYLE.as_bytes()))));

#[derive(Template)]
#[template(path = "consent.html")]
struct Consent<'p> {
    style: &'static str,
    client_name: &'p str,
    provenance: String,
    is_unverified: bool,
    destination: &'p str,
    is_loopback: bool,
    backend: &'p str,
    backend_host: &'p str,
    permissions: Vec<Permission>,
    request: &'p str,
}

/// A scope token in words.
struct Permission {
    words: String,
    token: String,
}

#[derive(Template)]
#[template(path = "error.html")]
struct Failure<'p> {
    style: &'static str,
    text: &'p str,
    reference: &'p str,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'p> {
    style: &'static str,
    endpoint: &'p str,
    backend: &'p str,
}

/// Asks the person (MCP security best practices, confused deputy).
pub(super) fn consent(gateway: &Shared, page: &ConsentPage) -> Response<Body> {
    let backend = &gateway.config.backend;
    let template = Consent {
        style: STYLE,
        client_name: &page.client_name,
        provenance: page.client_kind.provenance(),
        is_unverified: page.client_kind == ClientKind::SelfRegistered,
        destination: &page.destination,
        is_loopback: page.is_loopback,
        backend: backend.name.as_str(),
        backend_host: backend.public_url.authority(),
        permissions: page.scope.split(' ').filter_map(permission).collect(),
        request: &page.request,
    };
    // Browsers follow the form's redirects with this list, so it names each stop of them.
    let login = backend.endpoints.authorize.origin().ascii_serialization();
    let beyond: String = backend.login_origins.iter().flat_map(|origin| [" ", origin]).collect();
    let action = format!("form-action 'self' {login}{beyond} {}", page.csp_source);
    html(200, &template, &action)
}

/// Says on a page what cannot be said by a redirect.
pub(super) fn error(error: PageError, id: &RequestId) -> Response<Body> {
    failure(error.status(), error.text(), id)
}

/// A page about something that did not go on.
pub(super) fn failure(status: u16, text: &str, id: &RequestId) -> Response<Body> {
    let template = Failure { style: STYLE, text, reference: id.short() };
    html(status, &template, "form-action 'none'")
}

/// Says that the login cannot go on, for a reason that is the operator's to mend.
pub(super) fn failed(id: &RequestId) -> Response<Body> {
    let text = "The login cannot go on: this gateway is not set up correctly. \
                Tell whoever runs it, with the reference below.";
    failure(500, text, id)
}

/// Tells a person how to connect.
pub(super) fn home(gateway: &Shared) -> Response<Body> {
    let endpoint = gateway.broker.urls.resource();
    let backend = gateway.config.backend.name.as_str();
    html(200, &Home { style: STYLE, endpoint: &endpoint, backend }, "form-action 'none'")
}

fn html(status: u16, template: &impl Template, form_action: &str) -> Response<Body> {
    let Ok(text) = template.render() else {
        return document(500, "text/plain; charset=utf-8", "The page could not be written.");
    };
    let mut response = document(status, "text/html; charset=utf-8", text);
    let style = STYLE_SOURCE.as_str();
    let policy = format!(
        "default-src 'none'; style-src {style}; {form_action}; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    insert(response.headers_mut(), CONTENT_SECURITY_POLICY, &policy);
    response
}

/// What a scope token allows, in words; the token stands beside it.
fn permission(token: &str) -> Option<Permission> {
    let (resource, letters) = token.strip_prefix("user/")?.split_once('.')?;
    let what = match resource {
        "*" => "all kinds of records",
        "Consent" => "consents: what patients agreed to share, and what they declined",
        "Device" => "devices and other sources of data",
        "Group" => "studies",
        "Observation" => "observations and measurements",
        "Patient" => "patients: names, birth dates, contact details",
        other => other,
    };
    let verbs = [('r', "read"), ('s', "search"), ('c', "create"), ('u', "change"), ('d', "delete")];
    let verbs: Vec<&str> =
        verbs.iter().filter(|(letter, _)| letters.contains(*letter)).map(|(_, v)| *v).collect();
    let words = format!("{} {what}", verbs.join(" and "));
    Some(Permission { words, token: token.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_who_answers_for_a_clients_name() {
        let document = ClientKind::Document { host: "claude.ai".to_owned() };
        for (kind, words) in [
            (ClientKind::Operator, "Whoever runs this gateway"),
            (document, "The site claude.ai"),
            (ClientKind::SelfRegistered, "nobody has checked it"),
        ] {
            let template = Consent {
                style: STYLE,
                client_name: "Client",
                provenance: kind.provenance(),
                is_unverified: kind == ClientKind::SelfRegistered,
                destination: "claude.ai",
                is_loopback: false,
                backend: "jhe",
                backend_host: "jhe.example",
                permissions: Vec::new(),
                request: "sealed",
            };
            assert!(template.render().unwrap().contains(words), "{words}");
        }
    }

    #[test]
    fn a_clients_name_stays_text() {
        let template = Consent {
            style: STYLE,
            client_name: "<script>alert(1)</script>",
            provenance: ClientKind::SelfRegistered.provenance(),
            is_unverified: true,
            destination: "\"><img src=x>",
            is_loopback: false,
            backend: "jhe",
            backend_host: "jhe.example",
            permissions: Vec::new(),
            request: "sealed",
        };
        let page = template.render().unwrap();
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
    }

    #[test]
    fn a_page_loads_nothing_and_runs_nothing() {
        for page in [
            Home { style: STYLE, endpoint: "https://gateway.example/mcp", backend: "jhe" }.render(),
            Failure { style: STYLE, text: "No.", reference: "1" }.render(),
        ] {
            let page = page.unwrap();
            for remote in ["<script", "src=", "url(", "@import", "<link", " style="] {
                assert!(!page.contains(remote), "{remote}");
            }
        }
    }

    #[test]
    fn a_scope_token_is_put_in_words() {
        for (token, words) in [
            ("user/Patient.rs", "read and search patients"),
            ("user/Consent.rs", "read and search consents: what patients agreed to share"),
            ("user/Device.rs", "read and search devices and other sources of data"),
        ] {
            assert!(permission(token).unwrap().words.starts_with(words), "{token}");
        }
    }
}
