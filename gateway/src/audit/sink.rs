//! Where lines go: a file by its name, which can be opened again after somebody renamed it, or
//! something else that is written to.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Ours to write, our group's to read: a shipper of logs needs no more.
const MODE: u32 = 0o640;

/// Where lines go.
pub(super) struct Sink {
    path: Option<PathBuf>,
    open: Option<Box<dyn Write + Send>>,
}

impl Sink {
    /// Something that is written to and has no name.
    pub(super) fn to(open: Box<dyn Write + Send>) -> Self {
        Self { path: None, open: Some(open) }
    }

    /// The file at `path`, appended to; made if there is none. A pipe is opened when the first line
    /// is written, since that waits for somebody to read it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let is_pipe = path.metadata().is_ok_and(|found| found.file_type().is_fifo());
        let open = if is_pipe { None } else { Some(Box::new(append(path)?) as Box<_>) };
        Ok(Self { path: Some(path.to_owned()), open })
    }

    /// Opens the file by its name again; what cannot be opened leaves the one before in use. Whether
    /// there is a name.
    pub(super) fn reopen(&mut self) -> io::Result<bool> {
        let Some(path) = &self.path else { return Ok(false) };
        self.open = Some(Box::new(append(path)?));
        Ok(true)
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(MODE).open(path)
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.open.is_none() {
            self.reopen()?;
        }
        self.open.as_mut().map_or(Ok(0), |open| open.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open.as_mut().map_or(Ok(()), Write::flush)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_new_file_is_no_strangers_to_read() {
        let path = std::env::temp_dir().join(format!("sink-{}", std::process::id()));
        let _none = std::fs::remove_file(&path);
        Sink::open(&path).unwrap().write_all(b"line\n").unwrap();
        let mode = path.metadata().unwrap().permissions().mode();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(mode & 0o137, 0, "{mode:o}");
    }
}
