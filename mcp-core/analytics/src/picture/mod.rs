//! Pictures of reports: SVG text, and the same drawn as PNG without leaving the process.
//!
//! Each kind of picture has a plain input of its own and says in its title what it shows: kind, window,
//! zone, how many readings. The figures are computed elsewhere; nothing here counts, averages or judges.
//! A picture names nobody unless the caller hands a caption, holds no script and refers to nothing
//! outside itself. The same input gives the same bytes.

mod ambulatory;
mod axes;
mod blood_pressure;
mod calendar;
mod canvas;
mod letters;
mod nights;
mod ranges;
mod raster;
mod scale;
mod sheet;
mod steps;
mod theme;
mod trend;
mod window;

#[cfg(test)]
mod tests;

pub use ambulatory::{AmbulatoryProfile, GlucoseUnit, ProfileBin};
pub use blood_pressure::{PressureBand, PressurePoint, PressureScatter};
pub use calendar::CoverageCalendar;
pub use nights::{Night, SleepTimeline, Stage, Stretch};
pub use ranges::{TimeInRanges, TimeRange};
pub use steps::DailySteps;
pub use theme::Theme;
pub use trend::{Trend, TrendLine, TrendMarks};
pub use window::{About, Days};

/// How any picture is to look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Light or dark ground.
    pub theme: Theme,
    /// A line above the title, such as whose readings they are; without it the picture names nobody.
    pub caption: Option<String>,
}

/// A drawn picture, 1,000 units wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    svg: String,
    alt: String,
}

/// Why a picture could not be drawn as pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// It would be too narrow to read or larger than anybody needs.
    #[error("a picture is {} to {} pixels wide", raster::NARROWEST, raster::WIDEST)]
    Width,
    /// The renderer did not take it.
    #[error("the picture could not be drawn")]
    Drawing,
}

impl Picture {
    /// The picture as an SVG document: no script, no reference to anything outside, only system fonts
    /// named after the embedded one.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// What the picture shows, in one sentence.
    pub fn alt(&self) -> &str {
        &self.alt
    }

    /// The picture as PNG, so many pixels wide (200 to 2,000).
    pub fn png(&self, width: u32) -> Result<Vec<u8>, PictureError> {
        raster::png(&self.svg, width)
    }
}
