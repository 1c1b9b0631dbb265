//! One person without a gateway: `fhir-mcp-core stdio` as a process, from the login in the browser to the
//! logout.

mod access;
mod login;
mod logout;
mod refresh;

use std::path::Path;

use anyhow::Result;
use serde_json::json;
use testbed::exchange::{Endpoint, FakeExchange, Fault, Lie};
use testbed::mcp::Era;
use testbed::stdio::{Laptop, Program};

const MARY: &str = "manager_mary";

async fn laptop(name: &str) -> Result<Laptop> {
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stdio");
    Laptop::new(env!("CARGO_BIN_EXE_tool_service"), &parent, name).await
}

/// A program whose person has just logged in.
async fn logged_in(laptop: &Laptop) -> Result<Program> {
    let mut program = laptop.connect(Era::Legacy).await?;
    let link = program.studies().await?.link()?;
    assert_eq!(laptop.log_in(&link, MARY).await?.0, 200);
    program.studies().await?.content()?;
    Ok(program)
}

/// The same, and the Exchange says that its token ends so soon; it forgets that again.
async fn logged_in_for(laptop: &Laptop, seconds: u32) -> Result<()> {
    let lie = Fault::Lie(Lie::With("expires_in".to_owned(), json!(seconds)));
    laptop.exchange.fault_times(Endpoint::Token, lie, 1);
    let mut program = laptop.connect(Era::Legacy).await?;
    let link = program.studies().await?.link()?;
    assert_eq!(laptop.log_in(&link, MARY).await?.0, 200);
    assert!(program.end().await?.success());
    Ok(())
}

fn token_requests(exchange: &FakeExchange) -> usize {
    exchange.log().count(Endpoint::Token)
}
