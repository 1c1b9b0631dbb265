//! Whether mcp-core is there, refuses strangers, and opens what we seal.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use authz::hop::{self, HopBackend, HopSealer};
use authz::ids::RequestId;
use authz::metadata::MCP_PATH;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use rand::RngExt as _;

use super::finding::{Check, Finding};
use super::reach::{self, Dial, Lookup};
use super::wire::{Answer, Got, NoAnswer, Wire};
use crate::BuildError;
use crate::clock::Clock;
use crate::config::Config;
use crate::shared;

/// Asks for nothing; answered by every MCP server.
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
/// Core believes a hop for half a minute.
const BELIEVED_SECONDS: u64 = 30;
const DEADLINE: Duration = Duration::from_secs(5);

/// The way to core, and the hop.
pub(super) async fn examine(
    clock: &Arc<dyn Clock>,
    config: &Config,
) -> Result<[Finding; 2], BuildError> {
    let place = &config.core.address;
    let addresses = match reach::look_up(place, DEADLINE).await {
        Lookup::Found(addresses) => addresses,
        Lookup::Nothing | Lookup::Late => {
            let seen = format!("the name in {place} has no address");
            let advice = "Correct core.address, or the DNS that this machine (or pod) uses.";
            return Ok([Finding::fail(Check::CoreConnect, seen, advice), unreachable()]);
        }
    };
    let reached = reach::dial(&addresses, DEADLINE).await;
    let connect = reach::judge_dial(Check::CoreConnect, place, reached);
    if reached != Dial::Connected {
        return Ok([connect, unreachable()]);
    }
    let wire = wire(clock, config, &addresses)?;
    let stranger = ask(&wire, config, None).await;
    let ours = ask(&wire, config, Some(sealed(&wire, config))).await;
    Ok([connect, judge(&stranger, &ours)])
}

/// As the gateway connects: where core has a certificate, the name in it is the one that counts.
fn wire(
    clock: &Arc<dyn Clock>,
    config: &Config,
    addresses: &[SocketAddr],
) -> Result<Wire, BuildError> {
    let tls = config.core.tls.as_ref();
    let builder = shared::http_builder(tls.and_then(|tls| tls.authority.as_ref()))?;
    let builder = match tls {
        None => builder,
        Some(tls) => builder.resolve_to_addrs(&tls.name, addresses),
    };
    let http = builder.build().map_err(BuildError::Http)?;
    Ok(Wire { http, clock: Arc::clone(clock) })
}

/// Where the tools are.
fn url(config: &Config) -> String {
    let address = &config.core.address;
    match (&config.core.tls, address.rsplit_once(':')) {
        (Some(tls), Some((_, port))) => format!("https://{}:{port}{MCP_PATH}", tls.name),
        _ => format!("http://{address}{MCP_PATH}"),
    }
}

fn unreachable() -> Finding {
    Finding::skipped(Check::CoreHop, "mcp-core cannot be reached", "Mend `core_connect` first.")
}

/// A caller who is nobody, for the body that is sent.
fn sealed(wire: &Wire, config: &Config) -> String {
    let backend = &config.backend;
    let backend = HopBackend {
        name: backend.name.clone(),
        profile: backend.profile.clone(),
        base_url: backend.base_url.clone(),
    };
    let id = RequestId::from_random(rand::rng().random());
    let sealer = HopSealer::new(config.keys.hop().clone());
    sealer.seal_nobody((backend, id), PING.as_bytes(), wire.clock.now(), &mut rand::rng())
}

async fn ask(wire: &Wire, config: &Config, hop: Option<String>) -> Answer {
    let mut request = wire.http.post(url(config)).timeout(DEADLINE).body(PING);
    request = request.header(HOST, hop::HOST).header(CONTENT_TYPE, "application/json");
    request = request.header(ACCEPT, "application/json, text/event-stream");
    if let Some(hop) = hop {
        request = request.header(hop::HEADER, hop);
    }
    wire.ask(request).await
}

/// What core makes of a request without a hop, and of one with ours.
fn judge(stranger: &Answer, ours: &Answer) -> Finding {
    let check = Check::CoreHop;
    if let Answer::None(NoAnswer::Untrusted(_)) = ours {
        return Finding::fail(
            check,
            "mcp-core's certificate is not believed",
            "Compare core.tls.authority and core.tls.name with listen_tls in mcp-core.yaml.",
        );
    }
    let (Answer::Got(stranger), Answer::Got(ours)) = (stranger, ours) else {
        return Finding::fail(
            check,
            "what listens at core.address does not speak HTTP, or not in time",
            "Is it the port of fhir-mcp-core's `listen`, and not another program's? Do both sides \
             agree on TLS (core.tls here, listen_tls in mcp-core.yaml)?",
        );
    };
    match (stranger.status, ours.status) {
        (401, 401) => refused(ours),
        (401, 200..=299) => Finding::ok(check, "mcp-core opens our hop, and nobody else's"),
        (200..=299, _) => Finding::fail(
            check,
            "what listens at core.address answers without a hop",
            "This is not fhir-mcp-core, or not its tool port: correct core.address.",
        ),
        (_, status) => Finding::fail(
            check,
            format!("what listens at core.address answers with status {status}"),
            "Is it fhir-mcp-core, of the same version as this gateway?",
        ),
    }
}

/// The seal did not open: another key, or another time.
fn refused(ours: &Got) -> Finding {
    let apart = ours.clocks.map(|(core, we)| core.until(we).max(we.until(core)).as_secs());
    if apart.is_some_and(|apart| apart >= BELIEVED_SECONDS) {
        return Finding::fail(
            Check::CoreHop,
            "mcp-core's clock and ours are further apart than a hop lasts (30 s)",
            "Let both machines follow a time server (NTP).",
        );
    }
    Finding::fail(
        Check::CoreHop,
        "mcp-core does not open our hop: it holds another hop key",
        "Give keys.hop here and hop_key of mcp-core.yaml the same key; after a change, restart \
         mcp-core.",
    )
}

#[cfg(test)]
mod tests {
    use authz::time::Timestamp;

    use super::*;

    fn got(status: u16, apart: u64) -> Answer {
        let ours = Timestamp::from_unix_seconds(1_800_000_000);
        let clocks = Some((ours.plus(Duration::from_secs(apart)), ours));
        Answer::Got(Got { status, clocks, ..Got::default() })
    }

    #[test]
    fn another_key_another_clock_and_another_program_are_told_apart() {
        let seen = |stranger, ours, apart| judge(&got(stranger, 0), &got(ours, apart)).seen;
        assert!(seen(401, 200, 0).contains("opens our hop"));
        assert!(seen(401, 401, 29).contains("another hop key"));
        assert!(seen(401, 401, 30).contains("clock"));
        assert!(seen(200, 200, 0).contains("without a hop"));
        assert!(seen(404, 404, 0).contains("status 404"));
    }
}
