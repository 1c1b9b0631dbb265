//! The backend's public keys (RFC 7517), fetched when first needed and when a new one appears.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use super::id_token::RsaKey;
use crate::clock::Clock;
use crate::config::Backend;
use crate::fault::Fault;
use crate::http_answer;

const LARGEST_ANSWER: usize = 64 * 1024;
/// RS256 wants 2048 bits (RFC 7518 §3.3), in bytes.
const LEAST_MODULUS: usize = 256;
/// Known keys are fetched anew after this time.
const LIFETIME: Duration = Duration::from_secs(3600);
/// An unknown key id makes us look again, but not more often than this.
const PAUSE: Duration = Duration::from_secs(30);
/// After a failure nobody asks for this long: logins that wait for each other's failure would wait
/// for ever.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// The backend's keys.
#[derive(Debug)]
pub(super) struct Jwks {
    http: reqwest::Client,
    url: Url,
    deadline: Duration,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    fetched: Option<Fetched>,
    failed: Option<(Duration, Fault)>,
}

#[derive(Debug)]
struct Fetched {
    at: Duration,
    keys: Vec<(Option<String>, RsaKey)>,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl Jwks {
    pub(super) fn new(http: reqwest::Client, backend: &Backend, clock: Arc<dyn Clock>) -> Self {
        let url = backend.endpoints.jwks.clone();
        Self { http, url, deadline: backend.deadline, clock, known: Mutex::default() }
    }

    /// The key of this id; the only one there is, if none is named.
    pub(super) async fn key(&self, id: Option<&str>) -> Result<RsaKey, Fault> {
        let mut known = self.known.lock().await;
        let now = self.clock.monotonic();
        if let Some(fetched) = known.fetched.as_ref().filter(|fetched| now < fetched.at + LIFETIME)
        {
            let key = fetched.pick(id);
            if key.is_some() || now < fetched.at + PAUSE {
                return key.ok_or(Fault::BackendAnswer("id token key"));
            }
        }
        if let Some((at, fault)) = &known.failed
            && now < *at + AFTER_FAILURE
        {
            return Err(fault.clone());
        }
        let fetched = self.fetch().await;
        // When it failed, not when it began: whoever waited for it has waited enough.
        known.failed = fetched.as_ref().err().map(|fault| (self.clock.monotonic(), fault.clone()));
        let keys = fetched?;
        let fetched = Fetched { at: now, keys };
        let key = fetched.pick(id);
        *known = Known { fetched: Some(fetched), failed: None };
        key.ok_or(Fault::BackendAnswer("id token key"))
    }

    async fn fetch(&self) -> Result<Vec<(Option<String>, RsaKey)>, Fault> {
        let response = self.http.get(self.url.clone()).timeout(self.deadline).send().await?;
        let (status, body) = http_answer::read(response, LARGEST_ANSWER).await?;
        if status != 200 {
            return Err(Fault::BackendAnswer("key set status"));
        }
        read(&body).ok_or(Fault::BackendAnswer("key set body"))
    }
}

impl Fetched {
    fn pick(&self, id: Option<&str>) -> Option<RsaKey> {
        match (id, self.keys.as_slice()) {
            (None, [(_, only)]) => Some(only.clone()),
            (None, _) => None,
            (Some(id), keys) => keys
                .iter()
                .find(|(known, _)| known.as_deref() == Some(id))
                .map(|(_, key)| key.clone()),
        }
    }
}

/// How many keys of a document an id token could be verified with; nothing if it is no key set.
pub(crate) fn usable_keys(body: &[u8]) -> Option<usize> {
    let keys = read(body)?;
    Some(keys.iter().filter(|(_, key)| key.modulus.len() >= LEAST_MODULUS).count())
}

/// The RSA signing keys of a document; others are not ours to use.
fn read(body: &[u8]) -> Option<Vec<(Option<String>, RsaKey)>> {
    let document: Document = serde_json::from_slice(body).ok()?;
    let rsa = |key: Key| {
        let fits = key.kty == "RSA"
            && key.usage.is_none_or(|usage| usage == "sig")
            && key.alg.is_none_or(|alg| alg == "RS256");
        let decode = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let key_of = |n, e| Some(RsaKey { modulus: decode(n)?, exponent: decode(e)? });
        fits.then(|| key_of(key.n, key.e)).flatten().map(|rsa| (key.kid, rsa))
    };
    Some(document.keys.into_iter().filter_map(rsa).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rsa_signing_keys_are_kept() {
        let body = br#"{"keys":[
            {"kty":"RSA","use":"sig","alg":"RS256","kid":"one","n":"AQAB","e":"AQAB"},
            {"kty":"RSA","use":"enc","kid":"two","n":"AQAB","e":"AQAB"},
            {"kty":"oct","kid":"three","k":"AQAB"},
            {"kty":"RSA","alg":"HS256","kid":"four","n":"AQAB","e":"AQAB"}]}"#;
        let keys = read(body).unwrap();
        assert_eq!(keys.len(), 1);
        let fetched = Fetched { at: Duration::ZERO, keys };
        assert!(fetched.pick(Some("one")).is_some());
        assert!(fetched.pick(None).is_some());
        assert!(fetched.pick(Some("two")).is_none());
    }

    #[test]
    fn without_a_key_id_a_choice_among_several_is_no_choice() {
        let key = RsaKey { modulus: vec![1], exponent: vec![1] };
        let keys = vec![(Some("one".to_owned()), key.clone()), (Some("two".to_owned()), key)];
        assert!(Fetched { at: Duration::ZERO, keys }.pick(None).is_none());
    }
}
