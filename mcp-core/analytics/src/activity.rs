//! Activity: steps by local day, and what was done, how hard and for how long.

mod bouts;
#[cfg(test)]
mod bouts_tests;
mod steps;
#[cfg(test)]
mod steps_tests;
mod weeks;

pub use self::bouts::{
    Activity, ActivityReport, Amount, Intensity, MinutesByIntensity, NameCount,
    report as activities,
};
pub use self::steps::{DayMean, DaySteps, StepDay, StepReport, daily, report as steps};
pub use self::weeks::{Week, Weeks, weekly};
