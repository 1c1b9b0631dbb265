//! The measurement types known here: names, codes, and the fields that hold their numbers.

/// The coding system of `omh:` codes, and of `local:` ones.
pub const OPEN_MHEALTH: &str = "https://w3id.org/openmhealth";

/// The coding system of `ieee:` codes (IEEE 1752.1).
pub const IEEE_1752: &str = "https://w3id.org/ieee1752";

/// One type of measurement: a row of the registry.
#[derive(Debug, PartialEq, Eq)]
pub struct DataType {
    /// What a caller writes, such as `heart-rate`.
    pub short_name: &'static str,
    /// The coding's `code`: namespace, name and version, such as `omh:heart-rate:2.0`.
    pub code: &'static str,
    /// The coding's `system`.
    pub system: &'static str,
    /// The words shown to people.
    pub display: &'static str,
    pub(super) fields: &'static [Field],
}

/// Where in a body a number stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Property names from the top of the body down; the last one names the measure.
    pub(super) path: &'static [&'static str],
    /// Whether this number is what the type measures, or stands beside it.
    pub(super) role: Role,
}

/// What a number is to its type.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The one number that the type is about.
    Headline,
    /// One of several equals, or a detail.
    Beside,
}

impl DataType {
    /// Finds a type by short name (`heart-rate`) or full code (`omh:heart-rate:2.0`).
    pub fn by_name(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|known| known.short_name == name || known.code == name)
    }

    /// Finds a type by exactly this system and code.
    pub fn by_code(system: &str, code: &str) -> Option<&'static Self> {
        ALL.iter().find(|known| known.system == system && known.code == code)
    }

    /// Every type known here: those that backends ship with, and `heart-rate-variability`.
    pub fn all() -> &'static [Self] {
        ALL
    }

    /// The types a backend ships with: [`all`](Self::all) without those of the `local:` namespace,
    /// for which no standard code exists.
    pub fn shipped() -> impl Iterator<Item = &'static Self> {
        ALL.iter().filter(|known| !known.code.starts_with("local:"))
    }

    /// The type of a code whatever its version: Open mHealth keeps a measure's field name when it
    /// revises a schema, so `omh:heart-rate:1.1` is read as 2.0 is.
    pub(super) fn of_any_version(code: &str) -> Option<&'static Self> {
        let unversioned = without_version(code)?;
        ALL.iter().find(|known| without_version(known.code) == Some(unversioned))
    }
}

fn without_version(code: &str) -> Option<&str> {
    code.rsplit_once(':').map(|(name, _)| name)
}

const fn omh(
    short_name: &'static str,
    code: &'static str,
    display: &'static str,
    fields: &'static [Field],
) -> DataType {
    DataType { short_name, code, system: OPEN_MHEALTH, display, fields }
}

const fn ieee(
    short_name: &'static str,
    code: &'static str,
    display: &'static str,
    fields: &'static [Field],
) -> DataType {
    DataType { short_name, code, system: IEEE_1752, display, fields }
}

const fn headline(path: &'static [&'static str]) -> Field {
    Field { path, role: Role::Headline }
}

const fn beside(path: &'static [&'static str]) -> Field {
    Field { path, role: Role::Beside }
}

static ALL: &[DataType] = &[
    omh("blood-glucose", "omh:blood-glucose:4.0", "Blood glucose", &[headline(&["blood_glucose"])]),
    omh(
        "blood-pressure",
        "omh:blood-pressure:4.0",
        "Blood pressure",
        &[beside(&["systolic_blood_pressure"]), beside(&["diastolic_blood_pressure"])],
    ),
    omh(
        "body-temperature",
        "omh:body-temperature:4.0",
        "Body temperature",
        &[headline(&["body_temperature"])],
    ),
    omh("body-weight", "omh:body-weight:3.0", "Body weight", &[headline(&["body_weight"])]),
    omh(
        "forced-expiratory-volume-1-second",
        "omh:forced-expiratory-volume-1-second:1.0",
        "Forced expiratory volume 1 second",
        &[headline(&["forced_expiratory_volume_1_second"])],
    ),
    omh(
        "forced-vital-capacity",
        "omh:forced-vital-capacity:1.0",
        "Forced vital capacity",
        &[headline(&["forced_vital_capacity"])],
    ),
    omh("heart-rate", "omh:heart-rate:2.0", "Heart Rate", &[headline(&["heart_rate"])]),
    omh(
        "heart-rate-variability",
        "local:heart-rate-variability:1.0",
        "Heart rate variability",
        &[headline(&["heart_rate_variability"])],
    ),
    omh(
        "oxygen-saturation",
        "omh:oxygen-saturation:2.0",
        "Oxygen saturation",
        &[headline(&["oxygen_saturation"]), beside(&["supplemental_oxygen_flow_rate"])],
    ),
    omh(
        "physical-activity",
        "omh:physical-activity:1.2",
        "Physical activity",
        &[beside(&["distance"]), beside(&["kcal_burned"]), beside(&["met_value"])],
    ),
    omh(
        "respiratory-rate",
        "omh:respiratory-rate:2.0",
        "Respiratory rate",
        &[headline(&["respiratory_rate"])],
    ),
    omh("rr-interval", "omh:rr-interval:1.0", "RR Interval", &[headline(&["rr_interval"])]),
    omh(
        "sleep-duration",
        "omh:sleep-duration:2.0",
        "Sleep duration",
        &[headline(&["sleep_duration"])],
    ),
    omh("sleep-episode", "omh:sleep-episode:1.1", "Sleep episode", SLEEP_EPISODE),
    ieee(
        "sleep-stage-summary",
        "ieee:sleep-stage-summary:1.0",
        "Sleep stage summary",
        SLEEP_STAGE_SUMMARY,
    ),
    omh("step-count", "omh:step-count:3.0", "Step count", &[headline(&["step_count"])]),
];

static SLEEP_EPISODE: &[Field] = &[
    headline(&["total_sleep_time"]),
    beside(&["latency_to_sleep_onset"]),
    beside(&["latency_to_arising"]),
    beside(&["wake_after_sleep_onset"]),
    beside(&["number_of_awakenings"]),
    beside(&["sleep_maintenance_efficiency_percentage"]),
];

const SUMMARY: &str = "sleep_stage_summary";

static SLEEP_STAGE_SUMMARY: &[Field] = &[
    headline(&[SUMMARY, "total_sleep_time"]),
    beside(&[SUMMARY, "sleep_efficiency_percentage"]),
    beside(&[SUMMARY, "latency_to_sleep_onset"]),
    beside(&[SUMMARY, "latency_to_arising"]),
    beside(&[SUMMARY, "rem_sleep_duration"]),
    beside(&[SUMMARY, "rem_sleep_episode_count"]),
    beside(&[SUMMARY, "rem_sleep_percentage"]),
    beside(&[SUMMARY, "light_sleep_duration"]),
    beside(&[SUMMARY, "light_sleep_episode_count"]),
    beside(&[SUMMARY, "light_sleep_percentage"]),
    beside(&[SUMMARY, "deep_sleep_duration"]),
    beside(&[SUMMARY, "deep_sleep_episode_count"]),
    beside(&[SUMMARY, "deep_sleep_percentage"]),
    beside(&[SUMMARY, "awake_duration"]),
    beside(&[SUMMARY, "number_of_awakenings"]),
    beside(&[SUMMARY, "awake_percentage"]),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_type_is_found_by_short_name_by_full_code_and_by_system_with_code() {
        for known in DataType::all() {
            assert_eq!(DataType::by_name(known.short_name), Some(known));
            assert_eq!(DataType::by_name(known.code), Some(known));
            assert_eq!(DataType::by_code(known.system, known.code), Some(known));
        }
    }

    #[test]
    fn names_match_exactly_or_not_at_all() {
        for unknown in ["", "heart", "Heart-Rate", "omh:heart-rate", "omh:heart-rate:9.0", "header"]
        {
            assert_eq!(DataType::by_name(unknown), None, "{unknown:?}");
        }
        assert_eq!(DataType::by_code(IEEE_1752, "omh:heart-rate:2.0"), None);
        assert_eq!(DataType::by_code("", "omh:heart-rate:2.0"), None);
    }

    #[test]
    fn ieee_codes_and_only_they_have_the_ieee_system() {
        for known in DataType::all() {
            assert_eq!(
                known.code.starts_with("ieee:"),
                known.system == IEEE_1752,
                "{}",
                known.code
            );
        }
    }

    #[test]
    fn a_code_is_namespace_short_name_and_version() {
        for known in DataType::all() {
            let [_, name, version] = known.code.split(':').collect::<Vec<_>>()[..] else {
                panic!("{} has not three parts", known.code)
            };
            assert_eq!(name, known.short_name);
            assert!(version.contains('.'));
        }
    }

    #[test]
    fn fifteen_types_are_shipped_and_no_name_or_display_occurs_twice() {
        assert_eq!(DataType::shipped().count(), 15);
        assert_eq!(DataType::all().len(), 16);
        assert!(DataType::shipped().all(|known| known.short_name != "heart-rate-variability"));
        let names: HashSet<_> = DataType::all().iter().map(|known| known.short_name).collect();
        let displays: HashSet<_> = DataType::all().iter().map(|known| known.display).collect();
        assert_eq!((names.len(), displays.len()), (16, 16));
    }

    #[test]
    fn at_most_one_number_of_a_type_is_the_value() {
        for known in DataType::all() {
            let headlines =
                known.fields.iter().filter(|field| field.role == Role::Headline).count();
            let several = ["blood-pressure", "physical-activity"].contains(&known.short_name);
            assert_eq!(headlines, usize::from(!several), "{}", known.short_name);
        }
    }
}
