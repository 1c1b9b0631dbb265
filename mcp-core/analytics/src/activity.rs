//! Activity: steps by local day, and what was done, how hard and for how long.

mod bouts;
#[cfg(test)]
mod bouts_tests;
mod record;
mod steps;
#[cfg(test)]
mod steps_tests;
mod weeks;

pub use self::bouts::{
    ActivityReport, Amount, MinutesByIntensity, NameCount, report as activities,
};
pub use self::record::{Activity, Intensity};
pub use self::steps::{DayMean, DaySteps, StepDay, StepReport, daily, report as steps};
pub use self::weeks::{Week, Weeks, weekly};
