//! What this replica counts by itself.

use super::charge::{Charge, Charges, Limit};
use super::decision::{Allowance, Exceeded, Tally};
use super::quota::{Micros, Outcome};
use super::table::{Slot, Table};

/// A table for each limit, so that a flood of one kind of names leaves the others alone.
#[derive(Debug, Default)]
pub(super) struct Local {
    subjects: Table,
    clients: Table,
    registering: Table,
    authorizing: Table,
    redeeming: Table,
    everybody: Table,
    recorded: Table,
    all_recorded: Table,
}

impl Local {
    /// Makes all of `charges`, or none. `forgot` is told how many names had to be forgotten before
    /// their time.
    pub(super) fn charge(
        &self,
        charges: &Charges<'_>,
        now: Micros,
        mut forgot: impl FnMut(Limit, usize),
    ) -> Result<Allowance, Exceeded> {
        // Charges stand in one order everywhere, so nobody waits in a circle for the slots.
        let mut slots: Vec<(&Charge<'_>, Slot<'_>)> = charges
            .iter()
            .map(|charge| (charge, self.table(charge.limit).slot(charge.name.as_bytes())))
            .collect();
        let mut tally = Tally::default();
        let mut next = Vec::with_capacity(slots.len());
        for (charge, slot) in &mut slots {
            let known = slot.due();
            let believed = charge.quota.believed(known, now);
            // Pulled back for good: or it would stay as far ahead however long somebody waits.
            if believed < known {
                slot.set(believed, now);
            }
            let outcome = charge.quota.charge(believed, now, charge.cost);
            if let Outcome::Fits { due, .. } = outcome {
                next.push(due);
            }
            tally.add(charge, outcome);
        }
        let allowance = tally.verdict()?;
        for ((charge, slot), due) in slots.iter_mut().zip(next) {
            let forgotten = slot.set(due, now);
            if forgotten > 0 {
                forgot(charge.limit, forgotten);
            }
        }
        Ok(allowance)
    }

    /// Notes what others decided to let in, so that it is used up here too when they are gone.
    pub(super) fn note(&self, charges: &Charges<'_>, now: Micros) {
        for charge in charges.iter() {
            let mut slot = self.table(charge.limit).slot(charge.name.as_bytes());
            let due = charge.quota.believed(slot.due(), now) + charge.quota.price(charge.cost);
            slot.set(charge.quota.believed(due, now), now);
        }
    }

    /// Forgets names that are back at their full allowance.
    pub(super) fn forget_the_quiet(&self, now: Micros) {
        for limit in Limit::ALL {
            self.table(*limit).forget_the_quiet(now);
        }
    }

    const fn table(&self, limit: Limit) -> &Table {
        match limit {
            Limit::Subject => &self.subjects,
            Limit::Client => &self.clients,
            Limit::Register => &self.registering,
            Limit::Authorize => &self.authorizing,
            Limit::Token => &self.redeeming,
            Limit::Records => &self.recorded,
            Limit::AllRecords => &self.all_recorded,
            // Calls under way are counted elsewhere, and exactly.
            Limit::Registrations | Limit::Concurrency => &self.everybody,
        }
    }

    /// How many names are known in all.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let tables = Limit::ALL.iter().filter(|limit| **limit != Limit::Concurrency);
        tables.map(|limit| self.table(*limit).len()).sum()
    }
}
