//! The arithmetic of the limits: the generic cell rate algorithm (ITU-T I.371), with one moment of
//! state for each key. `shared.lua` computes the same, in the same units.

/// Microseconds of a monotonic clock, or of the shared store's.
pub(super) type Micros = u64;

const MINUTE: Micros = 60_000_000;

/// How many units somebody may use: so many a minute over time, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    per_minute: u32,
    burst: u32,
}

/// What came of charging a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There was room.
    Fits {
        /// When the key will be back at its full allowance: its new state.
        due: Micros,
        /// How many further units would fit now.
        remaining: u32,
    },
    /// There was not.
    Exceeds {
        /// How long until it would fit, if nobody charges meanwhile.
        wait: Micros,
        /// How many units would fit now.
        remaining: u32,
    },
}

impl Quota {
    /// Zeros count as one: nobody is shut out by a limit.
    pub(crate) fn new(per_minute: u32, burst: u32) -> Self {
        Self { per_minute: per_minute.max(1), burst: burst.max(1) }
    }

    /// The share of one of several replicas, rounded up.
    pub(super) fn divided(self, replicas: u32) -> Self {
        let share = |number: u32| number.div_ceil(replicas.max(1));
        Self::new(share(self.per_minute), share(self.burst))
    }

    /// The units a minute.
    pub(super) const fn per_minute(self) -> u32 {
        self.per_minute
    }

    /// The time in which one unit comes back, rounded up: never more than was promised.
    pub(super) fn interval(self) -> Micros {
        MINUTE.div_ceil(self.per_minute.into())
    }

    /// How far ahead of the clock a key's state may be.
    pub(super) fn tolerance(self) -> Micros {
        self.interval() * Micros::from(self.burst)
    }

    /// How far `cost` units move a key's state. What is dearer than the whole allowance takes all
    /// of it, so that nothing is out of reach for ever.
    pub(super) fn price(self, cost: u32) -> Micros {
        self.interval() * Micros::from(cost.min(self.burst))
    }

    /// The state that a known key is believed to be in. One that lies further ahead than can be (the
    /// quota was smaller then, the clock was another) is pulled back.
    pub(super) fn believed(self, due: Micros, now: Micros) -> Micros {
        due.clamp(now, now + self.tolerance())
    }

    /// Charges `cost` units to a key that is due at `due`, a believed state.
    pub(super) fn charge(self, due: Micros, now: Micros, cost: u32) -> Outcome {
        let room = self.tolerance().saturating_sub(due - now);
        let price = self.price(cost);
        match room.checked_sub(price) {
            Some(left) => Outcome::Fits { due: due + price, remaining: self.units(left) },
            None => Outcome::Exceeds { wait: price - room, remaining: self.units(room) },
        }
    }

    /// How many whole units fit into `room`.
    pub(super) fn units(self, room: Micros) -> u32 {
        u32::try_from(room / self.interval()).unwrap_or(u32::MAX).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Charges at these moments, and says which fitted.
    fn run(quota: Quota, moments: &[Micros], cost: u32) -> Vec<bool> {
        let mut due = 0;
        let charge = |now: &Micros| {
            due = quota.believed(due, *now);
            match quota.charge(due, *now, cost) {
                Outcome::Fits { due: next, .. } => {
                    due = next;
                    true
                }
                Outcome::Exceeds { .. } => false,
            }
        };
        moments.iter().map(charge).collect()
    }

    #[test]
    fn a_burst_fits_then_one_unit_for_each_interval() {
        let quota = Quota::new(60, 3);
        let second = 1_000_000;
        let fitted =
            run(quota, &[0, 0, 0, 0, second, second, 3 * second, 3 * second, 3 * second], 1);
        assert_eq!(fitted, [true, true, true, false, true, false, true, true, false]);
    }

    #[test]
    fn what_is_left_and_how_long_to_wait_are_exact() {
        let quota = Quota::new(60, 3);
        assert_eq!(quota.charge(5, 5, 1), Outcome::Fits { due: 1_000_005, remaining: 2 });
        let full = quota.believed(u64::MAX, 5);
        assert_eq!(quota.charge(full, 5, 2), Outcome::Exceeds { wait: 2_000_000, remaining: 0 });
    }

    #[test]
    fn what_is_dearer_than_everything_takes_everything() {
        let quota = Quota::new(60, 3);
        assert_eq!(run(quota, &[0, 0], 500), [true, false]);
    }

    #[test]
    fn a_share_is_rounded_up_and_never_nothing() {
        assert_eq!(Quota::new(61, 5).divided(3), Quota::new(21, 2));
        assert_eq!(Quota::new(1, 1).divided(100), Quota::new(1, 1));
    }

    proptest! {
        #[test]
        fn in_any_window_there_is_no_more_than_burst_and_rate(
            per_minute in 1..10_000_u32,
            burst in 1..100_u32,
            cost in 1..10_u32,
            mut moments in prop::collection::vec(0..120_000_000_u64, 1..400),
        ) {
            moments.sort_unstable();
            let quota = Quota::new(per_minute, burst);
            let fitted = run(quota, &moments, cost);
            let accepted: Vec<Micros> =
                moments.iter().zip(fitted).filter_map(|(at, fits)| fits.then_some(*at)).collect();
            let cost = u64::from(cost.min(burst));
            for (first, from) in accepted.iter().enumerate() {
                for (last, to) in accepted.iter().enumerate().skip(first) {
                    let used = cost * u64::try_from(last - first + 1).unwrap();
                    let earned = (to - from) * u64::from(per_minute) / MINUTE;
                    prop_assert!(used <= u64::from(burst) + earned + 1);
                }
            }
        }

        #[test]
        fn who_waits_as_long_as_told_is_let_in(
            per_minute in 1..10_000_u32,
            burst in 1..100_u32,
            cost in 1..200_u32,
            due: u32,
            now: u32,
        ) {
            let quota = Quota::new(per_minute, burst);
            let now = Micros::from(now);
            let due = quota.believed(Micros::from(due), now);
            if let Outcome::Exceeds { wait, .. } = quota.charge(due, now, cost) {
                let later = now + wait;
                let fits = quota.charge(quota.believed(due, later), later, cost);
                prop_assert!(matches!(fits, Outcome::Fits { .. }), "in time");
                let early = quota.charge(quota.believed(due, later - 1), later - 1, cost);
                prop_assert!(matches!(early, Outcome::Exceeds { .. }), "not a moment sooner");
            }
        }
    }
}
