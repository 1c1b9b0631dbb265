//! What a client is told when the protocol's own rules refuse its request. The SDK explains such a
//! refusal by what it was sent; here it is told in sentences of ours, and only what MCP itself wants
//! repeated stays: the id of the request, and the revision that an unsupported version names.

use axum::body::to_bytes;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Every error of the SDK's is far shorter, in bytes.
const LARGEST: usize = 64 * 1024;

/// What of a JSON-RPC error is looked at.
#[derive(Deserialize)]
struct Told {
    id: Option<Value>,
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    code: i64,
    #[serde(default)]
    data: Value,
}

/// The same refusal without a word of the request. An answer that refuses nothing is left as it is.
pub(crate) async fn plainly(answer: Response) -> Response {
    let status = answer.status();
    if !status.is_client_error() {
        return answer;
    }
    // What cannot be read is no JSON-RPC error either.
    let body = to_bytes(answer.into_body(), LARGEST).await.unwrap_or_default();
    match serde_json::from_slice::<Told>(&body) {
        Ok(told) => {
            let kind = [(header::CONTENT_TYPE, "application/json")];
            (status, kind, retold(told).to_string()).into_response()
        }
        Err(_) => problem(status),
    }
}

/// Problem details (RFC 9457) without any detail.
pub(crate) fn problem(status: StatusCode) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let body = json!({"type": "about:blank", "title": title, "status": status.as_u16()});
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, kind, body.to_string()).into_response()
}

fn retold(Told { id, error }: Told) -> Value {
    let mut reason = json!({"code": error.code, "message": sentence(error.code)});
    if let (Some(kept), Some(reason)) = (kept(&error.data), reason.as_object_mut()) {
        reason.insert("data".to_owned(), kept);
    }
    match id {
        Some(id) => json!({"jsonrpc": "2.0", "id": id, "error": reason}),
        None => json!({"jsonrpc": "2.0", "error": reason}),
    }
}

/// What errors of MCP 2026-07-28 carry beside their message. The first two are this server's own
/// words; of what the client asked for, only a revision is repeated.
fn kept(data: &Value) -> Option<Value> {
    let mut kept = Map::new();
    for ours in ["supported", "requiredCapabilities"] {
        kept.extend(data.get(ours).map(|value| (ours.to_owned(), value.clone())));
    }
    let requested = data.get("requested").and_then(Value::as_str);
    kept.extend(requested.map(|asked| {
        let revision = if is_revision(asked) { asked } else { "" };
        ("requested".to_owned(), revision.into())
    }));
    (!kept.is_empty()).then_some(Value::Object(kept))
}

/// One sentence for each code (JSON-RPC 2.0 §5.1; MCP 2026-07-28, error codes).
const fn sentence(code: i64) -> &'static str {
    match code {
        -32700 => "Parse error: the body is not JSON",
        -32600 => {
            "Invalid request: the body is no such request, or contradicts MCP-Protocol-Version"
        }
        -32601 => "Method not found: this server does not offer it",
        -32602 => {
            "Invalid params: they do not fit the method; since 2026-07-28 _meta names \
             protocolVersion, clientInfo and clientCapabilities"
        }
        -32020 => {
            "Header mismatch: MCP-Protocol-Version, Mcp-Method, Mcp-Name and Mcp-Param-* must be \
             there once and agree with the body"
        }
        -32021 => "Missing client capability: the client must declare it in _meta",
        -32022 => "Unsupported protocol version: choose one of data.supported",
        _ => "The request was refused",
    }
}

/// Whether it is a version: a date as MCP's are, or numbers with dots between them and at most a `v` in
/// front. The protocol wants it repeated (MCP 2026-07-28, unsupported version); nothing else is.
fn is_revision(text: &str) -> bool {
    let is_fitting = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    let is_date = text.len() == 10 && text.bytes().enumerate().all(is_fitting);
    let numbers: Vec<&str> = text.strip_prefix('v').unwrap_or(text).split('.').collect();
    let is_number =
        |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    is_date || ((2..=4).contains(&numbers.len()) && numbers.iter().all(is_number))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http_body_util::BodyExt as _;

    use super::*;

    async fn told(status: u16, body: String) -> (u16, String, String) {
        let answer = Response::builder().status(status).body(Body::from(body)).unwrap();
        let (head, body) = plainly(answer).await.into_parts();
        let kind = head.headers.get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        let body = body.collect().await.unwrap().to_bytes();
        (head.status.as_u16(), kind.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_refusal_keeps_its_code_and_the_id_and_says_nothing_of_what_was_sent() {
        for code in [-32700, -32600, -32601, -32602, -32020, -32021, -32022, -32099] {
            let error = json!({"jsonrpc": "2.0", "id": "mine", "error": {
                "code": code, "message": "CANARY", "data": {"requested": "CANARY", "more": "CANARY"}}});
            let (status, kind, body) = told(400, error.to_string()).await;
            assert_eq!((status, kind.as_str()), (400, "application/json"));
            assert!(!body.contains("CANARY"), "{body}");
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!((&body["id"], &body["error"]["code"]), (&json!("mine"), &json!(code)));
            assert!(body["error"]["message"].as_str().unwrap().len() > 10);
        }
    }

    #[tokio::test]
    async fn of_a_version_error_the_revisions_are_kept_and_of_a_capability_error_what_is_missing() {
        for requested in ["1999-01-01", "v999.0.0"] {
            let data = json!({"supported": ["2025-06-18", "2026-07-28"], "requested": requested});
            let error = json!({"id": 7, "error": {"code": -32022, "message": "m", "data": data}});
            let (_, _, body) = told(400, error.to_string()).await;
            assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["error"]["data"], data);
        }
        let data = json!({"requiredCapabilities": {"sampling": {}}});
        let error = json!({"id": 7, "error": {"code": -32021, "message": "m", "data": data}});
        let (_, _, body) = told(400, error.to_string()).await;
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["error"]["data"], data);
    }

    #[tokio::test]
    async fn what_is_no_json_rpc_becomes_a_problem_without_detail() {
        for body in [
            "Unsupported: CANARY",
            "{\"error\": {\"code\": \"CANARY\"}}",
            "{\"message\": \"CANARY\"}",
            "",
            "[\"CANARY\"]",
        ] {
            let (status, kind, body) = told(415, body.to_owned()).await;
            assert_eq!((status, kind.as_str()), (415, "application/problem+json"));
            assert!(body.contains("Unsupported Media Type") && !body.contains("CANARY"), "{body}");
        }
        let (_, kind, body) = told(400, "CANARY".repeat(LARGEST)).await;
        assert!(kind.contains("problem") && !body.contains("CANARY"), "however long it is");
    }

    #[tokio::test]
    async fn what_refuses_nothing_passes_as_it_is() {
        for status in [200, 202, 500] {
            assert_eq!(told(status, "as it is".to_owned()).await.2, "as it is");
        }
    }

    #[test]
    fn a_revision_is_a_date_or_a_version_and_nothing_else() {
        for revision in ["2026-07-28", "9999-99-99", "v999.0.0", "1.0"] {
            assert!(is_revision(revision), "{revision}");
        }
        for other in [
            "",
            "7",
            "v",
            "1..2",
            "2026-07-2",
            "2026-07-280",
            "2026/07/28",
            "CANARY-123",
            "２026-07-2",
            "123-45-6789",
            "v1.x",
            "1.2.3.4.5",
            "vv1.0",
            "12345.6",
        ] {
            assert!(!is_revision(other), "{other}");
        }
    }
}
