//! The names that travel through a call: subject, client, backend, request.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Why a string is no identifier of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}")]
pub struct InvalidId {
    what: &'static str,
}

/// Printable ASCII without blanks, so that it fits a header, a log line and a URL unescaped.
fn printable(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.len() <= longest && text.bytes().all(|b| b.is_ascii_graphic())
}

/// The person at the backend, by the backend's own `sub` (OpenID Connect Core §2): an opaque
/// identifier, never a name or an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject(String);

impl Subject {
    /// Accepts 1 to 255 printable ASCII characters (OpenID Connect Core §2).
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        if printable(text, 255) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId { what: "subject" })
        }
    }

    /// Who stands for no person.
    pub(crate) fn nobody() -> Self {
        Self("nobody".to_owned())
    }

    /// The identifier as the backend wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Subject {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An OAuth client identifier as a client presents it (RFC 6749 §2.2). Ours are sealed
/// registrations of some hundred characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientId(String);

impl ClientId {
    /// The longest identifier that is looked at, in characters.
    pub const LONGEST: usize = 4096;

    /// Accepts printable ASCII up to [`Self::LONGEST`].
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        if printable(text, Self::LONGEST) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId { what: "client_id" })
        }
    }

    /// What stands for no client.
    pub(crate) fn nobody() -> Self {
        Self("nobody".to_owned())
    }

    /// The identifier as presented.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The short form that tokens, logs and limits use.
    pub fn fingerprint(&self) -> ClientRef {
        ClientRef(truncated_digest(self.0.as_bytes()))
    }
}

/// A client by the fingerprint of its identifier: 128 bits of SHA-256 in 22 characters. It stands
/// for the client wherever the identifier itself would be too long.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientRef(String);

impl ClientRef {
    /// The 22 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A backend by the name that `gateway.yaml` gives it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BackendName(String);

impl BackendName {
    /// Accepts 1 to 63 characters of `a-z`, `0-9` and `-`.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=63).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId { what: "backend name" })
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for BackendName {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<BackendName> for String {
    fn from(name: BackendName) -> Self {
        name.0
    }
}

impl fmt::Display for BackendName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One request's identifier: 16 random bytes in 32 hexadecimal digits, which a person can read out
/// and search for. It is made by the gateway, found again in
/// the access line, the audit event, the hop and core's log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(String);

impl RequestId {
    /// The identifier made of these random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(bytes)))
    }

    /// The 32 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first ten digits, for a person to read out; the records hold the identifier that begins so.
    pub fn short(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 128 bits of SHA-256 in 22 characters of base64url: enough that nobody finds a second preimage.
pub(crate) fn truncated_digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_printable_ascii_and_not_endless() {
        assert!(Subject::parse("10002").is_ok());
        for bad in ["", "a b", "a\nb", "ü", &"x".repeat(256)] {
            assert!(Subject::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_backend_name_is_a_dns_label_in_lower_case() {
        assert!(BackendName::parse("jhe-2").is_ok());
        for bad in ["", "JHE", "a.b", "a/b", &"x".repeat(64)] {
            assert!(BackendName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn two_clients_have_two_fingerprints_of_22_characters() {
        let one = ClientId::parse("one").unwrap().fingerprint();
        let two = ClientId::parse("two").unwrap().fingerprint();
        assert_ne!(one, two);
        assert_eq!(one.as_str().len(), 22);
    }
}
