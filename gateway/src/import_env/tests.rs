//! The rules of the import: whatever is written, the configuration's own reader takes it.

use std::path::{Path, PathBuf};

use super::*;
use crate::config::Config;

mod rules;

const SECRET: &str = "canary-0f3b9d21c7aa4e55";
/// What the reference needs to serve over HTTP, and nothing more.
const MINIMAL: &str = "MCP_RESOURCE_URL=https://mcp.example.org
MCP_BROKER_KEY=abcdefghijklmnopqrstuvwxyz012345
JHE_BASE_URL=https://jhe.example.org
JHE_CLIENT_ID=mcp-broker
JHE_CLIENT_SECRET=canary-0f3b9d21c7aa4e55
";
const DEVELOPMENT: &str = "# my own machine
export MCP_RESOURCE_URL=\"http://localhost:8401/\"
export MCP_BROKER_KEY='abcdefghijklmnopqrstuvwxyz012345'
export JHE_BASE_URL=http://localhost:8000/
export JHE_CLIENT_ID=dev-client   # of the seed
export JHE_CLIENT_SECRET='canary-0f3b9d21c7aa4e55'
export MCP_REQUIRE_AUDIENCE=true
export JHE_REDIRECT_URI=http://localhost:8765/callback
";
/// All in one Secret, with the Exchange's service inside the cluster.
const HELM: &str = "MCP_RESOURCE_URL=https://mcp.jhe.example.org
MCP_HTTP_PORT=8000
MCP_BROKER_KEY=abcdefghijklmnopqrstuvwxyz012345
MCP_ALLOWED_REDIRECTS=https://claude.ai/api/mcp/auth_callback, https://hub.example.org/cb,http://localhost/cb
MCP_REQUIRE_AUDIENCE=true
JHE_BASE_URL=http://jhe.jhe.svc.cluster.local:8000
JHE_AUTHORIZE_ENDPOINT=https://jhe.example.org/o/authorize/
JHE_TOKEN_ENDPOINT=http://jhe.jhe.svc.cluster.local:8000/o/token/
JHE_CLIENT_ID=mcp-broker
JHE_CLIENT_SECRET=canary-0f3b9d21c7aa4e55
";

fn import(text: &str, secrets_dir: Option<&Path>) -> Import {
    let mut variables = read_env_file(text).unwrap();
    let found = variables.follow_files(read_file);
    decide(&variables, secrets_dir, found)
}

/// MINIMAL with further lines; a name that is there already gives way.
fn with(lines: &str) -> Import {
    let named = |line: &str| lines.lines().any(|other| name(other) == name(line));
    let kept: Vec<&str> = MINIMAL.lines().filter(|line| !named(line)).collect();
    import(&format!("{}\n{lines}", kept.join("\n")), None)
}

fn name(line: &str) -> &str {
    line.split('=').next().unwrap().trim_end_matches("_FILE")
}

/// What was said of a variable, in order.
fn verdicts(import: &Import, variable: &str) -> Vec<&'static str> {
    let rows = import.report().rows().iter().filter(|row| row.variable == variable);
    rows.map(|row| row.verdict.as_str()).collect()
}

/// A folder with a key in every file that a configuration may name.
fn folder(named: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("import-{named}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("ring-k1"), "FjSPwC0nVgYt+3Ue8l9S0qzYJm5kXr1uQwE7hT4bZoA=\n")
        .unwrap();
    std::fs::write(folder.join("hop"), "q8Zl0xGd3nVt5Yb7Kw2Ju9Rm4Ec6Hf1Ts0Ip8Lo3AvQ=\n").unwrap();
    std::fs::write(folder.join("JHE_CLIENT_SECRET"), format!("{SECRET}\n")).unwrap();
    folder
}

/// What the gateway makes of it, once the files are there.
fn accepted(named: &str, import: &Import) -> Config {
    let folder = folder(named);
    let yaml = import.gateway_yaml().unwrap().replace(KEYS, folder.to_str().unwrap());
    let secret = |name: &str| (name == "JHE_CLIENT_SECRET").then(|| SECRET.to_owned());
    let config = Config::parse(&yaml, &secret).map_err(|why| format!("{why}\n{yaml}")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(!yaml.contains("canary") && !import.report().to_string().contains("canary"), "{yaml}");
    config
}

#[test]
fn every_variable_of_the_reference_is_decided() {
    // As its settings, its web server and the Exchange's set-up command name them.
    let named = [
        "JHE_BASE_URL",
        "JHE_CLIENT_ID",
        "JHE_CLIENT_SECRET",
        "JHE_AUTHORIZE_ENDPOINT",
        "JHE_TOKEN_ENDPOINT",
        "JHE_USERINFO_ENDPOINT",
        "JHE_REDIRECT_URI",
        "MCP_RESOURCE_URL",
        "MCP_BROKER_KEY",
        "MCP_ALLOWED_REDIRECTS",
        "MCP_HTTP_PORT",
        "MCP_REQUIRE_AUDIENCE",
        "MCP_OAUTH_CLIENT_ID",
        "MCP_OAUTH_CLIENT_SECRET",
        "MCP_OAUTH_REDIRECT_URI",
    ];
    assert!(named.iter().all(|name| Known::of(name).is_some()));
    for known in Known::ALL {
        let import = with(&format!("{}=canary-value", known.name()));
        let said = verdicts(&import, known.name());
        assert!(!said.is_empty() && !said.contains(&"unknown"), "{known:?}: {said:?}");
        assert!(!import.report().to_string().contains("canary"), "{known:?}");
    }
}

#[test]
fn what_is_made_of_a_minimal_environment_is_accepted_and_needs_no_decision() {
    let import = import(MINIMAL, None);
    assert_eq!(import.report().exit_code(), 0, "{}", import.report());
    let config = accepted("minimal", &import);
    assert_eq!(config.server.public_url.as_str(), "https://mcp.example.org/");
    assert_eq!(config.public_addresses(), ["0.0.0.0:8401".parse().unwrap()]);
    assert!(config.server.listeners[0].tls.is_some());
    assert_eq!(config.backend.client_id, "mcp-broker");
    assert_eq!(config.backend.endpoints.authorize.as_str(), "https://jhe.example.org/o/authorize/");
    assert!(import.gateway_yaml().unwrap().contains("client_secret: { env: JHE_CLIENT_SECRET }"));
    assert_eq!(verdicts(&import, "MCP_REQUIRE_AUDIENCE"), ["stricter"]);
    assert_eq!(verdicts(&import, "MCP_BROKER_KEY"), ["not needed"]);
}

#[test]
fn what_is_made_of_a_developers_file_is_accepted_and_stays_on_loopback() {
    let import = import(DEVELOPMENT, None);
    assert_eq!(import.report().exit_code(), 0, "{}", import.report());
    let config = accepted("development", &import);
    assert_eq!(config.public_addresses(), ["127.0.0.1:8401".parse().unwrap()]);
    assert!(config.server.listeners[0].tls.is_none());
    assert_eq!(config.backend.base_url.as_str(), "http://localhost:8000/");
    assert_eq!(verdicts(&import, "MCP_REQUIRE_AUDIENCE"), ["taken"]);
}

#[test]
fn what_is_made_of_the_charts_secret_is_accepted_and_names_the_files_of_its_mount() {
    let mount = folder("mount");
    let import = import(HELM, Some(&mount));
    assert_eq!(import.report().exit_code(), 1, "{}", import.report());
    let yaml = import.gateway_yaml().unwrap();
    let secret = format!("client_secret: {{ file: \"{}/JHE_CLIENT_SECRET\" }}", mount.display());
    assert!(yaml.contains(&secret), "{yaml}");
    let config = accepted("helm", &import);
    assert_eq!(config.backend.public_url.as_str(), "https://jhe.example.org/");
    assert_eq!(config.backend.endpoints.authorize.as_str(), "https://jhe.example.org/o/authorize/");
    let token = "http://jhe.jhe.svc.cluster.local:8000/o/token/";
    assert_eq!(config.backend.endpoints.token.as_str(), token);
    assert_eq!(config.backend.issuers[0], "https://jhe.example.org/o");
    assert_eq!(config.public_addresses(), ["0.0.0.0:8000".parse().unwrap()]);
    let exact = &config.clients.allowed_redirect_uris;
    assert_eq!(
        exact[1..],
        ["https://claude.ai/api/mcp/auth_callback", "https://hub.example.org/cb"]
    );
    assert_eq!(verdicts(&import, "MCP_ALLOWED_REDIRECTS"), ["taken", "not needed", "stricter"]);
    assert_eq!(verdicts(&import, "JHE_BASE_URL"), ["decide", "taken"]);
    assert!(import.core_yaml().unwrap().contains(&format!("{}/hop", mount.display())));
    std::fs::remove_dir_all(mount).unwrap();
}

#[test]
fn the_hosted_clients_are_those_of_the_sample() {
    let sample = include_str!("../../../config/gateway.yaml");
    let folder = folder("sample");
    let sample = Config::parse(&sample.replace(KEYS, folder.to_str().unwrap()), &|_| {
        Some(SECRET.to_owned())
    });
    let (ours, sample) =
        (accepted("hosts", &import(MINIMAL, None)).clients, sample.unwrap().clients);
    assert_eq!(ours.allowed_redirect_hosts, sample.allowed_redirect_hosts);
    assert_eq!(ours.allowed_redirect_uris, sample.allowed_redirect_uris);
    std::fs::remove_dir_all(folder).unwrap();
}
