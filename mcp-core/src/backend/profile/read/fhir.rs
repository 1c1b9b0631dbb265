//! Reading what a profile says about FHIR paths, ids and records, and about the REST side.

use jiff::tz::TimeZone;

use super::super::{FhirProfile, Interaction, RestProfile, StudyKind};
use super::{PATH, is_path, is_word};
use crate::config::{Field, Section};
use crate::fhir::id::IdRule;
use crate::fhir::specification::FhirVersion;

/// The section `fhir`.
pub(super) fn read(field: Field, mistakes: &mut Vec<String>) -> Option<FhirProfile> {
    let mut section = field.section(mistakes);
    let is_path = |text: &str| text.is_empty() || is_path(text);
    let path = section.take("path").required(PATH, is_path, mistakes);
    let versions = [("R4", FhirVersion::R4), ("R5", FhirVersion::R5)];
    let version = section.take("version").choice(&versions, FhirVersion::R4, mistakes);
    let rules =
        [("fhir", IdRule::Fhir), ("uuid", IdRule::Uuid), ("number_or_uuid", IdRule::NumberOrUuid)];
    let ids = section.take("ids").choice(&rules, IdRule::Fhir, mistakes);
    let has_statement = section.take("statement").switch(true, mistakes);
    let codes = Interaction::ALL.map(|(word, _)| word);
    let right = format!("the interactions are {}", codes.join(", "));
    let known = |word: &str| codes.contains(&word);
    let words = section.take("interactions").words(&right, known, mistakes);
    let named = Interaction::ALL.into_iter().filter(|(word, _)| words.iter().any(|w| w == word));
    let interactions = if words.is_empty() {
        vec![Interaction::Read, Interaction::Search]
    } else {
        named.map(|(_, interaction)| interaction).collect()
    };
    let operation = "write the name of an operation without the dollar sign";
    let is_operation = |word: &str| is_word(word, '-');
    let operations = section.take("operations").words(operation, is_operation, mistakes);
    let zone = "write a zone of the IANA database, such as UTC or Europe/Berlin";
    let is_zone = |name: &str| TimeZone::get(name).is_ok();
    let time_zone = section.take("time_zone").optional(zone, is_zone, mistakes);
    let kinds = [("Group", StudyKind::Group), ("ResearchStudy", StudyKind::ResearchStudy)];
    let studies = section.take("studies").choice(&kinds, StudyKind::Group, mistakes);
    let source = "write an absolute URI";
    let is_uri = |text: &str| text.len() <= 500 && url::Url::parse(text).is_ok();
    let imported_source = section.take("imported_source").optional(source, is_uri, mistakes);
    section.refuse_the_rest(mistakes);
    let time_zone = time_zone.unwrap_or_else(|| "UTC".to_owned());
    let path = path?;
    Some(FhirProfile {
        path,
        version,
        ids,
        has_statement,
        interactions,
        operations,
        time_zone,
        studies,
        imported_source,
    })
}

/// The section `rest`.
pub(super) fn rest(mut section: Section, mistakes: &mut Vec<String>) -> RestProfile {
    let path = section.take("path").required(PATH, is_path, mistakes);
    section.refuse_the_rest(mistakes);
    RestProfile { path: path.unwrap_or_default() }
}
