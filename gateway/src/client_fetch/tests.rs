//! The fetcher against a site of its own.

use std::sync::atomic::Ordering;

use super::*;
use crate::bench::Manual;
use crate::bench::site::{HOST, Site};
use crate::shared;

const URL: &str = "https://clients.example.org/client";

fn body() -> String {
    format!(r#"{{"client_id":"{URL}","client_name":"C","redirect_uris":["http://[::1]/"]}}"#)
}

fn answer(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn json(head: &str) -> String {
    answer(&format!("200 OK\r\nContent-Type: application/json{head}"), &body())
}

struct Bench {
    documents: ClientDocuments,
    site: Arc<Site>,
    clock: Arc<Manual>,
}

impl Bench {
    fn of(site: Site) -> Self {
        // The first one installs what TLS needs.
        shared::http_client(None).unwrap();
        let (site, clock) = (Arc::new(site), Arc::new(Manual::default()));
        let network = Arc::clone(&site) as Arc<dyn Network>;
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let documents = ClientDocuments::new(network, RedirectPolicy::default(), shared).unwrap();
        Self { documents, site, clock }
    }

    async fn fetch(&self) -> Result<Arc<ClientDocument>, NoDocument> {
        self.documents.document(&DocumentUrl::parse(URL).unwrap()).await
    }

    fn dialled(&self) -> usize {
        self.site.dialled.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_document_is_fetched_once_and_believed_for_five_minutes_to_a_day() {
    for (head, lifetime) in [
        ("", 300),
        ("\r\nCache-Control: no-store", 300),
        ("\r\nCache-Control: public, max-age=1", 300),
        ("\r\nCache-Control: public, max-age=3600", 3600),
        ("\r\nCache-Control: max-age=99999999", 86_400),
    ] {
        let bench = Bench::of(Site::serve(json(head)));
        assert_eq!(bench.fetch().await.unwrap().name(), "C");
        bench.clock.0.store(lifetime - 1, Ordering::SeqCst);
        assert!(bench.fetch().await.is_ok());
        assert_eq!(bench.dialled(), 1, "{head}");
        bench.clock.0.store(lifetime, Ordering::SeqCst);
        assert!(bench.fetch().await.is_ok());
        assert_eq!(bench.dialled(), 2, "{head}");
        assert_eq!(bench.site.resolved.load(Ordering::SeqCst), 2, "one look-up for each fetch");
    }
}

#[tokio::test]
async fn a_burst_of_logins_is_one_fetch() {
    let bench = Bench::of(Site::serve(json("")));
    let fetched = futures::future::join_all((0..20).map(|_| bench.fetch())).await;
    assert!(fetched.iter().all(Result::is_ok));
    assert_eq!(bench.dialled(), 1);
}

#[tokio::test]
async fn an_address_that_is_not_public_is_never_dialled() {
    let private = Bench::of(Site::serve(json("")).judged_strictly());
    assert_eq!(private.fetch().await.unwrap_err(), NoDocument::Unreachable);
    assert_eq!(private.dialled(), 0);
    let mixed = Bench::of(Site::serve(json("")).also_at("169.254.169.254:80"));
    assert_eq!(mixed.fetch().await.unwrap_err(), NoDocument::Unreachable);
    assert_eq!(mixed.dialled(), 0, "one bad address spoils the name");
}

#[tokio::test]
async fn what_is_no_small_plain_json_document_is_refused() {
    let moved = format!("302 Found\r\nLocation: https://{HOST}/elsewhere");
    let large = format!("{}{}", body(), " ".repeat(LARGEST));
    let other = body().replace("/client\"", "/other\"");
    let typed = |kind: &str| format!("200 OK\r\nContent-Type: {kind}");
    for (answer, refused) in [
        (answer(&moved, ""), NoDocument::Status(302)),
        (answer("404 Not Found", ""), NoDocument::Status(404)),
        (answer("204 No Content", ""), NoDocument::Status(204)),
        (answer(&typed("text/html"), &body()), NoDocument::Unfit),
        (answer(&typed("application/javascript"), &body()), NoDocument::Unfit),
        (answer("200 OK", &body()), NoDocument::Unfit),
        (json("\r\nContent-Encoding: gzip"), NoDocument::Unfit),
        (answer(&typed("application/json"), &large), NoDocument::Unfit),
        (answer(&typed("application/json"), &other), InvalidDocument::OtherClient.into()),
        (answer(&typed("application/json"), "<html>"), InvalidDocument::Malformed.into()),
        ("garbage\r\n\r\n".to_owned(), NoDocument::Unreachable),
    ] {
        let bench = Bench::of(Site::serve(answer.as_str()));
        assert_eq!(bench.fetch().await.unwrap_err(), refused, "{answer}");
        assert_eq!(bench.dialled(), 1, "a redirect is not followed");
    }
    let kind = typed("Application/Client+JSON; charset=utf-8");
    assert!(Bench::of(Site::serve(answer(&kind, &body()))).fetch().await.is_ok());
}

#[tokio::test]
async fn a_failure_is_left_alone_for_moments_and_then_tried_again() {
    let bench = Bench::of(Site::serve(answer("500 Broken", "")));
    for (second, dialled) in [(0, 1), (14, 1), (15, 2)] {
        bench.clock.0.store(second, Ordering::SeqCst);
        assert_eq!(bench.fetch().await.unwrap_err(), NoDocument::Status(500));
        assert_eq!(bench.dialled(), dialled, "after {second} s");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_no_proof() {
    let bench = Bench::of(Site::serve(json("")));
    let url = DocumentUrl::parse("https://elsewhere.example.org/client").unwrap();
    assert_eq!(bench.documents.document(&url).await.unwrap_err(), NoDocument::Unreachable);
}

#[tokio::test(start_paused = true)]
async fn a_site_that_does_not_answer_costs_three_seconds() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let site = Site::serve("").only_at(&address);
    let before = tokio::time::Instant::now();
    assert_eq!(Bench::of(site).fetch().await.unwrap_err(), NoDocument::Unreachable);
    assert_eq!(before.elapsed().as_secs(), 3);
}
