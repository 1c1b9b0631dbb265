//! The files that both programs are started with: configurations, secrets, a certificate.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;

use crate::bed::random_key;
use crate::exchange::FakeExchange;

/// What a story may want otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// Which program is the gateway.
    pub program: &'static str,
    /// Whether clients come by https, to `localhost`.
    pub tls: bool,
    /// `server.deadlines`.
    pub deadlines: &'w str,
    /// What follows `gateway.yaml`: sections that it does not have.
    pub extra: &'w str,
}

impl Default for Wanted<'_> {
    fn default() -> Self {
        Self {
            program: "fhir-mcp-gateway",
            tls: false,
            deadlines: "{close_delay: 10ms}",
            extra: "",
        }
    }
}

impl Wanted<'_> {
    /// The gateway's public origin at this address.
    pub(crate) fn origin(&self, address: SocketAddr) -> String {
        if self.tls {
            format!("https://localhost:{}", address.port())
        } else {
            format!("http://{address}")
        }
    }
}

/// Where the gateway, core, and the admin listener of each are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) gateway: SocketAddr,
    pub(crate) core: SocketAddr,
    pub(crate) admins: [SocketAddr; 2],
}

/// Writes all files of both programs into `folder`. The certificate is in PEM, and empty without TLS.
pub(crate) fn write(
    folder: &Path,
    wanted: &Wanted<'_>,
    exchange: &FakeExchange,
    addresses: Addresses,
    told: &str,
) -> Result<String> {
    for (file, text) in [
        ("ring", random_key()),
        ("hop", random_key()),
        ("audit-key", random_key()),
        ("client-secret", exchange.client_secret()),
        ("gateway.yaml", gateway_yaml(wanted, exchange, addresses, told)),
        ("mcp-core.yaml", core_yaml(addresses, told)),
    ] {
        fs::write(folder.join(file), text)?;
    }
    if !wanted.tls {
        return Ok(String::new());
    }
    let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    fs::write(folder.join("tls.crt"), issued.cert.pem())?;
    fs::write(folder.join("tls.key"), issued.signing_key.serialize_pem())?;
    Ok(issued.cert.pem())
}

fn core_yaml(Addresses { core, admins: [_, admin], .. }: Addresses, told: &str) -> String {
    format!(
        "listen: \"{core}\"\nadmin: \"{admin}\"\nhop_key: {{file: hop}}\nclose_delay: 10ms\n{told}"
    )
}

fn gateway_yaml(
    wanted: &Wanted<'_>,
    exchange: &FakeExchange,
    Addresses { gateway, core, admins: [admin, _] }: Addresses,
    told: &str,
) -> String {
    let (base, client_id) = (exchange.base_url(), exchange.client_id());
    let Wanted { deadlines, extra, .. } = wanted;
    let tls = if wanted.tls { ", tls: {certificate: tls.crt, key: tls.key}" } else { "" };
    let origin = wanted.origin(gateway);
    format!(
        "server:
  public_url: {origin}
  listeners: [{{address: \"{gateway}\"{tls}}}]
  admin: \"{admin}\"
  deadlines: {deadlines}
  caps: {{connections_per_address: 10000}}
  reload: {{poll: \"off\"}}
keys:
  ring: [{{id: 1, state: active, key: {{file: ring}}}}]
  hop: {{file: hop}}
core: {{address: \"{core}\"}}
backend:
  name: jhe
  profile: jhe
  base_url: {base}
  client_id: {client_id}
  client_secret: {{file: client-secret}}
  scope: openid email
  audience: {{own_client: true}}
limits: {{calls_per_minute: 60000, burst: 10000, concurrent_calls: 1000}}
{told}{extra}
"
    )
}
