//! The stand-in Exchange alone, for a lane that compares it with the real thing: prints its URL, and
//! lives until its standard input ends.

use std::io::Write as _;

use anyhow::Result;
use jiff::Timestamp;
use testbed::exchange::{FakeExchange, OTHER_CLIENT, Options, system_clock};

/// Where the lane's client takes its codes; nobody listens there.
const CALLBACK: &str = "http://127.0.0.1:9/cb";

#[tokio::main]
async fn main() -> Result<()> {
    // Another part may have installed it; there is only this one.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let mut options =
        Options { clock: system_clock(), anchor: Timestamp::now(), ..Options::default() };
    // The lane compares answers to programs, not consent pages.
    for application in &mut options.applications {
        application.skips_consent |= application.client_id == OTHER_CLIENT;
    }
    let exchange = FakeExchange::start(options).await?;
    exchange.allow_redirect(CALLBACK);
    writeln!(std::io::stdout(), "{}", exchange.base_url())?;
    // Blocks this thread alone; the Exchange lives on the others.
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
