//! C05, C06: what reaches core of what a client sends.

use anyhow::Result;
use testbed::raw;

use super::{Site, body};

/// What core may be sent, and nothing else.
const TO_CORE: [&str; 8] = [
    "accept",
    "content-length",
    "content-type",
    "fhir-mcp-hop",
    "host",
    "mcp-protocol-version",
    "traceparent",
    "connection",
];

/// Fields by which somebody claims to be somebody.
const CLAIMS: &[&str] = &[
    "X-Forwarded-User",
    "X_Forwarded_User",
    "x-forwarded-user",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Access-Token",
    "X-Remote-User",
    "Remote-User",
    "Remote_User",
    "REMOTE_USER",
    "X-User",
    "X-User-Id",
    "X_User_Id",
    "X-Username",
    "X-Authenticated-User",
    "X-Authenticated-Userid",
    "X-Auth-User",
    "X-Auth-Request-User",
    "X-Auth-Request-Email",
    "X-Auth-Request-Access-Token",
    "X-Auth-Token",
    "X-Access-Token",
    "X-Authorization",
    "Proxy-Authorization",
    "X-Id-Token",
    "X-Jwt-Assertion",
    "X-Goog-Authenticated-User-Email",
    "X-Amzn-Oidc-Data",
    "X-Amzn-Oidc-Identity",
    "X-Ms-Client-Principal",
    "X-Ms-Client-Principal-Name",
    "Cf-Access-Jwt-Assertion",
    "X-Client-Cert",
    "X-Ssl-Client-Cert",
    "X-Ssl-Client-Verify",
    "X-Forwarded-Client-Cert",
    "X-Envoy-Peer-Metadata",
    "X-Consumer-Username",
    "X-Credential-Identifier",
    "X-Scope",
    "X-Subject",
    "X-Tenant-Id",
    "X-Role",
    "X-Admin",
    "X-Internal",
    "X-Request-Id",
    "X-Correlation-Id",
    "X-Original-Url",
    "X-Rewrite-Url",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-Ip",
    "Forwarded",
    "Via",
    "Cookie",
    "Baggage",
    "Mcp-Session-Id",
    "Mcp-Subject",
    "Mcp-Internal",
    "Mcp-Scope",
    "Mcp-User",
    "Fhir_Mcp_Hop",
    "Fhir-Mcp-Hop-",
    "X-Fhir-Mcp-Hop",
    "Fhir-Mcp-Hop2",
    "Last-Event-Id",
];

fn assert_clean(site: &Site) {
    for sent in site.core.sent() {
        let lower = sent.head.to_ascii_lowercase();
        for name in sent.names() {
            let name = name.to_ascii_lowercase();
            assert!(name.is_empty() || TO_CORE.contains(&name.as_str()), "{name} reached core");
        }
        assert!(!lower.contains("claimed"), "{lower}");
        assert_eq!(lower.matches("fhir-mcp-hop:").count(), 1, "one hop, and it is ours");
        assert!(!lower.contains(&site.token.to_ascii_lowercase()));
    }
}

#[tokio::test]
async fn no_claim_to_be_somebody_reaches_core_in_any_spelling() -> Result<()> {
    let site = Site::start().await?;
    assert!(CLAIMS.len() >= 60, "{}", CLAIMS.len());
    for (at, name) in CLAIMS.iter().enumerate() {
        let field = format!("{name}: claimed\r\nX-Canary");
        let call = site.call(at).replacen("X-Canary", &field, 1);
        let heard = raw::exchange(site.address, call.as_bytes()).await?;
        assert_eq!(heard.statuses(), [200], "{name}: {}", heard.text);
    }
    // The hop itself is taken for nothing, whoever sends one.
    for name in ["fhir-mcp-hop", "Fhir-Mcp-Hop", "FHIR-MCP-HOP"] {
        let field = format!("{name}: claimed\r\nX-Canary");
        raw::exchange(site.address, site.call(1).replacen("X-Canary", &field, 1).as_bytes())
            .await?;
    }
    assert!(site.core.sent().len() >= CLAIMS.len());
    assert_clean(&site);
    Ok(())
}

#[tokio::test]
async fn no_trailer_reaches_core() -> Result<()> {
    let site = Site::start().await?;
    let body = body(1);
    for name in CLAIMS.iter().chain(&["Authorization", "fhir-mcp-hop", "Content-Length", "Host"]) {
        let call = format!(
            "POST /mcp HTTP/1.1\r\n{}Trailer: {name}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n{name}: claimed\r\n\r\n",
            site.fields(),
            body.len()
        );
        let heard = raw::exchange(site.address, call.as_bytes()).await?;
        assert!([200, 400].contains(&heard.answers[0].status), "{name}: {}", heard.text);
    }
    assert!(site.core.sent().len() > 10);
    assert_clean(&site);
    Ok(())
}

#[tokio::test]
async fn naming_a_field_in_connection_takes_nothing_away_from_core() -> Result<()> {
    let site = Site::start().await?;
    for (at, nominated) in [
        "Authorization",
        "Content-Type",
        "Accept",
        "Content-Length",
        "Host",
        "MCP-Protocol-Version",
        "fhir-mcp-hop",
        "close, Authorization",
        "keep-alive, fhir-mcp-hop",
        "X-Canary",
        "Cookie",
        "Transfer-Encoding",
        "Expect",
        "Traceparent",
    ]
    .iter()
    .enumerate()
    {
        let field = format!("Connection: {nominated}\r\nX-Canary");
        let call = site.call(at).replacen("X-Canary", &field, 1);
        let heard = raw::exchange(site.address, call.as_bytes()).await?;
        assert!(
            [[200], [400]].contains(&heard.statuses()[..].try_into()?),
            "{nominated}: {heard:?}"
        );
        let reached = site.core.sent();
        let reached = reached.iter().find(|sent| sent.body.get("id") == Some(&at.into()));
        assert_eq!(reached.is_some(), heard.statuses() == [200], "{nominated}");
        if let Some(sent) = reached {
            let lower = sent.head.to_ascii_lowercase();
            for due in ["fhir-mcp-hop:", "content-type:", "accept:", "host:", "content-length:"] {
                assert!(lower.contains(due), "{nominated}: {due} is missing: {lower}");
            }
        }
    }
    assert_clean(&site);
    Ok(())
}
