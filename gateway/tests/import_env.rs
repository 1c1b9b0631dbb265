//! `fhir-mcp-gateway import-env` as a program: what it prints where, and what it exits with.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Secrets wherever one may stand, by right or by mistake.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("MCP_RESOURCE_URL", "http://127.0.0.1:8401"),
    ("MCP_BROKER_KEY", "canary-broker-key-of-32-characters"),
    ("MCP_ALLOWED_REDIRECTS", "https://canary:canary@a.example/cb"),
    ("MCP_OAUTH_CLIENT_SECRET", "canary-of-the-seed"),
    ("MCP_PASSWORD", "canary-of-nobody"),
    ("JHE_BASE_URL", "https://jhe.example.org"),
    ("JHE_CLIENT_ID", "mcp-broker"),
    ("JHE_CLIENT_SECRET", "canary-client-secret"),
    ("HTTPS_PROXY", "http://user:canary@proxy.example.org:3128"),
    ("PATH", "/canary/of/the/shell"),
];

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn program(environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fhir-mcp-gateway"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn no_secret_and_no_value_that_may_be_one_is_printed_whatever_comes_of_it() {
    let unusable = [ENVIRONMENT, &[("MCP_HTTP_PORT", "canary")]].concat();
    let malformed = folder("import-strict").join("malformed.env");
    std::fs::write(&malformed, "JHE_CLIENT_SECRET='canary\ncanary").unwrap();
    for (environment, file, code) in
        [(ENVIRONMENT, None, 1), (&unusable, None, 2), (ENVIRONMENT, Some(&malformed), 2)]
    {
        for more in [&[][..], &["--core"], &["--secrets-dir", "/run/secrets"]] {
            let mut arguments = vec!["import-env"];
            if let Some(file) = file {
                arguments.extend(["--env-file", file.to_str().unwrap()]);
            }
            arguments.extend(more);
            let output = program(environment, &arguments);
            let (out, told) = texts(&output);
            assert_eq!(output.status.code(), Some(code), "{told}");
            assert!(!out.contains("canary") && !told.contains("canary"), "{out}\n{told}");
            assert_eq!(out.is_empty(), code == 2, "{out}");
        }
    }
}

#[test]
fn what_it_prints_passes_check_once_the_keys_are_made() {
    let folder = folder("import-check");
    let keys = folder.join("keys");
    std::fs::create_dir_all(&keys).unwrap();
    for key in ["ring-k1", "hop"] {
        std::fs::write(keys.join(key), program(&[], &["keygen"]).stdout).unwrap();
    }
    std::fs::write(keys.join("JHE_CLIENT_SECRET"), "canary-client-secret").unwrap();
    let secrets = ["--secrets-dir", keys.to_str().unwrap()];
    let imported = program(ENVIRONMENT, &[&["import-env"][..], &secrets].concat());
    let yaml = folder.join("gateway.yaml");
    std::fs::write(&yaml, &imported.stdout).unwrap();
    let checked = program(&[], &["check", yaml.to_str().unwrap()]);
    let (out, told) = texts(&checked);
    assert_eq!(checked.status.code(), Some(0), "{told}");
    assert!(out.contains("client_id: mcp-broker") && !out.contains("canary"), "{out}");
}

#[test]
fn a_file_is_read_in_place_of_the_environment_and_all_taken_over_is_exit_code_0() {
    let file = folder("import-file").join(".env");
    let lines = "MCP_RESOURCE_URL=http://localhost:8401\nJHE_BASE_URL=http://localhost:8000\n\
                 JHE_CLIENT_ID=of-the-file\nJHE_CLIENT_SECRET='canary-client-secret'\n";
    std::fs::write(&file, lines).unwrap();
    let output = program(ENVIRONMENT, &["import-env", "--env-file", file.to_str().unwrap()]);
    let (out, told) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(out.contains("client_id: \"of-the-file\"") && !out.contains("canary"), "{out}");
    assert!(!told.contains("MCP_PASSWORD") && !told.contains("PATH"), "{told}");
    let missing = program(ENVIRONMENT, &["import-env", "--env-file", "/no/such/file"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(texts(&missing).1.starts_with("cannot read /no/such/file: "));
}

#[test]
fn a_variable_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStrExt as _;
    let output = Command::new(env!("CARGO_BIN_EXE_fhir-mcp-gateway"))
        .arg("import-env")
        .env_clear()
        .env("JHE_CLIENT_ID", std::ffi::OsStr::from_bytes(b"a\xff"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(texts(&output).1, "JHE_CLIENT_ID: is not UTF-8\n");
}
