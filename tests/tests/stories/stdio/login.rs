//! The login in the browser: who is let back in at the listener, and what a person sees.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::Client;
use reqwest::redirect::Policy;
use testbed::exchange::{Endpoint, Fault, Lie};
use testbed::login::parameter;
use testbed::mcp::Era;
use testbed::stdio::Laptop;
use url::Url;

use super::{MARY, laptop};

/// A browser that only writes down what it was told to open.
fn noting_browser(laptop: &Laptop) -> Result<(PathBuf, PathBuf)> {
    let (browser, noted) = (laptop.home.join("browser"), laptop.home.join("opened"));
    let script = format!("#!/bin/sh\necho \"$@\" >>\"{}\"\n", noted.display());
    fs::write(&browser, script)?;
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o700))?;
    Ok((browser, noted))
}

fn http() -> Result<Client> {
    Ok(Client::builder().redirect(Policy::none()).no_proxy().build()?)
}

/// What the listener sends the browser to, with the `state` in it.
async fn authorize_url(link: &Url) -> Result<Url> {
    let answer = http()?.get(link.clone()).send().await?;
    Ok(answer.headers()["location"].to_str()?.parse()?)
}

#[tokio::test]
async fn a_call_opens_the_browser_and_is_answered_once_the_person_is_logged_in() -> Result<()> {
    let laptop = laptop("browser").await?;
    let (browser, noted) = noting_browser(&laptop)?;
    let mut program = laptop.start(Some(&browser), &[])?;
    program.greet(Era::Legacy).await?;
    let person = async {
        loop {
            match fs::read_to_string(&noted) {
                Ok(opened) if opened.ends_with('\n') => {
                    return laptop.log_in(&opened.trim().parse()?, MARY).await;
                }
                Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    let (answer, page) = tokio::join!(program.studies(), person);
    assert_eq!(page?.0, 200);
    assert_eq!(answer?.content()?["status"], "ok");
    let opened = fs::read_to_string(&noted)?;
    assert_eq!(opened.lines().count(), 1, "{opened}");
    assert!(!opened.contains('?'), "nothing of the login stands on a command line: {opened}");
    Ok(())
}

#[tokio::test]
async fn what_is_not_the_answer_to_the_login_is_refused_and_the_login_goes_on() -> Result<()> {
    let laptop = laptop("strangers").await?;
    let mut program = laptop.connect(Era::Legacy).await?;
    let link = program.studies().await?.link()?;
    let state = parameter(&authorize_url(&link).await?, "state").context("a state")?;
    let at = |path: &str| link.join(path).unwrap();
    let http = http()?;
    let wrong = [
        (at("/callback?code=x&state=wrong"), 400),
        (at("/callback?code=x"), 400),
        (at(&format!("/callback?code=x&state={state}&state={state}")), 400),
        (at("/callback"), 404),
        (at("/other?code=x"), 404),
        (at("/?a=b"), 404),
    ];
    for (url, status) in wrong {
        let answer = http.get(url.clone()).send().await?;
        assert_eq!(answer.status().as_u16(), status, "{url}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(answer.headers()[name], value, "{url}");
        }
        let policy = answer.headers()["content-security-policy"].to_str()?.to_owned();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(!answer.text().await?.contains(&state));
    }
    assert_eq!(http.post(link.clone()).send().await?.status(), 405);
    let foreign = http.get(link.clone()).header("host", "evil.example").send().await?;
    assert_eq!(foreign.status(), 421);
    assert_eq!(laptop.exchange.log().count(Endpoint::Token), 0);
    assert!(laptop.login_file().is_none());
    assert_eq!(laptop.log_in(&link, MARY).await?.0, 200);
    program.studies().await?.content()?;
    Ok(())
}

#[tokio::test]
async fn the_listener_takes_one_answer_and_is_gone() -> Result<()> {
    let laptop = laptop("once").await?;
    let mut program = laptop.connect(Era::Legacy).await?;
    let link = program.studies().await?.link()?;
    let state = parameter(&authorize_url(&link).await?, "state").context("a state")?;
    assert_eq!(laptop.log_in(&link, MARY).await?.0, 200);
    let kept = laptop.kept()?;
    let again = link.join(&format!("/callback?code=x&state={state}"))?;
    let answer = http()?.get(again.clone()).send().await;
    assert!(answer.is_err() || answer?.status() == 400);
    while http()?.get(again.clone()).send().await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(laptop.kept()?, kept);
    Ok(())
}

#[tokio::test]
async fn a_login_that_is_declined_or_told_lies_about_stores_nothing_and_says_so() -> Result<()> {
    let laptop = laptop("declined").await?;
    let mut program = laptop.connect(Era::Legacy).await?;
    let link = program.studies().await?.link()?;
    let state = parameter(&authorize_url(&link).await?, "state").context("a state")?;
    let declined = format!("/callback?error=access_denied&error_description=CANARY&state={state}");
    let answer = http()?.get(link.join(&declined)?).send().await?;
    assert_eq!(answer.status(), 400);
    let page = answer.text().await?;
    assert!(page.contains("declined") && !page.contains("CANARY"), "{page}");
    let next = program.studies().await?.link()?;
    assert_ne!(next, link, "the next call begins anew");
    for (lie, told) in [
        (Lie::Issuer("https://evil.example/o".to_owned()), "issuer"),
        (Lie::Audience("other".to_owned()), "audience"),
        (Lie::ExpiredIdToken, "expiry"),
        (Lie::Without("id_token".to_owned()), "absence"),
        (Lie::With("scope".to_owned(), "email".into()), "cannot be read"),
    ] {
        let link = program.studies().await?.link()?;
        laptop.exchange.fault_times(Endpoint::Token, Fault::Lie(lie), 1);
        let (status, page) = laptop.log_in(&link, MARY).await?;
        assert!(status == 400 && page.contains(told), "{told}: {page}");
    }
    assert!(laptop.login_file().is_none());
    Ok(())
}

#[tokio::test]
async fn a_taken_port_is_named_before_anybody_logs_in_in_vain() -> Result<()> {
    let laptop = laptop("taken").await?;
    let other = TcpListener::bind("127.0.0.1:0")?;
    let port = other.local_addr()?.port();
    let uri = format!("http://127.0.0.1:{port}/callback");
    let mut program = laptop.start(None, &["--redirect-uri", &uri])?;
    program.greet(Era::Legacy).await?;
    let answer = program.studies().await?;
    assert!(answer.sentence()?.contains(&format!("port {port} ")), "{answer:?}");
    drop(other);
    let link = program.studies().await?.link()?;
    assert_eq!(link.port(), Some(port));
    assert_eq!(laptop.log_in(&link, MARY).await?.0, 200);
    program.studies().await?.content()?;
    Ok(())
}

#[tokio::test]
async fn a_program_that_waits_for_a_login_ends_when_it_is_told_to() -> Result<()> {
    let laptop = laptop("ends").await?;
    for is_signalled in [true, false] {
        let mut program = laptop.connect(Era::Legacy).await?;
        program.studies().await?.link()?;
        let ended =
            if is_signalled { program.signal("TERM").await? } else { program.end().await? };
        assert!(ended.success(), "{ended}");
    }
    Ok(())
}
