//! Logging in and out by command.

use anyhow::{Context as _, Result};
use std::process::Stdio;
use testbed::exchange::{Endpoint, Fault};
use testbed::mcp::Era;

use super::{MARY, laptop, logged_in};

#[tokio::test]
async fn a_logout_revokes_the_login_at_the_backend_and_removes_it_here() -> Result<()> {
    let laptop = laptop("logout").await?;
    let mut program = logged_in(&laptop).await?;
    let access = laptop.kept()?["access_token"].as_str().context("a token")?.to_owned();
    let output = laptop.run("logout", &[]).await?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.contains("revoked"), "{told}");
    assert!(laptop.login_file().is_none());
    assert_eq!(laptop.exchange.log().count(Endpoint::Revoke), 1);
    let url = format!("{}/api/v1/users/profile", laptop.exchange.base_url());
    let used = reqwest::Client::new().get(url).bearer_auth(access).send().await?;
    assert_eq!(used.status(), 401, "the access token ended with it");
    assert!(program.studies().await?.sentence()?.contains("nobody is logged in"));
    let again = laptop.run("logout", &[]).await?;
    assert!(again.status.success());
    assert_eq!(String::from_utf8_lossy(&again.stdout), "Nobody was logged in.\n");
    Ok(())
}

#[tokio::test]
async fn a_logout_that_the_backend_does_not_hear_of_removes_the_login_and_says_so() -> Result<()> {
    let laptop = laptop("logout-outage").await?;
    assert!(logged_in(&laptop).await?.end().await?.success());
    laptop.exchange.fault(Endpoint::Revoke, Fault::Unavailable);
    let output = laptop.run("logout", &[]).await?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("could not be told"), "{told}");
    assert!(laptop.login_file().is_none());
    Ok(())
}

#[tokio::test]
async fn a_login_by_command_is_there_for_the_client_and_revokes_the_one_it_replaces() -> Result<()>
{
    let laptop = laptop("login").await?;
    assert!(logged_in(&laptop).await?.end().await?.success());
    let before = laptop.kept()?;
    let mut command = laptop.command("login", &["--no-browser"]);
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut said = tokio::io::BufReader::new(child.stdout.take().context("its output")?);
    let mut line = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut said, &mut line).await?;
    let named = line.split(' ').find(|word| word.starts_with("http://")).context(line.clone())?;
    assert_eq!(laptop.log_in(&named.parse()?, MARY).await?.0, 200);
    assert!(child.wait().await?.success());
    let after = laptop.kept()?;
    assert_ne!(before["refresh_token"], after["refresh_token"]);
    assert_eq!(laptop.exchange.log().count(Endpoint::Revoke), 1);
    let mut program = laptop.connect(Era::Modern).await?;
    assert_eq!(program.studies().await?.content()?["status"], "ok");
    Ok(())
}
