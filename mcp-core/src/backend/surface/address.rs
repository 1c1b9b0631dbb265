//! The URLs of calls, built segment by segment: nothing that is put into one can leave its place.

use url::Url;

use super::Part;
use crate::backend::list::Cursor;
use crate::backend::profile::{PagingBy, Profile, Total};
use crate::fhir::id::ResourceId;
use crate::fhir::operation::Invocation;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Position, Search, Slice};

/// A path under the base; each segment is percent-encoded on its own.
pub(super) fn at(base: &Url, prefix: &str, segments: &[&str]) -> Option<Url> {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    let prefix = prefix.split('/').filter(|segment| !segment.is_empty());
    url.path_segments_mut().ok()?.pop_if_empty().extend(prefix).extend(segments);
    Some(url)
}

pub(super) fn listed(mut url: Url, page_size: u32, cursor: &Cursor) -> Url {
    url.query_pairs_mut().append_pair("page_size", &page_size.to_string());
    if let Some((name, value)) = cursor.parameter() {
        url.query_pairs_mut().append_pair(name, &value);
    }
    url
}

pub(super) fn operated(
    base: &Url,
    profile: &Profile,
    asked: &Invocation,
    part: &Part,
) -> Option<Url> {
    let operation = ["$", asked.row().name].concat();
    let mut segments: Vec<&str> =
        asked.resource_type().map(ResourceType::as_str).into_iter().collect();
    segments.extend(asked.id().map(ResourceId::as_str));
    segments.push(&operation);
    let mut url = at(base, &profile.fhir.path, &segments)?;
    // Only what is appended makes a question mark.
    for (name, value) in asked.pairs() {
        url.query_pairs_mut().append_pair(name, value);
    }
    match part {
        Part::Whole => {}
        Part::Page { count, at: position } => {
            url.query_pairs_mut().append_pair("_count", &count.to_string());
            go_on(&mut url, profile, position, *count);
        }
        Part::Codes { count, offset } => {
            let mut query = url.query_pairs_mut();
            query.append_pair("offset", &offset.to_string());
            query.append_pair("count", &count.to_string());
        }
    }
    Some(url)
}

pub(super) fn searched(base: &Url, profile: &Profile, search: &Search) -> Option<Url> {
    let mut url = at(base, &profile.fhir.path, &[search.resource_type.as_str()])?;
    let dialect = &profile.search.dialect;
    for filter in &search.filters {
        url.query_pairs_mut().append_pair(filter.key(dialect), &filter.value(dialect));
    }
    match &search.slice {
        Slice::Count => {
            url.query_pairs_mut().append_pair("_summary", "count");
        }
        Slice::Rows { count, at: position, sort } => {
            url.query_pairs_mut().append_pair("_count", &count.to_string());
            go_on(&mut url, profile, position, *count);
            let mut query = url.query_pairs_mut();
            if let Some(order) = sort.value(dialect) {
                query.append_pair("_sort", &order);
            }
            for (name, value) in &search.includes {
                query.append_pair(name, value);
            }
            if let Total::OnRequest(name, value) = &profile.search.total {
                query.append_pair(name, value);
            }
            if profile.search.elements && !search.elements.is_empty() {
                query.append_pair("_elements", &search.elements.join(","));
            }
        }
    }
    Some(url)
}

/// Where the page begins, as the backend counts; the first one needs no words, except where pages are
/// numbered.
pub(super) fn go_on(url: &mut Url, profile: &Profile, position: &Position, count: u32) {
    let paging = &profile.search.paging;
    let name = paging.parameters.first().map_or("", String::as_str);
    match (paging.by, position) {
        (PagingBy::Page, Position::Page(number)) => {
            url.query_pairs_mut().append_pair(name, &number.to_string());
        }
        (PagingBy::Offset, Position::Page(number)) if *number > 1 => {
            let offset = u64::from(*number - 1) * u64::from(count);
            url.query_pairs_mut().append_pair(name, &offset.to_string());
        }
        (_, Position::Offset(offset)) if *offset > 0 => {
            url.query_pairs_mut().append_pair(name, &offset.to_string());
        }
        (_, Position::Link(parameters)) => {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        (PagingBy::Offset | PagingBy::Link, Position::Page(_)) | (_, Position::Offset(_)) => {}
    }
}
