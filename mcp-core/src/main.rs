//! The program; see [`fhir_mcp_core::program`].

use std::process::ExitCode;

/// musl's own has one lock for all threads.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    fhir_mcp_core::program::main()
}
