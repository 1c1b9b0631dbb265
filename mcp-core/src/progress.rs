//! How far a long piece of work has come: counted by the tool, told to whoever asked to be told.

use std::convert::Infallible;

use rmcp::model::ProgressNotificationParam;
use rmcp::service::{RequestContext, RoleServer};
use tokio::sync::watch;

/// Into how many steps a long piece of work is told at most, so that telling stays cheap.
const STEPS: u64 = 20;

/// So many parts are done, of so many that are known to be needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Parts that are done: pages read, patients counted.
    pub done: u64,
    /// Parts in all; grows when more turn out to be needed.
    pub of: u64,
}

impl Step {
    const fn is_worth_telling(self) -> bool {
        let stride = if self.of > STEPS { self.of / STEPS } else { 1 };
        self.done == self.of || self.done.is_multiple_of(stride)
    }
}

/// Where a tool counts its parts.
#[derive(Clone, Debug)]
pub struct Progress(watch::Sender<Step>);

/// A piece of work whose parts are counted.
#[derive(Clone, Copy, Debug)]
pub struct Work<'p> {
    progress: &'p Progress,
    is_told: bool,
}

/// Where the steps are told from. It sees the newest one; those that came and went meanwhile are gone.
#[derive(Debug)]
pub struct Steps {
    newest: watch::Receiver<Step>,
    told: Step,
}

impl Progress {
    /// A count at nothing, and who follows it.
    pub fn start() -> (Self, Steps) {
        let (sender, newest) = watch::channel(Step::default());
        (Self(sender), Steps { newest, told: Step::default() })
    }

    /// Work in so many parts lies ahead. One part alone is no progress to tell of.
    pub fn work_in(&self, parts: usize) -> Work<'_> {
        let parts = u64::try_from(parts).unwrap_or(u64::MAX);
        let is_told = parts > 1;
        if is_told {
            self.0.send_if_modified(|step| {
                step.of = step.of.saturating_add(parts);
                false
            });
        }
        Work { progress: self, is_told }
    }
}

impl Work<'_> {
    /// One part of it is done.
    pub fn part_done(&self) {
        if self.is_told {
            self.progress.0.send_if_modified(|step| {
                step.done = step.done.saturating_add(1);
                step.of = step.of.max(step.done);
                step.is_worth_telling()
            });
        }
    }
}

impl Steps {
    /// The next step to tell; waits for ever when there will be none.
    pub async fn next(&mut self) -> Step {
        while self.newest.changed().await.is_ok() {
            if let Some(step) = self.untold() {
                return step;
            }
        }
        std::future::pending().await
    }

    /// The last step, if steps were told and this one was not.
    pub fn last(&mut self) -> Option<Step> {
        if self.told.done == 0 { None } else { self.untold() }
    }

    fn untold(&mut self) -> Option<Step> {
        let step = *self.newest.borrow_and_update();
        // What is told must increase (MCP, progress).
        (step.done > self.told.done).then(|| {
            self.told = step;
            step
        })
    }
}

/// Tells the client how far a long tool call has come, if it asked for that; ends never. The first
/// step turns the answer into an event stream: the HTTP status is then sent, so whatever decides it
/// has been asked before a tool counts its first part.
pub(crate) async fn tell(context: &RequestContext<RoleServer>, steps: &mut Steps) -> Infallible {
    loop {
        let step = steps.next().await;
        notify(context, step).await;
    }
}

/// The numbers fit a fraction's 52 bits: they count requests to the backend.
#[expect(clippy::cast_precision_loss, reason = "see above; JSON has but one kind of number")]
pub(crate) async fn notify(context: &RequestContext<RoleServer>, step: Step) {
    let Some(token) = context.meta.get_progress_token() else { return };
    let told = ProgressNotificationParam::new(token, step.done as f64).with_total(step.of as f64);
    // Whoever has left is told nothing; that the call is cancelled is noticed elsewhere.
    let _gone = context.peer.notify_progress(told).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that a follower who is never late is told.
    fn told(parts: usize) -> Vec<u64> {
        let (progress, mut steps) = Progress::start();
        let work = progress.work_in(parts);
        let mut told = Vec::new();
        for _ in 0..parts {
            work.part_done();
            if steps.newest.has_changed().unwrap() {
                told.extend(steps.untold().map(|step| step.done));
            }
        }
        told
    }

    #[test]
    fn a_few_parts_are_told_one_by_one_and_many_in_a_bounded_number_of_steps() {
        assert_eq!(told(3), [1, 2, 3]);
        let many = told(20_000);
        assert!(many.len() <= 21, "{many:?}");
        assert!(many.is_sorted());
        assert_eq!(many.last(), Some(&20_000));
        let odd = told(39);
        assert_eq!(odd.last(), Some(&39), "the end is told");
    }

    #[test]
    fn work_in_one_part_is_not_told() {
        assert_eq!(told(1), Vec::<u64>::new());
    }

    #[tokio::test]
    async fn who_is_late_is_told_the_newest_step_once() {
        let (progress, mut steps) = Progress::start();
        let work = progress.work_in(5);
        work.part_done();
        work.part_done();
        assert_eq!(steps.next().await, Step { done: 2, of: 5 });
        assert_eq!(steps.last(), None);
        work.part_done();
        assert_eq!(steps.last(), Some(Step { done: 3, of: 5 }));
    }

    #[test]
    fn an_end_is_told_only_to_who_heard_of_a_beginning() {
        let (progress, mut steps) = Progress::start();
        let work = progress.work_in(2);
        work.part_done();
        work.part_done();
        assert_eq!(steps.last(), None);
    }
}
