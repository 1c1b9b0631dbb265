//! Readings of several people and kinds, a few at a time. One that fails is missed aloud.

use futures::StreamExt as _;

use super::account::Account;
use super::extract::{Measured, every};
use super::load::{Loaded, load};
use super::when::When;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::fhir::id::PatientId;
use crate::tools::data_type::{Sought, resolve};
use crate::tools::envelope::{Envelope, Status};
use crate::tools::error::{HIDDEN, ToolError};

/// Loads under way at the same time; each asks for several pages at once.
const AT_ONCE: usize = 3;
/// Sentences of single parts that an answer of many repeats.
const MOST_SENTENCES: usize = 8;
const FAILED: &str = "could not be read, which does not mean that there is nothing";

/// One person's readings of one kind, or why there are none.
pub struct Part {
    /// Whose.
    pub patient: PatientId,
    /// Of which kind, as it was asked for.
    pub data_type: String,
    /// The readings.
    pub loaded: Result<Loaded<Vec<Measured>>, &'static str>,
}

/// What each name of a kind asks for.
///
/// # Errors
/// A name that the backend has no code for, or an empty one.
pub async fn kinds(
    inquiry: &Inquiry,
    names: &[String],
) -> Result<Vec<(String, Sought)>, ToolError> {
    let mut kinds: Vec<(String, Sought)> = Vec::new();
    for name in names {
        let blank = || ToolError::Argument("a data type must not be empty".to_owned());
        let sought = resolve(inquiry, Some(name)).await?.ok_or_else(blank)?;
        if kinds.iter().all(|(_, known)| *known != sought) {
            kinds.push((name.trim().to_owned(), sought));
        }
    }
    Ok(kinds)
}

/// Fetches every kind of every patient, in this order.
///
/// # Errors
/// The backend refused the token; or nothing at all could be had.
pub async fn fetch(
    inquiry: &Inquiry,
    patients: &[PatientId],
    kinds: &[(String, Sought)],
    when: &When,
    envelope: &mut Envelope,
) -> Result<Vec<Part>, ToolError> {
    let of = |patient: &PatientId| {
        let patient = patient.clone();
        kinds.iter().map(move |(name, sought)| (patient.clone(), name.clone(), sought.clone()))
    };
    let pairs: Vec<(PatientId, String, Sought)> = patients.iter().flat_map(of).collect();
    let work = inquiry.progress.work_in(pairs.len());
    let is_one = pairs.len() == 1;
    let mut loads = futures::stream::iter(pairs)
        .map(|(patient, name, sought)| async move {
            let mut said = Envelope::default();
            let loaded = load(inquiry, (&patient, &sought), when, every, &mut said).await;
            work.part_done();
            (patient, name, loaded, said)
        })
        .buffered(AT_ONCE);
    let (mut parts, mut first_error, mut all) = (Vec::new(), None, Account::default());
    while let Some((patient, name, loaded, said)) = loads.next().await {
        absorb(
            envelope,
            said,
            &if is_one { String::new() } else { format!("{patient}, {name}: ") },
        );
        let loaded = match loaded {
            Err(refused @ ToolError::Backend(Fault::TokenRefused)) => return Err(refused),
            Err(error) => {
                let problem = problem(&error);
                first_error.get_or_insert(error);
                Err(problem)
            }
            Ok(loaded) => {
                loaded.account.tell(envelope);
                all = all.and(loaded.account);
                Ok(loaded)
            }
        };
        parts.push(Part { patient, data_type: name, loaded });
    }
    if all.is_empty() {
        Account::tell_nothing(envelope);
    }
    match first_error {
        Some(error) if parts.iter().all(|part| part.loaded.is_err()) => Err(error),
        Some(_) => {
            envelope.leave_out("Where a part has a problem, nothing is known of it.");
            Ok(parts)
        }
        None => Ok(parts),
    }
}

const fn problem(error: &ToolError) -> &'static str {
    if matches!(error, ToolError::NotFoundOrNotAuthorized(_)) { HIDDEN } else { FAILED }
}

/// Takes over what a part says of itself, up to a number of sentences.
pub fn absorb(envelope: &mut Envelope, part: Envelope, about: &str) {
    for by in part.truncated_by {
        if !envelope.truncated_by.contains(&by) {
            envelope.truncated_by.push(by);
        }
    }
    if part.status != Status::Ok && envelope.status == Status::Ok {
        envelope.status = Status::Partial;
    }
    for sentence in part.left_out {
        match envelope.left_out.len() {
            MOST_SENTENCES => {
                let more = "More parts are incomplete; ask for fewer at once to see each.";
                envelope.left_out.push(more.to_owned());
            }
            0..MOST_SENTENCES => envelope.left_out.push(format!("{about}{sentence}")),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::envelope::TruncatedBy;

    #[test]
    fn what_parts_leave_out_is_said_of_the_whole_within_bounds() {
        let mut whole = Envelope::default();
        for at in 0..12 {
            let mut part = Envelope::default();
            part.truncate(TruncatedBy::Limit, "not all");
            absorb(&mut whole, part, &format!("{at}: "));
        }
        assert_eq!(whole.status, Status::Partial);
        assert_eq!(whole.truncated_by, [TruncatedBy::Limit]);
        assert_eq!(whole.left_out.len(), MOST_SENTENCES + 1);
        assert_eq!(whole.left_out[0], "0: not all");
        assert!(whole.left_out[MOST_SENTENCES].contains("More parts"));
    }
}
