//! Tables that name their columns once, so that an answer stays small.

use schemars::JsonSchema;
use serde::Serialize;

/// Rows as arrays, and what stands where in them.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Table<R: Row> {
    /// The name of each place of a row.
    pub columns: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<R>,
}

/// Something that is written as an array.
pub trait Row {
    /// The name of each place.
    const COLUMNS: &'static [&'static str];
}

impl<R: Row> Table<R> {
    /// A table of rows.
    pub fn of(rows: Vec<R>) -> Self {
        Self { columns: R::COLUMNS.to_vec(), rows }
    }
}

/// A struct that is written as an array of its members, in the order of their declaration.
macro_rules! row {
    ($(#[$about:meta])* pub struct $row:ident {
        $($(#[$doc:meta])* pub $member:ident: $type:ty,)+
    }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $row {
            $($(#[$doc])* pub $member: $type,)+
        }

        impl $crate::glucose::table::Row for $row {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($member)),+];
        }

        impl serde::Serialize for $row {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                ($(&self.$member,)+).serialize(serializer)
            }
        }

        impl schemars::JsonSchema for $row {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($row).into()
            }

            fn inline_schema() -> bool {
                true
            }

            // What stands at which place, `columns` says; schemas that many hosts take have no word for it.
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "array", "items": { "anyOf": [
                    { "type": "number" },
                    { "type": "string" },
                    { "type": "boolean" },
                    { "type": "null" },
                ] } })
            }
        }
    };
}

pub(super) use row;
