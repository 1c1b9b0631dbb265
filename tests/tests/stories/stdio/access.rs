//! What the one person may ask, in both eras of the protocol, and what is written where.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use anyhow::Result;
use serde_json::{Value, json};
use testbed::exchange::Endpoint;
use testbed::mcp::Era;

use super::{MARY, laptop, logged_in, token_requests};

fn names(listed: &Value) -> BTreeSet<String> {
    let tools = listed["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn one_person_logs_in_and_asks_in_either_era_of_the_protocol() -> Result<()> {
    for (era, name) in [(Era::Legacy, "either-legacy"), (Era::Modern, "either-modern")] {
        let laptop = laptop(name).await?;
        let mut program = laptop.start(None, &[])?;
        let hello = program.greet(era).await?;
        assert!(hello["instructions"].is_string(), "{hello}");
        let before = names(&program.request("tools/list", json!({})).await?);
        assert!(before.contains("list_studies") && before.contains("fhir_search"), "{before:?}");
        assert_eq!(laptop.exchange.log().all().len(), 0, "a list without a login asks nobody");
        let link = program.studies().await?.link()?;
        let (status, page) = laptop.log_in(&link, MARY).await?;
        assert!(status == 200 && page.contains("You are logged in"), "{page}");
        let answer = program.studies().await?;
        let studies = answer.content()?["studies"].as_array().unwrap().clone();
        assert_eq!(studies.len(), 3);
        let after = names(&program.request("tools/list", json!({})).await?);
        assert_eq!(before, after);
        let count = program.call("count_study_observations", json!({"study_id": "30001"})).await?;
        assert_eq!(count.content()?["count"], 5);
        assert!(program.end().await?.success());
    }
    Ok(())
}

#[tokio::test]
async fn the_next_start_uses_the_kept_login_and_no_browser() -> Result<()> {
    let laptop = laptop("next-start").await?;
    assert!(logged_in(&laptop).await?.end().await?.success());
    laptop.exchange.log().clear();
    let mut program = laptop.connect(Era::Modern).await?;
    assert_eq!(program.studies().await?.content()?["status"], "ok");
    let log = laptop.exchange.log();
    assert_eq!(log.count(Endpoint::Authorize) + log.count(Endpoint::Token), 0);
    Ok(())
}

#[tokio::test]
async fn the_kept_login_is_its_owners_alone_and_no_token_stands_anywhere_else() -> Result<()> {
    let laptop = laptop("owners-alone").await?;
    let mut program = logged_in(&laptop).await?;
    let answer = program.call("get_patient_demographics", json!({"patient_id": "40001"})).await?;
    let family = answer.content()?["family_name"].as_str().unwrap().to_owned();
    assert!(program.end().await?.success());
    let file = laptop.login_file().unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let kept = laptop.kept()?;
    assert_eq!(kept["subject"], "10002");
    let written = laptop.written()?;
    assert!(written.contains("\"logged in\""), "{written}");
    for canary in [&kept["access_token"], &kept["refresh_token"], &json!(family), &json!("state=")]
    {
        assert!(!written.contains(canary.as_str().unwrap()), "{canary} in {written}");
    }
    let others = fs::read_dir(file.parent().unwrap())?.count();
    assert_eq!(others, 2, "the login and its lock");
    Ok(())
}

#[tokio::test]
async fn a_kept_login_that_others_may_read_is_not_used_and_the_person_is_told_why() -> Result<()> {
    let laptop = laptop("exposed").await?;
    assert!(logged_in(&laptop).await?.end().await?.success());
    fs::set_permissions(laptop.login_file().unwrap(), Permissions::from_mode(0o644))?;
    laptop.exchange.log().clear();
    let mut program = laptop.connect(Era::Legacy).await?;
    let answer = program.studies().await?;
    let sentence = answer.sentence()?;
    assert!(sentence.contains("may be read") && sentence.contains("chmod"), "{sentence}");
    assert!(!sentence.contains(laptop.home.to_str().unwrap()), "{sentence}");
    assert_eq!(laptop.exchange.log().all().len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_and_then_only_another_login_helps() -> Result<()> {
    let laptop = laptop("refused").await?;
    let mut program = logged_in(&laptop).await?;
    laptop.exchange.revoke(laptop.kept()?["access_token"].as_str().unwrap());
    let before = token_requests(&laptop.exchange);
    assert_eq!(program.studies().await?.content()?["status"], "ok");
    assert_eq!(token_requests(&laptop.exchange), before + 1, "refreshed once");
    laptop.exchange.fault(Endpoint::Rest, testbed::exchange::Fault::Status(401));
    let link = program.studies().await?.link()?;
    assert_eq!(token_requests(&laptop.exchange), before + 2, "once more");
    assert_eq!(program.studies().await?.link()?, link, "the same login is waited for");
    assert_eq!(token_requests(&laptop.exchange), before + 2, "and nothing is refreshed in vain");
    assert!(laptop.login_file().is_some());
    laptop.exchange.clear_all();
    assert_eq!(laptop.log_in(&link, MARY).await?.0, 200);
    assert_eq!(program.studies().await?.content()?["status"], "ok");
    Ok(())
}
