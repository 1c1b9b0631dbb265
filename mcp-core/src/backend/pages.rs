//! A page of a search: what it proves, whether it is the last, and where the next one is.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;
use url::Url;

use super::cursor::Place;
use super::detector::Evidence;
use super::fault::Fault;
use super::inquiry::Inquiry;
use super::profile::PagingBy;
use super::surface::{Call, Part};
use crate::fhir::bundle::Searchset;
use crate::fhir::collected::Collected;
use crate::fhir::history::History;
use crate::fhir::id::{PatientId, ResourceId};
use crate::fhir::operation::{Gives, Invocation};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Position, Search, Slice};

/// A page of a search, with what is known of it.
#[derive(Debug)]
pub struct Page {
    /// What came.
    pub found: Searchset,
    /// Parameters that were not applied.
    pub ignored: Vec<String>,
    /// Parameters of which it could not be found out.
    pub unproven: Vec<String>,
    /// Whether there is more, and where.
    pub end: End,
}

/// What a page of any list says of itself.
#[derive(Clone, Copy)]
struct Given<'a> {
    rows: usize,
    total: Option<u64>,
    next: Option<&'a str>,
}

/// How a page ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything has been read: the total says so, or there is no link and the page is not full.
    Complete,
    /// There is more, from here on.
    More(Position),
    /// There is or may be more, but nothing says how to get it; or there was more than announced.
    Cut,
}

impl Inquiry {
    /// Where a list begins, as this backend counts.
    pub fn beginning(&self) -> Position {
        match self.profile.search.paging.by {
            PagingBy::Offset => Position::Offset(0),
            PagingBy::Page | PagingBy::Link => Position::Page(1),
        }
    }

    /// One page of a search, or its count, with the evidence on what was applied. `before` are the
    /// rows before it, where its position does not tell.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn page(&self, search: &Search, before: u64) -> Result<Page, Fault> {
        let doubtful = self.preflight(search).await?;
        let kind = search.resource_type.as_str();
        let body = self.ask(&Call::Search(search.clone())).await?;
        let found = Searchset::read(body, kind).ok_or(Fault::Malformed)?;
        let Evidence { ignored, unproven } = self.evidence(search, &found, &doubtful).await?;
        let end = self.end(search, &found, before)?;
        Ok(Page { found, ignored, unproven, end })
    }

    /// Whether there is more (the rules of completeness): the total decides; without one a page that
    /// is not full and names no next one is the last.
    fn end(&self, search: &Search, found: &Searchset, before: u64) -> Result<End, Fault> {
        let Slice::Rows { count, at, .. } = &search.slice else { return Ok(End::Complete) };
        let given = found.matches.len();
        self.end_of(
            Given { rows: given, total: found.total, next: found.next.as_deref() },
            (*count, at, before),
        )
    }

    /// The same for rows of any list that pages like a search.
    fn end_of(
        &self,
        given: Given<'_>,
        (count, at, before): (u32, &Position, u64),
    ) -> Result<End, Fault> {
        let Given { rows, total, next: link } = given;
        let before = match at {
            Position::Page(number) => u64::from(number.saturating_sub(1)) * u64::from(count),
            Position::Offset(offset) => *offset,
            Position::Link(_) => before,
        };
        let given = u64::try_from(rows).unwrap_or(u64::MAX);
        let (reached, is_full) = (before + given, given >= u64::from(count));
        let linked = link.map(|link| self.cursor_of(link)).transpose()?;
        match total {
            Some(total) if reached == total => return Ok(End::Complete),
            Some(total) if reached > total && given > 0 => return Ok(End::Cut),
            Some(_) if given == 0 => return Ok(if before == 0 { End::Cut } else { End::Complete }),
            None if link.is_none() && !is_full => return Ok(End::Complete),
            Some(_) | None => {}
        }
        let next = match (self.profile.search.paging.by, at) {
            (PagingBy::Link, _) => linked.flatten(),
            (PagingBy::Page, Position::Page(number)) => Some(Position::Page(number + 1)),
            (PagingBy::Page | PagingBy::Offset, _) => Some(Position::Offset(reached)),
        };
        Ok(next.filter(|next| next != at && given > 0).map_or(End::Cut, End::More))
    }

    /// What an operation collects: a page of it, or all of it where it has no pages.
    ///
    /// # Errors
    /// See [`Fault`]; a Bundle of another kind than the operation gives is malformed.
    pub async fn collect(
        &self,
        invocation: Invocation,
        place: &Place,
    ) -> Result<(Collected, End), Fault> {
        let gives = invocation.row().gives;
        let (count, at) = (place.count, place.position.clone());
        let part = if gives == Gives::Pages { Part::Page { count, at } } else { Part::Whole };
        let body = self.ask(&Call::Operation { invocation, part }).await?;
        if gives == Gives::Document {
            let document = Collected::document(body).ok_or(Fault::Malformed)?;
            return Ok((document, End::Complete));
        }
        let found = Collected::set(body).ok_or(Fault::Malformed)?;
        if gives == Gives::Pages {
            let next = found.next.as_deref();
            let page = Given { rows: found.counted, total: found.total, next };
            let end = self.end_of(page, (count, &place.position, place.before))?;
            return Ok((found, end));
        }
        let counted = u64::try_from(found.counted).unwrap_or(u64::MAX);
        let is_all = found.next.is_none() && found.total.is_none_or(|total| total == counted);
        Ok((found, if is_all { End::Complete } else { End::Cut }))
    }

    /// A page of the history of one resource.
    ///
    /// # Errors
    /// See [`Fault`]; a version of another resource makes the answer malformed.
    pub async fn history(
        &self,
        resource_type: &ResourceType,
        id: &ResourceId,
        place: &Place,
    ) -> Result<(History, End), Fault> {
        let call = Call::History {
            resource_type: resource_type.clone(),
            id: id.clone(),
            count: place.count,
            at: place.position.clone(),
        };
        let body = self.ask(&call).await?;
        let history = History::read(body, resource_type.as_str(), id.as_str());
        let history = history.ok_or(Fault::Malformed)?;
        let (rows, next) = (history.versions.len(), history.next.as_deref());
        let given = Given { rows, total: history.total, next };
        let end = self.end_of(given, (place.count, &place.position, place.before))?;
        Ok((history, end))
    }

    /// A page of what a backend calls everything of one patient. Its total may be of anything, so that
    /// it proves at most that there is more; and so does a full page where links do not lead on.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn everything(
        &self,
        patient: &PatientId,
        (count, at): (u32, Position),
        before: usize,
    ) -> Result<(Vec<Value>, End), Fault> {
        let body = self.ask(&Call::Everything { patient: patient.clone(), count, at }).await?;
        let found =
            Searchset::read(body, ResourceType::PATIENT.as_str()).ok_or(Fault::Malformed)?;
        let next = found.next.as_deref().map(|link| self.cursor_of(link)).transpose()?;
        let rows: Vec<Value> = found.matches.into_iter().chain(found.included).collect();
        let seen = u64::try_from(before + rows.len()).unwrap_or(u64::MAX);
        let is_short = u64::try_from(rows.len()).is_ok_and(|given| given < u64::from(count));
        let is_last = is_short || self.profile.search.paging.by == PagingBy::Link;
        let end = match next {
            Some(next) => next.map_or(End::Cut, End::More),
            None if is_last && found.total.is_none_or(|total| total <= seen) => End::Complete,
            None => End::Cut,
        };
        Ok((rows, end))
    }

    /// What a `next` link says, and nothing else of it: its host and path are never followed.
    fn cursor_of(&self, link: &str) -> Result<Option<Position>, Fault> {
        let paging = &self.profile.search.paging;
        let link: Url = self.base_url.join(link).map_err(|_| Fault::ForeignLink)?;
        let is_plain = link.username().is_empty() && link.password().is_none();
        let is_ours = is_plain && link.origin() == self.base_url.origin();
        if !paging.any_origin && !is_ours {
            return Err(Fault::ForeignLink);
        }
        let named: Vec<(String, String)> = link
            .query_pairs()
            .filter(|(name, value)| {
                paging.parameters.iter().any(|known| known == name) && value.len() <= 2_048
            })
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        Ok((!named.is_empty()).then_some(Position::Link(named)))
    }
}

/// A number for a place, by which a circle is noticed.
pub fn digest(position: &Position) -> u64 {
    let mut hasher = DefaultHasher::new();
    position.hash(&mut hasher);
    hasher.finish()
}
