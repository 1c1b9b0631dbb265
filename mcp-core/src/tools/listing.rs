//! Rows of an answer that may go on: how many, of how many, and the cursor that leads further.

use schemars::JsonSchema;
use serde::Serialize;

use super::envelope::TotalSource;

/// The members of an answer that goes on by a cursor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Listing {
    /// How many are here.
    pub returned: usize,
    /// How many there are in all; null when nobody knows, which is not the same as none.
    pub total: Option<u64>,
    /// Where the total comes from.
    pub total_source: TotalSource,
    /// Leads to the rest: ask again with the same arguments and this. Good for 15 minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl Listing {
    /// So many rows, of a total that the backend may have said.
    pub const fn new(returned: usize, total: Option<u64>, cursor: Option<String>) -> Self {
        let total_source = if total.is_some() { TotalSource::Server } else { TotalSource::Unknown };
        Self { returned, total, total_source, cursor }
    }
}
