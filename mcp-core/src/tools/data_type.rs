//! Data types by name: the backend's own list decides, the built-in table helps where there is none.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::envelope::Envelope;
use super::error::ToolError;
use super::loinc;
use super::text::clean;
use crate::backend::fault::Fault;
use crate::backend::inquiry::Inquiry;
use crate::backend::vocabulary::ListedCode;
use crate::fhir::search::Filter;
use crate::omh::registry;

/// A kind of data point that the backend can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataType {
    /// Its short name, where the backend's profile gives one.
    pub name: Option<String>,
    /// The coding system.
    pub system: String,
    /// The code in it, as in `omh:heart-rate:2.0`.
    pub code: String,
    /// Its name for people.
    pub display: String,
}

impl DataType {
    /// The middle of the code, as in `heart-rate`.
    pub fn short_name(&self) -> &str {
        let middle = || self.code.split(':').nth(1).unwrap_or(&self.code);
        self.name.as_deref().unwrap_or_else(middle)
    }

    /// The filter for it.
    pub fn filter(&self) -> Filter {
        Filter::Code { system: self.system.clone(), code: self.code.clone() }
    }
}

/// What a question by `data_type` is about: the codes that are asked for, one at least, and those of
/// the same measure that are not, because the backend understands one code at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    asked: Vec<DataType>,
    left: Vec<String>,
}

impl Sought {
    /// Exactly this kind.
    pub fn one(kind: DataType) -> Self {
        Self { asked: vec![kind], left: Vec::new() }
    }

    /// The codes that are asked for.
    pub fn codes(&self) -> Vec<&str> {
        self.asked.iter().map(|kind| kind.code.as_str()).collect()
    }

    /// The filter for it.
    pub fn filter(&self) -> Filter {
        match self.asked.as_slice() {
            [only] => only.filter(),
            several => {
                let coding = |kind: &DataType| (kind.system.clone(), kind.code.clone());
                Filter::Codes(several.iter().map(coding).collect())
            }
        }
    }
}

/// The codes that were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Asked {
    /// The codes that `data_type` was taken for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    codes: Vec<String>,
}

impl Asked {
    /// Says which codes were asked for, and in the envelope which were not.
    pub fn note(sought: Option<&Sought>, envelope: &mut Envelope) -> Self {
        let Some(Sought { asked, left }) = sought else { return Self { codes: Vec::new() } };
        let codes: Vec<String> = asked.iter().map(|kind| kind.code.clone()).collect();
        if !left.is_empty() {
            let (asked, left) = (codes.join(", "), left.join(", "));
            envelope.leave_out(format!(
                "Only {asked} was asked for, as the backend takes one code at a time. The same \
                 measure may also be written as {left}: ask again with that as data_type."
            ));
        }
        Self { codes }
    }
}

/// Codes of this system name types of resources: something to consent to, not a kind of data point.
const RESOURCE_TYPES: &str = "http://hl7.org/fhir/resource-types";

/// Where a list of data types comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Origin {
    /// The backend's own list, as it is now.
    Backend,
    /// The backend's profile at this service.
    Profile,
    /// The table that this service is built with.
    BuiltIn,
}

/// The data types of a backend, sorted by code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Kinds of data points.
    pub types: Vec<DataType>,
    /// Codes that are no kinds of data points.
    pub others: Vec<ListedCode>,
    /// Where they come from.
    pub origin: Origin,
}

impl Known {
    /// From the backend's list, or from the built-in table where that is empty.
    pub fn of(inquiry: &Inquiry, listed: &[ListedCode]) -> Self {
        let is_point = |listed: &&ListedCode| listed.system != RESOURCE_TYPES;
        let (points, others): (Vec<_>, Vec<_>) = listed.iter().partition(is_point);
        let mut types: Vec<DataType> = points
            .into_iter()
            .map(|listed| DataType {
                name: listed.name.clone(),
                system: listed.system.clone(),
                code: listed.code.clone(),
                display: clean(&listed.display),
            })
            .collect();
        let mut origin =
            if inquiry.profile.vocabulary.is_empty() { Origin::Backend } else { Origin::Profile };
        if types.is_empty() {
            (types, origin) = (built_in(takes_one(inquiry)), Origin::BuiltIn);
        }
        types.sort_by(|one, other| one.code.cmp(&other.code));
        Self { types, others: others.into_iter().cloned().collect(), origin }
    }
}

/// All data types of the backend, sorted by code.
///
/// # Errors
/// The backend refused the token. Any other failure leaves the built-in table.
pub async fn all(inquiry: &Inquiry) -> Result<Vec<DataType>, Fault> {
    Ok(usable(inquiry, inquiry.vocabulary().await)?.types)
}

fn usable(inquiry: &Inquiry, listed: Result<Arc<Vec<ListedCode>>, Fault>) -> Result<Known, Fault> {
    match listed {
        Err(Fault::TokenRefused) => Err(Fault::TokenRefused),
        listed => Ok(Known::of(inquiry, &listed.unwrap_or_default())),
    }
}

/// Whether the backend understands only one coding in a filter.
fn takes_one(inquiry: &Inquiry) -> bool {
    inquiry.profile.search.one_coding.iter().any(|parameter| parameter == "Observation.code")
}

/// The types that the Exchange ships, which is the backend that takes one coding; elsewhere also
/// those that they are written as today.
fn built_in(takes_one: bool) -> Vec<DataType> {
    let shipped = registry::DataType::shipped();
    let today = registry::DataType::shipped()
        .filter(|_| !takes_one)
        .flat_map(|known| std::iter::successors(known.successor(), |next| next.successor()));
    let mut seen = HashSet::new();
    let types = shipped.chain(today).filter(|known| seen.insert(known.id.as_str()));
    let types = types.map(|known| owned(known, known.code.clone()));
    types.chain(loinc::types().filter(|_| !takes_one)).collect()
}

/// Every code of the registry, older versions too, and those that other servers use.
fn every_code() -> Vec<DataType> {
    let codes = |known: &'static registry::DataType| known.codes().map(|code| owned(known, code));
    registry::DataType::all().iter().flat_map(codes).chain(loinc::types()).collect()
}

fn owned(known: &registry::DataType, code: String) -> DataType {
    let (system, display) = (known.system.to_owned(), known.display.clone());
    DataType { name: None, system, code, display }
}

/// What this name asks for; it may be absent or blank. A name that the list as we remember it does not
/// have may have been added since, so the backend is asked again before it is refused.
///
/// # Errors
/// A name that the backend has no code for.
pub async fn resolve(inquiry: &Inquiry, name: Option<&str>) -> Result<Option<Sought>, ToolError> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else { return Ok(None) };
    // Where nobody lists the codes, one that is named in full is taken as it is.
    if !takes_one(inquiry)
        && let Some(kind) = loinc::explicit(name)
    {
        return Ok(Some(Sought::one(kind)));
    }
    let remembered = usable(inquiry, inquiry.vocabulary().await)?;
    if let Ok(sought) = pick(&nameable(inquiry, remembered), name, takes_one(inquiry)) {
        return Ok(Some(sought));
    }
    match inquiry.vocabulary_now().await {
        // Without the list it is not known whether there is such a code.
        Err(fault) if !fault.hides_the_record() => Err(fault.into()),
        listed => {
            let known = usable(inquiry, listed)?;
            pick(&nameable(inquiry, known), name, takes_one(inquiry)).map(Some)
        }
    }
}

/// What a question may name: where nobody lists codes, each of the registry.
fn nameable(inquiry: &Inquiry, known: Known) -> Vec<DataType> {
    if known.origin == Origin::BuiltIn && !takes_one(inquiry) { every_code() } else { known.types }
}

/// A full code means itself. A short name means every code under which its measure is written.
fn pick(types: &[DataType], name: &str, takes_one: bool) -> Result<Sought, ToolError> {
    if let Some(exact) = types.iter().find(|known| known.code == name) {
        return Ok(Sought { asked: vec![exact.clone()], left: Vec::new() });
    }
    let kin = registry::DataType::kin(name);
    let is_kin = |known: &DataType| {
        let id = known.code.rsplit_once(':').map(|(id, _)| id);
        kin.iter().any(|kin| Some(kin.id.as_str()) == id && kin.system == known.system)
    };
    let is_meant = |known: &&DataType| known.short_name() == name || is_kin(known);
    let mut asked: Vec<DataType> = types.iter().filter(is_meant).cloned().collect();
    if asked.is_empty() {
        let known: BTreeSet<&str> = types.iter().map(DataType::short_name).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        return Err(ToolError::Argument(format!(
            "data_type is not one that this backend has: {known}"
        )));
    }
    asked.sort_by_key(|known| preference(known, name));
    let left = if takes_one { asked.split_off(1) } else { Vec::new() };
    Ok(Sought { asked, left: left.into_iter().map(|known| known.code).collect() })
}

/// First what has the name itself, then what is written today, then the newest version.
fn preference(known: &DataType, name: &str) -> (bool, bool, Reverse<(u32, u32)>, String) {
    let row = registry::DataType::by_code(&known.system, &known.code);
    let is_old = row.is_some_and(|row| row.successor().is_some());
    let version = known.code.rsplit_once(':').and_then(|(_, version)| {
        let (major, minor) = version.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    });
    let newest = Reverse(version.unwrap_or_default());
    (known.short_name() != name, is_old, newest, known.code.clone())
}

#[cfg(test)]
mod tests;
