//! `docs/security-tests.md` names a test for each attack, and each of these tests exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

const MAP: &str = include_str!("../../../../docs/security-tests.md");

/// The sources of every package, without what is built from them.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// The functions of a source that a line with `#[test]` or its like stands above.
fn tests(source: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
    let mut marked = false;
    let named = lines.into_iter().filter_map(move |line| {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
            return None;
        }
        let name = line.trim_start_matches("async ").strip_prefix("fn ")?.split('(').next();
        name.filter(|_| std::mem::take(&mut marked))
    });
    named.collect::<Vec<_>>().into_iter()
}

/// What stands in backquotes.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// A line such as `| A01 | …`.
fn is_row(line: &str) -> bool {
    let id = line.strip_prefix("| ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    matches!(id.as_bytes(), [b'A'..=b'G', b'0'..=b'9', b'0'..=b'9'])
}

#[test]
fn the_map_of_attacks_is_complete() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for package in ["gateway", "mcp-core", "tests"] {
        sources(&root.join(package), &mut files).unwrap();
    }
    let sources: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let known: BTreeSet<&str> = sources.iter().flat_map(|source| tests(source)).collect();
    assert!(known.contains("the_map_of_attacks_is_complete"), "tests are found");
    let mut ids: Vec<&str> = Vec::new();
    for line in MAP.lines().filter(|line| is_row(line)) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [id, attack, named, remark] = cells[..] else { panic!("four cells: {line}") };
        assert!(!attack.is_empty(), "{id} says what the attack is");
        assert!(!quoted(named).is_empty(), "{id} names a test");
        for test in quoted(named) {
            assert!(known.contains(test), "{id}: there is no test {test}");
        }
        for lane in quoted(remark).into_iter().filter(|name| name.starts_with("tests/lanes/")) {
            assert!(root.join(lane).is_dir(), "{id}: there is no {lane}");
        }
        ids.push(id);
    }
    assert!(ids.is_sorted_by(|one, next| one < next), "every row once, in order: {ids:?}");
    let tables = [("A", 43), ("B", 22), ("C", 26), ("D", 8), ("E", 11)].into_iter();
    let expected =
        tables.flat_map(|(table, rows)| (1..=rows).map(move |row| format!("{table}{row:02}")));
    let missing: Vec<String> = expected.filter(|id| !ids.contains(&id.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
