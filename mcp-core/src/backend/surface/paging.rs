//! Where a page begins, in the words of a backend.

use url::Url;

use crate::backend::profile::{PagingBy, Profile};
use crate::fhir::search::Position;

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
