//! Where log lines go on their way to the standard output: a thread writes them, all that came together at
//! once. No call waits for whoever reads the log, and one that stands still holds up nobody.

use std::io::{self, Write};
use std::mem;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// How long the next lines are left to gather once all are written: to be woken for each of them costs every
/// call two switches of threads.
const GATHERING: Duration = Duration::from_millis(10);
/// Bytes that may wait. Beyond them lines are lost, and counted.
const MOST: usize = 1 << 20;
/// How long the end waits for the last lines.
const END: Duration = Duration::from_secs(2);

/// Takes whole lines.
#[derive(Clone, Debug)]
pub(crate) struct LogLines {
    waiting: Arc<Mutex<Waiting>>,
    thread: Thread,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    lost: u64,
}

/// Writes what is left when it is dropped. Lines that come later go nowhere.
#[derive(Debug)]
#[must_use = "without it, the last lines are not written"]
pub struct LogEnd {
    thread: Thread,
    /// Says nothing: that it is closed means the end.
    going_on: Option<Sender<()>>,
    /// Says nothing, and is closed once all is written.
    written: Receiver<()>,
}

impl LogLines {
    /// Starts the thread that writes to `sink`.
    pub(crate) fn to(sink: impl Write + Send + 'static) -> io::Result<(Self, LogEnd)> {
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let to_write = Arc::clone(&waiting);
        let ((going_on, ended), (busy, written)) = (mpsc::channel(), mpsc::channel());
        let thread = thread::Builder::new().name("log".to_owned()).spawn(move || {
            write(&to_write, &ended, sink);
            drop(busy);
        })?;
        let thread = thread.thread().clone();
        let end = LogEnd { thread: thread.clone(), going_on: Some(going_on), written };
        Ok((Self { waiting, thread }, end))
    }
}

impl Write for &LogLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = locked(&self.waiting);
        let first = waiting.bytes.is_empty();
        if waiting.bytes.len() + line.len() > MOST {
            waiting.lost += 1;
        } else {
            waiting.bytes.extend_from_slice(line);
        }
        drop(waiting);
        if first {
            self.thread.unpark();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'l> MakeWriter<'l> for LogLines {
    type Writer = &'l Self;

    fn make_writer(&'l self) -> &'l Self {
        self
    }
}

impl Drop for LogEnd {
    fn drop(&mut self) {
        drop(self.going_on.take());
        self.thread.unpark();
        let _closed = self.written.recv_timeout(END);
    }
}

fn locked(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write(waiting: &Mutex<Waiting>, going_on: &Receiver<()>, mut sink: impl Write) {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        // Looked at first: what came before the end is written.
        let ended = going_on.try_recv() == Err(TryRecvError::Disconnected);
        let mut now = locked(waiting);
        let lost = mem::take(&mut now.lost);
        mem::swap(&mut now.bytes, &mut bytes);
        drop(now);
        if !bytes.is_empty() {
            // A log that nobody takes is no reason to end, and there is nowhere to say so.
            let _unread = sink.write_all(&bytes).and_then(|()| sink.flush());
            if lost > 0 {
                tracing::warn!(count = lost, "log lines were lost: nobody took them in time");
            }
            let _until_then = going_on.recv_timeout(GATHERING);
        } else if ended {
            return;
        } else {
            thread::park();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, SyncSender};

    use super::*;

    /// Takes a batch when the test does.
    struct Slow(SyncSender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_owned()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (LogLines, LogEnd, Receiver<Vec<u8>>) {
        let (sender, receiver) = mpsc::sync_channel(0);
        let (lines, end) = LogLines::to(Slow(sender)).unwrap();
        (lines, end, receiver)
    }

    #[test]
    fn the_end_waits_until_all_is_written_in_its_order() {
        let (lines, end, taken) = slow();
        let reader = thread::spawn(move || taken.iter().flatten().collect::<Vec<u8>>());
        let mut expected = String::new();
        for number in 0..1000 {
            let line = format!("line {number}\n");
            (&lines).write_all(line.as_bytes()).unwrap();
            expected.push_str(&line);
        }
        drop(end);
        drop(lines);
        assert_eq!(String::from_utf8(reader.join().unwrap()).unwrap(), expected);
    }

    #[test]
    fn whoever_takes_no_lines_holds_up_nobody() {
        let (lines, end, taken) = slow();
        let line = vec![b'x'; MOST / 4];
        for _ in 0..20 {
            (&lines).write_all(&line).unwrap();
        }
        let lost = locked(&lines.waiting).lost;
        assert!(lost >= 20 - 8, "{lost} lost; two buffers hold at most eight");
        let reader = thread::spawn(move || taken.iter().map(|batch| batch.len()).sum::<usize>());
        drop(end);
        drop(lines);
        let taken = reader.join().unwrap();
        assert_eq!(taken, line.len() * usize::try_from(20 - lost).unwrap());
    }
}
