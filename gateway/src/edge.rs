//! What every request must satisfy before anybody looks at who sends it.

use std::collections::BTreeSet;

use authz::rejection::RejectionCode;
use http::header::{ACCEPT, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, HeaderValue, Method, Uri};

use crate::config::Server;
use crate::route::Route;

/// The rules of the edge.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    own_origin: String,
    authorities: BTreeSet<String>,
    origins: BTreeSet<String>,
    header_bytes: usize,
    header_fields: usize,
}

/// The parts of a request that the edge looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'r> {
    /// Its method.
    pub(crate) method: &'r Method,
    /// Its target, with `:authority` where HTTP/2 sent one.
    pub(crate) uri: &'r Uri,
    /// Its header fields.
    pub(crate) headers: &'r HeaderMap,
}

impl Edge {
    /// The rules that `server` configures.
    pub(crate) fn new(server: &Server) -> Self {
        let own = server.public_url.origin().ascii_serialization();
        let authority = own.split_once("://").map_or("", |(_, authority)| authority).to_owned();
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            own_origin: own.clone(),
            authorities: server.allowed_hosts.iter().cloned().chain([authority]).collect(),
            origins: server.allowed_origins.iter().cloned().chain([own]).collect(),
            header_bytes: size(server.caps.header_bytes),
            header_fields: size(server.caps.header_fields),
        }
    }

    /// Lets a request for `route` in, or says what is wrong with it.
    pub(crate) fn admit(&self, route: Route, seen: Seen<'_>) -> Result<(), RejectionCode> {
        self.sized(seen)?;
        self.addressed(seen)?;
        // The consent form has a stricter rule of its own, which answers with a page for a person.
        if route != Route::Authorize {
            self.originated(seen.headers)?;
        }
        without_token_in_query(seen.uri)?;
        nominating_nothing_of_ours(seen.headers)?;
        unencoded(seen.headers)?;
        if route == Route::Mcp {
            if seen.uri.query().is_some() {
                return Err(RejectionCode::UnknownRoute);
            }
            if seen.method == Method::POST {
                speaks_json(seen.headers)?;
            }
        }
        Ok(())
    }

    /// The page elsewhere that an admitted request comes from.
    pub(crate) fn page_elsewhere(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        headers.get(ORIGIN).filter(|origin| **origin != self.own_origin.as_str()).cloned()
    }

    fn sized(&self, seen: Seen<'_>) -> Result<(), RejectionCode> {
        let fields = seen.headers.iter();
        // Four bytes a field for the colon, the blank and the line end.
        let bytes: usize = fields.map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        let target = seen.uri.path_and_query().map_or(0, |target| target.as_str().len());
        if seen.headers.len() > self.header_fields || bytes + target > self.header_bytes {
            return Err(RejectionCode::HeadersTooLarge);
        }
        Ok(())
    }

    /// RFC 9112 §3.2: one Host, and one of ours.
    fn addressed(&self, seen: Seen<'_>) -> Result<(), RejectionCode> {
        let mut hosts = seen.headers.get_all(HOST).iter();
        let host = hosts.next().map(|host| host.to_str().unwrap_or("?").to_ascii_lowercase());
        let authority = seen.uri.authority().map(|known| known.as_str().to_ascii_lowercase());
        if hosts.next().is_some() {
            return Err(RejectionCode::MalformedRequest);
        }
        let named: Vec<String> = [host, authority].into_iter().flatten().collect();
        if named.is_empty() {
            return Err(RejectionCode::MalformedRequest);
        }
        if named.iter().all(|name| self.authorities.contains(name)) {
            Ok(())
        } else {
            Err(RejectionCode::WrongHost)
        }
    }

    /// MCP, transports: a browser's page elsewhere must not reach us. Other clients send no Origin.
    fn originated(&self, headers: &HeaderMap) -> Result<(), RejectionCode> {
        let allowed = |origin: &HeaderValue| {
            origin.to_str().is_ok_and(|origin| self.origins.contains(origin))
        };
        if headers.get_all(ORIGIN).iter().all(allowed) {
            Ok(())
        } else {
            Err(RejectionCode::ForeignOrigin)
        }
    }
}

/// RFC 6750 §2.3 allows it; every log on the way would keep it.
fn without_token_in_query(uri: &Uri) -> Result<(), RejectionCode> {
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    if pairs.into_iter().any(|(name, _)| name == "access_token") {
        return Err(RejectionCode::TokenInQuery);
    }
    Ok(())
}

/// Whatever `Connection` names is taken out on the way (RFC 9110 §7.6.1). That must be nothing that
/// we or core go by: HTTP's own options pass, and experiments.
fn nominating_nothing_of_ours(headers: &HeaderMap) -> Result<(), RejectionCode> {
    const OPTIONS: [&str; 6] = ["close", "keep-alive", "upgrade", "http2-settings", "te", ""];
    let mut named = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii));
    let harmless = |name: &[u8]| {
        let name = name.to_ascii_lowercase();
        name.starts_with(b"x-") || OPTIONS.iter().any(|option| option.as_bytes() == name)
    };
    if named.all(harmless) { Ok(()) } else { Err(RejectionCode::MalformedRequest) }
}

fn unencoded(headers: &HeaderMap) -> Result<(), RejectionCode> {
    if headers.get_all(CONTENT_ENCODING).iter().all(|encoding| encoding == "identity") {
        Ok(())
    } else {
        Err(RejectionCode::UnsupportedMediaType)
    }
}

/// MCP, Streamable HTTP: a POST carries JSON and takes JSON or an event stream.
fn speaks_json(headers: &HeaderMap) -> Result<(), RejectionCode> {
    let media =
        |value: &str| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let content = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(media);
    if content.as_deref() != Some("application/json") {
        return Err(RejectionCode::UnsupportedMediaType);
    }
    let wanted: Vec<String> = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(media)
        .collect();
    let accepts = |name: &str| {
        let (kind, _) = name.split_once('/').unwrap_or_default();
        wanted.iter().any(|w| w == name || w == "*/*" || *w == format!("{kind}/*"))
    };
    if accepts("application/json") && accepts("text/event-stream") {
        Ok(())
    } else {
        Err(RejectionCode::NotAcceptable)
    }
}

#[cfg(test)]
mod tests;
