//! What a probe found: a field of the profile, what it says, and what the server does.

use std::fmt;

/// One field, compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    field: &'static str,
    profile: String,
    server: Option<String>,
}

/// What a field says: a word, or yes or no.
#[derive(Debug)]
pub struct Word(String);

impl From<&str> for Word {
    fn from(word: &str) -> Self {
        Self(word.to_owned())
    }
}

impl From<bool> for Word {
    fn from(is_so: bool) -> Self {
        Self(is_so.to_string())
    }
}

/// What a comparison amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The profile is true.
    Agrees,
    /// It is not.
    Differs,
    /// The server gave nothing to compare.
    Unclear,
}

impl Finding {
    /// A field, as the profile has it and as the server does; `None` where that was not to be learnt.
    pub fn of<T: Into<Word>, U: Into<Word>>(
        field: &'static str,
        profile: T,
        server: Option<U>,
    ) -> Self {
        let server = server.map(|server| server.into().0);
        Self { field, profile: profile.into().0, server }
    }

    /// Something that could not be looked at.
    pub fn unclear(field: &'static str, why: &str) -> Self {
        Self { field, profile: why.to_owned(), server: None }
    }

    /// The field of the profile.
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// What the comparison amounts to.
    pub fn verdict(&self) -> Verdict {
        match &self.server {
            None => Verdict::Unclear,
            Some(server) if *server == self.profile => Verdict::Agrees,
            Some(_) => Verdict::Differs,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, profile, server } = self;
        match (self.verdict(), server) {
            (Verdict::Agrees, _) => write!(f, "ok       {field}: {profile}"),
            (Verdict::Differs, Some(server)) => {
                write!(f, "differs  {field}: the profile says {profile}, the server does {server}")
            }
            (Verdict::Unclear | Verdict::Differs, _) => write!(f, "unclear  {field}: {profile}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_learnt_is_neither_agreement_nor_difference() {
        assert_eq!(Finding::of("a", "x", Some("x")).verdict(), Verdict::Agrees);
        assert_eq!(Finding::of("a", "x", Some("y")).verdict(), Verdict::Differs);
        assert_eq!(Finding::of("a", "x", None::<&str>).verdict(), Verdict::Unclear);
        let told = Finding::of("search.self_link", "applied", Some("echoed")).to_string();
        assert!(told.contains("the profile says applied, the server does echoed"), "{told}");
    }
}
