//! What the conformance lane tests: two gateways on loopback, one before core, one before the fixture,
//! and before each a forwarder that is logged in. Prints their URLs, and lives until its standard
//! input ends.

use std::io::Write as _;

use anyhow::Result;
use testbed::login::Login;
use testbed::{Behind, Setup, TestBed, fixture, forwarder};

/// Sees studies, patients and observations, so that no tool is without an answer.
const PERSON: &str = "manager_mary@example.com";

#[tokio::main]
async fn main() -> Result<()> {
    // Another part may have installed it; there is only this one.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let product = TestBed::start().await?;
    let fixture = TestBed::start_with(Setup {
        extra_yaml: fixture::policy()?,
        behind: Behind::Fixture,
        ..Setup::default()
    })
    .await?;
    for (name, bed) in [("product", &product), ("fixture", &fixture)] {
        let tokens = Login::register(bed).await?.log_in(PERSON).await?;
        let address = forwarder::start(bed.origin(), &tokens.access).await?;
        writeln!(std::io::stdout(), "{name} http://{address}/mcp")?;
    }
    std::io::stdout().flush()?;
    // Blocks this thread alone; everybody else lives on the others.
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
