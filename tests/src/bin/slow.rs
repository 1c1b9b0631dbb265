//! What the lane of slow connections needs: a site (`site`), callers that measure it (`load`), and
//! TLS handshakes that never end (`handshakes`).

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use futures::future::join_all;
use reqwest::{Certificate, Client};
use serde_json::{Value, json};
use testbed::{Setup, TestBed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PERSON: &str = "manager_mary";
/// Callers that keep their connections, and callers that make one for each call.
const CALLERS: (usize, usize) = (6, 2);

#[tokio::main]
async fn main() -> Result<()> {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["site", folder] => site(PathBuf::from(folder)).await,
        ["load", url, token, certificate, seconds] => {
            let certificate = Certificate::from_pem(&std::fs::read(certificate)?)?;
            load(url, token, certificate, Duration::from_secs(seconds.parse()?)).await
        }
        ["handshakes", address, count] => handshakes(address.parse()?, count.parse()?).await,
        _ => bail!(
            "slow site FOLDER | load URL TOKEN CERTIFICATE SECONDS | handshakes ADDRESS COUNT"
        ),
    }
}

/// A gateway over TLS before core and the stand-in Exchange, and somebody who is logged in. Prints the
/// gateway's origin, its admin origin and an access token; lives until its standard input ends.
async fn site(folder: PathBuf) -> Result<()> {
    let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let tls = [folder.join("tls.crt"), folder.join("tls.key")];
    std::fs::write(&tls[0], issued.cert.pem())?;
    std::fs::write(&tls[1], issued.signing_key.serialize_pem())?;
    let bed = TestBed::start_with(Setup {
        tls: Some(tls),
        limits: "{mode: shadow}".to_owned(),
        deadlines:
            "{handshake: 20s, header: 20s, body: 40s, body_start: 15s, write: 20s, idle: 20s}"
                .to_owned(),
        caps: "{connections: 10000, connections_per_address: 10000}".to_owned(),
        ..Setup::default()
    })
    .await?;
    writeln!(std::io::stdout(), "{} {} {}", bed.origin(), bed.admin(), bed.minted(PERSON)?)?;
    std::io::stdout().flush()?;
    // Blocks this thread alone; everybody else lives on the others.
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}

/// Calls a tool for so long, and prints how many calls there were, how many failed, and how long the
/// median and the slowest hundredth took, in milliseconds.
async fn load(url: &str, token: &str, certificate: Certificate, time: Duration) -> Result<()> {
    let client = || Client::builder().no_proxy().tls_certs_only([certificate.clone()]);
    let end = Instant::now() + time;
    let kept = client().http1_only().build()?;
    let fresh = client().pool_max_idle_per_host(0).build()?;
    let callers = (0..CALLERS.0 + CALLERS.1).map(|at| {
        let client = if at < CALLERS.0 { kept.clone() } else { fresh.clone() };
        call(client, url, token, end)
    });
    let (mut times, mut failed) = (Vec::new(), Vec::new());
    for (well, ill) in join_all(callers).await {
        times.extend(well);
        failed.extend(ill);
    }
    times.sort_unstable();
    let at = |hundredths: usize| {
        let place = (times.len() * hundredths / 100).min(times.len().saturating_sub(1));
        times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    let report = json!({"calls": times.len(), "failed": failed.len(), "p50": at(50), "p99": at(99),
                        "first_failure": failed.first()});
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

/// The times of the calls that were answered, and what was wrong with the others.
async fn call(
    client: Client,
    url: &str,
    token: &str,
    end: Instant,
) -> (Vec<Duration>, Vec<String>) {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                      "params": {"name": "get_omh_schema", "arguments": {"name": "heart-rate"}}});
    let (mut times, mut failed) = (Vec::new(), Vec::new());
    while Instant::now() < end {
        let began = Instant::now();
        let request = client.post(url).bearer_auth(token).json(&body);
        let request = request.header("accept", "application/json, text/event-stream");
        let answered = async {
            let answer = request.header("mcp-protocol-version", "2025-06-18").send().await?;
            anyhow::Ok((answer.status(), answer.json::<Value>().await?))
        };
        match answered.await {
            Ok((status, body)) if status == 200 && body.get("result").is_some() => {
                times.push(began.elapsed());
            }
            Ok((status, body)) => failed.push(format!("{status}: {body}")),
            Err(error) => failed.push(format!("{error:#}")),
        }
        // A pace that leaves the machine room; what is measured is the wait, not the machine.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (times, failed)
}

/// Begins so many TLS handshakes, adds a byte to each every few seconds, and ends when the server has
/// ended them all.
async fn handshakes(address: SocketAddr, count: usize) -> Result<()> {
    let hello = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];
    let begun = join_all((0..count).map(|_| async {
        let mut stream = TcpStream::connect(address).await.context("a connection")?;
        stream.write_all(&hello).await?;
        anyhow::Ok(stream)
    }));
    let streams: Vec<TcpStream> = begun.await.into_iter().collect::<Result<_>>()?;
    join_all(streams.into_iter().map(|mut stream| async move {
        let (mut reader, mut writer) = stream.split();
        let dripping = async {
            loop {
                tokio::time::sleep(Duration::from_secs(3)).await;
                if writer.write_all(&[0]).await.is_err() {
                    return;
                }
            }
        };
        let mut nothing = [0; 64];
        tokio::select! { () = dripping => {}, _ = reader.read(&mut nothing) => {} }
    }))
    .await;
    Ok(())
}
