//! Search criteria as a model writes them: a list of name, modifier and values, and never a query
//! string. Checked, escaped, and turned into filters.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ToolError;
use super::who::Kind;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::preflight::Standing;
use crate::fhir::json::plain;
use crate::fhir::parameter::{Parameter, is_name};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Filter, Sort};

/// Criteria of one search; more are a question that nobody asks.
const MOST: usize = 20;
/// What other arguments are for.
const RESERVED: [(&str, &str); 9] = [
    ("_count", "limit"),
    ("_sort", "sort"),
    ("_elements", "elements"),
    ("_include", "include"),
    ("_revinclude", "revinclude"),
    ("_summary", "count_only"),
    ("_total", "count_only"),
    ("_cursor", "cursor"),
    ("_offset", "cursor"),
];

/// One criterion.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Criterion {
    /// The search parameter, as `code`, `date`, `patient`.
    pub name: String,
    /// As `exact` or `missing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modifier: Option<String>,
    /// Any of these may match: a code as system|code; a date or number after ge, gt, le or lt.
    pub values: Vec<Scalar>,
}

/// A value; a model may write a number or a truth without quotes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Scalar(String);

impl Scalar {
    /// The value as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            Value::Bool(truth) => Ok(Self(truth.to_string())),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                Err(serde::de::Error::custom("values must be a list of texts"))
            }
        }
    }
}

impl JsonSchema for Scalar {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// Criteria as filters, all of which must hold.
///
/// # Errors
/// A criterion that is malformed, or that this backend does not understand.
pub async fn filters(
    inquiry: &Inquiry,
    resource_type: &ResourceType,
    criteria: &[Criterion],
) -> Result<Vec<Filter>, ToolError> {
    if criteria.len() > MOST {
        return Err(ToolError::Argument(format!("params: give at most {MOST} criteria")));
    }
    let mut filters = Vec::new();
    for criterion in criteria {
        filters.push(Filter::Parameter(parameter(inquiry, resource_type, criterion).await?));
    }
    Ok(filters)
}

async fn parameter(
    inquiry: &Inquiry,
    resource_type: &ResourceType,
    criterion: &Criterion,
) -> Result<Parameter, ToolError> {
    let name = criterion.name.trim();
    let paging = &inquiry.profile.search.paging.parameters;
    if let Some((_, other)) = RESERVED.iter().find(|(reserved, _)| *reserved == name) {
        return Err(ToolError::Argument(format!(
            "params: for {name} there is the argument {other}"
        )));
    }
    if !is_name(name) || paging.iter().any(|reserved| reserved == name) {
        let shown = plain(name);
        return Err(ToolError::Argument(format!(
            "params: {shown} is no search parameter; write its name alone, one entry for each, and \
             never a query string"
        )));
    }
    let kind = match inquiry.standing(resource_type, name).await {
        Standing::Vouched(kind) | Standing::Doubtful(kind) => kind,
        Standing::Unsupported => return Err(unsupported(inquiry, resource_type, name)),
    };
    let values: Vec<String> = criterion
        .values
        .iter()
        .map(|Scalar(value)| match (name, value.strip_prefix("Patient/")) {
            // The parameter's type says it already, and some backends want the id alone.
            ("patient", Some(id)) => id.to_owned(),
            _ => value.clone(),
        })
        .collect();
    let modifier = criterion.modifier.as_deref().map(str::trim).filter(|word| !word.is_empty());
    Parameter::new(name, modifier, &values, kind).map_err(ToolError::Argument)
}

/// Names what there is instead, where the specification knows something close.
fn unsupported(inquiry: &Inquiry, resource_type: &ResourceType, name: &str) -> ToolError {
    let kind = resource_type.as_str();
    let close: Vec<&str> = inquiry
        .profile
        .undeclared(kind)
        .map(|(known, _)| known)
        .filter(|known| known.contains(name) || (name == "subject" && *known == "patient"))
        .take(3)
        .collect();
    let close = if close.is_empty() {
        String::new()
    } else {
        format!(" There is {} instead.", close.join(", "))
    };
    ToolError::Argument(format!(
        "params: this backend does not support searching {kind} by {name}, and might ignore it. \
         fhir_schema lists what it supports.{close}"
    ))
}

/// The order that was asked for, by parameters that the backend has.
///
/// # Errors
/// A key that is none.
pub async fn sort(
    inquiry: &Inquiry,
    resource_type: &ResourceType,
    keys: &[String],
) -> Result<Sort, ToolError> {
    for key in keys {
        let name = key.strip_prefix('-').unwrap_or(key);
        let known = inquiry.profile.search.sort_keys.as_ref();
        let is_known = match known {
            Some(known) => known.iter().any(|known| known == name),
            None => {
                is_name(name)
                    && inquiry.standing(resource_type, name).await != Standing::Unsupported
            }
        };
        if !is_known || keys.len() > 3 {
            let words = known.map_or_else(String::new, |known| format!(": {}", known.join(", ")));
            return Err(ToolError::Argument(format!(
                "sort: give up to three search parameters that this backend sorts by{words}; a \
                 hyphen in front turns the order round"
            )));
        }
    }
    Ok(if keys.is_empty() { Sort::Updated } else { Sort::Keys(keys.to_vec()) })
}

/// For someone signed in as a patient, the Exchange does not look at whose records are asked for; so
/// that is looked at here.
///
/// # Errors
/// A question about somebody else, or no answer from the backend.
pub async fn may_ask(inquiry: &Inquiry, filters: &[Filter]) -> Result<(), ToolError> {
    let is_about = |parameter: &&Parameter| {
        let name = parameter.name();
        name == "patient" || name == "subject" || name.starts_with("patient.")
    };
    let parameters = filters.iter().filter_map(|filter| {
        if let Filter::Parameter(parameter) = filter { Some(parameter) } else { None }
    });
    let about: Vec<&Parameter> = parameters.filter(is_about).collect();
    if inquiry.profile.rest.is_none() || about.is_empty() {
        return Ok(());
    }
    let Kind::Patient(own) = Kind::learn(inquiry).await? else { return Ok(()) };
    for parameter in about {
        if parameter.name().starts_with("patient.") {
            return Err(ToolError::Unsuitable(
                "someone signed in as a patient sees their own records only, whatever the study or \
                 organization; ask without that parameter",
            ));
        }
        let is_own = |value: &String| own.as_ref().is_some_and(|own| own.as_str() == value);
        if !parameter.values().iter().all(is_own) {
            return Err(ToolError::NotFoundOrNotAuthorized("patient"));
        }
    }
    Ok(())
}

/// What is to come along with the matches, as `Type:parameter` or `Type:parameter:Type`.
///
/// # Errors
/// A text of another shape.
pub fn includes(
    forward: &[String],
    reverse: &[String],
) -> Result<Vec<(&'static str, String)>, ToolError> {
    let is_path = |text: &&String| {
        let parts: Vec<&str> = text.split(':').collect();
        let is_kind = |part: Option<&&str>| part.is_some_and(|t| ResourceType::parse(t).is_some());
        let is_parameter = parts.get(1).is_some_and(|name| is_name(name) && !name.contains('.'));
        is_kind(parts.first())
            && is_parameter
            && (parts.len() == 2 || (parts.len() == 3 && is_kind(parts.get(2))))
    };
    let forward = forward.iter().map(|path| ("_include", path));
    let all: Vec<_> = forward.chain(reverse.iter().map(|path| ("_revinclude", path))).collect();
    if all.len() > 5 || !all.iter().all(|(_, path)| is_path(path)) {
        let rule = "include and revinclude: give up to five in all, each as Observation:subject";
        return Err(ToolError::Argument(rule.to_owned()));
    }
    Ok(all.into_iter().map(|(name, path)| (name, path.clone())).collect())
}

/// A fault of a search that names no single record.
pub fn refused(fault: Fault) -> ToolError {
    if let Fault::Inexpressible(rule) = fault {
        return ToolError::Argument(format!("params: {rule}"));
    }
    ToolError::Backend(fault)
}
