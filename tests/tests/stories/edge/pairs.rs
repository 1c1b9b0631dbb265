//! C03: whose answer it is, on connections where a request was refused and its body left unread.

use std::collections::BTreeSet;

use anyhow::Result;
use futures::future::try_join_all;
use testbed::Setup;
use testbed::raw::Heard;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Site;

/// At the same time, and how many pairs each of them sends: 10,000 in all.
const LANES: usize = 8;
const PAIRS: usize = 1250;
/// Beyond what is read for the sake of the connection before a request is refused.
const BEYOND: usize = 64 * 1024 + 1;

/// How the body of a refused request is sent, and whether the connection outlives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// Its length is declared, and small: it is read, and the connection lives on.
    Declared,
    /// It comes in chunks, which are left unread: how many there are nobody knows.
    Chunked,
    /// It is sent without the permission that it asks for.
    Expected,
    /// It is large.
    Large,
}

impl Left {
    /// Large ones take their time, so there are fewer.
    const fn of(pair: usize) -> Self {
        match pair % 20 {
            19 => Self::Large,
            at if at % 4 == 1 => Self::Chunked,
            at if at % 4 == 3 => Self::Expected,
            _ => Self::Declared,
        }
    }

    /// A request that is refused with this status before its body is read. The body is calls, which
    /// would be answered.
    fn refused(self, site: &Site, id: usize) -> (u16, String) {
        let call = site.call(id);
        let (copies, framing) = match self {
            Self::Declared => (1 + id % 3, ""),
            Self::Chunked => (1, "Transfer-Encoding: chunked\r\n"),
            Self::Expected => (2, "Expect: 100-continue\r\n"),
            Self::Large => (BEYOND.div_ceil(call.len()), ""),
        };
        let body = call.repeat(copies);
        let length = body.len();
        let (framing, body) = if self == Self::Chunked {
            (framing.to_owned(), format!("{length:x}\r\n{body}\r\n0\r\n\r\n"))
        } else {
            (format!("{framing}Content-Length: {length}\r\n"), body)
        };
        let (status, path, media) = match id % 3 {
            0 => (401, "/mcp", "application/json"),
            1 => (404, "/no-such-page", "application/json"),
            _ => (415, "/mcp", "text/plain"),
        };
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: {media}\r\n\
             Accept: application/json, text/event-stream\r\n{framing}\r\n{body}",
            site.host
        );
        (status, request)
    }
}

/// One answer with its whole body, or none if the connection ends.
async fn one_answer(stream: &mut TcpStream) -> Result<Heard> {
    let mut heard = Vec::new();
    let mut part = [0; 4096];
    loop {
        let count = stream.read(&mut part).await.unwrap_or(0);
        heard.extend(part.iter().take(count));
        let so_far = Heard::new(&heard);
        let whole = so_far.answers.first().is_some_and(|answer| {
            let length = format!("content-length: {}", answer.body.len());
            answer.head.contains(&length)
        });
        if count == 0 || whole {
            return Ok(so_far);
        }
    }
}

/// Sends a refused request and then a call with this id over a connection, which is given back if the call
/// was answered there.
async fn pair(
    site: &Site,
    left: Left,
    id: usize,
    mut stream: TcpStream,
) -> Result<Option<TcpStream>> {
    let (status, refused) = left.refused(site, id + 5_000_000);
    // What is refused already may be reset; what was said still counts.
    let _reset = stream.write_all(refused.as_bytes()).await;
    let first = one_answer(&mut stream).await?;
    assert_eq!(first.statuses(), [status], "{left:?}: {}", first.text);
    let _ended = stream.write_all(site.call(id).as_bytes()).await;
    let second = one_answer(&mut stream).await?;
    let lives = left == Left::Declared;
    assert_eq!(second.answers.len(), usize::from(lives), "{left:?}: {}", second.text);
    for answer in &second.answers {
        assert_eq!(answer.status, 200, "{}", second.text);
        assert!(answer.body.contains(&format!("\"id\":{id},")), "{}", second.text);
    }
    Ok(lives.then_some(stream))
}

/// Many pairs, one after the other, over a connection while it lives; the ids of the calls that were
/// answered.
async fn pairs(site: &Site, lane: usize) -> Result<Vec<usize>> {
    let mut answered = Vec::new();
    let mut kept = None;
    for at in 0..PAIRS {
        let id = 1_000_000 + lane * PAIRS + at;
        let stream = match kept.take() {
            Some(stream) => stream,
            None => TcpStream::connect(site.address).await?,
        };
        kept = pair(site, Left::of(at), id, stream).await?;
        if kept.is_some() {
            answered.push(id);
        }
    }
    Ok(answered)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_belongs_to_its_own_request_although_bodies_were_left_unread() -> Result<()> {
    // A connection ends because of what was left unread on it, not because the machine is busy.
    let deadlines = "{idle: 60s}".to_owned();
    let site = Site::start_with(Setup { replicas: 3, deadlines, ..Setup::default() }).await?;
    let lanes = try_join_all((0..LANES).map(|lane| pairs(&site, lane))).await?;
    let answered: Vec<usize> = lanes.concat();
    assert_eq!(answered.len(), LANES * PAIRS / 2, "every connection that may live on did");
    let sent: Vec<u64> =
        site.core.sent().iter().filter_map(|sent| sent.body.get("id")?.as_u64()).collect();
    let reached: BTreeSet<usize> =
        sent.iter().map(|id| usize::try_from(*id)).collect::<Result<_, _>>()?;
    assert_eq!(sent.len(), reached.len(), "each of them once");
    assert_eq!(reached, answered.into_iter().collect(), "and nothing from within a body");
    Ok(())
}
