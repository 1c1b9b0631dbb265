//! Codes that are known without an operation: those that the profile lists, those that the Exchange
//! lists, and the Open mHealth types known here. None of these is a whole code system, so that a code
//! which they lack may exist all the same.

use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::vocabulary::ListedCode;
use crate::fhir::terms::{Canonical, Code};
use crate::omh::registry::DataType;
use crate::tools::envelope::{Envelope, SourceStatus};
use crate::tools::text::clean;

/// The Open mHealth types.
const REGISTRY: &str = "Open mHealth registry";

/// A code that a list knows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// What it means.
    pub(super) display: String,
    /// Which list says so.
    pub(super) list: &'static str,
    /// Whether it is a type of Open mHealth data.
    pub(super) is_measure: bool,
}

/// Looks a code up in the lists, and says in the envelope what became of each.
///
/// # Errors
/// The backend refused the token.
pub(super) async fn find(
    inquiry: &Inquiry,
    (system, code): (&Canonical, &Code),
    envelope: &mut Envelope,
) -> Result<Option<Known>, Fault> {
    let is_own = !inquiry.profile.vocabulary.is_empty();
    let measure = DataType::by_code(system.url(), code.as_str());
    if is_own || inquiry.profile.rest.is_some() {
        let list = if is_own { "profile's list of codes" } else { "backend's list of codes" };
        match inquiry.vocabulary().await {
            Ok(listed) => {
                envelope.source(list, SourceStatus::Ok);
                let is_it =
                    |one: &&ListedCode| one.system == system.url() && one.code == code.as_str();
                if let Some(found) = listed.iter().find(is_it) {
                    let display = clean(&found.display);
                    return Ok(Some(Known { display, list, is_measure: measure.is_some() }));
                }
            }
            Err(Fault::TokenRefused) => return Err(Fault::TokenRefused),
            Err(_) => envelope.source(list, SourceStatus::Failed),
        }
    }
    envelope.source(REGISTRY, SourceStatus::Ok);
    Ok(measure.map(|known| Known {
        display: known.display.clone(),
        list: REGISTRY,
        is_measure: true,
    }))
}
