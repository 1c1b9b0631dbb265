//! What a configuration was made of: each file and each variable that it names is read here, and a
//! digest of what was in it stays, so that a change shows.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::secret::SecretReference;

/// More than any file here has; a bigger one is a mistaken path.
const LARGEST: u64 = 1024 * 1024;

type Digest = [u8; 32];

/// The files that were read, by digests of their contents; `None` for one that could not be.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Files(BTreeMap<PathBuf, Option<Digest>>);

impl fmt::Debug for Files {
    /// The names alone: a digest of a short secret would tell it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Files {
    /// One file with this content, or without any.
    pub(super) fn of(path: &Path, content: Option<&Vec<u8>>) -> Self {
        Self([(path.to_owned(), content.map(|content| digest(content)))].into())
    }

    /// These and others.
    pub(super) fn and(mut self, mut others: Self) -> Self {
        self.0.append(&mut others.0);
        self
    }

    /// The same files as they are now.
    #[must_use]
    pub fn again(&self) -> Self {
        let now = |path: &Path| read(path).ok().map(|content| digest(&content));
        Self(self.0.keys().map(|path| (path.clone(), now(path))).collect())
    }

    /// Their names.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// Those of these files that `before` lacks, or has otherwise.
    pub fn changed_since<'f>(&'f self, before: &'f Self) -> impl Iterator<Item = &'f Path> {
        let other = |path: &PathBuf, digest: &Option<Digest>| before.0.get(path) != Some(digest);
        self.0.iter().filter(move |(path, digest)| other(path, digest)).map(|(path, _)| &**path)
    }
}

/// Reads for one configuration, and takes note.
pub(super) struct Sources<'e> {
    environment: &'e dyn Fn(&str) -> Option<String>,
    files: RefCell<Files>,
    variables: RefCell<BTreeMap<String, Option<Digest>>>,
    secrets: RefCell<Secrets>,
}

/// The secrets that were read, by digests of what they are once line ends are off.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<(SecretReference, Digest)>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    pub(super) fn digest(&self, of: &SecretReference) -> Option<Digest> {
        self.0.iter().find(|(reference, _)| reference == of).map(|(_, digest)| *digest)
    }
}

/// How the sections read what stands elsewhere.
pub(super) type Environment<'e> = &'e Sources<'e>;

impl<'e> Sources<'e> {
    /// Nothing read yet; `environment` answers `{env: NAME}`.
    pub(super) fn new(environment: &'e dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            environment,
            files: RefCell::default(),
            variables: RefCell::default(),
            secrets: RefCell::default(),
        }
    }

    /// The content of a file.
    pub(super) fn file(&self, path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
        let content = read(path);
        let digest = content.as_ref().ok().map(|content| digest(content));
        self.files.borrow_mut().0.insert(path.to_owned(), digest);
        content
    }

    /// The value of a variable.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let value = (self.environment)(name);
        let digest = value.as_ref().map(|value| digest(value.as_bytes()));
        self.variables.borrow_mut().insert(name.to_owned(), digest);
        value
    }

    /// Takes note of a secret.
    pub(super) fn note_secret(&self, reference: &SecretReference, secret: &str) {
        self.secrets.borrow_mut().0.push((reference.clone(), digest(secret.as_bytes())));
    }

    /// The secrets that were read so far.
    pub(super) fn secrets(&self) -> Secrets {
        self.secrets.borrow().clone()
    }

    /// What was read so far, all of it in one digest.
    pub(super) fn digest(&self) -> Digest {
        let mut all = Sha256::new();
        for (path, digest) in &self.files.borrow().0 {
            all.update(path.as_os_str().as_encoded_bytes());
            all.update([0]);
            all.update(digest.unwrap_or_default());
        }
        for (name, digest) in &*self.variables.borrow() {
            all.update(name);
            all.update([0]);
            all.update(digest.unwrap_or_default());
        }
        all.finalize().into()
    }

    /// The files that were read.
    pub(super) fn into_files(self) -> Files {
        self.files.into_inner()
    }
}

fn digest(content: &[u8]) -> Digest {
    Sha256::digest(content).into()
}

/// The content of a regular file, if it is no larger than anything here is.
pub fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut content = Zeroizing::new(Vec::new());
    // A pipe or a device never ends: it is no file of a configuration.
    let file = std::fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file"));
    }
    file.take(LARGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "has more than 1 MiB"));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changes_comes_or_goes_shows_and_its_content_does_not() {
        let folder = std::env::temp_dir().join(format!("files-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (one, two) = (folder.join("one"), folder.join("two"));
        std::fs::write(&one, "canary").unwrap();
        let none = |_: &str| None;
        let sources = Sources::new(&none);
        assert_eq!(**sources.file(&one).unwrap(), *b"canary");
        assert!(sources.file(&two).is_err());
        let before = sources.into_files();
        assert_eq!(before.again(), before);
        assert!(!format!("{before:?}").contains("canary"));
        std::fs::write(&two, "").unwrap();
        let after = before.again();
        assert_eq!(after.changed_since(&before).collect::<Vec<_>>(), [&*two]);
        std::fs::remove_file(&two).unwrap();
        assert_eq!(before.again(), before);
        std::fs::write(&one, "another").unwrap();
        assert_eq!(before.again().changed_since(&before).collect::<Vec<_>>(), [&*one]);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_folder_a_device_and_an_endless_file_are_refused() {
        for path in ["/", "/dev/zero"] {
            assert!(read(Path::new(path)).is_err(), "{path}");
        }
    }
}
