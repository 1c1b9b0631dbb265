//! What a program was built from, in the same words in `--version`, in `/status` and in the metric `…_build_info`.

/// The version of both programs, as `0.1.0`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit, as git writes it, with `-dirty` behind it where files differed from it; `unknown` where whoever
/// built the program did not say (`SOURCE_REVISION` in the environment of the build).
pub const REVISION: &str = env!("PROVENANCE_REVISION");

/// All of it, a fact a line: version, revision, target and compiler.
pub const LONG_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\nrevision ",
    env!("PROVENANCE_REVISION"),
    "\ntarget ",
    env!("PROVENANCE_TARGET"),
    "\n",
    env!("PROVENANCE_COMPILER"),
);

#[cfg(test)]
mod tests {
    use super::{LONG_VERSION, REVISION, VERSION};

    #[test]
    fn the_long_version_says_version_revision_target_and_compiler() {
        let lines: Vec<&str> = LONG_VERSION.lines().collect();
        let &[version, revision, target, compiler] = lines.as_slice() else {
            panic!("{lines:?}");
        };
        assert_eq!(version, VERSION);
        assert_eq!(revision, format!("revision {REVISION}"));
        assert!(
            target.starts_with("target ") && target.contains(std::env::consts::ARCH),
            "{target}"
        );
        assert!(compiler.starts_with("rustc 1."), "{compiler}");
    }
}
