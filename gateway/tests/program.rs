//! The program itself: what it refuses before it reads a single key.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// F08.
#[test]
fn with_a_key_log_in_the_environment_the_gateway_does_not_start() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/gateway.yaml");
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gateway-key-log");
    let output = Command::new(env!("CARGO_BIN_EXE_fhir-mcp-gateway"))
        .args(["serve", "--config"])
        .arg(sample)
        .env("SSLKEYLOGFILE", &log)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(told, "fhir-mcp-gateway: SSLKEYLOGFILE is set; unset it\n");
    assert!(!log.exists());
}

/// A configuration that a gateway could start with.
const FIT: &str = "server:
  public_url: http://127.0.0.1:1
  listeners: [{address: \"127.0.0.1:0\"}]
  admin: \"127.0.0.1:0\"
keys:
  ring: [{id: 1, state: active, key: {env: RING}}]
  hop: {env: HOP}
core: {address: \"127.0.0.1:1\"}
backend:
  name: jhe
  profile: jhe
  base_url: https://jhe.example.org
  client_id: gateway
  client_secret: {env: SECRET}
  scope: openid email
  audience: {own_client: true}
";

/// What is replaced in it, by what, and how the sentence on standard error begins.
const UNSAFE: &[(&str, &str, &str)] = &[
    // The backend's answers, its tokens and our secret would be read on the way.
    ("https://jhe.example.org", "http://jhe.example.org", "backend.base_url: must be https; "),
    (
        "https://jhe.example.org",
        "https://user:pw-canary@jhe.example.org",
        "backend.base_url: must be an http or https URL without credentials",
    ),
    // Tokens would be for no resource, or for one that anybody can be.
    ("  public_url: http://127.0.0.1:1\n", "", "server.public_url: is missing"),
    (
        "http://127.0.0.1:1\n",
        "http://gateway.example.org\n",
        "server.public_url: must be https; http is for loopback only",
    ),
    (
        "http://127.0.0.1:1\n",
        "https://*.example.org\n",
        "server.public_url: must name one host; no wildcard",
    ),
    // Any token of the backend would do.
    ("own_client: true", "own_client: false", "backend.audience: "),
    (
        "own_client: true",
        "own_client: false, required_scope: openid",
        "backend.audience: must have another rule beside required_scope: openid",
    ),
    // A secret that others know or can guess.
    ("{env: SECRET}", "{env: PLACEHOLDER}", "backend.client_secret: is a placeholder, or shorter"),
    ("{env: SECRET}", "{env: SHORT}", "backend.client_secret: is a placeholder, or shorter"),
    ("{env: SECRET}", "a-secret-canary", "backend.client_secret: must be {file: path} or {env: "),
    ("{env: SECRET}", "{env: UNSET}", "backend.client_secret: the environment variable UNSET is"),
    ("client_id: gateway", "client_id: <client id>", "backend.client_id: is a placeholder"),
    ("{env: RING}", "{env: ZEROS}", "keys.ring[0].key: "),
    ("{env: RING}", "{env: SHORT}", "keys.ring[0].key: "),
    ("{env: RING}", "{file: open-to-all}", "keys.ring[0].key: "),
    ("hop: {env: HOP}", "hop: {env: RING}", "keys.hop: is a key of the ring too"),
    ("state: active", "state: verify", "keys.ring: "),
    // Anybody on the way would read the tokens of whoever comes.
    ("\"127.0.0.1:0\"}", "\"0.0.0.0:0\"}", "server.listeners[0].tls: is missing; a listener off"),
    // Any page in a browser could have its own name point here; any site could be sent the codes.
    ("  admin:", "  allowed_hosts: [\"*\"]\n  admin:", "server.allowed_hosts[0]: must be a host"),
    ("  admin:", "  allowed_origins: [\"*\"]\n  admin:", "server.allowed_origins[0]: "),
    (
        "core:",
        "clients: {allowed_redirect_hosts: [\"*.example.org\"]}\ncore:",
        "clients.allowed_redirect_hosts[0]: must be a host name",
    ),
    // A rule that is misspelt is no rule.
    ("audience:", "audeince:", "backend.audeince: "),
];

/// F12. The row of the map says what each of these would open.
#[test]
fn what_is_not_safe_does_not_start_and_is_named() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let key = "FjSPwC0nVgYt+3Ue8l9S0qzYJm5kXr1uQwE7hT4bZoA=";
    let open = folder.join("open-to-all");
    std::fs::write(&open, key).unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o666)).unwrap();
    let started = |name: &str, yaml: &str| {
        let file = folder.join(name);
        std::fs::write(&file, yaml).unwrap();
        Command::new(env!("CARGO_BIN_EXE_fhir-mcp-gateway"))
            .args(["serve", "--config"])
            .arg(&file)
            .current_dir(folder)
            .env("RING", key)
            .env("HOP", key.replace("Fj", "Gk"))
            .env("SECRET", "a secret of some length")
            .env("PLACEHOLDER", "changeme-canary")
            .env("SHORT", "canary")
            .env("ZEROS", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
            .env_remove("UNSET")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    for (at, (from, to, sentence)) in UNSAFE.iter().enumerate() {
        assert!(FIT.contains(from), "{from}");
        let output = started(&format!("unsafe-{at}.yaml"), &FIT.replacen(from, to, 1));
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{to}: {told}");
        let sentence = format!("fhir-mcp-gateway: {sentence}");
        assert!(told.starts_with(&sentence) && told.lines().count() == 1, "{to}: {told}");
        assert!(!told.contains("canary") && output.stdout.is_empty(), "{told}");
    }
}
