//! A backend's habits, from a YAML file: paths, ids, how it searches, what it has beside FHIR.

mod read;
mod shelf;
mod studies;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

pub use self::shelf::{LiveProfiles, Profiles, Reload};
pub use self::studies::StudyKind;
use super::vocabulary::ListedCode;
use crate::config::Mistakes;
use crate::fhir::id::IdRule;
use crate::fhir::parameter::ParameterKind;
use crate::fhir::search::Dialect;
use crate::fhir::specification::FhirVersion;

/// How one kind of backend is spoken to.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The name that `gateway.yaml` refers to.
    pub name: String,
    /// The FHIR side.
    pub fhir: FhirProfile,
    /// How it searches.
    pub search: SearchProfile,
    /// The REST side, which only the Exchange has.
    pub rest: Option<RestProfile>,
    /// Path of the health document that names the version, if there is one.
    pub health_path: Option<String>,
    /// Codes under short names, for a backend that has no list of its own.
    pub vocabulary: Vec<ListedCode>,
    /// Further names for tools.
    pub aliases: BTreeMap<String, String>,
    /// Tools and families of tools that are not offered on this backend.
    pub without: Vec<String>,
    /// How much one tool call may ask for.
    pub bounds: Bounds,
}

/// The FHIR side of a profile.
#[derive(Clone, Debug)]
pub struct FhirProfile {
    /// Path under the base URL, without slashes at its ends; empty where the base is FHIR itself.
    pub path: String,
    /// Which FHIR it speaks.
    pub version: FhirVersion,
    /// How its ids look.
    pub ids: IdRule,
    /// Whether it announces a capability statement.
    pub has_statement: bool,
    /// What it can do, as far as no statement says so.
    pub interactions: Vec<Interaction>,
    /// Operations that it offers, without the dollar sign.
    pub operations: Vec<String>,
    /// The IANA name of the zone in which the server counts days.
    pub time_zone: String,
    /// What its studies are, where no REST side lists them.
    pub studies: StudyKind,
    /// Below which `meta.source` it keeps imported records apart from its own, so that a search
    /// without that source leaves them out; `None` where one search finds all.
    pub imported_source: Option<String>,
}

/// A way to read, by its FHIR code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interaction {
    /// One resource.
    Read,
    /// One resource as it once was.
    Vread,
    /// What became of one resource.
    History,
    /// Resources of a type.
    Search,
}

impl Interaction {
    /// Every one, with its word in profiles and its code in statements (as we show them).
    pub const ALL: [(&'static str, Self); 4] = [
        ("read", Self::Read),
        ("vread", Self::Vread),
        ("history-instance", Self::History),
        ("search", Self::Search),
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Vread => "vread",
            Self::History => "history-instance",
            Self::Search => "search",
        }
    }
}

/// How a backend searches.
#[derive(Clone, Debug)]
pub struct SearchProfile {
    /// What becomes of a parameter that it does not know.
    pub unknown_parameters: UnknownParameters,
    /// Whether `Prefer: handling=strict` makes it refuse such a parameter.
    pub refuses_when_strict: bool,
    /// What its self link proves.
    pub self_link: SelfLink,
    /// When the same search with an impossible value is asked, too.
    pub canary: Canary,
    /// Whether all parameters of the specification work, announced or not.
    pub knows_specification: bool,
    /// Parameters that work on every type although the server does not announce them.
    pub every_type: BTreeMap<String, ParameterKind>,
    /// Parameters that work on one type although the server does not announce them.
    pub by_type: BTreeMap<String, BTreeMap<String, ParameterKind>>,
    /// Modifiers that work; `None` for whatever the specification knows.
    pub modifiers: Option<Vec<String>>,
    /// When answers say how many match.
    pub total: Total,
    /// How a page goes on.
    pub paging: Paging,
    /// How searches are written.
    pub dialect: Dialect,
    /// What it sorts by; `None` for whatever it searches by.
    pub sort_keys: Option<Vec<String>>,
    /// Whether `_elements` leaves out what was not asked for.
    pub elements: bool,
    /// How it reaches from one type to another.
    pub joins: Joins,
    /// `Type.parameter` where exactly one value with a system is understood.
    pub one_coding: Vec<String>,
    /// Which dates are understood.
    pub dates: DateHabits,
}

/// How a backend reaches from one type to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joins {
    /// Whether `_include` and `_revinclude` work.
    pub includes: bool,
    /// Whether chains and reverse chains work beyond those that are listed.
    pub chaining: bool,
}

/// Which dates a backend understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateHabits {
    /// Comparisons that they may have; none means that a date stands alone.
    pub prefixes: Vec<String>,
    /// Whether they may be less precise than a day.
    pub partial: bool,
}

/// What becomes of a parameter that the backend does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownParameters {
    /// It is ignored, so that the answer is wider than the question.
    Ignored,
    /// Nothing matches, so that the answer reads as a false none.
    MatchesNothing,
    /// The search is refused.
    Refused,
}

/// What the self link of an answer proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfLink {
    /// It names the parameters that were applied.
    Applied,
    /// It echoes the question: no evidence.
    Echoed,
    /// There is none.
    Absent,
}

/// When a parameter is tried with an impossible value, which must find nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Canary {
    /// Never: it proves nothing at this backend.
    Never,
    /// For parameters that neither statement nor profile vouches for.
    Undeclared,
    /// For those, and for every count.
    Counts,
    /// For every search.
    Always,
}

/// When answers say how many match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Total {
    /// Always.
    Always,
    /// When this parameter has this value.
    OnRequest(String, String),
    /// Never, except to a count.
    Never,
}

/// How a page of matches goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// By what.
    pub by: PagingBy,
    /// The parameters that say where to go on: one for numbers and offsets.
    pub parameters: Vec<String>,
    /// Whether its links may name another origin than the one we ask: some servers write the Host
    /// that they believe to have. Nothing but the parameters above is ever taken from a link.
    pub any_origin: bool,
}

/// By what a page goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PagingBy {
    /// The page's number, from 1.
    Page,
    /// The first row's number, from 0.
    Offset,
    /// What the `next` link says.
    Link,
}

/// The REST side of a profile.
#[derive(Clone, Debug)]
pub struct RestProfile {
    /// Path under the base URL, without slashes at its ends.
    pub path: String,
}

/// Bounds on what one tool call may ask of the backend.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The largest page that the backend gives, in rows.
    pub page_size: u32,
    /// Pages in one walk through a list.
    pub walk_pages: u32,
    /// Pages read to learn the times of records without an effective time.
    pub undated_pages: u32,
    /// Pages read for one person's readings of one kind, to compute figures from them.
    pub series_pages: u32,
    /// Requests of one tool call that may be under way at the same time.
    pub fan_out: usize,
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// All the mistakes in it.
    pub fn parse(text: &str) -> Result<Self, Mistakes> {
        read::parse(text)
    }

    /// The kind of a parameter that the profile itself vouches for.
    pub fn vouches(&self, resource_type: &str, parameter: &str) -> Option<ParameterKind> {
        let listed = || self.search.every_type.get(parameter).copied();
        let own =
            self.search.by_type.get(resource_type).and_then(|own| own.get(parameter)).copied();
        let specified = || {
            let specification = self.fhir.version.specification();
            let known = self.search.knows_specification;
            known.then(|| specification.parameter(resource_type, parameter)).flatten()
        };
        own.or_else(listed).or_else(specified)
    }

    /// The names that the profile lists for a type, beyond what the server announces.
    pub fn undeclared(&self, resource_type: &str) -> impl Iterator<Item = (&str, ParameterKind)> {
        let own = self.search.by_type.get(resource_type).into_iter().flatten();
        self.search.every_type.iter().chain(own).map(|(name, kind)| (name.as_str(), *kind))
    }
}

impl FhirProfile {
    /// The zone in which the server counts days; profiles with a name that is none are refused.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }
}

#[cfg(test)]
mod tests;
