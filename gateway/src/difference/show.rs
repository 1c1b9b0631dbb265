//! The difference for people, and for machines.

use std::fmt;

use serde_json::{Value, json};

use super::{Change, Difference, What};

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = &self.field;
        match &self.what {
            What::Added(None) => write!(f, "added    {field}"),
            What::Added(Some(value)) => write!(f, "added    {field}: {value}"),
            What::Removed(None) => write!(f, "removed  {field}"),
            What::Removed(Some(value)) => write!(f, "removed  {field}: {value}"),
            What::Changed { old, new } => write!(f, "changed  {field}: {old} → {new}"),
            What::OtherSecret => write!(f, "changed  {field}: another secret, not shown"),
            What::SameSecretElsewhere => write!(f, "changed  {field}: the same secret, elsewhere"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changes().is_empty() {
            return writeln!(f, "No difference.");
        }
        for change in self.changes() {
            writeln!(f, "{change}")?;
        }
        writeln!(f, "\nWhat follows:")?;
        if self.consequences().is_empty() {
            writeln!(f, "nothing that anybody would notice; a reload takes it over")?;
        }
        for consequence in self.consequences() {
            writeln!(f, "{:11}{}", consequence.kind.as_str(), consequence.text)?;
        }
        Ok(())
    }
}

impl Difference {
    /// For machines.
    pub fn to_json(&self) -> Value {
        let changes: Vec<Value> = self.changes().iter().map(change).collect();
        let (exit, consequences) = (self.exit_code(), self.consequences());
        json!({ "exit": exit, "changes": changes, "consequences": consequences })
    }
}

fn change(change: &Change) -> Value {
    let field = &change.field;
    match &change.what {
        What::Added(new) => json!({ "field": field, "change": "added", "new": new }),
        What::Removed(old) => json!({ "field": field, "change": "removed", "old": old }),
        What::Changed { old, new } => {
            json!({ "field": field, "change": "changed", "old": old, "new": new })
        }
        What::OtherSecret => json!({ "field": field, "change": "changed", "secret": "changed" }),
        What::SameSecretElsewhere => {
            json!({ "field": field, "change": "changed", "secret": "same" })
        }
    }
}
