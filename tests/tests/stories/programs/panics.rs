//! F01, F06, F09 in a process of its own: a panic in any phase of a request is told by its place, its
//! words stand nowhere, and the requests of others go on.

use std::path::Path;

use anyhow::Result;
use serde_json::json;
use testbed::login::Login;
use testbed::mcp::{Era, Mcp};
use testbed::programs::{Programs, Wanted};
use url::Url;

use super::AUDIT;

#[tokio::test]
#[ignore = "real programs: make test-records"]
async fn a_panic_in_any_phase_is_told_by_its_place_and_its_words_stand_nowhere() -> Result<()> {
    let hosts = "[claude.ai, asked.example, answered.example, recorded.example]";
    let extra = format!("clients: {{document_hosts: {hosts}}}\n{AUDIT}");
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let wanted = Wanted { program: "panicking", extra: &extra, ..Wanted::default() };
    let mut programs = Programs::start_with(parent, "panicking", wanted).await?;
    let login = Login::register_at(&programs.origin()).await?;
    let token = login.log_in("manager_mary").await?.access;
    let mcp = Mcp::at(format!("{}/mcp", programs.origin()), reqwest::Client::new(), Era::Modern);
    let http = reqwest::Client::new();
    let ask_at = async |host: &str| -> Result<u16> {
        let client = format!("https://{host}/client");
        let url: Url = login.authorize_url(&[("client_id", &client)])?;
        let answer = http.get(url).send().await?;
        let status = answer.status().as_u16();
        assert!(!answer.text().await?.contains("CANARY"), "{host}");
        Ok(status)
    };
    assert_eq!(ask_at("claude.ai").await?, 500);
    for host in ["asked.example", "answered.example", "recorded.example"] {
        ask_at(host).await?;
        // Whatever becomes of the one that it hits, the next one is served.
        if let Ok(hit) = mcp.call(&token, "list_studies", json!({})).await {
            assert!(!format!("{hit:?}").contains("CANARY"), "{host}");
        }
        assert_eq!(mcp.call(&token, "list_studies", json!({})).await?.status, 200, "{host}");
    }
    let shown = programs.shown().await?;
    assert!(programs.signal("TERM")?.success(), "{}", programs.written()?);
    let written = programs.written()?;
    assert!(written.matches("\"panicked\"").count() >= 4, "{written}");
    let trails = [programs.text("audit.jsonl")?, programs.text("audit.ndjson")?].concat();
    assert!(trails.contains("\"reason\":\"internal\""));
    for text in [written, shown, trails, programs.collector.text()] {
        assert!(!text.contains("CANARY"), "{text}");
    }
    Ok(())
}
