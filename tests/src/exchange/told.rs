//! Records that a lane tells it, word by word.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::FakeExchange;
use super::observations::{self, GROWN, Origin, Row};
use super::studies::{CODES, IEEE_ACTIVITY};

/// An observation as a device would have sent it.
#[derive(Clone, Debug, Deserialize)]
pub struct Told {
    /// Whose it is.
    pub patient: u32,
    /// What it is of, as `omh:blood-glucose:4.0`: one of the codes that there are, or `ieee:physical-activity:1.0`.
    pub code: String,
    /// The instant, or when the interval began, in microseconds since 1970.
    pub start: i64,
    /// When the interval ended; none for an instant.
    pub end: Option<i64>,
    /// Whether it carries its time outside its body, where searches look.
    pub dated: bool,
    /// The Open mHealth data point: the JSON text, kept as it is.
    pub data_point: String,
}

impl FakeExchange {
    /// Adds observations to those that there are, in this order. Possible until observations are asked for.
    ///
    /// # Errors
    /// A code that there is none of; or observations were asked for before.
    pub fn tell(&self, told: &[Told]) -> Result<()> {
        if told.iter().any(|one| one.code == IEEE_ACTIVITY.value) {
            self.exchange.habits.was_told();
        }
        let mut rows = observations::all(self.exchange.anchor);
        // What an operator adds later stays at the end.
        let grown = rows.split_off(rows.len() - GROWN);
        for one in told {
            rows.push(one.row(0)?);
        }
        rows.extend(grown);
        for (row, id) in rows.iter_mut().zip(60_001..) {
            row.id = id;
        }
        ensure!(self.exchange.rows.set(rows).is_ok(), "observations were asked for before");
        Ok(())
    }
}

impl Told {
    fn row(&self, id: u32) -> Result<Row> {
        let code = CODES.iter().chain([&IEEE_ACTIVITY]).find(|code| code.value == self.code);
        Ok(Row {
            id,
            patient: self.patient,
            code: *code.with_context(|| format!("there is no code {}", self.code))?,
            start: self.start,
            end: self.end,
            dated: self.dated,
            origin: Origin::Told(Arc::from(self.data_point.as_str())),
        })
    }
}
