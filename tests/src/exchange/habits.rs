//! What a running Exchange may be told to do otherwise.

use std::sync::atomic::{AtomicBool, Ordering};

use super::FakeExchange;
use super::studies::{Code, FOOD, IEEE_ACTIVITY, MOOD};

/// How it answers just now.
#[derive(Debug, Default)]
pub(super) struct Habits {
    bare_patients: AtomicBool,
    is_grown: AtomicBool,
    is_told: AtomicBool,
}

impl Habits {
    /// Whether study patients come as a bare array.
    pub(super) fn lists_bare_patients(&self) -> bool {
        self.bare_patients.load(Ordering::Relaxed)
    }

    /// The codes that there are besides the usual ones.
    pub(super) fn added_codes(&self) -> Vec<Code> {
        let grown: &[Code] = if self.is_grown() { &[FOOD, MOOD] } else { &[] };
        let is_told = self.is_told.load(Ordering::Relaxed);
        grown.iter().copied().chain(is_told.then_some(IEEE_ACTIVITY)).collect()
    }

    /// From now on there is the code that came with told records.
    pub(super) fn was_told(&self) {
        self.is_told.store(true, Ordering::Relaxed);
    }

    /// Whether an operator added codes, and records of them came in.
    pub(super) fn is_grown(&self) -> bool {
        self.is_grown.load(Ordering::Relaxed)
    }
}

impl FakeExchange {
    /// Answers study patients as older servers did: a bare array instead of a page.
    pub fn list_bare_patients(&self, bare: bool) {
        self.exchange.habits.bare_patients.store(bare, Ordering::Relaxed);
    }

    /// From now on there are codes that an operator added, `ieee:food-entry:0.1` and `local:mood:0.1`,
    /// one record of each among patient 40001's own, and three imported ones of the first.
    pub fn grow(&self) {
        self.exchange.habits.is_grown.store(true, Ordering::Relaxed);
    }
}
