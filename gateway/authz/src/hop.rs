//! The hop from gateway to core: one sealed header that says who calls, on which backend, with which
//! body. Written and read here only.

use std::time::Duration;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::ids::{BackendName, ClientId, ClientRef, RequestId, Subject};
use crate::keyring::{KeyRing, SecretKey};
use crate::scope::Scope;
use crate::seal::{Purpose, Sealable, Sealer, Unsealable};
use crate::secret::{self, BackendToken};
use crate::time::Timestamp;

/// The header that carries the blob.
pub const HEADER: &str = "fhir-mcp-hop";

/// Set by core on an answer whose HTTP status says that something broke at the backend.
pub const FAULT_HEADER: &str = "fhir-mcp-fault";

/// The value of [`FAULT_HEADER`] when the backend refused the backend token: the gateway forgets
/// what introspection said and answers 401 with its own challenge.
pub const BACKEND_TOKEN_REFUSED: &str = "backend-token-refused";

/// The Host that the gateway writes and core expects, whatever the client sent.
pub const HOST: &str = "fhir-mcp-core";

/// How long a blob is believed: one hop, with room for clocks that differ.
const LIFETIME: Duration = Duration::from_secs(30);

/// The caller of one request, as the gateway established it. Only a permit makes one
/// ([`crate::policy::Permit::into_hop`]).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HopClaims {
    /// The person.
    pub subject: Subject,
    /// The client that the person uses.
    pub client: ClientRef,
    /// What was granted.
    pub scope: Scope,
    /// Where to ask.
    pub backend: HopBackend,
    /// What to ask with.
    #[serde(with = "secret::in_seal")]
    pub backend_token: BackendToken,
    /// Found again in both programs' records.
    pub request_id: RequestId,
    /// The tools that the policy would permit this caller, where the answer depends on that: lists of tools
    /// and prompts, one prompt, suggestions, and the tool that tells a person what they may do.
    pub tools: Option<Vec<String>>,
}

/// The backend of one request, as `gateway.yaml` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopBackend {
    /// Its name.
    pub name: BackendName,
    /// Which profile describes its habits.
    pub profile: String,
    /// Where it is: origin, and path if it has one.
    pub base_url: Url,
}

#[derive(Serialize, Deserialize)]
struct Hop {
    issued_at: Timestamp,
    claims: HopClaims,
}

impl Sealable for Hop {
    const PURPOSE: Purpose = Purpose::Hop;
    const PREFIX: &'static str = "";

    fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    fn expires_at(&self) -> Timestamp {
        self.issued_at.plus(LIFETIME)
    }
}

/// Seals and opens the hop under the key that only the two programs hold.
#[derive(Debug)]
pub struct HopSealer(Sealer);

impl HopSealer {
    /// A sealer for this hop key.
    pub fn new(key: SecretKey) -> Self {
        Self(Sealer::new(&KeyRing::single(key), HOST))
    }

    /// The header's value for a request with this body.
    pub fn seal(
        &self,
        claims: HopClaims,
        body: &[u8],
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> String {
        self.0.seal_bound(&Hop { issued_at: now, claims }, &Sha256::digest(body), rng)
    }

    /// The header's value for a caller who is nobody: no grant, no tool, and a backend token that no
    /// backend knows. It tells whether core opens what we seal, and is worth nothing else.
    pub fn seal_nobody(
        &self,
        (backend, request_id): (HopBackend, RequestId),
        body: &[u8],
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> String {
        let claims = HopClaims {
            subject: Subject::nobody(),
            client: ClientId::nobody().fingerprint(),
            scope: Scope::default(),
            backend,
            backend_token: BackendToken::new("none"),
            request_id,
            tools: Some(Vec::new()),
        };
        self.seal(claims, body, now, rng)
    }

    /// The caller, if the value was sealed for this very body within the last moments.
    pub fn open(&self, value: &str, body: &[u8], now: Timestamp) -> Result<HopClaims, Unsealable> {
        self.0.open_bound::<Hop>(value, &Sha256::digest(body), now).map(|hop| hop.claims)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    fn key(first: u8) -> SecretKey {
        let bytes = std::array::from_fn(|at| u8::try_from(at * 7).unwrap().wrapping_add(first));
        SecretKey::from_bytes(bytes).unwrap()
    }

    fn claims() -> HopClaims {
        HopClaims {
            subject: Subject::parse("10002").unwrap(),
            client: ClientId::parse("client").unwrap().fingerprint(),
            scope: "user/*.rs".parse().unwrap(),
            backend: HopBackend {
                name: BackendName::parse("jhe").unwrap(),
                profile: "jhe".to_owned(),
                base_url: "https://jhe.example.org".parse().unwrap(),
            },
            backend_token: BackendToken::new("backend-token"),
            request_id: RequestId::from_random([7; 16]),
            tools: Some(vec!["list_studies".to_owned()]),
        }
    }

    fn sealed(body: &[u8]) -> String {
        HopSealer::new(key(1)).seal(claims(), body, NOW, &mut StdRng::seed_from_u64(1))
    }

    #[test]
    fn core_reads_the_caller_that_the_gateway_wrote() {
        let opened = HopSealer::new(key(1)).open(&sealed(b"{}"), b"{}", NOW).unwrap();
        assert_eq!(opened.subject, claims().subject);
        assert_eq!(opened.backend, claims().backend);
        assert_eq!(opened.backend_token.expose(), "backend-token");
        assert_eq!(opened.tools, claims().tools);
    }

    #[test]
    fn another_body_another_key_and_a_stale_hop_do_not_open() {
        let hop = HopSealer::new(key(1));
        assert!(hop.open(&sealed(b"{}"), b"[]", NOW).is_err());
        assert!(HopSealer::new(key(2)).open(&sealed(b"{}"), b"{}", NOW).is_err());
        assert!(hop.open(&sealed(b"{}"), b"{}", NOW.plus(Duration::from_secs(29))).is_ok());
        assert!(hop.open(&sealed(b"{}"), b"{}", NOW.plus(LIFETIME)).is_err());
    }

    #[test]
    fn the_hop_has_no_printable_token() {
        assert!(!format!("{:?}", claims()).contains("backend-token"));
        assert!(!sealed(b"{}").contains("backend-token"));
    }
}
