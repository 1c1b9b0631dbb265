//! A cursor opens for the person, the tool, the question and the backend that it was sealed for, for a quarter
//! of an hour, unaltered, and for nobody and nothing else.
#![no_main]

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use arbitrary::Arbitrary;
use authz::ids::{BackendName, Subject};
use authz::keyring::SecretKey;
use authz::secret::BackendToken;
use authz::time::Timestamp;
use fhir_mcp_core::backend::client::Client;
use fhir_mcp_core::backend::cursor::Place;
use fhir_mcp_core::backend::inquiry::{Inquiry, Means};
use fhir_mcp_core::backend::profile::Profiles;
use fhir_mcp_core::config::BackendLimits;
use fhir_mcp_core::fhir::search::Position;
use fhir_mcp_core::metrics::Metrics;
use fhir_mcp_core::permitted::Permitted;
use fhir_mcp_core::progress::Progress;
use libfuzzer_sys::fuzz_target;
use prometheus::Registry;
use tokio::time::Instant;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

#[derive(Arbitrary, Debug)]
struct Case {
    tool: String,
    question: String,
    other: String,
    links: Vec<(String, String)>,
    offset: u64,
    page: Option<u32>,
    skip: u32,
    seen: Vec<u64>,
    later: u16,
    at: u16,
    removed: u8,
    inserted: Vec<u8>,
}

thread_local! {
    static CALLER: RefCell<Inquiry> = RefCell::new(inquiry());
}

fuzz_target!(|case: Case| {
    CALLER.with_borrow_mut(|caller| check(caller, &case));
});

fn check(caller: &mut Inquiry, case: &Case) {
    let position = match case.page {
        Some(page) => Position::Page(page),
        None if case.links.is_empty() => Position::Offset(case.offset),
        None => Position::Link(case.links.clone()),
    };
    let (part, skip, count, before) = (u32::from(case.at), case.skip, case.skip, case.offset);
    let place = Place { part, position, count, skip, before, seen: case.seen.clone() };
    let (tool, question) = (case.tool.as_str(), case.question.as_str());
    let cursor = caller.seal_cursor(tool, question, place.clone());
    let opened = caller.open_cursor(tool, question, &cursor);
    assert_eq!(opened, Some(place).filter(|_| cursor.len() <= 4096));
    let Some(place) = opened else { return };

    if case.other != tool {
        assert_eq!(caller.open_cursor(&case.other, question, &cursor), None);
    }
    if case.other != question {
        assert_eq!(caller.open_cursor(tool, &case.other, &cursor), None);
    }
    // The two texts that are bound cannot run into each other.
    let joined = [tool, question].concat();
    assert!(question.is_empty() || caller.open_cursor(&joined, "", &cursor).is_none());
    assert_eq!(caller.open_cursor(tool, question, &case.other), None);

    let mut altered = cursor.clone().into_bytes();
    let at = usize::from(case.at) % (altered.len() + 1);
    let end = altered.len().min(at + usize::from(case.removed));
    altered.splice(at..end, case.inserted.iter().copied());
    if let Ok(altered) = String::from_utf8(altered)
        && altered.trim() != cursor
    {
        assert_eq!(caller.open_cursor(tool, question, &altered), None);
    }
    elsewhere(caller, case, &cursor, &place);
}

/// Another person, another backend, another time.
fn elsewhere(caller: &mut Inquiry, case: &Case, cursor: &str, place: &Place) {
    let open = |caller: &Inquiry| caller.open_cursor(&case.tool, &case.question, cursor);
    let known = std::mem::replace(&mut caller.subject, Subject::parse("10003").expect("a subject"));
    assert_eq!(open(caller), None);
    caller.subject = known;
    let known =
        std::mem::replace(&mut caller.backend, BackendName::parse("other").expect("a name"));
    assert_eq!(open(caller), None);
    caller.backend = known;
    let elsewhere = "https://other.example".parse().expect("a URL");
    let known = std::mem::replace(&mut caller.base_url, elsewhere);
    assert_eq!(open(caller), None);
    caller.base_url = known;
    caller.now = NOW.plus(Duration::from_secs(case.later.into()));
    assert_eq!(open(caller).as_ref(), Some(place).filter(|_| case.later < 900));
    caller.now = NOW;
}

fn inquiry() -> Inquiry {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let limits = BackendLimits::default();
    let metrics = Metrics::new(&Registry::new()).expect("a registry of its own");
    let client = Client::new(&limits, None, metrics).expect("a client");
    let key = SecretKey::from_bytes(std::array::from_fn(|at| (at as u8).wrapping_mul(37)))
        .expect("a key");
    let profiles = Profiles::load(None, |_| Vec::new()).expect("the built-in profiles");
    Inquiry {
        means: Means::new(client, key, &limits),
        profile: Arc::clone(profiles.find("jhe").expect("the Exchange's")),
        backend: BackendName::parse("jhe").expect("a name"),
        base_url: "https://jhe.example".parse().expect("a URL"),
        subject: Subject::parse("10002").expect("a subject"),
        scope: None,
        permitted: Permitted::All,
        token: BackendToken::new("token"),
        now: NOW,
        refusal: Default::default(),
        waited: Default::default(),
        deadline: Instant::now(),
        progress: Progress::start().0,
    }
}
