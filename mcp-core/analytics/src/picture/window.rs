//! What a picture is about: which local days, in which zone, how many readings.

use jiff::civil::Date;
use jiff::{SpanRelativeTo, ToSpan as _, Unit};

use super::letters;
use super::scale::count;
use crate::clock::Clock;

/// Local days from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    first: Date,
    last: Date,
}

/// What every picture says of itself.
#[derive(Clone, Copy, Debug)]
pub struct About<'c> {
    /// The zone in which days and hours are counted.
    pub clock: &'c Clock,
    /// The window.
    pub days: Days,
    /// How many readings the picture rests on.
    pub readings: usize,
}

impl Days {
    /// A window; nothing where it ends before it begins.
    pub fn new(first: Date, last: Date) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// The first day.
    pub const fn first(self) -> Date {
        self.first
    }

    /// The last day.
    pub const fn last(self) -> Date {
        self.last
    }

    /// How many days.
    pub fn count(self) -> usize {
        self.offset(self.last) + 1
    }

    pub(super) fn contains(self, day: Date) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// How many days after the first.
    pub(super) fn offset(self, day: Date) -> usize {
        let since = day
            .since(self.first)
            .and_then(|span| span.total((Unit::Day, SpanRelativeTo::days_are_24_hours())));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number of days, at least zero"
        )]
        let days = since.unwrap_or_default().max(0.0) as usize;
        days
    }

    /// Each day in turn.
    pub(super) fn each(self) -> impl Iterator<Item = Date> {
        self.first.series(1.day()).take_while(move |day| *day <= self.last)
    }

    /// The latest days, at most so many.
    pub(super) fn latest(self, most: usize) -> Self {
        let back = i64::try_from(most.min(self.count())).unwrap_or(1) - 1;
        let first = self.last.checked_sub(back.days()).unwrap_or(self.first);
        Self { first, last: self.last }
    }

    /// The window in words: as short as it can be said.
    pub(super) fn words(self) -> String {
        let (first, last) = (self.first, self.last);
        let full = |day: Date| day.strftime("%-d %b %Y").to_string();
        if first == last {
            full(last)
        } else if (first.year(), first.month()) == (last.year(), last.month()) {
            format!("{}–{}", first.day(), full(last))
        } else if first.year() == last.year() {
            format!("{} – {}", first.strftime("%-d %b"), full(last))
        } else {
            format!("{} – {}", full(first), full(last))
        }
    }

    /// Days to write below an axis, at most about so many, each with its name: round steps, weeks from
    /// Monday, months and years from their first day.
    pub(super) fn ticks(self, most: usize) -> Vec<(Date, String)> {
        let days = self.count();
        let few = [1, 2, 7, 14].into_iter().find(|step| days.div_ceil(*step) <= most);
        if let Some(step) = few {
            let to_monday = |day: Date| {
                usize::from(7 - day.weekday().to_monday_zero_offset().unsigned_abs()) % 7
            };
            let skipped = if step >= 7 { to_monday(self.first) } else { 0 };
            let each = self.each().skip(skipped).step_by(step);
            return each.map(|day| (day, day.strftime("%-d %b").to_string())).collect();
        }
        self.months(most)
    }

    fn months(self, most: usize) -> Vec<(Date, String)> {
        let months = self.count() / 30 + 1;
        let steps = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000, 12_000];
        let step = steps.into_iter().find(|step| months.div_ceil(*step) <= most).unwrap_or(60_000);
        let begins = |day: &Date| {
            let month = i64::from(day.year()) * 12 + i64::from(day.month()) - 1;
            month.rem_euclid(i64::try_from(step).unwrap_or(1)) == 0
        };
        let name = if step % 12 == 0 { "%Y" } else { "%b %Y" };
        let first = self.first.first_of_month();
        let each = first.series(1.month()).take_while(move |day| *day <= self.last);
        let shown = each.filter(begins).filter(|day| self.contains(*day));
        shown.map(|day| (day, day.strftime(name).to_string())).collect()
    }
}

impl About<'_> {
    /// Window, zone and count as facts below a title.
    pub(super) fn facts(&self) -> Vec<String> {
        let readings = if self.readings == 1 { "reading" } else { "readings" };
        vec![
            self.days.words(),
            self.clock.name().to_owned(),
            format!("n = {} {readings}", letters::number(count(self.readings), 0)),
        ]
    }

    /// Window, zone and count in a sentence.
    pub(super) fn sentence(&self) -> String {
        self.facts().join(", ")
    }
}
