//! Reading a record part by part and page by page, within a budget of pages, bytes and time for each
//! call; where it ends early, it can go on.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::leaves::Unread;
use super::snippet::{Hit, Needles, look};
use crate::backend::cursor::Place;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::pages::{End, digest};
use crate::fhir::id::PatientId;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Filter, Search, Slice, Sort};
use crate::tools::compartment::{Missed, Rows, Wanted, filters, rows};
use crate::tools::envelope::{SourceStatus, TruncatedBy};

/// Rows on a page; fewer where these are too large.
const ROWS: u32 = 100;
/// Bytes of resources that one call looks through.
const BYTES: usize = 8 << 20;
/// Left over of a call's time, for the answer.
const RESERVE: Duration = Duration::from_secs(1);
/// Positions that are remembered, to notice a circle.
const REMEMBERED: usize = 16;

/// A part of the record.
#[derive(Clone)]
pub struct Part {
    /// What it is called in the answer.
    pub name: String,
    /// The rows; `None` for the patient themself, who has been read already.
    pub wanted: Option<Wanted>,
}

impl Part {
    /// The parts of these types; where the Exchange keeps its own and imported records of one apart,
    /// both.
    pub fn of(inquiry: &Inquiry, kinds: &[ResourceType]) -> Vec<Self> {
        let mut parts = Vec::new();
        for kind in kinds {
            let name = kind.as_str().to_owned();
            if *kind == ResourceType::PATIENT {
                parts.push(Self { name, wanted: None });
                continue;
            }
            let imported = (*kind == ResourceType::OBSERVATION)
                .then(|| Wanted::imported(inquiry, kind.clone()))
                .flatten();
            parts.push(Self { name, wanted: Some(Wanted::all(kind.clone())) });
            if imported.is_some() {
                parts.push(Self { name: format!("{kind} (imported)"), wanted: imported });
            }
        }
        parts
    }
}

/// What was looked for, and what came of it.
#[derive(Debug, Default)]
pub struct Reached {
    /// Where something was found.
    pub hits: Vec<Hit>,
    /// What became of each part that was come to, in their order.
    pub parts: Vec<(String, Outcome)>,
    /// Resources that were looked through.
    pub searched: usize,
    /// Resources that name no patient, and were not.
    pub unnamed: usize,
    /// What of the resources was not looked at.
    pub unread: Unread,
    /// What ended the call before the record did.
    pub stopped: Option<TruncatedBy>,
    /// Where to go on.
    pub next: Option<Place>,
}

/// What became of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was looked through to its end, or as far as the call went.
    Read,
    /// The backend's pages ended before all of it was seen.
    Cut,
    /// It could not be read.
    Missed(Missed),
}

impl Outcome {
    /// What it is in an envelope.
    pub const fn status(&self) -> SourceStatus {
        match self {
            Self::Read | Self::Cut => SourceStatus::Ok,
            Self::Missed(missed) => missed.status(),
        }
    }
}

/// One call's reading.
pub struct Reader<'q> {
    /// The backend.
    pub inquiry: &'q Inquiry,
    /// Whose record.
    pub id: &'q PatientId,
    /// What is looked for.
    pub needles: Needles,
    /// How many resources with matches are wanted.
    pub most: usize,
    /// What was reached.
    pub reached: Reached,
    /// Pages that may still be read.
    pub pages: u32,
    /// Bytes that were looked through, and bytes of the answer.
    pub bytes: (usize, usize),
}

/// How reading a page went.
enum Turn {
    /// On to this place.
    Next(Place),
    /// The part is done with.
    Done(Outcome),
}

impl Reader<'_> {
    /// Where a part begins.
    pub fn start(inquiry: &Inquiry, part: u32) -> Place {
        let count = inquiry.profile.bounds.page_size.min(ROWS);
        Place { part, position: inquiry.beginning(), count, skip: 0, before: 0, seen: Vec::new() }
    }

    /// Reads from a place on.
    ///
    /// # Errors
    /// The backend refused the token.
    pub async fn read(
        &mut self,
        patient: &Value,
        parts: &[Part],
        from: Place,
    ) -> Result<(), Fault> {
        let first = usize::try_from(from.part).unwrap_or(usize::MAX);
        let work = self.inquiry.progress.work_in(parts.len().saturating_sub(first));
        let mut start = Some(from);
        for (at, part) in parts.iter().enumerate().skip(first) {
            let number = u32::try_from(at).unwrap_or(u32::MAX);
            let place = start.take().unwrap_or_else(|| Self::start(self.inquiry, number));
            let outcome = if let Some(wanted) = &part.wanted {
                self.part(wanted, place).await
            } else {
                self.look(patient);
                Outcome::Read
            };
            if matches!(&outcome, Outcome::Missed(missed) if missed.ends_the_login()) {
                return Err(Fault::TokenRefused);
            }
            self.reached.parts.push((part.name.clone(), outcome));
            if self.reached.stopped.is_some() {
                return Ok(());
            }
            work.part_done();
        }
        Ok(())
    }

    /// Reads a part from a place on, to its end or to the end of a budget.
    async fn part(&mut self, wanted: &Wanted, mut place: Place) -> Outcome {
        let filters = match filters(self.inquiry, wanted, self.id).await {
            Ok(filters) => filters,
            Err(missed) => return Outcome::Missed(missed),
        };
        let (hits, searched) = (self.reached.hits.len(), self.reached.searched);
        loop {
            if let Some(by) = self.exhausted() {
                self.stop(by, place);
                return Outcome::Read;
            }
            let turn = self.page(&wanted.resource_type, &filters, place).await;
            match turn {
                Turn::Next(next) => place = next,
                Turn::Done(outcome) => {
                    if matches!(&outcome, Outcome::Missed(Missed::Foreign | Missed::Ignored(_))) {
                        // Nothing of a part is believed that is not of one patient alone.
                        self.reached.hits.truncate(hits);
                        self.reached.searched = searched;
                    }
                    return outcome;
                }
            }
            if self.reached.stopped.is_some() {
                return Outcome::Read;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn page(&mut self, kind: &ResourceType, filters: &[Filter], place: Place) -> Turn {
        let slice =
            Slice::Rows { count: place.count, at: place.position.clone(), sort: Sort::Updated };
        let (resource_type, filters) = (kind.clone(), filters.to_vec());
        let search = Search { resource_type, filters, slice, includes: Vec::new(), elements: &[] };
        self.pages = self.pages.saturating_sub(1);
        match rows(self.inquiry, self.id, &search, place.before).await {
            Ok(found) => self.take(found, place),
            Err(Missed::Broken(Fault::Late | Fault::Busy)) => {
                self.stop(TruncatedBy::Deadline, place);
                Turn::Done(Outcome::Read)
            }
            // Documents may be so large that fewer of them are to be asked for.
            Err(Missed::Broken(Fault::TooLarge))
                if place.before == 0 && place.skip == 0 && place.count > 1 =>
            {
                Turn::Next(Place { count: place.count.div_ceil(10), ..place })
            }
            Err(missed) => Turn::Done(Outcome::Missed(missed)),
        }
    }

    fn take(&mut self, found: Rows, place: Place) -> Turn {
        let given = found.rows.len() + found.unnamed;
        let skip = usize::try_from(place.skip).unwrap_or(usize::MAX);
        if skip == 0 {
            self.reached.unnamed += found.unnamed;
        }
        for (at, row) in found.rows.iter().enumerate().skip(skip) {
            self.look(row);
            let is_last = at + 1 == found.rows.len() && found.end == End::Complete;
            if let Some(by) = self.is_full().filter(|_| !is_last) {
                let skip = u32::try_from(at + 1).unwrap_or(u32::MAX);
                self.stop(by, Place { skip, ..place });
                return Turn::Done(Outcome::Read);
            }
        }
        let End::More(position) = found.end else {
            let is_all = found.end == End::Complete;
            return Turn::Done(if is_all { Outcome::Read } else { Outcome::Cut });
        };
        let mut seen = place.seen;
        seen.push(digest(&place.position));
        if seen.contains(&digest(&position)) {
            return Turn::Done(Outcome::Cut);
        }
        let forget = seen.len().saturating_sub(REMEMBERED);
        seen.drain(..forget);
        let before = place.before + u64::try_from(given).unwrap_or_default();
        Turn::Next(Place { position, skip: 0, before, seen, ..place })
    }

    fn look(&mut self, resource: &Value) {
        let (hit, unread) = look(&self.needles, resource);
        self.reached.searched += 1;
        self.reached.unread.add(unread);
        self.bytes.0 += size(resource);
        if let Some(hit) = hit {
            self.bytes.1 += size(&hit);
            self.reached.hits.push(hit);
        }
    }

    /// Whether the answer is full.
    fn is_full(&self) -> Option<TruncatedBy> {
        // Room for the envelope itself, and for one more.
        let most = self.inquiry.means.answer_bytes.saturating_sub(10_000);
        if self.reached.hits.len() >= self.most {
            Some(TruncatedBy::Limit)
        } else if self.bytes.1 >= most {
            Some(TruncatedBy::Bytes)
        } else {
            None
        }
    }

    /// Whether another page may not be asked for.
    fn exhausted(&self) -> Option<TruncatedBy> {
        if Instant::now() + RESERVE >= self.inquiry.deadline {
            Some(TruncatedBy::Deadline)
        } else if self.bytes.0 >= BYTES {
            Some(TruncatedBy::Bytes)
        } else if self.pages == 0 {
            Some(TruncatedBy::Limit)
        } else {
            self.is_full()
        }
    }

    fn stop(&mut self, by: TruncatedBy, place: Place) {
        self.reached.stopped = Some(by);
        self.reached.next = Some(place);
    }
}

fn size(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(0, |json| json.len())
}
