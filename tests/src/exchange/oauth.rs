//! Login and authorization: the part of OAuth that happens in the browser.

use http::Method;
use url::Url;
use url::form_urlencoded::{self, byte_serialize};

use super::people::{PASSWORD, by_login};
use super::session::{Application, CODE_LIFE, Code, Grant};
use super::wire::{Incoming, Pairs, Reply};
use super::{Exchange, login_page};

/// A `next` longer than this is dropped: the login succeeds and the way back is lost.
const MAX_NEXT: usize = 2048;
const COOKIE_AGE: &str = "Path=/; SameSite=Lax";

/// `/accounts/login/`: the form, and the attempt to log in.
pub(super) fn login(exchange: &Exchange, incoming: &Incoming) -> Reply {
    if incoming.method != Method::POST {
        return form(exchange, incoming, 200, false);
    }
    let fields = incoming.form();
    if !has_csrf(incoming, &fields) {
        return forbidden();
    }
    let person = fields.last("username").and_then(by_login);
    let Some(person) = person.filter(|_| fields.last("password") == Some(PASSWORD)) else {
        return form(exchange, incoming, 200, true);
    };
    let next = incoming.query.filled("next").filter(|next| is_safe(next)).unwrap_or("/");
    let session = exchange.accounts().log_in(person, exchange.now());
    let csrf = exchange.accounts().draw();
    Reply::redirect(next)
        .with("cache-control", "max-age=0, no-cache, no-store, must-revalidate, private")
        .with("vary", "Cookie")
        .with("set-cookie", &csrf_cookie(&csrf))
        .with(
            "set-cookie",
            &format!("sessionid={session}; HttpOnly; Max-Age=1209600; {COOKIE_AGE}"),
        )
}

fn form(exchange: &Exchange, incoming: &Incoming, status: u16, wrong: bool) -> Reply {
    let csrf = csrf_of(exchange, incoming);
    Reply::html(status, login_page::login(&csrf, wrong))
        .with("cache-control", "max-age=0, no-cache, no-store, must-revalidate, private")
        .with("vary", "Cookie")
        .with("set-cookie", &csrf_cookie(&csrf))
}

/// The browser's value if it has one, so that two open tabs do not spoil each other.
fn csrf_of(exchange: &Exchange, incoming: &Incoming) -> String {
    let sane = |value: &&str| value.len() == 30 && value.bytes().all(|b| b.is_ascii_alphanumeric());
    incoming
        .cookie("csrftoken")
        .filter(sane)
        .map_or_else(|| exchange.accounts().draw(), str::to_owned)
}

/// The cookie that a form's hidden field must repeat.
pub(super) fn csrf_cookie(csrf: &str) -> String {
    format!("csrftoken={csrf}; Max-Age=31449600; {COOKIE_AGE}")
}

fn has_csrf(incoming: &Incoming, fields: &Pairs) -> bool {
    let cookie = incoming.cookie("csrftoken");
    cookie.is_some() && cookie == fields.last("csrfmiddlewaretoken")
}

fn forbidden() -> Reply {
    Reply::page(403, "Forbidden", "CSRF verification failed. Request aborted.")
}

/// Only a path of this server, and a short one.
fn is_safe(next: &str) -> bool {
    next.len() <= MAX_NEXT && next.starts_with('/') && !next.starts_with("//")
}

/// `/o/authorize/`: a code for the application, or what stands in the way.
pub(super) fn authorize(exchange: &Exchange, incoming: &Incoming) -> Reply {
    let fields = incoming.form();
    let posted = incoming.method == Method::POST;
    let request = if posted { &fields } else { &incoming.query };
    if request.last("prompt").is_some_and(|prompt| prompt.split(' ').any(|p| p == "none")) {
        return without_a_prompt(exchange, request);
    }
    let session = exchange.accounts().logged_in(incoming.cookie("sessionid"), exchange.now());
    let asks_login = request.last("prompt").is_some_and(|prompt| prompt == "login");
    let (Some((person, at)), false) = (session, asks_login) else {
        return Reply::redirect(&login_location(incoming));
    };
    if posted && !has_csrf(incoming, &fields) {
        return forbidden();
    }
    let (application, redirect_uri) = match registered(exchange, request) {
        Ok(found) => found,
        Err(text) => return Reply::page(400, "Error: invalid_request", text),
    };
    let asked = match checked(request) {
        Ok(asked) => asked,
        Err((error, description)) => {
            return back(&redirect_uri, request, &refusal(error, description.as_deref()));
        }
    };
    if !application.skips_consent && !posted {
        let csrf = csrf_of(exchange, incoming);
        return Reply::html(200, login_page::consent(&application, request, &asked.scope, &csrf))
            .with("set-cookie", &csrf_cookie(&csrf));
    }
    if !application.skips_consent && request.last("allow").is_none() {
        return back(&redirect_uri, request, &refusal("access_denied", None));
    }
    let grant = Grant {
        client_id: application.client_id,
        person: Some(person),
        scope: asked.scope,
        resources: asked.resources,
        nonce: request.filled("nonce").map(str::to_owned),
        logged_in_at: at,
    };
    let expires = exchange.now().saturating_add(CODE_LIFE).unwrap_or_else(|_| exchange.now());
    let challenge = asked.challenge;
    let code = Code { grant, redirect_uri: redirect_uri.clone(), challenge, expires };
    let code = exchange.accounts().keep_code(code);
    back(&redirect_uri, request, &[("code", code)])
}

/// The login page with this request as the way back; a second round must not ask for login again.
fn login_location(incoming: &Incoming) -> String {
    let query: Vec<_> = incoming
        .raw_query
        .as_deref()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.starts_with("prompt="))
        .collect();
    let next = format!("{}?{}", incoming.path, query.join("&"));
    let escaped: String = byte_serialize(next.as_bytes()).collect();
    format!("/accounts/login/?next={}", escaped.replace("%2F", "/").replace("%7E", "~"))
}

fn registered(exchange: &Exchange, request: &Pairs) -> Result<(Application, String), &'static str> {
    let application = request
        .last("client_id")
        .and_then(|id| exchange.application(id))
        .ok_or("Invalid client_id parameter value.")?;
    match (request.filled("redirect_uri"), application.redirect_uris.as_slice()) {
        (Some(asked), known) if known.iter().any(|uri| is_meant(uri, asked)) => {
            let asked = asked.to_owned();
            Ok((application, asked))
        }
        (Some(_), _) => Err("Mismatching redirect URI."),
        (None, [only]) => {
            let only = only.clone();
            Ok((application, only))
        }
        (None, _) => Err("Missing redirect URI."),
    }
}

/// Exactly the registered one, but for the port on a loopback address (RFC 8252 §7.3); the name `localhost`
/// is none.
fn is_meant(registered: &str, asked: &str) -> bool {
    let portless = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "[::1]"));
        (url.scheme() == "http" && is_loopback && url.set_port(None).is_ok()).then_some(url)
    };
    registered == asked || portless(registered).is_some_and(|url| portless(asked) == Some(url))
}

/// `prompt=none`: judged before anybody is logged in. Alone and with `openid` it breaks; with another
/// word it is the error that OpenID Connect Core §3.1.2.1 wants.
fn without_a_prompt(exchange: &Exchange, request: &Pairs) -> Reply {
    let redirect_uri = match registered(exchange, request) {
        Ok((_, redirect_uri)) => redirect_uri,
        Err(text) => return Reply::page(400, "Error: invalid_request", text),
    };
    let asked = match checked(request) {
        Ok(asked) => asked,
        Err((error, text)) => {
            return back(&redirect_uri, request, &refusal(error, text.as_deref()));
        }
    };
    if request.last("prompt") != Some("none") {
        let text = "Prompt none is mutually exclusive with other values.";
        return back(&redirect_uri, request, &refusal("invalid_request", Some(text)));
    }
    if asked.scope.split(' ').any(|scope| scope == "openid") {
        return Reply::server_error();
    }
    back(&redirect_uri, request, &refusal("login_required", None))
}

struct Asked {
    scope: String,
    challenge: String,
    resources: Vec<String>,
}

type Refused = (&'static str, Option<String>);

fn checked(request: &Pairs) -> Result<Asked, Refused> {
    match request.last("response_type") {
        Some("code") => {}
        Some("token") => return Err(("unauthorized_client", None)),
        _ => return Err(("unsupported_response_type", None)),
    }
    let challenge = request
        .filled("code_challenge")
        .ok_or_else(|| ("invalid_request", Some("Code challenge required.".to_owned())))?;
    if request.last("code_challenge_method") != Some("S256") {
        let text = "Transform algorithm not supported.".to_owned();
        return Err(("invalid_request", Some(text)));
    }
    let scope = request.filled("scope").unwrap_or("openid email");
    if !scope.split(' ').all(|token| ["openid", "email"].contains(&token)) {
        return Err(("invalid_scope", None));
    }
    let resources: Vec<_> =
        request.all("resource").filter(|r| !r.is_empty()).map(str::to_owned).collect();
    if let Some(bad) = resources.iter().find(|resource| !is_absolute(resource)) {
        let text = format!(
            "The resource '{bad}' is not a valid resource indicator: it must be an absolute URI \
             with a scheme and host."
        );
        return Err(("invalid_target", Some(text)));
    }
    Ok(Asked { scope: scope.to_owned(), challenge: challenge.to_owned(), resources })
}

/// RFC 8707 §2: absolute, and without a fragment.
fn is_absolute(resource: &str) -> bool {
    Url::parse(resource).is_ok_and(|url| url.has_host() && url.fragment().is_none())
}

fn refusal(error: &str, description: Option<&str>) -> Vec<(&'static str, String)> {
    let mut pairs = vec![("error", error.to_owned())];
    pairs.extend(description.map(|text| ("error_description", text.to_owned())));
    pairs
}

/// Back to the application, with its own `state`.
fn back(redirect_uri: &str, request: &Pairs, pairs: &[(&'static str, String)]) -> Reply {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().map(|(name, value)| (*name, value.as_str())));
    if let Some(state) = request.filled("state") {
        query.append_pair("state", state);
    }
    let mark = if redirect_uri.contains('?') { '&' } else { '?' };
    Reply::redirect(&format!("{redirect_uri}{mark}{}", query.finish()))
}
