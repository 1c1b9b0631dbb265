//! `fhir-mcp-gateway doctor` against the Exchange and core: each fault is named in its own row, with
//! what to do about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use authz::secret::BackendToken;
use authz::time::Timestamp;
use fhir_mcp_gateway::clock::{Clock, SystemClock};
use fhir_mcp_gateway::config::Config;
use fhir_mcp_gateway::doctor::{self, Asked, Check, Finding, Outcome, Report};
use serde_json::json;
use testbed::TestBed;
use testbed::bed::random_key;
use testbed::exchange::{Endpoint, Fault, Lie, OTHER_CLIENT};

/// What the doctor says of this bed.
async fn examined(bed: &TestBed) -> Result<Report> {
    examined_as(bed, &bed.yaml(), |_| None, Asked::default()).await
}

/// What it says of another configuration, with other secrets.
async fn examined_as(
    bed: &TestBed,
    yaml: &str,
    other: impl Fn(&str) -> Option<String>,
    asked: Asked,
) -> Result<Report> {
    let environment = |name: &str| other(name).or_else(|| bed.variable(name));
    let config = Config::parse(yaml, &environment)?;
    Ok(doctor::examine(&config, &asked, Arc::new(bed.clock())).await?)
}

fn row(report: &Report, check: Check) -> Result<&Finding> {
    report.of_check(check).with_context(|| format!("no row {}", check.as_str()))
}

/// The row ends so, says this, and advises that.
#[track_caller]
fn assert_row(report: &Report, check: Check, outcome: Outcome, seen: &str, advice: &str) {
    let row = row(report, check).unwrap();
    assert_eq!(row.outcome, outcome, "{report}");
    assert!(row.seen.contains(seen), "{}", row.seen);
    let advised = row.advice.as_deref().unwrap_or_default();
    assert!(advised.contains(advice), "{advised}");
}

#[tokio::test]
async fn a_sound_deployment_has_every_row_and_nothing_to_mend() -> Result<()> {
    let bed = TestBed::start().await?;
    let report = examined(&bed).await?;
    let checks: Vec<_> = report.findings().iter().map(|finding| finding.check).collect();
    assert_eq!(checks, Check::ALL, "{report}");
    assert_eq!(report.count(Outcome::Fail) + report.count(Outcome::Warn), 0, "{report}");
    let skipped: Vec<_> =
        report.findings().iter().filter(|f| f.outcome == Outcome::Skipped).collect();
    let skipped: Vec<_> = skipped.iter().map(|finding| finding.check.as_str()).collect();
    assert_eq!(skipped, ["token", "token_lifetime", "refresh_grace"]);
    assert_eq!(report.exit_code(), 0);
    Ok(())
}

#[tokio::test]
async fn a_backend_that_is_not_there_is_one_failure_and_not_sixteen() -> Result<()> {
    let bed = TestBed::start().await?;
    bed.exchange.reachable(false).await;
    let report = examined(&bed).await?;
    assert_row(&report, Check::BackendConnect, Outcome::Fail, "nobody listens", "port");
    assert_row(&report, Check::Introspection, Outcome::Skipped, "cannot be reached", "Mend");
    assert_eq!(report.count(Outcome::Fail), 1, "{report}");
    assert_eq!(report.exit_code(), 1);
    Ok(())
}

#[tokio::test]
async fn a_wrong_secret_is_told_from_a_client_that_may_not_introspect() -> Result<()> {
    let bed = TestBed::start().await?;
    let wrong = |name: &str| (name == "CLIENT_SECRET").then(|| "canary-not-the-secret".to_owned());
    let report = examined_as(&bed, &bed.yaml(), wrong, Asked::default()).await?;
    assert_row(&report, Check::ClientSecret, Outcome::Fail, "refuses", "backend.client_secret");
    assert_row(&report, Check::Introspection, Outcome::Fail, "may not ask", "client_secret");
    assert!(!format!("{report}{}", report.to_json()).contains("canary"), "{report}");
    bed.exchange.fault(Endpoint::Introspect, Fault::Status(403));
    let report = examined(&bed).await?;
    assert_row(&report, Check::ClientSecret, Outcome::Ok, "accepted", "");
    assert_row(&report, Check::Introspection, Outcome::Fail, "may not ask", "confidential");
    Ok(())
}

#[tokio::test]
async fn an_issuer_that_the_configuration_does_not_know_is_named_before_the_first_login()
-> Result<()> {
    let bed = TestBed::start().await?;
    let elsewhere = Lie::Issuer("https://canary.example/o".to_owned());
    bed.exchange.fault(Endpoint::Discovery, Fault::Lie(elsewhere.clone()));
    assert_eq!(row(&examined(&bed).await?, Check::Discovery)?.outcome, Outcome::Ok);
    let told = Lie::With("issuer".to_owned(), json!("https://canary.example/o"));
    bed.exchange.fault(Endpoint::Discovery, Fault::Lie(told));
    let report = examined(&bed).await?;
    assert_row(&report, Check::Discovery, Outcome::Fail, "backend.issuers", "issuer");
    assert!(!report.to_string().contains("canary"), "{report}");
    Ok(())
}

#[tokio::test]
async fn without_a_key_no_id_token_can_be_verified() -> Result<()> {
    let bed = TestBed::start().await?;
    let none = Lie::With("keys".to_owned(), json!([]));
    bed.exchange.fault(Endpoint::Discovery, Fault::Lie(none));
    let report = examined(&bed).await?;
    assert_row(&report, Check::Jwks, Outcome::Fail, "no RSA key", "OIDC_RSA_PRIVATE_KEY");
    Ok(())
}

#[tokio::test]
async fn a_redirect_that_is_not_registered_is_named_to_the_letter() -> Result<()> {
    let bed = TestBed::start().await?;
    let public = format!("public_url: {}", bed.origin());
    let yaml = bed.yaml().replace(&public, "public_url: https://gateway.example.org");
    let report = examined_as(&bed, &yaml, |_| None, Asked::default()).await?;
    let ours = "https://gateway.example.org/oauth/callback";
    assert_row(&report, Check::RedirectUri, Outcome::Fail, ours, "Register exactly that");
    let scopes = bed.yaml().replace("scope: openid email", "scope: openid canary");
    let report = examined_as(&bed, &scopes, |_| None, Asked::default()).await?;
    assert_row(&report, Check::RedirectUri, Outcome::Fail, "backend.scope", "backend.scope");
    Ok(())
}

/// Both clocks of the bed, shifted; each look at the second one costs a quarter of a second.
#[derive(Debug)]
struct Odd {
    now: Timestamp,
    looks: AtomicU64,
}

impl Clock for Odd {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(250 * self.looks.fetch_add(1, Ordering::SeqCst))
    }
}

#[tokio::test]
async fn a_skewed_clock_and_a_dear_introspection_are_measured() -> Result<()> {
    let bed = TestBed::start().await?;
    let config = Config::parse(&bed.yaml(), &|name| bed.variable(name))?;
    let now = bed.now().plus(Duration::from_secs(90));
    let clock = Arc::new(Odd { now, looks: AtomicU64::new(0) });
    let report = doctor::examine(&config, &Asked::default(), clock).await?;
    assert_row(&report, Check::Clock, Outcome::Fail, "90 s behind", "NTP");
    let cost = (Check::IntrospectionCost, Outcome::Warn);
    assert_row(&report, cost.0, cost.1, "median 250 ms of 5", "is slow");
    assert_row(&report, Check::CoreHop, Outcome::Fail, "clock", "NTP");
    Ok(())
}

#[tokio::test]
async fn answers_that_are_none_are_named_by_their_endpoint_and_never_repeated() -> Result<()> {
    let bed = TestBed::start().await?;
    for (endpoint, fault, check, seen) in [
        (Endpoint::Metadata, Fault::Status(200), Check::FhirMetadata, "a page, not with FHIR"),
        (Endpoint::Metadata, Fault::Status(404), Check::FhirMetadata, "status 404"),
        (Endpoint::Userinfo, Fault::Status(500), Check::Userinfo, "status 500"),
        (Endpoint::Introspect, Fault::Garbage, Check::Introspection, "introspection body"),
        (Endpoint::Revoke, Fault::Status(404), Check::Revocation, "revocation status"),
        (Endpoint::Token, Fault::Unavailable, Check::ClientSecret, "token endpoint"),
    ] {
        bed.exchange.fault(endpoint, fault);
        let report = examined(&bed).await?;
        assert_eq!(row(&report, check)?.outcome, Outcome::Fail, "{report}");
        assert!(row(&report, check)?.seen.contains(seen), "{report}");
        assert!(!report.to_string().contains("planned failure"), "{report}");
        bed.exchange.clear(endpoint);
    }
    Ok(())
}

#[tokio::test]
async fn a_backend_that_hangs_costs_its_deadline_and_no_more() -> Result<()> {
    let bed = TestBed::start().await?;
    bed.exchange.fault(Endpoint::Introspect, Fault::Hang);
    let yaml =
        bed.yaml().replacen("introspection: {deadline: 10s}", "introspection: {deadline: 50ms}", 1);
    let report = examined_as(&bed, &yaml, |_| None, Asked::default()).await?;
    let advice = "backend.introspection.deadline";
    assert_row(&report, Check::Introspection, Outcome::Fail, "50 ms", advice);
    assert_row(&report, Check::IntrospectionCost, Outcome::Skipped, "does not answer", "");
    Ok(())
}

#[tokio::test]
async fn a_given_token_is_judged_as_every_call_is() -> Result<()> {
    let bed = TestBed::start().await?;
    let asked = |token: &str| Asked { token: Some(BackendToken::new(token)), profile: None };
    let ours = bed.exchange.issue_token("manager_mary")?;
    let report = examined_as(&bed, &bed.yaml(), |_| None, asked(&ours)).await?;
    assert_row(&report, Check::Userinfo, Outcome::Ok, "names the person", "");
    assert_row(&report, Check::Token, Outcome::Ok, "meant for us", "");
    assert_row(
        &report,
        Check::TokenLifetime,
        Outcome::Warn,
        "336 h",
        "ACCESS_TOKEN_EXPIRE_SECONDS",
    );
    assert_eq!(report.exit_code(), 3, "{report}");
    assert!(!format!("{report}{}", report.to_json()).contains(&ours));
    let theirs = bed.exchange.issue("manager_mary", OTHER_CLIENT, "openid email", &[])?;
    let report = examined_as(&bed, &bed.yaml(), |_| None, asked(&theirs.access_token)).await?;
    assert_row(&report, Check::Token, Outcome::Fail, "audience", "allowed_clients");
    bed.exchange.revoke(&ours);
    let report = examined_as(&bed, &bed.yaml(), |_| None, asked(&ours)).await?;
    assert_row(&report, Check::Token, Outcome::Fail, "not active", "Log in anew");
    Ok(())
}

#[tokio::test]
async fn a_core_with_another_key_and_no_core_at_all_are_told_apart() -> Result<()> {
    let mut bed = TestBed::start().await?;
    let other = random_key();
    let another = |name: &str| (name == "HOP_KEY").then(|| other.clone());
    let environment = |name: &str| another(name).or_else(|| bed.variable(name));
    let config = Config::parse(&bed.yaml(), &environment)?;
    // Answers of core's carry the machine's time, so that this one is the same.
    let clock = Arc::new(SystemClock::start());
    let report = doctor::examine(&config, &Asked::default(), clock).await?;
    assert_row(&report, Check::CoreConnect, Outcome::Ok, "takes connections", "");
    assert_row(&report, Check::CoreHop, Outcome::Fail, "another hop key", "hop_key");
    let exchange = format!("core: {{address: \"{}\"}}", bed.exchange.address());
    let core = format!("core: {{address: \"{}\"}}", bed.core_address());
    let yaml = bed.yaml().replace(&core, &exchange);
    let report = examined_as(&bed, &yaml, |_| None, Asked::default()).await?;
    assert_row(&report, Check::CoreHop, Outcome::Fail, "status 404", "fhir-mcp-core");
    bed.stop_core().await;
    let report = examined(&bed).await?;
    assert_row(&report, Check::CoreConnect, Outcome::Fail, "nobody listens", "port");
    Ok(())
}

#[tokio::test]
async fn a_probe_leaves_nothing_behind_and_puts_no_secret_into_a_url() -> Result<()> {
    let bed = TestBed::start().await?;
    examined(&bed).await?;
    let log = bed.exchange.log();
    assert!(log.count(Endpoint::Rest) == 0 && log.count(Endpoint::Fhir) == 0);
    for seen in log.all() {
        let query = seen.query.unwrap_or_default();
        assert!(
            !query.contains("token") && !query.contains(&bed.exchange.client_secret()),
            "{query}"
        );
        let unknown = seen.token_label.is_none_or(|label| label == "unknown");
        assert!(unknown, "{}", seen.path);
    }
    Ok(())
}

#[test]
fn a_configuration_that_cannot_be_used_is_all_that_is_said() {
    let error = Config::parse("{}", &|_| None).unwrap_err();
    let report = doctor::unusable(&error);
    assert_eq!(report.exit_code(), 2);
    assert_eq!(report.findings().len(), 1);
    assert_row(
        &report,
        Check::Configuration,
        Outcome::Fail,
        "mistakes",
        "server.public_url: is missing",
    );
}
