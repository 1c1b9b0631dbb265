//! Who may read the files that the configuration takes secrets from.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use yaml_serde::Value;

use super::finding::{Check, Finding};
use crate::config::Config;

/// Anybody but the owner.
const OTHERS: u32 = 0o077;

/// One file with a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SecretFile {
    /// The field that names it.
    field: String,
    path: PathBuf,
}

/// What the file system says about one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readers {
    OwnerAlone,
    Others,
    /// A volume of Kubernetes, which is read by one pod and has modes of its own.
    Mounted,
    Unknown,
}

/// Looks at each.
pub(super) fn examine(config: &Config) -> Finding {
    let shown = yaml_serde::to_value(config).unwrap_or_default();
    let mut files = Vec::new();
    collect(&shown, "", &mut files);
    let looked_at: Vec<_> = files.into_iter().map(|file| (readers(&file.path), file)).collect();
    judge(&looked_at)
}

/// Secrets are `{file: path}`, wherever they stand; a private key stands beside its certificate.
fn collect(value: &Value, field: &str, found: &mut Vec<SecretFile>) {
    match value {
        Value::Mapping(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            let secret = if fields.len() == 1 && field != "audit" { text("file") } else { None };
            let key = text("certificate").and_then(|_| text("key"));
            for path in secret.into_iter().chain(key) {
                found.push(SecretFile { field: field.to_owned(), path: path.into() });
            }
            for (name, inner) in fields {
                let name = name.as_str().unwrap_or_default();
                let dot = if field.is_empty() { "" } else { "." };
                collect(inner, &format!("{field}{dot}{name}"), found);
            }
        }
        Value::Sequence(entries) => {
            for (at, inner) in entries.iter().enumerate() {
                collect(inner, &format!("{field}[{at}]"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Tagged(_) => {}
    }
}

fn readers(path: &Path) -> Readers {
    let mounted = path.parent().is_some_and(|folder| folder.join("..data").exists());
    match std::fs::metadata(path) {
        Err(_) => Readers::Unknown,
        Ok(_) if mounted => Readers::Mounted,
        Ok(found) if found.permissions().mode() & OTHERS == 0 => Readers::OwnerAlone,
        Ok(_) => Readers::Others,
    }
}

fn judge(files: &[(Readers, SecretFile)]) -> Finding {
    let check = Check::SecretFiles;
    let fields = |wanted: Readers| -> Vec<&str> {
        let of = |(readers, file): &'_ (Readers, SecretFile)| {
            *readers == wanted && !file.field.is_empty()
        };
        files.iter().filter(|file| of(file)).map(|(_, file)| file.field.as_str()).collect()
    };
    let open = fields(Readers::Others);
    if !open.is_empty() {
        return Finding::warn(
            check,
            format!("others on this machine may read the files of {}", open.join(", ")),
            "chmod 600 each, and let them belong to the user that the gateway runs as.",
        );
    }
    match files.len() {
        0 => Finding::ok(check, "no secret stands in a file"),
        count if fields(Readers::Mounted).is_empty() => {
            Finding::ok(check, format!("{count}, for their owner alone"))
        }
        count => Finding::ok(check, format!("{count}, some in a mounted Kubernetes volume")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;

    fn collected(yaml: &str) -> Vec<String> {
        let mut files = Vec::new();
        collect(&yaml_serde::from_str(yaml).unwrap(), "", &mut files);
        files.iter().map(|file| format!("{} {}", file.field, file.path.display())).collect()
    }

    #[test]
    fn every_secret_file_is_found_where_it_stands() {
        let found = collected(
            "keys: {ring: [{id: 1, key: {file: /k1}}, {id: 2, key: {env: K2}}], hop: {file: /hop}}
server: {listeners: [{address: a, tls: {certificate: /c, key: /k}}]}
audit: {file: /audit.jsonl}
clients: {document_pins: [{url: u, file: /pin}]}",
        );
        assert_eq!(found, ["keys.ring[0].key /k1", "keys.hop /hop", "server.listeners[0].tls /k"]);
    }

    #[test]
    fn a_file_that_others_may_read_is_a_warning_unless_kubernetes_mounted_it() {
        let folder = std::env::temp_dir().join(format!("doctor-files-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("secret");
        std::fs::write(&path, "x").unwrap();
        let judged = |mode: u32| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let file = SecretFile { field: "keys.hop".to_owned(), path: path.clone() };
            judge(&[(readers(&path), file)])
        };
        assert_eq!(judged(0o600).outcome, Outcome::Ok);
        for mode in [0o640, 0o604, 0o666] {
            let warning = judged(mode);
            assert_eq!(warning.outcome, Outcome::Warn, "{mode:o}");
            assert!(warning.seen.contains("keys.hop"), "{warning:?}");
        }
        std::fs::create_dir_all(folder.join("..data")).unwrap();
        assert_eq!(judged(0o644).outcome, Outcome::Ok);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
