//! Time as a value: the stand-in Exchange asks a shared clock, which a test may move.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// What the time is; shared by everything that must agree on it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The machine's clock, for the demo.
pub fn system_clock() -> Clock {
    Arc::new(Timestamp::now)
}

/// A clock that stands still until it is advanced.
#[derive(Clone, Debug)]
pub struct ManualClock {
    faces: Arc<Mutex<Faces>>,
}

/// What it shows on the wall, and how much time has really passed.
#[derive(Clone, Copy, Debug)]
struct Faces {
    now: Timestamp,
    passed: SignedDuration,
}

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self { faces: Arc::new(Mutex::new(Faces { now, passed: SignedDuration::ZERO })) }
    }

    /// The time it shows.
    pub fn now(&self) -> Timestamp {
        self.faces.lock().unwrap_or_else(PoisonError::into_inner).now
    }

    /// How much time has passed, however often it was set.
    pub fn passed(&self) -> SignedDuration {
        self.faces.lock().unwrap_or_else(PoisonError::into_inner).passed
    }

    /// Moves it forward (or back, with a negative `by`), up to the ends of representable time.
    pub fn advance(&self, by: SignedDuration) {
        self.set(by);
        let mut faces = self.faces.lock().unwrap_or_else(PoisonError::into_inner);
        faces.passed = faces.passed.saturating_add(by);
    }

    /// Sets it forward or back by so much, as an administrator does: no time passes.
    pub fn set(&self, by: SignedDuration) {
        let mut faces = self.faces.lock().unwrap_or_else(PoisonError::into_inner);
        faces.now = faces.now.saturating_add(by).unwrap_or(faces.now);
    }

    /// The same clock in the form that the Exchange and the programs take.
    pub fn clock(&self) -> Clock {
        let shared = self.clone();
        Arc::new(move || shared.now())
    }
}
