//! Where a long answer goes on, as a text that only we can read: sealed under a key of its own, and
//! good for one person, tool, question and backend, for a quarter of an hour.

use std::time::Duration;

use authz::keyring::{KeyRing, SecretKey};
use authz::seal::{Purpose, Sealable, Sealer};
use authz::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::inquiry::Inquiry;
use crate::fhir::search::Position;

/// How long a cursor is believed: a conversation goes on within minutes, or asks anew.
const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// Who seals: cursors are core's alone.
const ISSUER: &str = "fhir-mcp-core";
/// The longest text that is looked at.
const LONGEST: usize = 4_096;

/// A place in a long answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which of several parts of a question it is in, from 0.
    pub part: u32,
    /// The page at the backend.
    pub position: Position,
    /// Rows on a page there; another size would move the page.
    pub count: u32,
    /// Rows of that page that were answered already.
    pub skip: u32,
    /// Rows before that page.
    pub before: u64,
    /// Digests of the positions that led here: whoever comes back to one walks in a circle.
    pub seen: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    issued_at: Timestamp,
    place: Place,
}

impl Sealable for Sealed {
    const PURPOSE: Purpose = Purpose::Cursor;
    const PREFIX: &'static str = "";

    fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    fn expires_at(&self) -> Timestamp {
        self.issued_at.plus(LIFETIME)
    }
}

/// Seals and opens cursors.
#[derive(Debug)]
pub struct Cursors(Sealer);

impl Cursors {
    /// Under the hop key, from which cursors have a key of their own.
    pub fn new(hop_key: SecretKey) -> Self {
        Self(Sealer::new(&KeyRing::single(hop_key), ISSUER))
    }
}

impl Inquiry {
    /// The cursor for a place in the answer of `tool` to `question`.
    pub fn seal_cursor(&self, tool: &str, question: &str, place: Place) -> String {
        let sealed = Sealed { issued_at: self.now, place };
        let context = self.context(tool, question);
        self.means.cursors.0.seal_bound(&sealed, &context, &mut rand::rng())
    }

    /// The place that a cursor stands for, if it was sealed for this person, this tool, this question
    /// and this backend within the last quarter of an hour.
    pub fn open_cursor(&self, tool: &str, question: &str, cursor: &str) -> Option<Place> {
        let context = self.context(tool, question);
        let short = Some(cursor.trim()).filter(|cursor| cursor.len() <= LONGEST)?;
        let sealed: Sealed = self.means.cursors.0.open_bound(short, &context, self.now).ok()?;
        Some(sealed.place)
    }

    fn context(&self, tool: &str, question: &str) -> [u8; 32] {
        let backend = (self.backend.as_str(), self.base_url.as_str());
        let mut digest = Sha256::new();
        for part in [self.subject.as_str(), tool, question, backend.0, backend.1] {
            // With their lengths, the parts cannot run into each other.
            digest.update(part.len().to_be_bytes());
            digest.update(part.as_bytes());
        }
        digest.finalize().into()
    }
}
