//! The states of one limit's keys: a table that never grows beyond its cap and never forgets in
//! anybody's favour.
//!
//! A full shard forgets first the keys that are back at their full allowance, which changes nothing,
//! and then those that are nearest to it. How far they were stays behind as the shard's floor: a key
//! that nobody knows starts there and not at a full allowance. So whoever makes new names by
//! the million gets less with each, and a name that is used hard is the last to be forgotten.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::quota::Micros;

const SHARDS: usize = 64;
/// With [`SHARDS`], 57,344 keys that are not at rest: 2 MiB. Half of what a hash table of 2,048
/// places takes, so that it sweeps up after itself and never has to grow.
const KEYS_OF_A_SHARD: usize = 896;
/// As many are forgotten at once, so that a flood does not search the shard for every one.
const FORGOTTEN_AT_ONCE: usize = KEYS_OF_A_SHARD / 8;

/// A bounded table. Keys are kept as digests under a key of this run.
#[derive(Debug)]
pub(super) struct Table {
    hasher: RandomState,
    shards: Box<[Mutex<Shard>; SHARDS]>,
}

#[derive(Debug, Default)]
struct Shard {
    due: HashMap<u64, Micros>,
    floor: Micros,
}

/// One key, while nobody else can change it.
#[derive(Debug)]
pub(super) struct Slot<'t> {
    shard: MutexGuard<'t, Shard>,
    key: u64,
}

impl Default for Table {
    fn default() -> Self {
        let shards = Box::new(std::array::from_fn(|_| Mutex::default()));
        Self { hasher: RandomState::new(), shards }
    }
}

impl Table {
    /// The slot of a key. Its shard is locked until the slot is dropped.
    pub(super) fn slot(&self, key: &(impl Hash + ?Sized)) -> Slot<'_> {
        let key = self.hasher.hash_one(key);
        let [first, ..] = &*self.shards;
        let number = usize::try_from(key >> 32).unwrap_or_default() % SHARDS;
        let shard = self.shards.get(number).unwrap_or(first);
        Slot { shard: shard.lock().unwrap_or_else(PoisonError::into_inner), key }
    }

    /// Forgets the keys that are back at their full allowance.
    pub(super) fn forget_the_quiet(&self, now: Micros) {
        for shard in self.shards.iter() {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.due.retain(|_, due| *due > now);
            shard.due.shrink_to(KEYS_OF_A_SHARD / 16);
        }
    }

    /// How many keys are known.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().due.len()).sum()
    }
}

impl Slot<'_> {
    /// When the key will be back at its full allowance; a moment that has passed means it is.
    pub(super) fn due(&self) -> Micros {
        self.shard.due.get(&self.key).copied().unwrap_or(self.shard.floor)
    }

    /// Sets the key's state; how many others had to be forgotten before their time.
    pub(super) fn set(&mut self, due: Micros, now: Micros) -> usize {
        if let Some(known) = self.shard.due.get_mut(&self.key) {
            *known = due;
            return 0;
        }
        let full = self.shard.due.len() >= KEYS_OF_A_SHARD;
        let forgotten = if full { self.shard.make_room(now) } else { 0 };
        self.shard.due.insert(self.key, due);
        forgotten
    }
}

impl Shard {
    fn make_room(&mut self, now: Micros) -> usize {
        self.due.retain(|_, due| *due > now);
        let most = KEYS_OF_A_SHARD - FORGOTTEN_AT_ONCE;
        if self.due.len() <= most {
            return 0;
        }
        let surplus = self.due.len() - most;
        let mut nearest: Vec<(Micros, u64)> =
            self.due.iter().map(|(key, due)| (*due, *key)).collect();
        let (gone, _, _) = nearest.select_nth_unstable(surplus);
        for (due, key) in gone.iter() {
            self.due.remove(key);
            self.floor = self.floor.max(*due);
        }
        surplus
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = SHARDS * KEYS_OF_A_SHARD;

    #[test]
    fn a_million_names_take_the_room_of_57_344_and_the_busiest_is_not_forgotten() {
        let table = Table::default();
        table.slot("busy").set(60_000_000, 0);
        for name in 0..1_000_000_u32 {
            let mut slot = table.slot(&name);
            let due = slot.due() + 10;
            slot.set(due, 0);
        }
        assert!(table.len() <= MOST);
        assert_eq!(table.slot("busy").due(), 60_000_000);
        let capacity: usize = table.shards.iter().map(|s| s.lock().unwrap().due.capacity()).sum();
        assert!(capacity <= 2 * MOST, "{capacity}");
    }

    #[test]
    fn who_was_forgotten_before_his_time_starts_no_better_than_he_was() {
        let table = Table::default();
        table.slot("first").set(100, 0);
        for name in 0..u32::try_from(2 * MOST).unwrap() {
            table.slot(&name).set(200, 0);
        }
        assert!(table.slot("first").due() >= 100);
    }

    #[test]
    fn who_is_at_rest_is_forgotten_at_no_cost_to_others() {
        let table = Table::default();
        for name in 0..u32::try_from(2 * MOST).unwrap() {
            table.slot(&name).set(100, 0);
        }
        let mut slot = table.slot("later");
        let floor = slot.due();
        assert_eq!(slot.set(300, 200), 0, "all the others are at rest by now");
        assert_eq!(slot.shard.floor, floor);
        drop(slot);
        table.forget_the_quiet(300);
        assert_eq!(table.len(), 0);
    }
}
