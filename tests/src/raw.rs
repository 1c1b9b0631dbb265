//! A client that sends any bytes over a socket, and reads what comes back as it stands.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A server that keeps a connection longer than this is found out.
const PATIENCE: Duration = Duration::from_secs(30);

/// One answer as it stood on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAnswer {
    /// The status.
    pub status: u16,
    /// The status line and the fields, in lower case.
    pub head: String,
    /// The body, its chunks still framed.
    pub body: String,
}

/// Everything that came back until the connection ended.
#[derive(Clone, Debug)]
pub struct Heard {
    /// As text.
    pub text: String,
    /// The answers in it, interim ones left out.
    pub answers: Vec<RawAnswer>,
}

impl Heard {
    /// Reads `bytes`.
    pub fn new(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let answers = answers(&text);
        Self { text, answers }
    }

    /// The statuses, in order.
    pub fn statuses(&self) -> Vec<u16> {
        self.answers.iter().map(|answer| answer.status).collect()
    }
}

/// Sends `bytes` over a new connection, and listens until the server ends it.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> Result<Heard> {
    let mut stream = TcpStream::connect(address).await?;
    // A server that has refused already may reset the rest; what it said still counts.
    let _reset = stream.write_all(bytes).await;
    listen(&mut stream).await
}

/// Listens until the server ends the connection.
pub async fn listen(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Result<Heard> {
    let mut heard = Vec::new();
    let mut part = vec![0; 16 * 1024];
    let reading = async {
        loop {
            match stream.read(&mut part).await {
                Ok(0) | Err(_) => return,
                Ok(count) => heard.extend(part.iter().take(count)),
            }
        }
    };
    timeout(PATIENCE, reading).await.context("the server does not end the connection")?;
    Ok(Heard::new(&heard))
}

/// Reads answers by their framing.
fn answers(mut text: &str) -> Vec<RawAnswer> {
    let mut found = Vec::new();
    while let Some((head, rest)) = text.split_once("\r\n\r\n") {
        let head = head.to_ascii_lowercase();
        let status = head.strip_prefix("http/1.1 ").and_then(|head| head.get(..3)?.parse().ok());
        let Some(status) = status else { break };
        let field = |name: &str| {
            let value = |line: &str| line.strip_prefix(name).map(|value| value.trim().to_owned());
            head.lines().find_map(value)
        };
        let length = match field("content-length:") {
            Some(length) => length.parse().unwrap_or(rest.len()),
            None if (100..200).contains(&status) => 0,
            None => rest.find("0\r\n\r\n").map_or(rest.len(), |at| at + 5),
        };
        let (body, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if !(100..200).contains(&status) {
            found.push(RawAnswer { status, head: head.clone(), body: body.to_owned() });
        }
        text = after;
    }
    found
}
