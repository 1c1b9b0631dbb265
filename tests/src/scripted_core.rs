//! A core that says what it is told to, keeps what it was sent, and reads requests strictly.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A request as it stood on the wire.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The request line and the fields.
    pub head: String,
    /// The body, as JSON where it is that.
    pub body: Value,
}

impl Sent {
    /// The names of the fields, in order.
    pub fn names(&self) -> Vec<&str> {
        self.head.lines().skip(1).filter_map(|line| line.split(':').next()).collect()
    }
}

/// What is answered.
#[derive(Clone, Debug, Default)]
pub enum Script {
    /// A result with the id of the request.
    #[default]
    Echo,
    /// The same, after a while.
    Late(Duration),
    /// These bytes, and the end of the connection.
    Raw(Bytes),
    /// These bytes, and then nothing for ever.
    Stall(Bytes),
    /// These bytes again and again.
    Endless(Bytes),
    /// The first, and then the second ones again and again, ten times a second.
    Drip(Bytes, Bytes),
}

/// Between two drops.
const DRIP: Duration = Duration::from_millis(100);

/// A running core; it stops when dropped.
#[derive(Debug)]
pub struct ScriptedCore {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    sent: Mutex<Vec<Sent>>,
    script: Mutex<Script>,
}

impl Drop for ScriptedCore {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ScriptedCore {
    /// Starts one that echoes.
    pub async fn start() -> io::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts one that echoes, at this address.
    pub async fn start_at(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let state = Arc::<State>::default();
        let task = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { address, state, task })
    }

    /// Answers like this from now on.
    pub fn play(&self, script: Script) {
        *self.state.script.lock().unwrap_or_else(PoisonError::into_inner) = script;
    }

    /// Cuts every connection and goes away; what it was sent.
    pub async fn cut(mut self) -> Vec<Sent> {
        self.task.abort();
        // However it ends, it has ended.
        let _ended = (&mut self.task).await;
        self.sent()
    }

    /// What was sent so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.state.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            Ok((stream, _)) = listener.accept() => {
                let state = Arc::clone(&state);
                // However it ends, it has ended.
                connections.spawn(async move { converse(stream, &state).await.unwrap_or_default() });
            }
        }
    }
}

async fn converse(stream: TcpStream, state: &State) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(sent) = read(&mut stream).await? {
        let id = sent.body.get("id").cloned().unwrap_or_default();
        state.sent.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
        let script = state.script.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match script {
            Script::Echo => echo(&mut stream, &id).await?,
            Script::Late(pause) => echo_later(&mut stream, &id, pause).await?,
            Script::Raw(bytes) => {
                stream.write_all(&bytes).await?;
                return stream.shutdown().await;
            }
            Script::Stall(bytes) => {
                stream.write_all(&bytes).await?;
                // Ends when the gateway hangs up.
                stream.read_to_end(&mut Vec::new()).await?;
                return Ok(());
            }
            Script::Endless(bytes) => loop {
                stream.write_all(&bytes).await?;
            },
            Script::Drip(first, drop) => return drip(&mut stream, &first, &drop).await,
        }
    }
    Ok(())
}

async fn echo(stream: &mut BufReader<TcpStream>, id: &Value) -> io::Result<()> {
    let body = json!({"jsonrpc": "2.0", "id": id, "result": {}}).to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await
}

async fn echo_later(
    stream: &mut BufReader<TcpStream>,
    id: &Value,
    pause: Duration,
) -> io::Result<()> {
    tokio::time::sleep(pause).await;
    echo(stream, id).await
}

async fn drip(stream: &mut BufReader<TcpStream>, first: &[u8], drop: &[u8]) -> io::Result<()> {
    stream.write_all(first).await?;
    loop {
        tokio::time::sleep(DRIP).await;
        stream.write_all(drop).await?;
    }
}

/// One request, framed by `Content-Length` alone; `None` at the end of the connection.
async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Sent>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Ok(None);
        }
    }
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or_default();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Sent { head, body: serde_json::from_slice(&body).unwrap_or_default() }))
}
