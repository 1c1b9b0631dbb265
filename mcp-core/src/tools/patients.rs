//! Patients: one by id, or candidates by name, birth date or identifier.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tool;
use super::arguments::{Limit, Page, words};
use super::compartment;
use super::envelope::{Envelope, TotalSource};
use super::error::ToolError;
use super::page::{Paged, fit, note_missing};
use super::served::{Family, Need};
use super::text::clean_option;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::profile::Interaction;
use crate::fhir::date::day;
use crate::fhir::id::PatientId;
use crate::fhir::patient::Patient;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Comparison, Filter, Search, Sort};

const FREE_TEXT: &[&str] = &["given_name", "family_name", "birth_date", "phone", "email"];
const FREE_TEXT_IN_LIST: &[&str] = &[
    "patients[].given_name",
    "patients[].family_name",
    "patients[].birth_date",
    "patients[].phone",
    "patients[].email",
];

/// A person, as shown.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Person {
    /// The patient's id, for the other tools.
    patient_id: String,
    /// Given names.
    given_name: Option<String>,
    /// Family name.
    family_name: Option<String>,
    /// Birth date as recorded.
    birth_date: Option<String>,
    /// Telephone number.
    phone: Option<String>,
    /// E-mail address.
    email: Option<String>,
}

impl Person {
    /// A patient; without an id it is none.
    pub(super) fn of(patient: &Patient) -> Option<Self> {
        let words = |text: &Option<String>| clean_option(text.as_deref());
        Some(Self {
            patient_id: patient.id.clone()?,
            given_name: words(&patient.given),
            family_name: words(&patient.family),
            birth_date: words(&patient.birth_date),
            phone: words(&patient.phone),
            email: words(&patient.email),
        })
    }
}

/// `get_patient_demographics`
#[derive(Debug)]
pub struct Demographics;

/// Which patient.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DemographicsInput {
    /// The patient's id, from another answer.
    patient_id: PatientId,
}

/// One patient.
#[derive(Serialize, JsonSchema)]
pub struct DemographicsAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    #[serde(flatten)]
    person: Person,
}

impl Tool for Demographics {
    const NAME: &'static str = "get_patient_demographics";
    const TITLE: &'static str = "Describe a patient";
    const FAMILY: Family = Family::Patients;
    const NEEDS: &'static [Need] = &[Need::OnType("Patient", Interaction::Read)];
    const DESCRIPTION: &'static str =
        "Name, birth date, telephone number and e-mail address of one patient, by patient_id.";
    type Input = DemographicsInput;
    type Output = DemographicsAnswer;

    async fn run(
        inquiry: &Inquiry,
        input: DemographicsInput,
    ) -> Result<DemographicsAnswer, ToolError> {
        let resource = compartment::patient(inquiry, &input.patient_id).await?;
        let person = Patient::read(&resource).as_ref().and_then(Person::of);
        let envelope = Envelope::with_text(FREE_TEXT);
        Ok(DemographicsAnswer { envelope, person: person.ok_or(Fault::Malformed)? })
    }
}

/// `search_patients`
#[derive(Debug)]
pub struct PatientSearch;

/// What is known of the person; at least one of the criteria.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatientSearchInput {
    /// The beginning of any part of the name.
    #[serde(default)]
    name: Option<String>,
    /// The beginning of the family name.
    #[serde(default)]
    family: Option<String>,
    /// The beginning of a given name.
    #[serde(default)]
    given: Option<String>,
    /// YYYY-MM-DD; `ge`, `le`, `gt` or `lt` in front for since, until, after or before.
    #[serde(default)]
    #[schemars(regex(pattern = r"^\s*((ge|le|gt|lt)?\d{4}-\d{2}-\d{2})?\s*$"))]
    birthdate: Option<String>,
    /// The exact value of an identifier, such as a medical record number.
    #[serde(default)]
    identifier: Option<String>,
    /// How many patients a page has.
    #[serde(default)]
    limit: Limit,
    /// Which page, from 1.
    #[serde(default)]
    page: Page,
}

impl PatientSearchInput {
    fn filters(&self) -> Result<Vec<Filter>, ToolError> {
        let filters: Vec<Filter> = [
            words("name", self.name.as_deref())?.map(Filter::Name),
            words("family", self.family.as_deref())?.map(Filter::Family),
            words("given", self.given.as_deref())?.map(Filter::Given),
            words("birthdate", self.birthdate.as_deref())?.as_deref().map(born).transpose()?,
            words("identifier", self.identifier.as_deref())?.map(Filter::Identifier),
        ]
        .into_iter()
        .flatten()
        .collect();
        if filters.is_empty() {
            let sentence = "give at least one of name, family, given, birthdate, identifier";
            return Err(ToolError::Argument(sentence.to_owned()));
        }
        Ok(filters)
    }
}

/// Reads a birth date with or without a comparison.
fn born(text: &str) -> Result<Filter, ToolError> {
    let prefixes = [
        ("ge", Comparison::From),
        ("le", Comparison::Until),
        ("gt", Comparison::After),
        ("lt", Comparison::Before),
    ];
    let (comparison, rest) = prefixes
        .into_iter()
        .find_map(|(prefix, comparison)| Some((comparison, text.strip_prefix(prefix)?)))
        .unwrap_or((Comparison::On, text));
    day(rest).map(|day| Filter::Birthdate(comparison, day)).ok_or_else(|| {
        let rule =
            "birthdate must be a real day written YYYY-MM-DD, after an optional ge, le, gt or lt";
        ToolError::Argument(rule.to_owned())
    })
}

/// Patients that match.
#[derive(Serialize, JsonSchema)]
pub struct PatientSearchAnswer {
    #[serde(flatten)]
    envelope: Envelope,
    #[serde(flatten)]
    paged: Paged,
    /// The patients. More than one are candidates: confirm which person is meant.
    patients: Vec<Person>,
}

impl Tool for PatientSearch {
    const NAME: &'static str = "search_patients";
    const TITLE: &'static str = "Find patients";
    const FAMILY: Family = Family::Patients;
    const NEEDS: &'static [Need] = &[Need::OnType("Patient", Interaction::Search)];
    const DESCRIPTION: &'static str = "Finds patients by the beginning of a name, by birth date or by identifier; all criteria \
         given must hold. Several matches are candidates, not one person: confirm which is meant.";
    type Input = PatientSearchInput;
    type Output = PatientSearchAnswer;

    async fn run(
        inquiry: &Inquiry,
        input: PatientSearchInput,
    ) -> Result<PatientSearchAnswer, ToolError> {
        let filters = input.filters()?;
        let (limit, number) = (input.limit.number(), input.page.number());
        let search =
            Search::page(ResourceType::PATIENT, filters.clone(), limit, number, Sort::Updated);
        let (total, resources) = match inquiry.search(search).await {
            Ok(bundle) => (bundle.total(), bundle.into_resources()),
            Err(Fault::InvalidPage) => {
                let count = Search::count(ResourceType::PATIENT, filters);
                (inquiry.count(count).await?, Vec::new())
            }
            Err(fault) => return Err(fault.into()),
        };
        let mut envelope = Envelope::with_text(FREE_TEXT_IN_LIST);
        let people: Vec<Person> = resources
            .iter()
            .filter_map(|resource| Patient::read(resource).as_ref().and_then(Person::of))
            .collect();
        let nameless = resources.len() - people.len();
        if nameless > 0 {
            envelope.leave_out(format!("error: {nameless} of the matches came without an id."));
        }
        let slice = (input.page, input.limit);
        note_missing(total, slice, resources.len(), &mut envelope);
        if total > 1 {
            envelope.hint("Several patients match. Confirm which person is meant before going on.");
        }
        let patients = fit(people, inquiry.means.answer_bytes, &mut envelope);
        let paged = Paged::new(total, TotalSource::Server, slice, patients.len());
        Ok(PatientSearchAnswer { envelope, paged, patients })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;
    use crate::backend::profile::Profiles;

    fn values(input: serde_json::Value) -> Result<Vec<String>, ToolError> {
        let filters = from_value::<PatientSearchInput>(input).unwrap().filters()?;
        let profiles = Profiles::load(None, |_| Vec::new()).unwrap();
        let dialect = &profiles.find("jhe").unwrap().search.dialect;
        Ok(filters.iter().map(|filter| filter.value(dialect).into_owned()).collect())
    }

    #[test]
    fn t06_blank_criteria_are_none_and_none_at_all_is_refused() {
        assert!(values(json!({})).is_err());
        assert!(values(json!({"name": " ", "family": ""})).is_err());
        assert_eq!(values(json!({"name": " l ", "given": ""})).unwrap(), ["l"]);
    }

    #[test]
    fn t06_a_birth_date_may_carry_a_comparison_and_must_be_real() {
        for text in ["1984-07-11", "ge1984-07-11", "le1984-07-11", "gt1984-07-11", "lt1984-07-11"] {
            assert_eq!(values(json!({"birthdate": text})).unwrap(), [text]);
        }
        for text in ["1984", "eq1984-07-11", "1984-99-99", "ge", "1984-7-11", "ge 1984-07-11"] {
            assert!(values(json!({"birthdate": text})).is_err(), "{text}");
        }
    }
}
