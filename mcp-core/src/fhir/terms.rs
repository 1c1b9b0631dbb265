//! What names a code: its system or value set, the code itself, a version, a language. What is held
//! here is one value of one parameter; nothing of it is ever fetched by us.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Bytes of a canonical URL, and of a code.
const LONGEST: usize = 500;
/// Bytes of a version.
const LONGEST_VERSION: usize = 200;

/// A canonical URL (FHIR R5 §2.1.28.0.1), perhaps of one version: `url` or `url|version`. It names a
/// code system, value set or concept map, and says nothing about where that is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Canonical {
    url: String,
    version: Option<String>,
}

impl Canonical {
    /// Accepts `http`, `https` and `urn`, with a registered name for a host: an address or a name of
    /// a local network names nothing that two systems could share.
    pub fn parse(text: &str) -> Option<Self> {
        let (url, version) = match text.trim().split_once('|') {
            Some((url, version)) => (url, Some(version)),
            None => (text.trim(), None),
        };
        let is_one = is_absolute(url) && version.is_none_or(is_version);
        is_one.then(|| Self { url: url.to_owned(), version: version.map(str::to_owned) })
    }

    /// The URL alone.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The version, where one was said.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

impl From<Canonical> for String {
    fn from(canonical: Canonical) -> Self {
        match canonical.version {
            Some(version) => [canonical.url, version].join("|"),
            None => canonical.url,
        }
    }
}

impl TryFrom<String> for Canonical {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text).ok_or(
            "write an absolute canonical URL, as in http://loinc.org or urn:oid:2.16.840.1.113883.6.8, \
             with |version behind it if one is meant",
        )
    }
}

fn is_absolute(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&b);
    if text.len() > LONGEST || !text.bytes().all(is_plain) {
        return false;
    }
    let Ok(url) = Url::parse(text) else { return false };
    match url.scheme() {
        "urn" => text.len() > "urn:x:".len(),
        "http" | "https" => {
            let is_named = match url.host() {
                Some(Host::Domain(name)) => name.trim_end_matches('.').contains('.'),
                Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => false,
            };
            is_named && url.username().is_empty() && url.password().is_none()
        }
        _ => false,
    }
}

/// A version of a code system, value set or concept map.
pub fn is_version(text: &str) -> bool {
    (1..=LONGEST_VERSION).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'|')
}

/// A code in a system (FHIR R5 §2.1.28.0.1): no space at its ends, none beside another.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Code(String);

impl Code {
    /// Accepts letters, digits, signs and single spaces between them.
    pub fn parse(text: &str) -> Option<Self> {
        is_code(text.trim()).then(|| Self(text.trim().to_owned()))
    }

    /// The code as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Code {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text).ok_or(
            "write the code alone, without its system: up to 500 letters, digits and signs, with \
             single spaces between them",
        )
    }
}

/// Whether this can be a code.
pub fn is_code(text: &str) -> bool {
    let is_sign = |c: char| c.is_alphanumeric() || c.is_ascii_graphic() || c == ' ';
    (1..=LONGEST).contains(&text.len())
        && text.chars().all(is_sign)
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("  ")
}

/// A language (BCP 47), as in `de` or `pt-BR`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Language(String);

impl Language {
    /// The tag as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Language {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let rule = "write a language as in de or pt-BR";
        if is_language(text.trim()) { Ok(Self(text.trim().to_owned())) } else { Err(rule) }
    }
}

/// Whether this can be a language: a primary tag and up to three more.
pub fn is_language(text: &str) -> bool {
    let mut tags = text.split('-');
    let is_tag =
        |tag: &str| (1..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_primary =
        |tag: &str| (2..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphabetic());
    tags.next().is_some_and(is_primary) && text.split('-').count() <= 4 && tags.all(is_tag)
}

macro_rules! written_as_text {
    ($name:ident) => {
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string" })
            }
        }
    };
}

written_as_text!(Canonical);
written_as_text!(Code);
written_as_text!(Language);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stands_behind_a_bar_and_nowhere_else() {
        let with = Canonical::parse("http://loinc.org|2.77").unwrap();
        assert_eq!((with.url(), with.version()), ("http://loinc.org", Some("2.77")));
        assert_eq!(String::from(with), "http://loinc.org|2.77");
        let snomed =
            "http://snomed.info/sct|http://snomed.info/sct/900000000000207008/version/20240101";
        assert!(Canonical::parse(snomed).unwrap().version().is_some());
        assert!(Canonical::parse("urn:ietf:bcp:47").unwrap().version().is_none());
        assert!(Canonical::parse("http://snomed.info/sct?fhir_vs=isa/138875005").is_some());
    }

    #[test]
    fn e02_what_names_no_code_system_is_no_canonical() {
        for text in [
            "",
            "loinc",
            "LOINC|8867-4",
            "ValueSet/1",
            "http://",
            "http://loinc.org|",
            "http://loinc.org|2|3",
            "http://loinc.org|2 3",
            "http://loinc .org",
            "http://loinc.org#2",
            "http://user@loinc.org",
            "http://user:word@loinc.org",
            "http://localhost/ValueSet/x",
            "http://127.0.0.1/ValueSet/x",
            "http://2130706433/x",
            "http://0x7f.1/x",
            "http://[::1]/x",
            "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "urn:x:",
        ] {
            assert!(Canonical::parse(text).is_none(), "{text:?}");
        }
        assert!(Canonical::parse(&format!("http://x.test/{}", "a".repeat(500))).is_none());
    }

    #[test]
    fn a_code_has_no_space_at_its_ends_and_nothing_hidden() {
        for text in ["8867-4", "omh:heart-rate:2.0", "mm[Hg]", "a b", "{beats}/min", "ü"] {
            assert!(Code::parse(text).is_some(), "{text}");
        }
        for text in ["", "a  b", "a\tb", "a\nb", "a\u{202e}b", "a\u{200b}", "\0"] {
            assert!(Code::parse(text).is_none(), "{text:?}");
        }
        assert!(Code::parse(&"x".repeat(501)).is_none());
    }

    #[test]
    fn a_language_is_a_tag() {
        for text in ["de", "pt-BR", "zh-Hans-CN"] {
            assert!(is_language(text), "{text}");
        }
        for text in ["", "d", "de_DE", "de&x=1", "de-", "-de", "de;q=1", "a-b-c-d-e"] {
            assert!(!is_language(text), "{text:?}");
        }
    }
}
