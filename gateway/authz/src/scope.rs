//! Scopes: SMART App Launch 2.2 resource scopes (`user/Observation.rs`), our own vocabulary.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Interactions, in the order that SMART prescribes: create, read, update, delete, search.
const INTERACTIONS: [u8; 5] = *b"cruds";

/// A set of interactions out of c, r, u, d, s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Interactions(u8);

impl Interactions {
    /// Letters in order and without repetition (SMART App Launch 2.2, "Scopes for requesting FHIR
    /// resources"), at least one.
    fn parse(text: &str) -> Option<Self> {
        let mut bits = 0;
        let mut from = 0;
        for letter in text.bytes() {
            let at = INTERACTIONS.iter().skip(from).position(|known| *known == letter)? + from;
            bits |= 1 << at;
            from = at + 1;
        }
        (bits != 0).then_some(Self(bits))
    }

    const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Interactions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, letter) in INTERACTIONS.iter().enumerate() {
            if self.0 & (1 << at) != 0 {
                fmt::Write::write_char(f, char::from(*letter))?;
            }
        }
        Ok(())
    }
}

/// Why text is no scope of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a scope this gateway knows; write user/<FHIR type or *>.<letters of cruds in order>"
)]
pub struct InvalidScope;

/// A set of scope tokens (RFC 6749 §3.3), merged by FHIR type: `user/Patient.r user/Patient.s` and
/// `user/Patient.rs` are one and the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(BTreeMap<String, Interactions>);

impl Scope {
    /// Whether nothing is asked or granted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this grant includes all that `required` names; `user/*.rs` covers
    /// `user/Observation.rs`.
    pub fn covers(&self, required: &Self) -> bool {
        required.0.iter().all(|(resource, wanted)| {
            let granted = [self.0.get("*"), self.0.get(resource)].into_iter().flatten();
            granted.fold(Interactions(0), |all, one| all.union(*one)).covers(*wanted)
        })
    }

    /// Both together.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for (resource, interactions) in &other.0 {
            all.add(resource, *interactions);
        }
        all
    }

    /// The same interactions on every FHIR type: what a client may ask for in one word.
    #[must_use]
    pub fn on_every_type(&self) -> Self {
        let mut wide = Self::default();
        for interactions in self.0.values() {
            wide.add("*", *interactions);
        }
        wide
    }

    fn add(&mut self, resource: &str, interactions: Interactions) {
        self.0
            .entry(resource.to_owned())
            .and_modify(|known| *known = known.union(interactions))
            .or_insert(interactions);
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;

    /// Scope tokens separated by single or several spaces; the empty text is the empty scope.
    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        let mut scope = Self::default();
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            let (resource, interactions) = parse_token(token).ok_or(InvalidScope)?;
            scope.add(resource, interactions);
        }
        Ok(scope)
    }
}

/// `user/` then a FHIR type name or `*`, a dot, and interactions. Query filters (`?category=…`),
/// `patient/` and `system/` are not offered, so they are refused rather than half understood.
fn parse_token(token: &str) -> Option<(&str, Interactions)> {
    let (resource, interactions) = token.strip_prefix("user/")?.split_once('.')?;
    let type_name = resource.len() <= 64
        && resource.starts_with(|c: char| c.is_ascii_uppercase())
        && resource.bytes().all(|b| b.is_ascii_alphanumeric());
    if resource != "*" && !type_name {
        return None;
    }
    Some((resource, Interactions::parse(interactions)?))
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (resource, interactions)) in self.0.iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            write!(f, "{space}user/{resource}.{interactions}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Scope {
    type Error = InvalidScope;
    fn try_from(text: String) -> Result<Self, InvalidScope> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Scope {
        text.parse().unwrap()
    }

    #[test]
    fn a_star_covers_every_type_but_no_further_interaction() {
        assert!(scope("user/*.rs").covers(&scope("user/Observation.rs user/Patient.r")));
        assert!(!scope("user/*.rs").covers(&scope("user/Observation.c")));
        assert!(!scope("user/Observation.rs").covers(&scope("user/*.rs")));
    }

    #[test]
    fn interactions_add_up_over_a_type_and_the_star() {
        assert!(scope("user/*.r user/Patient.s").covers(&scope("user/Patient.rs")));
        assert_eq!(scope("user/Patient.s user/Patient.r").to_string(), "user/Patient.rs");
    }

    #[test]
    fn on_every_type_means_the_same_interactions_and_no_more() {
        let wide = scope("user/Patient.r user/Group.s").on_every_type();
        assert_eq!(wide, scope("user/*.rs"));
        assert!(scope("").on_every_type().is_empty());
    }

    #[test]
    fn the_empty_scope_is_covered_by_all_and_covers_nothing_else() {
        assert!(scope("").covers(&scope("")));
        assert!(!scope("").covers(&scope("user/Patient.r")));
    }

    #[test]
    fn other_contexts_unordered_letters_and_filters_are_refused() {
        for bad in [
            "admin",
            "openid",
            "patient/*.rs",
            "system/*.rs",
            "user/*.sr",
            "user/*.rr",
            "user/*.",
            "user/.rs",
            "user/patient.rs",
            "user/*.read",
            "user/Patient.rs?x=y",
            "user/Pat ient.rs",
        ] {
            assert_eq!(bad.parse::<Scope>(), Err(InvalidScope), "{bad}");
        }
    }
}
