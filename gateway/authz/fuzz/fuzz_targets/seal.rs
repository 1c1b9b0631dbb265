//! What opens was sealed by this key, for this purpose, issuer and context, is not altered by one letter, and
//! is within its time. Nothing else opens, and each failure looks like any other.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use arbitrary::Arbitrary;
use authz::seal::{Purpose, Sealable, Sealer, Unsealable};
use authz::time::{SKEW, Timestamp};
use authz_fuzz::{NOW, dice, ring};
use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};

#[derive(Arbitrary, Debug)]
struct Case {
    purpose: u8,
    text: String,
    context: Vec<u8>,
    other_context: Vec<u8>,
    issued_at: u8,
    lives: u16,
    opened_at: u16,
    at: u16,
    removed: u8,
    inserted: Vec<u8>,
}

/// The one that seals; another key under the same id, the same key under another id, another issuer.
static SEALERS: LazyLock<[Sealer; 4]> = LazyLock::new(|| {
    [
        Sealer::new(&ring(1, 1), "https://a.example"),
        Sealer::new(&ring(1, 2), "https://a.example"),
        Sealer::new(&ring(2, 1), "https://a.example"),
        Sealer::new(&ring(1, 1), "https://b.example"),
    ]
});

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Payload<const P: usize> {
    text: String,
    from: Timestamp,
    to: Timestamp,
}

impl<const P: usize> Sealable for Payload<P> {
    const PURPOSE: Purpose = Purpose::ALL[P];
    const PREFIX: &'static str = if P % 2 == 0 { "" } else { "fmgx1_" };
    fn issued_at(&self) -> Timestamp {
        self.from
    }
    fn expires_at(&self) -> Timestamp {
        self.to
    }
}

fuzz_target!(|case: Case| {
    match case.purpose % 8 {
        0 => one::<0, 2>(case),
        1 => one::<1, 3>(case),
        2 => one::<2, 4>(case),
        3 => one::<3, 5>(case),
        4 => one::<4, 6>(case),
        5 => one::<5, 7>(case),
        6 => one::<6, 0>(case),
        _ => one::<7, 1>(case),
    }
});

/// Seals for the purpose `P`; `Q` is another purpose with the same prefix.
fn one<const P: usize, const Q: usize>(case: Case) {
    let sealer = &SEALERS[0];
    let from = NOW.plus(Duration::from_secs(case.issued_at.into()));
    let payload = Payload::<P> {
        text: case.text,
        from,
        to: from.plus(Duration::from_secs(case.lives.into())),
    };
    let blob = sealer.seal_bound(&payload, &case.context, &mut dice(payload.text.as_bytes()));
    let now = NOW.plus(Duration::from_secs(case.opened_at.into()));
    let expected = if payload.from > now.plus(SKEW) {
        Err(Unsealable::Invalid)
    } else if payload.to <= now {
        Err(Unsealable::Expired)
    } else {
        Ok(&payload)
    };
    let opened = sealer.open_bound::<Payload<P>>(&blob, &case.context, now);
    assert_eq!(opened.as_ref().map_err(|why| *why), expected);

    for other in &SEALERS[1..] {
        assert_eq!(
            other.open_bound::<Payload<P>>(&blob, &case.context, from),
            Err(Unsealable::Invalid)
        );
    }
    assert_eq!(
        sealer.open_bound::<Payload<Q>>(&blob, &case.context, from),
        Err(Unsealable::Invalid)
    );
    if case.other_context != case.context {
        let elsewhere = sealer.open_bound::<Payload<P>>(&blob, &case.other_context, from);
        assert_eq!(elsewhere, Err(Unsealable::Invalid));
    }

    let mut altered = blob.clone().into_bytes();
    let at = usize::from(case.at) % (altered.len() + 1);
    let end = altered.len().min(at + usize::from(case.removed));
    altered.splice(at..end, case.inserted);
    if let Ok(altered) = String::from_utf8(altered)
        && altered != blob
    {
        assert_eq!(
            sealer.open_bound::<Payload<P>>(&altered, &case.context, from),
            Err(Unsealable::Invalid)
        );
    }
}
