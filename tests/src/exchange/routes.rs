//! Which path is served by what. Paths are compared exactly: case and slashes matter.

use http::Method;

use super::wire::{Incoming, Reply};
use super::{Exchange, capability, discovery, fhir, introspect, login_page, oauth, rest, token};

/// Serves a request.
pub(super) fn dispatch(exchange: &Exchange, incoming: &Incoming) -> Reply {
    let path = incoming.path.as_str();
    if let Some(rest_of_path) = path.strip_prefix("/o/") {
        return under_o(exchange, incoming, rest_of_path).cors();
    }
    if path.starts_with("/FHIR/") && path.ends_with("/metadata") {
        return capability::metadata(exchange, incoming).cors();
    }
    if let Some(rest_of_path) = path.strip_prefix("/FHIR/R5/") {
        return match rest_of_path {
            ".well-known/smart-configuration" => discovery::smart(incoming).cors(),
            _ => fhir::serve(exchange, incoming, rest_of_path),
        };
    }
    if let Some(rest_of_path) = path.strip_prefix("/api/v1/") {
        return rest::serve(exchange, incoming, rest_of_path);
    }
    match path {
        "/health" => discovery::health(),
        "/accounts/login/" => oauth::login(exchange, incoming),
        "/" => Reply::html(200, login_page::portal()),
        _ => Reply::not_found(),
    }
}

fn under_o(exchange: &Exchange, incoming: &Incoming, path: &str) -> Reply {
    if incoming.method == Method::OPTIONS {
        return Reply::html(204, String::new());
    }
    if let Some(name) = path.strip_prefix(".well-known/") {
        return discovery::document(exchange, incoming, name.trim_end_matches('/'));
    }
    match path {
        "authorize/" => oauth::authorize(exchange, incoming).with("vary", "Cookie"),
        "token/" => token::token(exchange, incoming),
        "introspect/" => introspect::introspect(exchange, incoming),
        "userinfo/" => introspect::userinfo(exchange, incoming),
        "revoke_token/" => introspect::revoke(exchange, incoming),
        "authorize" | "token" | "introspect" | "userinfo" | "revoke_token" => moved(incoming),
        "register/" => Reply::json(404, &serde_json::json!({ "error": "not_found" })),
        _ => Reply::not_found(),
    }
}

/// A missing slash is a redirect, which nobody should follow with a token.
fn moved(incoming: &Incoming) -> Reply {
    let query = incoming.raw_query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    Reply::html(301, String::new()).with("location", &format!("{}/{query}", incoming.path))
}
