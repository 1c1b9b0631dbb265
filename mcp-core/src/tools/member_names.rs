//! The names of a study's members, where they did not come along with them.

use super::envelope::{Envelope, SourceStatus};
use super::members::Member;
use super::text::clean_option;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::fhir::id::PatientId;
use crate::fhir::parameter::{Parameter, ParameterKind};
use crate::fhir::patient::Patient;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Filter, Search, Sort};

/// Ids in one search.
const MOST_IDS: usize = 50;

/// Adds the names of these members, where they did not come along: one search for the page.
///
/// # Errors
/// The backend refused the token. Other failures leave the names out, and say so.
pub async fn add(
    inquiry: &Inquiry,
    members: &mut [Member],
    envelope: &mut Envelope,
) -> Result<(), Fault> {
    for chunk in members.chunks_mut(MOST_IDS) {
        let ids: Vec<String> =
            chunk.iter().filter_map(|member| Some(member.patient.as_ref()?.to_string())).collect();
        if ids.is_empty() {
            continue;
        }
        match named(inquiry, &ids).await {
            Ok(people) => {
                for member in chunk {
                    let person = people.iter().find(|person| {
                        person.id.as_deref() == member.patient.as_ref().map(PatientId::as_str)
                    });
                    member.given = person.and_then(|one| clean_option(one.given.as_deref()));
                    member.family = person.and_then(|one| clean_option(one.family.as_deref()));
                }
            }
            Err(Fault::TokenRefused) => return Err(Fault::TokenRefused),
            Err(fault) if fault.hides_the_record() => {
                envelope.source("names", SourceStatus::NotPermitted);
                return Ok(());
            }
            Err(Fault::Unsupported(_) | Fault::Inexpressible(_)) => {
                envelope.source("names", SourceStatus::NotSupported);
                return Ok(());
            }
            Err(_) => {
                envelope.source("names", SourceStatus::Failed);
                return Ok(());
            }
        }
    }
    Ok(())
}

async fn named(inquiry: &Inquiry, ids: &[String]) -> Result<Vec<Patient>, Fault> {
    let of = Parameter::new("_id", None, ids, ParameterKind::Token);
    let of = Filter::Parameter(of.map_err(Fault::Inexpressible)?);
    let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let search = Search::page(ResourceType::PATIENT, vec![of], count, 1, Sort::Updated);
    let page = inquiry.page(&search.at(inquiry.beginning()), 0).await?;
    let found = page.found.matches.iter();
    Ok(found.filter_map(Patient::read).collect())
}
