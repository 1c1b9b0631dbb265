//! `/o/token/`: codes, refresh tokens and client credentials become access tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Exchange;
use super::fault::Lie;
use super::jwt::at_hash;
use super::session::{Application, Grant, Pair};
use super::wire::{Incoming, Pairs, Reply};

/// An id token lives this long, in seconds.
const ID_TOKEN_LIFE: i64 = 36_000;

/// Redeems a grant.
pub(super) fn token(exchange: &Exchange, incoming: &Incoming) -> Reply {
    if incoming.method != Method::POST {
        return Reply::html(405, String::new()).with("allow", "POST, OPTIONS");
    }
    let form = incoming.form();
    let grant_type = form.last("grant_type").unwrap_or_default();
    let known = ["authorization_code", "refresh_token", "client_credentials", "password"];
    if !known.contains(&grant_type) {
        return refused("unsupported_grant_type", None);
    }
    let Some(application) = client(exchange, incoming, &form) else { return wrong_client() };
    let answer = match (grant_type, application.service_account) {
        ("client_credentials", true) => Ok(service(exchange, &application)),
        ("authorization_code", false) => redeem(exchange, &application, &form),
        ("refresh_token", false) => refresh(exchange, &application, &form),
        _ => Err(refused("unauthorized_client", None)),
    };
    match answer {
        Err(reply) => reply,
        Ok((grant, pair)) => issued(exchange, incoming, &grant, &pair),
    }
}

/// The application that these credentials prove, by Basic or by form fields.
pub(super) fn client(
    exchange: &Exchange,
    incoming: &Incoming,
    form: &Pairs,
) -> Option<Application> {
    let (id, secret) = match incoming.basic() {
        Some((id, secret)) => (id, Some(secret)),
        None => (form.last("client_id")?.to_owned(), form.last("client_secret").map(str::to_owned)),
    };
    let application = exchange.application(&id)?;
    (application.client_secret.is_none() || application.client_secret == secret)
        .then_some(application)
}

/// 401: the client's own credentials are wrong.
pub(super) fn wrong_client() -> Reply {
    no_store(Reply::json(401, &json!({ "error": "invalid_client" })))
        .with("www-authenticate", "Bearer error=\"invalid_client\"")
}

fn no_store(reply: Reply) -> Reply {
    reply.with("cache-control", "no-store").with("pragma", "no-cache")
}

fn refused(error: &str, description: Option<&str>) -> Reply {
    let mut body = json!({ "error": error });
    if let (Some(text), Some(members)) = (description, body.as_object_mut()) {
        members.insert("error_description".to_owned(), text.into());
    }
    no_store(Reply::json(400, &body))
}

type Redeemed = Result<(Grant, Pair), Reply>;

#[expect(clippy::result_large_err, reason = "the refusal is the answer, written once and sent")]
fn redeem(exchange: &Exchange, application: &Application, form: &Pairs) -> Redeemed {
    let name = form.last("code").unwrap_or_default();
    let mut accounts = exchange.accounts();
    let code = accounts
        .code(name)
        .filter(|code| code.grant.client_id == application.client_id)
        .filter(|code| exchange.now() < code.expires)
        .cloned()
        .ok_or_else(|| refused("invalid_grant", None))?;
    let verifier = form
        .filled("code_verifier")
        .ok_or_else(|| refused("invalid_request", Some("Code verifier required.")))?;
    if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != code.challenge {
        return Err(refused("invalid_grant", None));
    }
    if form.last("redirect_uri") != Some(&code.redirect_uri) {
        return Err(refused("invalid_request", Some("Mismatching redirect URI.")));
    }
    let grant = narrowed(code.grant, form)?;
    accounts.spend_code(name);
    let pair = accounts.issue(&grant, exchange.now());
    Ok((grant, pair))
}

#[expect(clippy::result_large_err, reason = "the refusal is the answer, written once and sent")]
fn refresh(exchange: &Exchange, application: &Application, form: &Pairs) -> Redeemed {
    let name = form.last("refresh_token").unwrap_or_default();
    let mut accounts = exchange.accounts();
    let mut grant = accounts
        .refresh_grant(name, &application.client_id)
        .cloned()
        .ok_or_else(|| refused("invalid_grant", None))?;
    if let Some(scope) = form.filled("scope") {
        if !scope.split(' ').all(|token| grant.has_scope(token)) {
            return Err(refused("invalid_scope", None));
        }
        scope.clone_into(&mut grant.scope);
    }
    let grant = narrowed(grant, form)?;
    accounts.revoke(name);
    let pair = accounts.issue(&grant, exchange.now());
    Ok((grant, pair))
}

/// RFC 8707 §2.2: a token request may ask for fewer resources than were granted, never for others.
#[expect(clippy::result_large_err, reason = "the refusal is the answer, written once and sent")]
fn narrowed(mut grant: Grant, form: &Pairs) -> Result<Grant, Reply> {
    let asked: Vec<_> = form.all("resource").map(str::to_owned).collect();
    if let Some(other) = asked.iter().find(|resource| !grant.resources.contains(resource)) {
        let text = format!(
            "The requested resource '{other}' is not allowed. Token request cannot escalate \
             resource permissions beyond the original authorization grant"
        );
        let body = json!({ "error": "invalid_target", "error_description": text });
        return Err(Reply::json_as_html(400, &body));
    }
    if !asked.is_empty() {
        grant.resources = asked;
    }
    Ok(grant)
}

fn service(exchange: &Exchange, application: &Application) -> (Grant, Pair) {
    let grant = Grant {
        client_id: application.client_id.clone(),
        person: None,
        scope: "openid email".to_owned(),
        resources: Vec::new(),
        nonce: None,
        logged_in_at: exchange.now(),
    };
    let pair = exchange.accounts().issue(&grant, exchange.now());
    (grant, pair)
}

fn issued(exchange: &Exchange, incoming: &Incoming, grant: &Grant, pair: &Pair) -> Reply {
    let mut body = json!({
        "access_token": pair.access_token,
        "expires_in": super::session::TOKEN_LIFE.as_secs(),
        "token_type": "Bearer",
        "scope": grant.scope,
    });
    let id_token = id_claims(incoming, grant, pair, exchange.now())
        .and_then(|claims| exchange.signer.sign(&claims).ok());
    let optional =
        [("refresh_token", pair.refresh_token.clone()), ("id_token", id_token)].into_iter();
    if let Some(members) = body.as_object_mut() {
        for (name, value) in optional.filter_map(|(name, value)| Some((name, value?))) {
            members.insert(name.to_owned(), value.into());
        }
    }
    no_store(Reply::json(200, &body))
}

/// Only a person who granted `openid` has an id token.
fn id_claims(incoming: &Incoming, grant: &Grant, pair: &Pair, now: Timestamp) -> Option<Value> {
    let person = grant.person.filter(|_| grant.has_scope("openid"))?;
    let mut issuer = format!("{}/o", incoming.base());
    let mut audience = grant.client_id.clone();
    let mut made_at = now;
    match &incoming.lie {
        Some(Lie::Issuer(other)) => issuer.clone_from(other),
        Some(Lie::Audience(other)) => audience.clone_from(other),
        Some(Lie::ExpiredIdToken) => {
            let back = SignedDuration::from_secs(ID_TOKEN_LIFE + 3600);
            made_at = now.saturating_sub(back).unwrap_or(now);
        }
        _ => {}
    }
    let mut claims = json!({
        "iss": issuer,
        "aud": audience,
        "sub": person.user_id.to_string(),
        "iat": made_at.as_second(),
        "exp": made_at.as_second() + ID_TOKEN_LIFE,
        "auth_time": grant.logged_in_at.as_second(),
        "at_hash": at_hash(&pair.access_token),
    });
    if let Some(members) = claims.as_object_mut() {
        if grant.has_scope("email") {
            members.insert("email".to_owned(), person.email().into());
        }
        if let Some(nonce) = &grant.nonce {
            members.insert("nonce".to_owned(), nonce.as_str().into());
        }
    }
    Some(claims)
}
