//! The tool service's program as it is, where the stories find it.

use std::process::ExitCode;

fn main() -> ExitCode {
    fhir_mcp_core::program::main()
}
