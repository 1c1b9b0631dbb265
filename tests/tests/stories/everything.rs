//! "Show me everything" about a patient with 45,000 observations: by the words of the prompt, or by the
//! hints of the answers, a model is done within five calls and 60 kB.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};

const PATIENT: u32 = 40006;
const MOST_CALLS: usize = 5;
const MOST_BYTES: usize = 60_000;

/// Somebody who asks about one patient, and what that has cost so far.
struct Reader {
    _bed: TestBed,
    mcp: Mcp,
    token: String,
    /// How many observations there are.
    observations: usize,
    calls: usize,
    /// Of whole answers, text and structure.
    bytes: usize,
}

impl Reader {
    async fn of_everything(dated: bool) -> Result<Self> {
        let bed = TestBed::start().await?;
        let observations = bed.exchange.give_every_observation_to(PATIENT, dated);
        ensure!(observations > 45_000, "{observations}");
        let token = Login::register(&bed).await?.log_in("manager_mary").await?.access;
        let mcp = Mcp::of(&bed, Era::Modern);
        Ok(Self { _bed: bed, mcp, token, observations, calls: 0, bytes: 0 })
    }

    async fn call(&mut self, tool: &str, arguments: Value) -> Result<Value> {
        let answer = self.mcp.call(&self.token, tool, arguments).await?;
        self.calls += 1;
        self.bytes += answer.body.to_string().len();
        answer.content().cloned()
    }

    /// The words of the prompt for this question.
    async fn prompt(&self) -> Result<String> {
        let name = "everything_about_patient";
        let parameters = json!({"name": name, "arguments": {"patient_id": PATIENT.to_string()}});
        let answer = self.mcp.send(Some(&self.token), "prompts/get", parameters).await?;
        let words = answer.body.pointer("/result/messages/0/content/text");
        words.and_then(Value::as_str).map(str::to_owned).with_context(|| answer.body.to_string())
    }

    fn is_within_bounds(&self) {
        assert!(self.calls <= MOST_CALLS, "{} calls", self.calls);
        assert!(self.bytes <= MOST_BYTES, "{} bytes in {} calls", self.bytes, self.calls);
    }
}

/// The tools that a text names, in order.
fn named(words: &str) -> Vec<&'static str> {
    let catalogue = fhir_mcp_core::tools::catalogue().iter();
    let mut found: Vec<(usize, &str)> =
        catalogue.filter_map(|tool| Some((words.find(tool.name)?, tool.name))).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).collect()
}

/// The codes of a summary with the most observations.
fn commonest(summary: &Value, most: usize) -> Vec<String> {
    let types = summary["types"].as_object().into_iter().flatten();
    let mut counted: Vec<(u64, String)> = types
        .filter_map(|(_, one)| Some((one["count"].as_u64()?, one["code"].as_str()?.to_owned())))
        .collect();
    counted.sort_unstable();
    counted.into_iter().rev().take(most).map(|(_, code)| code).collect()
}

#[tokio::test]
async fn by_the_prompt_everything_is_counted_and_the_newest_is_read() -> Result<()> {
    let mut reader = Reader::of_everything(true).await?;
    let prompt = reader.prompt().await?;
    let [overview, summarize, read] = named(&prompt)[..] else { anyhow::bail!("{prompt}") };
    let found = reader.call("search_patients", json!({"family": "Nguyen"})).await?;
    let patient = found["patients"][0]["patient_id"].clone();
    let record = reader.call(overview, json!({"patient_id": patient})).await?;
    assert!(record["sections"].as_array().is_some_and(|all| !all.is_empty()), "{record}");
    let summary = reader.call(summarize, json!({"patient_id": patient})).await?;
    assert_eq!(summary["status"], "ok", "{summary}");
    assert_eq!(summary["count"], reader.observations);
    let types = summary["types"].as_object().context("types")?;
    let sum: u64 = types.values().filter_map(|one| one["count"].as_u64()).sum();
    assert_eq!(sum, u64::try_from(reader.observations)?, "no kind is left out");
    for code in commonest(&summary, 2) {
        let newest = json!({"patient_id": patient, "data_type": code, "limit": 10});
        let page = reader.call(read, newest).await?;
        assert_eq!(page["returned"], 10);
        let latest = types.values().find(|one| one["code"] == code.as_str());
        let latest = &latest.context("the kind")?["latest"];
        assert_eq!(&page["observations"][0]["effective_at"], latest, "the newest comes first");
    }
    reader.is_within_bounds();
    Ok(())
}

/// Begins with what seems nearest, and from there calls what the answers' hints name, each tool once.
async fn led_by_hints(reader: &mut Reader, first: &'static str) -> Result<BTreeSet<&'static str>> {
    let (mut called, mut next) = (BTreeSet::new(), Some(first));
    while let Some(tool) = next {
        called.insert(tool);
        let answer = reader.call(tool, json!({"patient_id": PATIENT})).await?;
        let hints = answer.get("hints").and_then(Value::as_array).into_iter().flatten();
        let hints = hints.filter_map(Value::as_str);
        next = hints.flat_map(named).find(|named| !called.contains(named));
    }
    Ok(called)
}

#[tokio::test]
async fn by_the_hints_of_the_answers_every_beginning_leads_to_the_whole() -> Result<()> {
    for (first, dated) in [
        ("get_patient_observations", true),
        ("get_patient_date_range", true),
        ("get_patient_observations", false),
    ] {
        let mut reader = Reader::of_everything(dated).await?;
        let called = led_by_hints(&mut reader, first).await?;
        assert!(called.contains("summarize_patient_observations"), "{first}: {called:?}");
        reader.is_within_bounds();
    }
    Ok(())
}

#[tokio::test]
async fn what_asks_for_more_than_fits_is_cut_and_says_how_to_go_on() -> Result<()> {
    let mut reader = Reader::of_everything(true).await?;
    let all = json!({"patient_id": PATIENT, "limit": 1000, "verbosity": "full"});
    let page = reader.call("get_patient_observations", all).await?;
    assert_eq!(page["truncated_by"], json!(["bytes"]));
    assert!(page.to_string().len() <= MOST_BYTES, "{}", page.to_string().len());
    let hints = page["hints"].to_string();
    assert!(hints.contains("summarize_patient_observations"), "{hints}");
    Ok(())
}
