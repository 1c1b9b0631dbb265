//! Hands the revision, the target and the compiler to the crate.

#![expect(clippy::disallowed_methods, reason = "cargo tells a build by its environment alone")]

use std::error::Error;
use std::io::Write as _;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    // Git is not asked here: each commit would build both programs anew, and an archive has no git. Whoever
    // builds to publish says it (`scripts/binaries`).
    let revision = std::env::var("SOURCE_REVISION").unwrap_or_else(|_| "unknown".to_owned());
    if revision.is_empty()
        || !revision.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        return Err(
            format!("SOURCE_REVISION: must be letters, digits and dashes: {revision:?}").into()
        );
    }
    let compiler = std::env::var("RUSTC")?;
    let compiler = Command::new(compiler).arg("--version").output()?;
    let mut out = std::io::stdout();
    writeln!(out, "cargo::rerun-if-env-changed=SOURCE_REVISION")?;
    writeln!(out, "cargo::rustc-env=PROVENANCE_REVISION={revision}")?;
    writeln!(out, "cargo::rustc-env=PROVENANCE_TARGET={}", std::env::var("TARGET")?)?;
    writeln!(
        out,
        "cargo::rustc-env=PROVENANCE_COMPILER={}",
        String::from_utf8(compiler.stdout)?.trim()
    )?;
    Ok(())
}
