//! A REST list, page by page: the page object, the bare array of older servers, and the cursor.

use serde_json::Value;
use url::Url;

/// Where to go on in a REST list. Of a `next` link only this is taken, never its host or path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// The first page.
    First,
    /// A page number.
    Page(u32),
    /// A row offset.
    Offset(u64),
    /// An opaque cursor.
    Opaque(String),
}

impl Cursor {
    /// Reads the cursor out of a `next` link.
    fn of(link: &str) -> Option<Self> {
        // Relative links are resolved against a host that is never contacted.
        let nowhere = Url::parse("https://next.invalid/").ok()?;
        let link = nowhere.join(link).ok()?;
        link.query_pairs().find_map(|(name, value)| match &*name {
            "page" => value.parse().ok().map(Self::Page),
            "offset" => value.parse().ok().map(Self::Offset),
            "cursor" if (1..=512).contains(&value.len()) => Some(Self::Opaque(value.into_owned())),
            _ => None,
        })
    }

    /// The query parameter that asks for it.
    pub fn parameter(&self) -> Option<(&'static str, String)> {
        match self {
            Self::First => None,
            Self::Page(page) => Some(("page", page.to_string())),
            Self::Offset(offset) => Some(("offset", offset.to_string())),
            Self::Opaque(text) => Some(("cursor", text.clone())),
        }
    }
}

/// One page of a REST list.
#[derive(Clone)]
pub struct List {
    /// How many rows there are on all pages.
    pub count: u64,
    /// The rows of this page.
    pub rows: Vec<Value>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Cursor>,
    /// Whether the server says that there is more in a way that cannot be followed.
    pub is_cut: bool,
}

impl List {
    /// Reads a page object `{count, next, results}` or a bare array, which is complete by itself.
    /// An object without a `count` is refused: the caller calls that unknown, never empty.
    pub fn read(body: Value) -> Option<Self> {
        match body {
            Value::Array(rows) => {
                let count = u64::try_from(rows.len()).ok()?;
                Some(Self { count, rows, next: None, is_cut: false })
            }
            Value::Object(mut page) => {
                let count = page.get("count")?.as_u64()?;
                let link = page.get("next").and_then(Value::as_str);
                let next = link.and_then(Cursor::of);
                let is_cut = link.is_some() && next.is_none();
                let Some(Value::Array(rows)) = page.remove("results") else { return None };
                Some(Self { count, rows, next, is_cut })
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn next(link: &str) -> Option<Cursor> {
        List::read(json!({"count": 3, "next": link, "results": []})).unwrap().next
    }

    #[test]
    fn a_list_without_a_count_is_not_believed() {
        for body in [
            json!({"results": []}),
            json!({"count": null, "results": []}),
            json!({"count": "3", "results": []}),
            json!({"count": 3}),
            json!({"detail": "Not found."}),
            json!("text"),
        ] {
            assert!(List::read(body.clone()).is_none(), "{body}");
        }
    }

    #[test]
    fn a_bare_array_is_the_whole_list() {
        let list = List::read(json!([{"id": 1}, {"id": 2}])).unwrap();
        assert_eq!((list.count, list.rows.len(), list.next), (2, 2, None));
    }

    #[test]
    fn of_a_link_only_the_cursor_is_taken() {
        assert_eq!(next("http://elsewhere.test/x?page=2&page_size=1"), Some(Cursor::Page(2)));
        assert_eq!(next("/api/v1/studies?offset=40"), Some(Cursor::Offset(40)));
        assert_eq!(next("?cursor=cD0x"), Some(Cursor::Opaque("cD0x".into())));
    }

    #[test]
    fn a_link_without_a_usable_cursor_says_that_the_list_was_cut() {
        for link in ["https://jhe.test/api/v1/studies", "?page=last", "?cursor=", "?page=-1"] {
            let list = List::read(json!({"count": 3, "next": link, "results": []})).unwrap();
            assert!(list.next.is_none() && list.is_cut, "{link}");
        }
        let last = List::read(json!({"count": 0, "next": null, "results": []})).unwrap();
        assert!(!last.is_cut);
    }
}
