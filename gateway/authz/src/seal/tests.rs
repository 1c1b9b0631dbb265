use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::Deserialize;

use super::*;
use crate::keyring::{KEY_BYTES, KeyState, RingKey, SecretKey};

pub(super) const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

macro_rules! payload {
    ($name:ident, $purpose:ident, $prefix:literal) => {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        pub(super) struct $name {
            pub(super) text: String,
            pub(super) from: Timestamp,
            pub(super) to: Timestamp,
        }

        impl Sealable for $name {
            const PURPOSE: Purpose = Purpose::$purpose;
            const PREFIX: &'static str = $prefix;
            fn issued_at(&self) -> Timestamp {
                self.from
            }
            fn expires_at(&self) -> Timestamp {
                self.to
            }
        }

        impl $name {
            pub(super) fn of(text: &str) -> Self {
                Self { text: text.to_owned(), from: NOW, to: NOW.plus(SKEW) }
            }
        }
    };
}

payload!(Registration, Registration, "");
payload!(Consent, Consent, "");
payload!(Transaction, Transaction, "");
payload!(Code, Code, "");
payload!(Access, Access, "");
payload!(Refresh, Refresh, "");
payload!(Hop, Hop, "");
payload!(Cursor, Cursor, "");

fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

pub(super) fn key(seed: u64) -> SecretKey {
    let mut bytes = [0; KEY_BYTES];
    StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    SecretKey::from_bytes(bytes).unwrap()
}

fn sealer(seed: u64, issuer: &str) -> Sealer {
    Sealer::new(&KeyRing::single(key(seed)), issuer)
}

fn ring(keys: &[(u8, KeyState, u64)]) -> KeyRing {
    let keys = keys.iter().map(|(id, state, seed)| RingKey {
        id: KeyId::new(*id).unwrap(),
        state: *state,
        key: key(*seed),
    });
    KeyRing::new(keys.collect()).unwrap()
}

#[test]
fn only_the_purpose_that_sealed_opens() {
    let sealer = sealer(1, "https://a.example");
    macro_rules! opens {
        ($blob:expr, $($name:ident),*) => {
            [$(sealer.open::<$name>($blob, NOW).is_ok()),*]
        };
    }
    macro_rules! matrix {
        ($($name:ident),*) => {
            [$({
                let blob = sealer.seal(&$name::of("x"), &mut rng());
                opens!(&blob, Registration, Consent, Transaction, Code, Access, Refresh, Hop, Cursor)
            }),*]
        };
    }
    let matrix = matrix!(Registration, Consent, Transaction, Code, Access, Refresh, Hop, Cursor);
    assert_eq!(matrix.len(), Purpose::ALL.len());
    for (row, opened) in matrix.iter().enumerate() {
        for (column, opened) in opened.iter().enumerate() {
            assert_eq!(*opened, row == column, "sealed {row}, opened as {column}");
        }
    }
}

#[test]
fn a_sealer_is_printed_by_its_issuer_alone() {
    let printed = format!("{:?}", sealer(1, "https://a.example"));
    assert_eq!(printed, r#"Sealer { issuer: "https://a.example", .. }"#);
}

#[test]
fn a_changed_byte_a_shorter_or_a_longer_blob_does_not_open() {
    let sealer = sealer(1, "https://a.example");
    let blob = sealer.seal(&Code::of("payload"), &mut rng());
    let bytes = URL_SAFE_NO_PAD.decode(&blob).unwrap();
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        let altered = URL_SAFE_NO_PAD.encode(altered);
        assert_eq!(sealer.open::<Code>(&altered, NOW), Err(Unsealable::Invalid), "byte {at}");
    }
    for other in [&blob[..blob.len() - 4], &format!("{blob}AAAA"), "", "AAAA"] {
        assert_eq!(sealer.open::<Code>(other, NOW), Err(Unsealable::Invalid));
    }
}

#[test]
fn another_issuer_another_key_and_another_context_do_not_open() {
    let blob = sealer(1, "https://a.example").seal_bound(&Code::of("x"), b"one", &mut rng());
    for (other, context) in [
        (sealer(1, "https://b.example"), b"one"),
        (sealer(2, "https://a.example"), b"one"),
        (sealer(1, "https://a.example"), b"two"),
    ] {
        assert_eq!(other.open_bound::<Code>(&blob, context, NOW), Err(Unsealable::Invalid));
    }
}

#[test]
fn a_blob_ends_at_its_time_and_one_from_the_future_is_not_believed() {
    let sealer = sealer(1, "https://a.example");
    let blob = sealer.seal(&Code::of("x"), &mut rng());
    assert!(sealer.open::<Code>(&blob, NOW.plus(std::time::Duration::from_secs(59))).is_ok());
    assert_eq!(sealer.open::<Code>(&blob, NOW.plus(SKEW)), Err(Unsealable::Expired));
    let early = |by: u64| Timestamp::from_unix_seconds(NOW.unix_seconds() - by);
    assert!(sealer.open::<Code>(&blob, early(60)).is_ok());
    assert_eq!(sealer.open::<Code>(&blob, early(61)), Err(Unsealable::Invalid));
}

#[test]
fn a_rotation_keeps_old_blobs_open_until_their_key_is_retired() {
    use KeyState::{Active, Retired, Verify};
    let issuer = "https://a.example";
    let before = Sealer::new(&ring(&[(1, Active, 1), (2, Verify, 2)]), issuer);
    let after = Sealer::new(&ring(&[(1, Verify, 1), (2, Active, 2)]), issuer);
    let ended = Sealer::new(&ring(&[(1, Retired, 1), (2, Active, 2)]), issuer);
    let old = before.seal(&Code::of("old"), &mut rng());
    let new = after.seal(&Code::of("new"), &mut rng());
    assert!(before.open::<Code>(&new, NOW).is_ok());
    assert!(after.open::<Code>(&old, NOW).is_ok());
    assert!(ended.open::<Code>(&new, NOW).is_ok());
    assert_eq!(ended.open::<Code>(&old, NOW), Err(Unsealable::Invalid));
}

proptest! {
    #[test]
    fn opening_what_was_sealed_gives_it_back(text: String, context: Vec<u8>, seed: u64) {
        let sealer = sealer(1, "https://a.example");
        let mut rng = StdRng::seed_from_u64(seed);
        let blob = sealer.seal_bound(&Access::of(&text), &context, &mut rng);
        prop_assert_eq!(sealer.open_bound::<Access>(&blob, &context, NOW).unwrap(), Access::of(&text));
    }

    #[test]
    fn whatever_a_stranger_sends_is_refused_without_a_panic(text: String) {
        let sealer = sealer(1, "https://a.example");
        prop_assert_eq!(sealer.open::<Access>(&text, NOW), Err(Unsealable::Invalid));
    }
}
