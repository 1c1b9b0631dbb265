//! The proof after a swap: through the path that every request takes, a call without a token is
//! refused, and the refusal names what the new configuration says.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HOST, WWW_AUTHENTICATE};
use pingora::apps::HttpServerApp as _;
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::watch;

use crate::live::Generation;
use crate::proxy::GatewayProxy;

/// Nobody else is asked, so this is plenty.
const DEADLINE: Duration = Duration::from_secs(2);
/// Between two tries of a gateway that has too much to do.
const PAUSE: Duration = Duration::from_millis(20);
const TRIES: u32 = 10;
/// More than such an answer has, in bytes.
const LARGEST: usize = 64 * 1024;

/// Sends the call, and says what was wrong with the answer.
pub(super) async fn prove(
    proxy: &Arc<HttpProxy<GatewayProxy>>,
    closing: &watch::Receiver<bool>,
    gateway: &Generation,
) -> Result<(), &'static str> {
    let tries = async {
        for _ in 0..TRIES {
            let (near, far) = tokio::io::duplex(LARGEST);
            let session = ServerSession::new_http1(Box::new(far));
            let serve = proxy.process_new_http(session, closing);
            let (_, answer) = tokio::join!(serve, ask(near, gateway));
            match judge(&answer.map_err(|_| "the answer broke off")?, gateway)? {
                Proof::Refused => return Ok(()),
                Proof::Shed => tokio::time::sleep(PAUSE).await,
            }
        }
        // Whoever mends an overload with a new configuration must not be kept from it.
        tracing::warn!("too much to do to prove the new configuration; no call was let in");
        Ok(())
    };
    tokio::time::timeout(DEADLINE, tries).await.unwrap_or(Err("no answer in time"))
}

/// What the answer shows.
enum Proof {
    /// What is to be shown.
    Refused,
    /// There was no room even for a refusal: everybody is sent away before anything is looked at.
    Shed,
}

async fn ask(mut stream: DuplexStream, gateway: &Generation) -> std::io::Result<Vec<u8>> {
    let urls = &gateway.broker.urls;
    let origin = urls.issuer();
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    let request = format!(
        "POST {} HTTP/1.1\r\n{HOST}: {host}\r\n{CONTENT_TYPE}: application/json\r\n\
         accept: application/json, text/event-stream\r\ncontent-length: 2\r\n\
         connection: close\r\n\r\n{{}}",
        authz::metadata::MCP_PATH,
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LARGEST as u64).read_to_end(&mut answer).await?;
    Ok(answer)
}

fn judge(answer: &[u8], gateway: &Generation) -> Result<Proof, &'static str> {
    let text = String::from_utf8_lossy(answer);
    let (head, _) = text.split_once("\r\n\r\n").ok_or("the answer is no HTTP")?;
    let mut lines = head.lines();
    match lines.next().and_then(|line| line.split(' ').nth(1)) {
        Some("401") => {}
        Some("503") => return Ok(Proof::Shed),
        _ => return Err("the status is another"),
    }
    let metadata = gateway.broker.urls.resource_metadata();
    let mut fields = lines.filter_map(|line| line.split_once(':'));
    let challenges = |(name, value): (&str, &str)| {
        name.eq_ignore_ascii_case(WWW_AUTHENTICATE.as_str()) && value.contains(&metadata)
    };
    let found = fields.any(challenges);
    found.then_some(Proof::Refused).ok_or("the challenge names another configuration")
}
