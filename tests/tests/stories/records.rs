//! What is written down: one audit event for each call, and no secret and no person in any of it.

use std::sync::LazyLock;

use anyhow::Result;
use futures::StreamExt as _;
use futures::stream;
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};

#[tokio::test]
async fn each_permitted_and_each_refused_call_is_one_audit_event() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in_for("manager_mary", "user/Group.rs").await?;
    let before = bed.audit().await?.len();
    let mcp = Mcp::of(&bed, Era::Modern);
    mcp.call(&held.access, "list_studies", json!({})).await?;
    mcp.call(&held.access, "search_patients", json!({"family": "Canary"})).await?;
    mcp.call("garbage", "list_studies", json!({})).await?;
    let events = bed.audit().await?.split_off(before);
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            (event["outcome"].as_str(), event["reason"].as_str(), event["subject"].as_str())
        })
        .collect();
    assert_eq!(
        told,
        [
            (Some("permitted"), None, Some("10002")),
            (Some("refused"), Some("insufficient_scope"), Some("10002")),
            (Some("refused"), Some("token_invalid"), None),
        ]
    );
    assert_eq!(events[0]["mcp.tool"], "list_studies");
    Ok(())
}

#[tokio::test]
async fn no_token_no_name_and_no_argument_stands_in_audit_trail_or_metrics() -> Result<()> {
    let bed = TestBed::start().await?;
    let login = Login::register(&bed).await?;
    let held = login.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let found = mcp.call(&held.access, "search_patients", json!({"family": "Canary"})).await?;
    assert_eq!(found.content()?["total"], 0);
    let shown =
        mcp.call(&held.access, "get_patient_demographics", json!({"patient_id": 40001})).await?;
    let person = shown.content()?.clone();
    mcp.call(&held.access, "no_such_tool_canary", json!({})).await?;
    let written = format!("{}{}", bed.metrics().await?, {
        bed.audit().await?;
        bed.records.text()
    });
    let mut secrets = vec!["Canary", "canary", "example.com", &held.access, &held.refresh];
    secrets.extend(
        ["family_name", "given_name", "birth_date"].iter().filter_map(|key| person[*key].as_str()),
    );
    let client_secret = bed.exchange.client_secret();
    secrets.push(&client_secret);
    assert!(secrets.len() >= 8, "the person has a name and a birth date: {person}");
    for secret in secrets {
        assert!(!written.contains(secret), "{secret} is written down");
    }
    Ok(())
}

/// A path, a method, a tool, a user agent and a header that nobody else has.
async fn invent(bed: &TestBed, mcp: &Mcp, token: &str, at: usize) -> Result<()> {
    if at.is_multiple_of(25) {
        mcp.call(token, &format!("invented_{at}"), json!({format!("argument_{at}"): at})).await?;
        return Ok(());
    }
    let method = reqwest::Method::from_bytes(format!("M{at}").as_bytes())?;
    let method = if at.is_multiple_of(2) { reqwest::Method::GET } else { method };
    let url = bed.at(&format!("/invented-{at}?{at}={at}"));
    let request = HTTP.request(method, url).header("user-agent", format!("agent/{at}"));
    request.header(format!("x-invented-{at}"), at).bearer_auth(at).send().await?;
    Ok(())
}

static HTTP: LazyLock<reqwest::Client> = LazyLock::new(reqwest::Client::new);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_thousand_names_that_clients_invent_make_no_metric_series() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let many = async |range: std::ops::Range<usize>| -> Result<usize> {
        let each = range.map(|at| invent(&bed, &mcp, &held.access, at));
        let sent: Vec<Result<()>> = stream::iter(each).buffer_unordered(32).collect().await;
        sent.into_iter().collect::<Result<Vec<()>>>()?;
        Ok(bed.metrics().await?.lines().count())
    };
    let before = many(0..200).await?;
    assert_eq!(many(200..50_000).await?, before);
    Ok(())
}

#[tokio::test]
async fn a_patient_stands_in_the_trail_by_pseudonym_and_never_by_id() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let before = bed.audit().await?.len();
    let mcp = Mcp::of(&bed, Era::Modern);
    for (tool, arguments) in [
        ("get_patient_demographics", json!({"patient_id": 40001})),
        ("get_patient_date_range", json!({"patient_id": "40001"})),
        ("get_patient_demographics", json!({"patient_id": 40002})),
        ("get_patient_demographics", json!({"patient_id": "Ada Canary"})),
        ("list_studies", json!({})),
    ] {
        mcp.call(&held.access, tool, arguments).await?;
    }
    let events = bed.audit().await?.split_off(before);
    let named: Vec<Option<&str>> =
        events.iter().map(|event| event["patients"][0].as_str()).collect();
    assert_eq!(named.len(), 5);
    assert!(named[0].is_some_and(|digits| digits.len() == 32), "{named:?}");
    assert_eq!(named[0], named[1], "by number and by text");
    assert!(named[2].is_some() && named[2] != named[0]);
    assert_eq!(named[3..], [None, None]);
    for mut event in events {
        for random in ["boot", "digest", "previous", "request.id", "trace.id", "patients"] {
            event.as_object_mut().unwrap().remove(random);
        }
        let text = event.to_string();
        assert!(["40001", "40002", "Canary"].iter().all(|id| !text.contains(id)), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn the_public_listener_has_no_admin_page() -> Result<()> {
    let bed = TestBed::start().await?;
    for path in ["/metrics", "/status", "/ready", "/live", "/debug/pprof", "/health/../metrics"] {
        let answer = reqwest::get(bed.at(path)).await?;
        assert_eq!(answer.status(), 404, "{path}");
        assert!(!answer.text().await?.contains("gateway_"), "{path}");
    }
    assert!(bed.metrics().await?.contains("gateway_build_info"));
    Ok(())
}

/// What a model would write for a parameter that names patients, by its schema.
fn sample(schema: &Value) -> Option<Value> {
    let kinds = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    let is = |kind: &str| kinds.iter().any(|one| one == kind);
    if is("boolean") {
        return None;
    }
    Some(if is("array") { json!(["40001"]) } else { json!("40001") })
}

fn seen(tool: &str, arguments: &Value) -> bool {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                      "params": {"name": tool, "arguments": arguments}});
    let body = body.to_string().into_bytes();
    let call = authz::mcp_call::McpCall::parse(&body).unwrap();
    let found = authz::target::Targets::of(&call, &body).named;
    found.iter().map(authz::target::TargetPatient::expose).eq(["40001"])
}

/// The arguments by which a tool may be asked about a patient: those that are named so, an id beside a
/// type, criteria of a search.
fn about_patients(schema: &Value) -> Vec<Value> {
    let properties = schema["properties"].as_object().unwrap();
    let named = |name: &str| ["patient", "subject"].iter().any(|word| name.contains(word));
    let mut all: Vec<Value> = properties
        .iter()
        .filter(|(name, _)| named(name))
        .filter_map(|(name, schema)| Some(json!({name: sample(schema)?})))
        .collect();
    for kind in ["type", "resource_type"] {
        if properties.contains_key(kind) {
            let ids = ["id", "ids"].into_iter().filter(|id| properties.contains_key(*id));
            all.extend(ids.map(|id| json!({kind: "Patient", id: "40001"})));
        }
    }
    let criteria = ["params", "parameters", "criteria"];
    let is_list = |name: &&str| {
        properties.get(*name).and_then(|schema| schema.get("type")).is_some_and(|of| of == "array")
    };
    let criterion = json!({"name": "patient", "values": ["Patient/40001"]});
    let search = |name: &str| json!({"type": "Observation", name: [criterion]});
    all.extend(criteria.into_iter().filter(is_list).map(search));
    all
}

#[test]
fn whatever_tool_of_the_catalogue_may_be_asked_about_a_patient_is_seen_to_be() {
    let mut with_patient = 0;
    for entry in fhir_mcp_core::tools::catalogue() {
        let schema = Value::Object(entry.input_schema.clone());
        for arguments in about_patients(&schema) {
            assert!(seen(entry.name, &arguments), "{}: {arguments}", entry.name);
            assert!(seen("an_alias_of_it", &arguments), "{}: {arguments}", entry.name);
            with_patient += 1;
        }
    }
    assert!(with_patient >= 8, "{with_patient}");
}

#[tokio::test]
async fn generic_tools_are_recorded_with_the_patients_that_they_are_asked_about() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let before = bed.audit().await?.len();
    let by_patient = json!([{"name": "patient", "values": ["Patient/40001"]}]);
    for (tool, arguments) in [
        ("get_patient_demographics", json!({"patient_id": 40001})),
        ("fhir_read", json!({"type": "Patient", "id": "40001"})),
        ("fhir_search", json!({"type": "Observation", "params": by_patient})),
    ] {
        mcp.call(&held.access, tool, arguments).await?;
    }
    let events = bed.audit().await?.split_off(before);
    let named: Vec<&str> =
        events.iter().filter_map(|event| event["patients"][0].as_str()).collect();
    assert_eq!(named.len(), 3);
    assert!(named.iter().all(|one| *one == named[0]), "{named:?}");
    Ok(())
}

#[tokio::test]
async fn an_event_says_how_the_tool_ended_and_how_many_records_it_gave() -> Result<()> {
    let bed = TestBed::start().await?;
    let held = Login::register(&bed).await?.log_in("manager_mary").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    let before = bed.audit().await?.len();
    let listed = mcp.call(&held.access, "list_studies", json!({})).await?;
    let returned = listed.content()?["returned"].as_u64().unwrap();
    mcp.call(&held.access, "get_patient_demographics", json!({"patient_id": 999_999})).await?;
    mcp.call(&held.access, "no_such_tool", json!({})).await?;
    let events = bed.audit().await?.split_off(before);
    assert_eq!((&events[0]["mcp.outcome"], &events[0]["count"]), (&json!("ok"), &json!(returned)));
    assert_eq!((&events[1]["status"], &events[1]["mcp.outcome"]), (&json!(200), &json!("refused")));
    assert!(events[1].get("count").is_none() && events[2].get("mcp.outcome").is_none());
    Ok(())
}

#[tokio::test]
async fn status_tells_how_the_backend_last_answered_and_asks_it_nothing() -> Result<()> {
    let bed = TestBed::start().await?;
    let asked = async || -> Result<Value> {
        let status: Value = reqwest::get(format!("{}/status", bed.admin())).await?.json().await?;
        Ok(status.get("backend_last_asked").cloned().unwrap())
    };
    assert_eq!(asked().await?, Value::Null);
    Login::register(&bed).await?.log_in("manager_mary").await?;
    let seen = bed.exchange.log().all().len();
    bed.advance(std::time::Duration::from_secs(7));
    assert_eq!(asked().await?, json!({"outcome": "answered", "seconds_ago": 7}));
    assert_eq!(bed.exchange.log().all().len(), seen);
    Ok(())
}
