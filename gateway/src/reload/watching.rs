//! Looks at the files of the configuration: their contents, so that every kind of edit and of mount
//! shows, a Kubernetes volume's swapped symlink included.

use std::path::{Path, PathBuf};

use crate::config::{Config, ConfigError, Files};

/// What was found in the files.
#[derive(Debug)]
pub struct Found {
    /// The configuration, or what is wrong with it.
    pub config: Result<Config, ConfigError>,
    /// What it was read from.
    pub files: Files,
}

/// Watches one configuration. It has no clock: it looks when it is told to.
#[derive(Debug)]
pub struct Watch {
    path: PathBuf,
    /// As they were when the configuration was last read, rightly or wrongly.
    read: Files,
    /// As they were at the last look, if that was otherwise.
    seen: Option<Files>,
}

impl Watch {
    /// Watches the configuration at `path`, which has been read from `files`.
    pub fn new(path: &Path, files: Files) -> Self {
        Self { path: path.to_owned(), read: files, seen: None }
    }

    /// Looks once. A change is read when two looks in a row see the same: an editor that still
    /// writes, and a mount that is half swapped, are left alone.
    pub fn look(&mut self) -> Option<Found> {
        let now = self.read.again();
        if now == self.read {
            self.seen = None;
            return None;
        }
        if self.seen.as_ref() != Some(&now) {
            self.seen = Some(now);
            return None;
        }
        Some(self.insist())
    }

    /// Reads now, whether or not anything has changed.
    pub fn insist(&mut self) -> Found {
        let (config, files) = Config::read(&self.path);
        self.read = files.clone();
        self.seen = None;
        Found { config, files }
    }

    /// The files that are watched.
    pub const fn files(&self) -> &Files {
        &self.read
    }
}
