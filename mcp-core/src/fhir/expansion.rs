//! A value set that was expanded (FHIR R5 §4.9.8): its codes, one level under another.

use serde_json::Value;

use super::json::{elements, text};

/// Levels that are walked down; deeper ones are cut aloud.
const DEEPEST: usize = 16;

/// An expansion, or a page of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// The canonical URL of the value set, where the answer repeats it.
    pub url: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// When it was expanded.
    pub timestamp: Option<String>,
    /// How many codes there are on all pages; `None` where the server does not say.
    pub total: Option<u64>,
    /// Where this page begins, as the server says.
    pub offset: Option<u64>,
    /// Names of the parameters by which the server says it expanded.
    pub applied: Vec<String>,
    /// Whether the server says that this is not all: a value set without end, or too large.
    pub is_open: bool,
    /// Whether levels were too deep to be read.
    pub is_cut: bool,
    /// The codes, each before those under it.
    pub codes: Vec<Contained>,
}

/// One code of an expansion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contained {
    /// How many codes it stands under.
    pub depth: usize,
    /// The row as it came, without those under it.
    pub row: Value,
}

impl Expansion {
    /// Reads an expanded value set; one without an expansion is none, and so is a total that is no
    /// number.
    pub fn read(mut body: Value) -> Option<Self> {
        (text(&body, "/resourceType") == Some("ValueSet")).then_some(())?;
        let owned = |pointer| text(&body, pointer).map(str::to_owned);
        let (url, version) = (owned("/url"), owned("/version"));
        let mut expansion = body.get_mut("expansion").map(Value::take).filter(Value::is_object)?;
        let number = |name| match expansion.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => value.as_u64().map(Some),
        };
        let (total, offset) = (number("total")?, number("offset")?);
        let applied = elements(&expansion, "/parameter").filter_map(|one| text(one, "/name"));
        let mut found = Self {
            url,
            version,
            timestamp: text(&expansion, "/timestamp").map(str::to_owned),
            total,
            offset,
            applied: applied.map(str::to_owned).collect(),
            is_open: is_open(&expansion),
            ..Self::default()
        };
        let contains = expansion.get_mut("contains").map(Value::take);
        found.walk(contains.unwrap_or_default(), 0)?;
        Some(found)
    }

    fn walk(&mut self, contains: Value, depth: usize) -> Option<()> {
        let rows = match contains {
            Value::Null => return Some(()),
            Value::Array(rows) => rows,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => return None,
        };
        if depth == DEEPEST {
            self.is_cut = true;
            return Some(());
        }
        for mut row in rows {
            let under = row.as_object_mut()?.remove("contains").unwrap_or_default();
            self.codes.push(Contained { depth, row });
            self.walk(under, depth + 1)?;
        }
        Some(())
    }
}

/// `valueset-unclosed` and `valueset-toocostly` of FHIR's own extensions, and the parameter that
/// servers of terminologies write for a list that they cut.
fn is_open(expansion: &Value) -> bool {
    const ENDINGS: [&str; 2] = ["/valueset-unclosed", "/valueset-toocostly"];
    let is_so = |one: &Value| one.get("valueBoolean").and_then(Value::as_bool) == Some(true);
    let says = |one: &Value| {
        is_so(one) && text(one, "/url").is_some_and(|url| ENDINGS.iter().any(|e| url.ends_with(e)))
    };
    let is_limited = |one: &Value| {
        is_so(one) && matches!(text(one, "/name"), Some("limitedExpansion" | "limited-expansion"))
    };
    elements(expansion, "/extension").any(says) || elements(expansion, "/parameter").any(is_limited)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(expansion: &Value) -> Option<Expansion> {
        Expansion::read(json!({"resourceType": "ValueSet", "expansion": expansion}))
    }

    #[test]
    fn codes_under_codes_are_all_there() {
        let found = read(&json!({"total": 3, "contains": [
            {"code": "a", "contains": [{"code": "b"}]}, {"code": "c"}]}))
        .unwrap();
        let codes: Vec<(usize, &str)> =
            found.codes.iter().map(|one| (one.depth, text(&one.row, "/code").unwrap())).collect();
        assert_eq!(codes, [(0, "a"), (1, "b"), (0, "c")]);
    }

    #[test]
    fn what_is_no_expansion_is_not_an_empty_one() {
        assert!(Expansion::read(json!({"resourceType": "ValueSet", "compose": {}})).is_none());
        assert!(Expansion::read(json!({"resourceType": "Bundle"})).is_none());
        for wrong in [
            json!({"total": "3"}),
            json!({"total": -1}),
            json!({"offset": "x"}),
            json!({"contains": {"code": "a"}}),
            json!({"contains": ["a"]}),
        ] {
            assert!(read(&wrong).is_none(), "{wrong}");
        }
        assert_eq!(read(&json!({"total": 0})).unwrap().total, Some(0));
    }

    #[test]
    fn a_list_that_the_server_cut_says_so() {
        let url = "http://hl7.org/fhir/StructureDefinition/valueset-unclosed";
        let open = json!({"extension": [{"url": url, "valueBoolean": true}]});
        assert!(read(&open).unwrap().is_open);
        let limited = json!({"parameter": [{"name": "limitedExpansion", "valueBoolean": true}]});
        assert!(read(&limited).unwrap().is_open);
        assert!(!read(&json!({})).unwrap().is_open);
    }
}
