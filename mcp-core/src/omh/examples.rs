//! One synthetic data point body of each type, in the shapes that backends send.

use serde_json::{Value, json};

/// A body of the type called `short_name`, or a header.
pub(super) fn example(short_name: &str) -> Value {
    match short_name {
        "blood-glucose" => at_once("blood_glucose", 103, "mg/dL"),
        "blood-pressure" => json!({
            "effective_time_frame": at("2026-03-01T08:00:00+00:00"),
            "systolic_blood_pressure": { "unit": "mmHg", "value": 118 },
            "diastolic_blood_pressure": { "unit": "mmHg", "value": 76 },
            "body_posture": "sitting"
        }),
        "body-temperature" => at_once("body_temperature", 36.6, "C"),
        "body-weight" => at_once("body_weight", 71.2, "kg"),
        "forced-expiratory-volume-1-second" => {
            at_once("forced_expiratory_volume_1_second", 3.1, "L")
        }
        "forced-vital-capacity" => at_once("forced_vital_capacity", 4.2, "L"),
        "heart-rate" => overnight("heart_rate", 58.7, "beats/min", "average"),
        "heart-rate-variability" => at_once("heart_rate_variability", 42, "ms"),
        "oxygen-saturation" => {
            let mut body = overnight("oxygen_saturation", 97.4, "%", "average");
            body["supplemental_oxygen_flow_rate"] = json!({ "unit": "L/min", "value": 2 });
            body["system"] = json!("peripheral capillary");
            body
        }
        "physical-activity" => json!({
            "activity_name": "walking",
            "distance": { "unit": "m", "value": 7326.4 },
            "kcal_burned": { "unit": "kcal", "value": 639.2 },
            "met_value": 3.5,
            "effective_time_frame": night()
        }),
        "respiratory-rate" => overnight("respiratory_rate", 12.5, "breaths/min", "average"),
        "rr-interval" => json!({ "rr_interval": { "unit": "ms", "value": 850 } }),
        "step-count" => overnight("step_count", 9996.0, "steps", "sum"),
        "header" => json!({
            "uuid": "0b5b8a0e-7b8e-4c1f-9d3a-3f6a2f0c9e11",
            "modality": "sensed",
            "schema_id": { "name": "heart-rate", "version": "2.0", "namespace": "omh" },
            "acquisition_rate": { "number_of_times": 1, "time_window": { "unit": "min", "value": 15 } },
            "external_datasheets": [
                { "datasheet_type": "manufacturer", "datasheet_reference": "Example Devices" }
            ],
            "source_creation_date_time": "2026-03-01T07:00:00+00:00"
        }),
        other => sleep(other),
    }
}

fn sleep(short_name: &str) -> Value {
    match short_name {
        "sleep-duration" => json!({
            "sleep_duration": { "unit": "sec", "value": 23401 },
            "effective_time_frame": night()
        }),
        "sleep-episode" => json!({
            "is_main_sleep": true,
            "total_sleep_time": { "unit": "sec", "value": 23401 },
            "latency_to_sleep_onset": { "unit": "sec", "value": 1092 },
            "wake_after_sleep_onset": { "unit": "sec", "value": 1238 },
            "number_of_awakenings": 3,
            "sleep_maintenance_efficiency_percentage": { "unit": "%", "value": 90.9 },
            "effective_time_frame": night()
        }),
        "sleep-stage-summary" => json!({
            "is_main_sleep": true,
            "sleep_stage_summary": {
                "total_sleep_time": { "unit": "sec", "value": 23195 },
                "rem_sleep_duration": { "unit": "sec", "value": 5113 },
                "rem_sleep_episode_count": 4,
                "sleep_efficiency_percentage": { "unit": "%", "value": 87.3 }
            },
            "effective_time_frame": night()
        }),
        other => panic!("no example of {other}"),
    }
}

fn at_once(field: &str, value: impl Into<Value>, unit: &str) -> Value {
    json!({
        field: { "unit": unit, "value": value.into() },
        "effective_time_frame": at("2026-03-01T08:00:00.873222Z")
    })
}

fn overnight(field: &str, value: impl Into<Value>, unit: &str, statistic: &str) -> Value {
    json!({
        field: { "unit": unit, "value": value.into() },
        "effective_time_frame": night(),
        "descriptive_statistic": statistic
    })
}

fn at(instant: &str) -> Value {
    json!({ "date_time": instant })
}

fn night() -> Value {
    json!({ "time_interval": {
        "end_date_time": "2026-03-01T05:52:51Z",
        "start_date_time": "2026-02-28T22:44:00Z"
    } })
}
