//! A login that fails: what the person sees, and what the operator finds.

use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::clock::SystemClock;
use crate::{Gateway, Listeners, bench, telemetry};

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

async fn refused_step(method: http::Method, path: &str, form: &str) -> (String, Log) {
    let log = Log::default();
    let writer = log.clone();
    let _default = tracing::subscriber::set_default(telemetry::subscriber(move || writer.clone()));
    let (public, admin) = (listener(), listener());
    let origin = format!("http://{}", public.local_addr().unwrap());
    let config = bench::config(&origin, "http://127.0.0.1:1", "");
    let running = Gateway::build(config, Arc::new(SystemClock::start()))
        .unwrap()
        .audit_to(io::sink())
        .start(Listeners { public: vec![public], admin })
        .unwrap();
    let request = reqwest::Client::new().request(method, format!("{origin}{path}"));
    let media = "application/x-www-form-urlencoded";
    let request = request.header("content-type", media).body(form.to_owned());
    let page = request.send().await.unwrap().text().await.unwrap();
    running.shutdown().await;
    (page, log)
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

#[tokio::test]
async fn a_failed_login_is_one_log_line_with_its_reference_step_and_reason() {
    let lost = "/oauth/callback?state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&code=canary";
    let token = "grant_type=refresh_token&client_id=canary&refresh_token=canary";
    for (method, path, form, step, reason) in [
        ("GET", "/authorize?client_id=canary", "", "authorize", "unknown_client"),
        ("POST", "/authorize", "request=canary&decision=approve", "consent", "foreign_form"),
        ("GET", lost, "", "callback", "transaction_lost"),
        ("POST", "/token", token, "token", "invalid_grant"),
    ] {
        let (page, log) = refused_step(method.parse().unwrap(), path, form).await;
        let lines = log.requests();
        assert_eq!(lines.len(), 1, "{step}: {lines:?}");
        assert_eq!(lines[0]["login.step"], step);
        assert_eq!(lines[0]["reason"], reason);
        let reference = lines[0]["request.id"].as_str().unwrap();
        assert!(step == "token" || page.contains(reference), "{step} shows its reference");
        let all = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(!all.contains("canary") && !page.contains("canary"), "{step} repeats nothing");
    }
}
