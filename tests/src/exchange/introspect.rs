//! What the Exchange says of its tokens: introspection, userinfo, revocation, and to its own API.

use http::Method;
use serde_json::json;

use super::Exchange;
use super::people::Person;
use super::session::AccessToken;
use super::token::{client, wrong_client};
use super::wire::{Incoming, Reply};

/// `/o/introspect/` (RFC 7662): wrong client credentials are 403 here, not 401.
pub(super) fn introspect(exchange: &Exchange, incoming: &Incoming) -> Reply {
    let form = incoming.form();
    let caller = client(exchange, incoming, &form);
    if caller.is_none_or(|application| application.client_secret.is_none()) {
        return Reply::html(403, String::new());
    }
    let Some(name) = form.filled("token") else {
        let text = "Token parameter is missing.";
        return Reply::json(400, &json!({ "error": "invalid_request", "error_description": text }));
    };
    let accounts = exchange.accounts();
    let Some(token) = accounts.access(name).filter(|token| exchange.now() < token.expires) else {
        return Reply::json(200, &json!({ "active": false }));
    };
    let mut body = json!({
        "active": true,
        "scope": token.grant.scope,
        "exp": token.expires.as_second(),
        "client_id": token.grant.client_id,
    });
    if let Some(members) = body.as_object_mut() {
        if let Some(person) = token.grant.person {
            members.insert("username".to_owned(), person.email().into());
        }
        if !token.grant.resources.is_empty() {
            members.insert("aud".to_owned(), json!(token.grant.resources));
        }
    }
    Reply::json(200, &body)
}

/// `/o/userinfo/`: for a person who granted `openid`, under an unbound token.
pub(super) fn userinfo(exchange: &Exchange, incoming: &Incoming) -> Reply {
    let accounts = exchange.accounts();
    let token = incoming
        .bearer()
        .and_then(|name| accounts.access(name))
        .filter(|token| exchange.now() < token.expires)
        .filter(|token| token.grant.has_scope("openid") && token.grant.resources.is_empty());
    match token.map(|token| token.grant.person) {
        None => {
            let text = "The access token provided is expired, revoked, malformed, or invalid for \
                        other reasons.";
            let body = json!({ "error": "invalid_token", "error_description": text });
            let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{text}\"");
            Reply::json_as_html(401, &body).with("www-authenticate", &challenge)
        }
        Some(None) => Reply::server_error(),
        Some(Some(person)) => {
            let sub = person.user_id.to_string();
            Reply::json(200, &json!({ "sub": sub, "email": person.email() }))
        }
    }
}

/// `/o/revoke_token/` (RFC 7009): an unknown token is revoked as well.
pub(super) fn revoke(exchange: &Exchange, incoming: &Incoming) -> Reply {
    if incoming.method != Method::POST {
        return Reply::html(405, String::new()).with("allow", "POST, OPTIONS");
    }
    let form = incoming.form();
    if client(exchange, incoming, &form).is_none() {
        return wrong_client();
    }
    if let Some(name) = form.last("token") {
        exchange.accounts().revoke(name);
    }
    Reply::html(200, String::new())
}

/// Why the API does not serve a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unserved {
    /// No token at all.
    NoToken,
    /// A token, and what is wrong with it.
    BadToken(&'static str),
    /// A live token that stands for nobody.
    Nobody,
}

/// Who calls the API.
pub(super) fn caller(
    exchange: &Exchange,
    incoming: &Incoming,
) -> Result<&'static Person, Unserved> {
    let name = incoming.bearer().ok_or(Unserved::NoToken)?;
    let accounts = exchange.accounts();
    let token = accounts.access(name).ok_or(Unserved::BadToken("The access token is invalid."))?;
    if exchange.now() >= token.expires {
        return Err(Unserved::BadToken("The access token has expired."));
    }
    if !is_meant_for(token, &incoming.base()) {
        return Err(Unserved::BadToken("The access token is not valid for this resource."));
    }
    token.grant.person.ok_or(Unserved::Nobody)
}

fn is_meant_for(token: &AccessToken, base: &str) -> bool {
    let under = |resource: &String| resource.trim_end_matches('/') == base;
    token.grant.resources.is_empty() || token.grant.resources.iter().any(under)
}
