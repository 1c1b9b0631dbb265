//! An MCP client, just enough of one: a POST for each message, in either era.

#![expect(clippy::indexing_slicing, reason = "an index into JSON answers null, it does not panic")]

use anyhow::{Context as _, Result, ensure};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use crate::TestBed;
use crate::conformity;
use crate::events::Events;

/// By which a client knows what progress it is told of.
pub const PROGRESS_TOKEN: &str = "story-progress";

/// The response headers that a client may see from `/mcp`; any other would be a leak.
const ALLOWED: [&str; 18] = [
    "allow",
    "cache-control",
    "connection",
    "content-length",
    "content-security-policy",
    "content-type",
    "date",
    "ratelimit",
    "ratelimit-policy",
    "referrer-policy",
    "retry-after",
    "strict-transport-security",
    "transfer-encoding",
    "www-authenticate",
    "x-accel-buffering",
    "x-content-type-options",
    "x-frame-options",
    "x-request-id",
];

/// How a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// 2026-07-28: no handshake, metadata in every request.
    Modern,
    /// 2025-06-18, after an `initialize` that we leave out: it is sessionless here.
    Legacy,
}

/// A client of `/mcp`.
#[derive(Clone, Debug)]
pub struct Mcp {
    http: reqwest::Client,
    url: String,
    era: Era,
}

/// An answer of `/mcp`.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers, all of them expected ones.
    pub headers: HeaderMap,
    /// The body; `null` if it is empty.
    pub body: Value,
}

impl Answer {
    /// The structured content of a tool's answer.
    pub fn content(&self) -> Result<&Value> {
        ensure!(self.status == 200, "HTTP {}: {}", self.status, self.body);
        let result = &self.body["result"];
        ensure!(result["isError"] != true, "a tool error: {result}");
        result.get("structuredContent").with_context(|| format!("no content: {}", self.body))
    }

    /// The sentence of a tool error.
    pub fn tool_error(&self) -> Option<&str> {
        let result = &self.body["result"];
        (result["isError"] == true).then(|| result["content"][0]["text"].as_str()).flatten()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Mcp {
    /// A client of the gateway of `bed`.
    pub fn of(bed: &TestBed, era: Era) -> Self {
        Self::through(reqwest::Client::new(), bed, era)
    }

    /// A client of whatever gateway has its endpoint at `url`.
    pub fn at(url: String, http: reqwest::Client, era: Era) -> Self {
        Self { http, url, era }
    }

    /// A client of the gateway of `bed` over these connections.
    pub fn through(http: reqwest::Client, bed: &TestBed, era: Era) -> Self {
        Self { http, url: bed.at("/mcp"), era }
    }

    /// The same client over other connections.
    #[must_use]
    pub fn over(self, http: reqwest::Client) -> Self {
        Self { http, ..self }
    }

    /// Calls a tool. An answer that is not of the shape that the tool announces is an error.
    pub async fn call(&self, token: &str, tool: &str, arguments: Value) -> Result<Answer> {
        let parameters = json!({"name": tool, "arguments": arguments});
        let answer = self.send(Some(token), "tools/call", parameters).await?;
        if let Some(content) = answer.body["result"].get("structuredContent") {
            conformity::judge(tool, content)?;
        }
        Ok(answer)
    }

    /// The names of the tools that are listed.
    pub async fn tools(&self, token: &str) -> Result<Vec<Value>> {
        let answer = self.send(Some(token), "tools/list", json!({})).await?;
        let tools = answer.body["result"]["tools"].as_array();
        tools.cloned().with_context(|| format!("no tools: {}", answer.body))
    }

    /// Calls a tool, asks to be told how far it is, and reads what comes as it comes.
    pub async fn follow(&self, token: &str, tool: &str, arguments: Value) -> Result<Events> {
        let meta = json!({"progressToken": PROGRESS_TOKEN});
        let parameters = json!({"name": tool, "arguments": arguments, "_meta": meta});
        let (headers, body) = self.message("tools/call", parameters)?;
        Events::of(self.open(Some(token), headers, body).await?)
    }

    /// Sends one request.
    pub async fn send(
        &self,
        token: Option<&str>,
        method: &str,
        parameters: Value,
    ) -> Result<Answer> {
        let (headers, body) = self.message(method, parameters)?;
        self.post(token, headers, body).await
    }

    /// The headers and the body of a request.
    fn message(&self, method: &str, mut parameters: Value) -> Result<(HeaderMap, String)> {
        let mut headers = HeaderMap::new();
        headers.insert("accept", HeaderValue::from_static("application/json, text/event-stream"));
        match self.era {
            Era::Legacy => {
                headers.insert("mcp-protocol-version", HeaderValue::from_static("2025-06-18"));
            }
            Era::Modern => {
                headers.insert("mcp-protocol-version", HeaderValue::from_static("2026-07-28"));
                headers.insert("mcp-method", HeaderValue::from_str(method)?);
                let name = parameters["name"].as_str().or_else(|| parameters["uri"].as_str());
                if let Some(name) = name {
                    headers.insert("mcp-name", HeaderValue::from_str(name)?);
                }
                let meta = &mut parameters["_meta"];
                for (name, value) in [
                    ("protocolVersion", json!("2026-07-28")),
                    ("clientCapabilities", json!({})),
                    ("clientInfo", json!({"name": "story", "version": "1"})),
                ] {
                    meta[format!("io.modelcontextprotocol/{name}")] = value;
                }
            }
        }
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters});
        Ok((headers, body.to_string()))
    }

    /// Posts any body with any headers.
    pub async fn post(
        &self,
        token: Option<&str>,
        headers: HeaderMap,
        body: String,
    ) -> Result<Answer> {
        let response = self.open(token, headers, body).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).with_context(|| format!("HTTP {status}: {text}"))?
        };
        Ok(Answer { status, headers, body })
    }

    /// Posts, and returns when the head of the answer is here.
    async fn open(
        &self,
        token: Option<&str>,
        headers: HeaderMap,
        body: String,
    ) -> Result<reqwest::Response> {
        let mut request = self.http.post(&self.url).headers(headers).body(body);
        request = request.header("content-type", "application/json");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await?;
        for name in response.headers().keys() {
            ensure!(ALLOWED.contains(&name.as_str()), "the header {name} leaks");
        }
        Ok(response)
    }
}
