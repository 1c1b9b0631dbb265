//! What a code means.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::listed::{self, Known};
use super::{Given, ask, is_offered, kept, room};
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::fhir::operation::LOOKUP;
use crate::fhir::outcome::Issue;
use crate::fhir::parameters::{Parameters, coding, written};
use crate::fhir::terms::{Canonical, Code, Language};
use crate::tools::Tool;
use crate::tools::envelope::{Envelope, SourceStatus};
use crate::tools::error::ToolError;
use crate::tools::served::{Family, Need};
use crate::tools::text::{clean, clean_option, long};

const TEXT: &[&str] = &["display", "definition", "designations[].value", "properties[].value"];
/// The backend's own service of terminologies.
const SERVICE: &str = "backend's $lookup";

/// `terminology_lookup`
#[derive(Debug)]
pub struct TerminologyLookup;

/// Which code.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookupInput {
    /// The code alone, as in `8867-4`.
    code: Code,
    /// Its system, as in `http://loinc.org`; `|version` may follow.
    system: Canonical,
    /// Only these properties, as in `parent`.
    #[serde(default)]
    properties: Vec<Code>,
    /// The language of the answer, as in `de`.
    #[serde(default)]
    language: Option<Language>,
}

/// What it means.
#[derive(Default, Serialize, JsonSchema)]
pub struct LookupAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// Whether the code is known; null when nobody could say.
    found: Option<bool>,
    /// Who said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_by: Option<&'static str>,
    /// The code.
    code: String,
    /// Its system.
    system: String,
    /// The version of the system that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<String>,
    /// What it means, at length.
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<String>,
    /// Other names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    designations: Vec<Designation>,
    /// What else the system says of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

/// Another name.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Designation {
    /// Its language.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    /// The name.
    value: String,
}

/// One property; a part of one is written `property.part`.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Property {
    /// Which.
    code: String,
    /// Its value; of a coding, its code.
    value: String,
    /// What the value means.
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<String>,
}

impl Tool for TerminologyLookup {
    const NAME: &'static str = "terminology_lookup";
    const TITLE: &'static str = "What a code means";
    const DESCRIPTION: &'static str = "Display, definition and properties of one code, from the backend's terminology service or \
         from its list of codes. Holds no patient data.";
    const FAMILY: Family = Family::Terminology;
    const NEEDS: &'static [Need] = &[Need::OperationOrCodes("lookup")];
    type Input = LookupInput;
    type Output = LookupAnswer;

    async fn run(inquiry: &Inquiry, input: LookupInput) -> Result<LookupAnswer, ToolError> {
        let mut given = Given::default().with("code", input.code.as_str());
        given = given.canonical(("system", "version"), &input.system);
        given = given.language(input.language.as_ref());
        if !input.properties.is_empty() {
            let codes = input.properties.iter().map(|code| code.as_str().to_owned());
            given.0.push(("property", codes.collect()));
        }
        let invocation = given.of(&LOOKUP)?;
        let mut answer = LookupAnswer {
            envelope: Envelope::with_text(TEXT),
            code: input.code.as_str().to_owned(),
            system: input.system.url().to_owned(),
            ..LookupAnswer::default()
        };
        if !is_offered(inquiry, &LOOKUP).await {
            return by_lists(inquiry, &input, answer, None).await;
        }
        match ask(inquiry, invocation).await {
            Ok(body) => {
                answer.read(&body, room(inquiry)).ok_or(Fault::Malformed)?;
                answer.envelope.source(SERVICE, SourceStatus::Ok);
                Ok(answer)
            }
            Err(Fault::TokenRefused) => Err(Fault::TokenRefused.into()),
            Err(fault) => by_lists(inquiry, &input, answer, Some(fault)).await,
        }
    }
}

/// From the lists, where there is no service or where it had no answer.
async fn by_lists(
    inquiry: &Inquiry,
    input: &LookupInput,
    mut answer: LookupAnswer,
    fault: Option<Fault>,
) -> Result<LookupAnswer, ToolError> {
    let denied = match &fault {
        Some(Fault::Declined(issue @ (Issue::NotFound | Issue::InvalidCode))) => Some(*issue),
        Some(_) | None => None,
    };
    if fault.is_some() {
        let status = if denied.is_some() { SourceStatus::Ok } else { SourceStatus::Failed };
        answer.envelope.source(SERVICE, status);
    }
    let found = listed::find(inquiry, (&input.system, &input.code), &mut answer.envelope).await?;
    match (found, denied, fault) {
        (Some(known), ..) => answer.listed(known, input),
        (None, Some(issue), _) => answer.none(issue),
        (None, None, Some(fault)) => return Err(fault.into()),
        (None, None, None) => answer.envelope.unknown(
            "None of the lists here has this code. They are no whole code systems, so that it may \
             exist all the same.",
        ),
    }
    Ok(answer)
}

impl LookupAnswer {
    /// What a list knows of the code.
    fn listed(&mut self, known: Known, input: &LookupInput) {
        self.found = Some(true);
        self.answered_by = Some(known.list);
        self.display = Some(known.display);
        if known.is_measure {
            self.envelope.hint("get_omh_schema explains the fields of this data type.");
        }
        if input.system.version().is_some() {
            self.envelope
                .leave_out("The version of the system was not looked at: lists have none.");
        }
        if !input.properties.is_empty() {
            self.envelope.leave_out("Lists have no properties.");
        }
    }

    /// The service says no.
    fn none(&mut self, issue: Issue) {
        self.found = Some(false);
        self.answered_by = Some(SERVICE);
        if issue == Issue::NotFound {
            self.envelope.hint(
                "The backend knows no such code in this system; it may not know the system at all.",
            );
        }
    }

    /// What the service knows. An answer about another code or system is none.
    fn read(&mut self, body: &Value, mut room: usize) -> Option<()> {
        let said = Parameters::of(body)?;
        let is_it = |name: &str, asked: &str| {
            said.text(name).is_none_or(|told| told.eq_ignore_ascii_case(asked))
        };
        (is_it("code", &self.code) && is_it("system", &self.system)).then_some(())?;
        self.display = clean_option(said.text("display").as_deref());
        // One of the two must be there (FHIR R5 §4.8.13).
        (self.display.is_some() || said.text("name").is_some()).then_some(())?;
        self.version = clean_option(said.text("version").as_deref());
        let properties: Vec<Property> = said.all("property").flat_map(properties).collect();
        let defined = || properties.iter().find(|one| one.code == "definition");
        let definition = said.text("definition").map(|text| long(&text));
        self.definition = definition.or_else(|| defined().map(|one| one.value.clone()));
        let designations: Vec<Designation> = said.all("designation").filter_map(named).collect();
        let envelope = &mut self.envelope;
        self.designations = kept(designations, "designations", &mut room, envelope);
        self.properties = kept(properties, "properties", &mut room, envelope);
        self.found = Some(true);
        self.answered_by = Some(SERVICE);
        Some(())
    }
}

fn named(designation: &Value) -> Option<Designation> {
    let said = Parameters::parts(designation);
    let usage = said.first("use").and_then(coding);
    let usage = usage.and_then(|usage| clean_option(usage.display.or(usage.code)));
    let value = clean_option(said.text("value").as_deref())?;
    Some(Designation { language: clean_option(said.text("language").as_deref()), usage, value })
}

/// A property and its parts, which have no parts of their own.
fn properties(property: &Value) -> Vec<Property> {
    let said = Parameters::parts(property);
    let code = said.text("code").map(|code| clean(&code)).unwrap_or_default();
    let mut all: Vec<Property> = of(&code, property).into_iter().collect();
    for part in said.all("subproperty") {
        let name = Parameters::parts(part).text("code").map(|name| clean(&name));
        let name = [code.as_str(), ".", name.as_deref().unwrap_or_default()].concat();
        all.extend(of(&name, part));
    }
    all
}

fn of(code: &str, property: &Value) -> Option<Property> {
    let said = Parameters::parts(property);
    let value = said.first("value")?;
    let coding = coding(value);
    let word = coding.as_ref().map_or_else(|| written(value), |c| c.code.map(str::to_owned))?;
    let display = coding.and_then(|coding| coding.display.map(str::to_owned));
    let display = display.or_else(|| said.text("description"));
    Some(Property {
        code: code.to_owned(),
        value: clean(&word),
        display: clean_option(display.as_deref()),
    })
}

#[cfg(test)]
mod tests;
