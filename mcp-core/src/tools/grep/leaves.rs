//! Every text in a resource, with its path: narrative without its markup, attachments of text decoded,
//! contained resources and Open mHealth bodies as well.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::tools::text::{unhidden, without_tags};

/// Bytes of one text that are looked at.
const LONGEST: usize = 256 << 10;
/// Padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What was not looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Attachments that are no text, or cannot be decoded.
    pub binary: usize,
    /// Attachments that stand behind a URL, which is not followed.
    pub remote: usize,
    /// Texts that are longer than what is looked at.
    pub cut: usize,
}

impl Unread {
    /// Adds what was not looked at elsewhere.
    pub const fn add(&mut self, other: Self) {
        self.binary += other.binary;
        self.remote += other.remote;
        self.cut += other.cut;
    }
}

/// Hands over every text of a resource: its path, and what it says without what is hidden in it.
pub fn leaves(resource: &Value, take: &mut dyn FnMut(&str, &str)) -> Unread {
    let mut walk =
        Walk { take, path: String::new(), unread: Unread::default(), is_attachment: false };
    walk.value(resource);
    walk.unread
}

struct Walk<'t> {
    take: &'t mut dyn FnMut(&str, &str),
    path: String,
    unread: Unread,
    /// Whether this is inside an attachment already; one inside that is not opened.
    is_attachment: bool,
}

impl Walk<'_> {
    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.under(&format!("[{at}]"), |walk| walk.value(item));
                }
            }
            Value::Object(members) => self.members(members),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn under(&mut self, step: &str, visit: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push_str(step);
        visit(self);
        self.path.truncate(length);
    }

    fn members(&mut self, members: &Map<String, Value>) {
        let kind = members.get("contentType").and_then(Value::as_str);
        if kind.is_some() && members.contains_key("url") && !members.contains_key("data") {
            self.unread.remote += 1;
        }
        for (name, value) in members {
            let begins = self.path.is_empty() || self.path.ends_with(':');
            let step = if begins { name.clone() } else { format!(".{name}") };
            self.under(&step, |walk| match (name.as_str(), value, kind) {
                ("data", Value::String(data), Some(kind)) => walk.attachment(kind, data),
                ("div", Value::String(markup), _) => walk.markup(markup),
                _ => walk.value(value),
            });
        }
    }

    fn text(&mut self, text: &str) {
        let shown = unhidden(self.bounded(text));
        (self.take)(&self.path, &shown);
    }

    fn markup(&mut self, markup: &str) {
        let shown = unhidden(&entities(&without_tags(self.bounded(markup))));
        (self.take)(&self.path, &shown);
    }

    /// The beginning of a text that is too long, and a note of it.
    fn bounded<'t>(&mut self, text: &'t str) -> &'t str {
        if text.len() <= LONGEST {
            return text;
        }
        self.unread.cut += 1;
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.get(..end).unwrap_or_default()
    }

    fn attachment(&mut self, kind: &str, data: &str) {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let of = |suffixes: [&str; 2]| suffixes.iter().any(|suffix| kind.ends_with(suffix));
        let (is_json, is_markup) = (of(["/json", "+json"]), of(["xml", "html"]));
        if self.is_attachment || !(is_json || is_markup || kind.starts_with("text/")) {
            self.unread.binary += 1;
            return;
        }
        // Four characters stand for three bytes; no more is decoded than is looked at.
        let most = LONGEST / 3 * 4;
        let compact: String =
            data.chars().filter(|c| !c.is_ascii_whitespace()).take(most + 1).collect();
        let is_cut = compact.len() > most;
        let Ok(bytes) = BASE64.decode(compact.get(..most).unwrap_or(&compact)) else {
            self.unread.binary += 1;
            return;
        };
        self.unread.cut += usize::from(is_cut);
        match authz::json::read::<Value>(&bytes) {
            Some(whole) if is_json => self.under(":", |walk| {
                walk.is_attachment = true;
                walk.value(&whole);
                walk.is_attachment = false;
            }),
            _ if is_markup => self.markup(&decoded(&bytes)),
            _ => self.text(&decoded(&bytes)),
        }
    }
}

/// UTF-8, also where it was cut within a letter; or else what each byte means in Latin-1: the two that
/// old documents are written in.
fn decoded(bytes: &[u8]) -> String {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).and_then(|whole| std::str::from_utf8(whole).ok())
        }
        Err(_) => None,
    };
    valid.map_or_else(|| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned)
}

/// The few entities that narrative is escaped with.
fn entities(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&#160;", " "),
        ("&amp;", "&"),
    ];
    named.into_iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD as ENCODER;
    use serde_json::json;

    use super::*;

    fn read(resource: &Value) -> (Vec<(String, String)>, Unread) {
        let mut found = Vec::new();
        let unread = leaves(resource, &mut |path, text| found.push((path.into(), text.into())));
        (found, unread)
    }

    fn attachment(kind: &str, bytes: impl AsRef<[u8]>) -> Value {
        json!({"a": {"contentType": kind, "data": ENCODER.encode(bytes)}})
    }

    #[test]
    fn every_text_is_found_with_its_path() {
        let (found, _) = read(&json!({
            "text": {"div": "<div>Chest <b>pain</b> &amp; fever</div>"},
            "note": [{"text": "a"}, {"text": "b\u{200b}c"}],
            "contained": [{"code": {"text": "d"}}], "n": 7,
        }));
        let expected = [
            ("text.div", "Chest pain & fever"),
            ("note[0].text", "a"),
            ("note[1].text", "bc"),
            ("contained[0].code.text", "d"),
        ];
        let found: Vec<(&str, &str)> = found.iter().map(|(p, t)| (&**p, &**t)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn attachments_of_text_are_opened_and_others_are_counted() {
        let said = |resource: &Value| {
            let (found, unread) = read(resource);
            (found.last().map(|(path, text)| format!("{path}={text}")), unread)
        };
        let none = Unread::default();
        let open = |kind: &str, bytes: &[u8]| said(&attachment(kind, bytes));
        assert_eq!(open("text/plain; charset=utf-8", "Köln".as_bytes()).0.unwrap(), "a.data=Köln");
        assert_eq!(open("text/plain", b"K\xf6ln").0.unwrap(), "a.data=Köln");
        assert_eq!(open("text/html", b"<p>Hi</p>").0.unwrap(), "a.data=Hi");
        let json = open("application/json", br#"{"body":{"note":"x"}}"#);
        assert_eq!(json, (Some("a.data:body.note=x".to_owned()), none));
        let pdf = open("application/pdf", b"%PDF");
        assert_eq!(pdf.1, Unread { binary: 1, ..none });
        assert_eq!(pdf.0.unwrap(), "a.contentType=application/pdf");
        let away = json!({"a": {"contentType": "text/plain", "url": "https://x.test/1"}});
        assert_eq!(said(&away).1, Unread { remote: 1, ..none });
        let broken = json!({"a": {"contentType": "text/plain", "data": "%%%"}});
        assert_eq!(said(&broken).1, Unread { binary: 1, ..none });
    }

    #[test]
    fn what_is_endless_is_looked_at_in_its_beginning_and_said_so() {
        let long = "ü".repeat(LONGEST);
        for resource in [json!({"a": long}), attachment("text/plain", &long)] {
            let (found, unread) = read(&resource);
            assert!(found.last().unwrap().1.len() <= 2 * LONGEST);
            assert!(!found.last().unwrap().1.contains('Ã'), "cut between letters");
            assert_eq!(unread.cut, 1);
        }
    }

    #[test]
    fn an_attachment_in_an_attachment_is_not_opened() {
        let inner = attachment("text/plain", "secret");
        let (found, unread) = read(&attachment("application/json", inner.to_string()));
        assert!(!found.iter().any(|(_, text)| text == "secret"));
        assert_eq!(unread.binary, 1);
    }
}
