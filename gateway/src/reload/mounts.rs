//! Files that were mounted one by one never change under us: a container's mount of a single file
//! (Kubernetes: `subPath`) goes on showing the file that it was made from.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use crate::config::Files;

/// Warns about each of `files` that is a mount of its own.
pub(super) fn warn_about_single_files(files: &Files) {
    // Where there is no such table, there are no such mounts.
    let table = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    for file in single(files.paths(), &table) {
        tracing::warn!(
            file = %file.display(),
            "mounted by itself, so a change will not be seen; mount its folder (no subPath)"
        );
    }
}

fn single<'f>(files: impl Iterator<Item = &'f Path>, table: &[u8]) -> Vec<&'f Path> {
    let lines = table.split(|byte| *byte == b'\n');
    // proc(5), mountinfo: the fifth field is the mount point.
    let points = lines.filter_map(|line| line.split(|byte| *byte == b' ').nth(4));
    let points: Vec<PathBuf> = points.map(unescaped).collect();
    let is_point =
        |file: &&Path| std::path::absolute(file).is_ok_and(|file| points.contains(&file));
    files.filter(is_point).collect()
}

/// The table writes blanks and the like as a backslash and three octal digits.
fn unescaped(field: &[u8]) -> PathBuf {
    let mut path = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((byte, after)) = rest.split_first() {
        let code = after.get(..3).filter(|_| *byte == b'\\');
        let code = code.and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = code.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        path.push(escaped.unwrap_or(*byte));
        rest = if escaped.is_some() { after.get(3..).unwrap_or_default() } else { after };
    }
    PathBuf::from(OsString::from_vec(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_a_mount_is_told_from_one_in_a_mount() {
        let table = b"36 35 98:0 / / rw - ext4 /dev/root rw\n\
            40 36 0:50 /x /etc/gateway/gateway.yaml ro - ext4 /dev/sda rw\n\
            41 36 0:51 / /etc/keys ro - tmpfs tmpfs rw\n\
            42 36 0:52 / /etc/my\\040keys/ring ro - tmpfs tmpfs rw\n";
        let files = ["/etc/gateway/gateway.yaml", "/etc/keys/ring", "/etc/my keys/ring"];
        let found = single(files.iter().map(Path::new), table);
        assert_eq!(found, [Path::new(files[0]), Path::new(files[2])]);
    }
}
