//! Whole recorded pairs, request by request. They are not part of the repository: the environment
//! variable `FHIR_MCP_JHE_WIRE` names a folder of them, and without it this test does nothing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use reqwest::{Client, Method, Response};
use serde_json::Value;
use testbed::exchange::login::CookieJar;
use testbed::exchange::{Application, FakeExchange, ManualClock, Options, PASSWORD, RECORDED_AT};
use url::Url;

use super::login_of;

mod compare;

const CALLBACK: &str = "http://127.0.0.1:8401/oauth/callback";
const VERIFIER: &str = "a-code-verifier-that-is-long-enough-for-the-rule";
const GATEWAY: &str = "https://gateway.test/mcp";

fn applications() -> Vec<Application> {
    let application = |id: &str, redirects: &[&str]| Application {
        client_id: id.to_owned(),
        client_secret: Some("right".to_owned()),
        name: "Consent App (test)".to_owned(),
        redirect_uris: redirects.iter().map(|uri| (*uri).to_owned()).collect(),
        skips_consent: id == "jhe-mcp-broker",
        service_account: id == "cc-app",
    };
    vec![
        application("jhe-mcp-broker", &[CALLBACK, "http://127.0.0.1:8402/oauth/callback"]),
        application("consent-app", &["http://127.0.0.1:9/cb"]),
        application("cc-app", &[]),
    ]
}

/// One Exchange for each file, with the tokens that its labels name.
struct Replay {
    exchange: FakeExchange,
    http: Client,
    jar: CookieJar,
    labels: HashMap<String, String>,
    last_code: String,
}

impl Replay {
    async fn start() -> Self {
        let clock = ManualClock::at(RECORDED_AT);
        let options =
            Options { clock: clock.clock(), applications: applications(), ..Options::default() };
        let exchange = FakeExchange::start(options).await.unwrap();
        let mut labels = HashMap::new();
        let mut keep = |label: &str, login: &str, client: &str, scope: &str, bound: &[&str]| {
            let tokens = exchange.issue(login, client, scope, bound).unwrap();
            labels.insert(format!("<access_token:{label}>"), tokens.access_token);
            labels.insert(format!("<refresh_token:{label}>"), tokens.refresh_token.unwrap());
        };
        let (mary, own, both) = ("manager_mary", "jhe-mcp-broker", "openid email");
        keep("expired", mary, own, both, &[]);
        clock.advance(SignedDuration::from_hours(15 * 24));
        for who in ["mary", "megan", "victor", "tom", "mark", "peter", "admin"] {
            keep(who, login_of(who).unwrap(), own, both, &[]);
        }
        keep("mary2", mary, own, both, &[]);
        keep("mary3", mary, own, both, &[]);
        keep("email-only", mary, own, "email", &[]);
        keep("resource", mary, own, both, &[GATEWAY]);
        keep("resource2", mary, own, both, &[GATEWAY]);
        keep("second-app", mary, "consent-app", both, &[]);
        labels.insert("<jwt>".to_owned(), "e30.e30.e30".to_owned());
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { exchange, http, jar: CookieJar::default(), labels, last_code: String::new() }
    }

    /// Labels in a recorded value become what they stand for here.
    fn filled_in(&self, text: &str) -> String {
        let mut text = text
            .replace("<password>", PASSWORD)
            .replace("<client_secret>", "right")
            .replace("<client_secret_3>", "right")
            .replace("<code_verifier>", VERIFIER)
            .replace("<csrf>", self.jar.value("csrftoken").unwrap_or_default())
            .replace("<code>", &self.last_code);
        for (label, value) in &self.labels {
            text = text.replace(label, value);
        }
        match text.strip_prefix("Basic base64(").and_then(|rest| rest.strip_suffix(')')) {
            Some(pair) => format!("Basic {}", STANDARD.encode(pair)),
            None => text,
        }
    }

    /// What was done before some of the pairs, outside the recording.
    async fn prepare(&mut self, name: &str, request: &Value) {
        if name == "revoked_token" {
            self.exchange.revoke(&self.filled_in("<access_token:mary3>"));
        }
        let wants = |pointer: &str| request.pointer(pointer).is_some_and(|code| code == "<code>");
        if name != "code_replayed" && (wants("/form/code") || wants("/json/code")) {
            let (scope, resources): (_, &[&str]) = match name {
                "ok_scope_email_only" => ("email", &[]),
                "token_two_resources" => ("openid email", &["http://jhe.test/", GATEWAY]),
                name if name.contains("resource") => ("openid email", &[GATEWAY]),
                _ => ("openid email", &[]),
            };
            self.last_code = self.code(scope, resources).await;
        }
    }

    async fn code(&mut self, scope: &str, resources: &[&str]) -> String {
        let mut browser = testbed::exchange::login::Browser::over(self.http.clone());
        let mut url = Url::parse(&format!("{}/o/authorize/", self.exchange.base_url())).unwrap();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", "jhe-mcp-broker")
            .append_pair("redirect_uri", CALLBACK)
            .append_pair("scope", scope)
            .append_pair("code_challenge", &compare::challenge(VERIFIER))
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(resources.iter().map(|resource| ("resource", resource)));
        let back = browser.drive(&url, "manager_mary", CALLBACK).await.unwrap();
        back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
    }

    async fn send(&mut self, name: &str, request: &Value) -> Response {
        let method: Method = request["method"].as_str().unwrap().parse().unwrap();
        let url = format!("{}{}", self.exchange.base_url(), request["path"].as_str().unwrap());
        let url = Url::parse(&url).unwrap();
        // Links and documents repeat the host that was asked for.
        let mut sent = self.http.request(method, url.clone()).header("host", "jhe.test");
        for (header, value) in request["headers"].as_object().unwrap() {
            sent = sent.header(header, self.filled_in(value.as_str().unwrap()));
        }
        let cookies = self.jar.header(&url);
        if !cookies.is_empty()
            && !["login_without_csrf", "prompt_none_not_logged_in"].contains(&name)
        {
            sent = sent.header("cookie", cookies);
        }
        if let Some(form) = request["form"].as_object() {
            let form: Vec<_> = form
                .iter()
                .map(|(field, value)| (field, self.filled_in(value.as_str().unwrap())))
                .collect();
            sent = sent.form(&form);
        } else if request["json"].is_object() {
            sent = sent.json(&request["json"]);
        }
        let response = sent.send().await.unwrap();
        self.jar.keep(&url, response.headers());
        response
    }

    /// Tokens that the answer brought, under the labels that the recording gave them.
    fn learn(&mut self, recorded: &Value, body: &Value) {
        for member in ["access_token", "refresh_token"] {
            if let (Some(label), Some(value)) = (recorded[member].as_str(), body[member].as_str()) {
                self.labels.insert(label.to_owned(), value.to_owned());
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    files
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "says that the recordings are missing, or how many agree")]
#[expect(clippy::disallowed_methods, reason = "the recordings are named by the environment")]
async fn every_recorded_pair_replays() {
    let Ok(folder) = std::env::var("FHIR_MCP_JHE_WIRE") else {
        println!("skipped: FHIR_MCP_JHE_WIRE names no folder of recordings");
        return;
    };
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let (mut differences, mut agreed) = (Vec::new(), 0);
    for file in files(Path::new(&folder)) {
        let recording: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let mut replay = Replay::start().await;
        for pair in recording["exchanges"].as_array().unwrap() {
            let name = pair["name"].as_str().unwrap();
            replay.prepare(name, &pair["request"]).await;
            let response = replay.send(name, &pair["request"]).await;
            let (found, body) = compare::differences(pair, response).await;
            replay.learn(&pair["response"]["body"], &body);
            let stem = file.file_stem().unwrap().to_string_lossy();
            agreed += usize::from(found.is_empty());
            differences.extend(found.into_iter().map(|what| format!("{stem}/{name}: {what}")));
        }
    }
    println!("{agreed} recorded pairs agree");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
