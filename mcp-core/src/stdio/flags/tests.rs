//! What is taken, what is refused, and what is said of it.

use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    flags: Flags,
}

fn check(words: &str) -> Result<Settings, String> {
    let line = ["stdio"].into_iter().chain(words.split_whitespace());
    Line::try_parse_from(line).unwrap().flags.check().map_err(|mistakes| mistakes.to_string())
}

fn with(more: &str) -> Result<Settings, String> {
    check(&format!("--backend https://jhe.example/ --client-id laptop {more}"))
}

#[test]
fn url_and_client_id_are_enough_for_an_exchange() {
    let settings = with("").unwrap();
    let Registration { endpoints, issuer, redirect, scope, .. } = settings.registration;
    assert_eq!(endpoints.authorize.as_str(), "https://jhe.example/o/authorize/");
    assert_eq!(endpoints.token.as_str(), "https://jhe.example/o/token/");
    assert_eq!(endpoints.revoke.unwrap().as_str(), "https://jhe.example/o/revoke_token/");
    assert_eq!(issuer, "https://jhe.example/o");
    assert_eq!(redirect.to_string(), "http://127.0.0.1/callback");
    assert_eq!(scope, "openid email");
    assert_eq!(settings.backend.profile, "jhe");
    assert!(settings.opens_browser);
}

#[test]
fn a_backend_is_https_unless_it_is_on_this_computer_and_one_says_so() {
    let backend =
        |url: &str, more: &str| check(&format!("--backend {url} --client-id laptop {more}"));
    let allowed = "--allow-plain-loopback";
    for url in ["http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost:8000"] {
        assert!(backend(url, allowed).is_ok(), "{url}");
        assert!(backend(url, "").unwrap_err().contains(allowed), "{url}");
    }
    for url in [
        "http://jhe.example",
        "http://127.0.0.2",
        "http://localhost.example",
        "ftp://jhe.example",
        "https://user:word@jhe.example",
        "https://jhe.example/?a=b",
        "https://jhe.example/#a",
        "jhe.example",
    ] {
        assert!(backend(url, allowed).unwrap_err().starts_with("--backend: "), "{url}");
    }
    let elsewhere = with("--token-endpoint http://other.example/token").unwrap_err();
    assert_eq!(elsewhere, "--token-endpoint: must be https");
}

#[test]
fn another_kind_of_backend_has_no_usual_endpoints() {
    let found = with("--profile fhir-r4").unwrap_err();
    for flag in ["--authorize-endpoint: ", "--token-endpoint: ", "--issuer: "] {
        assert!(found.lines().any(|line| line.starts_with(flag)), "{flag} in {found}");
    }
    let settings = with(
        "--profile fhir-r4 --authorize-endpoint https://id.example/a --token-endpoint \
         https://id.example/t --issuer https://id.example",
    );
    let registration = settings.unwrap().registration;
    assert_eq!(registration.issuer, "https://id.example");
    assert!(registration.endpoints.revoke.is_none());
}

#[test]
fn every_mistake_is_named_at_once() {
    let found = check(
        "--backend nowhere --client-id $ID --scope email --redirect-uri https://evil.example/ \
         --profile none --authority /no/such/file",
    );
    let found = found.unwrap_err();
    for flag in [
        "--backend: ",
        "--client-id: ",
        "--scope: ",
        "--redirect-uri: ",
        "--profile: ",
        "--authority: ",
    ] {
        assert!(found.lines().any(|line| line.starts_with(flag)), "{flag} in {found}");
    }
    assert_eq!(found.lines().count(), 6, "{found}");
}
