//! The TLS listener, with a certificate and key from files.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use fhir_mcp_gateway::clock::SystemClock;
use fhir_mcp_gateway::config::Config;
use fhir_mcp_gateway::{Gateway, Listeners, Running};
use reqwest::{Certificate, Client, StatusCode, Version};
use serde_json::{Value, json};
use testbed::bed::random_key;

/// A gateway that nobody stands behind: enough for handshakes, headers and refusals.
struct Served {
    _running: Running,
    origin: String,
    root: Certificate,
}

fn serve(name: &str) -> Result<Served> {
    let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (certificate, key) =
        (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")));
    std::fs::write(&certificate, issued.cert.pem())?;
    std::fs::write(&key, issued.signing_key.serialize_pem())?;
    let public = fhir_mcp_core::http::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?.into_std()?;
    let admin = fhir_mcp_core::http::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?.into_std()?;
    let address = public.local_addr()?;
    let origin = format!("https://localhost:{}", address.port());
    let yaml = format!(
        "server:
  public_url: {origin}
  listeners: [{{address: \"{address}\", tls: {{certificate: {}, key: {}}}}}]
  admin: \"127.0.0.1:1\"
keys:
  ring: [{{id: 1, state: active, key: {{env: RING_KEY}}}}]
  hop: {{env: HOP_KEY}}
core: {{address: \"127.0.0.1:1\"}}
backend:
  name: jhe
  profile: jhe
  base_url: https://jhe.example.org
  client_id: gateway
  audience: {{own_client: true}}
",
        certificate.display(),
        key.display()
    );
    let config = Config::parse(&yaml, &|_| Some(random_key()))?;
    let running = Gateway::build(config, Arc::new(SystemClock::start()))?
        .audit_to(std::io::sink())
        .start(Listeners { public: vec![public], admin })?;
    let root = Certificate::from_pem(issued.cert.pem().as_bytes())?;
    Ok(Served { _running: running, origin, root })
}

#[tokio::test]
async fn http_2_and_http_1_are_served_over_tls_with_hsts() -> Result<()> {
    let served = serve("both")?;
    let trusting = || Client::builder().tls_certs_only([served.root.clone()]);
    for (client, version) in [
        (trusting().build()?, Version::HTTP_2),
        (trusting().http1_only().build()?, Version::HTTP_11),
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
    let served = serve("documents")?;
    let client = Client::builder().tls_certs_only([served.root.clone()]).build()?;
    let at = |path: &str| format!("{}{path}", served.origin);
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

#[tokio::test]
async fn plain_http_on_the_tls_port_gets_no_answer() -> Result<()> {
    let served = serve("plain")?;
    let plain = served.origin.replace("https://", "http://");
    assert!(Client::new().get(format!("{plain}/health")).send().await.is_err());
    Ok(())
}
