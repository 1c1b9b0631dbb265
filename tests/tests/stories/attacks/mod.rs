//! The attacks on the login and on the use of tokens, one test for each, named after the rule that
//! stops it. `docs/security-tests.md` maps each attack to its tests.
//!
//! Unless it says otherwise, a story here runs against three gateways behind a balancer, over a
//! new connection for each request: it holds whichever gateway answers.

mod around;
mod bombs;
mod browser;
mod calls;
mod cookies;
mod introspection;
mod isolation;
mod keys;
mod limits;
mod map;
mod outages;
mod pages;
mod reads;
mod redirects;
mod registration;
mod remembered;
mod tokens;
mod written;

use std::sync::OnceLock;

use anyhow::{Context as _, Result};
use authz::keyring::{KeyRing, SecretKey};
use authz::seal::Sealer;
use reqwest::redirect::Policy;
use testbed::exchange::login::{Browser, Page};
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};
use testbed::{Setup, TestBed};
use url::Url;

/// A tool whose answer the backend has to give.
const PRIVATE: &str = "get_study_count";

/// Three gateways.
async fn fleet() -> Result<TestBed> {
    fleet_with(Setup::default()).await
}

async fn fleet_with(setup: Setup) -> Result<TestBed> {
    TestBed::start_with(Setup { replicas: 3, ..setup }).await
}

/// Connections that serve one request each, so that the balancer's turn comes with every request.
pub(crate) fn fresh() -> Result<reqwest::Client> {
    static FRESH: OnceLock<reqwest::Client> = OnceLock::new();
    if let Some(known) = FRESH.get() {
        return Ok(known.clone());
    }
    // Installs the one TLS provider as well.
    let _browser = Browser::plain()?;
    let builder = reqwest::Client::builder().pool_max_idle_per_host(0);
    let made = builder.redirect(Policy::none()).no_proxy().build()?;
    Ok(FRESH.get_or_init(|| made).clone())
}

fn browser() -> Result<Browser> {
    Ok(Browser::over(fresh()?))
}

async fn client(bed: &TestBed) -> Result<Login> {
    Ok(Login::register(bed).await?.over(fresh()?))
}

fn mcp(bed: &TestBed) -> Result<Mcp> {
    Ok(Mcp::through(fresh()?, bed, Era::Modern))
}

/// Opens the consent page and approves: where the browser is sent, at the backend.
async fn approve(browser: &mut Browser, start: &Url) -> Result<Url> {
    let page = browser.open(start).await?;
    let answered = Login::decide(browser, &page, "approve").await?;
    answered.location.with_context(|| format!("no way to the backend: {}", answered.status))
}

/// Logs in at the backend: the callback that the browser is about to open.
async fn log_in(browser: &mut Browser, bed: &TestBed, backend: &Url) -> Result<Url> {
    browser.drive(backend, "manager_mary", &bed.at("/oauth/callback")).await
}

/// A page with a reason, and no way on.
fn assert_page(page: &Page, status: u16, what: &str) {
    assert_eq!(page.status, status, "{what}");
    assert_eq!(page.location, None, "{what}");
    assert!(page.text.starts_with("<!doctype html>"), "{what}");
}

/// What the gateways of `bed` seal with.
fn sealer(bed: &TestBed) -> Result<Sealer> {
    let entry = bed.setup.ring.first().context("a key")?;
    Ok(Sealer::new(&KeyRing::single(SecretKey::from_base64(&entry.key)?), bed.origin()))
}

/// An access token of this person as a gateway of `bed` would have sealed it.
pub(crate) fn minted(bed: &TestBed, login: &str) -> Result<String> {
    bed.minted(login)
}
