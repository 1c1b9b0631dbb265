//! Which tools a caller is shown.

/// Which tools a caller is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permitted {
    /// All that the backend serves: no gateway stands in front, and the backend's own rules remain.
    All,
    /// Those that the gateway's policy permits.
    Only(Vec<String>),
}

impl Permitted {
    /// Whether the tool of this name is among them.
    pub fn includes(&self, tool: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|name| name == tool),
        }
    }
}
