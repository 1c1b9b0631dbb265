//! The attacks on the HTTP edge, over sockets that send any bytes. `docs/security-tests.md`, section
//! C, maps each attack to its tests.

mod answers;
mod corpus;
mod echoes;
pub(crate) mod floods;
pub(crate) mod h2;
mod hop;
mod pairs;
mod replacing;
mod requests;
mod restarts;
mod sizes;
mod slow;
mod smuggling;
mod streams;
mod unread;

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use futures::future::join_all;
use testbed::raw::{self, Heard};
use testbed::scripted_core::ScriptedCore;
use testbed::{Behind, Setup, TestBed};
use url::Url;

/// Stands in what is sent, and must stand in no answer.
const CANARY: &str = "canary7f3a";

/// Gateways with deadlines short enough to be waited for, and a core that keeps what it is sent.
struct Site {
    bed: TestBed,
    core: ScriptedCore,
    host: String,
    address: SocketAddr,
    token: String,
}

impl Site {
    async fn start() -> Result<Self> {
        Self::start_with(Setup { replicas: 3, ..Setup::default() }).await
    }

    async fn start_with(setup: Setup) -> Result<Self> {
        let core = ScriptedCore::start().await?;
        let deadlines = match setup.deadlines.as_str() {
            "{}" => "{header: 1s, body: 1s, body_start: 500ms, idle: 300ms, write: 2s}".to_owned(),
            _ => setup.deadlines.clone(),
        };
        let setup = Setup { behind: Behind::At(core.address), deadlines, ..setup };
        let bed = TestBed::start_with(setup).await?;
        let url: Url = bed.origin().parse()?;
        let port = url.port().context("a port")?;
        let host = format!("{}:{port}", url.host_str().context("a host")?);
        let token = super::attacks::minted(&bed, "manager_mary")?;
        Ok(Self { bed, core, host, address: SocketAddr::from(([127, 0, 0, 1], port)), token })
    }

    /// The fields of a call that is right but for its framing.
    fn fields(&self) -> String {
        let Self { host, token, .. } = self;
        format!(
            "Host: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-06-18\r\n\
             X-Canary: {CANARY}\r\n"
        )
    }

    /// A whole and proper call with this id.
    fn call(&self, id: usize) -> String {
        let body = body(id);
        let fields = self.fields();
        format!("POST /mcp HTTP/1.1\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
    }

    /// How often core was sent a call with this id.
    fn reached_core(&self, id: usize) -> usize {
        self.core.sent().iter().filter(|sent| sent.body.get("id") == Some(&id.into())).count()
    }
}

fn body(id: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/list"}}"#)
}

/// The refusals of many requests, all over connections of their own.
async fn refusals(site: &Site, requests: &[String]) -> Result<Vec<Heard>> {
    let heard = requests.iter().map(|request| raw::exchange(site.address, request.as_bytes()));
    let heard: Vec<Heard> = join_all(heard).await.into_iter().collect::<Result<_>>()?;
    for (one, request) in heard.iter().zip(requests) {
        assert!(!one.text.contains(CANARY), "echo of {request:?}: {}", one.text);
        assert!(!one.text.contains("evil"), "echo of {request:?}: {}", one.text);
        assert!(one.text.len() < 2048, "a short answer to {request:?}");
    }
    Ok(heard)
}
