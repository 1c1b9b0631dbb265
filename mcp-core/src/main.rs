//! The program; see [`fhir_mcp_core::program`].

use std::process::ExitCode;

/// musl's own takes one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    fhir_mcp_core::program::main()
}
