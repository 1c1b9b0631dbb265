//! The program itself: what it refuses before it reads a single key.

use std::path::Path;
use std::process::Command;

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

/// F12. The row of the map says what each of these would open.
#[test]
fn what_is_not_safe_does_not_start_and_is_named() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let key = "FjSPwC0nVgYt+3Ue8l9S0qzYJm5kXr1uQwE7hT4bZoA=";
    for (at, (from, to, field)) in [
        ("https://jhe.example.org", "http://jhe.example.org", "backend.base_url: "),
        ("  public_url: http://127.0.0.1:1\n", "", "server.public_url: "),
        ("http://127.0.0.1:1\n", "http://gateway.example.org\n", "server.public_url: "),
        ("own_client: true", "own_client: false", "backend.audience: "),
        ("{env: SECRET}", "{env: PLACEHOLDER}", "backend.client_secret: "),
        ("{env: RING}", "{env: ZEROS}", "keys.ring[0].key: "),
        ("\"127.0.0.1:0\"}", "\"0.0.0.0:0\"}", "server.listeners[0]"),
        ("  admin:", "  allowed_hosts: [\"*\"]\n  admin:", "server.allowed_hosts[0]: "),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(FIT.contains(from), "{from}");
        let file = folder.join(format!("unsafe-{at}.yaml"));
        std::fs::write(&file, FIT.replacen(from, to, 1)).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_fhir-mcp-gateway"))
            .args(["serve", "--config"])
            .arg(&file)
            .env("RING", key)
            .env("HOP", key.replace("Fj", "Gk"))
            .env("SECRET", "a secret of some length")
            .env("PLACEHOLDER", "changeme")
            .env("ZEROS", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{field} {told}");
        assert!(told.contains(field), "{field} is named: {told}");
        assert!(!told.contains("changeme") && output.stdout.is_empty(), "{told}");
    }
}
