//! Pages and the links between them.

use url::form_urlencoded::Serializer;

use super::wire::Incoming;

const DEFAULT_SIZE: usize = 20;
const MAX_SIZE: usize = 1000;

/// The names of the two paging parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    pub(super) page: &'static str,
    pub(super) size: &'static str,
}

pub(super) const REST: Names = Names { page: "page", size: "page_size" };
pub(super) const FHIR: Names = Names { page: "_page", size: "_count" };

/// One page of a list.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) first: usize,
    pub(super) size: usize,
    pub(super) next: Option<String>,
    pub(super) previous: Option<String>,
}

/// There is no such page.
#[derive(Debug)]
pub(super) struct InvalidPage;

impl Page {
    /// The page that the request asks for, of a list of `total`.
    pub(super) fn of(incoming: &Incoming, names: Names, total: usize) -> Result<Self, InvalidPage> {
        let size = incoming.query.last(names.size).and_then(|size| size.parse::<usize>().ok());
        let size = size.filter(|size| *size > 0).unwrap_or(DEFAULT_SIZE).min(MAX_SIZE);
        let last = total.div_ceil(size).max(1);
        let number = match incoming.query.filled(names.page) {
            None => 1,
            Some("last") => last,
            Some(text) => text.parse::<usize>().map_err(|_| InvalidPage)?,
        };
        if number == 0 || number > last {
            return Err(InvalidPage);
        }
        let link = |number| link(incoming, names.page, number);
        Ok(Self {
            first: (number - 1) * size,
            size,
            next: (number < last).then(|| link(number + 1)),
            previous: (number > 1).then(|| link(number - 1)),
        })
    }
}

/// The request's own URL with another page: parameters sorted, and none for page 1.
fn link(incoming: &Incoming, name: &str, number: usize) -> String {
    let page = number.to_string();
    let mut pairs: Vec<_> = incoming.query.iter().filter(|(key, _)| *key != name).collect();
    if number > 1 {
        pairs.push((name, &page));
    }
    pairs.sort_by_key(|(key, _)| *key);
    let query = Serializer::new(String::new()).extend_pairs(&pairs).finish();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}{}{mark}{query}", incoming.base(), incoming.path)
}
