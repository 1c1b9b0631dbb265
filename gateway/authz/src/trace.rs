//! Which trace a request belongs to: the `traceparent` of W3C Trace Context, read strictly.
//!
//! Only its version 00 is believed, and only its three fixed-width numbers: nothing that a client
//! writes freely gets from here into a log. `tracestate` and `baggage` are not carried on.

use std::fmt;

use serde::{Serialize, Serializer};

/// The header, W3C Trace Context §3.2.
pub const HEADER: &str = "traceparent";

const LENGTH: usize = 55;
const SAMPLED: u8 = 1;

/// The number of a whole trace; never zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceId(u128);

/// The number of one step of a trace; never zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SpanId(u64);

/// One step of a trace, and the trace that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    trace: TraceId,
    span: SpanId,
    sampled: bool,
}

impl TraceParent {
    /// Reads a `traceparent` of version 00; anything else is none.
    pub fn parse(header: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(header).ok().filter(|text| text.len() == LENGTH)?;
        let mut parts = text.split('-');
        let (version, trace) = (parts.next()?, parts.next()?);
        let (span, flags) = (parts.next()?, parts.next()?);
        let shaped = version == "00" && trace.len() == 32 && span.len() == 16 && flags.len() == 2;
        let digits = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !shaped || parts.next().is_some() || ![trace, span, flags].into_iter().all(digits) {
            return None;
        }
        let trace = u128::from_str_radix(trace, 16).ok().filter(|number| *number != 0)?;
        let span = u64::from_str_radix(span, 16).ok().filter(|number| *number != 0)?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self {
            trace: TraceId(trace),
            span: SpanId(span),
            sampled: flags & SAMPLED == SAMPLED,
        })
    }

    /// The next step: of the caller's trace if it has one, else of a new trace, which is sampled.
    /// The two numbers, a trace's and a step's, are random.
    pub fn after(caller: Option<Self>, (trace, span): (u128, u64)) -> Self {
        let span = SpanId(span.max(1));
        match caller {
            Some(Self { trace, sampled, .. }) => Self { trace, span, sampled },
            None => Self { trace: TraceId(trace.max(1)), span, sampled: true },
        }
    }

    /// The trace.
    pub const fn trace(&self) -> TraceId {
        self.trace
    }

    /// The step.
    pub const fn span(&self) -> SpanId {
        self.span
    }

    /// Whether the one who began the trace wants it kept.
    pub const fn is_sampled(&self) -> bool {
        self.sampled
    }
}

/// As the header has it.
impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TraceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_goes_on_under_a_step_of_our_own() {
        let caller = TraceParent::parse(GOOD.as_bytes()).unwrap();
        assert_eq!(caller.to_string(), GOOD);
        let ours = TraceParent::after(Some(caller), (7, 0x0707_0707_0707_0707));
        assert_eq!(ours.to_string(), "00-4bf92f3577b34da6a3ce929d0e0e4736-0707070707070707-01");
        let fresh = TraceParent::after(None, (9, 9));
        assert_ne!(fresh.trace(), caller.trace());
        assert_eq!(TraceParent::parse(fresh.to_string().as_bytes()), Some(fresh));
        let zeros = TraceParent::after(None, (0, 0));
        assert_eq!(TraceParent::parse(zeros.to_string().as_bytes()), Some(zeros));
    }

    #[test]
    fn what_is_no_traceparent_of_version_00_is_none() {
        let bad = [
            "",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-canary",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
            "00-canary92f3577b34da6a3ce929d0e0e4-00f067aa0ba902b7-01",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ];
        for text in bad {
            assert_eq!(TraceParent::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(TraceParent::parse(&[0xff; 55]), None);
    }
}
