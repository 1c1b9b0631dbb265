//! The program itself: what it refuses before it reads a single key.

use std::path::Path;
use std::process::Command;

/// F08.
#[test]
fn with_a_key_log_in_the_environment_core_does_not_start() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/mcp-core.yaml");
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("core-key-log");
    let output = Command::new(env!("CARGO_BIN_EXE_fhir-mcp-core"))
        .args(["serve", "--config"])
        .arg(sample)
        .env("SSLKEYLOGFILE", &log)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(told, "SSLKEYLOGFILE is set; unset it\n");
    assert!(!log.exists());
}
