//! What an operator reads in `docs/operations.md` is what the programs say.

use authz::broker::error::{OAuthErrorCode, PageError};
use authz::broker::no_grant::Why;
use authz::rejection::RejectionCode;
use fhir_mcp_gateway::fault::FaultCode;

const OPERATIONS: &str = include_str!("../../../docs/operations.md");
/// Where the words stand that no type lists.
const GATEWAY_EXPIRY: &str = include_str!("../../../gateway/src/tls/expiry.rs");
const GATEWAY_RELOADS: &str = include_str!("../../../gateway/src/reload/report.rs");
const GATEWAY_METRICS: &str = include_str!("../../../gateway/src/metrics.rs");
const GATEWAY_LIMITS: &str = include_str!("../../../gateway/src/rate_limit/counters.rs");
const GATEWAY_SPANS: &str = include_str!("../../../gateway/src/shared.rs");
const CORE_SPANS: &str = include_str!("../../../mcp-core/src/http.rs");
const CORE_ERRORS: &str = include_str!("../../../mcp-core/src/tools/error.rs");
const CORE_FAULTS: &str = include_str!("../../../mcp-core/src/backend/fault.rs");
const CORE_METRICS: &str = include_str!("../../../mcp-core/src/metrics.rs");

#[test]
fn every_refusal_has_its_row() {
    let rejections = RejectionCode::ALL.iter().map(|code| code.as_str());
    let oauth = OAuthErrorCode::ALL.iter().map(|code| code.as_str());
    let pages = PageError::ALL.iter().map(|code| code.as_str());
    for word in rejections.chain(oauth).chain(pages) {
        assert!(has_row(word), "{word} has no row");
    }
    for code in RejectionCode::ALL {
        let row = format!("| `{}` | {}", code.as_str(), code.status());
        assert!(OPERATIONS.contains(&row), "{row}");
    }
}

#[test]
fn every_reason_of_a_failed_login_has_its_row() {
    for why in Why::ALL {
        assert!(OPERATIONS.contains(&format!("`{why}`")), "{why} has no row");
    }
}

#[test]
fn every_fault_and_every_tool_error_has_its_row() {
    for code in FaultCode::ALL {
        let row = format!("| `{}` | {}", code.as_str(), code.status());
        assert!(OPERATIONS.contains(&row), "{row}");
    }
    for (source, least) in [(CORE_ERRORS, 4), (CORE_FAULTS, 8)] {
        let words: Vec<&str> = arms(source).collect();
        assert!(words.len() >= least, "the words are found: {words:?}");
        for word in words {
            assert!(has_row(word), "{word} has no row");
        }
    }
}

#[test]
fn every_metric_has_its_row() {
    let sources = [
        (GATEWAY_METRICS, "gateway_", 9),
        (GATEWAY_EXPIRY, "gateway_", 1),
        (GATEWAY_LIMITS, "gateway_", 4),
        (GATEWAY_RELOADS, "gateway_", 4),
        (GATEWAY_SPANS, "gateway_", 1),
        (CORE_METRICS, "mcp_", 3),
        (CORE_SPANS, "mcp_", 1),
    ];
    for (source, prefix, least) in sources {
        let quoted = source.split('"').filter(|text| text.starts_with(prefix));
        let names: Vec<&str> = quoted.filter(|text| text.bytes().all(is_word)).collect();
        assert!(names.len() >= least, "the names are found: {names:?}");
        for name in names {
            assert!(has_row(name), "{name} has no row");
        }
    }
}

#[test]
fn every_check_of_the_doctor_has_its_row() {
    for check in fhir_mcp_gateway::doctor::Check::ALL {
        assert!(has_row(check.as_str()), "{} has no row", check.as_str());
    }
}

#[test]
fn every_word_of_the_import_and_every_variable_that_it_knows_has_its_row() {
    for verdict in fhir_mcp_gateway::import_env::Verdict::ALL {
        assert!(has_row(verdict.as_str()), "{} has no row", verdict.as_str());
    }
    let rows = include_str!("../../../docs/migrating-from-jhe-mcp.md").lines();
    let cells: Vec<&str> =
        rows.filter_map(|row| row.strip_prefix("| `")?.split(" | ").next()).collect();
    for known in fhir_mcp_gateway::import_env::Known::ALL {
        let named = |cell: &&str| cell.split(['`', ',', ' ']).any(|word| word == known.name());
        assert!(cells.iter().any(named), "{} has no row", known.name());
    }
}

fn has_row(word: &str) -> bool {
    OPERATIONS.contains(&format!("| `{word}` |"))
}

/// The code words of `match` arms such as `=> "word",`.
fn arms(source: &str) -> impl Iterator<Item = &str> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let texts = code.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next());
    texts.filter(|text| text.contains('_') && text.bytes().all(is_word))
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'_'
}
