//! `fhir-mcp-gateway diff OLD NEW`: what a reload from one configuration to another would change,
//! and what would come of it.
//!
//! Compared is what is in force, defaults included, and not the text of the files. Secrets are
//! compared and never shown. What a file of the same name holds is the same on both sides: both are
//! read now.

mod bounds;
mod consequence;
mod flat;
mod logins;
mod rights;
mod show;

pub use consequence::{Consequence, Kind};
pub use flat::{Change, What};

use crate::config::{Config, Mistake};
use crate::reload::refuse_what_needs_a_restart;

/// What differs, and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    changes: Vec<Change>,
    consequences: Vec<Consequence>,
}

impl Difference {
    /// Compares two configurations.
    pub fn between(old: &Config, new: &Config) -> Self {
        let changes = flat::changes(old, new);
        let refused = refuse_what_needs_a_restart(old, new).err().unwrap_or_default();
        let restart = |mistake: Mistake| Consequence::new(Kind::Restart, mistake.to_string());
        let mut consequences: Vec<Consequence> = refused.into_iter().map(restart).collect();
        consequences.extend(logins::follow(old, new, &changes));
        consequences.extend(rights::follow(old, new));
        consequences.extend(bounds::follow(old, new, &changes));
        consequences.sort_by_key(|one| one.kind);
        Self { changes, consequences }
    }

    /// Each key that differs, by name.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What follows, the gravest first.
    pub fn consequences(&self) -> &[Consequence] {
        &self.consequences
    }

    /// What the program exits with: 0 no difference, 1 differences. (2 is for a configuration that
    /// cannot be used.)
    pub fn exit_code(&self) -> u8 {
        u8::from(!self.changes.is_empty())
    }
}

#[cfg(test)]
mod tests;
