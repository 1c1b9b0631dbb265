//! Long work tells how far it is: on the way through core, gateway and wire, at the time.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::events::Events;
use testbed::exchange::{Endpoint, Fault};
use testbed::login::Login;
use testbed::mcp::{Era, Mcp, PROGRESS_TOKEN};

/// Counts for each patient of a study: one question to the backend for each, after some for all.
const TOOL: &str = "count_study_observations";

fn arguments() -> Value {
    json!({"study_id": "30006", "by_patient": true})
}

/// A person whose tool gets only as many answers from the Exchange as the story lets through.
struct Story {
    bed: TestBed,
    mcp: Mcp,
    token: String,
    /// What the tool answers.
    content: Value,
    /// How many patients it counts for.
    patients: usize,
    /// How many FHIR requests it makes before.
    before: usize,
}

impl Story {
    async fn of(era: Era) -> Result<Self> {
        let bed = TestBed::start().await?;
        let token = Login::register(&bed).await?.log_in("manager_mary").await?.access;
        let mcp = Mcp::of(&bed, era);
        // Once without a token for progress: that is one JSON document.
        mcp.call(&token, TOOL, arguments()).await?.content()?;
        bed.exchange.log().clear();
        let content = mcp.call(&token, TOOL, arguments()).await?.content()?.clone();
        let patients = content.get("counts").and_then(Value::as_object).context("counts")?.len();
        let before = bed.exchange.log().count(Endpoint::Fhir) - patients;
        bed.exchange.log().clear();
        Ok(Self { bed, mcp, token, content, patients, before })
    }

    /// Lets the Exchange give so many answers more.
    fn grant(&self, answers: usize) -> Result<()> {
        let answers = u32::try_from(answers)?;
        self.bed.exchange.fault_times(Endpoint::Fhir, Fault::Rationed, answers);
        Ok(())
    }

    /// Asks, with an answer for the first patient only.
    async fn begin(&self) -> Result<Events> {
        self.grant(self.before + 1)?;
        self.mcp.follow(&self.token, TOOL, arguments()).await
    }
}

#[tokio::test]
async fn each_step_of_long_work_arrives_before_the_next_is_taken_in_both_eras() -> Result<()> {
    for era in [Era::Modern, Era::Legacy] {
        let story = Story::of(era).await?;
        assert!(story.patients > 2, "several steps: {}", story.patients);
        let mut events = story.begin().await?;
        for done in 1..=story.patients {
            let told = events.next().await?.context("progress")?;
            assert_eq!(told["method"], "notifications/progress");
            let expected = json!({
                "progressToken": PROGRESS_TOKEN,
                "progress": f64::from(u32::try_from(done)?),
                "total": f64::from(u32::try_from(story.patients)?),
            });
            assert_eq!(told["params"], expected);
            story.grant(1)?;
        }
        let answer = events.next().await?.context("the answer")?;
        assert_eq!(answer["result"]["structuredContent"], story.content);
        assert_eq!(events.next().await?, None);
    }
    Ok(())
}

#[tokio::test]
async fn who_hangs_up_in_the_middle_of_a_stream_ends_the_work_at_the_backend() -> Result<()> {
    let story = Story::of(Era::Modern).await?;
    let mut events = story.begin().await?;
    events.next().await?.context("progress")?;
    let log = story.bed.exchange.log();
    while log.open(Endpoint::Fhir) == 0 {
        tokio::task::yield_now().await;
    }
    drop(events);
    while log.open(Endpoint::Fhir) > 0 {
        tokio::task::yield_now().await;
    }
    assert!(log.count(Endpoint::Fhir) < story.before + story.patients, "the rest was not asked");
    story.bed.exchange.clear(Endpoint::Fhir);
    let again = story.mcp.call(&story.token, TOOL, arguments()).await?;
    assert_eq!(again.content()?, &story.content);
    Ok(())
}

#[tokio::test]
async fn a_login_that_ends_in_the_middle_of_a_stream_is_told_there_and_the_next_call_is_401()
-> Result<()> {
    let story = Story::of(Era::Modern).await?;
    let mut events = story.begin().await?;
    events.next().await?.context("progress")?;
    story.bed.exchange.revoke_all("manager_mary");
    story.bed.exchange.clear(Endpoint::Fhir);
    let mut last = Value::Null;
    while let Some(event) = events.next().await? {
        last = event;
    }
    assert_eq!(last["result"]["isError"], true, "{last}");
    let said = last["result"]["content"][0]["text"].as_str().context("a sentence")?;
    assert!(said.contains("log in again"), "{said}");
    // Introspection may still vouch for the login; core's 401 outweighs it, and then it is forgotten.
    let next = story.mcp.call(&story.token, TOOL, arguments()).await?;
    assert_eq!(next.status, 401);
    Ok(())
}

#[tokio::test]
async fn work_in_one_step_is_answered_in_one_document_whoever_asks_for_progress() -> Result<()> {
    let story = Story::of(Era::Modern).await?;
    let refused = story.mcp.follow(&story.token, "get_study_count", json!({})).await;
    assert!(refused.unwrap_err().to_string().contains("application/json"));
    Ok(())
}
