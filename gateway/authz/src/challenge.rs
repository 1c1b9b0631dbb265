//! `WWW-Authenticate` for the protected resource (RFC 6750 §3, RFC 9728 §5.1).

use std::fmt::Write as _;

use crate::scope::Scope;

/// What a 401 or 403 tells a client to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// No token was sent: no `error` (RFC 6750 §3.1).
    LogIn {
        /// What to ask for.
        scope: Scope,
    },
    /// The token was looked at and refused.
    InvalidToken {
        /// What to ask for.
        scope: Scope,
    },
    /// The token is good for less than this.
    InsufficientScope {
        /// All that the operation needs.
        required: Scope,
    },
}

impl Challenge {
    /// The header's value. `metadata_url` is the protected-resource metadata document.
    pub fn header_value(&self, metadata_url: &str) -> String {
        let (error, scope) = match self {
            Self::LogIn { scope } => (None, scope),
            Self::InvalidToken { scope } => (Some("invalid_token"), scope),
            Self::InsufficientScope { required } => (Some("insufficient_scope"), required),
        };
        let mut value = String::from("Bearer ");
        if let Some(error) = error {
            push(&mut value, "error", error);
        }
        if !scope.is_empty() {
            push(&mut value, "scope", &scope.to_string());
        }
        push(&mut value, "resource_metadata", metadata_url);
        value
    }
}

/// Appends `name="text"`. Our values are error words, scopes and a validated URL; whatever could
/// still end the quoted string (RFC 9110 §5.6.4) is left out rather than escaped.
fn push(value: &mut String, name: &str, text: &str) {
    let quoted: String =
        text.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect();
    let comma = if value.ends_with(' ') { "" } else { ", " };
    // Writing to a String cannot fail.
    let _ = write!(value, "{comma}{name}=\"{quoted}\"");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const METADATA: &str = "https://gateway.example/.well-known/oauth-protected-resource/mcp";

    #[test]
    fn a_request_without_a_token_gets_no_error_word() {
        let challenge = Challenge::LogIn { scope: "user/*.rs".parse().unwrap() };
        assert_eq!(
            challenge.header_value(METADATA),
            format!(r#"Bearer scope="user/*.rs", resource_metadata="{METADATA}""#)
        );
    }

    #[test]
    fn insufficient_scope_names_all_that_is_needed() {
        let required = "user/Group.rs user/Patient.rs".parse().unwrap();
        let value = Challenge::InsufficientScope { required }.header_value(METADATA);
        assert!(value.starts_with(
            r#"Bearer error="insufficient_scope", scope="user/Group.rs user/Patient.rs", "#
        ));
    }

    proptest! {
        #[test]
        fn a_challenge_never_holds_a_line_break_or_a_bare_quote(url: String) {
            let scope = "user/*.rs".parse().unwrap();
            let value = Challenge::InvalidToken { scope }.header_value(&url);
            prop_assert!(value.bytes().all(|b| (b' '..=b'~').contains(&b)));
            prop_assert_eq!(value.matches('"').count(), 6);
        }
    }
}
