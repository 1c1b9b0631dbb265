//! The documents that describe the authorization server, and `/health`.

use serde_json::{Value, json};

use super::Exchange;
use super::wire::{Incoming, Reply};

/// The OAuth documents under `/o/.well-known/`.
pub(super) fn document(exchange: &Exchange, incoming: &Incoming, name: &str) -> Reply {
    let base = incoming.base();
    match name {
        "openid-configuration" => Reply::json(200, &openid(&base)),
        "oauth-authorization-server" => Reply::json(200, &authorization_server(&base)),
        "oauth-protected-resource" => {
            let body = json!({
                "resource": format!("{base}/o"),
                "authorization_servers": [format!("{base}/o")],
                "scopes_supported": ["email", "openid"],
                "bearer_methods_supported": ["header"],
            });
            Reply::json(200, &body)
        }
        "jwks.json" => Reply::json(200, &exchange.signer.key_set()).with(
            "cache-control",
            "public, max-age=3600, stale-while-revalidate=3600, stale-if-error=3600",
        ),
        _ => Reply::not_found(),
    }
}

/// `OpenID` Connect Discovery §3.
fn openid(base: &str) -> Value {
    json!({
        "issuer": format!("{base}/o"),
        "authorization_endpoint": format!("{base}/o/authorize/"),
        "token_endpoint": format!("{base}/o/token/"),
        "userinfo_endpoint": format!("{base}/o/userinfo/"),
        "jwks_uri": format!("{base}/o/.well-known/jwks.json"),
        "scopes_supported": ["openid", "email"],
        "response_types_supported": [
            "code", "token", "id_token", "id_token token", "code token", "code id_token",
            "code id_token token",
        ],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "HS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "claims_supported": ["sub"],
        "prompt_values_supported": ["none", "login"],
        "client_id_metadata_document_supported": false,
    })
}

/// RFC 8414 §2.
fn authorization_server(base: &str) -> Value {
    let methods = json!(["client_secret_post", "client_secret_basic"]);
    json!({
        "issuer": format!("{base}/o"),
        "authorization_endpoint": format!("{base}/o/authorize/"),
        "token_endpoint": format!("{base}/o/token/"),
        "revocation_endpoint": format!("{base}/o/revoke_token/"),
        "introspection_endpoint": format!("{base}/o/introspect/"),
        "jwks_uri": format!("{base}/o/.well-known/jwks.json"),
        "response_types_supported": ["code", "token"],
        "grant_types_supported": [
            "authorization_code", "implicit", "password", "client_credentials", "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "scopes_supported": ["email", "openid"],
        "client_id_metadata_document_supported": false,
        "code_challenge_methods_supported": ["plain", "S256"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": methods,
    })
}

/// The SMART configuration, which is minimal.
pub(super) fn smart(incoming: &Incoming) -> Reply {
    let base = incoming.base();
    let body = json!({
        "authorization_endpoint": format!("{base}/o/authorize/"),
        "token_endpoint": format!("{base}/o/token/"),
        "grant_types_supported": ["authorization_code"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "capabilities": ["launch-standalone", "client-public", "client-confidential-symmetric"],
    });
    Reply::json(200, &body)
        .with("cache-control", "public, max-age=3600")
        .with("allow", "OPTIONS, GET, HEAD")
}

/// `/health`: says the version whose behaviour this is.
pub(super) fn health() -> Reply {
    Reply::json(200, &json!({ "status": "ok", "version": "v0.0.13" }))
}
