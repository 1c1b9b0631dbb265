//! Whole records on a real backend, through the real tool service: a person and a small record are
//! put into it, and then found, overviewed and searched for words. Arguments: the profile, the base URL,
//! and the path of FHIR under it. Ends with 1 if anything is not as it should be.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value answers null for what it does not have, and a lane may stop"
)]

use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testbed::semantics::Asker;

/// A word that no other record has.
const WORD: &str = "Zwölffingerdarm";
const LOINC: &str = "http://loinc.org";
const FAMILY: &str = "Übelhör-Žitňák";

/// Where the backend is filled.
struct Store {
    http: reqwest::Client,
    base: String,
}

impl Store {
    async fn create(&self, resource: Value) -> Result<String> {
        let kind = resource["resourceType"].as_str().context("a type")?;
        let request = self.http.post(format!("{}/{kind}", self.base));
        let request = request.header("content-type", "application/fhir+json");
        let answer = request.body(resource.to_string()).send().await?;
        let status = answer.status();
        let created: Value = answer.json().await?;
        created["id"].as_str().map(str::to_owned).with_context(|| format!("{status} {created}"))
    }

    /// A person, and a record of one entry in some sections.
    async fn fill(&self) -> Result<String> {
        let patient = json!({"resourceType": "Patient", "birthDate": "1984-07-11",
            "name": [{"family": FAMILY, "given": ["Anna"]}],
            "telecom": [{"system": "phone", "value": "+49 170 1234567"}]});
        let id = self.create(patient).await?;
        let subject = json!({"reference": format!("Patient/{id}")});
        let coded = |code: &str| json!({"coding": [{"code": code}]});
        for resource in [
            json!({"resourceType": "Condition", "subject": subject, "recordedDate": "2026-04-01",
                   "clinicalStatus": coded("active"), "code": {"text": "Ulcus"},
                   "note": [{"text": format!("Ulcus im {WORD}, geheilt")}]}),
            json!({"resourceType": "AllergyIntolerance", "patient": subject,
                   "clinicalStatus": coded("active"), "code": {"text": "Penicillin"}}),
            json!({"resourceType": "Observation", "status": "final", "subject": subject,
                   "category": [coded("vital-signs")],
                   "code": {"text": "Pulse", "coding": [{"system": LOINC, "code": "8867-4"}]},
                   "effectiveDateTime": "2026-04-01", "valueQuantity": {"value": 60, "unit": "/min"}}),
        ] {
            self.create(resource).await?;
        }
        Ok(id)
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let profile = arguments.next().context("name a profile")?;
    let url = arguments.next().context("name a base URL")?;
    let base = format!("{url}{}", arguments.next().unwrap_or_default());
    // First, as it brings along what HTTP clients are built with.
    let asker = Asker::start(&profile, &url, "none", None)?;
    let store = Store { http: reqwest::Client::builder().no_proxy().build()?, base };
    let id = store.fill().await?;
    let other = store.fill().await?;
    let results = [
        ("a person is a candidate with what it rests on", found(&asker, &id).await),
        ("an overview shows each section with its own count", overview(&asker, &id).await),
        ("a word is found in one record and not in another's", grep(&asker, (&id, &other)).await),
        ("figures are computed from FHIR's own elements", figures(&asker, (&id, &other)).await),
    ];
    let mut code = ExitCode::SUCCESS;
    for (rule, result) in results {
        let told = result.as_ref().map_or_else(|error| format!("FAIL {error:#}"), |()| "ok".into());
        tell(&format!("{profile:8} {rule}: {told}"));
        if result.is_err() {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

#[expect(clippy::print_stdout, reason = "a lane's program tells what it found")]
fn tell(line: &str) {
    println!("{line}");
}

async fn found(asker: &Asker, id: &str) -> Result<()> {
    for asked in [
        json!({"family": FAMILY, "birthdate": "1984"}),
        json!({"family": "Übelhör", "birthdate": "1984-07-11"}),
        json!({"given": "Anna", "birthdate": "1984-07"}),
    ] {
        let answer = asker.call("find_patient", asked.clone()).await?;
        let candidates = answer["candidates"].as_array().context("candidates")?;
        let mine = candidates.iter().find(|one| one["patient_id"] == id);
        let basis = &mine.with_context(|| format!("{asked}: {answer}"))?["basis"];
        let grades = basis.as_object().context("a basis")?.values();
        for grade in grades {
            ensure!(grade == "exact" || grade == "prefix", "{asked}: {basis}");
        }
    }
    Ok(())
}

async fn overview(asker: &Asker, id: &str) -> Result<()> {
    let answer = asker.call("patient_overview", json!({"patient_id": id})).await?;
    let sections = answer["sections"].as_array().context("sections")?;
    let section = |name: &str| sections.iter().find(|one| one["section"] == name);
    for (name, total) in
        [("problems", 1), ("allergies", 1), ("vital_signs", 1), ("observations", 1), ("goals", 0)]
    {
        let section = section(name).context(name)?;
        ensure!(section["status"] == "ok" && section["total"] == total, "{name}: {section}");
    }
    let line = &section("vital_signs").context("vital signs")?["entries"][0];
    ensure!(line["what"] == "Pulse" && line["value"] == "60 /min", "{line}");
    ensure!(answer["nothing_known_of"].is_array(), "{answer}");
    tell(&format!("         nothing is known of {}", answer["nothing_known_of"]));
    Ok(())
}

async fn grep(asker: &Asker, (id, other): (&str, &str)) -> Result<()> {
    let ask = async |id: &str| {
        asker.call("record_grep", json!({"patient_id": id, "find": ["zwolffingerdarm"]})).await
    };
    let (one, another) = (ask(id).await?, ask(other).await?);
    for answer in [&one, &another] {
        ensure!(answer["returned"] == 1 && answer.get("cursor").is_none(), "{answer}");
        let snippet = &answer["hits"][0]["snippets"][0];
        ensure!(snippet["text"] == format!("Ulcus im ⟦{WORD}⟧, geheilt"), "{snippet}");
        ensure!(answer["searched"].as_u64().context("searched")? >= 4, "{answer}");
    }
    ensure!(one["hits"][0]["resource"] != another["hits"][0]["resource"], "{one} {another}");
    Ok(())
}

async fn figures(asker: &Asker, (id, other): (&str, &str)) -> Result<()> {
    let heart = asker.call("heart_rate_report", json!({"patient_id": id})).await?;
    let all = &heart["report"]["readings"]["all"];
    ensure!(all["n"] == 1 && all["mean"] == 60, "{heart}");
    let both = json!({"patient_ids": [id, other], "data_types": [format!("{LOINC}|8867-4")]});
    let stats = asker.call("observation_stats", both).await?;
    for result in stats["results"].as_array().context("results")? {
        let figures = &result["figures"][0];
        ensure!(figures["n"] == 1 && figures["unit"] == "/min", "{result}");
    }
    let latest = json!({"patient_id": id, "data_types": ["heart-rate", "blood-pressure"]});
    let latest = asker.call("observation_latest", latest).await?;
    let rows = latest["latest"].as_array().context("rows")?;
    ensure!(rows.len() == 1 && rows[0]["observation"]["value"] == 60, "{latest}");
    Ok(())
}
