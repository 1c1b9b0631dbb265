//! The members of a study, as pointers, page by page.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tool;
use super::arguments::Limit;
use super::envelope::Envelope;
use super::error::ToolError;
use super::fhir::search::{first, go_on, stale};
use super::listing::Listing;
use super::member_names;
use super::members::{self, Member, MemberPage};
use super::served::{Family, Need};
use crate::backend::inquiry::Inquiry;
use crate::fhir::id::StudyId;

const FREE_TEXT: &[&str] = &["members[].given_name", "members[].family_name", "members[].status"];
/// Bytes for what stands around the members.
const AROUND: usize = 1_000;

/// `study_members`
#[derive(Debug)]
pub struct StudyMembers;

/// Which study.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StudyMembersInput {
    /// The study's id, from `list_studies`.
    study_id: StudyId,
    /// How many members are wanted at most.
    #[serde(default)]
    #[serde(skip_serializing)]
    limit: Limit,
    /// From an earlier answer: goes on where that one ended.
    #[serde(default)]
    #[serde(skip_serializing)]
    cursor: Option<String>,
}

/// A page of members.
#[derive(Serialize, JsonSchema)]
pub struct StudyMembersAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    #[serde(flatten)]
    listing: Listing,
    /// The members, in the backend's order.
    members: Vec<MemberRow>,
}

/// One member.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct MemberRow {
    /// For the other tools; null for a member that is no patient.
    patient_id: Option<String>,
    /// What the member is, where it is no patient, as Type/id.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// Given names.
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<String>,
    /// The family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<String>,
    /// How the membership stands, where the backend says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

impl From<Member> for MemberRow {
    fn from(member: Member) -> Self {
        Self {
            patient_id: member.patient.map(|id| id.to_string()),
            reference: member.other,
            given_name: member.given,
            family_name: member.family,
            status: member.status,
        }
    }
}

impl Tool for StudyMembers {
    const NAME: &'static str = "study_members";
    const TITLE: &'static str = "Members of a study";
    const FAMILY: Family = Family::Studies;
    const NEEDS: &'static [Need] = &[Need::Studies];
    const DESCRIPTION: &'static str = "Who takes part in a study: ids and names, page by page. What each of them agreed to share, \
         get_patient_consents tells. `cursor` leads on.";
    type Input = StudyMembersInput;
    type Output = StudyMembersAnswer;

    async fn run(
        inquiry: &Inquiry,
        input: StudyMembersInput,
    ) -> Result<StudyMembersAnswer, ToolError> {
        let question = serde_json::to_string(&input).map_err(|_| ToolError::Internal)?;
        let place = match &input.cursor {
            Some(cursor) => inquiry.open_cursor(Self::NAME, &question, cursor).ok_or_else(stale)?,
            None => first(inquiry, input.limit),
        };
        let mut envelope = Envelope::with_text(FREE_TEXT);
        let page = members::page(inquiry, &input.study_id, &place, &mut envelope).await?;
        let MemberPage { mut members, total, end, is_named } = page;
        let given = members.len();
        let skip = usize::try_from(place.skip).unwrap_or(usize::MAX).min(given);
        members.drain(..skip);
        if !is_named {
            member_names::add(inquiry, &mut members, &mut envelope).await?;
        }
        let rows = fitting(members, inquiry.means.answer_bytes.saturating_sub(AROUND));
        let reached = skip + rows.len();
        let next = go_on(place, (reached, given), end, &mut envelope);
        let cursor = next.map(|next| inquiry.seal_cursor(Self::NAME, &question, next));
        let listing = Listing::new(rows.len(), total, cursor);
        Ok(StudyMembersAnswer { envelope, listing, members: rows })
    }
}

/// As many rows as an answer of so many bytes holds, but at least one, so that a cursor leads on.
fn fitting(members: Vec<Member>, most: usize) -> Vec<MemberRow> {
    let mut bytes = 0;
    let mut rows: Vec<MemberRow> = Vec::new();
    for row in members.into_iter().map(MemberRow::from) {
        bytes += serde_json::to_vec(&row).map_or(0, |written| written.len() + 1);
        if bytes > most && !rows.is_empty() {
            break;
        }
        rows.push(row);
    }
    rows
}
