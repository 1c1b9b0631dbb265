//! The times without readings.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Stretch, seconds};
use crate::figure::Figure;

/// How many are listed.
const LISTED: usize = 10;

/// The shortest default limit, in minutes.
const HOUR: f64 = 60.0;

/// A gap is longer than this many median gaps, unless the caller says otherwise.
const MEDIANS: f64 = 3.0;

/// Times without readings that are longer than a limit.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Gaps {
    /// Only longer ones count, in minutes.
    pub limit_minutes: Figure,
    /// How many there are.
    pub n: usize,
    /// How long they are together, in minutes.
    pub total_minutes: Figure,
    /// The ten longest, the longest first.
    pub longest: Vec<Gap>,
}

/// A time without readings.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Gap {
    /// The reading before it, or the window's start, in UTC (RFC 3339).
    pub start: String,
    /// The reading after it, or the window's end, in UTC (RFC 3339).
    pub end: String,
    /// Its length in minutes.
    pub minutes: Figure,
    /// Where it is not between two readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge: Option<Edge>,
}

/// Why a gap is not between two readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Edge {
    /// From the window's start to the first reading.
    BeforeFirst,
    /// From the last reading to the window's end, or to the present.
    AfterLast,
    /// The whole window: it has no reading.
    Whole,
}

/// The limit in minutes: the caller's, or the greater of an hour and three times the median gap.
pub(super) fn limit(asked: Option<u32>, median: Option<f64>) -> f64 {
    asked.map_or_else(|| HOUR.max(MEDIANS * median.unwrap_or_default() / 60.0), f64::from)
}

/// A gap before it is written down.
#[derive(Clone, Copy)]
struct Found {
    start: Timestamp,
    end: Timestamp,
    edge: Option<Edge>,
}

impl Found {
    fn minutes(&self) -> f64 {
        seconds(self.start, self.end) / 60.0
    }
}

impl Gaps {
    /// Those between sorted times and at the ends of the stretch.
    pub(super) fn of(times: &[Timestamp], asked: &Stretch, limit: f64) -> Self {
        let mut found = candidates(times, asked);
        found.retain(|gap| gap.minutes() > limit);
        // Of two that are equally long, the earlier comes first.
        found.sort_by(|a, b| b.minutes().total_cmp(&a.minutes()).then(a.start.cmp(&b.start)));
        Self {
            limit_minutes: Figure::new(limit, 1),
            n: found.len(),
            total_minutes: Figure::new(found.iter().map(Found::minutes).sum(), 0),
            longest: found.iter().take(LISTED).map(Gap::of).collect(),
        }
    }
}

fn candidates(times: &[Timestamp], asked: &Stretch) -> Vec<Found> {
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return vec![Found { start: asked.start, end: asked.end, edge: Some(Edge::Whole) }];
    };
    let between = times.iter().zip(times.iter().skip(1));
    let between = between.map(|(start, end)| Found { start: *start, end: *end, edge: None });
    let before = Found { start: asked.start, end: *first, edge: Some(Edge::BeforeFirst) };
    let after = Found { start: *last, end: asked.end, edge: Some(Edge::AfterLast) };
    between.chain([before, after]).collect()
}

impl Gap {
    fn of(found: &Found) -> Self {
        Self {
            start: found.start.to_string(),
            end: found.end.to_string(),
            minutes: Figure::new(found.minutes(), 0),
            edge: found.edge,
        }
    }
}
