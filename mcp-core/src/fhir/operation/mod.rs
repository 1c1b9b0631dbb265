//! Operations that may be invoked: a closed table, and an invocation that only fits into it. All are
//! a GET, and none of them changes anything (`affectsState` is false, FHIR R5 §3.2.0.9).

mod kind;
mod table;

use super::id::ResourceId;
use super::json::plain;
use super::resource_type::ResourceType;

pub use self::kind::Kind;
pub use self::table::{
    EXPAND, GENERAL, LOOKUP, TRANSLATE_R4, TRANSLATE_R5, VALIDATE_IN_SET, VALIDATE_IN_SYSTEM,
};

/// On what an operation is invoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// On the whole server.
    Server,
    /// On a type.
    Type,
    /// On one resource.
    Instance,
}

/// One parameter of an operation.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Whether the operation makes no sense without it.
    pub is_required: bool,
}

/// What an operation answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// A set of resources, page by page.
    Pages,
    /// A set of resources, all at once.
    Set,
    /// A document: a composition and what it refers to.
    Document,
    /// One resource of this type.
    One(&'static str),
}

/// One row of the table: an operation on one type, or on any.
#[derive(Debug)]
pub struct Row {
    /// Its name, without the dollar sign.
    pub name: &'static str,
    /// On which type; `None` where it works on every one.
    pub on: Option<&'static str>,
    /// On what it is invoked.
    pub levels: &'static [Level],
    /// Its parameters; there are no others.
    pub parameters: &'static [Parameter],
    /// What is always sent with it.
    pub fixed: &'static [(&'static str, &'static str)],
    /// What it answers.
    pub gives: Gives,
}

impl Row {
    /// The name with its dollar sign, and where it works, in words.
    pub fn words(&self) -> String {
        self.on.map_or_else(
            || format!("${} on any type", self.name),
            |kind| format!("${} on {kind}", self.name),
        )
    }

    fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|known| known.name == name)
    }
}

/// All rows; a translation is one row for each release.
pub fn all() -> impl Iterator<Item = &'static Row> {
    let of_terms = [&LOOKUP, &EXPAND, &VALIDATE_IN_SET, &VALIDATE_IN_SYSTEM];
    GENERAL.iter().chain(of_terms).chain([&TRANSLATE_R4, &TRANSLATE_R5])
}

/// An operation of the table with its parameters, all of them checked.
#[derive(Clone)]
pub struct Invocation {
    row: &'static Row,
    resource_type: Option<ResourceType>,
    id: Option<ResourceId>,
    parameters: Vec<(&'static str, String)>,
}

impl Invocation {
    /// An operation on a type or resource with these parameters. `on` is `(None, None)` for the
    /// server, and where the row has but one type that need not be said.
    ///
    /// # Errors
    /// A sentence that names what is wrong and says what would be right.
    pub fn new(
        row: &'static Row,
        on: (Option<ResourceType>, Option<ResourceId>),
        parameters: &[(&str, Vec<String>)],
    ) -> Result<Self, String> {
        let (resource_type, id) = on;
        let resource_type = resource_type.or_else(|| ResourceType::parse(row.on?));
        let level = match (&resource_type, &id) {
            (None, _) => Level::Server,
            (Some(_), None) => Level::Type,
            (Some(_), Some(_)) => Level::Instance,
        };
        let is_there =
            row.on.is_none_or(|kind| resource_type.as_ref().is_some_and(|t| t.as_str() == kind));
        if !is_there || !row.levels.contains(&level) || (id.is_some() && level == Level::Server) {
            return Err(misplaced(row));
        }
        let mut invocation = Self { row, resource_type, id, parameters: Vec::new() };
        for (name, values) in parameters {
            invocation.add(name, values)?;
        }
        for required in row.parameters.iter().filter(|known| known.is_required) {
            if invocation.value(required.name).is_none() {
                return Err(format!("params: ${} needs {}", row.name, required.name));
            }
        }
        Ok(invocation)
    }

    fn add(&mut self, name: &str, values: &[String]) -> Result<(), String> {
        let Some(known) = self.row.parameter(name) else {
            let names: Vec<&str> = self.row.parameters.iter().map(|known| known.name).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let (operation, name) = (self.row.name, plain(name));
            return Err(format!(
                "params: ${operation} takes no {name} here; its parameters are: {names}"
            ));
        };
        if self.value(known.name).is_some() {
            return Err(format!("params: give {} once, with all its values", known.name));
        }
        let written = known.kind.write(values).map_err(|rule| format!("{}: {rule}", known.name))?;
        self.parameters.extend(written.into_iter().map(|value| (known.name, value)));
        Ok(())
    }

    /// The row of the table.
    pub const fn row(&self) -> &'static Row {
        self.row
    }

    /// On which type.
    pub const fn resource_type(&self) -> Option<&ResourceType> {
        self.resource_type.as_ref()
    }

    /// On which resource.
    pub const fn id(&self) -> Option<&ResourceId> {
        self.id.as_ref()
    }

    /// The value of a parameter, as it is sent.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// All parameters, as they are sent.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let given = self.parameters.iter().map(|(name, value)| (*name, value.as_str()));
        self.row.fixed.iter().copied().chain(given)
    }
}

/// Where an operation works.
fn misplaced(row: &Row) -> String {
    let kind = row.on.unwrap_or("any type");
    let level = |level: &Level| match level {
        Level::Server => "the server (neither type nor id)".to_owned(),
        Level::Type => format!("{kind} (type without id)"),
        Level::Instance => format!("one resource of {kind} (type and id)"),
    };
    let levels: Vec<String> = row.levels.iter().map(level).collect();
    format!("type, id: ${} works on {}", row.name, levels.join(", or on "))
}

#[cfg(test)]
mod tests;
