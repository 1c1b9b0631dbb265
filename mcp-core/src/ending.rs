//! The end of the service, in its order: first it says that it is not ready and goes on accepting, for
//! whoever has not heard yet; then it accepts no more; then only calls in flight are left.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderValue, header};
use tokio_util::sync::CancellationToken;

/// Tells the service to end, step by step. Clones tell the same one.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    retreat: CancellationToken,
    close: CancellationToken,
}

impl Ending {
    /// "Not ready", and each answer is the last of its connection.
    pub fn retreat(&self) {
        self.retreat.cancel();
    }

    /// No further connection is accepted.
    pub fn close(&self) {
        self.retreat.cancel();
        self.close.cancel();
    }

    /// Waits for the retreat.
    pub(crate) async fn retreating(&self) {
        self.retreat.cancelled().await;
    }

    /// Becomes cancelled when no further connection is to be accepted.
    pub fn closing(&self) -> CancellationToken {
        self.close.clone()
    }
}

/// The layer that sends callers elsewhere during the retreat: a connection that is kept would carry a
/// request at the very moment it is closed.
pub(crate) async fn last_of_its_connection(
    State(ending): State<Ending>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    if ending.retreat.is_cancelled() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
