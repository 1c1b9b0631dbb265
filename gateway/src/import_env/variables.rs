//! The variables, each of them held as if it were a secret.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::known::{Known, is_of_the_program};
use super::report::{Row, Verdict};

/// Names and values. The values have no printable form: which of them is a secret is not known
/// before it is decided.
#[derive(Debug, Default)]
pub struct Variables(BTreeMap<String, SecretString>);

impl FromIterator<(String, String)> for Variables {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        let held = pairs.into_iter().map(|(name, value)| (name, SecretString::from(value)));
        Self(held.collect())
    }
}

impl Variables {
    /// Whether a variable of a process says anything about `jhe_mcp`. (Of a file, all of them might.)
    pub fn concern(name: &str) -> bool {
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        plain && (is_of_the_program(name) || Known::of(name).is_some())
    }

    pub(super) fn insert(&mut self, name: String, value: SecretString) {
        self.0.insert(name, value);
    }

    /// All names, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The value of a known variable; an empty one is as good as none.
    pub(super) fn value(&self, known: Known) -> Option<&str> {
        let set = self.0.iter().filter(|(name, _)| Known::of(name) == Some(known));
        set.map(|(_, value)| value.expose_secret().trim()).find(|value| !value.is_empty())
    }

    /// The value of the variable that names a known one's file.
    pub(super) fn file(&self, known: Known) -> Option<&str> {
        let value = self.0.get(&known.file_form()?)?.expose_secret().trim();
        Some(value).filter(|value| !value.is_empty())
    }

    /// Reads the files that `…_FILE` variables name, in place of the variables. Those of secrets are
    /// left alone: they are referred to. What cannot be read is told.
    pub fn follow_files(
        &mut self,
        read: impl Fn(&Path) -> io::Result<Zeroizing<Vec<u8>>>,
    ) -> Vec<Row> {
        let mut rows = Vec::new();
        for known in Known::ALL.iter().copied() {
            let Some(path) = self.file(known) else { continue };
            let name = known.file_form().unwrap_or_default();
            if self.value(known).is_some() {
                let says = format!("{} is set too; keep one of the two", known.name());
                rows.push(Row::new(name, Verdict::Unusable, says));
                continue;
            }
            if known.is_secret() {
                continue;
            }
            match read(Path::new(path)).map(|content| text(&content)) {
                Ok(Some(value)) => self.insert(known.name().to_owned(), value),
                Ok(None) => rows.push(Row::new(name, Verdict::Unusable, "its file is not text")),
                Err(why) => {
                    let says = format!("its file cannot be read: {}", why.kind());
                    rows.push(Row::new(name, Verdict::Unusable, says));
                }
            }
        }
        rows
    }
}

fn text(content: &[u8]) -> Option<SecretString> {
    std::str::from_utf8(content).ok().map(SecretString::from)
}
