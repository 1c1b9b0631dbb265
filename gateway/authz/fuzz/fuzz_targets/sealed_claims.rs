//! Behind the seal, too, nothing is believed that is not well formed: bytes that were sealed under our own key
//! and are no claims of ours do not open, and claims that do open are what they would be sealed as again.
#![no_main]

use std::sync::LazyLock;

use authz::broker::authorize::AuthorizationRequest;
use authz::broker::callback::CodeClaims;
use authz::broker::consent::Transaction;
use authz::broker::register::Registration;
use authz::hop::{HOST, HopSealer};
use authz::ids::{BackendName, Subject};
use authz::scope::Scope;
use authz::seal::{Purpose, Sealable, Sealer};
use authz::time::{SKEW, Timestamp};
use authz::token::{AccessClaims, Grant, RefreshClaims};
use authz_fuzz::{NOW, dice, key, ring};
use libfuzzer_sys::fuzz_target;
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, SerializeTuple as _, Serializer};

/// Bytes as they are, under a purpose.
struct Plain<'b, const P: usize>(&'b [u8]);

impl<const P: usize> Serialize for Plain<'_, P> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut tuple = to.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
        tuple.end()
    }
}

impl<'de, const P: usize> Deserialize<'de> for Plain<'_, P> {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("is never read"))
    }
}

impl<const P: usize> Sealable for Plain<'_, P> {
    const PURPOSE: Purpose = Purpose::ALL[P];
    const PREFIX: &'static str = match Purpose::ALL[P] {
        Purpose::Access => AccessClaims::PREFIX,
        Purpose::Refresh => RefreshClaims::PREFIX,
        _ => "",
    };
    fn issued_at(&self) -> Timestamp {
        NOW
    }
    fn expires_at(&self) -> Timestamp {
        NOW
    }
}

static SEALER: LazyLock<Sealer> = LazyLock::new(|| Sealer::new(&ring(1, 1), HOST));
static HOP: LazyLock<HopSealer> = LazyLock::new(|| HopSealer::new(key(1)));

fuzz_target!(|bytes: &[u8]| {
    let [purpose, plain @ ..] = bytes else { return };
    match purpose % 7 {
        0 => opened::<0, Registration>(plain, |_| ()),
        1 => opened::<1, AuthorizationRequest>(plain, |request| is_scope(&request.scope)),
        2 => opened::<2, Transaction>(plain, |transaction| is_name(&transaction.backend)),
        3 => opened::<3, CodeClaims>(plain, |code| is_name(&code.backend)),
        4 => opened::<4, AccessClaims>(plain, |claims| is_grant(&claims.grant)),
        5 => opened::<5, RefreshClaims>(plain, |claims| is_grant(&claims.grant)),
        _ => hop(plain),
    }
});

/// Opens `plain` as the claims of its purpose.
fn opened<const P: usize, T: Sealable>(plain: &[u8], check: impl Fn(&T)) {
    let blob = SEALER.seal(&Plain::<P>(plain), &mut dice(plain));
    let Ok(claims) = SEALER.open::<T>(&blob, NOW) else { return };
    assert!(claims.issued_at() <= NOW.plus(SKEW) && claims.expires_at() > NOW);
    check(&claims);
    let written = postcard::to_stdvec(&claims).expect("claims can be written");
    let again: T = SEALER.open(&SEALER.seal(&claims, &mut dice(plain)), NOW).expect("opens again");
    assert_eq!(postcard::to_stdvec(&again).expect("claims can be written"), written);
}

fn hop(plain: &[u8]) {
    let digest: [u8; 32] = sha256_of_nothing();
    let blob = SEALER.seal_bound(&Plain::<6>(plain), &digest, &mut dice(plain));
    let Ok(claims) = HOP.open(&blob, b"", NOW) else { return };
    is_person(&claims.subject);
    is_scope(&claims.scope);
    is_name(&claims.backend.name);
    let again = HOP.seal(claims.clone(), b"{}", NOW, &mut dice(plain));
    let again = HOP.open(&again, b"{}", NOW).expect("opens again");
    assert_eq!(postcard::to_stdvec(&again).ok(), postcard::to_stdvec(&claims).ok());
}

fn is_grant(grant: &Grant) {
    is_person(&grant.subject);
    is_scope(&grant.scope);
    is_name(&grant.backend);
}

fn is_person(subject: &Subject) {
    let text = subject.as_str();
    assert!((1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()));
}

fn is_name(name: &BackendName) {
    let text = name.as_str();
    assert!((1..=63).contains(&text.len()));
    assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
}

fn is_scope(scope: &Scope) {
    assert_eq!(scope.to_string().parse::<Scope>().as_ref(), Ok(scope));
}

/// The context of a hop without a body (FIPS 180-4).
const fn sha256_of_nothing() -> [u8; 32] {
    let (high, low) = (
        0xe3b0_c442_98fc_1c14_9afb_f4c8_996f_b924_u128,
        0x27ae_41e4_649b_934c_a495_991b_7852_b855_u128,
    );
    let (high, low) = (high.to_be_bytes(), low.to_be_bytes());
    let mut all = [0; 32];
    let mut at = 0;
    while at < 16 {
        all[at] = high[at];
        all[at + 16] = low[at];
        at += 1;
    }
    all
}
