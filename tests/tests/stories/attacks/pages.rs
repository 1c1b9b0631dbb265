//! A06 to A09, A39: what the pages and documents show, and to whom.

use anyhow::Result;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use testbed::exchange::login::Page;
use testbed::login::REDIRECT;
use testbed::{Setup, TestBed};

use super::{browser, client, fleet, fleet_with, fresh};

const WEB: &str = "https://claude.ai/api/mcp/auth_callback";
const APP: &str = "cursor://anysphere.cursor-mcp/oauth/callback";

/// A bed whose operator lets one web client and one app in.
async fn permissive() -> Result<TestBed> {
    let clients = format!(
        "clients: {{allowed_redirect_hosts: [claude.ai], allowed_redirect_uris: [\"{APP}\"]}}"
    );
    fleet_with(Setup { extra_yaml: clients, ..Setup::default() }).await
}

/// The consent page of a client that registers under this name.
async fn consent(bed: &TestBed, name: &str, redirect: &str) -> Result<Page> {
    let metadata = json!({"client_name": name, "redirect_uris": [redirect]});
    let answer = fresh()?.post(bed.at("/register")).json(&metadata).send().await?;
    let id: Value = answer.json().await?;
    let id = id.get("client_id").and_then(Value::as_str).unwrap_or_default();
    let changes = [("client_id", id), ("redirect_uri", redirect)];
    browser()?.open(&client(bed).await?.authorize_url(&changes)?).await
}

fn policy(headers: &HeaderMap) -> Vec<String> {
    let policies: Vec<_> = headers.get_all("content-security-policy").iter().collect();
    assert_eq!(policies.len(), 1, "one policy");
    let policy = policies.first().unwrap().to_str().unwrap();
    policy.split(';').map(|directive| directive.trim().to_owned()).collect()
}

fn form_action(page: &Page) -> String {
    let action = policy(&page.headers).into_iter().find(|d| d.starts_with("form-action "));
    action.unwrap_or_default()
}

#[tokio::test]
async fn no_page_lets_itself_be_framed() -> Result<()> {
    let bed = fleet().await?;
    let http = fresh()?;
    let login = client(&bed).await?;
    for (request, status) in [
        (http.get(bed.at("/")), 200),
        (http.get(login.authorize_url(&[])?), 200),
        (http.get(bed.at("/authorize")), 400),
        (http.get(bed.at("/oauth/callback?state=x")), 400),
        (http.post(bed.at("/authorize")).form(&[("decision", "approve")]), 403),
    ] {
        let page = request.send().await?;
        assert_eq!(page.status(), status);
        assert!(page.headers()["content-type"].to_str()?.starts_with("text/html"));
        assert_eq!(page.headers()["x-frame-options"], "DENY");
        let directives = policy(page.headers());
        assert!(directives.iter().any(|d| d == "frame-ancestors 'none'"), "{directives:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_a_client_says_of_itself_stays_text() -> Result<()> {
    let bed = fleet().await?;
    let name = "</title><script>alert(1)</script>\u{202e}\u{200b}\u{0}\"'>";
    let redirect = "http://127.0.0.1:1/cb'-alert(1)-'";
    let page = consent(&bed, name, redirect).await?;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<title>Allow access to health data?</title>"));
    assert_eq!(page.text.matches("</title>").count(), 1, "the title is ours");
    assert!(!page.text.contains("<script"), "no element of a client's");
    assert!(!page.text.contains(['\u{202e}', '\u{200b}', '\u{0}']), "nothing unseen");
    let directives = policy(&page.headers);
    assert!(directives.iter().any(|d| d == "default-src 'none'"), "{directives:?}");
    assert!(!directives.iter().any(|d| d.starts_with("script-src")), "{directives:?}");
    assert!(!directives.iter().any(|d| d.contains("unsafe")), "{directives:?}");
    Ok(())
}

#[tokio::test]
async fn the_form_may_lead_to_us_the_backend_and_this_client_only() -> Result<()> {
    let bed = permissive().await?;
    let backend = bed.exchange.base_url();
    for (redirect, source) in [
        ("http://127.0.0.1:33418/cb?x=1", "http://127.0.0.1:33418"),
        (WEB, "https://claude.ai"),
        (APP, "cursor:"),
    ] {
        let page = consent(&bed, "Client", redirect).await?;
        assert_eq!(form_action(&page), format!("form-action 'self' {backend} {source}"));
    }
    // The port is the one of this login, not the registered one.
    let moved =
        client(&bed).await?.authorize_url(&[("redirect_uri", &REDIRECT.replace("33418", "4"))])?;
    let page = browser()?.open(&moved).await?;
    assert!(form_action(&page).ends_with(" http://127.0.0.1:4"), "{}", form_action(&page));
    Ok(())
}

#[tokio::test]
async fn a_borrowed_name_does_not_hide_where_the_answer_goes() -> Result<()> {
    let bed = permissive().await?;
    for (redirect, destination, is_loopback) in [
        (REDIRECT, "a program on this computer (127.0.0.1)", true),
        (WEB, "claude.ai", false),
        (APP, APP, false),
    ] {
        let page = consent(&bed, "Claude", redirect).await?;
        let strong = format!("<strong class=\"destination\">{destination}</strong>");
        assert!(page.text.contains(&strong), "{}", page.text);
        assert!(page.text.contains("nobody has checked it"), "the name is the program's own");
        let warning = "<p class=\"warn\">Any program on this computer can use this name";
        assert_eq!(page.text.contains(warning), is_loopback);
        assert_eq!(page.text.matches("class=\"warn\"").count(), 2, "unverified, and where it goes");
    }
    let refused = fresh()?
        .post(bed.at("/register"))
        .json(&json!({"client_name": "Claude", "redirect_uris": ["https://evil.example/cb"]}));
    assert_eq!(refused.send().await?.status(), 400, "another host has no page at all");
    Ok(())
}

#[tokio::test]
async fn no_document_believes_the_host_header() -> Result<()> {
    let bed = fleet().await?;
    for path in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-protected-resource",
        "/",
        "/mcp",
    ] {
        let asked = fresh()?.get(bed.at(path)).header("host", "evil.example").send().await?;
        assert_eq!(asked.status(), 421, "{path}");
        let headers = format!("{:?}", asked.headers());
        assert!(!headers.contains("evil") && !asked.text().await?.contains("evil"), "{path}");
        for hint in ["x-forwarded-host", "forwarded", "x-original-host"] {
            let value = if hint == "forwarded" { "host=evil.example" } else { "evil.example" };
            let asked = fresh()?.get(bed.at(path)).header(hint, value).send().await?;
            assert!(!asked.text().await?.contains("evil"), "{path} {hint}");
        }
    }
    Ok(())
}
