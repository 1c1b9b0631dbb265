//! One search parameter as it is sent: a name, perhaps a modifier, and values that cannot become more
//! than they are.

use std::fmt;

use super::date::is_date_time;
use super::id::is_fhir_id;
use super::resource_type::ResourceType;

/// Values of one parameter; more belong into several questions.
const MOST_VALUES: usize = 50;
/// Bytes of one value.
const LONGEST_VALUE: usize = 1_000;
/// Comparisons in front of dates, numbers and quantities (FHIR R5 §3.2.1.5.6).
pub const PREFIXES: [&str; 9] = ["eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap"];

/// What a parameter's values mean (FHIR R5 §3.2.1.5.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParameterKind {
    /// A number, perhaps compared.
    Number,
    /// A date of any precision, perhaps compared.
    Date,
    /// Words.
    String,
    /// A code, perhaps with its system.
    Token,
    /// Another resource.
    Reference,
    /// Several values that belong together.
    Composite,
    /// A number with a unit, perhaps compared.
    Quantity,
    /// A URI.
    Uri,
    /// Something of its own.
    Special,
}

impl ParameterKind {
    /// Reads the word of a capability statement.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "number" => Self::Number,
            "date" => Self::Date,
            "string" => Self::String,
            "token" => Self::Token,
            "reference" => Self::Reference,
            "composite" => Self::Composite,
            "quantity" => Self::Quantity,
            "uri" => Self::Uri,
            "special" => Self::Special,
            _ => return None,
        })
    }

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Date => "date",
            Self::String => "string",
            Self::Token => "token",
            Self::Reference => "reference",
            Self::Composite => "composite",
            Self::Quantity => "quantity",
            Self::Uri => "uri",
            Self::Special => "special",
        }
    }

    /// Whether the specification knows this modifier for it (FHIR R5 §3.2.1.5.5).
    fn takes(self, modifier: &str) -> bool {
        match self {
            Self::String => matches!(modifier, "exact" | "contains" | "text"),
            Self::Token => matches!(
                modifier,
                "not" | "text" | "in" | "not-in" | "above" | "below" | "of-type" | "code-text"
            ),
            Self::Reference => {
                matches!(modifier, "identifier" | "above" | "below" | "text" | "code-text")
                    || ResourceType::parse(modifier).is_some()
            }
            Self::Uri => matches!(modifier, "above" | "below" | "contains"),
            Self::Number | Self::Date | Self::Composite | Self::Quantity | Self::Special => false,
        }
    }

    /// A value that no record has, by which a filter that is applied finds nothing.
    pub const fn impossible(self) -> &'static str {
        match self {
            Self::Number | Self::Quantity => "gt999999999999999",
            // Not "later than": a period without an end is later than everything.
            Self::Date => "9999-12-30",
            Self::Uri => "urn:fhir-mcp:no-such-thing",
            Self::String | Self::Token | Self::Reference | Self::Composite | Self::Special => {
                "fhir-mcp-no-such-thing"
            }
        }
    }
}

/// A parameter that may be sent as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameter {
    name: String,
    key: String,
    value: String,
    kind: ParameterKind,
    values: Vec<String>,
}

/// Values and names are a person's question.
impl fmt::Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parameter([hidden])")
    }
}

impl Parameter {
    /// A parameter of this kind with these values, of which one must hold.
    ///
    /// # Errors
    /// A sentence that names the parameter and says what would be right.
    pub fn new(
        name: &str,
        modifier: Option<&str>,
        values: &[String],
        kind: ParameterKind,
    ) -> Result<Self, String> {
        if !is_name(name) {
            return Err("params: a name is no search parameter; names are letters, digits, \
                        hyphens, underscores, dots and colons"
                .to_owned());
        }
        if let Some(modifier) = modifier.filter(|word| *word != "missing" && !kind.takes(word)) {
            let (kind, modifier) = (kind.as_str(), super::json::plain(modifier));
            return Err(format!("{name}: a {kind} parameter has no modifier {modifier}"));
        }
        if values.is_empty() || values.len() > MOST_VALUES {
            return Err(format!(
                "{name}: give 1 to {MOST_VALUES} values; any one of them may match"
            ));
        }
        let written: Vec<String> = values
            .iter()
            .map(|value| write(value, modifier, kind).map_err(|rule| format!("{name}: {rule}")))
            .collect::<Result<_, _>>()?;
        let key = modifier.map_or_else(|| name.to_owned(), |word| format!("{name}:{word}"));
        let (name, value) = (name.to_owned(), written.join(","));
        Ok(Self { name, key, value, kind, values: values.to_vec() })
    }

    /// The name without modifier.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name with its modifier, as it stands in the query.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The escaped values, joined by commas.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The values as they were asked for.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// What the values mean.
    pub const fn kind(&self) -> ParameterKind {
        self.kind
    }
}

/// Letters, digits and what chains, modifiers and reverse chains are made of (FHIR R5 §3.2.1.6).
pub fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && !text.contains("..")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':'))
}

fn write(value: &str, modifier: Option<&str>, kind: ParameterKind) -> Result<String, &'static str> {
    let value = value.trim();
    if value.is_empty() {
        return Err("an empty value matches everything at some backends; leave the parameter out");
    }
    if value.len() > LONGEST_VALUE || value.chars().any(char::is_control) {
        return Err("a value has at most 1000 bytes and no control characters");
    }
    if modifier == Some("missing") {
        let rule = "with the modifier missing the value is true or false";
        return if matches!(value, "true" | "false") { Ok(value.to_owned()) } else { Err(rule) };
    }
    match kind {
        ParameterKind::Token if modifier == Some("of-type") => Ok(parts(value, 3)),
        ParameterKind::Token | ParameterKind::Uri => Ok(parts(value, 2)),
        ParameterKind::Reference => reference(value, modifier),
        ParameterKind::Date => date(value),
        ParameterKind::Number => compared(value, 1),
        ParameterKind::Quantity => compared(value, 3),
        ParameterKind::Composite => {
            Ok(value.split('$').map(|part| parts(part, 3)).collect::<Vec<_>>().join("$"))
        }
        ParameterKind::String => Ok(escape(value)),
        ParameterKind::Special => Err("this kind of parameter is not offered here"),
    }
}

/// Up to `most` parts between bars, each escaped.
fn parts(value: &str, most: usize) -> String {
    value.splitn(most, '|').map(escape).collect::<Vec<_>>().join("|")
}

/// Splits a comparison from what is compared.
pub fn prefixed(value: &str) -> (&str, &str) {
    let found = PREFIXES.iter().find_map(|prefix| Some((*prefix, value.strip_prefix(prefix)?)));
    found.unwrap_or(("", value))
}

fn date(value: &str) -> Result<String, &'static str> {
    let (_, instant) = prefixed(value);
    if is_date_time(instant) {
        Ok(value.to_owned())
    } else {
        Err("write a year, month, day or instant as in 2026, 2026-04, 2026-04-01 or \
             2026-04-01T08:00:00Z, after an optional comparison such as ge or lt")
    }
}

fn compared(value: &str, most: usize) -> Result<String, &'static str> {
    let (prefix, rest) = prefixed(value);
    let (number, unit) = rest.split_once('|').map_or((rest, None), |(n, unit)| (n, Some(unit)));
    let is_number = number.len() <= 32 && number.parse::<f64>().is_ok_and(f64::is_finite);
    if !is_number || (unit.is_some() && most == 1) {
        return Err(
            "write a number after an optional comparison such as ge or lt; a quantity may \
                    go on with |system|unit",
        );
    }
    let unit = unit.map_or_else(String::new, |unit| format!("|{}", parts(unit, 2)));
    Ok(format!("{prefix}{number}{unit}"))
}

fn reference(value: &str, modifier: Option<&str>) -> Result<String, &'static str> {
    if modifier == Some("identifier") {
        return Ok(parts(value, 2));
    }
    if matches!(modifier, Some("text" | "code-text")) {
        return Ok(escape(value));
    }
    let (kind, id) = value.split_once('/').map_or((None, value), |(kind, id)| (Some(kind), id));
    let is_local = is_fhir_id(id) && kind.is_none_or(|kind| ResourceType::parse(kind).is_some());
    let is_absolute =
        value.starts_with("https://") || value.starts_with("http://") || value.starts_with("urn:");
    if is_local || is_absolute {
        Ok(parts(value, 2))
    } else {
        Err("write a reference as an id, or as Type/id")
    }
}

/// Backslash before what would split a value (FHIR R5 §3.2.1.5.7).
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | ',' | '$' | '|') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests;
