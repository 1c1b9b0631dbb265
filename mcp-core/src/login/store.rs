//! The one login that outlives the program: a file that its owner alone may read, in a folder that its owner
//! alone may enter, replaced whole, and locked while it is changed, since several programs may share it.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use authz::ids::Subject;
use authz::secret::{BackendRefreshToken, BackendToken};
use authz::time::Timestamp;
use rustix::fs::OFlags;
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};
use zeroize::Zeroizing;

use super::registration::Registration;

/// How often it is tried to get the lock.
const POLL: Duration = Duration::from_millis(20);
/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 * 1024;
/// Read and write for the owner alone.
const OWNER_ONLY: u32 = 0o600;

/// A login, as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) subject: Subject,
    pub(super) access: BackendToken,
    pub(super) refresh: Option<BackendRefreshToken>,
    /// When the access token ends, if the backend said so.
    pub(super) expires_at: Option<Timestamp>,
}

/// The file's shape.
#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    binding: String,
    backend: String,
    client_id: String,
    subject: Subject,
    access_token: Zeroizing<String>,
    refresh_token: Option<Zeroizing<String>>,
    expires_at: Option<Timestamp>,
}

const VERSION: u32 = 1;

/// Why the stored login cannot be used. Each says what a person can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// Others may read the file or enter the folder, or it is not our own.
    #[error(
        "{0} may be read or changed by others on this computer, so the login in it is not used; if nobody \
         else could have read it, take their rights away (chmod go-rwx), else log out with `fhir-mcp-core \
         logout`"
    )]
    Exposed(String),
    /// It cannot be read or written.
    #[error("{0} cannot be read or written ({1})")]
    Unusable(String, ErrorKind),
    /// Another program holds the lock for too long.
    #[error("another fhir-mcp-core is busy with the same login; try again in a moment")]
    Busy,
}

/// Where one login is kept: one file for each client and backend.
#[derive(Clone, Debug)]
pub(super) struct Store {
    folder: PathBuf,
    binding: String,
    backend: String,
    client_id: String,
}

/// Held while the stored login is changed; other programs wait for it. The system takes it back from a
/// program that ends.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held, never read")] File);

/// A file that is there already, and only waits for its content and its name.
#[derive(Debug)]
pub(super) struct Slot {
    file: File,
    path: PathBuf,
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Once it has its name there is nothing here any more.
        let _gone = std::fs::remove_file(&self.path);
    }
}

impl Store {
    /// Keeps logins of this client in `folder`, which is made when it is needed.
    pub(super) fn new(folder: PathBuf, registration: &Registration) -> Self {
        Self {
            folder,
            binding: registration.binding(),
            backend: registration.base_url.to_string(),
            client_id: registration.client_id.clone(),
        }
    }

    /// Where the login is, or would be.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(format!("login-{}.json", self.binding))
    }

    /// The login, if there is one that is ours and that nobody else could read.
    pub(super) fn read(&self) -> Result<Option<Stored>, StoreFault> {
        let path = self.path();
        let Some(file) = existing(&path)? else { return Ok(None) };
        owner_only(&path, file.metadata())?;
        owner_only(&self.folder, std::fs::metadata(&self.folder))?;
        self.parse(&path, file)
    }

    /// The same, whoever could read it: for taking it back.
    pub(super) fn read_to_revoke(&self) -> Result<Option<Stored>, StoreFault> {
        let path = self.path();
        existing(&path)?.map_or(Ok(None), |file| self.parse(&path, file))
    }

    /// What cannot be understood, or belongs to another client, is no login.
    fn parse(&self, path: &Path, file: File) -> Result<Option<Stored>, StoreFault> {
        let mut text = Zeroizing::new(Vec::new());
        file.take(LARGEST).read_to_end(&mut text).map_err(|why| unusable(path, &why))?;
        let Ok(document) = serde_json::from_slice::<Document>(&text) else { return Ok(None) };
        if document.version != VERSION || document.binding != self.binding {
            return Ok(None);
        }
        Ok(Some(Stored {
            subject: document.subject,
            access: BackendToken::new(document.access_token.as_str()),
            refresh: document.refresh_token.map(|token| BackendRefreshToken::new(token.as_str())),
            expires_at: document.expires_at,
        }))
    }

    /// Makes the file that a login will be written to, so that what can go wrong with folders and rights
    /// goes wrong before a refresh token is spent.
    pub(super) fn prepare(&self) -> Result<Slot, StoreFault> {
        self.make_folder()?;
        let path = self.folder.join(format!("login-{}.new", self.binding));
        // Left behind by a program that was killed; we hold the lock.
        let _usually_none = std::fs::remove_file(&path);
        let file = create(&path).map_err(|why| unusable(&path, &why))?;
        Ok(Slot { file, path })
    }

    /// Replaces the stored login as a whole.
    pub(super) fn write(&self, mut slot: Slot, stored: &Stored) -> Result<(), StoreFault> {
        let document = Document {
            version: VERSION,
            binding: self.binding.clone(),
            backend: self.backend.clone(),
            client_id: self.client_id.clone(),
            subject: stored.subject.clone(),
            access_token: Zeroizing::new(stored.access.expose().to_owned()),
            refresh_token: stored.refresh.as_ref().map(|token| token.expose().to_owned().into()),
            expires_at: stored.expires_at,
        };
        let path = self.path();
        let text = serde_json::to_vec_pretty(&document).map(Zeroizing::new);
        let written = text.map_err(io::Error::from).and_then(|text| {
            slot.file.write_all(&text)?;
            slot.file.sync_all()?;
            std::fs::rename(&slot.path, &path)?;
            File::open(&self.folder)?.sync_all()
        });
        written.map_err(|why| unusable(&path, &why))
    }

    /// Forgets the login; whether there was a file.
    pub(super) fn remove(&self) -> Result<bool, StoreFault> {
        match std::fs::remove_file(self.path()) {
            Ok(()) => Ok(true),
            Err(why) if why.kind() == ErrorKind::NotFound => Ok(false),
            Err(why) => Err(unusable(&self.path(), &why)),
        }
    }

    /// Waits until no other program changes this login, at most for so long.
    pub(super) async fn lock(&self, patience: Duration) -> Result<Lock, StoreFault> {
        self.make_folder()?;
        let path = self.folder.join(format!("login-{}.lock", self.binding));
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(OWNER_ONLY)
            .open(&path)
            .map_err(|why| unusable(&path, &why))?;
        let deadline = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(POLL).await,
                Err(TryLockError::WouldBlock) => return Err(StoreFault::Busy),
                Err(TryLockError::Error(why)) => return Err(unusable(&path, &why)),
            }
        }
    }

    fn make_folder(&self) -> Result<(), StoreFault> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|why| unusable(&self.folder, &why))?;
        owner_only(&self.folder, std::fs::metadata(&self.folder))
    }
}

/// Nobody else may read it, and it is ours. Whoever may write to the folder may put another file there.
fn owner_only(path: &Path, metadata: io::Result<Metadata>) -> Result<(), StoreFault> {
    let metadata = metadata.map_err(|why| unusable(path, &why))?;
    if metadata.mode() & 0o077 != 0 || metadata.uid() != geteuid().as_raw() {
        return Err(StoreFault::Exposed(shown(path)));
    }
    Ok(())
}

/// Follows no link: it could lead to a file that somebody else chose.
fn existing(path: &Path) -> Result<Option<File>, StoreFault> {
    let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(None),
        Err(why) => Err(unusable(path, &why)),
    }
}

/// A new file, with its rights from the first moment on.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path)
}

fn unusable(path: &Path, why: &io::Error) -> StoreFault {
    StoreFault::Unusable(shown(path), why.kind())
}

/// A path without the name of the person's home: what is shown may reach a model.
fn shown(path: &Path) -> String {
    let home = std::env::home_dir();
    match home.as_deref().and_then(|home| path.strip_prefix(home).ok()) {
        Some(below) => format!("~/{}", below.display()),
        None => path.display().to_string(),
    }
}

/// Where logins are kept: `fhir-mcp-core` below `XDG_STATE_HOME`, or where the system keeps such things.
pub(crate) fn usual_folder() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let usual = || {
        let home = std::env::home_dir()?;
        let below =
            if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/state" };
        Some(home.join(below))
    };
    // The XDG base directory specification wants relative paths ignored.
    let folder = state.filter(|path| path.is_absolute()).or_else(usual)?;
    folder.is_absolute().then(|| folder.join("fhir-mcp-core"))
}

#[cfg(test)]
mod tests;
