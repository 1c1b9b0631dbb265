//! The site of the lane of figures: both programs before a stand-in Exchange, with records of the lane's
//! own (`told FILE`, a JSON array of [`Told`]), or with every observation given to one patient
//! (`given PATIENT`). Prints one JSON object that says where everything is; lives until its standard
//! input ends.

use std::io::Write as _;

use anyhow::{Result, bail};
use serde_json::json;
use testbed::TestBed;
use testbed::exchange::Told;

/// Sees the studies of the Institute and of the laboratory.
const PERSON: &str = "manager_mary";

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let bed = TestBed::start().await?;
    match arguments[..] {
        ["told", file] => {
            let told: Vec<Told> = serde_json::from_slice(&std::fs::read(file)?)?;
            bed.exchange.tell(&told)?;
        }
        ["given", patient] => {
            bed.exchange.give_every_observation_to(patient.parse()?, true);
        }
        _ => bail!("analytics_site told FILE | given PATIENT"),
    }
    let site = json!({
        "origin": bed.origin(),
        "token": bed.minted(PERSON)?,
        "exchange": bed.exchange.base_url(),
        "exchange_token": bed.exchange.issue_token(PERSON)?,
        "now": testbed::exchange::RECORDED_AT.to_string(),
    });
    writeln!(std::io::stdout(), "{site}")?;
    std::io::stdout().flush()?;
    // Blocks this thread alone; everybody else lives on the others.
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
