//! The command `verify-audit`: says whether an audit trail holds, and what is missing from it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use authz::keyring::SecretKey;
use fhir_mcp_gateway::audit::{CHAIN_PURPOSE, Digests, WrittenTo, verify};

/// It does not hold: a line was altered, added, removed or moved, or the key is another.
const BROKEN: u8 = 3;
/// It holds, and events are missing or may be.
const LOSSES: u8 = 4;

/// Prints what there is to say about `files`, oldest first, and returns the exit code: 0, 3 or 4.
pub(crate) fn run(
    files: &[PathBuf],
    key: Option<&Path>,
    to: WrittenTo,
) -> anyhow::Result<ExitCode> {
    let digests = match key {
        None => Digests::plain(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            Digests::keyed(&SecretKey::from_base64(&text)?.derive(CHAIN_PURPOSE))
        }
    };
    let report = verify(files, &digests, to).context("cannot read the trail")?;
    let mut out = io::stdout().lock();
    for (place, finding) in &report.findings {
        writeln!(out, "{place}: {finding}")?;
    }
    let lines = report.lines;
    if let Some((place, why)) = &report.broken {
        writeln!(out, "{place}: {why}")?;
        writeln!(out, "BROKEN after {lines} lines that hold; what follows was not read")?;
        return Ok(ExitCode::from(BROKEN));
    }
    if report.suppressed > 0 {
        let suppressed = report.suppressed;
        writeln!(out, "{suppressed} events of strangers were counted and not written")?;
    }
    if report.has_losses() {
        writeln!(out, "{lines} lines hold; events are missing, see above")?;
        return Ok(ExitCode::from(LOSSES));
    }
    writeln!(out, "{lines} lines hold")?;
    Ok(ExitCode::SUCCESS)
}
