//! Only a 200 with an object that says `active: true` makes claims, and these say what the object says.
#![no_main]

use authz::introspection::{Introspection, Unreadable};
use authz_fuzz::json::Members;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const NAMES: [&str; 7] = ["active", "client_id", "scope", "aud", "exp", "sub", "username"];

fuzz_target!(|body: &[u8]| {
    assert_eq!(Introspection::read(401, body), Err(Unreadable::Status(401)));
    let read = Introspection::read(200, body);
    let Some(members) = std::str::from_utf8(body).ok().and_then(Members::of) else {
        return assert_eq!(read, Err(Unreadable::Malformed));
    };
    let member =
        |name: &str| members.text(name).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let active = member("active").and_then(|active| active.as_bool());
    match read {
        Ok(Introspection::Inactive) => assert_eq!(active, Some(false)),
        Ok(Introspection::Active(claims)) => {
            assert_eq!(active, Some(true));
            assert!(NAMES.iter().all(|name| members.times(name) < 2), "a member is repeated");
            let text = |name| member(name).and_then(|value| value.as_str().map(str::to_owned));
            assert_eq!((claims.client_id, claims.subject), (text("client_id"), text("sub")));
            assert_eq!(claims.scope.join(" "), text("scope").unwrap_or_default());
            let end = claims.expires_at.map(|end| end.unix_seconds());
            assert_eq!(end, member("exp").and_then(|end| end.as_u64()));
            let is_there = |name| member(name).is_some_and(|value| !value.is_null());
            assert_eq!(claims.names_a_person, is_there("username") || is_there("sub"));
            let aud = match member("aud") {
                Some(Value::String(one)) => vec![one],
                Some(Value::Array(many)) => {
                    many.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                }
                _ => Vec::new(),
            };
            assert_eq!(claims.audience, aud);
        }
        Err(why) => assert_eq!(why, Unreadable::Malformed),
    }
});
