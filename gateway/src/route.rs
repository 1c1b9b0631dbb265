//! Which surface a request is for: exact method, exact path bytes, a closed list.

use authz::rejection::RejectionCode;
use http::Method;

use crate::rate_limit::Anonymous;

macro_rules! routes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $paths:expr, $methods:expr;)*) => {
        /// A public surface.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Route {
            $($(#[$doc])* $name),*
        }

        impl Route {
            /// Every route.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word for logs and metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }

            /// The paths it is found under.
            pub const fn paths(self) -> &'static [&'static str] {
                match self { $(Self::$name => $paths),* }
            }

            /// The methods it takes.
            pub const fn methods(self) -> &'static [Method] {
                match self { $(Self::$name => $methods),* }
            }
        }
    };
}

routes! {
    /// The MCP endpoint. GET and DELETE are refused too, but only to whoever is logged in: clients
    /// discover by an unauthenticated GET, and need its 401.
    Mcp = "mcp", &["/mcp"], &[Method::POST, Method::GET, Method::DELETE];
    /// Protected-resource metadata (RFC 9728 §3), path and root form.
    ProtectedResource = "protected_resource",
        &["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"],
        &[Method::GET];
    /// Authorization-server metadata (RFC 8414 §3), and its OpenID alias.
    AuthorizationServer = "authorization_server",
        &["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"],
        &[Method::GET];
    /// Where a login begins (RFC 6749 §3.1), and where its consent form is posted.
    Authorize = "authorize", &["/authorize"], &[Method::GET, Method::POST];
    /// Where the backend sends the browser back to.
    Callback = "callback", &["/oauth/callback"], &[Method::GET];
    /// RFC 6749 §3.2.
    Token = "token", &["/token"], &[Method::POST];
    /// RFC 7591 §3.
    Register = "register", &["/register"], &[Method::POST];
    /// RFC 7009 §2.
    Revoke = "revoke", &["/revoke"], &[Method::POST];
    /// Whether we are there.
    Health = "health", &["/health"], &[Method::GET];
    /// How to connect, for a person.
    Home = "home", &["/"], &[Method::GET];
}

impl Route {
    /// The route of a request target as it stands on the wire; the query is not looked at.
    pub fn classify(method: &Method, target: &[u8]) -> Result<Self, RejectionCode> {
        let route = Self::ALL
            .iter()
            .find(|route| route.has_path(target))
            .ok_or(RejectionCode::UnknownRoute)?;
        if route.methods().contains(method) {
            Ok(*route)
        } else {
            Err(RejectionCode::MethodNotAllowed)
        }
    }

    /// Whether a request target as it stands on the wire names this route.
    pub fn has_path(self, target: &[u8]) -> bool {
        let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
        self.paths().iter().any(|known| known.as_bytes() == path)
    }

    /// The methods that get somewhere, for `Allow` (RFC 9110 §10.2.1).
    pub const fn allow(self) -> &'static str {
        match self {
            Self::Mcp | Self::Token | Self::Register | Self::Revoke => "POST",
            Self::Authorize => "GET, POST",
            Self::ProtectedResource
            | Self::AuthorizationServer
            | Self::Callback
            | Self::Health
            | Self::Home => "GET",
        }
    }

    /// What it is limited as by address: what a stranger may ask, and what costs something.
    pub(crate) const fn asked_anonymously(self) -> Option<Anonymous> {
        match self {
            Self::Register => Some(Anonymous::Register),
            Self::Authorize => Some(Anonymous::Authorize),
            Self::Callback | Self::Token | Self::Revoke => Some(Anonymous::Token),
            Self::Mcp
            | Self::ProtectedResource
            | Self::AuthorizationServer
            | Self::Health
            | Self::Home => None,
        }
    }

    /// The largest body it reads, in bytes. The MCP endpoint's is configured.
    pub const fn body_cap(self) -> usize {
        match self {
            Self::Authorize | Self::Token | Self::Revoke => 16 * 1024,
            Self::Register => 8 * 1024,
            Self::Mcp
            | Self::ProtectedResource
            | Self::AuthorizationServer
            | Self::Callback
            | Self::Health
            | Self::Home => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_found_under_each_of_its_paths() {
        for route in Route::ALL {
            for path in route.paths() {
                for method in route.methods() {
                    assert_eq!(Route::classify(method, path.as_bytes()), Ok(*route));
                }
            }
        }
    }

    #[test]
    fn anything_but_the_exact_bytes_is_unknown() {
        let targets: [&[u8]; 15] = [
            b"//mcp",
            b"/mcp/",
            b"/./mcp",
            b"/%6dcp",
            b"/mcp;x",
            b"/mcp#",
            b"/MCP",
            b"/mcp%00",
            b"\\mcp",
            b"mcp",
            b"",
            b"/health/../mcp",
            b"/mcp\xc0\xaf",
            b"/ready",
            b"/metrics",
        ];
        for target in targets {
            assert_eq!(Route::classify(&Method::POST, target), Err(RejectionCode::UnknownRoute));
        }
    }

    #[test]
    fn other_methods_are_refused_by_name() {
        for method in [Method::TRACE, Method::PUT, Method::HEAD, Method::CONNECT] {
            let refused = Route::classify(&method, b"/mcp");
            assert_eq!(refused, Err(RejectionCode::MethodNotAllowed));
        }
    }
}
