//! Before a search is sent: whether the backend would understand it. What nobody vouches for is
//! refused, or put to the proof afterwards.

use super::capability::Capability;
use super::fault::Fault;
use super::inquiry::Inquiry;
use super::profile::UnknownParameters;
use crate::fhir::parameter::{ParameterKind, prefixed};
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::{Filter, Search};

/// What is known of a parameter before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The server announces it, or the profile names it.
    Vouched(ParameterKind),
    /// Nobody says anything about it, for or against.
    Doubtful(ParameterKind),
    /// The server knows its parameters, and this is none of them.
    Unsupported,
}

impl Inquiry {
    /// What is known of a parameter of a type.
    pub async fn standing(&self, resource_type: &ResourceType, name: &str) -> Standing {
        let kind = resource_type.as_str();
        if let Some(known) = self.profile.vouches(kind, name) {
            return Standing::Vouched(known);
        }
        let specification = self.profile.fhir.version.specification();
        if is_chain(name) {
            let last = name.rsplit(['.', ':']).next().unwrap_or(name);
            let known = specification.any_parameter(last);
            return match known.filter(|_| self.profile.search.joins.chaining) {
                Some(known) => Standing::Doubtful(known),
                None => Standing::Unsupported,
            };
        }
        match &*Box::pin(self.capability()).await {
            Capability::Known(announced) => {
                let announced = announced.statement.kind(kind, name);
                announced.map_or(Standing::Unsupported, Standing::Vouched)
            }
            Capability::Unknown
                if self.profile.search.unknown_parameters == UnknownParameters::MatchesNothing =>
            {
                Standing::Unsupported
            }
            Capability::Unknown => {
                let known = specification.parameter(kind, name);
                Standing::Doubtful(known.unwrap_or(ParameterKind::String))
            }
        }
    }

    /// Whether the search may be sent: the names of those of its filters that nobody vouches for.
    ///
    /// # Errors
    /// A parameter, a modifier or a value that this backend does not take.
    pub(super) async fn preflight(&self, search: &Search) -> Result<Vec<String>, Fault> {
        let dialect = &self.profile.search.dialect;
        let mut doubtful = Vec::new();
        for filter in &search.filters {
            let (name, key) = (filter.name(dialect), filter.key(dialect));
            match self.standing(&search.resource_type, name).await {
                Standing::Vouched(_) => {}
                Standing::Doubtful(_) => doubtful.push(key.to_owned()),
                Standing::Unsupported => return Err(Fault::Unsupported(name.to_owned())),
            }
            self.takes(&search.resource_type, filter)?;
        }
        if !search.includes.is_empty() && !self.profile.search.joins.includes {
            return Err(inexpressible(
                "_include",
                "this backend includes nothing; search again for \
                                                  what the references name",
            ));
        }
        Ok(doubtful)
    }

    /// Whether the profile has anything against how the filter is put.
    fn takes(&self, resource_type: &ResourceType, filter: &Filter) -> Result<(), Fault> {
        let habits = &self.profile.search;
        if let Filter::Patient(id) = filter {
            return self.takes_id("patient", id.as_str());
        }
        let Filter::Parameter(parameter) = filter else { return Ok(()) };
        let (name, key) = (parameter.name(), parameter.key());
        if name != key && habits.modifiers.as_ref().is_some_and(|some| !some.contains(&key.into()))
        {
            return Err(inexpressible(
                key,
                "this backend does not know the modifier; ask without it",
            ));
        }
        let is_coding = |one: &String| one.split_once('.') == Some((resource_type.as_str(), name));
        if habits.one_coding.iter().any(is_coding) {
            let [only] = parameter.values() else { return Err(one_coding(name)) };
            if only.split_once('|').is_none_or(|(system, _)| system.is_empty()) {
                return Err(one_coding(name));
            }
        }
        if key.ends_with(":missing") {
            return Ok(());
        }
        for value in parameter.values() {
            let kind = parameter.kind();
            if kind == ParameterKind::Date {
                self.takes_date(name, value)?;
            } else if kind == ParameterKind::Reference && is_local(value) {
                self.takes_id(name, value.rsplit('/').next().unwrap_or(value))?;
            }
        }
        Ok(())
    }

    fn takes_date(&self, name: &str, value: &str) -> Result<(), Fault> {
        let habits = &self.profile.search;
        let (prefix, date) = prefixed(value.trim());
        if !prefix.is_empty() && !habits.dates.prefixes.iter().any(|known| known == prefix) {
            let known = habits.dates.prefixes.join(", ");
            let rule = format!("this backend knows the comparisons {known}, or a day alone");
            return Err(inexpressible(name, &rule));
        }
        if date.len() < 10 && !habits.dates.partial {
            return Err(inexpressible(
                name,
                "this backend wants whole days, YYYY-MM-DD; write a \
                                            month or a year as two bounds, ge and lt",
            ));
        }
        Ok(())
    }

    /// Whether the backend may have given this id out.
    ///
    /// # Errors
    /// It may not, so that there is nothing to ask.
    pub fn takes_id(&self, what: &str, id: &str) -> Result<(), Fault> {
        let rule = self.profile.fhir.ids;
        if rule.admits(id) {
            return Ok(());
        }
        Err(Fault::Inexpressible(format!("{what} must be {}", rule.words())))
    }
}

fn one_coding(name: &str) -> Fault {
    let rule = "this backend understands exactly one value, system|code; ask once for each code";
    inexpressible(name, rule)
}

fn inexpressible(name: &str, rule: &str) -> Fault {
    Fault::Inexpressible(format!("{name}: {rule}"))
}

/// Whether the name goes on to another type.
fn is_chain(name: &str) -> bool {
    name.contains('.') || name.starts_with("_has:")
}

/// Whether a reference names a resource of this very backend.
fn is_local(value: &str) -> bool {
    !value.contains(':') && !value.contains('|')
}
