//! What is accepted satisfies the rule as it is written down by hand; what is plainly right is accepted; and
//! nothing that is made of an accepted URI leads elsewhere.
#![no_main]

use std::sync::LazyLock;

use authz::redirect_uri::RedirectPolicy;
use authz_fuzz::redirect::{self, Reason, must_be_accepted, reason, without_port};
use libfuzzer_sys::fuzz_target;
use url::Url;

static POLICY: LazyLock<RedirectPolicy> = LazyLock::new(redirect::policy);

fuzz_target!(|text: &str| {
    // Two URIs, to compare.
    let (one, other) = text.split_once('\n').unwrap_or((text, text));
    let accepted = POLICY.accept(one);
    assert!(accepted.is_some() || !must_be_accepted(one), "is right and was refused");
    let Some(accepted) = accepted else { return };
    let why = reason(one).expect("breaks the rule and was accepted");
    assert_eq!(accepted.as_str(), one);
    assert_eq!(POLICY.accept(accepted.as_str()).as_ref(), Some(&accepted));
    assert_eq!(accepted.is_loopback(), why == Reason::Loopback);
    leads_nowhere_else(
        one,
        &accepted.with_parameters(&[("code", "a b&c=d#e"), ("state", text)]),
        text,
    );
    let source = accepted.csp_source();
    assert!(source.bytes().all(|b| b.is_ascii_graphic() && !b"'\",;".contains(&b)), "{source:?}");
    assert!(one.starts_with(source.trim_end_matches("//")), "{source:?}");

    assert!(accepted.matches(&accepted));
    let Some(second) = POLICY.accept(other) else { return };
    let is_same =
        one == other || without_port(one).is_some_and(|rest| Some(rest) == without_port(other));
    assert_eq!(accepted.matches(&second), is_same);
    assert_eq!(second.matches(&accepted), is_same);
});

/// The answer goes where the client registered, and carries exactly what was added.
fn leads_nowhere_else(before: &str, after: &str, state: &str) {
    let (before, after) = (Url::parse(before).expect("a URI"), Url::parse(after).expect("a URI"));
    assert_eq!(before.scheme(), after.scheme());
    assert_eq!((before.host(), before.port()), (after.host(), after.port()));
    assert_eq!((before.path(), None), (after.path(), after.fragment()));
    let mut pairs: Vec<_> = after.query_pairs().into_owned().collect();
    assert_eq!(pairs.pop(), Some(("state".to_owned(), state.to_owned())));
    assert_eq!(pairs.pop(), Some(("code".to_owned(), "a b&c=d#e".to_owned())));
    assert_eq!(pairs, before.query_pairs().into_owned().collect::<Vec<_>>());
}
