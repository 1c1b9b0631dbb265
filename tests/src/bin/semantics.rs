//! The same questions on every kind of backend, through the real tool service: what a search means
//! must not depend on who answers it. Arguments: the profile, the base URL; without a URL the stand-in
//! Exchange is started and asked. Ends with 1 if anything is not as it should be.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value answers null for what it does not have, and a lane may stop"
)]

use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testbed::semantics::{Asker, exchange};

/// A parameter that no server has, and that a profile is made to vouch for.
const NONSENSE: &str = "colour";

/// What is asked on each kind of backend: two codes that have records, and a year that has.
struct Kind {
    codes: [&'static str; 2],
    /// Whether several codes and incomplete dates are understood.
    is_whole: bool,
    /// Whether an ignored parameter can be told from an applied one, once it is sent.
    has_evidence: bool,
    year: &'static str,
}

fn kind(profile: &str) -> Kind {
    let loinc = ["http://loinc.org|8867-4", "http://loinc.org|85354-9"];
    match profile {
        "jhe" => Kind {
            codes: [
                "https://w3id.org/openmhealth|omh:heart-rate:2.0",
                "https://w3id.org/openmhealth|omh:blood-pressure:4.0",
            ],
            is_whole: false,
            has_evidence: true,
            year: "2026",
        },
        "medplum" => Kind { codes: loinc, is_whole: true, has_evidence: false, year: "2012" },
        _ => Kind { codes: loinc, is_whole: true, has_evidence: true, year: "2012" },
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let profile = arguments.next().context("name a profile")?;
    let url = arguments.next();
    let stand_in = if url.is_none() { Some(exchange().await?) } else { None };
    let (url, token) = match (&stand_in, url) {
        (Some((exchange, token)), _) => (exchange.base_url(), token.clone()),
        (None, url) => (url.unwrap_or_default(), "none".to_owned()),
    };
    let asker = Asker::start(&profile, &url, &token, None)?;
    let gullible = Asker::start(&profile, &url, &token, Some(NONSENSE))?;
    let kind = kind(&profile);
    let results = [
        ("an unknown parameter is refused, in a count too", unknown(&asker).await),
        ("one that is sent all the same is detected", detected(&gullible, &kind).await),
        ("repeats are and", repeats(&asker, &kind).await),
        ("values are or, and a comma in one stays one", values(&asker, &kind).await),
        ("a date keeps its precision", dates(&asker, &kind).await),
        ("a walk by cursors sees each match once", walk(&asker).await),
        ("what is included does not count", included(&asker).await),
        ("a resource is read, as it is and as it was", versions(&asker).await),
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

fn by(name: &str, values: &[&str]) -> Value {
    json!({"name": name, "values": values})
}

fn observations(params: &[Value]) -> Value {
    json!({"type": "Observation", "params": params})
}

async fn count(asker: &Asker, params: &[Value]) -> Result<Value> {
    let mut arguments = observations(params);
    arguments["count_only"] = json!(true);
    asker.call("fhir_search", arguments).await
}

async fn total(asker: &Asker, params: &[Value]) -> Result<u64> {
    let answer = count(asker, params).await?;
    answer["total"].as_u64().with_context(|| format!("no total in {answer}"))
}

async fn unknown(asker: &Asker) -> Result<()> {
    let params = [by(NONSENSE, &["red"])];
    for result in
        [asker.call("fhir_search", observations(&params)).await, count(asker, &params).await]
    {
        let refusal = result.err().context("it was asked")?.to_string();
        ensure!(refusal.contains(NONSENSE), "{refusal}");
    }
    Ok(())
}

async fn detected(gullible: &Asker, kind: &Kind) -> Result<()> {
    let params = [by(NONSENSE, &["red"])];
    let rows = gullible.call("fhir_search", observations(&params)).await;
    let number = count(gullible, &params).await;
    if !kind.has_evidence {
        // Unknown means nothing here, and so does an impossible value: only refusing beforehand helps.
        return Ok(());
    }
    for result in [rows, number] {
        match result {
            Ok(answer) => {
                ensure!(answer["ignored_parameters"] == json!([NONSENSE]), "{answer}");
                ensure!(answer["status"] != "ok", "{answer}");
            }
            // A strict server refuses it, and we say which.
            Err(refusal) => ensure!(refusal.to_string().contains(NONSENSE), "{refusal}"),
        }
    }
    Ok(())
}

async fn repeats(asker: &Asker, kind: &Kind) -> Result<()> {
    let from = format!("ge{}-01-01", kind.year);
    let until = format!("lt{}-12-31", kind.year);
    let both = total(asker, &[by("date", &[&from]), by("date", &[&until])]).await?;
    let one = total(asker, &[by("date", &[&from])]).await?;
    let other = total(asker, &[by("date", &[&until])]).await?;
    let all = total(asker, &[]).await?;
    ensure!(both > 0 && both <= one.min(other), "{both} of {one} and {other}");
    ensure!(one.max(other) <= all, "{one} and {other} of {all}");
    let none = total(asker, &[by("date", &["lt1800-01-01"]), by("date", &[&from])]).await?;
    ensure!(none == 0, "an empty window has {none}");
    Ok(())
}

async fn values(asker: &Asker, kind: &Kind) -> Result<()> {
    let [one, other] = kind.codes;
    let first = total(asker, &[by("code", &[one])]).await?;
    let second = total(asker, &[by("code", &[other])]).await?;
    ensure!(first > 0 && second > 0, "{first} and {second}");
    let either = total(asker, &[by("code", &[one, other])]).await;
    if !kind.is_whole {
        let refusal = either.err().context("several codes were asked")?.to_string();
        ensure!(refusal.contains("exactly one value"), "{refusal}");
        return Ok(());
    }
    let either = either?;
    ensure!(either == first + second, "{either} of {first} and {second}");
    let joined = total(asker, &[by("code", &[&format!("{one},{other}")])]).await?;
    ensure!(joined == 0, "a comma became an or: {joined}");
    Ok(())
}

async fn dates(asker: &Asker, kind: &Kind) -> Result<()> {
    let year = total(asker, &[by("date", &[kind.year])]).await;
    if !kind.is_whole {
        let refusal = year.err().context("a year was asked")?.to_string();
        ensure!(refusal.contains("whole days"), "{refusal}");
        return Ok(());
    }
    let day = total(asker, &[by("date", &[&format!("{}-01-01", kind.year)])]).await?;
    let year = year?;
    ensure!(year > day, "a year has {year}, its first of January {day}");
    Ok(())
}

async fn walk(asker: &Asker) -> Result<()> {
    let params = [by("status", &["final"])];
    let mut arguments = observations(&params);
    arguments["limit"] = json!(7);
    arguments["elements"] = json!(["status"]);
    let mut seen = std::collections::BTreeSet::new();
    let mut returned = 0;
    for _ in 0..20 {
        let answer = asker.call("fhir_search", arguments.clone()).await?;
        ensure!(answer["status"] != "unknown", "{answer}");
        for one in answer["resources"].as_array().context("resources")? {
            returned += 1;
            seen.insert(one["id"].as_str().context("an id")?.to_owned());
        }
        let Some(cursor) = answer.get("cursor") else {
            let total = answer["total"].as_u64().context("a total")?;
            let reached = u64::try_from(returned)?;
            ensure!(reached == total && seen.len() == returned, "{reached} of {total}");
            return Ok(());
        };
        arguments["cursor"] = cursor.clone();
    }
    // The Exchange has thousands: twenty pages of seven, each different, are enough to see.
    ensure!(returned == 140 && seen.len() == returned, "{returned}, {} of them new", seen.len());
    Ok(())
}

async fn included(asker: &Asker) -> Result<()> {
    let mut arguments = observations(&[]);
    arguments["limit"] = json!(2);
    arguments["elements"] = json!(["subject"]);
    arguments["include"] = json!(["Observation:subject"]);
    match asker.call("fhir_search", arguments).await {
        Ok(answer) => {
            ensure!(answer["returned"] == 2, "{answer}");
            Ok(())
        }
        Err(refusal) => {
            ensure!(refusal.to_string().contains("includes nothing"), "{refusal}");
            Ok(())
        }
    }
}

async fn versions(asker: &Asker) -> Result<()> {
    let mut arguments = observations(&[]);
    arguments["limit"] = json!(1);
    let found = asker.call("fhir_search", arguments).await?;
    let id = found["resources"][0]["id"].clone();
    let which = json!({"type": "Observation", "id": id});
    let read = asker.call("fhir_read", which.clone()).await?;
    ensure!(read["resource"]["id"] == id, "{read}");
    let history = match asker.call("fhir_history", which.clone()).await {
        Ok(history) => history,
        Err(refusal) => {
            ensure!(refusal.to_string().contains("not offered"), "{refusal}");
            return Ok(());
        }
    };
    let version = history["versions"][0]["version"].clone();
    let mut once = which;
    once["version"] = version.clone();
    let once = asker.call("fhir_read", once).await?;
    ensure!(once["resource"]["meta"]["versionId"] == version, "{once}");
    Ok(())
}
