//! How a connection has behaved so far: what its requests say of it, and whether it is cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::Waker;

use futures::task::AtomicWaker;
use pingora::proxy::Session;
use tokio::sync::watch;

/// Requests with too large a header after which a connection is cut. Each costs memory to decode,
/// and on HTTP/2 a connection could send them for ever.
const MOST_LARGE_HEADERS: u32 = 3;

/// Answers of ours that may wait on a connection for a client to take them. Each keeps its request, header
/// and all, and over HTTP/2 a client decides how many wait.
const MOST_UNTAKEN: u32 = 8;

/// Shared between a connection and its requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conduct(Arc<State>);

#[derive(Debug, Default)]
struct State {
    asked: watch::Sender<bool>,
    large_headers: AtomicU32,
    untaken: AtomicU32,
    cut: AtomicBool,
    /// Whoever reads from the connection: a cut does not wait for the client's next byte.
    reader: AtomicWaker,
}

impl Conduct {
    /// That of the connection which `session` came over.
    pub(crate) fn of(session: &Session) -> Option<&Self> {
        session.digest()?.proxy_digest.as_ref()?.user_data.as_ref()?.downcast_ref()
    }

    /// A request has come.
    pub(crate) fn has_asked(&self) {
        self.0.asked.send_replace(true);
    }

    /// Waits for the first request.
    pub(super) async fn asked(&self) {
        // The sender is ours: it cannot be gone.
        let _ = self.0.asked.subscribe().wait_for(|asked| *asked).await;
    }

    /// One more header that was too large; with the third the connection ends.
    pub(crate) fn sent_large_header(&self) {
        if self.0.large_headers.fetch_add(1, Ordering::Relaxed) + 1 >= MOST_LARGE_HEADERS {
            self.cut();
        }
    }

    /// An answer of ours begins to be sent; it waits for the client until this is dropped.
    pub(crate) fn answer(&self) -> Answer {
        let before = self.0.untaken.fetch_add(1, Ordering::Relaxed);
        Answer { conduct: self.clone(), is_one_too_many: before >= MOST_UNTAKEN }
    }

    /// Whether so many answers wait already that another one must not.
    pub(crate) fn takes_no_answers(&self) -> bool {
        self.0.untaken.load(Ordering::Relaxed) >= MOST_UNTAKEN
    }

    pub(super) fn cut(&self) {
        self.0.cut.store(true, Ordering::Release);
        self.0.reader.wake();
    }

    pub(super) fn is_cut(&self) -> bool {
        self.0.cut.load(Ordering::Acquire)
    }

    /// Wakes `reader` when the connection is cut.
    pub(super) fn wake_on_cut(&self, reader: &Waker) {
        self.0.reader.register(reader);
    }
}

/// An answer of ours that may have to wait.
#[derive(Debug)]
pub(crate) struct Answer {
    conduct: Conduct,
    is_one_too_many: bool,
}

impl Answer {
    /// Whether it must not wait: there are enough before it.
    pub(crate) const fn is_one_too_many(&self) -> bool {
        self.is_one_too_many
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.conduct.0.untaken.fetch_sub(1, Ordering::Relaxed);
    }
}
