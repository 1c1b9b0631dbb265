//! A16, B02: what must stand in no URL and no log.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use authz::broker::consent::Transaction;
use serde_json::json;
use testbed::login::{parameter, tokens};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use super::{PRIVATE, approve, browser, client, fleet, fresh, log_in, mcp, sealer};

/// Everything that is logged on this thread, at every level; a story on one thread is all of it.
#[derive(Clone, Debug, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn start(&self) -> DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(self.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_proof_towards_the_backend_is_fresh_and_stands_nowhere() -> Result<()> {
    let written = Written::default();
    let _writing = written.start();
    let bed = fleet().await?;
    let login = client(&bed).await?;
    let mut secrets = Vec::new();
    for _ in 0..2 {
        let mut one = browser()?;
        let link = approve(&mut one, &login.authorize_url(&[])?).await?;
        assert_eq!(parameter(&link, "code_verifier"), None);
        let state = parameter(&link, "state").unwrap();
        let cookie = one.jar.value(&format!("fmg-txn-{}", &state[..8])).unwrap().to_owned();
        let sealed: Transaction =
            sealer(&bed)?.open_bound(&cookie, state.as_bytes(), bed.now()).unwrap();
        let callback = log_in(&mut one, &bed, &link).await?;
        let backend_code = parameter(&callback, "code").unwrap();
        let returned = one.open(&callback).await?.location.unwrap();
        let code = parameter(&returned, "code").unwrap();
        let held = tokens(login.redeem(&code, &[]).await?).await?;
        secrets.extend([sealed.verifier.expose().to_owned(), sealed.nonce, state, cookie]);
        secrets.extend([backend_code, code, held.access, held.refresh]);
    }
    for (at, secret) in secrets.iter().enumerate() {
        assert!(!secrets[..at].contains(secret), "never the same twice");
    }
    // Beside our own lines there are those of the libraries, which a program does not write.
    let text = written.text();
    let ours: Vec<&str> = text.lines().filter(|line| line.contains("fhir_mcp")).collect();
    assert!(ours.len() >= 9, "something was logged");
    for secret in &secrets {
        assert!(!ours.iter().any(|line| line.contains(secret.as_str())), "{secret} is logged");
    }
    let verifiers = [&secrets[0], &secrets[8]];
    for seen in bed.exchange.log().all() {
        let query = seen.query.unwrap_or_default();
        assert!(!verifiers.iter().any(|verifier| query.contains(verifier.as_str())), "{query}");
    }
    Ok(())
}

#[tokio::test]
async fn a_token_counts_in_its_header_alone_and_is_not_written_down() -> Result<()> {
    let written = Written::default();
    let _writing = written.start();
    let bed = fleet().await?;
    let held = client(&bed).await?.log_in("manager_mary").await?;
    let (http, token) = (fresh()?, held.access.as_str());
    let accept = "application/json, text/event-stream";
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "access_token": token,
                      "params": {"name": PRIVATE, "arguments": {}}});
    let post = |url: String| http.post(url).header("accept", accept).json(&body);
    for (what, request, statuses) in [
        ("query", post(bed.at(&format!("/mcp?access_token={token}"))), [400, 401]),
        (
            "query beside a good header",
            post(bed.at(&format!("/mcp?access_token={token}"))).bearer_auth(token),
            [400, 401],
        ),
        ("another query", post(bed.at(&format!("/mcp?token={token}"))), [404, 401]),
        (
            "cookie",
            post(bed.at("/mcp")).header("cookie", format!("access_token={token}")),
            [401; 2],
        ),
        ("body", post(bed.at("/mcp")), [401; 2]),
        (
            "form",
            http.post(bed.at("/mcp")).header("accept", accept).form(&[("access_token", token)]),
            [415, 401],
        ),
    ] {
        let status = request.send().await?.status().as_u16();
        assert!(statuses.contains(&status), "{what}: {status}");
    }
    assert_eq!(mcp(&bed)?.call(token, PRIVATE, json!({})).await?.status, 200);
    let text = written.text();
    assert!(text.lines().any(|line| line.contains("fhir_mcp") && line.contains("token_in_query")));
    assert!(!text.lines().any(|line| line.contains("fhir_mcp") && line.contains(token)));
    bed.audit().await?;
    assert!(!bed.records.text().contains(token));
    assert!(!bed.metrics().await?.contains(token));
    Ok(())
}
