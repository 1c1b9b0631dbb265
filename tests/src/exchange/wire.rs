//! One request as the Exchange reads it, one answer as it writes it.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use serde_json::Value;
use url::form_urlencoded;

use super::fault::Lie;

/// Decoded name and value pairs of a query or a form, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs(Vec<(String, String)>);

impl Pairs {
    pub(super) fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The last value of `name`: repeated single-valued parameters overwrite each other.
    pub(super) fn last(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// As [`Self::last`], and an empty value counts as absent.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.last(name).filter(|value| !value.is_empty())
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// A whole request.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) method: Method,
    /// As sent, still percent-encoded.
    pub(super) path: String,
    /// As sent, without the question mark.
    pub(super) raw_query: Option<String>,
    pub(super) query: Pairs,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// What the answer must lie about, when the script says so.
    pub(super) lie: Option<Lie>,
}

impl Incoming {
    /// Path and query as sent.
    pub(super) fn target(&self) -> String {
        match &self.raw_query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The origin that the caller used: documents and links repeat the Host they were asked under.
    pub(super) fn base(&self) -> String {
        format!("http://{}", self.header("host").unwrap_or("localhost"))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The form fields; nothing when the body is of another type.
    pub(super) fn form(&self) -> Pairs {
        let is_form = self
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if is_form { Pairs::parse(&String::from_utf8_lossy(&self.body)) } else { Pairs::default() }
    }

    /// The bearer token; its scheme is read in any case.
    pub(super) fn bearer(&self) -> Option<&str> {
        self.credentials("bearer")
    }

    /// Client id and secret of a Basic header.
    pub(super) fn basic(&self) -> Option<(String, String)> {
        let decoded = STANDARD.decode(self.credentials("basic")?).ok()?;
        let (id, secret) = String::from_utf8(decoded)
            .ok()?
            .split_once(':')
            .map(|(id, secret)| (form_decoded(id), form_decoded(secret)))?;
        Some((id, secret))
    }

    fn credentials(&self, scheme: &str) -> Option<&str> {
        let (found, rest) = self.header("authorization")?.split_once(' ')?;
        found.eq_ignore_ascii_case(scheme).then(|| rest.trim())
    }

    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        self.header("cookie")?
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }
}

/// RFC 6749 §2.3.1: both halves of the Basic credentials are form-encoded first.
fn form_decoded(text: &str) -> String {
    Pairs::parse(&format!("v={text}")).last("v").unwrap_or_default().to_owned()
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Reply {
    fn new(status: u16, content_type: &'static str, body: Vec<u8>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, headers: HeaderMap::new(), body }.with("content-type", content_type)
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string().into_bytes())
    }

    /// JSON that is labelled as a page, as several OAuth errors are.
    pub(super) fn json_as_html(status: u16, body: &Value) -> Self {
        Self::new(status, "text/html; charset=utf-8", body.to_string().into_bytes())
    }

    pub(super) fn html(status: u16, page: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", page.into_bytes())
    }

    /// A small page with a title and one sentence.
    pub(super) fn page(status: u16, title: &str, text: &str) -> Self {
        let (title, text) = (escaped(title), escaped(text));
        Self::html(
            status,
            format!(
                "<!doctype html><html lang=\"en\"><head><title>{title}</title></head>\
                 <body><h1>{title}</h1><p>{text}</p></body></html>"
            ),
        )
    }

    pub(super) fn not_found() -> Self {
        let text = "The requested resource was not found on this server.";
        Self::page(404, "Not Found", text)
    }

    pub(super) fn server_error() -> Self {
        let page = "<!doctype html><html lang=\"en\"><head><title>Server Error (500)</title></head>\
                    <body><h1>Server Error (500)</h1></body></html>";
        Self::html(500, page.to_owned())
    }

    pub(super) fn redirect(location: &str) -> Self {
        Self::html(302, String::new()).with("location", location)
    }

    /// Sets a header; `set-cookie` is appended instead. What cannot be a header value is left out.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            if name == "set-cookie" {
                self.headers.append(header::SET_COOKIE, value);
            } else {
                self.headers.insert(HeaderName::from_static(name), value);
            }
        }
        self
    }

    /// What every answer of the Exchange carries; its workers close each connection.
    pub(super) fn finished(self) -> Self {
        self.with("server", "fake-exchange")
            .with("connection", "close")
            .with("x-frame-options", "SAMEORIGIN")
            .with("x-content-type-options", "nosniff")
            .with("referrer-policy", "same-origin")
            .with("cross-origin-opener-policy", "same-origin")
    }

    /// Open to every browser origin, as `/o/` and the FHIR metadata are.
    pub(super) fn cors(self) -> Self {
        self.with("access-control-allow-origin", "*")
            .with("access-control-allow-methods", "GET, POST, OPTIONS")
            .with("access-control-allow-headers", "Authorization, Content-Type")
            .with("access-control-max-age", "86400")
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// Text made safe inside HTML text and quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
