//! What follows from a change, in words for the operator.

use serde::Serialize;

/// What kind of consequence it is; the order is that of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A reload refuses it; the programs must be restarted.
    Restart,
    /// Logins end.
    Logins,
    /// Something must be done elsewhere, or calls fail.
    Elsewhere,
    /// Somebody may do less.
    Narrower,
    /// Somebody may do more, or a defence gives way.
    Weaker,
    /// A limit or deadline is stricter.
    Tighter,
}

impl Kind {
    /// The word in the list.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Logins => "logins",
            Self::Elsewhere => "elsewhere",
            Self::Narrower => "narrower",
            Self::Weaker => "weaker",
            Self::Tighter => "tighter",
        }
    }
}

/// One consequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Consequence {
    /// Of what kind.
    pub kind: Kind,
    /// What happens to whom.
    pub text: String,
}

impl Consequence {
    pub(super) fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}
