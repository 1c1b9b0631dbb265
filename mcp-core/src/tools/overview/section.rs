//! The sections of a patient's record: what each is called, which type it holds, and what its newest
//! entries are sorted by.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::backend::inquiry::Inquiry;
use crate::fhir::json::{elements, text};
use crate::fhir::parameter::{Parameter, ParameterKind};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::Filter;
use crate::fhir::specification::FhirVersion;
use crate::tools::compartment::Wanted;

macro_rules! sections {
    ($($variant:ident $name:literal $words:literal $kind:literal $key:literal $category:literal,)*) => {
        /// A section of a record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[schemars(inline)]
        pub enum Section {
            $(#[doc = $words] #[serde(rename = $name)] $variant,)*
        }

        impl Section {
            /// Every section, in the order in which a reader wants them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in arguments and answers.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What its entries are, in a sentence.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)* }
            }

            /// Type, sort key, category.
            const fn row(self) -> (&'static str, &'static str, &'static str) {
                match self { $(Self::$variant => ($kind, $key, $category),)* }
            }
        }
    };
}

sections! {
    Allergies "allergies" "allergies and intolerances" "AllergyIntolerance" "date" "",
    Problems "problems" "problems and diagnoses" "Condition" "recorded-date" "",
    MedicationRequests "medication_requests" "prescriptions" "MedicationRequest" "authoredon" "",
    MedicationStatements "medication_statements" "statements on medication taken" "MedicationStatement" "effective" "",
    MedicationDispenses "medication_dispenses" "dispensed medication" "MedicationDispense" "whenhandedover" "",
    Immunizations "immunizations" "immunizations" "Immunization" "date" "",
    Procedures "procedures" "procedures" "Procedure" "date" "",
    Encounters "encounters" "encounters" "Encounter" "date" "",
    VitalSigns "vital_signs" "vital signs" "Observation" "date" "vital-signs",
    Laboratory "laboratory" "laboratory results" "Observation" "date" "laboratory",
    SocialHistory "social_history" "social history" "Observation" "date" "social-history",
    Observations "observations" "observations of any kind" "Observation" "date" "",
    ImportedObservations "imported_observations" "observations imported by the Exchange" "Observation" "date" "",
    DiagnosticReports "diagnostic_reports" "diagnostic reports" "DiagnosticReport" "date" "",
    Documents "documents" "documents" "DocumentReference" "date" "",
    CarePlans "care_plans" "care plans" "CarePlan" "date" "",
    CareTeams "care_teams" "care teams" "CareTeam" "date" "",
    Goals "goals" "goals" "Goal" "start-date" "",
    Orders "orders" "orders and referrals" "ServiceRequest" "authored" "",
    Questionnaires "questionnaires" "answers to questionnaires" "QuestionnaireResponse" "authored" "",
    FamilyHistory "family_history" "family history" "FamilyMemberHistory" "date" "",
    Devices "devices" "devices" "Device" "" "",
    Coverage "coverage" "insurance coverage" "Coverage" "" "",
    Consents "consents" "consents" "Consent" "date" "",
}

impl Section {
    /// The sections that a backend may have at all.
    pub fn of(inquiry: &Inquiry) -> Vec<Self> {
        let is_exchange = inquiry.profile.rest.is_some();
        let is_there = |section: &Self| *section != Self::ImportedObservations || is_exchange;
        Self::ALL.iter().copied().filter(is_there).collect()
    }

    /// The type of its entries. In R5 a device does not say whose it is; what ties it to someone does.
    pub fn kind(self, version: FhirVersion) -> &'static str {
        let is_r5 = matches!(version, FhirVersion::R5);
        if self == Self::Devices && is_r5 { "DeviceAssociation" } else { self.row().0 }
    }

    /// By which parameter its entries are sorted by their time.
    pub fn key(self) -> Option<&'static str> {
        Some(self.row().1).filter(|key| !key.is_empty())
    }

    /// The category that its entries have.
    pub fn category(self) -> Option<&'static str> {
        Some(self.row().2).filter(|category| !category.is_empty())
    }

    /// What is asked for. The Exchange looks at categories in what it imported only.
    pub fn wanted(self, inquiry: &Inquiry) -> Option<Wanted> {
        let resource_type = ResourceType::parse(self.kind(inquiry.profile.fhir.version))?;
        let apart = self.category().is_some() || self == Self::ImportedObservations;
        let imported = apart.then(|| Wanted::imported(inquiry, resource_type.clone())).flatten();
        let mut wanted = imported.unwrap_or_else(|| Wanted::all(resource_type));
        if let Some(category) = self.category() {
            let values = [category.to_owned()];
            let filter = Parameter::new("category", None, &values, ParameterKind::Token).ok()?;
            wanted.filters.push(Filter::Parameter(filter));
        }
        Some(wanted)
    }

    /// Whether a resource is an entry of it, by its own words.
    pub fn holds(self, resource: &Value, version: FhirVersion) -> bool {
        let coded = |concept: &Value, wanted: &str| {
            elements(concept, "/coding").any(|coding| text(coding, "/code") == Some(wanted))
        };
        let has = |wanted| elements(resource, "/category").any(|one| coded(one, wanted));
        text(resource, "/resourceType") == Some(self.kind(version))
            && self.category().is_none_or(has)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_section_holds_a_type_of_its_version_and_is_sorted_by_a_parameter_of_it() {
        for version in [FhirVersion::R4, FhirVersion::R5] {
            for section in Section::ALL {
                let kind = section.kind(version);
                assert!(ResourceType::parse(kind).is_some(), "{kind}");
                let specification = version.specification();
                assert!(specification.definition(kind).is_some(), "{kind} {}", version.as_str());
                if let Some(key) = section.key() {
                    assert!(specification.parameter(kind, key).is_some(), "{kind} {key}");
                }
                let by_patient = ["patient", "subject"];
                assert!(
                    by_patient.iter().any(|name| specification.parameter(kind, name).is_some())
                );
            }
        }
    }

    #[test]
    fn an_observation_of_another_category_or_of_none_is_no_vital_sign() {
        let of = |category: Value| json!({"resourceType": "Observation", "category": category});
        let coded = |code: &str| json!([{"coding": [{"code": code}]}]);
        let is_vital = |resource: &Value| Section::VitalSigns.holds(resource, FhirVersion::R4);
        assert!(is_vital(&of(coded("vital-signs"))));
        assert!(!is_vital(&of(coded("laboratory"))));
        assert!(!is_vital(&of(json!(null))));
        assert!(Section::Observations.holds(&of(json!(null)), FhirVersion::R4));
    }
}
