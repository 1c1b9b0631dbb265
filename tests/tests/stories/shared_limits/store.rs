//! A real redis-server on a port of our own, and what can befall it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

/// The store; it ends when dropped.
pub(super) struct Store {
    pub(super) port: u16,
    folder: PathBuf,
    program: Option<Child>,
}

impl Drop for Store {
    fn drop(&mut self) {
        // It may be stopped, and then hears nothing else.
        let _ended = self.kill();
    }
}

impl Store {
    /// A store that answers.
    pub(super) async fn start() -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = std::env::temp_dir().join(format!("limits-store-{port}"));
        std::fs::create_dir_all(&folder)?;
        let mut store = Self { port, folder, program: None };
        store.revive().await?;
        Ok(store)
    }

    /// Starts it again, empty, on its port.
    pub(super) async fn revive(&mut self) -> Result<()> {
        let program = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("redis-server; `make test-limits` installs it")?;
        self.program = Some(program);
        for _ in 0..200 {
            if self.ask("PING").is_ok_and(|answer| answer == ["PONG"]) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("redis-server does not answer")
    }

    /// Ends it at once.
    pub(super) fn kill(&mut self) -> Result<()> {
        if let Some(mut program) = self.program.take() {
            program.kill()?;
            program.wait()?;
        }
        Ok(())
    }

    /// Stops it in the middle of whatever it does (`STOP`), or lets it go on (`CONT`).
    pub(super) fn signal(&self, signal: &str) -> Result<()> {
        let id = self.program.as_ref().context("a running store")?.id();
        let sent = Command::new("kill").args([format!("-{signal}"), id.to_string()]).status()?;
        ensure!(sent.success(), "kill -{signal}");
        Ok(())
    }

    /// What it answers to one command: its lines, without lengths.
    pub(super) fn ask(&self, command: &str) -> Result<Vec<String>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        // Inline commands, and one more whose answer is known, to find the end.
        write!(stream, "{command}\r\nECHO the-end\r\n")?;
        let mut lines = Vec::new();
        for line in BufReader::new(stream).lines() {
            let line = line?;
            match line.as_bytes() {
                [b'*' | b'$', ..] => {}
                _ if line == "the-end" => break,
                [b'+' | b':' | b'-', ..] => lines.push(line[1..].to_owned()),
                _ => lines.push(line),
            }
        }
        Ok(lines)
    }
}

/// Somebody else in the store's place, who says nothing sensible to everybody.
pub(super) struct Impostor {
    address: SocketAddr,
    leaving: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Impostor {
    pub(super) fn at(port: u16) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(64)?.into_std()?;
        listener.set_nonblocking(false)?;
        let leaving = Arc::new(AtomicBool::new(false));
        let left = Arc::clone(&leaving);
        let thread = std::thread::spawn(move || {
            let mut turn = 0_usize;
            for stream in listener.incoming().flatten() {
                if left.load(Ordering::Relaxed) {
                    break;
                }
                turn += 1;
                let _gone = babble(stream, turn);
            }
        });
        Ok(Self { address, leaving, thread: Some(thread) })
    }
}

/// Answers whatever comes, each connection in another way.
fn babble(mut stream: TcpStream, turn: usize) -> std::io::Result<()> {
    let nonsense: [&[u8]; 5] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"+OK\r\n+OK\r\n+OK\r\n",
        b"*-3\r\n",
        b"$99999999999\r\nx",
        b"\xff\xfe\0\0",
    ];
    let words = nonsense.iter().cycle().nth(turn).copied().unwrap_or_default();
    stream.set_read_timeout(Some(Duration::from_millis(100)))?;
    let mut heard = [0; 4096];
    while stream.read(&mut heard)? > 0 {
        stream.write_all(words)?;
    }
    Ok(())
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.leaving.store(true, Ordering::Relaxed);
        // Wakes the one who waits for a connection.
        let _woken = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}
