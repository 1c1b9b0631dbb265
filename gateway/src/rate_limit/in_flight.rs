//! How many calls each subject has under way in this replica. A call is under way until its answer,
//! a stream too, has ended or its client has hung up.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use authz::ids::Subject;

/// The calls under way; it holds no more names than there are calls.
#[derive(Clone, Debug, Default)]
pub(super) struct InFlight(Arc<Mutex<HashMap<Subject, u32>>>);

/// One call's place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct CallPlace {
    subject: Subject,
    calls: InFlight,
}

impl InFlight {
    /// Takes a place, and says how many the subject has with it.
    pub(super) fn enter(&self, subject: &Subject) -> (CallPlace, u32) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = calls.entry(subject.clone()).or_insert(0);
        *count += 1;
        (CallPlace { subject: subject.clone(), calls: self.clone() }, *count)
    }
}

impl Drop for CallPlace {
    fn drop(&mut self) {
        let mut calls = self.calls.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = calls.entry(self.subject.clone()) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_remembered_of_calls_that_ended() {
        let calls = InFlight::default();
        let one = Subject::parse("one").unwrap();
        let (first, count) = calls.enter(&one);
        assert_eq!(count, 1);
        let (second, count) = calls.enter(&one);
        assert_eq!(count, 2);
        drop(first);
        drop(second);
        assert!(calls.0.lock().unwrap().is_empty());
    }
}
