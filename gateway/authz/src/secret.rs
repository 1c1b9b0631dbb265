//! Secrets that belong to the backend. They have no printable form; `expose` is where one is read.

use secrecy::{ExposeSecret as _, SecretString};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(SecretString);

        impl $name {
            /// Takes the secret into custody.
            pub fn new(text: impl Into<String>) -> Self {
                Self(SecretString::from(text.into()))
            }

            /// The secret itself: for the one place that writes it into a request.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }
    };
}

secret! {
    /// An access token of the backend: works on the backend's whole API, so it leaves the seal only
    /// for the hop to core and for the backend itself.
    BackendToken
}
secret! {
    /// A refresh token of the backend.
    BackendRefreshToken
}
secret! {
    /// An authorization code of the backend, single use by the backend's own row.
    BackendCode
}
secret! {
    /// A PKCE code verifier (RFC 7636 §4.1) between us and the backend.
    CodeVerifier
}

/// Serialises a secret, for the fields of sealed payloads only: the secret types themselves do not
/// implement `Serialize`, so none slips into a log line or an answer by way of a derive.
pub(crate) mod in_seal {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) trait Exposed: From<String> {
        fn exposed(&self) -> &str;
    }

    pub(crate) fn serialize<T: Exposed, S: Serializer>(
        secret: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.exposed())
    }

    pub(crate) fn deserialize<'de, T: Exposed, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        String::deserialize(deserializer).map(T::from)
    }
}

macro_rules! sealed_field {
    ($($name:ident),*) => {
        $(impl in_seal::Exposed for $name {
            fn exposed(&self) -> &str {
                self.expose()
            }
        })*
    };
}

sealed_field!(BackendToken, BackendRefreshToken, BackendCode, CodeVerifier);

/// `Debug` without content, for what carries a code, a token or a `state` in a plain field because
/// it is about to be written into an answer.
macro_rules! blind_debug {
    ($($name:ident),*) => {
        $(impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })*
    };
}

pub(crate) use blind_debug;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_no_printable_form() {
        let token = BackendToken::new("canary");
        assert!(!format!("{token:?}").contains("canary"));
        assert_eq!(token.expose(), "canary");
    }
}
