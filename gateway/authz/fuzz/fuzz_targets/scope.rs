//! A scope is what its tokens say, is written as it was read, and covers another exactly if it holds every
//! interaction on every type that the other one holds.
#![no_main]

use std::collections::BTreeSet;

use authz::scope::Scope;
use libfuzzer_sys::fuzz_target;

type Rights<'t> = BTreeSet<(&'t str, char)>;

fuzz_target!(|text: &str| {
    let (one, other) = text.split_once('\n').unwrap_or((text, ""));
    let (parsed, rights) = (one.parse::<Scope>().ok(), rights(one));
    assert_eq!(parsed.is_some(), rights.is_some());
    let Some((scope, rights)) = parsed.zip(rights) else { return };
    assert_eq!(scope.to_string().parse::<Scope>().as_ref(), Ok(&scope));
    assert_eq!(crate::rights(&scope.to_string()).as_ref(), Some(&rights));
    assert_eq!(scope.is_empty(), rights.is_empty());
    assert!(scope.on_every_type().covers(&scope));

    let Ok(second) = other.parse::<Scope>() else { return };
    let wanted = crate::rights(other).expect("was read");
    let has = |(kind, letter): &(&str, char)| {
        rights.contains(&(kind, *letter)) || rights.contains(&("*", *letter))
    };
    assert_eq!(scope.covers(&second), wanted.iter().all(has));
    let both = scope.union(&second);
    assert!(both.covers(&scope) && both.covers(&second));
    let all = rights.union(&wanted).copied().collect::<Rights<'_>>();
    assert_eq!(crate::rights(&both.to_string()), Some(all));
});

/// Each type with each letter.
fn rights(text: &str) -> Option<Rights<'_>> {
    let mut rights = Rights::new();
    for token in text.split(' ').filter(|token| !token.is_empty()) {
        let (kind, letters) = token.strip_prefix("user/")?.split_once('.')?;
        let mut known = kind.bytes();
        let is_name = known.next().is_some_and(|b| b.is_ascii_uppercase())
            && known.all(|b| b.is_ascii_alphanumeric())
            && kind.len() <= 64;
        let order: Vec<usize> =
            letters.chars().map(|letter| "cruds".find(letter)).collect::<Option<_>>()?;
        let is_ordered = order.windows(2).all(|pair| pair[0] < pair[1]);
        if !(kind == "*" || is_name) || order.is_empty() || !is_ordered {
            return None;
        }
        rights.extend(letters.chars().map(|letter| (kind, letter)));
    }
    Some(rights)
}
