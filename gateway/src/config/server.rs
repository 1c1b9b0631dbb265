//! The section `server`: where we listen, who we say we are, and what we allow at the edge.

use std::net::SocketAddr;
use std::time::Duration;

use authz::client_address::{Cidr, InvalidCidr, TrustedProxies};
use serde::{Serialize, Serializer};
use url::Url;
use yaml_serde::Value;

use super::reload::{self, Reload};
use super::section::Section;
use super::tls::{self, Tls};
use super::values;

/// The section `server`.
#[derive(Clone, Debug, Serialize)]
pub struct Server {
    /// The origin under which the world reaches us; issuer and resource derive from it.
    pub public_url: Url,
    /// The public listeners.
    pub listeners: Vec<Listener>,
    /// Where metrics and probes are served.
    pub admin: SocketAddr,
    /// Authorities accepted in `Host`, beside that of `public_url`.
    pub allowed_hosts: Vec<String>,
    /// Origins accepted in `Origin`, beside that of `public_url`.
    pub allowed_origins: Vec<String>,
    /// Whose `X-Forwarded-For` is believed when strangers are counted by address.
    #[serde(serialize_with = "blocks")]
    pub trusted_proxies: TrustedProxies,
    /// How long things may take.
    pub deadlines: Deadlines,
    /// How much of everything there may be.
    pub caps: Caps,
    /// How changes of the configuration are noticed.
    pub reload: Reload,
}

/// One public listener.
#[derive(Clone, Debug, Serialize)]
pub struct Listener {
    /// Where it listens.
    pub address: SocketAddr,
    /// Certificates and keys; a listener without them is plain, and allowed on loopback only.
    pub tls: Option<Tls>,
}

/// The deadlines of a connection and of a request.
#[derive(Clone, Debug, Serialize)]
pub struct Deadlines {
    /// For a TLS handshake.
    #[serde(serialize_with = "values::serialize_duration")]
    pub handshake: Duration,
    /// For a whole request header, counted from its first byte.
    #[serde(serialize_with = "values::serialize_duration")]
    pub header: Duration,
    /// For a whole request body.
    #[serde(serialize_with = "values::serialize_duration")]
    pub body: Duration,
    /// For the beginning of a body, before its rate counts.
    #[serde(serialize_with = "values::serialize_duration")]
    pub body_start: Duration,
    /// For a write that the client does not take.
    #[serde(serialize_with = "values::serialize_duration")]
    pub write: Duration,
    /// For a connection without a request.
    #[serde(serialize_with = "values::serialize_duration")]
    pub idle: Duration,
    /// For a connection to core.
    #[serde(serialize_with = "values::serialize_duration")]
    pub core_connect: Duration,
    /// For a connection to core without a call; shorter than core's `close_delay`, so that no call meets a
    /// connection that core closes unused: by then it has had a call, and was told so, or is ours to close.
    #[serde(serialize_with = "values::serialize_duration")]
    pub core_idle: Duration,
    /// For core's whole answer to a call, counted from the request's header.
    #[serde(serialize_with = "values::serialize_duration")]
    pub call: Duration,
    /// Between "not ready" and the end of accepting, on SIGTERM.
    #[serde(serialize_with = "values::serialize_duration")]
    pub close_delay: Duration,
    /// For the calls in flight, after the end of accepting: longer than any of them, so that each is
    /// answered.
    #[serde(serialize_with = "values::serialize_duration")]
    pub drain: Duration,
}

/// The caps at the edge.
#[derive(Clone, Debug, Serialize)]
pub struct Caps {
    /// Connections in all.
    pub connections: u32,
    /// Connections from one address (IPv6: from one /64).
    pub connections_per_address: u32,
    /// Bytes of a request header.
    pub header_bytes: u32,
    /// Fields of a request header.
    pub header_fields: u32,
    /// Bytes of the body of an MCP call.
    pub body_bytes: u32,
    /// Bytes of a body that must arrive each second, on average.
    pub body_bytes_per_second: u32,
    /// Requests at work at the same time; what comes beyond is shed.
    pub requests: u32,
}

/// Core says something on every stream of events so often: a stream is told of its end when it does.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What pingora keeps for replay to core; a body beyond it would be lost.
const LARGEST_BODY: u32 = 64 * 1024;

pub(super) fn read(mut section: Section<'_>) -> Option<Server> {
    let public_url = section.required("public_url", values::origin);
    let listeners = listeners(&mut section);
    let admin = section.required("admin", values::listen_address);
    let allowed_hosts = section.list("allowed_hosts", values::authority);
    let allowed_origins = section.list("allowed_origins", values::origin);
    let trusted_proxies = section.list("trusted_proxies", block);
    let deadlines = deadlines(section.section("deadlines"));
    let caps = caps(section.section("caps"));
    let reload = reload::read(section.section("reload"));
    let ascii = |origins: Vec<Url>| {
        origins.iter().map(|origin| origin.origin().ascii_serialization()).collect()
    };
    Some(Server {
        public_url: public_url?,
        listeners: listeners?,
        admin: admin?,
        allowed_hosts: allowed_hosts?,
        allowed_origins: ascii(allowed_origins?),
        trusted_proxies: TrustedProxies::new(trusted_proxies?),
        deadlines: deadlines?,
        caps: caps?,
        reload: reload?,
    })
}

fn block(value: &Value) -> Result<Cidr, String> {
    values::text(value)?.parse().map_err(|why: InvalidCidr| why.to_string())
}

fn blocks<S: Serializer>(proxies: &TrustedProxies, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(proxies.blocks().iter().map(Cidr::to_string))
}

fn listeners(section: &mut Section<'_>) -> Option<Vec<Listener>> {
    let entries = section.sections("listeners")?;
    if entries.is_empty() {
        section.wrong("listeners", "is missing or empty; at least one address is needed");
        return None;
    }
    let read: Vec<Option<Listener>> = entries.into_iter().map(listener).collect();
    read.into_iter().collect()
}

fn listener(mut section: Section<'_>) -> Option<Listener> {
    let address = section.required("address", values::listen_address);
    let tls = match section.take("tls") {
        None => Some(None),
        Some(value) => {
            let section = Section::new(section.name("tls"), value, section.mistakes());
            tls::listener(section).map(Some)
        }
    };
    let listener = Listener { address: address?, tls: tls? };
    if listener.tls.is_none() && !listener.address.ip().is_loopback() {
        section.wrong("tls", "is missing; a listener off loopback needs certificate and key");
        return None;
    }
    Some(listener)
}

fn deadlines(mut section: Section<'_>) -> Option<Deadlines> {
    let seconds = Duration::from_secs;
    let within = |most| values::duration_within(Duration::from_millis(10), seconds(most));
    let handshake = section.or("handshake", seconds(10), within(60));
    let header = section.or("header", seconds(10), within(60));
    let body = section.or("body", seconds(15), within(120));
    let body_start = section.or("body_start", seconds(5), within(120));
    let write = section.or("write", seconds(10), within(120));
    let idle = section.or("idle", seconds(60), within(600));
    let core_connect = section.or("core_connect", seconds(2), within(30));
    let core_idle = section.or("core_idle", seconds(4), within(600));
    let call = section.or("call", seconds(60), within(600));
    let close_delay = section.or("close_delay", seconds(5), within(60));
    let drain = section.or("drain", seconds(65), within(900));
    if let (Some(call), Some(drain)) = (call, drain)
        && drain < call + LAST_WORDS
    {
        let least = call + LAST_WORDS;
        section.wrong("drain", format!("must be {least:?} at least: what is under way has `call`, and {LAST_WORDS:?} to be told of its end"));
    }
    Some(Deadlines {
        handshake: handshake?,
        header: header?,
        body: body?,
        body_start: body_start?,
        write: write?,
        idle: idle?,
        core_connect: core_connect?,
        core_idle: core_idle?,
        call: call?,
        close_delay: close_delay?,
        drain: drain?,
    })
}

fn caps(mut section: Section<'_>) -> Option<Caps> {
    let connections = section.or("connections", 10_000, values::count);
    let per_address = section.or("connections_per_address", 64, values::count);
    let bytes = section.or("header_bytes", 32 * 1024, values::count_within(4096, 256 * 1024));
    let fields = section.or("header_fields", 100, values::count_within(32, 256));
    let body = section.or("body_bytes", LARGEST_BODY, values::count_within(1024, LARGEST_BODY));
    let rate = section.or("body_bytes_per_second", 1024, values::count);
    let requests = section.or("requests", 2000, values::count);
    Some(Caps {
        connections: connections?,
        connections_per_address: per_address?,
        header_bytes: bytes?,
        header_fields: fields?,
        body_bytes: body?,
        body_bytes_per_second: rate?,
        requests: requests?,
    })
}
