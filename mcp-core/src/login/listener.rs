//! The listener that a login comes back to (RFC 8252 §7.3): on loopback, for one login, for some minutes. It
//! knows two addresses, the one that a person opens and the one that the backend sends them to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HOST, HeaderName, LOCATION};
use http::{Method, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::attempt::{Attempt, Returned};
use super::fault::LoginFault;
use super::session::Session;

/// How long a person may take to log in.
pub(crate) const DEADLINE: Duration = Duration::from_secs(600);
/// How long connections may linger after the login is over.
const LINGER: Duration = Duration::from_secs(2);

const PAGE: &str = include_str!("page.html");
/// No script, no frame, no other page learns of this one's address, which has the code in it.
const HEADERS: [(HeaderName, &str); 7] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-store"),
    (CONNECTION, "close"),
    (
        HeaderName::from_static("content-security-policy"),
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (HeaderName::from_static("referrer-policy"), "no-referrer"),
    (HeaderName::from_static("x-content-type-options"), "nosniff"),
    (HeaderName::from_static("x-frame-options"), "DENY"),
];

/// How a login that is under way ends.
pub(crate) type Outcome = Option<Result<(), LoginFault>>;

/// A login that is under way.
#[derive(Clone, Debug)]
pub(crate) struct UnderWay {
    /// What a person opens to log in; it leads on to the backend.
    pub(crate) url: Url,
    /// Whether a browser was told to open it.
    pub(crate) is_opened: bool,
    outcome: watch::Receiver<Outcome>,
    /// Cancelled when the listener has closed its last connection.
    closed: CancellationToken,
}

impl UnderWay {
    /// Waits until the browser has its last page, or is given up: a program that ends before would leave the
    /// person with a broken connection.
    pub(crate) async fn is_closed(&self) {
        self.closed.cancelled().await;
    }

    /// Whether its listener still waits for the person.
    pub(super) fn is_waiting(&self) -> bool {
        self.outcome.has_changed().is_ok() && self.outcome.borrow().is_none()
    }

    /// Its end, if that comes in time.
    pub(crate) async fn ends_within(&self, patience: Duration) -> Outcome {
        let mut outcome = self.outcome.clone();
        let ended = timeout(patience, outcome.wait_for(Option::is_some)).await;
        match ended {
            Ok(Ok(ended)) => ended.clone(),
            // The listener gave up.
            Ok(Err(_)) => Some(Err(LoginFault::TooLate)),
            Err(_) => None,
        }
    }
}

/// What the handler needs.
struct Door {
    session: Arc<Session>,
    attempt: Attempt,
    authorize: Url,
    host: String,
    outcome: watch::Sender<Outcome>,
    /// Taken by the one answer that is looked at.
    turn: tokio::sync::Mutex<bool>,
    over: CancellationToken,
}

/// Begins a login: listens, and says what is to be opened.
pub(super) async fn begin(session: Arc<Session>) -> Result<UnderWay, LoginFault> {
    let redirect = &session.registration().redirect;
    let wanted = redirect.address();
    let listener = TcpListener::bind(wanted).await.map_err(|_| taken(wanted))?;
    let address = listener.local_addr().map_err(|_| taken(wanted))?;
    let attempt = Attempt::new(redirect.at(address.port()), &mut rand::rng());
    let authorize = attempt.authorize_url(session.registration()).ok_or(LoginFault::TooLong)?;
    let mut url = attempt.redirect().clone();
    url.set_path("/");
    let host = url.authority().to_owned();
    let (outcome, seen) = watch::channel(None);
    let over = CancellationToken::new();
    let turn = tokio::sync::Mutex::new(false);
    let door = Door { session, attempt, authorize, host, outcome, turn, over: over.clone() };
    let router = Router::new().fallback(answer).with_state(Arc::new(door));
    let serving =
        axum::serve(listener, router).with_graceful_shutdown(over.clone().cancelled_owned());
    let closed = CancellationToken::new();
    let closing = closed.clone().drop_guard();
    tokio::spawn(async move {
        let _closing = closing;
        let ended = async {
            over.cancelled().await;
            tokio::time::sleep(LINGER).await;
        };
        tokio::select! {
            _served = serving.into_future() => (),
            () = ended => (),
            () = tokio::time::sleep(DEADLINE) => (),
        }
    });
    Ok(UnderWay { url, is_opened: false, outcome: seen, closed })
}

const fn taken(address: SocketAddr) -> LoginFault {
    LoginFault::PortTaken(address.port())
}

/// The whole of what this listener serves. A foreign `Host` is a page that had its name point here.
async fn answer(State(door): State<Arc<Door>>, request: Request) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if host != Some(door.host.as_str()) {
        return page(StatusCode::MISDIRECTED_REQUEST, NOTHING_HERE);
    }
    if request.method() != Method::GET {
        return page(StatusCode::METHOD_NOT_ALLOWED, NOTHING_HERE);
    }
    let (path, query) = (request.uri().path(), request.uri().query());
    match query {
        Some(query) if path == door.attempt.redirect().path() => {
            let returned = door.attempt.judge(query, &door.session.registration().issuer);
            let session = Arc::clone(&door.session);
            let settled = session.apart(async move { settle(&door, returned).await }).await;
            settled.unwrap_or_else(|_| page(StatusCode::INTERNAL_SERVER_ERROR, NOT_OURS))
        }
        None if path == "/" => {
            let mut response = page(StatusCode::FOUND, NOTHING_HERE);
            if let Ok(location) = door.authorize.as_str().try_into() {
                response.headers_mut().insert(LOCATION, location);
            }
            response
        }
        _ => page(StatusCode::NOT_FOUND, NOTHING_HERE),
    }
}

/// What came back: at most one answer is taken, and one that is not ours takes nothing.
async fn settle(door: &Door, returned: Returned) -> Response {
    let mut is_taken = door.turn.lock().await;
    if *is_taken || matches!(returned, Returned::NotOurs) {
        return page(StatusCode::BAD_REQUEST, NOT_OURS);
    }
    *is_taken = true;
    let ended = match returned {
        Returned::Code(code) => door.session.redeem(&code, &door.attempt).await,
        Returned::Declined | Returned::NotOurs => Err(LoginFault::Declined),
    };
    let response = match &ended {
        Ok(()) => page(StatusCode::OK, DONE),
        Err(fault) => failed(fault),
    };
    door.outcome.send_replace(Some(ended));
    door.over.cancel();
    response
}

const DONE: [&str; 2] =
    ["You are logged in", "You can close this page and go back to your conversation."];
const NOT_OURS: [&str; 2] = [
    "This is not the login that was waited for",
    "Nothing was stored. Go back to your conversation and open the link that it names.",
];
const NOTHING_HERE: [&str; 2] = ["Nothing here", "Go back to your conversation."];

/// Says why, in our own words.
fn failed(fault: &LoginFault) -> Response {
    let why = fault.to_string().replace('&', "&amp;").replace('<', "&lt;");
    let text =
        format!("Nothing was stored: {why}. Go back to your conversation, and try again there.");
    page(StatusCode::BAD_REQUEST, ["The login failed", &text])
}

/// Our own texts: nothing that was sent stands in a page.
fn page(status: StatusCode, [title, text]: [&str; 2]) -> Response {
    let body = PAGE.replace("{title}", title).replace("{text}", text);
    (status, HEADERS, body).into_response()
}
