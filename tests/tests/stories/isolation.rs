//! Two people on one connection never see each other's data.

use anyhow::Result;
use serde_json::json;
use testbed::TestBed;
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};

#[tokio::test(flavor = "multi_thread")]
async fn two_people_interleaved_on_one_connection_each_get_their_own() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let mary = login.log_in("manager_mary").await?;
    let other = login.log_in("manager_mark").await?;
    // One idle connection at most, and requests one after the other: they share it.
    let one = reqwest::Client::builder().pool_max_idle_per_host(1).build()?;
    let mcp = Mcp::of(&bed, Era::Modern).over(one);
    for _ in 0..50 {
        let hers = mcp.call(&mary.access, "list_studies", json!({})).await?;
        assert_eq!(ids(hers.content()?), ["30001", "30002", "30006"]);
        let his = mcp.call(&other.access, "list_studies", json!({})).await?;
        assert_eq!(ids(his.content()?), ["30003", "30004"]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_of_several_people_at_once_are_never_mixed_up() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let people = [
        ("manager_mary", vec!["30001", "30002", "30006"]),
        ("manager_mark", vec!["30003", "30004"]),
        ("three_org_tom", vec!["30001", "30002", "30004", "30005"]),
    ];
    let mut held = Vec::new();
    for (person, studies) in people {
        held.push((login.log_in(person).await?, studies));
    }
    let mcp = Mcp::of(&bed, Era::Legacy);
    let calls = (0..300).map(|at| {
        let (tokens, studies) = &held[at % held.len()];
        let mcp = &mcp;
        async move {
            let answer = mcp.call(&tokens.access, "list_studies", json!({})).await?;
            assert_eq!(ids(answer.content()?), *studies);
            anyhow::Ok(())
        }
    });
    futures::future::try_join_all(calls).await?;
    Ok(())
}

fn ids(answer: &serde_json::Value) -> Vec<String> {
    let studies = answer["studies"].as_array().unwrap().iter();
    let mut ids: Vec<String> =
        studies.map(|study| study["study_id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}
