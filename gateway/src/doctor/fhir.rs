//! What FHIR the backend speaks, and which version of what it says it is.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::finding::{Check, Finding};
use super::wire::{Answer, Got, Wire};
use crate::config::Backend;

/// The profile of JupyterHealth Exchange, as mcp-core has it built in.
const JHE: &str = include_str!("../../../config/profiles/jhe.yaml");

/// What is read of one of mcp-core's profiles: where things are.
#[derive(Clone, Debug, Deserialize)]
struct Profile {
    name: String,
    fhir: FhirPath,
    health_path: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct FhirPath {
    path: String,
}

/// Version and metadata.
pub(super) async fn examine(
    wire: &Wire,
    backend: &Backend,
    profile: Option<&PathBuf>,
) -> [Finding; 2] {
    let profile = match found(&backend.profile, profile.map(PathBuf::as_path)) {
        Ok(profile) => profile,
        Err(seen) => {
            let advice = "Name the file of the profile that mcp-core uses: --profile FILE.";
            return [Check::BackendVersion, Check::FhirMetadata]
                .map(|check| Finding::skipped(check, seen, advice));
        }
    };
    let version = match &profile.health_path {
        Some(path) => judge_version(&wire.get(at(backend, path), backend.deadline).await),
        None => Finding::skipped(
            Check::BackendVersion,
            "the profile names no health_path",
            "Nothing, unless the backend has such a document.",
        ),
    };
    let metadata = at(backend, &format!("{}/metadata", profile.fhir.path));
    let answer = wire.get(metadata, backend.deadline).await;
    [version, judge_metadata(&answer, &profile.fhir.path)]
}

fn found(name: &str, file: Option<&Path>) -> Result<Profile, &'static str> {
    let text = match file {
        Some(file) => {
            std::fs::read_to_string(file).map_err(|_| "the profile's file cannot be read")?
        }
        None => JHE.to_owned(),
    };
    let profile: Profile =
        yaml_serde::from_str(&text).map_err(|_| "the profile's file is no profile")?;
    if profile.name == name { Ok(profile) } else { Err("it is not known where its FHIR is") }
}

fn at(backend: &Backend, path: &str) -> Url {
    let mut url = backend.base_url.clone();
    let base = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{base}/{path}"));
    url
}

fn judge_version(answer: &Answer) -> Finding {
    let check = Check::BackendVersion;
    let advice = "Calls do not need it. If it is gone after an update of the backend, read the \
                  release notes.";
    let Answer::Got(got) = answer else {
        return Finding::warn(check, "the health document does not answer", advice);
    };
    let version = got.json().filter(|_| got.status == 200);
    let version = version.as_ref().and_then(|json| json.get("version")).and_then(Value::as_str);
    match version.filter(|version| is_version(version)) {
        Some(version) => Finding::ok(check, format!("the backend is version {version}")),
        None => Finding::warn(check, "the health document names no version", advice),
    }
}

fn judge_metadata(answer: &Answer, path: &str) -> Finding {
    let check = Check::FhirMetadata;
    let got = match answer {
        Answer::Got(got) => got,
        Answer::None(why) => {
            return super::discovery::silent(check, "/metadata", *why, "backend.base_url");
        }
    };
    let wrong = |seen: String| {
        Finding::fail(
            check,
            seen,
            format!(
                "Correct backend.base_url, or fhir.path of the profile (now {path}); without it \
                 mcp-core does not know which filters the backend applies."
            ),
        )
    };
    let statement = got.json().filter(|json| json["resourceType"] == "CapabilityStatement");
    match (got.status, statement) {
        (200, Some(statement)) => judge_statement(&statement),
        (200, None) => wrong(format!("/metadata answers with {}", kind(got))),
        (status, _) => wrong(format!("/metadata answers with status {status}")),
    }
}

fn judge_statement(statement: &Value) -> Finding {
    let check = Check::FhirMetadata;
    let version = statement["fhirVersion"].as_str().filter(|version| is_version(version));
    let formats = statement["format"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_json = |format: &Value| {
        format.as_str().is_some_and(|format| format == "json" || format.ends_with("json"))
    };
    match version {
        None => Finding::warn(
            check,
            "the CapabilityStatement names no FHIR version",
            "Ask the backend's operator which version it speaks.",
        ),
        Some(version) if formats.iter().any(is_json) => {
            let types = statement.pointer("/rest/0/resource").and_then(Value::as_array);
            let types = types.map_or(0, Vec::len);
            Finding::ok(check, format!("FHIR {version}, JSON, {types} resource types"))
        }
        Some(version) => Finding::fail(
            check,
            format!("FHIR {version}, but no JSON among its formats"),
            "mcp-core speaks JSON alone; switch it on at the backend.",
        ),
    }
}

fn kind(got: &Got) -> &'static str {
    let start = got.body.trim_ascii_start();
    match start.first() {
        Some(b'<') => "a page, not with FHIR",
        Some(b'{') => "JSON that is no CapabilityStatement",
        _ => "something that is not FHIR",
    }
}

/// Digits, dots and a few letters: safe to show.
fn is_version(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-+".contains(&b);
    (1..=24).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::finding::Outcome;
    use super::*;

    fn judged(status: u16, body: &str) -> Finding {
        let got = Got { status, body: body.to_owned().into(), ..Got::default() };
        judge_metadata(&Answer::Got(got), "FHIR/R5")
    }

    fn statement(name: &str, value: Value) -> Finding {
        let mut statement = json!({
            "resourceType": "CapabilityStatement",
            "fhirVersion": "5.0.0",
            "format": ["application/fhir+json"],
            "rest": [{"resource": [{"type": "Patient"}]}],
        });
        statement[name] = value;
        judged(200, &statement.to_string())
    }

    #[test]
    fn a_capability_statement_with_version_and_json_is_well() {
        assert_eq!(statement("x", json!(1)).seen, "FHIR 5.0.0, JSON, 1 resource types");
        assert_eq!(statement("format", json!(["xml"])).outcome, Outcome::Fail);
        assert_eq!(statement("fhirVersion", json!("<script>")).outcome, Outcome::Warn);
        assert_eq!(statement("resourceType", json!("Patient")).outcome, Outcome::Fail);
    }

    #[test]
    fn a_page_instead_of_fhir_says_which_setting_is_wrong() {
        let page = judged(200, "\n<html>canary</html>");
        assert_eq!(page.seen, "/metadata answers with a page, not with FHIR");
        assert!(page.advice.unwrap().contains("fhir.path"));
        assert_eq!(judged(404, "<html>").seen, "/metadata answers with status 404");
    }

    #[test]
    fn the_built_in_profile_says_where_fhir_is_and_another_must_be_given() {
        assert_eq!(found("jhe", None).unwrap().fhir.path, "FHIR/R5");
        assert!(found("other", None).is_err());
        assert!(found("jhe", Some(Path::new("/no/such/file"))).is_err());
    }
}
