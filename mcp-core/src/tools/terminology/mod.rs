//! Codes and what they mean, from the backend's own service of terminologies. Nothing of a patient is
//! read here.

pub mod expand;
mod listed;
pub mod lookup;
pub mod translate;
pub mod validate;

use serde::Serialize;
use serde_json::Value;

use super::envelope::{Envelope, TruncatedBy};
use super::error::ToolError;
use super::served::offers;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::surface::{Call, Part};
use crate::fhir::operation::{Invocation, Row};
use crate::fhir::terms::{Canonical, Language};

/// Names and values of an operation, as they are gathered from typed arguments.
#[derive(Default)]
struct Given(Vec<(&'static str, Vec<String>)>);

impl Given {
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.0.push((name, vec![value.to_owned()]));
        self
    }

    fn maybe(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// A canonical URL and its version, each under its own name.
    fn canonical(self, (url, version): (&'static str, &'static str), one: &Canonical) -> Self {
        self.with(url, one.url()).maybe(version, one.version())
    }

    fn language(self, language: Option<&Language>) -> Self {
        self.maybe("displayLanguage", language.map(Language::as_str))
    }

    /// As an invocation of this row.
    fn of(self, row: &'static Row) -> Result<Invocation, ToolError> {
        Invocation::new(row, (None, None), &self.0).map_err(ToolError::Argument)
    }
}

/// Whether the backend offers this operation on its type.
async fn is_offered(inquiry: &Inquiry, row: &Row) -> bool {
    offers(&inquiry.profile, &*inquiry.capability().await, row.on, row.name)
}

/// Refuses an operation that the backend does not offer.
async fn needs(inquiry: &Inquiry, row: &Row) -> Result<(), ToolError> {
    if is_offered(inquiry, row).await {
        return Ok(());
    }
    let words = row.words();
    Err(ToolError::NotServed(format!("this backend does not offer {words}")))
}

async fn ask(inquiry: &Inquiry, invocation: Invocation) -> Result<Value, Fault> {
    inquiry.ask(&Call::Operation { invocation, part: Part::Whole }).await
}

/// As many rows as there is room for; how many are missing is said.
fn kept<T: Serialize>(
    rows: Vec<T>,
    what: &str,
    room: &mut usize,
    envelope: &mut Envelope,
) -> Vec<T> {
    let all = rows.len();
    let mut kept = Vec::new();
    for row in rows {
        let bytes = serde_json::to_vec(&row).map_or(usize::MAX, |written| written.len() + 1);
        if bytes > *room {
            break;
        }
        *room -= bytes;
        kept.push(row);
    }
    if kept.len() < all {
        let sentence = format!("{} of {all} {what} did not fit.", all - kept.len());
        envelope.truncate(TruncatedBy::Bytes, sentence);
    }
    kept
}

/// Bytes for the rows of an answer.
fn room(inquiry: &Inquiry) -> usize {
    // Room for the envelope and for what is said but once.
    inquiry.means.answer_bytes.saturating_sub(6_000)
}
