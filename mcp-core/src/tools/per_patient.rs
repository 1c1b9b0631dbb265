//! Counts for each of several patients, several at a time. One that fails is missed aloud.

use futures::StreamExt as _;

use super::envelope::{Envelope, TruncatedBy};
use super::imported;
use super::records::{Census, Counts, Records, count, counts};
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::fhir::id::PatientId;
use crate::fhir::search::Filter;

/// What is asked about each patient beside the count in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// How many records the backend cannot date.
    pub undated: bool,
    /// How many imported records there are.
    pub imported: bool,
}

/// What one patient has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The backend's own records in the window.
    pub own: u64,
    /// Imported records in the window.
    pub imported: u64,
    /// All own records and the dated ones among them, whatever the window.
    pub census: Option<Census>,
}

impl Tally {
    /// Both stores together.
    pub const fn count(&self) -> u64 {
        self.own.saturating_add(self.imported)
    }
}

/// One patient with what was counted, or why it was not.
pub type Counted = (PatientId, Result<Tally, Fault>);

/// Counts for each patient, in their order. Study and patient stand in one request, so that the counts
/// add up.
///
/// # Errors
/// The backend refused the token.
pub async fn tally(
    inquiry: &Inquiry,
    records: &Records,
    patients: Vec<PatientId>,
    wanted: Wanted,
) -> Result<Vec<Counted>, Fault> {
    let work = inquiry.progress.work_in(patients.len());
    let counted: Vec<Counted> = futures::stream::iter(patients)
        .map(|patient| async move {
            let records = records.narrowed(Filter::Patient(patient.clone()));
            let counted = one(inquiry, &records, wanted).await;
            work.part_done();
            (patient, counted)
        })
        .buffered(inquiry.profile.bounds.fan_out)
        .collect()
        .await;
    if counted.iter().any(|(_, tally)| matches!(tally, Err(Fault::TokenRefused))) {
        return Err(Fault::TokenRefused);
    }
    Ok(counted)
}

async fn one(inquiry: &Inquiry, records: &Records, wanted: Wanted) -> Result<Tally, Fault> {
    let own = count(inquiry, records.inside()).await?;
    let mut tally = Tally { own, ..Tally::default() };
    if wanted.undated {
        let is_open = records.window.is_open();
        let total = if is_open { own } else { count(inquiry, records.everything()).await? };
        tally.census = Census::of(total, count(inquiry, records.dated()).await)?;
    }
    if wanted.imported {
        tally.imported = imported::inside(inquiry, records).await?;
    }
    Ok(tally)
}

/// What is known of all patients together, before each is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    /// What they have.
    pub tally: Tally,
    /// What is worth asking about each of them.
    pub wanted: Wanted,
}

/// Counts for all patients at once. What a window leaves out is said.
///
/// # Errors
/// See [`Fault`].
pub async fn whole(
    inquiry: &Inquiry,
    records: &Records,
    envelope: &mut Envelope,
) -> Result<Whole, Fault> {
    let (counted, imported) =
        tokio::join!(counts(inquiry, records), imported::ask(inquiry, records));
    let Counts { inside: own, census } = counted?;
    let known = imported::noted(imported, envelope)?.unwrap_or_default();
    let is_open = records.window.is_open();
    let imported = match known {
        0 => 0,
        all if is_open => all,
        _ => imported::inside(inquiry, records).await?,
    };
    let undated = census.map_or(0, Census::undated);
    if undated > 0 && !is_open {
        envelope.leave_out(format!(
            "{undated} records have no effective time at the backend and are not counted, whether \
             or not they fall into the window. count_patient_observations reads the time in their \
             body, for one patient."
        ));
    }
    if known > 0 && !is_open {
        imported::note_edges(envelope);
    }
    let wanted = Wanted { undated: undated > 0, imported: known > 0 };
    Ok(Whole { tally: Tally { own, imported, census }, wanted })
}

/// Says how far the counts by patient are from the whole.
pub fn check(sum: u64, whole: u64, failed: usize, envelope: &mut Envelope) -> bool {
    if failed > 0 {
        let sentence = format!(
            "{failed} patients could not be counted; they are missing from counts, which does not \
             mean that they have no data."
        );
        envelope.truncate(TruncatedBy::Backend, sentence);
    }
    if sum != whole {
        envelope.leave_out(format!(
            "The counts by patient add up to {sum}, and the count over all is {whole}: {} {}.",
            sum.abs_diff(whole),
            if sum < whole { "are missing" } else { "are too many" },
        ));
    }
    sum == whole
}

/// All of them together. Where one could not be dated, it is not known of all how many can be.
pub fn added(counted: &[Counted]) -> Tally {
    let nothing = Tally { census: Some(Census { total: 0, dated: 0 }), ..Tally::default() };
    let known =
        counted.iter().filter_map(|(_, tally): &(_, Result<Tally, Fault>)| tally.as_ref().ok());
    known.fold(nothing, |all, one| Tally {
        own: all.own + one.own,
        imported: all.imported + one.imported,
        census: all.census.zip(one.census).map(|(all, one)| Census {
            total: all.total + one.total,
            dated: all.dated + one.dated,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::super::envelope::Status;
    use super::*;

    #[test]
    fn parts_that_do_not_add_up_to_the_whole_are_told_with_the_difference() {
        let mut envelope = Envelope::default();
        assert!(check(5, 5, 0, &mut envelope));
        assert_eq!(envelope.status, Status::Ok);
        assert!(!check(3, 5, 0, &mut envelope));
        assert_eq!(envelope.status, Status::Partial);
        assert!(envelope.left_out[0].contains("2 are missing"), "{:?}", envelope.left_out);
        let mut envelope = Envelope::default();
        assert!(!check(7, 5, 1, &mut envelope));
        assert!(envelope.left_out[0].contains("1 patients could not be counted"));
        assert!(envelope.left_out[1].contains("2 are too many"));
    }
}
