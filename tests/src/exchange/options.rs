//! How an Exchange is started.

use std::net::SocketAddr;

use jiff::Timestamp;

use super::clock::{Clock, ManualClock};
use super::session::Application;

/// How to start an Exchange.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 picks a free one. Loopback only.
    pub address: SocketAddr,
    /// The time it lives in.
    pub clock: Clock,
    /// The moment its records were made; the newest glucose reading has this time.
    pub anchor: Timestamp,
    /// The registered applications. The first is the gateway's own.
    pub applications: Vec<Application>,
}

/// When the recorded data set was made; the default [`Options::anchor`].
pub const RECORDED_AT: Timestamp = Timestamp::constant(1_795_224_123, 873_222_000);

/// Client id of the application for tokens that were not issued to the gateway.
pub const OTHER_CLIENT: &str = "notebooks";
/// Client id of the public application for programs on people's own computers.
pub const NATIVE_CLIENT: &str = "laptops";
/// Client id of the service account, whose tokens stand for nobody.
pub const SERVICE_CLIENT: &str = "nightly-export";

impl Default for Options {
    /// A free port, a clock that stands at [`RECORDED_AT`], and four applications: the gateway's
    /// (without a redirect yet), [`OTHER_CLIENT`], [`SERVICE_CLIENT`] and [`NATIVE_CLIENT`].
    fn default() -> Self {
        let application = |id: &str, name: &str| Application {
            client_id: id.to_owned(),
            client_secret: Some(format!("{id}-secret")),
            name: name.to_owned(),
            redirect_uris: Vec::new(),
            skips_consent: false,
            service_account: false,
        };
        let gateway =
            Application { skips_consent: true, ..application("fhir-mcp-gateway", "MCP gateway") };
        let notebooks = Application {
            redirect_uris: vec!["http://127.0.0.1:9/cb".to_owned()],
            ..application(OTHER_CLIENT, "Notebooks")
        };
        let service =
            Application { service_account: true, ..application(SERVICE_CLIENT, "Nightly export") };
        let native = Application {
            client_secret: None,
            redirect_uris: vec!["http://127.0.0.1/callback".to_owned()],
            ..application(NATIVE_CLIENT, "Laptops")
        };
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            clock: ManualClock::at(RECORDED_AT).clock(),
            anchor: RECORDED_AT,
            applications: vec![gateway, notebooks, service, native],
        }
    }
}
