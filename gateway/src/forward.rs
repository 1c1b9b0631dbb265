//! The hop to core: what goes there, and what of its answer comes back. Both by allow-list.

use std::fmt;

use authz::hop::{BACKEND_TOKEN_REFUSED, FAULT_HEADER, HEADER, HOST};
use authz::ids::RequestId;
use authz::policy::Permit;
use authz::tool_report::{self, ToolReport};
use authz::trace::{self, TraceParent};
use http::header::{
    ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST as HOST_NAME, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::{Error, ErrorSource, ErrorType};

use crate::fault::Fault;
use crate::shared::Shared;

/// What goes to core as the client sent it. Everything else stays here: credentials, cookies,
/// whatever claims to know who the caller is, and every spelling of it.
const TO_CORE: [HeaderName; 5] = [
    ACCEPT,
    CONTENT_TYPE,
    HeaderName::from_static("mcp-protocol-version"),
    HeaderName::from_static("mcp-method"),
    HeaderName::from_static("mcp-name"),
];
/// Tool parameters that MCP 2026-07-28 repeats in headers; core compares them with the body.
const PARAMETER: &str = "mcp-param-";
const MOST_PARAMETERS: usize = 32;
/// What is ours there.
const SEALED_HOP: HeaderName = HeaderName::from_static(HEADER);
const TRACE: HeaderName = HeaderName::from_static(trace::HEADER);

/// What comes back from core.
const FROM_CORE: [HeaderName; 4] = [CONTENT_TYPE, CONTENT_LENGTH, TRANSFER_ENCODING, DATE];

/// What goes to core beside the body: the caller of one permitted call, sealed together with the
/// digest of its body. Only [`seal`] makes one, and only from a [`Permit`].
pub(crate) struct SealedHop {
    header: String,
    body_bytes: usize,
}

impl fmt::Debug for SealedHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedHop").finish_non_exhaustive()
    }
}

/// Seals the caller of a permitted call for this very body.
pub(crate) fn seal(gateway: &Shared, permit: Permit, id: &RequestId, body: &[u8]) -> SealedHop {
    let claims = permit.into_hop(gateway.hop_backend.clone(), id.clone());
    let header = gateway.hop.seal(claims, body, gateway.clock.now(), &mut rand::rng());
    SealedHop { header, body_bytes: body.len() }
}

/// Rewrites the request for core: its head is made anew, of what is listed and what is ours. The framing is
/// ours too: the whole body is known.
pub(crate) fn attach(
    request: &mut RequestHeader,
    hop: &SealedHop,
    trace: &TraceParent,
) -> pingora::Result<()> {
    let is_parameter = |name: &HeaderName| name.as_str().starts_with(PARAMETER);
    let parameters = request.headers.keys().filter(|name| is_parameter(name)).count();
    let mut headers = HeaderMap::with_capacity(16);
    for (name, value) in &request.headers {
        if TO_CORE.contains(name) || (parameters <= MOST_PARAMETERS && is_parameter(name)) {
            headers.append(name, value.clone());
        }
    }
    headers.insert(HOST_NAME, HeaderValue::from_static(HOST));
    headers.insert(CONTENT_LENGTH, hop.body_bytes.into());
    headers.insert(TRACE, printable(&trace.to_string())?);
    headers.insert(SEALED_HOP, printable(&hop.header)?);
    let (mut head, ()) = http::Request::new(()).into_parts();
    head.method = request.method.clone();
    head.uri = Uri::from_static(authz::metadata::MCP_PATH);
    head.version = request.version;
    head.headers = headers;
    *request = head.into();
    Ok(())
}

/// What we made is printable; if it ever were not, the call would end here.
fn printable(text: &str) -> pingora::Result<HeaderValue> {
    HeaderValue::from_str(text)
        .map_err(|_| Error::explain(ErrorType::InvalidHTTPHeader, "a header of ours"))
}

/// What core's answers are made of. A media type is written anew, so that nothing else of core's
/// stands in it.
const MEDIA: [&str; 3] = ["application/json", "text/event-stream", "application/problem+json"];

/// The media type of an answer; `None` if it is none of core's.
fn media(answer: &ResponseHeader) -> Option<HeaderValue> {
    let value = answer.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let (essence, parameters) = value.split_once(';').unwrap_or((value, ""));
    let known = MEDIA.iter().find(|known| known.eq_ignore_ascii_case(essence.trim()))?;
    (!parameters.contains(',')).then(|| HeaderValue::from_static(known))
}

/// What core says of the tool call, if it knew before its answer began.
pub(crate) fn report(answer: &ResponseHeader) -> Option<ToolReport> {
    ToolReport::parse(answer.headers.get(tool_report::HEADER)?.as_bytes())
}

/// What the status of core's answer means.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Goes to the client.
    Relay,
    /// The backend refused the backend token: what introspection said is no longer true.
    BackendTokenRefused,
    /// Broken.
    Broken(Fault),
}

/// Looks at the head of core's answer.
pub(crate) fn judge(answer: &ResponseHeader) -> Verdict {
    let refused = answer
        .headers
        .get(FAULT_HEADER)
        .is_some_and(|value| value.as_bytes() == BACKEND_TOKEN_REFUSED.as_bytes());
    // Only what is relayed needs a media type that we know.
    let strange = answer.headers.contains_key(CONTENT_TYPE) && media(answer).is_none();
    match answer.status {
        StatusCode::UNAUTHORIZED if refused => Verdict::BackendTokenRefused,
        StatusCode::UNAUTHORIZED => Verdict::Broken(Fault::CoreRefusedHop),
        status if strange => Verdict::Broken(Fault::CoreAnswer(status.as_u16())),
        // MCP's own answers: results, and errors that the protocol puts into 4xx. Core has told the
        // latter in words of its own (`refusal.rs`).
        status if status.is_success() => Verdict::Relay,
        // Of the interim ones no other was asked for; 101 would end HTTP on the connection.
        StatusCode::CONTINUE
        | StatusCode::BAD_REQUEST
        | StatusCode::NOT_FOUND
        | StatusCode::NOT_ACCEPTABLE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::UNPROCESSABLE_ENTITY => Verdict::Relay,
        status => Verdict::Broken(Fault::CoreAnswer(status.as_u16())),
    }
}

/// Keeps what a client may see of core's answer, beside what is `ours`.
pub(crate) fn harden(answer: &mut ResponseHeader, mut ours: HeaderMap) {
    let media = media(answer);
    for (name, value) in &answer.headers {
        if FROM_CORE.contains(name) && name != CONTENT_TYPE {
            ours.append(name, value.clone());
        }
    }
    if let Some(media) = media {
        ours.insert(CONTENT_TYPE, media);
    }
    let (mut head, ()) = http::Response::new(()).into_parts();
    head.status = answer.status;
    head.version = answer.version;
    head.headers = ours;
    *answer = head.into();
}

/// What an error of the proxy's means. Whatever broke towards core is core's.
pub(crate) fn broken(error: &Error) -> Fault {
    use ErrorType as Type;
    let kind = error.etype();
    let late = [Type::ReadTimedout, Type::WriteTimedout];
    let away =
        [Type::ConnectTimedout, Type::ConnectRefused, Type::ConnectNoRoute, Type::ConnectError];
    if late.contains(kind) {
        Fault::CoreLate
    } else if away.contains(kind) {
        Fault::CoreUnreachable
    } else if [Type::TLSHandshakeFailure, Type::InvalidCert].contains(kind) {
        untrusted(error)
    } else if *error.esource() == ErrorSource::Upstream {
        Fault::CoreBroken
    } else {
        Fault::Internal("the request could not be forwarded")
    }
}

/// Why core is not trusted, in our words: what the library wrote quotes the certificate.
fn untrusted(error: &Error) -> Fault {
    const KNOWN: [(&str, &str); 4] = [
        ("UnknownIssuer", "nobody whom core.tls.authority trusts has signed its certificate"),
        ("not valid for name", "its certificate is for another name than core.tls.name"),
        ("expired", "its certificate has expired"),
        ("not valid yet", "its certificate does not hold yet"),
    ];
    let told = error.to_string();
    let known = KNOWN.into_iter().find(|(sign, _)| told.contains(sign));
    Fault::CoreUntrusted(known.map_or("the handshake failed; does core speak TLS?", |(_, why)| why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn core_gets_the_listed_headers_and_nothing_else() {
        let mut request = RequestHeader::build("POST", b"/mcp", None).unwrap();
        for name in [
            "accept",
            "content-type",
            "content-length",
            "transfer-encoding",
            "mcp-method",
            "mcp-name",
            "mcp-protocol-version",
            "mcp-param-patient",
            "traceparent",
            "authorization",
            "cookie",
            "baggage",
            "tracestate",
            "expect",
            "x-forwarded-for",
            "x_forwarded_user",
            "forwarded",
            HEADER,
            "x-request-id",
            "mcp-session-id",
            "last-event-id",
            "mcp-internal",
            "host",
        ] {
            request.append_header(name, "client").unwrap();
        }
        let hop = SealedHop { header: "sealed".to_owned(), body_bytes: 7 };
        let trace = TraceParent::after(None, (1, 2));
        attach(&mut request, &hop, &trace).unwrap();
        assert_eq!(
            names(&request.headers),
            [
                "accept",
                "content-length",
                "content-type",
                HEADER,
                "host",
                "mcp-method",
                "mcp-name",
                "mcp-param-patient",
                "mcp-protocol-version",
                "traceparent",
            ]
        );
        assert_eq!(request.headers[HEADER], "sealed");
        assert_eq!(request.headers["content-length"], "7");
        assert_eq!(request.headers["host"], HOST);
        assert_eq!(request.headers["traceparent"], trace.to_string().as_str());
        assert!(!format!("{hop:?}").contains("sealed"), "the blob is not for logs");
    }

    #[test]
    fn the_client_gets_the_listed_headers_and_ours() {
        let mut answer = ResponseHeader::build(200, None).unwrap();
        answer.append_header("content-type", "Application/JSON; charset=utf-8").unwrap();
        for name in
            ["content-length", "server", "set-cookie", "mcp-session-id", tool_report::HEADER]
        {
            answer.append_header(name, "core").unwrap();
        }
        let ours =
            HeaderMap::from_iter([(http::header::CACHE_CONTROL, "no-store".parse().unwrap())]);
        harden(&mut answer, ours);
        assert_eq!(names(&answer.headers), ["cache-control", "content-length", "content-type"]);
        assert_eq!(answer.headers["content-type"], "application/json");
    }

    #[test]
    fn core_errors_never_reach_the_client_as_they_are() {
        let answer = |status: u16| ResponseHeader::build(status, None).unwrap();
        for status in [200, 202, 400, 404] {
            assert!(matches!(judge(&answer(status)), Verdict::Relay), "{status}");
        }
        for status in [101, 103, 301, 401, 403, 421, 500, 502] {
            assert!(matches!(judge(&answer(status)), Verdict::Broken(_)), "{status}");
        }
        for strange in ["text/html", "application/json set-cookie: a=b", "application/json;a,b", ""]
        {
            let mut strangely = answer(200);
            strangely.insert_header("content-type", strange).unwrap();
            assert!(matches!(judge(&strangely), Verdict::Broken(_)), "{strange}");
        }
        let mut refused = answer(401);
        refused.insert_header(FAULT_HEADER, BACKEND_TOKEN_REFUSED).unwrap();
        refused.insert_header(CONTENT_TYPE, "application/problem+json").unwrap();
        assert!(matches!(judge(&refused), Verdict::BackendTokenRefused));
    }
}
