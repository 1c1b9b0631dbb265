//! Pictures of reports: their figures, handed to the pure library that draws.

mod glucose;

use std::collections::BTreeMap;

use analytics::coverage::per_day;
use analytics::frame::Frame;
use analytics::picture as drawn;
use analytics::picture::{About, Days, Look, Theme};
use analytics::pressure::{Band, Edge, Pressure, Scheme, Step};
use analytics::reading::{Point, Span};
use analytics::series::Series;
use analytics::sleep::{Night, Role, nights};
use analytics::summary::{mean, percentile, sorted};
use analytics::trend::{Over, Trend};
use analytics::window::Window;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

pub use self::glucose::glucose;
use super::keyed::{DECIMALS, Key};
use super::when::When;
use crate::tools::answered::{Form, Picture};
use crate::tools::error::ToolError;

/// How wide pictures are, in pixels.
const WIDTH: u32 = 1_000;

/// How a picture is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Drawing {
    /// Pixels on a light ground.
    Png,
    /// Pixels on a dark ground.
    PngDark,
    /// Lines on a light ground.
    Svg,
    /// Lines on a dark ground.
    SvgDark,
}

impl Drawing {
    fn look(self) -> Look {
        let theme = match self {
            Self::Png | Self::Svg => Theme::Light,
            Self::PngDark | Self::SvgDark => Theme::Dark,
        };
        Look { theme, caption: None }
    }

    /// The picture in its form. Pixels take a while, and are made where nobody waits for the thread.
    async fn finish(
        self,
        name: &'static str,
        picture: drawn::Picture,
    ) -> Result<Picture, ToolError> {
        let form = match self {
            Self::Svg | Self::SvgDark => Form::Svg(picture.svg().to_owned()),
            Self::Png | Self::PngDark => {
                let drawing = tokio::task::spawn_blocking(move || picture.png(WIDTH));
                let pixels = drawing.await.map_err(|_| ToolError::Internal)?;
                Form::Png(pixels.map_err(|_| ToolError::Internal)?)
            }
        };
        Ok(Picture { name, form })
    }
}

/// Both numbers over the bands of a scheme.
pub async fn pressure(
    readings: &[Pressure],
    frame: &Frame,
    scheme: Scheme,
    drawing: Drawing,
) -> Result<Vec<Picture>, ToolError> {
    let placed = analytics::pressure::placed(readings, frame, scheme);
    let days = || placed.iter().map(|one| one.day);
    let Some(about) = about(frame, days(), placed.len()) else { return Ok(Vec::new()) };
    let points = placed.iter().map(|one| drawn::PressurePoint {
        at: one.reading.at,
        systolic: one.reading.systolic,
        diastolic: one.reading.diastolic,
    });
    let steps = scheme.steps();
    let bands = steps.iter().enumerate().map(|(at, step)| drawn::PressureBand {
        name: name(step.band).to_owned(),
        below: ends(steps.get(at + 1..).unwrap_or_default()),
    });
    let scatter = drawn::PressureScatter {
        about,
        scheme: match scheme {
            Scheme::AccAha2017 => "ACC/AHA 2017".to_owned(),
            Scheme::Esc2024 => "ESC 2024".to_owned(),
        },
        bands: bands.collect(),
        points: points.collect(),
    };
    let picture = scatter.picture(&drawing.look());
    Ok(vec![drawing.finish("blood-pressure", picture).await?])
}

/// Where a band ends: at the first number, of either kind, at which a later one begins.
fn ends(later: &[Step]) -> Option<(f64, f64)> {
    let number = |edge: Edge| match edge {
        Edge::From(number) => Some(number),
        // Whole numbers up to it still belong below.
        Edge::Above(number) => Some(number + 1.0),
        Edge::Always | Edge::Never => None,
    };
    let systolic = later.iter().find_map(|step| number(step.systolic))?;
    let diastolic = later.iter().find_map(|step| number(step.diastolic))?;
    Some((systolic, diastolic))
}

/// A band's name for people.
const fn name(band: Band) -> &'static str {
    match band {
        Band::Normal => "Normal",
        Band::NonElevated => "Non-elevated",
        Band::Elevated => "Elevated",
        Band::Stage1 => "Stage 1",
        Band::Stage2 => "Stage 2",
        Band::Urgent => "Urgent",
        Band::HypertensionRange => "Hypertension range",
    }
}

/// The steps of each day.
pub async fn steps(
    spans: &[Span],
    frame: &Frame,
    drawing: Drawing,
) -> Result<Vec<Picture>, ToolError> {
    let daily = analytics::activity::daily(spans, frame);
    let Some(about) = about(frame, daily.iter().map(|day| day.day), spans.len()) else {
        return Ok(Vec::new());
    };
    let values: Vec<f64> = daily.iter().map(|day| day.steps).collect();
    let days = daily.iter().map(|day| (day.day, day.steps)).collect();
    let bars = drawn::DailySteps { about, days, mean: mean(&values) };
    Ok(vec![drawing.finish("daily-steps", bars.picture(&drawing.look())).await?])
}

/// The nights, each from the evening before the day of waking.
pub async fn sleep(
    records: &[Night],
    frame: &Frame,
    drawing: Drawing,
) -> Result<Vec<Picture>, ToolError> {
    let episodes = nights(records, frame);
    let mut evenings: BTreeMap<Date, Vec<drawn::Stretch>> = BTreeMap::new();
    for episode in episodes.iter().filter(|episode| episode.role != Role::Repeat) {
        let evening = episode.day.yesterday().unwrap_or(episode.day);
        let (start, end) = (episode.night.start, episode.night.end);
        let stretch = drawn::Stretch { start, end, stage: drawn::Stage::Asleep };
        evenings.entry(evening).or_default().push(stretch);
    }
    let Some(days) = days(evenings.keys().copied()) else { return Ok(Vec::new()) };
    let about = About { clock: frame.clock(), days, readings: episodes.len() };
    let nights =
        evenings.into_iter().map(|(evening, stretches)| drawn::Night { evening, stretches });
    let timeline = drawn::SleepTimeline { about, nights: nights.collect() };
    Ok(vec![drawing.finish("nights", timeline.picture(&drawing.look())).await?])
}

/// A calendar of the readings of each day.
pub async fn coverage(
    series: &Series,
    when: &When,
    window: Option<&Window>,
    drawing: Drawing,
) -> Result<Vec<Picture>, ToolError> {
    let counts = per_day(series, &when.clock, window);
    let whole = window.and_then(|window| Days::new(window.first(), window.last()));
    let Some(days) = whole.or_else(|| days(counts.keys().copied())) else {
        return Ok(Vec::new());
    };
    let about = About { clock: &when.clock, days, readings: counts.values().sum() };
    let title = "Readings a day".to_owned();
    let calendar = drawn::CoverageCalendar { about, title, days: counts };
    Ok(vec![drawing.finish("coverage", calendar.picture(&drawing.look())).await?])
}

/// The readings, or the medians of days, and the line of least squares.
pub async fn trend(
    (key, series): (&Key, &Series),
    when: &When,
    drawing: Drawing,
) -> Result<Option<Picture>, ToolError> {
    let Ok(found) = Trend::of(series, &when.clock, DECIMALS) else { return Ok(None) };
    let all = series.points();
    let Some(days) = days(all.iter().map(|point| when.clock.day(point.at))) else {
        return Ok(None);
    };
    let (marks, points) = match found.over {
        Over::Readings => (drawn::TrendMarks::Readings, all.to_vec()),
        Over::DailyMedians | Over::WeeklyMedians => {
            (drawn::TrendMarks::DailyMedians, medians(all, when))
        }
    };
    let slope = found.least_squares.slope_per_day.value();
    let ends = points.first().zip(points.last());
    let line = ends.map(|(first, last)| {
        let start = Point { at: first.at, value: found.least_squares.intercept.value() };
        let days = last.at.duration_since(first.at).as_secs_f64() / 86_400.0;
        let end = Point { at: last.at, value: start.value + slope * days };
        drawn::TrendLine { start, end, words: format!("least squares: {slope} a day") }
    });
    let picture = drawn::Trend {
        about: About { clock: &when.clock, days, readings: all.len() },
        title: key.measure.replace('_', " "),
        unit: key.unit.clone().unwrap_or_default(),
        marks,
        points,
        line,
    };
    drawing.finish("trend", picture.picture(&drawing.look())).await.map(Some)
}

/// The median of each local day, at its noon.
fn medians(points: &[Point], when: &When) -> Vec<Point> {
    let by_day = points.chunk_by(|a, b| when.clock.day(a.at) == when.clock.day(b.at));
    let median = |day: &[Point]| {
        let values: Vec<f64> = day.iter().map(|point| point.value).collect();
        let value = percentile(&sorted(&values), 50.0)?;
        let noon = when.clock.day(day.first()?.at).at(12, 0, 0, 0);
        let at = noon.to_zoned(when.clock.zone().clone()).ok()?.timestamp();
        Some(Point { at, value })
    };
    by_day.filter_map(median).collect()
}

/// What the picture says of itself: the window that was asked for, else the days that have data.
fn about(
    frame: &Frame,
    with_data: impl Iterator<Item = Date>,
    readings: usize,
) -> Option<About<'_>> {
    let asked = frame.from().zip(frame.to()).and_then(|(first, last)| Days::new(first, last));
    Some(About { clock: frame.clock(), days: asked.or_else(|| days(with_data))?, readings })
}

fn days(with_data: impl Iterator<Item = Date>) -> Option<Days> {
    let (first, last) = with_data.fold(None, |ends: Option<(Date, Date)>, day| {
        Some(ends.map_or((day, day), |(first, last)| (first.min(day), last.max(day))))
    })?;
    Days::new(first, last)
}
