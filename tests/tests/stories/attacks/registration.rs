//! A21, A22: registration by strangers.

use anyhow::Result;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use testbed::{Setup, TestBed};

use super::{fleet, fresh};

const GOOD: &str = r#"{"redirect_uris":["http://127.0.0.1:1/cb"]}"#;

async fn register(bed: &TestBed, body: impl Into<reqwest::Body>) -> Result<Response> {
    let request = fresh()?.post(bed.at("/register")).header("content-type", "application/json");
    Ok(request.body(body).send().await?)
}

/// The limit is each gateway's own, so this is about one.
#[tokio::test]
async fn a_flood_of_registrations_meets_the_limit_of_its_address() -> Result<()> {
    let limits = "{per_address: {register: 20}}";
    let bed = TestBed::start_with(Setup { limits: limits.to_owned(), ..Setup::default() }).await?;
    let mut created = 0;
    for _ in 0..400 {
        let answer = register(&bed, GOOD).await?;
        if answer.status() == StatusCode::CREATED {
            created += 1;
        } else {
            assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
            assert!(answer.headers().contains_key("retry-after"));
        }
    }
    assert_eq!(created, 20);
    bed.advance(std::time::Duration::from_secs(3));
    assert_eq!(register(&bed, GOOD).await?.status(), StatusCode::CREATED, "time passes");
    assert!(bed.exchange.log().all().is_empty(), "it costs the backend nothing");
    Ok(())
}

#[tokio::test]
async fn a_registration_is_small_flat_and_unambiguous() -> Result<()> {
    let bed = fleet().await?;
    let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let uri = format!("http://127.0.0.1:1/{}", "p".repeat(600));
    for (what, body, status) in [
        ("9 KiB", format!(r#"{{"x":"{}",{}"#, "x".repeat(9000), &GOOD[1..]), 413),
        ("an array", format!("[{GOOD}]"), 400),
        ("depth 200", format!(r#"{{"redirect_uris":{nested}}}"#), 400),
        // What is not read is skipped, without recursion.
        ("depth 200 elsewhere", format!(r#"{{"jwks":{nested},{}"#, &GOOD[1..]), 201),
        ("a repeated key", format!(r#"{{"redirect_uris":[],{}"#, &GOOD[1..]), 400),
        (
            "a repeated name",
            format!(r#"{{"client_name":"a","client_name":"b",{}"#, &GOOD[1..]),
            400,
        ),
        ("600 characters", json!({"redirect_uris": [uri]}).to_string(), 400),
        ("no text", "\u{feff}".to_owned(), 400),
    ] {
        assert_eq!(register(&bed, body).await?.status(), status, "{what}");
    }
    let many: Vec<_> = (0..100).map(|port| format!("http://127.0.0.1:1/{port}")).collect();
    let body = json!({"redirect_uris": many, "client_name": "n".repeat(500)}).to_string();
    let answer: Value = register(&bed, body).await?.json().await?;
    assert_eq!(answer["redirect_uris"].as_array().unwrap().len(), 5);
    assert_eq!(answer["client_name"].as_str().unwrap().len(), 64);
    let form = fresh()?.post(bed.at("/register")).form(&[("redirect_uris", "x")]).send().await?;
    assert_eq!(form.status(), StatusCode::BAD_REQUEST);
    Ok(())
}

#[tokio::test]
async fn a_registration_gives_a_public_client_of_codes_whatever_it_asks_for() -> Result<()> {
    let bed = fleet().await?;
    let metadata = json!({
        "client_name": "Greedy",
        "redirect_uris": ["https://evil.example/cb", "http://127.0.0.1:1/cb", "javascript:alert(1)"],
        "client_secret": "canary",
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["client_credentials", "password", "implicit"],
        "response_types": ["token", "id_token"],
        "jwks_uri": "http://canary.example/jwks",
        "logo_uri": "http://canary.example/logo",
        "client_uri": "http://canary.example/",
        "sector_identifier_uri": "http://canary.example/",
        "software_statement": "canary",
        "scope": "admin canary",
    });
    let answer = register(&bed, metadata.to_string()).await?;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let text = answer.text().await?;
    assert!(!text.contains("canary") && !text.contains("secret"), "{text}");
    let answer: Value = serde_json::from_str(&text)?;
    assert_eq!(answer["redirect_uris"], json!(["http://127.0.0.1:1/cb"]));
    assert_eq!(answer["token_endpoint_auth_method"], "none");
    assert_eq!(answer["grant_types"], json!(["authorization_code", "refresh_token"]));
    assert_eq!(answer["response_types"], json!(["code"]));
    let none = json!({"redirect_uris": ["https://evil.example/cb"]}).to_string();
    let refused = register(&bed, none).await?;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(refused.json::<Value>().await?["error"], "invalid_redirect_uri");
    assert!(bed.exchange.log().all().is_empty());
    Ok(())
}
