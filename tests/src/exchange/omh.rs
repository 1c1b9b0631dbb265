//! The Open mHealth data point inside an observation.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::observations::{Origin, Row, clamp, mixed};
use super::studies::{
    ACTIVITY, Code, FOOD, GLUCOSE, HEART_RATE, MOOD, OXYGEN, PRESSURE, RESPIRATION, SLEEP_DURATION,
    SLEEP_EPISODE, SLEEP_STAGES, STEPS,
};

/// The record as the server keeps it: members ordered by length, then bytes.
pub(super) fn data_point(row: &Row) -> String {
    match &row.origin {
        Origin::Told(data_point) => data_point.to_string(),
        Origin::Device | Origin::Monitor | Origin::Wearable => {
            stored(&json!({ "body": body(row), "header": header(row) }))
        }
    }
}

/// A meal as an app wrote it down: when, in its own words, and how much.
pub(super) fn meal(at: &str, kilocalories: u32) -> String {
    let mut body = whole(kilocalories, "kcal");
    if let Some(members) = body.as_object_mut() {
        members.insert("effective_time_frame".to_owned(), json!({ "date_time": at }));
    }
    stored(&json!({ "body": body, "header": { "schema_id": schema_id(FOOD) } }))
}

/// An instant as the FHIR elements write it.
pub(super) fn instant(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map(|at| at.to_string()).unwrap_or_default()
}

fn body(row: &Row) -> Value {
    let mut body = measures(row);
    if let Some(members) = body.as_object_mut() {
        members.insert("effective_time_frame".to_owned(), time_frame(row));
        if row.end.is_some() && [HEART_RATE, RESPIRATION, OXYGEN].contains(&row.code) {
            members.insert("descriptive_statistic".to_owned(), "average".into());
        }
    }
    body
}

fn measures(row: &Row) -> Value {
    let roll = Roll(u64::from(row.id));
    let night = row.end.is_some();
    match row.code {
        GLUCOSE => json!({ "blood_glucose": whole(roll.between(1, 78, 150), "mg/dL") }),
        PRESSURE => json!({
            "systolic_blood_pressure": whole(roll.between(1, 108, 134), "mmHg"),
            "diastolic_blood_pressure": whole(roll.between(2, 62, 86), "mmHg"),
        }),
        HEART_RATE if night => json!({
            "heart_rate": tenths(roll.between(1, 520, 680), "beats/min"),
            "temporal_relationship_to_sleep": "during sleep",
        }),
        HEART_RATE => json!({ "heart_rate": tenths(roll.between(1, 601, 799), "beats/min") }),
        OXYGEN if night => json!({
            "system": "peripheral capillary",
            "measurement_method": "pulse oximetry",
            "oxygen_saturation": tenths(roll.between(1, 955, 985), "%"),
        }),
        OXYGEN => json!({ "oxygen_saturation": whole(roll.between(1, 94, 99), "%") }),
        RESPIRATION => {
            json!({ "respiratory_rate": tenths(roll.between(1, 120, 165), "breaths/min") })
        }
        ACTIVITY => json!({
            "activity_name": "All activity of the day",
            "distance": tenths(roll.between(1, 31_000, 98_000), "m"),
            "kcal_burned": tenths(roll.between(2, 2500, 8800), "kcal"),
            "reported_activity_intensity": "moderate",
        }),
        STEPS => json!({
            "step_count": tenths(roll.between(1, 3200, 14_000) * 10, "steps"),
            "descriptive_statistic": "sum",
            "descriptive_statistic_denominator": "d",
        }),
        SLEEP_STAGES | SLEEP_EPISODE | SLEEP_DURATION => sleep(row),
        FOOD => whole(roll.between(1, 200, 800), "kcal"),
        MOOD => json!({ "mood": "calm" }),
        _ => json!({ "body_temperature": tenths(roll.between(1, 361, 372), "C") }),
    }
}

/// The three records of one night agree with each other, whichever of them is asked for.
fn sleep(row: &Row) -> Value {
    let in_bed = u32::try_from((row.end.unwrap_or(row.start) - row.start) / 1_000_000).unwrap_or(0);
    let roll = Roll(u64::try_from(row.start).unwrap_or(0));
    let efficiency = roll.between(1, 860, 935);
    let asleep = in_bed / 1000 * efficiency;
    let (deep, rem) = (asleep / 5, asleep / 100 * roll.between(2, 19, 24));
    let onset = roll.between(3, 300, 1100).min(in_bed - asleep);
    let seconds = |amount| whole(amount, "sec");
    match row.code {
        SLEEP_STAGES => json!({
            "is_main_sleep": true,
            "sleep_stage_summary": {
                "total_sleep_time": seconds(asleep),
                "deep_sleep_duration": seconds(deep),
                "rem_sleep_duration": seconds(rem),
                "light_sleep_duration": seconds(asleep - deep - rem),
                "sleep_efficiency_percentage": tenths(efficiency, "%"),
            },
        }),
        SLEEP_EPISODE => json!({
            "is_main_sleep": true,
            "total_sleep_time": seconds(asleep),
            "latency_to_sleep_onset": seconds(onset),
            "wake_after_sleep_onset": seconds(in_bed - asleep - onset),
            "sleep_maintenance_efficiency_percentage": tenths(efficiency, "%"),
        }),
        _ => json!({ "sleep_duration": seconds(asleep) }),
    }
}

fn time_frame(row: &Row) -> Value {
    match row.end {
        Some(end) => json!({
            "time_interval": { "start_date_time": instant(row.start), "end_date_time": instant(end) }
        }),
        None => json!({ "date_time": as_written(row, row.start) }),
    }
}

/// Instants keep their writer's spelling.
fn as_written(row: &Row, at: i64) -> String {
    let zulu = instant(at);
    if row.origin == Origin::Device { zulu.replace('Z', "+00:00") } else { zulu }
}

fn header(row: &Row) -> Value {
    const HOUR: i64 = 3_600_000_000;
    let created = match row.origin {
        Origin::Device => row.start - HOUR,
        Origin::Monitor | Origin::Told(_) => row.start,
        Origin::Wearable => {
            row.end.unwrap_or(row.start).div_euclid(24 * HOUR) * 24 * HOUR + 8 * HOUR
        }
    };
    let mut header = json!({
        "uuid": uuid(row.id),
        "modality": "sensed",
        "schema_id": schema_id(row.code),
        "source_creation_date_time": as_written(row, created),
    });
    let (member, origin) = match row.origin {
        Origin::Device => (
            "external_datasheets",
            json!([{ "datasheet_type": "manufacturer", "datasheet_reference": "iHealth" }]),
        ),
        Origin::Monitor | Origin::Told(_) => {
            ("acquisition_provenance", json!({ "source_name": "demo-monitor" }))
        }
        Origin::Wearable => ("acquisition_provenance", json!({ "source_name": "demo-wearable" })),
    };
    if let Some(members) = header.as_object_mut() {
        members.insert(member.to_owned(), origin);
    }
    header
}

fn schema_id(code: Code) -> Value {
    let mut parts = code.value.split(':');
    let mut part = || parts.next().unwrap_or_default();
    json!({ "namespace": part(), "name": part(), "version": part() })
}

fn uuid(id: u32) -> String {
    let bits = u128::from(mixed(u64::from(id), 8)) << 64 | u128::from(mixed(u64::from(id), 9));
    uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
}

/// Dice that always fall the same way for one record.
struct Roll(u64);

impl Roll {
    fn between(&self, salt: u64, least: u32, most: u32) -> u32 {
        least + clamp(mixed(self.0, salt), most - least + 1)
    }
}

fn whole(value: u32, unit: &str) -> Value {
    json!({ "value": value, "unit": unit })
}

fn tenths(value: u32, unit: &str) -> Value {
    json!({ "value": f64::from(value) / 10.0, "unit": unit })
}

/// JSON with members ordered by length, then bytes, and a space after each mark.
fn stored(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| (name.len(), name.as_bytes()));
            let members: Vec<_> = members
                .into_iter()
                .map(|(name, value)| format!("{}: {}", Value::from(name.as_str()), stored(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(stored).collect::<Vec<_>>().join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_ordered_by_length_then_bytes() {
        let value = json!({ "unit": "%", "value": 97.0, "body": { "b": 1, "a": [1, 2] } });
        assert_eq!(
            stored(&value),
            r#"{"body": {"a": [1, 2], "b": 1}, "unit": "%", "value": 97.0}"#
        );
    }
}
