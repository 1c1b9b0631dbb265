//! Asks the tool service as the gateway does, about any backend: for questions whose answers must not
//! depend on who gives them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use authz::hop::{self, HopClaims, HopSealer};
use authz::keyring::SecretKey;
use authz::time::Timestamp;
use fhir_mcp_core::config::Config;
use fhir_mcp_core::{Core, Ending};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::bed::{listener, random_key};
use crate::exchange::{FakeExchange, Options};

/// A tool service of its own, and who asks it.
#[derive(Debug)]
pub struct Asker {
    url: String,
    key: String,
    claims: Value,
    http: reqwest::Client,
    folder: Option<PathBuf>,
    /// The service ends with the asker.
    _serving: JoinSet<Result<()>>,
}

impl Drop for Asker {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own cleaning.
        let _left = self.folder.as_ref().map(std::fs::remove_dir_all);
    }
}

/// The stand-in Exchange, and a practitioner's token for it.
pub async fn exchange() -> Result<(FakeExchange, String)> {
    let exchange = FakeExchange::start(Options::default()).await?;
    let token = exchange.issue_token("manager_mary")?;
    Ok((exchange, token))
}

impl Asker {
    /// A service for the backend at `base_url` with a built-in profile; `vouched` is a parameter that
    /// the profile is made to vouch for, whatever the backend does with it.
    pub fn start(
        profile: &str,
        base_url: &str,
        token: &str,
        vouched: Option<&str>,
    ) -> Result<Self> {
        let folder = vouched.map(|name| gullible(profile, name)).transpose()?;
        let key = random_key();
        let listener = listener()?;
        let address = listener.local_addr()?;
        let mut text = format!("listen: \"{address}\"\nadmin: \"127.0.0.1:1\"\n");
        if let Some(folder) = &folder {
            writeln!(text, "profiles: {}", folder.display())?;
        }
        let secret = std::env::temp_dir().join(format!("hop-{}", uuid::Uuid::new_v4()));
        std::fs::write(&secret, &key)?;
        std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        writeln!(text, "hop_key: {{file: {}}}", secret.display())?;
        let config = Config::parse(&text).map_err(|mistakes| anyhow!("{mistakes}"));
        std::fs::remove_file(&secret)?;
        let core = Core::new(config?)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let mut serving = JoinSet::new();
        serving.spawn(core.serve(listener, None, Ending::default()));
        let claims = json!({
            "subject": "10002", "client": "client", "scope": "user/*.rs",
            "backend": {"name": "backend", "profile": profile, "base_url": base_url},
            "backend_token": token, "request_id": "request-1", "tools": null,
        });
        let url = format!("http://{address}/mcp");
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { url, key, claims, http, folder, _serving: serving })
    }

    /// The structured answer of a tool.
    ///
    /// # Errors
    /// The sentence with which the tool refused or failed.
    pub async fn call(&self, tool: &str, arguments: Value) -> Result<Value> {
        let params = json!({"name": tool, "arguments": arguments});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let body = body.to_string();
        let claims: HopClaims = serde_json::from_value(self.claims.clone())?;
        let now = u64::try_from(jiff::Timestamp::now().as_second())?;
        let sealer = HopSealer::new(SecretKey::from_base64(&self.key)?);
        let now = Timestamp::from_unix_seconds(now);
        let hop = sealer.seal(claims, body.as_bytes(), now, &mut rand::rng());
        let request = self.http.post(&self.url).header("host", hop::HOST).header(hop::HEADER, hop);
        let request = request
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .header("mcp-protocol-version", "2025-06-18");
        let answer: Value = request.body(body).send().await?.json().await?;
        let result = answer.get("result").with_context(|| format!("no result: {answer}"))?;
        if result["isError"] == true {
            let sentence = result.pointer("/content/0/text").and_then(Value::as_str);
            return Err(anyhow!("{}", sentence.unwrap_or_default()));
        }
        Ok(result["structuredContent"].clone())
    }
}

/// A folder with the profile as it is, except that it vouches for one parameter too many, and proves
/// every one by an impossible value.
fn gullible(profile: &str, parameter: &str) -> Result<PathBuf> {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/profiles");
    let text = std::fs::read_to_string(built_in.join(format!("{profile}.yaml")))?;
    let mut file: yaml_serde::Value = yaml_serde::from_str(&text)?;
    let search = file.get_mut("search").and_then(|one| one.as_mapping_mut()).context("search")?;
    let vouched = yaml_serde::from_str(&format!("every_type: [\"{parameter}:token\"]"))?;
    search.insert("parameters".into(), vouched);
    if profile != "medplum" {
        search.insert("canary".into(), "always".into());
    }
    let folder = std::env::temp_dir().join(format!("profiles-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder)?;
    std::fs::write(folder.join("own.yaml"), yaml_serde::to_string(&file)?)?;
    Ok(folder)
}
