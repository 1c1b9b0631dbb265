//! The gateways of a test bed: one, or several with one key ring behind a balancer.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use fhir_mcp_gateway::config::Config;
use fhir_mcp_gateway::{Gateway, Listeners, Queue, Running};

use crate::balancer::Balancer;
use crate::bed::{Records, Setup, listener};
use crate::clock::GatewayClock;
use crate::exchange::{FakeExchange, ManualClock};

/// One key of the ring, as `keys.ring` has it.
#[derive(Clone, Debug)]
pub struct RingEntry {
    /// 1 to 255.
    pub id: u8,
    /// `verify`, `active` or `retired`.
    pub state: &'static str,
    /// 32 bytes in base64.
    pub key: String,
}

/// What every gateway of a fleet needs beside its set-up.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) base_url: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) origin: String,
    pub(crate) core: SocketAddr,
    pub(crate) hop_key: String,
    pub(crate) clock: ManualClock,
    pub(crate) records: Records,
}

impl Surroundings {
    pub(crate) fn of(
        exchange: &FakeExchange,
        origin: String,
        core: (SocketAddr, String),
        clock: ManualClock,
    ) -> Self {
        Self {
            base_url: exchange.base_url(),
            client_id: exchange.client_id(),
            client_secret: exchange.client_secret(),
            origin,
            core: core.0,
            hop_key: core.1,
            clock,
            records: Records::default(),
        }
    }
}

/// The gateways.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) gateways: Vec<Running>,
    pub(crate) surroundings: Surroundings,
    /// Only where there are several.
    balancer: Option<Balancer>,
}

impl Fleet {
    /// Starts as many gateways as `setup` wants; `public` is where clients find them.
    pub(crate) fn start(
        public: TcpListener,
        setup: &Setup,
        surroundings: Surroundings,
    ) -> Result<Self> {
        if setup.replicas < 2 {
            let gateways = vec![gateway(public, setup, &surroundings)?];
            return Ok(Self { gateways, surroundings, balancer: None });
        }
        let gateways = (0..setup.replicas)
            .map(|_| gateway(listener()?, setup, &surroundings))
            .collect::<Result<Vec<_>>>()?;
        let targets = gateways.iter().filter_map(|one| one.public.first().copied()).collect();
        let balancer = Some(Balancer::start(public, targets)?);
        Ok(Self { gateways, surroundings, balancer })
    }

    /// Replaces one gateway by another with `setup`, as a rolling update does: the new one takes its
    /// place, the old one ends when its connections have.
    pub(crate) async fn replace(&mut self, replica: usize, setup: &Setup) -> Result<()> {
        let balancer = self.balancer.as_ref().context("a single gateway has no balancer")?;
        let place = self.gateways.get_mut(replica).context("no such replica")?;
        let old = std::mem::replace(place, gateway(listener()?, setup, &self.surroundings)?);
        let addresses = (old.public.first().copied(), place.public.first().copied());
        let (Some(from), Some(to)) = addresses else { anyhow::bail!("nobody listens") };
        ensure!(from != to, "the new gateway has an address of its own");
        balancer.replace(from, to);
        old.retreat();
        balancer.drained(from).await;
        old.shutdown().await;
        Ok(())
    }
}

fn gateway(public: TcpListener, setup: &Setup, surroundings: &Surroundings) -> Result<Running> {
    let yaml = yaml(setup, surroundings, public.local_addr()?);
    let environment = |name: &str| variable(setup, surroundings, name);
    let config = Config::parse(&yaml, &environment).with_context(|| yaml.clone())?;
    let clock = GatewayClock::over(&surroundings.clock);
    Ok(Gateway::build_over(config, Arc::new(clock), Arc::clone(&setup.network))?
        .audit_to(surroundings.records.clone())
        .start(Listeners { public: vec![public], admin: listener()?, queue: Queue::Shared })?)
}

/// What `{env: name}` stands for.
pub(crate) fn variable(setup: &Setup, surroundings: &Surroundings, name: &str) -> Option<String> {
    match name {
        "HOP_KEY" => Some(surroundings.hop_key.clone()),
        "CLIENT_SECRET" => Some(surroundings.client_secret.clone()),
        _ => {
            let id = name.strip_prefix("RING_KEY_")?;
            let entry = setup.ring.iter().find(|entry| entry.id.to_string() == id)?;
            Some(entry.key.clone())
        }
    }
}

/// `gateway.yaml` of one gateway.
pub(crate) fn yaml(setup: &Setup, surroundings: &Surroundings, address: SocketAddr) -> String {
    let Surroundings { base_url, client_id, origin, core, .. } = surroundings;
    let Setup { extra_yaml, limits, audience, backend, inside, deadlines, caps, .. } = setup;
    let trusted_proxies = &setup.trusted_proxies;
    let public_url = if setup.public_localhost {
        base_url.replace("127.0.0.1", "localhost")
    } else {
        base_url.clone()
    };
    let ring: Vec<String> = setup
        .ring
        .iter()
        .map(|RingEntry { id, state, .. }| {
            format!("{{id: {id}, state: {state}, key: {{env: RING_KEY_{id}}}}}")
        })
        .collect();
    let ring = ring.join(", ");
    let tls = setup.tls.as_ref().map(|[certificate, key]| {
        format!(", tls: {{certificate: {}, key: {}}}", certificate.display(), key.display())
    });
    let tls = tls.unwrap_or_default();
    let (core_tls, backend_lines) = (inside.core_line(), inside.backend_lines());
    let base_url = inside.backend.as_ref().unwrap_or(base_url);
    format!(
        "server:
  public_url: {origin}
  listeners: [{{address: \"{address}\"{tls}}}]
  admin: \"127.0.0.1:1\"
  deadlines: {deadlines}
  caps: {caps}
  trusted_proxies: {trusted_proxies}
keys:
  ring: [{ring}]
  hop: {{env: HOP_KEY}}
core: {{address: \"{core}\"{core_tls}}}
backend:
  name: {backend}
  profile: jhe
  base_url: {base_url}
  public_url: {public_url}
  client_id: {client_id}
  client_secret: {{env: CLIENT_SECRET}}
  scope: openid email
{backend_lines}  audience: {audience}
limits: {limits}
{extra_yaml}
"
    )
}
