//! What holds of the seal whatever is sealed, under whatever keys, at whatever time.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::tests::{Access, Cursor, NOW, key};
use super::*;
use crate::keyring::{KeyState, RingKey};

const ISSUER: &str = "https://a.example";

/// One key of a ring: its id, its state, and which of a few keys it is.
type Entry = (u8, KeyState, u64);

/// Rings of one to four keys out of the same few ids and keys, so that two of them often share some.
fn rings() -> impl Strategy<Value = Vec<Entry>> {
    let ids = subsequence(vec![1, 2, 3, 200], 1..=4).prop_shuffle();
    let keys = Just(vec![1, 2, 3, 4]).prop_shuffle();
    let others = prop_oneof![Just(KeyState::Verify), Just(KeyState::Retired)];
    (ids, keys, prop::collection::vec(others, 4), any::<Index>()).prop_map(|all| {
        let (ids, keys, states, active) = all;
        let active = active.index(ids.len());
        let state = |at: usize| if at == active { KeyState::Active } else { states[at] };
        ids.iter().enumerate().map(|(at, id)| (*id, state(at), keys[at])).collect()
    })
}

fn sealer(entries: &[Entry]) -> Sealer {
    let keys = entries.iter().map(|(id, state, seed)| RingKey {
        id: KeyId::new(*id).unwrap(),
        state: *state,
        key: key(*seed),
    });
    Sealer::new(&KeyRing::new(keys.collect()).unwrap(), ISSUER)
}

fn payload(issued_at: Timestamp, lives: u64) -> Access {
    Access { from: issued_at, to: issued_at.plus(Duration::from_secs(lives)), ..Access::of("x") }
}

proptest! {
    #[test]
    fn a_blob_opens_exactly_where_its_key_stands_under_its_id_and_is_not_retired(
        ours in rings(),
        theirs in rings(),
        seed: u64,
    ) {
        let blob = sealer(&ours).seal(&Access::of("x"), &mut StdRng::seed_from_u64(seed));
        let (id, _, key) = ours.iter().find(|(_, state, _)| *state == KeyState::Active).unwrap();
        let opens = theirs.iter().any(|(other, state, known)| {
            other == id && known == key && *state != KeyState::Retired
        });
        let opened = sealer(&theirs).open::<Access>(&blob, NOW);
        prop_assert_eq!(opened.err(), (!opens).then_some(Unsealable::Invalid));
        prop_assert!(sealer(&ours).open::<Access>(&blob, NOW).is_ok(), "a ring opens its own");
    }

    #[test]
    fn a_blob_is_believed_from_a_minute_before_its_issue_until_its_end_and_not_at_it(
        issued_at in 0_u64..4_000_000_000,
        lives in 0_u64..100_000,
        at in 0_u64..4_000_000_000,
        near in -200_i64..200,
        is_near: bool,
    ) {
        let around = if at % 2 == 0 { issued_at } else { issued_at + lives };
        let now = if is_near { around.saturating_add_signed(near) } else { at };
        let sealer = sealer(&[(1, KeyState::Active, 1)]);
        let sealed = payload(Timestamp::from_unix_seconds(issued_at), lives);
        let blob = sealer.seal(&sealed, &mut StdRng::seed_from_u64(at));
        let opened = sealer.open::<Access>(&blob, Timestamp::from_unix_seconds(now));
        if issued_at > now + 60 {
            prop_assert_eq!(opened, Err(Unsealable::Invalid));
        } else if now >= issued_at + lives {
            prop_assert_eq!(opened, Err(Unsealable::Expired));
        } else {
            prop_assert_eq!(opened, Ok(sealed));
        }
    }

    #[test]
    fn another_letter_anywhere_does_not_open(text: String, at: Index, letter in "[A-Za-z0-9_=+/ -]") {
        let sealer = sealer(&[(1, KeyState::Active, 1)]);
        let blob = sealer.seal(&Access::of(&text), &mut StdRng::seed_from_u64(7));
        let at = at.index(blob.len());
        let mut altered = blob.clone();
        altered.replace_range(at..=at, &letter);
        prop_assume!(altered != blob);
        prop_assert_eq!(sealer.open::<Access>(&altered, NOW), Err(Unsealable::Invalid));
    }

    #[test]
    fn another_context_does_not_open(context: Vec<u8>, other: Vec<u8>) {
        let sealer = sealer(&[(1, KeyState::Active, 1)]);
        let blob = sealer.seal_bound(&Access::of("x"), &context, &mut StdRng::seed_from_u64(7));
        let opened = sealer.open_bound::<Access>(&blob, &other, NOW);
        prop_assert_eq!(opened.is_ok(), context == other);
    }

    #[test]
    fn no_two_purposes_have_one_key_whatever_the_ring_holds(bytes: [u8; 32]) {
        let Ok(key) = SecretKey::from_bytes(bytes) else { return Ok(()) };
        let derived = Purpose::ALL.map(|purpose| *key.derive(purpose.label()));
        for (at, one) in derived.iter().enumerate() {
            prop_assert!(!derived.iter().skip(at + 1).any(|other| other == one));
            prop_assert_ne!(one, key.expose());
        }
    }

    #[test]
    fn the_same_is_never_sealed_alike_twice(text: String, seed: u64) {
        let (sealer, mut rng) = (sealer(&[(1, KeyState::Active, 1)]), StdRng::seed_from_u64(seed));
        let (one, two) = (Cursor::of(&text), Cursor::of(&text));
        prop_assert_ne!(sealer.seal(&one, &mut rng), sealer.seal(&two, &mut rng));
    }
}
