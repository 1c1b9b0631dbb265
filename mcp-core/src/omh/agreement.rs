//! Whether our documents say what the public test vectors say. They are not ours, so they are not
//! here: `make test-omh` fetches them and names their folders in the environment, each laid out as
//! `<namespace>/<name>/<version>/shouldPass` and `shouldFail`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

use super::measure;
use super::registry::{DataType, Role};
use super::schema;
use super::unit::Standing;

/// A vector: the id of its schema, what it should do, and what it is.
struct Vector {
    code: String,
    should_pass: bool,
    body: Value,
    file: PathBuf,
}

/// What came of a folder.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    passes: usize,
    fails: usize,
    disagreements: Vec<String>,
}

#[test]
#[ignore = "needs the public vectors: make test-omh"]
#[expect(clippy::print_stdout, reason = "the counts are what the lane is run for")]
fn the_public_vectors_agree() {
    let mut disagreements = Vec::new();
    let mut judged = 0;
    // The corpus looks at formats, and has ill-written times. omh-shim, as we, takes a format for
    // a remark: it lets a device's plain name pass for an IRI.
    for (variable, formats) in [("OMH_VECTORS", true), ("OMH_SHIM_VECTORS", false)] {
        let folders = std::env::var_os(variable).unwrap_or_default();
        for folder in std::env::split_paths(&folders).filter(|path| !path.as_os_str().is_empty()) {
            let verdict = judge(&vectors(&folder), formats);
            let Verdict { passes, fails, .. } = verdict;
            let wrong = verdict.disagreements.len();
            let name = folder.display();
            println!("{name}: {passes} must pass, {fails} must fail, {wrong} disagree");
            assert!(passes + fails > 0, "{name} holds no vectors");
            judged += passes + fails;
            disagreements.extend(verdict.disagreements);
        }
    }
    assert!(judged > 0, "OMH_VECTORS or OMH_SHIM_VECTORS names folders of vectors");
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}

#[test]
fn a_vector_that_our_documents_contradict_is_a_disagreement() {
    let vector = |code: &str, should_pass, body: Value| Vector {
        code: code.to_owned(),
        should_pass,
        body,
        file: PathBuf::new(),
    };
    let sound = serde_json::json!({ "rr_interval": { "value": 850, "unit": "ms" } });
    let wrong = serde_json::json!({ "rr_interval": { "value": 850, "unit": "beats" } });
    let of = "omh:rr-interval:1.0";
    let good = judge(&[vector(of, true, sound.clone()), vector(of, false, wrong.clone())], true);
    assert_eq!(good, Verdict { passes: 1, fails: 1, disagreements: Vec::new() });
    let bad = [
        vector(of, false, sound.clone()),
        vector(of, true, wrong),
        vector("omh:x:1.0", true, sound),
    ];
    assert_eq!(judge(&bad, true).disagreements.len(), 3);
}

#[test]
fn every_part_that_vectors_are_about_exists() {
    for (code, part) in PARTS {
        assert!(schema::part(part).is_some(), "{code}: {part}");
        assert!(!schema::all().contains_key(*code), "{code} has a document");
    }
}

fn judge(vectors: &[Vector], formats: bool) -> Verdict {
    let mut validators: BTreeMap<String, Vec<Validator>> = BTreeMap::new();
    let mut verdict = Verdict::default();
    for vector in vectors {
        let Vector { code, should_pass, body, file } = vector;
        if *should_pass {
            verdict.passes += 1;
        } else {
            verdict.fails += 1;
        }
        let known = validators.entry(code.clone()).or_insert_with(|| validators_of(code, formats));
        let mut tell = |what: &str| {
            verdict.disagreements.push(format!("{code} {}: {what}", file.display()));
        };
        if known.is_empty() {
            tell("no document");
        } else if known.iter().any(|one| one.is_valid(body) != *should_pass) {
            tell(if *should_pass { "must pass, and fails" } else { "must fail, and passes" });
        } else if *should_pass && let Some(wrong) = misread(code, body) {
            tell(&wrong);
        }
    }
    verdict
}

/// The version itself and, as minor versions only add, every later minor version.
fn validators_of(code: &str, formats: bool) -> Vec<Validator> {
    let split = |code: &str| {
        let (major, minor) = code.rsplit_once('.')?;
        Some((major.to_owned(), minor.parse::<u32>().ok()?))
    };
    let Some((major, minor)) = split(code) else { return Vec::new() };
    let is_later =
        |other: &&String| split(other).is_some_and(|(of, at)| of == major && at >= minor);
    let documents = schema::all().keys().filter(is_later).map(|known| schema::all()[known].clone());
    let part = PARTS.iter().find(|(known, _)| *known == code).map(|(_, part)| *part);
    documents
        .chain(part.and_then(schema::part))
        .map(|document| validator(&document, formats))
        .collect()
}

fn validator(document: &Value, formats: bool) -> Validator {
    jsonschema::draft202012::options().should_validate_formats(formats).build(document).unwrap()
}

/// A sound body whose number is not found, or whose unit is thought unsound.
fn misread(code: &str, body: &Value) -> Option<String> {
    let known = DataType::by_name(code)?;
    let reading = measure::read(code, body);
    let headline = known.fields.iter().find(|field| field.role == Role::Headline)?;
    let at = headline.path.iter().try_fold(body, |inside, name| inside.get(name));
    if at.is_some() && reading.value.is_none() {
        return Some("its value is not found".to_owned());
    }
    let sound = |standing| matches!(standing, Standing::Allowed(_) | Standing::Bare);
    let unsound = reading.measures.iter().find(|measure| !sound(measure.standing))?;
    Some(format!("the unit of {} is thought unsound", unsound.name))
}

fn vectors(folder: &Path) -> Vec<Vector> {
    let mut found = Vec::new();
    for namespace in inside(folder) {
        for name in inside(&namespace) {
            for version in inside(&name) {
                let last = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
                let code = format!("{}:{}:{}", last(&namespace), last(&name), last(&version));
                for (kind, should_pass) in [("shouldPass", true), ("shouldFail", false)] {
                    for file in inside(&version.join(kind)) {
                        let body = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
                        found.push(Vector { code: code.clone(), should_pass, body, file });
                    }
                }
            }
        }
    }
    found
}

/// What is in a folder, in order; nothing in what is none.
fn inside(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    paths.sort();
    paths
}

/// Schemas that have vectors of their own and are parts of ours.
const PARTS: &[(&str, &str)] = &[
    ("granola:hk-metadata:1.0", "hk_metadata"),
    ("ieee:body-posture:1.0", "body_posture"),
    ("ieee:time-frame:1.0", "time_frame"),
    ("ieee:time-interval:1.0", "time_interval"),
    ("omh:acceleration-unit-value:1.0", "acceleration"),
    ("omh:activity-name:1.0", "activity_name"),
    ("omh:angular-velocity-unit-value:1.0", "angular_velocity"),
    ("omh:area-unit-value:1.0", "area"),
    ("omh:area-unit-value:1.1", "area"),
    ("omh:blood-specimen-type:1.0", "blood_specimen_type"),
    ("omh:body-location:1.0", "body_location"),
    ("omh:body-posture:1.0", "body_posture"),
    ("omh:date-time:1.0", "date_time"),
    ("omh:descriptive-statistic-denominator:1.0", "descriptive_statistic_denominator_1_0"),
    ("omh:descriptive-statistic-denominator:1.1", "descriptive_statistic_denominator"),
    ("omh:descriptive-statistic:1.0", "descriptive_statistic_basic"),
    ("omh:descriptive-statistic:1.1", "descriptive_statistic"),
    ("omh:diastolic-blood-pressure:1.0", "pressure"),
    ("omh:duration-unit-value:1.0", "duration"),
    ("omh:frequency-unit-value:1.0", "frequency_1_x"),
    ("omh:intervention-administration-route:1.0", "route_1_0"),
    ("omh:intervention-administration-route:2.0", "route_2_0"),
    ("omh:kcal-unit-value:1.0", "energy"),
    ("omh:length-unit-value:1.0", "length"),
    ("omh:local-time:1.0", "local_time"),
    ("omh:magnetic-flux-density-unit-value:1.0", "magnetic_flux_density"),
    ("omh:mass-unit-value:1.0", "mass"),
    ("omh:medication:1.0", "medication"),
    ("omh:pace-unit-value:1.0", "pace"),
    ("omh:part-of-day:1.0", "part_of_day"),
    ("omh:plane-angle-unit-value:1.0", "plane_angle"),
    ("omh:position-during-measurement:1.0", "position_during_measurement"),
    ("omh:schema-id:1.0", "schema_id"),
    ("omh:schema-id:1.1", "schema_id_1_1"),
    ("omh:specimen-source:1.0", "specimen_source_1_0"),
    ("omh:specimen-source:2.0", "specimen_source_2_0"),
    ("omh:specimen-source:2.1", "specimen_source"),
    ("omh:speed-unit-value:1.0", "speed"),
    ("omh:systolic-blood-pressure:1.0", "pressure"),
    ("omh:temperature-unit-value:1.0", "temperature"),
    ("omh:temporal-relationship-to-meal:1.0", "meal_relation_1_0"),
    ("omh:temporal-relationship-to-physical-activity:1.0", "activity_relation"),
    ("omh:temporal-relationship-to-sleep:1.0", "sleep_relation"),
    ("omh:time-frame:1.0", "time_frame_1_x"),
    ("omh:time-interval:1.0", "time_interval_1_x"),
    ("omh:unit-value-range:1.0", "unit_value_range"),
    ("omh:unit-value:1.0", "unit_value"),
    ("omh:volume-unit-value:1.0", "volume"),
];
