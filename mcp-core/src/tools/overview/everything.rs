//! A small record read whole, where the backend offers `$everything` (FHIR R5 §8.1.10.1). It fills
//! sections; that one of them is empty it does not prove, as servers leave kinds out of it.

use std::collections::HashSet;

use serde_json::Value;
use tokio::time::{Instant, timeout};

use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::pages::{End, digest};
use crate::fhir::id::PatientId;
use crate::fhir::json::{identifier, text};
use crate::fhir::search::Position;
use crate::tools::compartment::{Missed, own};
use crate::tools::served::Need;

/// Pages that a record may have; a larger one is asked for section by section.
const PAGES: usize = 5;
/// Bytes of resources that it may have.
const BYTES: usize = 4 << 20;
/// The part of a call's time that it may take: one in so many.
const SHARE: u32 = 3;
/// The operation's name.
const NAME: &str = "everything";

/// What became of it.
#[derive(Debug)]
pub enum Whole {
    /// The record, each resource once: this patient's, and those that name no patient.
    Record(Vec<Value>, Vec<Value>),
    /// The backend does not offer it, or gave no whole record: too large, cut, or broken.
    None,
    /// It held records of another patient, so that none of it is used.
    Foreign,
}

/// Reads a record whole.
///
/// # Errors
/// The backend refused the token.
pub async fn read(inquiry: &Inquiry, id: &PatientId) -> Result<Whole, Fault> {
    let capability = inquiry.capability().await;
    if !Need::Operation(&[NAME]).is_met(&inquiry.profile, &capability) {
        return Ok(Whole::None);
    }
    // A slow one must leave time for asking section by section.
    let time = inquiry.deadline.saturating_duration_since(Instant::now()) / SHARE;
    let resources = match timeout(time, pages(inquiry, id)).await {
        Ok(Ok(Some(resources))) => resources,
        Ok(Err(Fault::TokenRefused)) => return Err(Fault::TokenRefused),
        Ok(Ok(None) | Err(_)) | Err(_) => return Ok(Whole::None),
    };
    let is_asked = |one: &Value| {
        text(one, "/resourceType") == Some("Patient")
            && identifier(one, "/id").as_deref() == Some(id.as_str())
    };
    if !resources.iter().any(is_asked) {
        return Ok(Whole::None);
    }
    match own(inquiry, id, resources) {
        Ok((rows, unnamed)) => Ok(Whole::Record(rows, unnamed)),
        Err(Missed::Foreign) => Ok(Whole::Foreign),
        Err(_) => Ok(Whole::None),
    }
}

/// All its pages; `None` when they are more than is read, or end too soon.
async fn pages(inquiry: &Inquiry, id: &PatientId) -> Result<Option<Vec<Value>>, Fault> {
    let count = inquiry.profile.bounds.page_size;
    let (mut at, mut bytes) = (Position::Page(1), 0);
    let (mut seen, mut records, mut resources) = (HashSet::new(), HashSet::new(), Vec::new());
    for _ in 0..PAGES {
        if !seen.insert(digest(&at)) {
            return Ok(None);
        }
        let before = resources.len();
        let (rows, end) = inquiry.everything(id, (count, at), before).await?;
        bytes += rows.iter().map(|row| row.to_string().len()).sum::<usize>();
        if bytes > BYTES {
            return Ok(None);
        }
        let is_new = |row: &Value| {
            let part = |pointer| text(row, pointer).map(str::to_owned);
            part("/resourceType").zip(part("/id")).is_none_or(|record| records.insert(record))
        };
        resources.extend(rows.into_iter().filter(is_new));
        match end {
            End::Complete => return Ok(Some(resources)),
            End::More(next) => at = next,
            End::Cut => return Ok(None),
        }
    }
    Ok(None)
}
