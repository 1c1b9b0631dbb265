//! What kind of user asks. The Exchange ignores filters for patient users and answers with their own
//! rows, whoever was asked about; so it is checked here whose records are asked for.

use serde_json::Value;

use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::surface::Call;
use crate::fhir::id::PatientId;
use crate::fhir::json::{identifier, text};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Search, Sort};

use super::error::ToolError;

/// The kind of user, learnt anew for each tool call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sees what the backend lets them see.
    Staff,
    /// Sees their own records; `None` when the backend has no record of them.
    Patient(Option<PatientId>),
}

impl Kind {
    /// Asks the backend who this is.
    ///
    /// # Errors
    /// See [`Fault`]; without an answer nobody is taken for anybody.
    pub async fn learn(inquiry: &Inquiry) -> Result<Self, Fault> {
        // Only the Exchange ignores filters for patients; any other backend applies its own rules.
        if inquiry.profile.rest.is_none() {
            return Ok(Self::Staff);
        }
        Self::of(inquiry, &inquiry.ask(&Call::UserProfile).await?).await
    }

    /// The same from the Exchange's own description of the user.
    ///
    /// # Errors
    /// See [`Fault`]; a description without a kind is malformed.
    pub async fn of(inquiry: &Inquiry, profile: &Value) -> Result<Self, Fault> {
        let kind = text(profile, "/userType").ok_or(Fault::Malformed)?;
        let is_patient =
            kind == "patient" || profile.get("patient").is_some_and(|own| !own.is_null());
        if is_patient { Self::own(inquiry).await } else { Ok(Self::Staff) }
    }

    /// A patient user's own id: the single patient that the backend shows them.
    async fn own(inquiry: &Inquiry) -> Result<Self, Fault> {
        let search = Search::page(ResourceType::PATIENT, Vec::new(), 2, 1, Sort::Updated);
        let bundle = inquiry.search(search).await?;
        match bundle.resources() {
            [] => Ok(Self::Patient(None)),
            [own] => {
                let id = identifier(own, "/id").ok_or(Fault::Malformed)?;
                PatientId::parse(&id).map(|id| Self::Patient(Some(id))).ok_or(Fault::Malformed)
            }
            _ => Err(Fault::Malformed),
        }
    }

    /// Whether this user's question about `patient` may be put to the backend at all.
    fn may_ask_about(&self, patient: &PatientId) -> bool {
        match self {
            Self::Staff => true,
            Self::Patient(own) => own.as_ref() == Some(patient),
        }
    }
}

/// Refuses an id that this backend cannot have given out, and a patient user's question about somebody
/// else, before any record is asked for.
///
/// # Errors
/// Not found or not authorized, or no answer from the backend.
pub async fn may_see(inquiry: &Inquiry, patient: &PatientId) -> Result<(), ToolError> {
    may_see_all(inquiry, std::slice::from_ref(patient)).await
}

/// The same for several patients: one that may not be asked about refuses the question.
///
/// # Errors
/// As [`may_see`].
pub async fn may_see_all(inquiry: &Inquiry, patients: &[PatientId]) -> Result<(), ToolError> {
    for patient in patients {
        inquiry.takes_id("patient_id", patient.as_str())?;
    }
    let kind = Kind::learn(inquiry).await?;
    if patients.iter().all(|patient| kind.may_ask_about(patient)) {
        Ok(())
    } else {
        Err(ToolError::NotFoundOrNotAuthorized("patient"))
    }
}

/// Refuses a question about all patients of a study to a patient user, to whom the Exchange would
/// answer with their own rows.
///
/// # Errors
/// This user is a patient, or no answer from the backend.
pub async fn staff_only(inquiry: &Inquiry) -> Result<(), ToolError> {
    if Kind::learn(inquiry).await? == Kind::Staff {
        return Ok(());
    }
    Err(ToolError::Unsuitable(
        "someone signed in as a patient cannot count over a study; count their own observations with \
         count_patient_observations",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patient_user_asks_about_nobody_else() {
        let own = PatientId::parse("40001").unwrap();
        let other = PatientId::parse("40002").unwrap();
        let patient = Kind::Patient(Some(own.clone()));
        assert!(patient.may_ask_about(&own));
        assert!(!patient.may_ask_about(&other));
        assert!(!Kind::Patient(None).may_ask_about(&own));
        assert!(Kind::Staff.may_ask_about(&other));
    }
}
