//! `make run`: both programs and a stand-in Exchange on loopback, and what to do with them.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use fhir_mcp_core::config::{BackendLimits, Config as CoreConfig};
use fhir_mcp_core::{Core, Ending};
use fhir_mcp_gateway::clock::SystemClock;
use fhir_mcp_gateway::config::Config as GatewayConfig;
use fhir_mcp_gateway::{Gateway, Listeners, Queue};
use jiff::Timestamp;
use testbed::bed::random_key;
use testbed::exchange::{FakeExchange, NATIVE_CLIENT, Options, PASSWORD, system_clock};
use tokio::signal::unix::{SignalKind, signal};

/// Where the demo is found, always: clients remember it.
const GATEWAY: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8400);
const ADMIN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9100);

#[tokio::main]
async fn main() -> Result<()> {
    // Another part may have installed it; there is only this one.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let gateway = bind(GATEWAY)?;
    let admin = bind(ADMIN)?;
    let options = Options { clock: system_clock(), anchor: Timestamp::now(), ..Options::default() };
    let exchange = FakeExchange::start(options).await?;
    exchange.allow_redirect(&format!("http://{GATEWAY}/oauth/callback"));
    let hop_key = random_key();
    let ending = Ending::default();
    let tools = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let yaml = yaml(&exchange, tools.local_addr()?);
    let core = Core::new(CoreConfig {
        listen: tools.local_addr()?,
        listen_tls: None,
        admin: SocketAddr::from(([127, 0, 0, 1], 0)),
        hop_key: authz::keyring::SecretKey::from_base64(&hop_key)?,
        profiles: None,
        backend: BackendLimits::default(),
        close_delay: Duration::ZERO,
        authority: None,
        collector: None,
    })?;
    let core = tokio::spawn(core.serve(tools, None, ending.clone()));
    let config = GatewayConfig::parse(&yaml, &|name| match name {
        "RING_KEY" => Some(random_key()),
        "HOP_KEY" => Some(hop_key.clone()),
        "CLIENT_SECRET" => Some(exchange.client_secret()),
        _ => None,
    })?;
    let running = Gateway::build(config, Arc::new(SystemClock::start()))?
        .audit_to(std::io::sink())
        .start(Listeners { public: vec![gateway], admin, queue: Queue::Shared })?;
    write!(std::io::stdout(), "{}", welcome(&exchange.base_url()))?;
    std::io::stdout().flush()?;
    wait().await?;
    writeln!(std::io::stdout(), "\nStopping.")?;
    running.shutdown().await;
    ending.close();
    core.await?
}

async fn wait() -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).with_context(|| {
        format!("cannot listen on {address}; is another demo running? Stop it and try again")
    })
}

fn yaml(exchange: &FakeExchange, core: SocketAddr) -> String {
    let (base, client_id) = (exchange.base_url(), exchange.client_id());
    format!(
        "server:
  public_url: http://{GATEWAY}
  allowed_hosts: [\"localhost:{port}\"]
  listeners: [{{address: \"{GATEWAY}\"}}]
  admin: \"{ADMIN}\"
keys:
  ring: [{{id: 1, state: active, key: {{env: RING_KEY}}}}]
  hop: {{env: HOP_KEY}}
core: {{address: \"{core}\"}}
backend:
  name: demo
  profile: jhe
  base_url: {base}
  client_id: {client_id}
  client_secret: {{env: CLIENT_SECRET}}
  scope: openid email
  audience: {{own_client: true}}
limits:
  calls_per_minute: 6000
  burst: 600
  per_address: {{register: 600, authorize: 600, token: 600}}
",
        port = GATEWAY.port(),
    )
}

fn welcome(exchange: &str) -> String {
    format!(
        r#"
fhir-mcp-gateway is running on this computer, in front of a stand-in Exchange with synthetic people.

  URL for any MCP client   http://{GATEWAY}/mcp
  A page for people        http://{GATEWAY}/
  Metrics                  http://{ADMIN}/metrics

Log in as one of these; the password is always   {PASSWORD}

  manager_mary@example.com       three studies, 22 patients, 45,305 observations
  three_org_tom@example.com      four studies
  ll_patient_peter@example.com   a patient: sees their own data only

Claude Code:
  claude mcp add --transport http health http://{GATEWAY}/mcp
  claude mcp login health

Gemini CLI, in ~/.gemini/settings.json:
  {{"mcpServers": {{"health": {{"httpUrl": "http://{GATEWAY}/mcp"}}}}}}

A client that speaks stdio only:
  {{"mcpServers": {{"health": {{"command": "npx", "args": ["-y", "mcp-remote", "http://{GATEWAY}/mcp", "--allow-http"]}}}}}}

One person without a gateway, logged in at the stand-in Exchange itself (from this folder):
  claude mcp add health-stdio -- cargo run --quiet --package fhir-mcp-core -- stdio --backend {exchange} --client-id {NATIVE_CLIENT} --allow-plain-loopback

Ask first:
  Which studies can I see?
  Who takes part in the CGM & Wearables Demo, and how many readings does each have?
  Show me the blood pressure readings of patient 40001.
  How was the time in range of patient 40006 in the last fortnight? They live in Berlin. Draw it.

Ctrl-C ends it.
"#
    )
}
