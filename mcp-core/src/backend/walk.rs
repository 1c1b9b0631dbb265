//! Walking a search page by page, within a budget of pages, bytes and time.

use std::collections::HashSet;

use serde_json::Value;

use super::fault::Fault;
use super::inquiry::Inquiry;
use super::pages::{End, digest};
use crate::fhir::bundle::{Bundle, Searchset};
use crate::fhir::json::text;
use crate::fhir::search::{Position, Search, Slice};

/// How far a walk may go.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Pages.
    pub pages: u32,
    /// Bytes of resources, as JSON.
    pub bytes: usize,
}

/// What a walk brought together.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The matches, each once.
    pub matches: Vec<Value>,
    /// What came along, each once.
    pub included: Vec<Value>,
    /// How many match, as far as the backend says.
    pub total: Option<u64>,
    /// Parameters that were not applied.
    pub ignored: Vec<String>,
    /// Parameters of which it could not be found out.
    pub unproven: Vec<String>,
    /// Why there is not more; `None` when these are all.
    pub stopped: Option<Stopped>,
}

/// Why a walk ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// By our bound on pages.
    Limit,
    /// By our bound on bytes.
    Bytes,
    /// By the time for a tool call.
    Deadline,
    /// By the backend: its pages end before its total, or go in a circle, or a later one failed.
    Backend,
}

impl Inquiry {
    /// Walks a search to its end or to the budget's. What was read before something went wrong is
    /// kept, and says that it is not all.
    ///
    /// # Errors
    /// The first page could not be had; or the token was refused.
    pub async fn gather(&self, search: Search, budget: Budget) -> Result<Gathered, Fault> {
        let mut gathered = Gathered::default();
        let (mut search, mut before, mut bytes) = (search, 0, 0);
        let (mut places, mut records) = (HashSet::new(), HashSet::new());
        let mut work = None;
        for number in 0..budget.pages {
            places.insert(place(&search));
            let page = match self.page(&search, before).await {
                Ok(page) => page,
                Err(fault) if number == 0 || fault == Fault::TokenRefused => return Err(fault),
                Err(fault) => {
                    gathered.stopped = Some(Stopped::by(&fault));
                    return Ok(gathered);
                }
            };
            let given = page.found.matches.len().max(1);
            before += u64::try_from(page.found.matches.len()).unwrap_or_default();
            let pages = |total: u64| usize::try_from(total).unwrap_or(usize::MAX).div_ceil(given);
            let bound = usize::try_from(budget.pages).unwrap_or(usize::MAX);
            let ahead = || page.found.total.map_or(1, pages).min(bound);
            work.get_or_insert_with(|| self.progress.work_in(ahead())).part_done();
            bytes += gathered.take(page.found, &mut records);
            gathered.note(page.ignored, page.unproven);
            match page.end {
                End::Complete => return Ok(gathered),
                End::Cut => gathered.stopped = Some(Stopped::Backend),
                End::More(next) => {
                    search = search.at(next);
                    if places.contains(&place(&search)) {
                        gathered.stopped = Some(Stopped::Backend);
                    } else if bytes >= budget.bytes {
                        gathered.stopped = Some(Stopped::Bytes);
                    }
                }
            }
            if gathered.stopped.is_some() {
                return Ok(gathered);
            }
        }
        gathered.stopped = Some(Stopped::Limit);
        Ok(gathered)
    }

    /// The page of this number where only links lead on.
    pub(super) async fn numbered(&self, search: Search, number: u32) -> Result<Bundle, Fault> {
        let mut search = search.at(Position::Page(1));
        let mut before = 0;
        for at in 1..=number {
            if at > self.profile.bounds.walk_pages {
                return Err(Fault::Unsupported("page".to_owned()));
            }
            let page = self.page(&search, before).await?;
            if let Some(name) = page.ignored.into_iter().chain(page.unproven).next() {
                return Err(Fault::Ignored(name));
            }
            if at == number {
                return Bundle::of(page.found).ok_or(Fault::Malformed);
            }
            before += u64::try_from(page.found.matches.len()).unwrap_or_default();
            match page.end {
                End::Complete => return Err(Fault::InvalidPage),
                End::Cut => return Err(Fault::Malformed),
                End::More(next) => search = search.at(next),
            }
        }
        Err(Fault::InvalidPage)
    }
}

fn place(search: &Search) -> Option<u64> {
    match &search.slice {
        Slice::Rows { at, .. } => Some(digest(at)),
        Slice::Count => None,
    }
}

impl Gathered {
    /// Takes resources in, each of type and id once; returns how many bytes they have.
    fn take(&mut self, found: Searchset, records: &mut HashSet<(String, String)>) -> usize {
        self.total = found.total.or(self.total);
        let mut is_new = |resource: &Value| {
            let named = |pointer| text(resource, pointer).map(str::to_owned);
            let record = named("/resourceType").zip(named("/id"));
            record.is_none_or(|record| records.insert(record))
        };
        let matches: Vec<Value> = found.matches.into_iter().filter(&mut is_new).collect();
        let included: Vec<Value> = found.included.into_iter().filter(&mut is_new).collect();
        let bytes = matches.iter().chain(&included).map(|one| one.to_string().len()).sum();
        self.matches.extend(matches);
        self.included.extend(included);
        bytes
    }

    fn note(&mut self, ignored: Vec<String>, unproven: Vec<String>) {
        for (from, to) in [(ignored, &mut self.ignored), (unproven, &mut self.unproven)] {
            for name in from {
                if !to.contains(&name) {
                    to.push(name);
                }
            }
        }
    }
}

impl Stopped {
    const fn by(fault: &Fault) -> Self {
        if matches!(fault, Fault::Late | Fault::Busy) { Self::Deadline } else { Self::Backend }
    }
}
