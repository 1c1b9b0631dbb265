//! What the backend can do, in one page: its version, its types, how it searches.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::backend::capability::Capability;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::{Interaction, PagingBy, UnknownParameters};
use crate::fhir::operation::{self, Row};
use crate::fhir::statement::Statement;
use crate::tools::Tool;
use crate::tools::envelope::Envelope;
use crate::tools::error::ToolError;
use crate::tools::served::Family;
use crate::tools::studies::NoInput;
use crate::tools::text::clean;

/// `fhir_capabilities`
#[derive(Debug)]
pub struct FhirCapabilities;

/// What the backend can do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FhirCapabilitiesAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    /// What the operator calls the backend.
    backend: String,
    /// The FHIR version, as in `R5`.
    fhir_version: &'static str,
    /// The version of the backend's own software, where it tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    backend_version: Option<String>,
    /// Whether the types below are announced by the server, or all that FHIR knows.
    announced: bool,
    /// What can be read of each type.
    types: BTreeMap<String, String>,
    /// Operations that the backend offers; `fhir_operation` and the terminology tools run some of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    operations: Vec<String>,
    /// How it searches.
    search: SearchHabits,
}

/// How the backend searches.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SearchHabits {
    /// What it does with a parameter that it does not know; such parameters are refused before.
    unknown_parameters: &'static str,
    /// Whether resources that matches refer to can be included.
    includes: bool,
    /// Whether a search may go on to another type, as in `subject:Patient.name`.
    chaining: bool,
    /// Comparisons that dates may have.
    date_prefixes: Vec<String>,
    /// The largest page.
    largest_page: u32,
    /// By what its pages go on.
    pages_by: &'static str,
}

impl Tool for FhirCapabilities {
    const NAME: &'static str = "fhir_capabilities";
    const TITLE: &'static str = "What the FHIR server can do";
    const DESCRIPTION: &'static str = "FHIR version, resource types with what can be read of each, operations, and how the backend \
         searches. Holds no patient data. fhir_schema tells more about one type.";
    const FAMILY: Family = Family::Fhir;
    type Input = NoInput;
    type Output = FhirCapabilitiesAnswer;

    async fn run(inquiry: &Inquiry, _: NoInput) -> Result<FhirCapabilitiesAnswer, ToolError> {
        let capability = inquiry.capability().await;
        let mut envelope = Envelope::default();
        let profile = &inquiry.profile;
        let mut operations = profile.fhir.operations.clone();
        let (announced, backend_version, types) = match &*capability {
            Capability::Known(known) => {
                operations.extend(known.statement.operations.iter().map(|name| clean(name)));
                operations.extend(of_types(&known.statement));
                let types = known.statement.resources.iter();
                let types = types.map(|(name, one)| (clean(name), readable(&one.interactions)));
                (true, known.version.as_deref().map(clean), types.collect())
            }
            Capability::Unknown => {
                if profile.fhir.has_statement {
                    let sentence = "The server's capability statement could not be read, so what \
                                    it supports is not known.";
                    envelope.unknown(sentence);
                }
                let usual: Vec<String> =
                    profile.fhir.interactions.iter().map(|one| one.as_str().to_owned()).collect();
                let types = profile.fhir.version.specification().types();
                (false, None, types.map(|name| (name.to_owned(), readable(&usual))).collect())
            }
        };
        operations.sort_unstable();
        operations.dedup();
        Ok(FhirCapabilitiesAnswer {
            envelope,
            backend: inquiry.backend.as_str().to_owned(),
            fhir_version: profile.fhir.version.as_str(),
            backend_version,
            announced,
            types,
            operations,
            search: habits(inquiry),
        })
    }
}

/// Those operations of single types that can be run through these tools.
fn of_types(statement: &Statement) -> impl Iterator<Item = String> {
    let announces = |row: &&Row| {
        let one = row.on.and_then(|kind| statement.resources.get(kind));
        one.is_some_and(|one| one.operations.iter().any(|name| name == row.name))
    };
    operation::all().filter(announces).map(Row::words)
}

/// Those interactions that only read: through these tools nothing can be changed.
fn readable(interactions: &[String]) -> String {
    let all = Interaction::ALL.iter().map(|(word, _)| *word);
    let offered = all.filter(|word| interactions.iter().any(|code| code == word));
    offered.collect::<Vec<_>>().join(" ")
}

fn habits(inquiry: &Inquiry) -> SearchHabits {
    let search = &inquiry.profile.search;
    SearchHabits {
        unknown_parameters: match search.unknown_parameters {
            UnknownParameters::Ignored => "ignored",
            UnknownParameters::MatchesNothing => "matches_nothing",
            UnknownParameters::Refused => "refused",
        },
        includes: search.joins.includes,
        chaining: search.joins.chaining,
        date_prefixes: search.dates.prefixes.clone(),
        largest_page: inquiry.profile.bounds.page_size,
        pages_by: match search.paging.by {
            PagingBy::Page => "page",
            PagingBy::Offset => "offset",
            PagingBy::Link => "link",
        },
    }
}
