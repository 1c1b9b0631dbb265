//! Secrets are references to a file or an environment variable, never values.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use authz::keyring::SecretKey;
use secrecy::{ExposeSecret as _, SecretString};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use yaml_serde::Value;

use super::files::Environment;
use super::values;

/// No secret is longer; a bigger file is a mistaken path.
const LONGEST_SECRET: u64 = 16 * 1024;
/// The permission bit of a file that is nobody's secret: anyone could put a key of theirs there.
const WRITABLE_BY_OTHERS: u32 = 0o002;

/// Where a secret stands. This is what `check` prints in the secret's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretReference {
    /// A file, of which trailing line ends are ignored.
    File(PathBuf),
    /// An environment variable.
    Env(String),
}

impl Serialize for SecretReference {
    /// As it stands in the file: a mapping of one key.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::File(path) => map.serialize_entry("file", path)?,
            Self::Env(name) => map.serialize_entry("env", name)?,
        }
        map.end()
    }
}

/// A secret together with where it came from; it serialises as the reference.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Secret<T> {
    reference: SecretReference,
    #[serde(skip)]
    value: T,
}

impl<T> Secret<T> {
    /// The secret itself.
    pub const fn expose(&self) -> &T {
        &self.value
    }
}

/// Reads a secret that is text: at least 8 characters and no placeholder.
pub(super) fn text(
    environment: Environment<'_>,
) -> impl Fn(&Value) -> Result<Secret<SecretString>, String> {
    move |value| {
        let (reference, text) = resolve(value, environment)?;
        if looks_made_up(text.expose_secret()) {
            return Err("is a placeholder, or shorter than 8 characters".to_owned());
        }
        Ok(Secret { reference, value: text })
    }
}

/// Reads a key: 32 bytes in base64.
pub(super) fn key(
    environment: Environment<'_>,
) -> impl Fn(&Value) -> Result<Secret<SecretKey>, String> {
    move |value| {
        let (reference, text) = resolve(value, environment)?;
        let key = SecretKey::from_base64(text.expose_secret()).map_err(|why| why.to_string())?;
        Ok(Secret { reference, value: key })
    }
}

fn resolve(
    value: &Value,
    environment: Environment<'_>,
) -> Result<(SecretReference, SecretString), String> {
    let reference = reference(value)?;
    let text = match &reference {
        SecretReference::File(path) => read(path, environment)?,
        SecretReference::Env(name) => environment
            .variable(name)
            .map(SecretString::from)
            .ok_or_else(|| format!("the environment variable {name} is not set"))?,
    };
    let trimmed = text.expose_secret().trim_end_matches(['\r', '\n']);
    if trimmed.is_empty() {
        return Err("is empty".to_owned());
    }
    environment.note_secret(&reference, trimmed);
    Ok((reference, SecretString::from(trimmed.to_owned())))
}

fn reference(value: &Value) -> Result<SecretReference, String> {
    let wrong = || "must be {file: path} or {env: NAME}; secrets never stand here".to_owned();
    let fields = value.as_mapping().filter(|fields| fields.len() == 1).ok_or_else(wrong)?;
    let (key, value) = fields.iter().next().ok_or_else(wrong)?;
    match key.as_str() {
        Some("file") => Ok(SecretReference::File(values::path(value)?)),
        Some("env") => Ok(SecretReference::Env(values::text(value)?)),
        _ => Err(wrong()),
    }
}

fn read(path: &Path, environment: Environment<'_>) -> Result<SecretString, String> {
    let shown = path.display();
    let content = environment.file(path).map_err(|why| format!("cannot read {shown}: {why}"))?;
    let file = std::fs::metadata(path).map_err(|why| format!("cannot read {shown}: {why}"))?;
    if file.permissions().mode() & WRITABLE_BY_OTHERS != 0 {
        return Err(format!("{shown} can be written by everybody; chmod o-w it"));
    }
    let size = file.len();
    if size > LONGEST_SECRET {
        return Err(format!("{shown} has {size} bytes, too many for a secret"));
    }
    let text = std::str::from_utf8(&content).map_err(|_| format!("{shown} is not text"))?;
    Ok(SecretString::from(text))
}

/// Whether nobody would have drawn this secret: the configuration refuses it.
pub(crate) fn looks_made_up(secret: &str) -> bool {
    let lower = secret.to_ascii_lowercase();
    let words =
        ["changeme", "change-me", "change_me", "placeholder", "replace", "your-", "<", "${"];
    secret.len() < 8
        || words.iter().any(|word| lower.starts_with(word))
        || lower.bytes().all(|b| Some(&b) == lower.as_bytes().first())
}

#[cfg(test)]
mod tests {
    use super::super::files::Sources;
    use super::*;

    fn yaml(text: &str) -> Value {
        yaml_serde::from_str(text).unwrap()
    }

    fn environment(name: &str) -> Option<String> {
        (name == "CLIENT_SECRET").then(|| "canary-of-the-client\n".to_owned())
    }

    #[test]
    fn a_secret_is_read_from_the_environment_and_never_printed() {
        let secret = text(&Sources::new(&environment))(&yaml("{env: CLIENT_SECRET}")).unwrap();
        assert_eq!(secret.expose().expose_secret(), "canary-of-the-client");
        let shown = yaml_serde::to_string(&secret).unwrap();
        assert!(!shown.contains("canary") && shown.contains("CLIENT_SECRET"), "{shown}");
        assert!(!format!("{secret:?}").contains("canary"));
    }

    #[test]
    fn a_literal_an_absent_variable_and_an_absent_file_are_refused() {
        for bad in ["canary-of-the-client", "{env: OTHER}", "{file: /no/such/file}", "{text: x}"] {
            let mistake = text(&Sources::new(&environment))(&yaml(bad)).unwrap_err();
            assert!(!mistake.contains("canary"), "{mistake}");
        }
    }

    #[test]
    fn a_secret_in_a_file_that_everybody_may_write_is_refused() {
        let path = std::env::temp_dir().join(format!("secret-{}", std::process::id()));
        std::fs::write(&path, "canary-of-the-client\n").unwrap();
        let value = yaml(&format!("{{file: {}}}", path.display()));
        for (mode, taken) in [(0o600, true), (0o640, true), (0o644, true), (0o646, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(text(&Sources::new(&environment))(&value).is_ok(), taken, "{mode:o}");
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn placeholders_are_refused() {
        for bad in ["changeme-please", "xxxxxxxxxx", "short", "<client secret>", "${SECRET_HERE}"] {
            let environment = |_: &str| Some(bad.to_owned());
            assert!(text(&Sources::new(&environment))(&yaml("{env: X}")).is_err(), "{bad}");
        }
    }
}
