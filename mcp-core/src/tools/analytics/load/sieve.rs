//! Records told apart as they come: by id once, by time in or out, by what they hold.

use std::collections::HashSet;

use super::{Extract, Found, Loaded, Reading};
use crate::fhir::observation::Observation;
use crate::omh::provenance;
use crate::tools::analytics::when::When;

/// Takes records in, in any order, and tells them apart.
pub(super) struct Sieve<'w, T> {
    when: &'w When,
    extract: Extract<T>,
    seen: HashSet<String>,
    loaded: Loaded<T>,
}

impl<'w, T: Clone + PartialEq> Sieve<'w, T> {
    pub(super) fn new(when: &'w When, extract: Extract<T>) -> Self {
        Self { when, extract, seen: HashSet::new(), loaded: Loaded::default() }
    }

    pub(super) fn take(&mut self, rows: &[Observation]) {
        for row in rows {
            // A record may move from one page to the next while we read.
            if row.id.as_ref().is_none_or(|id| self.seen.insert(id.clone())) {
                self.sort_in(row);
            }
        }
    }

    fn sort_in(&mut self, row: &Observation) {
        let account = &mut self.loaded.account;
        let Some(effective) = &row.effective else {
            account.untimed += 1;
            return;
        };
        if !self.when.touches(effective.start, effective.end) {
            return;
        }
        let origin = row.header.as_ref().map(provenance::read).unwrap_or_default();
        let reading = |what| Reading {
            patient: row.patient_id.clone(),
            at: effective.start,
            end: effective.end,
            source: origin.source,
            modality: origin.modality,
            is_dated: row.is_dated,
            what,
        };
        match (self.extract)(row) {
            Found::Nothing => account.unreadable += 1,
            Found::Summary(what, name) => self.loaded.summaries.push((name, reading(what))),
            Found::Single(what) => self.loaded.readings.push(reading(what)),
        }
    }

    pub(super) fn finish(self) -> Loaded<T> {
        let Loaded { mut readings, mut summaries, mut account } = self.loaded;
        readings.sort_by_key(|reading| (reading.at, reading.end));
        summaries.sort_by_key(|(_, reading)| (reading.at, reading.end));
        let before = readings.len() + summaries.len();
        let readings = once(readings, |reading| (reading, ""));
        let summaries = once(summaries, |(name, reading)| (reading, name.as_str()));
        account.used = readings.len();
        account.summaries = summaries.len();
        account.duplicates = before - readings.len() - summaries.len();
        account.undated = readings.iter().filter(|reading| !reading.is_dated).count();
        Loaded { readings, summaries, account }
    }
}

/// The first of those that say the same of the same time, whoever said it. They come in order of time.
fn once<R, T: PartialEq>(rows: Vec<R>, of: impl Fn(&R) -> (&Reading<T>, &str)) -> Vec<R> {
    let mut kept: Vec<R> = Vec::with_capacity(rows.len());
    for row in rows {
        let (this, statistic) = of(&row);
        let says_the_same = |(other, its): (&Reading<T>, &str)| {
            let is_same_person = other.patient == this.patient;
            is_same_person && other.end == this.end && other.what == this.what && its == statistic
        };
        let at_the_time = kept.iter().rev().map(&of).take_while(|(other, _)| other.at == this.at);
        if !at_the_time.into_iter().any(says_the_same) {
            kept.push(row);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    use super::*;
    use crate::tools::analytics::account::Account;
    use crate::tools::analytics::extract::vitals::glucose;

    fn row(id: &str, body: &Value, more: &Value) -> Observation {
        let data = STANDARD.encode(json!({"header": {}, "body": body}).to_string());
        let mut resource = json!({
            "resourceType": "Observation", "id": id,
            "code": {"coding": [{"code": "omh:blood-glucose:4.0"}]},
            "valueAttachment": {"data": data},
        });
        resource.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Observation::read(&resource).unwrap()
    }

    fn reading(id: &str, time: &str, value: u32) -> Observation {
        let body = json!({"blood_glucose": {"value": value, "unit": "mg/dL"},
                          "effective_time_frame": {"date_time": time}});
        row(id, &body, &json!({ "effectiveDateTime": time }))
    }

    fn sifted(rows: &[Observation]) -> (Vec<f64>, Account, usize) {
        let when = When::read(Some("2026-11-10"), Some("2026-11-11"), None).unwrap();
        let mut sieve = Sieve::new(&when, glucose);
        sieve.take(rows);
        let loaded = sieve.finish();
        let values = loaded.readings.iter().map(|reading| reading.what.value).collect();
        (values, loaded.account, loaded.summaries.len())
    }

    #[test]
    fn readings_come_in_order_of_time_and_those_outside_the_days_are_no_concern() {
        let rows = [
            reading("3", "2026-11-11T23:59:59Z", 3),
            reading("1", "2026-11-10T00:00:00Z", 1),
            reading("4", "2026-11-12T00:00:00Z", 4),
            reading("2", "2026-11-11T01:30:00+02:00", 2),
        ];
        let (values, account, _) = sifted(&rows);
        assert_eq!(values, [1.0, 2.0, 3.0]);
        assert_eq!(account, Account { used: 3, ..Account::default() });
    }

    #[test]
    fn a_record_that_came_twice_is_one_and_one_that_repeats_another_is_counted() {
        let time = "2026-11-10T08:00:00Z";
        let rows = [reading("1", time, 90), reading("1", time, 90), reading("2", time, 90)];
        let (values, account, _) = sifted(&rows);
        assert_eq!(values, [90.0]);
        assert_eq!(
            (account.used, account.duplicates),
            (1, 1),
            "the id came twice, the reading too"
        );
        let (values, account, _) = sifted(&[reading("1", time, 90), reading("2", time, 91)]);
        assert_eq!((values.len(), account.duplicates), (2, 0), "another number is another reading");
    }

    #[test]
    fn what_cannot_be_used_is_counted_and_never_dropped_in_silence() {
        let glucose = json!({"value": 90, "unit": "mg/dL"});
        let time = json!({"date_time": "2026-11-10T08:00:00Z"});
        let rows = [
            row("1", &json!({"blood_glucose": glucose}), &json!({})),
            row("2", &json!({"effective_time_frame": time}), &json!({})),
            row("3", &json!({"blood_glucose": glucose, "effective_time_frame": time}), &json!({})),
        ];
        let (values, account, _) = sifted(&rows);
        assert_eq!(values, [90.0]);
        let expected =
            Account { used: 1, undated: 1, untimed: 1, unreadable: 1, ..Account::default() };
        assert_eq!(account, expected);
    }

    #[test]
    fn a_summary_of_readings_stands_apart_and_differs_by_its_statistic() {
        let of = |id: &str, statistic: &str| {
            let body = json!({"blood_glucose": {"value": 120, "unit": "mg/dL"},
                              "descriptive_statistic": statistic,
                              "effective_time_frame": {"date_time": "2026-11-10T08:00:00Z"}});
            row(id, &body, &json!({}))
        };
        let rows =
            [of("1", "average"), of("2", "median"), reading("3", "2026-11-10T08:00:00Z", 120)];
        let (values, account, summaries) = sifted(&rows);
        assert_eq!((values.len(), summaries), (1, 2));
        assert_eq!((account.summaries, account.duplicates), (2, 0));
    }
}
