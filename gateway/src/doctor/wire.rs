//! One request and what came of it, as a plain value that the rules can judge.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use authz::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{DATE, LOCATION};
use rand::Rng as _;
use rustls::CertificateError;
use serde_json::Value;

use crate::clock::Clock;
use crate::fault::Fault;
use crate::http_answer;

/// A `CapabilityStatement` is the largest thing that is read; JHE's has 57 KiB.
const LARGEST_ANSWER: usize = 2 * 1024 * 1024;

/// What came of a request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// An answer.
    Got(Got),
    /// None.
    None(NoAnswer),
}

/// An answer, read whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Got {
    /// Its status.
    pub(super) status: u16,
    /// Its body.
    pub(super) body: Bytes,
    /// Where it points to.
    pub(super) location: Option<String>,
    /// The server's time, and ours when it came.
    pub(super) clocks: Option<(Timestamp, Timestamp)>,
}

impl Got {
    /// The body, if it is JSON.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// Not within the deadline.
    Late,
    /// The certificate was not believed.
    Untrusted(Untrusted),
    /// The connection could not be made, or broke.
    Broken,
    /// More than is read.
    TooLong,
}

impl NoAnswer {
    /// What was seen, in our words.
    pub(super) const fn seen(self) -> &'static str {
        match self {
            Self::Late => "did not answer within its deadline",
            Self::Untrusted(_) => "shows a certificate that is not believed",
            Self::Broken => "cannot be reached, or breaks off",
            Self::TooLong => "answers with more than is read",
        }
    }
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Untrusted {
    /// Nobody that we know signed it.
    Issuer,
    /// It is of another name.
    Name,
    /// Its time is over, or has not come.
    Time,
    /// Anything else, or no TLS at all.
    Other,
}

/// What all probes share.
#[derive(Debug)]
pub(super) struct Wire {
    /// The gateway's own kind of client: no redirects, no proxy.
    pub(super) http: reqwest::Client,
    /// Our time.
    pub(super) clock: Arc<dyn Clock>,
}

impl Wire {
    /// Sends a request, which has its deadline already, and reads the answer whole.
    pub(super) async fn ask(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Answer::None(classified(&error)),
        };
        let (location, date) = (header(response.headers(), &LOCATION), date(response.headers()));
        let clocks = date.map(|theirs| (theirs, self.clock.now()));
        match http_answer::read(response, LARGEST_ANSWER).await {
            Ok((status, body)) => Answer::Got(Got { status, body, location, clocks }),
            Err(Fault::BackendLate) => Answer::None(NoAnswer::Late),
            Err(Fault::BackendAnswer(_)) => Answer::None(NoAnswer::TooLong),
            Err(_) => Answer::None(NoAnswer::Broken),
        }
    }

    /// A plain GET.
    pub(super) async fn get(&self, url: impl reqwest::IntoUrl, deadline: Duration) -> Answer {
        let request = self.http.get(url).timeout(deadline);
        self.ask(request.header(http::header::ACCEPT, "application/json")).await
    }
}

/// 43 characters that nobody has seen before.
pub(super) fn unheard_of() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn classified(error: &reqwest::Error) -> NoAnswer {
    if error.is_timeout() {
        return NoAnswer::Late;
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(this) = cause {
        if let Some(untrusted) = tls_error(this) {
            return NoAnswer::Untrusted(untrusted);
        }
        cause = this.source();
    }
    NoAnswer::Broken
}

/// An I/O error holds its cause, and does not name it as its source.
fn tls_error(error: &(dyn Error + 'static)) -> Option<Untrusted> {
    let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let direct = error.downcast_ref::<rustls::Error>();
    let error = direct.or_else(|| held.and_then(|held| held.downcast_ref::<rustls::Error>()))?;
    Some(untrusted(error))
}

fn untrusted(error: &rustls::Error) -> Untrusted {
    let rustls::Error::InvalidCertificate(why) = error else { return Untrusted::Other };
    if *why == CertificateError::UnknownIssuer {
        return Untrusted::Issuer;
    }
    let time = [CertificateError::Expired, CertificateError::NotValidYet];
    let in_context = matches!(
        why,
        CertificateError::ExpiredContext { .. } | CertificateError::NotValidYetContext { .. }
    );
    let named = matches!(
        why,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
    );
    match (time.contains(why) || in_context, named) {
        (true, _) => Untrusted::Time,
        (false, true) => Untrusted::Name,
        (false, false) => Untrusted::Other,
    }
}

fn header(headers: &HeaderMap, name: &http::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// The server's time (RFC 9110 §6.6.1), in whole seconds.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = header(headers, &DATE)?;
    let read = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(&text).ok()?;
    u64::try_from(read.as_second()).ok().map(Timestamp::from_unix_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_time_is_read_from_its_date() {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, "Sat, 21 Nov 2026 09:55:17 GMT".parse().unwrap());
        assert_eq!(date(&headers), Some(Timestamp::from_unix_seconds(1_795_254_917)));
        headers.insert(DATE, "yesterday".parse().unwrap());
        assert_eq!(date(&headers), None);
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_told_apart() {
        let invalid = |why| untrusted(&rustls::Error::InvalidCertificate(why));
        assert_eq!(invalid(CertificateError::UnknownIssuer), Untrusted::Issuer);
        assert_eq!(invalid(CertificateError::Expired), Untrusted::Time);
        assert_eq!(invalid(CertificateError::NotValidForName), Untrusted::Name);
        assert_eq!(invalid(CertificateError::BadEncoding), Untrusted::Other);
        assert_eq!(untrusted(&rustls::Error::DecryptError), Untrusted::Other);
    }
}
