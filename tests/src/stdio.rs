//! The tool service as one person runs it: the program as a process, spoken to over its standard input and
//! output as an MCP client does, with a home of its own and a stand-in Exchange that knows it as a public
//! client.

#![expect(clippy::indexing_slicing, reason = "an index into JSON answers null, it does not panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;
use url::Url;

use crate::exchange::login::Browser;
use crate::exchange::{FakeExchange, NATIVE_CLIENT, Options, system_clock};
use crate::mcp::Era;

/// Nothing that a story waits for takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// One person's computer: a home, and an Exchange elsewhere.
pub struct Laptop {
    /// The stand-in Exchange.
    pub exchange: FakeExchange,
    /// The person's home, which holds nothing but what the program puts there.
    pub home: PathBuf,
    program: PathBuf,
}

impl Laptop {
    /// An empty home of this name below `parent`, and an Exchange that lives now.
    pub async fn new(program: &str, parent: &Path, name: &str) -> Result<Self> {
        let home = parent.join(name);
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        fs::create_dir_all(&home)?;
        let (clock, anchor) = (system_clock(), jiff::Timestamp::now());
        let exchange = FakeExchange::start(Options { clock, anchor, ..Options::default() }).await?;
        Ok(Self { exchange, home, program: program.into() })
    }

    /// A command of the program, to be started.
    pub fn command(&self, verb: &str, more: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(verb).args(["--client-id", NATIVE_CLIENT, "--allow-plain-loopback"]);
        command.args(["--backend", &self.exchange.base_url()]).args(more);
        command.env_clear().env("HOME", &self.home).kill_on_drop(true);
        command
    }

    /// Starts `stdio`, with its browser where `BROWSER` says, if it says so.
    pub fn start(&self, browser: Option<&Path>, more: &[&str]) -> Result<Program> {
        let mut command = self.command("stdio", more);
        match browser {
            Some(browser) => command.env("BROWSER", browser),
            None => command.arg("--no-browser"),
        };
        let errors =
            fs::File::options().create(true).append(true).open(self.home.join("stderr"))?;
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors).spawn()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("its output")?).lines();
        Ok(Program { child, input, output, era: Era::Legacy, asked: 0 })
    }

    /// Starts `stdio` without a browser, and says hello as a client of this era does.
    pub async fn connect(&self, era: Era) -> Result<Program> {
        let mut program = self.start(None, &[])?;
        program.greet(era).await?;
        Ok(program)
    }

    /// Runs another command to its end.
    pub async fn run(&self, verb: &str, more: &[&str]) -> Result<Output> {
        Ok(timeout(PATIENCE, self.command(verb, more).output()).await??)
    }

    /// Where a login is kept: the only file of its kind.
    pub fn login_file(&self) -> Option<PathBuf> {
        let files = fs::read_dir(self.home.join(".local/state/fhir-mcp-core")).ok()?;
        let is_login = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "json");
        files.filter_map(|file| Some(file.ok()?.path())).find(is_login)
    }

    /// What is kept of a login.
    pub fn kept(&self) -> Result<Value> {
        let file = self.login_file().context("no login is kept")?;
        Ok(serde_json::from_slice(&fs::read(file)?)?)
    }

    /// All that the programs wrote to their standard error.
    pub fn written(&self) -> Result<String> {
        Ok(fs::read_to_string(self.home.join("stderr"))?)
    }

    /// Opens a link as the person's browser would, logs in at the Exchange, and returns the page at the end:
    /// status and text.
    pub async fn log_in(&self, link: &Url, login: &str) -> Result<(u16, String)> {
        let mut browser = Browser::plain()?;
        let until = format!("{}?", link.join("/callback")?);
        let back = browser.drive(link, login, &until).await?;
        let page = browser.open(&back).await?;
        Ok((page.status.as_u16(), page.text))
    }
}

/// The program while it serves.
pub struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    era: Era,
    asked: u64,
}

impl Program {
    /// Says hello: a handshake in the older era, nothing in the newer one.
    pub async fn greet(&mut self, era: Era) -> Result<Value> {
        self.era = era;
        if era == Era::Modern {
            return self.request("server/discover", json!({})).await;
        }
        let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {},
                           "clientInfo": {"name": "story", "version": "1"}});
        let answer = self.request("initialize", hello).await?;
        self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await?;
        Ok(answer)
    }

    /// The result of a request. Every line of standard output has to be a message of the protocol.
    pub async fn request(&mut self, method: &str, mut parameters: Value) -> Result<Value> {
        self.asked += 1;
        let id = self.asked;
        if self.era == Era::Modern {
            let meta = &mut parameters["_meta"];
            meta["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
            meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
            meta["io.modelcontextprotocol/clientInfo"] = json!({"name": "story", "version": "1"});
        }
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": parameters}))
            .await?;
        loop {
            let line = timeout(PATIENCE, self.output.next_line()).await??;
            let line = line.context("the program ended")?;
            let message: Value = serde_json::from_str(&line).context("standard output")?;
            ensure!(message["jsonrpc"] == "2.0", "standard output: {line}");
            if message["id"] == id {
                return message.get("result").cloned().with_context(|| line.clone());
            }
        }
    }

    async fn send(&mut self, message: &Value) -> Result<()> {
        let input = self.input.as_mut().context("its input is closed")?;
        input.write_all(format!("{message}\n").as_bytes()).await?;
        Ok(input.flush().await?)
    }

    /// Calls a tool.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Result<Called> {
        let parameters = json!({"name": tool, "arguments": arguments});
        Ok(Called(self.request("tools/call", parameters).await?))
    }

    /// Calls the tool that any practitioner can, without arguments.
    pub async fn studies(&mut self) -> Result<Called> {
        self.call("list_studies", json!({})).await
    }

    /// Closes its standard input, as a client does that is done, and waits for its end.
    pub async fn end(mut self) -> Result<ExitStatus> {
        drop(self.input.take());
        Ok(timeout(PATIENCE, self.child.wait()).await??)
    }

    /// Sends it a signal, its standard input still open, and waits for its end.
    pub async fn signal(mut self, signal: &str) -> Result<ExitStatus> {
        let pid = self.child.id().context("it ended")?.to_string();
        Command::new("kill").args(["-s", signal, &pid]).status().await?;
        Ok(timeout(PATIENCE, self.child.wait()).await??)
    }
}

/// What a tool call was answered.
#[derive(Clone, Debug)]
pub struct Called(Value);

impl Called {
    /// The structured content of an answer.
    pub fn content(&self) -> Result<&Value> {
        ensure!(self.0["isError"] != true, "a tool error: {}", self.0);
        self.0.get("structuredContent").with_context(|| format!("no content: {}", self.0))
    }

    /// The sentence of a tool error.
    pub fn sentence(&self) -> Result<&str> {
        ensure!(self.0["isError"] == true, "no tool error: {}", self.0);
        self.0["content"][0]["text"].as_str().context("a sentence")
    }

    /// The link that a tool error asks the person to open.
    pub fn link(&self) -> Result<Url> {
        let sentence = self.sentence()?;
        let link = sentence.split(' ').find(|word| word.starts_with("http://"));
        Ok(link.with_context(|| sentence.to_owned())?.parse()?)
    }
}
