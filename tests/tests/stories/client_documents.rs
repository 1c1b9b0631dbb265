//! Clients that need no registration: named by the operator, or described by a document.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::{Value, json};
use testbed::TestBed;
use testbed::bed::Setup;
use testbed::exchange::login::Browser;
use testbed::login::{Login, REDIRECT, tokens};
use testbed::mcp::{Era, Mcp};

const DOCUMENT: &str = "https://claude.ai/oauth/story-client";

/// A document as a file, under a name of the story's own.
fn copy(story: &str) -> Result<PathBuf> {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{story}.json"));
    let document = json!({
        "client_id": DOCUMENT,
        "client_name": "Documented",
        // Without the port, as documents list it.
        "redirect_uris": ["http://127.0.0.1/callback", "https://evil.example/cb"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
    });
    std::fs::write(&file, document.to_string())?;
    Ok(file)
}

async fn bed(story: &str) -> Result<TestBed> {
    let file = copy(story)?;
    let extra_yaml = format!(
        "clients:
  registered: [{{id: named, name: Named, redirect_uris: [\"http://127.0.0.1/callback\"]}}]
  document_pins: [{{url: \"{DOCUMENT}\", file: \"{}\"}}]",
        file.display()
    );
    TestBed::start_with(Setup { extra_yaml, ..Setup::default() }).await
}

async fn client(bed: &TestBed, id: &str) -> Result<Login> {
    let mut login = Login::register(bed).await?;
    id.clone_into(&mut login.client_id);
    Ok(login)
}

#[tokio::test]
async fn a_named_and_a_documented_client_log_in_refresh_and_are_answered() -> Result<()> {
    let bed = bed("log_in").await?;
    let mcp = Mcp::of(&bed, Era::Modern);
    for id in ["named", DOCUMENT] {
        let login = client(&bed, id).await?;
        let held = login.log_in("manager_mary").await?;
        let again = tokens(login.refresh(&held.refresh).await?).await?;
        let answer = mcp.call(&again.access, "get_study_count", json!({})).await?;
        assert_eq!(answer.content()?["count"], 3, "{id}");
    }
    Ok(())
}

#[tokio::test]
async fn every_login_of_a_known_client_asks_too_and_names_it() -> Result<()> {
    let bed = bed("asks").await?;
    for (id, name) in [("named", "Named"), (DOCUMENT, "Documented")] {
        let login = client(&bed, id).await?;
        let page = Browser::plain()?.open(&login.authorize_url(&[])?).await?;
        assert_eq!(page.status, 200);
        assert!(page.text.contains(name), "{id}");
    }
    Ok(())
}

/// The page without what differs from one run to the next: the Exchange's port, and what is sealed.
fn settled(page: &str, bed: &TestBed) -> String {
    let exchange = bed.exchange.base_url();
    let authority = exchange.trim_start_matches("http://").trim_end_matches('/');
    let page = page.replace(authority, "jhe.example.org");
    let (before, sealed) = page.split_once("name=\"request\" value=\"").unwrap();
    let (_, after) = sealed.split_once('"').unwrap();
    format!("{before}name=\"request\" value=\"…\"{after}")
}

#[tokio::test]
async fn the_consent_page_of_each_kind_of_client_is_that_of_the_snapshot() -> Result<()> {
    let bed = bed("pages").await?;
    let registered = Login::register(&bed).await?;
    for (kind, id) in [
        ("registered", registered.client_id.as_str()),
        ("named", "named"),
        ("documented", DOCUMENT),
    ] {
        let login = client(&bed, id).await?;
        let page = Browser::plain()?.open(&login.authorize_url(&[])?).await?;
        assert_eq!(page.status, 200, "{kind}");
        insta::assert_snapshot!(format!("consent_{kind}"), settled(&page.text, &bed));
    }
    Ok(())
}

#[tokio::test]
async fn a_known_client_returns_only_to_its_own_uris() -> Result<()> {
    let bed = bed("returns").await?;
    for id in ["named", DOCUMENT] {
        let login = client(&bed, id).await?;
        for other in ["http://127.0.0.1:33418/other", "https://evil.example/cb", "http://[::1]/"] {
            let url = login.authorize_url(&[("redirect_uri", other)])?;
            let page = Browser::plain()?.open(&url).await?;
            assert_eq!(page.status, 400, "{id} {other}");
            assert_eq!(page.location, None, "nobody is redirected");
        }
    }
    Ok(())
}

#[tokio::test]
async fn documents_are_announced_where_there_is_a_copy_and_else_are_not() -> Result<()> {
    let announced = async |bed: &TestBed| -> Result<Value> {
        let url = bed.at("/.well-known/oauth-authorization-server");
        let server: Value = reqwest::get(url).await?.json().await?;
        Ok(server["client_id_metadata_document_supported"].clone())
    };
    assert_eq!(announced(&bed("announced").await?).await?, true);
    assert_eq!(announced(&TestBed::start().await?).await?, Value::Null);
    Ok(())
}

#[tokio::test]
async fn one_clients_code_and_refresh_token_are_no_use_to_the_other() -> Result<()> {
    let bed = bed("bound").await?;
    let (named, documented) = (client(&bed, "named").await?, client(&bed, DOCUMENT).await?);
    let code = named.code(&mut Browser::plain()?, "manager_mary", "").await?;
    let refused = documented.redeem(&code, &[("redirect_uri", REDIRECT)]).await?;
    assert_eq!(refused.json::<Value>().await?["error"], "invalid_grant");
    let held = tokens(named.redeem(&code, &[]).await?).await?;
    let refused = documented.refresh(&held.refresh).await?;
    assert_eq!(refused.json::<Value>().await?["error"], "invalid_grant");
    Ok(())
}

#[tokio::test]
async fn a_client_that_nobody_knows_is_told_to_register_and_a_known_one_to_log_in() -> Result<()> {
    let bed = bed("unknown").await?;
    let told = [("named", 400), (DOCUMENT, 400), ("https://claude.ai/other", 401), ("gone", 401)];
    for (id, status) in told {
        let refused = client(&bed, id).await?.refresh("fmgr1_garbage").await?;
        assert_eq!(refused.status(), status, "{id}");
        let error = if status == 401 { "invalid_client" } else { "invalid_grant" };
        assert_eq!(refused.json::<Value>().await?["error"], error, "{id}");
    }
    Ok(())
}
