//! A loopback forwarder for programs that cannot log in: it adds the access token, and nothing else.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use reqwest::redirect::Policy;
use tokio::net::TcpListener;

/// What belongs to one connection alone (RFC 9110 §7.6.1), and what the next one writes itself.
const OWN: [header::HeaderName; 4] =
    [header::CONNECTION, header::CONTENT_LENGTH, header::HOST, header::TRANSFER_ENCODING];

/// Where requests go, and in whose name.
#[derive(Clone, Debug)]
struct Target {
    http: reqwest::Client,
    origin: String,
    own_origin: HeaderValue,
    host: HeaderValue,
    authorization: HeaderValue,
}

/// Forwards to the gateway at `origin` with this access token, for as long as the program lives, and
/// returns where it listens.
///
/// A loopback Host or Origin, which names the forwarder, becomes the gateway's. A foreign one stays
/// as it is, so that what the gateway says of it comes back.
pub async fn start(origin: &str, access_token: &str) -> Result<SocketAddr> {
    let authority = origin.strip_prefix("http://").context("the gateway speaks plain HTTP")?;
    let target = Target {
        http: reqwest::Client::builder().redirect(Policy::none()).build()?,
        origin: origin.to_owned(),
        own_origin: HeaderValue::from_str(origin)?,
        host: HeaderValue::from_str(authority)?,
        authorization: HeaderValue::from_str(&format!("Bearer {access_token}"))?,
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let router = Router::new().fallback(forward).with_state(target);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn forward(State(target): State<Target>, parts: Parts, body: Bytes) -> Response {
    match target.send(parts, body).await {
        Ok(answer) => relay(answer),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

impl Target {
    async fn send(&self, parts: Parts, body: Bytes) -> reqwest::Result<reqwest::Response> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let url = format!("{}{path}", self.origin);
        let headers = self.headers(&parts.headers);
        self.http.request(parts.method, url).headers(headers).body(body).send().await
    }

    fn headers(&self, seen: &HeaderMap) -> HeaderMap {
        let mut headers = without_own(seen);
        let foreign = |value: &&HeaderValue| !is_loopback(text(value));
        let host = seen.get(header::HOST).filter(foreign).unwrap_or(&self.host);
        headers.insert(header::HOST, host.clone());
        if let Some(origin) = seen.get(header::ORIGIN) {
            let origin = Some(origin).filter(foreign).unwrap_or(&self.own_origin);
            headers.insert(header::ORIGIN, origin.clone());
        }
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        headers
    }
}

/// Streams the answer on; when the client hangs up, so does the forwarder.
fn relay(answer: reqwest::Response) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    *response.headers_mut() = without_own(answer.headers());
    *response.body_mut() = Body::from_stream(answer.bytes_stream());
    response
}

fn without_own(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in OWN {
        kept.remove(name);
    }
    kept
}

fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

/// Whether a Host, or the authority of an Origin, names this computer's loopback.
fn is_loopback(value: &str) -> bool {
    let authority = value.split_once("://").map_or(value, |(_, authority)| authority);
    let parsed: Result<Authority, _> = authority.parse();
    parsed.is_ok_and(|known| ["localhost", "127.0.0.1", "[::1]"].contains(&known.host()))
}
