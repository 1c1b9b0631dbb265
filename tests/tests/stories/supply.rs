//! F15: what is linked comes from the registry, is fixed by a checksum, is not banned and has a licence
//! that `deny.toml` allows. Read from the lock file and from what cargo knows, without a network.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

const LOCK: &str = include_str!("../../../Cargo.lock");
const RULES: &str = include_str!("../../../deny.toml");
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// One package of the lock file.
struct Locked<'l>(&'l str);

impl<'l> Locked<'l> {
    fn all() -> impl Iterator<Item = Self> {
        LOCK.split("[[package]]").skip(1).map(Self)
    }

    fn field(&self, name: &str) -> Option<&'l str> {
        let start = format!("{name} = \"");
        self.0.lines().find_map(|line| line.strip_prefix(start.as_str())?.strip_suffix('"'))
    }
}

/// The texts of a list in the rules that begins with this line.
fn listed(begin: &str) -> BTreeSet<&'static str> {
    let list =
        RULES.split_once(begin).map_or("", |(_, rest)| rest.split("\n]").next().unwrap_or(""));
    list.lines().filter_map(|line| line.split('"').nth(1)).collect()
}

/// Whether the holder of these licences may use a crate under this SPDX expression: `OR` is a choice,
/// `AND` asks for both.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = expression.replace('/', " OR ").replace("  ", " ");
    let expression = expression.trim();
    let inner = expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    if let Some(inner) = inner.filter(|inner| outside(inner, ")").len() == 1) {
        return is_allowed(inner, allowed);
    }
    for (word, all) in [(" AND ", true), (" OR ", false)] {
        let parts = outside(expression, word);
        if parts.len() > 1 {
            let mut each = parts.iter().map(|part| is_allowed(part, allowed));
            return if all { each.all(|one| one) } else { each.any(|one| one) };
        }
    }
    allowed.contains(expression)
}

/// The parts of `text` between `word`s that stand in no parentheses.
fn outside<'t>(text: &'t str, word: &str) -> Vec<&'t str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (at, character) in text.char_indices() {
        if depth == 0 && at >= start && text[at..].starts_with(word) {
            parts.push(&text[start..at]);
            start = at + word.len();
        }
        depth += match character {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
    }
    parts.push(&text[start..]);
    parts
}

#[test]
fn what_is_locked_comes_from_the_registry_under_a_checksum_and_is_not_banned() {
    let banned = listed("deny = [");
    assert!(banned.contains("openssl") && banned.contains("aws-lc-rs"), "{banned:?}");
    let mut foreign = 0;
    for package in Locked::all() {
        let name = package.field("name").unwrap();
        assert!(!banned.contains(name), "{name} is banned");
        if let Some(source) = package.field("source") {
            assert_eq!(source, REGISTRY, "{name}");
            assert!(package.field("checksum").is_some_and(|sum| sum.len() == 64), "{name}");
            foreign += 1;
        }
    }
    assert!(foreign > 200, "{foreign}");
}

#[test]
fn every_crate_that_is_linked_has_a_licence_that_is_allowed() -> Result<()> {
    let allowed = listed("allow = [");
    assert!(allowed.contains("MIT"), "{allowed:?}");
    let cargo = std::env::var_os("CARGO").context("cargo runs the tests")?;
    let arguments = ["metadata", "--locked", "--offline", "--format-version", "1"];
    let output = Command::new(cargo)
        .args(arguments)
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .args(["--filter-platform", "x86_64-unknown-linux-musl"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("packages")?;
    assert!(packages.len() > 200, "{}", packages.len());
    for package in packages {
        let (name, licence) = (&package["name"], package["license"].as_str().unwrap_or_default());
        assert!(is_allowed(licence, &allowed), "{name}: {licence:?}");
    }
    Ok(())
}

#[test]
fn a_licence_is_a_choice_or_a_demand() {
    let allowed = BTreeSet::from(["MIT", "Apache-2.0", "Unicode-3.0"]);
    for fine in ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-3.0", "(MIT OR GPL-3.0) AND Unicode-3.0"] {
        assert!(is_allowed(fine, &allowed), "{fine}");
    }
    for no in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR GPL-3.0) AND GPL-3.0", "mit"] {
        assert!(!is_allowed(no, &allowed), "{no}");
    }
}
