//! TLS for the public listeners: rustls with ring, versions 1.2 and 1.3, HTTP/2 and HTTP/1.1.
//!
//! Reading and showing are two steps: [`load`] reads every file of a listener and says everything
//! that is wrong with them, [`Certificates::accept`] compares; [`Certificates::swap`] puts what was read in place, which cannot fail.
//! Connections that are open stay as they are; the next handshake sees the new.

use std::fmt;

mod certificates;
mod choice;
mod clients;
mod expiry;
mod leaf;
mod pair;

pub use certificates::{Certificates, Loaded, load};
pub(crate) use expiry::Expiry;
pub use leaf::{Fitness, Leaf};

use crate::config::Mistake;

/// Everything that is wrong with the files of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError(Vec<Mistake>);

impl TlsError {
    /// One for each mistake, with the field of the configuration that names the file.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.0
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.0.iter().enumerate() {
            let end = if at == 0 { "" } else { "\n" };
            write!(f, "{end}{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for TlsError {}

/// A mistake in the file that `field` names.
fn mistake(field: String, text: impl Into<String>) -> Mistake {
    Mistake { field, text: text.into() }
}
