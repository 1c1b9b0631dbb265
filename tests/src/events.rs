//! An event stream as a client reads it: message by message, as they come.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// The messages of one answer. The client hangs up when this is dropped.
#[derive(Debug)]
pub struct Events {
    response: reqwest::Response,
    received: Vec<u8>,
}

impl Events {
    /// The messages of `response`.
    ///
    /// # Errors
    /// It is no event stream.
    pub fn of(response: reqwest::Response) -> Result<Self> {
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        ensure!(kind.is_some_and(|kind| kind.starts_with("text/event-stream")), "{kind:?}");
        Ok(Self { response, received: Vec::new() })
    }

    /// The next message; waits for it. Nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Value>> {
        loop {
            while let Some(end) = self.received.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<u8> = self.received.drain(..end + 2).collect();
                if let Some(message) = message(std::str::from_utf8(&event)?)? {
                    return Ok(Some(message));
                }
            }
            let Some(chunk) = self.response.chunk().await? else { return Ok(None) };
            self.received.extend_from_slice(&chunk);
        }
    }
}

/// The JSON of an event; nothing in a comment that only keeps the stream alive.
fn message(event: &str) -> Result<Option<Value>> {
    let data: String = event.lines().filter_map(|line| line.strip_prefix("data:")).collect();
    if data.trim().is_empty() {
        return Ok(None);
    }
    serde_json::from_str(&data).map(Some).with_context(|| event.to_owned())
}
