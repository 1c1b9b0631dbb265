//! The program; see [`fhir_mcp_core::program`].

use std::process::ExitCode;

fn main() -> ExitCode {
    fhir_mcp_core::program::main()
}
