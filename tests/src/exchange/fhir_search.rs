//! Searching: what a caller may see, narrowed by the parameters that the server knows.

use std::cmp::Reverse;

use super::Exchange;
use super::capability::Kind;
use super::dates::{When, midnight};
use super::fhir::Outcome;
use super::fhir_read::Hit;
use super::imported::{self, Source};
use super::people::{self, ORGANIZATIONS, PEOPLE, Person, patients_visible_to};
use super::studies::{DEVICE_KIND, SOURCES, STUDIES, Study, study_by_id};
use super::wire::{Incoming, Pairs};

/// Everything that matches, in the order it is listed in. Unknown parameters are ignored.
pub(super) fn search<'a>(
    exchange: &'a Exchange,
    incoming: &Incoming,
    caller: &'static Person,
    kind: &Kind,
) -> Result<Vec<Hit<'a>>, Outcome> {
    let query = &incoming.query;
    let around = Around::read(query, caller)?;
    let own = Own::read(query, kind.name)?;
    let source = Source::of(query, kind.native);
    let mut hits = match source {
        Source::Native => native(exchange, caller, kind.name, around.patient),
        Source::Nowhere => Vec::new(),
        Source::Imported | Source::One(_) => {
            let visible: Vec<_> = patients_visible_to(caller).collect();
            let of = (kind.name, exchange.habits.is_grown());
            let rows = imported::matching(of, source, &visible, query);
            rows.into_iter().map(Hit::Imported).collect()
        }
    };
    let updated = When::all(query.all("_lastUpdated"), "_lastUpdated")?;
    let id = query.filled("_id");
    let anchor = exchange.anchor();
    hits.retain(|hit| {
        around.admits(hit)
            && own.admits(hit, query)
            && id.is_none_or(|id| hit.id() == id)
            && updated.iter().all(|when| when.admits(hit.updated(anchor)))
    });
    sort(&mut hits, query.filled("_sort"), anchor);
    Ok(hits)
}

/// The native records of a type that the caller may see; observations of `only` this patient.
pub(super) fn native<'a>(
    exchange: &'a Exchange,
    caller: &'static Person,
    kind: &str,
    only: Option<&Person>,
) -> Vec<Hit<'a>> {
    let asked = |patient: &&Person| only.is_none_or(|only| only.user_id == patient.user_id);
    let visible: Vec<u32> =
        patients_visible_to(caller).filter(asked).map(|patient| patient.resource_id).collect();
    match kind {
        "Observation" => exchange
            .rows()
            .iter()
            .filter(|row| visible.binary_search(&row.patient).is_ok())
            .map(Hit::Observation)
            .collect(),
        "Patient" => patients_visible_to(caller).map(Hit::Patient).collect(),
        "Practitioner" => PEOPLE
            .iter()
            .filter(|person| !person.is_patient() && caller.shares_organization(person))
            .map(Hit::Practitioner)
            .collect(),
        "Group" => {
            STUDIES.iter().filter(|study| study.visible_to(caller)).map(Hit::Group).collect()
        }
        "Organization" => ORGANIZATIONS
            .iter()
            .filter(|organization| caller.organizations.contains(&organization.id))
            .map(Hit::Organization)
            .collect(),
        "Device" => {
            SOURCES.iter().filter(|source| source.kind == DEVICE_KIND).map(Hit::Device).collect()
        }
        _ => Vec::new(),
    }
}

/// The parameters that work on every type: patient, organization, study, patient's identifier.
#[derive(Debug, Default)]
struct Around {
    patient: Option<&'static Person>,
    organization: Option<u32>,
    study: Option<&'static Study>,
    patient_identifier: Option<String>,
}

impl Around {
    /// For a patient user they are not looked at: the answer is about that patient in any case.
    fn read(query: &Pairs, caller: &Person) -> Result<Self, Outcome> {
        if caller.is_patient() {
            return Ok(Self::default());
        }
        let refused = |kind: &str, id: u32| {
            let text = format!("Current user is not authorized to access {kind}/{id}.");
            Outcome::new(403, text)
        };
        let mut around = Self::default();
        if let Some(id) = number(query.filled("patient"))? {
            let patient = patients_visible_to(caller).find(|patient| patient.resource_id == id);
            around.patient = Some(patient.ok_or_else(|| refused("Patient", id))?);
        }
        if let Some(id) = number(query.filled("patient.organization"))? {
            let member = caller.organizations.contains(&id);
            around.organization = Some(id).filter(|_| member);
            around.organization.ok_or_else(|| refused("Organization", id))?;
        }
        let study = query
            .filled("patient._has:Group:member:_id")
            .or_else(|| query.filled("patient._has:_group:member:_id"));
        if let Some(id) = number(study)? {
            let study = study_by_id(id).filter(|study| study.visible_to(caller));
            around.study = Some(study.ok_or_else(|| refused("Group", id))?);
        }
        around.patient_identifier = after_bar(query.filled("patient.identifier"));
        Ok(around)
    }

    fn admits(&self, hit: &Hit<'_>) -> bool {
        let asks = self.patient.is_some() || self.organization.is_some() || self.study.is_some();
        if !asks && self.patient_identifier.is_none() {
            return true;
        }
        let patient = match hit {
            Hit::Observation(row) => people::patient_by_id(row.patient),
            Hit::Imported(row) => people::patient_by_id(row.patient),
            Hit::Patient(person) => Some(*person),
            Hit::Group(study) => return self.admits_group(study),
            Hit::Organization(o) => {
                return self.admits_members(|p| p.organizations.contains(&o.id));
            }
            Hit::Practitioner(other) => {
                return self.admits_members(|patient| patient.shares_organization(other));
            }
            Hit::Device(_) => return true,
        };
        let Some(patient) = patient else { return false };
        self.patient.is_none_or(|asked| asked.resource_id == patient.resource_id)
            && self.organization.is_none_or(|id| patient.organizations.contains(&id))
            && self.study.is_none_or(|study| {
                study.enrolls(patient.resource_id)
                    && match hit {
                        Hit::Observation(row) => study.requests(row.code),
                        Hit::Imported(row) => row.code.is_none_or(|code| study.requests(code)),
                        Hit::Patient(_)
                        | Hit::Practitioner(_)
                        | Hit::Group(_)
                        | Hit::Organization(_)
                        | Hit::Device(_) => true,
                    }
            })
            && self.patient_identifier.as_deref().is_none_or(|value| has(patient, value))
    }

    fn admits_group(&self, group: &Study) -> bool {
        self.patient.is_none_or(|patient| group.enrolls(patient.resource_id))
            && self.organization.is_none_or(|id| group.organization == id)
            && self.study.is_none_or(|study| study.id == group.id)
    }

    fn admits_members(&self, around: impl Fn(&Person) -> bool) -> bool {
        self.patient.is_none_or(around)
    }
}

/// An id that must be a number.
fn number(text: Option<&str>) -> Result<Option<u32>, Outcome> {
    text.map(|text| text.parse().map_err(|_| Outcome::not_a_number(text))).transpose()
}

/// Only what follows the bar counts; a value without one is ignored.
fn after_bar(text: Option<&str>) -> Option<String> {
    text.and_then(|text| text.split_once('|')).map(|(_, value)| value.to_owned())
}

fn has(patient: &Person, value: &str) -> bool {
    patient.identifiers().iter().any(|(_, _, known)| known == value)
}

/// The parameters of one native type.
#[derive(Debug, Default)]
struct Own {
    dates: Vec<When>,
    births: Vec<When>,
    identifier: Option<String>,
}

impl Own {
    fn read(query: &Pairs, kind: &str) -> Result<Self, Outcome> {
        if let Some(id) = query.filled("_id").filter(|id| uuid::Uuid::try_parse(id).is_err()) {
            number(Some(id))?;
        }
        let mut own = Self::default();
        match kind {
            "Observation" => own.dates = When::all(query.all("date"), "date")?,
            "Patient" => own.births = When::all(query.all("birthdate"), "date")?,
            _ => {}
        }
        own.identifier = after_bar(query.filled("identifier"));
        Ok(own)
    }

    fn admits(&self, hit: &Hit<'_>, query: &Pairs) -> bool {
        match hit {
            Hit::Observation(row) => {
                let code =
                    query.filled("code").map(|code| code.split_once('|').unwrap_or((code, "")));
                code.is_none_or(|code| code == (row.code.system, row.code.value))
                    && query.filled("status").is_none_or(|status| status == "final")
                    && self.identifier.is_none()
                    && self
                        .dates
                        .iter()
                        .all(|when| row.effective().is_some_and(|at| when.admits(at)))
            }
            Hit::Patient(person) => {
                let names = [person.family, person.given];
                starts(query, "name", &names)
                    && starts(query, "family", &[person.family])
                    && starts(query, "given", &[person.given])
                    && self.births.iter().all(|when| born(person).is_some_and(|at| when.admits(at)))
                    && self.identifier.as_deref().is_none_or(|value| has(person, value))
            }
            Hit::Practitioner(person) => starts(query, "name", &[person.family, person.given]),
            Hit::Organization(organization) => starts(query, "name", &[organization.name]),
            Hit::Device(_) => query
                .filled("type")
                .is_none_or(|kind| kind.rsplit('|').next() == Some("data-source")),
            Hit::Group(_) | Hit::Imported(_) => true,
        }
    }
}

fn born(person: &Person) -> Option<i64> {
    person.birth_date.parse().ok().map(midnight)
}

/// Prefixes in any case: a comma means or, a repeat means and.
fn starts(query: &Pairs, name: &str, values: &[&str]) -> bool {
    let starts = |prefix: &str| {
        let prefix = prefix.to_lowercase();
        values.iter().any(|value| value.to_lowercase().starts_with(&prefix))
    };
    query.all(name).filter(|list| !list.is_empty()).all(|list| list.split(',').any(starts))
}

/// A sort puts records without a time last either way, and breaks ties by ascending id.
fn sort(hits: &mut [Hit<'_>], asked: Option<&str>, anchor: i64) {
    let newest_first = |hit: &Hit<'_>| Reverse((hit.updated(anchor), hit.number()));
    let time = |hit: &Hit<'_>| match hit {
        Hit::Observation(row) => row.effective(),
        Hit::Imported(row) => row.day().map(midnight),
        Hit::Patient(_)
        | Hit::Practitioner(_)
        | Hit::Group(_)
        | Hit::Organization(_)
        | Hit::Device(_) => None,
    };
    match asked {
        Some("date") => hits.sort_by_cached_key(|hit| {
            let time = time(hit);
            (time.is_none(), time, hit.number())
        }),
        Some("-date") => hits.sort_by_cached_key(|hit| {
            let time = time(hit);
            (time.is_none(), Reverse(time), hit.number())
        }),
        Some("_lastUpdated") => hits.sort_by_key(|hit| (hit.updated(anchor), hit.number())),
        Some("-_lastUpdated") => {
            hits.sort_by_key(|hit| (Reverse(hit.updated(anchor)), hit.number()));
        }
        _ if matches!(hits.first(), Some(Hit::Observation(_) | Hit::Imported(_))) => {
            hits.sort_by_key(newest_first);
        }
        _ => hits.sort_by_key(|hit| (hit.name(), hit.number())),
    }
}
