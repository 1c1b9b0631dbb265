//! The listener and the way of a request through log and faults to its endpoint.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::serve::Listener;
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::header::DATE;
use http::{HeaderValue, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::bombs;
use super::fault::{Fault, Lie};
use super::log::{Endpoint, Seen};
use super::wire::{Incoming, Pairs, Reply};
use super::{Exchange, routes};

/// Enough for every form and record; more is cut off as an empty body.
const MAX_BODY: usize = 1 << 20;
/// The longest request line, as the Exchange's server bounds it.
const MAX_REQUEST_LINE: usize = 4094;

/// A listener that can be shut, so that connections are refused, and opened again on its port.
#[derive(Debug)]
pub(super) struct Door {
    listener: Option<TcpListener>,
    address: SocketAddr,
    wanted: watch::Receiver<bool>,
    is_open: watch::Sender<bool>,
}

impl Door {
    pub(super) async fn bind(
        address: SocketAddr,
        wanted: watch::Receiver<bool>,
        is_open: watch::Sender<bool>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener: Some(listener), address, wanted, is_open })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    async fn stand_as_wanted(&mut self) {
        let open = *self.wanted.borrow_and_update();
        if !open {
            self.listener = None;
        } else if self.listener.is_none() {
            self.listener = TcpListener::bind(self.address).await.ok();
        }
        self.is_open.send_replace(self.listener.is_some());
    }
}

impl Listener for Door {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            self.stand_as_wanted().await;
            let accepted = async {
                match &self.listener {
                    Some(listener) => listener.accept().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Ok(connection) = accepted => return connection,
                changed = self.wanted.changed() => {
                    if changed.is_err() {
                        std::future::pending::<()>().await;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// Serves one request: noted, struck by its fault if one is planned, answered.
pub(super) async fn serve_one(
    State(exchange): State<Arc<Exchange>>,
    request: Request,
) -> Response<Body> {
    let incoming = read(request).await;
    let endpoint = Endpoint::of(&incoming.path);
    let _visit = exchange.log.arrive(seen(&exchange, endpoint, &incoming));
    let fault = exchange.script.strike(endpoint);
    let mut response = struck(&exchange, incoming, endpoint, fault).await;
    // Its own time, not the machine's (RFC 9110 §6.6.1).
    let date = exchange.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

async fn struck(
    exchange: &Exchange,
    mut incoming: Incoming,
    endpoint: Endpoint,
    fault: Option<Fault>,
) -> Response<Body> {
    if let Some(Fault::Lie(lie)) = &fault {
        incoming.lie = Some(lie.clone());
    }
    match fault {
        None => answer(exchange, &incoming).into_response(),
        Some(Fault::Lie(lie)) => lie_about(&lie, answer(exchange, &incoming)).into_response(),
        Some(Fault::Hang | Fault::Rationed) => {
            exchange.script.released(endpoint).await;
            answer(exchange, &incoming).into_response()
        }
        Some(Fault::Slow(time)) => {
            tokio::time::sleep(time).await;
            answer(exchange, &incoming).into_response()
        }
        Some(Fault::Truncated) => truncated(answer(exchange, &incoming)),
        Some(Fault::Disconnect) => disconnected(),
        Some(Fault::Endless) => bombs::endless(answer(exchange, &incoming)),
        Some(Fault::Packed) => bombs::packed(answer(exchange, &incoming)),
        Some(Fault::Unavailable) => failed(503).finished().into_response(),
        Some(Fault::Status(status)) => failed(status).finished().into_response(),
        Some(Fault::RetryAfter(status, seconds)) => {
            failed(status).with("retry-after", &seconds.to_string()).finished().into_response()
        }
        Some(Fault::Garbage) => garbage().finished().into_response(),
    }
}

async fn read(request: Request) -> Incoming {
    let (parts, body) = request.into_parts();
    let raw_query = parts.uri.query().map(str::to_owned);
    Incoming {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: Pairs::parse(raw_query.as_deref().unwrap_or_default()),
        raw_query,
        headers: parts.headers,
        body: to_bytes(body, MAX_BODY).await.unwrap_or_default(),
        lie: None,
    }
}

fn seen(exchange: &Exchange, endpoint: Endpoint, incoming: &Incoming) -> Seen {
    let form = incoming.form();
    let token = incoming.bearer().or_else(|| form.last("token"));
    Seen {
        at: exchange.now(),
        endpoint,
        method: incoming.method.to_string(),
        path: incoming.path.clone(),
        query: incoming.raw_query.clone(),
        authorized: incoming.headers.contains_key("authorization"),
        token_label: token.map(|token| exchange.accounts().label(token)),
        header_names: incoming.headers.keys().map(|name| name.as_str().to_owned()).collect(),
        accept: incoming.header("accept").map(str::to_owned),
        accept_encoding: incoming.header("accept-encoding").map(str::to_owned),
    }
}

fn answer(exchange: &Exchange, incoming: &Incoming) -> Reply {
    let line = format!("{} {} HTTP/1.1", incoming.method, incoming.target()).len();
    if line > MAX_REQUEST_LINE {
        let text = format!("Request Line is too large ({line} > {MAX_REQUEST_LINE})");
        return Reply::page(400, "Bad Request", &text).with("content-type", "text/html").finished();
    }
    routes::dispatch(exchange, incoming).finished()
}

fn lie_about(lie: &Lie, reply: Reply) -> Reply {
    lie.told_in(reply)
}

fn failed(status: u16) -> Reply {
    Reply::page(status, "Something went wrong", "This is a planned failure of the stand-in.")
}

fn garbage() -> Reply {
    let mut reply = Reply::json(200, &serde_json::Value::Null);
    reply.body = b"{\"active\": tru".to_vec();
    reply
}

fn truncated(reply: Reply) -> Response<Body> {
    let length = reply.body.len().to_string();
    let half = Bytes::copy_from_slice(reply.body.get(..reply.body.len() / 2).unwrap_or_default());
    let mut response = reply.with("content-length", &length).into_response();
    let begun = stream::once(async move { Ok(half) });
    let broken = stream::once(async {
        // What was begun is sent before the connection ends.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::BrokenPipe))
    });
    *response.body_mut() = Body::from_stream(begun.chain(broken));
    response
}

fn disconnected() -> Response<Body> {
    let broken = io::Error::from(io::ErrorKind::ConnectionReset);
    Response::new(Body::from_stream(stream::iter([Err::<Bytes, _>(broken)])))
}
