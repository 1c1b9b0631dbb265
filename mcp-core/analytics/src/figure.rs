//! Numbers as they are shown.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// A number rounded to a fixed count of decimals, half to even on its binary value: what a reader sees
/// is all there is, and the same rounding in any language gives the same digits.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Figure(f64);

impl Figure {
    /// Rounds a finite number.
    pub fn new(value: f64, decimals: usize) -> Self {
        let rounded: f64 = format!("{value:.decimals$}").parse().unwrap_or(value);
        // Nobody wants to read of minus zero.
        Self(if rounded == 0.0 { 0.0 } else { rounded })
    }

    /// The rounded number.
    pub const fn value(self) -> f64 {
        self.0
    }
}

impl Serialize for Figure {
    /// Whole numbers without a decimal point.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is a whole number within the range"
        )]
        if self.0.fract() == 0.0 && self.0.abs() < 1e15 {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

impl JsonSchema for Figure {
    fn schema_name() -> Cow<'static, str> {
        "Figure".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_no_digit_beyond_its_decimals() {
        let shown = |value, decimals| serde_json::to_string(&Figure::new(value, decimals)).unwrap();
        assert_eq!(shown(154.349_9, 1), "154.3");
        assert_eq!(shown(154.0, 1), "154");
        assert_eq!(shown(-0.04, 1), "0");
        assert_eq!(shown(0.125, 2), "0.12", "half to even");
        assert_eq!(shown(7.046_5, 2), "7.05");
    }
}
