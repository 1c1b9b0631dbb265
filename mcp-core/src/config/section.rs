//! Reading the file field by field, so that one mistake does not hide the next.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use authz::keyring::SecretKey;
use jiff::SignedDuration;
use serde::Deserialize;
use yaml_serde::{Mapping, Value};

use super::{Authority, BackendLimits};
use crate::tls::CertificateFiles;

/// A mapping of the file, of which whatever nobody takes is a mistake.
pub(crate) struct Section {
    name: String,
    fields: Mapping,
    known: Vec<&'static str>,
}

/// One field, with its name for the mistakes.
pub(crate) struct Field {
    pub(super) name: String,
    pub(super) value: Option<Value>,
}

impl Section {
    pub(crate) fn new(name: &str, value: Option<Value>, mistakes: &mut Vec<String>) -> Self {
        let fields = match value {
            None | Some(Value::Null) => Mapping::new(),
            Some(Value::Mapping(fields)) => fields,
            Some(_) => {
                let place = if name.is_empty() { "the file" } else { name };
                mistakes.push(format!("{place}: must be a mapping of fields to values"));
                Mapping::new()
            }
        };
        Self { name: name.to_owned(), fields, known: Vec::new() }
    }

    pub(crate) fn take(&mut self, key: &'static str) -> Field {
        self.known.push(key);
        Field { name: self.path(key), value: self.fields.remove(key) }
    }

    /// Whether the field stands in the file.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    pub(crate) fn refuse_the_rest(self, mistakes: &mut Vec<String>) {
        for key in self.fields.keys().map(|key| key.as_str().unwrap_or("?")) {
            let known = self.known.join(", ");
            mistakes.push(format!("{}: no such field, the fields are {known}", self.path(key)));
        }
    }
}

impl Field {
    /// The text of a field that is there; another type is a mistake.
    pub(super) fn text(&self, right: &str, mistakes: &mut Vec<String>) -> Option<&str> {
        let text = self.value.as_ref()?.as_str();
        if text.is_none() {
            mistakes.push(format!("{}: must be text, {right}", self.name));
        }
        text
    }

    pub(super) fn address(&self, mistakes: &mut Vec<String>) -> Option<SocketAddr> {
        let right = "write an address and a port, as \"127.0.0.1:8402\"";
        if self.value.is_none() {
            mistakes.push(format!("{}: is missing, {right}", self.name));
        }
        let text = self.text(right, mistakes)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            mistakes.push(format!("{}: {text:?} is none, {right}", self.name));
        }
        parsed
    }

    fn span(&self, usual: Duration, mistakes: &mut Vec<String>) -> Duration {
        let right = "write a time span up to a day, as 25s";
        let Some(text) = self.text(right, mistakes) else { return usual };
        let span = text.parse::<SignedDuration>().ok().and_then(|s| Duration::try_from(s).ok());
        let usable = span.filter(|span| (Duration::from_millis(1)..=DAY).contains(span));
        if usable.is_none() {
            mistakes.push(format!("{}: {text:?} is none, {right}", self.name));
        }
        usable.unwrap_or(usual)
    }

    /// Between "not ready" and the end of accepting; nothing at all is a choice too.
    pub(super) fn close_delay(&self, mistakes: &mut Vec<String>) -> Duration {
        let right = "write a time span up to a minute, as 5s";
        let Some(text) = self.text(right, mistakes) else { return CLOSE_DELAY };
        let span = text.parse::<SignedDuration>().ok().and_then(|s| Duration::try_from(s).ok());
        let usable = span.filter(|span| *span <= Duration::from_secs(60));
        if usable.is_none() {
            mistakes.push(format!("{}: {text:?} is none, {right}", self.name));
        }
        usable.unwrap_or(CLOSE_DELAY)
    }

    pub(crate) fn number(
        &self,
        usual: usize,
        bounds: RangeInclusive<usize>,
        mistakes: &mut Vec<String>,
    ) -> usize {
        let Some(value) = &self.value else { return usual };
        let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
        let usable = number.filter(|number| bounds.contains(number));
        if usable.is_none() {
            let (least, most) = (bounds.start(), bounds.end());
            mistakes.push(format!("{}: must be a number from {least} to {most}", self.name));
        }
        usable.unwrap_or(usual)
    }

    pub(super) fn folder(&self, mistakes: &mut Vec<String>) -> Option<PathBuf> {
        let path = PathBuf::from(self.text("the path of a folder", mistakes)?);
        if path.is_dir() {
            return Some(path);
        }
        let (name, path) = (&self.name, path.display());
        mistakes.push(format!("{name}: {path} is no folder, name one or leave it out"));
        None
    }

    pub(super) fn hop_key(self, mistakes: &mut Vec<String>) -> Option<SecretKey> {
        let name = self.name.clone();
        let text = self.secret(mistakes)?;
        let key = SecretKey::from_base64(&text)
            .map_err(|error| format!("{error}, write base64 of 32 random bytes"));
        key.map_err(|mistake| mistakes.push(format!("{name}: {mistake}"))).ok()
    }

    /// What a reference to a file or a variable stands for.
    pub(super) fn secret(self, mistakes: &mut Vec<String>) -> Option<String> {
        let right = "write {file: path} or {env: NAME}";
        let read = match self.value {
            None => Err(format!("is missing, {right}")),
            Some(value) => yaml_serde::from_value::<SecretReference>(value)
                .map_err(|_| format!("a secret never stands here, {right}"))
                .and_then(|reference| secret(&reference)),
        };
        read.map_err(|mistake| mistakes.push(format!("{}: {mistake}", self.name))).ok()
    }

    /// A section with the two files of a certificate; what they hold is looked at when it is used.
    pub(super) fn certificate(self, mistakes: &mut Vec<String>) -> Option<CertificateFiles> {
        let value = self.value.filter(|value| !value.is_null())?;
        let mut section = Section::new("listen_tls", Some(value), mistakes);
        let certificate = section.take("certificate").path(mistakes);
        let key = section.take("key").path(mistakes);
        section.refuse_the_rest(mistakes);
        Some(CertificateFiles { certificate: certificate?, key: key? })
    }

    fn path(&self, mistakes: &mut Vec<String>) -> Option<PathBuf> {
        let right = "name a PEM file";
        if self.value.is_none() {
            mistakes.push(format!("{}: is missing, {right}", self.name));
        }
        self.text(right, mistakes).map(PathBuf::from)
    }

    pub(super) fn authority(&self, mistakes: &mut Vec<String>) -> Option<Authority> {
        let path = PathBuf::from(self.text("the path of a PEM file", mistakes)?);
        let read = Authority::read(path);
        read.map_err(|mistake| mistakes.push(format!("{}: {mistake}", self.name))).ok()
    }

    /// The section `backend`: limits, and whom to trust.
    pub(super) fn backend(self, mistakes: &mut Vec<String>) -> (BackendLimits, Option<Authority>) {
        let usual = BackendLimits::default();
        let mut section = Section::new("backend", self.value, mistakes);
        let authority = section.take("authority").authority(mistakes);
        let limits = BackendLimits {
            deadline: section.take("deadline").span(usual.deadline, mistakes),
            connect_timeout: section.take("connect_timeout").span(usual.connect_timeout, mistakes),
            concurrency: section.take("concurrency").number(usual.concurrency, 1..=1024, mistakes),
            concurrency_per_subject: section.take("concurrency_per_subject").number(
                usual.concurrency_per_subject,
                1..=1024,
                mistakes,
            ),
            max_response_bytes: section.take("max_response_bytes").number(
                usual.max_response_bytes,
                (1 << 16)..=(1 << 30),
                mistakes,
            ),
            answer_bytes: usual.answer_bytes,
            smallest_cell: usual.smallest_cell,
        };
        section.refuse_the_rest(mistakes);
        (limits, authority)
    }
}

/// Usually longer than load balancers and the gateway take to notice.
const CLOSE_DELAY: Duration = Duration::from_secs(5);
const DAY: Duration = Duration::from_secs(86_400);

/// Where a secret is to be found; never the secret itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretReference {
    file: Option<PathBuf>,
    env: Option<String>,
}

fn secret(reference: &SecretReference) -> Result<String, String> {
    match (&reference.file, &reference.env) {
        (Some(path), None) => {
            std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
        }
        (None, Some(name)) => variable(name),
        _ => Err("write either {file: path} or {env: NAME}".to_owned()),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the module that reads secrets")]
fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("the variable {name} is not set"))
}
