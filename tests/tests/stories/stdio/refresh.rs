//! Refreshing: once, whoever asks; and nothing but the backend's own word ends a login.

use std::time::Duration;

use anyhow::Result;
use futures::future::try_join_all;
use testbed::exchange::{Endpoint, Fault};
use testbed::mcp::Era;
use testbed::stdio::Program;

use super::{MARY, laptop, logged_in_for, token_requests};

#[tokio::test]
async fn a_token_that_is_about_to_end_is_refreshed_first_and_the_new_one_is_kept() -> Result<()> {
    let laptop = laptop("refresh").await?;
    logged_in_for(&laptop, 30).await?;
    let (before, asked) = (laptop.kept()?, token_requests(&laptop.exchange));
    let mut program = laptop.connect(Era::Modern).await?;
    program.studies().await?.content()?;
    program.studies().await?.content()?;
    assert_eq!(token_requests(&laptop.exchange), asked + 1);
    let after = laptop.kept()?;
    assert_ne!(before["access_token"], after["access_token"]);
    assert_ne!(before["refresh_token"], after["refresh_token"]);
    assert_eq!(before["subject"], after["subject"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_refresh_at_the_same_time_refresh_once_and_all_stay_logged_in() -> Result<()>
{
    let laptop = laptop("together").await?;
    logged_in_for(&laptop, 0).await?;
    let asked = token_requests(&laptop.exchange);
    // Slow enough that all of them want it while one of them is at it.
    laptop.exchange.fault_times(Endpoint::Token, Fault::Slow(Duration::from_millis(500)), 1);
    let mut programs = Vec::new();
    for _ in 0..3 {
        programs.push(laptop.connect(Era::Legacy).await?);
    }
    let answers = try_join_all(programs.iter_mut().map(Program::studies)).await?;
    for answer in answers {
        assert_eq!(answer.content()?["status"], "ok");
    }
    assert_eq!(token_requests(&laptop.exchange), asked + 1);
    let mut later = laptop.connect(Era::Legacy).await?;
    assert_eq!(later.studies().await?.content()?["status"], "ok");
    Ok(())
}

#[tokio::test]
async fn an_outage_at_a_refresh_keeps_the_login() -> Result<()> {
    for (at, fault) in [
        Fault::Status(500),
        Fault::RetryAfter(429, 1),
        Fault::Garbage,
        Fault::Disconnect,
        Fault::Status(302),
    ]
    .into_iter()
    .enumerate()
    {
        let laptop = laptop(&format!("outage-{at}")).await?;
        logged_in_for(&laptop, 0).await?;
        let before = laptop.kept()?;
        laptop.exchange.fault(Endpoint::Token, fault.clone());
        let mut program = laptop.connect(Era::Legacy).await?;
        let answer = program.studies().await?;
        let sentence = answer.sentence()?;
        assert!(sentence.starts_with("unknown: the backend"), "{fault:?}: {sentence}");
        assert_eq!(laptop.kept()?, before, "{fault:?}");
        laptop.exchange.clear_all();
        let mut program = laptop.connect(Era::Legacy).await?;
        assert_eq!(program.studies().await?.content()?["status"], "ok", "{fault:?}");
    }
    Ok(())
}

#[tokio::test]
async fn during_an_outage_a_token_is_used_as_long_as_it_lasts() -> Result<()> {
    let laptop = laptop("lasts").await?;
    logged_in_for(&laptop, 40).await?;
    laptop.exchange.fault(Endpoint::Token, Fault::Unavailable);
    let mut program = laptop.connect(Era::Legacy).await?;
    assert_eq!(program.studies().await?.content()?["status"], "ok");
    Ok(())
}

#[tokio::test]
async fn the_backends_own_invalid_grant_ends_the_login_and_the_next_one_goes_on() -> Result<()> {
    let laptop = laptop("invalid-grant").await?;
    logged_in_for(&laptop, 0).await?;
    laptop.exchange.revoke_all(MARY);
    let mut program = laptop.connect(Era::Legacy).await?;
    let link = program.studies().await?.link()?;
    assert!(laptop.login_file().is_none());
    assert_eq!(laptop.log_in(&link, MARY).await?.0, 200);
    assert_eq!(program.studies().await?.content()?["status"], "ok");
    Ok(())
}

#[tokio::test]
async fn a_client_that_leaves_during_a_refresh_leaves_the_login_behind() -> Result<()> {
    let laptop = laptop("leaves").await?;
    logged_in_for(&laptop, 0).await?;
    let asked = token_requests(&laptop.exchange);
    laptop.exchange.fault_times(Endpoint::Token, Fault::Slow(Duration::from_secs(1)), 1);
    let mut program = laptop.connect(Era::Legacy).await?;
    let log = laptop.exchange.log();
    let under_way = async {
        while log.open(Endpoint::Token) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        answer = program.studies() => anyhow::bail!("not that soon: {answer:?}"),
        () = under_way => (),
    }
    assert!(program.signal("TERM").await?.success());
    assert_eq!(token_requests(&laptop.exchange), asked + 1);
    let mut later = laptop.connect(Era::Legacy).await?;
    assert_eq!(later.studies().await?.content()?["status"], "ok");
    assert_eq!(token_requests(&laptop.exchange), asked + 1, "its tokens were kept");
    Ok(())
}
