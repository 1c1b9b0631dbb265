//! What the process gives up at its start: core files, and being looked into by another program of
//! the same user. Keys and tokens are in its memory; they should not get out of it by accident.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// No core files, for good; and on Linux neither a debugger nor a reader of `/proc/PID/mem`, unless
/// it has `CAP_SYS_PTRACE`.
pub fn seclude() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}
