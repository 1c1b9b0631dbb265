//! Who takes part in a study: by the Exchange's REST list, by the members that a FHIR `Group` names, or
//! by the `ResearchSubject`s of a `ResearchStudy`.

use serde_json::Value;

use super::envelope::{Envelope, TruncatedBy};
use super::error::ToolError;
use super::study::{self, is_rest};
use super::text::clean_option;
use super::who::Kind;
use crate::backend::cursor::Place;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::list::{Cursor, List};
use crate::backend::pages::End;
use crate::backend::profile::StudyKind;
use crate::backend::surface::Call;
use crate::fhir::id::{PatientId, StudyId};
use crate::fhir::json::{elements, identifier, text};
use crate::fhir::parameter::{Parameter, ParameterKind};
use crate::fhir::reference::{local_id, split};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Filter, Position, Search, Slice, Sort};

const SELF_ONLY: &str = "This user is a patient, and sees of a study's members only themself.";

/// Somebody or something in a study.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// The patient's id; `None` for a member that is no patient.
    pub patient: Option<PatientId>,
    /// What the member is otherwise, as `Type/id`.
    pub other: Option<String>,
    /// Given names, where they came along.
    pub given: Option<String>,
    /// Family name, where it came along.
    pub family: Option<String>,
    /// How the membership stands, where the backend says so.
    pub status: Option<String>,
}

/// A page of members.
#[derive(Debug)]
pub struct MemberPage {
    /// In the backend's order; those of the page that were answered before are among them.
    pub members: Vec<Member>,
    /// How many there are in all, where somebody knows.
    pub total: Option<u64>,
    /// Whether there is more.
    pub end: End,
    /// Whether names came along.
    pub is_named: bool,
}

/// The page of members that begins at `place`.
///
/// # Errors
/// Not found or not authorized, or no answer from the backend.
pub async fn page(
    inquiry: &Inquiry,
    study: &StudyId,
    place: &Place,
    envelope: &mut Envelope,
) -> Result<MemberPage, ToolError> {
    inquiry.takes_id("study_id", study.as_str())?;
    if is_rest(inquiry, study) {
        return match Kind::learn(inquiry).await? {
            Kind::Staff => rest(inquiry, study, place).await,
            Kind::Patient(own) => themself(inquiry, study, own, envelope).await,
        };
    }
    match inquiry.profile.fhir.studies {
        StudyKind::Group => group(inquiry, study, place, envelope).await,
        StudyKind::ResearchStudy => subjects(inquiry, study, place, envelope).await,
    }
}

/// The Exchange answers with an empty list also when the study is not this user's to see; so an empty
/// list is believed only after the study itself was shown.
async fn rest(inquiry: &Inquiry, study: &StudyId, place: &Place) -> Result<MemberPage, ToolError> {
    let cursor = cursor(&place.position);
    let call = Call::StudyPatients { study: study.clone(), page_size: place.count, cursor };
    let body = inquiry.ask(&call).await.map_err(ToolError::about("study"))?;
    let is_page = body.is_object();
    let list = List::read(body).ok_or(Fault::Malformed)?;
    if list.rows.is_empty() {
        inquiry.ask(&Call::Study(study.clone())).await.map_err(ToolError::about("study"))?;
    }
    let members = list.rows.iter().map(|row| {
        let words = |pointer| clean_option(text(row, pointer));
        Member {
            patient: identifier(row, "/id").and_then(|id| PatientId::parse(&id)),
            given: words("/nameGiven"),
            family: words("/nameFamily"),
            ..Member::default()
        }
    });
    let members: Vec<Member> = members.collect();
    let reached = place.before + u64::try_from(members.len()).unwrap_or_default();
    let is_last = !is_page || reached == list.count;
    let end = match list.next {
        Some(next) => End::More(position(&next)),
        None if is_last && !list.is_cut => End::Complete,
        None => End::Cut,
    };
    Ok(MemberPage { members, total: Some(list.count), end, is_named: true })
}

fn cursor(position: &Position) -> Cursor {
    match position {
        Position::Page(1) => Cursor::First,
        Position::Page(number) => Cursor::Page(*number),
        Position::Offset(offset) => Cursor::Offset(*offset),
        Position::Link(parameters) => {
            parameters.first().map_or(Cursor::First, |(_, value)| Cursor::Opaque(value.clone()))
        }
    }
}

fn position(cursor: &Cursor) -> Position {
    match cursor {
        Cursor::First => Position::Page(1),
        Cursor::Page(number) => Position::Page(*number),
        Cursor::Offset(offset) => Position::Offset(*offset),
        Cursor::Opaque(text) => Position::Link(vec![("cursor".to_owned(), text.clone())]),
    }
}

/// A patient user's view: the study must be one of theirs, and they are all that they see of it.
async fn themself(
    inquiry: &Inquiry,
    study: &StudyId,
    own: Option<PatientId>,
    envelope: &mut Envelope,
) -> Result<MemberPage, ToolError> {
    study::resource(inquiry, study).await?;
    envelope.truncate(TruncatedBy::Permission, SELF_ONLY);
    let members = own.map(|own| Member { patient: Some(own), ..Member::default() });
    let members = members.into_iter().collect();
    Ok(MemberPage { members, total: None, end: End::Complete, is_named: false })
}

/// All members stand in one resource; pages of it are ours. A group that names none need not be empty:
/// the element may be withheld, or the group be a description.
async fn group(
    inquiry: &Inquiry,
    study: &StudyId,
    place: &Place,
    envelope: &mut Envelope,
) -> Result<MemberPage, ToolError> {
    let group = study::resource(inquiry, study).await?;
    let all: Vec<Member> = elements(&group, "/member").map(listed).collect();
    let known = u64::try_from(all.len()).unwrap_or(u64::MAX);
    let quantity = group.get("quantity").and_then(Value::as_u64);
    match quantity {
        Some(quantity) if quantity != known => envelope.truncate(
            TruncatedBy::Backend,
            format!("The group says that it has {quantity} members, and names {known}."),
        ),
        None if known == 0 => {
            envelope.unknown("The group names no members, which does not mean that it has none.");
        }
        Some(_) | None => {}
    }
    let total = quantity.or_else(|| (known > 0).then_some(known));
    let from = match place.position {
        Position::Offset(offset) => usize::try_from(offset).unwrap_or(usize::MAX),
        Position::Page(_) | Position::Link(_) => 0,
    };
    let count = usize::try_from(place.count).unwrap_or(usize::MAX);
    let members: Vec<Member> = all.iter().skip(from).take(count).cloned().collect();
    let reached = from.saturating_add(members.len());
    let end = if reached < all.len() {
        End::More(Position::Offset(u64::try_from(reached).unwrap_or(u64::MAX)))
    } else {
        End::Complete
    };
    Ok(MemberPage { members, total, end, is_named: false })
}

fn listed(entry: &Value) -> Member {
    let is_inactive = entry.get("inactive").and_then(Value::as_bool) == Some(true);
    let status = is_inactive.then(|| "inactive".to_owned());
    Member { status, ..refers(text(entry, "/entity/reference")) }
}

/// Whom a reference means.
fn refers(reference: Option<&str>) -> Member {
    let patient = reference.and_then(|one| local_id(one, "Patient"));
    let patient = patient.and_then(|id| PatientId::parse(&id));
    let other = reference.and_then(split).filter(|_| patient.is_none());
    let other = other.map(|(kind, id)| format!("{kind}/{id}"));
    Member { patient, other, ..Member::default() }
}

async fn subjects(
    inquiry: &Inquiry,
    study: &StudyId,
    place: &Place,
    envelope: &mut Envelope,
) -> Result<MemberPage, ToolError> {
    let of = format!("ResearchStudy/{}", study.as_str());
    let of = Parameter::new("study", None, &[of], ParameterKind::Reference);
    let filters = vec![Filter::Parameter(of.map_err(ToolError::Argument)?)];
    let search = Search {
        resource_type: ResourceType::RESEARCH_SUBJECT,
        filters,
        slice: Slice::Rows { count: place.count, at: place.position.clone(), sort: Sort::Updated },
        includes: Vec::new(),
        elements: &[],
    };
    let page = inquiry.page(&search, place.before).await?;
    if let Some(name) = page.ignored.into_iter().chain(page.unproven).next() {
        return Err(Fault::Ignored(name).into());
    }
    if page.found.matches.is_empty() {
        study::resource(inquiry, study).await?;
    }
    let of_subject = |subject: &Value| {
        // R5 calls the person `subject`, R4 `individual`.
        let reference = text(subject, "/subject/reference");
        let reference = reference.or_else(|| text(subject, "/individual/reference"));
        Member { status: clean_option(text(subject, "/status")), ..refers(reference) }
    };
    let members = page.found.matches.iter().map(of_subject).collect();
    if page.found.total.is_none() && page.end != End::Complete {
        envelope.hint("The backend does not say how many members there are in all.");
    }
    Ok(MemberPage { members, total: page.found.total, end: page.end, is_named: false })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_is_a_patient_or_says_what_else_it_is() {
        let of = |reference: &str| listed(&json!({"entity": {"reference": reference}}));
        assert_eq!(of("Patient/p-1").patient.unwrap().as_str(), "p-1");
        assert_eq!(of("https://x.test/Device/7").other.as_deref(), Some("Device/7"));
        assert_eq!(of("Device/7").patient, None);
        let left = listed(&json!({"entity": {"reference": "Patient/1"}, "inactive": true}));
        assert_eq!(left.status.as_deref(), Some("inactive"));
    }

    #[test]
    fn a_place_in_a_rest_list_comes_back_as_the_same_place() {
        for at in [Cursor::First, Cursor::Page(2), Cursor::Offset(40), Cursor::Opaque("x".into())] {
            assert_eq!(cursor(&position(&at)), at);
        }
    }
}
