//! What core says of a tool call beside its answer, for the records: one word and one number, in a
//! header that ends at the gateway.

use std::fmt;

/// The header of core's answer. No client ever sees it.
pub const HEADER: &str = "fhir-mcp-report";

macro_rules! outcomes {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// How a tool call ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ToolOutcome {
            $($(#[$doc])* $name),*
        }

        impl ToolOutcome {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word for logs, metrics, spans and the audit trail.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }
        }
    };
}

outcomes! {
    /// The answer is complete, as far as the backend says.
    Ok = "ok";
    /// Something is left out.
    Partial = "partial";
    /// Nothing can be said.
    Unknown = "unknown";
    /// The tool said no: to an argument, to a right, to a record that is not there.
    Refused = "refused";
    /// Something broke behind it.
    Fault = "fault";
}

impl ToolOutcome {
    /// Whether the model got an answer, and not an error.
    pub const fn is_answer(self) -> bool {
        matches!(self, Self::Ok | Self::Partial | Self::Unknown)
    }
}

/// What core says of one tool call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolReport {
    /// How it ended.
    pub outcome: ToolOutcome,
    /// How many records the answer holds, or counts, if it says.
    pub count: Option<u64>,
}

impl ToolReport {
    /// Reads the header; what is none of ours is none.
    pub fn parse(header: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(header).ok()?;
        let (word, count) = match text.split_once(' ') {
            None => (text, None),
            Some((word, count)) => (word, Some(count)),
        };
        let outcome = *ToolOutcome::ALL.iter().find(|known| known.as_str() == word)?;
        let digits = |count: &str| count.bytes().all(|byte| byte.is_ascii_digit());
        let count = match count {
            None => None,
            Some(count) if digits(count) => Some(count.parse().ok()?),
            Some(_) => return None,
        };
        Some(Self { outcome, count })
    }
}

/// As the header has it.
impl fmt::Display for ToolReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.outcome.as_str())?;
        self.count.map_or(Ok(()), |count| write!(f, " {count}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_core_writes_the_gateway_reads() {
        for outcome in ToolOutcome::ALL {
            for count in [None, Some(0), Some(u64::MAX)] {
                let report = ToolReport { outcome: *outcome, count };
                assert_eq!(ToolReport::parse(report.to_string().as_bytes()), Some(report));
            }
        }
    }

    #[test]
    fn nothing_but_a_known_word_and_a_number_is_read() {
        for header in
            ["", "fine", "ok ", "ok  1", "ok +1", "ok 1 2", "ok Ada", "ok\t1", "OK", " ok"]
        {
            assert_eq!(ToolReport::parse(header.as_bytes()), None, "{header}");
        }
        assert_eq!(ToolReport::parse(&[0xff]), None);
        assert_eq!(ToolReport::parse(b"ok 99999999999999999999"), None);
    }
}
