//! The observations: which there are and when, worked out from their numbers.

use std::sync::Arc;

use jiff::Timestamp;

use super::FakeExchange;
use super::people::FIRST_DEMO_PATIENT;
use super::studies::{Code, DAILY, FOOD, GLUCOSE, HEART_RATE, MOOD, OXYGEN, PRESSURE, TEMPERATURE};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;
/// Fourteen days of one reading each quarter of an hour, both ends included.
const READINGS: u32 = 14 * 24 * 4 + 1;
const FIRST_GENERATED_ROW: u32 = 60010;
/// For how many days each generated patient wore the wearable, from patient 40006 on.
const DAYS: [u32; 20] =
    [74, 82, 131, 96, 158, 64, 177, 109, 121, 143, 88, 170, 60, 152, 117, 134, 99, 125, 97, 103];

/// One observation. Times are microseconds since 1970.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: u32,
    pub(super) patient: u32,
    pub(super) code: Code,
    pub(super) start: i64,
    /// The end of an interval; `None` for an instant.
    pub(super) end: Option<i64>,
    /// Whether the record carries its time outside its body, where searches look.
    pub(super) dated: bool,
    /// Which generator wrote it.
    pub(super) origin: Origin,
}

/// Which generator wrote a row; its header differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// One at a time, from a device.
    Device,
    /// The continuous glucose monitor.
    Monitor,
    /// The wearable.
    Wearable,
    /// A lane, which told the whole record as it is kept.
    Told(Arc<str>),
}

impl Row {
    /// The time that `date` filters and sorts go by.
    pub(super) fn effective(&self) -> Option<i64> {
        self.dated.then_some(self.start)
    }

    /// When the server last wrote the row: later rows later, all in the moments after `anchor`.
    pub(super) fn updated(&self, anchor: i64) -> i64 {
        anchor + i64::from(self.id - 60000) * 211
    }
}

/// The rows of patients 40001 to 40005: row, patient, code.
const SINGLE: [(u32, u32, Code); 9] = [
    (60001, 40002, PRESSURE),
    (60002, 40002, PRESSURE),
    (60003, 40001, PRESSURE),
    (60004, 40002, HEART_RATE),
    (60005, 40001, HEART_RATE),
    (60006, 40005, GLUCOSE),
    (60007, 40004, OXYGEN),
    (60008, 40005, OXYGEN),
    (60009, 40003, TEMPERATURE),
];

/// How many rows at the end are of kinds that an operator has to add first.
pub(super) const GROWN: usize = 2;

/// Every row, by id, as seen from `anchor`: the moment the records were made.
pub(super) fn all(anchor: Timestamp) -> Vec<Row> {
    let anchor = anchor.as_microsecond();
    let mut rows: Vec<Row> = SINGLE.iter().map(|single| single_row(*single, anchor)).collect();
    let mut next = FIRST_GENERATED_ROW;
    for (patient, days) in (FIRST_DEMO_PATIENT..).zip(DAYS) {
        for reading in 0..READINGS {
            let back = i64::from(READINGS - 1 - reading) * 15 * MINUTE;
            rows.push(reading_row(next + reading, patient, anchor - back));
        }
        next += READINGS;
        let today = anchor.div_euclid(DAY) * DAY;
        for day in 0..days {
            let midnight = today - i64::from(days - 1 - day) * DAY;
            rows.extend(daily_rows(next + day * 8, patient, midnight));
        }
        next += days * 8;
    }
    rows.extend(
        [(next, FOOD), (next + 1, MOOD)].map(|(id, code)| single_row((id, 40001, code), anchor)),
    );
    rows
}

impl FakeExchange {
    /// Makes every observation one about this patient, with or without a time outside its body. Returns
    /// how many of them the Exchange shows, before an operator adds kinds; none once observations were
    /// asked for.
    pub fn give_every_observation_to(&self, patient: u32, dated: bool) -> usize {
        let rows: Vec<Row> = all(self.exchange.anchor)
            .into_iter()
            .map(|row| Row { patient, dated, ..row })
            .collect();
        let count = rows.len() - GROWN;
        if self.exchange.rows.set(rows).is_ok() { count } else { 0 }
    }
}

fn single_row((id, patient, code): (u32, u32, Code), anchor: i64) -> Row {
    // An hour ahead of its writing: a reading in the near future is ordinary.
    let start = anchor.div_euclid(SECOND) * SECOND + 60 * MINUTE;
    Row { id, patient, code, start, end: None, dated: true, origin: Origin::Device }
}

fn reading_row(id: u32, patient: u32, start: i64) -> Row {
    let dated = is_dated(patient);
    Row { id, patient, code: GLUCOSE, start, end: None, dated, origin: Origin::Monitor }
}

fn daily_rows(first: u32, patient: u32, midnight: i64) -> impl Iterator<Item = Row> {
    let chance = mixed(u64::from(first), 1);
    let asleep = midnight - i64::from(1 + clamp(chance, 119)) * MINUTE;
    let awake = asleep + i64::from(6 * 3600 + clamp(chance >> 20, 7200)) * SECOND;
    (first..).zip(DAILY).enumerate().map(move |(place, (id, code))| {
        let (start, end) =
            if place < 2 { (midnight, midnight + DAY - SECOND) } else { (asleep, awake) };
        let dated = is_dated(patient);
        Row { id, patient, code, start, end: Some(end), dated, origin: Origin::Wearable }
    })
}

/// Rows that were loaded in bulk carry no time outside their body: those of odd patients.
fn is_dated(patient: u32) -> bool {
    patient.is_multiple_of(2)
}

/// A number that looks random and is always the same (the finalizer of `SplitMix64`).
pub(super) fn mixed(number: u64, salt: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(salt << 32);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The remainder of `number` below `bound`.
pub(super) fn clamp(number: u64, bound: u32) -> u32 {
    u32::try_from(number % u64::from(bound)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        all("2026-11-21T01:22:03.873222Z".parse().unwrap())
    }

    #[test]
    fn ids_are_gapless_and_end_where_the_recorded_set_ends() {
        let rows = rows();
        assert_eq!(rows.len() - GROWN, 45_309);
        assert!(rows.iter().zip(60001..).all(|(row, id)| row.id == id));
        assert_eq!(rows.last().unwrap().id, 105_311);
    }

    #[test]
    fn each_patient_has_the_stated_number_of_rows_and_odd_ones_no_dates() {
        let of = |patient| rows().into_iter().filter(move |row| row.patient == patient);
        assert_eq!(of(40006).count(), 1937);
        assert_eq!(of(40007).count(), 2001);
        assert_eq!(of(40025).count(), 2169);
        assert!(of(40006).all(|row| row.effective().is_some()));
        assert!(of(40007).all(|row| row.effective().is_none()));
    }
}
