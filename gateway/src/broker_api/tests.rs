//! A login that fails: what the person sees, and what the operator finds.

use std::io;
use std::net::TcpListener;
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value;

use crate::bench::site::{HOST, Site};
use crate::client_fetch::Network;
use crate::clock::SystemClock;
use crate::{Gateway, Listeners, Queue, Running, bench, telemetry};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// The lines of our requests.
    fn requests(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["message"] == "request").collect()
    }
}

/// A subscriber for the threads of other tests: what is logged first by a thread without one is
/// taken for something that nobody wants to read.
static ELSEWHERE: LazyLock<()> = LazyLock::new(|| {
    tracing::subscriber::set_global_default(telemetry::subscriber(io::sink)).unwrap();
});

async fn refused_step(method: http::Method, path: &str, form: &str) -> (String, Log) {
    LazyLock::force(&ELSEWHERE);
    let log = Log::default();
    let writer = log.clone();
    let _default = tracing::subscriber::set_default(telemetry::subscriber(move || writer.clone()));
    let named = "{id: app, name: App, redirect_uris: [\"http://127.0.0.1/cb\"]}";
    let clients = format!("clients: {{document_hosts: [{HOST}], registered: [{named}]}}\n");
    let (running, origin) = start(Site::serve("").judged_strictly(), &clients);
    let request = reqwest::Client::new().request(method, format!("{origin}{path}"));
    let media = "application/x-www-form-urlencoded";
    let request = request.header("content-type", media).body(form.to_owned());
    let page = request.send().await.unwrap().text().await.unwrap();
    running.shutdown().await;
    (page, log)
}

/// A gateway with nobody behind it, in a network where there is a site.
fn start(site: Site, extra: &str) -> (Running, String) {
    let (public, admin) = (listener(), listener());
    let origin = format!("http://{}", public.local_addr().unwrap());
    let config = bench::config(&origin, "http://127.0.0.1:1", extra);
    let network: Arc<dyn Network> = Arc::new(site);
    let running = Gateway::build_over(config, Arc::new(SystemClock::start()), network)
        .unwrap()
        .audit_to(io::sink())
        .start(Listeners { public: vec![public], admin, queue: Queue::Shared })
        .unwrap();
    (running, origin)
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

#[tokio::test]
async fn a_failed_login_is_one_log_line_with_its_reference_step_and_reason() {
    let lost = "/oauth/callback?state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&code=canary";
    let token = "grant_type=refresh_token&client_id=canary&refresh_token=canary";
    let spent = "grant_type=refresh_token&client_id=app&refresh_token=canary";
    let document = format!("/authorize?client_id=https://{HOST}/canary");
    for (method, path, form, step, reason, why) in [
        ("GET", "/authorize?client_id=canary", "", "authorize", "unknown_client", ""),
        (
            "GET",
            &document,
            "",
            "authorize",
            "client_document_unavailable",
            "its host cannot be reached",
        ),
        ("POST", "/authorize", "request=canary&decision=approve", "consent", "foreign_form", ""),
        ("GET", lost, "", "callback", "transaction_lost", ""),
        ("POST", "/token", token, "token", "invalid_client", ""),
        ("POST", "/token", spent, "token", "invalid_grant", "unreadable"),
    ] {
        let (page, log) = refused_step(method.parse().unwrap(), path, form).await;
        let lines = log.requests();
        assert_eq!(lines.len(), 1, "{step}: {lines:?}");
        assert_eq!(lines[0]["login.step"], step);
        assert_eq!(lines[0]["reason"], reason);
        assert_eq!(lines[0]["login.why"].as_str().unwrap_or_default(), why, "{step} {reason}");
        let reference = lines[0]["request.id"].as_str().unwrap();
        assert!(page.contains(&reference[..10]), "{step} shows its reference: {page}");
        let all = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(!all.contains("canary") && !page.contains("canary"), "{step} repeats nothing");
    }
}

#[tokio::test]
async fn whoever_never_reaches_a_step_of_the_login_is_told_in_words_that_he_can_read() {
    let (running, origin) =
        start(Site::serve(""), "limits: {per_address: {authorize: 1, token: 1}}\n");
    let http = reqwest::Client::new();
    let again = |method: http::Method, path: &'static str| {
        let request = http.request(method, format!("{origin}{path}"));
        request.header("content-type", "application/x-www-form-urlencoded").body("grant_type=x")
    };
    for (method, path, media) in [
        (http::Method::GET, "/authorize?client_id=x", "text/html; charset=utf-8"),
        (http::Method::POST, "/token", "application/json"),
    ] {
        let first = again(method.clone(), path).send().await.unwrap();
        assert_eq!(first.status(), 400);
        let over = again(method, path).send().await.unwrap();
        assert_eq!(
            (over.status().as_u16(), &over.headers()["content-type"]),
            (429, &media.parse().unwrap())
        );
        assert!(over.headers().contains_key("retry-after"));
        let body = over.text().await.unwrap();
        assert!(body.contains("reference"), "{body}");
        assert!(path != "/token" || body.contains("\"temporarily_unavailable\""), "{body}");
    }
    running.shutdown().await;
}

/// The status and the text of the page that a client of this name gets.
async fn authorize(site: Site, client_id: &str) -> (u16, String) {
    let (running, origin) = start(site, &format!("clients: {{document_hosts: [{HOST}]}}\n"));
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let query = [
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", "http://127.0.0.1:7/cb"),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ];
    let request = reqwest::Client::new().get(format!("{origin}/authorize")).query(&query);
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    running.shutdown().await;
    (status, text)
}

fn site(redirect_uri: &str) -> Site {
    let body = format!(
        r#"{{"client_id":"https://{HOST}/client","client_name":"Documented",
            "redirect_uris":["{redirect_uri}"]}}"#
    );
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length";
    Site::serve(format!("{head}: {}\r\nConnection: close\r\n\r\n{body}", body.len()))
}

#[tokio::test]
async fn a_client_that_is_a_document_at_a_trusted_host_gets_the_consent_page() {
    let id = format!("https://{HOST}/client");
    let (status, page) = authorize(site("http://127.0.0.1/cb"), &id).await;
    assert_eq!(status, 200);
    assert!(page.contains("Documented"), "the page names the client");
    let (status, _) = authorize(site("http://127.0.0.1/other"), &id).await;
    assert_eq!(status, 400, "the redirect URI is not in the document");
}

#[tokio::test]
async fn what_names_no_document_that_may_be_fetched_is_refused_without_a_connection() {
    for id in [
        format!("http://{HOST}/client"),
        format!("https://{HOST}:8443/client"),
        format!("https://user@{HOST}/client"),
        format!("https://{HOST}/a/../client"),
        format!("https://{HOST}/client#f"),
        format!("https://{HOST}"),
        "https://127.0.0.1/client".to_owned(),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://evil.example.org/client".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let site = site("http://127.0.0.1/cb");
        let dialled = Arc::clone(&site.dialled);
        assert_eq!(authorize(site, &id).await.0, 400, "{id}");
        assert_eq!(dialled.load(std::sync::atomic::Ordering::SeqCst), 0, "{id}");
    }
}

#[tokio::test]
async fn a_site_that_is_down_is_not_the_clients_fault() {
    let id = format!("https://{HOST}/client");
    let strict = site("http://127.0.0.1/cb").judged_strictly();
    assert_eq!(authorize(strict, &id).await.0, 503);
}
