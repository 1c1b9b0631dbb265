//! Asks the backend about its own tokens (RFC 7662): bounded in time, in size and in number.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use authz::introspection::{Introspection, Unreadable};
use authz::secret::BackendToken;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Semaphore, TryAcquireError};
use url::Url;

use crate::config::Backend;
use crate::fault::Fault;
use crate::http_answer;

/// Whoever can say what a backend token is worth.
#[async_trait]
pub trait TokenIntrospector: Send + Sync + std::fmt::Debug {
    /// What the backend says about `token`; a fault when it cannot be known.
    async fn introspect(&self, token: &BackendToken) -> Result<Introspection, Fault>;
}

/// The largest answer that is read, in bytes.
const LARGEST_ANSWER: usize = 64 * 1024;
/// Questions that may wait for their turn.
const QUEUE: usize = 64;

/// Asks over HTTP, every time.
#[derive(Debug)]
pub(crate) struct HttpIntrospector {
    http: reqwest::Client,
    endpoint: Url,
    client_id: String,
    client_secret: Option<SecretString>,
    deadline: Duration,
    turns: Semaphore,
    places: Arc<Semaphore>,
}

impl HttpIntrospector {
    pub(crate) fn new(http: reqwest::Client, backend: &Backend) -> Self {
        let in_flight = usize::try_from(backend.introspection.in_flight).unwrap_or(1);
        Self {
            http,
            endpoint: backend.endpoints.introspect.clone(),
            client_id: backend.client_id.clone(),
            client_secret: backend.client_secret.as_ref().map(|secret| secret.expose().clone()),
            deadline: backend.introspection.deadline,
            turns: Semaphore::new(in_flight),
            places: Arc::new(Semaphore::new(in_flight + QUEUE)),
        }
    }

    /// The token in the body, the client by Basic: neither stands in a URL (RFC 7662 §2.1).
    async fn ask(&self, token: &BackendToken) -> Result<Introspection, Fault> {
        let request = self.http.post(self.endpoint.clone()).timeout(self.deadline);
        let request = match &self.client_secret {
            Some(secret) => request
                .basic_auth(&self.client_id, Some(secret.expose_secret()))
                .form(&[("token", token.expose())]),
            None => request.form(&[("token", token.expose()), ("client_id", &self.client_id)]),
        };
        let (status, body) = http_answer::read(request.send().await?, LARGEST_ANSWER).await?;
        Introspection::read(status, &body).map_err(|unreadable| match unreadable {
            Unreadable::Status(401 | 403) => Fault::BackendRefusedUs,
            Unreadable::Status(_) => Fault::BackendAnswer("introspection status"),
            Unreadable::Malformed => Fault::BackendAnswer("introspection body"),
        })
    }
}

#[async_trait]
impl TokenIntrospector for HttpIntrospector {
    async fn introspect(&self, token: &BackendToken) -> Result<Introspection, Fault> {
        let _place = match self.places.try_acquire() {
            Ok(place) => place,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                return Err(Fault::BackendBusy);
            }
        };
        let asked = async {
            let _turn = self.turns.acquire().await.map_err(|_| Fault::BackendBusy)?;
            self.ask(token).await
        };
        // Waiting for one's turn counts: the client's own patience does not begin with it.
        match tokio::time::timeout(self.deadline, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::BackendLate),
        }
    }
}
