//! The TLS listener, with certificates and keys from files.

mod clients;
mod handshakes;
mod headers;
mod names;
mod probe;
mod sessions;
mod site;
mod swaps;
mod upstreams;

use anyhow::Result;
use reqwest::{StatusCode, Version};
use serde_json::{Value, json};

use site::Site;

#[tokio::test]
async fn http_2_and_http_1_are_served_over_tls_with_hsts() -> Result<()> {
    let served = Site::start("both")?;
    for (client, version) in [
        (served.client()?.build()?, Version::HTTP_2),
        (served.client()?.http1_only().build()?, Version::HTTP_11),
    ] {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
        let refused = client.post(format!("{}/mcp", served.origin)).json(&call).send().await?;
        assert_eq!(refused.version(), version);
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        let hsts = refused.headers()["strict-transport-security"].to_str()?;
        assert!(hsts.starts_with("max-age="), "{hsts}");
    }
    Ok(())
}

#[tokio::test]
async fn the_documents_name_https_and_the_cookies_are_bound_to_the_host() -> Result<()> {
    let served = Site::start("documents")?;
    let client = served.client()?.build()?;
    let at = |path: &str| served.at(path);
    let well_known = at("/.well-known/oauth-authorization-server");
    let document: Value = client.get(well_known).send().await?.json().await?;
    assert_eq!(document["token_endpoint"], at("/token"));
    let redirect = "http://127.0.0.1:1/cb";
    let metadata = json!({"redirect_uris": [redirect]});
    let registered = client.post(at("/register")).json(&metadata).send().await?;
    let client_id = registered.json::<Value>().await?["client_id"].clone();
    let query = [
        ("response_type", "code"),
        ("client_id", client_id.as_str().unwrap()),
        ("redirect_uri", redirect),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ];
    let page = client.get(at("/authorize")).query(&query).send().await?;
    assert_eq!(page.status(), StatusCode::OK);
    let cookie = page.headers()["set-cookie"].to_str()?;
    assert!(cookie.starts_with("__Host-fmg-consent="), "{cookie}");
    for attribute in ["Secure", "HttpOnly", "Path=/", "SameSite=Lax"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    Ok(())
}
