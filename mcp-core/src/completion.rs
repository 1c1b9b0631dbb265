//! What may be suggested for an argument while a person types it: names and ids that the argument may
//! have, never what a record says.

use rmcp::model::CompletionInfo;
use serde_json::Value;

use crate::backend::capability::Capability;
use crate::backend::inquiry::Inquiry;
use crate::fhir::resource_type::ResourceType;
use crate::omh::schema;
use crate::prompts::argument::Kind;
use crate::tools::data_type;
use crate::tools::envelope::Envelope;
use crate::tools::error::ToolError;
use crate::tools::fhir::schema::parameters;

/// The most that one answer may suggest (MCP 2026-07-28, completion).
const MOST: usize = 100;

/// Something that may be suggested, and by which other words it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    value: String,
    also: String,
}

impl From<&str> for Candidate {
    fn from(value: &str) -> Self {
        Self { value: value.to_owned(), also: String::new() }
    }
}

/// What this backend has of a kind. Nothing for kinds that only the person knows, and for studies, which
/// are asked for as a tool call.
///
/// # Errors
/// The backend refused the token.
pub async fn candidates(
    kind: Kind,
    inquiry: &Inquiry,
    resource_type: Option<&str>,
) -> Result<Vec<Candidate>, ToolError> {
    Ok(match kind {
        Kind::ResourceType => types(inquiry).await,
        Kind::Parameter => match resource_type.and_then(ResourceType::parse) {
            Some(named) => names_of_parameters(inquiry, &named).await,
            None => Vec::new(),
        },
        Kind::DataType => {
            let types = data_type::all(inquiry).await?;
            let short = types.iter().map(data_type::DataType::short_name);
            let codes = types.iter().map(|known| known.code.as_str());
            short.chain(codes).map(Candidate::from).collect()
        }
        Kind::Schema => schema::names().into_iter().map(Candidate::from).collect(),
        Kind::Study | Kind::Tool | Kind::Patient | Kind::Day | Kind::Days | Kind::Words => {
            Vec::new()
        }
    })
}

async fn types(inquiry: &Inquiry) -> Vec<Candidate> {
    match &*inquiry.capability().await {
        Capability::Known(known) => {
            let names = known.statement.resources.keys();
            names
                .filter(|name| ResourceType::parse(name).is_some())
                .map(|n| n.as_str().into())
                .collect()
        }
        Capability::Unknown => {
            inquiry.profile.fhir.version.specification().types().map(Candidate::from).collect()
        }
    }
}

async fn names_of_parameters(inquiry: &Inquiry, named: &ResourceType) -> Vec<Candidate> {
    let capability = inquiry.capability().await;
    let known = parameters(inquiry, &capability, named.as_str(), &mut Envelope::default());
    known.keys().map(|name| name.as_str().into()).collect()
}

/// The studies in an answer of `list_studies`; a name finds the id.
pub fn studies(answer: &Value) -> Vec<Candidate> {
    let rows = answer.get("studies").and_then(Value::as_array).into_iter().flatten();
    let of = |row: &Value| {
        let word = |name| row.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Candidate { value: word("study_id")?, also: word("name").unwrap_or_default() })
    };
    rows.filter_map(of).collect()
}

/// Those that go with what was typed: what begins so first, then what has it anywhere.
pub fn pick(candidates: Vec<Candidate>, typed: &str) -> CompletionInfo {
    let typed = typed.trim().to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&typed);
    let begins = |one: &Candidate| one.value.to_lowercase().starts_with(&typed);
    let found = candidates.into_iter().filter(|one| has(&one.value) || has(&one.also));
    let (first, then): (Vec<_>, Vec<_>) = found.partition(begins);
    let mut values: Vec<String> = Vec::new();
    for one in first.into_iter().chain(then) {
        if !values.contains(&one.value) {
            values.push(one.value);
        }
    }
    let total = u32::try_from(values.len()).ok();
    let has_more = values.len() > MOST;
    values.truncate(MOST);
    CompletionInfo::with_pagination(values, total, has_more).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn picked(names: &[&str], typed: &str) -> Vec<String> {
        pick(names.iter().map(|name| (*name).into()).collect(), typed).values
    }

    #[test]
    fn what_begins_so_comes_before_what_has_it_inside() {
        let names = ["body-weight", "weight-goal", "step-count", "weight-goal"];
        assert_eq!(picked(&names, " Weight"), ["weight-goal", "body-weight"]);
        assert_eq!(picked(&names, "pulse"), Vec::<String>::new());
    }

    #[test]
    fn no_more_than_a_hundred_are_suggested_and_the_rest_is_counted() {
        let names: Vec<String> = (0..150).map(|number| format!("name-{number}")).collect();
        let all = names.iter().map(|name| name.as_str().into()).collect();
        let info = pick(all, "");
        assert_eq!((info.values.len(), info.total, info.has_more), (100, Some(150), Some(true)));
    }

    #[test]
    fn a_study_is_found_by_its_name_and_suggested_by_its_id() {
        let answer = json!({"studies": [{"study_id": "30001", "name": "Lifespan"},
                                        {"study_id": "30002", "name": null}]});
        assert_eq!(pick(studies(&answer), "life").values, ["30001"]);
        assert_eq!(pick(studies(&answer), "30").values, ["30001", "30002"]);
    }
}
