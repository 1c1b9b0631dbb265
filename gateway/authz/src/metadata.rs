//! The discovery documents: protected resource (RFC 9728 §2) and authorization server
//! (RFC 8414 §2). Every URL comes from the configured public origin, never from a request.

use serde_json::{Value, json};

use crate::scope::Scope;

/// The path of the MCP endpoint.
pub const MCP_PATH: &str = "/mcp";

/// Our public names, all derived from one origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrls {
    origin: String,
}

impl PublicUrls {
    /// `origin` is scheme, host and port, without a slash at the end.
    pub fn new(origin: impl Into<String>) -> Self {
        Self { origin: origin.into() }
    }

    /// The issuer (RFC 8414 §2): the origin itself.
    pub fn issuer(&self) -> &str {
        &self.origin
    }

    /// The protected resource: the URL that a person types into a client.
    pub fn resource(&self) -> String {
        self.at(MCP_PATH)
    }

    /// Where the backend sends the browser back to.
    pub fn callback(&self) -> String {
        self.at("/oauth/callback")
    }

    /// The protected-resource metadata document that a challenge points to.
    pub fn resource_metadata(&self) -> String {
        self.at("/.well-known/oauth-protected-resource/mcp")
    }

    /// Whether cookies can be `Secure` with the `__Host-` prefix.
    pub fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }

    /// An absolute URL of ours.
    pub fn at(&self, path: &str) -> String {
        [self.origin.as_str(), path].concat()
    }
}

/// The protected-resource document (RFC 9728 §2). `offline_access` is left out on purpose: clients
/// that see it ask for a second consent.
pub fn protected_resource(urls: &PublicUrls, scopes: &[Scope]) -> Value {
    json!({
        "resource": urls.resource(),
        "resource_name": "FHIR and Open mHealth data",
        "authorization_servers": [urls.issuer()],
        "scopes_supported": scopes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "bearer_methods_supported": ["header"],
    })
}

/// Whether a client may be named by the URL of its own document
/// (draft-ietf-oauth-client-id-metadata-document).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientDocuments {
    /// Announced: the operator trusts some hosts, or keeps copies.
    Read,
    /// Not announced, so that clients register instead.
    Unread,
}

/// The authorization-server document (RFC 8414 §2), also served under the OpenID name.
pub fn authorization_server(
    urls: &PublicUrls,
    scopes: &[Scope],
    documents: ClientDocuments,
) -> Value {
    let mut document = json!({
        "issuer": urls.issuer(),
        "authorization_endpoint": urls.at("/authorize"),
        "token_endpoint": urls.at("/token"),
        "registration_endpoint": urls.at("/register"),
        "revocation_endpoint": urls.at("/revoke"),
        "scopes_supported": scopes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    if let (ClientDocuments::Read, Some(members)) = (documents, document.as_object_mut()) {
        members.insert("client_id_metadata_document_supported".to_owned(), true.into());
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_the_resource_and_the_endpoints_share_one_origin() {
        let urls = PublicUrls::new("https://gateway.example");
        let resource = protected_resource(&urls, &[]);
        let server = authorization_server(&urls, &[], ClientDocuments::Unread);
        assert_eq!(resource["authorization_servers"][0], server["issuer"]);
        assert_eq!(resource["resource"], "https://gateway.example/mcp");
        assert_eq!(server["token_endpoint"], "https://gateway.example/token");
    }

    #[test]
    fn pkce_s256_is_the_only_method_and_iss_is_announced() {
        let urls = PublicUrls::new("https://gateway.example");
        let server = authorization_server(&urls, &[], ClientDocuments::Read);
        assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(server["authorization_response_iss_parameter_supported"], true);
    }

    #[test]
    fn client_documents_are_announced_only_where_they_are_read() {
        let urls = PublicUrls::new("https://gateway.example");
        let member = "client_id_metadata_document_supported";
        let read = authorization_server(&urls, &[], ClientDocuments::Read);
        assert_eq!(read[member], true);
        let unread = authorization_server(&urls, &[], ClientDocuments::Unread);
        assert!(unread.get(member).is_none());
    }
}
