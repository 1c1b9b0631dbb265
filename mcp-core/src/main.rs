//! The program; see [`fhir_mcp_core::program`].

use std::process::ExitCode;

/// A call allocates some two hundred times, and musl's own allocator has one lock for all threads.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    fhir_mcp_core::program::main()
}
